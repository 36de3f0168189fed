package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

func TestBlocked(t *testing.T) {
	t.Parallel()
	denied := resource.Failure{Operation: "glue:GetSecurityConfiguration", Class: resource.Denied, Code: "AccessDeniedException", Message: "no"}
	status := func(s string) func(*resource.EndpointDetail) {
		return func(d *resource.EndpointDetail) { d.Status = s }
	}
	set := func(s resource.Surroundings, change func(*resource.Surroundings)) resource.Surroundings {
		change(&s)
		return s
	}
	unlabelled := func(w *plan.Wanted) { w.LabelsS3 = "" }
	for name, tt := range map[string]struct {
		w       plan.Wanted
		s       resource.Surroundings
		code    string
		message string // a part of it
		instead string // a part of it
	}{
		"stack-owned": {
			w: wants("SSE-S3"), s: set(endpoint(), func(s *resource.Surroundings) { s.Stack = resource.Known("lake") }),
			code: plan.BlockedStack, message: `stack "lake"`, instead: "S3Encryptions say SSE-S3",
		},
		"stack-owned by its tag alone": {
			w: wants("SSE-KMS"), code: plan.BlockedStack, message: `stack "lake"`, instead: "TransformEncryption",
			s: transform(func(d *resource.TransformDetail) {
				d.AWSTags = map[string]string{"aws:cloudformation:stack-name": "lake"}
			}),
		},
		"owned by code": {
			w: wants("SSE-S3", func(w *plan.Wanted) { w.OwnedByCode = "managed-by=terraform" }), s: endpoint(),
			code: plan.BlockedByCode, message: "managed-by=terraform", instead: "aws_glue_dev_endpoint",
		},
		"transform owned by code": {
			w: wants("SSE-KMS", func(w *plan.Wanted) { w.OwnedByCode = "managed-by=terraform" }), s: transform(),
			code: plan.BlockedByCode, instead: "no transform_encryption",
		},
		"endpoint unread": {
			w: wants("SSE-S3"), s: resource.Surroundings{Location: here(), Endpoint: resource.Unknown[resource.EndpointDetail](resource.Failure{
				Operation: "glue:GetDevEndpoint", Class: resource.Denied, Message: "no",
			})},
			code: plan.BlockedUnknown, message: "could not be read", instead: "Allow the caller glue:GetDevEndpoint",
		},
		"transform unread": {
			w: wants("SSE-KMS"), s: resource.Surroundings{Location: here(), Transform: resource.Unknown[resource.TransformDetail](resource.Failure{
				Operation: "glue:GetMLTransform", Class: resource.Errored, Message: "boom",
			})},
			code: plan.BlockedUnknown, message: "boom", instead: "plan again",
		},
		"configuration unread": {
			w: wants("SSE-S3"), code: plan.BlockedUnknown, message: `"old"`, instead: "glue:GetSecurityConfiguration",
			s: set(naming(endpoint(), "old"), func(s *resource.Surroundings) {
				s.Configuration = resource.Unknown[resource.SecurityConfiguration](denied)
			}),
		},
		"mode not known": {
			w: wants("SSE-S3"), s: with(endpoint(), configuration(resource.Encryption{Mode: "SSE-NEW"})),
			code: plan.BlockedUnknown, message: "SSE-NEW", instead: "Update glueguard",
		},
		"user data mode not known": {
			w: wants("SSE-KMS"), code: plan.BlockedUnknown, message: "SSE-NEW",
			s: transform(func(d *resource.TransformDetail) { d.Definition.UserData = &resource.Encryption{Mode: "SSE-NEW"} }),
		},
		"endpoint gone":       {w: wants("SSE-S3"), s: resource.Surroundings{Location: here(), Endpoint: resource.Absent[resource.EndpointDetail]()}, code: plan.BlockedGone},
		"transform gone":      {w: wants("SSE-S3"), s: resource.Surroundings{Location: here(), Transform: resource.Absent[resource.TransformDetail]()}, code: plan.BlockedGone},
		"endpoint leaving":    {w: wants("SSE-S3"), s: endpoint(status("TERMINATING")), code: plan.BlockedGone, message: "TERMINATING"},
		"transform leaving":   {w: wants("SSE-KMS"), s: transform(func(d *resource.TransformDetail) { d.Status = "DELETING" }), code: plan.BlockedGone},
		"endpoint on its way": {w: wants("SSE-S3"), s: endpoint(status("PROVISIONING")), code: plan.BlockedNotHere, message: "PROVISIONING", instead: "READY"},
		"status not known":    {w: wants("SSE-S3"), s: endpoint(status("SLEEPING")), code: plan.BlockedNotHere, message: "SLEEPING"},
		"no such strategy":    {w: wants("SSE-S3", strategy("hope")), s: endpoint(), code: plan.BlockedStrategy, message: "hope", instead: "side-by-side"},
		"no mode":             {w: wants(""), s: endpoint(), code: plan.BlockedNoMode, instead: "--mode SSE-S3"},
		"no such mode":        {w: wants("CSE-KMS"), s: endpoint(), code: plan.BlockedNoMode, message: "CSE-KMS"},
		"no key named":        {w: wants("SSE-KMS", func(w *plan.Wanted) { w.Key = "" }), s: set(endpoint(), func(s *resource.Surroundings) { s.WantedKey = noKey() }), code: plan.BlockedNoKey, message: "none is named", instead: "--create-key"},
		"no such key": {
			w: wants("SSE-KMS", func(w *plan.Wanted) { w.Key = "" }), code: plan.BlockedNoKey, message: "does not exist in 111122223333/eu-west-1",
			s: set(endpoint(), func(s *resource.Surroundings) { s.WantedKey = resource.Absent[resource.KeyDetail]() }),
		},
		"key unread": {
			w: wants("SSE-KMS", func(w *plan.Wanted) { w.Key = "" }), code: plan.BlockedUnknown, instead: "kms:DescribeKey",
			s: set(endpoint(), func(s *resource.Surroundings) {
				s.WantedKey = resource.Unknown[resource.KeyDetail](resource.Failure{Operation: "kms:DescribeKey", Class: resource.Denied})
			}),
		},
		"a key's placeholder without the key": {
			w: wants("SSE-KMS", func(w *plan.Wanted) { w.Key = plan.KeyPlaceholder }), code: plan.BlockedNoKey,
			s: set(endpoint(), func(s *resource.Surroundings) { s.WantedKey = noKey() }),
		},
		"no key for logs": {
			w: wants("SSE-S3", func(w *plan.Wanted) { w.Logs = true }), code: plan.BlockedNoKey, message: "Log encryption",
			s: set(endpoint(), func(s *resource.Surroundings) { s.WantedKey = noKey() }),
		},
		"no place for labels":               {w: wants("SSE-KMS", unlabelled), s: transform(), code: plan.BlockedNoLabels, message: "120 labels", instead: "--labels-s3"},
		"no place for labels when retiring": {w: wants("", strategy(plan.Retire), unlabelled), s: transform(), code: plan.BlockedNoLabels},
		"nothing to teach it with": {
			w: wants("SSE-KMS"), s: transform(func(d *resource.TransformDetail) { d.LabelCount = 0 }), code: plan.BlockedStrategy, message: "could not be taught",
		},
		"retiring what is used": {
			w: wants("", strategy(plan.Retire)), s: set(transform(), func(s *resource.Surroundings) { s.Dependents = resource.Known(jobs()) }),
			code: plan.BlockedStrategy, message: "job script weekly", instead: "--strategy replace",
		},
		"already SSE-S3":              {w: wants("SSE-S3"), s: with(endpoint(), configuration(sseS3())), code: plan.BlockedAlready, message: "SSE-S3"},
		"already SSE-KMS":             {w: wants("SSE-KMS"), s: with(endpoint(), configuration(kms(keyARN))), code: plan.BlockedAlready, message: "that key"},
		"already, by the key's id":    {w: wants("SSE-KMS"), s: with(endpoint(), configuration(kms("0d0d0d0d-1111-2222-3333-444444444444"))), code: plan.BlockedAlready},
		"already, by the alias's ARN": {w: wants("SSE-KMS"), s: with(endpoint(), configuration(kms("arn:aws:kms:eu-west-1:111122223333:alias/data"))), code: plan.BlockedAlready},
		"already, with any key": {
			w: wants("SSE-KMS", func(w *plan.Wanted) { w.Key = "" }), code: plan.BlockedAlready,
			s: set(with(endpoint(), configuration(kms(other))), func(s *resource.Surroundings) { s.WantedKey = noKey() }),
		},
		"already, logs too":     {w: wants("SSE-S3", func(w *plan.Wanted) { w.Logs = true }), s: with(endpoint(), resource.SecurityConfiguration{Name: "old", S3: []resource.Encryption{sseS3()}, CloudWatch: ptr(kms(other))}), code: plan.BlockedAlready},
		"already NONE":          {w: wants("NONE"), s: endpoint(), code: plan.BlockedAlready},
		"already NONE, by half": {w: wants("NONE"), s: with(endpoint(), configuration(sseS3(), resource.Encryption{Mode: "DISABLED"})), code: plan.BlockedAlready},
		"transform already SSE-KMS": {
			w: wants("SSE-KMS"), s: transform(func(d *resource.TransformDetail) { d.Definition.UserData = ptr(kms(keyARN)) }), code: plan.BlockedAlready,
		},
		"transform already SSE-S3": {w: wants("SSE-S3"), s: with(transform(), configuration(sseS3())), code: plan.BlockedAlready},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := plan.Propose(tt.w, tt.s)
			if i.Blocked == nil {
				t.Fatalf("not blocked: %v", names(i.Steps))
			}
			if i.Blocked.Code != tt.code || !strings.Contains(i.Blocked.Message, tt.message) || !strings.Contains(i.Blocked.Instead, tt.instead) {
				t.Errorf("blocked: %+v\nwant %s, %q, %q", *i.Blocked, tt.code, tt.message, tt.instead)
			}
			if i.Blocked.Message == "" || i.Blocked.Instead == "" {
				t.Errorf("it does not say why, or what to do instead: %+v", *i.Blocked)
			}
			if len(i.Steps)+len(i.Permissions)+len(i.Warnings) > 0 {
				t.Errorf("steps of what is blocked: %v", names(i.Steps))
			}
		})
	}
}

