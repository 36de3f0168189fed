package sqlite

import (
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

// TestStoreOfAnOlderRelease takes a store back to what it was before the console, and opens it again.
func TestStoreOfAnOlderRelease(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	id := storetest.Keep(t, s, 1, storetest.Various(10))
	s.wantFindings(t, id, 10)
	storetest.Opened(t, s, "c1", "Nightly")
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.db, files, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	if n := s.mustCount(t, `SELECT count(*) FROM sqlite_master WHERE name IN ('user', 'request', 'finding_index')`); n != 0 {
		t.Errorf("%d tables of the console are left", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	s.wantFindings(t, id, 10)
	for text, want := range map[string]int{"nightly": 1, "C1": 1, "plan": 1, "none": 0} {
		n := 0
		err := s.EachSummary(t.Context(), store.ChangeFilter{Search: text}, func(store.Summarized) error { n++; return nil })
		if err != nil || n != want {
			t.Errorf("%s: %d changes, %v, want %d", text, n, err, want)
		}
	}
}
