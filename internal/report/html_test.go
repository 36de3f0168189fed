package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// nodes lists the elements of a document.
func nodes(t *testing.T, page []byte, scripting bool) []*html.Node {
	t.Helper()
	root, err := html.ParseWithOptions(bytes.NewReader(page), html.ParseOptionEnableScripting(scripting))
	if err != nil {
		t.Fatal(err)
	}
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func content(n *html.Node) string {
	var text strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			text.WriteString(d.Data)
		}
	}
	return text.String()
}

// The page is one file: it asks nobody for anything, runs one script, and what others wrote is text in it.
func TestHTMLIsOneHarmlessFile(t *testing.T) {
	t.Parallel()
	for name, audit := range audits() {
		for _, scripting := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, scripting %t", name, scripting), func(t *testing.T) {
				t.Parallel()
				scripts := 0
				for _, n := range nodes(t, render(t, "html", audit), scripting) {
					switch n.Data {
					case "script":
						scripts++
					case "img", "iframe", "object", "embed", "link", "base", "audio", "video", "source":
						t.Errorf("has a <%s>", n.Data)
					}
					for _, a := range n.Attr {
						if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "style" || a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
							t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
						}
					}
				}
				if scripts != 2 {
					t.Errorf("%d scripts, want the data and the script", scripts)
				}
			})
		}
	}
}

// Every control has a label, every reference its target, every id is there once, no level of headings is left out.
func TestHTMLCanBeReadByEveryone(t *testing.T) {
	t.Parallel()
	for name, audit := range audits() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ids, labelled, level := map[string]int{}, map[string]bool{}, 0
			all := nodes(t, render(t, "html", audit), false)
			for _, n := range all {
				if id := attribute(n, "id"); id != "" {
					ids[id]++
				}
				labelled[attribute(n, "for")] = true
			}
			for id, n := range ids {
				if n > 1 {
					t.Errorf("id %s is there %d times", id, n)
				}
			}
			for _, n := range all {
				switch n.Data {
				case "input", "select":
					if !labelled[attribute(n, "id")] && n.Parent.Data != "label" {
						t.Errorf("nothing labels #%s", attribute(n, "id"))
					}
				case "button", "a", "th", "h1", "h2", "h3", "summary":
					if strings.TrimSpace(content(n)) == "" {
						t.Errorf("an empty <%s>", n.Data)
					}
				case "svg":
					if attribute(n, "aria-hidden") == "" && ids[attribute(n, "aria-labelledby")] == 0 {
						t.Error("a chart without a name")
					}
				case "html":
					if attribute(n, "lang") == "" {
						t.Error("the language is not told")
					}
				}
				if by := attribute(n, "aria-labelledby"); by != "" && ids[by] == 0 {
					t.Errorf("nothing has the id %s", by)
				}
				if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
					if next := int(n.Data[1] - '0'); next > level+1 {
						t.Errorf("<%s> after <h%d>", n.Data, level)
					}
					level = int(n.Data[1] - '0')
				}
			}
		})
	}
}

