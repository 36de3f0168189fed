package action

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/resource"
)

// tags reads a resource's tags; false: the resource does not exist.
func (a *Actor) tags(ctx context.Context, t *task, arn string) (map[string]string, bool, error) {
	out, err := read(ctx, t, "glue:GetTags", a.session.Glue.GetTags, &glue.GetTagsInput{ResourceArn: &arn}, t.place.Glue)
	switch {
	case err != nil && awsapi.IsNotFound(err):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	return out.Tags, true, nil
}

// wantedTags are those of the definition and of the change.
func (t *task) wantedTags() map[string]string {
	switch {
	case t.s.Endpoint != nil:
		return t.withOwnTags(t.s.Endpoint.Tags)
	case t.s.Transform != nil:
		return t.withOwnTags(t.s.Transform.Tags)
	}
	return t.withOwnTags(nil)
}

// seeTags looks whether all wanted tags are on the resource. Tags beside them are verification's matter.
func (a *Actor) seeTags(ctx context.Context, t *task) (execute.Observation, error) {
	id, ok := t.c.Resources[t.s.Role]
	if !ok {
		return missed(incomplete(t)), nil
	}
	got, found, err := a.tags(ctx, t, id.ARN)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found && t.waited() < visible:
		return pending("not to be seen yet"), nil
	case !found:
		return missed(gone(t, id)), nil
	case got[tagChange] != "" && !t.ours(got):
		return missed(foreign(what(id), id.Name)), nil
	}
	for key, value := range t.wantedTags() {
		if have, there := got[key]; !there || have != value {
			return open(), nil
		}
	}
	return settled(change.Facts{}), nil
}

func what(id resource.Identity) string {
	if id.Type == resource.TypeMLTransform {
		return "an ML transform"
	}
	return "a dev endpoint"
}

func (a *Actor) addTags(ctx context.Context, t *task) (change.Facts, error) {
	id := t.c.Resources[t.s.Role]
	in := &glue.TagResourceInput{ResourceArn: &id.ARN, TagsToAdd: t.wantedTags()}
	_, err := send(ctx, t, "glue:TagResource", a.session.Glue.TagResource, in, t.place.Glue)
	if err != nil {
		return change.Facts{}, err
	}
	return change.Facts{Changed: slices.Sorted(maps.Keys(in.TagsToAdd))}, nil
}

// ownTagKeys are all tags that a change may have put on.
func ownTagKeys() []string { return []string{tagChange, tagOriginal, tagConfiguration} }

// seeTagsGone looks whether the change's tags are off the resource. Those that a later change put on stay.
func (a *Actor) seeTagsGone(ctx context.Context, t *task) (execute.Observation, error) {
	id, ok := t.c.Resources[t.s.Role]
	if !ok {
		return missed(incomplete(t)), nil
	}
	got, found, err := a.tags(ctx, t, id.ARN)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found:
		return missed(gone(t, id)), nil
	case got[tagChange] != "" && !t.ours(got):
		return settled(change.Facts{Text: "the tags are those of change " + got[tagChange]}), nil
	}
	for _, key := range ownTagKeys() {
		if _, there := got[key]; there {
			return open(), nil
		}
	}
	return settled(change.Facts{}), nil
}

func (a *Actor) removeTags(ctx context.Context, t *task) (change.Facts, error) {
	id := t.c.Resources[t.s.Role]
	in := &glue.UntagResourceInput{ResourceArn: &id.ARN, TagsToRemove: ownTagKeys()}
	_, err := send(ctx, t, "glue:UntagResource", a.session.Glue.UntagResource, in, t.place.Glue)
	if err != nil {
		return change.Facts{}, err
	}
	return change.Facts{Changed: in.TagsToRemove}, nil
}
