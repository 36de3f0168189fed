package action

import (
	"cmp"
	"context"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/iampolicy"
)

// taggedKey is a key that a change made, as AWS's list of tags shows it, which may be late.
type taggedKey struct{ arn, change, alias string }

// nameless finds a key that was made for the step's alias, which nothing has, and which change made it; nil: none is to be
// seen. First comes what this change made. Where several are, it sent its create again after a person said so: they all
// serve, and the first is taken.
func (a *Actor) nameless(ctx context.Context, t *task) (key *types.KeyMetadata, by string, err error) {
	intended := !t.progress().IntendedAt.IsZero()
	list, err := a.taggedKeys(ctx, t)
	switch {
	case denied(err) && !intended:
		return nil, "", nil // a spare key is no reason to stop who may not look for one
	case err != nil:
		return nil, "", err
	}
	for _, k := range list {
		if intended && k.change == t.c.Head.ID {
			key, err := a.keyOf(ctx, t, k.arn)
			return key, k.change, err
		}
	}
	for _, k := range list {
		if k.alias != t.s.Key.Alias {
			continue
		}
		switch key, err := a.spare(ctx, t, k.arn); {
		case denied(err):
		case key != nil || err != nil:
			return key, k.change, err
		}
	}
	return nil, "", nil
}

func denied(err error) bool {
	return err != nil && kindOf(awsapi.Code(err)) == refusedForPermission
}

// taggedKeys lists the keys of the location that changes have made, by ARN.
func (a *Actor) taggedKeys(ctx context.Context, t *task) ([]taggedKey, error) {
	in := &resourcegroupstaggingapi.GetResourcesInput{
		ResourceTypeFilters: []string{"kms:key"}, TagFilters: []tagtypes.TagFilter{{Key: aws.String(tagChange)}},
	}
	var found []taggedKey
	for {
		out, err := read(ctx, t, "tag:GetResources", a.session.Tagging.GetResources, in, t.place.Tagging)
		if err != nil {
			return nil, err
		}
		for _, r := range out.ResourceTagMappingList {
			k := taggedKey{arn: aws.ToString(r.ResourceARN)}
			for _, tag := range r.Tags {
				switch aws.ToString(tag.Key) {
				case tagChange:
					k.change = aws.ToString(tag.Value)
				case tagAlias:
					k.alias = aws.ToString(tag.Value)
				}
			}
			found = append(found, k)
		}
		if awsapi.LastPage(in.PaginationToken, out.PaginationToken) {
			slices.SortFunc(found, func(x, y taggedKey) int { return cmp.Compare(x.arn, y.arn) })
			return found, nil
		}
		in.PaginationToken = out.PaginationToken
	}
}

// spare returns a key that another change made and that waits for its alias; nil: it is none, or not one that this change
// would have made. The list that it came from may be late, so all is read again.
func (a *Actor) spare(ctx context.Context, t *task, arn string) (*types.KeyMetadata, error) {
	key, err := a.keyOf(ctx, t, arn)
	if err != nil || key == nil || key.KeyState != types.KeyStateEnabled || key.KeySpec != types.KeySpecSymmetricDefault {
		return nil, err
	}
	tags, err := a.keyTags(ctx, t, arn)
	if err != nil || tags[tagChange] == "" || tags[tagAlias] != t.s.Key.Alias {
		return nil, err
	}
	names, err := read(ctx, t, "kms:ListAliases", a.session.KMS.ListAliases, &kms.ListAliasesInput{KeyId: &arn}, t.place.KMS)
	if err != nil || len(names.Aliases) > 0 || names.Truncated { // somebody uses it by another name
		return nil, err
	}
	in := &kms.GetKeyPolicyInput{KeyId: &arn, PolicyName: aws.String("default")}
	out, err := read(ctx, t, "kms:GetKeyPolicy", a.session.KMS.GetKeyPolicy, in, t.place.KMS)
	if err != nil || !samePolicy(aws.ToString(out.Policy), t.s.Key.Policy) {
		return nil, err
	}
	return key, nil
}

// samePolicy tells whether two policies say the same, however they are written.
func samePolicy(have, want string) bool {
	x, err := iampolicy.Parse(have)
	if err != nil {
		return false
	}
	y, err := iampolicy.Parse(want)
	return err == nil && reflect.DeepEqual(x, y)
}
