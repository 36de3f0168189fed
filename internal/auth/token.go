package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/store"
)

// tokenPrefix begins every API token, so that scanners for leaked secrets know one when they see it.
const tokenPrefix = "gg_"

// maxTokenLasts is how long an API token can hold.
const maxTokenLasts = 366 * 24 * time.Hour

// CreateToken makes an API token of who asks, and returns its text, which is shown once. It may do what both its roles
// and its owner's present ones may. A token can't make tokens.
func (s *Service) CreateToken(ctx context.Context, name string, roles []Role, lasts time.Duration) (string, store.Token, error) {
	p, ok := From(ctx)
	if !ok || p.Session == "" {
		return "", store.Token{}, ErrSignedOut
	}
	switch {
	case strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > maxName || !utf8.ValidString(name):
		return "", store.Token{}, &InputError{Field: "name", Reason: fmt.Sprintf("want 1 to %d characters", maxName)}
	case lasts < time.Minute || lasts > maxTokenLasts:
		return "", store.Token{}, &InputError{Field: "expires", Reason: "want a time from one minute to one year ahead"}
	case len(roles) == 0:
		return "", store.Token{}, &InputError{Field: "roles", Reason: "want at least one"}
	}
	for _, r := range roles {
		if !covers(p.Roles, r) {
			return "", store.Token{}, &InputError{Field: "roles", Reason: fmt.Sprintf("a token can't have the role %s, which you don't have", r)}
		}
	}
	id, err := s.newID()
	if err != nil {
		return "", store.Token{}, err
	}
	text, hash, err := s.secret(tokenPrefix)
	if err != nil {
		return "", store.Token{}, err
	}
	now := s.o.Now()
	t := store.Token{ID: id, Name: name, Hash: hash, UserID: p.UserID, Roles: names(roles), CreatedAt: now, ExpiresAt: now.Add(lasts)}
	s.writing.Lock()
	defer s.writing.Unlock()
	err = s.told(ctx, store.Deed{Action: "token.create", Subject: id, Detail: map[string]string{
		"name": name, "roles": strings.Join(t.Roles, " "), "expires": t.ExpiresAt.UTC().Format(time.RFC3339),
	}}, func(ctx context.Context, w store.Writes) error { return w.SaveToken(ctx, t) })
	if err != nil {
		return "", store.Token{}, err
	}
	return text, t, nil
}

// covers tells whether somebody with these roles may do all that the one may.
func covers(roles []Role, one Role) bool {
	have := Principal{Roles: roles}
	for _, need := range one.permissions() {
		if !have.May(need) {
			return false
		}
	}
	return len(one.permissions()) > 0
}

// effective are those of a token's roles that its owner still covers.
func effective(token, owner []Role) []Role {
	var roles []Role
	for _, r := range token {
		if covers(owner, r) {
			roles = append(roles, r)
		}
	}
	return roles
}

// Tokens lists the tokens of a user, or everybody's ("").
func (s *Service) Tokens(ctx context.Context, userID string) ([]store.Token, error) {
	var tokens []store.Token
	err := s.o.Credentials.EachToken(ctx, userID, func(t store.Token) error {
		tokens = append(tokens, t)
		return nil
	})
	return tokens, err
}

// DropToken ends a token: one's own, or anybody's for who may manage users. To others it is store.ErrNotFound.
func (s *Service) DropToken(ctx context.Context, id string) error {
	p, ok := From(ctx)
	if !ok {
		return ErrSignedOut
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	owner := p.UserID
	if p.May(ManageUsers) {
		owner = ""
	} else if owner == "" {
		return store.ErrNotFound
	}
	var found *store.Token
	err := s.o.Credentials.EachToken(ctx, owner, func(t store.Token) error {
		if t.ID == id {
			found = &t
		}
		return nil
	})
	if err == nil && found == nil {
		err = store.ErrNotFound
	}
	if err != nil {
		return err
	}
	d := store.Deed{Action: "token.revoke", Subject: id, Detail: map[string]string{"name": found.Name}}
	return s.told(ctx, d, func(ctx context.Context, w store.Writes) error { return w.DropToken(ctx, id) })
}

// byToken is who an API token speaks for.
func (s *Service) byToken(ctx context.Context, text, address string) (Principal, error) {
	if !strings.HasPrefix(text, tokenPrefix) {
		return Principal{}, ErrSignedOut
	}
	hash := hashOf(text)
	token, err := s.o.Credentials.TokenByHash(ctx, hash)
	if err != nil {
		return Principal{}, signedOut(err)
	}
	now := s.o.Now()
	if !now.Before(token.ExpiresAt) {
		return Principal{}, ErrSignedOut
	}
	owner, err := s.o.Users.User(ctx, token.UserID)
	if err != nil {
		return Principal{}, signedOut(err)
	}
	if owner.Disabled {
		return Principal{}, ErrSignedOut
	}
	if now.Sub(token.UsedAt) >= seenEvery {
		if err := s.tokenUsed(ctx, hash, now); err != nil {
			return Principal{}, signedOut(err)
		}
	}
	return Principal{
		Actor:  store.Actor{Kind: store.ActorToken, Name: token.Name, Via: owner.Name, Address: address},
		UserID: owner.ID, Roles: effective(rolesOf(token.Roles), rolesOf(owner.Roles)), TokenID: token.ID,
	}, nil
}

// tokenUsed writes down that a token is in use, unless it has been revoked meanwhile.
func (s *Service) tokenUsed(ctx context.Context, hash string, now time.Time) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.o.Credentials.TokenUsed(ctx, hash, now)
}

// Recheck tells whether a principal still holds: for streams, which outlive the look at their beginning. An open
// stream alone keeps no sign-in from being idle. ErrSignedOut, or *ForbiddenError where a role has gone.
func (s *Service) Recheck(ctx context.Context, p Principal, permission Permission) error {
	user, err := s.o.Users.User(ctx, p.UserID)
	if err != nil {
		return signedOut(err)
	}
	roles := rolesOf(user.Roles)
	switch {
	case user.Disabled:
		return ErrSignedOut
	case p.TokenID != "":
		roles, err = s.tokenRoles(ctx, p, roles)
	default:
		var session store.Session
		session, err = s.o.Credentials.Session(ctx, p.Session)
		if err == nil && s.ended(session, s.o.Now()) {
			err = ErrSignedOut
		}
	}
	if err != nil {
		return signedOut(err)
	}
	if !(Principal{Roles: roles}).May(permission) {
		return &ForbiddenError{Permission: permission}
	}
	return nil
}

// tokenRoles are what a principal's token may now.
func (s *Service) tokenRoles(ctx context.Context, p Principal, owner []Role) ([]Role, error) {
	roles, found := []Role(nil), errors.New("found")
	err := s.o.Credentials.EachToken(ctx, p.UserID, func(t store.Token) error {
		if t.ID != p.TokenID || !s.o.Now().Before(t.ExpiresAt) {
			return nil
		}
		roles = effective(rolesOf(t.Roles), owner)
		return found
	})
	switch {
	case errors.Is(err, found):
		return roles, nil
	case err != nil:
		return nil, err
	}
	return nil, ErrSignedOut
}
