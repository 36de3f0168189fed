package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/store"
)

func schedule(name string) store.Schedule {
	return store.Schedule{
		ID: "id-" + name, Name: name, Every: 6 * time.Hour, NextAt: Start(6), LastAudit: "a1", LastError: "no",
		Scope: store.AuditScope{Accounts: []string{"111111111111"}, Controls: []control.ID{control.MLTransform}, Organization: true, Role: "r"},
	}
}

func scheduleComesBack(t *testing.T, s store.Store) {
	ctx := t.Context()
	b, a := schedule("nightly"), schedule("Hourly")
	must(t, s.CreateSchedule(ctx, b))
	must(t, s.CreateSchedule(ctx, a))
	each := func(yield func(store.Schedule) error) error { return s.EachSchedule(ctx, yield) }
	same(t, "schedules", []store.Schedule{a, b}, listed(t, each))
	a.Name, a.Paused, a.Scope, a.NextAt, a.Every = "hourly", true, store.AuditScope{}, time.Time{}, time.Hour
	must(t, s.UpdateSchedule(ctx, a))
	a.Version++
	same(t, "updated", []store.Schedule{a, b}, listed(t, each))
	taken := schedule("NIGHTLY")
	taken.ID = "other"
	if err := s.CreateSchedule(ctx, taken); !errors.Is(err, store.ErrConflict) {
		t.Errorf("created under a name that is taken: %v, want ErrConflict", err)
	}
	a.Name = "Nightly"
	if err := s.UpdateSchedule(ctx, a); !errors.Is(err, store.ErrConflict) {
		t.Errorf("renamed to a name that is taken: %v, want ErrConflict", err)
	}
	must(t, s.DropSchedule(ctx, b.ID))
	same(t, "dropped", 1, len(listed(t, each)))
}

func scheduleConflict(t *testing.T, s store.Store) {
	read := schedule("nightly")
	must(t, s.CreateSchedule(t.Context(), read))
	if n := winners(t, func() error { return s.UpdateSchedule(t.Context(), read) }); n != 1 {
		t.Errorf("%d of those who had read the same updated it, want 1", n)
	}
}
