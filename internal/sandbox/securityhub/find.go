package securityhub

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	hub "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/glueguard/glueguard/internal/sandbox/paging"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	findingsPerPage = 100
	mostFilters     = 20 // values of one filter
)

// getFindings lists the hub's findings that pass every filter, by id. Sorting by other fields is not done here.
func (h *SecurityHub) getFindings(c *service.Call, in *hub.GetFindingsInput) (*hub.GetFindingsOutput, error) {
	filters, refused := filtersOf(in.Filters)
	if refused != nil {
		return nil, refused
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	p, refused := h.in(c)
	if refused != nil {
		return nil, refused
	}
	found := []types.AwsSecurityFinding{}
	for _, f := range p.findings {
		if !slices.ContainsFunc(filters, func(by filter) bool { return !by.passes(&f) }) {
			found = append(found, f)
		}
	}
	slices.SortFunc(found, func(a, b types.AwsSecurityFinding) int { return cmp.Compare(keyOf(a), keyOf(b)) })
	size := int(aws.ToInt32(in.MaxResults))
	if size == 0 {
		size = findingsPerPage
	}
	scope, err := json.Marshal(in.Filters)
	if err != nil {
		return nil, err
	}
	page, next, err := paging.Cut(found, keyOf, size, in.NextToken, string(scope))
	if err != nil {
		return nil, service.Errorf("InvalidInputException", "Invalid NextToken")
	}
	return &hub.GetFindingsOutput{Findings: page, NextToken: next}, nil
}

func keyOf(f types.AwsSecurityFinding) string { return *f.ProductArn + " " + *f.Id }

// filter is one member of a request's filters: its values, and what they are compared with.
type filter struct {
	values []types.StringFilter
	of     func(*types.AwsSecurityFinding) []string
	dates  []types.DateFilter // instead of values
}

// members are the filters that are served, by their names in the request.
func members() map[string]func(*types.AwsSecurityFinding) []string {
	one := func(of func(*types.AwsSecurityFinding) *string) func(*types.AwsSecurityFinding) []string {
		return func(f *types.AwsSecurityFinding) []string { return []string{aws.ToString(of(f))} }
	}
	each := func(of func(types.Resource) string) func(*types.AwsSecurityFinding) []string {
		return func(f *types.AwsSecurityFinding) []string {
			var all []string
			for i := range f.Resources {
				all = append(all, of(f.Resources[i]))
			}
			return all
		}
	}
	return map[string]func(*types.AwsSecurityFinding) []string{
		"Id":           one(func(f *types.AwsSecurityFinding) *string { return f.Id }),
		"ProductArn":   one(func(f *types.AwsSecurityFinding) *string { return f.ProductArn }),
		"ProductName":  one(func(f *types.AwsSecurityFinding) *string { return f.ProductName }),
		"GeneratorId":  one(func(f *types.AwsSecurityFinding) *string { return f.GeneratorId }),
		"AwsAccountId": one(func(f *types.AwsSecurityFinding) *string { return f.AwsAccountId }),
		"Region":       one(func(f *types.AwsSecurityFinding) *string { return f.Region }),
		"Title":        one(func(f *types.AwsSecurityFinding) *string { return f.Title }),
		"Type":         func(f *types.AwsSecurityFinding) []string { return f.Types },
		"RecordState":  func(f *types.AwsSecurityFinding) []string { return []string{string(f.RecordState)} },
		"ResourceId":   each(func(r types.Resource) string { return aws.ToString(r.Id) }),
		"ResourceType": each(func(r types.Resource) string { return aws.ToString(r.Type) }),
		"ComplianceStatus": func(f *types.AwsSecurityFinding) []string {
			if f.Compliance == nil {
				return nil
			}
			return []string{string(f.Compliance.Status)}
		},
		"WorkflowStatus": func(f *types.AwsSecurityFinding) []string { return []string{string(f.Workflow.Status)} },
		"SeverityLabel":  func(f *types.AwsSecurityFinding) []string { return []string{string(f.Severity.Label)} },
	}
}

// filtersOf reads a request's filters, and refuses those that are not served: an answer that leaves one out would be wrong.
func filtersOf(in *types.AwsSecurityFindingFilters) ([]filter, *service.Error) {
	if in == nil {
		return nil, nil
	}
	var all []filter
	served, v := members(), reflect.ValueOf(in).Elem()
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		if field.Kind() != reflect.Slice || field.Len() == 0 {
			continue
		}
		if dates, ok := field.Interface().([]types.DateFilter); ok && name == "UpdatedAt" {
			by, refused := updatedIn(dates)
			if refused != nil {
				return nil, refused
			}
			all = append(all, by)
			continue
		}
		values, ok := field.Interface().([]types.StringFilter)
		of := served[name]
		switch {
		case !ok || of == nil:
			return nil, service.Errorf("InvalidInputException", "Filtering by %s is not simulated", name)
		case len(values) > mostFilters:
			return nil, service.Errorf("InvalidInputException", "Invalid parameter 'Filters.%s'. The array has too many items", name)
		}
		all = append(all, filter{values: values, of: of})
	}
	return all, nil
}

// updatedIn filters by when a finding was updated, from a time to a time. Ranges in days are not simulated.
func updatedIn(dates []types.DateFilter) (filter, *service.Error) {
	for _, d := range dates {
		for _, at := range []*string{d.Start, d.End} {
			if _, err := time.Parse(time.RFC3339Nano, aws.ToString(at)); err != nil || d.DateRange != nil {
				return filter{}, service.Errorf("InvalidInputException", "UpdatedAt must have a Start and an End, in ISO 8601")
			}
		}
	}
	return filter{dates: dates}, nil
}

// within tells whether a finding was updated in one of the filter's times.
func (by filter) within(f *types.AwsSecurityFinding) bool {
	at, err := time.Parse(time.RFC3339Nano, aws.ToString(f.UpdatedAt))
	return err == nil && slices.ContainsFunc(by.dates, func(d types.DateFilter) bool {
		start, _ := time.Parse(time.RFC3339Nano, *d.Start) // updatedIn has read both
		end, _ := time.Parse(time.RFC3339Nano, *d.End)
		return !at.Before(start) && !at.After(end)
	})
}

// passes tells whether a finding has one of the values that are asked for, and none of those that are not wanted.
func (by filter) passes(f *types.AwsSecurityFinding) bool {
	if by.dates != nil {
		return by.within(f)
	}
	has := by.of(f)
	asked, passed := false, false
	for _, v := range by.values {
		match := slices.ContainsFunc(has, func(text string) bool { return matches(v.Comparison, text, aws.ToString(v.Value)) })
		switch v.Comparison {
		case types.StringFilterComparisonNotEquals, types.StringFilterComparisonPrefixNotEquals, types.StringFilterComparisonNotContains:
			if match {
				return false
			}
		default:
			asked, passed = true, passed || match
		}
	}
	return passed || !asked
}

// matches compares without regard to negation.
func matches(how types.StringFilterComparison, text, value string) bool {
	switch how {
	case types.StringFilterComparisonPrefix, types.StringFilterComparisonPrefixNotEquals:
		return strings.HasPrefix(text, value)
	case types.StringFilterComparisonContains, types.StringFilterComparisonNotContains, types.StringFilterComparisonContainsWord:
		return strings.Contains(text, value)
	}
	return text == value
}
