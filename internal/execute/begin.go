package execute

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
)

// giveWay goes on from a step that can't succeed.
func (s *Stepper) giveWay(ctx context.Context, p change.Progress) (Next, error) {
	c := s.c
	if c.Phase == change.Unwind || c.Committed() || c.Phase == change.Apply && c.Touched() {
		// Nothing is taken back by itself once something was deleted, and what can't be taken back needs a person.
		t := *p.Trouble
		if spoilt(c) {
			t.Advice = "the restored twin works meanwhile; resume looks again, backout deletes this one and makes it once more"
		}
		return s.halt(ctx, change.Waiting, t)
	}
	begun := change.Entry{Kind: change.Began, Phase: change.Unwind, Trouble: p.Trouble, Text: "step " + p.Step.Name + " can't succeed"}
	switch c.Phase {
	case change.Apply:
		begun.State = change.RefusedAt
		if p.Trouble.Code == change.TroubleVerify {
			begun.State = change.BackedOut
		}
		begun.Steps = unwinding(c, begun.State)
	case change.Restore:
		begun.State = before(c)
		begun.Steps = unwinding(c, begun.State)
	default:
		// Finalize has only looked so far.
		begun.State = before(c)
	}
	return s.write(ctx, begun)
}

// before is the state that a change returns to when a restore or a finalize came to nothing.
func before(c *change.Change) change.State {
	switch {
	case c.Rest == "":
		return change.Waiting
	case c.Lapsed:
		return change.Regressed
	}
	return c.Rest
}

// unwinding lists what takes back the steps that have, or may have, taken effect: of a restore its own, or else all.
func unwinding(c *change.Change, aim change.State) []plan.Step {
	var done []plan.Step
	for p := range c.All() {
		mine := p.Phase == change.Apply || p.Phase == change.Finalize
		if c.Phase == change.Restore {
			mine = p.Phase == change.Restore
		}
		if mine && p.Effective() {
			done = append(done, p.Step)
		}
	}
	steps := plan.Inverses(done)
	if aim == change.BackedOut {
		steps = append(steps, plan.VerifyOriginal(c.Head.Item))
	}
	return named(steps)
}

// named makes the steps' names unique.
func named(steps []plan.Step) []plan.Step {
	taken := map[string]bool{}
	steps = slices.Clone(steps)
	for i := range steps {
		name := steps[i].Name
		for n := 2; taken[steps[i].Name]; n++ {
			steps[i].Name = name + "-" + strconv.Itoa(n)
		}
		taken[steps[i].Name] = true
	}
	return steps
}

// restoring lists what makes the saved original again.
func restoring(c *change.Change) ([]plan.Step, error) {
	steps, err := plan.Restore(kept(c))
	if err != nil {
		return nil, fmt.Errorf("change %s can't be backed out: %w", c.Head.ID, err)
	}
	if gone, ok := pendingGone(c); ok && !slices.ContainsFunc(steps, func(s plan.Step) bool {
		return s.Kind == plan.WaitGone && s.Role == plan.Original
	}) {
		steps = append([]plan.Step{gone}, steps...)
	}
	return named(steps), nil
}

// pendingGone is the wait for the original's end, where its delete was sent and its end not seen yet.
func pendingGone(c *change.Change) (plan.Step, bool) {
	if c.Gone[plan.Original] {
		return plan.Step{}, false
	}
	for p := range c.All() {
		if p.Step.Kind == plan.WaitGone && p.Step.Role == plan.Original {
			return p.Step, true
		}
	}
	return plan.Step{}, false
}

func kept(c *change.Change) plan.Kept {
	k := plan.Kept{
		Item: c.Head.Item, SavedEndpoint: c.SavedEndpoint, SavedTransform: c.SavedTransform, Current: c.Kept(),
	}
	if c.Labels != nil {
		k.Labels, k.LabelRows = c.Labels.S3, c.Labels.Rows
	}
	return k
}

// unknownEnd tells whether a call that may have ended the original is out, and nobody knows whether it did.
func unknownEnd(c *change.Change) bool {
	p, ok := c.Current()
	return ok && p.Step.Irrevocable && p.Step.Role == plan.Original && p.Loose > 0
}

// decide settles, by looking, whether the original has ended, so that the backout that was asked for can begin.
func (s *Stepper) decide(ctx context.Context, p change.Progress) (Next, error) {
	if !unknownEnd(s.c) {
		e, err := backout(s.c)
		if err != nil {
			return s.halt(ctx, change.Waiting, change.Trouble{Code: change.TroubleGone, Message: err.Error()})
		}
		return s.write(ctx, e)
	}
	step := s.c.Resolve(p.Step)
	seen, err := s.d.Actor.Observe(ctx, s.c, step)
	s.looks += max(seen.Calls, 1)
	if err != nil {
		return s.unread(ctx, err)
	}
	now := s.d.Now()
	shows := p.IntendedAt.Add(s.d.settle())
	switch {
	case seen.Seen == Settled:
		return s.write(ctx, change.Entry{Kind: change.Succeeded, Step: step.Name, Facts: &seen.Facts})
	case seen.Seen == Pending:
		return s.wait(ctx, p, seen.Detail)
	case seen.Seen == Open && now.Before(shows):
		return s.next(earlier(nextLook(p.IntendedAt, now), shows), "looking whether the original has been deleted"), nil
	case seen.Seen == Open:
		return s.write(ctx, change.Entry{Kind: change.Retried, Step: step.Name})
	}
	t := change.Trouble{Code: change.TroubleUnsettled, Message: seen.Detail}
	if seen.Trouble != nil {
		t = *seen.Trouble
	}
	return s.halt(ctx, change.Waiting, t)
}

// backout is the entry that begins to take a change back.
func backout(c *change.Change) (change.Entry, error) {
	e := change.Entry{Kind: change.Began, State: change.BackedOut, Text: "a person asked for it"}
	if !c.Touched() {
		e.Phase, e.Steps = change.Unwind, unwinding(c, change.BackedOut)
		return e, nil
	}
	steps, err := restoring(c)
	e.Phase, e.Steps = change.Restore, steps
	return e, err
}

// remains is the trouble that stays with a change when a phase ends: why it was begun, or what a person accepted.
func remains(c *change.Change) *change.Trouble {
	if c.Cause != nil {
		return c.Cause
	}
	for _, p := range c.Steps {
		if p.Trouble != nil && p.Step.Kind == plan.Verify {
			return p.Trouble
		}
	}
	return nil
}
