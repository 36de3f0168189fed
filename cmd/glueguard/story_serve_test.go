package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// rested waits until no request is queued or under way: rested.
func rested(ts *testscript.TestScript, _ bool, _ []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s, err := sqlite.Open(ctx, filepath.Join(ts.Getenv("XDG_STATE_HOME"), "glueguard", "state.db"))
	ts.Check(err)
	defer func() { ts.Check(s.Close()) }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	open := store.RequestFilter{States: []store.RequestState{store.RequestQueued, store.RequestRunning}}
	for {
		counts, err := s.CountRequests(ctx, open)
		ts.Check(err)
		if counts[store.RequestQueued]+counts[store.RequestRunning] == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			ts.Fatalf("requests are under way still: %v", counts)
		}
	}
}
