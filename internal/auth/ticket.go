package auth

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/store"
)

// Link is a one-time link's secret. It is shown once; the store keeps its hash only.
type Link struct {
	Secret    string
	ExpiresAt time.Time
}

// Setup returns a new link to set the administrator's password while nobody can sign in who may manage users, and nil
// after. Links made before end.
func (s *Service) Setup(ctx context.Context) (*Link, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	var first *store.User
	able := false
	err := s.o.Users.EachUser(ctx, func(u store.User) error {
		able = able || administers(u)
		if first == nil && !u.Disabled && u.Subject == "" && isAdministrator(u) {
			first = &u
		}
		return nil
	})
	if err != nil || able {
		return nil, err
	}
	if first == nil {
		if first, err = s.firstUser(ctx); err != nil {
			return nil, err
		}
	}
	link, err := s.link(ctx, *first, setupLasts)
	if err != nil {
		return nil, err
	}
	d := store.Deed{Actor: store.Actor{Kind: store.ActorDaemon, Name: "setup"}, Action: "ticket.create", Subject: first.ID}
	return &link, s.record(ctx, d)
}

// firstUser makes the first administrator, under the first of a few names that is free.
func (s *Service) firstUser(ctx context.Context) (*store.User, error) {
	for _, name := range []string{"admin", "administrator", "setup-" + s.o.Now().UTC().Format("20060102150405")} {
		u, err := s.newUser(name, []Role{Administrator})
		if err != nil {
			return nil, err
		}
		err = s.o.Users.CreateUser(ctx, u)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return nil, err
		}
		stored, err := s.o.Users.User(ctx, u.ID)
		return &stored, err
	}
	return nil, errors.New("every name that a first administrator could have is taken")
}

// link makes a user's one-time link, in place of all before.
func (s *Service) link(ctx context.Context, u store.User, lasts time.Duration) (Link, error) {
	if u.Subject != "" {
		return Link{}, ErrNoLocalPassword
	}
	secret, hash, err := s.secret("")
	if err != nil {
		return Link{}, err
	}
	if err := s.o.Credentials.DropTickets(ctx, u.ID); err != nil {
		return Link{}, err
	}
	l := Link{Secret: secret, ExpiresAt: s.o.Now().Add(lasts)}
	return l, s.o.Credentials.SaveTicket(ctx, store.Ticket{Hash: hash, UserID: u.ID, ExpiresAt: l.ExpiresAt})
}

// UseTicket sets the password of the user whose one-time link has this secret, and ends the user's sign-ins. A password
// that is refused leaves the link usable. ErrTicket, *PasswordError, *RateError.
func (s *Service) UseTicket(ctx context.Context, secret, password string) (store.User, error) {
	if err := checkPassword("", password); err != nil { // which tells nothing about the link
		return store.User{}, err
	}
	from, now := addressKey(Address(ctx)), s.o.Now()
	if wait := s.limits.address.take(from, now); wait > 0 {
		return store.User{}, &RateError{RetryAfter: wait}
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return store.User{}, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	ticket, err := s.o.Credentials.TakeTicket(ctx, hashOf(secret))
	if errors.Is(err, store.ErrNotFound) || err == nil && !now.Before(ticket.ExpiresAt) {
		return store.User{}, ErrTicket
	}
	if err != nil {
		return store.User{}, err
	}
	user, err := s.o.Users.User(ctx, ticket.UserID)
	if errors.Is(err, store.ErrNotFound) || err == nil && (user.Disabled || user.Subject != "") {
		return store.User{}, ErrTicket
	}
	if err != nil {
		return store.User{}, err
	}
	if err := checkPassword(user.Name, password); err != nil {
		return store.User{}, errors.Join(err, s.o.Credentials.SaveTicket(ctx, ticket))
	}
	if err := s.setPassword(ctx, user, hash); err != nil {
		return store.User{}, err
	}
	s.limits.address.giveBack(from, now)
	err = s.record(ctx, store.Deed{
		Actor:  store.Actor{Kind: store.ActorUser, Name: user.Name, Address: Address(ctx)},
		Action: "user.password", Subject: user.ID, Detail: map[string]string{"by": "one-time link"},
	})
	return user, err
}

// setPassword gives a user a new password, and ends all that the old one, or a link, opened.
func (s *Service) setPassword(ctx context.Context, user store.User, hash string) error {
	user.PasswordHash = hash
	if err := s.o.Users.UpdateUser(ctx, user); err != nil {
		return err
	}
	return errors.Join(s.o.Credentials.DropSessions(ctx, user.ID), s.o.Credentials.DropTickets(ctx, user.ID))
}

// ChangePassword gives who asks a new password, and ends their other sign-ins; this one goes on. ErrCredentials where the
// old password is wrong, *PasswordError where the new one is not good enough. API tokens can't do it.
func (s *Service) ChangePassword(ctx context.Context, old, password string) error {
	p, ok := From(ctx)
	if !ok || p.Session == "" {
		return ErrSignedOut
	}
	now := s.o.Now()
	if err := s.limits.take(p.Actor.Name, p.Actor.Address, now); err != nil {
		return err
	}
	proven, err := s.o.Users.User(ctx, p.UserID)
	if err != nil {
		return signedOut(err)
	}
	if proven.Subject != "" {
		return ErrNoLocalPassword
	}
	right, _, err := s.hasher.verify(ctx, proven.PasswordHash, old)
	if err != nil {
		return err
	}
	if !right {
		return errors.Join(ErrCredentials, s.record(ctx, store.Deed{Action: "user.password", Subject: p.UserID, Outcome: store.DeedRefused}))
	}
	s.limits.succeeded(p.Actor.Name, p.Actor.Address, now)
	if strings.EqualFold(old, password) {
		return &PasswordError{Reason: "is the old one"}
	}
	if err := checkPassword(proven.Name, password); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.replacePassword(ctx, p, proven, hash)
}

// replacePassword sets a password and keeps only the session of who asks.
func (s *Service) replacePassword(ctx context.Context, p Principal, proven store.User, hash string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	user, err := s.o.Users.User(ctx, proven.ID)
	if err != nil {
		return signedOut(err)
	}
	if user.Disabled || user.PasswordHash != proven.PasswordHash {
		return ErrSignedOut // somebody was faster
	}
	session, err := s.o.Credentials.Session(ctx, p.Session)
	if err != nil {
		return signedOut(err)
	}
	if err := s.setPassword(ctx, user, hash); err != nil {
		return err
	}
	session.CreatedAt = s.o.Now() // it begins anew, but ends when it would have
	session.SeenAt = session.CreatedAt
	if err := s.o.Credentials.SaveSession(ctx, session); err != nil {
		return err
	}
	return s.record(ctx, store.Deed{Action: "user.password", Subject: user.ID})
}
