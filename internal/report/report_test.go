package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

var update = flag.Bool("update", false, "write the golden files")

// source is an audit in memory.
type source struct {
	head     store.Audit
	coverage []resource.Coverage
	findings []finding.Finding
}

func (s source) Head() store.Audit { return s.head }

func (s source) EachCoverage(yield func(resource.Coverage) error) error {
	return each(s.coverage, yield)
}

func (s source) EachFinding(yield func(finding.Finding) error) error { return each(s.findings, yield) }

func each[T any](list []T, yield func(T) error) error {
	for _, item := range list {
		if err := yield(item); err != nil {
			return err
		}
	}
	return nil
}

func newSource(coverage []resource.Coverage, findings ...finding.Finding) source {
	s := source{coverage: coverage, findings: findings}
	s.head = store.Audit{
		ID: "0197d2f0-0000-7000-8000-000000000001", StartedAt: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC),
		FinishedAt:    time.Date(2026, 11, 23, 8, 0, 1, 230_000_000, time.UTC),
		PolicyProfile: "sop", PolicyDigest: "sha256:44136fa355b3678a",
	}
	s.head.Summary.APICalls = 42
	s.head.Summary.Locations = 3
	for _, f := range findings {
		s.head.Summary.Add(f.Status, 1)
	}
	return s
}

func endpoint(account, region, name string, status control.Status, reason control.Reason, message string) finding.Finding {
	l := resource.Location{Partition: "aws", Account: account, Region: region}
	mode := resource.ModeNone
	if status == control.Pass {
		mode = resource.ModeSSES3
	}
	return finding.Finding{ID: "f-" + name, Outcome: control.Outcome{
		Control: control.DevEndpointS3, Status: status, Reason: reason, Message: message, Severity: control.High,
		Resource: resource.Ref{
			Type: resource.TypeDevEndpoint, ARN: l.ARN("glue", "devEndpoint/"+name).String(), ID: name, Name: name,
			Account: account, Region: region,
		},
		Encryption: control.Encryption{Mode: mode},
	}}
}

func ok(account, region, operation string) resource.Coverage {
	return resource.Coverage{Account: account, Region: region, Operation: operation, Status: resource.CoverageOK, Items: 4, Pages: 1}
}

func not(status resource.FailureClass, account, region, operation, code, message string) resource.Coverage {
	return resource.Coverage{Account: account, Region: region, Operation: operation, Status: string(status), ErrorCode: code, Message: message}
}

// full has at least one of everything that a report can show.
func full() source {
	const home, other = "111122223333", "444455556666"
	none := "The endpoint names no security configuration, so what it writes to S3 is not encrypted."
	expired := endpoint(home, "eu-west-1", "legacy", control.Fail, "no-security-configuration", none)
	expired.Exception = &finding.Exception{Reason: "moving out", Owner: "data-team", Expires: "2026-10-31", Expired: true}
	expired.Advisories = []control.Advisory{{Code: "runtime-end-of-life", Message: "Glue 1.0 ended on 2026-04-01."}}
	expired.Resource.Tags = map[string]string{"team": "data"}
	exempt := endpoint(home, "eu-west-1", "sandbox", control.Exempt, "no-security-configuration", none)
	exempt.Exception = &finding.Exception{Reason: "test data <only>", Owner: "qa", Expires: "2027-01-31"}
	unreadable := endpoint(other, "us-east-1", "nightly", control.Unknown, "security-configuration-unreadable",
		"The security configuration nightly-sc could not be read: AccessDeniedException.")
	unreadable.Encryption.Mode = ""
	transform := endpoint(other, "us-east-1", "dedupe", control.Fail, "user-data-encryption-disabled", "User data is not encrypted.")
	transform.Control, transform.Severity = control.MLTransform, control.Medium
	transform.Resource.Type, transform.Resource.ID = resource.TypeMLTransform, "tfm-0123456789abcdef"
	transform.Resource.ARN = "arn:aws:glue:us-east-1:444455556666:mlTransform/tfm-0123456789abcdef"
	listing := endpoint(other, "eu-west-1", "", control.Unknown, "listing-failed", "glue:GetMLTransforms: denied")
	listing.Control = control.MLTransform
	listing.Resource = resource.Ref{Type: resource.TypeMLTransform, Account: other, Region: "eu-west-1"}
	coverage := []resource.Coverage{
		ok(home, "eu-west-1", "glue:GetDevEndpoints"), ok(home, "eu-west-1", "glue:GetMLTransforms"),
		not(resource.Unsupported, home, "eu-south-2", "glue:GetDevEndpoints", "InvalidInputException", "Operation is not supported in <eu-south-2> region"),
		not(resource.Excluded, home, "us-west-2", "glue:GetDevEndpoints", "AccessDeniedException", "closed by a service control policy"),
		ok(other, "eu-west-1", "glue:GetDevEndpoints"),
		not(resource.Denied, other, "eu-west-1", "glue:GetMLTransforms", "AccessDeniedException",
			"User: arn:aws:sts::444455556666:assumed-role/SecurityAudit/glueguard is not authorized to perform: glue:GetMLTransforms"),
		ok(other, "us-east-1", "glue:GetDevEndpoints"),
		not(resource.Denied, other, "us-east-1", "glue:GetSecurityConfiguration", "AccessDeniedException", "no"),
		not(resource.Skipped, "777788889999", "", "organizations:ListAccounts", "", "the account is SUSPENDED"),
	}
	return newSource(coverage,
		endpoint(home, "eu-west-1", "etl", control.Fail, "no-security-configuration", none), expired, exempt,
		endpoint(home, "eu-west-1", "good", control.Pass, "sse-s3", "Everything is written with SSE-S3."),
		listing, transform, unreadable)
}

