package deliver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/deliver"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/store"
)

// audit is an audit in memory, and what the state knows beside it.
type audit struct {
	head     store.Audit
	findings []finding.Finding
	settled  []resource.Location
	shown    map[string][]resource.Location
	first    time.Time
}

func (a audit) Head() store.Audit                                { return a.head }
func (a audit) EachCoverage(func(resource.Coverage) error) error { return nil }

func (a audit) EachFinding(yield func(finding.Finding) error) error {
	for _, f := range a.findings {
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

func (a audit) History(context.Context, string) (finding.History, error) {
	if a.first.IsZero() {
		return finding.History{}, store.ErrNotFound
	}
	return finding.History{FirstSeen: a.first}, nil
}

func (a audit) EachSettled(_ context.Context, _ string, yield func(resource.Location, []control.ID) error) error {
	for _, l := range a.settled {
		if err := yield(l, []control.ID{control.DevEndpointS3, control.KeyManagement}); err != nil {
			return err
		}
	}
	return nil
}

func (a audit) ShownBy(_ context.Context, id string) ([]resource.Location, error) {
	if l, ok := a.shown[id]; ok {
		return l, nil
	}
	return nil, store.ErrNotFound
}

const (
	main, second, closed = "us-east-1", "eu-west-1", "ap-southeast-2" // Security Hub is not enabled in the last one
)

func day(n int) time.Time { return time.Date(2026, 11, n, 8, 0, 0, 0, time.UTC) }

func of(name, region string, status control.Status) finding.Finding {
	l := resource.Location{Partition: "aws", Account: account, Region: region}
	return finding.Finding{ID: "id-" + name, Outcome: control.Outcome{
		Control: control.DevEndpointS3, Status: status, Reason: "no-security-configuration", Message: "It names none.", Severity: control.Medium,
		Resource: resource.Ref{Type: resource.TypeDevEndpoint, ARN: l.ARN("glue", "devEndpoint/"+name).String(), ID: name, Name: name, Account: account, Region: region},
	}}
}

// on is an audit of a day that has read all of the given regions.
func on(n int, regions []string, findings ...finding.Finding) audit {
	a := audit{head: store.Audit{ID: fmt.Sprintf("audit-%d", n), StartedAt: day(n), FinishedAt: day(n)}, findings: findings, first: day(1)}
	for _, r := range regions {
		a.settled = append(a.settled, resource.Location{Account: account, Region: r})
	}
	return a
}

func send(t *testing.T, s *awsapi.Session, a audit) deliver.Sent {
	t.Helper()
	sent, err := deliver.Hubs{Session: s, Memory: a, Version: "1.2.3"}.Send(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// held is what a hub holds: of each name, compliance and record state.
func held(t *testing.T, s *sandbox.Server, region string) map[string]string {
	t.Helper()
	client := securityhub.NewFromConfig(plain(s), func(o *securityhub.Options) { o.Region = region })
	all := map[string]string{}
	pages := securityhub.NewGetFindingsPaginator(client, &securityhub.GetFindingsInput{MaxResults: aws.Int32(100)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Findings {
			all[strings.TrimPrefix(*f.Id, "glueguard/id-")] = fmt.Sprintf("%s %s %s", f.Compliance.Status, f.RecordState, f.Workflow.Status)
		}
	}
	return all
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestWhatIsResolvedIsUpdated(t *testing.T) {
	t.Parallel()
	server, session := world(t, sandbox.Options{})
	both := []string{main, second}
	first := on(10, both, of("kept", main, control.Fail), of("repaired", main, control.Fail), of("deleted", main, control.Fail), of("listing", main, control.Unknown), of("far", second, control.Fail))
	same(t, "sent first", deliver.Sent{Findings: 5, Locations: 2}, send(t, session, first))
	same(t, "held first", map[string]string{
		"kept": "FAILED ACTIVE NEW", "repaired": "FAILED ACTIVE NEW", "deleted": "FAILED ACTIVE NEW", "listing": "NOT_AVAILABLE ACTIVE NEW",
	}, held(t, server, main))

	// The same audit again changes nothing, and neither does an audit that has not read the second region.
	same(t, "sent again", deliver.Sent{Findings: 5, Locations: 2}, send(t, session, first))
	same(t, "sent later", deliver.Sent{Findings: 2, Resolved: 2, Locations: 1}, send(t, session, on(11, []string{main}, of("kept", main, control.Fail), of("repaired", main, control.Pass))))
	same(t, "held later", map[string]string{
		"kept": "FAILED ACTIVE NEW", "repaired": "PASSED ACTIVE NEW", "deleted": "PASSED ARCHIVED NEW", "listing": "PASSED ARCHIVED NEW",
	}, held(t, server, main))
	same(t, "held there", map[string]string{"far": "FAILED ACTIVE NEW"}, held(t, server, second))

	// Nothing is left in the second region: that is told although there is nothing to send. The first audit, sent late,
	// takes back nothing.
	same(t, "all gone", deliver.Sent{Findings: 1, Resolved: 2, Locations: 2}, send(t, session, on(12, both, of("kept", main, control.Fail))))
	same(t, "held there", map[string]string{"far": "PASSED ARCHIVED NEW"}, held(t, server, second))
	same(t, "the first one late", 0, send(t, session, first).Resolved)
	same(t, "held at last", map[string]string{"far": "PASSED ARCHIVED NEW"}, held(t, server, second))

	// It is back.
	send(t, session, on(13, both, of("far", second, control.Fail)))
	same(t, "held again", map[string]string{"far": "FAILED ACTIVE NEW"}, held(t, server, second))
}

func TestFindingsAsTheyArrive(t *testing.T) {
	t.Parallel()
	server, session := world(t, sandbox.Options{})
	f := of("x", main, control.Fail)
	f.Resource.Tags = map[string]string{"team": "data"}
	send(t, session, on(10, []string{main}, f))
	client := securityhub.NewFromConfig(plain(server))
	out, err := client.GetFindings(t.Context(), &securityhub.GetFindingsInput{})
	if err != nil || len(out.Findings) != 1 {
		t.Fatal(err)
	}
	got := out.Findings[0]
	same(t, "product", "arn:aws:securityhub:us-east-1:111111111111:product/111111111111/default", *got.ProductArn)
	same(t, "first seen", "2026-11-01T08:00:00.000Z", *got.CreatedAt)
	same(t, "updated", "2026-11-10T08:00:00.000Z", *got.UpdatedAt)
	same(t, "severity", types.SeverityLabelMedium, got.Severity.Label)
	same(t, "resource", f.Resource.ARN, *got.Resources[0].Id)
	same(t, "tags", f.Resource.Tags, got.Resources[0].Tags)
	same(t, "reason", "NO_SECURITY_CONFIGURATION", *got.Compliance.StatusReasons[0].ReasonCode)
	same(t, "version", "1.2.3", got.ProductFields["glueguard/version"])
	if got.Remediation == nil || len(got.Compliance.RelatedRequirements) == 0 || len(got.Resources[0].Details.Other) == 0 {
		t.Errorf("arrived as %+v", got)
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	server, session := world(t, sandbox.Options{})
	var many []finding.Finding
	for i := range 250 {
		many = append(many, of(fmt.Sprintf("e%03d", i), main, control.Fail))
	}
	many = append(many, of("far", second, control.Fail))
	faults(t, server, `[{"operation":"securityhub:BatchImportFindings","error":"TooManyRequestsException","status":429,"times":1},
		{"operation":"securityhub:BatchImportFindings","error":"drop-response","after":1,"times":1}]`)
	same(t, "sent", deliver.Sent{Findings: 251, Locations: 2}, send(t, session, on(10, []string{main, second}, many...)))
	same(t, "held", 250, len(held(t, server, main)))
	if n := calls(t, server)["securityhub:BatchImportFindings"]; n != 6 {
		t.Errorf("%d calls, want 3 batches, 1 batch, and two sent again", n)
	}
}

func calls(t *testing.T, s *sandbox.Server) map[string]int {
	t.Helper()
	r, err := http.Get(s.URL + "/_sandbox/calls")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var report struct {
		Operations map[string]int `json:"operations"`
	}
	if err := json.NewDecoder(r.Body).Decode(&report); err != nil {
		t.Fatal(err)
	}
	return report.Operations
}

// refusals are the refusals in short, in order.
func refusals(s deliver.Sent) []string {
	var all []string
	for _, r := range s.Refused {
		all = append(all, fmt.Sprintf("%s %s %s %s %d", r.Location, r.Operation, r.Code, r.Resource, r.Findings))
	}
	slices.Sort(all)
	return all
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const load, find = "securityhub:BatchImportFindings", "securityhub:GetFindings"
	everywhere := []string{main, second, closed}
	three := []finding.Finding{of("a", main, control.Fail), of("b", second, control.Fail), of("c", closed, control.Fail)}
	for name, test := range map[string]struct {
		audit audit
		fault string
		sent  int
		want  []string
	}{
		"not enabled in one place":     {on(10, everywhere, three...), "", 2, []string{"111111111111/ap-southeast-2 " + load + " InvalidAccessException  1"}},
		"not enabled, nothing to send": {on(10, everywhere, three[:2]...), "", 2, nil},
		"denied": {
			on(10, everywhere[:2], three[:2]...), `{"operation":"` + load + `","region":"` + main + `","error":"AccessDeniedException"}`, 1,
			[]string{"111111111111/us-east-1 " + load + " AccessDeniedException  1"},
		},
		"what is gone can't be found": {
			on(10, everywhere[:2], three[:2]...), `{"operation":"` + find + `","region":"` + main + `","error":"AccessDeniedException"}`, 2,
			[]string{"111111111111/us-east-1 " + find + " AccessDeniedException  0"},
		},
		"an account that can't be entered": {
			on(10, nil, append(three[:1:1], elsewhere("444455556666"))...), "", 1,
			[]string{"444455556666/us-east-1 sts:AssumeRole   1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, session := world(t, sandbox.Options{})
			if test.fault != "" {
				faults(t, server, "["+test.fault+"]")
			}
			sent := send(t, session, test.audit)
			same(t, "refusals", test.want, refusals(sent))
			same(t, "sent", test.sent, sent.Findings)
		})
	}
}

func elsewhere(account string) finding.Finding {
	f := of("foreign", main, control.Fail)
	f.Resource.Account, f.Resource.ARN = account, strings.Replace(f.Resource.ARN, "111111111111", account, 1)
	return f
}

// What is not of the estate can't be sent to its own account: it is told where it was seen.
func TestForeignKeys(t *testing.T) {
	t.Parallel()
	server, session := world(t, sandbox.Options{})
	a := on(10, []string{main, second}, elsewhere("444455556666"))
	a.shown = map[string][]resource.Location{"id-foreign": {{Account: account, Region: second}}}
	same(t, "sent", deliver.Sent{Findings: 1, Locations: 1}, send(t, session, a))
	same(t, "held", map[string]string{"foreign": "FAILED ACTIVE NEW"}, held(t, server, second))
}

// A hub that refuses some findings takes the others.
func TestFindingsThatAreRefused(t *testing.T) {
	t.Parallel()
	server, session := world(t, sandbox.Options{})
	var many []finding.Finding
	for i := range 60 {
		f := of(fmt.Sprintf("bad%02d", i), main, control.Fail)
		f.Control = control.ID(strings.Repeat("x", 600)) // a generator's id that is too long
		many = append(many, f)
	}
	sent := send(t, session, on(10, []string{main}, append(many, of("good", main, control.Fail))...))
	same(t, "held", map[string]string{"good": "FAILED ACTIVE NEW"}, held(t, server, main))
	if sent.Findings != 1 || len(sent.Refused) != 51 {
		t.Fatalf("took %d, refused %d", sent.Findings, len(sent.Refused))
	}
	first, last := sent.Refused[0], sent.Refused[50]
	if first.Code != "InvalidInput" || first.Resource != many[0].Resource.ARN || !strings.Contains(first.Message, "GeneratorId") || last.Findings != 10 || last.Resource != "" {
		t.Errorf("first %+v, last %+v", first, last)
	}
}

func TestInterruptedSending(t *testing.T) {
	t.Parallel()
	_, session := world(t, sandbox.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := session.Caller(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	a := on(10, []string{main}, of("x", main, control.Fail))
	if _, err := (deliver.Hubs{Session: session, Memory: a}).Send(ctx, a); !errors.Is(err, awsapi.ErrInterrupted) {
		t.Errorf("error %v, want an interruption", err)
	}
}
