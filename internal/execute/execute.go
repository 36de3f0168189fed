// Package execute advances a change: it looks at the world, writes to the journal, makes at most one changing call,
// and says when to come back. It never waits and knows no engine.
package execute

import (
	"context"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
)

// Journal is one change's journal, open under a lease. Append is durable when it returns, and returns store.ErrFenced,
// wrapped, when another process has taken the resource over since.
type Journal interface {
	Entries(ctx context.Context) ([]change.Entry, error)
	Append(ctx context.Context, e change.Entry) error
}

// Actor looks at and changes AWS: package action does.
type Actor interface {
	// Observe tells whether the effect of a step is there. Its errors are reads that failed.
	Observe(ctx context.Context, c *change.Change, s plan.Step) (Observation, error)
	// Do makes the step's one changing call. Its errors are *CallError.
	Do(ctx context.Context, c *change.Change, s plan.Step) (change.Facts, error)
}

// Verifier reads again what a change made and compares it with what was promised: package verify does.
type Verifier interface {
	// Verify returns what differs; its error says what could not be read.
	Verify(ctx context.Context, c *change.Change, s plan.Step) ([]change.Difference, error)
}

// Seen is what a look at the world found.
type Seen int

// What Observe can find.
const (
	Settled Seen = iota + 1 // the effect is there; Facts
	Open                    // it is not, and the step's preconditions hold: act (for a step that only looks: look again)
	Pending                 // on its way: look again; Detail says how far
	Missed                  // it can't be had, or a precondition does not hold: Trouble
)

// Observation is the outcome of a look.
type Observation struct {
	Seen    Seen
	Facts   change.Facts
	Detail  string // e.g. "PROVISIONING"
	Trouble *change.Trouble
	Calls   int // AWS calls that the look took; 0 counts as one
}

// Effect is what is known of a call that failed.
type Effect int

// What a failed call may have done.
const (
	NotSent     Effect = iota + 1 // never left, or throttled: nothing happened
	NotDone                       // AWS refused it for good: nothing happened and nothing would
	NotYet                        // AWS refused it for now (concurrent update, propagation of a role): nothing happened
	ServerError                   // AWS answered with a server error: it probably did nothing
	Unknown                       // no answer came
)

// CallError is a changing call that failed.
type CallError struct {
	Effect  Effect
	Trouble change.Trouble
	Err     error
}

func (e *CallError) Error() string { return e.Err.Error() }
func (e *CallError) Unwrap() error { return e.Err }

// Next says what an engine does after an Advance.
type Next struct {
	Change *change.Change // as it stands now
	Again  time.Time      // when to advance again; zero: not before somebody acts (the change is at rest)
	Detail string         // what it waits for, for people
}

// Deps are what Advance works with.
type Deps struct {
	Journal  Journal
	Actor    Actor
	Verifier Verifier
	Now      func() time.Time
	// Settle is how long a lost answer is looked for before a person is asked.
	Settle time.Duration
}
