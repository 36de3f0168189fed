package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// round is what one audit says of the finding under test: its status, or that it is gone; and what was settled.
type round struct {
	status  control.Status // empty: the audit does not have it
	settled []string       // regions of account 1 in which the finding's control was settled
}

func testHistory(t *testing.T, open Open) {
	t.Helper()
	fail, pass, unknown := round{status: control.Fail}, round{status: control.Pass}, round{status: control.Unknown}
	own := round{settled: []string{"a"}}
	for name, c := range map[string]struct {
		rounds []round
		seenIn []string // regions that show the finding; none: its own, a
		want   finding.History
	}{
		"failing stays open":             {[]round{fail, fail}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(1)}},
		"a pass resolves":                {[]round{fail, pass}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(1), ResolvedAt: Start(1)}},
		"always passing is not resolved": {[]round{pass, pass}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(1)}},
		"being deleted resolves":         {[]round{fail, {status: control.NotApplicable}}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(1), ResolvedAt: Start(1)}},
		"an exemption resolves nothing":  {[]round{fail, {status: control.Exempt}}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(1)}},
		"unknown changes nothing":        {[]round{fail, unknown}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(1)}},
		"unknown between keeps it open":  {[]round{fail, unknown, pass}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(2), ResolvedAt: Start(2)}},
		"unknown first, then failing":    {[]round{unknown, fail}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(1)}},
		"gone and its listing ok":        {[]round{fail, own}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(0), ResolvedAt: Start(1)}},
		"gone but its listing failed":    {[]round{fail, {}}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(0)}},
		"gone, another listing ok":       {[]round{fail, {settled: []string{"b"}}}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(0)}},
		"gone after a pass":              {[]round{fail, pass, own}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(1), ResolvedAt: Start(1)}},
		"reopened":                       {[]round{fail, pass, fail}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(2), ResolvedAt: Start(1), ReopenedAt: Start(2)}},
		"reopened after it was gone":     {[]round{fail, own, fail}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(2), ResolvedAt: Start(1), ReopenedAt: Start(2)}},
		"resolved again":                 {[]round{fail, pass, fail, own}, nil, finding.History{FirstSeen: Start(0), LastSeen: Start(2), ResolvedAt: Start(3), ReopenedAt: Start(2)}},
		"seen elsewhere, one not ok":     {[]round{fail, {settled: []string{"a", "b"}}}, []string{"b", "c"}, finding.History{FirstSeen: Start(0), LastSeen: Start(0)}},
		"seen elsewhere, all ok":         {[]round{fail, {settled: []string{"b", "c"}}}, []string{"b", "c"}, finding.History{FirstSeen: Start(0), LastSeen: Start(0), ResolvedAt: Start(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			for i, r := range c.rounds {
				write(t, s, head(i), r.parts(c.seenIn)...)
			}
			got, err := s.History(t.Context(), subject("").ID)
			must(t, err)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("history (-want +got):\n%s", d)
			}
		})
	}
}

func subject(status control.Status) finding.Finding { return Finding("1", "a", "dev", status) }

func (r round) parts(seenIn []string) []store.Part {
	var parts []store.Part
	if r.status != "" {
		f := subject(r.status)
		p := store.Part{Location: location("1", "a"), Findings: []finding.Finding{f}}
		for _, region := range seenIn {
			if p.SeenIn == nil {
				p.SeenIn = map[string][]resource.Location{}
			}
			p.SeenIn[f.ID] = append(p.SeenIn[f.ID], location("1", region))
		}
		parts = append(parts, p)
	}
	for _, region := range r.settled {
		parts = append(parts, store.Part{Location: location("1", region), Settled: []control.ID{"other", control.DevEndpointS3}})
	}
	return parts
}

// model says in Go what a store must say of one finding that its own location shows.
type model struct {
	finding.History
	seen, failing, wasResolved bool
}

func (m *model) take(r round, at time.Time) {
	if r.status == "" {
		if m.failing && len(r.settled) > 0 {
			m.failing, m.wasResolved, m.ResolvedAt = false, true, at
		}
		return
	}
	if !m.seen {
		m.seen, m.FirstSeen = true, at
	}
	m.LastSeen = at
	switch r.status {
	case control.Fail, control.Exempt:
		if !m.failing && m.wasResolved {
			m.ReopenedAt = at
		}
		m.failing = true
	case control.Pass, control.NotApplicable:
		if m.failing {
			m.wasResolved, m.ResolvedAt = true, at
		}
		m.failing = false
	}
}

// propertyHistory tries any sequence of audits on several findings at once, all in one store.
func propertyHistory(t *testing.T, open Open) {
	s := open(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		account := fmt.Sprintf("%012d", run)
		var m model
		id := Finding(account, "a", "dev", control.Fail).ID
		for i := range rapid.IntRange(1, 8).Draw(rt, "audits") {
			r := round{status: rapid.SampledFrom([]control.Status{
				"", control.Pass, control.Fail, control.Unknown, control.Exempt, control.NotApplicable,
			}).Draw(rt, "status")}
			p := store.Part{Location: location(account, "a")}
			if r.status != "" {
				p.Findings = []finding.Finding{Finding(account, "a", "dev", r.status)}
			}
			if rapid.Bool().Draw(rt, "settled") {
				r.settled = []string{"a"}
				p.Settled = []control.ID{control.DevEndpointS3}
			}
			a := head(i)
			a.ID = fmt.Sprintf("%s-%d", account, i)
			write(t, s, a, p)
			m.take(r, a.StartedAt)
		}
		if !m.seen {
			return
		}
		got, err := s.History(t.Context(), id)
		if err != nil {
			rt.Fatal(err)
		}
		if d := cmp.Diff(m.History, got); d != "" {
			rt.Fatalf("history (-model +store):\n%s", d)
		}
	})
}
