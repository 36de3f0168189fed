package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
)

// key is a finding on a key, with other problems as advisories.
func key(name string, status control.Status, reason control.Reason, others ...control.Reason) finding.Finding {
	f := endpoint("111122223333", "eu-west-1", name, status, reason, "KMS key "+name+" "+strings.ReplaceAll(string(reason), "-", " ")+".")
	f.Control, f.Severity, f.Resource.Type, f.Resource.Name = control.KeyManagement, control.Medium, resource.TypeKey, ""
	f.Resource.ARN = "arn:aws:kms:eu-west-1:111122223333:key/" + name
	f.Encryption.Mode = ""
	for _, o := range others {
		f.Advisories = append(f.Advisories, control.Advisory{Code: string(o), Message: "it has " + strings.ReplaceAll(string(o), "-", " ")})
	}
	return f
}

// withKeys is full with keys, one of them with two problems.
func withKeys() source {
	s := full()
	return newSource(s.coverage, append(s.findings,
		key("open-and-still", control.Fail, control.KeyPolicyOutside, control.KeyRotationOff),
		key("open", control.Fail, control.KeyPolicyWildcard), key("good", control.Pass, control.KeyWellManaged),
		key("still", control.Fail, control.KeyRotationOff))...)
}

func byFramework(t *testing.T, id control.FrameworkID, format string, l report.Look, audit report.Source) []byte {
	t.Helper()
	c := catalogueOf(t)
	of, ok := c.Framework(id)
	if !ok {
		t.Fatalf("there is no framework %s", id)
	}
	f, err := report.LookupFramework(format)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Write(&out, l, c, of, audit); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestFrameworkGolden(t *testing.T) {
	t.Parallel()
	clean := newSource([]resource.Coverage{ok("111122223333", "eu-west-1", "glue:GetDevEndpoints")},
		endpoint("111122223333", "eu-west-1", "good", control.Pass, "sse-s3", "Everything is written with SSE-S3."))
	for name, c := range map[string]struct {
		framework control.FrameworkID
		format    string
		look      report.Look
		audit     source
	}{
		"framework-plain":    {"pci-dss-4.0", "table", report.Look{Files: []string{"pci.json"}}, withKeys()},
		"framework-terminal": {"pci-dss-4.0", "table", report.Look{Terminal: true, Width: 100}, withKeys()},
		"framework-color":    {"csa-ccm-4", "table", report.Look{Terminal: true, Width: 120, Color: true}, withKeys()},
		"framework-narrow":   {"hipaa", "table", report.Look{Terminal: true, Width: 60}, withKeys()},
		"framework-many":     {"soc2", "table", report.Look{Terminal: true, Width: 100}, many()},
		"framework-clean":    {"aws-fsbp", "table", report.Look{}, clean},
		"framework-json":     {"pci-dss-4.0", "json", report.Look{}, withKeys()},
		"framework-markdown": {"pci-dss-4.0", "markdown", report.Look{}, withKeys()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, byFramework(t, c.framework, c.format, c.look, c.audit))
		})
	}
}

// frameworkDocument is what the tests look at of the JSON document.
type frameworkDocument struct {
	Schema       string
	Complete     bool
	Unread       int
	Excluded     int
	Unmapped     []struct{ Control control.ID }
	Requirements []struct {
		ID, Verdict string
		Summary     map[string]int
		Findings    []struct {
			ID                string
			Status            string
			RequirementStatus string `json:"requirement_status"`
			RequirementReason string `json:"requirement_reason"`
		}
	}
}

