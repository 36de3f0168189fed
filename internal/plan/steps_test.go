package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// The names and the order of steps are a contract: `changes show` prints them.
func TestSteps(t *testing.T) {
	t.Parallel()
	repoint := func(w *plan.Wanted) { w.RepointJobs = true }
	used := transform()
	used.Dependents = resource.Known(jobs())
	const (
		key      = "create-key create-alias enable-key-rotation "
		prepared = "save-definition create-security-configuration "
		twin     = "create-twin wait-twin tag-twin verify-twin "
		rest     = "delete-original wait-original-gone create-replacement wait-replacement tag-replacement verify-replacement delete-twin wait-twin-gone remove-change-tags"
		taught   = "export-labels wait-export create-twin tag-twin verify-twin import-labels wait-import wait-twin evaluate wait-evaluate compare-twin "
		renamed  = "rename-original rename-twin "
	)
	for name, tt := range map[string]struct {
		w    plan.Wanted
		s    resource.Surroundings
		want string
	}{
		"endpoint":           {wants("SSE-S3"), endpoint(), prepared + twin + rest},
		"endpoint, failed":   {wants("SSE-S3"), endpoint(func(d *resource.EndpointDetail) { d.Status = "FAILED" }), prepared + twin + rest},
		"endpoint, dangling": {wants("SSE-S3"), dangling(endpoint()), prepared + twin + rest},
		"endpoint, new key": {wants("SSE-KMS", creating), func() resource.Surroundings {
			s := endpoint()
			s.WantedKey = resource.Absent[resource.KeyDetail]()
			return s
		}(), key + prepared + twin + rest},
		"endpoint, alias is there": {wants("SSE-KMS", creating), endpoint(), prepared + twin + rest},
		"endpoint, no key needed":  {wants("SSE-S3", creating), func() resource.Surroundings { s := endpoint(); s.WantedKey = noKey(); return s }(), prepared + twin + rest},
		"endpoint, grant": {
			wants("SSE-KMS", func(w *plan.Wanted) { w.Grant = &plan.Grant{} }), endpoint(), "create-grant " + prepared + twin + rest,
		},
		"endpoint, proven": {
			wants("SSE-S3", func(w *plan.Wanted) { w.Prove = "s3://proof/" }), endpoint(),
			prepared + "create-twin wait-twin tag-twin prove-twin verify-twin " + rest,
		},
		"endpoint, to nothing":          {wants("NONE"), with(endpoint(), configuration(sseS3())), "save-definition " + twin + rest},
		"endpoint, to nothing but logs": {wants("NONE"), with(endpoint(), func() resource.SecurityConfiguration { c := rich(); c.S3[0] = sseS3(); return c }()), prepared + twin + rest},
		"endpoint, side by side":        {wants("SSE-S3", strategy(plan.SideBySide)), endpoint(), prepared + twin},
		"endpoint, retired":             {wants("", strategy(plan.Retire)), endpoint(), "save-definition delete-original wait-original-gone"},
		"transform":                     {wants("SSE-KMS"), transform(), prepared + taught + renamed + "verify-replacement"},
		"transform, repointed":          {wants("SSE-KMS", repoint), used, prepared + taught + renamed + "repoint-job-nightly verify-replacement"},
		"transform, nothing to repoint": {wants("SSE-KMS", repoint), transform(), prepared + taught + renamed + "verify-replacement"},
		"transform, new key": {
			wants("SSE-KMS", creating), func() resource.Surroundings { s := transform(); s.WantedKey = noKey(); return s }(),
			key + prepared + taught + renamed + "verify-replacement",
		},
		"transform, task runs encrypted": {
			wants("SSE-KMS"), with(transform(), configuration(kms(other))), "save-definition " + taught + renamed + "verify-replacement",
		},
		"transform, never evaluated": {
			wants("SSE-KMS"), transform(func(d *resource.TransformDetail) { d.Metrics = nil }),
			prepared + "export-labels wait-export create-twin tag-twin verify-twin import-labels wait-import wait-twin compare-twin " + renamed + "verify-replacement",
		},
		"transform, not ready any more": {
			wants("SSE-KMS"), transform(func(d *resource.TransformDetail) { d.Status = "NOT_READY" }),
			prepared + "export-labels wait-export create-twin tag-twin verify-twin import-labels wait-import wait-twin compare-twin " + renamed + "verify-replacement",
		},
		"transform, never taught": {
			wants("SSE-KMS", func(w *plan.Wanted) { w.LabelsS3 = "" }),
			transform(func(d *resource.TransformDetail) { d.Status, d.LabelCount, d.Metrics = "NOT_READY", 0, nil }),
			prepared + "create-twin tag-twin verify-twin wait-twin compare-twin " + renamed + "verify-replacement",
		},
		"transform, side by side": {wants("SSE-KMS", strategy(plan.SideBySide)), transform(), prepared + taught},
		"transform, retired": {
			wants("", strategy(plan.Retire)), transform(), "save-definition export-labels wait-export check-unreferenced delete-original wait-original-gone",
		},
		"transform, retired, never taught": {
			wants("", strategy(plan.Retire)), transform(func(d *resource.TransformDetail) { d.LabelCount = 0 }),
			"save-definition check-unreferenced delete-original wait-original-gone",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := plan.Propose(tt.w, tt.s)
			if i.Blocked != nil {
				t.Fatalf("blocked: %+v", *i.Blocked)
			}
			if diff := cmp.Diff(strings.Fields(tt.want), names(i.Steps)); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

// What AWS answers can't all be sent back: of what excludes each other one is left, and what was not set stays so.
func TestDefinitionsInSteps(t *testing.T) {
	t.Parallel()
	e := plan.Propose(wants("SSE-S3"), endpoint(func(d *resource.EndpointDetail) {
		d.Definition.PublicKeys = []string{"ssh-rsa BBBB"}
		d.Definition.Tags["glueguard:change"] = "old"
		d.Definition.Tags["aws:createdBy"] = "x"
	}))
	twin := step(e.Steps, "create-twin").Endpoint
	want := resource.EndpointDefinition{
		Name: plan.TwinName(e.Identity), RoleARN: roleARN, SubnetID: "subnet-1", SecurityGroupIDs: []string{"sg-1"},
		PublicKeys: []string{"ssh-rsa AAAA", "ssh-rsa BBBB"}, WorkerType: "G.1X", NumberOfWorkers: 4, GlueVersion: "1.0",
		Arguments: map[string]string{"--enable-glue-datacatalog": "", "GLUE_PYTHON_VERSION": "3"}, Tags: map[string]string{"team": "data"},
		SecurityConfiguration: step(e.Steps, "create-security-configuration").Configuration.Name,
	}
	if diff := cmp.Diff(&want, twin); diff != "" {
		t.Errorf("twin (-want +got):\n%s", diff)
	}
	want.Name = "etl"
	if diff := cmp.Diff(&want, step(e.Steps, "create-replacement").Endpoint); diff != "" {
		t.Errorf("replacement (-want +got):\n%s", diff)
	}

	m := plan.Propose(wants("SSE-KMS"), transform())
	made := step(m.Steps, "create-twin").Transform
	if made.MaxCapacity != nil || *made.NumberOfWorkers != 3 || made.MaxRetries != nil || made.FindMatches.AccuracyCostTradeoff != nil ||
		*made.FindMatches.PrecisionRecallTradeoff != 0 || *made.FindMatches.EnforceProvidedLabels {
		t.Errorf("transform: %+v, %+v", made, made.FindMatches)
	}
	if made.Name != plan.TwinName(m.Identity) || step(m.Steps, "verify-replacement").Promise.Transform.Name != "match" {
		t.Errorf("names: %q", made.Name)
	}
	if got := step(m.Steps, "rename-original").NewName; got == made.Name || got != plan.RetiredName(m.Identity) {
		t.Errorf("the original's temporary name is %q, the twin's %q", got, made.Name)
	}
	capacity := plan.RecreatableTransform(resource.TransformDefinition{WorkerType: "Standard", MaxCapacity: ptr(10.0)})
	if capacity.WorkerType != "" || *capacity.MaxCapacity != 10 {
		t.Errorf("a type without a number of workers: %+v", capacity)
	}
	nodes := plan.RecreatableEndpoint(resource.EndpointDefinition{NumberOfNodes: 3, PublicKey: "a"})
	if nodes.NumberOfNodes != 3 || nodes.PublicKey != "a" {
		t.Errorf("nodes: %+v", nodes)
	}
}

func TestTransformPromises(t *testing.T) {
	t.Parallel()
	i := plan.Propose(wants("SSE-KMS", func(w *plan.Wanted) { w.MetricTolerance = 0.1; w.LimitMinutes = 7 }), transform())
	metrics := &resource.Metrics{AreaUnderPRCurve: 0.9, Precision: 0.8, Recall: 0.7, F1: 0.75}
	for _, name := range []string{"compare-twin", "verify-replacement"} {
		vow := step(i.Steps, name).Promise
		if vow.Labels != 120 || !vow.Ready || !vow.ChangeTags || vow.Tolerance != 0.1 || !cmp.Equal(vow.Metrics, metrics) {
			t.Errorf("%s promises %+v", name, vow)
		}
	}
	if vow := step(i.Steps, "verify-twin").Promise; vow.Labels != -1 || vow.Ready || vow.Metrics != nil {
		t.Errorf("before it is taught: %+v", vow)
	}
	if s := step(i.Steps, "export-labels").S3; s != labels+"tfm-1/20261120T083000Z/" || step(i.Steps, "import-labels").S3 != s {
		t.Errorf("labels at %s", s)
	}
	if s := step(i.Steps, "wait-twin"); s.Status != "READY" || s.LimitMinutes != 7 || s.Kind != plan.WaitReady {
		t.Errorf("wait: %+v", s)
	}
	if s := step(i.Steps, "wait-import"); s.After != "import-labels" || s.Role != plan.Twin {
		t.Errorf("wait: %+v", s)
	}
}

func TestGrantAndKey(t *testing.T) {
	t.Parallel()
	i := plan.Propose(wants("SSE-KMS", func(w *plan.Wanted) { w.Grant = &plan.Grant{} }), endpoint())
	g := step(i.Steps, "create-grant").Grant
	if g.KeyARN != keyARN || g.Grantee != roleARN || g.Name == "" || !cmp.Equal(g.Operations, plan.GrantOperations()) {
		t.Errorf("grant: %+v", g)
	}
	s := endpoint()
	s.WantedKey = noKey()
	i = plan.Propose(wants("SSE-KMS", creating, func(w *plan.Wanted) { w.Grant = &plan.Grant{} }), s)
	if step(i.Steps, "create-grant").Name != "" {
		t.Error("a grant on a key whose policy names the role")
	}
	key := step(i.Steps, "create-key").Key
	if key.Policy != plan.KeyPolicy(here(), roleARN) || key.Alias != "alias/glueguard" || key.Description == "" || i.KMSKey != plan.KeyPlaceholder {
		t.Errorf("key: %+v", key)
	}
	for _, part := range []string{
		`"AWS":"arn:aws:iam::111122223333:root"`, `"AWS":["` + roleARN + `"]`, `"Service":"logs.eu-west-1.amazonaws.com"`,
		`"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-west-1:111122223333:*"`,
	} {
		if !strings.Contains(key.Policy, part) {
			t.Errorf("the key policy has no %s:\n%s", part, key.Policy)
		}
	}
	if plan.KeyPolicy(here(), "b", "a", "", "b") != plan.KeyPolicy(here(), "a", "b") {
		t.Error("the order of roles matters")
	}
	if strings.Contains(plan.KeyPolicy(here()), "GlueRoles") {
		t.Error("a statement without principals")
	}
}
