package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/glueguard/glueguard/internal/store"
)

// OpenToRead opens a store that can't be written, such as a copy on a medium that is read-only, as it is: nothing is made
// and no schema is brought up to date. Whatever writes fails.
func OpenToRead(ctx context.Context, path string) (*Store, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, store.ErrUnusable, bare(err))
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, store.ErrUnusable, bare(err))
	}
	q := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(60000)", "temp_store(memory)"}}
	if log, err := os.Stat(path + "-wal"); err != nil || log.Size() == 0 {
		q.Set("immutable", "1") // else SQLite wants to make its log beside it
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, store.ErrUnusable, err)
	}
	s := newStore(db, db, path)
	if err := sameSchema(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, classify(err)), s.Close())
	}
	return s, nil
}

// sameSchema refuses a schema that is another than this program's.
func sameSchema(ctx context.Context, db *sql.DB) error {
	newest, err := schemaVersion()
	if err != nil {
		return err
	}
	current, err := currentVersion(ctx, db)
	switch {
	case err != nil:
		return err
	case current > newest:
		return fmt.Errorf("%w: its schema is version %d, this glueguard knows version %d", store.ErrNewer, current, newest)
	case current < newest:
		return fmt.Errorf("%w: its schema is version %d, and can't be brought to %d where nothing can be written", store.ErrUnusable, current, newest)
	}
	return nil
}
