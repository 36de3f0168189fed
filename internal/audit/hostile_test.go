package audit_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// TestNothingInScope is an error: a policy that leaves out everything must not look like an estate without faults.
func TestNothingInScope(t *testing.T) {
	t.Parallel()
	for name, scope := range map[string]string{
		"another account only": "accounts: {include: [\"" + other + "\"]}",
		"no such region":       "regions: {include: [eu-wset-1]}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			o := options(s, &estate{snapshots: []*resource.Snapshot{location(home, "eu-west-1", "x")}}, 1)
			o.Policy = decode(t, "scope: {"+scope+"}\n")
			_, err := audit.Run(t.Context(), o)
			var outside *audit.ScopeError
			if !errors.As(err, &outside) {
				t.Errorf("error %v, want *ScopeError", err)
			}
			if _, err := s.Audit(t.Context(), "latest"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("it was stored: %v", err)
			}
		})
	}
}

// TestOrganizationUnreadIsInEveryScope has the list of accounts denied, filed under an account that the policy excludes.
func TestOrganizationUnreadIsInEveryScope(t *testing.T) {
	t.Parallel()
	f := resource.Failure{Operation: "organizations:ListAccounts", Class: resource.Denied, Code: "AccessDeniedException"}
	s := open(t)
	o := options(s, &estate{snapshots: []*resource.Snapshot{
		{
			Location:     at(home, ""),
			DevEndpoints: resource.Unknown[[]resource.DevEndpoint](f), MLTransforms: resource.Unknown[[]resource.MLTransform](f),
			Coverage: []resource.Coverage{{Account: home, Operation: f.Operation, Status: "denied", ErrorCode: f.Code}},
		},
		location(home, "eu-west-1", "x"),
	}}, 1)
	o.Policy = decode(t, "scope: {accounts: {exclude: [\""+home+"\"]}}\n")
	r, err := audit.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict() != audit.Incomplete || r.Audit.Summary.Fail != 0 {
		t.Errorf("verdict %d, %+v", r.Verdict(), r.Audit.Summary)
	}
}

func TestInterruptedBeforeAnythingWasKnown(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := audit.Run(ctx, options(s, &estate{interrupt: cancel}, 1))
	if err != nil || r.Verdict() != audit.Interrupted {
		t.Fatalf("%+v, %v", r, err)
	}
	var got []string
	err = s.EachCoverage(t.Context(), r.Audit.ID, func(c resource.Coverage) error {
		got = append(got, c.Operation+" "+c.Status)
		return nil
	})
	if d := cmp.Diff([]string{"sts:GetCallerIdentity interrupted"}, got); d != "" || err != nil {
		t.Errorf("%v, coverage (-want +got):\n%s", err, d)
	}
}

// unread makes the endpoint's configuration unreadable.
func unread(s *resource.Snapshot, name string, f resource.Failure) *resource.Snapshot {
	list, _ := s.DevEndpoints.Value()
	for i := range list {
		if list[i].Name == name {
			list[i].SecurityConfiguration = "of-" + name
		}
	}
	f.Operation = "glue:GetSecurityConfiguration"
	s.SecurityConfigurations["of-"+name] = resource.Unknown[resource.SecurityConfiguration](f)
	s.Coverage = append(s.Coverage, resource.Coverage{
		Account: s.Location.Account, Region: s.Location.Region, Operation: f.Operation, Status: string(f.Class), ErrorCode: f.Code,
	})
	return s
}

