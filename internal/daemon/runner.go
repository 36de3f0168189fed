package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

// errInterrupted is why a request stops that somebody has interrupted.
var errInterrupted = errors.New("interrupted")

// NotRunningError means that a request was to be interrupted which this daemon is not at work on.
type NotRunningError struct{ Request string }

func (e *NotRunningError) Error() string {
	return fmt.Sprintf("request %s is not being worked on here", e.Request)
}

// Unwrap makes it an ErrState.
func (e *NotRunningError) Unwrap() error { return store.ErrState }

// runner does what requests ask for: it claims those that are queued, several at once, and takes up those that ran when
// the daemon before it ended.
type runner struct {
	store  runnerStore
	doer   doer
	rules  func(context.Context) (auth.Rules, error) // of approval, as they are now
	clock  Clock
	log    *slog.Logger
	holder store.Holder
	atOnce int
	wake   chan struct{}

	mu     sync.Mutex
	active map[string]context.CancelCauseFunc // by request
	work   sync.WaitGroup
}

// runnerStore is where requests are.
type runnerStore interface {
	store.Requests
	Lease(ctx context.Context, name string, h store.Holder) (store.Lease, error)
}

// doer does one request's work and says what became of it. again: it was begun by a daemon that has ended since. unfinished
// means that ctx ended before it was over, so that it goes on under the next daemon.
type doer interface {
	do(ctx context.Context, r *running, again bool) (unfinished bool)
}

// Wake implements api.Worker.
func (r *runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Interrupt implements api.Worker.
func (r *runner) Interrupt(requestID string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	cancel, ok := r.active[requestID]
	if !ok {
		return &NotRunningError{Request: requestID}
	}
	cancel(errInterrupted)
	return nil
}

// wait returns when nothing is under way any more.
func (r *runner) wait() { r.work.Wait() }

// takeUp goes on with what was under way when the daemon before this one ended.
func (r *runner) takeUp(ctx context.Context) error {
	list, err := r.list(ctx, store.RequestRunning)
	if err != nil {
		return err
	}
	for _, q := range list {
		lease, ok, err := r.lease(ctx, q.ID)
		if err != nil {
			return err
		}
		if ok {
			r.log.Info("taking up a request", "request", q.ID, "kind", string(q.Work.Kind))
			r.start(ctx, q, lease, true)
		}
	}
	return nil
}

// list returns the requests of a state, the oldest first.
func (r *runner) list(ctx context.Context, state store.RequestState) ([]store.Request, error) {
	var list []store.Request
	err := r.store.EachRequest(ctx, store.RequestFilter{States: []store.RequestState{state}}, func(q store.Request) error {
		list = append(list, q)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the requests: %w", err)
	}
	slices.Reverse(list)
	return list, nil
}

// lease takes a request's lease; ok is false where somebody else works on it.
func (r *runner) lease(ctx context.Context, id string) (lease store.Lease, ok bool, err error) {
	h := r.holder
	h.Since = r.clock.Now()
	lease, err = r.store.Lease(ctx, store.RequestLease(id), h)
	var held *store.HeldError
	if errors.As(err, &held) {
		return nil, false, nil
	}
	return lease, err == nil, err
}

// claim starts queued requests as long as there is room.
func (r *runner) claim(ctx context.Context) error {
	if r.full() {
		return nil
	}
	list, err := r.list(ctx, store.RequestQueued)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	rules, err := r.rules(ctx)
	if err != nil {
		return fmt.Errorf("find out when approval is needed: %w", err)
	}
	for _, q := range list {
		if r.full() {
			return nil
		}
		if err := r.claimOne(ctx, rules, q); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.active) >= r.atOnce
}

// claimOne starts one request, unless somebody else was faster, or it may not be done after all.
func (r *runner) claimOne(ctx context.Context, rules auth.Rules, q store.Request) error {
	lease, ok, err := r.lease(ctx, q.ID)
	if err != nil || !ok {
		return err
	}
	now := r.clock.Now()
	begun, unfit := rules.Begin(q, auth.Principal{Actor: daemonActor(r.holder)}, now)
	switch expired, over := auth.Expire(q, now); {
	case over:
		begun = expired
	case unfit != nil:
		begun = q
		begun.State, begun.EndedAt = store.RequestEnded, now
		begun.Results = []store.RequestResult{{Message: unfit.Error()}}
	}
	err = r.store.UpdateRequest(ctx, begun)
	if err != nil || unfit != nil {
		if errors.Is(err, store.ErrConflict) { // whoever it was, they have it
			err = nil
		}
		return errors.Join(err, lease.Release())
	}
	begun.Version++
	r.start(ctx, begun, lease, false)
	return nil
}

// expire marks what nobody decided or used in time.
func (r *runner) expire(ctx context.Context) error {
	var late []store.Request
	states := []store.RequestState{store.RequestPending, store.RequestApproved, store.RequestQueued}
	now := r.clock.Now()
	err := r.store.EachRequest(ctx, store.RequestFilter{States: states}, func(q store.Request) error {
		if expired, over := auth.Expire(q, now); over {
			late = append(late, expired)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list the requests: %w", err)
	}
	for _, q := range late {
		if err := r.store.UpdateRequest(ctx, q); err != nil && !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("expire request %s: %w", q.ID, err)
		}
	}
	return nil
}

// daemonActor is the daemon acting of its own accord.
func daemonActor(h store.Holder) store.Actor {
	return store.Actor{Kind: store.ActorDaemon, Name: "glueguard serve", Address: h.Host}
}

// start has a request done in the background, under its lease.
func (r *runner) start(ctx context.Context, q store.Request, lease store.Lease, again bool) {
	ctx, cancel := context.WithCancelCause(ctx)
	r.mu.Lock()
	r.active[q.ID] = cancel
	r.mu.Unlock()
	r.work.Go(func() {
		defer func() {
			cancel(nil)
			r.mu.Lock()
			delete(r.active, q.ID)
			r.mu.Unlock()
			if err := lease.Release(); err != nil {
				r.log.Error("giving a request up", "request", q.ID, "error", err.Error())
			}
			r.Wake() // there is room for another
		}()
		run := &running{store: r.store, now: r.clock.Now, request: q}
		unfinished := r.doer.do(ctx, run, again)
		if err := run.end(unfinished); err != nil {
			r.log.Error("writing down how a request ended", "request", q.ID, "error", err.Error())
		}
		r.log.Info("carried out what was asked for", "request", q.ID, "kind", string(q.Work.Kind), "by", q.StartedBy.Name, "unfinished", unfinished)
	})
}

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
	return r.save(ctx)
}

// end closes the request, or leaves it to the next daemon.
func (r *running) end(unfinished bool) error {
	if unfinished {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.request.State, r.request.EndedAt = store.RequestEnded, r.now()
	return r.save(context.Background())
}

// saveTries is how often a request is written that others change at the same time.
const saveTries = 5

// save writes the request. What this process knows of its results and state wins; nobody else has any business with a
// running request.
func (r *running) save(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	for try := 0; ; try++ {
		err := r.store.UpdateRequest(ctx, r.request)
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
