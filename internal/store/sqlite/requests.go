package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/store"
)

// CreateRequest implements store.Requests.
func (s *writes) CreateRequest(ctx context.Context, r store.Request) error {
	digest, err := r.Work.Digest()
	if err != nil {
		return err
	}
	if digest != r.Digest {
		return fmt.Errorf("create request %s: %w: its digest is not its work's", r.ID, store.ErrState)
	}
	p, err := packAll(r.Work, r.ProposedBy, r.DecidedBy, r.StartedBy, r.Results)
	if err != nil {
		return fmt.Errorf("create request %s: %w", r.ID, err)
	}
	err = s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO request (id, kind, plan, digest, work, needs_approval, reason, proposed_by, proposer,
			proposed_at, state, start, decided_by, decided_at, note, expires_at, started_by, started_at, ended_at, results, version)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, string(r.Work.Kind), r.Work.Plan, r.Digest, p[0], r.NeedsApproval, r.Reason, p[1], r.ProposerID,
			nanos(r.ProposedAt), string(r.State), r.Start, p[2], nanos(r.DecidedAt), r.Note, nanos(r.ExpiresAt),
			p[3], nanos(r.StartedAt), nanos(r.EndedAt), p[4], r.Version)
		if err != nil {
			return refusal(err)
		}
		return aboutChanges(ctx, tx, r)
	})
	if err != nil {
		return fmt.Errorf("create request %s: %w", r.ID, err)
	}
	return nil
}

// UpdateRequest implements store.Requests.
func (s *writes) UpdateRequest(ctx context.Context, r store.Request) error {
	p, err := packAll(r.DecidedBy, r.StartedBy, r.Results)
	if err != nil {
		return fmt.Errorf("update request %s: %w", r.ID, err)
	}
	err = s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		err := update(ctx, tx, "request", r.ID, r.Version, `UPDATE request SET state = ?, start = ?, decided_by = ?, decided_at = ?,
			note = ?, expires_at = ?, started_by = ?, started_at = ?, ended_at = ?, results = ?`,
			string(r.State), r.Start, p[0], nanos(r.DecidedAt), r.Note, nanos(r.ExpiresAt), p[1], nanos(r.StartedAt), nanos(r.EndedAt), p[2])
		if err != nil {
			return err
		}
		return aboutChanges(ctx, tx, r)
	})
	if err != nil {
		return fmt.Errorf("update request %s: %w", r.ID, err)
	}
	return nil
}

// InterruptRequest implements store.Requests.
func (s *writes) InterruptRequest(ctx context.Context, id string, by store.Actor, at time.Time) error {
	actor, err := packed(by)
	if err != nil {
		return fmt.Errorf("interrupt request %s: %w", id, err)
	}
	err = s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		const mark = `UPDATE request SET interrupted_by = iif(interrupted_at = 0, ?1, interrupted_by),
			interrupted_at = iif(interrupted_at = 0, ?2, interrupted_at), version = version + 1 WHERE id = ?3 AND state = ?4`
		n, err := affected(tx.ExecContext(ctx, mark, actor, nanos(at), id, string(store.RequestRunning)))
		if err != nil || n > 0 {
			return err
		}
		var state string
		err = tx.QueryRowContext(ctx, `SELECT state FROM request WHERE id = ?`, id).Scan(&state)
		if errors.Is(err, sql.ErrNoRows) {
			return store.ErrNotFound
		}
		return errors.Join(err, fmt.Errorf("%w: it is %s", store.ErrState, state))
	})
	if err != nil {
		return fmt.Errorf("interrupt request %s: %w", id, err)
	}
	return nil
}

// aboutChanges makes a request be found by its changes.
func aboutChanges(ctx context.Context, tx *sql.Tx, r store.Request) error {
	var ids []string
	for _, c := range r.Work.Changes {
		ids = append(ids, c.ID)
	}
	for _, x := range r.Results {
		ids = append(ids, x.Change)
	}
	for _, id := range ids {
		if id == "" {
			continue
		}
		const insert = `INSERT INTO request_change (change, request) SELECT ?, seq FROM request WHERE id = ? ON CONFLICT DO NOTHING`
		if _, err := tx.ExecContext(ctx, insert, id, r.ID); err != nil {
			return err
		}
	}
	return nil
}

