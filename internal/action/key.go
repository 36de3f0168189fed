package action

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

var errNoKey = errors.New("the answer names no key")

// keyOf returns the ARN of the key behind an alias; "": there is no such alias.
func (a *Actor) keyOf(ctx context.Context, t *task, alias string) (string, error) {
	out, err := read(ctx, t, "kms:DescribeKey", a.session.KMS.DescribeKey, &kms.DescribeKeyInput{KeyId: &alias}, t.place.KMS)
	switch {
	case err != nil && awsapi.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", err
	case out.KeyMetadata == nil || aws.ToString(out.KeyMetadata.Arn) == "":
		return "", failed("kms:DescribeKey", errNoKey)
	}
	return *out.KeyMetadata.Arn, nil
}

// seeKey looks for the key by its alias, which may be that of another change of the location: all share one key. A key
// whose create was not answered has no alias yet, and is found by its tag.
func (a *Actor) seeKey(ctx context.Context, t *task) (execute.Observation, error) {
	if t.s.Key == nil || strings.HasPrefix(t.s.Key.Alias, "alias/aws/") { // asking for one of those would make it
		return missed(incomplete(t)), nil
	}
	arn, err := a.keyOf(ctx, t, t.s.Key.Alias)
	if err != nil {
		return execute.Observation{}, err
	}
	if arn == "" && !t.progress().IntendedAt.IsZero() {
		if arn, err = a.taggedKey(ctx, t); err != nil {
			return execute.Observation{}, err
		}
	}
	if arn != "" {
		a.claims.release(t.location(), t.s.Key.Alias)
		return settled(change.Facts{KeyARN: arn}), nil
	}
	if holder, free := a.claims.take(t.location(), t.s.Key.Alias, t.c.Head.ID, t.now); !free {
		return pending("change %s is making the key %s", holder, t.s.Key.Alias), nil
	}
	return open(), nil
}

// taggedKey finds the key that the change made; "": none is to be seen. Where several are, the change sent its create
// again after a person said so: they all serve, and the first is taken.
func (a *Actor) taggedKey(ctx context.Context, t *task) (string, error) {
	in := &resourcegroupstaggingapi.GetResourcesInput{
		ResourceTypeFilters: []string{"kms:key"},
		TagFilters:          []tagtypes.TagFilter{{Key: aws.String(tagChange), Values: []string{t.c.Head.ID}}},
	}
	var found []string
	for {
		out, err := read(ctx, t, "tag:GetResources", a.session.Tagging.GetResources, in, t.place.Tagging)
		if err != nil {
			return "", err
		}
		for _, r := range out.ResourceTagMappingList {
			found = append(found, aws.ToString(r.ResourceARN))
		}
		if awsapi.LastPage(in.PaginationToken, out.PaginationToken) {
			break
		}
		in.PaginationToken = out.PaginationToken
	}
	if len(found) == 0 {
		return "", nil
	}
	return slices.Min(found), nil
}

func (a *Actor) createKey(ctx context.Context, t *task) (change.Facts, error) {
	const operation = "kms:CreateKey"
	in := &kms.CreateKeyInput{
		Description: given(t.s.Key.Description), Policy: given(t.s.Key.Policy),
		Tags: []types.Tag{{TagKey: aws.String(tagChange), TagValue: &t.c.Head.ID}},
	}
	out, err := send(ctx, t, operation, a.session.KMS.CreateKey, in, t.place.KMS)
	if err != nil {
		return change.Facts{}, err
	}
	if out.KeyMetadata == nil || aws.ToString(out.KeyMetadata.Arn) == "" {
		return change.Facts{}, &execute.CallError{
			Effect: execute.Unknown, Err: errNoKey, Trouble: change.Trouble{Code: "NoAnswer", Message: errNoKey.Error(), Operation: operation},
		}
	}
	return change.Facts{KeyARN: *out.KeyMetadata.Arn}, nil
}

