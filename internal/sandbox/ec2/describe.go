package ec2

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/glueguard/glueguard/internal/sandbox/paging"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// kind says how EC2 describes one type of thing.
type kind[T any] struct {
	prefix    string // of ids, e.g. "subnet-"
	noun      string // in messages, e.g. "subnet ID"
	parameter string // the request's list of ids, e.g. "subnetIds"
	missing   string // error code for an id that nothing has
	malformed string // error code for what can't be an id; empty where EC2 says missing
	id        func(*T) string
	tags      func(*T) []types.Tag
	filters   map[string]func(*T) []string // the values that a filter compares with
}

// request is the part that all Describe operations share.
type request struct {
	ids     []string
	filters []types.Filter
	dryRun  *bool
	limit   *int32
	token   *string
}

const (
	defaultPage = 1000
	minPage     = 5
	maxValues   = 200 // values of one filter
)

// describe answers from a list sorted by id. Source: EC2 API reference, "Filtering" and "Pagination".
func describe[T any](items []T, k kind[T], in request) (found []T, next *string, err error) {
	if in.dryRun != nil && *in.dryRun {
		return nil, nil, &service.Error{Code: "DryRunOperation", Message: "Request would have succeeded, but DryRun flag is set.", Status: 412}
	}
	size, err := pageSize(in, k.parameter)
	if err != nil {
		return nil, nil, err
	}
	wanted, err := k.named(items, in.ids)
	if err != nil {
		return nil, nil, err
	}
	for i := range wanted {
		ok, err := k.matches(&wanted[i], in.filters)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			found = append(found, wanted[i])
		}
	}
	if len(items) == 0 { // filters are checked even where there is nothing to filter
		if _, err := k.matches(new(T), in.filters); err != nil {
			return nil, nil, err
		}
	}
	found, next, err = paging.Cut(found, func(item T) string { return k.id(&item) }, size, in.token, fmt.Sprint(filterText(in.filters)))
	if err != nil {
		return nil, nil, service.Errorf("InvalidPaginationToken", "The specified pagination token is not valid or is expired.")
	}
	return append([]T{}, found...), next, nil // an empty list is sent as one
}

func filterText(filters []types.Filter) []string {
	var text []string
	for _, f := range filters {
		if f.Name != nil {
			text = append(text, *f.Name, strings.Join(f.Values, "\x00"))
		}
	}
	return text
}

func pageSize(in request, parameter string) (int, error) {
	if in.limit == nil {
		return defaultPage, nil
	}
	switch limit := *in.limit; {
	case limit < minPage:
		return 0, service.Errorf("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value greater than or equal to %d.", limit, minPage)
	case limit > defaultPage:
		return 0, service.Errorf("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value less than or equal to %d.", limit, defaultPage)
	case len(in.ids) > 0:
		return 0, service.Errorf("InvalidParameterCombination", "The parameter %s cannot be used with the parameter maxResults", parameter)
	}
	return int(*in.limit), nil
}

// named picks the items with the given ids, in the list's order; no ids: all.
func (k kind[T]) named(items []T, ids []string) ([]T, error) {
	if len(ids) == 0 {
		return items, nil
	}
	var out []T
	for _, id := range ids {
		if k.malformed != "" && !strings.HasPrefix(id, k.prefix) {
			return nil, service.Errorf(k.malformed, "Invalid id: %q (expecting %q)", id, k.prefix+"...")
		}
		if !slices.ContainsFunc(items, func(item T) bool { return k.id(&item) == id }) {
			return nil, service.Errorf(k.missing, "The %s '%s' does not exist", k.noun, id)
		}
	}
	for i := range items {
		if slices.Contains(ids, k.id(&items[i])) {
			out = append(out, items[i])
		}
	}
	return out, nil
}

func (k kind[T]) matches(item *T, filters []types.Filter) (bool, error) {
	all := true
	for _, f := range filters {
		values, err := k.values(item, f)
		if err != nil {
			return false, err
		}
		all = all && slices.ContainsFunc(f.Values, func(pattern string) bool {
			return slices.ContainsFunc(values, func(v string) bool { return wildcard(pattern, v) })
		})
	}
	return all, nil
}

// values returns what a filter compares with for one item.
func (k kind[T]) values(item *T, f types.Filter) ([]string, error) {
	if f.Name == nil || *f.Name == "" {
		return nil, service.Errorf("MissingParameter", "The filter must have a name")
	}
	if len(f.Values) > maxValues {
		return nil, service.Errorf("FilterLimitExceeded", "The maximum number of filter values specified on a single call is %d", maxValues)
	}
	if tag, ok := strings.CutPrefix(*f.Name, "tag:"); ok && k.tags != nil {
		return tagValues(k.tags(item), func(t types.Tag) (string, bool) { return str(t.Value), str(t.Key) == tag }), nil
	}
	if *f.Name == "tag-key" && k.tags != nil {
		return tagValues(k.tags(item), func(t types.Tag) (string, bool) { return str(t.Key), true }), nil
	}
	get, ok := k.filters[*f.Name]
	if !ok {
		return nil, service.Errorf("InvalidParameterValue", "The filter '%s' is invalid", *f.Name)
	}
	return get(item), nil
}

func tagValues(tags []types.Tag, pick func(types.Tag) (string, bool)) []string {
	var out []string
	for _, t := range tags {
		if v, ok := pick(t); ok {
			out = append(out, v)
		}
	}
	return out
}

// wildcard compares with * for any text and ? for any one character; a backslash takes the next character as it is.
func wildcard(pattern, s string) bool {
	for pattern != "" {
		switch c := pattern[0]; {
		case c == '*':
			for i := 0; i <= len(s); i++ {
				if wildcard(pattern[1:], s[i:]) {
					return true
				}
			}
			return false
		case c == '\\' && len(pattern) > 1:
			pattern = pattern[1:]
			if s == "" || s[0] != pattern[0] {
				return false
			}
		case s == "" || c != '?' && c != s[0]:
			return false
		}
		pattern, s = pattern[1:], s[1:]
	}
	return s == ""
}

func str(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// one and flag make filter values of optional members.
func one(s *string) []string {
	if s == nil {
		return nil
	}
	return []string{*s}
}

func flag(b *bool) []string {
	return []string{fmt.Sprint(b != nil && *b)}
}

func text[S ~string](s S) []string { return []string{string(s)} }

// put inserts an item into a list sorted by id, or replaces the one that has its id.
func put[T any](items *[]T, id func(*T) string, item T) {
	at, found := slices.BinarySearchFunc(*items, id(&item), func(have T, want string) int { return strings.Compare(id(&have), want) })
	if found {
		(*items)[at] = item
		return
	}
	*items = slices.Insert(*items, at, item)
}
