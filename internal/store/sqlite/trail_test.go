package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

func TestTrailConformance(t *testing.T) {
	h := harness()
	storetest.TestTrail(t, storetest.Trail{Open: h.Open, Again: h.Again})
}

// recordDeeds is another process that writes to the trail.
func recordDeeds(ctx context.Context, path string) (err error) {
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for n := range 50 {
		if _, err := s.Record(ctx, storetest.Deed(n)); err != nil {
			return err
		}
	}
	return nil
}

func TestTrailOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	var waits []func() error
	for range 4 {
		cmd := command(t, "deeds", path)
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waits = append(waits, func() error {
			if err := cmd.Wait(); err != nil {
				return fmt.Errorf("%w: %s", err, said.String())
			}
			return nil
		})
	}
	for _, wait := range waits {
		if err := wait(); err != nil {
			t.Error(err)
		}
	}
	if state, err := s.CheckTrail(t.Context()); err != nil || state.Entries != 200 {
		t.Errorf("%d entries, %v", state.Entries, err)
	}
}

// trailOf writes a small trail, and returns it with a way to change the file past the store.
func trailOf(t *testing.T, deeds int) (s *sqlite.Store, path string, past *sql.DB) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "state.db")
	s = open(t, path)
	for n := range deeds {
		if _, err := s.Record(t.Context(), storetest.Deed(n)); err != nil {
			t.Fatal(err)
		}
	}
	past, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(60000)&_pragma=synchronous(off)")
	if err != nil {
		t.Fatal(err)
	}
	past.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := past.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, path, past
}

func execute(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// disarm takes the triggers away, and returns what puts them back as they were.
func disarm(t *testing.T, db *sql.DB) (rearm func()) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'trail%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names, texts []string
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			t.Fatal(err)
		}
		names, texts = append(names, name), append(texts, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		execute(t, db, "DROP TRIGGER "+name)
	}
	return func() {
		for _, text := range texts {
			execute(t, db, text)
		}
	}
}

