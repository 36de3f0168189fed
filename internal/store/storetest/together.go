package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/store"
)

// Together is how the suite of changes that the trail tells of comes by stores.
type Together struct {
	// Open returns an empty store that is closed when the test ends.
	Open func(t testing.TB) store.Store
	// Killed opens what another process would find if the one of s were killed right now.
	Killed func(t testing.TB, s store.Store) store.Store
}

// TestTogether runs the suite of changes that the trail tells of, in parallel: every method of store.Writes is made with a
// deed, without one, with one that can't be written, and with its process killed before the end.
func TestTogether(t *testing.T, h Together) {
	t.Helper()
	t.Parallel()
	t.Run("every method is of a known kind", everyMethod)
	t.Run("a panic takes all back, and stays its own", func(t *testing.T) {
		t.Parallel()
		panics(t, h.Open(t))
	})
	t.Run("nothing changed needs no deed", func(t *testing.T) {
		t.Parallel()
		nothingToTell(t, h.Open(t))
	})
	for method, c := range changesTold() {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			c.test(t, h)
		})
	}
}

// told is one changing method: what must be there before, what is written, and whether that can be seen.
type told struct {
	before func(t testing.TB, s store.Store)
	write  func(ctx context.Context, w store.Writes) error
	kept   func(t testing.TB, s store.Store) bool
}

var errChanged = errors.New("somebody changed their mind")

func (c told) test(t *testing.T, h Together) {
	s := h.Open(t)
	if c.before != nil {
		c.before(t, s)
	}
	entries := func(s store.Store) int64 { return got[store.TrailState](t)(s.CheckTrail(t.Context())).Entries }
	none := func(what string, s store.Store) {
		t.Helper()
		if c.kept(t, s) || entries(s) != 0 {
			t.Fatalf("%s: the change is kept: %t, and %d deeds", what, c.kept(t, s), entries(s))
		}
	}
	do := func(ctx context.Context, w store.Writes) { t.Helper(); must(t, c.write(ctx, w)) }
	none("before", s)
	err := s.Together(t.Context(), func(ctx context.Context, w store.Writes) error { do(ctx, w); return nil })
	if !errors.Is(err, store.ErrState) {
		t.Errorf("a change that nothing tells of: %v, want ErrState", err)
	}
	none("without a deed", s)
	err = s.Together(t.Context(), func(ctx context.Context, w store.Writes) error {
		do(ctx, w)
		_, err := w.Record(ctx, store.Deed{Action: "nobody did it"})
		return err
	})
	if !errors.Is(err, store.ErrState) {
		t.Errorf("with a deed that says too little: %v, want ErrState", err)
	}
	none("with a deed that can't be written", s)
	err = s.Together(t.Context(), func(ctx context.Context, w store.Writes) error {
		do(ctx, w)
		got[store.Deed](t)(w.Record(ctx, Deed(1)))
		none("as others see it before the end", h.Killed(t, s))
		return errChanged
	})
	if err != errChanged { //nolint:errorlint // it comes back as it is
		t.Errorf("an error of who writes: %v", err)
	}
	none("taken back", s)
	must(t, s.Together(t.Context(), func(ctx context.Context, w store.Writes) error {
		do(ctx, w)
		none("killed after the change", h.Killed(t, s))
		got[store.Deed](t)(w.Record(ctx, Deed(1)))
		none("killed after the deed", h.Killed(t, s))
		return nil
	}))
	for what, s := range map[string]store.Store{"at the end": s, "killed after the end": h.Killed(t, s)} {
		if !c.kept(t, s) || entries(s) != 1 {
			t.Errorf("%s: the change is kept: %t, and %d deeds", what, c.kept(t, s), entries(s))
		}
	}
}

func panics(t *testing.T, s store.Store) {
	func() {
		defer func() {
			if v := recover(); v != "ouch" {
				t.Errorf("recovered %v", v)
			}
		}()
		must(t, s.Together(t.Context(), func(ctx context.Context, w store.Writes) error {
			must(t, w.CreateUser(ctx, user("ada")))
			panic("ouch")
		}))
	}()
	if _, err := s.User(t.Context(), user("ada").ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the user: %v, want ErrNotFound", err)
	}
	got[store.Deed](t)(s.Record(t.Context(), Deed(1))) // others go on
}

func nothingToTell(t *testing.T, s store.Store) {
	must(t, s.Together(t.Context(), func(ctx context.Context, w store.Writes) error {
		_, err := w.DropAudits(ctx, 1, Start(1))
		return err
	}))
}

// untold are the methods that change something for which nobody answers, or whose deed is written otherwise.
func untold() map[string]string {
	return map[string]string{
		"Record": "is the deed", "Together": "is the suite's own", "FinishAudit": "takes its deeds with it", "Close": "ends the process's use of it",
		"BeginAudit": "an audit is told of when it ends, and one that was killed says nothing", "AddPart": "as BeginAudit",
		"IndexAudit": "what can be made again of what is there", "PurgeAudits": "what DropAudits has told of",
		"DropExpired": "what had ended at a time that was told when it was made",
		"SessionSeen": "who asks changes nothing by it", "TokenUsed": "as SessionSeen",
		"Lease": "ends with its process; journals are records of their own, and the work on them is told of before it begins",
	}
}

// everyMethod fails for a method of a store that nobody has said to be a read, a change with its deed, or another.
func everyMethod(t *testing.T) {
	t.Parallel()
	writes, recipes, others := reflect.TypeFor[store.Writes](), changesTold(), untold()
	known := map[string]bool{}
	for m := range writes.Methods() {
		if _, ok := recipes[m.Name]; !ok && m.Name != "Record" {
			t.Errorf("store.Writes has %s, and the suite does not show that it is one with its deed", m.Name)
		}
		known[m.Name] = true
	}
	for m := range reflect.TypeFor[store.Store]().Methods() {
		_, other := others[m.Name]
		if !known[m.Name] && !other && !isRead(m) {
			t.Errorf("store.Store has %s: is it a change that somebody answers for, and belongs into store.Writes?", m.Name)
		}
	}
}

// isRead tells whether a method answers with more than an error, or hands something to a callback, and is named as a read.
func isRead(m reflect.Method) bool {
	named := slices.ContainsFunc([]string{"Each", "Count", "Check", "Find", "Facets", "Facts", "Posture", "History", "Policy", "ShownBy", "Approvals"},
		func(prefix string) bool { return strings.HasPrefix(m.Name, prefix) })
	one := slices.Contains([]string{"Audit", "Change", "Plan", "User", "UserByName", "UserBySubject", "Session", "TokenByHash", "Request", "Exception"}, m.Name)
	return named || one
}

// found tells whether a read finds anything.
func found[T any](t testing.TB, thing T, err error) (T, bool) {
	t.Helper()
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return thing, err == nil
}
