package storetest

import (
	"errors"
	"testing"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
)

func exception(id string) store.Exception {
	return store.Exception{
		ID: id, State: store.ExceptionProposed, ProposedBy: actor("ada"), ProposedAt: Start(1),
		Exception: policy.Exception{
			Control: policy.ControlID(control.MLTransform), Resource: policy.ARNPattern(ARN("*")), Reason: "moving out", Owner: "data", Expires: "2026-12-31",
		},
	}
}

func exceptionComesBack(t *testing.T, s store.Store) {
	ctx := t.Context()
	e := exception("e1")
	must(t, s.CreateException(ctx, e))
	same(t, "proposed", e, got[store.Exception](t)(s.Exception(ctx, "e1")))
	decided := e
	decided.State, decided.DecidedBy, decided.DecidedAt, decided.Note = store.ExceptionApproved, actor("bob"), Start(2), "until the move"
	other := decided
	other.Exception.Resource, other.ProposedBy = "*", actor("eve")
	must(t, s.UpdateException(ctx, other))
	decided.Version++
	same(t, "decided, with other words than were proposed", decided, got[store.Exception](t)(s.Exception(ctx, "e1")))
	must(t, s.CreateException(ctx, exception("e0")))
	list := listed(t, func(yield func(store.Exception) error) error { return s.EachException(ctx, yield) })
	same(t, "exceptions", []string{"e0", "e1"}, namesOf(list, func(e store.Exception) string { return e.ID }))
	if err := s.CreateException(ctx, e); !errors.Is(err, store.ErrConflict) {
		t.Errorf("proposed under an id that is taken: %v, want ErrConflict", err)
	}
}

func exceptionConflict(t *testing.T, s store.Store) {
	ctx := t.Context()
	must(t, s.CreateException(ctx, exception("e1")))
	read := got[store.Exception](t)(s.Exception(ctx, "e1"))
	read.State = store.ExceptionApproved
	if n := winners(t, func() error { return s.UpdateException(ctx, read) }); n != 1 {
		t.Errorf("%d have decided it, want 1", n)
	}
}
