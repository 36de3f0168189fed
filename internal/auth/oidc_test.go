package auth_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/glueguard/glueguard/internal/auth"
)

// issuer is a small identity provider: whoever comes is signed in at once.
type issuer struct {
	t      *testing.T
	url    string
	key    *rsa.PrivateKey
	signer jose.Signer
	now    func() time.Time

	mu     sync.Mutex
	codes  map[string]url.Values // by code: the parameters of the authorization
	claims map[string]any        // of the next ID token, over the usual ones
	forge  func(token string) string
	seen   url.Values // the newest token request
}

// issuerKey is one for all: making one takes long.
var issuerKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newIssuer(t *testing.T, now func() time.Time) *issuer {
	t.Helper()
	key := issuerKey()
	i := &issuer{t: t, key: key, now: now, codes: map[string]url.Values{}, claims: map[string]any{}}
	i.signer = sign(t, jose.RS256, key)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.answer(w, map[string]any{
			"issuer": i.url, "authorization_endpoint": i.url + "/authorize", "token_endpoint": i.url + "/token", "jwks_uri": i.url + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", i.token)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

func sign(t *testing.T, alg jose.SignatureAlgorithm, key any) jose.Signer {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (i *issuer) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		i.t.Error(err)
	}
}

// authorize is what the browser gets at the authorization endpoint: the callback's address.
func (i *issuer) authorize(to string) string {
	i.t.Helper()
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, i.url+"/authorize?") {
		i.t.Fatalf("sent to %s: %v", to, err)
	}
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || len(q.Get("state")) < 43 || len(q.Get("nonce")) < 43 || q.Get("response_type") != "code" {
		i.t.Fatalf("authorization asked for with %v", q)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	code := rand.Text()
	i.codes[code] = q
	return q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
}

// token exchanges a code, once, for an ID token.
func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		i.t.Error(err)
	}
	i.seen = r.PostForm
	asked, ok := i.codes[r.PostForm.Get("code")]
	delete(i.codes, r.PostForm.Get("code"))
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	id, secret, _ := r.BasicAuth()
	if !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") || id != "glueguard" || secret != "s3cret" {
		w.WriteHeader(http.StatusBadRequest)
		i.answer(w, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{
		"iss": i.url, "sub": "u1", "aud": "glueguard", "nonce": asked.Get("nonce"), "iat": i.now().Unix(), "exp": i.now().Add(time.Minute).Unix(),
		"preferred_username": "alice", "email": "alice@example.org", "groups": []string{"everyone", "glue-ops"},
	}
	for k, v := range i.claims {
		claims[k] = v
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		i.t.Error(err)
	}
	signed, err := i.signer.Sign(payload)
	if err != nil {
		i.t.Error(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		i.t.Error(err)
	}
	if i.forge != nil {
		token = i.forge(token)
	}
	i.answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": token})
}

// browser keeps cookies, and follows no redirects.
type browser struct {
	t       *testing.T
	w       *world
	cookies map[string]*http.Cookie
}

func (b *browser) get(target string) *http.Response {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	b.w.Authenticate(b.w.OIDCHandler()).ServeHTTP(rec, r)
	answer := rec.Result()
	for _, c := range answer.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return answer
}

func (b *browser) principal() (auth.Principal, error) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	return b.w.Principal(context.Background(), r)
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func newOIDC(t *testing.T) (*world, *issuer, func() *browser) {
	t.Helper()
	w := newWorld(t)
	i := newIssuer(t, w.Now)
	w.Service = w.service(func(o *auth.Options) {
		o.ExternalURL, o.Secure = "https://glueguard.example.org", true
		o.OIDC = &auth.OIDCConfig{
			Issuer: i.url, ClientID: "glueguard", ClientSecret: "s3cret",
			Roles: []auth.GroupRole{{Group: "glue-ops", Role: auth.Operator}, {Group: "glue-admins", Role: auth.Administrator}},
		}
	})
	return w, i, func() *browser { return &browser{t: t, w: w, cookies: map[string]*http.Cookie{}} }
}

func TestOIDC(t *testing.T) {
	t.Parallel()
	w, i, open := newOIDC(t)
	b := open()
	start := b.get("/auth/oidc/start?next=/requests%3Fstate%3Dpending")
	if start.StatusCode != http.StatusSeeOther {
		t.Fatal(start.Status)
	}
	if c := start.Cookies()[0]; !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.MaxAge > 600 || !strings.HasPrefix(c.Name, "__Host-") {
		t.Errorf("the cookie is %s", c)
	}
	back := b.get(i.authorize(start.Header.Get("Location")))
	if back.StatusCode != http.StatusSeeOther || back.Header.Get("Location") != "/requests?state=pending" {
		t.Fatalf("%s %v: %s", back.Status, back.Header, text(t, back))
	}
	p, err := b.principal()
	if err != nil || p.Actor.Name != "alice" || !slices.Equal(p.Roles, []auth.Role{auth.Operator}) {
		t.Fatalf("%+v, %v", p, err)
	}
	if len(b.cookies) != 1 {
		t.Errorf("cookies that are left: %v", b.cookies)
	}
	if u := w.read("alice"); u.Subject != i.url+" u1" || u.PasswordHash != "" {
		t.Errorf("%+v", u)
	}
	if strings.Contains(w.deeds()[0].Subject, "u1") || w.deeds()[0].Action != "session.create" || w.deeds()[1].Action != "user.create" {
		t.Errorf("the trail says %+v", w.deeds()[:2])
	}
	// Such a user has no password here, and no link gives one.
	_, _, err = w.Login(context.Background(), "alice", "", address)
	expect(t, err, auth.ErrCredentials)
	_, err = w.NewLink(as(auth.Administrator), p.UserID)
	expect(t, err, auth.ErrNoLocalPassword)
	expect(t, w.ChangePassword(auth.With(context.Background(), p), "", good), auth.ErrNoLocalPassword)
	roles := []auth.Role{auth.Administrator}
	_, err = w.UpdateUser(as(auth.Administrator), p.UserID, auth.UserChange{Roles: &roles, Version: w.read("alice").Version})
	expect(t, err, auth.ErrRolesFromGroups)

	// The groups count at each sign-in: one who has left them loses what there was.
	i.claims["groups"] = "glue-admins" // one, without a list
	again := open()
	again.get(i.authorize(again.get("/auth/oidc/start").Header.Get("Location")))
	if p, err = again.principal(); err != nil || !slices.Equal(p.Roles, []auth.Role{auth.Administrator}) {
		t.Fatalf("%+v, %v", p, err)
	}
	i.claims["groups"] = []string{"everyone"}
	out := open()
	refused := out.get(i.authorize(out.get("/auth/oidc/start").Header.Get("Location")))
	if page := text(t, refused); refused.StatusCode != http.StatusForbidden || !strings.Contains(page, "none of your groups has a role here") {
		t.Errorf("%s: %s", refused.Status, page)
	}
	for _, b := range []*browser{b, again, out} {
		_, err := b.principal()
		expect(t, err, auth.ErrSignedOut)
	}
}

// TestOIDCNameTaken has nobody become a user of that name who was there before.
func TestOIDCNameTaken(t *testing.T) {
	t.Parallel()
	w, i, open := newOIDC(t)
	local := w.user("Alice", good, auth.Administrator)
	b := open()
	b.get(i.authorize(b.get("/auth/oidc/start").Header.Get("Location")))
	p, err := b.principal()
	if err != nil || p.UserID == local.ID || !strings.HasPrefix(p.Actor.Name, "alice (") || p.May(auth.ManageUsers) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestOIDCDisabled(t *testing.T) {
	t.Parallel()
	w, i, open := newOIDC(t)
	b := open()
	b.get(i.authorize(b.get("/auth/oidc/start").Header.Get("Location")))
	u, yes := w.read("alice"), true
	if _, err := w.UpdateUser(as(auth.Administrator), u.ID, auth.UserChange{Disabled: &yes, Version: u.Version}); err != nil {
		t.Fatal(err)
	}
	refused := b.get(i.authorize(b.get("/auth/oidc/start").Header.Get("Location")))
	if page := text(t, refused); refused.StatusCode != http.StatusForbidden || !strings.Contains(page, "disabled") {
		t.Errorf("%s: %s", refused.Status, page)
	}
	_, err := b.principal()
	expect(t, err, auth.ErrSignedOut)
}

// TestOIDCAttacks forges, replays and swaps what goes over the browser, and what the issuer says.
func TestOIDCAttacks(t *testing.T) {
	t.Parallel()
	attacker, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		issuer func(*issuer)
		attack func(w *world, b *browser, i *issuer, callback string) *http.Response
		says   string
	}{
		"no cookie": {attack: func(_ *world, b *browser, _ *issuer, callback string) *http.Response {
			clear(b.cookies)
			return b.get(callback)
		}, says: "did not begin"},
		"another browser's answer": {attack: func(w *world, b *browser, i *issuer, _ string) *http.Response {
			evil := &browser{t: b.t, w: w, cookies: map[string]*http.Cookie{}}
			return b.get(i.authorize(evil.get("/auth/oidc/start").Header.Get("Location")))
		}, says: "does not belong"},
		"another cookie": {attack: func(_ *world, b *browser, _ *issuer, callback string) *http.Response {
			for _, c := range b.cookies {
				c.Value = base64.RawURLEncoding.EncodeToString([]byte(`{"s":"x","n":"y","v":"z","t":"/","e":"2099-01-01T00:00:00Z"}`))
			}
			return b.get(callback)
		}, says: "not ours"},
		"a bit of the cookie": {attack: func(_ *world, b *browser, _ *issuer, callback string) *http.Response {
			for _, c := range b.cookies {
				c.Value = "A" + c.Value[1:]
				if c.Value[0] == c.Value[1] {
					c.Value = "B" + c.Value[1:]
				}
				c.Value = c.Value[:30] + map[bool]string{true: "B", false: "A"}[c.Value[30] == 'A'] + c.Value[31:]
			}
			return b.get(callback)
		}, says: "not ours"},
		"no state": {attack: func(_ *world, b *browser, _ *issuer, callback string) *http.Response {
			return b.get(strings.Split(callback, "&state=")[0])
		}, says: "does not belong"},
		"two states": {attack: func(_ *world, b *browser, _ *issuer, callback string) *http.Response {
			return b.get(callback + "&state=x")
		}, says: "does not belong"},
		"too late": {attack: func(w *world, b *browser, _ *issuer, callback string) *http.Response {
			w.pass(10 * time.Minute)
			return b.get(callback)
		}, says: "too long"},
		"a replay": {attack: func(_ *world, b *browser, _ *issuer, callback string) *http.Response {
			kept := map[string]*http.Cookie{}
			for k, c := range b.cookies {
				kept[k] = c
			}
			if first := b.get(callback); first.StatusCode != http.StatusSeeOther {
				b.t.Fatal(first.Status)
			}
			b.cookies = kept
			return b.get(callback)
		}, says: "used already"},
		"a made-up code": {attack: func(_ *world, b *browser, _ *issuer, callback string) *http.Response {
			u, _ := url.Parse(callback)
			return b.get(callback[:strings.Index(callback, "?")] + "?code=x&state=" + u.Query().Get("state"))
		}, says: "did not accept"},
		"an error of the issuer": {attack: func(_ *world, b *browser, _ *issuer, callback string) *http.Response {
			return b.get(callback + "&error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E")
		}, says: "refused the sign-in"},
		"another nonce":    {issuer: func(i *issuer) { i.claims["nonce"] = "x" }, says: "does not belong"},
		"no nonce":         {issuer: func(i *issuer) { i.claims["nonce"] = "" }, says: "does not belong"},
		"another audience": {issuer: func(i *issuer) { i.claims["aud"] = "other" }, says: "trusted"},
		"two audiences":    {issuer: func(i *issuer) { i.claims["aud"] = []string{"glueguard", "other"} }, says: "read"},
		"for another party": {issuer: func(i *issuer) {
			i.claims["aud"], i.claims["azp"] = []string{"glueguard", "other"}, "other"
		}, says: "read"},
		"another issuer": {issuer: func(i *issuer) { i.claims["iss"] = "https://evil.example" }, says: "trusted"},
		"expired":        {issuer: func(i *issuer) { i.claims["exp"] = i.now().Add(-time.Minute).Unix() }, says: "trusted"},
		"another key":    {issuer: func(i *issuer) { i.signer = sign(i.t, jose.RS256, attacker) }, says: "trusted"},
		"signed by the public key": {issuer: func(i *issuer) {
			i.signer = sign(i.t, jose.HS256, i.key.N.Bytes())
		}, says: "trusted"},
		"not signed": {issuer: func(i *issuer) {
			i.forge = func(token string) string {
				return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + strings.Split(token, ".")[1] + "."
			}
		}, says: "trusted"},
		"more groups, after it was signed": {issuer: func(i *issuer) {
			i.forge = func(token string) string {
				parts := strings.Split(token, ".")
				payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
				parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), "glue-ops", "glue-admins", 1)))
				return strings.Join(parts, ".")
			}
		}, says: "trusted"},
		"groups that are none": {issuer: func(i *issuer) { i.claims["groups"] = map[string]string{"glue-ops": "x"} }, says: "read"},
		"a group's beginning":  {issuer: func(i *issuer) { i.claims["groups"] = []string{"glue-op", "GLUE-OPS", "glue-ops "} }, says: "none of your groups"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, i, open := newOIDC(t)
			b := open()
			callback := i.authorize(b.get("/auth/oidc/start").Header.Get("Location"))
			if c.issuer != nil {
				c.issuer(i)
			}
			attack := c.attack
			if attack == nil {
				attack = func(_ *world, b *browser, _ *issuer, callback string) *http.Response { return b.get(callback) }
			}
			answer := attack(w, b, i, callback)
			page := text(t, answer)
			if answer.StatusCode < 400 || answer.StatusCode == http.StatusInternalServerError || !strings.Contains(page, c.says) || strings.Contains(page, "<script") {
				t.Errorf("%s: %s", answer.Status, page)
			}
			for _, c := range answer.Cookies() {
				if strings.Contains(c.Name, "session") && c.MaxAge >= 0 {
					t.Errorf("a cookie was given: %s", c)
				}
			}
		})
	}
}

