package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

// TestCheckTrailSince changes a trail, past its triggers, after it was found whole: what was added since, and the entry
// that it was read up to, are found; what lies before is the business of the next whole check.
func TestCheckTrailSince(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change string // of eight entries, five of which were read; empty: none
		broken int64  // which entry is named; 0: none, -1: what keeps the trail
	}{
		"as it was":                      {},
		"the last that was read":         {`UPDATE trail SET entry = replace(entry, 'alice', 'mallory') WHERE seq = 5`, 5},
		"with another hash":              {`UPDATE trail SET hash = replace(hash, substr(hash, 1, 4), 'beef') WHERE seq = 5`, 5},
		"one that was added":             {`UPDATE trail SET entry = replace(entry, 'alice', 'mallory') WHERE seq = 7`, 7},
		"the last is gone":               {`DELETE FROM trail WHERE seq = 8`, 8},
		"cut to before what was read":    {`DELETE FROM trail WHERE seq > 4; UPDATE trail_end SET entries = 4, head = (SELECT hash FROM trail WHERE seq = 4)`, 5},
		"cut to what was read":           {`DELETE FROM trail WHERE seq > 5`, 6},
		"the end says something else":    {`UPDATE trail_end SET entries = 9`, 9},
		"an entry long read, not looked": {`UPDATE trail SET entry = replace(entry, 'alice', 'mallory') WHERE seq = 2`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, past := trailOf(t, 5)
			known, err := s.CheckTrail(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for n := range 3 {
				if _, err := s.Record(t.Context(), storetest.Deed(5+n)); err != nil {
					t.Fatal(err)
				}
			}
			if c.change != "" {
				rearm := disarm(t, past)
				execute(t, past, c.change)
				rearm()
			}
			state, err := s.CheckTrailSince(t.Context(), known)
			var broken *store.TrailError
			switch {
			case c.broken == 0 && (err != nil || state.Entries != 8):
				t.Errorf("%d entries, %v", state.Entries, err)
			case c.broken > 0 && (!errors.As(err, &broken) || broken.Seq != c.broken):
				t.Errorf("%v, want entry %d", err, c.broken)
			}
		})
	}
}

// BenchmarkCheckTrail reads a long trail, and the three entries that were added since.
func BenchmarkCheckTrail(b *testing.B) {
	const entries = 100_000
	s := open(b, filepath.Join(b.TempDir(), "state.db"))
	record := func(n int) {
		for at := 0; at < n; at += 1000 {
			err := s.Together(b.Context(), func(ctx context.Context, w store.Writes) error {
				for i := range min(1000, n-at) {
					if _, err := w.Record(ctx, storetest.Deed(i%100)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	record(entries)
	known := store.TrailState{}
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			var err error
			if known, err = s.CheckTrail(b.Context()); err != nil || known.Entries != entries {
				b.Fatal(known, err)
			}
		}
	})
	record(3)
	b.Run("since", func(b *testing.B) {
		for b.Loop() {
			if state, err := s.CheckTrailSince(b.Context(), known); err != nil || state.Entries != entries+3 {
				b.Fatal(state, err)
			}
		}
	})
}
