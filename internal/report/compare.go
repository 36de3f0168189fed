package report

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// Fate is what became of a finding between two audits. A finding that failed in neither has none.
type Fate string

// The fates. What is not known to be repaired is never resolved.
const (
	New       Fate = "new"       // fails, and was not known to fail
	Reopened  Fate = "reopened"  // fails again: it was resolved before, or its exception has ended
	Unchanged Fate = "unchanged" // fails as it did
	Exempted  Fate = "exempted"  // failed, and is excepted now
	NotRead   Fate = "not_read"  // failed, and could not be judged now, or was not in this audit's scope
	Resolved  Fate = "resolved"  // failed, and passes now, or is gone
)

// Fates lists them in the order of reports: what asks for something first.
func Fates() []Fate { return []Fate{New, Reopened, NotRead, Resolved, Exempted, Unchanged} }

// words is a fate as people read it.
func (f Fate) words() string { return strings.ReplaceAll(string(f), "_", " ") }

// FateCounts counts findings by what became of them.
type FateCounts struct {
	New       int `json:"new"`
	Reopened  int `json:"reopened"`
	Unchanged int `json:"unchanged"`
	Exempted  int `json:"exempted"`
	NotRead   int `json:"not_read"`
	Resolved  int `json:"resolved"`
}

func (c *FateCounts) of(f Fate) *int {
	switch f {
	case New:
		return &c.New
	case Reopened:
		return &c.Reopened
	case Exempted:
		return &c.Exempted
	case NotRead:
		return &c.NotRead
	case Resolved:
		return &c.Resolved
	}
	return &c.Unchanged
}

// Memory is what a comparison asks beyond its two audits.
type Memory interface {
	store.HistoryReader
	store.SettledReader
}

// Comparison is what became of the failing findings of an earlier audit, and which ones are new. Where the earlier audit
// did not look, the newest one before it that did counts: what was known then.
type Comparison struct {
	Counts FateCounts

	then   Source
	older  []past            // audits that stand in for it
	fates  map[string]Fate   // of the findings that the later audit has; unchanged ones are left out
	gone   map[string]Fate   // of those that it does not have
	fails  map[string]bool   // failed in both
	was    known             // of all that was known before
	few    []finding.Finding // those that are gone, unless they are too many to keep
	absent func(finding.Finding) (Fate, error)
}

// mostKept is how many findings that are gone are kept, so that each report need not search the earlier audit for them.
const mostKept = 1000

// known are findings' statuses in short: a hash of the id, and the word's first letter, which tells them apart.
type known struct {
	seed maphash.Seed
	of   map[uint64]byte
}

func (k known) put(f finding.Finding) {
	if f.Status != "" {
		k.of[maphash.String(k.seed, f.ID)] = f.Status[0]
	}
}

// tells tells whether there was a finding of that id, and whether it had that status.
func (k known) tells(f finding.Finding) (was, same bool) {
	letter, was := k.of[maphash.String(k.seed, f.ID)]
	return was, was && f.Status != "" && letter == f.Status[0]
}

// Then is the head of the earlier audit.
func (c *Comparison) Then() store.Audit { return c.then.Head() }

// Of returns what became of a finding that the later audit has; empty for one that failed in neither, and where
// nothing was compared.
func (c *Comparison) Of(findingID string) Fate {
	if c == nil {
		return ""
	}
	if fate, ok := c.fates[findingID]; ok {
		return fate
	}
	if c.fails[findingID] {
		return Unchanged
	}
	return ""
}

// EachGone streams the findings that failed in the earlier audit and that the later one does not have, as they were.
func (c *Comparison) EachGone(yield func(finding.Finding, Fate) error) error {
	for _, f := range c.few {
		if err := yield(f, c.gone[f.ID]); err != nil {
			return err
		}
	}
	if len(c.gone) == len(c.few) {
		return nil
	}
	return c.eachBefore(func(f finding.Finding) error {
		if fate, ok := c.gone[f.ID]; ok && f.Status == control.Fail {
			return yield(f, fate)
		}
		return nil
	})
}

