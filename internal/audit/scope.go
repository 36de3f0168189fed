package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// ScopeError means that what was asked for lies outside of the policy's scope, or does not exist.
type ScopeError struct{ Message string }

func (e *ScopeError) Error() string { return e.Message }

// chosen lists the controls to evaluate, in the order of the catalogue.
func chosen(o Options) ([]control.ID, error) {
	var ids []control.ID
	for _, c := range control.Selected(o.Policy, o.Controls...) {
		ids = append(ids, c.ID)
	}
	if len(ids) == 0 {
		return nil, &ScopeError{fmt.Sprintf("the policy's scope leaves nothing of the controls asked for (%s)", join(o.Controls))}
	}
	return ids, nil
}

func join(ids []control.ID) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = string(id)
	}
	return strings.Join(words, ", ")
}

// scopeOf says what to read: what was asked for, cut to the policy's scope and to what the chosen controls need.
func scopeOf(o Options, controls []control.ID, w *wanted) (inventory.Scope, error) {
	scope := inventory.Scope{
		Accounts: slices.Clone(o.Accounts), Regions: slices.Clone(o.Regions), Organization: o.Organization,
		Keys: true, // advisories of every control speak of keys
		Tags: true,
	}
	for _, id := range controls {
		switch id {
		case control.DevEndpointS3, control.DevEndpointLogs:
			scope.DevEndpoints = true
		case control.MLTransform:
			scope.MLTransforms = true
		case control.KeyManagement:
			scope.DevEndpoints, scope.MLTransforms = true, true
		}
	}
	w.narrow(&scope)
	scope.Wanted = w.only()
	for _, a := range scope.Accounts {
		if !o.Policy.Scope.CoversAccount(a) {
			return scope, &ScopeError{"account " + a + " is outside of the policy's scope"}
		}
	}
	for _, r := range scope.Regions {
		if !o.Policy.Scope.CoversRegion(r) {
			return scope, &ScopeError{"region " + r + " is outside of the policy's scope"}
		}
	}
	return scope, nil
}

// fewLocations is how many locations an error names.
const fewLocations = 3

// nothingInScope is the error of an audit whose policy leaves nothing of what was read.
func nothingInScope(outside []resource.Location) error {
	if len(outside) == 0 {
		return &ScopeError{"there was no account and no region to read"}
	}
	names := make([]string, len(outside))
	for i, l := range outside {
		names[i] = l.String()
	}
	return &ScopeError{fmt.Sprintf("the policy's scope leaves nothing of what was read (%s): look at scope.accounts and scope.regions",
		strings.Join(names, ", "))}
}

// organizationUnread tells whether a snapshot stands for an organization that could not be listed, which is in scope
// whatever account its failure is filed under.
func organizationUnread(s *resource.Snapshot) bool {
	return slices.ContainsFunc(s.Coverage, func(c resource.Coverage) bool {
		return c.Operation == "organizations:ListAccounts" && c.Unread()
	})
}

// covers tells whether a location is in the policy's scope. An account that could not be entered has no region.
func covers(s policy.Scope, l resource.Location) bool {
	return s.CoversAccount(l.Account) && (l.Region == "" || s.CoversRegion(l.Region))
}
