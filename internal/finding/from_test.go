package finding_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

const arn = "arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev1"

func outcome(status control.Status) control.Outcome {
	return control.Outcome{
		Control: control.DevEndpointS3, Status: status, Reason: "no-security-configuration", Message: "It names none.", Severity: control.Medium,
		Resource: resource.Ref{
			Type: resource.TypeDevEndpoint, ARN: arn, ID: "dev1", Name: "dev1", Account: "111122223333", Region: "eu-west-1", Tags: map[string]string{},
		},
		Advisories: []control.Advisory{},
	}
}

func excepting(expires string) policy.Policy {
	p := policy.Default(policy.SOP)
	p.Exceptions = []policy.Exception{{
		Control: policy.ControlID(control.DevEndpointS3), Resource: arn, Reason: "moving", Owner: "data", Expires: policy.Date(expires),
	}}
	return p
}

func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func TestExceptions(t *testing.T) {
	t.Parallel()
	cited := func(expires string, expired bool) *finding.Exception {
		return &finding.Exception{Reason: "moving", Owner: "data", Expires: expires, Expired: expired}
	}
	other := outcome(control.Fail)
	other.Resource.ARN += "0"
	unlisted := outcome(control.Fail)
	unlisted.Resource.ARN = ""
	anotherControl := outcome(control.Fail)
	anotherControl.Control = control.DevEndpointLogs
	tests := map[string]struct {
		outcome   control.Outcome
		expires   string
		status    control.Status
		exception *finding.Exception
		message   string
	}{
		"in force":                  {outcome(control.Fail), "2026-12-31", control.Exempt, cited("2026-12-31", false), "It names none."},
		"in force on its last day":  {outcome(control.Fail), "2026-11-22", control.Exempt, cited("2026-11-22", false), "It names none."},
		"expired is failing again":  {outcome(control.Fail), "2026-11-21", control.Fail, cited("2026-11-21", true), "It names none. The exception owned by data expired on 2026-11-21."},
		"pass is never exempt":      {outcome(control.Pass), "2026-12-31", control.Pass, nil, "It names none."},
		"unknown is never exempt":   {outcome(control.Unknown), "2026-12-31", control.Unknown, nil, "It names none."},
		"not applicable stays so":   {outcome(control.NotApplicable), "2026-12-31", control.NotApplicable, nil, "It names none."},
		"another resource":          {other, "2026-12-31", control.Fail, nil, "It names none."},
		"another control":           {anotherControl, "2026-12-31", control.Fail, nil, "It names none."},
		"a listing has no resource": {unlisted, "2026-12-31", control.Fail, nil, "It names none."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := finding.From([]control.Outcome{test.outcome}, excepting(test.expires), now())[0]
			if diff := cmp.Diff(test.exception, got.Exception); diff != "" {
				t.Errorf("exception (-want +got):\n%s", diff)
			}
			if got.Status != test.status || got.Message != test.message || got.Reason != test.outcome.Reason {
				t.Errorf("status %s, reason %s, message %q", got.Status, got.Reason, got.Message)
			}
		})
	}
}

