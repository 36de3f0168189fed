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
	"github.com/glueguard/glueguard/internal/preflight"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/store"
)

// apply opens the change that a plan's item describes, if the resource is still what the plan saw and nothing stands
// against it now.
func (w *Worker) apply(ctx context.Context, j engine.Job) (_ engine.Run, err error) {
	p, err := w.plan(ctx, j.Plan)
	if err != nil {
		return nil, err
	}
	item, err := itemOf(p, j.Resource)
	if err != nil {
		return nil, err
	}
	today, err := w.today(p, item)
	if err != nil {
		return nil, err
	}
	s, err := w.session(ctx, p.Access)
	if err != nil {
		return nil, err
	}
	id := w.o.NewID()
	held, err := w.lease(ctx, id, j.Resource)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, held.release())
		}
	}()
	if err := w.inTheWay(ctx, p, item); err != nil {
		return nil, err
	}
	warnings, err := accepted(item, j)
	if err != nil {
		return nil, err
	}
	if err := w.lookAgain(ctx, s, p, item, j); err != nil {
		return nil, err
	}
	head := change.Head{
		ID: id, PlanDigest: p.Digest, Item: item, Access: p.Access,
		AcceptedUnchecked: codes(p.Accepted, j.AcceptUnchecked), AcceptedWarnings: warnings, Policy: today,
	}
	if w.o.Access != (plan.Access{}) {
		head.Access = w.o.Access
	}
	if head.By, err = s.Caller(ctx); err != nil {
		return nil, fmt.Errorf("%s: who asks: %w", j.Resource, err)
	}
	deps := w.deps(s, held[0], id)
	if err := w.o.Store.OpenChange(ctx, held[0], execute.First(head, deps)); err != nil {
		return nil, err
	}
	return &run{id: id, item: item, stepper: execute.NewStepper(deps), leases: held}, nil
}

// itemOf finds a plan's change of a resource.
func itemOf(p plan.Plan, arn string) (plan.Item, error) {
	i := slices.IndexFunc(p.Changes, func(i plan.Item) bool { return i.Resource.ARN == arn })
	if i < 0 {
		return plan.Item{}, &RefusedError{Resource: arn, Reason: NotPlanned}
	}
	if b := p.Changes[i].Blocked; b != nil {
		return plan.Item{}, &RefusedError{Resource: arn, Reason: Blocked, Blocked: b}
	}
	return p.Changes[i], nil
}

// errEnough ends a listing.
var errEnough = errors.New("enough was listed")

// inTheWay returns what change keeps the item from being applied: an open one, or the same one done before.
func (w *Worker) inTheWay(ctx context.Context, p plan.Plan, item plan.Item) error {
	arn := item.Resource.ARN
	var found error
	err := w.o.Store.EachSummary(ctx, store.ChangeFilter{Resource: arn}, func(c store.Summarized) error {
		switch c.State {
		case change.Running, change.Waiting, change.FailedAt, change.BackingOut:
			found = &store.OpenError{Resource: arn, Change: c.ID, State: c.State}
		case change.Done, change.Finalized, change.Regressed:
			switch {
			case c.Resource.ARN != arn:
			case c.PlanDigest == p.Digest:
				found = &RefusedError{Resource: arn, Reason: AppliedBefore, Change: c.ID, State: c.State}
			case c.KeepsOriginal:
				found = &RefusedError{Resource: arn, Reason: WayBack, Change: c.ID, State: c.State}
			}
		}
		if found != nil {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return found
}

// accepted lists the warnings that were accepted, by the plan or now.
func accepted(item plan.Item, j engine.Job) ([]string, error) {
	list, missing := []string{}, []plan.Warning(nil)
	for _, warning := range item.Warnings {
		if warning.Accepted || slices.Contains(j.AcceptWarnings, warning.Code) {
			list = append(list, warning.Code)
		} else {
			missing = append(missing, warning)
		}
	}
	if len(missing) > 0 {
		return nil, &RefusedError{Resource: item.Resource.ARN, Reason: NotAccepted, Warnings: missing}
	}
	return list, nil
}

// lookAgain reads the resource and all around it again: the plan is bound to what it saw, and its checks are repeated.
func (w *Worker) lookAgain(ctx context.Context, s Session, p plan.Plan, item plan.Item, j engine.Job) error {
	changed, checks, err := propose.Again(ctx, s.Inspector, p, item, w.o.Now())
	if err != nil {
		return err
	}
	refused := &RefusedError{Resource: item.Resource.ARN}
	if len(changed) > 0 {
		refused.Reason, refused.Differences = ResourceChanged, changed
		return refused
	}
	checks = preflight.Accept(checks, codes(p.Accepted, j.AcceptUnchecked))
	if stopping := preflight.Stopping(checks); len(stopping) > 0 {
		refused.Reason, refused.Checks = ChecksFailed, stopping
		return refused
	}
	return nil
}

// codes joins lists of codes, each once and in order.
func codes(lists ...[]string) []string {
	all := append([]string{}, slices.Concat(lists...)...)
	slices.Sort(all)
	return slices.Compact(all)
}
