package api

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// ListFindings implements openapi.StrictServerInterface.
func (s *Server) ListFindings(ctx context.Context, r openapi.ListFindingsRequestObject) (openapi.ListFindingsResponseObject, error) {
	if _, err := s.allow(ctx, "listFindings"); err != nil {
		return nil, err
	}
	p := r.Params
	a, err := s.head(ctx, p.Audit)
	if err != nil {
		return nil, err
	}
	q := query(a.ID, p)
	q.Offset, q.Limit = window(p.Offset, p.Limit)
	found, err := s.o.Store.FindFindings(ctx, q)
	if err != nil {
		return nil, err
	}
	out := openapi.ListFindings200JSONResponse{Audit: a.ID, Items: []openapi.Finding{}, Total: found.Total}
	for _, f := range found.Findings {
		out.Items = append(out.Items, complete(f))
	}
	if p.Facets {
		if out.Facets, err = s.o.Store.Facets(ctx, q); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// query is the store's question for the parameters of a list.
func query(audit string, p openapi.ListFindingsParams) store.FindingQuery {
	return store.FindingQuery{
		Audit: audit, Controls: as[control.ID](p.Control), Types: as[resource.Type](p.Type), Accounts: p.Account, Regions: p.Region,
		Statuses: p.Status, Modes: as[resource.Mode](p.Mode), Reasons: as[control.Reason](p.Reason), Tags: p.Tag, Search: p.Q,
		Resource: p.Resource, Sort: p.Sort, Reverse: p.Reverse,
	}
}

// as gives strings their type.
func as[T ~string](list []string) []T {
	var typed []T
	for _, s := range list {
		typed = append(typed, T(s))
	}
	return typed
}

// ExportFindings implements openapi.StrictServerInterface.
func (s *Server) ExportFindings(ctx context.Context, r openapi.ExportFindingsRequestObject) (openapi.ExportFindingsResponseObject, error) {
	if _, err := s.allow(ctx, "exportFindings"); err != nil {
		return nil, err
	}
	p := r.Params
	a, err := s.head(ctx, p.Audit)
	if err != nil {
		return nil, err
	}
	format, err := report.Lookup("csv")
	if err != nil {
		return nil, err
	}
	part := selection{
		source: source{ctx: ctx, store: s.o.Store, head: a},
		query: query(a.ID, openapi.ListFindingsParams{
			Control: p.Control, Type: p.Type, Account: p.Account, Region: p.Region, Status: p.Status, Mode: p.Mode, Reason: p.Reason,
			Tag: p.Tag, Q: p.Q, Resource: p.Resource, Sort: p.Sort, Reverse: p.Reverse,
		}),
	}
	writer := format.New(report.Look{Now: s.o.Now(), Version: s.o.Version})
	return file{
		kind: "text/csv; charset=utf-8", name: fmt.Sprintf("glueguard-%s.csv", a.ID),
		write: func(w io.Writer) error { return writer.Write(w, part) },
	}, nil
}

// selection is the part of an audit that a query chooses, to be written as a report.
type selection struct {
	source
	query store.FindingQuery
}

// exportPage is how many findings are read at once.
const exportPage = 2000

// EachCoverage implements report.Source: a selection of findings says nothing of what was read.
func (s selection) EachCoverage(func(resource.Coverage) error) error { return nil }

// EachFinding implements report.Source.
func (s selection) EachFinding(yield func(finding.Finding) error) error {
	q := s.query
	q.Limit = exportPage
	for {
		found, err := s.store.FindFindings(s.ctx, q)
		if err != nil {
			return err
		}
		for _, f := range found.Findings {
			if err := yield(f); err != nil {
				return err
			}
		}
		q.Offset += len(found.Findings)
		if len(found.Findings) == 0 || q.Offset >= found.Total {
			return nil
		}
	}
}

// GetFinding implements openapi.StrictServerInterface.
func (s *Server) GetFinding(ctx context.Context, r openapi.GetFindingRequestObject) (openapi.GetFindingResponseObject, error) {
	if _, err := s.allow(ctx, "getFinding"); err != nil {
		return nil, err
	}
	a, err := s.head(ctx, r.Params.Audit)
	if err != nil {
		return nil, err
	}
	f, err := s.o.Store.Finding(ctx, a.ID, r.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, missing("finding", r.ID)
	}
	if err != nil {
		return nil, err
	}
	d, err := s.detail(ctx, a.ID, f)
	if err != nil {
		return nil, err
	}
	return openapi.GetFinding200JSONResponse(d), nil
}

// detail adds a finding's history.
func (s *Server) detail(ctx context.Context, audit string, f finding.Finding) (openapi.FindingDetail, error) {
	h, err := s.o.Store.History(ctx, f.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return openapi.FindingDetail{}, err
	}
	return openapi.FindingDetail{Audit: audit, Finding: complete(f), History: h}, nil
}
