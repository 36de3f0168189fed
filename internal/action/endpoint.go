package action

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/resource"
)

// Statuses of a dev endpoint. AWS declares a free string: any other is taken for not ready yet.
const (
	statusReady       = "READY"
	statusFailed      = "FAILED"
	statusTerminating = "TERMINATING"
	statusTerminated  = "TERMINATED"
	statusDeleting    = "DELETING" // of a transform
)

func leaving(status string) bool { return status == statusTerminating || status == statusTerminated }

// endpoint reads a dev endpoint with its tags; false: there is none of that name.
func (a *Actor) endpoint(ctx context.Context, t *task, name string) (resource.EndpointDetail, bool, error) {
	t.calls += 2 // its tags are read too
	fact := a.reader.Endpoint(ctx, t.location(), name)
	if fact.IsUnknown() {
		return resource.EndpointDetail{}, false, unread(ctx, fact.Failure())
	}
	d, ok := fact.Value()
	return d, ok, nil
}

// untagged reads a dev endpoint without its tags, which most looks do not need; false: there is none of that name.
func (a *Actor) untagged(ctx context.Context, t *task, name string) (resource.EndpointDetail, bool, error) {
	t.calls++
	fact := a.reader.UntaggedEndpoint(ctx, t.location(), name)
	if fact.IsUnknown() {
		return resource.EndpointDetail{}, false, unread(ctx, fact.Failure())
	}
	d, ok := fact.Value()
	return d, ok, nil
}

// tagged adds its tags to a dev endpoint that was read without them. One that has gone since is an error: look again.
func (a *Actor) tagged(ctx context.Context, t *task, d *resource.EndpointDetail) error {
	in := &glue.GetTagsInput{ResourceArn: &d.ARN}
	out, err := read(ctx, t, "glue:GetTags", a.session.Glue.GetTags, in, t.place.Glue)
	if err == nil {
		d.Definition.Tags = out.Tags
	}
	return err
}

// unread is the error of a fact that is unknown. When ctx has ended it says so, since that is why.
func unread(ctx context.Context, f resource.Failure) error {
	if ctx.Err() != nil {
		return &readError{f, context.Cause(ctx)}
	}
	return &readError{f, f}
}

// seeEndpoint looks for the endpoint that a create makes: one of its name with the change's tag.
func (a *Actor) seeEndpoint(ctx context.Context, t *task) (execute.Observation, error) {
	if t.s.Endpoint == nil {
		return missed(incomplete(t)), nil
	}
	name := t.s.Endpoint.Name
	d, found, err := a.untagged(ctx, t, name)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found:
		return open(), nil
	case leaving(d.Status):
		return t.unlessSlow(d.Status, "the endpoint that has the name "+name), nil
	}
	if role, other := t.otherRole(d.Identity()); other {
		return missed(change.Trouble{
			Code: change.TroubleForeign, Message: fmt.Sprintf("the name %s is still that of the change's %s", name, role),
		}), nil
	}
	if err := a.tagged(ctx, t, &d); err != nil {
		return execute.Observation{}, err
	}
	if !t.ours(d.Definition.Tags) {
		return missed(foreignBy("a dev endpoint", name, d.Definition.Tags)), nil
	}
	id := d.Identity()
	return settled(change.Facts{Resource: &id}), nil
}

func foreign(what, name string) change.Trouble {
	return change.Trouble{
		Code:    change.TroubleForeign,
		Message: fmt.Sprintf("there is %s %s which this change did not make", what, name),
		Advice:  "rename or remove it if nobody needs it, then resume; or back the change out",
	}
}

// foreignBy is foreign where tags may say who made it: the same change, begun from another state, is at work there.
func foreignBy(what, name string, tags map[string]string) change.Trouble {
	t := foreign(what, name)
	if by := tags[tagChange]; by != "" {
		t.Message = fmt.Sprintf("change %s made %s %s, and is at work on the same resource", by, what, name)
		t.Advice = "leave it alone: it is of another state (--state), or orphaned (glueguard orphans); let that change end, then plan again"
	}
	return t
}

