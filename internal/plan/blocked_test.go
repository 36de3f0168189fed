package plan_test

import (
	"strings"
	"testing"

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
