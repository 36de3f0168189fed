package action

import (
	"context"
	"fmt"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// waitReady looks whether a resource is ready, an endpoint in the listing that all waiting changes share.
func (a *Actor) waitReady(ctx context.Context, t *task) (execute.Observation, error) {
	id, ok := t.c.Resources[t.s.Role]
	switch {
	case !ok:
		return missed(incomplete(t)), nil
	case id.Type == resource.TypeMLTransform:
		return a.waitTransform(ctx, t, id)
	}
	seen, err := a.endpoints(ctx, t, t.age())
	if err != nil {
		return execute.Observation{}, err
	}
	e, found := seen[id.Name]
	switch {
	case !found, e.created.Sub(id.CreatedAt).Abs() > time.Second, e.status == statusFailed, leaving(e.status):
		return a.judgeEndpoint(ctx, t, id)
	case e.status == statusReady && e.created.Equal(id.CreatedAt):
		return settled(change.Facts{Resource: &id}), nil
	case e.status == statusReady: // the answer to the create gave another fraction of the second
		return a.judgeEndpoint(ctx, t, id)
	}
	return t.unlessSlow(e.status, id.Name), nil
}

// age is how old a shared listing may be: the time between two looks, which grows with the time waited.
func (t *task) age() time.Duration {
	return min(max(t.waited()/20, 50*time.Millisecond), 5*time.Second)
}

// judgeEndpoint reads one endpoint that is not simply on its way.
func (a *Actor) judgeEndpoint(ctx context.Context, t *task, id resource.Identity) (execute.Observation, error) {
	d, found, err := a.untagged(ctx, t, id.Name)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found && t.waited() < visible:
		return pending("not to be seen yet"), nil
	case !found:
		return missed(gone(t, id)), nil
	}
	now := d.Identity()
	if !now.Same(id) { // the tags tell whether it is the change's own all the same
		if err := a.tagged(ctx, t, &d); err != nil {
			return execute.Observation{}, err
		}
		if t.s.Role == plan.Original || !t.ours(d.Definition.Tags) {
			return missed(another(t, id, now)), nil
		}
	}
	if role, other := t.otherRole(now); other {
		return missed(change.Trouble{
			Code: change.TroubleForeign, Message: fmt.Sprintf("the endpoint %s is the change's %s, not its %s", id.Name, role, t.s.Role),
		}), nil
	}
	switch {
	case d.Status == statusReady:
		return settled(change.Facts{Resource: &now}), nil
	case d.Status == statusFailed:
		return missed(change.Trouble{
			Code: change.TroubleFailed, Message: fmt.Sprintf("AWS made %s, and it came up FAILED: %s", id.Name, d.FailureReason),
			Advice: failureAdvice(d.Definition),
		}), nil
	case leaving(d.Status):
		return missed(gone(t, id)), nil
	}
	return t.unlessSlow(d.Status, id.Name), nil
}

func failureAdvice(d resource.EndpointDefinition) string {
	advice := "see that the role may use the keys of security configuration " + d.SecurityConfiguration
	if d.SubnetID != "" {
		advice += ", and that " + d.SubnetID + " has free addresses, a way to S3 and to KMS, DNS host names, and a security group that lets its members reach each other"
	}
	return advice
}

func gone(t *task, id resource.Identity) change.Trouble {
	return change.Trouble{
		Code: change.TroubleGone, Message: fmt.Sprintf("%s, the change's %s, is not there any more", id.Name, t.s.Role),
		Advice: "somebody or something else deleted it: see CloudTrail, then back the change out",
	}
}

// waitTransform looks whether a transform is as ready as the step says.
func (a *Actor) waitTransform(ctx context.Context, t *task, id resource.Identity) (execute.Observation, error) {
	d, found, err := a.untaggedTransform(ctx, t, id.ID)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found && t.waited() < visible:
		return pending("not to be seen yet"), nil
	case !found, d.Status == statusDeleting:
		return missed(gone(t, id)), nil
	case d.Status == statusReady, d.Status == t.s.Status && t.s.Status != "":
		now := d.Identity()
		return settled(change.Facts{Resource: &now}), nil
	}
	return t.unlessSlow(d.Status, id.Name), nil
}

// waitGone looks whether AWS says that a resource does not exist.
func (a *Actor) waitGone(ctx context.Context, t *task) (execute.Observation, error) {
	id, ok := t.c.Resources[t.s.Role]
	if made, known := t.created(t.s.Role); id.Type == resource.TypeMLTransform || !ok && known && made.Transform != nil {
		return a.waitTransformGone(ctx, t)
	}
	if !ok { // its create was never settled; it is known by its name and tags
		id.Name = t.endpointName()
	}
	if id.Name == "" {
		return settled(change.Facts{}), nil
	}
	if ok {
		seen, err := a.endpoints(ctx, t, t.age())
		if err != nil {
			return execute.Observation{}, err
		}
		if e, found := seen[id.Name]; found && e.created.Equal(id.CreatedAt) {
			return t.unlessSlow(e.status, id.Name), nil
		}
	}
	d, found, err := a.untagged(ctx, t, id.Name)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found:
		return settled(change.Facts{}), nil
	case ok && d.Identity().Same(id):
		return t.unlessSlow(d.Status, id.Name), nil
	}
	if err := a.tagged(ctx, t, &d); err != nil {
		return execute.Observation{}, err
	}
	switch mine := t.ours(d.Definition.Tags); {
	case !ok && !mine:
		return settled(change.Facts{}), nil
	case ok && !mine:
		return missed(foreign("a dev endpoint", id.Name)), nil
	}
	return t.unlessSlow(d.Status, id.Name), nil
}

func (a *Actor) waitTransformGone(ctx context.Context, t *task) (execute.Observation, error) {
	d, found, err := a.ownTransform(ctx, t, a.untaggedTransform)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found:
		return settled(change.Facts{}), nil
	}
	return t.unlessSlow(d.Status, d.Definition.Name), nil
}
