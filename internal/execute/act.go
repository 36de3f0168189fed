package execute

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
)

// look observes a step's effect and goes on from what is there.
func (s *Stepper) look(ctx context.Context, p change.Progress) (Next, error) {
	step := s.c.Resolve(p.Step)
	wrong, unseen := s.stands(ctx, p) // before the step itself is looked at: that comes right before its call
	seen, err := s.d.Actor.Observe(ctx, s.c, step)
	s.looks += max(seen.Calls, 1)
	if err == nil && seen.Seen == Open {
		err = unseen
	}
	if err != nil {
		return s.unread(ctx, err)
	}
	s.failing = time.Time{}
	switch seen.Seen {
	case Settled:
		if until := shadow(s.c, step, s.d.settle()); p.Tries == 0 && step.Kind.Changes() && s.d.Now().Before(until) {
			return s.next(earlier(nextLook(s.c.UpdatedAt, s.d.Now()), until), "nothing to take back shows yet"), nil
		}
		return s.write(ctx, change.Entry{Kind: change.Succeeded, Step: step.Name, Facts: &seen.Facts})
	case Pending:
		return s.wait(ctx, p, seen.Detail)
	case Open:
		if !step.Kind.Changes() {
			return s.wait(ctx, p, seen.Detail)
		}
		if len(wrong) > 0 {
			return s.fallen(ctx, p, wrong)
		}
		return s.send(ctx, p, step)
	case Missed:
		return s.miss(ctx, p, seen)
	}
	return Next{}, fmt.Errorf("step %s: a look without an outcome (%d)", step.Name, seen.Seen)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// send makes the step's one call, unless an earlier one is open whose outcome must be settled first, or it is too early
// to try again. The step was looked at just now.
func (s *Stepper) send(ctx context.Context, p change.Progress, step plan.Step) (Next, error) {
	now := s.d.Now()
	if p.Open && !step.Kind.Repeatable() {
		shows := p.IntendedAt.Add(s.d.settle())
		switch {
		case now.Before(shows):
			return s.next(earlier(nextLook(p.IntendedAt, now), shows), "the answer was lost; looking whether it took effect"), nil
		case !p.Answered && !p.Allowed:
			return s.halt(ctx, change.Waiting, lost(p))
		}
	}
	if p.Open && p.Round >= mostTries {
		return s.halt(ctx, change.FailedAt, inVain(p))
	}
	if again := nextTry(p.IntendedAt, p.Round); p.Round > 0 && now.Before(again) {
		return s.next(again, said(p.Trouble)), nil
	}
	if err := s.append(ctx, change.Entry{Kind: change.Intended, Step: step.Name}); err != nil {
		return Next{}, err
	}
	// From here on the call is made and its outcome written, whoever loses patience meanwhile.
	ctx = context.WithoutCancel(ctx)
	facts, err := s.d.Actor.Do(ctx, s.c, step)
	s.looks++
	if err != nil {
		return s.answer(ctx, step, err)
	}
	return s.write(ctx, change.Entry{Kind: change.Succeeded, Step: step.Name, Facts: &facts})
}

// answer writes down what is known of a call that failed.
func (s *Stepper) answer(ctx context.Context, step plan.Step, err error) (Next, error) {
	failed := &CallError{Effect: Unknown, Trouble: change.Trouble{Code: change.TroubleUnsettled, Message: err.Error()}}
	errors.As(err, &failed)
	p, _ := s.c.Current()
	since := s.d.Now().Sub(p.RoundAt)
	e := change.Entry{Step: step.Name, Trouble: &failed.Trouble}
	switch failed.Effect {
	case NotDone:
		e.Kind = change.Refused
	case NotYet:
		e.Kind = change.Retried
		if since >= notYet {
			e.Kind = change.Refused
		}
	case NotSent:
		e.Kind = change.Retried
	case ServerError:
		e.Kind, e.Answered = change.Uncertain, true
	default:
		e.Kind = change.Uncertain
	}
	if err := s.append(ctx, e); err != nil {
		return Next{}, err
	}
	if failed.Effect == NotSent && since >= readsFail {
		return s.halt(ctx, change.FailedAt, failed.Trouble)
	}
	p, ok := s.c.Current()
	if !ok || p.Status == change.StepFailed || p.Open {
		return s.next(s.d.Now(), failed.Trouble.Message), nil
	}
	return s.next(nextTry(p.IntendedAt, p.Round), failed.Trouble.Message), nil
}

// miss takes in that a step's effect can't be had. What a person must settle first waits for one; the rest is refused.
func (s *Stepper) miss(ctx context.Context, p change.Progress, seen Observation) (Next, error) {
	t := change.Trouble{Code: change.TroubleFailed, Message: seen.Detail}
	if seen.Trouble != nil {
		t = *seen.Trouble
	}
	if p.Open && !p.Uncertain {
		// The process ended between the call and its outcome: a look that finds something else in the way must not be
		// read as the call's own answer.
		return s.write(ctx, change.Entry{Kind: change.Uncertain, Step: p.Step.Name, Trouble: &t})
	}
	if s.decides(p, t.Code) {
		return s.halt(ctx, change.Waiting, t)
	}
	return s.write(ctx, change.Entry{Kind: change.Refused, Step: p.Step.Name, Trouble: &t, Facts: &seen.Facts})
}

// decides tells whether a trouble is for a person to settle before anything is taken back.
func (s *Stepper) decides(p change.Progress, code string) bool {
	switch code {
	case change.TroubleCredentials, change.TroubleSlow, change.TroubleUnsettled:
		return true
	case change.TroubleChanged:
		// A restore that has deleted nothing yet takes away what it made: nobody could bring back the one that it knew.
		return p.Step.Irrevocable && (s.c.Phase != change.Restore || s.c.Committed())
	}
	return false
}

// verify reads again what a step promised. Differences must last a while, since what AWS was told shows late in reads.
func (s *Stepper) verify(ctx context.Context, p change.Progress) (Next, error) {
	differences, err := s.d.Verifier.Verify(ctx, s.c, s.c.Resolve(p.Step))
	s.looks++
	if err != nil {
		return s.unread(ctx, err)
	}
	s.failing = time.Time{}
	now := s.d.Now()
	if len(differences) == 0 {
		return s.write(ctx, change.Entry{Kind: change.Succeeded, Step: p.Step.Name})
	}
	if until := s.c.UpdatedAt.Add(min(doubt, s.d.settle())); now.Before(until) {
		return s.next(earlier(nextLook(s.c.UpdatedAt, now), until), "looking again: "+differences[0].Attribute+" differs"), nil
	}
	t := change.Trouble{
		Code: change.TroubleVerify, Differences: differences,
		Message: fmt.Sprintf("%s: %d attributes are not as promised, the first: %s", p.Step.Name, len(differences), differences[0].Attribute),
	}
	if p.Allowed && s.c.Phase == change.Unwind {
		// The change left the original alone; that it differs is somebody else's doing, and a person has seen it.
		return s.write(ctx, change.Entry{Kind: change.Succeeded, Step: p.Step.Name, Trouble: &t})
	}
	return s.write(ctx, change.Entry{Kind: change.Refused, Step: p.Step.Name, Trouble: &t})
}

func said(t *change.Trouble) string {
	if t == nil {
		return ""
	}
	return t.Message
}

// lost is the trouble of a call whose answer never came, and whose effect does not show.
func lost(p change.Progress) change.Trouble {
	t := change.Trouble{
		Code:    change.TroubleUnsettled,
		Message: fmt.Sprintf("step %s sent its call and has no answer, and what it makes does not show", p.Step.Name),
		Advice:  "look at AWS whether it is there; resume looks once more and then sends the call again, backout takes the change back",
	}
	if p.Trouble != nil {
		t.Operation = p.Trouble.Operation
		t.Message += ": " + p.Trouble.Message
	}
	return t
}

// inVain is the trouble of a call that was sent too often.
func inVain(p change.Progress) change.Trouble {
	t := change.Trouble{Code: change.TroubleUnsettled}
	if p.Trouble != nil {
		t = *p.Trouble
	}
	t.Message = fmt.Sprintf("step %s sent its call %d times in vain: %s", p.Step.Name, p.Round, t.Message)
	t.Advice = "resume tries again"
	return t
}
