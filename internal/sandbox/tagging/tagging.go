// Package tagging is the Resource Groups Tagging API in memory: it lists and changes the tags that other services of the
// sandbox keep.
//
// As at AWS, a resource that never had a tag is not listed, one whose tags were all removed is, and an ARN that doesn't
// exist is left out without an error.
package tagging

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Source is a service that keeps tags of its resources. Each call concerns the resources of the call's location.
type Source interface {
	// EachTagged gives every resource that has or once had tags.
	EachTagged(c *service.Call, yield func(arn string, tags map[string]string))
	// AddTags adds tags to a resource, replacing values of keys that it has.
	AddTags(c *service.Call, arn string, tags map[string]string) error
	// RemoveTags removes tags from a resource; keys that it lacks are ignored.
	RemoveTags(c *service.Call, arn string, keys []string) error
}

// Tagging answers from its sources. It keeps nothing and is safe for concurrent use when they are.
type Tagging struct{ sources map[string]Source }

// New makes a Tagging over sources by the service name in their ARNs, e.g. "glue", "kms".
func New(sources map[string]Source) *Tagging { return &Tagging{maps.Clone(sources)} }

// Service lists the operations; none of them knows a resource for authorization.
func (t *Tagging) Service() service.Service {
	return service.Service{
		Model: "resourcegroupstaggingapi", Prefix: "tag",
		Operations: []service.Operation{
			service.Op("GetResources", t.getResources),
			service.Op("TagResources", t.tagResources),
			service.Op("UntagResources", t.untagResources),
			service.Op("GetTagKeys", t.getTagKeys),
			service.Op("GetTagValues", t.getTagValues),
		},
	}
}

// resource is a tagged resource.
type resource struct {
	arn  string
	tags map[string]string
}

// tagged lists the resources of the named services, or of all for an empty list, by ARN.
func (t *Tagging) tagged(c *service.Call, services []string, take func(resource) bool) []resource {
	var all []resource
	for name, source := range t.sources {
		if len(services) > 0 && !slices.Contains(services, name) {
			continue
		}
		source.EachTagged(c, func(arn string, tags map[string]string) {
			if r := (resource{arn, tags}); take(r) {
				all = append(all, r)
			}
		})
	}
	slices.SortFunc(all, func(a, b resource) int { return strings.Compare(a.arn, b.arn) })
	return all
}

// serviceOf returns the service in an ARN, e.g. "glue".
func serviceOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 4); len(parts) == 4 && parts[0] == "arn" {
		return parts[2]
	}
	return ""
}

// typeOf returns service and type in an ARN, e.g. "glue:devEndpoint".
func typeOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	kind := parts[5]
	if i := strings.IndexAny(kind, "/:"); i >= 0 {
		kind = kind[:i]
	}
	return parts[2] + ":" + kind
}

func (r resource) mapping() types.ResourceTagMapping {
	m := types.ResourceTagMapping{ResourceARN: &r.arn, Tags: make([]types.Tag, 0, len(r.tags))}
	for _, key := range slices.Sorted(maps.Keys(r.tags)) {
		value := r.tags[key]
		m.Tags = append(m.Tags, types.Tag{Key: &key, Value: &value})
	}
	return m
}

// A token holds the last item that was given, with a checksum bound to the operation.

func encodeToken(operation, last string) *string {
	raw := binary.BigEndian.AppendUint32(nil, tokenSum(operation, last))
	token := base64.StdEncoding.EncodeToString(append(raw, last...))
	return &token
}

func decodeToken(operation string, token *string) (last string, err error) {
	if token == nil || *token == "" {
		return "", nil
	}
	raw, decodeErr := base64.StdEncoding.DecodeString(*token)
	if decodeErr != nil || len(raw) < 5 || binary.BigEndian.Uint32(raw) != tokenSum(operation, string(raw[4:])) {
		return "", service.Errorf("PaginationTokenExpiredException", "The pagination token is invalid or has expired")
	}
	return string(raw[4:]), nil
}

func tokenSum(operation, last string) uint32 {
	return crc32.ChecksumIEEE([]byte(operation + "\x00" + last))
}

func invalid(format string, args ...any) error {
	return service.Errorf("InvalidParameterException", format, args...)
}
