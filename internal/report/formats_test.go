package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/joshdk/go-junit"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// render writes an audit in a format as the program would, version 1.2.3.
func render(t *testing.T, format string, audit report.Source) []byte {
	t.Helper()
	f, err := report.Lookup(format)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.New(report.Look{Version: "1.2.3"}).Write(&out, audit); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// evil is what somebody may have named a resource who wants a report's reader to do something.
func evil() []string {
	return []string{
		`=HYPERLINK("https://example.com","x")`, "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r\n=1+1", "＝1+1",
		`</script><script>alert(1)</script>`, `<!--<script>`, `<img src=x onerror=alert(1)>`, `"><svg/onload=alert(1)>`, `' onmouseover='alert(1)`,
		"a|b|c", `a\|b`, "a`b``c", "**bold** _it_ [l](javascript:alert(1)) ![i](https://example.com/i.png)", "# head", "~~x~~ $x$ &amp; &#64;",
		"\x00\x01\x08\x0b\x1b[2J\x7f\u009b2J", "\u202eexe.tpircs\u2066", "\xff\xfe\xc0", "\ufffe\uffff\u2028\u2029", "]]>", "<?xml?>", "%s%d%!", "..", ".", "a/../b?c#d",
		strings.Repeat("ä", 3000), "", " ", "🔐 schlüssel",
	}
}

// hostile has every member that others can write filled with what is evil, in every status.
func hostile() source {
	var findings []finding.Finding
	statuses := []control.Status{control.Fail, control.Pass, control.Unknown, control.Exempt, control.NotApplicable}
	controls := []control.ID{control.DevEndpointS3, control.DevEndpointLogs, control.MLTransform, control.KeyManagement, "a-control-of-later"}
	for i, e := range evil() {
		f := endpoint("111122223333", "eu-west-1", e, statuses[i%len(statuses)], control.Reason([]string{"key-rotation-off", "no-security-configuration", "sse-kms"}[i%3]), e)
		f.ID = fmt.Sprintf("%032x", i)
		f.Control = controls[i/len(statuses)%len(controls)]
		f.Resource.Tags = map[string]string{e: e, "aws:cloudformation:stack-name": e, "team": e}
		f.Encryption = control.Encryption{Mode: "SSE-KMS", KMSKey: e, SecurityConfiguration: e}
		f.Advisories = []control.Advisory{{Code: "stack-owned", Message: e}}
		f.Exception = &finding.Exception{Reason: e, Owner: e, Expires: "2027-01-31", Expired: f.Status != control.Exempt}
		if i%7 == 6 {
			f.Resource.ARN, f.Resource.ID, f.Resource.Name, f.Resource.Region = "", "", "", ""
		}
		findings = append(findings, f)
	}
	slices.SortStableFunc(findings, func(a, b finding.Finding) int { return strings.Compare(a.Resource.Region, b.Resource.Region) })
	return newSource([]resource.Coverage{not(resource.Denied, "111122223333", "", evil()[0], evil()[8], evil()[7])}, findings...)
}

// audits are those that every format is tried on.
func audits() map[string]source {
	unfinished := full()
	unfinished.head.FinishedAt = time.Time{}
	return map[string]source{"full": full(), "hostile": hostile(), "empty": newSource(nil), "keys": keys(), "unfinished": unfinished}
}

// formats lists those that are documents for other programs and people, beside the table and our own JSON.
func exchanged() []string {
	return []string{"csv", "markdown", "html", "junit", "sarif", "ocsf", "asff"}
}

func TestGoldenOfEachFormat(t *testing.T) {
	t.Parallel()
	for _, format := range exchanged() {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			golden(t, format, render(t, format, full()))
		})
	}
}

// What test/external hands to botocore, beside the golden file of an ordinary audit.
func TestGoldenOfHostileASFF(t *testing.T) {
	t.Parallel()
	golden(t, "asff-hostile", render(t, "asff", hostile()))
}

