package propose_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/preflight"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// onSandbox starts the small scenario and returns options that plan from an audit of it.
func onSandbox(t *testing.T) propose.Options {
	t.Helper()
	server, err := sandbox.Start("127.0.0.1:0", sandbox.Options{Scenario: "small"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	session, err := awsapi.Open(context.Background(), awsapi.Options{
		Keys: &awsapi.Keys{AccessKeyID: "test", SecretAccessKey: "test"}, Region: "us-east-1", EndpointURL: server.URL,
		AttemptTimeout: 5 * time.Second, RetryLimit: 5 * time.Second, ThrottleLimit: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	_, err = audit.Run(t.Context(), audit.Options{
		Scanner: audit.NewScanner(session), Store: s, Policy: policy.Default(policy.SOP), Now: now, NewID: func() string { return "a1" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return propose.Options{
		Inspector: inventory.NewInspector(session), Store: s, AuditID: "latest", Policy: policy.Default(policy.SOP),
		Wanted:    plan.Wanted{Mode: resource.ModeSSEKMS, LabelsS3: "s3://glue-labels-{account}-{region}/out/"},
		CreateKey: policy.DefaultAlias, Now: now,
	}
}

// short is an item in short: why it is blocked, or the checks that stop it, or "ready".
func short(i plan.Item) string {
	if i.Blocked != nil {
		return "blocked: " + i.Blocked.Code
	}
	var codes []string
	for _, c := range preflight.Stopping(i.Checks) {
		codes = append(codes, string(c.Status)+" "+c.Code)
	}
	if len(codes) == 0 {
		return "ready"
	}
	return strings.Join(codes, ", ")
}

func TestSmallScenario(t *testing.T) {
	t.Parallel()
	o := onSandbox(t)
	p := run(t, o)
	endpoints, transforms, keys := map[string]string{}, map[string]string{}, 0
	for _, i := range p.Changes {
		name := i.Resource.Region + " " + i.Resource.Name
		switch i.Resource.Type {
		case resource.TypeDevEndpoint:
			endpoints[name] = short(i)
		case resource.TypeMLTransform:
			transforms[name] = short(i)
		case resource.TypeKey:
			keys++
			if short(i) != "blocked: "+plan.BlockedNotHere {
				t.Errorf("key %s: %s", i.Resource.ARN, short(i))
			}
		}
	}
	wantEndpoints := map[string]string{
		"ap-southeast-2 fail-no-security-configuration":            "ready",
		"ap-southeast-2 unknown-security-configuration-unreadable": "blocked: unknown",
		"eu-west-1 fail-missing-in-this-region":                    "ready",
		"eu-west-1 fail-same-name-other-content":                   "ready",
		"eu-west-1 pass-same-name-other-content":                   "ready", // its logs fail
		"us-east-1 fail-configuration-without-content":             "ready",
		"us-east-1 fail-no-security-configuration":                 "ready",
		"us-east-1 fail-s3-encryption-absent":                      "unchecked elastic-ip",
		"us-east-1 fail-s3-encryption-disabled":                    "ready",
		"us-east-1 fail-s3-encryption-empty":                       "failed log-role-permission",
		"us-east-1 fail-s3-encryption-mixed":                       "failed subnet-addresses",
		"us-east-1 fail-security-configuration-missing":            "failed kms-route",
		"us-east-1 fail-stack-owned":                               "blocked: stack-owned",
		"us-east-1 logs-fail-absent":                               "ready",
		"us-east-1 logs-fail-disabled":                             "ready",
		"us-east-1 logs-unknown-mode-unrecognised":                 "blocked: unknown",
		"us-east-1 pass-sse-s3":                                    "ready",
		"us-east-1 pass-weakest-is-sse-s3":                         "ready",
		"us-east-1 unknown-mode-unrecognised":                      "blocked: unknown",
	}
	if d := cmp.Diff(wantEndpoints, endpoints); d != "" {
		t.Errorf("endpoints (-want +got):\n%s", d)
	}
	wantTransforms := map[string]string{
		"ap-southeast-2 unknown-security-configuration-unreadable": "blocked: unknown",
		"eu-west-1 fail-missing-in-this-region":                    "ready",
		"us-east-1 ":                                               "ready",
		"us-east-1 fail-security-configuration-missing":            "ready",
		"us-east-1 fail-task-runs-disabled":                        "ready",
		"us-east-1 fail-used-by-a-job":                             "ready",
		"us-east-1 fail-user-data-encryption-absent":               "ready",
		"us-east-1 fail-user-data-encryption-disabled":             "ready",
		"us-east-1 fail-user-data-encryption-inner-absent":         "ready",
		"us-east-1 unknown-mode-unrecognised":                      "blocked: unknown",
		"us-east-1 unknown-task-run-mode-unrecognised":             "blocked: unknown",
	}
	if d := cmp.Diff(wantTransforms, transforms); d != "" {
		t.Errorf("transforms (-want +got):\n%s", d)
	}
	if keys == 0 || p.Complete || p.Errored || !p.Applyable {
		t.Errorf("%d keys, complete %t, errored %t, applyable %t", keys, p.Complete, p.Errored, p.Applyable)
	}
	unchanged(t, o, p)
}

// unchanged looks at everything again, some time later, and finds what the plan saw.
func unchanged(t *testing.T, o propose.Options, p plan.Plan) {
	t.Helper()
	for _, i := range p.Changes {
		if i.Blocked != nil {
			continue
		}
		changed, checks, err := propose.Again(t.Context(), o.Inspector, p, i, now().Add(time.Hour))
		if err != nil || len(changed) > 0 {
			t.Errorf("%s: %v, %+v", i.Resource.ARN, err, changed)
		}
		if d := cmp.Diff(i.Checks, checks); d != "" {
			t.Errorf("%s: the checks are others (-plan +again):\n%s", i.Resource.ARN, d)
		}
	}
}

// A resource that passes, to a weaker mode: that is planned, and must be accepted.
func TestSmallScenarioByName(t *testing.T) {
	t.Parallel()
	o := onSandbox(t)
	o.Resources, o.CreateKey = []string{"arn:aws:glue:us-east-1:111111111111:devEndpoint/pass-sse-kms"}, ""
	o.Wanted = plan.Wanted{Mode: resource.ModeSSES3, Strategy: plan.SideBySide}
	i := only(t, run(t, o))
	if short(i) != "ready" || i.From != resource.ModeSSEKMS || i.Strategy != plan.SideBySide || len(i.Findings) > 0 {
		t.Errorf("%s: %+v", short(i), i)
	}
	if len(i.Warnings) != 1 || i.Warnings[0].Code != plan.WarnWeaker || i.Warnings[0].Accepted {
		t.Errorf("warnings %+v", i.Warnings)
	}
}
