package daemon

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/store"
)

// progressEvery is how often whoever watches is told how far an audit has come.
const progressEvery = 500 * time.Millisecond

// audit carries out a request for an audit.
func (w *work) audit(ctx context.Context, r *running) error {
	q := r.head()
	scope := store.AuditScope{}
	if q.Work.Audit != nil {
		scope = *q.Work.Audit
	}
	rules, err := w.worker.Policy(ctx)
	if err != nil {
		return err
	}
	if scope.PolicyProfile != "" {
		rules = rules.WithProfile(policy.Profile(scope.PolicyProfile))
	}
	role := scope.Role
	if role == "" {
		role = w.worker.role
	}
	session, err := w.sessions.open(ctx, role) // one of its own, so that it counts its own calls
	if err != nil {
		return err
	}
	defer session.Close()
	tell := func(result audit.Result) store.Deed { return w.audited(context.WithoutCancel(ctx), q, session, result) }
	result, err := w.scan(ctx, r, session, rules, scope, tell)
	if err != nil {
		return err
	}
	if result.Interrupted && ctx.Err() != nil && !errors.Is(context.Cause(ctx), errInterrupted) {
		return ctx.Err() // the next daemon begins it again
	}
	after := context.WithoutCancel(ctx)
	w.settle(after, session, rules, result)
	w.note(r, store.RequestResult{Audit: result.Audit.ID, OK: !result.Interrupted, Message: w.summary(result)})
	return nil
}

// scan runs the audit, and tells whoever watches how far it has come.
func (w *work) scan(
	ctx context.Context, r *running, session *awsapi.Session, rules policy.Policy, scope store.AuditScope, told func(audit.Result) store.Deed,
) (audit.Result, error) {
	kept, err := audit.KeptBy(ctx, w.store)
	if err != nil {
		return audit.Result{}, err
	}
	began := w.clock.Now()
	scanner, counting := audit.NewScanner(session), &countingStore{AuditWriter: w.store}
	tell := func(id string) {
		p := scanner.Progress()
		w.hub.Publish(api.Event{Kind: api.EventAudit, Request: r.head().ID, Audit: &api.AuditProgress{
			Locations: p.LocationsTotal, Done: p.LocationsDone, Resources: int(counting.resources.Load()), Calls: p.Calls, Audit: id,
		}})
	}
	telling, stop := context.WithCancel(ctx)
	var teller sync.WaitGroup
	teller.Go(func() { w.clock.every(telling, progressEvery, nil, func() { tell("") }) })
	result, err := audit.Run(ctx, audit.Options{
		Scanner: scanner, Store: counting, Policy: rules, Accounts: scope.Accounts, Regions: scope.Regions, Organization: scope.Organization,
		Controls: scope.Controls, Resources: scope.Resources, Kept: kept, Now: w.clock.Now, NewID: w.newID,
		Tell: told,
	})
	stop()
	teller.Wait()
	if err != nil {
		w.metrics.Audit("error", w.clock.Now().Sub(began))
		return result, err
	}
	w.metrics.Audit(verdict(result.Verdict()), w.clock.Now().Sub(began))
	tell(result.Audit.ID)
	return result, nil
}

// countingStore counts the resources that come in.
type countingStore struct {
	store.AuditWriter

	resources atomic.Int64
}

// AddPart implements store.AuditWriter.
func (c *countingStore) AddPart(ctx context.Context, auditID string, p store.Part) error {
	seen := map[string]bool{}
	for _, f := range p.Findings {
		if f.Resource.ARN != "" {
			seen[f.Resource.ARN] = true
		}
	}
	c.resources.Add(int64(len(seen)))
	return c.AuditWriter.AddPart(ctx, auditID, p)
}

func verdict(v audit.Verdict) string {
	switch v {
	case audit.Compliant:
		return "compliant"
	case audit.Incomplete:
		return "incomplete"
	case audit.Failing:
		return "failing"
	case audit.Interrupted:
	}
	return "interrupted"
}

// summary says what an audit came to.
func (w *work) summary(r audit.Result) string {
	s := r.Audit.Summary
	text := fmt.Sprintf("%d fail, %d unknown, %d pass in %d locations", s.Fail, s.Unknown, s.Pass, s.Locations)
	if r.Interrupted {
		return "interrupted; what was read until then is kept: " + text
	}
	return text
}

// audited is what the trail is told of an audit.
func (w *work) audited(ctx context.Context, q store.Request, session *awsapi.Session, r audit.Result) store.Deed {
	s := r.Audit.Summary
	d := store.Deed{
		At: w.clock.Now(), Actor: q.StartedBy, Action: "audit.run", Subject: r.Audit.ID, Digest: r.Audit.PolicyDigest, Outcome: store.DeedOK,
		Detail: map[string]string{
			"request": q.ID, "pass": strconv.Itoa(s.Pass), "fail": strconv.Itoa(s.Fail), "unknown": strconv.Itoa(s.Unknown),
			"exempt": strconv.Itoa(s.Exempt), "locations": strconv.Itoa(s.Locations),
		},
	}
	if r.Interrupted {
		d.Outcome, d.Detail["reason"] = store.DeedFailed, "interrupted"
	}
	if caller, err := session.Caller(ctx); err == nil { // it was asked long ago
		d.Actor.Role = caller.ARN
	}
	return d
}

// settle does what follows an audit: its findings are indexed for the pages, and changes whose work it has found undone
// are looked at again. The audit is good whether or not these succeed; a later one does them again.
func (w *work) settle(ctx context.Context, session *awsapi.Session, rules policy.Policy, r audit.Result) {
	if r.Interrupted { // it has no index, and says nothing about changes
		return
	}
	if err := w.store.IndexAudit(ctx, r.Audit.ID); err != nil {
		w.log.Error("indexing an audit", "audit", r.Audit.ID, "error", err.Error())
	}
	repairs := repair.New(repair.Options{
		Store: w.store, Sessions: repair.Using(session), Now: w.clock.Now, Policy: &rules, Host: w.holder.Host, PID: w.holder.PID,
		Marks: w.marks,
	})
	defer repairs.Close()
	moved, err := repairs.Reconsider(ctx, w.store, r.Audit.ID)
	if err != nil {
		w.log.Error("looking again at changes that an audit has found undone", "audit", r.Audit.ID, "error", err.Error())
	}
	for _, c := range moved {
		w.watcher.tell(store.Summarize(c), "")
		d := store.Deed{
			Action: "change.verify", Subject: c.Head.ID, Digest: c.Head.PlanDigest, Outcome: store.DeedOK,
			Detail: map[string]string{"state": string(c.State), "audit": r.Audit.ID},
		}
		if err := w.record(ctx, daemonActor(w.holder), plan.Access{}, d); err != nil {
			w.log.Error("writing to the audit trail", "change", c.Head.ID, "error", err.Error())
		}
	}
}