// Whatever there is in an audit, what people read has no characters that command its reader.
func TestFormatsAreCleanText(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"csv", "markdown", "html", "junit"} {
		for name, audit := range audits() {
			t.Run(format+" "+name, func(t *testing.T) {
				t.Parallel()
				out := render(t, format, audit)
				if !utf8.Valid(out) {
					t.Error("not UTF-8")
				}
				for _, r := range string(out) {
					if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
						t.Fatalf("has %U", r)
					}
				}
			})
		}
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	for name, audit := range audits() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := csv.NewReader(bytes.NewReader(render(t, "csv", audit))).ReadAll() // which wants as many fields in each
			if err != nil {
				t.Fatal(err)
			}
			unread := 0
			for _, c := range audit.coverage {
				if c.Unread() {
					unread++
				}
			}
			if want := 1 + len(audit.findings) + unread; len(rows) != want {
				t.Errorf("%d rows, want %d", len(rows), want)
			}
			for _, row := range rows {
				for _, cell := range row {
					if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
						t.Errorf("a formula: %q", cell)
					}
				}
			}
			for i, f := range audit.findings {
				if row := rows[i+1]; row[0] != "finding" || row[3] != f.ID || row[4] != string(f.Status) || row[9] != f.Resource.Account {
					t.Errorf("finding %d: %q", i, row)
				}
			}
		})
	}
}

// Nothing that others wrote is a mark of Markdown: what GitHub's flavour makes of a report has the text as it is, no
// link, picture or HTML of theirs, and in each table as many cells in each row.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	for name, audit := range audits() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := render(t, "markdown", audit)
			var page bytes.Buffer
			if err := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough)).Convert(out, &page); err != nil {
				t.Fatal(err)
			}
			for _, bad := range []string{"<a ", "<img", "<script", "raw HTML", "<em>", "<strong>", "<del>"} {
				if i := strings.Index(page.String(), bad); i >= 0 {
					t.Errorf("has %s: %s", bad, page.String()[max(0, i-80):min(page.Len(), i+80)])
				}
			}
			listed := 0
			for _, f := range audit.findings {
				if f.Status != control.Pass && f.Status != control.NotApplicable {
					listed++
				}
			}
			_, rows, _ := strings.Cut(string(out), "## Findings\n")
			if n := strings.Count(rows, "\n|"); listed > 0 && n != listed+2 {
				t.Errorf("%d rows for %d findings", n-2, listed)
			}
			if want := strings.Count(page.String(), "<tr>"); name == "hostile" && want < listed {
				t.Errorf("%d rows of tables", want)
			}
			for row := range strings.SplitSeq(page.String(), "<tr>") {
				if n := strings.Count(row, "<td"); strings.Contains(row, "</table>") == false && n > 8 {
					t.Errorf("%d cells: %s", n, row)
				}
			}
			for _, line := range strings.Split(rows, "\n") {
				if strings.HasPrefix(line, "|") && cells(line) != 8 {
					t.Errorf("%d cells: %s", cells(line), line)
				}
			}
		})
	}
}

// cells counts the cells of a table's row as Markdown's readers do: a bar ends one unless it is escaped.
func cells(line string) int {
	n := -1
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '|':
			n++
		}
	}
	return n
}

