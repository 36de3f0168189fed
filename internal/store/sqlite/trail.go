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
	return s.CheckTrailSince(ctx, store.TrailState{})
}

// CheckTrailSince implements store.Trail. It reads the trail as it is at one instant.
func (s *Store) CheckTrailSince(ctx context.Context, known store.TrailState) (store.TrailState, error) {
	r := store.ReadFrom(known)
	err := s.checkTrail(ctx, r)
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
	from := r.State().Entries
	rows, err := tx.QueryContext(ctx, `SELECT seq, hash, entry FROM trail WHERE seq >= ? ORDER BY seq`, from)
	if err != nil {
		return err
	}
	defer rows.Close()
	var hash string
	var entry sql.RawBytes
	again := from > 0
	for ; rows.Next(); again = false {
		var seq int64
		if err := rows.Scan(&seq, &hash, &entry); err != nil {
			return err
		}
		if again {
			err = r.Again(seq, hash, entry)
		} else {
			_, err = r.Next(seq, hash, entry)
		}
		if err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil || !again {
		return err
	}
	return &store.TrailError{Seq: from, Reason: "it is missing, and was there when the trail was last read"}
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
