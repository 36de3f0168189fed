package control_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// Every row of the table of glue-dev-endpoint-s3-encryption, and what stands between the rows.
func TestDevEndpointS3(t *testing.T) {
	t.Parallel()
	const none = resource.ModeNone
	unusable, unverified := []string{"key-unusable"}, []string{"key-unverified"}
	tests := map[string]struct {
		configuration string
		policy        policy.Policy
		want          want
	}{
		"no configuration named":           {"", sop(), want{"fail", "no-security-configuration", none, nil}},
		"configuration unreadable":         {"unreadable", sop(), want{"unknown", "security-configuration-unreadable", "", nil}},
		"configuration never read":         {"not-in-the-snapshot", sop(), want{"unknown", "security-configuration-unreadable", "", nil}},
		"configuration missing":            {"missing", sop(), want{"fail", "security-configuration-missing", none, nil}},
		"S3Encryption absent":              {"empty", sop(), want{"fail", "s3-encryption-absent", none, nil}},
		"S3Encryption an empty list":       {"empty-list", sop(), want{"fail", "s3-encryption-absent", none, nil}},
		"only logs encrypted":              {"partial", sop(), want{"fail", "s3-encryption-absent", none, nil}},
		"DISABLED":                         {"off", sop(), want{"fail", "s3-encryption-disabled", none, nil}},
		"an entry without a mode":          {"no-mode", sop(), want{"fail", "s3-encryption-disabled", none, nil}},
		"one of two DISABLED":              {"mixed-off", sop(), want{"fail", "s3-encryption-disabled", none, nil}},
		"DISABLED beside unknown":          {"mixed-odd-off", sop(), want{"fail", "s3-encryption-disabled", none, nil}},
		"mode unknown":                     {"odd", sop(), want{"unknown", "mode-unrecognised", "", nil}},
		"mode of another block":            {"cse", sop(), want{"unknown", "mode-unrecognised", "", nil}},
		"mode unknown beside SSE-S3":       {"mixed-odd", sop(), want{"unknown", "mode-unrecognised", "", nil}},
		"unknown comes before below":       {"mixed-odd", kmsRequired(), want{"unknown", "mode-unrecognised", "", nil}},
		"mode unknown beside SSE-KMS":      {"mixed-odd-kms", sop(), want{"unknown", "mode-unrecognised", "", nil}},
		"SSE-S3, KMS required":             {"sse-s3", kmsRequired(), want{"fail", "below-required-mode", "SSE-S3", nil}},
		"SSE-S3, strict":                   {"sse-s3", strict(), want{"fail", "below-required-mode", "SSE-S3", nil}},
		"mixed, KMS required":              {"mixed", kmsRequired(), want{"fail", "below-required-mode", "SSE-S3", nil}},
		"SSE-S3":                           {"sse-s3", sop(), want{"pass", "sse-s3", "SSE-S3", nil}},
		"mixed: the weakest entry":         {"mixed", sop(), want{"pass", "sse-s3", "SSE-S3", nil}},
		"SSE-KMS":                          {"sse-kms", sop(), want{"pass", "sse-kms", "SSE-KMS", nil}},
		"SSE-KMS, KMS required":            {"sse-kms", kmsRequired(), want{"pass", "sse-kms", "SSE-KMS", nil}},
		"SSE-KMS, strict":                  {"sse-kms", strict(), want{"pass", "sse-kms", "SSE-KMS", nil}},
		"no key named":                     {"kms-no-key", sop(), want{"pass", "sse-kms", "SSE-KMS", []string{"no-key-named"}}},
		"AWS managed key":                  {"kms-aws", sop(), want{"pass", "sse-kms", "SSE-KMS", []string{"aws-managed-key"}}},
		"AWS managed alias, not read":      {"kms-aws-alias", sop(), want{"pass", "sse-kms", "SSE-KMS", []string{"aws-managed-key"}}},
		"key gone":                         {"kms-gone", sop(), want{"pass", "sse-kms", "SSE-KMS", unusable}},
		"key disabled":                     {"kms-disabled", sop(), want{"pass", "sse-kms", "SSE-KMS", unusable}},
		"key of another region":            {"kms-elsewhere", sop(), want{"pass", "sse-kms", "SSE-KMS", unusable}},
		"key unreadable":                   {"kms-unread", sop(), want{"pass", "sse-kms", "SSE-KMS", unverified}},
		"key never read":                   {"kms-never", sop(), want{"pass", "sse-kms", "SSE-KMS", unverified}},
		"key updating":                     {"kms-updating", sop(), want{"pass", "sse-kms", "SSE-KMS", unverified}},
		"one of two keys gone":             {"two-keys", sop(), want{"pass", "sse-kms", "SSE-KMS", unusable}},
		"strict: no key named":             {"kms-no-key", strict(), want{"fail", "below-required-mode", "SSE-KMS", []string{"no-key-named"}}},
		"strict: AWS managed key":          {"kms-aws", strict(), want{"fail", "below-required-mode", "SSE-KMS", []string{"aws-managed-key"}}},
		"strict: key gone":                 {"kms-gone", strict(), want{"fail", "key-unusable", "SSE-KMS", nil}},
		"strict: one of two keys gone":     {"two-keys", strict(), want{"fail", "key-unusable", "SSE-KMS", nil}},
		"strict: key disabled":             {"kms-disabled", strict(), want{"fail", "key-unusable", "SSE-KMS", nil}},
		"strict: key unreadable":           {"kms-unread", strict(), want{"unknown", "key-unverified", "SSE-KMS", nil}},
		"strict: key updating":             {"kms-updating", strict(), want{"unknown", "key-unverified", "SSE-KMS", nil}},
		"strict: configuration unreadable": {"unreadable", strict(), want{"unknown", "security-configuration-unreadable", "", nil}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshot()
			s.DevEndpoints = resource.Known([]resource.DevEndpoint{endpoint(test.configuration)})
			o := only(t, s, test.policy, control.DevEndpointS3)
			check(t, o, test.want)
			if o.Encryption.SecurityConfiguration != test.configuration {
				t.Errorf("security configuration %q, want %q", o.Encryption.SecurityConfiguration, test.configuration)
			}
			if o.Severity != control.Medium || !strings.Contains(o.Message, `"dev1"`) || (test.configuration != "" && !strings.Contains(o.Message, test.configuration)) {
				t.Errorf("severity %s, message %q", o.Severity, o.Message)
			}
		})
	}
}

