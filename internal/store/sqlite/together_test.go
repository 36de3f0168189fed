package sqlite_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

func TestTogether(t *testing.T) {
	p := &stores{paths: map[store.Store]string{}}
	storetest.TestTogether(t, storetest.Together{
		Open: func(t testing.TB) store.Store { return p.open(t, filepath.Join(t.TempDir(), "state.db")) },
		Killed: func(t testing.TB, s store.Store) store.Store {
			return p.open(t, copied(t, p.of(s)))
		},
	})
}

// copied copies a store's files as they are right now: what is left of them when their process is killed.
func copied(t testing.TB, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "state.db")
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(to+suffix, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}
