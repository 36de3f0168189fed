package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/store"
)

// running is a request under way. Its results are kept in the store as they come.
type running struct {
	store store.Requests
	now   func() time.Time

	mu      sync.Mutex
	request store.Request
}

// head is the request as it was when it began.
func (r *running) head() store.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.request
}

// set keeps the result of a subject, in place of the one before.
func (r *running) set(ctx context.Context, result store.RequestResult) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	same := func(o store.RequestResult) bool {
		return o.Subject == result.Subject && (o.Change == "" || o.Change == result.Change)
	}
	if i := slices.IndexFunc(r.request.Results, same); i >= 0 {
		if r.request.Results[i] == result {
			return nil
		}
		r.request.Results = slices.Clone(r.request.Results)
		r.request.Results[i] = result
	} else {
		r.request.Results = append(slices.Clone(r.request.Results), result)
	}
	return r.save(ctx, func(q store.Request) error { return r.store.UpdateRequest(context.WithoutCancel(ctx), q) })
}

// settled tells whether the result of a subject is final. A resource may have several changes in one request: change, unless
// it is empty, says which is meant.
func (r *running) settled(subject, change string) bool {
	return slices.ContainsFunc(r.head().Results, func(one store.RequestResult) bool {
		return one.Subject == subject && settled(one) && (change == "" || one.Change == "" || one.Change == change)
	})
}

// knows tells whether the change of a job was begun by this request.
func (r *running) knows(j engine.Job) bool {
	return slices.ContainsFunc(r.head().Results, func(one store.RequestResult) bool {
		return one.Change != "" && (one.Change == j.Change || j.Change == "" && one.Subject == j.Resource)
	})
}

// close ends the request, here. What was begun and has no outcome was left where it stands.
func (r *running) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.request.State, r.request.EndedAt = store.RequestEnded, r.now()
	r.request.Results = slices.Clone(r.request.Results)
	for n := range r.request.Results {
		if one := &r.request.Results[n]; !settled(*one) {
			one.Message, one.Hint = "it was left where it stands", "resume goes on"
		}
	}
}

// write keeps the request as it is here, by what updates it.
func (r *running) write(update func(store.Request) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.save(context.Background(), update)
}

// saveTries is how often a request is written that others change at the same time.
const saveTries = 5

// save writes the request. What this process knows of its results and state wins; nobody else has any business with a
// running request.
func (r *running) save(ctx context.Context, update func(store.Request) error) error {
	ctx = context.WithoutCancel(ctx)
	for try := 0; ; try++ {
		err := update(r.request)
		if err == nil {
			r.request.Version++
			return nil
		}
		if !errors.Is(err, store.ErrConflict) || try == saveTries {
			return fmt.Errorf("write request %s: %w", r.request.ID, err)
		}
		now, err := r.store.Request(ctx, r.request.ID)
		if err != nil {
			return fmt.Errorf("read request %s: %w", r.request.ID, err)
		}
		now.State, now.EndedAt, now.Results = r.request.State, r.request.EndedAt, r.request.Results
		r.request = now
	}
}

// settled tells whether a result is final.
func settled(r store.RequestResult) bool { return r.OK || r.Message != "" }