func TestReasonsFromOutside(t *testing.T) {
	t.Parallel()
	ref := resource.Ref{Type: resource.TypeDevEndpoint, ARN: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/x", Name: "x", Account: account, Region: "eu-west-1"}
	for name, tt := range map[string]struct {
		b    plan.Blocked
		code string
		has  string
	}{
		"excepted":      {plan.Excepted("ann", "old", at(0)), plan.BlockedExcepted, "2026-11-20 (ann: old)"},
		"under way":     {plan.UnderWay("c-1"), plan.BlockedUnderWay, "c-1"},
		"not plannable": {plan.NotPlannable(control.KeyManagement, "Enable the key."), plan.BlockedNotHere, "glue-encryption-key-management"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := plan.Refuse(wants("SSE-S3", func(w *plan.Wanted) { w.Resource = ref }), resource.Surroundings{Location: here()}, tt.b)
			if i.Blocked == nil || i.Blocked.Code != tt.code || !strings.Contains(i.Blocked.Message, tt.has) || i.Blocked.Instead == "" {
				t.Errorf("blocked: %+v", i.Blocked)
			}
			if i.Resource.ARN != ref.ARN || i.Resource.Name != "x" || i.Identity.Type != resource.TypeDevEndpoint {
				t.Errorf("resource: %+v, identity: %+v", i.Resource, i.Identity)
			}
		})
	}
	if i := plan.Refuse(wants("SSE-KMS"), with(endpoint(), configuration(sseS3())), plan.UnderWay("c-1")); i.From != "SSE-S3" || i.Endpoint == nil {
		t.Errorf("what was read is lost: from %s", i.From)
	}
}

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

