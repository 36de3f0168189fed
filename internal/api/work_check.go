package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/preflight"
	"github.com/glueguard/glueguard/internal/store"
)

func has(list []string, one string) bool { return slices.Contains(list, one) }

// checkWork refuses work that can't be done, or whose warnings nobody has accepted. The daemon looks again when it
// starts: what is refused here is refused before anybody has to think about it.
func (s *Server) checkWork(ctx context.Context, w store.Work) error {
	if err := fits(w); err != nil {
		return err
	}
	switch w.Kind {
	case store.RequestApply:
		return s.checkApply(ctx, w)
	case store.RequestResume, store.RequestBackout, store.RequestFinalize:
		return s.checkChanges(ctx, w)
	case store.RequestCleanup:
		return s.checkCleanup(w)
	case store.RequestAudit:
		return checkScope(*w.Audit)
	}
	return sense("There is no kind of request %q.", w.Kind)
}

// fits refuses members that say nothing for the kind: who approves must not have to guess what they mean.
func fits(w store.Work) error {
	apply, finalize := w.Kind == store.RequestApply, w.Kind == store.RequestFinalize
	changes := w.Kind == store.RequestResume || w.Kind == store.RequestBackout || finalize
	for _, m := range []struct {
		name     string
		set, may bool
	}{
		{"plan", w.Plan != "", apply},
		{"resources", len(w.Resources) > 0, apply},
		{"changes", len(w.Changes) > 0, changes},
		{"configurations", len(w.Configurations) > 0, w.Kind == store.RequestCleanup},
		{"audit", w.Audit != nil, w.Kind == store.RequestAudit},
		{"accept_unchecked", len(w.AcceptUnchecked) > 0, apply},
		{"accept_warnings", len(w.AcceptWarnings) > 0, apply || changes},
		{"keep_twin", w.KeepTwin, finalize},
		{"delete_labels", w.DeleteLabels, finalize},
		{"parallel", w.Parallel != 0, apply || changes},
		{"canary", w.Canary != 0, apply},
		{"max_failures", w.MaxFailures != 0, apply},
	} {
		if m.set && !m.may {
			return sense("%s says nothing for a request of kind %s.", m.name, w.Kind)
		}
	}
	if w.Parallel < 0 || w.Canary < 0 || w.MaxFailures < 0 {
		return sense("parallel, canary and max_failures can't be negative.")
	}
	return nil
}

// checkApply refuses what a plan does not have, or what stands against it.
func (s *Server) checkApply(ctx context.Context, w store.Work) error {
	if w.Plan == "" {
		return sense("The plan's digest is missing.")
	}
	p, err := s.plan(ctx, w.Plan)
	switch {
	case err != nil:
		return err
	case p.Digest != w.Plan:
		return sense("Name the plan by its whole digest, %s: an approval is bound to it.", p.Digest)
	case p.Errored:
		return sense("The plan can't be applied: making it went wrong somewhere, so it may lack what matters.").hint("Plan again.")
	case !p.Applyable:
		return sense("There is nothing in the plan that could be applied.").hint("It says of each resource what stands against it.")
	}
	items, err := itemsOf(p, w.Resources)
	if err != nil {
		return err
	}
	var stopped error
	going := 0
	for _, i := range items {
		if err := checkItem(i, w); err != nil {
			return err
		}
		if err := s.unchanged(ctx, p, i); err == nil {
			going++
		} else {
			stopped = err
		}
	}
	if len(w.Resources) == 0 && going > 0 {
		return nil // of a whole plan, what is stopped is left out when it is applied
	}
	return stopped
}

// itemsOf are the items that are asked for: where none is named, all that are not blocked.
func itemsOf(p plan.Plan, resources []string) ([]plan.Item, error) {
	var items []plan.Item
	for _, i := range p.Changes {
		if len(resources) == 0 && i.Blocked == nil || has(resources, i.Resource.ARN) {
			items = append(items, i)
		}
	}
	for _, arn := range resources {
		i := slices.IndexFunc(items, func(i plan.Item) bool { return i.Resource.ARN == arn })
		if i < 0 {
			return nil, sense("The plan has no change of %s.", arn)
		}
		if b := items[i].Blocked; b != nil {
			return nil, sense("%s: %s", arn, capital(b.Message)).hint("%s", capital(b.Instead))
		}
	}
	return items, nil
}

// checkItem refuses an item whose warnings are not accepted, or, where it was named, that a check stops.
func checkItem(i plan.Item, w store.Work) error {
	var missing []string
	for _, warning := range i.Warnings {
		if !warning.Accepted && !has(w.AcceptWarnings, warning.Code) {
			missing = append(missing, fmt.Sprintf("%s (%s)", warning.Text, warning.Code))
		}
	}
	if len(missing) > 0 {
		return notAccepted(i.Resource.ARN, missing)
	}
	for n, c := range preflight.Accept(i.Checks, w.AcceptUnchecked) {
		if len(w.Resources) > 0 && i.Checks[n].Stops() && c.Stops() {
			return sense("%s: check %s: %s", i.Resource.ARN, c.Code, capital(c.Message)).hint("%s", capital(c.Advice))
		}
	}
	return nil
}