func TestJUnit(t *testing.T) {
	t.Parallel()
	for name, audit := range audits() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suites, err := junit.Ingest(render(t, "junit", audit))
			if err != nil {
				t.Fatal(err)
			}
			counts, unread := map[junit.Status]int{junit.StatusPassed: 0, junit.StatusFailed: 0, junit.StatusError: 0, junit.StatusSkipped: 0}, 0
			places := map[string]bool{}
			for _, s := range suites {
				if places[s.Name] {
					t.Errorf("two suites of %s", s.Name)
				}
				places[s.Name] = true
				if s.Name == "What could not be read" {
					unread = s.Totals.Error
					continue
				}
				counts[junit.StatusPassed] += s.Totals.Passed
				counts[junit.StatusFailed] += s.Totals.Failed
				counts[junit.StatusError] += s.Totals.Error
				counts[junit.StatusSkipped] += s.Totals.Skipped
				for key, want := range map[string]int{"tests": s.Totals.Tests, "failures": s.Totals.Failed, "errors": s.Totals.Error, "skipped": s.Totals.Skipped} {
					if got := s.Properties[key]; got != fmt.Sprint(want) {
						t.Errorf("suite %s says %s %s, and has %d", s.Name, got, key, want)
					}
				}
			}
			s := audit.head.Summary
			want := map[junit.Status]int{junit.StatusPassed: s.Pass, junit.StatusFailed: s.Fail, junit.StatusError: s.Unknown, junit.StatusSkipped: s.Exempt + s.NotApplicable}
			if d := cmp.Diff(want, counts); d != "" {
				t.Errorf("test cases (-want +got):\n%s", d)
			}
			for _, c := range audit.coverage {
				if c.Unread() {
					unread--
				}
			}
			if unread != 0 {
				t.Errorf("%d reads too many in the suite of what could not be read", unread)
			}
		})
	}
}

// A build is not red for what the policy accepts as always denied.
func TestJUnitSkipsAcceptedReads(t *testing.T) {
	t.Parallel()
	f := endpoint("111122223333", "eu-west-1", "", control.Unknown, "listing-failed", "closed")
	f.Advisories = []control.Advisory{{Code: control.AcceptedUnread, Message: "closed by a service control policy"}}
	suites, err := junit.Ingest(render(t, "junit", newSource(nil, f)))
	if err != nil {
		t.Fatal(err)
	}
	if len(suites) != 1 || suites[0].Totals.Skipped != 1 || suites[0].Totals.Error != 0 {
		t.Errorf("got %+v", suites)
	}
}

// schema compiles one of testdata/schemas.
func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "schemas", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSARIFFitsItsSchema(t *testing.T) {
	t.Parallel()
	official := schema(t, "sarif-2.1.0-rtm.5.json")
	for name, audit := range audits() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document, err := jsonschema.UnmarshalJSON(bytes.NewReader(render(t, "sarif", audit)))
			if err != nil {
				t.Fatal(err)
			}
			if err := official.Validate(document); err != nil {
				t.Error(err)
			}
		})
	}
}

// What the schema can't say, and the standard or its readers demand.
func TestSARIFResults(t *testing.T) {
	t.Parallel()
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID    string
				RuleIndex *int
				Kind      string
				Level     string
				Locations []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
				Suppressions []json.RawMessage
			}
			Invocations []struct {
				ExecutionSuccessful        bool
				ToolExecutionNotifications []json.RawMessage
			}
		}
	}
	audit := hostile()
	if err := json.Unmarshal(render(t, "sarif", audit), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	for i, r := range run.Results {
		if r.RuleIndex != nil && run.Tool.Driver.Rules[*r.RuleIndex].ID != r.RuleID {
			t.Errorf("result %d: rule %d is not %s", i, *r.RuleIndex, r.RuleID)
		}
		if (r.Kind == "fail") == (r.Level == "none") {
			t.Errorf("result %d: kind %s, level %s", i, r.Kind, r.Level)
		}
		if exempt := audit.findings[i].Status == control.Exempt; exempt != (len(r.Suppressions) == 1) {
			t.Errorf("result %d: exempt %t, %d suppressions", i, exempt, len(r.Suppressions))
		}
		uri := r.Locations[0].PhysicalLocation.ArtifactLocation.URI
		if parts := strings.Split(uri, "/"); len(parts) != 5 || parts[0] != "aws" || slices.Contains(parts, "..") || slices.Contains(parts, "") {
			t.Errorf("result %d: path %q", i, uri)
		}
	}
	if i := run.Invocations[0]; !i.ExecutionSuccessful || len(i.ToolExecutionNotifications) != 1 {
		t.Errorf("invocation %+v", i)
	}
}

