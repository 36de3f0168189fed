package iam

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func tagMap(tags []types.Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}

func tagList(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}

func (x *IAM) tagRole(c *service.Call, in *awsiam.TagRoleInput) (*awsiam.TagRoleOutput, error) {
	return &awsiam.TagRoleOutput{}, x.change(c, in.RoleName, func(_ *account, r *role) *service.Error {
		for key, value := range tagMap(in.Tags) {
			r.tags[key] = value
		}
		if len(r.tags) > maxTags {
			return refused(409, "LimitExceeded", "The number of tags has reached the maximum limit.")
		}
		return nil
	})
}

func (x *IAM) untagRole(c *service.Call, in *awsiam.UntagRoleInput) (*awsiam.UntagRoleOutput, error) {
	return &awsiam.UntagRoleOutput{}, x.change(c, in.RoleName, func(_ *account, r *role) *service.Error {
		for _, key := range in.TagKeys {
			delete(r.tags, key)
		}
		return nil
	})
}

func (x *IAM) listRoleTags(c *service.Call, in *awsiam.ListRoleTagsInput) (*awsiam.ListRoleTagsOutput, error) {
	r := x.role(c.Account, aws.ToString(in.RoleName))
	if r == nil {
		return nil, noRole(aws.ToString(in.RoleName))
	}
	cut, next, err := page(tagList(r.tags), func(t types.Tag) string { return *t.Key }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &awsiam.ListRoleTagsOutput{Tags: cut, Marker: next, IsTruncated: next != nil}, nil
}
