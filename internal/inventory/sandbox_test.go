package inventory

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// onSandbox starts a sandbox and returns a Scanner that reaches it over HTTP.
func onSandbox(tb testing.TB, o sandbox.Options, change ...func(*awsapi.Options)) (*Scanner, *sandbox.Server) {
	tb.Helper()
	server, err := sandbox.Start("127.0.0.1:0", o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = server.Close() })
	return against(tb, server, change...), server
}

func against(tb testing.TB, server *sandbox.Server, change ...func(*awsapi.Options)) *Scanner {
	tb.Helper()
	options := awsapi.Options{
		Keys: &awsapi.Keys{AccessKeyID: "test", SecretAccessKey: "test"}, Region: "us-east-1",
		Role: "GlueguardAudit", EndpointURL: server.URL,
		AttemptTimeout: 10 * time.Second, RetryLimit: 3 * time.Second, ThrottleLimit: time.Second,
	}
	for _, fn := range change {
		fn(&options)
	}
	session, err := awsapi.Open(context.Background(), options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(session.Close)
	return New(session)
}

var snapshotOptions = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmpopts.EquateEmpty(),
}

func org() Scope {
	scope := everything
	scope.Organization = true
	return scope
}

func TestSandboxOrganization(t *testing.T) {
	t.Parallel()
	s, _ := onSandbox(t, sandbox.Options{Scenario: "org", Accounts: 25, RegionCount: 3, Resources: 200})
	got := scan(t, s, org())
	resources, skipped := 0, 0
	for name, snapshot := range got {
		devs, _ := snapshot.DevEndpoints.Value()
		mls, _ := snapshot.MLTransforms.Value()
		resources += len(devs) + len(mls)
		for _, c := range snapshot.Coverage {
			switch resource.FailureClass(c.Status) {
			case resource.CoverageOK:
			case resource.Skipped:
				skipped++
			default:
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
	if resources != 200 || skipped == 0 {
		t.Errorf("%d resources, %d skipped accounts", resources, skipped)
	}
	again, _ := onSandbox(t, sandbox.Options{Scenario: "org", Accounts: 25, RegionCount: 3, Resources: 200})
	if diff := cmp.Diff(got, scan(t, again, org()), snapshotOptions); diff != "" {
		t.Errorf("a second reading differs: %s", diff)
	}
}

func TestSandboxThrottled(t *testing.T) {
	t.Parallel()
	o := sandbox.Options{Scenario: "org", Accounts: 2, RegionCount: 2, Resources: 40}
	free, _ := onSandbox(t, o)
	want := scan(t, free, org())
	o.RatePerLocation = 20
	slow, _ := onSandbox(t, o, func(o *awsapi.Options) { o.ThrottleLimit = time.Minute })
	if diff := cmp.Diff(want, scan(t, slow, org()), snapshotOptions); diff != "" {
		t.Error(diff)
	}
}

// TestSandboxFaults makes each operation fail in every way, in one location and for good, and checks that every other
// location reads as it does without the fault and that coverage names the failure.
func TestSandboxFaults(t *testing.T) {
	t.Parallel()
	o := sandbox.Options{Scenario: "org", Accounts: 2, Regions: []string{"us-east-1", "us-east-2"}, Resources: 40, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	free, server := onSandbox(t, o)
	want := scan(t, free, org())
	_ = server
	const region = "us-east-2"
	ways := []sandbox.Fault{
		{Error: "AccessDeniedException", Status: 400},
		{Error: "ThrottlingException", Status: 400},
		{Error: "InternalServiceException", Status: 500},
		{Latency: sandbox.Duration(time.Hour)},
		{Error: "drop-request"},
		{Error: "drop-response"},
		{Error: "truncate"},
		{Error: "html"},
	}
	for _, op := range []string{opDevEndpoints, opMLTransforms, opConfiguration, opResources, opDescribeKey, opRotation, opKeyPolicy} {
		for _, fault := range ways {
			fault.Operation, fault.Region = op, region
			t.Run(fmt.Sprintf("%s/%s%s", op, fault.Error, time.Duration(fault.Latency)), func(t *testing.T) {
				t.Parallel()
				faulty := o
				faulty.Faults = []sandbox.Fault{fault}
				synctest.Test(t, func(t *testing.T) {
					s := inBubble(t, faulty, func(o *awsapi.Options) {
						o.Attempts, o.AttemptTimeout, o.ThrottleLimit = 2, 500*time.Millisecond, 300*time.Millisecond
					})
					compare(t, want, scan(t, s, org()), op, region)
				})
			})
		}
	}
}

// compare checks that snapshots differ at most where op in region was needed.
func compare(t *testing.T, want, got map[string]*resource.Snapshot, op, region string) {
	t.Helper()
	named := 0
	for name, w := range want {
		g := got[name]
		if g == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		keyOp := op == opDescribeKey || op == opRotation || op == opKeyPolicy // keys of a region are used in others
		if w.Location.Region != region && !keyOp {
			if diff := cmp.Diff(w, g, snapshotOptions); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			continue
		}
		for _, c := range g.Coverage {
			if c.Status != resource.CoverageOK && c.Status != string(resource.Skipped) {
				named++
				if c.Operation != op {
					t.Errorf("%s: %+v when %s fails", name, c, op)
				}
			}
		}
		if op != opDevEndpoints && g.DevEndpoints.IsKnown() != w.DevEndpoints.IsKnown() ||
			op != opMLTransforms && g.MLTransforms.IsKnown() != w.MLTransforms.IsKnown() {
			t.Errorf("%s: a listing changed when %s failed", name, op)
		}
	}
	if named == 0 {
		t.Errorf("coverage does not show that %s failed", op)
	}
}

func TestSandboxInterruption(t *testing.T) {
	t.Parallel()
	s, _ := onSandbox(t, sandbox.Options{Scenario: "org", Accounts: 30, RegionCount: 4, Resources: 60, Faults: []sandbox.Fault{
		{Operation: opMLTransforms, Latency: sandbox.Duration(time.Hour)},
	}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stopped time.Time
	time.AfterFunc(300*time.Millisecond, func() { stopped = time.Now(); cancel() })
	got, err := scanCtx(ctx, s, org())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err %v", err)
	}
	if d := time.Since(stopped); d > time.Second {
		t.Errorf("stopped after %v", d)
	}
	for name, snapshot := range got {
		if f := snapshot.MLTransforms.Failure(); f.Class != resource.Interrupted && f.Class != resource.Skipped {
			t.Errorf("%s: %v", name, f)
		}
	}
}
