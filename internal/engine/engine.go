// Package engine is the contract of where changes run: an engine keeps each of them moving until it is at rest, and does
// all the waiting. The conformance suite in enginetest holds every engine to it.
package engine

import (
	"context"

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
	Resource string // Apply: ARN of the item's resource
	Change   string // the others: the change's id
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
	Change  *change.Change // nil before it is open
	Detail  string         // what it waits for
	Done    bool           // at rest, or never begun (Err)
	Err     error          // why it was not begun, or could not go on
	Skipped bool           // never begun: the canary failed, or too many failures, or interrupted
}

// Engine runs jobs until all are at rest or ctx ends; then it lets each finish its current call and returns ctx's error.
// watch is called from one goroutine at a time.
type Engine interface {
	Run(ctx context.Context, jobs []Job, l Limits, watch func(Event)) error
}
