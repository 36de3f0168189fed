package propose

import (
	"context"
	"fmt"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/preflight"
	"github.com/glueguard/glueguard/internal/resource"
)

// UnreadError means that a planned resource could not be read again, so that nobody knows whether it is still what the
// plan saw.
type UnreadError struct {
	Resource string // ARN
	Failure  resource.Failure
}

func (e *UnreadError) Error() string {
	return e.Resource + " could not be read again: " + e.Failure.Error()
}

// Unwrap gives the failed read.
func (e *UnreadError) Unwrap() error { return e.Failure }

// Again reads one planned resource again and says in what it differs from what the plan saw, and what the checks say
// now; what the plan accepted as unchecked is accepted here too. It returns *UnreadError, or the error of an ended ctx.
func Again(ctx context.Context, i Inspector, p plan.Plan, item plan.Item, now time.Time) (changed []change.Difference, checks []plan.Check, err error) {
	all, err := i.Inspect(ctx, []inventory.Target{targetOf(item)})
	if err != nil {
		return nil, nil, fmt.Errorf("read %s again: %w", item.Resource.ARN, err)
	}
	if len(all) != 1 {
		return nil, nil, fmt.Errorf("read %s again: it was not answered", item.Resource.ARN)
	}
	s := all[0]
	if changed, err = differences(item, s); err != nil || len(changed) > 0 {
		return changed, nil, err
	}
	decisions, err := simulate(ctx, i, item.Location, item.Permissions)
	if err != nil {
		return nil, nil, err
	}
	planned := 0
	for _, other := range p.Changes {
		if other.Location == item.Location {
			planned += twinsOf(other)
		}
	}
	return nil, preflight.Accept(preflight.Check(item, s, decisions, planned), p.Accepted), nil
}

func targetOf(i plan.Item) inventory.Target {
	t := inventory.Target{Location: i.Location, Type: i.Resource.Type, Name: i.Resource.Name, ID: i.Resource.ID, Key: preflight.Key(i)}
	for _, s := range i.Steps {
		switch s.Kind {
		case plan.ExportLabels:
			t.LabelsS3 = s.S3
		case plan.WaitProof:
			t.ProveS3 = s.S3
		}
	}
	return t
}

// differences compares what the plan saw with what is there.
func differences(i plan.Item, s resource.Surroundings) ([]change.Difference, error) {
	var rows []plan.Attribute
	var now resource.Identity
	var status string
	switch {
	case i.Endpoint != nil:
		d, ok := s.Endpoint.Value()
		if !ok {
			return gone(i, s.Endpoint.IsAbsent(), s.Endpoint.Failure())
		}
		now, status, rows = d.Identity(), d.Status, plan.DiffEndpoint(i.Endpoint.Definition, d.Definition)
	case i.Transform != nil:
		d, ok := s.Transform.Value()
		if !ok {
			return gone(i, s.Transform.IsAbsent(), s.Transform.Failure())
		}
		now, status, rows = d.Identity(), d.Status, plan.DiffTransform(i.Transform.Definition, d.Definition)
	}
	var all []change.Difference
	switch status {
	case "TERMINATING", "TERMINATED", "DELETING":
		all = append(all, change.Difference{Attribute: "status", Want: "not being deleted", Got: status})
	}
	if !i.Identity.Same(now) {
		all = append(all, change.Difference{Attribute: "creation", Want: stamp(i.Identity), Got: stamp(now)})
	}
	for _, a := range rows {
		all = append(all, change.Difference{Attribute: a.Name, Want: a.Before, Got: a.After})
	}
	return configuration(all, i, s)
}

func gone(i plan.Item, absent bool, f resource.Failure) ([]change.Difference, error) {
	if absent {
		return []change.Difference{{Attribute: "resource", Want: "there", Got: "gone"}}, nil
	}
	return nil, &UnreadError{Resource: i.Resource.ARN, Failure: f}
}

func stamp(id resource.Identity) string { return id.ID + id.CreatedAt.UTC().Format(time.RFC3339Nano) }

// configuration compares the content of the security configuration that the resource names: one can be deleted and made
// again under its name.
func configuration(all []change.Difference, i plan.Item, s resource.Surroundings) ([]change.Difference, error) {
	if s.Configuration.IsUnknown() {
		return nil, &UnreadError{Resource: i.Resource.ARN, Failure: s.Configuration.Failure()}
	}
	now, _ := s.Configuration.Value()
	switch then := i.Configuration; {
	case then == nil && now.Name != "":
		all = append(all, change.Difference{Attribute: "security configuration's content", Want: "none", Got: "there is one named " + now.Name})
	case then != nil && now.Name == "":
		all = append(all, change.Difference{Attribute: "security configuration's content", Want: "as planned", Got: "it is gone"})
	case then != nil && !plan.SameConfiguration(*then, now):
		all = append(all, change.Difference{Attribute: "security configuration's content", Want: "as planned", Got: "another one"})
	}
	return all, nil
}
