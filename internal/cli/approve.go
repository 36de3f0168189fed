package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/leftover"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
)

// What the command line writes to the audit trail about requests: of the request's id.
const (
	deedRequestCreate   = "request.create"
	deedRequestApprove  = "request.approve"
	deedRequestReject   = "request.reject"
	deedRequestWithdraw = "request.withdraw"
	deedRequestStart    = "request.start"
	deedRequestEnd      = "request.end"
)

// approvals is what the state keeps that approvals go by.
type approvals interface {
	store.Users
	store.Requests
	store.Trail
	Lease(ctx context.Context, name string, h store.Holder) (store.Lease, error)
	Change(ctx context.Context, id string) (*change.Change, error)
}

// permit is somebody else's leave to do some work, good for once. The nil permit is that of work which needs none.
type permit struct {
	env     Env
	store   approvals
	rules   auth.Rules
	request store.Request
	results []store.RequestResult
	lease   store.Lease // of the request, while it runs: a daemon that starts leaves it alone
}

// operator is who gives this command.
func (e Env) operator() store.Actor {
	if e.Operator != nil {
		return e.Operator()
	}
	return systemOperator(e.LookupEnv)
}

// approvalRules are the rules of this command's policy, and no less than what a daemon has demanded on this state: with
// another file, or none, nobody goes round them.
func approvalRules(ctx context.Context, p policy.Policy, s interface {
	store.Users
	store.ApprovalsKeeper
},
) (auth.Rules, error) {
	demanded, err := s.Approvals(ctx)
	switch {
	case errors.Is(err, store.ErrNotFound):
		demanded = p.Approvals
	case err != nil:
		return auth.Rules{}, err
	}
	return auth.RulesOf(ctx, p.Approvals.Stricter(demanded), s)
}

