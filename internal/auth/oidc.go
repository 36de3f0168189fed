package auth

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OIDCConfig is the organisation's identity provider.
type OIDCConfig struct {
	Issuer       string // URL
	ClientID     string
	ClientSecret string   // empty for public clients: PKCE is used always
	GroupsClaim  string   // empty: groups
	Scopes       []string // beside openid, profile and email
	Roles        []GroupRole
	Client       *http.Client // nil: one with a time limit
}

// GroupRole says that members of a group have a role. Who is in no group that is named may not sign in.
type GroupRole struct {
	Group string
	Role  Role
}

// ParseGroupRole reads "group=role". The group may hold equals signs, as LDAP's names do.
func ParseGroupRole(text string) (GroupRole, error) {
	i := strings.LastIndex(text, "=")
	if i <= 0 {
		return GroupRole{}, &InputError{Field: "OIDC role", Reason: fmt.Sprintf("%q: want GROUP=ROLE", text)}
	}
	roles, err := ParseRoles([]string{text[i+1:]})
	if err != nil {
		return GroupRole{}, err
	}
	return GroupRole{Group: text[:i], Role: roles[0]}, nil
}

// The paths of the sign-in with the identity provider.
const (
	OIDCStartPath    = "/auth/oidc/start"
	OIDCCallbackPath = "/auth/oidc/callback"
)

// How long somebody may take at the identity provider, and how many may be there at once.
const (
	flowLasts = 10 * time.Minute
	mostFlows = 10_000
	// againAfter is how long the issuer is left alone after it did not answer.
	againAfter = 5 * time.Second
)

// OIDCError means that a sign-in with the identity provider failed. Its text is fit for a page.
type OIDCError struct {
	Reason  string
	Refused bool // who signed in is known, but may not come in
	Err     error
}

func (e *OIDCError) Error() string { return e.Reason }
func (e *OIDCError) Unwrap() error { return e.Err }

// oidcFlow is the authorization code flow with PKCE, state and nonce.
type oidcFlow struct {
	c        OIDCConfig
	redirect string
	secure   bool
	now      func() time.Time
	rand     io.Reader
	seal     cipher.AEAD // of the cookie, by a key that ends with the process

	mu       sync.Mutex
	provider *oidc.Provider
	failed   time.Time            // the issuer did not answer then
	used     map[string]time.Time // states that came back, until they expire
}

// flow is what the browser keeps, sealed, while its user is at the identity provider.
type flow struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	Next     string    `json:"t"`
	Ends     time.Time `json:"e"`
}

func newOIDCFlow(c OIDCConfig, o Options) (*oidcFlow, error) {
	switch {
	case c.Issuer == "" || c.ClientID == "":
		return nil, &InputError{Field: "OIDC", Reason: "want an issuer and a client id"}
	case o.ExternalURL == "":
		return nil, &InputError{Field: "OIDC", Reason: "want the external URL, to which the identity provider sends browsers back"}
	case len(c.Roles) == 0:
		return nil, &InputError{Field: "OIDC", Reason: "want at least one group with a role, or nobody could sign in"}
	}
	if c.GroupsClaim == "" {
		c.GroupsClaim = "groups"
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 15 * time.Second}
	}
	key := make([]byte, 32)
	if _, err := io.ReadFull(o.Rand, key); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &oidcFlow{
		c: c, redirect: o.ExternalURL + OIDCCallbackPath, secure: o.Secure, now: o.Now, rand: o.Rand, seal: seal,
		used: map[string]time.Time{},
	}, nil
}

// config asks the issuer for its endpoints, once: at the first sign-in, so that the daemon starts without it too.
func (f *oidcFlow) config(ctx context.Context) (*oidc.Provider, oauth2.Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.provider == nil {
		const reason = "the identity provider does not answer as it should; try again later"
		if now := f.now(); now.Sub(f.failed) < againAfter { // or many who wait would keep asking it, one after the other
			return nil, oauth2.Config{}, &OIDCError{Reason: reason, Err: errors.New("it did not just now")}
		}
		p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), f.c.Client), f.c.Issuer)
		if err != nil {
			f.failed = f.now()
			return nil, oauth2.Config{}, &OIDCError{Reason: reason, Err: err}
		}
		f.provider = p
	}
	return f.provider, oauth2.Config{
		ClientID: f.c.ClientID, ClientSecret: f.c.ClientSecret, Endpoint: f.provider.Endpoint(), RedirectURL: f.redirect,
		Scopes: append([]string{oidc.ScopeOpenID, "profile", "email"}, f.c.Scopes...),
	}, nil
}