// many has more failing findings than a person reads on a terminal.
func many() source {
	var findings []finding.Finding
	for l := range 70 {
		for i := range 7 {
			findings = append(findings, endpoint(fmt.Sprintf("%012d", l), "eu-west-1", fmt.Sprintf("etl-%d", i),
				control.Fail, "no-security-configuration", "No security configuration."))
		}
	}
	return newSource([]resource.Coverage{ok("000000000000", "eu-west-1", "glue:GetDevEndpoints")}, findings...)
}

func TestGolden(t *testing.T) {
	t.Parallel()
	clean := newSource([]resource.Coverage{ok("111122223333", "eu-west-1", "glue:GetDevEndpoints")},
		endpoint("111122223333", "eu-west-1", "good", control.Pass, "sse-s3", "Everything is written with SSE-S3."))
	empty := newSource([]resource.Coverage{ok("111122223333", "eu-west-1", "glue:GetDevEndpoints")})
	for name, c := range map[string]struct {
		format string
		look   report.Look
		audit  source
	}{
		"table-plain":    {"table", report.Look{Files: []string{"audit.json"}}, full()},
		"table-terminal": {"table", report.Look{Terminal: true, Width: 100, Files: []string{"audit.json"}}, full()},
		"table-color":    {"table", report.Look{Terminal: true, Width: 120, Color: true}, full()},
		"table-narrow":   {"table", report.Look{Terminal: true, Width: 60}, full()},
		"table-keys":     {"table", report.Look{Terminal: true, Width: 80}, keys()},
		"table-many":     {"table", report.Look{Terminal: true, Width: 100}, many()},
		"table-clean":    {"table", report.Look{}, clean},
		"table-empty":    {"table", report.Look{}, empty},
		"json":           {"json", report.Look{}, full()},
		"json-empty":     {"json", report.Look{}, newSource(nil)},
		"jsonl":          {"jsonl", report.Look{}, full()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			format, err := report.Lookup(c.format)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := format.New(c.look).Write(&out, c.audit); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", path, d)
	}
}

func TestJSONIsOneDocument(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]source{"full": full(), "empty": newSource(nil)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			format, _ := report.Lookup("json")
			if err := format.New(report.Look{}).Write(&out, s); err != nil {
				t.Fatal(err)
			}
			var doc struct {
				Schema   string
				Coverage []resource.Coverage
				Findings []json.RawMessage
			}
			if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
				t.Fatal(err)
			}
			if doc.Schema != "glueguard.audit/v1" || len(doc.Coverage) != len(s.coverage) || len(doc.Findings) != len(s.findings) {
				t.Errorf("schema %q, %d coverage, %d findings", doc.Schema, len(doc.Coverage), len(doc.Findings))
			}
			if doc.Coverage == nil || doc.Findings == nil || bytes.Contains(out.Bytes(), []byte(`"tags":null`)) {
				t.Error("a list or an object is null")
			}
		})
	}
}

