package control_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

func TestCatalogueIsThePolicysList(t *testing.T) {
	t.Parallel()
	var ids []policy.ControlID
	for _, c := range control.All() {
		ids = append(ids, policy.ControlID(c.ID))
		if c.Title == "" || c.Type == "" || c.Severity == "" {
			t.Errorf("%s lacks a title, type or severity", c.ID)
		}
	}
	if diff := cmp.Diff(policy.ControlIDs(), ids); diff != "" {
		t.Errorf("controls (-policy +control):\n%s", diff)
	}
}

func TestSelected(t *testing.T) {
	t.Parallel()
	scoped := sop()
	scoped.Scope.Controls = []policy.ControlID{"glue-dev-endpoint-s3-encryption", "glue-encryption-key-management"}
	tests := map[string]struct {
		policy policy.Policy
		only   []control.ID
		want   []control.ID
	}{
		"all":               {sop(), nil, []control.ID{control.DevEndpointS3, control.DevEndpointLogs, control.MLTransform, control.KeyManagement}},
		"named":             {sop(), []control.ID{control.MLTransform}, []control.ID{control.MLTransform}},
		"by the policy":     {scoped, nil, []control.ID{control.DevEndpointS3, control.KeyManagement}},
		"both":              {scoped, []control.ID{control.MLTransform, control.DevEndpointS3}, []control.ID{control.DevEndpointS3}},
		"nothing in both":   {scoped, []control.ID{control.MLTransform}, nil},
		"unknown control":   {sop(), []control.ID{"x"}, nil},
		"catalogue's order": {sop(), []control.ID{control.MLTransform, control.DevEndpointS3}, []control.ID{control.DevEndpointS3, control.MLTransform}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []control.ID
			for _, c := range control.Selected(test.policy, test.only...) {
				got = append(got, c.ID)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Selected (-want +got):\n%s", diff)
			}
			if got := control.EvaluateKeys([]resource.KeyUse{{Ref: "gone", Key: resource.Absent[resource.Key]()}}, test.policy); (len(got) == 1) != test.policy.Scope.CoversControl(string(control.KeyManagement)) {
				t.Errorf("EvaluateKeys gave %d outcomes", len(got))
			}
		})
	}
}

