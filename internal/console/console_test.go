package console

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/net/html"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

func TestAssets(t *testing.T) {
	t.Parallel()
	b := browse(t, &fake{}, auth.Viewer)
	doc := b.page("/access")
	var found []string
	for _, n := range all(doc, func(n *html.Node) bool { return n.Data == "link" || n.Data == "script" }) {
		found = append(found, attr(n, "href")+attr(n, "src"))
	}
	if len(found) != 5 {
		t.Errorf("the page refers to %v", found)
	}
	for _, path := range found {
		w := b.get(path)
		if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("GET %s: %d, Cache-Control %q", path, w.Code, w.Header().Get("Cache-Control"))
		}
	}
	if w := b.get("/assets/console.000000000000.css"); w.Code != http.StatusNotFound {
		t.Errorf("an asset of another content: %d", w.Code)
	}
}

// What the content security policy forbids, and htmx might do: it must be told not to.
func TestHtmxConfiguration(t *testing.T) {
	t.Parallel()
	doc := browse(t, &fake{}, auth.Viewer).page("/access")
	for _, n := range all(doc, named("meta")) {
		if attr(n, "name") == "htmx-config" {
			if !strings.Contains(attr(n, "content"), `"includeIndicatorCSS":false`) {
				t.Errorf("htmx may add styles: %s", attr(n, "content"))
			}
			return
		}
	}
	t.Error("htmx is not configured")
}

func TestLogin(t *testing.T) {
	t.Parallel()
	t.Run("in", func(t *testing.T) {
		t.Parallel()
		w := browse(t, &fake{}).post("/login", url.Values{"name": {"dana"}, "password": {"x"}, "next": {"/changes?state=running"}})
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/changes?state=running" || !strings.HasPrefix(w.Header().Get("Set-Cookie"), "glueguard_session=abc") {
			t.Errorf("got %d %v", w.Code, w.Header())
		}
	})
	t.Run("elsewhere", func(t *testing.T) {
		t.Parallel()
		for _, next := range []string{"//evil.example", "https://evil.example/", `/\evil.example`, "javascript:alert(1)", ""} {
			w := browse(t, &fake{}).post("/login", url.Values{"next": {next}})
			if got := w.Header().Get("Location"); got != "/" {
				t.Errorf("next=%q leads to %q", next, got)
			}
		}
	})
	t.Run("at the issuer", func(t *testing.T) {
		t.Parallel()
		h, err := New(Options{Operations: &fake{}, Problem: problemOfTest, Events: silence{}, Now: noon, SSO: "/auth/oidc/start"})
		if err != nil {
			t.Fatal(err)
		}
		if !links(browser{t: t, h: h}.page("/login?next=/changes?state%3Drunning"), "/auth/oidc/start?next=%2fchanges%3fstate%3drunning") {
			t.Error("no way to the issuer that comes back to the page")
		}
	})
	t.Run("wrong", func(t *testing.T) {
		t.Parallel()
		f := &fake{refuse: refusal{openapi.Problem{Status: 401, Title: "Unauthorized", Detail: "The name or the password is wrong."}}}
		w := browse(t, f).post("/login", url.Values{"name": {"dana"}, "password": {"secret-password"}})
		body := w.Body.String()
		if w.Code != 401 || !strings.Contains(body, "The name or the password is wrong.") || !strings.Contains(body, `value="dana"`) {
			t.Errorf("got %d %s", w.Code, body)
		}
		if strings.Contains(body, "secret-password") {
			t.Error("the page shows the password")
		}
		if w.Header().Get("Set-Cookie") != "" {
			t.Error("a session began")
		}
	})
	t.Run("setup", func(t *testing.T) {
		t.Parallel()
		f := &fake{}
		b := browse(t, f)
		w := b.post("/setup", url.Values{"ticket": {"tt"}, "password": {"aaaaaaaaaaaa"}, "again": {"b"}})
		if w.Code != 422 || len(f.bodies) != 0 || !strings.Contains(w.Body.String(), "not the same") {
			t.Errorf("two passwords that differ: %d", w.Code)
		}
		w = b.post("/setup", url.Values{"ticket": {"tt"}, "password": {"aaaaaaaaaaaa"}, "again": {"aaaaaaaaaaaa"}})
		if w.Header().Get("Location") != "/login?done=setup" || len(f.bodies) != 1 {
			t.Errorf("got %d %q", w.Code, w.Header().Get("Location"))
		}
	})
}