func TestPipesGetNoBoxesAndNoColour(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	format, _ := report.Lookup("table")
	if err := format.New(report.Look{}).Write(&out, full()); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexAny(out.String(), "\x1b─│╭╮╰╯"); i >= 0 {
		t.Errorf("found %q", out.String()[i:min(i+20, out.Len())])
	}
}

func TestTablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	format, _ := report.Lookup("table")
	for width := 40; width <= 160; width += 8 {
		for name := 1; name < 100; name++ {
			f := endpoint("111122223333", "eu-west-1", strings.Repeat("n", name), control.Fail, "security-configuration-missing", "Gone.")
			f.Encryption.SecurityConfiguration = strings.Repeat("c", 50)
			audit := newSource([]resource.Coverage{not(resource.Denied, "111122223333", "eu-west-1", "glue:GetMLTransforms", "AccessDeniedException", "no")}, f)
			var out bytes.Buffer
			if err := format.New(report.Look{Terminal: true, Width: width}).Write(&out, audit); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(out.String()) {
				line = strings.TrimRight(line, "\n")
				if n := len([]rune(line)); n > width && strings.Contains(strings.TrimSpace(line), " ") && !strings.Contains(line, "AccessDenied") {
					t.Fatalf("%d columns, a name of %d: a line is too long: %s", width, name, line)
				}
			}
		}
	}
}

// keys has more findings with a command of their own than a terminal is shown.
func keys() source {
	var findings []finding.Finding
	for i := range 8 {
		f := endpoint("111122223333", "eu-west-1", fmt.Sprintf("0123456789abcdef-0123456789abcdef-%d", i), control.Fail, control.KeyRotationOff, "It does not rotate.")
		f.Control, f.Severity, f.Resource.Type = control.KeyManagement, control.Medium, resource.TypeKey
		f.Resource.ARN = "arn:aws:kms:eu-west-1:111122223333:key/" + f.Resource.ID
		f.Encryption.Mode = ""
		findings = append(findings, f)
	}
	return newSource([]resource.Coverage{ok("111122223333", "eu-west-1", "glue:GetDevEndpoints")}, findings...)
}

// What others have written must not be able to command a terminal.
func TestTerminalsAreNotObeyed(t *testing.T) {
	t.Parallel()
	format, _ := report.Lookup("table")
	for _, look := range []report.Look{{}, {Terminal: true, Width: 200}} {
		evil := "x\x1b[2J\u009b2Jy\n"
		f := endpoint("111122223333", "eu-west-1", evil, control.Fail, "no-security-configuration", evil)
		exempt := f
		exempt.Status, exempt.Exception = control.Exempt, &finding.Exception{}
		f.Encryption.SecurityConfiguration = evil
		f.Advisories = []control.Advisory{{Code: "endpoint-failed", Message: evil}}
		audit := newSource([]resource.Coverage{not(resource.Denied, "111122223333", "eu-west-1", "glue:GetMLTransforms", evil, evil)}, f, exempt)
		var out bytes.Buffer
		if err := format.New(look).Write(&out, audit); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexAny(out.String(), "\x1b\u009b"); i >= 0 {
			t.Errorf("terminal %t: %q", look.Terminal, out.String()[max(0, i-40):i+5])
		}
	}
}

// Each finding is a line of its own with its ARN, which grep finds.
func TestPipesGetALineForEachFinding(t *testing.T) {
	t.Parallel()
	format, _ := report.Lookup("table")
	var out bytes.Buffer
	if err := format.New(report.Look{}).Write(&out, many()); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "arn:aws:glue:eu-west-1:000000000007:devEndpoint/etl-3  "); n != 1 {
		t.Errorf("%d lines for one finding", n)
	}
	if n := strings.Count(out.String(), "arn:"); n != 490 {
		t.Errorf("%d ARNs for 490 findings", n)
	}
}

func TestUnknownFormat(t *testing.T) {
	t.Parallel()
	_, err := report.Lookup("pdf")
	var unknown *report.UnknownFormatError
	if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "table, json, jsonl") {
		t.Errorf("got %v", err)
	}
}

// full disks and closed pipes are errors of every format.
func TestWriteErrorsComeBack(t *testing.T) {
	t.Parallel()
	for _, f := range report.Formats() {
		if err := f.New(report.Look{}).Write(brokenPipe{}, full()); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: got %v", f.Name, err)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
