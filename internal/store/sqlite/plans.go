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

// SavePlan implements store.Plans.
func (s *writes) SavePlan(ctx context.Context, digest string, created time.Time, document []byte) error {
	err := s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		const insert = `INSERT INTO plan (digest, created_at, document) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING`
		_, err := tx.ExecContext(ctx, insert, digest, nanos(created), document)
		return err
	})
	if err != nil {
		return fmt.Errorf("save plan %s: %w", digest, err)
	}
	return nil
}

// digestPrefix may be left out of digests.
const digestPrefix = "sha256:"

// Plan implements store.Plans.
func (s *Store) Plan(ctx context.Context, digest string) ([]byte, error) {
	query, args := `SELECT document FROM plan ORDER BY created_at DESC, seq DESC LIMIT 1`, []any(nil)
	if digest != "latest" {
		if !strings.HasPrefix(digest, digestPrefix) {
			digest = digestPrefix + digest
		}
		full, err := s.resolve(ctx, `SELECT digest FROM plan WHERE digest >= ?1 AND digest < ?1 || char(0x10FFFF)`, "plan", digest, digestPrefix)
		if err != nil {
			return nil, err
		}
		query, args = `SELECT document FROM plan WHERE digest = ?`, []any{full}
	}
	var document []byte
	err := s.db.QueryRowContext(ctx, query, args...).Scan(&document)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("plan %s: %w", digest, store.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: read plan %s: %w", s.path, digest, classify(err))
	}
	return document, nil
}

// EachPlan implements store.Plans.
func (s *Store) EachPlan(ctx context.Context, limit int, yield func(store.PlanHead) error) error {
	if limit <= 0 {
		limit = -1 // which SQLite takes for none
	}
	return each(ctx, s, "plans", scanPlanHead, yield, `SELECT digest, created_at, (SELECT count(*) FROM change WHERE change.plan = plan.digest)
		FROM plan ORDER BY created_at DESC, seq DESC LIMIT ?`, limit)
}

func scanPlanHead(scan func(...any) error) (store.PlanHead, error) {
	var h store.PlanHead
	var created int64
	err := scan(&h.Digest, &created, &h.Changes)
	h.CreatedAt = instant(created)
	return h, err
}

// candidates is how many things an ambiguous beginning is told to stand for, at most.
const candidates = 10

// resolve finds the one thing whose name is, or begins with, what was given. The query selects the names that begin so.
// bare is what a name without anything asked for looks like.
func (s *Store) resolve(ctx context.Context, query, what, name, bare string) (string, error) {
	if name == bare {
		return "", fmt.Errorf("%s %q: %w", what, name, store.ErrNotFound)
	}
	rows, err := s.db.QueryContext(ctx, query+fmt.Sprintf(" ORDER BY 1 LIMIT %d", candidates), name)
	if err != nil {
		return "", fmt.Errorf("%s: find %s %s: %w", s.path, what, name, classify(err))
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var full string
		if err := rows.Scan(&full); err != nil {
			return "", fmt.Errorf("%s: find %s %s: %w", s.path, what, name, classify(err))
		}
		if full == name {
			return full, nil
		}
		found = append(found, full)
	}
	if err := rows.Err(); err != nil {
		return "", fmt.Errorf("%s: find %s %s: %w", s.path, what, name, classify(err))
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%s %s: %w", what, name, store.ErrNotFound)
	case 1:
		return found[0], nil
	}
	return "", &store.AmbiguousError{What: name, Candidates: found}
}
