package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/resource"
)

// ResourceError means that a resource was asked for that is not there, or that a name stands for several.
type ResourceError struct {
	Resource   string
	Candidates []string // ARNs; none: nothing matched
}

func (e *ResourceError) Error() string {
	if len(e.Candidates) == 0 {
		return fmt.Sprintf("resource %q was not found: no development endpoint, ML transform or key in scope has that ARN or name",
			e.Resource)
	}
	return fmt.Sprintf("resource %q is ambiguous: name one of %s", e.Resource, strings.Join(e.Candidates, ", "))
}

// wanted are the resources that were asked for; without any, all are.
type wanted struct {
	terms []*term
}

// term is one resource asked for, and what it turned out to be.
type term struct {
	text    string
	arn     resource.ARN // zero where the text is a name
	matches []string     // ARNs, each once
	hidden  bool         // a listing failed that may have had it
}

func newWanted(resources []string) (*wanted, error) {
	w := &wanted{}
	for _, text := range resources {
		t := &term{text: text}
		if strings.HasPrefix(text, "arn:") {
			var err error
			if t.arn, err = resource.ParseARN(text); err != nil {
				return nil, fmt.Errorf("resource: %w", err)
			}
		}
		w.terms = append(w.terms, t)
	}
	return w, nil
}

func (w *wanted) all() bool { return len(w.terms) == 0 }

// only tells which endpoints and transforms are to be looked into: nil, all of them, where a key may have been asked for,
// since any of them may use it.
func (w *wanted) only() func(arn, name, id string) bool {
	if w.all() || slices.ContainsFunc(w.terms, (*term).mayBeKey) {
		return nil
	}
	return func(arn, name, id string) bool {
		return slices.ContainsFunc(w.terms, func(t *term) bool { return t.text == arn || t.text == name || t.text == id })
	}
}

// mayBeKey tells whether a text may stand for a KMS key: its ARN or its id, which is a UUID or begins with mrk-.
func (t *term) mayBeKey() bool {
	if t.arn != (resource.ARN{}) {
		return t.arn.Service == "kms"
	}
	return strings.HasPrefix(t.text, "mrk-") || len(t.text) == 36 && strings.Count(t.text, "-") == 4
}

// narrow cuts the reading to the locations of ARNs, where only ARNs were asked for. A key is used, and may be used
// wrongly, in other regions than its own, so that all of them are read for it.
func (w *wanted) narrow(scope *inventory.Scope) {
	var accounts, regions []string
	everywhere := false
	for _, t := range w.terms {
		if t.arn.Account == "" || t.arn.Region == "" {
			return
		}
		accounts, regions = append(accounts, t.arn.Account), append(regions, t.arn.Region)
		everywhere = everywhere || t.arn.Service == "kms"
	}
	slices.Sort(accounts)
	slices.Sort(regions)
	if len(scope.Accounts) == 0 && !scope.Organization {
		scope.Accounts = slices.Compact(accounts)
	}
	if len(scope.Regions) == 0 && !everywhere {
		scope.Regions = slices.Compact(regions)
	}
}

// keep keeps the outcomes that were asked for, and those of failed listings that may have had them.
func (w *wanted) keep(outcomes []control.Outcome) []control.Outcome {
	if w.all() {
		return outcomes
	}
	return slices.DeleteFunc(outcomes, func(o control.Outcome) bool { return !w.match(o.Resource) })
}

func (w *wanted) match(r resource.Ref) bool {
	any := false
	for _, t := range w.terms {
		any = t.match(r) || any
	}
	return any
}

func (t *term) match(r resource.Ref) bool {
	if r.ARN == "" && r.Name == "" && r.ID == "" {
		if !t.mayBeAmong(r) {
			return false
		}
		t.hidden = true
		return true
	}
	if t.text != r.ARN && t.text != r.Name && t.text != r.ID {
		return false
	}
	if !slices.Contains(t.matches, r.ARN) {
		t.matches = append(t.matches, r.ARN)
	}
	return true
}

// mayBeAmong tells whether the resource may be among those of a listing that failed.
func (t *term) mayBeAmong(listing resource.Ref) bool {
	if t.arn == (resource.ARN{}) {
		return true
	}
	types := map[string]resource.Type{"devEndpoint": resource.TypeDevEndpoint, "mlTransform": resource.TypeMLTransform, "key": resource.TypeKey}
	kind, _, _ := strings.Cut(t.arn.Resource, "/")
	return t.arn.Account == listing.Account && (listing.Region == "" || listing.Region == t.arn.Region) && types[kind] == listing.Type
}

// check returns *ResourceError for the first resource asked for that is not one. A resource that may hide in a
// listing that failed is no error: the finding of that listing stands for it.
func (w *wanted) check() error {
	for _, t := range w.terms {
		if n := len(t.matches); n > 1 || n == 0 && !t.hidden {
			slices.Sort(t.matches)
			return &ResourceError{Resource: t.text, Candidates: t.matches}
		}
	}
	return nil
}
