package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
)

// EachCoverage implements store.AuditReader.
func (s *Store) EachCoverage(ctx context.Context, auditID string, yield func(resource.Coverage) error) error {
	order := func(a, b resource.Coverage) int { return cmp.Compare(a.Operation, b.Operation) }
	return eachPacked(ctx, s, auditID, "coverage", order, yield)
}

// EachFinding implements store.AuditReader.
func (s *Store) EachFinding(ctx context.Context, auditID string, yield func(finding.Finding) error) error {
	return eachPacked(ctx, s, auditID, "findings", compareFindings, yield)
}

func compareFindings(a, b finding.Finding) int {
	return cmp.Or(
		cmp.Compare(a.Control, b.Control),
		cmp.Compare(a.Resource.Type, b.Resource.Type),
		cmp.Compare(a.Resource.Name, b.Resource.Name),
		cmp.Compare(a.Resource.ARN, b.Resource.ARN),
		cmp.Compare(a.ID, b.ID),
	)
}

// eachPacked unpacks one column of an audit's parts, location by location: no more than one location is in memory.
func eachPacked[T any](ctx context.Context, s *Store, auditID, column string, order func(a, b T) int, yield func(T) error) (err error) {
	seq, err := s.seq(ctx, auditID)
	if err != nil {
		return err
	}
	rows, err := s.db.QueryContext(ctx,
		`SELECT account, region, `+column+` FROM part WHERE audit = ? ORDER BY account, region, seq`, seq)
	if err != nil {
		return fmt.Errorf("%s: read audit %s: %w", s.path, auditID, classify(err))
	}
	defer rows.Close()

	var here, next resource.Location
	var list []T
	flush := func() error {
		slices.SortStableFunc(list, order)
		for _, item := range list {
			if err := yield(item); err != nil {
				return err
			}
		}
		list = list[:0]
		return nil
	}
	var packed []byte
	for rows.Next() {
		if err := rows.Scan(&next.Account, &next.Region, &packed); err != nil {
			return fmt.Errorf("%s: read audit %s: %w", s.path, auditID, classify(err))
		}
		if next != here {
			if err := flush(); err != nil {
				return err
			}
			here = next
		}
		var part []T
		if err := json.Unmarshal(packed, &part); err != nil {
			return fmt.Errorf("%s: unpack the %s of %s in audit %s: %w", s.path, column, here, auditID, err)
		}
		list = append(list, part...)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: read audit %s: %w", s.path, auditID, classify(err))
	}
	return flush()
}
