package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/glueguard/glueguard/internal/store/sqlite"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

func TestSettled(t *testing.T) {
	t.Parallel()
	storetest.TestSettled(t, func(t *testing.T) storetest.SettledStore {
		s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	})
}
