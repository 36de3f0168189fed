package api

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/store"
)

// readTrail is a trail of so many entries that counts how it is read.
type readTrail struct {
	store.Trail
	entries int64
	broken  int64 // the entry that is; 0: none
	whole   int   // how often it was read from its beginning
	since   []int64
}

func (r *readTrail) state(n int64) store.TrailState { return store.TrailState{Entries: n} }

func (r *readTrail) CheckTrail(context.Context) (store.TrailState, error) {
	r.whole++
	if r.broken > 0 {
		return r.state(r.broken - 1), &store.TrailError{Seq: r.broken}
	}
	return r.state(r.entries), nil
}

func (r *readTrail) CheckTrailSince(_ context.Context, known store.TrailState) (store.TrailState, error) {
	r.since = append(r.since, known.Entries)
	if r.broken >= known.Entries && r.broken > 0 {
		return known, &store.TrailError{Seq: r.broken}
	}
	return r.state(r.entries), nil
}

// TestTrailIsReadOnce shows what a page of the trail reads: what was added, and all of it once an hour, when it is asked
// to, and when it is broken.
func TestTrailIsReadOnce(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	trail, check := &readTrail{entries: 10}, &trailCheck{}
	for _, step := range []struct {
		name    string
		at      time.Duration
		entries int64
		broken  int64
		ask     bool

		intact       bool
		wholeAt      time.Duration
		wholeEntries int64
		whole        int // in all
		since        int // in all
	}{
		{"the first look reads all", 0, 10, 0, false, true, 0, 10, 1, 0},
		{"the next what was added", time.Minute, 12, 0, false, true, 0, 10, 1, 1},
		{"and says when all was read", 59 * time.Minute, 15, 0, false, true, 0, 10, 1, 2},
		{"after an hour all is read", time.Hour, 15, 0, false, true, time.Hour, 15, 2, 2},
		{"what was read before may be changed meanwhile, as the time of the last whole look tells", time.Hour + 1, 16, 3, false, true, time.Hour, 15, 2, 3},
		{"until somebody asks", time.Hour + 2, 16, 3, true, false, time.Hour + 2, 2, 3, 3},
		{"then it is not intact until all of it is", time.Hour + 3, 16, 3, false, false, time.Hour + 3, 2, 4, 3},
		{"as here", time.Hour + 4, 16, 0, false, true, time.Hour + 4, 16, 5, 3},
		{"a break in what was added has all read, which tells where", time.Hour + 5, 18, 17, false, false, time.Hour + 5, 16, 6, 4},
	} {
		trail.entries, trail.broken = step.entries, step.broken
		found, err := check.check(t.Context(), trail, func() time.Time { return start.Add(step.at) }, step.ask)
		if errors.Is(err, store.ErrTrailBroken) == step.intact || err != nil && !errors.Is(err, store.ErrTrailBroken) {
			t.Errorf("%s: %v", step.name, err)
		}
		got := []any{found.wholeAt.Sub(start), found.wholeEntries, trail.whole, len(trail.since)}
		if d := cmp.Diff([]any{step.wholeAt, step.wholeEntries, step.whole, step.since}, got); d != "" {
			t.Errorf("%s: when, how many, reads of all and of what was added (-want +got):\n%s", step.name, d)
		}
	}
	if d := cmp.Diff([]int64{10, 12, 15, 16}, trail.since); d != "" {
		t.Errorf("read on from (-want +got):\n%s", d)
	}
}
