package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// journal is one change's journal under a lease.
type journal struct {
	lease *lease
	id    string

	mu  sync.Mutex
	row int64          // the change's
	now *change.Change // the fold of what was written; nil before it is known
}

// Entries implements store.Journal.
func (j *journal) Entries(ctx context.Context) ([]change.Entry, error) {
	return j.lease.store.entries(ctx, j.id)
}

// Append implements store.Journal.
func (j *journal) Append(ctx context.Context, e change.Entry) error {
	ctx = context.WithoutCancel(ctx)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.load(ctx); err != nil {
		return err
	}
	if e.Seq != j.now.Seq+1 {
		return fmt.Errorf("change %s: entry %d after entry %d: %w", j.id, e.Seq, j.now.Seq, store.ErrState)
	}
	next, err := j.now.With(e)
	if err != nil {
		return fmt.Errorf("change %s: entry %d: %w: %w", j.id, e.Seq, store.ErrState, err)
	}
	packed, err := packEntry(e, next)
	if err != nil {
		return fmt.Errorf("change %s: %w", j.id, err)
	}
	err = j.lease.store.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := j.lease.check(ctx, tx); err != nil {
			return err
		}
		return writeEntry(ctx, tx, j.row, packed, j.now)
	})
	if err != nil {
		j.now = nil // a commit that failed may have been one: look again
		return fmt.Errorf("write entry %d of change %s: %w", e.Seq, j.id, err)
	}
	j.now = next
	return nil
}

// load folds what was written before, once: the lease keeps others from writing more.
func (j *journal) load(ctx context.Context) error {
	if j.now != nil {
		return nil
	}
	s := j.lease.store
	var arn string
	err := s.db.QueryRowContext(ctx, `SELECT seq, resource FROM change WHERE id = ?`, j.id).Scan(&j.row, &arn)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("change %s: %w", j.id, store.ErrNotFound)
	case err != nil:
		return fmt.Errorf("%s: read change %s: %w", s.path, j.id, classify(err))
	case arn != j.lease.resource:
		return fmt.Errorf("change %s: %w: it is of %s, the lease of %s", j.id, store.ErrState, arn, j.lease.resource)
	}
	j.now, err = s.fold(ctx, j.id)
	return err
}

// packedEntry is an entry as it is written, with what it makes of the change.
type packedEntry struct {
	seq            int
	entry, summary string
	after          *change.Change
}

func packEntry(e change.Entry, after *change.Change) (packedEntry, error) {
	entry, err := json.Marshal(e)
	if err != nil {
		return packedEntry{}, fmt.Errorf("pack entry %d: %w", e.Seq, err)
	}
	summary, err := json.Marshal(store.Summarize(after))
	if err != nil {
		return packedEntry{}, fmt.Errorf("pack the summary after entry %d: %w", e.Seq, err)
	}
	return packedEntry{seq: e.Seq, entry: string(entry), summary: string(summary), after: after}, nil
}

// writeEntry writes an entry and what it makes of the change; before is nil for the first.
func writeEntry(ctx context.Context, tx *sql.Tx, row int64, e packedEntry, before *change.Change) error {
	var last int
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0) FROM entry WHERE change = ?`, row).Scan(&last); err != nil {
		return err
	}
	if e.seq != last+1 {
		return fmt.Errorf("entry %d after entry %d: %w", e.seq, last, store.ErrState)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO entry (change, seq, entry) VALUES (?, ?, ?)`, row, e.seq, e.entry); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE change SET state = ?, is_open = ?, summary = ?, search = ? WHERE seq = ?`,
		string(e.after.State), e.after.Open(), e.summary, searched(e.after), row)
	if err != nil {
		return err
	}
	return writeResources(ctx, tx, row, before, e.after)
}

// writeResources makes the change be found by the resources that it made.
func writeResources(ctx context.Context, tx *sql.Tx, row int64, before, after *change.Change) error {
	write := func(arn string) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO change_resource (arn, change) VALUES (?, ?) ON CONFLICT DO NOTHING`, arn, row)
		return err
	}
	if before == nil {
		if err := write(after.Head.Item.Resource.ARN); err != nil {
			return err
		}
	}
	for role, id := range after.Resources {
		var known resource.Identity
		if before != nil {
			known = before.Resources[role]
		}
		if id.ARN == "" || known.ARN == id.ARN {
			continue
		}
		if err := write(id.ARN); err != nil {
			return err
		}
	}
	return nil
}
