package api

import (
	"context"
	"errors"
	"slices"

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

// compare lists what became of findings between two audits: first those that the newer one has.
func (s *Server) compare(ctx context.Context, now, then store.Audit, fates []report.Fate, offset, limit int) (openapi.Comparison, error) {
	newer, older := source{ctx, s.o.Store, now}, source{ctx, s.o.Store, then}
	c, err := report.Compare(ctx, newer, older, s.o.Store)
	if err != nil {
		return openapi.Comparison{}, err
	}
	out := openapi.Comparison{Audit: auditOf(now), Since: auditOf(then), Counts: c.Counts, Items: []openapi.FindingFate{}}
	if len(fates) == 0 {
		fates = slices.DeleteFunc(report.Fates(), func(f report.Fate) bool { return f == report.Unchanged })
	}
	for _, f := range fates {
		out.Total += countOf(c.Counts, f)
	}
	from, most := window(offset, limit)
	seen := 0
	take := func(f finding.Finding, fate report.Fate, gone bool) error {
		if !slices.Contains(fates, fate) {
			return nil
		}
		if seen++; seen > from {
			out.Items = append(out.Items, openapi.FindingFate{Fate: fate, Finding: complete(f), Gone: gone})
		}
		if len(out.Items) == most {
			return errEnough
		}
		return nil
	}
	err = newer.EachFinding(func(f finding.Finding) error { return take(f, c.Of(f.ID), false) })
	if err == nil {
		err = c.EachGone(func(f finding.Finding, fate report.Fate) error { return take(f, fate, true) })
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, err
}

func countOf(c report.FateCounts, f report.Fate) int {
	switch f {
	case report.New:
		return c.New
	case report.Reopened:
		return c.Reopened
	case report.Exempted:
		return c.Exempted
	case report.NotRead:
		return c.NotRead
	case report.Resolved:
		return c.Resolved
	}
	return c.Unchanged
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
