package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// Tagged is a resource that carries a tag which was asked for, with all its tags.
type Tagged struct {
	ARN  string
	Tags map[string]string
}

// Tagged lists the resources of a location that carry a tag with the given key, of whatever type, sorted by ARN. AWS's
// list is late: it may show resources that have gone, or that carried the tag before. So those of Glue are read again, and
// left out where they, or their tag, are no more; one that can't be read stays in the list.
func (i *Inspector) Tagged(ctx context.Context, l resource.Location, key string) ([]Tagged, error) {
	_, p, err := i.enter(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l, err)
	}
	list := []Tagged{}
	_, err = pages(func(token *string) (*string, error) {
		in := &resourcegroupstaggingapi.GetResourcesInput{
			TagFilters: []types.TagFilter{{Key: &key}}, ResourcesPerPage: aws.Int32(arnsPerCall), PaginationToken: token,
		}
		out, err := awsapi.Read(ctx, p, opResources, i.session.Tagging.GetResources, in, p.Tagging)
		if err != nil {
			return nil, err
		}
		for n := range out.ResourceTagMappingList {
			list = append(list, tagged(&out.ResourceTagMappingList[n]))
		}
		return out.PaginationToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s in %s: %w", opResources, l, err)
	}
	list = slices.DeleteFunc(list, func(t Tagged) bool {
		_, carries := t.Tags[key]
		return !carries || i.past(ctx, l, t.ARN, key)
	})
	slices.SortStableFunc(list, func(a, b Tagged) int { return cmp.Compare(a.ARN, b.ARN) })
	return slices.CompactFunc(list, func(a, b Tagged) bool { return a.ARN == b.ARN }), nil
}

func tagged(m *types.ResourceTagMapping) Tagged {
	t := Tagged{ARN: aws.ToString(m.ResourceARN), Tags: make(map[string]string, len(m.Tags))}
	for i := range m.Tags {
		t.Tags[aws.ToString(m.Tags[i].Key)] = aws.ToString(m.Tags[i].Value)
	}
	return t
}

// past tells whether a dev endpoint or a transform is known to be gone, or not to carry a tag.
func (i *Inspector) past(ctx context.Context, l resource.Location, text, key string) bool {
	arn, err := resource.ParseARN(text)
	if err != nil || arn.Service != "glue" {
		return false
	}
	var tags map[string]string
	var gone, read bool
	switch kind, name, _ := strings.Cut(arn.Resource, "/"); kind {
	case "devEndpoint":
		fact := i.Endpoint(ctx, l, name)
		detail, known := fact.Value()
		tags, gone, read = detail.Definition.Tags, fact.IsAbsent(), known
	case "mlTransform":
		fact := i.Transform(ctx, l, name)
		detail, known := fact.Value()
		tags, gone, read = detail.Definition.Tags, fact.IsAbsent(), known
	}
	_, carries := tags[key]
	return gone || read && !carries
}