// Without the script there is a summary, and the first of what fails.
func TestHTMLWithoutJavaScript(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, n := range nodes(t, render(t, "html", many()), false) {
		if n.Data == "main" {
			text.WriteString(content(n))
		}
	}
	for _, want := range []string{"490 of 490 checks fail.", "What to do", "100 of 490 that fail or are unknown", "In figures", "58 more"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(text.String(), "No security configuration."); n != 100 {
		t.Errorf("%d findings", n)
	}
}

// unpacked is what the script makes of a row.
type unpacked struct {
	ID, Control, Status, Severity, Reason, Message, Account, Region, Type, Name, RID, ARN, Mode, Key, Configuration, Advice, Command string
	Advisories                                                                                                                       []string
	Exception                                                                                                                        []any
	Tags                                                                                                                             []string
}

// unpack reads the data block as the script does.
func unpack(t *testing.T, page []byte) []unpacked {
	t.Helper()
	var doc struct{ Rows [][]any }
	for _, n := range nodes(t, page, true) {
		if attribute(n, "id") == "data" {
			if err := json.Unmarshal([]byte(content(n)), &doc); err != nil {
				t.Fatal(err)
			}
		}
	}
	table := []string{""}
	shared := func(v any) string {
		switch v := v.(type) {
		case float64:
			return table[int(v)]
		case []any:
			return v[0].(string)
		}
		table = append(table, v.(string))
		return v.(string)
	}
	list := func(v any) []string {
		var all []string
		items, _ := v.([]any)
		for _, item := range items {
			all = append(all, shared(item))
		}
		return all
	}
	var all []unpacked
	for _, r := range doc.Rows {
		u := unpacked{ID: r[0].(string), Control: shared(r[1]), Status: shared(r[2]), Severity: shared(r[3]), Reason: shared(r[4])}
		shared(r[5])
		u.Message, u.Account, u.Region, u.Type, u.Name = shared(r[6]), shared(r[7]), shared(r[8]), shared(r[9]), r[10].(string)
		if u.RID = u.Name; r[11] != 0.0 {
			u.RID = r[11].(string)
		}
		u.ARN = strings.ReplaceAll(shared(r[12]), "\x02", u.RID)
		u.Mode, u.Key, u.Configuration, u.Advice, u.Command = shared(r[13]), shared(r[14]), shared(r[15]), shared(r[16]), shared(r[17])
		whole := func(text string) string {
			for _, p := range [][2]string{{"\x04", u.ARN}, {"\x01", u.Name}, {"\x03", u.Configuration}, {"\x02", u.RID}} {
				text = strings.ReplaceAll(text, p[0], p[1])
			}
			return text
		}
		u.Advisories, u.Tags = list(r[18]), list(r[20])
		u.Exception, _ = r[19].([]any)
		u.Message, u.Command = whole(u.Message), whole(u.Command)
		for i := range u.Advisories {
			u.Advisories[i] = whole(u.Advisories[i])
		}
		all = append(all, u)
	}
	return all
}

// What the script unpacks is what was found.
func TestHTMLHasEveryFinding(t *testing.T) {
	t.Parallel()
	sources := audits()
	sources["many"] = many()
	sources["varied"] = varied(500)
	for name, audit := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := unpack(t, render(t, "html", audit))
			if len(rows) != len(audit.findings) {
				t.Fatalf("%d rows of %d findings", len(rows), len(audit.findings))
			}
			for i, f := range audit.findings {
				r := control.RemedyOf(f.Outcome)
				want := unpacked{
					ID: f.ID, Control: string(f.Control), Status: string(f.Status), Severity: string(f.Severity), Reason: string(f.Reason),
					Message: report.Tidy(f.Message), Account: f.Resource.Account, Region: f.Resource.Region, Type: string(f.Resource.Type),
					Name: report.Tidy(f.Resource.Name), RID: report.Tidy(f.Resource.ID), ARN: report.Tidy(f.Resource.ARN), Mode: string(f.Encryption.Mode),
					Key: report.Tidy(f.Encryption.KMSKey), Configuration: report.Tidy(f.Encryption.SecurityConfiguration), Advice: r.Advice, Command: report.Tidy(r.Command),
				}
				for _, a := range f.Advisories {
					want.Advisories = append(want.Advisories, a.Code, report.Tidy(a.Message))
				}
				if e := f.Exception; e != nil {
					want.Exception = []any{report.Tidy(e.Reason), report.Tidy(e.Owner), e.Expires, e.Expired}
				}
				got := rows[i]
				if len(got.Tags) != 2*len(f.Resource.Tags) {
					t.Errorf("finding %d: tags %q", i, got.Tags)
				}
				got.Tags = nil
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("finding %d (-want +got):\n%s", i, d)
				}
			}
		})
	}
}

