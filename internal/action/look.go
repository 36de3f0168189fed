package action

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// saveDefinition reads the original's whole definition, which the journal keeps. It must be what the plan saw.
func (a *Actor) saveDefinition(ctx context.Context, t *task) (execute.Observation, error) {
	if t.c.Head.Item.Identity.Type == resource.TypeMLTransform {
		return a.saveTransform(ctx, t)
	}
	item := &t.c.Head.Item
	d, found, err := a.endpoint(ctx, t, item.Identity.Name)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found, leaving(d.Status):
		return missed(gone(t, item.Identity)), nil
	case !d.Identity().Same(item.Identity):
		return missed(another(t, item.Identity, d.Identity())), nil
	}
	if item.Endpoint != nil { // of an adopted change the plan is lost
		if diff := plan.DiffEndpoint(item.Endpoint.Definition, d.Definition); len(diff) > 0 {
			return missed(changedSince(diff)), nil
		}
	}
	if d.Updating {
		return t.unlessSlow(updating, item.Identity.Name), nil
	}
	id := d.Identity()
	return settled(change.Facts{Resource: &id, Endpoint: &d}), nil
}

func (a *Actor) saveTransform(ctx context.Context, t *task) (execute.Observation, error) {
	item := &t.c.Head.Item
	d, found, err := a.transform(ctx, t, item.Identity.ID)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found, d.Status == statusDeleting:
		return missed(gone(t, item.Identity)), nil
	}
	if saw := item.Transform; saw != nil {
		diff := append(plan.DiffTransform(saw.Definition, d.Definition), labelDiff(saw.LabelCount, d.LabelCount)...)
		if len(diff) > 0 {
			return missed(changedSince(diff)), nil
		}
	}
	id := d.Identity()
	return settled(change.Facts{Resource: &id, Transform: &d}), nil
}

func changedSince(diff []plan.Attribute) change.Trouble {
	return change.Trouble{
		Code: change.TroubleChanged, Message: "the resource was changed since the plan saw it",
		Differences: differences(diff), Advice: "plan again",
	}
}

// recently is for how long a transform's last use keeps it from being deleted.
const recently = 7 * 24 * time.Hour

// checkUnreferenced looks whether anything still refers to the resource that is to be deleted.
func (a *Actor) checkUnreferenced(ctx context.Context, t *task) (execute.Observation, error) {
	id, ok := t.c.Resources[t.s.Role]
	if !ok {
		return settled(change.Facts{}), nil
	}
	target := inventory.Target{Location: t.location(), Type: id.Type, Name: id.Name, ID: id.ID}
	around, err := a.reader.Inspect(ctx, []inventory.Target{target})
	if err != nil {
		return execute.Observation{}, fmt.Errorf("looking for what refers to %s: %w", id.Name, err)
	}
	if len(around) != 1 {
		return execute.Observation{}, fmt.Errorf("looking for what refers to %s: %d answers", id.Name, len(around))
	}
	s := around[0]
	switch {
	case s.Endpoint.IsAbsent() && id.Type == resource.TypeDevEndpoint, s.Transform.IsAbsent() && id.Type == resource.TypeMLTransform:
		return settled(change.Facts{}), nil // nobody can use what is gone
	case s.Dependents.IsUnknown():
		return execute.Observation{}, unread(ctx, s.Dependents.Failure())
	case id.Type == resource.TypeMLTransform && s.LastUsed.IsUnknown():
		return execute.Observation{}, unread(ctx, s.LastUsed.Failure())
	}
	if uses := usesOf(s, id.Type); len(uses) > 0 {
		return missed(change.Trouble{
			Code: change.TroubleReferenced, Message: fmt.Sprintf("%s is still used: %s", id.Name, strings.Join(uses, "; ")),
			Advice: "point these to the replacement, or wait until the last use is 7 days ago, then ask again",
		}), nil
	}
	return settled(change.Facts{}), nil
}

// usesOf lists what refers to a resource, or has used it within the last days.
func usesOf(s resource.Surroundings, kind resource.Type) []string {
	var uses []string
	dependents, _ := s.Dependents.Value() // absent: none
	for _, d := range dependents {
		if !d.Used.IsZero() && s.At.Sub(d.Used) > recently {
			continue
		}
		uses = append(uses, strings.TrimSpace(fmt.Sprintf("%s %s, %s", d.Kind, d.Name, d.Where)))
	}
	if used, ok := s.LastUsed.Value(); ok && kind == resource.TypeMLTransform && s.At.Sub(used) <= recently {
		uses = append(uses, "a task run at "+used.UTC().Format(time.RFC3339))
	}
	slices.Sort(uses)
	return slices.Compact(uses)
}
