package kms

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const mostTags = 50

func (x *KMS) tagOperations() []service.Operation {
	return []service.Operation{
		onKey("TagResource", x.tag, func(in *awskms.TagResourceInput) *string { return in.KeyId }),
		onKey("UntagResource", x.untag, func(in *awskms.UntagResourceInput) *string { return in.KeyId }),
		onKey("ListResourceTags", x.listTags, func(in *awskms.ListResourceTagsInput) *string { return in.KeyId }),
	}
}

// addTags returns old with tags added.
func addTags(old map[string]string, tags []types.Tag) (map[string]string, *service.Error) {
	all := map[string]string{}
	maps.Copy(all, old)
	seen := map[string]bool{}
	for _, t := range tags {
		name := aws.ToString(t.TagKey)
		switch {
		case strings.HasPrefix(strings.ToLower(name), "aws:"):
			return nil, refused("TagException", "Tag keys beginning with aws: are reserved.")
		case name == "" || seen[name]:
			return nil, refused("TagException", "Duplicate tag keys")
		}
		seen[name] = true
		all[name] = aws.ToString(t.TagValue)
	}
	if len(all) > mostTags {
		return nil, refused("LimitExceededException", "Too many tags")
	}
	return all, nil
}

func tagList(tags map[string]string) []types.Tag {
	list := []types.Tag{}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{TagKey: aws.String(name), TagValue: aws.String(tags[name])})
	}
	return list
}

func (x *KMS) tag(c *service.Call, in *awskms.TagResourceInput) (*awskms.TagResourceOutput, error) {
	need := requirement{home: true, byID: true, states: steady()}
	return &awskms.TagResourceOutput{}, x.with(c, in.KeyId, need, func(_ *place, k *key) *service.Error {
		all, err := addTags(k.tags, in.Tags)
		if err == nil {
			k.tags = all
		}
		return err
	})
}

func (x *KMS) untag(c *service.Call, in *awskms.UntagResourceInput) (*awskms.UntagResourceOutput, error) {
	need := requirement{home: true, byID: true, states: steady()}
	return &awskms.UntagResourceOutput{}, x.with(c, in.KeyId, need, func(_ *place, k *key) *service.Error {
		for _, name := range in.TagKeys {
			delete(k.tags, name)
		}
		return nil
	})
}

func (x *KMS) listTags(c *service.Call, in *awskms.ListResourceTagsInput) (*awskms.ListResourceTagsOutput, error) {
	out := &awskms.ListResourceTagsOutput{}
	err := x.with(c, in.KeyId, requirement{home: true, byID: true}, func(_ *place, k *key) *service.Error {
		cut, next, err := page(tagList(k.tags), func(t types.Tag) string { return *t.TagKey }, in.Limit, mostTags, mostTags, in.Marker)
		out.Tags, out.NextMarker, out.Truncated = cut, next, next != nil
		return err
	})
	return out, err
}

// EachTagged gives the ARN and tags of every key of the call's location that has tags.
func (x *KMS) EachTagged(c *service.Call, yield func(arn string, tags map[string]string)) {
	p := x.place(c.Account, c.Region)
	p.mu.Lock()
	found := map[string]map[string]string{}
	for id := range p.keys {
		if k := p.live(id, c); k != nil && len(k.tags) > 0 {
			found[k.arn()] = maps.Clone(k.tags)
		}
	}
	p.mu.Unlock()
	for _, arn := range slices.Sorted(maps.Keys(found)) {
		yield(arn, found[arn])
	}
}

// AddTags does what TagResource does, permission included.
func (x *KMS) AddTags(c *service.Call, arn string, tags map[string]string) error {
	_, err := x.tag(as(c, "TagResource"), &awskms.TagResourceInput{KeyId: &arn, Tags: tagList(tags)})
	return err
}

// RemoveTags does what UntagResource does, permission included.
func (x *KMS) RemoveTags(c *service.Call, arn string, keys []string) error {
	_, err := x.untag(as(c, "UntagResource"), &awskms.UntagResourceInput{KeyId: &arn, TagKeys: keys})
	return err
}
