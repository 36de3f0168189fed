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
	var link Link
	d := store.Deed{Actor: store.Actor{Kind: store.ActorDaemon, Name: "setup"}, Action: "ticket.create"}
	err = s.o.Trail.Together(ctx, func(ctx context.Context, w store.Writes) error {
		if first == nil {
			if first, err = s.firstUser(ctx, w, d.Actor); err != nil {
				return err
			}
		}
		if link, err = s.link(ctx, w, *first, setupLasts); err != nil {
			return err
		}
		d.Subject = first.ID
		_, err := w.Record(ctx, s.deed(ctx, d))
		return err
	})
	if err != nil {
		return nil, err
	}
	return &link, nil
}

// firstUser makes the first administrator, under the first of a few names that is free.
func (s *Service) firstUser(ctx context.Context, w store.Writes, by store.Actor) (*store.User, error) {
	for _, name := range []string{"admin", "administrator", "setup-" + s.o.Now().UTC().Format("20060102150405")} {
		u, err := s.newUser(name, []Role{Administrator})
		if err != nil {
			return nil, err
		}
		err = w.CreateUser(ctx, u)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return nil, err
		}
		_, err = w.Record(ctx, s.deed(ctx, store.Deed{
			Actor: by, Action: "user.create", Subject: u.ID, Detail: map[string]string{"name": u.Name, "roles": strings.Join(u.Roles, " ")},
		}))
		return &u, err
	}
	return nil, errors.New("every name that a first administrator could have is taken")
}

// link makes a user's one-time link, in place of all before.
func (s *Service) link(ctx context.Context, w store.Writes, u store.User, lasts time.Duration) (Link, error) {
	if u.Subject != "" {
		return Link{}, ErrNoLocalPassword
	}
	secret, hash, err := s.secret("")
	if err != nil {
		return Link{}, err
	}
	if err := w.DropTickets(ctx, u.ID); err != nil {
		return Link{}, err
	}
	l := Link{Secret: secret, ExpiresAt: s.o.Now().Add(lasts)}
	return l, w.SaveTicket(ctx, store.Ticket{Hash: hash, UserID: u.ID, ExpiresAt: l.ExpiresAt})
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
	var user store.User
	err = s.o.Trail.Together(ctx, func(ctx context.Context, w store.Writes) error {
		ticket, err := w.TakeTicket(ctx, hashOf(secret))
		if errors.Is(err, store.ErrNotFound) || err == nil && !now.Before(ticket.ExpiresAt) {
			return ErrTicket
		}
		if err != nil {
			return err
		}
		user, err = s.o.Users.User(ctx, ticket.UserID)
		if errors.Is(err, store.ErrNotFound) || err == nil && (user.Disabled || user.Subject != "") {
			return ErrTicket
		}
		if err != nil {
			return err
		}
		if err := checkPassword(user.Name, password); err != nil {
			return err // and the link stays
		}
		return s.redeem(ctx, w, user, hash)
	})
	if err != nil {
		return store.User{}, err
	}
	s.limits.address.giveBack(from, now)
	return user, nil
}

// redeem sets the password of a user who has shown a one-time link.
func (s *Service) redeem(ctx context.Context, w store.Writes, user store.User, hash string) error {
	if err := setPassword(ctx, w, user, hash); err != nil {
		return err
	}
	_, err := w.Record(ctx, s.deed(ctx, store.Deed{
		Actor:  store.Actor{Kind: store.ActorUser, Name: user.Name, Address: Address(ctx)},
		Action: "user.password", Subject: user.ID, Detail: map[string]string{"by": "one-time link"},
	}))
	return err
}

// setPassword gives a user a new password, and ends all that the old one, or a link, opened.
func setPassword(ctx context.Context, w store.Writes, user store.User, hash string) error {
	user.PasswordHash = hash
	if err := w.UpdateUser(ctx, user); err != nil {
		return err
	}
	return endAccess(ctx, w, user.ID)
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
	session.CreatedAt = s.o.Now() // it begins anew, but ends when it would have
	session.SeenAt = session.CreatedAt
	return s.told(ctx, store.Deed{Action: "user.password", Subject: user.ID}, func(ctx context.Context, w store.Writes) error {
		if err := setPassword(ctx, w, user, hash); err != nil {
			return err
		}
		return w.SaveSession(ctx, session)
	})
}
