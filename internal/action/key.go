package action

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

var errNoKey = errors.New("the answer names no key")

// keyOf returns the key behind an alias or an ARN; nil: there is none.
func (a *Actor) keyOf(ctx context.Context, t *task, ref string) (*types.KeyMetadata, error) {
	out, err := read(ctx, t, "kms:DescribeKey", a.session.KMS.DescribeKey, &kms.DescribeKeyInput{KeyId: &ref}, t.place.KMS)
	switch {
	case err != nil && awsapi.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	case out.KeyMetadata == nil || aws.ToString(out.KeyMetadata.Arn) == "":
		return nil, failed("kms:DescribeKey", errNoKey)
	}
	return out.KeyMetadata, nil
}

// serves says why a key can't be the one that the change encrypts with; nil: it can. It must be one that a change made,
// and in use.
func (a *Actor) serves(ctx context.Context, t *task, key *types.KeyMetadata) (*change.Trouble, error) {
	arn := *key.Arn
	if arn != t.c.KeyARN {
		glueguards, err := a.madeByAChange(ctx, t, arn)
		if err != nil {
			return nil, err
		}
		if !glueguards {
			return &change.Trouble{
				Code: change.TroubleForeign, Message: fmt.Sprintf("the alias %s was given to %s meanwhile", t.s.Key.Alias, arn),
				Advice: "plan again with --kms-key " + t.s.Key.Alias + ", or with another alias",
			}, nil
		}
	}
	switch {
	case key.KeyState == types.KeyStateDisabled, key.KeyState == types.KeyStatePendingDeletion, key.KeyState == types.KeyStatePendingReplicaDeletion:
	case key.KeySpec != "" && key.KeySpec != types.KeySpecSymmetricDefault:
	default:
		return nil, nil
	}
	return &change.Trouble{
		Code: change.TroubleKey, Message: fmt.Sprintf("the key %s of %s can't be used: it is %s, %s", arn, t.s.Key.Alias, key.KeyState, key.KeySpec),
		Advice: "enable it or cancel its deletion, or plan again with another key",
	}, nil
}

// seeKey looks for the key by its alias, which may be that of another change of the location: all share one key. Where
// nothing has the alias, a key that was made for it and never got it serves: this change's, whose create was not answered,
// or a spare one that another left.
func (a *Actor) seeKey(ctx context.Context, t *task) (execute.Observation, error) {
	if t.s.Key == nil || strings.HasPrefix(t.s.Key.Alias, "alias/aws/") { // asking for one of those would make it
		return missed(incomplete(t)), nil
	}
	key, err := a.keyOf(ctx, t, t.s.Key.Alias)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case key != nil:
		a.claims.release(t.location(), t.s.Key.Alias)
		return a.taken(ctx, t, key, "")
	}
	holder, silent := a.claims.take(t.location(), t.s.Key.Alias, t.c.Head.ID, t.now)
	waits := holder != t.c.Head.ID
	if waits && silent < lively {
		return pending("change %s is making the key %s", holder, t.s.Key.Alias), nil
	}
	key, by, err := a.nameless(ctx, t)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case key == nil && waits:
		return pending("change %s is making the key %s", holder, t.s.Key.Alias), nil
	case key == nil:
		return open(), nil
	case by == t.c.Head.ID:
		return a.taken(ctx, t, key, "")
	}
	return a.taken(ctx, t, key, "change "+by+" made this key and never named it")
}

// taken settles that a key is the change's, unless it can't be.
func (a *Actor) taken(ctx context.Context, t *task, key *types.KeyMetadata, text string) (execute.Observation, error) {
	why, err := a.serves(ctx, t, key)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case why != nil:
		return missed(*why), nil
	}
	return settled(change.Facts{KeyARN: *key.Arn, Text: text}), nil
}

func (a *Actor) createKey(ctx context.Context, t *task) (change.Facts, error) {
	const operation = "kms:CreateKey"
	in := &kms.CreateKeyInput{
		Description: given(t.s.Key.Description), Policy: given(t.s.Key.Policy),
		Tags: []types.Tag{{TagKey: aws.String(tagChange), TagValue: &t.c.Head.ID}, {TagKey: aws.String(tagAlias), TagValue: &t.s.Key.Alias}},
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
	key, err := a.keyOf(ctx, t, t.s.Key.Alias)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case key == nil:
		return open(), nil
	}
	why, err := a.serves(ctx, t, key)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case why != nil:
		return missed(*why), nil
	case *key.Arn != t.c.KeyARN:
		return settled(change.Facts{
			KeyARN: *key.Arn, Text: "another change made a key under this alias first; the key " + t.c.KeyARN + " is not used",
		}), nil
	}
	a.claims.release(t.location(), t.s.Key.Alias)
	return settled(change.Facts{KeyARN: *key.Arn}), nil
}

// madeByAChange tells whether a key carries the tag of a change.
func (a *Actor) madeByAChange(ctx context.Context, t *task, arn string) (bool, error) {
	tags, err := a.keyTags(ctx, t, arn)
	return tags[tagChange] != "", err
}

func (a *Actor) keyTags(ctx context.Context, t *task, arn string) (map[string]string, error) {
	tags := map[string]string{}
	in := &kms.ListResourceTagsInput{KeyId: &arn}
	for {
		out, err := read(ctx, t, "kms:ListResourceTags", a.session.KMS.ListResourceTags, in, t.place.KMS)
		if err != nil {
			return nil, err
		}
		for _, tag := range out.Tags {
			tags[aws.ToString(tag.TagKey)] = aws.ToString(tag.TagValue)
		}
		if !out.Truncated || awsapi.LastPage(in.Marker, out.NextMarker) {
			return tags, nil
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
