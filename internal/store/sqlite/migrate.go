package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/glueguard/glueguard/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schemaVersion is the newest migration that this build knows.
func schemaVersion() (int64, error) {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, err
	}
	number, _, _ := strings.Cut(files[len(files)-1].Name(), "_") // their names are in order
	return strconv.ParseInt(number, 10, 64)
}

// migrate brings the schema to schemaVersion. Several processes may do so at once: each migration is one transaction,
// so the one that comes second fails on what the first has made, and finds the work done when it looks again.
func migrate(ctx context.Context, db *sql.DB) error {
	newest, err := schemaVersion()
	if err != nil {
		return err
	}
	var failed error
	for range 5 {
		current, err := currentVersion(ctx, db)
		switch {
		case err != nil:
			return err
		case current > newest:
			return fmt.Errorf("%w: its schema is version %d, this glueguard knows version %d",
				store.ErrNewer, current, newest)
		case current == newest:
			return nil
		}
		if failed = up(ctx, db); failed == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return failed
}

// currentVersion returns 0 for an empty file, and store.ErrForeign for a database that goose has never seen.
func currentVersion(ctx context.Context, db *sql.DB) (int64, error) {
	const tables = `SELECT count(*), coalesce(sum(name = 'goose_db_version'), 0) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	var all, ours int
	if err := db.QueryRowContext(ctx, tables).Scan(&all, &ours); err != nil {
		return 0, err
	}
	if ours == 0 {
		if all > 0 {
			return 0, fmt.Errorf("%w: it is a database of another program", store.ErrForeign)
		}
		return 0, nil
	}
	var version int64
	err := db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version`).Scan(&version)
	return version, err
}

func up(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			return partial.Err
		}
		return err
	}
	return nil
}
