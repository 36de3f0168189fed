package hostile

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// evil is a text that becomes an element, an attribute, a script or a template where it is not written as text.
const evil = `"><x-evil onx=a()>'{{1}}</script><x-evil>`

// evilARN is as evil as an ARN may be.
const evilARN = `arn:aws:glue:us-east-1:111122223333:devEndpoint/"><x-evil/onx=a()>`

// formulas begin as what spreadsheets would work out.
func formulas() []string {
	return []string{"=cmd|' /C calc'!A0", "+1+1", "-1-1", "@SUM(1)", "\t=1+1", "\r=1+1", "=HYPERLINK(\"https://evil.example\")"}
}

// plant stores an audit whose findings are of resources with evil names.
func (w *world) plant(t *testing.T) {
	t.Helper()
	at := resource.Location{Partition: "aws", Account: "111122223333", Region: region}
	part := store.Part{Location: at, Coverage: []resource.Coverage{{
		Account: at.Account, Region: at.Region, Operation: "glue:GetDevEndpoints", Status: "denied", ErrorCode: evil, Message: evil,
	}}}
	names := append(formulas(), evil, "javascript:alert(1)", "\x1b[31mred", "two\nlines")
	for i, name := range names {
		ref := resource.Ref{
			Type: "AWS::Glue::DevEndpoint", ARN: fmt.Sprintf("%s%d", evilARN, i), ID: name, Name: name, Account: at.Account, Region: at.Region, Tags: map[string]string{name: name, "a" + evil: evil},
		}
		part.Findings = append(part.Findings, finding.Finding{
			ID: fmt.Sprintf("%032x", i),
			Outcome: control.Outcome{
				Control: control.DevEndpointS3, Status: control.Fail, Reason: "no-security-configuration", Message: name, Severity: "high", Resource: ref,
				Encryption: control.Encryption{Mode: "NONE", KMSKey: name, SecurityConfiguration: name}, Advisories: []control.Advisory{{Code: "x", Message: name}},
			},
			Exception: &finding.Exception{Reason: name, Owner: name, Expires: "2030-01-01"},
		})
	}
	a := store.Audit{ID: "planted", StartedAt: w.now().Add(-time.Minute), FinishedAt: w.now(), PolicyProfile: "sop", PolicyDigest: evil, Summary: store.Summary{Fail: len(names)}}
	for _, do := range []func() error{
		func() error { return w.store.BeginAudit(t.Context(), a) },
		func() error { return w.store.AddPart(t.Context(), a.ID, part) },
		func() error { return w.store.FinishAudit(t.Context(), a) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
}

// write has people write evil texts wherever they may.
func (w *world) write(t *testing.T) (requestID string) {
	t.Helper()
	admin := w.user("admin", auth.Administrator)
	mallory := w.user(`"><x-evil onx=a()>`, auth.Operator, auth.Approver)
	k := store.Token{ID: "k1", Name: evil, Hash: hashOf("k1"), UserID: mallory.id, Roles: []string{"viewer"}, CreatedAt: w.now(), ExpiresAt: w.now().Add(time.Hour)}
	if err := w.store.SaveToken(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	made := w.ask(t, mallory, http.MethodPost, base+"/requests", object{"reason": evil, "work": object{"kind": "audit", "audit": object{"resources": []string{evil}}}}).object(t)
	exception := w.ask(t, mallory, http.MethodPost, base+"/exceptions", object{
		"control": "glue-dev-endpoint-s3-encryption", "resource": evilARN, "reason": evil, "owner": evil, "expires": w.now().AddDate(0, 1, 0).Format(time.DateOnly),
	}).object(t)
	w.ask(t, admin, http.MethodPost, base+"/exceptions/"+exception["id"].(string)+"/decision", object{"approve": false, "version": 0, "note": evil}).object(t)
	w.ask(t, admin, http.MethodPost, base+"/schedules", object{"name": evil, "every_minutes": 60, "paused": true, "scope": object{"resources": []string{evil}}}).object(t)
	return made["id"].(string)
}

// TestTextIsText looks on every page for what has become anything else than text.
func TestTextIsText(t *testing.T) {
	t.Parallel()
	w := idle(t)
	w.plant(t)
	id := w.write(t)
	admin := w.user("admin", auth.Administrator)
	e := url.QueryEscape(evil)
	shown := 0
	for _, path := range []string{
		"/", "/findings", "/endpoints", "/transforms", "/endpoints?q=" + e + "&tag=" + e + "&reason=" + e, "/findings?sort=" + e + "&offset=" + e + "&audit=" + e,
		"/resource?arn=" + url.QueryEscape(evilARN+"7"), "/resource?arn=" + url.QueryEscape(evilARN), "/resource?arn=" + e, "/resource/edit?arn=" + url.QueryEscape(evilARN+"7"), "/resource/edit?arn=" + e,
		"/audits", "/audits?resource=" + e, "/audits/planted", "/audits/" + url.PathEscape(evil), "/audits/planted/since/" + url.PathEscape(evil), "/coverage", "/coverage?account=" + e + "&region=" + e + "&unread=" + e,
		"/exceptions", "/exceptions?state=" + e, "/exceptions?resource=" + e + "&control=" + e, "/requests", "/requests?kind=" + e + "&state=" + e, "/requests/" + id, "/requests/" + url.PathEscape(evil), "/requests/" + id + "?done=" + e,
		"/plans", "/plans/" + url.PathEscape(evil), "/changes", "/changes?q=" + e + "&state=" + e, "/changes/" + url.PathEscape(evil), "/changes/" + url.PathEscape(evil) + "/" + url.PathEscape(evil),
		"/trail", "/trail?before=" + e, "/users", "/account", "/policy", "/controls", "/controls/" + url.PathEscape(evil), "/" + url.PathEscape(evil), "/setup?ticket=" + e, "/keys?account=" + e + "&region=" + e,
		"/logs?x=" + e, "/cleanup", "/login?next=" + e,
	} {
		shown += w.harmless(t, path, w.ask(t, admin, http.MethodGet, path, nil))
	}
	for path, form := range map[string]url.Values{
		"/audits": {"accounts": {evil}, "regions": {evil}, "resources": {evil}, "role": {evil}}, "/schedules": {"name": {evil}, "hours": {evil}, "role": {evil}},
		"/exceptions": {"control": {evil}, "resource": {evil}, "reason": {evil}, "owner": {evil}, "expires": {evil}}, "/users": {"name": {evil}, "role": {evil}},
		"/account/tokens": {"name": {evil}, "days": {evil}, "role": {evil}}, "/account/password": {"current": {evil}, "password": {evil}, "again": {"x"}},
		"/plans": {"mode": {evil}, "key": {evil}, "strategy": {evil}}, "/resource/edit": {"arn": {evilARN + "7"}, "mode": {evil}, "key": {evil}, "alias": {evil}}, "/setup": {"ticket": {evil}, "password": {evil}, "again": {"x"}},
		"/login": {"name": {evil}, "next": {evil}}, "/cleanup": {"configuration": {evil}, "reason": {evil}}, "/requests/" + id + "/decision": {"version": {"0"}, "digest": {evil}, "note": {evil}, "do": {"approve"}},
	} {
		shown += w.harmless(t, "POST "+path, w.ask(t, admin, http.MethodPost, path, form.Encode()))
	}
	if shown < 25 {
		t.Errorf("only %d pages show the text at all", shown)
	}
}

// harmless demands that a page has no element, attribute, script or link that came out of a text. It returns 1 where the
// text is shown as what it is.
func (w *world) harmless(t *testing.T, path string, a answer) (shown int) {
	t.Helper()
	if a.status >= http.StatusInternalServerError {
		t.Errorf("%s is answered %d", path, a.status)
	}
	for name, values := range a.header {
		if strings.Contains(strings.Join(values, " "), "<x-evil") {
			t.Errorf("%s: the header %s is %v", path, name, values)
		}
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		return 0
	}
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		switch {
		case n.Type == html.TextNode && strings.Contains(n.Data, "<x-evil"):
			shown = 1
		case n.Type == html.ElementNode:
			if wrong := wrongWith(n); wrong != "" {
				t.Errorf("%s: %s", path, wrong)
			}
		}
		if slices.ContainsFunc(n.Attr, func(at html.Attribute) bool { return strings.Contains(at.Val, "<x-evil") }) {
			shown = 1
		}
	}
	return shown
}

// wrongWith says what is wrong with an element; empty: nothing.
func wrongWith(n *html.Node) string {
	src := ""
	for _, at := range n.Attr {
		switch at.Key {
		case "src":
			src = at.Val
		case "style":
			return n.Data + " has a style of its own"
		case "href", "action", "formaction", "hx-get", "hx-post", "sse-connect":
			if u, err := url.Parse(at.Val); err != nil || u.Host != "" && u.Host != "docs.aws.amazon.com" || u.Scheme != "" && u.Scheme != "https" {
				return fmt.Sprintf("%s leads to %q", n.Data, at.Val)
			}
		}
		if strings.HasPrefix(at.Key, "on") || strings.HasPrefix(at.Key, "hx-on") {
			return n.Data + " has the attribute " + at.Key
		}
	}
	switch n.Data {
	case "x-evil", "iframe", "object", "embed", "base":
		return "there is an element " + n.Data
	case "script":
		if !strings.HasPrefix(src, "/assets/") || n.FirstChild != nil {
			return "there is a script of another place: " + src
		}
	}
	return ""
}

// TestFormulas reads each CSV as a spreadsheet would.
func TestFormulas(t *testing.T) {
	t.Parallel()
	w := idle(t)
	w.plant(t)
	viewer := w.user("viewer", auth.Viewer)
	for _, path := range []string{"/findings.csv", base + "/findings.csv", "/audits/planted/report/csv", base + "/audits/planted/report/csv"} {
		got := w.ask(t, viewer, http.MethodGet, path, nil)
		rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
		if err != nil || got.status != http.StatusOK || len(rows) < len(formulas()) || !strings.Contains(got.header.Get("Content-Disposition"), "attachment") {
			t.Fatalf("%s: %d %v, %d rows, %v", path, got.status, err, len(rows), got.header)
		}
		for _, row := range rows {
			for _, cell := range row {
				if strings.TrimLeft(cell, " ") != "" && strings.ContainsAny(strings.TrimLeft(cell, " ")[:1], "=+-@\t\r\n") {
					t.Errorf("%s: a cell is %q", path, cell)
				}
			}
		}
	}
}

// TestLogIsLines writes line breaks and terminal codes wherever something of a request is logged.
func TestLogIsLines(t *testing.T) {
	t.Parallel()
	w := idle(t)
	admin := w.user("admin", auth.Administrator)
	const forged = "time=2026-01-01T00:00:00.000Z level=ERROR msg=forged"
	encoded := url.QueryEscape("\n" + forged + "\x1b[31m")
	w.ask(t, admin, http.MethodGet, "/"+strings.ReplaceAll(encoded, "+", "%20"), nil)
	w.ask(t, admin, http.MethodGet, base+"/requests/"+strings.ReplaceAll(encoded, "+", "%20"), nil)
	w.ask(t, admin, http.MethodGet, "/findings?q="+encoded, nil, with("User-Agent", forged, "Referer", forged, "X-Request-Id", forged))
	w.ask(t, somebody{}, http.MethodPost, "/login", "name="+encoded+"&password="+url.QueryEscape(password+"\n"+forged))
	w.ask(t, admin, http.MethodPost, "/schedules", "name=x&hours=1", with("Origin", "https://"+encoded))
	w.ask(t, admin, http.MethodGet, "/x", nil, func(r *http.Request) { r.Method = "FORGED" })
	log := w.log.String()
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "time=") || strings.HasPrefix(line, forged) || strings.ContainsRune(line, '\x1b') {
			t.Errorf("a line of the log: %q", line)
		}
	}
	for _, secret := range []string{password, admin.cookie} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !strings.Contains(log, "path=") {
		t.Error("nothing was logged")
	}
}
