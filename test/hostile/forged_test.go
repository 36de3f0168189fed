package hostile

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/daemon"
	"github.com/glueguard/glueguard/internal/store"
)

// with sets a header of a request.
func with(pairs ...string) func(*http.Request) {
	return func(r *http.Request) {
		for i := 0; i+1 < len(pairs); i += 2 {
			r.Header.Add(pairs[i], pairs[i+1])
		}
	}
}

// idle is a daemon that has nothing to do: it has no audit.
func idle(t *testing.T, change ...func(*daemon.Options)) *world {
	t.Helper()
	return newWorld(t, append([]func(*daemon.Options){func(o *daemon.Options) { o.FirstAudit = nil }}, change...)...)
}

// TestOtherSites has the browser of an administrator, who has signed in, send what another site's page wants it to.
func TestOtherSites(t *testing.T) { //nolint:tparallel // the store is looked at after all of them
	t.Parallel()
	w := idle(t)
	admin := w.user("admin", auth.Administrator)
	self := "http://" + w.d.Address()
	before := w.contents()
	for name, headers := range map[string][]string{
		"another site":                        {"Sec-Fetch-Site", "cross-site"},
		"another site, as it says":            {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"another port":                        {"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"},
		"an old browser":                      {"Origin", "https://evil.example"},
		"an old browser, another port":        {"Origin", "http://127.0.0.1:1"},
		"a frame without an origin":           {"Origin", "null"},
		"a name that begins as ours":          {"Origin", self + ".evil.example"},
		"a name that ends as ours":            {"Origin", "http://evil-" + w.d.Address()},
		"ours as the name of a user":          {"Origin", self + "@evil.example"},
		"our origin, from another site":       {"Sec-Fetch-Site", "cross-site", "Origin", self},
		"two origins":                         {"Origin", "https://evil.example", "Origin", self},
		"a method that another one overrules": {"Sec-Fetch-Site", "cross-site", "X-HTTP-Method-Override", "GET", "X-HTTP-Method", "GET"},
		"a proxy's word for the host":         {"Origin", "https://evil.example", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, one := range []struct{ method, path, body string }{
				{"POST", base + "/schedules", `{"name":"forged","every_minutes":5}`},
				{"POST", base + "/users", `{"name":"mallory","roles":["administrator"]}`},
				{"PUT", base + "/account/password", `{"current":"x","new":"a long password of mine"}`},
				{"DELETE", base + "/account/tokens/x", ""},
				{"POST", "/schedules", "name=forged&hours=1"},
				{"POST", "/users", "name=mallory&role=administrator"},
				{"POST", "/audits", "organization=true"},
				{"POST", "/logout", ""},
				{"POST", "/login", "name=mallory&password=x"},
			} {
				got := w.ask(t, admin, one.method, one.path, one.body, with(headers...))
				isPage := !strings.HasPrefix(one.path, base)
				if got.status != http.StatusForbidden || !isPage && got.code() != "cross-origin" || isPage && !strings.Contains(got.body, "Another site") {
					t.Errorf("%s %s is answered %d %s", one.method, one.path, got.status, got.body)
				}
			}
		})
	}
	w.unchanged(t, before)
	if got := w.ask(t, admin, http.MethodGet, base+"/session", nil); got.status != http.StatusOK {
		t.Errorf("the session has ended: %d", got.status)
	}
	deeds := w.deeds(t, "origin.refuse")
	if len(deeds) == 0 || deeds[0].Actor.Name != "admin" || deeds[0].Outcome != store.DeedRefused || deeds[0].Actor.Address != "127.0.0.1" {
		t.Errorf("the trail says %v", deeds)
	}
}

