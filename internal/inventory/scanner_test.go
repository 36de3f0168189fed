package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

func TestEmptyLocationCostsTwoCalls(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.regions = []string{"us-east-1", "eu-west-1", "ap-south-1"}
	got := scan(t, f.scanner(t), everything)
	if len(got) != 3 {
		t.Fatalf("%d locations, want 3", len(got))
	}
	want := "account:ListRegions 1\nglue:GetDevEndpoints 3\nglue:GetMLTransforms 3\nsts:GetCallerIdentity 1\n"
	if diff := cmp.Diff(want, f.ops()); diff != "" {
		t.Error(diff)
	}
	for name, s := range got {
		if v, ok := s.DevEndpoints.Value(); !ok || len(v) != 0 {
			t.Errorf("%s: dev endpoints are not known to be none", name)
		}
	}
}

func TestReadsWhatIsNamedOnce(t *testing.T) {
	t.Parallel()
	f := newFake()
	l := f.at(home, "us-east-1")
	key := f.key(home, "us-east-1", "k1")
	f.keys["arn:aws:kms:us-east-1:"+home+":alias/glue"] = f.keys[key]
	for _, name := range []string{"d1", "d2", "d3"} {
		l.endpoint(name, "shared")
	}
	l.endpoint("d4", "gone")
	l.endpoint("d5", "")
	l.transform("t1", key, "shared")
	l.transform("t2", "k1", "")
	l.transform("t3", "alias/glue", "")
	l.configure("shared", key)
	l.configure("unnamed", "")
	l.tags["devEndpoint/d1"] = map[string]string{"team": "data"}

	s := f.scanner(t)
	got := scan(t, s, everything)[home+"/us-east-1"]
	want := "account:ListRegions 1\nglue:GetDevEndpoints 1\nglue:GetMLTransforms 1\nglue:GetSecurityConfiguration 2\n" +
		"kms:DescribeKey 2\nkms:GetKeyPolicy 2\nkms:GetKeyRotationStatus 2\nsts:GetCallerIdentity 1\ntag:GetResources 1\n"
	if diff := cmp.Diff(want, f.ops()); diff != "" {
		t.Error(diff)
	}
	if !got.SecurityConfiguration("gone").IsAbsent() || !got.SecurityConfiguration("shared").IsKnown() {
		t.Error("the dangling configuration must be absent and the other known")
	}
	for _, ref := range []string{key, "k1", "alias/glue"} {
		if k, ok := got.Key(ref).Value(); !ok || k.ARN.String() != key {
			t.Errorf("key %s: %v %v", ref, k.ARN, ok)
		}
	}
	devs, _ := got.DevEndpoints.Value()
	if tags, ok := devs[0].Tags.Value(); !ok || tags["team"] != "data" {
		t.Errorf("d1 tags %v", tags)
	}
	if tags, ok := devs[1].Tags.Value(); !ok || len(tags) != 0 {
		t.Errorf("d2 tags %v %v, want none and known", tags, ok)
	}
	uses := s.KeyUses()
	if len(uses) != 1 || uses[0].Ref != key || len(uses[0].UsedIn) != 1 {
		t.Errorf("key uses %+v", uses)
	}
}

