package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

func BenchmarkFindings(b *testing.B) {
	storetest.BenchmarkFindings(b, open(b, filepath.Join(b.TempDir(), "state.db")), 100_000)
}

func BenchmarkIndex(b *testing.B) {
	storetest.BenchmarkIndex(b, func(t testing.TB) store.Store { return open(t, filepath.Join(t.TempDir(), "state.db")) }, 100_000)
}

// BenchmarkIndexAgain reads the index of 100,000 findings that another process has built.
func BenchmarkIndexAgain(b *testing.B) {
	path := filepath.Join(b.TempDir(), "state.db")
	s := open(b, path)
	before, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	id := storetest.Keep(b, s, 1, storetest.Various(100_000))
	if err := s.IndexAudit(b.Context(), id); err != nil {
		b.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		again := open(b, path)
		if err := again.IndexAudit(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(after.Size()-before.Size())/(1<<20), "MiB/file")
}