func documentOf(t *testing.T, id control.FrameworkID, audit report.Source) frameworkDocument {
	t.Helper()
	var doc frameworkDocument
	if err := json.Unmarshal(byFramework(t, id, "json", report.Look{}, audit), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Schema != "glueguard.framework/v1" || doc.Requirements == nil || doc.Unmapped == nil {
		t.Errorf("schema %q, or a list is null", doc.Schema)
	}
	return doc
}

func verdictsOf(t *testing.T, id control.FrameworkID, audit report.Source) map[string]string {
	t.Helper()
	verdicts := map[string]string{}
	for _, r := range documentOf(t, id, audit).Requirements {
		verdicts[r.ID] = r.Verdict
	}
	return verdicts
}

func TestFrameworkVerdicts(t *testing.T) {
	t.Parallel()
	read := []resource.Coverage{ok("111122223333", "eu-west-1", "glue:GetDevEndpoints")}
	passing := endpoint("111122223333", "eu-west-1", "good", control.Pass, control.EncryptedSSES3, "")
	exempt := endpoint("111122223333", "eu-west-1", "kept", control.Exempt, control.NoConfiguration, "")
	unfinished := newSource(read, passing)
	unfinished.head.FinishedAt = time.Time{}
	leaving := endpoint("111122223333", "eu-west-1", "going", control.NotApplicable, control.BeingDeleted, "")
	onlyRuns := endpoint("111122223333", "eu-west-1", "dedupe", control.Pass, control.TaskRunOnly, "")
	onlyRuns.Control = control.MLTransform
	for name, c := range map[string]struct {
		audit     source
		framework control.FrameworkID
		want      map[string]string
	}{
		"everything passes":       {newSource(read, passing), "hipaa", map[string]string{"164.312(a)(2)(iv)": "pass"}},
		"an exception":            {newSource(read, passing, exempt), "hipaa", map[string]string{"164.312(a)(2)(iv)": "exempt"}},
		"nothing to judge":        {newSource(read, leaving), "hipaa", map[string]string{"164.312(a)(2)(iv)": "not_judged"}},
		"an unread region":        {newSource(append(read, not(resource.Denied, "1", "eu-west-2", "glue:GetDevEndpoints", "", "")), passing), "hipaa", map[string]string{"164.312(a)(2)(iv)": "unknown"}},
		"a region left out":       {newSource(append(read, not(resource.Excluded, "1", "eu-west-2", "glue:GetDevEndpoints", "", "")), passing), "hipaa", map[string]string{"164.312(a)(2)(iv)": "pass"}},
		"an audit that broke off": {unfinished, "hipaa", map[string]string{"164.312(a)(2)(iv)": "unknown"}},
		"one part of a control": {
			newSource(read, key("still", control.Fail, control.KeyRotationOff)), "pci-dss-4.0",
			map[string]string{"3.5.1": "not_judged", "3.6.1": "pass", "3.7.4": "fail"},
		},
		"the other, worse one": {
			newSource(read, key("open", control.Fail, control.KeyPolicyWildcard)), "pci-dss-3.2.1",
			map[string]string{"3.4": "not_judged", "3.5.2": "fail", "3.6.4": "pass"},
		},
		"both parts": {
			newSource(read, key("both", control.Fail, control.KeyPolicyWildcard, control.KeyRotationOff)), "pci-dss-4.0",
			map[string]string{"3.5.1": "not_judged", "3.6.1": "fail", "3.7.4": "fail"},
		},
		"what the procedure accepts and Security Hub does not": {
			newSource(read, onlyRuns), "aws-fsbp", map[string]string{"Glue.3": "fail", "KMS.3": "not_judged", "KMS.5": "not_judged"},
		},
		"and no other framework minds": {newSource(read, onlyRuns), "hipaa", map[string]string{"164.312(a)(2)(iv)": "pass"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, verdictsOf(t, c.framework, c.audit)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Each finding is told with the reason for which it fails this requirement, and stays what it is beside.
func TestFrameworkFindingsKeepTheirStatus(t *testing.T) {
	t.Parallel()
	doc := documentOf(t, "pci-dss-4.0", withKeys())
	if doc.Complete || doc.Unread != 2 || doc.Excluded != 1 || len(doc.Unmapped) != 0 {
		t.Errorf("complete %t, unread %d, excluded %d, unmapped %v", doc.Complete, doc.Unread, doc.Excluded, doc.Unmapped)
	}
	found := map[string]string{}
	for _, r := range doc.Requirements {
		for _, f := range r.Findings {
			if f.ID == "f-open-and-still" {
				found[r.ID] = f.Status + " " + f.RequirementStatus + " " + f.RequirementReason
			}
		}
	}
	want := map[string]string{"3.6.1": "fail fail key-policy-outside-account", "3.7.4": "fail fail key-rotation-off"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}

// In whatever framework, the counts are those of the findings listed.
func TestFrameworkCountsAreThoseOfTheFindings(t *testing.T) {
	t.Parallel()
	for _, f := range catalogueOf(t).Frameworks {
		for _, r := range documentOf(t, f.ID, withKeys()).Requirements {
			counted := map[string]int{"pass": 0, "fail": 0, "unknown": 0, "exempt": 0, "not_applicable": 0}
			for _, found := range r.Findings {
				counted[found.RequirementStatus]++
			}
			if diff := cmp.Diff(r.Summary, counted); diff != "" {
				t.Errorf("%s %s: %s", f.ID, r.ID, diff)
			}
		}
	}
}

func TestFrameworkTablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	for _, f := range catalogueOf(t).Frameworks {
		for width := 60; width <= 140; width += 20 {
			for line := range strings.Lines(string(byFramework(t, f.ID, "table", report.Look{Terminal: true, Width: width}, withKeys()))) {
				line = strings.TrimRight(line, "\n")
				if n := len([]rune(line)); n > width && strings.Contains(strings.TrimSpace(line), " ") && !strings.Contains(line, "AccessDenied") {
					t.Errorf("%s, %d columns: %s", f.ID, width, line)
				}
			}
		}
	}
}

func TestFrameworkReportsAreNotObeyedByTerminals(t *testing.T) {
	t.Parallel()
	evil := "x\x1b[2J\u009b2Jy\n|<script>"
	f := endpoint("111122223333", "eu-west-1", evil, control.Exempt, control.NoConfiguration, evil)
	f.Exception = &finding.Exception{Reason: evil, Owner: evil, Expires: "2027-01-31"}
	audit := newSource([]resource.Coverage{not(resource.Denied, "111122223333", "eu-west-1", "glue:GetMLTransforms", evil, evil)}, f)
	for _, format := range []string{"table", "markdown"} {
		for _, l := range []report.Look{{}, {Terminal: true, Width: 200}} {
			out := string(byFramework(t, "soc2", format, l, audit))
			if i := strings.IndexAny(out, "\x1b\u009b"); i >= 0 {
				t.Errorf("%s, terminal %t: %q", format, l.Terminal, out[max(0, i-40):i+5])
			}
			if format == "markdown" && strings.Contains(out, "<script>") {
				t.Error("a name is read as HTML")
			}
		}
	}
}

func TestFrameworkWriteErrorsComeBack(t *testing.T) {
	t.Parallel()
	c := catalogueOf(t)
	of, _ := c.Framework("nist-800-53-r5")
	failed := errors.New("disk")
	for _, f := range report.FrameworkFormats() {
		if err := f.Write(brokenPipe{}, report.Look{}, c, of, withKeys()); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: %v", f.Name, err)
		}
		for n := range 4 {
			if err := f.Write(io.Discard, report.Look{}, c, of, &flaky{source: withKeys(), good: n, err: failed}); !errors.Is(err, failed) {
				t.Errorf("%s, after %d good reads: %v", f.Name, n, err)
			}
		}
	}
}

// flaky is an audit that can be read so many times.
type flaky struct {
	source
	good int
	err  error
}

func (s *flaky) EachCoverage(yield func(resource.Coverage) error) error {
	if s.good--; s.good < 0 {
		return s.err
	}
	return s.source.EachCoverage(yield)
}

func (s *flaky) EachFinding(yield func(finding.Finding) error) error {
	if s.good--; s.good < 0 {
		return s.err
	}
	return s.source.EachFinding(yield)
}

// generated is an audit that makes its findings as they are read.
type generated struct {
	source
	n int
}

func (s generated) EachFinding(yield func(finding.Finding) error) error {
	for i := range s.n {
		status := control.Pass
		if i%3 == 0 {
			status = control.Fail
		}
		if err := yield(endpoint("111122223333", "eu-west-1", fmt.Sprintf("etl-%d", i), status, control.NoConfiguration, "It is not encrypted.")); err != nil {
			return err
		}
	}
	return nil
}

// A large audit is streamed: what is allocated does not pile up.
func BenchmarkFramework(b *testing.B) {
	c, err := control.ReadCatalogue()
	if err != nil {
		b.Fatal(err)
	}
	of, _ := c.Framework("nist-800-53-r5")
	audit := generated{newSource(nil), 100_000}
	for _, f := range report.FrameworkFormats() {
		b.Run(f.Name, func(b *testing.B) {
			for b.Loop() {
				if err := f.Write(io.Discard, report.Look{}, c, of, audit); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