// A listing that failed is one unknown outcome per control on it, and says nothing of the other listing.
func TestListingFailed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		class    resource.FailureClass
		reported bool
		says     string
	}{
		"denied":      {resource.Denied, true, "was denied (denied, SomeException)"},
		"throttled":   {resource.Throttled, true, "was throttled until the retries ended (throttled, SomeException)"},
		"error":       {resource.Errored, true, "failed (error, SomeException)"},
		"interrupted": {resource.Interrupted, true, "was interrupted (interrupted, SomeException)"},
		"unsupported": {resource.Unsupported, false, ""},
		"skipped":     {resource.Skipped, false, ""},
		"excluded":    {resource.Excluded, false, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := resource.Failure{Operation: "glue:GetMLTransforms", Class: test.class, Code: "SomeException"}
			s := snapshot()
			s.MLTransforms = resource.Unknown[[]resource.MLTransform](f)
			s.DevEndpoints = resource.Known([]resource.DevEndpoint{endpoint("sse-kms")})
			all := control.Evaluate(s, sop())
			got := map[control.ID]control.Status{}
			for _, o := range all {
				got[o.Control] = o.Status
				if o.Control != control.MLTransform {
					continue
				}
				if o.Reason != "listing-failed" || !strings.Contains(o.Message, "glue:GetMLTransforms "+test.says) {
					t.Errorf("reason %s, message %q", o.Reason, o.Message)
				}
				want := resource.Ref{Type: resource.TypeMLTransform, Account: account, Region: "eu-west-1", Tags: map[string]string{}}
				if diff := cmp.Diff(want, o.Resource); diff != "" {
					t.Errorf("resource (-want +got):\n%s", diff)
				}
				if o.Encryption != (control.Encryption{}) {
					t.Errorf("encryption of what was not read: %+v", o.Encryption)
				}
				checkShape(t, o)
			}
			want := map[control.ID]control.Status{control.DevEndpointS3: "pass", control.DevEndpointLogs: "fail"}
			if test.reported {
				want[control.MLTransform] = "unknown"
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestListingOfEndpointsFailed(t *testing.T) {
	t.Parallel()
	s := snapshot()
	s.DevEndpoints = resource.Unknown[[]resource.DevEndpoint](denied("glue:GetDevEndpoints"))
	s.MLTransforms = resource.Known([]resource.MLTransform{transform(nil, "")})
	var got []string
	for _, o := range control.Evaluate(s, sop()) {
		got = append(got, fmt.Sprint(o.Control, " ", o.Status))
	}
	want := []string{
		"glue-dev-endpoint-log-encryption unknown", "glue-dev-endpoint-s3-encryption unknown", "glue-ml-transform-encryption-at-rest fail",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// A suspended account shows in coverage only.
func TestSuspended(t *testing.T) {
	t.Parallel()
	f := resource.Failure{Operation: "organizations:ListAccounts", Class: resource.Skipped, Message: "the account's state is SUSPENDED"}
	s := &resource.Snapshot{
		Location: here(), DevEndpoints: resource.Unknown[[]resource.DevEndpoint](f), MLTransforms: resource.Unknown[[]resource.MLTransform](f),
	}
	if got := control.Evaluate(s, sop()); len(got) != 0 || got == nil {
		t.Errorf("got %+v, want no outcomes, and not nil", got)
	}
}

// A listing that nobody tried to read is unknown: forgetting a read must not look like having nothing.
func TestNeverRead(t *testing.T) {
	t.Parallel()
	got := control.Evaluate(&resource.Snapshot{Location: here()}, sop())
	if len(got) != 3 {
		t.Fatalf("got %d outcomes, want 3", len(got))
	}
	for _, o := range got {
		if o.Status != control.Unknown || o.Reason != control.ListingFailed {
			t.Errorf("%s: %s, %s", o.Control, o.Status, o.Reason)
		}
	}
}

func TestAccountThatCannotBeEntered(t *testing.T) {
	t.Parallel()
	f := resource.Failure{Operation: "sts:AssumeRole", Class: resource.Denied, Code: "AccessDenied"}
	s := &resource.Snapshot{
		Location:     resource.Location{Partition: "aws", Account: account},
		DevEndpoints: resource.Unknown[[]resource.DevEndpoint](f), MLTransforms: resource.Unknown[[]resource.MLTransform](f),
	}
	all := control.Evaluate(s, sop())
	if len(all) != 3 {
		t.Fatalf("got %d outcomes, want 3", len(all))
	}
	if got, want := all[2].Message, "The ML transforms of account 111122223333 could not be listed: sts:AssumeRole was denied (denied, AccessDenied)."; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
}

// Only the configurations are denied: what names one is unknown, what names none still fails.
func TestOnlyConfigurationsDenied(t *testing.T) {
	t.Parallel()
	s := snapshot()
	for name := range s.SecurityConfigurations {
		s.SecurityConfigurations[name] = resource.Unknown[resource.SecurityConfiguration](denied("glue:GetSecurityConfiguration"))
	}
	bare, named := endpoint(""), endpoint("sse-kms")
	named.Name, named.ARN = "dev2", here().ARN("glue", "devEndpoint/dev2")
	s.DevEndpoints = resource.Known([]resource.DevEndpoint{named, bare})
	s.MLTransforms = resource.Known([]resource.MLTransform{transform(&resource.Encryption{Mode: "SSE-KMS", KMSKey: keyARN}, "sse-kms")})
	var got []string
	for _, o := range control.Evaluate(s, sop()) {
		got = append(got, fmt.Sprint(o.Control, " ", o.Resource.ID, " ", o.Status))
	}
	want := []string{
		"glue-dev-endpoint-log-encryption dev1 fail", "glue-dev-endpoint-log-encryption dev2 unknown",
		"glue-dev-endpoint-s3-encryption dev1 fail", "glue-dev-endpoint-s3-encryption dev2 unknown",
		"glue-ml-transform-encryption-at-rest tfm-1 pass",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	s := snapshot()
	names := []string{"sse-kms", "sse-s3", "off", "", "mixed", "kms-gone", "unreadable"}
	var endpoints []resource.DevEndpoint
	var transforms []resource.MLTransform
	for i := range 50 {
		e := endpoint(names[i%len(names)])
		e.Name = fmt.Sprintf("dev%d", i)
		e.ARN = here().ARN("glue", "devEndpoint/"+e.Name)
		endpoints = append(endpoints, e)
		m := transform(nil, names[i%len(names)])
		m.ID = fmt.Sprintf("tfm-%d", i)
		m.ARN = here().ARN("glue", "mlTransform/"+m.ID)
		transforms = append(transforms, m)
	}
	s.DevEndpoints, s.MLTransforms = resource.Known(endpoints), resource.Known(transforms)
	p := sop()
	b.ReportAllocs()
	for b.Loop() {
		control.Evaluate(s, p)
	}
}
