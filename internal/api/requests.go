package api

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

// requestOf is a request as who asks sees it.
func (s *Server) requestOf(q store.Request, who auth.Principal, rules auth.Rules) openapi.Request {
	now := s.o.Now()
	out := openapi.Request{
		ID: q.ID, Work: q.Work, Digest: q.Digest, State: auth.StateOf(q, now), NeedsApproval: q.NeedsApproval, Start: q.Start,
		ProposedBy: q.ProposedBy, ProposedAt: q.ProposedAt, Reason: q.Reason, DecidedBy: q.DecidedBy, DecidedAt: q.DecidedAt, Note: q.Note,
		ExpiresAt: q.ExpiresAt, StartedBy: q.StartedBy, StartedAt: q.StartedAt, EndedAt: q.EndedAt,
		InterruptedBy: q.InterruptedBy, InterruptedAt: q.InterruptedAt,
		Results: append([]store.RequestResult{}, q.Results...), Version: q.Version, May: []openapi.Verb{},
	}
	may := func(v openapi.Verb, allowed bool) {
		if allowed {
			out.May = append(out.May, v)
		}
	}
	decide := rules.CanDecide(q, who, now)
	_, withdraw := auth.Withdraw(q, who, now)
	may(openapi.VerbDecide, decide == nil)
	may(openapi.VerbStart, rules.CanStart(q, who, now) == nil)
	may(openapi.VerbWithdraw, withdraw == nil && who.May(auth.Propose))
	may(openapi.VerbInterrupt, q.State == store.RequestRunning && who.May(auth.Run))
	if out.State == store.RequestPending && decide != nil {
		out.WhyNot = ProblemOf(decide).Detail
	}
	return out
}

