package repair

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
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
	arns := touches(c)
	held, err := w.lease(ctx, id, arns...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, held.release())
		}
	}()
	deps := w.deps(s, held[0], id)
	if err := asAsked(ctx, j, deps); err != nil {
		return nil, err
	}
	if err := w.inherit(ctx, deps); err != nil {
		return nil, err
	}
	stepper := execute.NewStepper(deps)
	if c, err = stepper.Change(ctx); err != nil { // what it was before the lease may be old
		return nil, err
	}
	more, err := w.lease(ctx, id, slices.DeleteFunc(touches(c), func(arn string) bool { return slices.Contains(arns, arn) })...)
	if err != nil {
		return nil, err
	}
	held = append(held, more...)
	if err := w.begin(ctx, j, c, stepper); err != nil {
		return nil, err
	}
	return &run{id: id, item: c.Head.Item, stepper: stepper, leases: held}, nil
}

// asAsked refuses a change that has gone on since its job was asked for. Nobody moves it now: its lease is held.
func asAsked(ctx context.Context, j engine.Job, d execute.Deps) error {
	if j.At == 0 {
		return nil
	}
	c, err := execute.NewStepper(d).Change(ctx)
	if err == nil && c.Seq != j.At {
		err = &RefusedError{Resource: c.Head.Item.Resource.ARN, Reason: GoneOn, Change: c.Head.ID, State: c.State}
	}
	return err
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

// inherit lets a change know what stands for its resources now. A later change that replaced one and was taken back has
// made it again, and AWS gave that one another creation time, or another id.
func (w *Worker) inherit(ctx context.Context, d execute.Deps) error {
	c, err := execute.NewStepper(d).Change(ctx)
	if err != nil {
		return err
	}
	if c.State == change.BackedOut || c.State == change.RefusedAt {
		return nil // it answers for nothing any more
	}
	for role, id := range c.Kept() {
		if role == plan.Original {
			continue
		}
		heir, text, err := w.heir(ctx, c.Head.ID, id)
		if err != nil {
			return err
		}
		if heir.Same(id) {
			continue
		}
		if err := execute.Inherit(ctx, d, role, heir, text); err != nil {
			return err
		}
	}
	return nil
}

// heir follows a resource through the changes that replaced it and made it again.
func (w *Worker) heir(ctx context.Context, maker string, id resource.Identity) (heir resource.Identity, text string, err error) {
	for {
		var next *resource.Identity
		err := w.o.Store.EachChange(ctx, store.ChangeFilter{Resource: id.ARN, States: []change.State{change.BackedOut}}, func(c *change.Change) error {
			if c.Head.ID == maker || !c.Head.Item.Identity.Same(id) || c.Gone[plan.Restored] {
				return nil
			}
			if restored, ok := c.Resources[plan.Restored]; ok && !restored.Same(id) {
				next, text = &restored, fmt.Sprintf("change %s replaced it, and made it again when it was taken back", c.Head.ID)
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return id, "", err
		}
		if next == nil {
			return id, text, nil
		}
		id = *next
	}
}
