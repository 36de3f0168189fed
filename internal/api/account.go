package api

import (
	"context"
	"errors"
	"time"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

// Login implements openapi.StrictServerInterface.
func (s *Server) Login(ctx context.Context, r openapi.LoginRequestObject) (openapi.LoginResponseObject, error) {
	if _, err := s.take(ctx, "login", r.Body); err != nil {
		return nil, err
	}
	value, session, err := s.o.Auth.Login(ctx, r.Body.Name, r.Body.Password, auth.Address(ctx))
	if err != nil {
		return nil, err
	}
	user, err := s.o.Store.User(ctx, session.UserID)
	if err != nil {
		return nil, err
	}
	p := auth.Principal{
		Actor:  store.Actor{Kind: store.ActorUser, Name: user.Name, Address: session.Address},
		UserID: user.ID, Roles: as[auth.Role](user.Roles), Session: session.Hash,
	}
	out := openapi.Login200JSONResponse{Body: sessionOf(p, user)}
	out.Body.ExpiresAt = session.ExpiresAt
	out.Headers.SetCookie = s.o.Auth.Cookie(value, session).String()
	return out, nil
}

// sessionOf says who asks and what that one may do.
func sessionOf(p auth.Principal, u store.User) openapi.Session {
	out := openapi.Session{
		Actor: p.Actor, UserID: p.UserID, Name: u.Name, Roles: append([]auth.Role{}, p.Roles...), Permissions: []auth.Permission{},
		Local: u.ID != "" && u.Subject == "",
	}
	if out.Name == "" {
		out.Name = p.Actor.Name
	}
	for _, may := range permissions() {
		if p.May(may) {
			out.Permissions = append(out.Permissions, may)
		}
	}
	return out
}

// permissions lists every permission.
func permissions() []auth.Permission {
	return []auth.Permission{
		auth.See, auth.SeeTrail, auth.Audit, auth.Propose, auth.Run, auth.Decide, auth.Schedule, auth.ManageUsers, auth.ManageAccount,
	}
}

// Logout implements openapi.StrictServerInterface.
func (s *Server) Logout(ctx context.Context, _ openapi.LogoutRequestObject) (openapi.LogoutResponseObject, error) {
	if _, err := s.allow(ctx, "logout"); err != nil {
		return nil, err
	}
	if err := s.o.Auth.Logout(ctx); err != nil {
		return nil, err
	}
	return openapi.Logout204Response{Headers: openapi.Logout204ResponseHeaders{SetCookie: s.o.Auth.NoCookie().String()}}, nil
}

// GetSession implements openapi.StrictServerInterface.
func (s *Server) GetSession(ctx context.Context, _ openapi.GetSessionRequestObject) (openapi.GetSessionResponseObject, error) {
	p, err := s.allow(ctx, "getSession")
	if err != nil {
		return nil, err
	}
	var user store.User
	if p.UserID != "" {
		if user, err = s.o.Store.User(ctx, p.UserID); err != nil {
			return nil, err
		}
	}
	out := sessionOf(p, user)
	if p.Session != "" {
		session, err := s.o.Store.Session(ctx, p.Session)
		if errors.Is(err, store.ErrNotFound) {
			return nil, auth.ErrSignedOut
		}
		if err != nil {
			return nil, err
		}
		out.ExpiresAt = session.ExpiresAt
	}
	return openapi.GetSession200JSONResponse(out), nil
}

// UseTicket implements openapi.StrictServerInterface.
func (s *Server) UseTicket(ctx context.Context, r openapi.UseTicketRequestObject) (openapi.UseTicketResponseObject, error) {
	if _, err := s.take(ctx, "useTicket", r.Body); err != nil {
		return nil, err
	}
	user, err := s.o.Auth.UseTicket(ctx, r.Body.Secret, r.Body.Password)
	if err != nil {
		return nil, err
	}
	return openapi.UseTicket200JSONResponse{Name: user.Name}, nil
}

// errBySession is a problem of what an API token must not do.
func errBySession(p auth.Principal) error {
	if p.Session == "" {
		return problem(403, CodeForbidden, "An API token can't do this: sign in with a name and a password.")
	}
	return nil
}

// ChangePassword implements openapi.StrictServerInterface.
func (s *Server) ChangePassword(ctx context.Context, r openapi.ChangePasswordRequestObject) (openapi.ChangePasswordResponseObject, error) {
	p, err := s.take(ctx, "changePassword", r.Body)
	if err != nil {
		return nil, err
	}
	if err := errBySession(p); err != nil {
		return nil, err
	}
	err = s.o.Auth.ChangePassword(ctx, r.Body.Current, r.Body.New)
	if errors.Is(err, auth.ErrCredentials) {
		return nil, errors.Join(problem(403, CodeCredentials, "The current password is wrong."), err)
	}
	if err != nil {
		return nil, err
	}
	return openapi.ChangePassword204Response{}, nil
}

// tokens lists the tokens of a user, or everybody's, with their owners' names.
func (s *Server) tokens(ctx context.Context, userID string) (openapi.TokenList, error) {
	found, err := s.o.Auth.Tokens(ctx, userID)
	if err != nil {
		return openapi.TokenList{}, err
	}
	names := map[string]string{}
	err = s.o.Store.EachUser(ctx, func(u store.User) error {
		names[u.ID] = u.Name
		return nil
	})
	out := openapi.TokenList{Items: []openapi.Token{}, Total: len(found)}
	for _, t := range found {
		out.Items = append(out.Items, s.tokenOf(t, names[t.UserID]))
	}
	return out, err
}

func (s *Server) tokenOf(t store.Token, owner string) openapi.Token {
	return openapi.Token{
		ID: t.ID, Name: t.Name, UserID: t.UserID, User: owner, Roles: append([]auth.Role{}, as[auth.Role](t.Roles)...),
		CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, UsedAt: t.UsedAt, Expired: !s.o.Now().Before(t.ExpiresAt),
	}
}

// ListMyTokens implements openapi.StrictServerInterface.
func (s *Server) ListMyTokens(ctx context.Context, _ openapi.ListMyTokensRequestObject) (openapi.ListMyTokensResponseObject, error) {
	p, err := s.allow(ctx, "listMyTokens")
	if err != nil {
		return nil, err
	}
	if p.UserID == "" {
		return openapi.ListMyTokens200JSONResponse{Items: []openapi.Token{}}, nil
	}
	list, err := s.tokens(ctx, p.UserID)
	return openapi.ListMyTokens200JSONResponse(list), err
}

// CreateToken implements openapi.StrictServerInterface.
func (s *Server) CreateToken(ctx context.Context, r openapi.CreateTokenRequestObject) (openapi.CreateTokenResponseObject, error) {
	p, err := s.take(ctx, "createToken", r.Body)
	if err != nil {
		return nil, err
	}
	if err := errBySession(p); err != nil {
		return nil, err
	}
	lasts := time.Duration(r.Body.ExpiresDays) * 24 * time.Hour
	secret, token, err := s.o.Auth.CreateToken(ctx, r.Body.Name, r.Body.Roles, lasts)
	if err != nil {
		return nil, err
	}
	return openapi.CreateToken201JSONResponse{Token: s.tokenOf(token, p.Actor.Name), Secret: secret}, nil
}

// DeleteToken implements openapi.StrictServerInterface.
func (s *Server) DeleteToken(ctx context.Context, r openapi.DeleteTokenRequestObject) (openapi.DeleteTokenResponseObject, error) {
	p, err := s.allow(ctx, "deleteToken")
	if err != nil {
		return nil, err
	}
	mine, err := s.o.Auth.Tokens(ctx, p.UserID)
	if err != nil {
		return nil, err
	}
	for _, t := range mine {
		if t.ID == r.ID && p.UserID != "" {
			return openapi.DeleteToken204Response{}, s.o.Auth.DropToken(ctx, r.ID)
		}
	}
	return nil, missing("token of yours", r.ID)
}