func TestOIDCNext(t *testing.T) {
	t.Parallel()
	_, i, open := newOIDC(t)
	b := open()
	back := b.get(i.authorize(b.get("/auth/oidc/start?next=https://evil.example/").Header.Get("Location")))
	if to := back.Header.Get("Location"); to != "/" {
		t.Errorf("sent to %s", to)
	}
}

func TestOIDCIssuerDown(t *testing.T) {
	t.Parallel()
	down := httptest.NewServer(nil)
	down.Close()
	w := newWorld(t, func(o *auth.Options) {
		o.ExternalURL = "http://localhost:8080"
		o.OIDC = &auth.OIDCConfig{Issuer: down.URL, ClientID: "x", Roles: []auth.GroupRole{{Group: "g", Role: auth.Viewer}}}
	})
	b := &browser{t: t, w: w, cookies: map[string]*http.Cookie{}}
	answer := b.get("/auth/oidc/start")
	if page := text(t, answer); answer.StatusCode != http.StatusBadGateway || !strings.Contains(page, "does not answer") || strings.Contains(page, down.URL) {
		t.Errorf("%s: %s", answer.Status, page)
	}
	none := newWorld(t)
	if answer := (&browser{t: t, w: none, cookies: map[string]*http.Cookie{}}).get("/auth/oidc/start"); answer.StatusCode != http.StatusNotFound || none.HasOIDC() {
		t.Error(answer.Status)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	role := []auth.GroupRole{{Group: "g", Role: auth.Viewer}}
	for name, o := range map[string]auth.Options{
		"no issuer":            {ExternalURL: "https://a.example", OIDC: &auth.OIDCConfig{ClientID: "x", Roles: role}},
		"no client":            {ExternalURL: "https://a.example", OIDC: &auth.OIDCConfig{Issuer: "https://i.example", Roles: role}},
		"no roles":             {ExternalURL: "https://a.example", OIDC: &auth.OIDCConfig{Issuer: "https://i.example", ClientID: "x"}},
		"no external URL":      {OIDC: &auth.OIDCConfig{Issuer: "https://i.example", ClientID: "x", Roles: role}},
		"external URL, a path": {ExternalURL: "https://a.example/glue"},
		"external URL, no URL": {ExternalURL: "a.example"},
		"external URL, of ftp": {ExternalURL: "ftp://a.example"},
	} {
		var input *auth.InputError
		if _, err := auth.New(o); !errors.As(err, &input) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for in, want := range map[string]auth.GroupRole{"ops=operator": {Group: "ops", Role: auth.Operator}, "CN=ops,O=x=viewer": {Group: "CN=ops,O=x", Role: auth.Viewer}} {
		if got, err := auth.ParseGroupRole(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"ops", "=viewer", "ops=", "ops=root"} {
		if _, err := auth.ParseGroupRole(in); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

// A name that could be taken for another's, or that would colour a terminal, is none of the three that may be chosen from.
func TestOIDCNamesOfNobody(t *testing.T) {
	t.Parallel()
	w, i, open := newOIDC(t)
	i.claims = map[string]any{"sub": "\x1b[31mаlice", "preferred_username": "jose\u0301", "email": "admin\u202e@example.org"}
	b := open()
	start := b.get("/auth/oidc/start")
	if back := b.get(i.authorize(start.Header.Get("Location"))); back.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s: %s", back.Status, text(t, back))
	}
	p, err := b.principal()
	if err != nil || !strings.HasPrefix(p.Actor.Name, "user-") || w.read(p.Actor.Name).Subject != i.url+" \x1b[31mаlice" {
		t.Errorf("%+v, %v", p, err)
	}
}
