package auth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/glueguard/glueguard/internal/store"
)

// Login signs a local user in. It returns the cookie's value, which only the browser keeps, and ends the sign-in that the
// request came with. A wrong name, a wrong password, a disabled user and one without a password are the same
// ErrCredentials, after the same work. *RateError where there were too many attempts.
func (s *Service) Login(ctx context.Context, name, password, address string) (string, store.Session, error) {
	now := s.o.Now()
	if err := s.limits.take(name, address, now); err != nil {
		return "", store.Session{}, err
	}
	user, err := s.o.Users.UserByName(ctx, name)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", store.Session{}, err
	}
	if user.Disabled {
		user.PasswordHash = "" // the same work, and then no
	}
	ok, weak, err := s.hasher.verify(ctx, user.PasswordHash, password)
	if err != nil {
		return "", store.Session{}, err
	}
	if !ok {
		return "", store.Session{}, errors.Join(ErrCredentials, s.refused(ctx, user, known, address))
	}
	better := ""
	if weak {
		if better, err = s.hasher.hash(ctx, password); err != nil {
			return "", store.Session{}, err
		}
	}
	cookie, session, err := s.signIn(ctx, user, better, address)
	if err == nil {
		s.limits.succeeded(name, address, now)
	}
	return cookie, session, err
}

// refused records a sign-in that failed. A name that nobody has is left out: it may be a password in the wrong field.
func (s *Service) refused(ctx context.Context, user store.User, known bool, address string) error {
	d := store.Deed{
		Actor: store.Actor{Kind: store.ActorUser, Address: address}, Action: "session.create", Outcome: store.DeedRefused,
		Detail: map[string]string{"reason": "wrong password"},
	}
	switch {
	case !known:
		d.Detail["reason"] = "unknown name"
	case user.Disabled:
		d.Detail["reason"] = "disabled"
		fallthrough
	default:
		d.Actor.Name, d.Subject = user.Name, user.ID
	}
	return s.record(ctx, d)
}

// signIn starts a session of a user who has proven to be that user as it was read, and ends the one before it. Where
// hash is not empty, it becomes the user's password hash.
func (s *Service) signIn(ctx context.Context, proven store.User, hash, address string) (string, store.Session, error) {
	now := s.o.Now()
	cookie, key, err := s.secret("")
	if err != nil {
		return "", store.Session{}, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	user, err := s.o.Users.User(ctx, proven.ID)
	if err != nil {
		return "", store.Session{}, err
	}
	if user.Disabled || user.PasswordHash != proven.PasswordHash || user.Subject != proven.Subject {
		return "", store.Session{}, ErrCredentials // changed while the password was looked at
	}
	user.LastLoginAt = now
	if hash != "" {
		user.PasswordHash = hash
	}
	session := store.Session{
		Hash: key, UserID: user.ID, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(s.o.Absolute), Address: address,
	}
	err = s.told(ctx, store.Deed{
		Actor: store.Actor{Kind: store.ActorUser, Name: user.Name, Address: address}, Action: "session.create", Subject: user.ID,
	}, func(ctx context.Context, w store.Writes) error {
		if err := w.UpdateUser(ctx, user); err != nil {
			return err
		}
		if p, ok := From(ctx); ok && p.Session != "" {
			if err := w.DropSession(ctx, p.Session); err != nil {
				return err
			}
		}
		return w.SaveSession(ctx, session)
	})
	if err != nil {
		return "", store.Session{}, err
	}
	return cookie, session, nil
}

// Logout ends the sign-in that the request came with.
func (s *Service) Logout(ctx context.Context) error {
	p, ok := From(ctx)
	if !ok || p.Session == "" {
		return nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.told(ctx, store.Deed{Action: "session.end", Subject: p.UserID}, func(ctx context.Context, w store.Writes) error {
		return w.DropSession(ctx, p.Session)
	})
}

// ended tells whether a session is over.
func (s *Service) ended(session store.Session, now time.Time) bool {
	return !now.Before(session.ExpiresAt) || now.Sub(session.SeenAt) >= s.o.Idle
}

// bySession is who a session's hash belongs to.
func (s *Service) bySession(ctx context.Context, hash, address string) (Principal, error) {
	session, err := s.o.Credentials.Session(ctx, hash)
	if err != nil {
		return Principal{}, signedOut(err)
	}
	now := s.o.Now()
	if s.ended(session, now) {
		return Principal{}, ErrSignedOut
	}
	user, err := s.o.Users.User(ctx, session.UserID)
	if err != nil {
		return Principal{}, signedOut(err)
	}
	if user.Disabled {
		return Principal{}, ErrSignedOut
	}
	if now.Sub(session.SeenAt) >= seenEvery {
		if err := s.seen(ctx, hash, now); err != nil {
			return Principal{}, signedOut(err)
		}
	}
	return Principal{
		Actor:  store.Actor{Kind: store.ActorUser, Name: user.Name, Address: address},
		UserID: user.ID, Roles: rolesOf(user.Roles), Session: hash,
	}, nil
}

// seen writes down that a session is in use, unless it has been ended meanwhile.
func (s *Service) seen(ctx context.Context, hash string, now time.Time) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.o.Credentials.SessionSeen(ctx, hash, now)
}

// signedOut makes ErrSignedOut of what is not there.
func signedOut(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrSignedOut
	}
	return err
}

// rolesOf are the known ones among names of roles: one that a newer release wrote down gives nothing here.
func rolesOf(names []string) []Role {
	var roles []Role
	for _, r := range Roles() {
		for _, n := range names {
			if n == string(r) {
				roles = append(roles, r)
				break
			}
		}
	}
	return roles
}

// Names of the sign-in's cookie. Browsers take __Host- only by TLS, for this host alone and for all its paths.
const (
	cookieName       = "glueguard_session"
	secureCookieName = "__Host-glueguard_session"
)

func (s *Service) cookieName() string {
	if s.o.Secure {
		return secureCookieName
	}
	return cookieName
}

// Cookie is the cookie of a sign-in. It ends with the browser's session or with the sign-in, whichever is first.
func (s *Service) Cookie(value string, session store.Session) *http.Cookie {
	return &http.Cookie{
		Name: s.cookieName(), Value: value, Path: "/", Expires: session.ExpiresAt, MaxAge: int(s.o.Absolute / time.Second),
		Secure: s.o.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// NoCookie takes the cookie out of the browser.
func (s *Service) NoCookie() *http.Cookie {
	return &http.Cookie{
		Name: s.cookieName(), Path: "/", MaxAge: -1, Secure: s.o.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
