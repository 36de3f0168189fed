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
	health *health

	mu     sync.Mutex
	active map[string]context.CancelCauseFunc // by request
	work   sync.WaitGroup
}

// runnerStore is where requests are.
type runnerStore interface {
	store.Requests
	store.Trail
	Lease(ctx context.Context, name string, h store.Holder) (store.Lease, error)
}

// doer does one request's work and says what became of it. again: it was begun by a daemon that has ended since. unfinished
// means that ctx ended before it was over, so that it goes on under the next daemon. ctx has ended before it begins where
// somebody interrupted the request under the daemon before.
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
func (r *runner) Interrupt(ctx context.Context, requestID string, note func(context.Context) error) error {
	r.mu.Lock()
	cancel, ok := r.active[requestID]
	r.mu.Unlock()
	if !ok {
		return &NotRunningError{Request: requestID}
	}
	if err := note(ctx); err != nil {
		return err
	}
	cancel(errInterrupted)
	return nil
}

// wait returns when nothing is under way any more.
func (r *runner) wait() { r.work.Wait() }

// takeUp goes on with what was under way when the process that did it ended: the daemon before this one, or a command line.
func (r *runner) takeUp(ctx context.Context) error {
	list, err := r.list(ctx, store.RequestRunning)
	if err != nil {
		return err
	}
	var failed error
	for _, q := range list {
		if ctx.Err() == nil && !r.at(q.ID) {
			failed = errors.Join(failed, r.takeUpOne(ctx, q.ID))
		}
	}
	return failed
}

// takeUpOne goes on with a request unless somebody works on it, or did until now and has ended it.
func (r *runner) takeUpOne(ctx context.Context, id string) error {
	lease, ok, err := r.lease(ctx, id)
	if err != nil || !ok {
		return err
	}
	q, err := r.store.Request(ctx, id) // what was read without the lease may be old
	if err != nil || q.State != store.RequestRunning {
		return errors.Join(err, lease.Release())
	}
	r.log.Info("taking up a request", "request", q.ID, "kind", string(q.Work.Kind))
	r.start(ctx, q, lease, true)
	return nil
}

// at tells whether this process is at work on a request.
func (r *runner) at(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.active[id]
	return ok
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
	var failed error
	for _, q := range list {
		if r.full() || ctx.Err() != nil {
			break
		}
		failed = errors.Join(failed, r.claimOne(ctx, rules, q))
	}
	return failed
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
	begun, action := r.begun(rules, q)
	err = r.update(ctx, action, begun)
	if err == nil && begun.State == store.RequestRunning {
		begun.Version++
		r.start(ctx, begun, lease, false)
		return nil
	}
	if errors.Is(err, store.ErrConflict) { // whoever it was, they have it
		err = nil
	}
	return errors.Join(err, lease.Release())
}

// begun is a queued request as it goes on, under way or over, and the deed that says so.
func (r *runner) begun(rules auth.Rules, q store.Request) (_ store.Request, action string) {
	now := r.clock.Now()
	if expired, ok := auth.Expire(q, now); ok {
		return expired, deedExpire
	}
	begun, unfit := rules.Begin(q, auth.Principal{Actor: daemonActor(r.holder)}, now)
	if unfit == nil {
		return begun, deedStart
	}
	q.State, q.EndedAt = store.RequestEnded, now
	q.Results = []store.RequestResult{{Message: unfit.Error()}}
	return q, deedEnd
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
	var failed error
	for _, q := range late {
		err := r.update(ctx, deedExpire, q)
		if err != nil && !errors.Is(err, store.ErrConflict) { // somebody has just decided or used it
			failed = errors.Join(failed, fmt.Errorf("expire request %s: %w", q.ID, err))
		}
	}
	return failed
}

// What the daemon writes to the audit trail about requests: of the request's id.
const (
	deedCreate = "request.create"
	deedStart  = "request.start"
	deedTakeUp = "request.take-up" // after the process that had begun it has ended
	deedEnd    = "request.end"
	deedExpire = "request.expire"
)

// update keeps what the daemon does with a request, and the deed that tells of it.
func (r *runner) update(ctx context.Context, action string, q store.Request) error {
	return r.store.Together(ctx, func(ctx context.Context, w store.Writes) error {
		if err := w.UpdateRequest(ctx, q); err != nil {
			return err
		}
		_, err := w.Record(ctx, r.deed(action, q))
		return err
	})
}

// deed is what the daemon does with a request.
func (r *runner) deed(action string, q store.Request) store.Deed {
	d := store.Deed{
		At: r.clock.Now(), Actor: daemonActor(r.holder), Action: action, Subject: q.ID, Digest: q.Digest, Outcome: store.DeedOK,
		Detail: map[string]string{"kind": string(q.Work.Kind)},
	}
	if action == deedEnd && slices.ContainsFunc(q.Results, func(one store.RequestResult) bool { return !one.OK }) {
		d.Outcome = store.DeedFailed
	}
	return d
}

// takes writes to the audit trail that the daemon goes on with a request.
func (r *runner) takes(q store.Request) {
	_, err := r.store.Record(context.Background(), r.deed(deedTakeUp, q))
	r.health.note("the audit trail", err)
	if err != nil { // who does the work tells of it too, and does none where it can't
		r.log.Error("a request is taken up", "request", q.ID, "error", err.Error())
	}
}

// daemonActor is the daemon acting of its own accord.
func daemonActor(h store.Holder) store.Actor {
	return store.Actor{Kind: store.ActorDaemon, Name: "glueguard serve", Address: h.Host}
}

// endAgain is how long the end of a request waits that could not be written down.
const endAgain = 5 * time.Second

// start has a request done in the background, under its lease. daemon is the daemon's own context.
func (r *runner) start(daemon context.Context, q store.Request, lease store.Lease, again bool) {
	ctx, cancel := context.WithCancelCause(daemon)
	if !q.InterruptedAt.IsZero() { // under the process before this one
		cancel(errInterrupted)
	}
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
		if again {
			r.takes(q)
		}
		run := &running{store: r.store, now: r.clock.Now, request: q}
		unfinished := r.doer.do(ctx, run, again)
		if !unfinished {
			r.end(daemon, run)
		}
		r.log.Info("carried out what was asked for", "request", q.ID, "kind", string(q.Work.Kind), "by", q.StartedBy.Name, "unfinished", unfinished)
	})
}

// end writes down that a request is over, and tells the audit trail. Where the store fails it tries again until the daemon
// ends: the request stays this process's, so that nobody takes it for one that was left.
func (r *runner) end(daemon context.Context, run *running) {
	run.close()
	for {
		err := run.write(func(q store.Request) error { return r.update(context.Background(), deedEnd, q) })
		r.health.note("writing down how requests end", err)
		if err == nil {
			return
		}
		r.log.Error("writing down how a request ended", "request", run.head().ID, "error", err.Error())
		fire, stop := r.clock.timer(endAgain)
		select {
		case <-fire:
		case <-daemon.Done():
			stop()
			return
		}
	}
}