func TestOnlyWhatTheScopeNeeds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scope Scope
		want  string
	}{
		"endpoints": {Scope{DevEndpoints: true}, "glue:GetDevEndpoints 1\nglue:GetSecurityConfiguration 1\n"},
		"transforms": {Scope{MLTransforms: true, Keys: true}, "glue:GetMLTransforms 1\nkms:DescribeKey 1\n" +
			"kms:GetKeyPolicy 1\nkms:GetKeyRotationStatus 1\n"},
		"one endpoint": {
			Scope{DevEndpoints: true, MLTransforms: true, Keys: true, Wanted: func(_, name, _ string) bool { return name == "d" }},
			"glue:GetDevEndpoints 1\nglue:GetMLTransforms 1\nglue:GetSecurityConfiguration 1\n",
		},
		"none of them": {
			Scope{DevEndpoints: true, MLTransforms: true, Keys: true, Tags: true, Wanted: func(string, string, string) bool { return false }},
			"glue:GetDevEndpoints 1\nglue:GetMLTransforms 1\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			l := f.at(home, "us-east-1")
			l.endpoint("d", "c")
			l.configure("c", "")
			l.transform("t", f.key(home, "us-east-1", "k"), "")
			c.scope.Regions = []string{"us-east-1"}
			scan(t, f.scanner(t), c.scope)
			// The first call checks the region's name.
			if diff := cmp.Diff("account:ListRegions 1\n"+c.want+"sts:GetCallerIdentity 1\n", f.ops()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"none", "", "-"} {
		for size := range 8 {
			t.Run(fmt.Sprintf("last=%q size=%d", last, size), func(t *testing.T) {
				t.Parallel()
				f := newFake()
				f.pageSize, f.lastToken = size, last
				f.regions = []string{"us-east-1", "us-east-2", "us-west-1"}
				l := f.at(home, "us-east-1")
				for i := range 12 {
					l.endpoint(fmt.Sprintf("d%02d", i), fmt.Sprintf("c%02d", i))
					l.transform(fmt.Sprintf("t%02d", i), "", "")
					if i < 11 {
						l.configure(fmt.Sprintf("c%02d", i), "")
					}
				}
				got := scan(t, f.scanner(t), everything)
				if len(got) != 3 {
					t.Errorf("%d locations, want 3", len(got))
				}
				s := got[home+"/us-east-1"]
				devs, _ := s.DevEndpoints.Value()
				mls, _ := s.MLTransforms.Value()
				if len(devs) != 12 || len(mls) != 12 {
					t.Errorf("%d endpoints, %d transforms, want 12 of each", len(devs), len(mls))
				}
				if !s.SecurityConfiguration("c10").IsKnown() || !s.SecurityConfiguration("c11").IsAbsent() {
					t.Error("c10 must be known and c11 absent")
				}
				if n := f.count(fakeCall{op: opConfiguration}); n != 0 {
					t.Errorf("%d configurations read one by one, want the list", n)
				}
			})
		}
	}
}

func TestTokensInACircleEnd(t *testing.T) {
	t.Parallel()
	a, b := "a", "b"
	n, err := pages(func(token *string) (*string, error) {
		if token != nil && *token == a {
			return &b, nil
		}
		return &a, nil
	})
	if n != 3 || err != nil {
		t.Errorf("%d pages, %v", n, err)
	}
}

// TestFailuresStayWhereTheyAre refuses one operation at a time, for good, and checks that only what depended on it is
// unknown and that coverage says so.
func TestFailuresStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	classes := map[resource.FailureClass]error{
		resource.Denied:      apiErr("AccessDeniedException", "no"),
		resource.Unsupported: apiErr("InvalidInputException", "Operation is not supported in <x> region"),
		resource.Throttled:   apiErr("ThrottlingException", "Rate exceeded"),
		resource.Errored:     apiErr("InternalServiceException", "boom"),
	}
	ops := []string{opDevEndpoints, opMLTransforms, opConfiguration, opResources, opDescribeKey, opRotation, opKeyPolicy}
	for class, refusal := range classes {
		for _, op := range ops {
			t.Run(fmt.Sprintf("%s/%s", class, op), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f := newFake()
					key := f.key(home, "us-east-1", "k1")
					l := f.at(home, "us-east-1")
					l.endpoint("d1", "c1")
					l.configure("c1", "")
					l.transform("t1", key, "")
					f.fail = func(c fakeCall) error {
						if c.op == op {
							return refusal
						}
						return nil
					}
					s := scan(t, f.scanner(t), everything)[home+"/us-east-1"]
					checkOnly(t, s, op, class, key)
				})
			})
		}
	}
}

