package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/store"
)

// Verdicts as the table finding has them.
const (
	notFailing = 0
	failing    = 1
	neverKnown = 2
)

func verdictOf(s control.Status) int {
	switch s {
	case control.Fail, control.Exempt:
		return failing
	case control.Pass, control.NotApplicable:
		return notFailing
	}
	return neverKnown
}

// updateHistory brings the table finding up to date with an audit that is about to be sealed.
func updateHistory(ctx context.Context, tx *sql.Tx, audit, started int64) error {
	if err := recordSeen(ctx, tx, audit, started); err != nil {
		return err
	}
	// Gone from the very location that showed them: the common case, in one statement.
	const resolveOwn = `UPDATE finding SET verdict = 0, resolved_at = ?2, judged_at = ?2
		WHERE verdict = 1 AND audit <> ?1 AND judged_at <= ?2 AND seen_in = '' AND EXISTS (
			SELECT 1 FROM part WHERE part.audit = ?1 AND part.account = finding.account AND part.region = finding.region
				AND instr(part.settled, ',' || finding.control || ',') > 0)`
	if _, err := tx.ExecContext(ctx, resolveOwn, audit, started); err != nil {
		return fmt.Errorf("resolve findings: %w", err)
	}
	return resolveSeenElsewhere(ctx, tx, audit, started)
}

const upsert = `INSERT INTO finding (id, control, account, region, seen_in, verdict, audit, judged_at, first_seen, last_seen) VALUES `

// onConflict lets what a newer audit has said stand: excluded is what this audit says, the bare names what is stored.
const onConflict = ` ON CONFLICT (id) DO UPDATE SET
	first_seen  = min(first_seen, excluded.first_seen),
	last_seen   = max(last_seen, excluded.last_seen),
	resolved_at = iif(excluded.judged_at >= judged_at AND verdict = 1 AND excluded.verdict = 0, excluded.judged_at, resolved_at),
	reopened_at = iif(excluded.judged_at >= judged_at AND verdict = 0 AND resolved_at > 0 AND excluded.verdict = 1, excluded.judged_at, reopened_at),
	verdict     = iif(excluded.judged_at >= judged_at AND excluded.verdict <> 2, excluded.verdict, verdict),
	seen_in     = iif(excluded.judged_at >= judged_at AND excluded.verdict <> 2, excluded.seen_in, seen_in),
	audit       = iif(excluded.judged_at >= judged_at, excluded.audit, audit),
	judged_at   = max(excluded.judged_at, judged_at)`

// seen is a finding as the history knows it.
type seen struct {
	ID      string     `json:"id"`
	Control control.ID `json:"control"`
	Account string     `json:"account"`
	Region  string     `json:"region"`
	Verdict int        `json:"verdict"`
	SeenIn  string     `json:"in,omitempty"` // the locations that showed it, where not its own
}

func recordSeen(ctx context.Context, tx *sql.Tx, audit, started int64) error {
	const columns = 10
	rows, err := tx.QueryContext(ctx, `SELECT seen FROM part WHERE audit = ? AND seen <> x'5b5d'`, audit)
	if err != nil {
		return fmt.Errorf("read the audit's findings: %w", err)
	}
	defer rows.Close()
	var args []any
	var packed sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&packed); err != nil {
			return fmt.Errorf("read the audit's findings: %w", err)
		}
		list, err := unpack[seen](packed)
		if err != nil {
			return fmt.Errorf("unpack findings: %w", err)
		}
		for _, f := range list {
			args = append(args, f.ID, string(f.Control), f.Account, f.Region, f.SeenIn, f.Verdict, audit, started, started, started)
		}
		if len(args) >= columns*batchFindings {
			if err := insertRows(ctx, tx, upsert, columns, args, onConflict); err != nil {
				return fmt.Errorf("record findings: %w", err)
			}
			args = args[:0]
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the audit's findings: %w", err)
	}
	if err := insertRows(ctx, tx, upsert, columns, args, onConflict); err != nil {
		return fmt.Errorf("record findings: %w", err)
	}
	return nil
}

// resolveSeenElsewhere resolves findings that other locations showed, where the audit has settled all of those.
func resolveSeenElsewhere(ctx context.Context, tx *sql.Tx, audit, started int64) error {
	gone, err := goneFrom(ctx, tx, audit, started)
	if err != nil {
		return err
	}
	for id, f := range gone {
		all := true
		for place := range strings.FieldsSeq(f.seenIn) {
			account, region, _ := strings.Cut(place, "/")
			const settled = `SELECT count(*) FROM part WHERE audit = ? AND account = ? AND region = ? AND instr(settled, ?) > 0`
			var n int
			if err := tx.QueryRowContext(ctx, settled, audit, account, region, ","+f.control+",").Scan(&n); err != nil {
				return fmt.Errorf("read what the audit settled: %w", err)
			}
			if all = n > 0; !all {
				break
			}
		}
		if !all {
			continue
		}
		const resolve = `UPDATE finding SET verdict = 0, resolved_at = ?2, judged_at = ?2 WHERE id = ?1`
		if _, err := tx.ExecContext(ctx, resolve, id, started); err != nil {
			return fmt.Errorf("resolve findings: %w", err)
		}
	}
	return nil
}

type goneFinding struct{ control, seenIn string }

// goneFrom lists the failing findings, shown by other locations, that an audit did not see.
func goneFrom(ctx context.Context, tx *sql.Tx, audit, started int64) (map[string]goneFinding, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, control, seen_in FROM finding
		WHERE verdict = 1 AND audit <> ? AND judged_at <= ? AND seen_in <> ''`, audit, started)
	if err != nil {
		return nil, fmt.Errorf("read findings that are gone: %w", err)
	}
	defer rows.Close()
	gone := map[string]goneFinding{}
	for rows.Next() {
		var id string
		var f goneFinding
		if err := rows.Scan(&id, &f.control, &f.seenIn); err != nil {
			return nil, fmt.Errorf("read findings that are gone: %w", err)
		}
		gone[id] = f
	}
	return gone, rows.Err()
}

// History implements store.HistoryReader.
func (s *Store) History(ctx context.Context, findingID string) (finding.History, error) {
	var first, last, resolved, reopened int64
	err := s.db.QueryRowContext(ctx,
		`SELECT first_seen, last_seen, resolved_at, reopened_at FROM finding WHERE id = ?`, findingID).
		Scan(&first, &last, &resolved, &reopened)
	if errors.Is(err, sql.ErrNoRows) {
		return finding.History{}, fmt.Errorf("finding %s: %w", findingID, store.ErrNotFound)
	}
	if err != nil {
		return finding.History{}, fmt.Errorf("%s: read finding %s: %w", s.path, findingID, classify(err))
	}
	return finding.History{
		FirstSeen: instant(first), LastSeen: instant(last), ResolvedAt: instant(resolved), ReopenedAt: instant(reopened),
	}, nil
}
