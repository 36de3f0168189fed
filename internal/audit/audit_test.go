package audit_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

const home, other = "111122223333", "444455556666"

// estate is a Scanner over snapshots in memory.
type estate struct {
	snapshots []*resource.Snapshot
	keys      []resource.KeyUse
	err       error // what Scan ends with
	interrupt context.CancelFunc
	scope     inventory.Scope // as Scan was given
}

func (e *estate) Scan(ctx context.Context, scope inventory.Scope, emit func(*resource.Snapshot) error) error {
	e.scope = scope
	for _, s := range e.snapshots {
		if err := emit(s); err != nil {
			return err
		}
	}
	if e.interrupt != nil {
		e.interrupt()
		return context.Cause(ctx)
	}
	return e.err
}

func (e *estate) KeyUses() []resource.KeyUse { return e.keys }

func (e *estate) Progress() audit.Progress { return audit.Progress{Calls: 42} }

func at(account, region string) resource.Location {
	return resource.Location{Partition: "aws", Account: account, Region: region}
}

// location is a snapshot with these endpoints, all without a security configuration, and no transforms.
func location(account, region string, endpoints ...string) *resource.Snapshot {
	l := at(account, region)
	var list []resource.DevEndpoint
	for _, name := range endpoints {
		list = append(list, resource.DevEndpoint{Name: name, ARN: l.ARN("glue", "devEndpoint/"+name), Status: "READY", GlueVersion: "1.0"})
	}
	s := &resource.Snapshot{
		Location: l, DevEndpoints: resource.Known(list), MLTransforms: resource.Known([]resource.MLTransform(nil)),
		SecurityConfigurations: map[string]resource.Fact[resource.SecurityConfiguration]{},
	}
	for _, op := range []string{"glue:GetDevEndpoints", "glue:GetMLTransforms"} {
		s.Coverage = append(s.Coverage, resource.Coverage{Account: account, Region: region, Operation: op, Status: resource.CoverageOK, Pages: 1})
	}
	return s
}

// encrypted gives all endpoints a configuration that encrypts.
func encrypted(s *resource.Snapshot) *resource.Snapshot {
	list, _ := s.DevEndpoints.Value()
	for i := range list {
		list[i].SecurityConfiguration = "sc"
	}
	s.SecurityConfigurations["sc"] = resource.Known(resource.SecurityConfiguration{
		Name: "sc", S3: []resource.Encryption{{Mode: resource.ModeSSES3}}, CloudWatch: &resource.Encryption{Mode: resource.ModeSSEKMS},
	})
	return s
}

// unlisted makes the listing of endpoints fail.
func unlisted(s *resource.Snapshot, class resource.FailureClass) *resource.Snapshot {
	f := resource.Failure{Operation: "glue:GetDevEndpoints", Class: class, Code: "AccessDeniedException", Message: "no"}
	s.DevEndpoints = resource.Unknown[[]resource.DevEndpoint](f)
	s.Coverage[0].Status, s.Coverage[0].ErrorCode, s.Coverage[0].Message = string(class), f.Code, f.Message
	return s
}

func open(t testing.TB) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func start(n int) time.Time { return time.Date(2026, 11, 23, n, 0, 0, 0, time.UTC) }

func options(s store.AuditWriter, e *estate, n int) audit.Options {
	return audit.Options{
		Scanner: e, Store: s, Policy: policy.Default(policy.SOP),
		Now: func() time.Time { return start(n) }, NewID: func() string { return "audit-" + start(n).Format("15") },
	}
}

