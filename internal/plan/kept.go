package plan

import (
	"errors"

	"github.com/glueguard/glueguard/internal/resource"
)

// Kept is what a change has at hand once its original is gone, or is about to go.
type Kept struct {
	Item           Item
	SavedEndpoint  *resource.EndpointDetail
	SavedTransform *resource.TransformDetail
	Labels         string // s3://… of the export; empty: there is none
	LabelRows      int
	// Current are the resources of the change that are there now, by role; roles whose resource is gone are not in it.
	Current      map[Role]resource.Identity
	DeleteLabels bool // finalize: remove the exported labels
	KeepTwin     bool // finalize: accept the twin under its own name
}

// Why steps can't be listed; wrapped by what Restore and FinalizeSteps return.
var (
	ErrNoDefinition = errors.New("the original's definition was not saved")
	ErrNoLabels     = errors.New("the exported labels are gone")
	ErrNotKept      = errors.New("nothing of this change is there to work with")
)

// Restore lists the steps that make the saved original again when it is gone: twin first, so that the encrypted one
// stays until the other is proven. After Retire there is nothing to replace.
func Restore(k Kept) ([]Step, error) {
	return nil, ErrNotKept
}

// FinalizeSteps lists the steps that retire what the change kept as its way back; none where it kept nothing.
func FinalizeSteps(k Kept) ([]Step, error) {
	return nil, ErrNotKept
}

// Inverses lists what takes these done steps back: the inverses of each, the last step's first. Append VerifyOriginal
// for the look that ends a backout.
func Inverses(done []Step) []Step {
	var steps []Step
	for i := len(done) - 1; i >= 0; i-- {
		steps = append(steps, done[i].Inverse...)
	}
	return steps
}

// VerifyOriginal is the step that ends an unwinding: the original is as the plan saw it.
func VerifyOriginal(i Item) Step {
	return Step{Name: "verify-original", Kind: Verify, Role: Original}
}