// varied is an audit as large ones are: most findings pass, in many accounts and regions, with tags.
func varied(n int) source {
	var findings []finding.Finding
	regions := []string{"eu-west-1", "eu-central-1", "us-east-1", "us-west-2", "ap-southeast-2"}
	for i := range n {
		account, region := fmt.Sprintf("%012d", 100_000_000_000+i/500), regions[i/100%len(regions)]
		name := fmt.Sprintf("etl-%06d", i)
		f := endpoint(account, region, name, control.Pass, "sse-kms", fmt.Sprintf("Development endpoint %q writes to S3 with SSE-KMS.", name))
		f.Severity = control.Medium
		f.Encryption = control.Encryption{
			Mode: resource.ModeSSEKMS, KMSKey: "arn:aws:kms:" + region + ":" + account + ":key/0123abcd-0123-0123-0123-0123456789ab", SecurityConfiguration: "standard",
		}
		f.Resource.Tags = map[string]string{"team": fmt.Sprintf("team-%d", i%40), "stage": []string{"dev", "prod"}[i%2]}
		switch {
		case i%10 == 3:
			f.Status, f.Reason, f.Encryption = control.Fail, control.NoConfiguration, control.Encryption{Mode: resource.ModeNone}
			f.Message = fmt.Sprintf("Development endpoint %q names no security configuration, so nothing makes it encrypt what it writes to S3.", name)
			f.Advisories = []control.Advisory{{Code: "runtime-end-of-life", Message: "Glue 1.0 reached its end of life on 2026-04-01, and AWS may refuse to create it again"}}
		case i%50 == 7:
			f.Status, f.Reason, f.Encryption.Mode = control.Unknown, control.ConfigurationUnread, ""
			f.Message = "The security configuration \"standard\" could not be read: AccessDeniedException."
		case i%10 == 5:
			f.Control, f.Severity, f.Resource.Type = control.KeyManagement, control.Low, resource.TypeKey
			f.Status, f.Reason = control.Fail, control.KeyRotationOff
			f.Resource.ID = fmt.Sprintf("%08x-0123-0123-0123-0123456789ab", i)
			f.Resource.Name, f.Resource.ARN = "", "arn:aws:kms:"+region+":"+account+":key/"+f.Resource.ID
			f.Message = "The key " + f.Resource.ARN + " does not rotate."
		}
		f.ID = finding.ID(f.Outcome)
		findings = append(findings, f)
	}
	return newSource([]resource.Coverage{ok("100000000000", "eu-west-1", "glue:GetDevEndpoints")}, findings...)
}

// remembering is a source that knows of the audits before.
type remembering struct {
	source
	before []store.Summary
}

func (r remembering) EachAudit(yield func(store.Audit) error) error {
	for i, s := range r.before {
		at := r.head.StartedAt.Add(time.Duration(i-len(r.before)) * 24 * time.Hour)
		if err := yield(store.Audit{ID: fmt.Sprint(i), StartedAt: at, FinishedAt: at, Summary: s}); err != nil {
			return err
		}
	}
	return yield(r.head)
}

func TestHTMLShowsTheTrend(t *testing.T) {
	t.Parallel()
	r := remembering{source: full()}
	if page := render(t, "html", r); bytes.Contains(page, []byte("chart-trend")) {
		t.Error("a trend of one audit")
	}
	for i := range 40 {
		r.before = append(r.before, store.Summary{Fail: 80 - 2*i, Unknown: 5, Pass: 10 + 2*i})
	}
	page := string(render(t, "html", r))
	_, trend, _ := strings.Cut(page, `id="chart-trend"`)
	trend, _, _ = strings.Cut(trend, "</figure>")
	if n := strings.Count(trend, "<g>"); n != 30 {
		t.Errorf("%d columns, want 30", n)
	}
	if !strings.Contains(trend, "2026-11-22") || !strings.Contains(trend, "2 fail, 5 unknown, 88 pass") {
		t.Error("the newest audits are missing")
	}
}
