package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/store"
)

// UserChange is what is to be changed of a user; what is nil stays.
type UserChange struct {
	Roles    *[]Role
	Disabled *bool
	Version  int // of the user as it was read
}

const maxName = 64

// checkName refuses names that could be taken for others when they are read.
func checkName(name string) error {
	switch {
	case name == "":
		return &InputError{Field: "name", Reason: "must not be empty"}
	case utf8.RuneCountInString(name) > maxName:
		return &InputError{Field: "name", Reason: fmt.Sprintf("has more than %d characters", maxName)}
	case strings.TrimSpace(name) != name || !utf8.ValidString(name):
		return &InputError{Field: "name", Reason: "must not begin or end with a space"}
	case strings.Contains(name, "  "): // pages show them as one
		return &InputError{Field: "name", Reason: "must not have two spaces in a row"}
	}
	for _, r := range name {
		if r > unicode.MaxASCII || !unicode.IsPrint(r) {
			return &InputError{Field: "name", Reason: "may have Latin letters without accents, digits, spaces and signs"}
		}
	}
	return nil
}

// ParseRoles reads names of roles, and puts them in order.
func ParseRoles(names []string) ([]Role, error) {
	for _, n := range names {
		if !slices.Contains(Roles(), Role(n)) {
			return nil, &InputError{Field: "roles", Reason: fmt.Sprintf("there is no role %q", n)}
		}
	}
	return rolesOf(names), nil
}

func names(roles []Role) []string {
	list := []string{}
	for _, r := range Roles() {
		if slices.Contains(roles, r) {
			list = append(list, string(r))
		}
	}
	return list
}

func isAdministrator(u store.User) bool { return slices.Contains(u.Roles, string(Administrator)) }

// administers tells whether a user can sign in and manage users.
func administers(u store.User) bool {
	return !u.Disabled && isAdministrator(u) && (u.PasswordHash != "" || u.Subject != "")
}

func (s *Service) newUser(name string, roles []Role) (store.User, error) {
	id, err := s.newID()
	if err != nil {
		return store.User{}, err
	}
	return store.User{ID: id, Name: name, Roles: names(roles), CreatedAt: s.o.Now()}, nil
}

// ListUsers lists all users by name.
func (s *Service) ListUsers(ctx context.Context) ([]store.User, error) {
	var users []store.User
	err := s.o.Users.EachUser(ctx, func(u store.User) error {
		users = append(users, u)
		return nil
	})
	return users, err
}

// CreateUser makes a local user, and the one-time link by which that user sets a password. store.ErrConflict where the
// name is taken.
func (s *Service) CreateUser(ctx context.Context, name string, roles []Role) (store.User, Link, error) {
	if err := checkName(name); err != nil {
		return store.User{}, Link{}, err
	}
	u, err := s.newUser(name, roles)
	if err != nil {
		return store.User{}, Link{}, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	var link Link
	d := store.Deed{Action: "user.create", Subject: u.ID, Detail: map[string]string{"name": name, "roles": strings.Join(u.Roles, " ")}}
	err = s.told(ctx, d, func(ctx context.Context, w store.Writes) error {
		if err := w.CreateUser(ctx, u); err != nil {
			return err
		}
		link, err = s.link(ctx, w, u, ticketLasts)
		return err
	})
	if err == nil {
		u, err = s.o.Users.User(ctx, u.ID) // with its first version
	}
	if err != nil {
		return store.User{}, Link{}, err
	}
	return u, link, nil
}

// NewLink makes a new one-time link, by which a local user sets a new password; links made before end. The old password
// and its sign-ins hold until the link is used.
func (s *Service) NewLink(ctx context.Context, userID string) (Link, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	u, err := s.o.Users.User(ctx, userID)
	if err != nil {
		return Link{}, err
	}
	var link Link
	d := store.Deed{Action: "ticket.create", Subject: u.ID, Detail: map[string]string{"name": u.Name}}
	err = s.told(ctx, d, func(ctx context.Context, w store.Writes) error {
		link, err = s.link(ctx, w, u, ticketLasts)
		return err
	})
	if err != nil {
		return Link{}, err
	}
	return link, nil
}

// UpdateUser changes a user's roles, or disables or enables one, which ends the user's sign-ins. ErrLastAdministrator
// where nobody would be left who may manage users; store.ErrConflict where the user is not as it was read.
func (s *Service) UpdateUser(ctx context.Context, userID string, change UserChange) (store.User, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	before, err := s.o.Users.User(ctx, userID)
	if err != nil {
		return store.User{}, err
	}
	if before.Version != change.Version {
		return store.User{}, fmt.Errorf("user %s: %w", before.Name, store.ErrConflict)
	}
	after := before
	if change.Roles != nil {
		if before.Subject != "" && !slices.Equal(names(*change.Roles), before.Roles) {
			return store.User{}, ErrRolesFromGroups
		}
		after.Roles = names(*change.Roles)
	}
	if change.Disabled != nil {
		after.Disabled = *change.Disabled
	}
	if err := s.leavesAdministrator(ctx, before, after); err != nil {
		return store.User{}, err
	}
	d := store.Deed{Action: "user.update", Subject: userID, Detail: map[string]string{
		"name": after.Name, "roles": strings.Join(after.Roles, " "), "disabled": fmt.Sprint(after.Disabled),
	}}
	err = s.told(ctx, d, func(ctx context.Context, w store.Writes) error {
		if err := w.UpdateUser(ctx, after); err != nil || !after.Disabled {
			return err
		}
		return endAccess(ctx, w, userID)
	})
	if err != nil {
		return store.User{}, err
	}
	return s.o.Users.User(ctx, userID)
}

// endAccess ends a user's sign-ins and links.
func endAccess(ctx context.Context, w store.Writes, userID string) error {
	if err := w.DropSessions(ctx, userID); err != nil {
		return err
	}
	return w.DropTickets(ctx, userID)
}

// leavesAdministrator refuses a change after which nobody could manage users.
func (s *Service) leavesAdministrator(ctx context.Context, before, after store.User) error {
	if !administers(before) || administers(after) {
		return nil
	}
	others := 0
	err := s.o.Users.EachUser(ctx, func(u store.User) error {
		if u.ID != before.ID && administers(u) {
			others++
		}
		return nil
	})
	if err == nil && others == 0 {
		return ErrLastAdministrator
	}
	return err
}

// CountEnabled counts the users who are not disabled: approvals go by it.
func CountEnabled(ctx context.Context, users store.Users) (int, error) {
	n := 0
	err := users.EachUser(ctx, func(u store.User) error {
		if !u.Disabled {
			n++
		}
		return nil
	})
	return n, err
}

// DropExpired forgets sign-ins, tokens and links that have expired. The daemon calls it now and then.
func (s *Service) DropExpired(ctx context.Context, now time.Time) error {
	return s.o.Credentials.DropExpired(ctx, now)
}