func checkOnly(t *testing.T, s *resource.Snapshot, op string, class resource.FailureClass, key string) {
	t.Helper()
	devs, _ := s.DevEndpoints.Value()
	mls, _ := s.MLTransforms.Value()
	known := map[string]bool{opDevEndpoints: s.DevEndpoints.IsKnown(), opMLTransforms: s.MLTransforms.IsKnown()}
	if len(devs) == 1 {
		known[opConfiguration] = s.SecurityConfiguration("c1").IsKnown()
		known[opResources] = devs[0].Tags.IsKnown()
	}
	if len(mls) == 1 {
		k, ok := s.Key(key).Value()
		known[opDescribeKey] = ok
		if ok {
			known[opRotation], known[opKeyPolicy] = k.Rotation.IsKnown(), k.Policy.IsKnown()
		}
	}
	for what, ok := range known {
		if ok == (what == op) {
			t.Errorf("%s: known %v when %s fails", what, ok, op)
		}
	}
	for _, c := range s.Coverage {
		want := resource.CoverageOK
		if c.Operation == op {
			want = string(class)
		}
		if c.Status != want {
			t.Errorf("coverage %s: %s %s, want %s", c.Operation, c.Status, c.Message, want)
		}
	}
	if !strings.Contains(fmt.Sprint(s.Coverage), op) {
		t.Errorf("no coverage of %s", op)
	}
}

func TestAFailedPageMakesTheListingUnknown(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.pageSize = 2
	l := f.at(home, "us-east-1")
	for i := range 6 {
		l.endpoint(fmt.Sprint("d", i), "")
	}
	f.fail = func(c fakeCall) error {
		if c.op == opDevEndpoints && c.what == "4" {
			return apiErr("AccessDeniedException", "no")
		}
		return nil
	}
	s := scan(t, f.scanner(t), everything)[home+"/us-east-1"]
	if !s.DevEndpoints.IsUnknown() {
		t.Error("a part was taken for the whole")
	}
	want := resource.Coverage{
		Account: home, Region: "us-east-1", Operation: opDevEndpoints, Status: "denied", Items: 4, Pages: 2,
		ErrorCode: "AccessDeniedException", Message: "no",
	}
	if diff := cmp.Diff(want, s.Coverage[0]); diff != "" {
		t.Error(diff)
	}
}

func TestConfigurationListRefusedReadsEach(t *testing.T) {
	t.Parallel()
	f := newFake()
	l := f.at(home, "us-east-1")
	for i := range listFrom {
		l.endpoint(fmt.Sprint("d", i), fmt.Sprint("c", i))
		l.configure(fmt.Sprint("c", i), "")
	}
	f.fail = func(c fakeCall) error {
		if c.op == opConfigurations {
			return apiErr("AccessDeniedException", "no")
		}
		return nil
	}
	s := scan(t, f.scanner(t), everything)[home+"/us-east-1"]
	for name, fact := range s.SecurityConfigurations {
		if !fact.IsKnown() {
			t.Errorf("%s is not known", name)
		}
	}
	for _, c := range s.Coverage {
		if c.Status != resource.CoverageOK {
			t.Errorf("coverage %+v", c)
		}
	}
}

func organization(f *fakeAWS, states ...string) []string {
	var ids []string
	for i, state := range states {
		id := fmt.Sprintf("%012d", 111111111111+i)
		f.members = append(f.members, map[string]string{"Id": id, "State": state})
		ids = append(ids, id)
	}
	return ids
}

