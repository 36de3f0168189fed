package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/glueguard/glueguard/internal/store"
)

// writes are the changes that somebody answers for. Those of a Store are each a transaction of their own; Together has
// them in one.
type writes struct {
	store   *Store
	durable transactor
}

var _ store.Writes = (*writes)(nil)

// transactor runs writes durably.
type transactor interface {
	do(ctx context.Context, f func(context.Context, *sql.Tx) error) error
}

// inside runs writes in a transaction that is open already.
type inside struct {
	tx    *sql.Tx
	deeds int // that were recorded in it
}

func (i *inside) do(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	return f(ctx, i.tx)
}

// Together implements store.Trail.
func (s *Store) Together(ctx context.Context, write func(ctx context.Context, w store.Writes) error) error {
	var refused error // comes back as it is: nothing of it is the store's
	var panicked any  // whoever leads the commit must not die of it, with others' writes in hand
	err := s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		defer func() {
			if panicked = recover(); panicked != nil {
				err = errPanic
			}
		}()
		refused = together(ctx, s, tx, write)
		return refused
	})
	if panicked != nil {
		panic(panicked)
	}
	if refused != nil {
		return refused
	}
	if err != nil {
		return fmt.Errorf("write to the state and its audit trail: %w", err)
	}
	return nil
}

// errPanic takes back what was written until a panic.
var errPanic = errors.New("a panic")

func together(ctx context.Context, s *Store, tx *sql.Tx, write func(ctx context.Context, w store.Writes) error) error {
	before, err := changesOf(ctx, tx)
	if err != nil {
		return err
	}
	in := &inside{tx: tx}
	if err := write(ctx, &writes{store: s, durable: in}); err != nil {
		return err
	}
	after, err := changesOf(ctx, tx)
	if err == nil && after > before && in.deeds == 0 {
		err = fmt.Errorf("%w: a change without a deed that tells of it", store.ErrState)
	}
	return err
}

// changesOf is how many rows the connection has changed until now.
func changesOf(ctx context.Context, tx *sql.Tx) (n int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&n)
	return n, err
}

// Record implements store.Writes and store.Trail. What the entry follows is read in the transaction that writes it, which
// holds the lock from its start: processes that record at once come one after another.
func (s *writes) Record(ctx context.Context, d store.Deed) (store.Deed, error) {
	var written store.Deed
	err := s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		written, err = appendDeed(ctx, tx, d)
		return err
	})
	if err != nil {
		return store.Deed{}, fmt.Errorf("write %s to the audit trail: %w", d.Action, err)
	}
	if in, ok := s.durable.(*inside); ok {
		in.deeds++
	}
	return written, nil
}

// appendDeed writes an entry of the trail in a transaction.
func appendDeed(ctx context.Context, tx *sql.Tx, d store.Deed) (store.Deed, error) {
	entries, head, err := trailEnd(ctx, tx)
	if err != nil {
		return store.Deed{}, err
	}
	sealed, entry, err := d.Seal(entries+1, head)
	if err != nil {
		return store.Deed{}, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO trail (seq, hash, entry) VALUES (?, ?, ?)`, sealed.Seq, sealed.Hash, string(entry))
	return sealed, err
}
