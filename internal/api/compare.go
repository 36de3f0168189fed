package api

import (
	"context"
	"slices"
	"sync"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
)

// CompareAudits implements openapi.StrictServerInterface.
func (s *Server) CompareAudits(ctx context.Context, r openapi.CompareAuditsRequestObject) (openapi.CompareAuditsResponseObject, error) {
	if _, err := s.allow(ctx, "compareAudits"); err != nil {
		return nil, err
	}
	now, err := s.head(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	then, err := s.head(ctx, r.Other)
	switch {
	case err != nil:
		return nil, err
	case now.ID == then.ID:
		return nil, sense("An audit can't be compared with itself.")
	case now.StartedAt.Before(then.StartedAt):
		return nil, sense("Audit %s began before audit %s: compare them the other way round.", now.ID, then.ID)
	}
	c, err := s.compare(ctx, now, then, r.Params.Fate, r.Params.Offset, r.Params.Limit)
	if err != nil {
		return nil, err
	}
	return openapi.CompareAudits200JSONResponse(c), nil
}

// fate is what became of one finding.
type fate struct {
	id   string
	is   report.Fate
	gone bool // the newer audit does not have it
}

// compared is what became of findings between two stored audits, which don't change: first of those that the newer one
// has, in its order.
type compared struct {
	now, then string
	counts    report.FateCounts
	fates     []fate
}

// comparisons keeps the last few, since their pages are asked for one after the other.
type comparisons struct {
	mu   sync.Mutex
	kept []compared
}

// keptComparisons is how many are kept.
const keptComparisons = 4

// compared returns what became of findings. What is not kept is made while others wait for it.
func (s *Server) compared(ctx context.Context, now, then store.Audit) (compared, error) {
	k := &s.comparisons
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.kept, func(c compared) bool { return c.now == now.ID && c.then == then.ID })
	if i >= 0 {
		return k.kept[i], nil
	}
	newer, older := source{ctx, s.o.Store, now}, source{ctx, s.o.Store, then}
	found, err := report.Compare(ctx, newer, older, s.o.Store)
	if err != nil {
		return compared{}, err
	}
	made := compared{now: now.ID, then: then.ID, counts: found.Counts}
	err = newer.EachFinding(func(f finding.Finding) error {
		if is := found.Of(f.ID); is != "" {
			made.fates = append(made.fates, fate{id: f.ID, is: is})
		}
		return nil
	})
	if err == nil {
		err = found.EachGone(func(f finding.Finding, is report.Fate) error {
			made.fates = append(made.fates, fate{id: f.ID, is: is, gone: true})
			return nil
		})
	}
	if err != nil {
		return compared{}, err
	}
	k.kept = append(k.kept, made)
	k.kept = slices.Delete(k.kept, 0, max(0, len(k.kept)-keptComparisons))
	return made, nil
}

// compare shows a page of what became of findings between two audits.
func (s *Server) compare(ctx context.Context, now, then store.Audit, fates []report.Fate, offset, limit int) (openapi.Comparison, error) {
	c, err := s.compared(ctx, now, then)
	if err != nil {
		return openapi.Comparison{}, err
	}
	if len(fates) == 0 {
		fates = slices.DeleteFunc(report.Fates(), func(f report.Fate) bool { return f == report.Unchanged })
	}
	out := openapi.Comparison{Audit: auditOf(now), Since: auditOf(then), Counts: c.counts, Items: []openapi.FindingFate{}}
	from, most := window(offset, limit)
	for _, f := range c.fates {
		if !slices.Contains(fates, f.is) {
			continue
		}
		if out.Total >= from && len(out.Items) < most {
			audit := now.ID
			if f.gone {
				audit = then.ID
			}
			found, err := s.o.Store.Finding(ctx, audit, f.id)
			if err != nil {
				return out, err
			}
			out.Items = append(out.Items, openapi.FindingFate{Fate: f.is, Finding: complete(found), Gone: f.gone})
		}
		out.Total++
	}
	return out, nil
}

// complete replaces what is nil in a finding by what is empty: the document has lists and objects there, never null.
func complete(f finding.Finding) finding.Finding {
	if f.Resource.Tags == nil {
		f.Resource.Tags = map[string]string{}
	}
	if f.Advisories == nil {
		f.Advisories = []control.Advisory{}
	}
	return f
}
