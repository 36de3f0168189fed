package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

func TestPrincipalTricks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("alice", good, auth.Viewer)
	signedIn := w.login("alice", good)
	cookie, err := signedIn.Cookie("glueguard_session")
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := w.CreateToken(w.signedIn(signedIn), "ci", []auth.Role{auth.Viewer}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	session := w.deeds() // what is public about it
	for name, c := range map[string]struct {
		set  func(*http.Request)
		want bool
	}{
		"nothing":                  {func(*http.Request) {}, false},
		"the cookie":               {func(r *http.Request) { r.AddCookie(cookie) }, true},
		"a forged cookie":          {func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie.Name, Value: "x"}) }, false},
		"an empty cookie":          {func(r *http.Request) { r.Header.Set("Cookie", cookie.Name+"=") }, false},
		"the cookie and another":   {func(r *http.Request) { r.Header.Set("Cookie", cookie.Name+"=x; "+cookie.Name+"="+cookie.Value) }, false},
		"the cookie's other name":  {func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "__Host-" + cookie.Name, Value: cookie.Value}) }, false},
		"the token":                {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+text) }, true},
		"the token, in small":      {func(r *http.Request) { r.Header.Set("Authorization", "bearer  "+text) }, true},
		"a wrong token, a cookie":  {func(r *http.Request) { r.AddCookie(cookie); r.Header.Set("Authorization", "Bearer gg_x") }, false},
		"no token, a cookie":       {func(r *http.Request) { r.AddCookie(cookie); r.Header.Set("Authorization", "Bearer") }, false},
		"Basic, a cookie":          {func(r *http.Request) { r.AddCookie(cookie); r.Header.Set("Authorization", "Basic YTpi") }, true},
		"two tokens":               {func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer gg_x", "Bearer " + text} }, false},
		"the token in the address": {func(r *http.Request) { r.URL.RawQuery = "access_token=" + text + "&Authorization=Bearer+" + text }, false},
		"the token as a cookie":    {func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie.Name, Value: text}) }, false},
		"the cookie as a token":    {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+cookie.Value) }, false},
		"the hash as a cookie":     {func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie.Name, Value: session[0].Hash}) }, false},
		"headers that say who": {func(r *http.Request) {
			r.Header.Set("X-Forwarded-User", "alice")
			r.Header.Set("X-Remote-User", "alice")
			r.Header.Set("X-Original-Url", "/")
		}, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		c.set(r)
		_, err := w.Principal(context.Background(), r)
		if (err == nil) != c.want || err != nil && !errors.Is(err, auth.ErrSignedOut) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proxy     bool
		remote    string
		forwarded []string
		want      string
	}{
		"direct":                  {false, "192.0.2.1:99", nil, "192.0.2.1"},
		"direct, claims":          {false, "192.0.2.1:99", []string{"203.0.113.9"}, "192.0.2.1"},
		"proxy":                   {true, "10.0.0.1:99", []string{"203.0.113.9"}, "203.0.113.9"},
		"proxy, claims before":    {true, "10.0.0.1:99", []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		"proxy, two lines":        {true, "10.0.0.1:99", []string{"127.0.0.1", "203.0.113.9"}, "203.0.113.9"},
		"proxy, with a port":      {true, "10.0.0.1:99", []string{"203.0.113.9:1234"}, "203.0.113.9"},
		"proxy, says nothing":     {true, "10.0.0.1:99", nil, "10.0.0.1"},
		"proxy, says nonsense":    {true, "10.0.0.1:99", []string{"<script>"}, "10.0.0.1"},
		"IPv6":                    {false, "[2001:db8::1]:99", nil, "2001:db8::1"},
		"IPv4 in IPv6":            {false, "[::ffff:192.0.2.1]:99", nil, "192.0.2.1"},
		"proxy, IPv6 in brackets": {true, "10.0.0.1:99", []string{"[2001:db8::1]"}, "2001:db8::1"},
		"a socket without a name": {false, "@", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *auth.Options) { o.BehindProxy = c.proxy })
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			for _, f := range c.forwarded {
				r.Header.Add("X-Forwarded-For", f)
			}
			got := "not called"
			w.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = auth.Address(r.Context()) })).ServeHTTP(httptest.NewRecorder(), r)
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *auth.Options) { o.Secure = true })
	w.user("alice", good, auth.Viewer)
	require := func(p auth.Permission, r *http.Request) (*http.Response, error) {
		var err error
		rec := httptest.NewRecorder()
		w.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, err = auth.Require(r.Context(), p) })).ServeHTTP(rec, r)
		return rec.Result(), err
	}
	in := w.login("alice", good)
	_, err := require(auth.See, in)
	expect(t, err, nil)
	var forbidden *auth.ForbiddenError
	if _, err := require(auth.Decide, in); !errors.As(err, &forbidden) || !strings.Contains(err.Error(), "approver, administrator") {
		t.Errorf("what a viewer may not: %v", err)
	}
	w.pass(time.Hour)
	answer, err := require(auth.See, in)
	expect(t, err, auth.ErrSignedOut)
	if c := answer.Cookies(); len(c) > 0 { // it could undo that of a sign-in meanwhile
		t.Errorf("a cookie that has expired is answered with %v", c)
	}
	_, err = require(auth.See, httptest.NewRequest(http.MethodGet, "/", nil))
	expect(t, err, auth.ErrSignedOut)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := require(auth.See, in); err == nil || errors.Is(err, auth.ErrSignedOut) {
		t.Errorf("a store that does not answer is no reason to sign in: %v", err)
	}
}