// Each address asks the API for what it says; what makes no sense is left out.
func TestFindingsQuery(t *testing.T) {
	t.Parallel()
	f := full("analytics")
	b := browse(t, f, auth.Viewer)
	doc := b.page("/endpoints?q=ana&status=fail&status=unknown&account=111122223333&region=eu-west-1&mode=NONE&reason=no-security-configuration&tag=team%3Ddata&sort=account&reverse=true&offset=50")
	want := openapi.ListFindingsParams{
		Control: []string{string(control.DevEndpointS3)}, Account: []string{"111122223333"}, Region: []string{"eu-west-1"},
		Status: []control.Status{control.Fail, control.Unknown}, Mode: []string{"NONE"}, Reason: []string{"no-security-configuration"}, Tag: []string{"team=data"},
		Q: "ana", Sort: store.ByAccount, Reverse: true, Offset: 50, Limit: 50, Facets: true,
	}
	if diff := cmp.Diff(want, f.asked); diff != "" {
		t.Error(diff)
	}
	next := all(doc, func(n *html.Node) bool { return attr(n, "rel") == "next" })
	if len(next) != 0 { // 51 of 120 are shown, so more follow
		q, err := url.Parse(attr(next[0], "href"))
		if err != nil || q.Query().Get("offset") != "51" || q.Query().Get("tag") != "team=data" || len(q.Query()["status"]) != 2 {
			t.Errorf("the next part is at %s", attr(next[0], "href"))
		}
	} else {
		t.Error("no way to the next part")
	}
	sorted := all(doc, func(n *html.Node) bool { return attr(n, "aria-sort") == "descending" })
	if len(sorted) != 1 || text(sorted[0]) != "Account" {
		t.Error("the sorted column does not say so")
	}
	b.page("/endpoints?offset=-1&sort=password&reverse=maybe")
	if f.asked.Offset != 0 || f.asked.Sort != store.ByStatus || f.asked.Reverse {
		t.Errorf("nonsense was asked for: %+v", f.asked)
	}
}

// Nobody is offered what they may not do, and the server refuses it anyway.
func TestPermissions(t *testing.T) {
	t.Parallel()
	type form struct{ page, action string }
	forms := map[auth.Permission][]form{
		auth.Audit:       {{"/audits", "/audits"}},
		auth.Propose:     {{"/plans", "/plans"}, {"/plans/" + planDigest, "/plans/" + planDigest}, {"/exceptions", "/exceptions"}},
		auth.ManageUsers: {{"", "/users"}},
		auth.Decide:      {{"", "/requests/r1/decision"}, {"", "/exceptions/e1/decision"}},
		auth.Run:         {{"", "/requests/r1/start"}, {"", "/requests/r2/interruption"}},
		auth.Schedule:    {{"", "/schedules"}},
	}
	for _, role := range auth.Roles() {
		f := full("analytics")
		b := browse(t, f, role)
		may := auth.Principal{Roles: []auth.Role{role}}.May
		for want, all := range forms {
			for _, offered := range all {
				if offered.page != "" {
					if got := offers(b.page(offered.page), offered.action); got != may(want) {
						t.Errorf("%s: %s offers %s: %t", role, offered.page, offered.action, got)
					}
				}
				if w := b.post(offered.action, url.Values{"version": {"1"}}); (w.Code == http.StatusForbidden) == may(want) {
					t.Errorf("%s: POST %s: %d", role, offered.action, w.Code)
				}
			}
		}
		for path, want := range map[string]auth.Permission{"/users": auth.ManageUsers, "/trail": auth.SeeTrail, "/cleanup": auth.Propose} {
			if got := links(b.page("/access"), path); got != may(want) {
				t.Errorf("%s: the navigation leads to %s: %t", role, path, got)
			}
			if w := b.get(path); (w.Code == http.StatusForbidden) == may(want) {
				t.Errorf("%s: GET %s: %d", role, path, w.Code)
			}
		}
	}
}

func offers(doc *html.Node, action string) bool {
	return len(all(doc, func(n *html.Node) bool {
		return n.Data == "form" && attr(n, "action") == action && attr(n, "method") == "post"
	})) > 0
}

func links(doc *html.Node, path string) bool {
	return len(all(doc, func(n *html.Node) bool { return n.Data == "a" && attr(n, "href") == path })) > 0
}

