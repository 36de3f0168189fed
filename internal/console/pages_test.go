package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/resource"
)

// pagePaths are all pages that can be read.
func pagePaths() []string {
	return []string{
		"/", "/endpoints", "/transforms", "/logs", "/keys", "/findings", "/resource?arn=" + endpointARN, "/audits", "/audits/a2", "/audits/a2/since/a1",
		"/coverage", "/coverage?unread=true", "/controls", "/controls/glue-dev-endpoint-s3-encryption", "/policy", "/exceptions", "/trail",
		"/access", "/performance", "/users", "/account", "/plans", "/plans/" + planDigest, "/resource/edit?arn=" + endpointARN, "/changes",
		"/changes/c1", "/changes/c2", "/changes/c2/backout", "/changes/c2/resume", "/requests", "/requests/r1", "/requests/r2", "/requests/r3", "/cleanup",
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	hostile := []struct{ name, value string }{
		{"plain", "analytics"},
		{"script", `<script>alert(1)</script>`},
		{"quotes", `"' onmouseover="alert(1)` + "`" + `&<>`},
		{"template", `{{.}} ${x} javascript:alert(1)`},
		{"right to left", "\u202eمطور\u202c endpoint"},
		{"long", strings.Repeat("x", 1000)},
	}
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			b := browse(t, full(h.value), auth.Administrator)
			for _, path := range pagePaths() {
				t.Run(path, func(t *testing.T) {
					t.Parallel()
					b := b
					b.t = t
					checkPage(t, b.page(path))
				})
			}
		})
	}
}

func TestPagesWithoutData(t *testing.T) {
	t.Parallel()
	unaudited := browse(t, &fake{noAudit: true}, auth.Administrator)
	empty := browse(t, &fake{}, auth.Viewer, auth.Approver, auth.Administrator)
	for _, path := range pagePaths() {
		if strings.HasPrefix(path, "/resource") || strings.Count(path, "/") > 1 {
			continue // these are of something that is there
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			for _, b := range []browser{unaudited, empty} {
				b.t = t
				checkPage(t, b.page(path))
			}
		})
	}
}

// checkPage holds a page to what every page must be.
func checkPage(t *testing.T, doc *html.Node) {
	t.Helper()
	if n := len(all(doc, named("h1"))); n != 1 {
		t.Errorf("the page has %d h1", n)
	}
	if n := len(all(doc, named("main"))); n != 1 {
		t.Errorf("the page has %d main", n)
	}
	ids := map[string]bool{}
	for _, n := range all(doc, func(n *html.Node) bool { return has(n, "id") }) {
		if ids[attr(n, "id")] {
			t.Errorf("the id %q is there twice", attr(n, "id"))
		}
		ids[attr(n, "id")] = true
	}
	for _, n := range all(doc, func(*html.Node) bool { return true }) {
		checkElement(t, n, ids)
	}
}

func checkElement(t *testing.T, n *html.Node, ids map[string]bool) {
	t.Helper()
	for _, a := range n.Attr {
		switch {
		case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
			t.Errorf("<%s> has an inline %s, which the content security policy forbids", n.Data, a.Key)
		case (a.Key == "href" || a.Key == "action" || a.Key == "src") && strings.HasPrefix(strings.ToLower(a.Val), "javascript:"):
			t.Errorf("<%s> leads to a script", n.Data)
		case a.Key == "aria-describedby" || a.Key == "aria-labelledby" || a.Key == "for":
			if !ids[a.Val] {
				t.Errorf("<%s %s=%q> names nothing", n.Data, a.Key, a.Val)
			}
		}
	}
	switch n.Data {
	case "script":
		if attr(n, "src") == "" {
			t.Error("an inline script")
		}
	case "style":
		t.Error("an inline style sheet")
	case "input", "select", "textarea":
		checkLabel(t, n)
	case "button", "a":
		if text(n) == "" && attr(n, "aria-label") == "" && n.Parent.Data != "svg" {
			t.Errorf("<%s href=%q> has no name", n.Data, attr(n, "href"))
		}
	case "table":
		if len(all(n, named("caption"))) != 1 {
			t.Error("a table without a caption")
		}
	case "th":
		if !has(n, "scope") {
			t.Error("a heading without its scope")
		}
	}
}

func checkLabel(t *testing.T, n *html.Node) {
	t.Helper()
	if attr(n, "type") == "hidden" || has(n, "aria-label") {
		return
	}
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == "label" {
			return
		}
	}
	root := n
	for root.Parent != nil {
		root = root.Parent
	}
	id := attr(n, "id")
	if id == "" || len(all(root, func(l *html.Node) bool { return l.Data == "label" && attr(l, "for") == id })) == 0 {
		t.Errorf("<%s name=%q> has no label", n.Data, attr(n, "name"))
	}
}

func TestNobody(t *testing.T) {
	t.Parallel()
	b := browse(t, full("analytics"))
	w := b.get("/endpoints?status=fail")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/login?next=%2Fendpoints%3Fstatus%3Dfail" {
		t.Errorf("got %d to %q", w.Code, w.Header().Get("Location"))
	}
	checkPage(t, b.page("/login?next=//evil.example"))
	checkPage(t, b.page("/setup?ticket=x"))
	part := httptest.NewRequest(http.MethodGet, "/endpoints", nil) // of a page that was open when the session ended
	part.Header.Set("HX-Request", "true")
	if w := b.do(part); w.Code != http.StatusUnauthorized || w.Header().Get("HX-Redirect") != "/login?next=%2Fendpoints" {
		t.Errorf("a part of a page: %d to %q", w.Code, w.Header().Get("HX-Redirect"))
	}
	for _, path := range []string{"/plans", "/requests/r1/decision", "/users"} {
		if w := b.post(path, nil); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/login" {
			t.Errorf("POST %s: %d to %q", path, w.Code, w.Header().Get("Location"))
		}
	}
}

// TestWhatPagesSay holds pages to what only they tell.
func TestWhatPagesSay(t *testing.T) {
	t.Parallel()
	for path, texts := range map[string][]string{
		"/requests/r2": {"Asked to stop", "by kim, "},
		"/cleanup":     {"made to be alias/analytics", "Glueguard deletes no key"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			page := browse(t, full("analytics"), auth.Administrator).get(path).Body.String()
			for _, text := range texts {
				if !strings.Contains(page, text) {
					t.Errorf("%q is not on the page:\n%s", text, page)
				}
			}
		})
	}
}

// TestReplacedTransform shows, on the page of an original that is kept, where its successor is.
func TestReplacedTransform(t *testing.T) {
	t.Parallel()
	const original, successor = "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-1", "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-2"
	tests := []struct {
		name       string
		state      change.State
		shown, way bool
	}{
		{"done", change.Done, true, true},
		{"finalized", change.Finalized, true, false},
		{"taken back", change.BackedOut, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := full("analytics")
			f.detail.Resource = resource.Ref{Type: resource.TypeMLTransform, ARN: original, ID: "tfm-1", Name: "match", Account: "111122223333", Region: "eu-west-1"}
			f.detail.Changes = []openapi.Change{{
				ID: "c1", Original: resource.Identity{ARN: original}, Replacement: &resource.Identity{ARN: successor, ID: "tfm-2", Name: "match"}, State: tt.state,
			}}
			page := browse(t, f, auth.Viewer).get("/resource?arn=" + original).Body.String()
			if strings.Contains(page, "A repair has replaced it by") != tt.shown || strings.Contains(page, "tfm-2</code>") != tt.shown ||
				strings.Contains(page, "way back until finalize") != tt.way {
				t.Errorf("shown on the page:\n%s", page)
			}
		})
	}
}
