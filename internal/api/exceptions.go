package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// exceptions lists those of the console, the newest first, and then those of the policy's file.
func (s *Server) exceptions(ctx context.Context, who auth.Principal, rules auth.Rules, p policy.Policy) ([]openapi.Exception, error) {
	list := []openapi.Exception{}
	ours := map[policy.Exception]int{} // approved: they are in the policy, too
	err := s.o.Store.EachException(ctx, func(e store.Exception) error {
		list = append(list, s.exceptionOf(e, who, rules))
		if e.State == store.ExceptionApproved {
			ours[e.Exception]++
		}
		return nil
	})
	for _, e := range p.Exceptions {
		if ours[e] > 0 {
			ours[e]--
			continue
		}
		list = append(list, openapi.Exception{
			Control: string(e.Control), Resource: string(e.Resource), Reason: string(e.Reason), Owner: string(e.Owner), Expires: string(e.Expires),
			State: openapi.ExceptionStateFile, Expired: e.Expires.Before(s.o.Now()), WhyNot: "It stands in the policy's file.",
		})
	}
	return list, err
}

func (s *Server) exceptionOf(e store.Exception, who auth.Principal, rules auth.Rules) openapi.Exception {
	x := e.Exception
	out := openapi.Exception{
		ID: e.ID, Control: string(x.Control), Resource: string(x.Resource), Reason: string(x.Reason), Owner: string(x.Owner),
		Expires: string(x.Expires), Expired: x.Expires.Before(s.o.Now()), State: openapi.ExceptionState(e.State), ProposedBy: e.ProposedBy,
		ProposedAt: e.ProposedAt, DecidedBy: e.DecidedBy, DecidedAt: e.DecidedAt, Note: e.Note, Version: e.Version,
	}
	var why error
	switch e.State {
	case store.ExceptionProposed:
		why = s.mayDecide(e, who, rules)
	case store.ExceptionApproved:
		if !who.May(auth.Decide) {
			why = &auth.ForbiddenError{Permission: auth.Decide}
		}
	case store.ExceptionRejected, store.ExceptionEnded:
		return out
	}
	if out.MayDecide = why == nil; why != nil {
		out.WhyNot = ProblemOf(why).Detail
	}
	return out
}

// mayDecide tells whether somebody may decide a proposed exception: by the rules of approval, as if it were a request.
func (s *Server) mayDecide(e store.Exception, who auth.Principal, rules auth.Rules) error {
	return rules.CanDecide(store.Request{ID: e.ID, State: store.RequestPending, ProposedBy: e.ProposedBy}, who, s.o.Now())
}

// ListExceptions implements openapi.StrictServerInterface.
func (s *Server) ListExceptions(ctx context.Context, r openapi.ListExceptionsRequestObject) (openapi.ListExceptionsResponseObject, error) {
	who, err := s.allow(ctx, "listExceptions")
	if err != nil {
		return nil, err
	}
	rules, p, err := s.rules(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.exceptions(ctx, who, rules, p)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(e openapi.Exception) bool { return !chosen(r.Params.State, e.State) })
	return openapi.ListExceptions200JSONResponse{Items: page(all, r.Params.Offset, r.Params.Limit), Total: len(all)}, nil
}

// longestException is how far ahead an exception may end.
const longestException = 366 * 24 * time.Hour

// checkException refuses what could not stand in a policy.
func (s *Server) checkException(b openapi.NewException) (policy.Exception, error) {
	e := policy.Exception{
		Control: policy.ControlID(b.Control), Resource: policy.ARNPattern(b.Resource), Reason: policy.Text(strings.TrimSpace(b.Reason)),
		Owner: policy.Text(strings.TrimSpace(b.Owner)), Expires: policy.Date(b.Expires),
	}
	ends, err := time.Parse(time.DateOnly, b.Expires)
	_, notARN := resource.ParseARN(b.Resource)
	switch {
	case !slices.ContainsFunc(control.All(), func(c control.Control) bool { return string(c.ID) == b.Control }):
		return e, sense("There is no control %q.", b.Control)
	case notARN != nil:
		return e, sense("%s", sentence(notARN))
	case e.Reason == "" || e.Owner == "":
		return e, sense("An exception needs a reason and an owner.")
	case err != nil:
		return e, sense("%q is no date: want one as 2027-03-31.", b.Expires)
	case e.Expires.Before(s.o.Now()):
		return e, sense("%s has passed.", b.Expires)
	case ends.Sub(s.o.Now()) > longestException:
		return e, sense("An exception ends within a year.")
	}
	return e, nil
}

// CreateException implements openapi.StrictServerInterface.
func (s *Server) CreateException(ctx context.Context, r openapi.CreateExceptionRequestObject) (openapi.CreateExceptionResponseObject, error) {
	who, err := s.take(ctx, "createException", r.Body)
	if err != nil {
		return nil, err
	}
	x, err := s.checkException(*r.Body)
	if err != nil {
		return nil, err
	}
	e := store.Exception{ID: s.o.NewID(), Exception: x, State: store.ExceptionProposed, ProposedBy: who.Actor, ProposedAt: s.o.Now()}
	if err := s.propose(ctx, who, e); err != nil {
		return nil, err
	}
	out, err := s.shownException(ctx, who, e.ID)
	return openapi.CreateException201JSONResponse(out), err
}

