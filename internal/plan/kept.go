package plan

import (
	"errors"
	"fmt"

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

// Inverses lists what takes these done steps back: the inverses of each, the last step's first. Append VerifyOriginal
// for the look that ends a backout.
func Inverses(done []Step) []Step {
	var steps []Step
	for i := len(done) - 1; i >= 0; i-- {
		steps = append(steps, done[i].Inverse...)
	}
	return steps
}

// VerifyOriginal is the step that ends an unwinding: the original is as the plan saw it, under its own name.
func VerifyOriginal(i Item) Step {
	vow := originalPromise(i)
	switch {
	case i.Endpoint != nil:
		d := RecreatableEndpoint(i.Endpoint.Definition)
		vow.Endpoint, vow.Ready = &d, i.Endpoint.Status == ready
	case i.Transform != nil:
		d := RecreatableTransform(i.Transform.Definition)
		vow.Transform, vow.Ready = &d, i.Transform.Status == ready
	}
	return Step{
		Name: "verify-original", Kind: Verify, Role: Original, Promise: &vow,
		Summary: "read the original again: it is as this plan saw it",
	}
}

// originalPromise is how the original is encrypted; its definition is left to the caller.
func originalPromise(i Item) Promise {
	vow := Promise{Mode: resource.ModeNone, Labels: notCompared}
	switch {
	case i.Endpoint != nil && i.Configuration != nil:
		s3 := inForce(i.Configuration.S3)
		vow.Mode, vow.KMSKey, vow.LogMode = s3.Mode, s3.KMSKey, logMode(i.Configuration)
	case i.Transform != nil:
		d := i.Transform.Definition
		vow.Mode, vow.TaskMode = userDataMode(d), taskRunMode(d, i.Configuration)
		if b := block(d.UserData); b != nil {
			vow.KMSKey = b.KMSKey
		}
	}
	return vow
}

// limitOf is how long the item's own steps may wait.
func limitOf(i Item) int {
	for _, s := range i.Steps {
		if s.LimitMinutes > 0 {
			return s.LimitMinutes
		}
	}
	return defaultLimit
}

// toleranceOf is how far the item lets quality metrics differ.
func toleranceOf(i Item) float64 {
	for _, s := range i.Steps {
		if s.Promise != nil && s.Promise.Tolerance > 0 {
			return s.Promise.Tolerance
		}
	}
	return defaultTolerance
}

// made is the promise of what the item's own steps make first, the encrypted one; false for an item without steps, as
// of a change that was rebuilt from tags.
func (i Item) made() (Promise, bool) {
	for _, s := range i.Steps {
		if s.Kind == Verify && s.Role == Twin {
			return *s.Promise, true
		}
	}
	return Promise{}, false
}

// encryptionOf is what a promise says of the encryption alone.
func encryptionOf(vow Promise) Promise {
	return Promise{Mode: vow.Mode, KMSKey: vow.KMSKey, LogMode: vow.LogMode, TaskMode: vow.TaskMode, Labels: notCompared}
}

// isTransform tells whether the change is one of an ML transform.
func (k Kept) isTransform() bool { return k.Item.Identity.Type == resource.TypeMLTransform }

func (k Kept) missing(err error) error {
	return fmt.Errorf("plan: %s: %w", k.Item.Identity.ARN, err)
}