// TestAcceptedReadsOfConfigurations follows what a policy's accepted reads make of the findings that rest on them.
func TestAcceptedReadsOfConfigurations(t *testing.T) {
	t.Parallel()
	const accepting = `accepted_unread:
- {account: "*", region: eu-*, operation: "glue:GetSecurityConfiguration", reason: closed by policy 7, until: 2026-11-23}
`
	denied := resource.Failure{Class: resource.Denied, Code: "AccessDeniedException"}
	for name, c := range map[string]struct {
		policy  string
		profile string
		change  func(*resource.Snapshot)
		day     int
		region  string
		failure resource.Failure
		want    audit.Verdict
		seen    bool // the advisory
	}{
		"not accepted":          {policy: "", failure: denied, want: audit.Incomplete},
		"accepted":              {policy: accepting, failure: denied, want: audit.Compliant, seen: true},
		"expired":               {policy: accepting, failure: denied, day: 1, want: audit.Incomplete},
		"another region":        {policy: accepting, failure: denied, region: "us-east-1", want: audit.Incomplete},
		"throttled":             {policy: accepting, failure: resource.Failure{Class: resource.Throttled}, want: audit.Incomplete},
		"failed at AWS":         {policy: accepting, failure: resource.Failure{Class: resource.Errored, Code: "InternalServiceException"}, want: audit.Incomplete},
		"without a host to ask": {policy: accepting, failure: resource.Failure{Class: resource.Errored, Code: resource.NoSuchHost}, want: audit.Compliant, seen: true},
		"one of two not accepted": {
			policy: accepting, failure: denied, want: audit.Incomplete, seen: true,
			change: func(s *resource.Snapshot) { unread(s, "y", resource.Failure{Class: resource.Throttled}) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			region := "eu-west-1"
			if c.region != "" {
				region = c.region
			}
			snapshot := unread(encrypted(location(home, region, "x", "y")), "x", c.failure)
			if c.change != nil {
				c.change(snapshot)
			}
			s := open(t)
			o := options(s, &estate{snapshots: []*resource.Snapshot{snapshot}}, 1)
			o.Now = func() time.Time { return start(1).AddDate(0, 0, c.day) }
			o.Policy = decode(t, "profile: sop\n"+c.policy)
			o.Controls = []control.ID{control.DevEndpointS3}
			r, err := audit.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict() != c.want || r.Audit.Summary.Unknown == 0 {
				t.Errorf("verdict %d, want %d; %d unknown", r.Verdict(), c.want, r.Audit.Summary.Unknown)
			}
			if seen := advised(t, s, r.Audit.ID, "x"); seen != c.seen {
				t.Errorf("advisory %t, want %t", seen, c.seen)
			}
		})
	}
}

