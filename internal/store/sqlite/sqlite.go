// Package sqlite keeps audits, findings, plans and changes in one SQLite file: the store of a single machine, shared by
// as many processes as like to.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	sqlite "modernc.org/sqlite" // also registers the driver "sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/glueguard/glueguard/internal/store"
)

// Store is a store.Store in one file.
type Store struct {
	writes // through commits

	db      *sql.DB
	commits *committer // plans, leases and journals are written through it
	path    string
	indexes *indexes // of audits' findings

	mu      sync.Mutex
	writers map[string]*writer // open audits of this process, by id
}

var _ store.Store = (*Store)(nil)

// Open opens the store at path and brings its schema up to date; it makes the file, readable by its owner only, and
// its folder where they are missing. It returns store.ErrNewer, store.ErrForeign or store.ErrUnusable, wrapped.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := makeFile(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, store.ErrUnusable, err)
	}
	// Writers queue for one lock anyway. Readers run beside them, and some, such as exports, for as long as those who wait
	// for what they read.
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(4)
	if err := migrate(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, classify(err)), db.Close())
	}
	durable := openDurable(dsn(path))
	if err := durable.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, classify(err)), durable.Close(), db.Close())
	}
	return newStore(db, durable, path), nil
}

func newStore(db, durable *sql.DB, path string) *Store {
	s := &Store{db: db, commits: &committer{db: durable, path: path}, path: path, writers: map[string]*writer{}}
	s.writes = writes{store: s, durable: s.commits}
	s.indexes = newIndexes(s.buildIndex)
	return s
}

// dsn carries the pragmas, because they hold for one connection each and database/sql opens several. Transactions
// begin immediately: one that read first and wrote later would fail, not wait, when another process wrote between.
func dsn(path string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(60000)", "journal_mode(wal)", "synchronous(full)", "fullfsync(on)", "foreign_keys(on)", "temp_store(memory)",
	}}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("%s: %w: %w", path, store.ErrUnusable, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", path, store.ErrUnusable, bare(err))
	}
	return f.Close()
}

// bare drops the path that the os package puts into its errors, since ours begins with it.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// classify gives SQLite's refusals the meaning that users of the store can act on.
func classify(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff { // the low byte is the primary code
	case lib.SQLITE_NOTADB, lib.SQLITE_CORRUPT:
		return fmt.Errorf("%w: %w", store.ErrForeign, err)
	case lib.SQLITE_CANTOPEN, lib.SQLITE_READONLY, lib.SQLITE_IOERR, lib.SQLITE_PERM, lib.SQLITE_FULL:
		return fmt.Errorf("%w: %w", store.ErrUnusable, err)
	}
	return err
}

// Close writes what was added and closes the file. Audits that were not finished stay unfinished.
func (s *Store) Close() error {
	s.indexes.close()
	s.mu.Lock()
	writers := s.writers
	s.writers = map[string]*writer{}
	s.mu.Unlock()
	var errs []error
	for _, w := range writers {
		errs = append(errs, w.close())
	}
	return errors.Join(append(errs, s.commits.db.Close(), s.db.Close())...)
}

// inTx runs f in a transaction that holds the write lock from its start.
func (s *Store) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, classify(err))
	}
	if err := f(tx); err != nil {
		// The cause is what matters; a rollback that fails as well leaves it to SQLite's own recovery.
		return errors.Join(fmt.Errorf("%s: %w", s.path, classify(err)), ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", s.path, classify(err))
	}
	return nil
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