// incomplete is the trouble of a step that lacks what its kind needs: a mistake in whoever listed the steps.
func incomplete(t *task) change.Trouble {
	return change.Trouble{Code: change.TroubleGone, Message: fmt.Sprintf("step %s does not say what it is about", t.s.Name)}
}

// createEndpoint makes the endpoint, with the change's tags.
func (a *Actor) createEndpoint(ctx context.Context, t *task) (change.Facts, error) {
	const operation = "glue:CreateDevEndpoint"
	d := t.s.Endpoint
	out, err := send(ctx, t, operation, a.session.Glue.CreateDevEndpoint, endpointInput(*d, t.withOwnTags(d.Tags)), t.place.Glue)
	if err != nil {
		return change.Facts{}, err
	}
	id := resource.Identity{
		Type: resource.TypeDevEndpoint, ARN: t.location().ARN("glue", "devEndpoint/"+d.Name).String(), Name: d.Name,
		CreatedAt: aws.ToTime(out.CreatedTimestamp),
	}
	return change.Facts{Resource: &id}, nil
}

// endpointInput is a create's input. AWS refuses nodes together with workers, though it shows both.
func endpointInput(d resource.EndpointDefinition, tags map[string]string) *glue.CreateDevEndpointInput {
	in := &glue.CreateDevEndpointInput{
		EndpointName:          &d.Name,
		RoleArn:               &d.RoleARN,
		SecurityGroupIds:      d.SecurityGroupIDs,
		SubnetId:              given(d.SubnetID),
		PublicKey:             given(d.PublicKey),
		PublicKeys:            d.PublicKeys,
		GlueVersion:           given(d.GlueVersion),
		ExtraPythonLibsS3Path: given(d.ExtraPythonLibsS3Path),
		ExtraJarsS3Path:       given(d.ExtraJarsS3Path),
		SecurityConfiguration: given(d.SecurityConfiguration),
		Arguments:             d.Arguments,
		Tags:                  tags,
	}
	if d.WorkerType == "" && d.NumberOfWorkers == 0 {
		in.NumberOfNodes = d.NumberOfNodes
		return in
	}
	in.WorkerType = types.WorkerType(d.WorkerType)
	if d.NumberOfWorkers > 0 {
		in.NumberOfWorkers = &d.NumberOfWorkers
	}
	return in
}

// given is a member that is left out where there is nothing to say.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// deleteEndpoint deletes the endpoint that seeEndpointDeleted found to be the right one.
func (a *Actor) deleteEndpoint(ctx context.Context, t *task) (change.Facts, error) {
	name := t.endpointName()
	in := &glue.DeleteDevEndpointInput{EndpointName: &name}
	_, err := send(ctx, t, "glue:DeleteDevEndpoint", a.session.Glue.DeleteDevEndpoint, in, t.place.Glue)
	if err != nil {
		return change.Facts{}, err
	}
	return change.Facts{}, nil
}

// endpointName is the name of the endpoint that the step is about. One whose create was never settled is known by the
// step that was to make it.
func (t *task) endpointName() string {
	if id, ok := t.c.Resources[t.s.Role]; ok {
		return id.Name
	}
	if s, ok := t.created(t.s.Role); ok && s.Endpoint != nil {
		return s.Endpoint.Name
	}
	return ""
}

// unlessSlow says that something is on its way, or that it takes longer than the step may wait.
func (t *task) unlessSlow(status, what string) execute.Observation {
	if t.waited() <= t.limit() {
		return pending("%s", status)
	}
	return missed(change.Trouble{
		Code:    change.TroubleSlow,
		Message: fmt.Sprintf("%s is %s after %s", what, status, strings.TrimSuffix(t.limit().Round(time.Minute).String(), "0s")),
		Advice:  "resume to wait on; an endpoint that stays PROVISIONING is a case for AWS Support",
	})
}