// propose stores a new exception, unless one of the same stands already.
func (s *Server) propose(ctx context.Context, who auth.Principal, e store.Exception) error {
	s.filing.Lock()
	defer s.filing.Unlock()
	same := ""
	err := s.o.Store.EachException(ctx, func(o store.Exception) error {
		open := o.State == store.ExceptionProposed || o.State == store.ExceptionApproved
		if open && o.Exception.Control == e.Exception.Control && o.Exception.Resource == e.Exception.Resource && !o.Exception.Expires.Before(s.o.Now()) {
			same = o.ID
		}
		return nil
	})
	if err != nil {
		return err
	}
	if same != "" {
		return problem(http.StatusConflict, CodeConflict, "There is an exception of this control and resource already: %s.", same).
			hint("End that one first, or have it rejected.")
	}
	return s.told(ctx, who, exceptionDeed("exception.propose", e, nil), func(ctx context.Context, w store.Writes) error {
		return w.CreateException(ctx, e)
	})
}

func exceptionDeed(action string, e store.Exception, refused error) store.Deed {
	d := store.Deed{Action: action, Subject: e.ID, Detail: map[string]string{
		"control": string(e.Exception.Control), "resource": string(e.Exception.Resource), "expires": string(e.Exception.Expires),
	}}
	if refused != nil {
		d.Outcome, d.Detail["why"] = store.DeedRefused, ProblemOf(refused).Detail
	}
	return d
}

// exception reads an exception that somebody rests on as it was seen.
func (s *Server) exception(ctx context.Context, id string, seen int) (store.Exception, error) {
	e, err := s.o.Store.Exception(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return e, missing("exception", id)
	case err == nil && seen >= 0 && e.Version != seen:
		return e, fmt.Errorf("exception %s: %w", id, store.ErrConflict)
	}
	return e, err
}

func (s *Server) shownException(ctx context.Context, who auth.Principal, id string) (openapi.Exception, error) {
	e, err := s.exception(ctx, id, anyVersion)
	if err != nil {
		return openapi.Exception{}, err
	}
	rules, _, err := s.rules(ctx)
	return s.exceptionOf(e, who, rules), err
}

// DecideException implements openapi.StrictServerInterface.
func (s *Server) DecideException(ctx context.Context, r openapi.DecideExceptionRequestObject) (openapi.DecideExceptionResponseObject, error) {
	who, err := s.take(ctx, "decideException", r.Body)
	if err != nil {
		return nil, err
	}
	e, err := s.exception(ctx, r.ID, r.Body.Version)
	if err != nil {
		return nil, err
	}
	rules, _, err := s.rules(ctx)
	if err != nil {
		return nil, err
	}
	action, becomes := "exception.reject", store.ExceptionRejected
	if r.Body.Approve {
		action, becomes = "exception.approve", store.ExceptionApproved
	}
	switch {
	case e.State != store.ExceptionProposed:
		return nil, problem(http.StatusConflict, CodeState, "The exception is %s: it does not wait for a decision.", e.State)
	case r.Body.Approve && e.Exception.Expires.Before(s.o.Now()):
		return nil, problem(http.StatusConflict, CodeExpired, "Its last day has passed.")
	}
	if refused := s.mayDecide(e, who, rules); refused != nil {
		return nil, errors.Join(refused, s.record(ctx, who, exceptionDeed(action, e, refused)))
	}
	e.State, e.DecidedBy, e.DecidedAt, e.Note = becomes, who.Actor, s.o.Now(), r.Body.Note
	out, err := s.updateException(ctx, who, action, e)
	return openapi.DecideException200JSONResponse(out), err
}

// EndException implements openapi.StrictServerInterface.
func (s *Server) EndException(ctx context.Context, r openapi.EndExceptionRequestObject) (openapi.EndExceptionResponseObject, error) {
	who, err := s.take(ctx, "endException", r.Body)
	if err != nil {
		return nil, err
	}
	e, err := s.exception(ctx, r.ID, r.Body.Version)
	if err != nil {
		return nil, err
	}
	if e.State != store.ExceptionApproved {
		return nil, problem(http.StatusConflict, CodeState, "The exception is %s: there is nothing to end.", e.State)
	}
	e.State, e.DecidedBy, e.DecidedAt, e.Note = store.ExceptionEnded, who.Actor, s.o.Now(), r.Body.Note
	out, err := s.updateException(ctx, who, "exception.end", e)
	return openapi.EndException200JSONResponse(out), err
}

func (s *Server) updateException(ctx context.Context, who auth.Principal, action string, e store.Exception) (openapi.Exception, error) {
	err := s.told(ctx, who, exceptionDeed(action, e, nil), func(ctx context.Context, w store.Writes) error {
		return w.UpdateException(ctx, e)
	})
	if err != nil {
		return openapi.Exception{}, err
	}
	return s.shownException(ctx, who, e.ID)
}