// Compare compares an audit with an earlier one. It keeps a few bytes of each of their findings.
func Compare(ctx context.Context, now, then Source, m Memory) (*Comparison, error) {
	c := &Comparison{
		then: then, fates: map[string]Fate{}, gone: map[string]Fate{}, fails: map[string]bool{},
		was: known{maphash.MakeSeed(), map[uint64]byte{}},
	}
	settled, err := SettledBy(ctx, m, now.Head().ID)
	if err != nil {
		return nil, err
	}
	if c.older, err = standIns(ctx, settled, then.Head(), m); err != nil {
		return nil, err
	}
	c.absent = func(f finding.Finding) (Fate, error) { return settled.fate(ctx, m, f) }
	before := map[string]control.Status{} // what failed or was excepted, and unknown ones are not among them
	err = c.eachBefore(func(f finding.Finding) error {
		c.was.put(f)
		if f.Status == control.Fail || f.Status == control.Exempt {
			before[f.ID] = f.Status
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var fresh []string // fail now and did not
	err = now.EachFinding(func(f finding.Finding) error {
		was, known := before[f.ID]
		delete(before, f.ID)
		switch {
		case f.Status == control.Fail && was == control.Exempt:
			c.fates[f.ID] = Reopened
		case f.Status == control.Fail && !known:
			fresh = append(fresh, f.ID)
		case was != control.Fail:
		case f.Status == control.Fail:
			c.fails[f.ID] = true
		default:
			c.fates[f.ID] = since(f.Status)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read audit %s: %w", now.Head().ID, err)
	}
	for _, id := range fresh {
		if c.fates[id], err = appeared(ctx, id, now.Head(), then.Head(), m); err != nil {
			return nil, err
		}
	}
	if err := c.missing(before); err != nil {
		return nil, err
	}
	c.count()
	return c, nil
}

// since is what became of a finding that failed, and does not any more.
func since(status control.Status) Fate {
	switch status {
	case control.Pass, control.NotApplicable:
		return Resolved
	case control.Exempt:
		return Exempted
	}
	return NotRead
}

// appeared tells a new finding from one that failed before, was resolved, and fails again.
func appeared(ctx context.Context, id string, now, then store.Audit, m Memory) (Fate, error) {
	h, err := m.History(ctx, id)
	if errors.Is(err, store.ErrNotFound) { // the audit never came to its end
		return New, nil
	}
	if err != nil {
		return "", err
	}
	settledBefore := !h.ResolvedAt.IsZero() && !h.ResolvedAt.After(then.StartedAt)
	reopenedSince := h.ReopenedAt.After(then.StartedAt) && !h.ReopenedAt.After(now.StartedAt)
	if settledBefore || reopenedSince {
		return Reopened, nil
	}
	return New, nil
}

// missing judges the findings that the later audit does not have.
func (c *Comparison) missing(before map[string]control.Status) error {
	failed := 0
	for _, was := range before {
		if was == control.Fail {
			failed++
		}
	}
	if failed == 0 {
		return nil
	}
	return c.eachBefore(func(f finding.Finding) (err error) {
		if _, judged := c.gone[f.ID]; judged || before[f.ID] != control.Fail || f.Status != control.Fail {
			return nil
		}
		if failed <= mostKept {
			c.few = append(c.few, f)
		}
		c.gone[f.ID], err = c.absent(f)
		return err
	})
}

// fate is what became of a finding that the later audit does not have: it is resolved where all of the places that showed
// it were seen.
func (s Settled) fate(ctx context.Context, m store.SettledReader, f finding.Finding) (Fate, error) {
	own := resource.Location{Account: f.Resource.Account, Region: f.Resource.Region}
	gone, err := s.Gone(ctx, m, f.ID, f.Control, own)
	if gone {
		return Resolved, err
	}
	return NotRead, err
}

func (c *Comparison) count() {
	for _, all := range []map[string]Fate{c.fates, c.gone} {
		for _, f := range all {
			*c.Counts.of(f)++
		}
	}
	c.Counts.Unchanged = len(c.fails)
}
