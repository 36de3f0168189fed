package inventory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// inspecting starts a sandbox with the small scenario and an Inspector that reaches it.
func inspecting(tb testing.TB, change ...func(*awsapi.Options)) (*Inspector, *sandbox.Server) {
	tb.Helper()
	s, server := onSandbox(tb, sandbox.Options{Scenario: "small", Now: noon()}, change...)
	return inspectorOf(s.session), server
}

func inspectorOf(session *awsapi.Session) *Inspector {
	i := NewInspector(session)
	i.now = noon
	return i
}

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func here() resource.Location {
	return resource.Location{Partition: "aws", Account: home, Region: "us-east-1"}
}

func endpointTarget(name string) Target {
	return Target{Location: here(), Type: resource.TypeDevEndpoint, Name: name}
}

// usedTransform is the transform of the small scenario that jobs use.
func usedTransform(t *testing.T, i *Inspector) Target {
	t.Helper()
	return Target{Location: here(), Type: resource.TypeMLTransform, ID: transformIDs(t, i)["fail-used-by-a-job"]}
}

func transformIDs(t *testing.T, i *Inspector) map[string]string {
	t.Helper()
	ids := map[string]string{}
	scope := Scope{Regions: []string{"us-east-1"}, MLTransforms: true}
	err := New(i.session).Scan(t.Context(), scope, func(snapshot *resource.Snapshot) error {
		list, _ := snapshot.MLTransforms.Value()
		for n := range list {
			ids[list[n].Name] = list[n].ID
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func inspect(t *testing.T, i *Inspector, targets ...Target) []resource.Surroundings {
	t.Helper()
	found, err := i.Inspect(t.Context(), targets)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(targets) {
		t.Fatalf("%d of %d targets", len(found), len(targets))
	}
	return found
}

// show is a fact in words.
func show[T any](f resource.Fact[T]) string {
	v, ok := f.Value()
	switch {
	case ok:
		return fmt.Sprint(v)
	case f.IsAbsent():
		return "absent"
	}
	return "unknown: " + f.Failure().Code
}

func control(t *testing.T, server *sandbox.Server, path, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/_sandbox/"+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, answer.Status)
	}
}

// calls returns how often each operation was called since the last time.
func calls(t *testing.T, server *sandbox.Server) map[string]int {
	t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, server.URL+"/_sandbox/calls?reset", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var report struct {
		Operations map[string]int `json:"operations"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&report); err != nil {
		t.Fatal(err)
	}
	return report.Operations
}

// TestAroundEndpoints reads what the small scenario puts around its endpoints.
func TestAroundEndpoints(t *testing.T) {
	t.Parallel()
	i, _ := inspecting(t)
	type around struct{ Configuration, Stack, Subnet, Route, Elastic, Dependents string }
	want := map[string]around{
		"fail-no-security-configuration": {
			Configuration: "", Stack: "absent", Subnet: "absent", Route: "unknown: ", Elastic: "absent",
			Dependents: "notebook aws-glue-workbench tag aws-glue-dev-endpoint",
		},
		"fail-stack-owned":                    {Stack: "glue-workbench", Subnet: "absent", Route: "unknown: ", Elastic: "absent"},
		"fail-s3-encryption-disabled":         {"fail-s3-encryption-disabled", "absent", "249 free", "vpc endpoint vpce-0da7a000000000003", "absent", ""},
		"fail-s3-encryption-absent":           {"fail-s3-encryption-absent", "absent", "249 free", "vpc endpoint vpce-0da7a000000000003", "203.0.113.17", ""},
		"fail-s3-encryption-mixed":            {"fail-s3-encryption-mixed", "absent", "1 free", "vpc endpoint vpce-0da7a000000000003", "absent", ""},
		"fail-security-configuration-missing": {"absent", "absent", "249 free", "absent", "absent", ""},
	}
	names := slices.Sorted(maps.Keys(want))
	targets := make([]Target, 0, len(names))
	for _, name := range names {
		targets = append(targets, endpointTarget(name))
	}
	got := map[string]around{}
	for n, s := range inspect(t, i, targets...) {
		a := around{Stack: show(s.Stack), Elastic: show(s.ElasticIP), Subnet: show(s.Subnet), Configuration: show(s.Configuration)}
		if c, ok := s.Configuration.Value(); ok {
			a.Configuration = c.Name
		}
		subnet, ok := s.Subnet.Value()
		if ok {
			a.Subnet = fmt.Sprint(subnet.FreeAddresses, " free")
		}
		a.Route = show(subnet.RouteToKMS)
		a.Dependents = dependents(s)
		got[names[n]] = a
		if quota, ok := s.Endpoints.Value(); !ok || quota.Used != 32 {
			t.Errorf("%s: quota %s", names[n], show(s.Endpoints))
		} else if left, known := quota.Left(); !known || left <= 0 {
			t.Errorf("%s: %d left", names[n], left)
		}
		role, _ := s.Role.Value()
		if texts, _ := role.Policies.Value(); len(texts) != 2 || !strings.Contains(role.TrustPolicy, `"glue.amazonaws.com"`) || !role.Boundary.IsAbsent() {
			t.Errorf("%s: role %+v", names[n], role)
		}
		if s.Caller.IsUnknown() || !s.Transform.IsAbsent() || !s.LastUsed.IsAbsent() || !s.At.Equal(noon()) || s.Location != here() {
			t.Errorf("%s: %+v", names[n], s)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func dependents(s resource.Surroundings) string {
	list, ok := s.Dependents.Value()
	if !ok {
		return show(s.Dependents)
	}
	var lines []string
	for _, d := range list {
		line := d.Kind + " " + d.Name + " " + d.Where
		if d.Argument {
			line += " (argument)"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestAroundTransforms(t *testing.T) {
	t.Parallel()
	i, server := inspecting(t)
	target := usedTransform(t, i)
	trigger := `{"Name":"nightly","Type":"ON_DEMAND","Actions":[{"JobName":"customer-load","Arguments":{"--transform":"` + target.ID + `"}}]}`
	glueCall(t, server, "CreateTrigger", trigger)
	s := inspect(t, i, target)[0]
	want := `job customer-match-nightly default argument --transform_id (argument)
job script customer-match-nightly s3://glue-labels-111111111111-us-east-1/scripts/match.py line 3
job script customer-match-once s3://glue-labels-111111111111-us-east-1/scripts/match_once.py line 2
task run customer-match-nightly task runs of the transform
trigger nightly argument --transform for job customer-load`
	if diff := cmp.Diff(want, dependents(s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	d, ok := s.Transform.Value()
	if !ok || d.LabelCount != 120 || d.Metrics == nil || d.Definition.FindMatches == nil || d.Definition.MaxCapacity == nil || d.Identity().ID != target.ID {
		t.Errorf("transform %+v", d)
	}
	if !s.LastUsed.IsKnown() || !s.Endpoint.IsAbsent() || !s.Subnet.IsAbsent() || !s.Stack.IsAbsent() {
		t.Errorf("%+v", s)
	}
}

func glueCall(t *testing.T, server *sandbox.Server, operation, body string) {
	t.Helper()
	call(t, server, "glue", "AWSGlue."+operation, body)
}

// call makes a call that no Inspector makes. The sandbox looks at the signature's scope only.
func call(t *testing.T, server *sandbox.Server, service, target, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("X-Amz-Date", "20261122T120000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=00")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		t.Fatalf("%s: %s %s", target, answer.Status, text)
	}
}

// TestSharedReadsAreMadeOnce looks at many targets of one location.
func TestSharedReadsAreMadeOnce(t *testing.T) {
	t.Parallel()
	i, server := inspecting(t)
	ids := transformIDs(t, i)
	targets := []Target{
		endpointTarget("fail-s3-encryption-disabled"), endpointTarget("fail-s3-encryption-absent"), endpointTarget("fail-s3-encryption-mixed"),
		endpointTarget("fail-s3-encryption-disabled"), endpointTarget("not-there"),
	}
	for _, id := range ids {
		targets = append(targets, Target{Location: here(), Type: resource.TypeMLTransform, ID: id})
	}
	for n := range targets {
		targets[n].Key, targets[n].LabelsS3 = "alias/nothing", "s3://glue-secure-111111111111-us-east-1/labels/"
	}
	calls(t, server)
	inspect(t, i, targets...)
	got := calls(t, server)
	for operation, want := range map[string]int{
		opDevEndpoints: 1, opQuotas: 1, opNotebooks: 1, opNotebookTags: 1, opJobs: 1, opTriggers: 1, opGetObject: 3, opDescribeKey: 1,
		opHeadBucket: 1, opGetRole: 1, opPolicy: 1, opVPCEndpoints: 3, opRouteTables: 3, "sts:GetCallerIdentity": 0,
		opMLTransform: len(ids), opMLTaskRuns: len(ids), opDevEndpoint: 5,
	} {
		if got[operation] != want {
			t.Errorf("%d calls of %s, want %d", got[operation], operation, want)
		}
	}
}

// TestFailedReadsAreUnknown lets each operation fail that an inspection uses, at its first call or later: whatever differs
// from the inspection without a fault must be unknown, and something must.
func TestFailedReadsAreUnknown(t *testing.T) {
	t.Parallel()
	i, server := inspecting(t)
	targets := []Target{endpointTarget("fail-s3-encryption-absent"), usedTransform(t, i)}
	for n := range targets {
		targets[n].Key, targets[n].LabelsS3 = goodKey(t, i), "s3://glue-secure-111111111111-us-east-1/labels/"
	}
	calls(t, server)
	want := inspect(t, i, targets...)
	used := calls(t, server)
	if len(used) < 20 {
		t.Fatalf("calls: %v", used)
	}
	for operation, times := range used {
		for after := range min(times, 2) {
			t.Run(fmt.Sprint(operation, " after ", after), func(t *testing.T) {
				t.Parallel()
				i, server := inspecting(t)
				control(t, server, "faults", fmt.Sprintf(`{"operation":%q,"error":"AccessDeniedException","status":403,"after":%d}`, operation, after))
				differs := false
				for n, s := range inspect(t, i, targets...) {
					differs = differOnlyUnknown(t, want[n], s) || differs
				}
				// A bucket's region is told in refusals too, and a VPC endpoint is a way to KMS whatever the routes.
				if !differs && operation != opHeadBucket && operation != opRouteTables {
					t.Error("nothing is unknown")
				}
			})
		}
	}
}

// differOnlyUnknown checks that facts are as wanted or unknown, those within facts too, and tells whether any differs.
func differOnlyUnknown(t *testing.T, want, got resource.Surroundings) bool {
	t.Helper()
	unknown := cmp.FilterValues(func(a, b any) bool {
		return a != nil && b != nil && strings.HasPrefix(reflect.TypeOf(a).String(), "resource.Fact[") &&
			(reflect.ValueOf(a).FieldByName("state").IsZero() || reflect.ValueOf(b).FieldByName("state").IsZero())
	}, cmp.Ignore())
	if diff := cmp.Diff(want, got, snapshotOptions, unknown); diff != "" {
		t.Error(diff)
	}
	return !cmp.Equal(want, got, snapshotOptions)
}

// goodKey is the key of the small scenario with nothing wrong.
func goodKey(t *testing.T, i *Inspector) string {
	t.Helper()
	c, ok := i.Configuration(t.Context(), here(), "pass-sse-kms").Value()
	if !ok || len(c.S3) == 0 {
		t.Fatal("no key")
	}
	return c.S3[0].KMSKey
}

func TestInspectEndsWithItsContext(t *testing.T) {
	t.Parallel()
	i, _ := inspecting(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	if _, err := i.Inspect(ctx, []Target{endpointTarget("x")}); !errors.Is(err, gone) {
		t.Errorf("err %v", err)
	}
}