// Every answer of glue-dev-endpoint-log-encryption.
func TestDevEndpointLogs(t *testing.T) {
	t.Parallel()
	const none = resource.ModeNone
	tests := map[string]struct {
		configuration string
		policy        policy.Policy
		want          want
	}{
		"no configuration named":      {"", sop(), want{"fail", "no-security-configuration", none, nil}},
		"configuration unreadable":    {"unreadable", sop(), want{"unknown", "security-configuration-unreadable", "", nil}},
		"configuration missing":       {"missing", sop(), want{"fail", "security-configuration-missing", none, nil}},
		"configuration empty":         {"empty", sop(), want{"fail", "log-encryption-absent", none, nil}},
		"only S3 encrypted":           {"sse-kms", sop(), want{"fail", "log-encryption-absent", none, nil}},
		"block without a mode":        {"logs-no-mode", sop(), want{"fail", "log-encryption-absent", none, nil}},
		"DISABLED":                    {"logs-off", sop(), want{"fail", "log-encryption-disabled", none, nil}},
		"a mode that logs can't have": {"logs-sse-s3", sop(), want{"unknown", "mode-unrecognised", "", nil}},
		"SSE-KMS":                     {"partial", sop(), want{"pass", "sse-kms", "SSE-KMS", nil}},
		"no key named":                {"logs-no-key", sop(), want{"pass", "sse-kms", "SSE-KMS", []string{"no-key-named"}}},
		"key gone":                    {"logs-gone", sop(), want{"pass", "sse-kms", "SSE-KMS", []string{"key-unusable"}}},
		"strict: SSE-KMS":             {"partial", strict(), want{"pass", "sse-kms", "SSE-KMS", nil}},
		"strict: no key named":        {"logs-no-key", strict(), want{"fail", "below-required-mode", "SSE-KMS", []string{"no-key-named"}}},
		"strict: key gone":            {"logs-gone", strict(), want{"fail", "key-unusable", "SSE-KMS", nil}},
		"strict: key unreadable":      {"logs-unread", strict(), want{"unknown", "key-unverified", "SSE-KMS", nil}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshot()
			s.DevEndpoints = resource.Known([]resource.DevEndpoint{endpoint(test.configuration)})
			o := only(t, s, test.policy, control.DevEndpointLogs)
			check(t, o, test.want)
			if o.Severity != control.Low {
				t.Errorf("severity %s, want low", o.Severity)
			}
		})
	}
}

// A resource on its way out is not judged, whatever is or is not known of it; one that failed or provisions is.
func TestDevEndpointStates(t *testing.T) {
	t.Parallel()
	for _, id := range []control.ID{control.DevEndpointS3, control.DevEndpointLogs} {
		for status, deleted := range map[string]bool{
			"TERMINATING": true, "TERMINATED": true, "PROVISIONING": false, "READY": false, "FAILED": false, "NEW-STATE": false, "": false,
		} {
			for _, configuration := range []string{"", "unreadable", "missing", "sse-kms", "odd", "kms-unread"} {
				s := snapshot()
				e := endpoint(configuration)
				e.Status = status
				s.DevEndpoints = resource.Known([]resource.DevEndpoint{e})
				o := only(t, s, strict(), id)
				if got := o.Status == control.NotApplicable; got != deleted || (o.Reason == "being-deleted") != deleted {
					t.Errorf("%s, status %q, configuration %q: %s %s", id, status, configuration, o.Status, o.Reason)
				}
				checkShape(t, o)
			}
		}
	}
}

