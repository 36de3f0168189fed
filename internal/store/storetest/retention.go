package storetest

import (
	"errors"
	"testing"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/store"
)

// TestRetention runs the suite of what becomes of old audits, in parallel.
func TestRetention(t *testing.T, open Open) {
	t.Helper()
	t.Parallel()
	for name, test := range map[string]func(*testing.T, store.Store){
		"the newest audits stay":                     newestStay,
		"audits that were killed go after a while":   killedGo,
		"the history outlives the audits":            historyOutlives,
		"an audit that is dropped can't be finished": droppedUnfinished,
		"all audits are never dropped":               neverAll,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// drop drops audits, and has the store delete what they had.
func drop(t *testing.T, s store.Store, keep, hours, want int) {
	t.Helper()
	same(t, "dropped", want, got[int](t)(s.DropAudits(t.Context(), keep, Start(hours))))
	same(t, "dropped again", 0, got[int](t)(s.DropAudits(t.Context(), keep, Start(hours))))
}

func keptAudits(t *testing.T, s store.Store) []string {
	t.Helper()
	list := listed(t, func(yield func(store.Audit) error) error { return s.EachAudit(t.Context(), yield) })
	return namesOf(list, func(a store.Audit) string { return a.ID })
}

func newestStay(t *testing.T, s store.Store) {
	ctx := t.Context()
	for _, n := range []int{1, 4, 2, 3} { // as they ended
		Keep(t, s, n, Various(20))
		must(t, s.IndexAudit(ctx, head(n).ID))
	}
	drop(t, s, 2, 0, 2)
	same(t, "audits", []string{"audit-3", "audit-4"}, keptAudits(t, s))
	for name, err := range map[string]error{
		"audit":    func() error { _, err := s.Audit(ctx, "audit-2"); return err }(),
		"findings": s.EachFinding(ctx, "audit-2", nil),
		"coverage": s.EachCoverage(ctx, "audit-2", nil),
		"index":    s.IndexAudit(ctx, "audit-2"),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s of a dropped audit: %v, want ErrNotFound", name, err)
		}
	}
	for _, id := range []string{"audit-3", "audit-4", "latest"} {
		same(t, "findings of "+id, 20, got[store.FindingPage](t)(s.FindFindings(ctx, store.FindingQuery{Audit: id})).Total)
	}
	drop(t, s, 1, 0, 1)
	same(t, "audits", []string{"audit-4"}, keptAudits(t, s))
	same(t, "findings", 20, len(findings(t, s, "audit-4")))
}

func killedGo(t *testing.T, s store.Store) {
	for _, n := range []int{1, 5} {
		must(t, s.BeginAudit(t.Context(), head(n)))
		must(t, s.AddPart(t.Context(), head(n).ID, store.Part{Location: location("1", "a"), Findings: Various(5)}))
	}
	Keep(t, s, 2, nil)
	drop(t, s, 1, 5, 1)
	if _, err := s.Audit(t.Context(), head(1).ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the one that began before: %v, want ErrNotFound", err)
	}
	got[store.Audit](t)(s.Audit(t.Context(), head(5).ID))
	ended := head(5)
	ended.FinishedAt = Start(6)
	must(t, s.FinishAudit(t.Context(), ended))
	same(t, "audits", []string{"audit-2", "audit-5"}, keptAudits(t, s))
}

func historyOutlives(t *testing.T, s store.Store) {
	ctx := t.Context()
	keep := func(n int, statuses ...control.Status) {
		p := store.Part{Location: location("1", "a"), Settled: []control.ID{control.DevEndpointS3}}
		for i, status := range statuses {
			p.Findings = append(p.Findings, Finding("1", "a", string(rune('a'+i)), status))
		}
		write(t, s, head(n), p)
	}
	history := func(name string) finding.History {
		return got[finding.History](t)(s.History(ctx, Finding("1", "a", name, control.Fail).ID))
	}
	keep(1, control.Fail, control.Fail)
	keep(2, control.Pass)
	before := history("b")
	drop(t, s, 1, 0, 1)
	same(t, "history of one that is gone", before, history("b"))
	keep(3, control.Fail, control.Fail)
	same(t, "history of one that failed, passed and failed", finding.History{
		FirstSeen: Start(1), LastSeen: Start(3), ResolvedAt: Start(2), ReopenedAt: Start(3),
	}, history("a"))
	same(t, "history of one that failed, was gone and failed", finding.History{
		FirstSeen: Start(1), LastSeen: Start(3), ResolvedAt: Start(2), ReopenedAt: Start(3),
	}, history("b"))
}

func droppedUnfinished(t *testing.T, s store.Store) {
	must(t, s.BeginAudit(t.Context(), head(1)))
	must(t, s.AddPart(t.Context(), head(1).ID, store.Part{Location: location("1", "a"), Findings: Various(5)}))
	drop(t, s, 1, 2, 1)
	if err := s.FinishAudit(t.Context(), head(1)); !errors.Is(err, store.ErrState) {
		t.Errorf("got %v, want ErrState", err)
	}
	if _, err := s.History(t.Context(), Various(5)[0].ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("history: %v, want ErrNotFound", err)
	}
}

func neverAll(t *testing.T, s store.Store) {
	Keep(t, s, 1, nil)
	for _, keep := range []int{0, -1} {
		if _, err := s.DropAudits(t.Context(), keep, Start(9)); !errors.Is(err, store.ErrState) {
			t.Errorf("keep %d: %v, want ErrState", keep, err)
		}
	}
	same(t, "audits", []string{"audit-1"}, keptAudits(t, s))
}
