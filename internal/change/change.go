// Package change is one plan's work on one resource, carried out: its journal of entries, and the fold that turns the
// entries into where the change stands. The same entries always give the same state.
//
// It is pure: the clock is the entries' own.
package change

import (
	"time"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// Schema names the JSON form of this release's changes.
const Schema = "glueguard.change/v1"

// StepStatus is where a step stands.
type StepStatus string

// The states of a step.
const (
	StepPending StepStatus = "pending"
	StepRunning StepStatus = "running" // looked at or intended, not settled
	StepDone    StepStatus = "done"
	StepFailed  StepStatus = "failed"
	StepUndone  StepStatus = "undone" // done, and taken back since
	StepSkipped StepStatus = "skipped"
)

// Progress is one step of a phase with what became of it.
type Progress struct {
	Step       plan.Step
	Phase      Phase
	Status     StepStatus
	StartedAt  time.Time
	FinishedAt time.Time
	IntendedAt time.Time // of the newest call; zero: none was sent
	Open       bool      // a call was intended and its outcome is not journaled
	Uncertain  bool      // the open call was answered by nothing, or by a server error
	Answered   bool      // the open call was answered (a server error): AWS said that it did not do it
	Tries      int       // calls sent
	Round      int       // calls sent since a person last said go on
	RoundAt    time.Time // of the first of them
	Loose      int       // calls sent that may have taken effect for all that is known
	Allowed    bool      // a person was told what is wrong with the step, and said go on
	Calls      int       // AWS calls, reads too
	Trouble    *Trouble
	Facts      *Facts
}

// Change is where a change stands: the fold of its journal.
type Change struct {
	Head      Head
	State     State
	Phase     Phase
	OpenedAt  time.Time
	UpdatedAt time.Time
	Seq       int        // of the newest entry
	Past      []Progress // steps of earlier phases, oldest first
	Steps     []Progress // of the phase under way, or the last one
	Trouble   *Trouble   // why it waits, failed or was refused
	Resumed   time.Time  // when a person last said go on; zero: never
	Aim       State      // how the phase under way ends when its steps are done
	Over      bool       // the phase has ended
	Rest      State      // done or finalized, as the change last ended so; empty: never
	Lapsed    bool       // what it encrypted was unencrypted again when it was last looked at
	Cause     *Trouble   // why the phase under way was begun, where something went wrong
	Asked     bool       // a backout was asked for, and begins once the open call is settled
	// Resources are what the change knows by role: the original from the start, the others once they are made.
	Resources map[plan.Role]resource.Identity
	Gone      map[plan.Role]bool // seen to be gone since
	// What SaveDefinition kept; nil until then.
	SavedEndpoint  *resource.EndpointDetail
	SavedTransform *resource.TransformDetail
	KeyARN         string  // of the key that the change made
	Labels         *Labels // exported, where there are any
}
