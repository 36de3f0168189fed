package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/glueguard/glueguard/internal/store"
)

// BeginAudit implements store.AuditWriter.
func (s *Store) BeginAudit(ctx context.Context, a store.Audit) error {
	summary, err := json.Marshal(a.Summary)
	if err != nil {
		return fmt.Errorf("pack the summary of audit %s: %w", a.ID, err)
	}
	var seq int64
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx,
			`INSERT INTO audit (id, started_at, policy_profile, policy_digest, summary, partial) VALUES (?, ?, ?, ?, ?, ?)`,
			a.ID, nanos(a.StartedAt), a.PolicyProfile, a.PolicyDigest, string(summary), a.Partial)
		if err != nil {
			return err
		}
		if seq, err = r.LastInsertId(); err != nil {
			return err
		}
		return savePolicy(ctx, tx, a.PolicyDigest, a.PolicyDocument)
	})
	if err != nil {
		return fmt.Errorf("begin audit %s: %w", a.ID, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writers[a.ID] = newWriter(s, seq)
	return nil
}

// AddPart implements store.AuditWriter. The part is on disk a moment later, or when the audit is finished.
func (s *Store) AddPart(ctx context.Context, auditID string, p store.Part) error {
	s.mu.Lock()
	w := s.writers[auditID]
	s.mu.Unlock()
	if w == nil {
		return fmt.Errorf("audit %s: %w", auditID, store.ErrState)
	}
	if err := w.add(ctx, p); err != nil {
		return fmt.Errorf("add %s to audit %s: %w", p.Location, auditID, err)
	}
	return nil
}

// FinishAudit implements store.AuditWriter. The audit's start is the one that it began with.
func (s *Store) FinishAudit(ctx context.Context, a store.Audit, told ...store.Deed) error {
	s.mu.Lock()
	w := s.writers[a.ID]
	delete(s.writers, a.ID)
	s.mu.Unlock()
	if w == nil {
		return fmt.Errorf("finish audit %s: %w", a.ID, store.ErrState)
	}
	if err := w.close(); err != nil {
		return fmt.Errorf("finish audit %s: %w", a.ID, err)
	}
	summary, err := json.Marshal(a.Summary)
	if err != nil {
		return fmt.Errorf("pack the summary of audit %s: %w", a.ID, err)
	}
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		const seal = `UPDATE audit SET finished_at = ?, summary = ? WHERE seq = ? AND dropped = 0 RETURNING started_at`
		var started int64
		if err := tx.QueryRowContext(ctx, seal, nanos(a.FinishedAt), string(summary), w.audit).Scan(&started); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("%w: it was dropped", store.ErrState)
			}
			return err
		}
		for _, d := range told {
			if _, err := appendDeed(ctx, tx, d); err != nil {
				return fmt.Errorf("write %s to the audit trail: %w", d.Action, err)
			}
		}
		return updateHistory(ctx, tx, w.audit, started)
	})
	if err != nil {
		return fmt.Errorf("finish audit %s: %w", a.ID, err)
	}
	return nil
}

// auditColumns are what scanAudit reads.
const auditColumns = `SELECT id, started_at, finished_at, policy_profile, policy_digest, summary, partial FROM audit WHERE dropped = 0 `

// Audit implements store.AuditReader.
func (s *Store) Audit(ctx context.Context, id string) (store.Audit, error) {
	which, args := named(id)
	a, err := scanAudit(s.db.QueryRowContext(ctx, auditColumns+which, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Audit{}, fmt.Errorf("audit %s: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return store.Audit{}, fmt.Errorf("%s: read audit %s: %w", s.path, id, classify(err))
	}
	return a, nil
}

// named is the end of a query for the audit of an id, or of a name that stands for one.
func named(id string) (which string, args []any) {
	switch id {
	case "latest":
		return `AND finished_at > 0 ORDER BY started_at DESC, seq DESC LIMIT 1`, nil
	case store.LatestWhole:
		return `AND finished_at > 0 ORDER BY partial, started_at DESC, seq DESC LIMIT 1`, nil
	}
	return `AND id = ?`, []any{id}
}

// EachAudit implements store.AuditLister.
func (s *Store) EachAudit(ctx context.Context, yield func(store.Audit) error) error {
	rows, err := s.db.QueryContext(ctx, auditColumns+`AND finished_at > 0 ORDER BY started_at, seq`)
	if err != nil {
		return fmt.Errorf("%s: list audits: %w", s.path, classify(err))
	}
	defer rows.Close()
	for rows.Next() {
		a, err := scanAudit(rows.Scan)
		if err != nil {
			return fmt.Errorf("%s: list audits: %w", s.path, classify(err))
		}
		if err := yield(a); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: list audits: %w", s.path, classify(err))
	}
	return nil
}

func scanAudit(scan func(...any) error) (store.Audit, error) {
	var a store.Audit
	var started, finished int64
	var summary []byte
	if err := scan(&a.ID, &started, &finished, &a.PolicyProfile, &a.PolicyDigest, &summary, &a.Partial); err != nil {
		return store.Audit{}, err
	}
	if err := json.Unmarshal(summary, &a.Summary); err != nil {
		return store.Audit{}, fmt.Errorf("unpack the summary of audit %s: %w", a.ID, err)
	}
	a.StartedAt, a.FinishedAt = instant(started), instant(finished)
	return a, nil
}

// seq returns the row of an audit, or store.ErrNotFound.
func (s *Store) seq(ctx context.Context, id string) (int64, error) {
	var seq int64
	err := s.db.QueryRowContext(ctx, `SELECT seq FROM audit WHERE id = ? AND dropped = 0`, id).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("audit %s: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: read audit %s: %w", s.path, id, classify(err))
	}
	return seq, nil
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}
