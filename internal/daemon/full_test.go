package daemon_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/daemon"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// fillable is a store whose disk can be full: then the requests, leases and deeds of this process can't be written.
type fillable struct {
	*sqlite.Store
	full atomic.Bool
}

var errFull = errors.New("database or disk is full")

func (s *fillable) room() error {
	if s.full.Load() {
		return errFull
	}
	return nil
}

func (s *fillable) UpdateRequest(ctx context.Context, q store.Request) error {
	if err := s.room(); err != nil {
		return err
	}
	return s.Store.UpdateRequest(ctx, q)
}

func (s *fillable) Record(ctx context.Context, d store.Deed) (store.Deed, error) {
	if err := s.room(); err != nil {
		return store.Deed{}, err
	}
	return s.Store.Record(ctx, d)
}

func (s *fillable) Together(ctx context.Context, write func(context.Context, store.Writes) error) error {
	if err := s.room(); err != nil {
		return err
	}
	return s.Store.Together(ctx, write)
}

func (s *fillable) Lease(ctx context.Context, name string, h store.Holder) (store.Lease, error) {
	if err := s.room(); err != nil {
		return nil, err
	}
	return s.Store.Lease(ctx, name, h)
}

// TestAFullDisk fills the disk while a request waits: nothing is begun, the daemon says so, and goes on when there is
// room again.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := &fillable{Store: w.store}
	w.options = func(o *daemon.Options) { o.Store = s }
	c, _ := w.serve()
	c.setUp()
	c.until("the first audit", c.audited)
	c.call("GET", "/readyz", nil, http.StatusOK)
	digest := c.planOne(1)
	s.full.Store(true)
	work := map[string]any{"work": map[string]any{"kind": "apply", "plan": digest}, "start": true}
	if p := c.call("POST", "/api/v1/requests", work, http.StatusInternalServerError); p["code"] == "" || strings.Contains(p["detail"].(string), errFull.Error()) {
		t.Errorf("the problem: %v", p)
	}
	// One that another process files, on a disk with room, as this daemon sees it.
	kim := auth.CommandLine(store.Actor{Kind: store.ActorCommand, Name: "kim"})
	q, err := (auth.Rules{Lasts: time.Hour}).Ask("q", store.Work{Kind: store.RequestApply, Plan: digest}, kim, "", true, time.Now())
	if err == nil {
		err = w.store.CreateRequest(t.Context(), q)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.ready(http.StatusServiceUnavailable)
	if list := c.call("GET", "/api/v1/changes", nil, http.StatusOK)["items"].([]any); len(list) > 0 {
		t.Errorf("changes were begun that could not be told of: %v", list)
	}
	s.full.Store(false)
	c.until("it is done", c.ended("q"))
	c.results("q")
	c.ready(http.StatusOK)
	if n := strings.Count(w.log.String(), errFull.Error()); n > 20 {
		t.Errorf("the log says it %d times", n)
	}
}

// ready waits until /readyz answers with a status.
func (c *client) ready(want int) {
	c.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		answer := c.send("GET", "/readyz", nil)
		answer.Body.Close()
		if answer.StatusCode == want {
			return
		}
		<-tick.C
	}
	c.t.Fatalf("/readyz never answers with %d", want)
}
