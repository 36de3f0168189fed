package glue

import (
	"maps"
	"strings"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// mostTags is how many tags one resource may have.
const mostTags = 50

// checkTags refuses tags that can't be given to a resource.
func checkTags(tags map[string]string) error {
	if len(tags) > mostTags {
		return invalid("A resource may have at most %d tags", mostTags)
	}
	for key := range tags {
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return invalid("Tag keys starting with aws: are reserved for system use: %s", key)
		}
	}
	return nil
}

// hasTags tells whether a resource has every wanted tag.
func hasTags(tags, want map[string]string) bool {
	for k, v := range want {
		if got, ok := tags[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// given returns the tags of a create; none at all is nil, which says that the resource never had any.
func given(tags map[string]string) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	return tags
}

// kinds are the taggable resources as their ARNs write them, in the order of those ARNs.
func (l *location) kinds() [7]kind {
	return [...]kind{
		{"crawler", kindOf(&l.crawlers, func(v *crawler) *map[string]string { return &v.tags })},
		{"dataQualityRuleset", kindOf(&l.rulesets, func(v *ruleset) *map[string]string { return &v.tags })},
		{"devEndpoint", kindOf(&l.endpoints, func(v *endpoint) *map[string]string { return &v.tags })},
		{"job", kindOf(&l.jobs, func(v *job) *map[string]string { return &v.tags })},
		{"mlTransform", kindOf(&l.transforms, func(v *transform) *map[string]string { return &v.tags })},
		{"session", kindOf(&l.sessions, func(v *session) *map[string]string { return &v.tags })},
		{"trigger", kindOf(&l.triggers, func(v *trigger) *map[string]string { return &v.tags })},
	}
}

type kind struct {
	name string
	tagged
}

// tagged is a table seen as things with tags.
type tagged interface {
	// tagsOf returns where the tags of a resource are kept; nil when there is no such resource.
	tagsOf(key string) *map[string]string
	// each gives the key and tags of all that have or had tags.
	each(yield func(key string, tags map[string]string))
}

type taggedTable[V any] struct {
	table *table[V]
	tags  func(*V) *map[string]string
}

func kindOf[V any](t *table[V], tags func(*V) *map[string]string) tagged {
	return taggedTable[V]{t, tags}
}

func (t taggedTable[V]) tagsOf(key string) *map[string]string {
	if v := t.table.get(key); v != nil {
		return t.tags(v)
	}
	return nil
}

func (t taggedTable[V]) each(yield func(string, map[string]string)) {
	for _, r := range t.table.rows {
		if tags := *t.tags(r.value); tags != nil {
			yield(r.key, tags)
		}
	}
}

// arn names a resource of the call's location.
func arn(c *service.Call, kind, key string) string {
	return "arn:" + c.Partition + ":glue:" + c.Region + ":" + c.Account + ":" + kind + "/" + key
}

// lockedTags finds the tags of the resource that an ARN names, and its locked location. An ARN of another account or
// region is answered like one that doesn't exist, which is unconfirmed.
func (g *Glue) lockedTags(c *service.Call, resource string) (*location, *map[string]string, error) {
	rest, ok := strings.CutPrefix(resource, "arn:"+c.Partition+":glue:"+c.Region+":"+c.Account+":")
	name, key, isPath := strings.Cut(rest, "/")
	if !strings.HasPrefix(resource, "arn:") || strings.Count(resource, ":") < 5 {
		return nil, nil, invalid("Invalid resource ARN: %s", resource)
	}
	if ok && isPath {
		if l := g.locked(c); l != nil {
			l.settle(g, c.Now)
			for _, k := range l.kinds() {
				if k.name != name {
					continue
				}
				if tags := k.tagsOf(key); tags != nil {
					return l, tags, nil
				}
			}
			l.mu.Unlock()
		}
	}
	return nil, nil, notFound("Resource %s not found", resource)
}

func (g *Glue) tagResource(c *service.Call, in *awsglue.TagResourceInput) (*awsglue.TagResourceOutput, error) {
	if err := g.AddTags(c, deref(in.ResourceArn), in.TagsToAdd); err != nil {
		return nil, err
	}
	return &awsglue.TagResourceOutput{}, nil
}

func (g *Glue) untagResource(c *service.Call, in *awsglue.UntagResourceInput) (*awsglue.UntagResourceOutput, error) {
	if err := g.RemoveTags(c, deref(in.ResourceArn), in.TagsToRemove); err != nil {
		return nil, err
	}
	return &awsglue.UntagResourceOutput{}, nil
}

func (g *Glue) getTags(c *service.Call, in *awsglue.GetTagsInput) (*awsglue.GetTagsOutput, error) {
	l, tags, err := g.lockedTags(c, deref(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if *tags == nil {
		return &awsglue.GetTagsOutput{Tags: map[string]string{}}, nil
	}
	return &awsglue.GetTagsOutput{Tags: *tags}, nil
}

// AddTags adds tags to the resource of an ARN in the call's location, replacing values of keys that it has.
func (g *Glue) AddTags(c *service.Call, resource string, add map[string]string) error {
	if err := checkTags(add); err != nil {
		return err
	}
	l, tags, err := g.lockedTags(c, resource)
	if err != nil {
		return err
	}
	defer l.mu.Unlock()
	merged := make(map[string]string, len(*tags)+len(add))
	maps.Copy(merged, *tags)
	maps.Copy(merged, add)
	if len(merged) > mostTags {
		return invalid("A resource may have at most %d tags", mostTags)
	}
	*tags = merged
	return nil
}

// RemoveTags removes tags from the resource of an ARN in the call's location; keys that it lacks are ignored.
func (g *Glue) RemoveTags(c *service.Call, resource string, keys []string) error {
	l, tags, err := g.lockedTags(c, resource)
	if err != nil {
		return err
	}
	defer l.mu.Unlock()
	if *tags == nil {
		return nil
	}
	left := maps.Clone(*tags)
	for _, key := range keys {
		delete(left, key)
	}
	*tags = left
	return nil
}

// EachTagged gives every resource of the call's location that has or once had tags, in the order of their ARNs. The
// tags must not be edited.
func (g *Glue) EachTagged(c *service.Call, yield func(resource string, tags map[string]string)) {
	l := g.locked(c)
	if l == nil {
		return
	}
	defer l.mu.Unlock()
	l.settle(g, c.Now)
	for _, k := range l.kinds() {
		k.each(func(key string, tags map[string]string) { yield(arn(c, k.name, key), tags) })
	}
}

// settle makes every state change that is due and can remove a resource.
func (l *location) settle(g *Glue, now time.Time) {
	l.settleEndpoints(now)
	l.settleTransforms(g, now)
}
