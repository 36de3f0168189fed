package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/store"
)

// HasOIDC tells whether one can sign in with an identity provider: at OIDCStartPath, with ?next=PATH.
func (s *Service) HasOIDC() bool { return s.oidc != nil }

// OIDCHandler serves OIDCStartPath and OIDCCallbackPath. It belongs behind Authenticate and Protect.
func (s *Service) OIDCHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+OIDCStartPath, s.oidcStart)
	mux.HandleFunc("GET "+OIDCCallbackPath, s.oidcCallback)
	return mux
}

func (s *Service) oidcStart(w http.ResponseWriter, r *http.Request) {
	if s.oidc == nil {
		s.fail(w, r, http.StatusNotFound, ErrNoOIDC)
		return
	}
	cookie, to, err := s.oidc.begin(r.Context(), r.URL.Query().Get("next"))
	if err != nil {
		s.fail(w, r, http.StatusBadGateway, err)
		return
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (s *Service) oidcCallback(w http.ResponseWriter, r *http.Request) {
	if s.oidc == nil {
		s.fail(w, r, http.StatusNotFound, ErrNoOIDC)
		return
	}
	cookie, session, next, err := s.oidcSignIn(r)
	http.SetCookie(w, s.oidc.cookie("", -1))
	if err != nil {
		s.fail(w, r, oidcStatus(err), err)
		return
	}
	http.SetCookie(w, s.Cookie(cookie, session))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func oidcStatus(err error) int {
	var o *OIDCError
	var rate *RateError
	switch {
	case errors.As(err, &rate):
		return http.StatusTooManyRequests
	case errors.As(err, &o) && o.Refused, errors.Is(err, ErrCredentials):
		return http.StatusForbidden
	case errors.As(err, &o) && o.Err != nil:
		return http.StatusBadGateway
	case errors.As(err, &o):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// oidcSignIn carries the identity provider's answer through.
func (s *Service) oidcSignIn(r *http.Request) (cookie string, session store.Session, next string, err error) {
	ctx := r.Context()
	address := s.addressOf(r)
	now := s.o.Now()
	if wait := s.limits.address.take(addressKey(address), now); wait > 0 {
		return "", store.Session{}, "", &RateError{RetryAfter: wait}
	}
	k, err := s.oidc.kept(r)
	if err != nil {
		return "", store.Session{}, "", err
	}
	q := r.URL.Query()
	if q.Get("error") != "" { // its text comes from the address bar: anybody may have written it
		return "", store.Session{}, "", &OIDCError{Reason: "the identity provider refused the sign-in", Refused: true}
	}
	who, err := s.oidc.identify(ctx, k, q.Get("code"))
	if err != nil {
		return "", store.Session{}, "", err
	}
	user, err := s.oidcUser(ctx, who, address)
	if err != nil {
		return "", store.Session{}, "", err
	}
	cookie, session, err = s.signIn(ctx, user, "", address)
	if err == nil {
		s.limits.address.giveBack(addressKey(address), now)
	}
	return cookie, session, k.Next, err
}

// oidcUser makes or updates the user of an identity: the groups say, at each sign-in, which roles there are. Who has
// none may not come in, and loses what was given before.
func (s *Service) oidcUser(ctx context.Context, who identity, address string) (store.User, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	actor := store.Actor{Kind: store.ActorUser, Name: who.name, Address: address}
	user, err := s.o.Users.UserBySubject(ctx, who.subject)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.User{}, err
	}
	if known {
		actor.Name = user.Name
		if err := s.oidcRoles(ctx, &user, who.roles, actor); err != nil {
			return store.User{}, err
		}
	}
	if len(who.roles) == 0 || user.Disabled {
		err := s.record(ctx, store.Deed{
			Actor: actor, Action: "session.create", Subject: user.ID, Outcome: store.DeedRefused,
			Detail: map[string]string{"reason": oidcRefusal(user)},
		})
		return store.User{}, errors.Join(&OIDCError{Reason: "you have signed in, but " + oidcRefusal(user), Refused: true}, err)
	}
	if known {
		return user, nil
	}
	return s.newOIDCUser(ctx, who, actor)
}

func oidcRefusal(u store.User) string {
	if u.Disabled {
		return "your user is disabled here; ask an administrator"
	}
	return "none of your groups has a role here; ask an administrator"
}

// oidcRoles writes down the roles that somebody has now.
func (s *Service) oidcRoles(ctx context.Context, user *store.User, roles []Role, actor store.Actor) error {
	now := names(roles)
	if slices.Equal(now, user.Roles) {
		return nil
	}
	user.Roles = now
	err := s.told(ctx, store.Deed{Actor: actor, Action: "user.update", Subject: user.ID, Detail: map[string]string{
		"name": user.Name, "roles": strings.Join(now, " "), "by": "groups of the identity provider",
	}}, func(ctx context.Context, w store.Writes) error {
		if err := w.UpdateUser(ctx, *user); err != nil || len(now) > 0 {
			return err
		}
		return w.DropSessions(ctx, user.ID)
	})
	if err != nil {
		return err
	}
	updated, err := s.o.Users.User(ctx, user.ID)
	if err != nil {
		return err
	}
	*user = updated
	return nil
}

// newOIDCUser makes a user. One whose name is taken gets another: it must never be taken for whoever had it first.
func (s *Service) newOIDCUser(ctx context.Context, who identity, actor store.Actor) (store.User, error) {
	sum := sha256.Sum256([]byte(who.subject))
	mark := hex.EncodeToString(sum[:4])
	for _, name := range []string{who.name, who.name + " (" + mark + ")"} {
		u, err := s.newUser(name, who.roles)
		if err != nil {
			return store.User{}, err
		}
		u.Subject = who.subject
		actor.Name = u.Name
		err = s.told(ctx, store.Deed{Actor: actor, Action: "user.create", Subject: u.ID, Detail: map[string]string{
			"name": u.Name, "roles": strings.Join(u.Roles, " "), "by": "the identity provider",
		}}, func(ctx context.Context, w store.Writes) error { return w.CreateUser(ctx, u) })
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return store.User{}, err
		}
		return s.o.Users.User(ctx, u.ID)
	}
	return store.User{}, &OIDCError{Reason: "your name is taken here by somebody else; ask an administrator", Refused: true}
}

// fail writes the page of a sign-in that failed.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	if s.o.Fail != nil {
		s.o.Fail(w, r, status, err)
		return
	}
	reason := "something went wrong here; try again later"
	if status != http.StatusInternalServerError {
		reason = err.Error()
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	const page = `<!doctype html><html lang="en"><title>Not signed in</title><h1>Not signed in</h1><p>{{.}}.</p>` +
		`<p><a href="/login">Sign in</a></p></html>`
	// The status is out by now: a browser that has gone away is told nothing more.
	_ = template.Must(template.New("").Parse(page)).Execute(w, reason)
}
