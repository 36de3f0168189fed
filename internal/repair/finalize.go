package repair

import (
	"slices"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/execute"
)

// Refuses tells beforehand whether a change would be refused its finalize, since nobody has accepted what it means.
func Refuses(j engine.Job, c *change.Change) error {
	if !slices.Contains(execute.Possible(c), execute.VerbFinalize) {
		return nil // which says more than what was not accepted
	}
	return finalizable(j, c)
}