func TestForms(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("a", 64)
	location := resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}
	for _, c := range []struct {
		name, path string
		form       url.Values
		to         string // where it leads
		want       any    // what is asked of the API
	}{
		{
			"edit: an existing key", "/resource/edit",
			url.Values{"arn": {endpointARN}, "mode": {"SSE-KMS"}, "key": {keyARN}, "strategy": {"replace"}},
			"/plans/" + planDigest,
			openapi.Proposal{Resources: []string{endpointARN}, Mode: "SSE-KMS", KMSKey: keyARN, Strategy: "replace"},
		},
		{
			"edit: a new key", "/resource/edit",
			url.Values{"arn": {endpointARN}, "mode": {"SSE-KMS"}, "key": {"new"}, "new_key": {"glue"}, "strategy": {"side-by-side"}, "grant_role": {"yes"}},
			"/plans/" + planDigest,
			openapi.Proposal{Resources: []string{endpointARN}, Mode: "SSE-KMS", CreateKey: "alias/glue", Strategy: "side-by-side", GrantRole: true},
		},
		{
			"edit: SSE-S3 takes no key", "/resource/edit",
			url.Values{"arn": {endpointARN}, "mode": {"SSE-S3"}, "key": {keyARN}, "strategy": {"replace"}},
			"/plans/" + planDigest,
			openapi.Proposal{Resources: []string{endpointARN}, Mode: "SSE-S3", Strategy: "replace"},
		},
		{
			"plan everything", "/plans",
			url.Values{"mode": {"SSE-KMS"}, "other_key": {"alias/x"}},
			"/plans/" + planDigest,
			openapi.Proposal{Mode: "SSE-KMS", KMSKey: "alias/x"},
		},
		{
			"apply", "/plans/" + digest,
			url.Values{"warning": {"irreversible"}, "unchecked": {"quota"}, "reason": {"why"}, "start": {"yes"}, "canary": {"1"}},
			"/requests/r1?done=queued",
			openapi.NewRequest{
				Work: store.Work{Kind: store.RequestApply, Plan: digest, AcceptWarnings: []string{"irreversible"}, AcceptUnchecked: []string{"quota"}, Canary: 1}, Reason: "why", Start: true,
			},
		},
		{
			"back out", "/changes/c2/backout",
			url.Values{"change": {"c2"}, "at": {"9"}, "warning": {"irreversible"}},
			"/changes/c2?done=queued",
			openapi.NewRequest{Work: store.Work{Kind: store.RequestBackout, Changes: []store.ChangeAt{{ID: "c2", At: 9}}, AcceptWarnings: []string{"irreversible"}}},
		},
		{
			"approve", "/requests/r1/decision",
			url.Values{"digest": {"sha256:aa"}, "version": {"2"}, "note": {" fine "}, "do": {"approve"}},
			"/requests/r1?done=approved",
			openapi.Decision{Approve: true, Digest: "sha256:aa", Version: 2, Note: "fine"},
		},
		{
			"reject", "/requests/r1/decision",
			url.Values{"digest": {"sha256:aa"}, "version": {"2"}, "do": {"reject"}},
			"/requests/r1?done=rejected",
			openapi.Decision{Digest: "sha256:aa", Version: 2},
		},
		{"start", "/requests/r1/start", url.Values{"version": {"3"}}, "/requests/r1?done=queued", openapi.Seen{Version: 3}},
		{"withdraw", "/requests/r1/withdrawal", url.Values{"version": {"3"}}, "/requests/r1?done=withdrawn", openapi.Seen{Version: 3}},
		{"interrupt", "/requests/r2/interruption", nil, "/requests/r2?done=stopping", "r2"},
		{
			"audit", "/audits",
			url.Values{"accounts": {"111122223333, 444455556666"}, "regions": {"eu-west-1"}, "control": {"c"}, "profile": {"strict"}},
			"/requests/r1?done=queued",
			openapi.NewRequest{Start: true, Work: store.Work{Kind: store.RequestAudit, Audit: &store.AuditScope{
				Accounts: []string{"111122223333", "444455556666"}, Regions: []string{"eu-west-1"}, Controls: []control.ID{"c"}, PolicyProfile: "strict",
			}}},
		},
		{
			"schedule", "/schedules",
			url.Values{"name": {"nightly"}, "hours": {"24"}, "organization": {"yes"}},
			"/audits?done=scheduled#schedules",
			openapi.NewSchedule{Name: "nightly", EveryMinutes: 1440, Scope: store.AuditScope{Organization: true}},
		},
		{"drop a schedule", "/schedules/s1", url.Values{"do": {"drop"}, "version": {"1"}}, "/audits?done=dropped#schedules", "s1"},
		{
			"cleanup", "/cleanup",
			url.Values{"configuration": {"aws\x1f111122223333\x1feu-west-1\x1fglueguard-x"}},
			"/requests/r1?done=queued",
			openapi.NewRequest{Work: store.Work{Kind: store.RequestCleanup, Configurations: []store.ConfigurationAt{{Location: location, Name: "glueguard-x"}}}},
		},
		{
			"propose an exception", "/exceptions",
			url.Values{"control": {"c"}, "resource": {endpointARN}, "reason": {"r"}, "owner": {"o"}, "expires": {"2027-01-01"}},
			"/exceptions?done=proposed",
			openapi.NewException{Control: "c", Resource: endpointARN, Reason: "r", Owner: "o", Expires: "2027-01-01"},
		},
		{"end an exception", "/exceptions/e1/end", url.Values{"version": {"3"}}, "/exceptions?done=ended", openapi.ExceptionEnd{Version: 3}},
		{
			"roles", "/users/u2",
			url.Values{"version": {"4"}, "do": {"roles"}, "role": {"viewer", "operator"}},
			"/users?done=user",
			openapi.UserUpdate{Version: 4, Roles: []auth.Role{auth.Viewer, auth.Operator}},
		},
		{
			"password", "/account/password",
			url.Values{"current": {"a"}, "password": {"b"}, "again": {"b"}},
			"/account?done=password",
			openapi.ChangePassword{Current: "a", New: "b"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := full("analytics")
			w := browse(t, f, auth.Administrator).post(c.path, c.form)
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != c.to {
				t.Errorf("got %d to %q\n%.2000s", w.Code, w.Header().Get("Location"), w.Body)
			}
			if diff := cmp.Diff([]any{c.want}, f.bodies, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A form that was refused is shown again, with why, and with what was typed.
func TestRefusedForms(t *testing.T) {
	t.Parallel()
	conflict := refusal{openapi.Problem{Status: 409, Title: "Conflict", Detail: "Somebody else has decided it.", Hint: "Look at it again."}}
	for _, c := range []struct {
		name, path string
		form       url.Values
		kept       string
	}{
		{"edit", "/resource/edit", url.Values{"arn": {endpointARN}, "mode": {"SSE-KMS"}, "key": {"other"}, "other_key": {"alias/kept"}}, "alias/kept"},
		{"apply", "/plans/" + planDigest, url.Values{"reason": {"kept reason"}}, "kept reason"},
		{"back out", "/changes/c2/backout", url.Values{"change": {"c2"}, "at": {"9"}, "reason": {"kept reason"}}, "kept reason"},
		{"decide", "/requests/r1/decision", url.Values{"version": {"1"}, "note": {"kept note"}}, "kept note"},
		{"exception", "/exceptions", url.Values{"reason": {"kept reason"}}, "kept reason"},
		{"audit", "/audits", url.Values{"regions": {"eu-kept-1"}}, "eu-kept-1"},
		{"user", "/users", url.Values{"name": {"kept"}}, "kept"},
		{"token", "/account/tokens", url.Values{"name": {"kept"}, "days": {"7"}, "role": {"viewer"}}, "kept"},
		{"cleanup", "/cleanup", url.Values{"configuration": {"a\x1fb\x1fc\x1fd"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := full("analytics")
			f.refuse = conflict
			w := browse(t, f, auth.Administrator).post(c.path, c.form)
			doc := parse(t, w.Body.String())
			alerts := all(doc, func(n *html.Node) bool {
				return attr(n, "role") == "alert" && strings.Contains(text(n), "Somebody else has decided it.")
			})
			if w.Code != 409 || len(alerts) != 1 || !strings.Contains(w.Body.String(), c.kept) {
				t.Errorf("got %d with %d alerts\n%.3000s", w.Code, len(alerts), w.Body)
			}
			checkPage(t, doc)
		})
	}
}

// What a form lacks is said beside its field, before anything is asked of the API.
func TestIncompleteForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path string
		form       url.Values
		said       string
	}{
		{"edit without a mode", "/resource/edit", url.Values{"arn": {endpointARN}}, "Choose how it is to be encrypted."},
		{"edit without a key", "/resource/edit", url.Values{"arn": {endpointARN}, "mode": {"SSE-KMS"}}, "Choose a key"},
		{"plan everything without a key", "/plans", url.Values{"mode": {"SSE-KMS"}}, "SSE-KMS needs a key"},
		{"audit of no account", "/audits", url.Values{"accounts": {"123"}}, "12 digits"},
		{"schedule without a name", "/schedules", url.Values{"hours": {"24"}}, "needs a name"},
		{"schedule of no time", "/schedules", url.Values{"name": {"x"}, "hours": {"soon"}}, "A number of hours"},
		{"cleanup of nothing", "/cleanup", url.Values{}, "Nothing was chosen"},
		{"apply with no number", "/plans/" + planDigest, url.Values{"parallel": {"many"}}, "no number"},
		{"passwords that differ", "/account/password", url.Values{"password": {"a"}, "again": {"b"}}, "not the same"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := full("analytics")
			w := browse(t, f, auth.Administrator).post(c.path, c.form)
			if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), c.said) || len(f.bodies) != 0 {
				t.Errorf("got %d, asked %v\n%.2000s", w.Code, f.bodies, w.Body)
			}
			checkPage(t, parse(t, w.Body.String()))
		})
	}
}

