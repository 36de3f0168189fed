// Package verify reads again what a change made, judges its encryption as an audit would, and compares all of it with
// what the plan promised. It trusts nothing that the change itself was told by AWS.
package verify

import (
	"context"
	"fmt"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// Reader reads AWS afresh: package inventory does.
type Reader interface {
	// Endpoint reads a dev endpoint with its tags; absent says that it is gone.
	Endpoint(ctx context.Context, l resource.Location, name string) resource.Fact[resource.EndpointDetail]
	// Transform reads an ML transform with its tags; absent says that it is gone.
	Transform(ctx context.Context, l resource.Location, id string) resource.Fact[resource.TransformDetail]
	// Configuration reads a security configuration; absent says that there is none of that name.
	Configuration(ctx context.Context, l resource.Location, name string) resource.Fact[resource.SecurityConfiguration]
	// Key reads a KMS key; absent says that there is none.
	Key(ctx context.Context, l resource.Location, arn string) resource.Fact[resource.Key]
	// Role reads a role's ARN; absent says that it is gone.
	Role(ctx context.Context, l resource.Location, role string) resource.Fact[string]
}

// Verifier implements execute.Verifier.
type Verifier struct {
	reader Reader
}

// New returns a Verifier that reads with r.
func New(r Reader) *Verifier { return &Verifier{reader: r} }

// UnreadError means that a read failed, so that nothing can be said: neither that something differs nor that nothing
// does. It wraps the resource.Failure.
type UnreadError struct {
	What    string // e.g. `development endpoint "dev1"`
	Failure resource.Failure
}

func (e *UnreadError) Error() string { return fmt.Sprintf("read %s again: %v", e.What, e.Failure) }

func (e *UnreadError) Unwrap() error { return e.Failure }

// Verify returns what differs from the step's promise, none when all of it is kept. A resource that is gone differs; a
// read that failed is an *UnreadError.
func (v *Verifier) Verify(ctx context.Context, c *change.Change, s plan.Step) ([]change.Difference, error) {
	expected, ok := c.Resources[s.Role]
	if !ok {
		return nil, fmt.Errorf("verify %s: the change knows no %s yet", s.Name, s.Role)
	}
	if s.Promise == nil {
		return nil, fmt.Errorf("verify %s: the step promises nothing", s.Name)
	}
	t := target{change: c, role: s.Role, identity: expected, promise: *s.Promise}
	var differences []change.Difference
	var err error
	switch {
	case s.Promise.Endpoint != nil && expected.Type == resource.TypeDevEndpoint:
		differences, err = v.endpoint(ctx, t)
	case s.Promise.Transform != nil && expected.Type == resource.TypeMLTransform:
		differences, err = v.transform(ctx, t)
	default:
		err = fmt.Errorf("the promise has no definition of a resource of type %s", expected.Type)
	}
	if err == nil && s.Promise.Usable {
		var more []change.Difference
		more, err = v.usable(ctx, t)
		differences = append(differences, more...)
	}
	if err != nil {
		return nil, fmt.Errorf("verify %s: %w", s.Name, err)
	}
	return differences, nil
}

// target is what is verified, and against what.
type target struct {
	change   *change.Change
	role     plan.Role
	identity resource.Identity
	promise  plan.Promise
}

func (v *Verifier) endpoint(ctx context.Context, t target) ([]change.Difference, error) {
	location := t.change.Head.Item.Location
	fact := v.reader.Endpoint(ctx, location, t.identity.Name)
	if fact.IsUnknown() {
		return nil, &UnreadError{What: fmt.Sprintf("development endpoint %q", t.identity.Name), Failure: fact.Failure()}
	}
	d, ok := fact.Value()
	if !ok {
		return []change.Difference{gone()}, nil
	}
	configuration, err := v.configuration(ctx, location, d.Definition.SecurityConfiguration)
	if err != nil {
		return nil, err
	}
	return compareEndpoint(t, d, configuration), nil
}

func (v *Verifier) transform(ctx context.Context, t target) ([]change.Difference, error) {
	location := t.change.Head.Item.Location
	fact := v.reader.Transform(ctx, location, t.identity.ID)
	if fact.IsUnknown() {
		return nil, &UnreadError{What: "ML transform " + t.identity.ID, Failure: fact.Failure()}
	}
	d, ok := fact.Value()
	if !ok {
		return []change.Difference{gone()}, nil
	}
	configuration, err := v.configuration(ctx, location, d.Definition.TaskRunSecurityConfiguration)
	if err != nil {
		return nil, err
	}
	return compareTransform(t, d, configuration), nil
}

// configuration reads the security configuration that a resource names now, which need not be the promised one. It is
// absent where none is named.
func (v *Verifier) configuration(ctx context.Context, l resource.Location, name string) (resource.Fact[resource.SecurityConfiguration], error) {
	if name == "" {
		return resource.Absent[resource.SecurityConfiguration](), nil
	}
	fact := v.reader.Configuration(ctx, l, name)
	if fact.IsUnknown() {
		return fact, &UnreadError{What: fmt.Sprintf("security configuration %q", name), Failure: fact.Failure()}
	}
	return fact, nil
}

func gone() change.Difference {
	return change.Difference{Attribute: "status", Want: "there", Got: "gone"}
}