func TestConfiguration(t *testing.T) {
	t.Parallel()
	shared := rich()
	logs := func(w *plan.Wanted) { w.Logs = true }
	logsOnly := func(w *plan.Wanted) { w.Logs, w.Findings = true, []plan.FindingRef{finding(control.DevEndpointLogs)} }
	type conf = resource.SecurityConfiguration
	for name, tt := range map[string]struct {
		w       plan.Wanted
		s       resource.Surroundings
		from    resource.Mode
		to      resource.Mode
		want    *conf  // without its name; nil: none is made
		names   string // what the twin names, where none is made
		promise plan.Promise
	}{
		"fresh, SSE-S3": {
			w: wants("SSE-S3"), s: endpoint(), from: "NONE", to: "SSE-S3", want: &conf{S3: []resource.Encryption{sseS3()}},
			promise: plan.Promise{Mode: "SSE-S3"},
		},
		"fresh, SSE-KMS": {
			w: wants("SSE-KMS"), s: endpoint(), from: "NONE", to: "SSE-KMS", want: &conf{S3: []resource.Encryption{kms(keyARN)}},
			promise: plan.Promise{Mode: "SSE-KMS", KMSKey: keyARN},
		},
		"instead of a missing one": {
			w: wants("SSE-S3"), s: dangling(endpoint()), from: "NONE", to: "SSE-S3", want: &conf{S3: []resource.Encryption{sseS3()}},
			promise: plan.Promise{Mode: "SSE-S3"},
		},
		"keeps the other parts": {
			w: wants("SSE-S3"), s: with(endpoint(), shared), from: "NONE", to: "SSE-S3",
			want:    &conf{S3: []resource.Encryption{sseS3()}, CloudWatch: shared.CloudWatch, JobBookmarks: shared.JobBookmarks},
			promise: plan.Promise{Mode: "SSE-S3", LogMode: "SSE-KMS"},
		},
		"one entry instead of several": {
			w: wants("SSE-KMS"), s: with(endpoint(), configuration(kms(keyARN), sseS3())), from: "SSE-S3", to: "SSE-KMS",
			want: &conf{S3: []resource.Encryption{kms(keyARN)}}, promise: plan.Promise{Mode: "SSE-KMS", KMSKey: keyARN},
		},
		"another key": {
			w: wants("SSE-KMS"), s: with(endpoint(), configuration(kms(other))), from: "SSE-KMS", to: "SSE-KMS",
			want: &conf{S3: []resource.Encryption{kms(keyARN)}}, promise: plan.Promise{Mode: "SSE-KMS", KMSKey: keyARN},
		},
		"a key that is made": {
			w: wants("SSE-KMS", creating), s: func() resource.Surroundings { s := endpoint(); s.WantedKey = noKey(); return s }(), from: "NONE", to: "SSE-KMS",
			want:    &conf{S3: []resource.Encryption{kms(plan.KeyPlaceholder)}},
			promise: plan.Promise{Mode: "SSE-KMS", KMSKey: plan.KeyPlaceholder},
		},
		"logs join": {
			w: wants("SSE-KMS", logs), s: endpoint(), from: "NONE", to: "SSE-KMS",
			want:    &conf{S3: []resource.Encryption{kms(keyARN)}, CloudWatch: ptr(kms(keyARN))},
			promise: plan.Promise{Mode: "SSE-KMS", KMSKey: keyARN, LogMode: "SSE-KMS"},
		},
		"logs with a key of their own": {
			w: wants("SSE-KMS", logs, func(w *plan.Wanted) { w.LogKey = other }), s: endpoint(), from: "NONE", to: "SSE-KMS",
			want:    &conf{S3: []resource.Encryption{kms(keyARN)}, CloudWatch: ptr(kms(other))},
			promise: plan.Promise{Mode: "SSE-KMS", KMSKey: keyARN, LogMode: "SSE-KMS"},
		},
		"logs beside SSE-S3": {
			w: wants("SSE-S3", logs, func(w *plan.Wanted) { w.Key = keyARN }), s: endpoint(), from: "NONE", to: "SSE-S3",
			want:    &conf{S3: []resource.Encryption{sseS3()}, CloudWatch: ptr(kms(keyARN))},
			promise: plan.Promise{Mode: "SSE-S3", LogMode: "SSE-KMS"},
		},
		"logs that are encrypted stay": {
			w: wants("SSE-S3", logs), s: with(endpoint(), shared), from: "NONE", to: "SSE-S3",
			want:    &conf{S3: []resource.Encryption{sseS3()}, CloudWatch: shared.CloudWatch, JobBookmarks: shared.JobBookmarks},
			promise: plan.Promise{Mode: "SSE-S3", LogMode: "SSE-KMS"},
		},
		"logs get the key asked for": {
			w: wants("SSE-S3", logs, func(w *plan.Wanted) { w.LogKey = keyARN }), s: with(endpoint(), shared), from: "NONE", to: "SSE-S3",
			want:    &conf{S3: []resource.Encryption{sseS3()}, CloudWatch: ptr(kms(keyARN)), JobBookmarks: shared.JobBookmarks},
			promise: plan.Promise{Mode: "SSE-S3", LogMode: "SSE-KMS"},
		},
		"logs alone leave S3 alone": {
			w: wants("SSE-S3", logsOnly, func(w *plan.Wanted) { w.Key = keyARN }), s: with(endpoint(), configuration(kms(other))), from: "SSE-KMS", to: "SSE-KMS",
			want:    &conf{S3: []resource.Encryption{kms(other)}, CloudWatch: ptr(kms(keyARN))},
			promise: plan.Promise{Mode: "SSE-KMS", KMSKey: other, LogMode: "SSE-KMS"},
		},
		"weaker keeps the other parts": {
			w: wants("NONE"), s: with(endpoint(), func() conf { c := rich(); c.S3 = []resource.Encryption{kms(other)}; return c }()), from: "SSE-KMS", to: "NONE",
			want:    &conf{S3: []resource.Encryption{{Mode: "DISABLED"}}, CloudWatch: shared.CloudWatch, JobBookmarks: shared.JobBookmarks},
			promise: plan.Promise{Mode: "NONE", LogMode: "SSE-KMS"},
		},
		"weaker, with nothing else in it": {
			w: wants("NONE"), s: with(endpoint(), configuration(sseS3())), from: "SSE-S3", to: "NONE", promise: plan.Promise{Mode: "NONE"},
		},
		"transform": {
			w: wants("SSE-KMS"), s: transform(), from: "NONE", to: "SSE-KMS", want: &conf{S3: []resource.Encryption{kms(keyARN)}},
			promise: plan.Promise{Mode: "SSE-KMS", KMSKey: keyARN, TaskMode: "SSE-KMS"},
		},
		"transform, task runs under another key": {
			w: wants("SSE-KMS"), s: with(transform(), configuration(kms(other))), from: "NONE", to: "SSE-KMS", names: "old",
			promise: plan.Promise{Mode: "SSE-KMS", KMSKey: keyARN, TaskMode: "SSE-KMS"},
		},
		"transform, task runs too weak": {
			w: wants("SSE-KMS"), s: with(transform(), configuration(sseS3())), from: "NONE", to: "SSE-KMS",
			want: &conf{S3: []resource.Encryption{kms(keyARN)}}, promise: plan.Promise{Mode: "SSE-KMS", KMSKey: keyARN, TaskMode: "SSE-KMS"},
		},
		"transform, SSE-S3": {
			w: wants("SSE-S3"), s: with(transform(), shared), from: "NONE", to: "SSE-S3",
			want:    &conf{S3: []resource.Encryption{sseS3()}, CloudWatch: shared.CloudWatch, JobBookmarks: shared.JobBookmarks},
			promise: plan.Promise{Mode: "NONE", TaskMode: "SSE-S3"},
		},
		"transform, to nothing": {
			w: wants("NONE"), s: transform(func(d *resource.TransformDetail) { d.Definition.UserData = ptr(kms(other)) }), from: "SSE-KMS", to: "NONE",
			promise: plan.Promise{Mode: "NONE"},
		},
		"transform, to nothing, task runs too": {
			w: wants("NONE"), s: with(transform(), configuration(sseS3())), from: "SSE-S3", to: "NONE", promise: plan.Promise{Mode: "NONE"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := plan.Propose(tt.w, tt.s)
			if i.Blocked != nil {
				t.Fatalf("blocked: %+v", *i.Blocked)
			}
			if i.From != tt.from || i.To != tt.to {
				t.Errorf("from %s to %s, want %s to %s", i.From, i.To, tt.from, tt.to)
			}
			twin, made := step(i.Steps, "verify-twin"), step(i.Steps, "create-security-configuration").Configuration
			named := tt.names
			if tt.want != nil {
				tt.want.Name = plan.ConfigurationName(*tt.want)
				named = tt.want.Name
			}
			if diff := cmp.Diff(tt.want, made); diff != "" {
				t.Errorf("configuration (-want +got):\n%s", diff)
			}
			got := *twin.Promise
			switch {
			case got.Endpoint != nil && got.Endpoint.SecurityConfiguration != named:
				t.Errorf("the twin names %q, want %q", got.Endpoint.SecurityConfiguration, named)
			case got.Transform != nil && got.Transform.TaskRunSecurityConfiguration != named:
				t.Errorf("the twin names %q, want %q", got.Transform.TaskRunSecurityConfiguration, named)
			case got.Transform != nil && tt.promise.Mode == "NONE" && got.Transform.UserData != nil:
				t.Errorf("user data: %+v", got.Transform.UserData)
			case got.Transform != nil && tt.promise.Mode == "SSE-KMS" && *got.Transform.UserData != kms(keyARN):
				t.Errorf("user data: %+v", got.Transform.UserData)
			}
			tt.promise.Labels, tt.promise.ChangeTags, tt.promise.Ready = -1, true, got.Endpoint != nil
			got.Endpoint, got.Transform = nil, nil
			if diff := cmp.Diff(tt.promise, got); diff != "" {
				t.Errorf("promise (-want +got):\n%s", diff)
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

func TestWarnings(t *testing.T) {
	t.Parallel()
	type list = []string
	for name, tt := range map[string]struct {
		w    plan.Wanted
		s    resource.Surroundings
		want list
	}{
		"stronger":                 {wants("SSE-KMS"), endpoint(), nil},
		"another key":              {wants("SSE-KMS"), with(endpoint(), configuration(kms(other))), nil},
		"KMS to S3":                {wants("SSE-S3"), with(endpoint(), configuration(kms(other))), list{"weaker-mode"}},
		"S3 to nothing":            {wants("NONE"), with(endpoint(), configuration(sseS3())), list{"weaker-mode"}},
		"transform to task runs":   {wants("SSE-S3"), transform(func(d *resource.TransformDetail) { d.Definition.UserData = ptr(kms(other)) }), list{"weaker-mode"}},
		"weaker task runs":         {wants("SSE-S3"), with(transform(), configuration(kms(other))), list{"weaker-mode"}},
		"retired on Glue 1.0":      {wants("", strategy(plan.Retire)), endpoint(), list{"irreversible"}},
		"retired, no version":      {wants("", strategy(plan.Retire)), endpoint(func(d *resource.EndpointDetail) { d.Definition.GlueVersion = "" }), list{"irreversible"}},
		"retired on Glue 3.0":      {wants("", strategy(plan.Retire)), transform(func(d *resource.TransformDetail) { d.Definition.GlueVersion = "3.0" }), nil},
		"twin first on Glue 1.0":   {wants("SSE-S3"), endpoint(), nil},
		"side by side on Glue 2.0": {wants("SSE-KMS", strategy(plan.SideBySide)), transform(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, accept := range []bool{false, true} {
				tt.w.AcceptWeaker, tt.w.AcceptIrreversible = accept, accept
				var got list
				for _, w := range plan.Propose(tt.w, tt.s).Warnings {
					got = append(got, w.Code)
					if w.Accepted != accept || w.Text == "" || !strings.HasPrefix(w.Flag, "--accept-") {
						t.Errorf("warning: %+v", w)
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("warnings (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestConsequences(t *testing.T) {
	t.Parallel()
	fixed := endpoint(func(d *resource.EndpointDetail) {
		d.AWSTags = map[string]string{"aws:createdBy": "ann"}
		d.Status, d.FailureReason = "FAILED", "no route"
	})
	fixed.ElasticIP = resource.Known("203.0.113.7")
	fixed.Dependents = resource.Known([]resource.Dependent{{Kind: "notebook", Name: "zeppelin", Where: "its tags"}})
	used := transform()
	used.Dependents = resource.Known(jobs())
	unread := endpoint()
	unread.Dependents = resource.Unknown[[]resource.Dependent](resource.Failure{})
	fresh := endpoint()
	fresh.WantedKey = noKey()
	for name, tt := range map[string]struct {
		w     plan.Wanted
		s     resource.Surroundings
		codes string
		texts []string
	}{
		"endpoint": {
			wants("SSE-KMS"), endpoint(), "name-kept addresses-change overlap-cost lost-on-cluster old-objects readers way-back code-unseen",
			[]string{"For about 30 minutes there are two endpoints; the twin costs about 2 DPU-hours.", "kms:Decrypt on the key " + keyARN, "twin first"},
		},
		"endpoint with everything": {
			wants("SSE-S3", func(w *plan.Wanted) { w.ProvisioningMinutes = 2 }), fixed,
			"name-kept addresses-change overlap-cost lost-on-cluster elastic-ip-lost original-failed refers old-objects way-back aws-tags-dropped code-unseen",
			[]string{"about 10 minutes", "0.6667 DPU-hours", "203.0.113.7", "no route", "zeppelin", "aws:createdBy"},
		},
		"endpoint side by side": {
			wants("SSE-S3", strategy(plan.SideBySide)), endpoint(func(d *resource.EndpointDetail) { d.Definition.WorkerType = "G.2X" }),
			"new-name addresses-change overlap-cost lost-on-cluster old-objects way-back code-unseen",
			[]string{"8 DPU-hours an hour"},
		},
		"endpoint retired": {
			wants("", strategy(plan.Retire)), unread, "retired lost-on-cluster dependents-unknown way-back code-unseen", nil,
		},
		"endpoint, shared configuration": {
			wants("SSE-S3"), with(endpoint(), rich()), "name-kept addresses-change overlap-cost lost-on-cluster old-objects configuration-kept way-back code-unseen",
			[]string{`"old" is neither changed nor deleted`},
		},
		"endpoint, dangling configuration": {
			wants("SSE-S3"), dangling(endpoint()), "name-kept addresses-change overlap-cost lost-on-cluster old-objects configuration-missing way-back code-unseen",
			[]string{`"lost", which does not exist`},
		},
		"endpoint, key made": {
			wants("SSE-KMS", creating), fresh, "name-kept addresses-change overlap-cost lost-on-cluster old-objects readers key-made way-back code-unseen",
			[]string{"the key that is made"},
		},
		"transform": {
			wants("SSE-KMS", func(w *plan.Wanted) { w.RepointJobs = true }), used,
			"new-id name-kept original-kept overlap-cost labels-exported taught-again jobs-repointed use-ml-transforms refers old-objects readers way-back code-unseen",
			[]string{"tfm-1", "6 DPUs", "120 labels", labels, "0.05", "job nightly", "weekly", "glue:UseMLTransforms"},
		},
		"transform, task runs only": {
			wants("SSE-S3", strategy(plan.SideBySide)), transform(),
			"new-id new-name original-kept overlap-cost labels-exported taught-again task-runs-only old-objects way-back code-unseen",
			[]string{"Glue.3 stays red"},
		},
		"transform retired": {wants("", strategy(plan.Retire)), transform(), "retired labels-exported way-back code-unseen", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := plan.Propose(tt.w, tt.s)
			var codes, all []string
			for _, c := range i.Consequences {
				codes, all = append(codes, c.Code), append(all, c.Text)
				if strings.Contains(c.Text, "%!") || c.Text == "" {
					t.Errorf("%s: %q", c.Code, c.Text)
				}
			}
			if diff := cmp.Diff(strings.Fields(tt.codes), codes); diff != "" {
				t.Errorf("consequences (-want +got):\n%s", diff)
			}
			for _, text := range tt.texts {
				if !strings.Contains(strings.Join(all, "\n"), text) {
					t.Errorf("nothing says %q in:\n%s", text, strings.Join(all, "\n"))
				}
			}
		})
	}
}

// DPUs by worker type, for what the overlap costs.
func TestOverlapCost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		definition resource.EndpointDefinition
		want       string
	}{
		"nodes":    {resource.EndpointDefinition{NumberOfNodes: 3}, "1.5 DPU-hours"},
		"nothing":  {resource.EndpointDefinition{}, "2.5 DPU-hours"},
		"Standard": {resource.EndpointDefinition{WorkerType: "Standard", NumberOfWorkers: 2, NumberOfNodes: 9}, "1 DPU-hours"},
		"G.025X":   {resource.EndpointDefinition{WorkerType: "G.025X", NumberOfWorkers: 4}, "0.5 DPU-hours"},
		"G.2X":     {resource.EndpointDefinition{WorkerType: "G.2X", NumberOfWorkers: 2}, "2 DPU-hours"},
		"G.4X":     {resource.EndpointDefinition{WorkerType: "G.4X", NumberOfWorkers: 2}, "4 DPU-hours"},
		"G.8X":     {resource.EndpointDefinition{WorkerType: "G.8X", NumberOfWorkers: 2}, "8 DPU-hours"},
		"no type":  {resource.EndpointDefinition{NumberOfWorkers: 2}, "1 DPU-hours"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.definition.Name = "etl"
			i := plan.Propose(wants("SSE-S3"), endpoint(func(d *resource.EndpointDetail) { d.Definition = tt.definition }))
			for _, c := range i.Consequences {
				if c.Code == "overlap-cost" && !strings.Contains(c.Text, "about "+tt.want+".") {
					t.Errorf("%s, want %s", c.Text, tt.want)
				}
			}
		})
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	used := transform()
	used.Dependents, used.WantedKey = resource.Known(jobs()), noKey()
	type p = plan.Permission
	twin := plan.TwinName(plan.Propose(wants("SSE-S3"), endpoint()).Identity)
	for name, tt := range map[string]struct {
		w    plan.Wanted
		s    resource.Surroundings
		want []plan.Permission
	}{
		"endpoint": {
			wants("SSE-KMS", func(w *plan.Wanted) { w.Grant, w.Prove = &plan.Grant{}, "s3://proof/in/" }), endpoint(),
			[]p{
				{Action: "kms:CreateGrant", Resource: keyARN, Step: "create-grant"},
				{Action: "glue:CreateSecurityConfiguration", Resource: "*", Step: "create-security-configuration"},
				{Action: "glue:CreateDevEndpoint", Resource: "*", Step: "create-twin"},
				{Action: "glue:TagResource", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/" + twin, Step: "create-twin"},
				{Action: "iam:PassRole", Resource: roleARN, Step: "create-twin", Passed: "glue.amazonaws.com"},
				{Action: "glue:DeleteDevEndpoint", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl", Step: "delete-original"},
				{Action: "glue:DeleteDevEndpoint", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/" + twin, Step: "delete-twin"},
				{Action: "glue:UntagResource", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl", Step: "remove-change-tags"},
				{Action: "s3:GetObject", Resource: "arn:aws:s3:::proof/in/*", Step: "prove-twin"},
				{Action: "s3:ListBucket", Resource: "arn:aws:s3:::proof", Step: "prove-twin"},
			},
		},
		"side by side needs the original's delete later": {
			wants("SSE-S3", strategy(plan.SideBySide)), endpoint(),
			[]p{
				{Action: "glue:DeleteDevEndpoint", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl", Step: "delete-original"},
				{Action: "glue:UntagResource", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/" + twin, Step: "remove-change-tags"},
			},
		},
		"transform": {
			wants("SSE-KMS", creating, func(w *plan.Wanted) { w.RepointJobs = true }), used,
			[]p{
				{Action: "kms:CreateKey", Resource: "*", Step: "create-key"},
				{Action: "kms:CreateAlias", Resource: "arn:aws:kms:eu-west-1:111122223333:alias/glueguard", Step: "create-alias"},
				{Action: "kms:EnableKeyRotation", Resource: "arn:aws:kms:eu-west-1:111122223333:key/*", Step: "enable-key-rotation"},
				{Action: "glue:StartExportLabelsTaskRun", Resource: "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-1", Step: "export-labels"},
				{Action: "glue:CreateMLTransform", Resource: "*", Step: "create-twin"},
				{Action: "glue:StartImportLabelsTaskRun", Resource: "arn:aws:glue:eu-west-1:111122223333:mlTransform/*", Step: "import-labels"},
				{Action: "glue:UpdateMLTransform", Resource: "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-1", Step: "rename-original"},
				{Action: "glue:UpdateJob", Resource: "arn:aws:glue:eu-west-1:111122223333:job/nightly", Step: "repoint-job-nightly"},
				{Action: "iam:PassRole", Resource: "arn:aws:iam::111122223333:role/*", Step: "repoint-job-nightly", Passed: "glue.amazonaws.com"},
				{Action: "glue:DeleteMLTransform", Resource: "arn:aws:glue:eu-west-1:111122223333:mlTransform/*", Step: "delete-twin"},
				{Action: "glue:DeleteMLTransform", Resource: "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-1", Step: "delete-original"},
			},
		},
		"retired": {
			wants("", strategy(plan.Retire)), transform(),
			[]p{{Action: "glue:DeleteMLTransform", Resource: "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-1", Step: "delete-original"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := map[plan.Permission]bool{}
			once := map[plan.Permission]bool{}
			for _, have := range plan.Propose(tt.w, tt.s).Permissions {
				seen[have] = true
				have.Step = ""
				if once[have] {
					t.Errorf("twice: %+v", have)
				}
				once[have] = true
			}
			for _, want := range tt.want {
				if !seen[want] {
					t.Errorf("missing: %+v", want)
				}
			}
			if tt.w.Strategy == plan.Retire && once[plan.Permission{Action: "glue:CreateMLTransform", Resource: "*"}] {
				t.Error("retiring asks to create")
			}
		})
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	find := func(i plan.Item, name string) plan.Attribute {
		for _, a := range i.Attributes {
			if a.Name == name {
				return a
			}
		}
		return plan.Attribute{}
	}
	e := plan.Propose(wants("SSE-KMS"), with(endpoint(), configuration(sseS3())))
	made := step(e.Steps, "create-security-configuration").Configuration.Name
	m := plan.Propose(wants("SSE-KMS"), transform())
	r := plan.Propose(wants("", strategy(plan.Retire)), endpoint())
	b := plan.Propose(wants("SSE-S3", strategy(plan.SideBySide)), endpoint())
	for name, tt := range map[string]struct {
		item plan.Item
		want plan.Attribute
	}{
		"forces":         {e, plan.Attribute{Name: "security_configuration", Before: "old", After: made, Forces: true}},
		"mode":           {e, plan.Attribute{Name: "encryption_configuration.s3_encryption.s3_encryption_mode", Before: "SSE-S3", After: "SSE-KMS"}},
		"key":            {e, plan.Attribute{Name: "encryption_configuration.s3_encryption.kms_key_arn", After: keyARN}},
		"kept":           {e, plan.Attribute{Name: "role_arn", Before: roleARN, After: roleARN}},
		"decided by AWS": {e, plan.Attribute{Name: "private_address", Before: "10.0.0.7", AfterUnknown: true}},
		"empty argument": {e, plan.Attribute{Name: "arguments.--enable-glue-datacatalog", Before: `""`, After: `""`}},
		"transform":      {m, plan.Attribute{Name: "transform_encryption.ml_user_data_encryption.mode", After: "SSE-KMS", Forces: true}},
		"transform's id": {m, plan.Attribute{Name: "id", Before: "tfm-1", AfterUnknown: true}},
		"labels":         {m, plan.Attribute{Name: "label_count", Before: "120", After: "120"}},
		"retired":        {r, plan.Attribute{Name: "glue_version", Before: "1.0"}},
		"side by side":   {b, plan.Attribute{Name: "name", Before: "etl", After: plan.TwinName(b.Identity)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, find(tt.item, tt.want.Name)); diff != "" {
				t.Errorf("attribute (-want +got):\n%s", diff)
			}
		})
	}
	if find(e, "number_of_nodes").Name != "" {
		t.Error("the number of nodes is shown beside workers")
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

// What is given is not changed, and what comes out shares nothing with it.
func TestProposeKeepsItsHandsOff(t *testing.T) {
	t.Parallel()
	s := with(endpoint(), rich())
	before := with(endpoint(), rich())
	i := plan.Propose(wants("SSE-S3"), s)
	step(i.Steps, "create-twin").Endpoint.Tags["team"] = "changed"
	step(i.Steps, "create-security-configuration").Configuration.CloudWatch.KMSKey = "changed"
	a, _ := before.Endpoint.Value()
	b, _ := s.Endpoint.Value()
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the endpoint was changed (-before +after):\n%s", diff)
	}
	c, _ := before.Configuration.Value()
	d, _ := s.Configuration.Value()
	if diff := cmp.Diff(c, d); diff != "" {
		t.Errorf("the configuration was changed (-before +after):\n%s", diff)
	}
	if step(i.Steps, "create-replacement").Endpoint.Tags["team"] != "data" {
		t.Error("two steps share one definition")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	id := resource.Identity{Type: resource.TypeDevEndpoint, ARN: "arn:1", Name: "etl", CreatedAt: at(0)}
	later := id
	later.CreatedAt = at(1)
	zoned := id
	zoned.CreatedAt = at(0).In(time.FixedZone("x", 3600))
	if plan.TwinName(id) == plan.TwinName(later) || plan.TwinName(id) != plan.TwinName(zoned) {
		t.Error("a twin's name must come of the very resource, and of nothing else")
	}
	if got := plan.TwinName(id); !strings.HasPrefix(got, "etl-gg-") || len(got) != len("etl-gg-")+8 {
		t.Errorf("twin: %q", got)
	}
	id.Name = strings.Repeat("ä", 127) + "x"
	for _, name := range []string{plan.TwinName(id), plan.RetiredName(id)} {
		if len(name) > 255 || strings.ToValidUTF8(name, "?") != name || !strings.Contains(name, "-gg-") {
			t.Errorf("%d bytes: %q", len(name), name)
		}
	}
	c := configuration(sseS3())
	renamed := c
	renamed.Name, renamed.CreatedAt, renamed.CloudWatch = "other", at(3), &resource.Encryption{Mode: "DISABLED"}
	if !plan.SameConfiguration(c, renamed) || plan.ConfigurationName(c) != plan.ConfigurationName(renamed) {
		t.Error("name, age and a block that is off are no content")
	}
	if got := plan.ConfigurationName(c); len(got) != len("glueguard-")+16 {
		t.Errorf("configuration: %q", got)
	}
	if plan.SameConfiguration(c, configuration(kms(keyARN))) || plan.SameConfiguration(c, configuration(sseS3(), resource.Encryption{Mode: "DISABLED"})) {
		t.Error("different contents have one name")
	}
	if plan.ConfigurationName(configuration(kms(plan.KeyPlaceholder))) != plan.ConfigurationPlaceholder {
		t.Error("a name without its key")
	}
}
