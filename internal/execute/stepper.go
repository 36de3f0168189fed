package execute

import (
	"context"
	"fmt"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
)

// Stepper advances one change while its lease is held. All that matters is in the journal: a new Stepper goes on where
// another stopped. It keeps the folded journal between calls, and since when reads fail. It is for one goroutine.
type Stepper struct {
	d       Deps
	c       *change.Change // nil: not read, or in doubt
	failing time.Time      // since when reads fail; zero: they don't
	looks   int            // AWS calls made for the step at hand that no entry counts yet
}

// NewStepper makes a Stepper.
func NewStepper(d Deps) *Stepper { return &Stepper{d: d} }

// Advance is one Advance of a new Stepper. It does not know for how long reads have been failing.
func Advance(ctx context.Context, d Deps) (Next, error) { return NewStepper(d).Advance(ctx) }

// Change is the change as the journal has it.
func (s *Stepper) Change(ctx context.Context) (*change.Change, error) {
	if s.c != nil {
		return s.c, nil
	}
	entries, err := s.d.Journal.Entries(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	c, err := change.Fold(entries)
	if err != nil {
		return nil, err
	}
	s.c = c
	return c, nil
}

// append writes one entry and folds it in. When it fails nobody knows whether the entry was written, so the journal is
// read again the next time.
func (s *Stepper) append(ctx context.Context, e change.Entry) error {
	e.Seq, e.At, e.Calls = s.c.Seq+1, s.d.Now(), s.looks
	next, err := s.c.With(e)
	if err != nil {
		return err
	}
	s.c = nil
	if err := s.d.Journal.Append(ctx, e); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	s.c, s.looks = next, 0
	return nil
}

// next is what Advance returns: again at a time, or not before somebody acts.
func (s *Stepper) next(again time.Time, detail string) Next {
	if s.c.AtRest() {
		return Next{Change: s.c}
	}
	return Next{Change: s.c, Again: again, Detail: detail}
}

// write appends an entry, after which the change goes on at once.
func (s *Stepper) write(ctx context.Context, e change.Entry) (Next, error) {
	if err := s.append(ctx, e); err != nil {
		return Next{}, err
	}
	return s.next(s.d.Now(), ""), nil
}

// Advance takes the change one move further: it looks, and makes at most one changing call. Its errors are those of the
// journal and of ctx; what goes wrong at AWS is in the change.
func (s *Stepper) Advance(ctx context.Context) (Next, error) {
	if err := ctx.Err(); err != nil {
		return Next{}, err
	}
	c, err := s.Change(ctx)
	if err != nil {
		return Next{}, err
	}
	p, ok := c.Current()
	switch {
	case c.AtRest():
		return Next{Change: c}, nil
	case c.Phase == "":
		return s.write(ctx, change.Entry{Kind: change.Began, Phase: change.Apply, Steps: c.Head.Item.Steps})
	case c.Asked:
		return s.decide(ctx, p)
	case !ok:
		return s.write(ctx, change.Entry{Kind: change.Ended, State: c.Aim, Trouble: remains(c)})
	case p.Status == change.StepFailed:
		return s.giveWay(ctx, p)
	case p.Step.Kind == plan.Verify:
		return s.verify(ctx, p)
	}
	return s.look(ctx, p)
}

// halt leaves the change to a person.
func (s *Stepper) halt(ctx context.Context, state change.State, t change.Trouble) (Next, error) {
	step := ""
	if p, ok := s.c.Current(); ok {
		step = p.Step.Name
	}
	return s.write(ctx, change.Entry{Kind: change.Halted, Step: step, State: state, Trouble: &t})
}

// unread bears a read that failed, for a while.
func (s *Stepper) unread(ctx context.Context, err error) (Next, error) {
	if ctx.Err() != nil {
		return Next{}, ctx.Err()
	}
	now := s.d.Now()
	if s.failing.IsZero() {
		s.failing = now
	}
	if now.Sub(s.failing) < readsFail {
		return s.next(nextRead(s.failing, now), err.Error()), nil
	}
	s.failing = time.Time{}
	return s.halt(ctx, change.FailedAt, change.Trouble{
		Code: change.TroubleUnread, Message: err.Error(),
		Advice: "make sure that the resource can be read, then resume",
	})
}

// wait comes back later to something that has been waited for since the newest entry, up to the step's limit.
func (s *Stepper) wait(ctx context.Context, p change.Progress, detail string) (Next, error) {
	now := s.d.Now()
	if most := limit(p.Step); now.Sub(s.c.UpdatedAt) > most {
		return s.halt(ctx, change.Waiting, change.Trouble{
			Code:    change.TroubleSlow,
			Message: fmt.Sprintf("step %s has taken more than %s: %s", p.Step.Name, most, detail),
			Advice:  "look at the resource at AWS; resume waits on, backout takes the change back",
		})
	}
	return s.next(nextLook(s.c.UpdatedAt, now), detail), nil
}
