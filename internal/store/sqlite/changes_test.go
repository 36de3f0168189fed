package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

// hold leases a resource, says so, and keeps it until it is killed or its parent is gone.
func hold(ctx context.Context, spec string) error {
	path, arn, _ := strings.Cut(spec, "|")
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	if _, err := s.Lease(ctx, arn, store.Holder{Host: "child", PID: os.Getpid(), Since: storetest.Start(1)}); err != nil {
		return err
	}
	fmt.Println("held")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// stores remembers where the suite's stores are.
type stores struct {
	mu    sync.Mutex
	paths map[store.Store]string
}

func (p *stores) open(t testing.TB, path string) store.Store {
	s := open(t, path)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paths[s] = path
	return s
}

func (p *stores) of(s store.Store) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paths[s]
}

func harness() storetest.Changes {
	p := &stores{paths: map[store.Store]string{}}
	return storetest.Changes{
		Open:  func(t testing.TB) store.Store { return p.open(t, filepath.Join(t.TempDir(), "state.db")) },
		Again: func(t testing.TB, s store.Store) store.Store { return p.open(t, p.of(s)) },
		Steal: func(t testing.TB, s store.Store) {
			if err := os.RemoveAll(p.of(s) + ".locks"); err != nil {
				t.Fatal(err)
			}
		},
		Hold: func(t testing.TB, s store.Store, resource string) (int, func()) {
			return holdElsewhere(t, p.of(s), resource)
		},
	}
}

func TestChangesConformance(t *testing.T) { storetest.TestChanges(t, harness()) }

func BenchmarkChanges(b *testing.B) {
	for _, n := range []int{1, 200} {
		b.Run(fmt.Sprintf("%d at once", n), func(b *testing.B) { storetest.BenchmarkChanges(b, harness(), n) })
	}
}

func BenchmarkListing(b *testing.B) { storetest.BenchmarkListing(b, harness(), 10000) }

func holdElsewhere(t testing.TB, path, resource string) (pid int, kill func()) {
	cmd := command(t, "lease", path+"|"+resource)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe() // open as long as this process lives
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	return cmd.Process.Pid, func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the other process was not killed")
		}
		_ = stdin.Close()
	}
}

func TestReleasedLocksLeaveNoFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	for range 3 {
		l, err := s.Lease(t.Context(), storetest.ARN("dev"), store.Holder{})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(path + ".locks")
	if err != nil || len(left) > 0 {
		t.Errorf("left in the folder of locks: %v, %v", left, err)
	}
}

// TestLeaseRace has many take and give up one lease: never do two hold it.
func TestLeaseRace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	var inside sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		s := open(t, path)
		wg.Go(func() {
			for range 30 {
				l, err := s.Lease(t.Context(), storetest.ARN("dev"), store.Holder{PID: os.Getpid()})
				var held *store.HeldError
				if errors.As(err, &held) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if !inside.TryLock() {
					t.Error("two hold one lease")
					return
				}
				inside.Unlock()
				if err := l.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestLocksCantBeMade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	if err := os.WriteFile(path+".locks", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lease(t.Context(), storetest.ARN("dev"), store.Holder{}); !errors.Is(err, store.ErrUnusable) {
		t.Errorf("a file where the folder of locks should be: %v, want ErrUnusable", err)
	}
}
