package sqlite

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/store"
)

// TestJournalConnectionsAreDurable shows that SQLite's own word is asked for on each connection, and heeded.
func TestJournalConnectionsAreDurable(t *testing.T) {
	t.Parallel()
	full := dsn(filepath.Join(t.TempDir(), "state.db"))
	if !strings.Contains(full, "synchronous%28full%29") {
		t.Fatalf("the test does not know how the pragma is written: %s", full)
	}
	for name, c := range map[string]struct {
		pragma string
		want   error
	}{
		"full": {"full", nil}, "extra": {"extra", nil}, "normal": {"normal", store.ErrNotDurable}, "off": {"off", store.ErrNotDurable},
		"a misspelt one, which SQLite takes for off": {"ful", store.ErrNotDurable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openDurable(strings.Replace(full, "synchronous%28full%29", "synchronous%28"+c.pragma+"%29", 1))
			defer db.Close()
			if err := db.PingContext(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("what journals are written through", func(t *testing.T) {
		t.Parallel()
		s, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		err = s.inJournalTx(t.Context(), func(tx *sql.Tx) error {
			for name, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1"} {
				var got string
				if err := tx.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&got); err != nil || got != want {
					t.Errorf("PRAGMA %s: %q, %v, want %q", name, got, err, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