// TestFormsOfOtherKinds sends bodies in the ways that a page may without asking first, to what takes JSON, and JSON to what
// takes forms. Nothing tells that they come from elsewhere, as from a browser that is too old for it.
func TestFormsOfOtherKinds(t *testing.T) { //nolint:tparallel // the store is looked at after all of them
	t.Parallel()
	w := idle(t)
	admin := w.user("admin", auth.Administrator)
	before := w.contents()
	const body = `{"name":"forged","every_minutes":5}`
	for name, c := range map[string]struct {
		path, kind, body string
		want             int
	}{
		"text":                          {base + "/schedules", "text/plain", body, 415},
		"text that says it is JSON":     {base + "/schedules", "text/plain; application/json", body, 415},
		"two kinds":                     {base + "/schedules", "application/json, text/plain", body, 415},
		"a form":                        {base + "/schedules", "application/x-www-form-urlencoded", body, 415},
		"a form's field":                {base + "/schedules", "text/plain", `{"name":"forged","every_minutes":5,"x":"=` + `"}`, 415},
		"a form of parts":               {base + "/schedules", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nforged\r\n--x--", 415},
		"nothing":                       {base + "/schedules", "", body, 415},
		"JSON of another kind":          {base + "/schedules", "application/merge-patch+json", body, 415},
		"JSON to a form":                {"/schedules", "application/json", body, 422},
		"text to a form":                {"/schedules", "text/plain", "name=forged&hours=1", 422},
		"a form in the address":         {"/schedules?name=forged&hours=1", "application/x-www-form-urlencoded", "", 422},
		"a form that can't be read":     {"/schedules", "application/x-www-form-urlencoded", "name=forged&hours=1&x=%zz", 400},
		"a form with semicolons":        {"/schedules", "application/x-www-form-urlencoded", "name=forged;hours=1", 400},
		"a form of parts that is large": {"/schedules", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n" + strings.Repeat("f", 2<<20) + "\r\n--x--", 422},
		"a form that is large":          {"/schedules", "application/x-www-form-urlencoded", "hours=1&name=" + strings.Repeat("f", 2<<20), 400},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.ask(t, admin, http.MethodPost, c.path, c.body, func(r *http.Request) { r.Header.Set("Content-Type", c.kind) })
			if got.status != c.want {
				t.Errorf("answered %d %s, want %d", got.status, got.body, c.want)
			}
		})
	}
	w.unchanged(t, before)
}

// TestMethods shows that what changes something is not done by GET, whatever a header, a form or the address says.
func TestMethods(t *testing.T) {
	t.Parallel()
	w := idle(t)
	admin := w.user("admin", auth.Administrator)
	before := w.contents()
	for _, path := range []string{
		"/schedules", "/users/" + admin.id, "/users/" + admin.id + "?do=disable&version=0", "/logout", "/tokens/x/end",
		base + "/requests/x/decision?approve=true", base + "/requests/x/start", base + "/users/" + admin.id + "?_method=PATCH", base + "/tickets",
	} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "post", "LINK"} {
			got := w.ask(t, admin, method, path, nil, with("X-HTTP-Method-Override", "POST", "X-HTTP-Method", "POST", "X-Method-Override", "DELETE"))
			if got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed && got.status != http.StatusBadRequest {
				t.Errorf("%s %s is answered %d %s", method, path, got.status, got.body)
			}
		}
	}
	w.unchanged(t, before)
}

// TestHosts has a browser at this machine led here by names that are not ours.
func TestHosts(t *testing.T) {
	t.Parallel()
	w := idle(t, func(o *daemon.Options) { o.ExternalURL = "https://glueguard.example.org" })
	admin := w.user("admin", auth.Administrator)
	_, port, _ := strings.Cut(w.d.Address(), ":")
	for host, want := range map[string]int{
		w.d.Address(): 200, "localhost": 200, "localhost:" + port: 200, "LOCALHOST:1": 200, "[::1]:" + port: 200, "127.1.2.3": 200,
		"glueguard.example.org": 200, "GLUEGUARD.example.org": 200,
		"evil.example": 421, "evil.example:" + port: 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "evil.localhost": 421,
		"glueguard.example.org.evil.example": 421, "glueguard.example.org:444": 421, "192.0.2.1": 421, "0.0.0.0:" + port: 421, "[::]:" + port: 421,
		"2130706433": 421, "0x7f.1": 421, "127.1": 421,
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/healthz", "/metrics", base + "/session", "/account"} {
				got := w.ask(t, admin, http.MethodGet, path, nil, func(r *http.Request) { r.Host = host })
				if got.status != want {
					t.Errorf("%s is answered %d %s, want %d", path, got.status, got.body, want)
				}
			}
		})
	}
}

