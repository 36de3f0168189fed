package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/index"
)

// IndexAudit implements store.Findings.
func (s *Store) IndexAudit(ctx context.Context, auditID string) error {
	return s.indexed(ctx, auditID, func(int64, *index.Index) error { return nil })
}

// FindFindings implements store.Findings.
func (s *Store) FindFindings(ctx context.Context, q store.FindingQuery) (page store.FindingPage, err error) {
	err = s.indexed(ctx, q.Audit, func(audit int64, x *index.Index) error {
		places, total, err := x.Find(q)
		if err != nil {
			return err
		}
		page.Total = total
		page.Findings, err = s.placed(ctx, audit, places)
		return err
	})
	return page, err
}

// Facets implements store.Findings.
func (s *Store) Facets(ctx context.Context, q store.FindingQuery) (facets []store.Facet, err error) {
	err = s.indexed(ctx, q.Audit, func(_ int64, x *index.Index) error {
		facets = x.Facets(q)
		return nil
	})
	return facets, err
}

// Posture implements store.Findings.
func (s *Store) Posture(ctx context.Context, auditID string) (cells []store.PostureCell, err error) {
	err = s.indexed(ctx, auditID, func(_ int64, x *index.Index) error {
		cells = x.Posture()
		return nil
	})
	return cells, err
}

// Finding implements store.Findings.
func (s *Store) Finding(ctx context.Context, auditID, findingID string) (f finding.Finding, err error) {
	err = s.indexed(ctx, auditID, func(audit int64, x *index.Index) error {
		place, ok := x.Place(findingID)
		if !ok {
			return fmt.Errorf("finding %s in audit %s: %w", findingID, auditID, store.ErrNotFound)
		}
		list, err := s.placed(ctx, audit, []uint32{place})
		if err == nil {
			f = list[0]
		}
		return err
	})
	return f, err
}

// errDropped means that an index was dropped while it was in use.
var errDropped = errors.New("the index of the audit was dropped")

// indexed asks the index of an audit. Where another process has dropped it meanwhile, it is read again; where findings
// are missing all the same, it is not as it was written, and is built anew.
func (s *Store) indexed(ctx context.Context, auditID string, ask func(audit int64, x *index.Index) error) error {
	audit, err := s.finished(ctx, auditID)
	if err != nil {
		return err
	}
	for again := range 3 {
		if again == 2 {
			if err := s.exec(ctx, "drop the index", `UPDATE finding_index SET complete = 0 WHERE audit = ?`, audit); err != nil {
				return err
			}
		}
		var x *index.Index
		if x, err = s.indexes.get(ctx, audit, again > 0); err != nil {
			return fmt.Errorf("index audit %s: %w", auditID, err)
		}
		if err = ask(audit, x); !errors.Is(err, errDropped) {
			return err
		}
	}
	return err
}

// finished returns the row of an audit that came to its end; store.ErrState where it has not.
func (s *Store) finished(ctx context.Context, auditID string) (int64, error) {
	which, args := named(auditID)
	type head struct{ seq, finished int64 }
	a, err := one(ctx, s, "audit "+auditID, func(scan func(...any) error) (head, error) {
		var a head
		err := scan(&a.seq, &a.finished)
		return a, err
	}, `SELECT seq, finished_at FROM audit WHERE dropped = 0 `+which, args...)
	if err == nil && a.finished == 0 {
		err = fmt.Errorf("audit %s has not come to its end: %w", auditID, store.ErrState)
	}
	return a.seq, err
}

// place is where indexed_finding has a finding of an audit.
func place(audit int64, n uint32) int64 { return audit<<32 | int64(n) }

// atOnce is how many findings are read by one statement.
const atOnce = 500

// placed reads findings by their places in an audit.
func (s *Store) placed(ctx context.Context, audit int64, places []uint32) ([]finding.Finding, error) {
	list := make([]finding.Finding, 0, len(places))
	for len(places) > 0 {
		n := min(atOnce, len(places))
		page, err := s.readPlaced(ctx, audit, places[:n])
		if err != nil {
			return nil, err
		}
		list, places = append(list, page...), places[n:]
	}
	return list, nil
}

func (s *Store) readPlaced(ctx context.Context, audit int64, places []uint32) ([]finding.Finding, error) {
	args := make([]any, len(places))
	order := make(map[int64]int, len(places))
	for i, n := range places {
		at := place(audit, n)
		args[i], order[at] = at, i
	}
	query := `SELECT at, finding FROM indexed_finding WHERE at IN (?` + strings.Repeat(",?", len(places)-1) + `)`
	type row struct {
		at      int64
		finding finding.Finding
	}
	rows, err := all(ctx, s, func(scan func(...any) error) (row, error) {
		var r row
		err := scan(&r.at, jsonOf{&r.finding})
		return r, err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: read findings: %w", s.path, classify(err))
	}
	if len(rows) != len(places) {
		return nil, errDropped
	}
	list := make([]finding.Finding, len(places))
	for _, r := range rows {
		list[order[r.at]] = r.finding
	}
	return list, nil
}

// packFinding packs a finding as it is kept one by one.
func packFinding(f finding.Finding) ([]byte, error) {
	b, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("pack finding %s: %w", f.ID, err)
	}
	return b, nil
}
