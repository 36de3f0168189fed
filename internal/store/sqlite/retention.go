package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/glueguard/glueguard/internal/store"
)

// dropBatch is how many parts are deleted in one transaction.
const dropBatch = 512

// DropAudits implements store.AuditDropper.
func (s *writes) DropAudits(ctx context.Context, keep int, killedBefore time.Time) (int, error) {
	if keep < 1 {
		return 0, fmt.Errorf("drop audits but for %d: %w", keep, store.ErrState)
	}
	var n int64
	err := s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		n, err = affected(tx.ExecContext(ctx, `UPDATE audit SET dropped = 1 WHERE dropped = 0 AND (
			finished_at = 0 AND started_at < ? OR finished_at > 0 AND seq NOT IN
				(SELECT seq FROM audit WHERE finished_at > 0 AND dropped = 0 ORDER BY started_at DESC, seq DESC LIMIT ?))`, nanos(killedBefore), keep))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("drop audits: %w", err)
	}
	return int(n), nil
}

// PurgeAudits implements store.Audits: a batch to a transaction.
func (s *Store) PurgeAudits(ctx context.Context) error {
	list, err := all(ctx, s, func(scan func(...any) error) (audit int64, err error) {
		err = scan(&audit)
		return audit, err
	}, `SELECT seq FROM audit WHERE dropped = 1 AND (EXISTS (SELECT 1 FROM part WHERE part.audit = audit.seq)
		OR EXISTS (SELECT 1 FROM finding_index WHERE finding_index.audit = audit.seq))`)
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, classify(err))
	}
	for _, audit := range list {
		if err := errors.Join(s.deleteParts(ctx, audit), s.deleteIndex(ctx, audit)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) deleteParts(ctx context.Context, audit int64) error {
	for more := true; more; {
		err := s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
			n, err := affected(tx.ExecContext(ctx, `DELETE FROM part WHERE seq IN (SELECT seq FROM part WHERE audit = ? LIMIT ?)`, audit, dropBatch))
			more = n == dropBatch
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteIndex deletes the index of an audit, unless somebody is at it.
func (s *Store) deleteIndex(ctx context.Context, audit int64) error {
	l, err := s.tryLockIndex(ctx, audit)
	var held *store.HeldError
	if errors.As(err, &held) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(s.clearIndex(ctx, audit), l.release())
}
