package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
)

// EachCoverage implements store.AuditReader.
func (s *Store) EachCoverage(ctx context.Context, auditID string, yield func(resource.Coverage) error) error {
	order := func(a, b resource.Coverage) int { return cmp.Compare(a.Operation, b.Operation) }
	return eachPacked(ctx, s, auditID, "coverage", unpack[resource.Coverage], order, yield)
}

// EachFinding implements store.AuditReader.
func (s *Store) EachFinding(ctx context.Context, auditID string, yield func(finding.Finding) error) error {
	var u findingUnpacker
	return eachPacked(ctx, s, auditID, "findings", u.unpack, compareFindings, yield)
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

// locationsAhead is how many locations are unpacked before they are asked for.
const locationsAhead = 16

// eachPacked unpacks one column of an audit's parts, location by location: no more than a few locations are in memory.
// Unpacking runs beside the callback, which has work of its own, most often to pack the same things in another form.
func eachPacked[T any](
	ctx context.Context, s *Store, auditID, column string, unpack func([]byte) ([]T, error), order func(a, b T) int, yield func(T) error,
) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ahead := make(chan []T, locationsAhead)
	var readErr error // valid when ahead is closed
	go func() {
		defer close(ahead)
		readErr = eachLocation(ctx, s, auditID, column, unpack, func(list []T) error {
			slices.SortStableFunc(list, order)
			select {
			case ahead <- list:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	var yieldErr error
	for list := range ahead { // to its end in any case, so that nothing runs on
		for i := 0; i < len(list) && yieldErr == nil; i++ {
			if yieldErr = yield(list[i]); yieldErr != nil {
				cancel()
			}
		}
	}
	if yieldErr != nil {
		return yieldErr
	}
	return readErr
}

// eachLocation hands over what one column of an audit's parts holds of each location.
func eachLocation[T any](
	ctx context.Context, s *Store, auditID, column string, unpack func([]byte) ([]T, error), take func([]T) error,
) error {
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
	var packed sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&next.Account, &next.Region, &packed); err != nil {
			return fmt.Errorf("%s: read audit %s: %w", s.path, auditID, classify(err))
		}
		if next != here {
			if err := take(list); err != nil {
				return err
			}
			here, list = next, nil
		}
		part, err := unpack(packed)
		if err != nil {
			return fmt.Errorf("%s: unpack the %s of %s in audit %s: %w", s.path, column, here, auditID, err)
		}
		if list == nil {
			list = part
		} else {
			list = append(list, part...)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: read audit %s: %w", s.path, auditID, classify(err))
	}
	return take(list)
}

// unpack decodes what pack encoded. The second version of encoding/json is more than twice as fast as the first, and
// reading an audit back is for the most part this. What we have written ourselves needs no looking for doubled names.
func unpack[T any](packed []byte) (list []T, err error) {
	err = json.Unmarshal(packed, &list, jsontext.AllowDuplicateNames(true))
	return list, err
}
