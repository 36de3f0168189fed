package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
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
		err = s.commits.do(t.Context(), func(_ context.Context, tx *sql.Tx) error {
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

// TestWritesAreCommittedTogether has many writes queue behind one, some of which fail: each is told its own outcome.
func TestWritesAreCommittedTogether(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	first, queued := make(chan struct{}), make(chan struct{})
	transactions := map[*sql.Tx]int{} // one goroutine at a time commits
	write := func(n int, fail error) error {
		return s.commits.do(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			if n == 0 {
				close(first)
				<-queued
			}
			transactions[tx]++
			if _, err := tx.ExecContext(ctx, `INSERT INTO lease (resource, token) VALUES (?, 1)`, n); err != nil {
				return err
			}
			return fail
		})
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := write(0, nil); err != nil {
			t.Error(err)
		}
	})
	<-first
	broken := errors.New("it broke")
	for n := 1; n <= 100; n++ {
		wg.Go(func() {
			var fail error
			if n%3 == 0 {
				fail = broken
			}
			if err := write(n, fail); !errors.Is(err, fail) {
				t.Errorf("write %d: %v, want %v", n, err, fail)
			}
		})
	}
	for waiting := 0; waiting < 100; {
		s.commits.mu.Lock()
		waiting = len(s.commits.queue)
		s.commits.mu.Unlock()
		runtime.Gosched()
	}
	close(queued)
	wg.Wait()
	var kept int
	if err := s.db.QueryRowContext(t.Context(), `SELECT count(*) FROM lease`).Scan(&kept); err != nil || kept != 68 {
		t.Errorf("%d were kept, %v, want 68", kept, err)
	}
	if len(transactions) != 2 {
		t.Errorf("%d transactions, want 2", len(transactions))
	}
}