// requests lists requests as who asks sees them, and how many there are.
func (s *Server) requests(ctx context.Context, who auth.Principal, f store.RequestFilter) ([]openapi.Request, int, error) {
	rules, _, err := s.rules(ctx)
	if err != nil {
		return nil, 0, err
	}
	counts, err := s.o.Store.CountRequests(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	list, total := []openapi.Request{}, 0
	for _, n := range counts {
		total += n
	}
	err = s.o.Store.EachRequest(ctx, f, func(q store.Request) error {
		list = append(list, s.requestOf(q, who, rules))
		return nil
	})
	return list, total, err
}

// request reads a request; seen, where it is not negative, is the version that somebody rests on.
func (s *Server) request(ctx context.Context, id string, seen int) (store.Request, error) {
	q, err := s.o.Store.Request(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return q, missing("request", id)
	case err == nil && seen >= 0 && q.Version != seen:
		return q, fmt.Errorf("request %s: %w", id, store.ErrConflict)
	}
	return q, err
}

// anyVersion is where nothing rests on how a request was seen.
const anyVersion = -1

// ListRequests implements openapi.StrictServerInterface.
func (s *Server) ListRequests(ctx context.Context, r openapi.ListRequestsRequestObject) (openapi.ListRequestsResponseObject, error) {
	who, err := s.allow(ctx, "listRequests")
	if err != nil {
		return nil, err
	}
	p := r.Params
	f := store.RequestFilter{States: p.State, Kinds: p.Kind, Change: p.Change, Plan: p.Plan}
	f.Offset, f.Limit = window(p.Offset, p.Limit)
	list, total, err := s.requests(ctx, who, f)
	return openapi.ListRequests200JSONResponse{Items: list, Total: total}, err
}

// GetRequest implements openapi.StrictServerInterface.
func (s *Server) GetRequest(ctx context.Context, r openapi.GetRequestRequestObject) (openapi.GetRequestResponseObject, error) {
	who, err := s.allow(ctx, "getRequest")
	if err != nil {
		return nil, err
	}
	out, err := s.shown(ctx, who, r.ID)
	return openapi.GetRequest200JSONResponse(out), err
}

// shown reads a request anew, as who asks sees it.
func (s *Server) shown(ctx context.Context, who auth.Principal, id string) (openapi.Request, error) {
	q, err := s.request(ctx, id, anyVersion)
	if err != nil {
		return openapi.Request{}, err
	}
	rules, _, err := s.rules(ctx)
	return s.requestOf(q, who, rules), err
}

// CreateRequest implements openapi.StrictServerInterface.
func (s *Server) CreateRequest(ctx context.Context, r openapi.CreateRequestRequestObject) (openapi.CreateRequestResponseObject, error) {
	who, err := s.take(ctx, "createRequest", r.Body)
	if err != nil {
		return nil, err
	}
	w := r.Body.Work
	if w.Kind == store.RequestAudit && w.Audit == nil {
		w.Audit = &store.AuditScope{}
	}
	needs := []auth.Permission{requestPermission(w.Kind)}
	if r.Body.Start && w.Kind != store.RequestAudit {
		needs = append(needs, auth.Run)
	}
	for _, need := range needs {
		if _, err := s.require(ctx, "createRequest", need); err != nil {
			return nil, err
		}
	}
	if err := s.checkWork(ctx, w); err != nil {
		return nil, err
	}
	rules, _, err := s.rules(ctx)
	if err != nil {
		return nil, err
	}
	q, err := rules.Ask(s.o.NewID(), w, who, r.Body.Reason, r.Body.Start, s.o.Now())
	if err != nil {
		return nil, err
	}
	if err := s.file(ctx, who, q); err != nil {
		return nil, err
	}
	if q.State == store.RequestQueued {
		s.o.Worker.Wake()
	}
	out := openapi.CreateRequest201JSONResponse{}
	out.Headers.Location = BasePath + "/requests/" + q.ID
	out.Body, err = s.shown(ctx, who, q.ID)
	return out, err
}

// file stores a new request, unless the same is asked for already.
func (s *Server) file(ctx context.Context, who auth.Principal, q store.Request) error {
	s.filing.Lock()
	defer s.filing.Unlock()
	if err := s.unasked(ctx, q); err != nil {
		return err
	}
	return s.told(ctx, who, requestDeed("request.create", q, store.DeedOK, nil), func(ctx context.Context, w store.Writes) error {
		return w.CreateRequest(ctx, q)
	})
}

// unasked refuses a request that is the same as one that is still open.
func (s *Server) unasked(ctx context.Context, q store.Request) error {
	open := ""
	f := store.RequestFilter{Digest: q.Digest, States: []store.RequestState{
		store.RequestPending, store.RequestApproved, store.RequestQueued, store.RequestRunning,
	}}
	err := s.o.Store.EachRequest(ctx, f, func(o store.Request) error {
		if auth.StateOf(o, s.o.Now()) != store.RequestExpired {
			open = o.ID
		}
		return nil
	})
	if err == nil && open != "" {
		return problem(409, CodeConflict, "The same is asked for already, by request %s.", open).hint("Withdraw that one, or let it go on.")
	}
	return err
}

// requestDeed is what somebody did with a request.
func requestDeed(action string, q store.Request, outcome string, cause error) store.Deed {
	d := store.Deed{Action: action, Subject: q.ID, Digest: q.Digest, Outcome: outcome, Detail: map[string]string{"kind": string(q.Work.Kind)}}
	if q.Work.Plan != "" {
		d.Detail["plan"] = q.Work.Plan
	}
	var changes []string
	for _, c := range q.Work.Changes {
		changes = append(changes, c.ID)
	}
	if len(changes) > 0 {
		d.Detail["changes"] = strings.Join(changes, " ") // evidence of a change finds its approvals by this
	}
	if q.Note != "" {
		d.Detail["note"] = q.Note
	}
	if cause != nil {
		d.Detail["why"] = ProblemOf(cause).Detail
	}
	return d
}

// update stores what became of a request, records it, and tells the daemon where there is something to start. A move
// that the rules refuse is in the audit trail, too.
func (s *Server) update(ctx context.Context, who auth.Principal, action string, q store.Request, refused error) (openapi.Request, error) {
	if refused != nil {
		return openapi.Request{}, errors.Join(refused, s.record(ctx, who, requestDeed(action, q, store.DeedRefused, refused)))
	}
	err := s.told(ctx, who, requestDeed(action, q, store.DeedOK, nil), func(ctx context.Context, w store.Writes) error {
		return w.UpdateRequest(ctx, q)
	})
	if err != nil {
		return openapi.Request{}, err
	}
	if q.State == store.RequestQueued {
		s.o.Worker.Wake()
	}
	return s.shown(ctx, who, q.ID)
}

// DecideRequest implements openapi.StrictServerInterface.
func (s *Server) DecideRequest(ctx context.Context, r openapi.DecideRequestRequestObject) (openapi.DecideRequestResponseObject, error) {
	who, err := s.take(ctx, "decideRequest", r.Body)
	if err != nil {
		return nil, err
	}
	q, err := s.request(ctx, r.ID, r.Body.Version)
	if err != nil {
		return nil, err
	}
	rules, _, err := s.rules(ctx)
	if err != nil {
		return nil, err
	}
	action := "request.reject"
	if r.Body.Approve {
		action = "request.approve"
	}
	q, refused := rules.Decide(q, auth.Decision{Approve: r.Body.Approve, Digest: r.Body.Digest, Note: r.Body.Note}, who, s.o.Now())
	out, err := s.update(ctx, who, action, q, refused)
	return openapi.DecideRequest200JSONResponse(out), err
}

// StartRequest implements openapi.StrictServerInterface.
func (s *Server) StartRequest(ctx context.Context, r openapi.StartRequestRequestObject) (openapi.StartRequestResponseObject, error) {
	who, err := s.take(ctx, "startRequest", r.Body)
	if err != nil {
		return nil, err
	}
	q, err := s.request(ctx, r.ID, r.Body.Version)
	if err != nil {
		return nil, err
	}
	rules, _, err := s.rules(ctx)
	if err != nil {
		return nil, err
	}
	q, refused := rules.Queue(q, who, s.o.Now())
	out, err := s.update(ctx, who, "request.start", q, refused)
	return openapi.StartRequest200JSONResponse(out), err
}

// WithdrawRequest implements openapi.StrictServerInterface.
func (s *Server) WithdrawRequest(ctx context.Context, r openapi.WithdrawRequestRequestObject) (openapi.WithdrawRequestResponseObject, error) {
	who, err := s.take(ctx, "withdrawRequest", r.Body)
	if err != nil {
		return nil, err
	}
	q, err := s.request(ctx, r.ID, r.Body.Version)
	if err != nil {
		return nil, err
	}
	q, refused := auth.Withdraw(q, who, s.o.Now())
	out, err := s.update(ctx, who, "request.withdraw", q, refused)
	return openapi.WithdrawRequest200JSONResponse(out), err
}

// InterruptRequest implements openapi.StrictServerInterface.
func (s *Server) InterruptRequest(ctx context.Context, r openapi.InterruptRequestRequestObject) (openapi.InterruptRequestResponseObject, error) {
	who, err := s.allow(ctx, "interruptRequest")
	if err != nil {
		return nil, err
	}
	q, err := s.request(ctx, r.ID, anyVersion)
	if err != nil {
		return nil, err
	}
	if q.State != store.RequestRunning {
		return nil, problem(409, CodeState, "The request is %s: only one that is running can be interrupted.", auth.StateOf(q, s.o.Now()))
	}
	const action = "request.interrupt"
	err = s.o.Worker.Interrupt(ctx, q.ID, func(ctx context.Context) error { // kept, so that the next daemon obeys, too
		return s.told(ctx, who, requestDeed(action, q, store.DeedOK, nil), func(ctx context.Context, w store.Writes) error {
			return w.InterruptRequest(ctx, q.ID, who.Actor, s.o.Now())
		})
	})
	if err != nil {
		return nil, errors.Join(err, s.record(ctx, who, requestDeed(action, q, store.DeedFailed, err)))
	}
	out, err := s.shown(ctx, who, q.ID)
	return openapi.InterruptRequest202JSONResponse(out), err
}