func TestOrganization(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.regions = []string{"eu-west-1", "us-east-1"}
	f.pageSize = 2
	ids := organization(f, "ACTIVE", "ACTIVE", "SUSPENDED", "ACTIVE", "PENDING_CLOSURE")
	f.closed[ids[3]] = "AccessDenied"
	scope := everything
	scope.Organization = true
	s := f.scanner(t)
	got := scan(t, s, scope)
	if len(got) != 7 {
		t.Errorf("%d snapshots, want 2 accounts in 2 regions and 3 that can't be read", len(got))
	}
	for id, want := range map[string]resource.Coverage{
		ids[2]: {Operation: opListAccounts, Status: "skipped", Message: "the account's state is SUSPENDED"},
		ids[3]: {Operation: opAssumeRole, Status: "denied", ErrorCode: "AccessDenied", Message: "not authorized"},
		ids[4]: {Operation: opListAccounts, Status: "skipped", Message: "the account's state is PENDING_CLOSURE"},
	} {
		want.Account = id
		snapshot := got[id+"/"]
		if snapshot == nil {
			t.Errorf("%s is missing", id)
			continue
		}
		if !snapshot.DevEndpoints.IsUnknown() || !snapshot.MLTransforms.IsUnknown() {
			t.Errorf("%s: listings must be unknown", id)
		}
		if diff := cmp.Diff([]resource.Coverage{want}, snapshot.Coverage); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	if n := f.count(fakeCall{op: opAssumeRole}); n != 2 {
		t.Errorf("%d roles assumed, want 2: not in the caller's own account", n)
	}
	p := s.Progress()
	if p.LocationsDone != 7 || p.LocationsTotal != 7 {
		t.Errorf("progress %+v", p)
	}
}

func TestOrganizationThatCannotBeListed(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.fail = func(c fakeCall) error {
		if c.op == opListAccounts {
			return apiErr("AccessDeniedException", "no")
		}
		return nil
	}
	scope := everything
	scope.Organization = true
	got := scan(t, f.scanner(t), scope)
	if len(got) != 2 || got[home+"/us-east-1"] == nil || got[home+"/"] == nil {
		t.Fatalf("got %v, want the caller's own account and one unknown", got)
	}
	if c := got[home+"/"].Coverage[0]; c.Operation != opListAccounts || c.Status != "denied" {
		t.Errorf("coverage %+v", c)
	}
}

func TestNamedAccountsAndRegions(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.closed["333333333333"] = "AccessDenied"
	f.regions = []string{"us-east-1", "us-west-2", "eu-west-1"}
	scope := everything
	scope.Accounts = []string{"222222222222", "333333333333", "222222222222"}
	scope.Regions = []string{"us-west-2", "eu-west-1"}
	got := scan(t, f.scanner(t), scope)
	if len(got) != 4 || f.count(fakeCall{op: opListRegions}) != 1 {
		t.Errorf("got %d snapshots, and regions listed %d times", len(got), f.count(fakeCall{op: opListRegions}))
	}
	for _, region := range scope.Regions {
		if s := got["333333333333/"+region]; s == nil || s.Coverage[0].Operation != opAssumeRole {
			t.Errorf("%s: %+v", region, s)
		}
	}
	missing := scan(t, f.scanner(t, func(o *awsapi.Options) { o.Role = "" }), scope)
	if c := missing["222222222222/eu-west-1"].Coverage[0]; c.Status != "error" || !strings.Contains(c.Message, "name the role") {
		t.Errorf("without a role: %+v", c)
	}
}

func TestRegionsFallBackToEC2(t *testing.T) {
	t.Parallel()
	for name, denied := range map[string][]string{"one denied": {opListRegions}, "both denied": {opListRegions, "ec2:DescribeRegions"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			f.fail = func(c fakeCall) error {
				for _, op := range denied {
					if c.op == op {
						return apiErr("AccessDeniedException", "no")
					}
				}
				return nil
			}
			got := scan(t, f.scanner(t), everything)
			if len(denied) == 1 {
				if s := got[home+"/us-east-1"]; s == nil || !s.DevEndpoints.IsKnown() {
					t.Errorf("got %v", got)
				}
				return
			}
			if c := got[home+"/"].Coverage; len(c) != 1 || c[0].Operation != opListRegions || c[0].Status != "denied" {
				t.Errorf("coverage %+v", c)
			}
		})
	}
}