func TestIDSaysWhatNotHow(t *testing.T) {
	t.Parallel()
	base := finding.ID(outcome(control.Fail))
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(base) {
		t.Errorf("id %q is not 32 hexadecimal digits", base)
	}
	// The id is kept by stores: it must never change between releases.
	if want := "9125da8d17f5d919754111bfedfa1985"; base != want {
		t.Errorf("id %s, want %s", base, want)
	}
	same := map[string]func(*control.Outcome){
		"status":     func(o *control.Outcome) { o.Status = control.Pass },
		"reason":     func(o *control.Outcome) { o.Reason = "sse-kms" },
		"message":    func(o *control.Outcome) { o.Message = "x" },
		"severity":   func(o *control.Outcome) { o.Severity = control.High },
		"tags":       func(o *control.Outcome) { o.Resource.Tags = map[string]string{"a": "b"} },
		"name":       func(o *control.Outcome) { o.Resource.Name = "renamed" },
		"advisories": func(o *control.Outcome) { o.Advisories = append(o.Advisories, control.Advisory{Code: "x"}) },
		"encryption": func(o *control.Outcome) { o.Encryption.Mode = "SSE-KMS" },
	}
	for name, change := range same {
		o := outcome(control.Fail)
		change(&o)
		if finding.ID(o) != base {
			t.Errorf("%s is in the id", name)
		}
	}
	seen := map[string]string{base: "base"}
	for name, change := range map[string]func(*control.Outcome){
		"control":            func(o *control.Outcome) { o.Control = control.DevEndpointLogs },
		"account":            func(o *control.Outcome) { o.Resource.ARN = strings.ReplaceAll(arn, "111122223333", "444455556666") },
		"region":             func(o *control.Outcome) { o.Resource.ARN = strings.ReplaceAll(arn, "eu-west-1", "eu-west-2") },
		"partition":          func(o *control.Outcome) { o.Resource.ARN = strings.ReplaceAll(arn, "arn:aws:", "arn:aws-cn:") },
		"resource":           func(o *control.Outcome) { o.Resource.ARN += "2" },
		"listing":            func(o *control.Outcome) { o.Resource.ARN, o.Resource.ID = "", "" },
		"listing elsewhere":  func(o *control.Outcome) { o.Resource.ARN, o.Resource.ID, o.Resource.Region = "", "", "eu-west-2" },
		"listing of another": func(o *control.Outcome) { o.Resource.ARN, o.Resource.ID, o.Resource.Account = "", "", "4" },
		"listing of a type":  func(o *control.Outcome) { o.Resource.ARN, o.Resource.ID, o.Resource.Type = "", "", "AWS::KMS::Key" },
		"reference":          func(o *control.Outcome) { o.Resource.ARN, o.Resource.ID = "", "alias/glue" },
	} {
		o := outcome(control.Fail)
		change(&o)
		if other, ok := seen[finding.ID(o)]; ok {
			t.Errorf("%s and %s have one id", name, other)
		}
		seen[finding.ID(o)] = name
	}
}

func TestFromKeepsEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var outcomes []control.Outcome
		for range rapid.IntRange(0, 5).Draw(t, "outcomes") {
			o := outcome(rapid.SampledFrom([]control.Status{control.Pass, control.Fail, control.Unknown, control.NotApplicable}).Draw(t, "status"))
			o.Resource.ARN += rapid.SampledFrom([]string{"", "0"}).Draw(t, "resource")
			outcomes = append(outcomes, o)
		}
		findings := finding.From(outcomes, excepting(rapid.SampledFrom([]string{"2026-01-01", "2027-01-01"}).Draw(t, "expires")), now())
		if len(findings) != len(outcomes) {
			t.Fatalf("%d findings of %d outcomes", len(findings), len(outcomes))
		}
		for i, f := range findings {
			if f.ID != finding.ID(outcomes[i]) || (f.Status != outcomes[i].Status && (f.Status != control.Exempt || outcomes[i].Status != control.Fail)) {
				t.Fatalf("finding %+v of outcome %+v", f, outcomes[i])
			}
			if (f.Status == control.Exempt) != (f.Exception != nil && !f.Exception.Expired) {
				t.Fatalf("status %s with exception %+v", f.Status, f.Exception)
			}
		}
	})
}

// The members are those of the audit's JSON contract; lists and tags are never null.
func TestJSON(t *testing.T) {
	t.Parallel()
	s := &resource.Snapshot{
		Location:     resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"},
		DevEndpoints: resource.Known([]resource.DevEndpoint{{Name: "dev1", Status: "READY", GlueVersion: "3.0"}}),
	}
	findings := finding.From(control.Evaluate(s, policy.Default(policy.SOP), control.DevEndpointS3), policy.Default(policy.SOP), now())
	text, err := json.Marshal(findings)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"id":"9125da8d17f5d919754111bfedfa1985","control":"glue-dev-endpoint-s3-encryption","status":"fail","reason":"no-security-configuration",` +
		`"message":"Development endpoint \"dev1\" names no security configuration, so nothing makes it encrypt what it writes to S3.","severity":"medium",` +
		`"resource":{"type":"AWS::Glue::DevEndpoint","arn":"` + arn + `","id":"dev1","name":"dev1","account":"111122223333","region":"eu-west-1","tags":{}},` +
		`"encryption":{"mode":"NONE","kms_key":"","security_configuration":""},"advisories":[],"exception":null}]`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}
