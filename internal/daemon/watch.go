package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/store"
)

// watcher notices in the store what other processes do, such as a command line that runs changes, and what is filed and
// decided. It looks only at what is open, at what was when it last looked, and at the newest.
type watcher struct {
	store   watched
	publish func(api.Event)

	mu      sync.Mutex
	changes map[string]stamp // by id: what was last told of
	filed   map[string]int   // versions of requests, by id
}

// watched is what a watcher reads.
type watched interface {
	Change(ctx context.Context, id string) (*change.Change, error)
	EachSummary(ctx context.Context, f store.ChangeFilter, yield func(store.Summarized) error) error
	Request(ctx context.Context, id string) (store.Request, error)
	EachRequest(ctx context.Context, f store.RequestFilter, yield func(store.Request) error) error
}

// stamp is what anybody wants to be told of a change. Each look at AWS moves a change's time and nothing else of it.
type stamp struct {
	state   change.State
	phase   change.Phase
	step    string
	done    int
	trouble string
	detail  string // what it waits for, where this process knows
}

func stampOf(c store.Summarized) stamp {
	s := stamp{state: c.State, phase: c.Phase, step: c.Step, done: c.StepsDone}
	if c.Trouble != nil {
		s.trouble = c.Trouble.Code
	}
	return s
}

func newWatcher(s watched, publish func(api.Event)) *watcher {
	return &watcher{store: s, publish: publish, changes: map[string]stamp{}, filed: map[string]int{}}
}

// newest is how many of the newest are looked at whatever their state: they may have come and gone since the last look.
const newest = 20

// openStates are those of changes that may move any moment.
func openStates() []change.State {
	return []change.State{change.Running, change.Waiting, change.FailedAt, change.BackingOut}
}

// openRequests are the states of requests that something may become of.
func openRequests() []store.RequestState {
	return []store.RequestState{store.RequestPending, store.RequestApproved, store.RequestQueued, store.RequestRunning}
}

// look publishes what has moved since it last looked.
func (w *watcher) look(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(w.lookAtChanges(ctx), w.lookAtRequests(ctx))
}

// tell publishes how a change of this process is getting on, which knows what it waits for.
func (w *watcher) tell(c store.Summarized, detail string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := stampOf(c)
	now.detail = detail
	w.tellOf(c, now)
	if !slices.Contains(openStates(), c.State) {
		delete(w.changes, c.ID) // nothing more will come of it, and nobody may be looking
	}
}

// tellOf publishes a change unless that was told.
func (w *watcher) tellOf(c store.Summarized, now stamp) {
	if w.changes[c.ID] != now {
		w.changes[c.ID] = now
		w.publish(api.Event{Kind: api.EventChange, Change: &c, Detail: now.detail})
	}
}

func (w *watcher) lookAtChanges(ctx context.Context) error {
	open := map[string]bool{}
	for _, f := range []store.ChangeFilter{{States: openStates()}, {Limit: newest}} {
		err := w.store.EachSummary(ctx, f, func(c store.Summarized) error {
			if !open[c.ID] {
				open[c.ID] = true
				w.changed(c)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("look at the changes: %w", err)
		}
	}
	for id := range w.changes {
		if open[id] {
			continue
		}
		c, err := w.store.Change(ctx, id)
		if err != nil {
			return fmt.Errorf("look at change %s: %w", id, err)
		}
		w.changed(store.Summarize(c))
		delete(w.changes, id)
	}
	return nil
}

// changed publishes a change unless it is as it was. What it waits for is not in the store: at the same step, it is what
// it was.
func (w *watcher) changed(c store.Summarized) {
	now, before := stampOf(c), w.changes[c.ID]
	if now.detail = before.detail; now != before {
		now.detail = ""
	}
	w.tellOf(c, now)
}

func (w *watcher) lookAtRequests(ctx context.Context) error {
	open := map[string]bool{}
	for _, f := range []store.RequestFilter{{States: openRequests()}, {Limit: newest}} {
		err := w.store.EachRequest(ctx, f, func(r store.Request) error {
			if !open[r.ID] {
				open[r.ID] = true
				w.moved(r)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("look at the requests: %w", err)
		}
	}
	for id := range w.filed {
		if open[id] {
			continue
		}
		r, err := w.store.Request(ctx, id)
		if err != nil {
			return fmt.Errorf("look at request %s: %w", id, err)
		}
		w.moved(r)
		delete(w.filed, id)
	}
	return nil
}

// follow has the next look tell of a request that this process works on, even where it begins and ends between two looks.
func (w *watcher) follow(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.filed[id] = unseen
}

// unseen is no version of a request.
const unseen = -1

func (w *watcher) moved(r store.Request) {
	if version, known := w.filed[r.ID]; !known || version != r.Version {
		w.filed[r.ID] = r.Version
		w.publish(api.Event{Kind: api.EventRequest, Request: r.ID})
	}
}