// TestTrailRefusesChanges has SQLite itself refuse what is not an entry at the end.
func TestTrailRefusesChanges(t *testing.T) {
	t.Parallel()
	s, _, past := trailOf(t, 3)
	hash := strings.Repeat("a", 64)
	for name, statement := range map[string]string{
		"change an entry":              `UPDATE trail SET entry = replace(entry, 'alice', 'mallory') WHERE seq = 2`,
		"change nothing of an entry":   `UPDATE trail SET hash = hash`,
		"move an entry":                `UPDATE trail SET seq = 4 WHERE seq = 3`,
		"delete the last":              `DELETE FROM trail WHERE seq = 3`,
		"delete all":                   `DELETE FROM trail`,
		"replace an entry":             `INSERT OR REPLACE INTO trail (seq, hash, entry) SELECT seq, hash, entry FROM trail WHERE seq = 2`,
		"replace the last":             `REPLACE INTO trail (seq, hash, entry) SELECT seq, hash, entry FROM trail WHERE seq = 3`,
		"leave a number out":           `INSERT INTO trail (seq, hash, entry) SELECT 5, '` + hash + `', json_set(entry, '$.seq', 5, '$.prev', hash) FROM trail WHERE seq = 3`,
		"follow another entry":         `INSERT INTO trail (seq, hash, entry) SELECT 4, '` + hash + `', json_set(entry, '$.seq', 4) FROM trail WHERE seq = 3`,
		"be another number inside":     `INSERT INTO trail (seq, hash, entry) SELECT 4, '` + hash + `', json_set(entry, '$.prev', hash) FROM trail WHERE seq = 3`,
		"write what is no JSON":        `INSERT INTO trail (seq, hash, entry) VALUES (4, '` + hash + `', 'entry')`,
		"set the end back":             `UPDATE trail_end SET entries = 2, head = (SELECT hash FROM trail WHERE seq = 2)`,
		"give the end another hash":    `UPDATE trail_end SET head = '` + hash + `'`,
		"delete the end":               `DELETE FROM trail_end`,
		"give it another end":          `INSERT INTO trail_end (one, entries, head) VALUES (2, 0, '')`,
		"replace the end":              `INSERT OR REPLACE INTO trail_end (one, entries, head) VALUES (1, 0, '` + store.NoDeed() + `')`,
		"change an entry or ignore it": `UPDATE OR REPLACE trail SET seq = 1 WHERE seq = 2`,
	} {
		if _, err := past.ExecContext(t.Context(), statement); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
	if state, err := s.CheckTrail(t.Context()); err != nil || state.Entries != 3 {
		t.Errorf("%d entries, %v", state.Entries, err)
	}
}

// TestEveryByteOfTheTrail changes each byte of each column of the trail, past its triggers: each change is found, and
// the entry named.
func TestEveryByteOfTheTrail(t *testing.T) {
	t.Parallel()
	s, _, past := trailOf(t, 2)
	rearm := disarm(t, past)
	check := func(what string, seqs ...int64) {
		t.Helper()
		_, err := s.CheckTrail(t.Context())
		var broken *store.TrailError
		if !errors.As(err, &broken) || !errors.Is(err, store.ErrTrailBroken) {
			t.Errorf("%s: %v, want *TrailError", what, err)
			return
		}
		for _, seq := range seqs {
			if broken.Seq == seq {
				return
			}
		}
		t.Errorf("%s: %v, want entry %d", what, err, seqs)
	}
	for seq := int64(1); seq <= 2; seq++ {
		for _, column := range []string{"hash", "entry"} {
			var value []byte
			if err := past.QueryRowContext(t.Context(), `SELECT `+column+` FROM trail WHERE seq = ?`, seq).Scan(&value); err != nil {
				t.Fatal(err)
			}
			update := `UPDATE trail SET ` + column + ` = ? WHERE seq = ?`
			for at := range value {
				flipped := bytes.Clone(value)
				flipped[at] ^= 1 << (at % 7)
				execute(t, past, update, string(flipped), seq)
				check(fmt.Sprintf("%s of entry %d, byte %d", column, seq, at), seq)
			}
			execute(t, past, update, string(value), seq)
		}
		for bit := range 62 {
			moved := seq ^ 1<<bit
			if moved >= 1 && moved <= 2 {
				continue // taken
			}
			execute(t, past, `UPDATE trail SET seq = ? WHERE seq = ?`, moved, seq)
			check(fmt.Sprintf("number of entry %d, bit %d", seq, bit), seq, 1)
			execute(t, past, `UPDATE trail SET seq = ? WHERE seq = ?`, seq, moved)
		}
	}
	var head []byte
	if err := past.QueryRowContext(t.Context(), `SELECT head FROM trail_end`).Scan(&head); err != nil {
		t.Fatal(err)
	}
	for at := range head {
		flipped := bytes.Clone(head)
		flipped[at] ^= 1
		execute(t, past, `UPDATE trail_end SET head = ?`, string(flipped))
		check(fmt.Sprintf("noted hash, byte %d", at), 2)
	}
	execute(t, past, `UPDATE trail_end SET head = ?`, string(head))
	for bit := range 62 {
		execute(t, past, `UPDATE trail_end SET entries = ?`, 2^1<<bit)
		check(fmt.Sprintf("noted number, bit %d", bit), 3, 1)
	}
	execute(t, past, `UPDATE trail_end SET entries = 2`)
	check("without its triggers", 0)
	rearm()
	if _, err := s.CheckTrail(t.Context()); err != nil {
		t.Errorf("as it was: %v", err)
	}
}

// TestEveryByteOfTheFile does the same to the entries' bytes in the file itself.
func TestEveryByteOfTheFile(t *testing.T) {
	t.Parallel()
	s, path, past := trailOf(t, 2)
	execute(t, past, `PRAGMA wal_checkpoint(TRUNCATE)`)
	var last store.Deed
	if err := s.EachDeed(t.Context(), 0, 1, func(d store.Deed) error { last = d; return nil }); err != nil {
		t.Fatal(err)
	}
	_, entry, err := last.Seal(last.Seq, last.Prev)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	from := bytes.Index(file, entry)
	if from < 0 {
		t.Fatal("the entry is not in the file")
	}
	copied := filepath.Join(t.TempDir(), "state.db")
	for at := from; at < from+len(entry); at++ {
		if testing.Short() && (at-from)%9 > 0 { // the test above flips each, in the database
			continue
		}
		file[at] ^= 1 << (at % 7)
		if err := os.WriteFile(copied, file, 0o600); err != nil {
			t.Fatal(err)
		}
		file[at] ^= 1 << (at % 7)
		again, err := sqlite.Open(t.Context(), copied)
		if err != nil {
			t.Fatal(err)
		}
		_, err = again.CheckTrail(t.Context())
		var broken *store.TrailError
		if !errors.As(err, &broken) || broken.Seq != 2 {
			t.Errorf("byte %d of entry 2: %v", at-from, err)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTamperedTrail(t *testing.T) {
	t.Parallel()
	forged, entry, err := storetest.Deed(9).Seal(2, strings.Repeat("b", 64))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		do   []string
		args []any
		seq  int64
		says string
	}{
		"the last is cut off":        {do: []string{`DELETE FROM trail WHERE seq = 3`}, seq: 3, says: "missing"},
		"the first is cut off":       {do: []string{`DELETE FROM trail WHERE seq = 1`}, seq: 1, says: "missing"},
		"one in the middle is gone":  {do: []string{`DELETE FROM trail WHERE seq = 2`}, seq: 2, says: "missing"},
		"all are gone":               {do: []string{`DELETE FROM trail`}, seq: 1, says: "missing"},
		"the note of its end is too": {do: []string{`DELETE FROM trail_end`}, seq: 0, says: "note of its end"},
		"one is replaced": {
			do: []string{`UPDATE trail SET hash = ?, entry = ? WHERE seq = 2`}, args: []any{forged.Hash, string(entry)}, seq: 2, says: "replaced",
		},
		"two change places": {
			do: []string{
				`UPDATE trail SET seq = 99 WHERE seq = 1`, `UPDATE trail SET seq = 1 WHERE seq = 2`, `UPDATE trail SET seq = 2 WHERE seq = 99`,
			}, seq: 1, says: "moved",
		},
		"it is set back to nothing": {
			do: []string{`DELETE FROM trail WHERE seq > 1`, `UPDATE trail_end SET entries = 0, head = '` + store.NoDeed() + `'`}, seq: 1, says: "added",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, past := trailOf(t, 3)
			rearm := disarm(t, past)
			for _, statement := range c.do {
				execute(t, past, statement, c.args...)
			}
			rearm()
			_, err := s.CheckTrail(t.Context())
			var broken *store.TrailError
			if !errors.As(err, &broken) || broken.Seq != c.seq || !strings.Contains(broken.Reason, c.says) {
				t.Errorf("%v, want entry %d %s", err, c.seq, c.says)
			}
		})
	}
	t.Run("a trigger does nothing any more", func(t *testing.T) {
		t.Parallel()
		s, _, past := trailOf(t, 1)
		execute(t, past, `DROP TRIGGER trail_kept`)
		execute(t, past, `CREATE TRIGGER trail_kept BEFORE UPDATE ON trail BEGIN SELECT 1; END`)
		var broken *store.TrailError
		if _, err := s.CheckTrail(t.Context()); !errors.As(err, &broken) || !strings.Contains(broken.Reason, "trail_kept") {
			t.Errorf("%v", err)
		}
	})
}

// TestTrailGoesOnAfterACut keeps recording, so that work is not held up, and the gap stays to be found.
func TestTrailGoesOnAfterACut(t *testing.T) {
	t.Parallel()
	s, _, past := trailOf(t, 3)
	rearm := disarm(t, past)
	execute(t, past, `DELETE FROM trail WHERE seq = 3`)
	rearm()
	if d, err := s.Record(t.Context(), storetest.Deed(4)); err != nil || d.Seq != 4 {
		t.Fatalf("entry %d, %v", d.Seq, err)
	}
	var broken *store.TrailError
	state, err := s.CheckTrail(t.Context())
	if !errors.As(err, &broken) || broken.Seq != 3 || state.Entries != 2 {
		t.Errorf("%d entries are intact, %v", state.Entries, err)
	}
}

func BenchmarkRecord(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "state.db"))
	for b.Loop() {
		if _, err := s.Record(b.Context(), storetest.Deed(1)); err != nil {
			b.Fatal(err)
		}
	}
}
