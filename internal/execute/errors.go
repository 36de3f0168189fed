package execute

import (
	"fmt"

	"github.com/glueguard/glueguard/internal/change"
)

// Verb is what somebody asks of a change.
type Verb string

// The verbs.
const (
	VerbResume   Verb = "resume"
	VerbBackout  Verb = "backout"
	VerbFinalize Verb = "finalize"
	VerbVerify   Verb = "verify"
)

// StateError means that a verb is not possible as the change stands.
type StateError struct {
	Change   string
	Verb     Verb
	State    change.State
	Phase    change.Phase
	Why      string
	Possible []Verb // what is
}

func (e *StateError) Error() string {
	return fmt.Sprintf("change %s is %s: %s is not possible, since %s", e.Change, e.State.Words(), e.Verb, e.Why)
}

func notNow(c *change.Change, v Verb, why string) error {
	return &StateError{Change: c.Head.ID, Verb: v, State: c.State, Phase: c.Phase, Why: why, Possible: Possible(c)}
}

// Possible lists the verbs that can be asked of a change as it stands.
func Possible(c *change.Change) []Verb {
	switch c.State {
	case change.Running, change.Waiting, change.FailedAt:
		if _, why := keepTwin(c); why == "" {
			return []Verb{VerbResume, VerbBackout, VerbFinalize}
		}
		return []Verb{VerbResume, VerbBackout}
	case change.BackingOut:
		return []Verb{VerbResume, VerbBackout}
	case change.Done:
		return []Verb{VerbVerify, VerbBackout, VerbFinalize}
	case change.Finalized, change.Regressed:
		return []Verb{VerbVerify, VerbBackout}
	}
	return nil
}