// permitted is the one gate of all commands that need an approval. It returns the permit of a request for exactly this
// work that somebody has approved, nil where none is needed, and *diag.UnapprovedError where there is none yet: then
// there is a request for it.
func (e Env) permitted(ctx context.Context, s approvals, p policy.Policy, w store.Work) (*permit, error) {
	rules, err := approvalRules(ctx, p, s)
	if err != nil || !rules.Need(w) {
		return nil, err
	}
	digest, err := w.Digest()
	if err != nil {
		return nil, err
	}
	now, who := e.Now(), auth.CommandLine(e.operator())
	var approved, waiting *store.Request
	filter := store.RequestFilter{
		Digest: digest, States: []store.RequestState{store.RequestPending, store.RequestApproved, store.RequestQueued},
	}
	err = s.EachRequest(ctx, filter, func(q store.Request) error {
		switch {
		case rules.CanStart(q, who, now) == nil:
			approved = &q
		case q.State == store.RequestPending && auth.StateOf(q, now) == store.RequestPending, q.State == store.RequestQueued && auth.StateOf(q, now) == store.RequestQueued:
			waiting = &q
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case approved != nil:
		return &permit{env: e, store: s, rules: rules, request: *approved}, nil
	case waiting != nil:
		return nil, &diag.UnapprovedError{
			Request: waiting.ID, Until: waiting.ExpiresAt, Queued: waiting.State == store.RequestQueued, FourEyes: rules.FourEyes, Again: commandFor(w),
		}
	}
	return nil, e.ask(ctx, s, rules, w)
}

// ask files a request for work, and returns the error that says so.
func (e Env) ask(ctx context.Context, s approvals, rules auth.Rules, w store.Work) error {
	q, err := rules.Ask(e.NewID(), w, auth.CommandLine(e.operator()), "", false, e.Now())
	if err != nil {
		return err
	}
	if err := e.file(ctx, s, q); err != nil {
		return err
	}
	return &diag.UnapprovedError{Request: q.ID, Until: q.ExpiresAt, Filed: true, FourEyes: rules.FourEyes, Again: commandFor(w)}
}

// file keeps a new request, and the deed that tells of it.
func (e Env) file(ctx context.Context, t store.Trail, q store.Request) error {
	return e.told(ctx, t, requestDeed(deedRequestCreate, q), func(ctx context.Context, w store.Writes) error {
		return w.CreateRequest(ctx, q)
	})
}

// moved keeps what was done with a request, and the deed that tells of it.
func (e Env) moved(ctx context.Context, t store.Trail, action string, q store.Request) error {
	return e.told(ctx, t, requestDeed(action, q), func(ctx context.Context, w store.Writes) error {
		return w.UpdateRequest(ctx, q)
	})
}

func requestDeed(action string, q store.Request) store.Deed {
	return store.Deed{
		Action: action, Subject: q.ID, Digest: q.Digest, Outcome: store.DeedOK,
		Detail: map[string]string{"kind": string(q.Work.Kind), "plan": q.Work.Plan, "note": q.Note},
	}
}

// begin uses the permit up: nobody else begins the same work by it.
func (p *permit) begin(ctx context.Context) error {
	if p == nil || p.request.State == store.RequestRunning {
		return nil
	}
	if err := p.fresh(ctx); err != nil {
		return err
	}
	q, err := p.rules.Begin(p.request, auth.CommandLine(p.env.operator()), p.env.Now())
	if err != nil {
		return err
	}
	if p.lease, err = p.store.Lease(ctx, store.RequestLease(q.ID), p.env.holder()); err != nil {
		return err
	}
	if err := p.env.moved(ctx, p.store, deedRequestStart, q); err != nil {
		return errors.Join(conflict(q, err), p.lease.Release())
	}
	q.Version++
	p.request = q
	return nil
}

// fresh tells whether the changes are still as they were when the work was approved: a question may have been open for
// long.
func (p *permit) fresh(ctx context.Context) error {
	for _, at := range p.request.Work.Changes {
		c, err := p.store.Change(ctx, at.ID)
		if err != nil {
			return err
		}
		if c.Seq != at.At {
			return &auth.ApprovalError{Request: p.request.ID, State: p.request.State, Err: auth.ErrOtherWork}
		}
	}
	return nil
}

// ended keeps how jobs ended.
func (p *permit) ended(events []engine.Event) {
	if p == nil {
		return
	}
	for _, e := range events {
		r := store.RequestResult{Subject: e.Job.Resource, Change: e.Job.Change, OK: e.AsAsked()}
		if e.ID != "" {
			r.Change = e.ID
		}
		switch {
		case e.Err != nil:
			r.Message, r.Hint = diag.Line(e.Err)
		case e.Change != nil && e.Change.Trouble != nil:
			r.Message, r.Hint = e.Change.Trouble.Message, e.Change.Trouble.Advice
		}
		p.results = append(p.results, r)
	}
}

// removed keeps what became of a security configuration.
func (p *permit) removed(c leftover.Configuration, removed bool, why string, err error) {
	if p == nil {
		return
	}
	r := store.RequestResult{Subject: c.Configuration.Name, OK: removed || err == nil && why == "", Message: why}
	if err != nil {
		r.Message, r.Hint = diag.Line(err)
	}
	p.results = append(p.results, r)
}

// end says of the request that it is over, and what became of it. It goes through even when the command was interrupted.
func (p *permit) end(ctx context.Context) error {
	if p == nil || p.request.State != store.RequestRunning {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	q, err := auth.End(p.request, p.results, p.env.Now())
	if err != nil {
		return err
	}
	p.request = q
	err = p.env.moved(ctx, p.store, deedRequestEnd, q)
	if p.lease != nil {
		err = errors.Join(err, p.lease.Release())
	}
	if err != nil {
		return fmt.Errorf("end request %s: %w", q.ID, err)
	}
	return nil
}

// permitted gets leave for work of this command's.
func (r *repairs) permitted(ctx context.Context, w store.Work) error {
	leave, err := r.env.permitted(ctx, r.store, r.policy, w)
	r.permit = leave
	return err
}

// work is what applying a plan asks for.
func (o *applyOptions) work(planDigest string) store.Work {
	return store.Work{
		Kind: store.RequestApply, Plan: planDigest, AcceptUnchecked: o.acceptUnchecked,
		AcceptWarnings: acceptedWarnings(o.acceptWeaker, o.acceptIrreversible),
		Parallel:       o.parallel, Canary: o.canary, MaxFailures: o.maxFailures,
	}
}

// changesWork is work on changes as they are now.
func changesWork(kind store.RequestKind, list []*change.Change) store.Work {
	w := store.Work{Kind: kind}
	for _, c := range list {
		w.Changes = append(w.Changes, store.ChangeAt{ID: c.Head.ID, At: c.Seq})
	}
	return w
}

// commandFor is the command line that carries a request's work out; empty where there is none.
func commandFor(w store.Work) string {
	if len(w.Resources) > 0 || w.Audit != nil { // some of a plan's resources: only the daemon does that
		return ""
	}
	words := []string{"glueguard", string(w.Kind)}
	if w.Kind == store.RequestApply {
		words = append(words, report.ShortDigest(w.Plan))
	}
	for _, c := range w.Changes {
		words = append(words, c.ID)
	}
	for _, a := range w.AcceptUnchecked {
		if a == everything {
			words = append(words, "--accept-unchecked")
		} else {
			words = append(words, "--accept-unchecked="+a)
		}
	}
	for _, f := range []struct {
		flag string
		said bool
	}{
		{"--accept-weaker", slices.Contains(w.AcceptWarnings, plan.WarnWeaker)},
		{"--accept-irreversible", slices.Contains(w.AcceptWarnings, plan.WarnIrreversible)},
		{"--keep-twin", w.KeepTwin},
		{"--delete-labels", w.DeleteLabels},
	} {
		if f.said {
			words = append(words, f.flag)
		}
	}
	for _, f := range []struct {
		flag string
		n    int
	}{{"--parallel", w.Parallel}, {"--canary", w.Canary}, {"--max-failures", w.MaxFailures}} {
		if f.n > 0 {
			words = append(words, fmt.Sprintf("%s %d", f.flag, f.n))
		}
	}
	return strings.Join(words, " ")
}

// conflict says in our words that somebody else was faster.
func conflict(q store.Request, err error) error {
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("request %s: somebody else has just decided or started it: %w", q.ID, err)
	}
	return err
}
