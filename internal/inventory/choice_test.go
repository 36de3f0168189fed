package inventory

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// TestKeysToChooseFrom lists the keys of the small scenario, and of one where parts are denied.
func TestKeysToChooseFrom(t *testing.T) {
	t.Parallel()
	here := resource.Location{Partition: "aws", Account: "111111111111", Region: "us-east-1"}
	t.Run("all of it", func(t *testing.T) {
		t.Parallel()
		s, _ := onSandbox(t, sandbox.Options{Scenario: "small"})
		keys, err := NewInspector(s.session).Keys(t.Context(), here)
		if err != nil {
			t.Fatal(err)
		}
		named, last := 0, ""
		for _, k := range keys {
			names, ok := k.Aliases.Value()
			if !ok {
				t.Errorf("%s: aliases are unread", k.ARN)
			}
			if len(names) > 0 {
				named++
				if names[0] < last {
					t.Errorf("%s comes after %s", names[0], last)
				}
				last = names[0]
			}
			detail, ok := k.Detail.Value()
			if !ok {
				t.Errorf("%s was not read: %v", k.ARN, k.Detail)
				continue
			}
			if got := detail.Key.ARN.String(); got != k.ARN || detail.Grants.IsUnknown() || detail.Key.Policy.IsUnknown() {
				t.Errorf("%s: %+v", k.ARN, detail)
			}
		}
		if named == 0 {
			t.Errorf("none of %d keys has a name", len(keys))
		}
	})
	t.Run("parts of it are denied", func(t *testing.T) {
		t.Parallel()
		s, _ := onSandbox(t, sandbox.Options{Scenario: "small", Faults: []sandbox.Fault{
			{Operation: "kms:ListAliases", Error: "AccessDeniedException", Status: 400},
			{Operation: "kms:ListGrants", Error: "AccessDeniedException", Status: 400},
			{Operation: "kms:DescribeKey", Error: "AccessDeniedException", Status: 400, Times: 1},
		}})
		keys, err := NewInspector(s.session).Keys(t.Context(), here)
		if err != nil {
			t.Fatal(err)
		}
		unread := 0
		for _, k := range keys {
			if !k.Aliases.IsUnknown() {
				t.Errorf("%s: aliases are known", k.ARN)
			}
			if k.Detail.IsUnknown() {
				unread++
			} else if d, _ := k.Detail.Value(); !d.Grants.IsUnknown() {
				t.Errorf("%s: grants are known", k.ARN)
			}
		}
		if unread != 1 {
			t.Errorf("%d keys are unread, want 1 of %d", unread, len(keys))
		}
	})
	t.Run("nothing may be listed", func(t *testing.T) {
		t.Parallel()
		s, _ := onSandbox(t, sandbox.Options{Scenario: "small", Faults: []sandbox.Fault{{Operation: "kms:ListKeys", Error: "AccessDeniedException", Status: 400}}})
		if keys, err := NewInspector(s.session).Keys(t.Context(), here); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("%d keys, %v", len(keys), err)
		}
	})
}

func TestLocations(t *testing.T) {
	t.Parallel()
	s, _ := onSandbox(t, sandbox.Options{Scenario: "org", Accounts: 2, Regions: []string{"eu-west-1", "us-east-1"}, Resources: 4})
	list, unread, err := Locations(t.Context(), s.session, Scope{Organization: true, Regions: []string{"eu-west-1"}, Keys: true})
	if err != nil || len(unread) > 0 {
		t.Fatalf("%v, unread %v", err, unread)
	}
	var regions []string
	for _, l := range list {
		regions = append(regions, l.Region)
	}
	if diff := cmp.Diff([]string{"eu-west-1", "eu-west-1"}, regions); diff != "" {
		t.Error(diff)
	}
}

// The keys to choose from are those of the account that the role of a repair belongs to, with all that is told of them.
func TestKeysOfAnotherAccount(t *testing.T) {
	t.Parallel()
	s, _ := onSandbox(t, sandbox.Options{Scenario: "org", Accounts: 2, Regions: []string{"us-east-1"}, Resources: 20, Now: noon()}, func(o *awsapi.Options) { o.Role = "GlueguardRepair" })
	seen := map[string]bool{}
	for _, snapshot := range scan(t, s, org()) {
		l := snapshot.Location
		keys, err := NewInspector(s.session).Keys(t.Context(), l)
		if err != nil {
			t.Errorf("%s: %v", l, err)
		}
		for _, k := range keys {
			names, named := k.Aliases.Value()
			detail, read := k.Detail.Value()
			switch {
			case !named || !read || detail.Grants.IsUnknown() || detail.Key.Policy.IsUnknown() || detail.Key.Rotation.IsUnknown():
				t.Errorf("%s: %+v", k.ARN, k)
			case detail.Key.ARN.Account != l.Account:
				t.Errorf("%s was listed for %s", k.ARN, l)
			case len(names) > 0:
				seen[l.Account] = true
			}
		}
	}
	if len(seen) != 2 {
		t.Errorf("keys with names were listed of %d accounts, want 2", len(seen))
	}
}
