package report

import (
	"context"
	"errors"
	"fmt"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// Settled knows for which controls an audit saw everything, by account and region.
type Settled map[resource.Location]map[control.ID]bool

// SettledBy reads what an audit settled.
func SettledBy(ctx context.Context, m store.SettledReader, auditID string) (Settled, error) {
	s := Settled{}
	err := m.EachSettled(ctx, auditID, func(l resource.Location, ids []control.ID) error {
		l.Partition = ""
		if s[l] == nil {
			s[l] = map[control.ID]bool{}
		}
		for _, id := range ids {
			s[l][id] = true
		}
		return nil
	})
	return s, err
}

// Gone tells whether a finding that the audit does not have is gone: whether each location that showed it is settled. own
// is where its resource is, and what is gone by where the store does not know the finding. A key may have been shown by
// any location, so a key that the store does not know is never gone.
func (s Settled) Gone(ctx context.Context, m store.SettledReader, findingID string, id control.ID, own resource.Location) (bool, error) {
	places, err := m.ShownBy(ctx, findingID)
	switch {
	case errors.Is(err, store.ErrNotFound) && id == control.KeyManagement:
		return false, nil
	case errors.Is(err, store.ErrNotFound):
		places = []resource.Location{own}
	case err != nil:
		return false, err
	}
	for _, l := range places {
		l.Partition = ""
		if !s[l][id] {
			return false, nil
		}
	}
	return len(places) > 0, nil
}

// mostOlder is how many audits before the earlier one are looked at for what it has not seen.
const mostOlder = 200

// audits is what a Memory may offer beside findings: all stored audits.
type audits interface {
	store.AuditReader
	store.AuditLister
}

// past is an older audit that stands in where the one to compare with did not look.
type past struct {
	id   string
	each func(yield func(finding.Finding) error) error
	sees func(finding.Finding) (bool, error) // whether it counts for a finding
}

// standIns finds, for what the later audit has settled and the earlier one has not, the newest audits before the earlier
// one that have: none where the two looked at the same, as they mostly do.
func standIns(ctx context.Context, now Settled, then store.Audit, m Memory) ([]past, error) {
	stored, ok := m.(audits)
	if !ok {
		return nil, nil
	}
	seen, err := SettledBy(ctx, m, then.ID)
	if err != nil {
		return nil, err
	}
	open := now.without(seen)
	if len(open) == 0 {
		return nil, nil
	}
	var heads []string
	err = stored.EachAudit(ctx, func(a store.Audit) error {
		if a.ID != then.ID && !a.StartedAt.After(then.StartedAt) {
			heads = append(heads, a.ID)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the audits: %w", err)
	}
	var found []past
	for i := len(heads) - 1; i >= 0 && i >= len(heads)-mostOlder && len(open) > 0; i-- {
		id := heads[i]
		seen, err := SettledBy(ctx, m, id)
		if err != nil {
			return nil, err
		}
		left := open.without(seen)
		if sees := open.without(left); len(sees) > 0 {
			each := func(yield func(finding.Finding) error) error { return stored.EachFinding(ctx, id, yield) }
			found = append(found, past{id: id, each: each, sees: sees.shows(ctx, m)})
		}
		open = left
	}
	return found, nil
}

// shows tells of findings whether a place that shows them is settled: their own, or for a key one that uses it.
func (s Settled) shows(ctx context.Context, m store.SettledReader) func(finding.Finding) (bool, error) {
	return func(f finding.Finding) (bool, error) {
		if s[resource.Location{Account: f.Resource.Account, Region: f.Resource.Region}][f.Control] {
			return true, nil
		}
		if f.Control != control.KeyManagement {
			return false, nil
		}
		places, err := m.ShownBy(ctx, f.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
		for _, l := range places {
			l.Partition = ""
			if s[l][f.Control] {
				return true, nil
			}
		}
		return false, nil
	}
}

// without returns what is settled here and not there.
func (s Settled) without(other Settled) Settled {
	rest := Settled{}
	for l, controls := range s {
		for id := range controls {
			if other[l][id] {
				continue
			}
			if rest[l] == nil {
				rest[l] = map[control.ID]bool{}
			}
			rest[l][id] = true
		}
	}
	return rest
}

// eachBefore streams what was known of findings: as the earlier audit has them, and where it did not look, as those that
// stand in for it.
func (c *Comparison) eachBefore(yield func(finding.Finding) error) error {
	var known map[string]bool // what the earlier audit has judged; only where others stand in
	if len(c.older) > 0 {
		known = map[string]bool{}
	}
	err := c.then.EachFinding(func(f finding.Finding) error {
		if known != nil && f.Status != control.Unknown {
			known[f.ID] = true
		}
		return yield(f)
	})
	if err != nil {
		return fmt.Errorf("read audit %s: %w", c.then.Head().ID, err)
	}
	for _, p := range c.older {
		err := p.each(func(f finding.Finding) error {
			if known[f.ID] {
				return nil
			}
			sees, err := p.sees(f)
			if err != nil || !sees {
				return err
			}
			return yield(f)
		})
		if err != nil {
			return fmt.Errorf("read audit %s: %w", p.id, err)
		}
	}
	return nil
}
