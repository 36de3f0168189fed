package repair

import (
	"fmt"
	"strings"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
)

// Reason is why a job was refused before anything was changed.
type Reason string

// The reasons.
const (
	ResourceChanged Reason = "resource-changed" // Differences
	ChecksFailed    Reason = "checks"           // Checks
	NotAccepted     Reason = "not-accepted"     // Warnings
	Blocked         Reason = "blocked"          // the plan, or the policy by now, says so: Blocked
	NotPlanned      Reason = "not-planned"      // the plan has no such resource
	AppliedBefore   Reason = "applied-before"   // Change carried out the same item
	WayBack         Reason = "way-back"         // Change keeps it, to go back to
	NewerChange     Reason = "newer-change"     // Change of the same resource came later
	GoneOn          Reason = "gone-on"          // Change is not any more as it was when this was asked for
)

// RefusedError means that a job was refused before anything was changed.
type RefusedError struct {
	Resource    string // ARN
	Reason      Reason
	Differences []change.Difference // from what the plan saw
	Checks      []plan.Check        // those that stop it
	Warnings    []plan.Warning      // those that must be accepted
	Blocked     *plan.Blocked
	Change      string       // id
	State       change.State // of that change
}

func (e *RefusedError) Error() string {
	return e.Resource + ": " + e.why()
}

// Settled tells whether what was asked for is there already, by the same plan.
func (e *RefusedError) Settled() bool {
	return e.Reason == AppliedBefore && (e.State == change.Done || e.State == change.Finalized)
}

func (e *RefusedError) why() string {
	switch e.Reason {
	case ResourceChanged:
		return "it has changed since the plan was made: " + list(e.Differences, func(d change.Difference) string {
			return fmt.Sprintf("%s was %s and is %s", d.Attribute, quoted(d.Want), quoted(d.Got))
		})
	case ChecksFailed:
		return list(e.Checks, func(c plan.Check) string { return fmt.Sprintf("check %s %s: %s", c.Code, stands(c), c.Message) })
	case NotAccepted:
		return "not accepted: " + list(e.Warnings, func(w plan.Warning) string { return w.Text + " (" + w.Flag + ")" })
	case Blocked:
		return e.Blocked.Message
	case NotPlanned:
		return "the plan has no change of it"
	case AppliedBefore:
		return fmt.Sprintf("this plan's change of it was carried out before: change %s is %s", e.Change, e.State.Words())
	case WayBack:
		return fmt.Sprintf("change %s has replaced it and keeps it as the way back", e.Change)
	case GoneOn:
		return "the change has gone on since this was asked for, so nothing was done"
	case NewerChange:
		return fmt.Sprintf("only the newest change of a resource can be backed out: change %s, which is %s, came later", e.Change, e.State.Words())
	}
	return string(e.Reason)
}

// Advice says what to do about it.
func (e *RefusedError) Advice() string {
	switch e.Reason {
	case ResourceChanged, NotPlanned:
		return "plan again"
	case ChecksFailed:
		return list(e.Checks, func(c plan.Check) string {
			if c.Status == plan.Unchecked && c.Advice == "" {
				return "--accept-unchecked=" + c.Code + " goes on without it"
			}
			return c.Advice
		})
	case NotAccepted:
		return list(e.Warnings, func(w plan.Warning) string { return w.Flag + " accepts it" })
	case Blocked:
		return e.Blocked.Instead
	case AppliedBefore:
		return "`glueguard changes show " + e.Change + "` tells more"
	case WayBack:
		return "`glueguard finalize " + e.Change + "` lets it go, `glueguard backout " + e.Change + "` goes back to it"
	case GoneOn:
		return "look at it, and ask again"
	case NewerChange:
		return "`glueguard backout " + e.Change + "` first"
	}
	return ""
}

func stands(c plan.Check) string {
	if c.Status == plan.Unchecked {
		return "could not be made"
	}
	return string(c.Status)
}

func quoted(s string) string {
	if s == "" {
		return "not set"
	}
	return fmt.Sprintf("%q", s)
}

func list[T any](all []T, say func(T) string) string {
	var words []string
	for _, one := range all {
		if text := say(one); text != "" {
			words = append(words, text)
		}
	}
	return strings.Join(words, "; ")
}
