package execute

import (
	"context"
	"fmt"
	"slices"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
)

// stands looks, right before something is deleted, whether what is to stay is still there: days may have passed since
// it was verified, in which others worked on it. It returns what is wrong, nothing where all is well or nothing stays.
func (s *Stepper) stands(ctx context.Context, p change.Progress) ([]change.Difference, error) {
	look, ok := stays(s.c, p.Step)
	if !ok {
		return nil, nil
	}
	if p.Step.Irrevocable {
		promise := *look.Promise
		promise.Usable, look.Promise = true, &promise
	}
	differences, err := s.d.Verifier.Verify(ctx, s.c, s.c.Resolve(look))
	s.looks++
	return slices.DeleteFunc(differences, func(d change.Difference) bool { return !matters(s.c, p, d) }), err
}

// stays is the look that proved what stays when a step deletes something; false where nothing is to stay. While the
// change takes itself back that is the original.
func stays(c *change.Change, s plan.Step) (look plan.Step, ok bool) {
	if s.Kind != plan.DeleteEndpoint && s.Kind != plan.DeleteTransform {
		return look, false
	}
	if c.Phase == change.Unwind && !c.Touched() {
		look = plan.VerifyOriginal(c.Head.Item)
		return look, s.Role != plan.Original && (look.Promise.Endpoint != nil || look.Promise.Transform != nil)
	}
	there := c.Kept()
	for p := range c.All() {
		role := p.Step.Role
		if p.Step.Kind != plan.Verify || p.Status != change.StepDone || role == s.Role {
			continue
		}
		if c.Phase == change.Unwind && (role == plan.Restored || role == plan.RestoredTwin) {
			continue // a restore that takes itself back: these go
		}
		if _, kept := there[role]; kept {
			look, ok = p.Step, true
		}
	}
	return look, ok
}

// matters tells whether a difference keeps a step from deleting something. What is gone, or another one, always does. On
// the way there all does, until a person has seen it; weeks later, at finalize, people may have changed what is theirs to
// change, but for the encryption.
func matters(c *change.Change, p change.Progress, d change.Difference) bool {
	switch {
	case c.Phase == change.Unwind:
		return d.Lost() && !p.Allowed
	case c.Phase == change.Finalize, p.Allowed:
		return d.Lost() || d.Encryption()
	}
	return true
}

// fallen goes on where what is to stay does not stand. Nothing is deleted then.
func (s *Stepper) fallen(ctx context.Context, p change.Progress, wrong []change.Difference) (Next, error) {
	now := s.d.Now()
	if until := s.c.UpdatedAt.Add(min(doubt, s.d.settle())); now.Before(until) {
		return s.next(earlier(nextLook(s.c.UpdatedAt, now), until), "looking again: "+wrong[0].Attribute+" differs"), nil
	}
	look, _ := stays(s.c, p.Step)
	t := change.Trouble{
		Code: change.TroubleVerify, Differences: wrong,
		Message: fmt.Sprintf("the %s is not deleted, since the %s that is to stay is not as it was: %s is %s, not %s",
			p.Step.Role, look.Role, wrong[0].Attribute, wrong[0].Got, wrong[0].Want),
		Advice: "see who changed it",
	}
	if s.c.Phase == change.Unwind {
		t.Advice = fmt.Sprintf("the %s may be the only one left; when you no longer need it, resume deletes it all the same; "+
			"where the original is gone, backout makes it again first", p.Step.Role)
		return s.halt(ctx, change.Waiting, t)
	}
	return s.write(ctx, change.Entry{Kind: change.Refused, Step: p.Step.Name, Trouble: &t})
}