func TestKeysOfOtherAccounts(t *testing.T) {
	t.Parallel()
	f := newFake()
	ids := organization(f, "ACTIVE", "ACTIVE", "ACTIVE")
	f.closed[ids[2]] = "AccessDenied"
	inEstate := f.key(ids[1], "us-east-1", "in")
	closed := f.key(ids[2], "us-east-1", "closed")
	outside := f.key("999999999999", "us-east-1", "out")
	for _, id := range ids[:2] {
		for _, key := range []string{inEstate, closed, outside} {
			f.at(id, "us-east-1").transform("t-"+key, key, "")
		}
	}
	scope := everything
	scope.Organization = true
	s := f.scanner(t)
	got := scan(t, s, scope)[home+"/us-east-1"]
	if k, ok := got.Key(inEstate).Value(); !ok || !k.Policy.IsKnown() {
		t.Error("a key in the estate must be read through its own account, policy too")
	}
	if n := f.count(fakeCall{op: opDescribeKey, what: inEstate}); n != 1 {
		t.Errorf("%d reads of one key", n)
	}
	for _, arn := range []string{closed, outside} {
		k, ok := got.Key(arn).Value()
		if !ok || !k.Rotation.IsKnown() || !k.Policy.IsUnknown() {
			t.Errorf("%s: known %v, rotation %v, policy %v", arn, ok, k.Rotation.IsKnown(), k.Policy.IsUnknown())
		}
	}
	if uses := s.KeyUses(); len(uses) != 3 || len(uses[0].UsedIn) != 2 {
		t.Errorf("uses %+v", uses)
	}
}

func TestPredefinedAliasIsNeverAskedFor(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.at(home, "us-east-1").transform("t", "alias/aws/glue", "")
	f.at(home, "us-east-1").transform("u", "arn:aws:s3:::x", "")
	got := scan(t, f.scanner(t), everything)[home+"/us-east-1"]
	if k, ok := got.Key("alias/aws/glue").Value(); !ok || !k.AWSManaged() {
		t.Errorf("%+v %v", k, ok)
	}
	if !got.Key("arn:aws:s3:::x").IsUnknown() {
		t.Error("not a key reference: must be unknown")
	}
	if n := f.count(fakeCall{op: opDescribeKey}); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestInterruption(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.latency = 10 * time.Second
		f.regions = []string{"us-east-1", "us-east-2"}
		organization(f, make([]string, 300)...)
		for i := range f.members {
			f.members[i]["State"] = "ACTIVE"
		}
		scope := everything
		scope.Organization = true
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(35*time.Second, cancel)
		started := time.Now()
		got, err := scanCtx(ctx, f.scanner(t), scope)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("err %v", err)
		}
		if d := time.Since(started); d > 36*time.Second {
			t.Errorf("stopped %v after the interruption", d-35*time.Second)
		}
		seen := map[string]bool{}
		for name, s := range got {
			seen[s.Location.Account] = true
			if s.DevEndpoints.IsUnknown() && s.DevEndpoints.Failure().Class != resource.Interrupted {
				t.Errorf("%s: %v", name, s.DevEndpoints.Failure())
			}
		}
		if len(seen) != 300 {
			t.Errorf("%d accounts reported, want all 300", len(seen))
		}
	})
}

func TestEmitErrorEndsTheScan(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.regions = []string{"us-east-1", "us-east-2", "us-west-1"}
	full, calls := errors.New("disk full"), 0
	err := f.scanner(t).Scan(t.Context(), everything, func(*resource.Snapshot) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("%v after %d emits", err, calls)
	}
}

func TestCredentialsError(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.fail = func(fakeCall) error { return apiErr("ExpiredToken", "expired") }
	_, err := scanCtx(t.Context(), f.scanner(t), everything)
	var credentials *awsapi.CredentialsError
	if !errors.As(err, &credentials) || credentials.Code != "ExpiredToken" || credentials.Operation != "sts:GetCallerIdentity" {
		t.Errorf("err %v", err)
	}
}
