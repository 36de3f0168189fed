package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

func TestConsoleConformance(t *testing.T) {
	storetest.TestConsole(t, func(t testing.TB) store.Store { return open(t, filepath.Join(t.TempDir(), "state.db")) })
}

func TestFindingsConformance(t *testing.T) {
	storetest.TestFindings(t, func(t testing.TB) store.Store { return open(t, filepath.Join(t.TempDir(), "state.db")) })
}

func TestRetentionConformance(t *testing.T) {
	storetest.TestRetention(t, func(t testing.TB) store.Store { return open(t, filepath.Join(t.TempDir(), "state.db")) })
}
