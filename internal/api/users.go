package api

import (
	"context"
	"errors"
	"net/url"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

func userOf(u store.User) openapi.User {
	out := openapi.User{
		ID: u.ID, Name: u.Name, Roles: append([]auth.Role{}, as[auth.Role](u.Roles)...), Source: openapi.UserSourceLocal, Disabled: u.Disabled,
		HasPassword: u.PasswordHash != "", CreatedAt: u.CreatedAt, LastLoginAt: u.LastLoginAt, Version: u.Version,
	}
	if u.Subject != "" {
		out.Source = openapi.UserSourceOidc
	}
	return out
}

func ticketOf(l auth.Link) openapi.Ticket {
	return openapi.Ticket{Secret: l.Secret, Path: "/setup?" + url.Values{"ticket": {l.Secret}}.Encode(), ExpiresAt: l.ExpiresAt}
}

// ListUsers implements openapi.StrictServerInterface.
func (s *Server) ListUsers(ctx context.Context, _ openapi.ListUsersRequestObject) (openapi.ListUsersResponseObject, error) {
	if _, err := s.allow(ctx, "listUsers"); err != nil {
		return nil, err
	}
	users, err := s.o.Auth.ListUsers(ctx)
	out := openapi.ListUsers200JSONResponse{Items: []openapi.User{}, Total: len(users)}
	for _, u := range users {
		out.Items = append(out.Items, userOf(u))
	}
	return out, err
}

// CreateUser implements openapi.StrictServerInterface.
func (s *Server) CreateUser(ctx context.Context, r openapi.CreateUserRequestObject) (openapi.CreateUserResponseObject, error) {
	if _, err := s.take(ctx, "createUser", r.Body); err != nil {
		return nil, err
	}
	user, link, err := s.o.Auth.CreateUser(ctx, r.Body.Name, r.Body.Roles)
	if errors.Is(err, store.ErrConflict) {
		return nil, problem(409, CodeConflict, "There is a user of that name already.")
	}
	if err != nil {
		return nil, err
	}
	return openapi.CreateUser201JSONResponse{User: userOf(user), Ticket: ticketOf(link)}, nil
}

// UpdateUser implements openapi.StrictServerInterface.
func (s *Server) UpdateUser(ctx context.Context, r openapi.UpdateUserRequestObject) (openapi.UpdateUserResponseObject, error) {
	if _, err := s.take(ctx, "updateUser", r.Body); err != nil {
		return nil, err
	}
	update := auth.UserChange{Disabled: r.Body.Disabled, Version: r.Body.Version}
	if len(r.Body.Roles) > 0 {
		update.Roles = &r.Body.Roles
	}
	user, err := s.o.Auth.UpdateUser(ctx, r.ID, update)
	if errors.Is(err, store.ErrNotFound) {
		return nil, missing("user", r.ID)
	}
	if err != nil {
		return nil, err
	}
	return openapi.UpdateUser200JSONResponse(userOf(user)), nil
}

// CreateTicket implements openapi.StrictServerInterface.
func (s *Server) CreateTicket(ctx context.Context, r openapi.CreateTicketRequestObject) (openapi.CreateTicketResponseObject, error) {
	if _, err := s.allow(ctx, "createTicket"); err != nil {
		return nil, err
	}
	link, err := s.o.Auth.NewLink(ctx, r.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, missing("user", r.ID)
	}
	if err != nil {
		return nil, err
	}
	return openapi.CreateTicket201JSONResponse(ticketOf(link)), nil
}

// ListTokens implements openapi.StrictServerInterface.
func (s *Server) ListTokens(ctx context.Context, _ openapi.ListTokensRequestObject) (openapi.ListTokensResponseObject, error) {
	if _, err := s.allow(ctx, "listTokens"); err != nil {
		return nil, err
	}
	list, err := s.tokens(ctx, "")
	return openapi.ListTokens200JSONResponse(list), err
}

// RevokeToken implements openapi.StrictServerInterface.
func (s *Server) RevokeToken(ctx context.Context, r openapi.RevokeTokenRequestObject) (openapi.RevokeTokenResponseObject, error) {
	if _, err := s.allow(ctx, "revokeToken"); err != nil {
		return nil, err
	}
	err := s.o.Auth.DropToken(ctx, r.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, missing("token", r.ID)
	}
	return openapi.RevokeToken204Response{}, err
}