// TestLinksOfAForgedHost has an administrator's request come with a host that is not ours, where names are told apart by
// something before the daemon: the one-time link must lead to us all the same, since whoever opens it types a password.
func TestLinksOfAForgedHost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*daemon.Options)
		begins func(*world) string
	}{
		"behind a proxy": {
			func(o *daemon.Options) { o.BehindProxy = true },
			func(w *world) string { return "http://" + w.d.Address() },
		},
		"at an external URL": {
			func(o *daemon.Options) { o.BehindProxy, o.ExternalURL = true, "https://glueguard.example.org/" },
			func(*world) string { return "https://glueguard.example.org" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := idle(t, c.change)
			admin := w.user("admin", auth.Administrator)
			begins := c.begins(w)
			host := "evil.example"
			if w.d.URL() != "http://"+w.d.Address() { // names are told apart here
				host = "glueguard.example.org"
			}
			forged := func(r *http.Request) {
				r.Host = host
				r.AddCookie(&http.Cookie{Name: "__Host-" + cookieName, Value: admin.cookie})
				with("X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "Forwarded", "host=evil.example")(r)
			}
			for path, form := range map[string]string{"/users": "name=dana&role=viewer", "/users/" + admin.id + "/tickets": "name=admin"} {
				made := w.ask(t, somebody{}, http.MethodPost, path, form, forged)
				_, link, _ := strings.Cut(made.body, `id="new-link">`)
				link, _, _ = strings.Cut(link, "<")
				if made.status != http.StatusOK || !strings.HasPrefix(link, begins+"/setup?ticket=") || strings.Contains(made.body, "evil.example") {
					t.Errorf("%s: %d, the link is %q, want one that begins with %s", path, made.status, link, begins)
				}
			}
			if link, err := w.d.SetupLink(t.Context()); err != nil || link != "" && !strings.HasPrefix(link, begins+"/") {
				t.Errorf("the first start's link is %q, %v", link, err)
			}
		})
	}
}

// TestProxyHeaders shows that nobody is believed who says that they are a proxy.
func TestProxyHeaders(t *testing.T) {
	t.Parallel()
	w := idle(t)
	admin, viewer := w.user("admin", auth.Administrator), w.user("viewer", auth.Viewer)
	lies := with(
		"X-Forwarded-For", "203.0.113.9", "X-Real-Ip", "203.0.113.9", "Forwarded", "for=203.0.113.9;host=evil.example;proto=https",
		"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "X-Forwarded-Prefix", "//evil.example", "X-Original-Url", "/users", "X-Rewrite-Url", "/users",
		"X-Forwarded-User", "admin", "X-Remote-User", "admin", "X-Auth-Request-User", "admin", "X-Forwarded-Port", "1",
	)
	if got := w.ask(t, viewer, http.MethodGet, "/users", nil, lies); got.status != http.StatusForbidden {
		t.Errorf("a viewer sees users: %d", got.status)
	}
	if got := w.ask(t, viewer, http.MethodGet, "/", nil, lies); got.status != http.StatusOK || strings.Contains(got.body, "evil.example") || strings.Contains(got.body, ">admin<") {
		t.Errorf("the overview: %d %s", got.status, got.body)
	}
	if got := w.ask(t, somebody{}, http.MethodGet, "/users", nil, lies); got.header.Get("Location") != "/login?next=%2Fusers" {
		t.Errorf("a stranger is sent to %q", got.header.Get("Location"))
	}
	made := w.ask(t, admin, http.MethodPost, "/users", "name=dana&role=viewer", lies)
	if made.status != http.StatusOK || strings.Contains(made.body, "evil.example") {
		t.Errorf("the one-time link: %d %s", made.status, made.body)
	}
	for _, d := range append(w.deeds(t, "user.create"), w.deeds(t, "permission.refuse")...) {
		if d.Actor.Address != "127.0.0.1" {
			t.Errorf("the trail says that %s came from %s", d.Actor.Name, d.Actor.Address)
		}
	}
	if got := w.ask(t, somebody{}, http.MethodGet, "/metrics", nil, lies); got.status != http.StatusUnauthorized {
		t.Errorf("the metrics, by way of a proxy: %d", got.status)
	}
}