func TestCookie(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		secure bool
		want   string
	}{
		"TLS":      {true, "__Host-glueguard_session="},
		"loopback": {false, "glueguard_session="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *auth.Options) { o.Secure = c.secure })
			w.user("alice", good, auth.Viewer)
			value, session, err := w.Login(context.Background(), "alice", good, address)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range []string{w.Cookie(value, session).String(), w.NoCookie().String()} {
				if !strings.HasPrefix(line, c.want) || !strings.Contains(line, "; HttpOnly") || !strings.Contains(line, "; SameSite=Lax") ||
					!strings.Contains(line, "; Path=/") || strings.Contains(line, "Domain") || strings.Contains(line, "; Secure") != c.secure {
					t.Error(line)
				}
			}
			if len(value) != 43 { // 256 bits
				t.Errorf("the cookie has %d characters", len(value))
			}
		})
	}
}

func TestProtect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *auth.Options) { o.ExternalURL, o.Secure = "https://glueguard.example.org/", true })
	served, err := w.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		method string
		header map[string]string
		want   int
	}{
		"a page's own form":          {"POST", map[string]string{"Sec-Fetch-Site": "same-origin"}, 204},
		"a program":                  {"POST", nil, 204},
		"another site's form":        {"POST", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"a neighbour's form":         {"POST", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"another origin":             {"POST", map[string]string{"Origin": "https://evil.example"}, 403},
		"an origin that is none":     {"POST", map[string]string{"Origin": "null"}, 403},
		"the host by another port":   {"DELETE", map[string]string{"Origin": "http://example.com:81"}, 403},
		"the external origin":        {"POST", map[string]string{"Origin": "https://glueguard.example.org", "Sec-Fetch-Site": "cross-site"}, 204},
		"its name with something on": {"POST", map[string]string{"Origin": "https://glueguard.example.org.evil.example"}, 403},
		"a method that is overruled": {"POST", map[string]string{"X-Http-Method-Override": "GET", "Sec-Fetch-Site": "cross-site"}, 403},
		"another site's link":        {"GET", map[string]string{"Sec-Fetch-Site": "cross-site"}, 204},
		"another site's PUT":         {"PUT", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"another site's PATCH":       {"PATCH", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"with somebody's own bearer": {"POST", map[string]string{"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer gg_x"}, 403},
	} {
		r := httptest.NewRequest(c.method, "/requests", nil)
		for k, v := range c.header {
			r.Header.Set(k, v)
		}
		rec := httptest.NewRecorder()
		served.ServeHTTP(rec, r)
		if rec.Code != c.want {
			t.Errorf("%s: %d, want %d", name, rec.Code, c.want)
		}
		for header, part := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Cache-Control": "no-store", "Strict-Transport-Security": "max-age=",
		} {
			if !strings.Contains(rec.Header().Get(header), part) {
				t.Errorf("%s: %s is %q", name, header, rec.Header().Get(header))
			}
		}
		if csp := rec.Header().Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: %s", name, csp)
		}
	}
}

// What another site's page asks for is in the trail, with who was signed in; however often it asks, not without end.
func TestForeignRequestsAreRecorded(t *testing.T) {
	t.Parallel()
	denied := 0
	w := newWorld(t, func(o *auth.Options) {
		o.Denied = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { denied++; w.WriteHeader(http.StatusTeapot) })
	})
	w.user("alice", good, auth.Viewer)
	served, err := w.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it went through") }))
	if err != nil {
		t.Fatal(err)
	}
	before := len(w.deeds())
	forge := func(r *http.Request) {
		r.Method, r.URL.Path = http.MethodPost, "/requests/"+strings.Repeat("x", 5000)
		r.Header.Set("Origin", "https://evil.example/"+strings.Repeat("é", 500))
		rec := httptest.NewRecorder()
		served.ServeHTTP(rec, r)
		if rec.Code != http.StatusTeapot {
			t.Errorf("answered %d", rec.Code)
		}
	}
	signedIn := w.login("alice", good)
	before++ // the sign-in
	forge(signedIn)
	last := w.deeds()[0]
	if last.Action != "origin.refuse" || last.Outcome != store.DeedRefused || last.Actor.Name != "alice" || last.Actor.Address == "" ||
		last.Detail["method"] != "POST" || !strings.HasPrefix(last.Detail["origin"], "https://evil.example/") || len(last.Subject)+len(last.Detail["origin"]) > 500 {
		t.Errorf("recorded %+v", last)
	}
	for range 100 {
		forge(httptest.NewRequest(http.MethodPost, "/", nil))
	}
	if n := len(w.deeds()) - before; n > 20 || denied != 101 {
		t.Errorf("%d deeds of %d requests", n, denied)
	}
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/requests?state=pending#x": "/requests?state=pending#x", "": "/", "https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/",
		"/a\r\nSet-Cookie: x=y": "/", "javascript:alert(1)": "/", "requests": "/", "/\t/evil.example": "/", "///evil.example": "/",
	} {
		if got := auth.LocalPath(next); got != want {
			t.Errorf("%q becomes %q, want %q", next, got, want)
		}
	}
}
