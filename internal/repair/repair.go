// Package repair does what engines ask for: it begins changes and moves them on. It wires the store's leases and
// journals, execute, what changes AWS, what verifies, and the second look that every plan gets before it is applied.
package repair

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/store"
)

// Store is where plans and changes are kept.
type Store interface {
	store.Plans
	store.Changes
}

// Session is AWS as one kind of access sees it. Everything in it is safe for concurrent use.
type Session struct {
	Actor     execute.Actor
	Verifier  execute.Verifier
	Inspector propose.Inspector
	Caller    func(ctx context.Context) (arn string, err error)
	Close     func() // nil: there is nothing to close
}

// Options are what a Worker works with.
type Options struct {
	Store Store
	// Sessions opens AWS for an access; it is asked once for each.
	Sessions func(ctx context.Context, a plan.Access) (Session, error)
	Now      func() time.Time
	// Access, unless empty, is used in place of the one that a plan or a change was made with.
	Access plan.Access
	// Policy is today's: what it excepts is not applied. Nil: nothing is known of one.
	Policy *policy.Policy
	// Settle is how long a lost answer is looked for; 0: execute's own.
	Settle time.Duration
	// Marks is told before a change is written down as regressed, or as what it was before that; what it returns keeps that
	// from being written. Nil: nobody is told.
	Marks func(ctx context.Context, c *change.Change, to change.State) error
	// NewID makes the ids of changes; nil: 16 random hex digits.
	NewID func() string
	// Host and PID say who holds leases; empty and 0: this machine and process.
	Host string
	PID  int
}

// Worker implements engine.Worker.
type Worker struct {
	o Options

	mu       sync.Mutex
	sessions map[plan.Access]Session
	plans    map[string]plan.Plan // decoded, by digest
}

var _ engine.Worker = (*Worker)(nil)

// New makes a Worker. Close it when no change of it is under way.
func New(o Options) *Worker {
	if o.NewID == nil {
		o.NewID = newID
	}
	if o.Host == "" {
		// A machine that does not know its name has its leases told by their process alone.
		o.Host, _ = os.Hostname()
	}
	if o.PID == 0 {
		o.PID = os.Getpid()
	}
	return &Worker{o: o, sessions: map[plan.Access]Session{}, plans: map[string]plan.Plan{}}
}

// newID is random from its first digit, so that a few digits tell changes apart that were opened together.
func newID() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// Close gives up the sessions.
func (w *Worker) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sessions {
		if s.Close != nil {
			s.Close()
		}
	}
	w.sessions = map[plan.Access]Session{}
}

// session returns the session for an access.
func (w *Worker) session(ctx context.Context, a plan.Access) (Session, error) {
	if w.o.Access != (plan.Access{}) {
		a = w.o.Access
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.sessions[a]; ok {
		return s, nil
	}
	s, err := w.o.Sessions(ctx, a)
	if err != nil {
		return Session{}, fmt.Errorf("open AWS: %w", err)
	}
	w.sessions[a] = s
	return s, nil
}

// plan returns a stored plan, decoded once.
func (w *Worker) plan(ctx context.Context, digest string) (plan.Plan, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p, ok := w.plans[digest]; ok {
		return p, nil
	}
	document, err := w.o.Store.Plan(ctx, digest)
	if err != nil {
		return plan.Plan{}, err
	}
	p, err := plan.Decode("plan "+digest, document)
	if err != nil {
		return plan.Plan{}, err
	}
	w.plans[digest] = p
	return p, nil
}

// Begin implements engine.Worker. Besides *store.HeldError and *RefusedError it returns *store.OpenError where a change
// of the resource is open already, and *execute.StateError where the verb is not possible as the change stands.
func (w *Worker) Begin(ctx context.Context, j engine.Job) (engine.Run, error) {
	switch j.Verb {
	case engine.Apply:
		return w.apply(ctx, j)
	case engine.Resume, engine.Backout, engine.Finalize:
		return w.takeUp(ctx, j)
	}
	return nil, fmt.Errorf("a job asks to %q, which is none of the verbs", j.Verb)
}

// leases are those of one run: of its original and of what the change made.
type leases []store.Lease

func (l leases) release() error {
	var errs []error
	for _, one := range l {
		errs = append(errs, one.Release())
	}
	return errors.Join(errs...)
}

// lease takes the leases of several resources, or none of them.
func (w *Worker) lease(ctx context.Context, change string, arns ...string) (leases, error) {
	var all leases
	for _, arn := range arns {
		l, err := w.o.Store.Lease(ctx, arn, store.Holder{Host: w.o.Host, PID: w.o.PID, Change: change, Since: w.o.Now()})
		if err != nil {
			return nil, errors.Join(err, all.release())
		}
		all = append(all, l)
	}
	return all, nil
}

// deps are what execute works with for one change.
func (w *Worker) deps(s Session, l store.Lease, id string) execute.Deps {
	return execute.Deps{Journal: l.Journal(id), Actor: s.Actor, Verifier: s.Verifier, Now: w.o.Now, Settle: w.o.Settle}
}

// run is an engine.Run.
type run struct {
	id      string
	item    plan.Item
	stepper *execute.Stepper
	leases  leases
}

// ID implements engine.Run.
func (r *run) ID() string { return r.id }

// Item implements engine.Run.
func (r *run) Item() plan.Item { return r.item }

// Advance implements engine.Run.
func (r *run) Advance(ctx context.Context) (execute.Next, error) { return r.stepper.Advance(ctx) }

// Release implements engine.Run.
func (r *run) Release() error { return r.leases.release() }
