package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
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

// dieIndexing begins to build the index of the newest audit, and dies in the middle as if by kill -9.
func dieIndexing(ctx context.Context, path string) error {
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(60000)")
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- s.IndexAudit(ctx, "latest") }()
	for written := 0; written == 0; {
		select {
		case err := <-failed:
			return err
		default:
		}
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM indexed_finding`).Scan(&written); err != nil {
			return err
		}
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	return self.Kill()
}

func TestKilledWhileIndexing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	const n = 4000 // a few transactions
	id := storetest.Keep(t, s, 1, storetest.Various(n))
	cmd := command(t, "index", path)
	if err := cmd.Run(); err == nil {
		t.Fatal("the child was not killed")
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var left, complete int
	if err := db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM indexed_finding), complete FROM finding_index`).Scan(&left, &complete); err != nil {
		t.Fatal(err)
	}
	if left == 0 || left > n || complete != 0 {
		t.Fatalf("the child left %d findings and the mark %d, want some and none: the test shows nothing", left, complete)
	}
	page, err := s.FindFindings(t.Context(), store.FindingQuery{Audit: id, Limit: n})
	if err != nil || page.Total != n || len(page.Findings) != n {
		t.Errorf("%d of %d findings, %v, want %d", len(page.Findings), page.Total, err, n)
	}
}
