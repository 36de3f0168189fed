package propose_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/preflight"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

const (
	account = "111122223333"
	roleARN = "arn:aws:iam::111122223333:role/glue"
	keyID   = "1234abcd-12ab-34cd-56ef-1234567890ab"
	keyARN  = "arn:aws:kms:eu-west-1:111122223333:key/" + keyID
	trust   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	allowed = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

func now() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

func in(region string) resource.Location {
	return resource.Location{Partition: "aws", Account: account, Region: region}
}

// world is an Inspector and a Store in memory.
type world struct {
	audit    store.Audit
	findings []finding.Finding
	coverage []resource.Coverage
	changes  []*change.Change
	around   map[string]resource.Surroundings // by name or id
	keys     map[string]resource.Fact[resource.KeyDetail]

	targets []inventory.Target // as Inspect was last given
	asked   []plan.Permission
	saved   map[string][]byte
}

func newWorld() *world {
	w := &world{
		audit:  store.Audit{ID: "a1", StartedAt: now(), FinishedAt: now()},
		around: map[string]resource.Surroundings{}, keys: map[string]resource.Fact[resource.KeyDetail]{}, saved: map[string][]byte{},
	}
	w.keys["alias/glue"] = resource.Known(keyDetail(plan.KeyPolicy(in("eu-west-1"), roleARN)))
	w.keys[keyARN] = w.keys["alias/glue"]
	return w
}

func keyDetail(keyPolicy string) resource.KeyDetail {
	return resource.KeyDetail{
		Key: resource.Key{
			ARN: in("eu-west-1").ARN("kms", "key/"+keyID), ID: keyID, State: "Enabled", Usage: "ENCRYPT_DECRYPT", Spec: "SYMMETRIC_DEFAULT",
			Manager: "CUSTOMER", Policy: resource.Known(keyPolicy),
		},
		Ref: "alias/glue", Grants: resource.Known([]resource.KeyGrant(nil)),
	}
}

func (w *world) Inspect(ctx context.Context, targets []inventory.Target) ([]resource.Surroundings, error) {
	w.targets = targets
	var all []resource.Surroundings
	for _, t := range targets {
		s, ok := w.around[t.Name+t.ID]
		if !ok {
			s = resource.Surroundings{Location: t.Location, Endpoint: resource.Absent[resource.EndpointDetail](), Transform: resource.Absent[resource.TransformDetail]()}
		}
		switch fact, ok := w.keys[t.Key]; {
		case t.Key == "":
			s.WantedKey = resource.Known(resource.KeyDetail{})
		case ok:
			s.WantedKey = fact
		default:
			s.WantedKey = resource.Absent[resource.KeyDetail]()
		}
		all = append(all, s)
	}
	return all, ctx.Err()
}

func (w *world) Simulate(ctx context.Context, _ resource.Location, permissions []plan.Permission) (map[plan.Permission]resource.Fact[string], error) {
	w.asked = append(w.asked, permissions...)
	all := map[plan.Permission]resource.Fact[string]{}
	for _, p := range permissions {
		all[p] = resource.Known(string(preflight.Allowed))
	}
	return all, ctx.Err()
}

func (w *world) Audit(_ context.Context, id string) (store.Audit, error) {
	if id != w.audit.ID && id != "latest" {
		return store.Audit{}, store.ErrNotFound
	}
	return w.audit, nil
}

func (w *world) EachCoverage(_ context.Context, _ string, yield func(resource.Coverage) error) error {
	return each(w.coverage, yield)
}

func (w *world) EachFinding(_ context.Context, _ string, yield func(finding.Finding) error) error {
	return each(w.findings, yield)
}

func (w *world) EachChange(_ context.Context, _ store.ChangeFilter, yield func(*change.Change) error) error {
	return each(w.changes, yield)
}

func each[T any](all []T, yield func(T) error) error {
	for _, v := range all {
		if err := yield(v); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) SavePlan(_ context.Context, digest string, _ time.Time, document []byte) error {
	w.saved[digest] = document
	return nil
}

// endpoint adds a dev endpoint without a security configuration to the world, with its findings.
func (w *world) endpoint(name string, statuses map[control.ID]control.Status, alter ...func(*resource.Surroundings, *resource.EndpointDetail)) {
	l := in("eu-west-1")
	d := resource.EndpointDetail{
		Definition: resource.EndpointDefinition{Name: name, RoleARN: roleARN, NumberOfNodes: 2, GlueVersion: "1.0", Tags: map[string]string{"team": "data"}},
		ARN:        l.ARN("glue", "devEndpoint/"+name).String(), Status: "READY", CreatedAt: now().Add(-time.Hour),
	}
	s := resource.Surroundings{
		Location: l, Transform: resource.Absent[resource.TransformDetail](), Caller: resource.Known("arn:aws:iam::111122223333:role/repair"),
		Configuration: resource.Known(resource.SecurityConfiguration{}), Stack: resource.Absent[string](),
		Role:   resource.Known(resource.Role{ARN: roleARN, TrustPolicy: trust, Policies: resource.Known([]string{allowed}), Boundary: resource.Absent[string]()}),
		Subnet: resource.Absent[resource.Subnet](), ElasticIP: resource.Absent[string](), LastUsed: resource.Absent[time.Time](),
		Endpoints:  resource.Known(resource.Quota{Limit: resource.Known(25), Used: 3}),
		Dependents: resource.Known([]resource.Dependent(nil)), Labels: resource.Known(resource.Bucket{}), Proof: resource.Known(resource.Bucket{}),
	}
	for _, a := range alter {
		a(&s, &d)
	}
	if s.Endpoint.IsUnknown() && s.Endpoint.Failure().Operation == "" {
		s.Endpoint = resource.Known(d)
	}
	w.around[name] = s
	for _, id := range []control.ID{control.DevEndpointLogs, control.DevEndpointS3} {
		if status, ok := statuses[id]; ok {
			w.finding(resource.Ref{Type: resource.TypeDevEndpoint, ARN: d.ARN, Name: name, Account: account, Region: l.Region}, id, status)
		}
	}
}

func (w *world) finding(r resource.Ref, id control.ID, status control.Status) {
	o := control.Outcome{Control: id, Status: status, Reason: "because", Message: "It is so.", Resource: r}
	f := finding.Finding{ID: finding.ID(o), Outcome: o}
	if status == control.Exempt {
		f.Exception = &finding.Exception{Reason: "moves soon", Owner: "data", Expires: "2027-01-31"}
	}
	w.findings = append(w.findings, f)
}

// options ask for SSE-KMS under alias/glue.
func (w *world) options() propose.Options {
	return propose.Options{
		Inspector: w, Store: w, AuditID: "a1", Policy: policy.Default(policy.SOP), Wanted: plan.Wanted{Mode: resource.ModeSSEKMS},
		KeyRef: "alias/glue", Now: now,
	}
}

func run(t *testing.T, o propose.Options) plan.Plan {
	t.Helper()
	p, err := propose.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// only is the only item of a plan.
func only(t *testing.T, p plan.Plan) plan.Item {
	t.Helper()
	if len(p.Changes) != 1 {
		t.Fatalf("%d items, want 1: %+v", len(p.Changes), p.Changes)
	}
	return p.Changes[0]
}

func blocked(i plan.Item) string {
	if i.Blocked == nil {
		return ""
	}
	return i.Blocked.Code
}

// configuration is the security configuration that the item makes.
func configuration(i plan.Item) *resource.SecurityConfiguration {
	for _, s := range i.Steps {
		if s.Kind == plan.CreateConfiguration {
			return s.Configuration
		}
	}
	return nil
}

func has(i plan.Item, k plan.Kind) bool {
	return slices.ContainsFunc(i.Steps, func(s plan.Step) bool { return s.Kind == k })
}

func both(status control.Status) map[control.ID]control.Status {
	return map[control.ID]control.Status{control.DevEndpointS3: status, control.DevEndpointLogs: status}
}

func onlyS3(status control.Status) map[control.ID]control.Status {
	return map[control.ID]control.Status{control.DevEndpointS3: status}
}

func TestFindingsOfOneResourceAreOneItem(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.endpoint("etl", both(control.Fail))
	w.endpoint("fine", both(control.Pass))
	p := run(t, w.options())
	i := only(t, p)
	if blocked(i) != "" || len(i.Findings) != 2 || i.KMSKey != keyARN || i.To != resource.ModeSSEKMS {
		t.Errorf("item %+v", i)
	}
	want := &resource.SecurityConfiguration{
		S3:         []resource.Encryption{{Mode: resource.ModeSSEKMS, KMSKey: keyARN}},
		CloudWatch: &resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: keyARN},
	}
	got := configuration(i)
	if got == nil || !plan.SameConfiguration(*want, *got) {
		t.Errorf("configuration %+v, want %+v", got, want)
	}
	if !p.Complete || !p.Applyable || p.Errored || p.AuditID != "a1" {
		t.Errorf("complete %t, applyable %t, errored %t, audit %s", p.Complete, p.Applyable, p.Errored, p.AuditID)
	}
	if stopping := preflight.Stopping(i.Checks); len(stopping) > 0 {
		t.Errorf("these stop it: %+v", stopping)
	}
	document, ok := w.saved[p.Digest]
	if !ok {
		t.Fatalf("the plan was not stored under %s", p.Digest)
	}
	again, err := plan.Decode("plan.json", document)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p, again); d != "" {
		t.Errorf("stored (-made +stored):\n%s", d)
	}
}

// asking is one test of what becomes of one resource.
type asking struct {
	statuses map[control.ID]control.Status
	alter    func(*world, *propose.Options)
	around   func(*resource.Surroundings, *resource.EndpointDetail)
	blocked  string
	says     string // part of why it is blocked, or of a consequence
	look     func(*testing.T, plan.Item)
}

func TestItems(t *testing.T) {
	t.Parallel()
	open := func(state change.State) *change.Change {
		arn := in("eu-west-1").ARN("glue", "devEndpoint/etl").String()
		return &change.Change{Head: change.Head{ID: "c1", Item: plan.Item{Identity: resource.Identity{ARN: arn}}}, State: state}
	}
	logsIn := func(want bool) func(*testing.T, plan.Item) {
		return func(t *testing.T, i plan.Item) {
			t.Helper()
			if c := configuration(i); c == nil || (c.CloudWatch != nil) != want {
				t.Errorf("logs are in the configuration: %t, want %t: %+v", !want, want, c)
			}
		}
	}
	for name, test := range map[string]asking{
		"no mode": {both(control.Fail), func(_ *world, o *propose.Options) { o.Wanted.Mode = "" }, nil, plan.BlockedNoMode, "", nil},
		"mode of the policy": {both(control.Fail), func(_ *world, o *propose.Options) {
			o.Wanted.Mode, o.Policy.Repair.Mode = "", "SSE-S3"
		}, nil, "", "", nil},
		"mode that the profile demands": {onlyS3(control.Fail), func(_ *world, o *propose.Options) {
			o.Wanted.Mode, o.Policy = "", policy.Default(policy.Strict)
		}, nil, "", "", logsIn(true)},
		"weaker than demanded": {onlyS3(control.Fail), func(_ *world, o *propose.Options) {
			o.Wanted.Mode, o.Policy = resource.ModeSSES3, policy.Default(policy.Strict)
		}, nil, "", "requires SSE-KMS", nil},
		"no logs without their finding": {onlyS3(control.Fail), nil, nil, "", "", logsIn(false)},
		"no key named":                  {onlyS3(control.Fail), func(_ *world, o *propose.Options) { o.KeyRef = "" }, nil, plan.BlockedNoKey, "", nil},
		"key of the policy": {onlyS3(control.Fail), func(_ *world, o *propose.Options) {
			o.KeyRef, o.Policy.Repair.KMSKey = "", "alias/glue"
		}, nil, "", "", nil},
		"no such key": {onlyS3(control.Fail), func(_ *world, o *propose.Options) { o.KeyRef = "alias/none" }, nil, plan.BlockedNoKey, "alias/none", nil},
		"key unread": {onlyS3(control.Fail), func(w *world, _ *propose.Options) {
			w.keys["alias/glue"] = denied[resource.KeyDetail]("kms:DescribeKey")
		}, nil, plan.BlockedUnknown, "kms:DescribeKey", nil},
		"key of a region": {onlyS3(control.Fail), func(_ *world, o *propose.Options) {
			o.KeyRef = strings.ReplaceAll(keyARN, "eu-west-1", "us-east-1")
		}, nil, plan.BlockedNoKey, "us-east-1", nil},
		"key not allowed": {onlyS3(control.Fail), func(_ *world, o *propose.Options) {
			o.Policy.Keys.Allowed = []policy.ARNPattern{"arn:aws:kms:*:999999999999:key/*"}
		}, nil, plan.BlockedNoKey, "does not allow", nil},
		"AWS's key under strict": {onlyS3(control.Fail), func(_ *world, o *propose.Options) {
			o.KeyRef, o.Policy = "alias/aws/glue", policy.Default(policy.Strict)
		}, nil, plan.BlockedNoKey, "customer-managed", nil},
		"key to make": {onlyS3(control.Fail), func(_ *world, o *propose.Options) { o.KeyRef, o.CreateKey = "", "alias/new" }, nil, "", "", func(t *testing.T, i plan.Item) {
			if !has(i, plan.CreateKey) || i.KMSKey != plan.KeyPlaceholder {
				t.Errorf("item %+v", i)
			}
		}},
		"key that is made already": {onlyS3(control.Fail), func(_ *world, o *propose.Options) { o.KeyRef, o.CreateKey = "", "alias/glue" }, nil, "", "", func(t *testing.T, i plan.Item) {
			if has(i, plan.CreateKey) || i.KMSKey != keyARN {
				t.Errorf("item %+v", i)
			}
		}},
		"logs without a key": {both(control.Fail), func(_ *world, o *propose.Options) { o.Wanted.Mode, o.KeyRef = resource.ModeSSES3, "" }, nil, "", "logs stay unencrypted", func(t *testing.T, i plan.Item) {
			if len(i.Findings) != 1 || i.Findings[0].Control != control.DevEndpointS3 {
				t.Errorf("findings %+v", i.Findings)
			}
		}},
		"logs with a key, S3 without": {both(control.Fail), func(_ *world, o *propose.Options) { o.Wanted.Mode = resource.ModeSSES3 }, nil, "", "", logsIn(true)},
		"only logs, without a key": {
			map[control.ID]control.Status{control.DevEndpointLogs: control.Fail},
			func(_ *world, o *propose.Options) { o.Wanted.Mode, o.KeyRef = resource.ModeSSES3, "" }, nil, plan.BlockedNoKey, "", nil,
		},
		"logs of another control": {both(control.Fail), func(_ *world, o *propose.Options) { o.Controls = []control.ID{control.DevEndpointS3} }, nil, "", "", logsIn(false)},
		"weaker, asked by name": {map[control.ID]control.Status{control.DevEndpointLogs: control.Fail}, func(_ *world, o *propose.Options) {
			o.Resources, o.Wanted.Mode = []string{"etl"}, resource.ModeNone
		}, func(s *resource.Surroundings, d *resource.EndpointDetail) {
			d.Definition.SecurityConfiguration = "sc"
			s.Configuration = resource.Known(resource.SecurityConfiguration{Name: "sc", S3: []resource.Encryption{{Mode: resource.ModeSSES3}}})
		}, "", "", func(t *testing.T, i plan.Item) {
			if i.From != resource.ModeSSES3 || i.To != resource.ModeNone || len(i.Warnings) != 1 || i.Warnings[0].Accepted {
				t.Errorf("from %s to %s, warnings %+v", i.From, i.To, i.Warnings)
			}
		}},
		"logs only, asked by name": {map[control.ID]control.Status{control.DevEndpointLogs: control.Fail}, func(_ *world, o *propose.Options) {
			o.Resources = []string{"etl"}
		}, nil, "", "", func(t *testing.T, i plan.Item) {
			if c := configuration(i); c == nil || c.CloudWatch == nil || i.To != resource.ModeSSEKMS || len(i.Findings) != 1 {
				t.Errorf("item %+v", i)
			}
		}},
		"retire needs nothing": {both(control.Fail), func(_ *world, o *propose.Options) { o.Wanted = plan.Wanted{Strategy: plan.Retire}; o.KeyRef = "" }, nil, "", "", nil},
		"strategy of the policy": {both(control.Fail), func(_ *world, o *propose.Options) { o.Policy.Repair.Strategy = "side-by-side" }, nil, "", "", func(t *testing.T, i plan.Item) {
			if i.Strategy != plan.SideBySide {
				t.Errorf("strategy %s", i.Strategy)
			}
		}},

		"excepted in the audit": {map[control.ID]control.Status{control.DevEndpointS3: control.Exempt, control.DevEndpointLogs: control.Fail}, nil, nil, plan.BlockedExcepted, "moves soon", nil},
		"excepted since": {both(control.Fail), func(_ *world, o *propose.Options) {
			o.Policy.Exceptions = []policy.Exception{{Control: policy.ControlID(control.DevEndpointS3), Resource: "*etl", Reason: "r", Owner: "o", Expires: "2027-01-01"}}
		}, nil, plan.BlockedExcepted, "2027-01-01", nil},
		"exception that expired": {both(control.Fail), func(_ *world, o *propose.Options) {
			o.Policy.Exceptions = []policy.Exception{{Control: policy.ControlID(control.DevEndpointS3), Resource: "*etl", Reason: "r", Owner: "o", Expires: "2025-01-01"}}
		}, nil, "", "", nil},
		"a change is open":          {both(control.Fail), func(w *world, _ *propose.Options) { w.changes = []*change.Change{open(change.Waiting)} }, nil, plan.BlockedUnderWay, "c1", nil},
		"kept by a change":          {both(control.Fail), func(w *world, _ *propose.Options) { w.changes = []*change.Change{open(change.Done)} }, nil, plan.BlockedUnderWay, "way back", nil},
		"a change that was refused": {both(control.Fail), func(w *world, _ *propose.Options) { w.changes = []*change.Change{open(change.RefusedAt)} }, nil, "", "", nil},
		"made by a change of another state": {both(control.Fail), nil, func(_ *resource.Surroundings, d *resource.EndpointDetail) {
			d.Definition.Tags = map[string]string{"glueguard:change": "c9"}
		}, plan.BlockedUnderWay, "c9", nil},
		"owned by code":    {both(control.Fail), func(_ *world, o *propose.Options) { o.Policy.Repair.OwnedByCode = []policy.TagPattern{"team=d*"} }, nil, plan.BlockedByCode, "team=data", nil},
		"owned by a stack": {both(control.Fail), nil, func(s *resource.Surroundings, _ *resource.EndpointDetail) { s.Stack = resource.Known("workbench") }, plan.BlockedStack, "workbench", nil},
		"gone": {both(control.Fail), nil, func(s *resource.Surroundings, _ *resource.EndpointDetail) {
			s.Endpoint = resource.Absent[resource.EndpointDetail]()
		}, plan.BlockedGone, "", nil},
		"being deleted": {both(control.Fail), nil, func(_ *resource.Surroundings, d *resource.EndpointDetail) { d.Status = "TERMINATING" }, plan.BlockedGone, "", nil},
		"unread": {both(control.Fail), nil, func(s *resource.Surroundings, _ *resource.EndpointDetail) {
			s.Endpoint = denied[resource.EndpointDetail]("glue:GetDevEndpoint")
		}, plan.BlockedUnknown, "glue:GetDevEndpoint", nil},
		"unknown": {onlyS3(control.Unknown), nil, nil, plan.BlockedUnknown, "It is so.", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			o := w.options()
			w.endpoint("etl", test.statuses, func(s *resource.Surroundings, d *resource.EndpointDetail) {
				if test.around != nil {
					test.around(s, d)
				}
			})
			if test.alter != nil {
				test.alter(w, &o)
			}
			i := only(t, run(t, o))
			if got := blocked(i); got != test.blocked {
				t.Fatalf("blocked %q, want %q: %+v", got, test.blocked, i.Blocked)
			}
			if text := words(i); !strings.Contains(text, test.says) {
				t.Errorf("it does not say %q:\n%s", test.says, text)
			}
			if (i.Blocked == nil) != (len(i.Steps) > 0) || (i.Blocked == nil) != (len(i.Checks) > 0) {
				t.Errorf("blocked %v with %d steps and %d checks", i.Blocked, len(i.Steps), len(i.Checks))
			}
			if i.Blocked != nil && i.Blocked.Instead == "" {
				t.Error("it does not say what to do instead")
			}
			if test.look != nil {
				test.look(t, i)
			}
		})
	}
}

