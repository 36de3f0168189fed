package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/store"
)

// OpenChange implements store.Changes.
func (s *writes) OpenChange(ctx context.Context, l store.Lease, first change.Entry) error {
	ours, ok := l.(*lease)
	if !ok || ours.store != s.store {
		return fmt.Errorf("open a change: %w: the lease is another store's", store.ErrState)
	}
	c, err := change.Fold([]change.Entry{first})
	if err != nil {
		return fmt.Errorf("open a change of %s: %w: %w", ours.resource, store.ErrState, err)
	}
	if arn := c.Head.Item.Resource.ARN; arn != ours.resource {
		return fmt.Errorf("open a change of %s: %w: the lease is of %s", arn, store.ErrState, ours.resource)
	}
	packed, err := packEntry(first, c)
	if err != nil {
		return fmt.Errorf("open change %s: %w", c.Head.ID, err)
	}
	err = s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := ours.check(ctx, tx); err != nil {
			return err
		}
		if err := noneOpen(ctx, tx, ours.resource); err != nil {
			return err
		}
		const insert = `INSERT INTO change (id, resource, plan, state, is_open, opened_at, summary) VALUES (?, ?, ?, '', 1, ?, '')`
		r, err := tx.ExecContext(ctx, insert, c.Head.ID, ours.resource, c.Head.PlanDigest, nanos(c.OpenedAt))
		if err != nil {
			return err
		}
		row, err := r.LastInsertId()
		if err != nil {
			return err
		}
		return writeEntry(ctx, tx, row, packed, nil)
	})
	if err != nil {
		return fmt.Errorf("open change %s: %w", c.Head.ID, err)
	}
	return nil
}

// noneOpen returns *store.OpenError when a change that is about the resource is open.
func noneOpen(ctx context.Context, tx *sql.Tx, arn string) error {
	open := &store.OpenError{Resource: arn}
	const query = `SELECT change.id, change.state FROM change_resource JOIN change ON change.seq = change_resource.change
		WHERE change_resource.arn = ? AND change.is_open = 1 LIMIT 1`
	err := tx.QueryRowContext(ctx, query, arn).Scan(&open.Change, &open.State)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("look for an open change of %s: %w", arn, err)
	}
	return open
}

// Change implements store.Changes.
func (s *Store) Change(ctx context.Context, id string) (*change.Change, error) {
	full, err := s.resolve(ctx, `SELECT id FROM change WHERE id >= ?1 AND id < ?1 || char(0x10FFFF)`, "change", id, "")
	if err != nil {
		return nil, err
	}
	return s.fold(ctx, full)
}

func (s *Store) fold(ctx context.Context, id string) (*change.Change, error) {
	entries, err := s.entries(ctx, id)
	if err != nil {
		return nil, err
	}
	c, err := change.Fold(entries)
	if err != nil {
		return nil, fmt.Errorf("%s: change %s: %w", s.path, id, err)
	}
	return c, nil
}

// Entries returns the journal of the change of that id, without a lease: for reading only. store.ErrNotFound.
func (s *Store) Entries(ctx context.Context, id string) ([]change.Entry, error) {
	return s.entries(ctx, id)
}

// entries returns a change's journal, or store.ErrNotFound.
func (s *Store) entries(ctx context.Context, id string) ([]change.Entry, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT entry.entry FROM change JOIN entry ON entry.change = change.seq
		WHERE change.id = ? ORDER BY entry.seq`, id)
	if err != nil {
		return nil, fmt.Errorf("%s: read change %s: %w", s.path, id, classify(err))
	}
	defer rows.Close()
	var list []change.Entry
	var packed sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&packed); err != nil {
			return nil, fmt.Errorf("%s: read change %s: %w", s.path, id, classify(err))
		}
		var e change.Entry
		if err := json.Unmarshal(packed, &e); err != nil {
			return nil, fmt.Errorf("%s: unpack entry %d of change %s: %w", s.path, len(list)+1, id, err)
		}
		list = append(list, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: read change %s: %w", s.path, id, classify(err))
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("change %s: %w", id, store.ErrNotFound)
	}
	return list, nil
}

// EachChange implements store.Changes. No read is open while yield runs.
func (s *Store) EachChange(ctx context.Context, f store.ChangeFilter, yield func(*change.Change) error) error {
	return s.eachPage(ctx, f, "id", func(id []byte) error {
		c, err := s.fold(ctx, string(id))
		if err != nil {
			return err
		}
		return yield(c)
	})
}

// EachSummary implements store.Changes. No read is open while yield runs.
func (s *Store) EachSummary(ctx context.Context, f store.ChangeFilter, yield func(store.Summarized) error) error {
	return s.eachPage(ctx, f, "summary", func(packed []byte) error {
		var sum store.Summarized
		if err := json.Unmarshal(packed, &sum); err != nil {
			return fmt.Errorf("%s: unpack the summary of a change: %w", s.path, err)
		}
		return yield(sum)
	})
}

// listing is how many changes are read at a time.
const listing = 100

// eachPage hands over one column of the changes that the filter chooses, newest first: by the order in which they were
// opened, which no clock that was set back turns around.
func (s *Store) eachPage(ctx context.Context, f store.ChangeFilter, column string, take func([]byte) error) error {
	where, args := filter(f)
	query := `SELECT seq, ` + column + ` FROM change WHERE seq < ?` + where + ` ORDER BY seq DESC LIMIT ? OFFSET ?`
	before, left, skip := int64(math.MaxInt64), f.Limit, f.Offset
	if left <= 0 {
		left = math.MaxInt
	}
	for {
		want := min(left, listing)
		page, last, err := s.page(ctx, query, slices.Concat([]any{before}, args, []any{want, skip}))
		if err != nil {
			return fmt.Errorf("%s: list changes: %w", s.path, classify(err))
		}
		for _, value := range page {
			if err := take(value); err != nil {
				return err
			}
		}
		left -= len(page)
		if len(page) < want || left == 0 {
			return nil
		}
		before, skip = last, 0
	}
}

// CountChanges implements store.Changes.
func (s *Store) CountChanges(ctx context.Context, f store.ChangeFilter) (map[change.State]int, error) {
	where, args := filter(f)
	return countBy[change.State](ctx, s, "changes", `SELECT state, count(*) FROM change WHERE 1 = 1`+where+` GROUP BY state`, args)
}

func (s *Store) page(ctx context.Context, query string, args []any) (page [][]byte, last int64, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var value []byte
		if err := rows.Scan(&last, &value); err != nil {
			return nil, 0, err
		}
		page = append(page, value)
	}
	return page, last, rows.Err()
}

func filter(f store.ChangeFilter) (where string, args []any) {
	if f.Plan != "" {
		where, args = where+` AND plan = ?`, append(args, f.Plan)
	}
	if f.Resource != "" {
		where += ` AND seq IN (SELECT change FROM change_resource WHERE arn = ?)`
		args = append(args, f.Resource)
	}
	if f.Search != "" {
		where, args = where+` AND instr(search, ?) > 0`, append(args, store.Fold(f.Search))
	}
	return anyOf(where, args, "state", f.States)
}

// searched is what a change is searched by.
func searched(c *change.Change) string {
	head := c.Head
	text := []string{head.ID, head.PlanDigest, head.Item.Resource.ARN, head.Item.Resource.Name}
	for _, role := range slices.Sorted(maps.Keys(c.Resources)) {
		text = append(text, c.Resources[role].ARN, c.Resources[role].Name)
	}
	return store.Fold(strings.Join(text, "\n"))
}
