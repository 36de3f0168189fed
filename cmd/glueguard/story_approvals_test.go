package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// withState opens the story's state.
func withState(ts *testscript.TestScript, use func(context.Context, *sqlite.Store)) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(ts.Getenv("XDG_STATE_HOME"), "glueguard", "state.db"))
	ts.Check(err)
	use(ctx, s)
	ts.Check(s.Close())
}

// requestID puts the id of the newest request into the environment: request-id NAME.
func requestID(ts *testscript.TestScript, _ bool, args []string) {
	withState(ts, func(ctx context.Context, s *sqlite.Store) {
		id := ""
		ts.Check(s.EachRequest(ctx, store.RequestFilter{Limit: 1}, func(q store.Request) error {
			id = q.ID
			return nil
		}))
		if id == "" {
			ts.Fatalf("there is no request")
		}
		ts.Setenv(args[0], id)
	})
}

// addUsers makes people who may sign in to the console: users NAME...
func addUsers(ts *testscript.TestScript, _ bool, args []string) {
	withState(ts, func(ctx context.Context, s *sqlite.Store) {
		for _, name := range args {
			u := store.User{ID: "user-" + name, Name: name, Roles: []string{"approver"}, CreatedAt: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
			ts.Check(s.CreateUser(ctx, u))
		}
	})
}
