package storetest

import (
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/store"
)

func leaseHeld(t *testing.T, h Changes) {
	s := h.Open(t)
	other := h.Again(t, s)
	want := store.Holder{Host: "there", PID: 4711, Change: "c1", Since: Start(3)}
	l, err := s.Lease(t.Context(), ARN("dev"), want)
	must(t, err)
	for name, s := range map[string]store.Store{"the same store": s, "another one": other} {
		_, err := s.Lease(t.Context(), ARN("dev"), holder())
		var held *store.HeldError
		if !errors.As(err, &held) || held.Resource != ARN("dev") {
			t.Errorf("%s: %v, want *HeldError of the resource", name, err)
		} else if d := cmp.Diff(want, held.Holder); d != "" {
			t.Errorf("%s: holder (-want +got):\n%s", name, d)
		}
		free, err := s.Lease(t.Context(), ARN("dev2"), holder())
		must(t, err)
		must(t, free.Release())
	}
	must(t, l.Release())
	must(t, l.Release())
	again, err := other.Lease(t.Context(), ARN("dev"), holder())
	must(t, err)
	must(t, l.Release()) // is not the new one's
	var held *store.HeldError
	if _, err := s.Lease(t.Context(), ARN("dev"), holder()); !errors.As(err, &held) || held.Holder.PID != os.Getpid() {
		t.Errorf("after an old lease was released again: %v, want *HeldError", err)
	}
	must(t, again.Release())
}

func leaseDies(t *testing.T, h Changes) {
	s := h.Open(t)
	pid, kill := h.Hold(t, s, ARN("dev"))
	_, err := s.Lease(t.Context(), ARN("dev"), holder())
	var held *store.HeldError
	if !errors.As(err, &held) || held.Holder.PID != pid || pid == os.Getpid() {
		t.Fatalf("while process %d has it: %v, want *HeldError that names it", pid, err)
	}
	kill()
	begin(t, s, take(t, s, "dev"), "c1", "dev", 5)
}

func fenced(t *testing.T, h Changes) {
	s := h.Open(t)
	old := take(t, s, "dev")
	j := begin(t, s, old, "c1", "dev", 1)
	h.Steal(t, s)
	other := h.Again(t, s)
	must(t, take(t, other, "dev").Journal("c1").Append(t.Context(), story("dev")[1]))
	if err := j.Append(t.Context(), story("dev")[1]); !errors.Is(err, store.ErrFenced) {
		t.Errorf("an entry under the old lease: %v, want ErrFenced", err)
	}
	if err := old.Journal("c1").Append(t.Context(), story("dev")[2]); !errors.Is(err, store.ErrFenced) {
		t.Errorf("the next entry under the old lease: %v, want ErrFenced", err)
	}
	if err := s.OpenChange(t.Context(), old, opened(Head("c2", "dev"), 1)); !errors.Is(err, store.ErrFenced) {
		t.Errorf("a change under the old lease: %v, want ErrFenced", err)
	}
	if c, err := s.Change(t.Context(), "c1"); err != nil || c.Seq != 3 {
		t.Errorf("the change: %+v, %v, want 3 entries", c, err)
	}
}

func fencedReleased(t *testing.T, h Changes) {
	s := h.Open(t)
	l := take(t, s, "dev")
	j := begin(t, s, l, "c1", "dev", 1)
	must(t, l.Release())
	if err := j.Append(t.Context(), story("dev")[1]); !errors.Is(err, store.ErrFenced) {
		t.Errorf("an entry: %v, want ErrFenced", err)
	}
	if err := s.OpenChange(t.Context(), l, opened(Head("c2", "dev"), 1)); !errors.Is(err, store.ErrFenced) {
		t.Errorf("a change: %v, want ErrFenced", err)
	}
}

func leaseOfOther(t *testing.T, h Changes) {
	s := h.Open(t)
	other := take(t, s, "other")
	begin(t, s, take(t, s, "dev"), "c1", "dev", 1)
	if err := other.Journal("c1").Append(t.Context(), story("dev")[1]); !errors.Is(err, store.ErrState) {
		t.Errorf("an entry: %v, want ErrState", err)
	}
	if err := s.OpenChange(t.Context(), other, opened(Head("c2", "dev"), 1)); !errors.Is(err, store.ErrState) {
		t.Errorf("a change: %v, want ErrState", err)
	}
	if err := h.Open(t).OpenChange(t.Context(), other, opened(Head("c2", "other"), 1)); !errors.Is(err, store.ErrState) {
		t.Errorf("a change in another store: %v, want ErrState", err)
	}
}

func twoStores(t *testing.T, h Changes) {
	s := h.Open(t)
	other := h.Again(t, s)
	begin(t, s, take(t, s, "dev"), "c1", "dev", 2)
	must(t, s.SavePlan(t.Context(), "sha256:ab", Start(1), []byte("{}")))
	if c, err := other.Change(t.Context(), "c1"); err != nil || c.Seq != 3 {
		t.Errorf("the change in the other: %+v, %v", c, err)
	}
	if _, err := other.Plan(t.Context(), "ab"); err != nil {
		t.Errorf("the plan in the other: %v", err)
	}
	begin(t, other, take(t, other, "dev2"), "c2", "dev2", 5)
	if d := cmp.Diff([]string{"c2"}, ids(t, s, store.ChangeFilter{States: []change.State{change.Done}})); d != "" {
		t.Errorf("what the other wrote (-want +got):\n%s", d)
	}
}
