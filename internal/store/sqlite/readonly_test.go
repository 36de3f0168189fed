package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// A state that can't be written can be read, and nothing is made beside it.
func TestOpenToRead(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "state.db")
	deed := store.Deed{
		At: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), Action: "audit.run", Outcome: store.DeedOK, Actor: store.Actor{Kind: store.ActorCommand, Name: "dana"},
	}
	if _, err := sqlite.OpenToRead(ctx, path); !errors.Is(err, store.ErrUnusable) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Record(ctx, deed); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	read, err := sqlite.OpenToRead(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	end, err := read.CheckTrail(ctx)
	if err != nil || end.Entries != 1 {
		t.Errorf("the trail: %+v, %v", end, err)
	}
	if _, err := read.Record(ctx, deed); err == nil {
		t.Error("it was written")
	}
	if err := read.Close(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if f.Name() == "state.db-wal" || f.Name() == "state.db-shm" {
			t.Errorf("%s was made", f.Name())
		}
	}
	empty := filepath.Join(t.TempDir(), "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.OpenToRead(ctx, empty); !errors.Is(err, store.ErrUnusable) {
		t.Errorf("an empty file: %v", err)
	}
}
