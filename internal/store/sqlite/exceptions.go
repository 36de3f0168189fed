package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/glueguard/glueguard/internal/store"
)

// CreateException implements store.Exceptions.
func (s *writes) CreateException(ctx context.Context, e store.Exception) error {
	p, err := packAll(e.Exception, e.ProposedBy, e.DecidedBy)
	if err != nil {
		return fmt.Errorf("exception %s: %w", e.ID, err)
	}
	return s.exec(ctx, "create exception "+e.ID, `INSERT INTO exception
		(id, exception, proposed_by, proposed_at, state, decided_by, decided_at, note, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.ID, p[0], p[1], nanos(e.ProposedAt), string(e.State), p[2], nanos(e.DecidedAt), e.Note, e.Version)
}

// UpdateException implements store.Exceptions.
func (s *writes) UpdateException(ctx context.Context, e store.Exception) error {
	by, err := packed(e.DecidedBy)
	if err != nil {
		return fmt.Errorf("exception %s: %w", e.ID, err)
	}
	err = s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return update(ctx, tx, "exception", e.ID, e.Version, `UPDATE exception SET state = ?, decided_by = ?, decided_at = ?, note = ?`,
			string(e.State), by, nanos(e.DecidedAt), e.Note)
	})
	if err != nil {
		return fmt.Errorf("update exception %s: %w", e.ID, err)
	}
	return nil
}

const exceptionColumns = `SELECT id, exception, proposed_by, proposed_at, state, decided_by, decided_at, note, version FROM exception `

func scanException(scan func(...any) error) (store.Exception, error) {
	var e store.Exception
	var proposed, decided int64
	err := scan(&e.ID, jsonOf{&e.Exception}, jsonOf{&e.ProposedBy}, &proposed, &e.State, jsonOf{&e.DecidedBy}, &decided, &e.Note, &e.Version)
	e.ProposedAt, e.DecidedAt = instant(proposed), instant(decided)
	return e, err
}

// Exception implements store.Exceptions.
func (s *Store) Exception(ctx context.Context, id string) (store.Exception, error) {
	return one(ctx, s, "exception "+id, scanException, exceptionColumns+`WHERE id = ?`, id)
}

// EachException implements store.Exceptions.
func (s *Store) EachException(ctx context.Context, yield func(store.Exception) error) error {
	return each(ctx, s, "exceptions", scanException, yield, exceptionColumns+`ORDER BY seq DESC`)
}
