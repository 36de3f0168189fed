package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

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
