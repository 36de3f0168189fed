package repair

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// Verify reads again what a change made and says in what it differs from what was promised. A change whose resource is
// unencrypted again becomes regressed, and one that is as promised again what it was before.
func (w *Worker) Verify(ctx context.Context, id string) (now *change.Change, differences []change.Difference, err error) {
	c, err := w.o.Store.Change(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	s, err := w.session(ctx, c.Head.Access)
	if err != nil {
		return nil, nil, err
	}
	held, err := w.lease(ctx, c.Head.ID, c.Head.Item.Resource.ARN)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, held.release()) }()
	deps := w.deps(s, held[0], c.Head.ID)
	if err := w.inherit(ctx, deps); err != nil {
		return nil, nil, err
	}
	if c, err = execute.NewStepper(deps).Change(ctx); err != nil {
		return nil, nil, err
	}
	if possible := execute.Possible(c); !slices.Contains(possible, execute.VerbVerify) {
		return nil, nil, &execute.StateError{
			Change: c.Head.ID, Verb: execute.VerbVerify, State: c.State, Phase: c.Phase, Possible: possible,
			Why: "there is nothing that it promises now",
		}
	}
	step, ok := promised(c)
	if !ok { // a retired resource leaves nothing to look at
		return c, nil, nil
	}
	if differences, err = s.Verifier.Verify(ctx, c, step); err != nil {
		return nil, nil, err
	}
	if err := w.mark(ctx, deps, c, differences); err != nil {
		return nil, nil, err
	}
	now, err = w.o.Store.Change(ctx, c.Head.ID)
	return now, differences, err
}

// promised is the last look that was taken at what the change has left, as it must come out now.
func promised(c *change.Change) (plan.Step, bool) {
	replacement, ok := c.Replacement()
	if !ok {
		return plan.Step{}, false
	}
	var last plan.Step
	found := false
	for p := range c.All() {
		switch {
		case p.Status != change.StepDone || !c.Resources[p.Step.Role].Same(replacement):
		case p.Step.Kind == plan.Verify:
			last, found = c.Resolve(p.Step), true
		case p.Step.Kind == plan.RemoveTags && found:
			promise := *last.Promise
			promise.ChangeTags = false
			last.Promise = &promise
		}
	}
	return last, found
}

// mark writes down that a change has regressed, or has recovered.
func (w *Worker) mark(ctx context.Context, d execute.Deps, c *change.Change, differences []change.Difference) error {
	tell := func(to change.State) error {
		if w.o.Marks == nil {
			return nil
		}
		return w.o.Marks(ctx, c, to)
	}
	i := slices.IndexFunc(differences, unencrypted)
	switch {
	case i >= 0 && c.State != change.Regressed:
		if err := tell(change.Regressed); err != nil {
			return err
		}
		return execute.MarkRegressed(ctx, d, differences[i].Attribute+" is "+differences[i].Got+" again")
	case i < 0 && c.State == change.Regressed && len(differences) == 0:
		if err := tell(change.Done); err != nil {
			return err
		}
		return execute.MarkRecovered(ctx, d, "it is as promised again")
	}
	return nil
}

// unencrypted tells whether a difference says that something which was to be encrypted is not.
func unencrypted(d change.Difference) bool {
	return strings.HasSuffix(d.Attribute, ".mode") && d.Got == string(resource.ModeNone)
}