func TestDevEndpointAdvisories(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*resource.DevEndpoint)
		codes  []string
		says   string
	}{
		"none":                 {func(*resource.DevEndpoint) {}, []string{}, ""},
		"no version means 0.9": {func(e *resource.DevEndpoint) { e.GlueVersion = "" }, []string{"runtime-end-of-life"}, "0.9"},
		"0.9":                  {func(e *resource.DevEndpoint) { e.GlueVersion = "0.9" }, []string{"runtime-end-of-life"}, "2026-04-01"},
		"1.0":                  {func(e *resource.DevEndpoint) { e.GlueVersion = "1.0" }, []string{"runtime-end-of-life"}, "Glue 1.0"},
		"2.0":                  {func(e *resource.DevEndpoint) { e.GlueVersion = "2.0" }, []string{"runtime-end-of-life"}, "Glue 2.0"},
		"5.0":                  {func(e *resource.DevEndpoint) { e.GlueVersion = "5.0" }, []string{}, ""},
		"failed":               {func(e *resource.DevEndpoint) { e.Status, e.FailureReason = "FAILED", "no route to S3" }, []string{"endpoint-failed"}, "no route to S3"},
		"stack": {func(e *resource.DevEndpoint) {
			e.Tags = resource.Known(map[string]string{"aws:cloudformation:stack-name": "etl"})
		}, []string{"stack-owned"}, `"etl"`},
		"tags unread": {func(e *resource.DevEndpoint) {
			e.Tags = resource.Unknown[map[string]string](denied("tag:GetResources"))
		}, []string{}, ""},
		"all": {func(e *resource.DevEndpoint) {
			e.Status, e.GlueVersion, e.SecurityConfiguration = "FAILED", "1.0", "kms-gone"
			e.Tags = resource.Known(map[string]string{"aws:cloudformation:stack-name": "etl"})
		}, []string{"key-unusable", "endpoint-failed", "runtime-end-of-life", "stack-owned"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, id := range []control.ID{control.DevEndpointS3, control.DevEndpointLogs} {
				e := endpoint("sse-s3")
				test.change(&e)
				s := snapshot()
				s.DevEndpoints = resource.Known([]resource.DevEndpoint{e})
				o := only(t, s, sop(), id)
				wantCodes := test.codes
				if name == "all" && id == control.DevEndpointLogs {
					wantCodes = wantCodes[1:] // its log encryption rests on no key
				}
				if diff := cmp.Diff(wantCodes, codes(o)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", id, diff)
				}
				if len(o.Advisories) > 0 && !strings.Contains(o.Advisories[0].Message, test.says) {
					t.Errorf("%s: %q does not say %q", id, o.Advisories[0].Message, test.says)
				}
				checkShape(t, o)
			}
		})
	}
}

// The same name in two regions and two accounts stands for four configurations.
func TestConfigurationsAreJoinedByLocation(t *testing.T) {
	t.Parallel()
	contents := map[resource.Location]resource.Fact[resource.SecurityConfiguration]{
		{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}: configurations()["sse-kms"],
		{Partition: "aws", Account: "111122223333", Region: "eu-west-2"}: configurations()["off"],
		{Partition: "aws", Account: "444455556666", Region: "eu-west-1"}: configurations()["missing"],
		{Partition: "aws", Account: "444455556666", Region: "eu-west-2"}: configurations()["unreadable"],
	}
	got := map[resource.Location]control.Reason{}
	for l, content := range contents {
		e := endpoint("shared")
		e.ARN = l.ARN("glue", "devEndpoint/dev1")
		o := only(t, &resource.Snapshot{
			Location: l, DevEndpoints: resource.Known([]resource.DevEndpoint{e}), Keys: keys(),
			SecurityConfigurations: map[string]resource.Fact[resource.SecurityConfiguration]{"shared": content},
		}, sop(), control.DevEndpointS3)
		got[l] = o.Reason
		if o.Resource.Account != l.Account || o.Resource.Region != l.Region || o.Resource.ARN != e.ARN.String() {
			t.Errorf("the outcome of %s is about %+v", l, o.Resource)
		}
	}
	want := map[resource.Location]control.Reason{
		{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}: "sse-kms",
		{Partition: "aws", Account: "111122223333", Region: "eu-west-2"}: "s3-encryption-disabled",
		{Partition: "aws", Account: "444455556666", Region: "eu-west-1"}: "security-configuration-missing",
		{Partition: "aws", Account: "444455556666", Region: "eu-west-2"}: "security-configuration-unreadable",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}
