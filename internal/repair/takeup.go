package repair

import (
	"context"
	"errors"
	"slices"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/store"
)

// takeUp goes on with a change that exists, in the way that the job asks for.
func (w *Worker) takeUp(ctx context.Context, j engine.Job) (_ engine.Run, err error) {
	c, err := w.o.Store.Change(ctx, j.Change)
	if err != nil {
		return nil, err
	}
	id := c.Head.ID
	s, err := w.session(ctx, c.Head.Access)
	if err != nil {
		return nil, err
	}
	held, err := w.lease(ctx, id, touches(c)...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, held.release())
		}
	}()
	stepper := execute.NewStepper(w.deps(s, held[0], id))
	if c, err = stepper.Change(ctx); err != nil { // what it was before the lease may be old
		return nil, err
	}
	if err := w.begin(ctx, j, c, stepper); err != nil {
		return nil, err
	}
	return &run{id: id, item: c.Head.Item, stepper: stepper, leases: held}, nil
}

// touches are the ARNs of the resources that a change works on: its original first, then what it made.
func touches(c *change.Change) []string {
	original := c.Head.Item.Resource.ARN
	var made []string
	for _, id := range c.Resources {
		if id.ARN != "" && id.ARN != original {
			made = append(made, id.ARN)
		}
	}
	slices.Sort(made) // always in the same order
	return append([]string{original}, slices.Compact(made)...)
}

func (w *Worker) begin(ctx context.Context, j engine.Job, c *change.Change, stepper *execute.Stepper) error {
	switch j.Verb {
	case engine.Backout:
		if err := w.newest(ctx, c); err != nil {
			return err
		}
		return stepper.Backout(ctx)
	case engine.Finalize:
		if err := finalizable(j, c); err != nil {
			return err
		}
		return stepper.Finalize(ctx, execute.FinalizeOptions{KeepTwin: j.KeepTwin, DeleteLabels: j.DeleteLabels})
	}
	return stepper.Resume(ctx)
}

// newest refuses a backout while a later change rests on what this one made.
func (w *Worker) newest(ctx context.Context, c *change.Change) error {
	for _, arn := range touches(c) {
		var later *RefusedError
		err := w.o.Store.EachSummary(ctx, store.ChangeFilter{Resource: arn}, func(other store.Summarized) error {
			switch {
			case other.ID == c.Head.ID: // what follows is older
				return errEnough
			case other.State != change.BackedOut && other.State != change.RefusedAt:
				later = &RefusedError{Resource: c.Head.Item.Resource.ARN, Reason: NewerChange, Change: other.ID, State: other.State}
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		if later != nil {
			return later
		}
	}
	return nil
}

// finalizable refuses a finalize whose warnings nobody has accepted.
func finalizable(j engine.Job, c *change.Change) error {
	k := plan.Kept{
		Item: c.Head.Item, SavedEndpoint: c.SavedEndpoint, SavedTransform: c.SavedTransform, Current: c.Kept(),
		DeleteLabels: j.DeleteLabels, KeepTwin: j.KeepTwin,
	}
	if c.Labels != nil {
		k.Labels, k.LabelRows = c.Labels.S3, c.Labels.Rows
	}
	missing := slices.DeleteFunc(plan.FinalizeWarnings(k), func(warning plan.Warning) bool {
		return slices.Contains(j.AcceptWarnings, warning.Code) || slices.Contains(c.Head.AcceptedWarnings, warning.Code)
	})
	if len(missing) > 0 {
		return &RefusedError{Resource: c.Head.Item.Resource.ARN, Reason: NotAccepted, Warnings: missing}
	}
	return nil
}