const requestColumns = `SELECT id, work, digest, needs_approval, reason, proposed_by, proposer, proposed_at, state, start,
	decided_by, decided_at, note, expires_at, started_by, started_at, ended_at, interrupted_by, interrupted_at, results, version FROM request `

func scanRequest(scan func(...any) error) (store.Request, error) {
	var r store.Request
	var proposed, decided, expires, started, ended, interrupted int64
	err := scan(&r.ID, jsonOf{&r.Work}, &r.Digest, &r.NeedsApproval, &r.Reason, jsonOf{&r.ProposedBy}, &r.ProposerID, &proposed,
		&r.State, &r.Start, jsonOf{&r.DecidedBy}, &decided, &r.Note, &expires, jsonOf{&r.StartedBy}, &started, &ended,
		jsonOf{&r.InterruptedBy}, &interrupted, jsonOf{&r.Results}, &r.Version)
	r.ProposedAt, r.DecidedAt, r.ExpiresAt = instant(proposed), instant(decided), instant(expires)
	r.StartedAt, r.EndedAt, r.InterruptedAt = instant(started), instant(ended), instant(interrupted)
	return r, err
}

// Request implements store.Requests.
func (s *Store) Request(ctx context.Context, id string) (store.Request, error) {
	return one(ctx, s, "request "+id, scanRequest, requestColumns+`WHERE id = ?`, id)
}

// EachRequest implements store.Requests.
func (s *Store) EachRequest(ctx context.Context, f store.RequestFilter, yield func(store.Request) error) error {
	where, args := requestFilter(f)
	limit := -1 // which SQLite takes for none
	if f.Limit > 0 {
		limit = f.Limit
	}
	return each(ctx, s, "requests", scanRequest, yield, requestColumns+where+` ORDER BY seq DESC LIMIT ? OFFSET ?`, append(args, limit, f.Offset)...)
}

// CountRequests implements store.Requests.
func (s *Store) CountRequests(ctx context.Context, f store.RequestFilter) (map[store.RequestState]int, error) {
	where, args := requestFilter(f)
	return countBy[store.RequestState](ctx, s, "requests", `SELECT state, count(*) FROM request `+where+` GROUP BY state`, args)
}

func requestFilter(f store.RequestFilter) (where string, args []any) {
	where = `WHERE 1 = 1`
	if f.Plan != "" {
		where, args = where+` AND plan = ?`, append(args, f.Plan)
	}
	if f.Digest != "" {
		where, args = where+` AND digest = ?`, append(args, f.Digest)
	}
	if f.Change != "" {
		where += ` AND seq IN (SELECT request FROM request_change WHERE change = ?)`
		args = append(args, f.Change)
	}
	where, args = anyOf(where, args, "state", f.States)
	return anyOf(where, args, "kind", f.Kinds)
}

// anyOf adds the condition that a column holds one of the values, if there are any.
func anyOf[T ~string](where string, args []any, column string, values []T) (string, []any) {
	if len(values) == 0 {
		return where, args
	}
	for _, v := range values {
		args = append(args, string(v))
	}
	return where + ` AND ` + column + ` IN (?` + strings.Repeat(", ?", len(values)-1) + `)`, args
}

// countBy runs a query for texts and their counts.
func countBy[T ~string](ctx context.Context, s *Store, what, query string, args []any) (counts map[T]int, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: count %s: %w", s.path, what, classify(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	counts = map[T]int{}
	for rows.Next() {
		var value T
		var n int
		if err := rows.Scan(&value, &n); err != nil {
			return nil, fmt.Errorf("%s: count %s: %w", s.path, what, classify(err))
		}
		counts[value] = n
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: count %s: %w", s.path, what, classify(err))
	}
	return counts, nil
}
