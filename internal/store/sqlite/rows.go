package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	sqlite "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/glueguard/glueguard/internal/store"
)

// scanner reads one thing from a row.
type scanner[T any] func(scan func(...any) error) (T, error)

// one reads the only row of a query, or returns store.ErrNotFound.
func one[T any](ctx context.Context, s *Store, what string, read scanner[T], query string, args ...any) (T, error) {
	thing, err := read(s.db.QueryRowContext(ctx, query, args...).Scan)
	if err != nil {
		var none T
		if errors.Is(err, sql.ErrNoRows) {
			return none, fmt.Errorf("%s: %w", what, store.ErrNotFound)
		}
		return none, fmt.Errorf("%s: read %s: %w", s.path, what, classify(err))
	}
	return thing, nil
}

// each hands over the rows of a query. No read is open while yield runs.
func each[T any](ctx context.Context, s *Store, what string, read scanner[T], yield func(T) error, query string, args ...any) error {
	list, err := all(ctx, s, read, query, args...)
	if err != nil {
		return fmt.Errorf("%s: list %s: %w", s.path, what, classify(err))
	}
	for _, thing := range list {
		if err := yield(thing); err != nil {
			return err
		}
	}
	return nil
}

func all[T any](ctx context.Context, s *Store, read scanner[T], query string, args ...any) ([]T, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		thing, err := read(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, thing)
	}
	return list, rows.Err()
}

// exec runs one durable statement.
func (s *writes) exec(ctx context.Context, what, statement string, args ...any) error {
	err := s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement, args...)
		return refusal(err)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// execOne runs one durable statement that must meet a row: store.ErrNotFound where there is none.
func (s *writes) execOne(ctx context.Context, what, statement string, args ...any) error {
	err := s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, statement, args...))
		if err == nil && n == 0 {
			return store.ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// update runs an UPDATE of the thing of that id in a table, if it still has the version that was read: else it is a
// store.ErrConflict. The statement ends before its WHERE.
func update(ctx context.Context, tx *sql.Tx, table, id string, version int, statement string, args ...any) error {
	where := fmt.Sprintf(`, version = version + 1 WHERE id = ?%d AND version = ?%d`, len(args)+1, len(args)+2)
	n, err := affected(tx.ExecContext(ctx, statement+where, append(args, id, version)...))
	if err != nil || n > 0 {
		return err
	}
	var now int
	err = tx.QueryRowContext(ctx, `SELECT version FROM `+table+` WHERE id = ?`, id).Scan(&now)
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNotFound
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: it was changed since it was read", store.ErrConflict)
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, refusal(err)
	}
	return r.RowsAffected()
}

// refusal gives what a constraint refuses its meaning: something is taken, or is not what may be kept.
func refusal(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	case lib.SQLITE_CONSTRAINT_CHECK:
		return fmt.Errorf("%w: a secret is kept as its hash only: %w", store.ErrState, err)
	}
	return err
}

// packed keeps a value as JSON.
func packed(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// packAll packs several values.
func packAll(values ...any) ([]string, error) {
	list := make([]string, len(values))
	var err error
	for i, v := range values {
		if list[i], err = packed(v); err != nil {
			return nil, fmt.Errorf("pack %T: %w", v, err)
		}
	}
	return list, nil
}

// jsonOf reads JSON into what it points to.
type jsonOf struct{ to any }

// Scan implements sql.Scanner.
func (j jsonOf) Scan(src any) error {
	switch v := src.(type) {
	case string:
		return json.Unmarshal([]byte(v), j.to)
	case []byte:
		return json.Unmarshal(v, j.to)
	}
	return fmt.Errorf("%T is not JSON", src)
}