// Secrets are shown once, with the answer that made them.
func TestSecretsAreShownOnce(t *testing.T) {
	t.Parallel()
	b := browse(t, full("analytics"), auth.Administrator)
	if w := b.post("/users", url.Values{"name": {"kim"}, "role": {"viewer"}}); !strings.Contains(w.Body.String(), "/setup?ticket=s3cret") {
		t.Errorf("no link: %d", w.Code)
	}
	if w := b.post("/account/tokens", url.Values{"name": {"ci"}, "days": {"7"}, "role": {"viewer"}}); !strings.Contains(w.Body.String(), "gg_t0ken") {
		t.Errorf("no token: %d", w.Code)
	}
	for _, path := range []string{"/users", "/account"} {
		if w := b.get(path); strings.Contains(w.Body.String(), "s3cret") || strings.Contains(w.Body.String(), "gg_t0ken") {
			t.Errorf("%s shows a secret again", path)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	b := browse(t, full("analytics"), auth.Administrator)
	for path, want := range map[string]int{
		"/nothing": 404, "/changes/zz": 404, "/requests/zz": 404, "/audits/zz": 404, "/plans/zz": 404, "/controls/zz": 404, "/changes/c2/finalize": 403, "/changes/c1/backout": 409,
	} {
		w := b.get(path)
		if w.Code != want {
			t.Errorf("GET %s: %d, not %d", path, w.Code, want)
		}
		checkPage(t, parse(t, w.Body.String()))
	}
	if w := b.post("/requests/r1/decision", url.Values{"version": {"x"}}); w.Code != 400 {
		t.Errorf("a form without its version: %d", w.Code)
	}
	r := httptest.NewRequest(http.MethodPost, "/exceptions", strings.NewReader("reason="+strings.Repeat("x", largest)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if w := b.do(r); w.Code != 400 {
		t.Errorf("a form that is too large: %d", w.Code)
	}
}

// hub hands out what a test sends.
type hub struct{ events chan api.Event }

func (h hub) Subscribe(context.Context) <-chan api.Event { return h.events }

func TestLive(t *testing.T) {
	t.Parallel()
	f := full("analytics")
	events := hub{make(chan api.Event)}
	h, err := New(Options{Operations: f, Problem: problemOfTest, Events: events, Now: noon, Heartbeat: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(auth.With(r.Context(), auth.Principal{Roles: []auth.Role{auth.Viewer}})))
	}))
	t.Cleanup(server.Close)
	res, err := http.Get(server.URL + "/changes/c1/live")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("Content-Type %q", got)
	}
	events.events <- api.Event{Seq: 6, Kind: api.EventChange, Change: &store.Summarized{ID: "another"}}
	f.mu.Lock()
	f.changes[0].Change.State = change.Done
	f.mu.Unlock()
	f.requests = nil
	events.events <- api.Event{Seq: 7, Kind: api.EventChange, Change: &store.Summarized{ID: "c1"}}
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(strings.TrimSpace(body.String()), "\n\n")
	if len(parts) != 3 || !strings.HasPrefix(parts[0], "data: ") || !strings.HasPrefix(parts[1], "id: 7\ndata: ") || parts[2] != "event: end\ndata: end" {
		t.Errorf("the stream was\n%s", body.String())
	}
	if !strings.Contains(parts[0], "Running") || !strings.Contains(parts[1], "Done") {
		t.Error("the stream does not follow the change")
	}
	for line := range strings.Lines(body.String()) {
		if line = strings.TrimSpace(line); line != "" && !slices.ContainsFunc([]string{"data:", "id:", "event:"}, func(p string) bool { return strings.HasPrefix(line, p) }) {
			t.Errorf("a line that is none of an event's: %q", line)
		}
	}
}

// A stream ends soon after who watches has signed out, or may not any more.
func TestLiveEndsWithTheSession(t *testing.T) {
	t.Parallel()
	asked := 0
	h, err := New(Options{
		Operations: full("analytics"), Problem: problemOfTest, Events: hub{make(chan api.Event)}, Now: noon, Heartbeat: time.Millisecond,
		Recheck: func(_ context.Context, p auth.Principal, want auth.Permission) error {
			if asked++; asked < 3 {
				return nil
			}
			return &auth.ForbiddenError{Permission: want}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/changes/c1/live", nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(auth.With(r.Context(), auth.Principal{Roles: []auth.Role{auth.Viewer}}))) // it returns
	if n := strings.Count(w.Body.String(), ": still there"); asked != 3 || n != 2 {
		t.Errorf("asked %d times, %d beats", asked, n)
	}
}

func TestLiveRefused(t *testing.T) {
	t.Parallel()
	if w := browse(t, full("analytics")).get("/changes/c1/live"); w.Code != http.StatusUnauthorized {
		t.Errorf("nobody: %d", w.Code)
	}
	if w := browse(t, full("analytics"), auth.Viewer).get("/changes/zz/live"); w.Code != http.StatusNotFound {
		t.Errorf("no change: %d", w.Code)
	}
}

// A live page that gets no stream keeps what it shows, and is told when to look again; one that does gives it back.
func TestLiveWithoutRoom(t *testing.T) {
	t.Parallel()
	entered, left := 0, 0
	events := make(chan api.Event)
	close(events) // the stream ends at once
	h, err := New(Options{
		Operations: full("analytics"), Problem: problemOfTest, Events: hub{events}, Now: noon,
		Admit: func(p auth.Principal) (func(), error) {
			if entered++; entered > 1 || p.UserID != "u1" {
				return nil, refusal{openapi.Problem{Status: http.StatusTooManyRequests}}
			}
			return func() { left++ }, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := browser{t, h, []auth.Role{auth.Viewer}}
	if w := b.get("/changes/c1/live"); w.Code != http.StatusOK || left != 1 {
		t.Errorf("with room: %d, left %d times", w.Code, left)
	}
	w := b.get("/changes/c1/live")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "15" || w.Header().Get("HX-Reswap") != "none" || w.Body.Len() > 0 {
		t.Errorf("without room: %d %v %s", w.Code, w.Header(), w.Body)
	}
}

// What is wrong takes the place of the whole page where a part of it was asked for.
func TestFaultOfAPart(t *testing.T) {
	t.Parallel()
	b := browse(t, &fake{noAudit: true}, auth.Viewer)
	r := httptest.NewRequest(http.MethodGet, "/changes/zz", nil)
	r.Header.Set("HX-Request", "true")
	w := b.do(r)
	if w.Code != http.StatusNotFound || w.Header().Get("HX-Retarget") != "#main" || w.Header().Get("HX-Reselect") != "#main" || w.Header().Get("HX-Reswap") != "outerHTML" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := b.get("/changes/zz"); w.Header().Get("HX-Retarget") != "" {
		t.Errorf("of a whole page: %v", w.Header())
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	b := browse(t, full("analytics"), auth.Administrator)
	for name, path := range map[string]string{"overview": "/", "endpoints": "/endpoints?status=fail", "plan": "/plans/" + planDigest, "change": "/changes/c2"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := b
			b.t = t
			main := all(b.page(path), named("main"))[0]
			var got bytes.Buffer
			if err := html.Render(&got, main); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".html")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