func statuses(t *testing.T, s store.AuditReader, id string) []string {
	t.Helper()
	var got []string
	err := s.EachFinding(t.Context(), id, func(f finding.Finding) error {
		got = append(got, strings.Join([]string{f.Resource.Account, f.Resource.Region, f.Resource.Name, string(f.Status)}, " "))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	onlyS3 := []control.ID{control.DevEndpointS3}
	for name, c := range map[string]struct {
		snapshots []*resource.Snapshot
		want      audit.Verdict
		summary   store.Summary
	}{
		"nothing there": {
			[]*resource.Snapshot{location(home, "a")}, audit.Compliant, store.Summary{Locations: 1, APICalls: 42},
		},
		"all encrypted": {
			[]*resource.Snapshot{encrypted(location(home, "a", "x", "y"))},
			audit.Compliant,
			store.Summary{Pass: 2, Locations: 1, APICalls: 42},
		},
		"one fails": {
			[]*resource.Snapshot{encrypted(location(home, "a", "x")), location(home, "b", "y")},
			audit.Failing,
			store.Summary{Pass: 1, Fail: 1, Locations: 2, APICalls: 42},
		},
		"one listing denied": {
			[]*resource.Snapshot{encrypted(location(home, "a", "x")), unlisted(location(home, "b"), resource.Denied)},
			audit.Incomplete,
			store.Summary{Pass: 1, Unknown: 1, Locations: 2, APICalls: 42},
		},
		"one denied, one fails": {
			[]*resource.Snapshot{location(home, "a", "x"), unlisted(location(home, "b"), resource.Denied)},
			audit.Failing,
			store.Summary{Fail: 1, Unknown: 1, Locations: 2, APICalls: 42},
		},
		"an unsupported region": {
			[]*resource.Snapshot{unlisted(location(home, "b"), resource.Unsupported)},
			audit.Compliant,
			store.Summary{Locations: 1, APICalls: 42},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			o := options(s, &estate{snapshots: c.snapshots}, 1)
			o.Controls = onlyS3
			r, err := audit.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict() != c.want {
				t.Errorf("verdict %d, want %d", r.Verdict(), c.want)
			}
			if d := cmp.Diff(c.summary, r.Audit.Summary); d != "" {
				t.Errorf("summary (-want +got):\n%s", d)
			}
			stored, err := s.Audit(t.Context(), "latest")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(r.Audit, stored); d != "" {
				t.Errorf("stored (-result +stored):\n%s", d)
			}
		})
	}
}

func TestInterruptedKeepsWhatWasRead(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	e := &estate{snapshots: []*resource.Snapshot{location(home, "a", "x"), unlisted(location(home, "b"), resource.Interrupted)}, interrupt: cancel}
	r, err := audit.Run(ctx, options(s, e, 1))
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict() != audit.Interrupted {
		t.Errorf("verdict %d, want interrupted", r.Verdict())
	}
	if got := statuses(t, s, r.Audit.ID); !slices.Contains(got, home+" a x fail") {
		t.Errorf("findings: %q", got)
	}
}

func TestScanErrorLeavesNoTrace(t *testing.T) {
	t.Parallel()
	s := open(t)
	refused := errors.New("no credentials")
	_, err := audit.Run(t.Context(), options(s, &estate{err: refused}, 1))
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Audit(t.Context(), "audit-01"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the store: %v, want ErrNotFound", err)
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	arn := at(home, "a").ARN("glue", "devEndpoint/x").String()
	for name, c := range map[string]struct {
		resources []string
		snapshots []*resource.Snapshot
		want      []string // findings of the S3 control
		wrong     string   // text of the error
	}{
		"by ARN": {
			[]string{arn},
			[]*resource.Snapshot{location(home, "a", "x", "y"), location(home, "b", "x")},
			[]string{home + " a x fail"},
			"",
		},
		"by name": {
			[]string{"y"},
			[]*resource.Snapshot{location(home, "a", "x", "y"), location(home, "b", "x")},
			[]string{home + " a y fail"},
			"",
		},
		"two": {
			[]string{"y", arn},
			[]*resource.Snapshot{location(home, "a", "x", "y")},
			[]string{home + " a x fail", home + " a y fail"},
			"",
		},
		"a name that is not there": {
			[]string{"z"}, []*resource.Snapshot{location(home, "a", "x")}, nil, `resource "z" was not found`,
		},
		"a name that two have": {
			[]string{"x"},
			[]*resource.Snapshot{location(home, "a", "x"), location(home, "b", "x")},
			nil,
			`resource "x" is ambiguous: name one of arn:aws:glue:a:` + home + `:devEndpoint/x, arn:aws:glue:b`,
		},
		"perhaps in what could not be listed": {
			[]string{"z"},
			[]*resource.Snapshot{location(home, "a", "x"), unlisted(location(home, "b"), resource.Denied)},
			[]string{home + " b  unknown"},
			"",
		},
		"an ARN is not in another location's listing": {
			[]string{arn}, []*resource.Snapshot{unlisted(location(home, "b"), resource.Denied)}, nil, "was not found",
		},
		"not an ARN after all": {[]string{"arn:aws"}, nil, nil, "not an ARN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			o := options(s, &estate{snapshots: c.snapshots}, 1)
			o.Resources, o.Controls = c.resources, []control.ID{control.DevEndpointS3}
			r, err := audit.Run(t.Context(), o)
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Fatalf("got %v, want %q", err, c.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, statuses(t, s, r.Audit.ID)); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
}

func TestScopeOfTheScan(t *testing.T) {
	t.Parallel()
	arn := at(other, "b").ARN("glue", "devEndpoint/x").String()
	for name, c := range map[string]struct {
		change func(*audit.Options)
		want   inventory.Scope
		only   string // of the endpoints x and y and the transform tfm-1, those that are looked into; "": all
	}{
		"all": {
			func(*audit.Options) {},
			inventory.Scope{DevEndpoints: true, MLTransforms: true, Keys: true, Tags: true},
			"",
		},
		"transforms only": {
			func(o *audit.Options) { o.Controls = []control.ID{control.MLTransform} },
			inventory.Scope{MLTransforms: true, Keys: true, Tags: true},
			"",
		},
		"an ARN narrows it": {
			func(o *audit.Options) {
				o.Resources, o.Controls = []string{arn}, []control.ID{control.DevEndpointS3}
			},
			inventory.Scope{Accounts: []string{other}, Regions: []string{"b"}, DevEndpoints: true, Keys: true, Tags: true},
			"x",
		},
		"a name does not": {
			func(o *audit.Options) {
				o.Resources, o.Controls = []string{arn, "y"}, []control.ID{control.DevEndpointS3}
			},
			inventory.Scope{DevEndpoints: true, Keys: true, Tags: true},
			"xy",
		},
		"the id of a transform": {
			func(o *audit.Options) { o.Resources = []string{"tfm-1"} },
			inventory.Scope{DevEndpoints: true, MLTransforms: true, Keys: true, Tags: true},
			"t",
		},
		"any may use a key": {
			func(o *audit.Options) {
				o.Resources = []string{at(other, "b").ARN("kms", "key/k").String()}
			},
			inventory.Scope{Accounts: []string{other}, DevEndpoints: true, MLTransforms: true, Keys: true, Tags: true},
			"",
		},
		"any may use a key that is named by its id": {
			func(o *audit.Options) {
				o.Resources = []string{"x", "1384a413-0168-48ff-9c9e-8c36ef7ce0c3", "mrk-7f5ab5ff"}
			},
			inventory.Scope{DevEndpoints: true, MLTransforms: true, Keys: true, Tags: true},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &estate{snapshots: []*resource.Snapshot{location(other, "b", "x")}}
			o := options(open(t), e, 1)
			c.change(&o)
			_, err := audit.Run(t.Context(), o)
			var missing *audit.ResourceError
			if err != nil && !errors.As(err, &missing) {
				t.Fatal(err)
			}
			only := ""
			if wanted := e.scope.Wanted; wanted != nil {
				for text, is := range map[string]bool{
					"x": wanted(arn, "x", "x"), "y": wanted(strings.TrimSuffix(arn, "x")+"y", "y", "y"), "t": wanted("arn:t", "name", "tfm-1"),
				} {
					if is {
						only += text
					}
				}
				sorted := []byte(only)
				slices.Sort(sorted)
				only = string(sorted)
			}
			if only != c.only {
				t.Errorf("looked into: %q, want %q", only, c.only)
			}
			e.scope.Wanted = nil
			if d := cmp.Diff(c.want, e.scope); d != "" {
				t.Errorf("scope (-want +got):\n%s", d)
			}
		})
	}
}

func decode(t *testing.T, text string) policy.Policy {
	t.Helper()
	p, err := policy.Decode("glueguard.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPolicyScope(t *testing.T) {
	t.Parallel()
	s := open(t)
	o := options(s, &estate{snapshots: []*resource.Snapshot{
		location(home, "eu-west-1", "x"), location(home, "us-east-1", "y"), location(other, "eu-west-1", "z"),
	}}, 1)
	o.Policy = decode(t, "scope:\n  accounts:\n    exclude: [\""+other+"\"]\n  regions:\n    include: [eu-*]\n  controls: [glue-dev-endpoint-s3-encryption]\n")
	r, err := audit.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{home + " eu-west-1 x fail"}, statuses(t, s, r.Audit.ID)); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	for name, change := range map[string]func(*audit.Options){
		"account": func(o *audit.Options) { o.Accounts = []string{other} },
		"region":  func(o *audit.Options) { o.Regions = []string{"us-east-1"} },
		"control": func(o *audit.Options) { o.Controls = []control.ID{control.MLTransform} },
	} {
		asked := o
		change(&asked)
		var outside *audit.ScopeError
		if _, err := audit.Run(t.Context(), asked); !errors.As(err, &outside) {
			t.Errorf("%s: %v, want *ScopeError", name, err)
		}
	}
}

func TestAcceptedUnread(t *testing.T) {
	t.Parallel()
	s := open(t)
	o := options(s, &estate{snapshots: []*resource.Snapshot{
		unlisted(location(home, "eu-west-1"), resource.Denied), unlisted(location(home, "us-east-1"), resource.Throttled),
	}}, 1)
	o.Policy = decode(t, `accepted_unread:
- {account: "*", region: "*", operation: "glue:GetDevEndpoints", reason: closed, until: 2026-12-31}
`)
	o.Controls = []control.ID{control.DevEndpointS3}
	r, err := audit.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Unread != 1 || r.Audit.Summary.Unknown != 1 {
		t.Errorf("%d unread, %d unknown: want one each, the throttled one", r.Unread, r.Audit.Summary.Unknown)
	}
	var got []string
	err = s.EachCoverage(t.Context(), r.Audit.ID, func(c resource.Coverage) error {
		if c.Status != resource.CoverageOK {
			got = append(got, c.Region+" "+c.Status+" "+c.Message)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"eu-west-1 excluded closed", "us-east-1 throttled no"}, got); d != "" {
		t.Errorf("coverage (-want +got):\n%s", d)
	}
}

// TestHistory follows findings over audits: what makes them resolved is the audit's to say.
func TestHistory(t *testing.T) {
	t.Parallel()
	key := at(home, "a").ARN("kms", "key/k")
	use := func(state string, in ...resource.Location) []resource.KeyUse {
		return []resource.KeyUse{{Ref: key.String(), UsedIn: in, Key: resource.Known(resource.Key{
			ARN: key, ID: "k", State: state, Usage: "ENCRYPT_DECRYPT", Spec: "SYMMETRIC_DEFAULT", Manager: "CUSTOMER",
			Rotation: resource.Known(true), Policy: resource.Known(`{"Version":"2012-10-17","Statement":[]}`),
		})}}
	}
	both := []resource.Location{at(home, "a"), at(other, "a")}
	for name, c := range map[string]struct {
		second   estate
		change   func(*audit.Options)
		endpoint bool // resolved by the second audit
		key      bool
	}{
		"gone everywhere": {
			estate{snapshots: []*resource.Snapshot{location(home, "a"), location(other, "a")}}, nil, true, true,
		},
		"its listing denied": {
			estate{snapshots: []*resource.Snapshot{unlisted(location(home, "a"), resource.Denied), location(other, "a")}}, nil, false, false,
		},
		"the other user of the key was not read": {
			estate{snapshots: []*resource.Snapshot{location(home, "a")}}, nil, true, false,
		},
		"another control only": {
			estate{snapshots: []*resource.Snapshot{location(home, "a"), location(other, "a")}},
			func(o *audit.Options) { o.Controls = []control.ID{control.MLTransform} }, false, false,
		},
		"another resource only": {
			estate{snapshots: []*resource.Snapshot{location(home, "a", "y"), location(other, "a")}},
			func(o *audit.Options) { o.Resources = []string{"y"} }, false, false,
		},
		"both repaired": {
			estate{snapshots: []*resource.Snapshot{encrypted(location(home, "a", "x")), location(other, "a")}, keys: use("Enabled", both...)},
			nil, true, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			first := &estate{snapshots: []*resource.Snapshot{location(home, "a", "x"), location(other, "a")}, keys: use("Disabled", both...)}
			r, err := audit.Run(t.Context(), options(s, first, 1))
			if err != nil {
				t.Fatal(err)
			}
			ids := map[control.ID]string{}
			err = s.EachFinding(t.Context(), r.Audit.ID, func(f finding.Finding) error { ids[f.Control] = f.ID; return nil })
			if err != nil {
				t.Fatal(err)
			}
			o := options(s, &c.second, 2)
			if c.change != nil {
				c.change(&o)
			}
			if _, err := audit.Run(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			for id, want := range map[control.ID]bool{control.DevEndpointS3: c.endpoint, control.KeyManagement: c.key} {
				h, err := s.History(t.Context(), ids[id])
				if err != nil {
					t.Fatal(err)
				}
				if got := h.ResolvedAt.Equal(start(2)); got != want {
					t.Errorf("%s: resolved %t, want %t (%+v)", id, got, want, h)
				}
			}
		})
	}
}

// TestKeptOriginals: what a change keeps as its way back is judged as ever, and says so.
func TestKeptOriginals(t *testing.T) {
	t.Parallel()
	s := open(t)
	going := location(home, "a", "kept", "fresh", "going")
	list, _ := going.DevEndpoints.Value()
	list[2].Status = "TERMINATING"
	o := options(s, &estate{snapshots: []*resource.Snapshot{going}}, 1)
	o.Controls = []control.ID{control.DevEndpointS3}
	o.Kept = map[string]string{list[0].ARN.String(): "change-1", list[2].ARN.String(): "change-2", "arn:aws:glue:a:other:devEndpoint/gone": "change-3"}
	r, err := audit.Run(t.Context(), o)
	if err != nil || r.Verdict() != audit.Failing {
		t.Fatalf("verdict %v, error %v: keeping an original does not make it compliant", r.Verdict(), err)
	}
	got := map[string]string{}
	err = s.EachFinding(t.Context(), r.Audit.ID, func(f finding.Finding) error {
		got[f.Resource.Name] = string(f.Status)
		for _, a := range f.Advisories {
			if a.Code == control.AwaitingFinalize {
				got[f.Resource.Name] += ": " + a.Message
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"kept":  "fail: the change change-1 has replaced it and keeps it as its way back; retire it with: glueguard finalize change-1",
		"fresh": "fail", "going": "not_applicable",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
}
