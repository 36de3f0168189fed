package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	sqlite "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/glueguard/glueguard/internal/store"
)

// trailMigration made the trail and its triggers.
const trailMigration = "migrations/00004_trail.sql"

// trailTriggers keep the trail append-only.
func trailTriggers() []string {
	return []string{
		"trail_ends", "trail_end_alone", "trail_end_follows", "trail_end_kept", "trail_follows", "trail_kept", "trail_whole",
	}
}

// Record implements store.Trail. What the entry follows is read in the transaction that writes it, which holds the lock
// from its start: processes that record at once come one after another.
func (s *Store) Record(ctx context.Context, d store.Deed) (store.Deed, error) {
	var written store.Deed
	err := s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		entries, head, err := trailEnd(ctx, tx)
		if err != nil {
			return err
		}
		sealed, entry, err := d.Seal(entries+1, head)
		if err != nil {
			return err
		}
		written = sealed
		_, err = tx.ExecContext(ctx, `INSERT INTO trail (seq, hash, entry) VALUES (?, ?, ?)`, sealed.Seq, sealed.Hash, string(entry))
		return err
	})
	if err != nil {
		return store.Deed{}, fmt.Errorf("write %s to the audit trail: %w", d.Action, err)
	}
	return written, nil
}

// trailEnd is what the store has noted of the trail's last entry.
func trailEnd(ctx context.Context, tx *sql.Tx) (entries int64, head string, err error) {
	err = tx.QueryRowContext(ctx, `SELECT entries, head FROM trail_end`).Scan(&entries, &head)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", &store.TrailError{Reason: "the note of its end is gone"}
	}
	return entries, head, err
}

// EachDeed implements store.Trail.
func (s *Store) EachDeed(ctx context.Context, before int64, limit int, yield func(store.Deed) error) error {
	query, args := `SELECT seq, hash, entry FROM trail`, []any(nil)
	if before > 0 {
		query, args = query+` WHERE seq < ?`, []any{before}
	}
	query += ` ORDER BY seq DESC`
	if limit > 0 {
		query, args = query+` LIMIT ?`, append(args, limit)
	}
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: read the audit trail: %w", s.path, classify(err))
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var hash, entry string
		if err := rows.Scan(&seq, &hash, &entry); err != nil {
			return fmt.Errorf("%s: read the audit trail: %w", s.path, classify(err))
		}
		d, err := store.OpenDeed(seq, hash, []byte(entry))
		if err != nil {
			return fmt.Errorf("%s: %w", s.path, err)
		}
		if err := yield(d); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: read the audit trail: %w", s.path, classify(err))
	}
	return nil
}

// CheckTrail implements store.Trail. It reads the trail as it is at one instant.
func (s *Store) CheckTrail(ctx context.Context) (store.TrailState, error) {
	var r store.TrailReader
	err := s.checkTrail(ctx, &r)
	var broken *store.TrailError
	if err != nil && !errors.As(err, &broken) && isCorrupt(err) {
		err = &store.TrailError{Seq: r.State().Entries + 1, Reason: "it cannot be read: " + err.Error()}
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", s.path, classify(err))
	}
	return r.State(), err
}

func isCorrupt(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_CORRUPT
}

func (s *Store) checkTrail(ctx context.Context, r *store.TrailReader) (err error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreDone(tx.Rollback())) }()
	if err := readTrail(ctx, tx, r); err != nil {
		return err
	}
	entries, head, err := trailEnd(ctx, tx)
	if err != nil {
		return err
	}
	if err := r.End(entries, head); err != nil {
		return err
	}
	return triggersStand(ctx, tx)
}

func readTrail(ctx context.Context, tx *sql.Tx, r *store.TrailReader) error {
	rows, err := tx.QueryContext(ctx, `SELECT seq, hash, entry FROM trail ORDER BY seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var hash, entry string
		if err := rows.Scan(&seq, &hash, &entry); err != nil {
			return err
		}
		if _, err := r.Next(seq, hash, []byte(entry)); err != nil {
			return err
		}
	}
	return rows.Err()
}

// triggersStand looks whether the triggers are those that the migration made: who takes one away has something in mind.
func triggersStand(ctx context.Context, tx *sql.Tx) error {
	made, err := migrations.ReadFile(trailMigration)
	if err != nil {
		return err
	}
	for _, name := range trailTriggers() {
		var text string
		err := tx.QueryRowContext(ctx, `SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?`, name).Scan(&text)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return &store.TrailError{Reason: "the trigger " + name + ", which keeps it append-only, is gone"}
		case err != nil:
			return err
		case !strings.Contains(string(made), text):
			return &store.TrailError{Reason: "the trigger " + name + ", which keeps it append-only, is another one"}
		}
	}
	return nil
}
