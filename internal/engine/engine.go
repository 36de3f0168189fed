// Package engine is the contract of where changes run: an engine keeps each of them moving until it is at rest, and does
// all the waiting. The conformance suite in enginetest holds every engine to it.
package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

// Verb is what is asked of a change.
type Verb string

// The verbs.
const (
	Apply    Verb = "apply" // start the change that a plan's item describes
	Resume   Verb = "resume"
	Backout  Verb = "backout"
	Finalize Verb = "finalize"
)

// Job is one change to run, as data: an engine may hand it to another process.
type Job struct {
	Verb     Verb
	Plan     string // Apply: the stored plan's digest
	Resource string // ARN of the item's resource; the other verbs may leave it empty
	Change   string // all but Apply: the change's id
	// At is the number of the change's last journal entry when this was asked for, or approved: one that has gone on since
	// is refused. 0: however far it has come.
	At int
	// Twin is the location ("account/region") in which the change makes a dev endpoint beside the ones there; empty where
	// it makes none.
	Twin string
	// Under Finalize.
	KeepTwin     bool // accept the twin under its own name
	DeleteLabels bool // remove the exported labels
	// What was accepted when this was asked for: codes of plan.Check ("*": all) and of plan.Warning.
	AcceptUnchecked []string
	AcceptWarnings  []string
}

// Worker does the work; engines only decide when. Package repair implements it.
type Worker interface {
	// Begin takes the resource's lease, checks that the job may be done now, and opens the change or its next phase. It
	// returns *store.HeldError, and *repair.RefusedError when the job is refused before anything was changed.
	Begin(ctx context.Context, j Job) (Run, error)
}

// Run is one change under way, with its lease.
type Run interface {
	ID() string
	Item() plan.Item
	// Advance makes at most one changing call.
	Advance(ctx context.Context) (execute.Next, error)
	// Release gives the lease up; the change can be resumed from where it stands.
	Release() error
}

// Limits say how much is done at once.
type Limits struct {
	Parallel    int // changes at once; 0: 4
	Canary      int // this many first; unless all of them verify, no more are started
	MaxFailures int // stop starting more after so many that did not end as asked; 0: no limit
	// Twins is how many dev endpoints may be made at once in a location ("account/region") beside those there; a
	// location that is missing has no limit.
	Twins map[string]int
}

// Event tells how a change is getting on.
type Event struct {
	Job     Job
	ID      string         // of the change, once it is known
	Change  *change.Change // nil before it was advanced for the first time
	Detail  string         // what it waits for
	Done    bool           // the job's last event: at rest, or never begun, or left where it stands (Err)
	Err     error          // why it was not begun, or could not go on; ctx's error when it was interrupted
	Skipped bool           // never begun: the canary failed, or too many failures, or interrupted; Err says which
}

// AsAsked tells whether a job's last event says that it ended as it was asked to.
func (e Event) AsAsked() bool {
	if e.Done && e.Settled() {
		return true
	}
	if !e.Done || e.Err != nil || e.Change == nil {
		return false
	}
	switch s := e.Change.State; e.Job.Verb {
	case Apply:
		return s == change.Done || s == change.Finalized
	case Resume: // of whatever was under way; a change that took itself back says why
		return s == change.Done || s == change.Finalized || s == change.BackedOut && e.Change.Trouble == nil
	case Backout:
		return s == change.BackedOut
	case Finalize:
		return s == change.Finalized
	}
	return false
}

// Settled tells whether a job was not begun because what it asks for is there already: its error says so.
func (e Event) Settled() bool {
	var err interface {
		error
		Settled() bool
	}
	return errors.As(e.Err, &err) && err.Settled()
}

// Why jobs are skipped.
var (
	ErrCanary      = errors.New("not started: a change of the canary did not end well")
	ErrMaxFailures = errors.New("not started: too many changes did not end well")
	ErrNoTwin      = errors.New("not started: the account's quota leaves no room for the twin, and no other change will make any")
)

// PanicError is what becomes of a panic in a worker.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("internal error: %v", e.Value) }

// Engine runs jobs until all are at rest or ctx ends; then it lets each finish its current call and returns ctx's error.
// Every job has exactly one last event, whatever becomes of it. watch is called from one goroutine at a time.
//
// A change counts as under way, for Limits.Parallel and Limits.Twins, from before it begins until it is at rest, its waits
// for AWS too. Jobs of one resource run one after another. Each panic of a worker is its job's error.
type Engine interface {
	Run(ctx context.Context, jobs []Job, l Limits, watch func(Event)) error
}
