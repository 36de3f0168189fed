package daemon

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/store"
)

func changeEvent(id string, done int) api.Event {
	return api.Event{Kind: api.EventChange, Change: &store.Summarized{ID: id, StepsDone: done}}
}

// TestHubHandsOut shows that 200 subscribers, most of them slow, each get the last event of every change, in order, and
// that publishing waits for none of them.
func TestHubHandsOut(t *testing.T) {
	t.Parallel()
	const subscribers, changes, steps = 200, 5, 40
	var open sync.WaitGroup
	var mu sync.Mutex
	streams := 0
	h := newHub(time.Now, func(n int) {
		mu.Lock()
		defer mu.Unlock()
		streams += n
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	last := make([]map[string]int, subscribers)
	for n := range subscribers {
		events := h.Subscribe(ctx)
		last[n] = map[string]int{}
		open.Go(func() {
			seq, complete := int64(0), 0
			for e := range events {
				if e.Seq <= seq && e.Change.StepsDone <= last[n][e.Change.ID] {
					t.Errorf("subscriber %d: event %d of %s after event %d", n, e.Seq, e.Change.ID, seq)
				}
				seq = e.Seq
				last[n][e.Change.ID] = e.Change.StepsDone
				if e.Change.StepsDone == steps {
					if complete++; complete == changes {
						return
					}
				}
			}
		})
	}
	for done := 1; done <= steps; done++ {
		for c := range changes {
			h.Publish(changeEvent(fmt.Sprint("c", c), done))
		}
	}
	open.Wait()
	for n := range last {
		for c := range changes {
			if got := last[n][fmt.Sprint("c", c)]; got != steps {
				t.Errorf("subscriber %d saw step %d of change %d last, want %d", n, got, c, steps)
			}
		}
	}
}

// TestHubLetsGo shows that a subscriber's channel is closed with its context, and that nothing is left of it.
func TestHubLetsGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		streams := 0
		var mu sync.Mutex
		h := newHub(time.Now, func(n int) {
			mu.Lock()
			defer mu.Unlock()
			streams += n
		})
		ctx, cancel := context.WithCancel(t.Context())
		events := h.Subscribe(ctx)
		if !h.Watched() {
			t.Error("somebody has subscribed, and nobody is said to watch")
		}
		cancel()
		if _, ok := <-events; ok {
			t.Error("an event came after the end")
		}
		synctest.Wait()
		if h.Watched() || streams != 0 {
			t.Errorf("%d streams are left", streams)
		}
	})
}

// TestHubSendsAwayWhoIsFarBehind shows that nobody can make the hub keep events without number.
func TestHubSendsAwayWhoIsFarBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHub(time.Now, func(int) {})
		events := h.Subscribe(t.Context())
		for n := range mostPending + 2 {
			h.Publish(changeEvent(fmt.Sprint(n), 1))
		}
		synctest.Wait()
		got := 0
		for range events {
			got++
		}
		if got > 1 { // one may have been on its way
			t.Errorf("it got %d events before it was sent away", got)
		}
		synctest.Wait()
		if h.Watched() {
			t.Error("it is still there")
		}
	})
}