func TestOCSFFitsItsSchema(t *testing.T) {
	t.Parallel()
	class := schema(t, "ocsf-1.8.0-compliance_finding-cloud.json")
	for name, audit := range audits() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document, err := jsonschema.UnmarshalJSON(bytes.NewReader(render(t, "ocsf", audit)))
			if err != nil {
				t.Fatal(err)
			}
			events := document.([]any)
			if len(events) != len(audit.findings) {
				t.Errorf("%d events", len(events))
			}
			for i, event := range events {
				if err := class.Validate(event); err != nil {
					t.Errorf("event %d: %v", i, err)
				}
			}
		})
	}
}

// The bounds are those of the documentation of AwsSecurityFinding; botocore's model is asked in test/external.
func TestASFFKeepsItsBounds(t *testing.T) {
	t.Parallel()
	for name, audit := range audits() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all []report.SecurityFinding
			out := json.NewDecoder(bytes.NewReader(render(t, "asff", audit)))
			out.DisallowUnknownFields()
			if err := out.Decode(&all); err != nil {
				t.Fatal(err)
			}
			if len(all) != len(audit.findings) {
				t.Errorf("%d findings", len(all))
			}
			for i, f := range all {
				checkASFF(t, i, f)
			}
		})
	}
}

func checkASFF(t *testing.T, i int, f report.SecurityFinding) {
	t.Helper()
	check := func(what, text string, most int) {
		if strings.TrimSpace(text) == "" || len(text) > most || !utf8.ValidString(text) {
			t.Errorf("finding %d: %s of %d bytes: %.80q", i, what, len(text), text)
		}
	}
	check("id", f.ID, 512)
	check("title", f.Title, 256)
	check("description", f.Description, 1024)
	check("generator", f.GeneratorID, 512)
	check("product", f.ProductARN, 2048)
	if len(f.AWSAccountID) != 12 {
		t.Errorf("finding %d: account %q", i, f.AWSAccountID)
	}
	if f.Remediation != nil {
		check("recommendation", f.Remediation.Recommendation.Text, 512)
	}
	if len(f.ProductFields) > 50 {
		t.Errorf("finding %d: %d fields", i, len(f.ProductFields))
	}
	for k, v := range f.ProductFields {
		check("field "+k, k, 128)
		check("field "+k, v, 2048)
	}
	check("resource", f.Resources[0].ID, 512)
	for k, v := range f.Resources[0].Details.Other {
		check("detail "+k, v, 1024)
	}
	for k, v := range f.Resources[0].Tags {
		check("key of a tag", k, 128)
		check("tag", v, 256)
	}
	for _, r := range f.Compliance.StatusReasons {
		check("reason", r.ReasonCode, 64)
		check("reason's description", r.Description, 1024)
	}
	whole, err := json.Marshal(f)
	if err != nil || len(whole) > 240<<10 {
		t.Errorf("finding %d: %d bytes, %v", i, len(whole), err)
	}
}

// Who sends findings decides whose they are.
func TestASFFOwner(t *testing.T) {
	t.Parallel()
	product := func(partition, account, region string) string { return partition + " " + account + " " + region }
	hub, err := report.SecurityHub{Product: product, Owner: "999999999999"}.Of(store.Audit{ID: "a"})
	if err != nil {
		t.Fatal(err)
	}
	f := hub.Finding(full().findings[0])
	if f.ProductARN != "aws 999999999999 eu-west-1" || f.AWSAccountID != "999999999999" {
		t.Errorf("got %s, %s", f.ProductARN, f.AWSAccountID)
	}
	hub, err = report.SecurityHub{}.Of(store.Audit{ID: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := hub.Finding(full().findings[0]).ProductARN, "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default"; got != want {
		t.Errorf("product %s, want %s", got, want)
	}
}

// Writing reads nothing of the machine that it runs on: two runs give the same.
func TestFormatsAreStable(t *testing.T) {
	t.Parallel()
	for _, format := range report.Names() {
		if a, b := render(t, format, hostile()), render(t, format, hostile()); !bytes.Equal(a, b) {
			t.Errorf("%s differs from run to run", format)
		}
	}
	if _, err := os.Stat(filepath.Join("testdata", "schemas", "README.md")); err != nil {
		t.Error(err)
	}
}