// advised tells whether the unknown finding of a name says that the policy accepts it.
func advised(t *testing.T, s store.AuditReader, id, name string) bool {
	t.Helper()
	found := false
	err := s.EachFinding(t.Context(), id, func(f finding.Finding) error {
		if f.Resource.Name == name || f.Resource.ID == name {
			found = f.Accepted() && f.Status == control.Unknown
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestAcceptedReadsOfKeys has keys that can't be read whole, used in one or two locations.
func TestAcceptedReadsOfKeys(t *testing.T) {
	t.Parallel()
	arn := at(home, "eu-west-1").ARN("kms", "key/k")
	denied := func(operation string) resource.Failure {
		return resource.Failure{Operation: operation, Class: resource.Denied, Code: "AccessDeniedException"}
	}
	whole := resource.Key{
		ARN: arn, ID: "k", State: "Enabled", Usage: "ENCRYPT_DECRYPT", Spec: "SYMMETRIC_DEFAULT", Manager: "CUSTOMER",
		Rotation: resource.Known(true), Policy: resource.Known(`{"Version":"2012-10-17","Statement":[]}`),
	}
	key := func(change func(*resource.Key)) resource.Fact[resource.Key] {
		k := whole
		change(&k)
		return resource.Known(k)
	}
	eu, us := at(home, "eu-west-1"), at(home, "us-east-1")
	for name, c := range map[string]struct {
		key    resource.Fact[resource.Key]
		usedIn []resource.Location
		want   audit.Verdict
	}{
		"not read at all":         {resource.Unknown[resource.Key](denied("kms:DescribeKey")), []resource.Location{eu}, audit.Compliant},
		"used where not accepted": {resource.Unknown[resource.Key](denied("kms:DescribeKey")), []resource.Location{eu, at(other, "eu-west-1")}, audit.Incomplete},
		"its policy not read":     {key(func(k *resource.Key) { k.Policy = resource.Unknown[string](denied("kms:GetKeyPolicy")) }), []resource.Location{eu}, audit.Compliant},
		"policy accepted, rotation not": {key(func(k *resource.Key) {
			k.Policy = resource.Unknown[string](denied("kms:GetKeyPolicy"))
			k.Rotation = resource.Unknown[bool](resource.Failure{Operation: "kms:GetKeyRotationStatus", Class: resource.Throttled})
		}), []resource.Location{eu}, audit.Incomplete},
		"the policy of a key of a closed account": {key(func(k *resource.Key) {
			k.Policy = resource.Unknown[string](resource.Failure{Operation: "kms:GetKeyPolicy", Class: resource.Skipped})
		}), []resource.Location{eu}, audit.Compliant},
		"its policy not read, and it fails": {key(func(k *resource.Key) {
			k.Policy = resource.Unknown[string](denied("kms:GetKeyPolicy"))
		}), []resource.Location{us}, audit.Failing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			o := options(s, &estate{
				snapshots: []*resource.Snapshot{location(home, "eu-west-1")},
				keys:      []resource.KeyUse{{Ref: arn.String(), Key: c.key, UsedIn: c.usedIn}},
			}, 1)
			o.Policy = decode(t, `accepted_unread:
- {account: "`+home+`", region: "*", operation: "kms:*", reason: closed, until: 2026-12-31}
`)
			r, err := audit.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict() != c.want {
				t.Errorf("verdict %d, want %d: %q", r.Verdict(), c.want, statuses(t, s, r.Audit.ID))
			}
		})
	}
}

// TestLimitedAuditsResolveNothingElse stores a failing estate of two regions, audits a part of it that passes, and
// checks what the store takes for resolved.
func TestLimitedAuditsResolveNothingElse(t *testing.T) {
	t.Parallel()
	alias := resource.Unknown[resource.Key](resource.Failure{Operation: "kms:DescribeKey", Class: resource.Denied})
	for name, c := range map[string]struct {
		snapshots []*resource.Snapshot
		change    func(*audit.Options)
		resolved  []string
	}{
		"all, and all gone": {
			[]*resource.Snapshot{location(home, "a"), location(home, "b")},
			nil,
			[]string{"a glue-dev-endpoint-log-encryption", "a glue-dev-endpoint-s3-encryption", "a glue-encryption-key-management", "b glue-dev-endpoint-log-encryption", "b glue-dev-endpoint-s3-encryption"},
		},
		"one region": {
			[]*resource.Snapshot{location(home, "b")},
			func(o *audit.Options) { o.Regions = []string{"b"} },
			[]string{"b glue-dev-endpoint-log-encryption", "b glue-dev-endpoint-s3-encryption"},
		},
		"one control": {
			[]*resource.Snapshot{location(home, "a"), location(home, "b")},
			func(o *audit.Options) { o.Controls = []control.ID{control.DevEndpointS3} },
			[]string{"a glue-dev-endpoint-s3-encryption", "b glue-dev-endpoint-s3-encryption"},
		},
		"one resource": {
			[]*resource.Snapshot{location(home, "a", "other"), location(home, "b")},
			func(o *audit.Options) { o.Resources = []string{"other"} },
			nil,
		},
		"the policy's scope": {
			[]*resource.Snapshot{location(home, "a"), location(home, "b")},
			func(o *audit.Options) { o.Policy.Scope.Regions.Include = append(o.Policy.Scope.Regions.Include, "b") },
			[]string{"b glue-dev-endpoint-log-encryption", "b glue-dev-endpoint-s3-encryption"},
		},
		"an accepted read": {
			[]*resource.Snapshot{unlisted(location(home, "a"), resource.Excluded), location(home, "b")},
			nil,
			[]string{"b glue-dev-endpoint-log-encryption", "b glue-dev-endpoint-s3-encryption"},
		},
		"an unsupported region": {
			[]*resource.Snapshot{unlisted(location(home, "a"), resource.Unsupported), location(home, "b")},
			nil,
			[]string{"b glue-dev-endpoint-log-encryption", "b glue-dev-endpoint-s3-encryption"},
		},
		"an alias that can't be read": {
			[]*resource.Snapshot{{
				Location: at(home, "a"), DevEndpoints: resource.Known([]resource.DevEndpoint(nil)), MLTransforms: resource.Known([]resource.MLTransform(nil)),
				Keys: map[string]resource.Fact[resource.Key]{"alias/glue": alias},
			}, location(home, "b")},
			nil,
			[]string{"a glue-dev-endpoint-log-encryption", "a glue-dev-endpoint-s3-encryption", "b glue-dev-endpoint-log-encryption", "b glue-dev-endpoint-s3-encryption"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			key := at(home, "a").ARN("kms", "key/k")
			first := &estate{
				snapshots: []*resource.Snapshot{location(home, "a", "x"), location(home, "b", "y")},
				keys:      []resource.KeyUse{{Ref: key.String(), Key: resource.Absent[resource.Key](), UsedIn: []resource.Location{at(home, "a")}}},
			}
			r, err := audit.Run(t.Context(), options(s, first, 1))
			if err != nil {
				t.Fatal(err)
			}
			failing := map[string]string{}
			err = s.EachFinding(t.Context(), r.Audit.ID, func(f finding.Finding) error {
				failing[f.Resource.Region+" "+string(f.Control)] = f.ID
				return nil
			})
			if err != nil || len(failing) != 5 {
				t.Fatalf("%v, %v", failing, err)
			}
			o := options(s, &estate{snapshots: c.snapshots}, 2)
			if c.change != nil {
				c.change(&o)
			}
			if _, err := audit.Run(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			var resolved []string
			for what, id := range failing {
				h, err := s.History(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if !h.ResolvedAt.IsZero() {
					resolved = append(resolved, what)
				}
			}
			slices.Sort(resolved)
			if d := cmp.Diff(c.resolved, resolved); d != "" {
				t.Errorf("resolved (-want +got):\n%s", d)
			}
		})
	}
}
