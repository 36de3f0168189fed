package execute

import (
	"context"
	"fmt"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// First is the first entry of a change's journal.
func First(head change.Head, d Deps) change.Entry {
	return change.Entry{Seq: 1, At: d.Now(), Kind: change.Opened, Head: &head}
}

// Start writes the entries that start a change: its first, unless it is there already, and the beginning of its apply
// phase.
func Start(ctx context.Context, d Deps, head change.Head) error {
	if head.Item.Blocked != nil || len(head.Item.Steps) == 0 {
		return fmt.Errorf("change %s: the plan has no steps for %s", head.ID, head.Item.Resource.ARN)
	}
	entries, err := d.Journal.Entries(ctx)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	if len(entries) == 0 {
		if err := d.Journal.Append(ctx, First(head, d)); err != nil {
			return fmt.Errorf("write the journal: %w", err)
		}
	}
	s := NewStepper(d)
	c, err := s.Change(ctx)
	if err != nil || c.Phase != "" {
		return err
	}
	return s.append(ctx, change.Entry{Kind: change.Began, Phase: change.Apply, State: change.Done, Steps: head.Item.Steps})
}

// Resume lets a change go on that a person has looked at. One that was merely interrupted goes on without an entry.
func Resume(ctx context.Context, d Deps) error { return NewStepper(d).Resume(ctx) }

// Resume is Resume for the change of the Stepper.
func (s *Stepper) Resume(ctx context.Context) error {
	c, err := s.Change(ctx)
	if err != nil {
		return err
	}
	switch c.State {
	case change.Running, change.BackingOut:
		return nil
	case change.Waiting, change.FailedAt:
		if c.Over {
			return s.append(ctx, change.Entry{
				Kind: change.Began, Phase: change.Apply, State: change.Done, Steps: remaining(c), Text: "a person said to go on",
			})
		}
		return s.append(ctx, change.Entry{Kind: change.Resumed})
	}
	return notNow(c, VerbResume, "nothing of it is left to do")
}

// remaining are the planned steps that have not been done.
func remaining(c *change.Change) []plan.Step {
	done := map[string]bool{}
	for p := range c.All() {
		if p.Phase == change.Apply && p.Status == change.StepDone {
			done[p.Step.Name] = true
		}
	}
	var steps []plan.Step
	for _, s := range c.Head.Item.Steps {
		if !done[s.Name] {
			steps = append(steps, s)
		}
	}
	return steps
}

// Backout begins to take a change back: by undoing while the original is there, by making it again when it is gone.
// While nobody knows which, Advance looks first. A change that is backing out already goes on with it.
func Backout(ctx context.Context, d Deps) error { return NewStepper(d).Backout(ctx) }

// Backout is Backout for the change of the Stepper.
func (s *Stepper) Backout(ctx context.Context) error {
	c, err := s.Change(ctx)
	if err != nil {
		return err
	}
	halted := (c.State == change.Waiting || c.State == change.FailedAt) && !c.Over
	switch {
	case c.State == change.RefusedAt:
		return notNow(c, VerbBackout, "it never touched the original and left nothing behind")
	case c.State == change.BackedOut:
		return notNow(c, VerbBackout, "it has been backed out")
	case c.State == change.BackingOut:
		return nil
	case Bereft(c) && saved(c):
		e, err := anew(c)
		if err != nil {
			return err
		}
		return s.append(ctx, e)
	case halted && spoilt(c):
		return s.append(ctx, once(c))
	case halted && (c.Asked || c.Phase == change.Unwind || c.Phase == change.Restore):
		return s.append(ctx, change.Entry{Kind: change.Resumed})
	}
	if unknownEnd(c) {
		return s.append(ctx, change.Entry{Kind: change.Noted, State: change.BackingOut, Text: "a person asked for a backout"})
	}
	e, err := backout(c)
	if err != nil {
		return err
	}
	return s.append(ctx, e)
}

// spoilt tells whether what a restore made under the original's name can't be used, while its proven twin stands for it.
func spoilt(c *change.Change) bool {
	p, ok := c.Current()
	return ok && c.Phase == change.Restore && c.Committed() && p.Status == change.StepFailed && p.Step.Role == plan.Restored &&
		(p.Step.Kind == plan.Verify || p.Step.Kind == plan.WaitReady)
}

// once is the entry that begins to make the restored endpoint once more.
func once(c *change.Change) change.Entry {
	var promise *plan.Promise
	var steps []plan.Step
	for _, p := range c.Steps {
		if p.Step.Kind == plan.Verify && p.Step.Role == plan.Restored {
			promise = p.Step.Promise
		}
		if len(steps) > 0 || p.Step.Kind == plan.CreateEndpoint && p.Step.Role == plan.Restored {
			steps = append(steps, p.Step)
		}
	}
	return change.Entry{
		Kind: change.Began, Phase: change.Restore, State: change.BackedOut, Text: "a person asked to make it once more",
		Steps: named(append(discard(plan.Restored, promise), steps...)),
	}
}

// FinalizeOptions say how a change is finalized.
type FinalizeOptions struct {
	KeepTwin     bool // accept the twin under its own name, where the replacement can't be made
	DeleteLabels bool // remove the exported labels
}

// Finalize begins to retire what a done change kept as its way back; or, with KeepTwin, to accept the twin of one that
// waits because the replacement can't be made.
func Finalize(ctx context.Context, d Deps, o FinalizeOptions) error {
	return NewStepper(d).Finalize(ctx, o)
}

// Finalize is Finalize for the change of the Stepper.
func (s *Stepper) Finalize(ctx context.Context, o FinalizeOptions) error {
	c, err := s.Change(ctx)
	if err != nil {
		return err
	}
	if c.Phase == change.Finalize && !c.Over && !c.Asked {
		if c.State == change.Running {
			return nil
		}
		return s.append(ctx, change.Entry{Kind: change.Resumed})
	}
	k := kept(c)
	k.KeepTwin, k.DeleteLabels = o.KeepTwin, o.DeleteLabels
	var first []plan.Step
	switch {
	case o.KeepTwin:
		var why string
		if first, why = keepTwin(c); why != "" {
			return notNow(c, VerbFinalize, why)
		}
	case c.State != change.Done:
		return notNow(c, VerbFinalize, "only what is done can be finalized")
	}
	steps, err := plan.FinalizeSteps(k)
	if err != nil {
		return fmt.Errorf("change %s can't be finalized: %w", c.Head.ID, err)
	}
	e := change.Entry{Kind: change.Began, Phase: change.Finalize, State: change.Finalized, Steps: named(append(first, steps...))}
	if Bereft(c) {
		e.Role, e.Text = plan.Original, othersDid
	}
	return s.append(ctx, e)
}

// keepTwin says why the twin can't be accepted for good, or lists what must go first: a replacement that came to nothing.
func keepTwin(c *change.Change) (first []plan.Step, why string) {
	item := c.Head.Item
	_, twin := c.Kept()[plan.Twin]
	halted := c.State == change.Waiting || c.State == change.FailedAt
	switch {
	case item.Identity.Type != resource.TypeDevEndpoint || item.Strategy != plan.Replace:
		return nil, "only the replace of a dev endpoint has a twin to keep"
	case Bereft(c):
		return keepBereft(c)
	case !halted || c.Asked || (c.Phase != change.Apply && !c.Over):
		return nil, "a twin is kept only where the change waits and the replacement can't be made"
	case !c.Touched():
		return nil, "the original is still there"
	case !c.Gone[plan.Original]:
		return nil, "the original has not been seen to be gone"
	case !twin || !c.Verified(plan.Twin):
		return nil, "there is no verified twin"
	case c.Verified(plan.Replacement):
		return nil, "the replacement is there and verified"
	}
	if _, there := c.Kept()[plan.Replacement]; there {
		first = discard(plan.Replacement, promised(c, plan.Replacement))
	}
	return first, ""
}

// discard lists the steps that remove an endpoint which the change made, and can't use.
func discard(r plan.Role, promise *plan.Promise) []plan.Step {
	remove := plan.Step{
		Name: "delete-" + string(r), Kind: plan.DeleteEndpoint, Role: r, Promise: promise, Summary: "delete the " + string(r) + " that came to nothing",
		Precondition: "it is the very one that this change made",
	}
	gone := plan.Step{Name: "wait-" + string(r) + "-gone", Kind: plan.WaitGone, Role: r, Summary: "wait until it is gone"}
	return []plan.Step{remove, gone}
}

// promised is what the plan says of the resource of a role.
func promised(c *change.Change, r plan.Role) (promise *plan.Promise) {
	for _, s := range c.Head.Item.Steps {
		if s.Kind == plan.Verify && s.Role == r {
			promise = s.Promise
		}
	}
	return promise
}

// MarkRegressed notes that what the change encrypted is unencrypted again.
func MarkRegressed(ctx context.Context, d Deps, text string) error {
	s := NewStepper(d)
	c, err := s.Change(ctx)
	if err != nil {
		return err
	}
	if c.State != change.Done && c.State != change.Finalized {
		return notNow(c, VerbVerify, "only a change that is done can regress")
	}
	return s.append(ctx, change.Entry{Kind: change.Noted, State: change.Regressed, Text: text})
}

// MarkRecovered notes that a change that had regressed is as it was again.
func MarkRecovered(ctx context.Context, d Deps, text string) error {
	s := NewStepper(d)
	c, err := s.Change(ctx)
	if err != nil {
		return err
	}
	if c.State != change.Regressed {
		return notNow(c, VerbVerify, "it has not regressed")
	}
	return s.append(ctx, change.Entry{Kind: change.Noted, State: c.Rest, Text: text})
}

// Inherit notes that another resource stands where one stood that the change had made in a role.
func Inherit(ctx context.Context, d Deps, role plan.Role, heir resource.Identity, text string) error {
	s := NewStepper(d)
	if _, err := s.Change(ctx); err != nil {
		return err
	}
	return s.append(ctx, change.Entry{Kind: change.Noted, Role: role, Facts: &change.Facts{Resource: &heir}, Text: text})
}