func (f *oidcFlow) text() (string, error) {
	b := make([]byte, secretBytes)
	if _, err := io.ReadFull(f.rand, b); err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// begin makes what the browser keeps, and where it goes.
func (f *oidcFlow) begin(ctx context.Context, next string) (*http.Cookie, string, error) {
	_, config, err := f.config(ctx)
	if err != nil {
		return nil, "", err
	}
	var texts [3]string
	for i := range texts {
		if texts[i], err = f.text(); err != nil {
			return nil, "", err
		}
	}
	kept := flow{State: texts[0], Nonce: texts[1], Verifier: texts[2], Next: LocalPath(next), Ends: f.now().Add(flowLasts)}
	plain, err := json.Marshal(kept)
	if err != nil {
		return nil, "", err
	}
	sealed := base64.RawURLEncoding.EncodeToString(f.seal.Seal(nil, nil, plain, []byte("glueguard.oidc/v1")))
	to := config.AuthCodeURL(kept.State, oidc.Nonce(kept.Nonce), oauth2.S256ChallengeOption(kept.Verifier))
	return f.cookie(sealed, int(flowLasts/time.Second)), to, nil
}

func (f *oidcFlow) cookie(value string, maxAge int) *http.Cookie {
	name := "glueguard_oidc"
	if f.secure {
		name = "__Host-" + name
	}
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge, Secure: f.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// kept opens what the browser kept, and checks that this callback is the one answer to it.
func (f *oidcFlow) kept(r *http.Request) (flow, error) {
	again := func(reason string) (flow, error) {
		return flow{}, &OIDCError{Reason: reason + "; sign in again"}
	}
	cookies := r.CookiesNamed(f.cookie("", 0).Name)
	if len(cookies) != 1 {
		return again("this browser did not begin this sign-in, or took too long")
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookies[0].Value)
	if err != nil {
		return again("this sign-in's cookie is not ours")
	}
	plain, err := f.seal.Open(nil, nil, sealed, []byte("glueguard.oidc/v1"))
	if err != nil {
		return again("this sign-in was begun before a restart, or its cookie is not ours")
	}
	var k flow
	if err := json.Unmarshal(plain, &k); err != nil {
		return again("this sign-in's cookie is not ours")
	}
	states := r.URL.Query()["state"]
	if len(states) != 1 || subtle.ConstantTimeCompare([]byte(states[0]), []byte(k.State)) != 1 {
		return again("the answer does not belong to this sign-in")
	}
	if !f.now().Before(k.Ends) {
		return again("the sign-in took too long")
	}
	if !f.first(k) {
		return again("this answer was used already")
	}
	return k, nil
}

// first tells whether a state comes back for the first time.
func (f *oidcFlow) first(k flow) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if _, again := f.used[k.State]; again {
		return false
	}
	if len(f.used) >= mostFlows/2 {
		for state, ends := range f.used {
			if !now.Before(ends) {
				delete(f.used, state)
			}
		}
	}
	if len(f.used) >= mostFlows {
		return false
	}
	f.used[k.State] = k.Ends
	return true
}

// identity is who the issuer says that somebody is.
type identity struct {
	subject string // "issuer subject"
	name    string
	roles   []Role
}

// identify exchanges the code for an ID token and reads it.
func (f *oidcFlow) identify(ctx context.Context, k flow, code string) (identity, error) {
	provider, config, err := f.config(ctx)
	if err != nil {
		return identity{}, err
	}
	ctx = oidc.ClientContext(ctx, f.c.Client)
	answer, err := config.Exchange(ctx, code, oauth2.VerifierOption(k.Verifier))
	if err != nil {
		return identity{}, &OIDCError{Reason: "the identity provider did not accept the sign-in; try again", Err: err}
	}
	raw, ok := answer.Extra("id_token").(string)
	if !ok {
		return identity{}, &OIDCError{Reason: "the identity provider did not say who signed in"}
	}
	verifier := provider.VerifierContext(ctx, &oidc.Config{ClientID: f.c.ClientID, Now: f.now})
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		return identity{}, &OIDCError{Reason: "what the identity provider says about who signed in can't be trusted", Err: err}
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(k.Nonce)) != 1 {
		return identity{}, &OIDCError{Reason: "the answer does not belong to this sign-in; sign in again"}
	}
	return f.read(token)
}

// read takes name and groups out of an ID token.
func (f *oidcFlow) read(token *oidc.IDToken) (identity, error) {
	unreadable := func(err error) (identity, error) {
		return identity{}, &OIDCError{Reason: "what the identity provider says about who signed in can't be read", Err: err}
	}
	var said struct {
		Preferred string `json:"preferred_username"`
		Email     string `json:"email"`
		Party     string `json:"azp"`
	}
	var all map[string]json.RawMessage
	if err := errors.Join(token.Claims(&said), token.Claims(&all)); err != nil {
		return unreadable(err)
	}
	if len(token.Audience) > 1 && said.Party != f.c.ClientID {
		return unreadable(errors.New("the token is for another client too, and not issued to this one"))
	}
	groups, err := readGroups(all[f.c.GroupsClaim])
	if err != nil {
		return unreadable(err)
	}
	who := identity{subject: token.Issuer + " " + token.Subject, name: "user-" + hashOf(token.Subject)[:12]}
	for _, name := range []string{said.Preferred, said.Email, token.Subject} {
		if checkName(name) == nil {
			who.name = name
			break
		}
	}
	for _, gr := range f.c.Roles {
		for _, g := range groups {
			if g == gr.Group {
				who.roles = append(who.roles, gr.Role)
			}
		}
	}
	return who, nil
}

// readGroups reads a list of names, or one; some issuers leave the list away where there is one.
func readGroups(claim json.RawMessage) ([]string, error) {
	if len(claim) == 0 || string(claim) == "null" {
		return nil, nil
	}
	var many []string
	if err := json.Unmarshal(claim, &many); err == nil {
		return many, nil
	}
	var one string
	if err := json.Unmarshal(claim, &one); err != nil {
		return nil, fmt.Errorf("the groups claim is neither a list of texts nor one: %w", err)
	}
	return []string{one}, nil
}
