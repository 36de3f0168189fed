package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// clock is a clock that stands still until it is set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (s *Store) mustExec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := s.db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func (s *Store) mustCount(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	if err := s.db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// wantFindings asks for all findings of an audit.
func (s *Store) wantFindings(t *testing.T, auditID string, n int) {
	t.Helper()
	page, err := s.FindFindings(t.Context(), store.FindingQuery{Audit: auditID, Limit: n + 1})
	if err != nil || page.Total != n || len(page.Findings) != n {
		t.Errorf("%d of %d findings, %v, want %d", len(page.Findings), page.Total, err, n)
	}
}

// TestIndexIsBuiltOnce has several stores on one file, as several processes have, and several who ask each, and counts.
func TestIndexIsBuiltOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	first := openAt(t, path)
	id := storetest.Keep(t, first, 1, storetest.Various(1100))
	first.mustExec(t, `CREATE TABLE built (audit)`)
	first.mustExec(t, `CREATE TRIGGER built AFTER INSERT ON finding_index BEGIN INSERT INTO built VALUES (NEW.audit); END`)
	stores := []*Store{first, openAt(t, path), openAt(t, path)}
	var wg sync.WaitGroup
	for _, s := range stores {
		for range 4 {
			wg.Go(func() { s.wantFindings(t, id, 1100) })
		}
	}
	wg.Wait()
	if n := first.mustCount(t, `SELECT count(*) FROM built`); n != 1 {
		t.Errorf("the index was built %d times, want once", n)
	}
}

// TestIndexThatIsNotWholeIsBuiltAnew leaves behind what a builder leaves that dies, at each of its steps, and more.
func TestIndexThatIsNotWholeIsBuiltAnew(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string][]string{
		"nothing but its head":      {`UPDATE finding_index SET complete = 0`, `DELETE FROM indexed_finding`, `DELETE FROM finding_columns`},
		"some findings":             {`UPDATE finding_index SET complete = 0`, `DELETE FROM indexed_finding WHERE at % 2`, `DELETE FROM finding_columns`},
		"all but the mark":          {`UPDATE finding_index SET complete = 0`},
		"a form of another release": {`UPDATE finding_index SET format = format + 1`},
		"columns cut short":         {`UPDATE finding_columns SET bytes = substr(bytes, 1, length(bytes) / 2)`},
		"columns of nothing":        {`UPDATE finding_columns SET bytes = zeroblob(length(bytes))`},
		"columns that are gone":     {`DELETE FROM finding_columns`},
		"findings that are gone":    {`DELETE FROM indexed_finding WHERE at % 2`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "state.db")
			s := openAt(t, path)
			id := storetest.Keep(t, s, 1, storetest.Various(100))
			s.wantFindings(t, id, 100)
			for _, statement := range damage {
				s.mustExec(t, statement)
			}
			openAt(t, path).wantFindings(t, id, 100)
			s.wantFindings(t, id, 100)
		})
	}
}

// TestOldIndexesAreDropped shows which indexes stay, on disk and in memory.
func TestOldIndexesAreDropped(t *testing.T) {
	t.Parallel()
	s := openAt(t, filepath.Join(t.TempDir(), "state.db"))
	c := &clock{now: storetest.Start(0)}
	s.indexes.now = c.Now
	var audits []string
	for n := range 6 {
		audits = append(audits, storetest.Keep(t, s, n, storetest.Various(10+n)))
	}
	kept := func() (list []string) {
		list, err := all(t.Context(), s, func(scan func(...any) error) (id string, err error) {
			err = scan(&id)
			return id, err
		}, `SELECT id FROM audit WHERE seq IN (SELECT audit FROM finding_index WHERE complete = 1) AND seq IN (SELECT audit FROM finding_columns)
			AND seq IN (SELECT at >> 32 FROM indexed_finding) ORDER BY seq`)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for n, id := range audits[:5] {
		s.wantFindings(t, id, 10+n)
		c.add(time.Minute)
	}
	if d := cmp.Diff(audits[:5], kept()); d != "" {
		t.Errorf("asked for lately (-want +got):\n%s", d)
	}
	if n := len(s.indexes.known); n != indexesInMemory {
		t.Errorf("%d are in memory, want %d", n, indexesInMemory)
	}
	c.add(indexRest - time.Minute)
	s.wantFindings(t, audits[1], 11)
	c.add(10 * time.Minute)
	s.wantFindings(t, audits[5], 15)
	if d := cmp.Diff([]string{audits[1], audits[3], audits[4], audits[5]}, kept()); d != "" {
		t.Errorf("the newest, and the one that was asked for lately (-want +got):\n%s", d)
	}
	if n := s.mustCount(t, `SELECT count(*) FROM indexed_finding`); n != 11+13+14+15 {
		t.Errorf("%d findings are left, want those of four audits", n)
	}
	s.wantFindings(t, audits[0], 10)
}

// TestCloseEndsTheBuildingOfAnIndex closes a store that waits for another to build.
func TestCloseEndsTheBuildingOfAnIndex(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	id := storetest.Keep(t, s, 1, storetest.Various(10))
	audit, err := s.finished(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	other := openAt(t, path)
	l, err := other.lockIndex(t.Context(), audit)
	if err != nil {
		t.Fatal(err)
	}
	k := s.indexes.ask(audit, false)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if <-k.ready; !errors.Is(k.err, context.Canceled) {
		t.Errorf("who waited got %v, want context.Canceled", k.err)
	}
	if err := l.release(); err != nil {
		t.Error(err)
	}
	other.wantFindings(t, id, 10)
}
