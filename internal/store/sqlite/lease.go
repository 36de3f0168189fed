package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/glueguard/glueguard/internal/store"
)

// lease is the right to work on one resource: the kernel's lock keeps others of this machine out, and the token keeps
// out whoever lost the lock without noticing (a lock folder removed by hand, a file system that forgets locks).
type lease struct {
	store    *Store
	resource string
	token    int64
	lock     *lock

	mu       sync.Mutex
	released bool
}

// Lease implements store.Changes.
func (s *Store) Lease(ctx context.Context, resourceARN string, h store.Holder) (store.Lease, error) {
	dir := s.path + ".locks"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lease %s: %w: %w", resourceARN, store.ErrUnusable, err)
	}
	sum := sha256.Sum256([]byte(resourceARN))
	l, err := acquire(ctx, filepath.Join(dir, hex.EncodeToString(sum[:16])), h)
	if err != nil {
		var held *store.HeldError
		if errors.As(err, &held) {
			held.Resource = resourceARN
			return nil, held
		}
		return nil, fmt.Errorf("lease %s: %w", resourceARN, err)
	}
	var token int64
	err = s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		const next = `INSERT INTO lease (resource, token) VALUES (?, 1)
			ON CONFLICT (resource) DO UPDATE SET token = token + 1 RETURNING token`
		return tx.QueryRowContext(ctx, next, resourceARN).Scan(&token)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lease %s: %w", resourceARN, err), l.release())
	}
	return &lease{store: s, resource: resourceARN, token: token, lock: l}, nil
}

// Journal implements store.Lease.
func (l *lease) Journal(changeID string) store.Journal { return &journal{lease: l, id: changeID} }

// Release implements store.Lease. Releasing again does nothing.
func (l *lease) Release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.released {
		return nil
	}
	l.released = true
	if err := l.lock.release(); err != nil {
		return fmt.Errorf("give up the lease of %s: %w", l.resource, err)
	}
	return nil
}

// check returns store.ErrFenced, wrapped, unless the lease is the newest of its resource and was not released.
func (l *lease) check(ctx context.Context, tx *sql.Tx) error {
	l.mu.Lock()
	released := l.released
	l.mu.Unlock()
	var token int64
	if err := tx.QueryRowContext(ctx, `SELECT token FROM lease WHERE resource = ?`, l.resource).Scan(&token); err != nil {
		return fmt.Errorf("read the fencing token of %s: %w", l.resource, err)
	}
	if released || token != l.token {
		return fmt.Errorf("%s: %w", l.resource, store.ErrFenced)
	}
	return nil
}
