package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Why somebody is not let in, or may not do something.
var (
	// ErrCredentials means a wrong name or a wrong password; which of the two is never said.
	ErrCredentials = errors.New("the name or the password is wrong")
	// ErrSignedOut means that nobody has signed in, or that the sign-in or token shown does not hold (any more).
	ErrSignedOut = errors.New("sign in first")
	// ErrTicket means that a one-time link was used already, has expired, was replaced, or never was.
	ErrTicket = errors.New("this link was used already, has expired, or was replaced by a newer one")
	// ErrLastAdministrator means that nobody would be left who may manage users.
	ErrLastAdministrator = errors.New("this is the last administrator who can sign in")
	// ErrNoLocalPassword means that a user signs in with the OIDC issuer, and so has no password here.
	ErrNoLocalPassword = errors.New("this user signs in with the organisation's identity provider, and has no password here")
	// ErrRolesFromGroups means that a user's roles come from the OIDC issuer's groups at each sign-in.
	ErrRolesFromGroups = errors.New("this user's roles come from the groups of the organisation's identity provider")
	// ErrNoOIDC means that no OIDC issuer is configured.
	ErrNoOIDC = errors.New("no identity provider is configured")
)

// ForbiddenError means that who asks lacks a permission.
type ForbiddenError struct{ Permission Permission }

func (e *ForbiddenError) Error() string {
	return fmt.Sprintf("this needs the permission %s, which the roles %s have", e.Permission, rolesWith(e.Permission))
}

// rolesWith names the roles that have a permission.
func rolesWith(want Permission) string {
	var names []string
	for _, r := range Roles() {
		if (Principal{Roles: []Role{r}}).May(want) {
			names = append(names, string(r))
		}
	}
	return strings.Join(names, ", ")
}

// RateError means that there were too many attempts, or too many at once.
type RateError struct{ RetryAfter time.Duration }

func (e *RateError) Error() string {
	return fmt.Sprintf("too many attempts: try again in %s", e.RetryAfter.Round(time.Second))
}

// Seconds is RetryAfter for the header of that name: whole seconds, at least one.
func (e *RateError) Seconds() int { return max(1, int((e.RetryAfter+time.Second-1)/time.Second)) }

// PasswordError means that a password is not good enough. It holds nothing of the password.
type PasswordError struct{ Reason string }

func (e *PasswordError) Error() string { return "the password " + e.Reason }

// InputError means that something that was asked for makes no sense.
type InputError struct{ Field, Reason string }

func (e *InputError) Error() string { return e.Field + ": " + e.Reason }