// TestCookies shows that a cookie counts when it is the only one, and under its own name.
func TestCookies(t *testing.T) {
	t.Parallel()
	w := idle(t)
	admin, viewer := w.user("admin", auth.Administrator), w.user("viewer", auth.Viewer)
	for name, c := range map[string]struct {
		cookie string
		want   int
	}{
		"alone":                {cookieName + "=" + admin.cookie, 200},
		"quoted":               {cookieName + `="` + admin.cookie + `"`, 200},
		"two":                  {cookieName + "=" + viewer.cookie + "; " + cookieName + "=" + admin.cookie, 303},
		"twice the same":       {cookieName + "=" + admin.cookie + "; " + cookieName + "=" + admin.cookie, 303},
		"another name":         {"__Host-" + cookieName + "=" + admin.cookie, 303},
		"another case":         {"Glueguard_Session=" + admin.cookie, 303},
		"within another":       {"x=a, " + cookieName + "=" + admin.cookie, 303},
		"its hash":             {cookieName + "=" + hashOf(admin.cookie), 303},
		"something on":         {cookieName + "=" + admin.cookie + "A", 303},
		"something off":        {cookieName + "=" + admin.cookie[1:], 303},
		"a wildcard":           {cookieName + "=%", 303},
		"SQL":                  {cookieName + "=' OR 1=1 --", 303},
		"a thousand and it":    {strings.Repeat("a=b; ", 1000) + cookieName + "=" + admin.cookie, 200},
		"encoded, as no other": {cookieName + "=" + url.QueryEscape(admin.cookie+" "), 303},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := w.ask(t, somebody{}, http.MethodGet, "/users", nil, with("Cookie", c.cookie))
			if got.status != c.want {
				t.Errorf("answered %d, want %d", got.status, c.want)
			}
		})
	}
	got := w.ask(t, admin, http.MethodGet, "/users", nil, with("Authorization", "Bearer gg_nobody"))
	if got.status != http.StatusSeeOther {
		t.Errorf("a cookie beside a wrong token: %d", got.status)
	}
}

// TestNext tries to be led to another site by signing in.
func TestNext(t *testing.T) {
	t.Parallel()
	w := idle(t)
	viewer := w.user("viewer", auth.Viewer)
	w.pass(time.Second)
	for _, next := range []string{
		"https://evil.example", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "\t//evil.example", " //evil.example", "/%09/evil.example",
		"/%2f%2fevil.example", "/%5cevil.example", "/.//evil.example", "/..//evil.example", "javascript:alert(1)", "data:text/html,x", "evil.example", "http:evil.example", "@evil.example",
		"/a\r\nSet-Cookie: x=y", "/\u2028/evil.example", "/x?next=//evil.example", "//[::1]/", "/\x00/evil.example", "/;//evil.example",
	} {
		got := w.ask(t, viewer, http.MethodGet, "/login?next="+url.QueryEscape(next), nil)
		to, err := url.Parse("http://" + w.d.Address() + "/login")
		if err == nil {
			to, err = to.Parse(got.header.Get("Location"))
		}
		if got.status != http.StatusSeeOther || err != nil || to.Host != w.d.Address() || to.Scheme != "http" || strings.HasPrefix(got.header.Get("Location"), "//") ||
			strings.ContainsAny(got.header.Get("Location"), "\\\t\r\n") {
			t.Errorf("next=%q leads to %q (%d)", next, got.header.Get("Location"), got.status)
		}
	}
}
