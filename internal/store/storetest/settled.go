package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// SettledStore is a store that tells what its audits settled.
type SettledStore interface {
	store.AuditWriter
	store.SettledReader
}

// TestSettled holds a store to store.SettledReader.
func TestSettled(t *testing.T, open func(t *testing.T) SettledStore) {
	t.Helper()
	s := open(t)
	own, elsewhere := Finding("1", "a", "own", control.Fail), Finding("1", "b", "elsewhere", control.Fail)
	for i, parts := range [][]store.Part{
		{
			{
				Location: location("1", "b"), Settled: []control.ID{"c1"}, Findings: []finding.Finding{elsewhere},
				SeenIn: map[string][]resource.Location{elsewhere.ID: {location("1", "a"), location("2", "c")}},
			},
			{Location: location("1", "a"), Settled: []control.ID{"c1", "c2"}, Findings: []finding.Finding{own}},
			{Location: location("1", "c")},
			{Location: location("1", "b"), Settled: []control.ID{"c3"}},
		},
		{{Location: location("1", "a"), Settled: []control.ID{"other"}}},
	} {
		a := head(i)
		must(t, s.BeginAudit(t.Context(), a))
		for _, p := range parts {
			must(t, s.AddPart(t.Context(), a.ID, p))
		}
		a.FinishedAt = a.StartedAt
		must(t, s.FinishAudit(t.Context(), a))
	}
	got := map[string][]control.ID{}
	must(t, s.EachSettled(t.Context(), head(0).ID, func(l resource.Location, settled []control.ID) error {
		got[l.String()] = append(got[l.String()], settled...)
		return nil
	}))
	if d := cmp.Diff(map[string][]control.ID{"1/a": {"c1", "c2"}, "1/b": {"c1", "c3"}, "1/c": nil}, got); d != "" {
		t.Errorf("settled (-want +got):\n%s", d)
	}
	for id, want := range map[string][]string{own.ID: {"1/a"}, elsewhere.ID: {"1/a", "2/c"}} {
		places, err := s.ShownBy(t.Context(), id)
		must(t, err)
		var names []string
		for _, l := range places {
			names = append(names, l.String())
		}
		if d := cmp.Diff(want, names); d != "" {
			t.Errorf("shown by (-want +got):\n%s", d)
		}
	}
	stop := errors.New("stop")
	if err := s.EachSettled(t.Context(), head(0).ID, func(resource.Location, []control.ID) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the callback's error became %v", err)
	}
	if err := s.EachSettled(t.Context(), "no-such-audit", func(resource.Location, []control.ID) error { return nil }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an audit that is not there: %v", err)
	}
	if _, err := s.ShownBy(t.Context(), "no-such-finding"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a finding that is not there: %v", err)
	}
}