// seeAlias looks whether the alias stands for the change's key. Where another change was quicker, its key serves both.
func (a *Actor) seeAlias(ctx context.Context, t *task) (execute.Observation, error) {
	if t.s.Key == nil || t.c.KeyARN == "" {
		return missed(incomplete(t)), nil
	}
	arn, err := a.keyOf(ctx, t, t.s.Key.Alias)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case arn == "":
		return open(), nil
	case arn == t.c.KeyARN:
		a.claims.release(t.location(), t.s.Key.Alias)
		return settled(change.Facts{KeyARN: arn}), nil
	}
	glueguards, err := a.madeByAChange(ctx, t, arn)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case glueguards:
		return settled(change.Facts{KeyARN: arn, Text: "another change made a key under this alias first; the key " + t.c.KeyARN + " is not used"}), nil
	}
	return missed(change.Trouble{
		Code: change.TroubleForeign, Message: fmt.Sprintf("the alias %s was given to %s meanwhile", t.s.Key.Alias, arn),
		Advice: "plan again with --kms-key " + t.s.Key.Alias + ", or with another alias",
	}), nil
}

// madeByAChange tells whether a key carries the tag of a change.
func (a *Actor) madeByAChange(ctx context.Context, t *task, arn string) (bool, error) {
	in := &kms.ListResourceTagsInput{KeyId: &arn}
	for {
		out, err := read(ctx, t, "kms:ListResourceTags", a.session.KMS.ListResourceTags, in, t.place.KMS)
		if err != nil {
			return false, err
		}
		for _, tag := range out.Tags {
			if aws.ToString(tag.TagKey) == tagChange {
				return true, nil
			}
		}
		if !out.Truncated || awsapi.LastPage(in.Marker, out.NextMarker) {
			return false, nil
		}
		in.Marker = out.NextMarker
	}
}

func (a *Actor) createAlias(ctx context.Context, t *task) (change.Facts, error) {
	in := &kms.CreateAliasInput{AliasName: &t.s.Key.Alias, TargetKeyId: &t.c.KeyARN}
	_, err := send(ctx, t, "kms:CreateAlias", a.session.KMS.CreateAlias, in, t.place.KMS)
	if err != nil {
		return change.Facts{}, err
	}
	a.claims.release(t.location(), t.s.Key.Alias)
	return change.Facts{KeyARN: t.c.KeyARN}, nil
}

// seeRotation looks whether the key rotates. One that can't, since it is of another kind, is left as it is.
func (a *Actor) seeRotation(ctx context.Context, t *task) (execute.Observation, error) {
	if t.c.KeyARN == "" {
		return missed(incomplete(t)), nil
	}
	in := &kms.GetKeyRotationStatusInput{KeyId: &t.c.KeyARN}
	out, err := read(ctx, t, "kms:GetKeyRotationStatus", a.session.KMS.GetKeyRotationStatus, in, t.place.KMS)
	switch {
	case err != nil && awsapi.IsUnsupportedOperation(err):
		return settled(change.Facts{Text: "a key of this kind can't rotate"}), nil
	case err != nil && awsapi.IsNotFound(err) && t.waited() < visible:
		return pending("the key is not to be seen yet"), nil
	case err != nil:
		return execute.Observation{}, err
	case out.KeyRotationEnabled:
		return settled(change.Facts{KeyARN: t.c.KeyARN}), nil
	}
	return open(), nil
}

func (a *Actor) enableRotation(ctx context.Context, t *task) (change.Facts, error) {
	in := &kms.EnableKeyRotationInput{KeyId: &t.c.KeyARN}
	_, err := send(ctx, t, "kms:EnableKeyRotation", a.session.KMS.EnableKeyRotation, in, t.place.KMS)
	if err != nil {
		return change.Facts{}, err
	}
	return change.Facts{KeyARN: t.c.KeyARN}, nil
}

// keyPlaceholder tells whether a key's ARN is still to be filled in.
func keyPlaceholder(arn string) bool { return strings.Contains(arn, plan.KeyPlaceholder) }
