package execute

import (
	"slices"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
)

// Bereft tells whether a change that takes itself back has found that others deleted the original: there is nothing left
// to go back to but its saved definition.
func Bereft(c *change.Change) bool {
	p, ok := c.Current()
	if !ok || c.Phase != change.Unwind || c.State != change.Waiting || c.Trouble == nil || c.Touched() {
		return false
	}
	switch c.Trouble.Code {
	case change.TroubleGone:
		return p.Step.Role == plan.Original
	case change.TroubleVerify: // of the original: an unwind verifies nothing else
		return slices.ContainsFunc(c.Trouble.Differences, change.Difference.Gone)
	}
	return false
}

// othersDid is why such a change does not go back to its original.
const othersDid = "others deleted the original"

// saved tells whether the original can be made again.
func saved(c *change.Change) bool { return c.SavedEndpoint != nil || c.SavedTransform != nil }

// anew is the entry that begins to make the original again which others deleted.
func anew(c *change.Change) (change.Entry, error) {
	steps, err := restoring(c)
	return change.Entry{
		Kind: change.Began, Phase: change.Restore, State: change.BackedOut, Role: plan.Original, Text: othersDid, Steps: steps,
	}, err
}

// keepBereft says why the twin of such a change can't be kept, or lists what must be looked at first: days may have
// passed since it was verified.
func keepBereft(c *change.Change) (first []plan.Step, why string) {
	_, twin := c.Kept()[plan.Twin]
	doomed := slices.ContainsFunc(c.Steps, func(p change.Progress) bool {
		return p.Step.Role == plan.Twin && p.Step.Kind == plan.DeleteEndpoint && p.Intended()
	})
	if !twin || doomed || !c.Verified(plan.Twin) {
		return nil, "there is no verified twin"
	}
	return []plan.Step{{
		Name: "verify-twin", Kind: plan.Verify, Role: plan.Twin, Promise: promised(c, plan.Twin),
		Summary: "read the twin again, which is to stay", Precondition: "it is the very one that this change made",
	}}, ""
}
