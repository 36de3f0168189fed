package tagging

import (
	"slices"
	"strings"

	tagapi "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Limits of GetResources.
const (
	mostARNs         = 100
	mostTypes        = 100
	mostPerPage      = 100
	leastTagsPerPage = 100
	mostTagsPerPage  = 500
	mostFilters      = 50
	mostValues       = 20
)

func (t *Tagging) getResources(c *service.Call, in *tagapi.GetResourcesInput) (*tagapi.GetResourcesOutput, error) {
	if err := checkGet(in); err != nil {
		return nil, err
	}
	after, err := decodeToken(c.Operation, in.PaginationToken)
	if err != nil {
		return nil, err
	}
	found := t.tagged(c, services(in), func(r resource) bool { return r.arn > after && wanted(r, in) })
	page := cut(found, in)
	out := &tagapi.GetResourcesOutput{
		PaginationToken:        new(string), // the last page ends in an empty string
		ResourceTagMappingList: make([]types.ResourceTagMapping, 0, len(page)),
	}
	for _, r := range page {
		m := r.mapping()
		if in.IncludeComplianceDetails != nil && *in.IncludeComplianceDetails {
			compliant := true // there are no tag policies here
			m.ComplianceDetails = &types.ComplianceDetails{ComplianceStatus: &compliant}
		}
		out.ResourceTagMappingList = append(out.ResourceTagMappingList, m)
	}
	if in.ExcludeCompliantResources != nil && *in.ExcludeCompliantResources {
		out.ResourceTagMappingList = []types.ResourceTagMapping{}
	}
	if len(page) < len(found) {
		out.PaginationToken = encodeToken(c.Operation, page[len(page)-1].arn)
	}
	return out, nil
}

// checkGet holds the parameters apart that AWS doesn't take together, and checks their limits.
func checkGet(in *tagapi.GetResourcesInput) error {
	token := in.PaginationToken != nil && *in.PaginationToken != ""
	if len(in.ResourceARNList) > 0 {
		switch {
		case len(in.ResourceARNList) > mostARNs:
			return invalid("ResourceARNList may have at most %d entries", mostARNs)
		case len(in.ResourceTypeFilters) > 0, len(in.TagFilters) > 0:
			return invalid("ResourceARNList cannot be used together with ResourceTypeFilters or TagFilters")
		case token, in.ResourcesPerPage != nil, in.TagsPerPage != nil:
			return invalid("ResourceARNList cannot be used together with pagination parameters")
		}
		for _, arn := range in.ResourceARNList {
			if serviceOf(arn) == "" {
				return invalid("%s is not a valid ARN", arn)
			}
		}
	}
	exclude := in.ExcludeCompliantResources != nil && *in.ExcludeCompliantResources
	switch {
	case len(in.ResourceTypeFilters) > mostTypes:
		return invalid("ResourceTypeFilters may have at most %d entries", mostTypes)
	case in.ResourcesPerPage != nil && (*in.ResourcesPerPage < 1 || *in.ResourcesPerPage > mostPerPage):
		return invalid("ResourcesPerPage must be between 1 and %d", mostPerPage)
	case in.TagsPerPage != nil && (*in.TagsPerPage < leastTagsPerPage || *in.TagsPerPage > mostTagsPerPage):
		return invalid("TagsPerPage must be between %d and %d", leastTagsPerPage, mostTagsPerPage)
	case exclude && (in.IncludeComplianceDetails == nil || !*in.IncludeComplianceDetails):
		return invalid("ExcludeCompliantResources needs IncludeComplianceDetails")
	case len(in.TagFilters) > mostFilters:
		return invalid("TagFilters may have at most %d keys", mostFilters)
	}
	for _, f := range in.TagFilters {
		if f.Key == nil || *f.Key == "" {
			return invalid("Each TagFilter must have a key")
		}
		if len(f.Values) > mostValues {
			return invalid("A TagFilter may have at most %d values", mostValues)
		}
	}
	return nil
}

// services names the services that a request can concern; empty: all.
func services(in *tagapi.GetResourcesInput) (names []string) {
	for _, arn := range in.ResourceARNList {
		if name := serviceOf(arn); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, filter := range in.ResourceTypeFilters {
		name, _, _ := strings.Cut(filter, ":")
		names = append(names, name)
	}
	return names
}

// wanted tells whether a resource passes the filters: any of the ARNs, any of the types, all of the tag filters.
func wanted(r resource, in *tagapi.GetResourcesInput) bool {
	if len(in.ResourceARNList) > 0 && !slices.Contains(in.ResourceARNList, r.arn) {
		return false
	}
	if len(in.ResourceTypeFilters) > 0 {
		service, kind := serviceOf(r.arn), typeOf(r.arn)
		if !slices.ContainsFunc(in.ResourceTypeFilters, func(f string) bool { return f == service || f == kind }) {
			return false
		}
	}
	for _, f := range in.TagFilters {
		value, ok := r.tags[*f.Key]
		if !ok || len(f.Values) > 0 && !slices.Contains(f.Values, value) {
			return false
		}
	}
	return true
}

// cut returns the first page. A resource is never split over pages; one without tags counts as one tag.
func cut(found []resource, in *tagapi.GetResourcesInput) []resource {
	if len(in.ResourceARNList) > 0 {
		return found
	}
	size := mostPerPage
	if in.ResourcesPerPage != nil {
		size = int(*in.ResourcesPerPage)
	}
	page := found[:min(size, len(found))]
	if in.TagsPerPage == nil {
		return page
	}
	tags := 0
	for i, r := range page {
		tags += max(1, len(r.tags))
		if tags > int(*in.TagsPerPage) && i > 0 {
			return page[:i]
		}
	}
	return page
}
