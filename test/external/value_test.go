package external_test

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// at returns the value at a path of a decoded JSON document: "DevEndpoints.0.Tags.team". "Keys[].KeyId" gives the
// members of all items as a list.
func at(document any, path string) (any, bool) {
	if path == "" {
		return document, true
	}
	head, rest, _ := strings.Cut(path, ".")
	name, all := strings.CutSuffix(head, "[]")
	var value any
	switch d := document.(type) {
	case map[string]any:
		v, ok := d[name]
		if !ok {
			return nil, false
		}
		value = v
	case []any:
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i >= len(d) {
			return nil, false
		}
		value = d[i]
	default:
		return nil, false
	}
	if !all {
		return at(value, rest)
	}
	items, ok := value.([]any)
	found := []any{}
	for _, item := range items {
		if v, has := at(item, rest); has {
			found = append(found, v)
		}
	}
	return found, ok
}

// want says what a document must have, by path. A value is a string (with $names of saved values), a number, a bool,
// or one of the matchers below.
type want map[string]any

// matcher judges a value that need not be one exact value; it returns what is wrong, or "".
type matcher func(value any, has bool, saved vars) string

var (
	// absent: the member is not there at all.
	absent matcher = func(value any, has bool, _ vars) string {
		if has {
			return fmt.Sprintf("is %v, wanted absent", value)
		}
		return ""
	}
	// filled: the member is there and not empty.
	filled matcher = func(value any, has bool, _ vars) string {
		v := reflect.ValueOf(value)
		empty := !has || value == nil
		if !empty {
			switch v.Kind() {
			case reflect.Slice, reflect.Map:
				empty = v.Len() == 0
			case reflect.Bool:
			default:
				empty = v.IsZero()
			}
		}
		if empty {
			return fmt.Sprintf("is %#v, wanted a value", value)
		}
		return ""
	}
)

// like: a string that matches a regular expression.
func like(pattern string) matcher {
	expression := regexp.MustCompile(pattern)
	return func(value any, _ bool, _ vars) string {
		if s, ok := value.(string); !ok || !expression.MatchString(s) {
			return fmt.Sprintf("is %#v, wanted a match of %s", value, pattern)
		}
		return ""
	}
}

// size: a list or map of n items.
func size(n int) matcher {
	return func(value any, _ bool, _ vars) string {
		v := reflect.ValueOf(value)
		if kind := v.Kind(); (kind != reflect.Slice && kind != reflect.Map) || v.Len() != n {
			return fmt.Sprintf("is %v, wanted %d items", value, n)
		}
		return ""
	}
}

// list: exactly these items in this order.
func list(items ...any) matcher {
	return func(value any, _ bool, saved vars) string {
		wanted := make([]any, 0, len(items))
		for _, item := range items {
			if text, ok := item.(string); ok {
				item = saved.expand(text)
			}
			wanted = append(wanted, item)
		}
		return differ(value, wanted)
	}
}

// set: exactly these strings in any order.
func set(items ...string) matcher {
	return func(value any, _ bool, saved vars) string {
		got, err := texts(value)
		if err != nil {
			return err.Error()
		}
		slices.Sort(got)
		return differ(got, slices.Sorted(slices.Values(saved.expandAll(items))))
	}
}

// has: these strings among others.
func has(items ...string) matcher {
	return func(value any, _ bool, saved vars) string {
		got, err := texts(value)
		if err != nil {
			return err.Error()
		}
		for _, item := range saved.expandAll(items) {
			if !slices.Contains(got, item) {
				return fmt.Sprintf("is %v, wanted %s among them", got, item)
			}
		}
		return ""
	}
}

func texts(value any) ([]string, error) {
	items, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("is %#v, wanted a list", value)
	}
	found := make([]string, 0, len(items))
	for _, item := range items {
		found = append(found, fmt.Sprint(item))
	}
	return found, nil
}

func differ(got, wanted any) string {
	if diff := cmp.Diff(wanted, got); diff != "" {
		return "differs (-want +got):\n" + diff
	}
	return ""
}

// check returns every way in which a document is not as wanted.
func (w want) check(document any, saved vars) []string {
	var wrong []string
	for path, wanted := range w {
		value, has := at(document, path)
		var problem string
		switch wanted := wanted.(type) {
		case matcher:
			problem = wanted(value, has, saved)
		case string:
			problem = differ(value, saved.expand(wanted))
		case int:
			problem = differ(value, float64(wanted))
		default:
			problem = differ(value, wanted)
		}
		if problem != "" {
			wrong = append(wrong, path+" "+problem)
		}
	}
	slices.Sort(wrong)
	return wrong
}

// vars are values saved from answers, for later steps.
type vars map[string]string

func (v vars) expand(text string) string {
	return os.Expand(text, func(name string) string {
		if value, ok := v[name]; ok {
			return value
		}
		return "$" + name // left to see in the failure
	})
}

func (v vars) expandAll(items []string) []string {
	expanded := make([]string, 0, len(items))
	for _, item := range items {
		expanded = append(expanded, v.expand(item))
	}
	return expanded
}