// words are what an item says of itself.
func words(i plan.Item) string {
	var b strings.Builder
	if i.Blocked != nil {
		b.WriteString(i.Blocked.Message + " " + i.Blocked.Instead)
	}
	for _, c := range i.Consequences {
		b.WriteString("\n" + c.Text)
	}
	return b.String()
}

func denied[T any](operation string) resource.Fact[T] {
	return resource.Unknown[T](resource.Failure{Operation: operation, Class: resource.Denied, Code: "AccessDenied", Message: "no"})
}

func broken[T any](operation string) resource.Fact[T] {
	return resource.Unknown[T](resource.Failure{Operation: operation, Class: resource.Errored, Code: "InternalServiceException", Message: "oops"})
}

func TestBooleans(t *testing.T) {
	t.Parallel()
	unread := resource.Coverage{Account: account, Region: "eu-west-1", Operation: "glue:GetMLTransforms", Status: string(resource.Denied)}
	doubtful := func(w *world, _ *propose.Options) {
		w.endpoint("odd", onlyS3(control.Unknown))
	}
	type booleans struct{ Complete, Applyable, Errored bool }
	for name, test := range map[string]struct {
		alter func(*world, *propose.Options)
		want  booleans
	}{
		"all read":         {nil, booleans{true, true, false}},
		"a listing denied": {func(w *world, _ *propose.Options) { w.coverage = append(w.coverage, unread) }, booleans{false, true, false}},
		"one of another control": {func(w *world, o *propose.Options) {
			w.coverage, o.Controls = append(w.coverage, unread), []control.ID{control.DevEndpointS3}
		}, booleans{true, true, false}},
		"one of another place": {func(w *world, o *propose.Options) {
			elsewhere := unread
			elsewhere.Region = "us-east-1"
			w.coverage, o.Resources = append(w.coverage, elsewhere), []string{"etl"}
		}, booleans{true, true, false}},
		"an unknown finding": {doubtful, booleans{false, true, false}},
		"one that is accepted": {func(w *world, o *propose.Options) {
			doubtful(w, o)
			f := &w.findings[len(w.findings)-1]
			f.Advisories = []control.Advisory{{Code: control.AcceptedUnread}}
		}, booleans{true, true, false}},
		"an unfinished audit": {func(w *world, _ *propose.Options) { w.audit.FinishedAt = time.Time{} }, booleans{false, true, false}},
		"a resource denied": {func(w *world, _ *propose.Options) {
			w.endpoint("shut", both(control.Fail), func(s *resource.Surroundings, _ *resource.EndpointDetail) {
				s.Endpoint = denied[resource.EndpointDetail]("glue:GetDevEndpoint")
			})
		}, booleans{false, true, false}},
		"a resource in error": {func(w *world, _ *propose.Options) {
			w.endpoint("shut", both(control.Fail), func(s *resource.Surroundings, _ *resource.EndpointDetail) {
				s.Endpoint = broken[resource.EndpointDetail]("glue:GetDevEndpoint")
			})
		}, booleans{false, true, true}},
		"nothing but a failed check": {func(w *world, _ *propose.Options) {
			k := keyDetail(allowed)
			k.Key.State = "Disabled"
			w.keys["alias/glue"] = resource.Known(k)
		}, booleans{true, false, false}},
		"nothing that can be done": {func(_ *world, o *propose.Options) { o.KeyRef = "alias/none" }, booleans{true, false, false}},
		"nothing to do":            {func(w *world, _ *propose.Options) { w.findings = nil }, booleans{true, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.endpoint("etl", both(control.Fail))
			o := w.options()
			if test.alter != nil {
				test.alter(w, &o)
			}
			p := run(t, o)
			if d := cmp.Diff(test.want, booleans{p.Complete, p.Applyable, p.Errored}); d != "" {
				t.Errorf("(-want +got):\n%s\nunread %+v", d, p.Unread)
			}
			if _, err := plan.Decode("p", w.saved[p.Digest]); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	arn := func(name string) string { return in("eu-west-1").ARN("glue", "devEndpoint/"+name).String() }
	for name, test := range map[string]struct {
		asked []string
		audit string
		want  []string // names of the items
		err   []string // candidates of the error; nil: none
	}{
		"none":             {nil, "a1", []string{"etl"}, nil},
		"by name":          {[]string{"etl"}, "a1", []string{"etl"}, nil},
		"one that passes":  {[]string{"fine"}, "a1", []string{"fine"}, nil},
		"by ARN, twice":    {[]string{arn("fine"), "fine"}, "a1", []string{"fine"}, nil},
		"not audited":      {[]string{arn("new")}, "", []string{"new"}, nil},
		"not in the audit": {[]string{arn("new")}, "a1", []string{"new"}, nil},
		"no such name":     {[]string{"nope"}, "a1", nil, []string{}},
		"no such service":  {[]string{"arn:aws:s3:::bucket"}, "a1", nil, []string{}},
		"a job":            {[]string{"arn:aws:glue:eu-west-1:111122223333:job/x"}, "a1", nil, []string{}},
		"a name, no audit": {[]string{"etl"}, "", nil, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.endpoint("etl", both(control.Fail))
			w.endpoint("fine", both(control.Pass))
			w.endpoint("new", nil)
			o := w.options()
			o.AuditID, o.Resources = test.audit, test.asked
			p, err := propose.Run(t.Context(), o)
			var missing *audit.ResourceError
			if errors.As(err, &missing) != (test.err != nil) || (err != nil) != (test.err != nil) {
				t.Fatalf("error %v", err)
			}
			var got []string
			for _, i := range p.Changes {
				got = append(got, i.Resource.Name)
				if i.Blocked != nil {
					t.Errorf("%s is blocked: %+v", i.Resource.Name, i.Blocked)
				}
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("items (-want +got):\n%s", d)
			}
		})
	}
}

func TestAmbiguousName(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.endpoint("etl", both(control.Fail))
	w.finding(resource.Ref{Type: resource.TypeDevEndpoint, ARN: "arn:aws:glue:us-east-1:111122223333:devEndpoint/etl", Name: "etl", Account: account, Region: "us-east-1"}, control.DevEndpointS3, control.Fail)
	o := w.options()
	o.Resources = []string{"etl"}
	_, err := propose.Run(t.Context(), o)
	var ambiguous *audit.ResourceError
	if !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 2 {
		t.Errorf("error %v", err)
	}
}

func TestKeysAreNotPlannable(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.finding(resource.Ref{Type: resource.TypeKey, ARN: keyARN, ID: keyID, Account: account, Region: "eu-west-1"}, control.KeyManagement, control.Fail)
	w.findings[0].Reason = control.KeyRotationOff
	i := only(t, run(t, w.options()))
	if blocked(i) != plan.BlockedNotHere || !strings.Contains(i.Blocked.Instead, "enable-key-rotation") || i.Resource.ARN != keyARN {
		t.Errorf("item %+v, %+v", i.Resource, i.Blocked)
	}
	if len(w.targets) > 0 {
		t.Errorf("%+v was inspected", w.targets)
	}
}

func TestOneKeyServesAllRolesOfALocation(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.endpoint("etl", both(control.Fail))
	const other = "arn:aws:iam::111122223333:role/other"
	w.endpoint("two", both(control.Fail), func(s *resource.Surroundings, d *resource.EndpointDetail) {
		d.Definition.RoleARN = other
		s.Role = resource.Known(resource.Role{ARN: other, TrustPolicy: trust, Policies: resource.Known([]string{allowed}), Boundary: resource.Absent[string]()})
	})
	o := w.options()
	o.KeyRef, o.CreateKey = "", policy.DefaultAlias
	p := run(t, o)
	for _, i := range p.Changes {
		n := slices.IndexFunc(i.Steps, func(s plan.Step) bool { return s.Kind == plan.CreateKey })
		if n < 0 || !strings.Contains(i.Steps[n].Key.Policy, roleARN) || !strings.Contains(i.Steps[n].Key.Policy, other) {
			t.Errorf("%s: steps %+v", i.Resource.Name, i.Steps)
		}
		if stopping := preflight.Stopping(i.Checks); len(stopping) > 0 {
			t.Errorf("%s: these stop it: %+v", i.Resource.Name, stopping)
		}
	}
}

func TestGrantOnlyWhereItIsMissing(t *testing.T) {
	t.Parallel()
	delegating := plan.KeyPolicy(in("eu-west-1")) // names no role: what the account's policies don't give takes a grant
	for name, test := range map[string]struct {
		policies, keyPolicy string
		asked, want         bool
	}{
		"missing":            {`{"Statement":[]}`, delegating, true, true},
		"not asked for":      {`{"Statement":[]}`, delegating, false, false},
		"not missing":        {allowed, delegating, true, false},
		"no help":            {`{"Statement":{"Effect":"Deny","Action":"kms:*","Resource":"*"}}`, delegating, true, false},
		"given by the key's": {`{"Statement":[]}`, plan.KeyPolicy(in("eu-west-1"), roleARN), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.keys["alias/glue"] = resource.Known(keyDetail(test.keyPolicy))
			w.endpoint("etl", onlyS3(control.Fail), func(s *resource.Surroundings, _ *resource.EndpointDetail) {
				role, _ := s.Role.Value()
				role.Policies = resource.Known([]string{test.policies})
				s.Role = resource.Known(role)
			})
			o := w.options()
			o.GrantRole = test.asked
			if i := only(t, run(t, o)); has(i, plan.CreateGrant) != test.want {
				t.Errorf("a grant is made: %t, want %t; checks %+v", !test.want, test.want, i.Checks)
			}
		})
	}
}

func TestAcceptedUnchecked(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.endpoint("etl", both(control.Fail), func(s *resource.Surroundings, _ *resource.EndpointDetail) {
		s.Stack = denied[string]("cloudformation:DescribeStackResources")
	})
	plain := run(t, w.options())
	o := w.options()
	o.AcceptUnchecked = []string{preflight.OwnerStack, preflight.OwnerStack}
	accepted := run(t, o)
	if len(preflight.Stopping(only(t, plain).Checks)) != 1 || len(preflight.Stopping(only(t, accepted).Checks)) != 0 {
		t.Errorf("stopping %+v and %+v", preflight.Stopping(plain.Changes[0].Checks), preflight.Stopping(accepted.Changes[0].Checks))
	}
	if d := cmp.Diff([]string{preflight.OwnerStack}, accepted.Accepted); d != "" || plain.Digest == accepted.Digest {
		t.Errorf("accepted (-want +got):\n%s\ndigests %s, %s", d, plain.Digest, accepted.Digest)
	}
	o.AcceptUnchecked = []string{"owner-stak"}
	_, err := propose.Run(t.Context(), o)
	var unknown *propose.UnknownCheckError
	if !errors.As(err, &unknown) {
		t.Errorf("error %v", err)
	}
}

// A plan of the same world at the same time is the same plan.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	var digests []string
	for range 3 {
		w := newWorld()
		for _, name := range []string{"d", "b", "a", "c"} {
			w.endpoint(name, both(control.Fail))
		}
		digests = append(digests, run(t, w.options()).Digest)
	}
	if len(slices.Compact(digests)) != 1 {
		t.Errorf("digests %v", digests)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.endpoint("etl", both(control.Fail))
	o := w.options()
	o.Wanted.Prove, o.Policy.Repair.LabelsS3 = "s3://proof-{region}/x", "s3://labels-{account}/"
	run(t, o)
	if len(w.targets) != 1 || w.targets[0].ProveS3 != "s3://proof-eu-west-1/x/" || w.targets[0].LabelsS3 != "s3://labels-111122223333/" {
		t.Errorf("targets %+v", w.targets)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.endpoint("etl", both(control.Fail))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := propose.Run(ctx, w.options()); !errors.Is(err, context.Canceled) || len(w.saved) > 0 {
		t.Errorf("error %v, %d plans stored", err, len(w.saved))
	}
}

func TestNoSuchAudit(t *testing.T) {
	t.Parallel()
	w := newWorld()
	o := w.options()
	o.AuditID = "a2"
	if _, err := propose.Run(t.Context(), o); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

func TestStrategiesOfThePolicyArePlans(t *testing.T) {
	t.Parallel()
	for _, s := range []plan.Strategy{plan.Replace, plan.SideBySide, plan.Retire} {
		if _, err := policy.Decode("f.yaml", []byte("repair: {strategy: "+string(s)+"}\n")); err != nil {
			t.Error(err)
		}
	}
	if policy.DefaultAlias != plan.DefaultAlias {
		t.Errorf("default aliases %s and %s", policy.DefaultAlias, plan.DefaultAlias)
	}
}
