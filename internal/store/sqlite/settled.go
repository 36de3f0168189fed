package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// EachSettled implements store.SettledReader.
func (s *Store) EachSettled(ctx context.Context, auditID string, yield func(resource.Location, []control.ID) error) error {
	seq, err := s.seq(ctx, auditID)
	if err != nil {
		return err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT account, region, settled FROM part WHERE audit = ? ORDER BY account, region, seq`, seq)
	if err != nil {
		return fmt.Errorf("%s: read audit %s: %w", s.path, auditID, classify(err))
	}
	defer rows.Close()
	for rows.Next() {
		var l resource.Location
		var packed string
		if err := rows.Scan(&l.Account, &l.Region, &packed); err != nil {
			return fmt.Errorf("%s: read audit %s: %w", s.path, auditID, classify(err))
		}
		var settled []control.ID
		for id := range strings.SplitSeq(packed, ",") {
			if id != "" {
				settled = append(settled, control.ID(id))
			}
		}
		if err := yield(l, settled); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: read audit %s: %w", s.path, auditID, classify(err))
	}
	return nil
}

// ShownBy implements store.SettledReader.
func (s *Store) ShownBy(ctx context.Context, findingID string) ([]resource.Location, error) {
	var own resource.Location
	var elsewhere string
	err := s.db.QueryRowContext(ctx, `SELECT account, region, seen_in FROM finding WHERE id = ?`, findingID).Scan(&own.Account, &own.Region, &elsewhere)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, fmt.Errorf("finding %s: %w", findingID, store.ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("%s: read finding %s: %w", s.path, findingID, classify(err))
	case elsewhere == "":
		return []resource.Location{own}, nil
	}
	var places []resource.Location
	for place := range strings.FieldsSeq(elsewhere) {
		account, region, _ := strings.Cut(place, "/")
		places = append(places, resource.Location{Account: account, Region: region})
	}
	return places, nil
}