func notAccepted(subject string, missing []string) error {
	return problem(http.StatusUnprocessableEntity, CodeNotAccepted, "%s: not accepted: %s.", subject, strings.Join(missing, "; ")).
		hint("Name the codes in accept_warnings to accept them.")
}

// unchanged refuses an item that an open change of its resource stands against, or that was applied before.
func (s *Server) unchanged(ctx context.Context, p plan.Plan, i plan.Item) error {
	arn := i.Resource.ARN
	var found error
	err := s.o.Store.EachSummary(ctx, store.ChangeFilter{Resource: arn}, func(c store.Summarized) error {
		switch c.State {
		case change.Running, change.Waiting, change.FailedAt, change.BackingOut:
			found = &store.OpenError{Resource: arn, Change: c.ID, State: c.State}
		case change.Done, change.Finalized, change.Regressed:
			if c.Resource.ARN == arn && c.PlanDigest == p.Digest {
				found = problem(http.StatusConflict, CodeState, "%s: change %s has applied this plan to it before.", arn, c.ID).hint("Plan again.")
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return found
}

// checkChanges refuses changes that have gone on since they were seen, and those that stand where this is not possible.
func (s *Server) checkChanges(ctx context.Context, w store.Work) error {
	if len(w.Changes) == 0 {
		return sense("The changes are missing.")
	}
	seen := map[string]bool{}
	for _, at := range w.Changes {
		c, err := s.change(ctx, at.ID)
		switch {
		case err != nil:
			return err
		case c.Head.ID != at.ID:
			return sense("Name the change by its whole id, %s: an approval is bound to it.", c.Head.ID)
		case seen[at.ID]:
			return sense("Change %s is named twice.", at.ID)
		case c.Seq != at.At:
			return problem(http.StatusConflict, CodeConflict, "Change %s has gone on since you looked: it is %s.", at.ID, c.State).hint("Look at it again.")
		}
		seen[at.ID] = true
		if err := possible(c, w); err != nil {
			return err
		}
	}
	return nil
}

func possible(c *change.Change, w store.Work) error {
	kinds := []string{}
	for _, v := range usable(c) {
		if kind := kindOf(v); kind != "" {
			kinds = append(kinds, string(kind))
		}
	}
	if !has(kinds, string(w.Kind)) {
		p := problem(http.StatusConflict, CodeState, "Change %s is %s: there is no %s of it now.", c.Head.ID, c.State, w.Kind)
		if len(kinds) > 0 {
			p = p.hint("Possible is: %s.", strings.Join(kinds, ", "))
		}
		return p
	}
	switch finalize := w.Kind == store.RequestFinalize; {
	case finalize && w.KeepTwin && c.KeepsOriginal():
		return sense("Change %s has come to its end: there is no twin to be accepted.", c.Head.ID)
	case finalize && !w.KeepTwin && !c.KeepsOriginal():
		return sense("Change %s keeps no original: what can be done is to accept its twin, by keep_twin.", c.Head.ID)
	}
	var missing []string
	for _, warning := range warningsOf(c, w.Kind, w) {
		if !warning.Accepted {
			missing = append(missing, fmt.Sprintf("%s (%s)", warning.Text, warning.Code))
		}
	}
	if len(missing) > 0 {
		return notAccepted(c.Head.Item.Resource.ARN, missing)
	}
	return nil
}

func (s *Server) checkCleanup(w store.Work) error {
	if len(w.Configurations) == 0 {
		return sense("The configurations are missing.")
	}
	seen := map[store.ConfigurationAt]bool{}
	for _, c := range w.Configurations {
		switch {
		case c.Name == "" || c.Location.Account == "" || c.Location.Region == "" || c.Location.Partition == "":
			return sense("A configuration needs a name and a location.")
		case seen[c]:
			return sense("Configuration %s in %s is named twice.", c.Name, c.Location)
		}
		seen[c] = true
	}
	return nil
}

// checkScope refuses an audit of controls that there are not.
func checkScope(a openapi.AuditScope) error {
	for _, id := range a.Controls {
		if !slices.ContainsFunc(control.All(), func(c control.Control) bool { return c.ID == id }) {
			return sense("There is no control %q.", id)
		}
	}
	if a.PolicyProfile != "" && a.PolicyProfile != "sop" && a.PolicyProfile != "strict" {
		return sense("There is no profile %q: want sop or strict.", a.PolicyProfile)
	}
	return nil
}
