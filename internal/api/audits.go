package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// latest names the newest audit that came to its end and was not of single resources alone: pages show where everything
// stands.
const latest = "latest"

// head returns an audit's head; the empty id is the latest.
func (s *Server) head(ctx context.Context, id string) (store.Audit, error) {
	if id == "" || id == latest {
		id = store.LatestWhole
	}
	a, err := s.o.Store.Audit(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		if id == store.LatestWhole {
			return a, problem(404, CodeNotFound, "There is no audit yet.").hint("Run one: it only reads.")
		}
		return a, missing("audit", id)
	}
	return a, err
}

func auditOf(a store.Audit) openapi.Audit {
	return openapi.Audit{
		ID: a.ID, StartedAt: a.StartedAt, FinishedAt: a.FinishedAt, Summary: a.Summary,
		Policy: plan.PolicyRef{Profile: a.PolicyProfile, Digest: a.PolicyDigest},
	}
}

// audits lists the heads of all audits, the newest first.
func (s *Server) audits(ctx context.Context) ([]store.Audit, error) {
	var all []store.Audit
	err := s.o.Store.EachAudit(ctx, func(a store.Audit) error {
		all = append(all, a)
		return nil
	})
	slices.Reverse(all)
	return all, err
}

// whole lists the heads of the audits that were not of single resources alone, the newest first; where there are none,
// of all.
func (s *Server) whole(ctx context.Context) ([]store.Audit, error) {
	all, err := s.audits(ctx)
	if err != nil {
		return nil, err
	}
	some := slices.DeleteFunc(slices.Clone(all), func(a store.Audit) bool { return a.Partial })
	if len(some) == 0 {
		return all, nil
	}
	return some, nil
}

// The sizes of pages.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// window is the part of a list that a page shows.
func window(offset, limit int) (from, most int) {
	if limit <= 0 {
		limit = defaultLimit
	}
	return max(offset, 0), min(limit, maxLimit)
}

// page cuts a page out of a list. It is never nil.
func page[T any](all []T, offset, limit int) []T {
	from, most := window(offset, limit)
	from = min(from, len(all))
	return append([]T{}, all[from:min(from+most, len(all))]...)
}

// ListAudits implements openapi.StrictServerInterface.
func (s *Server) ListAudits(ctx context.Context, r openapi.ListAuditsRequestObject) (openapi.ListAuditsResponseObject, error) {
	if _, err := s.allow(ctx, "listAudits"); err != nil {
		return nil, err
	}
	all, err := s.audits(ctx)
	if err != nil {
		return nil, err
	}
	out := openapi.ListAudits200JSONResponse{Items: []openapi.Audit{}, Total: len(all)}
	for _, a := range page(all, r.Params.Offset, r.Params.Limit) {
		out.Items = append(out.Items, auditOf(a))
	}
	return out, nil
}

// GetAudit implements openapi.StrictServerInterface.
func (s *Server) GetAudit(ctx context.Context, r openapi.GetAuditRequestObject) (openapi.GetAuditResponseObject, error) {
	if _, err := s.allow(ctx, "getAudit"); err != nil {
		return nil, err
	}
	a, err := s.head(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return openapi.GetAudit200JSONResponse(auditOf(a)), nil
}

// ListCoverage implements openapi.StrictServerInterface.
func (s *Server) ListCoverage(ctx context.Context, r openapi.ListCoverageRequestObject) (openapi.ListCoverageResponseObject, error) {
	if _, err := s.allow(ctx, "listCoverage"); err != nil {
		return nil, err
	}
	a, err := s.head(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out := openapi.ListCoverage200JSONResponse{Audit: a.ID, Items: []openapi.CoverageLine{}}
	from, most := window(r.Params.Offset, r.Params.Limit)
	err = s.o.Store.EachCoverage(ctx, a.ID, func(c resource.Coverage) error {
		unread := c.Unread()
		if unread {
			out.Unread++
		}
		if r.Params.Unread && !unread || !chosen(r.Params.Account, c.Account) || !chosen(r.Params.Region, c.Region) {
			return nil
		}
		if out.Total >= from && len(out.Items) < most {
			out.Items = append(out.Items, openapi.CoverageLine{Coverage: c, Unread: unread, Advice: capital(report.UnreadAdvice(c))})
		}
		out.Total++
		return nil
	})
	return out, err
}

// chosen tells whether a filter lets a value through: one that says nothing lets all.
func chosen[T comparable](filter []T, value T) bool {
	return len(filter) == 0 || slices.Contains(filter, value)
}

// source is a stored audit, to be written as a report or compared.
type source struct {
	ctx   context.Context //nolint:containedctx // report.Source has no other way
	store Store
	head  store.Audit
}

// Head implements report.Source.
func (s source) Head() store.Audit { return s.head }

// EachCoverage implements report.Source.
func (s source) EachCoverage(yield func(resource.Coverage) error) error {
	return s.store.EachCoverage(s.ctx, s.head.ID, yield)
}

// EachFinding implements report.Source.
func (s source) EachFinding(yield func(finding.Finding) error) error {
	return s.store.EachFinding(s.ctx, s.head.ID, yield)
}

// errEnough ends a listing.
var errEnough = errors.New("enough was listed")

// EachAudit implements report.Trend.
func (s source) EachAudit(yield func(store.Audit) error) error {
	err := s.store.EachAudit(s.ctx, func(a store.Audit) error {
		if a.StartedAt.After(s.head.StartedAt) {
			return errEnough
		}
		return yield(a)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// contentType is that of a report format, and the end of its file's name.
func contentType(format string) (kind, suffix string) {
	switch format {
	case "json", "ocsf", "asff":
		return "application/json", format + ".json"
	case "jsonl":
		return "application/x-ndjson", "jsonl"
	case "markdown":
		return "text/markdown; charset=utf-8", "md"
	case "csv":
		return "text/csv; charset=utf-8", "csv"
	case "html":
		return "text/html; charset=utf-8", "html"
	case "junit":
		return "application/xml", "junit.xml"
	case "sarif":
		return "application/sarif+json", "sarif"
	}
	return "text/plain; charset=utf-8", "txt"
}

// ExportReport implements openapi.StrictServerInterface.
func (s *Server) ExportReport(ctx context.Context, r openapi.ExportReportRequestObject) (openapi.ExportReportResponseObject, error) {
	if _, err := s.allow(ctx, "exportReport"); err != nil {
		return nil, err
	}
	a, err := s.head(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	format, err := report.Lookup(string(r.Format))
	if err != nil {
		return nil, missing("report format", string(r.Format))
	}
	kind, suffix := contentType(format.Name)
	writer := format.New(report.Look{Now: s.o.Now(), Version: s.o.Version})
	return file{
		kind: kind, name: fmt.Sprintf("glueguard-%s.%s", a.ID, suffix),
		write: func(w io.Writer) error { return writer.Write(w, source{ctx: ctx, store: s.o.Store, head: a}) },
	}, nil
}
