// Package auth says who somebody is and what they may do: users with passwords or from an OIDC issuer, API tokens,
// sign-ins, roles, and the rules of approval. API, console and command line go by the same rules.
package auth

import (
	"context"
	"slices"

	"github.com/glueguard/glueguard/internal/store"
)

// Role is a set of permissions that goes by one name. A user may have several.
type Role string

// The roles.
const (
	Viewer        Role = "viewer"        // sees everything but users, tokens and the audit trail
	Operator      Role = "operator"      // a viewer who audits, plans, asks for changes and starts what is approved
	Approver      Role = "approver"      // a viewer who approves and rejects what others ask for, and sees the audit trail
	Administrator Role = "administrator" // all of these, and users, tokens of others, schedules
)

// Roles lists the roles, from the one that may least.
func Roles() []Role { return []Role{Viewer, Operator, Approver, Administrator} }

// Permission is the right to do one kind of thing.
type Permission string

// The permissions.
const (
	See           Permission = "see"            // findings, audits, plans, changes, requests, exceptions, policy, controls
	SeeTrail      Permission = "see-trail"      // the audit trail
	Audit         Permission = "audit"          // run audits
	Propose       Permission = "propose"        // make plans, ask for changes and exceptions, withdraw what one asked for
	Run           Permission = "run"            // start what may be started, resume, interrupt
	Decide        Permission = "decide"         // approve and reject requests and exceptions
	Schedule      Permission = "schedule"       // schedules of audits
	ManageUsers   Permission = "manage-users"   // users, their roles, everybody's tokens
	ManageAccount Permission = "manage-account" // one's own password and tokens
)

// permissions are what a role may do.
func (r Role) permissions() []Permission {
	switch r {
	case Viewer:
		return []Permission{See, ManageAccount}
	case Operator:
		return []Permission{See, ManageAccount, Audit, Propose, Run}
	case Approver:
		return []Permission{See, ManageAccount, SeeTrail, Decide}
	case Administrator:
		return []Permission{See, ManageAccount, SeeTrail, Audit, Propose, Run, Decide, Schedule, ManageUsers}
	}
	return nil
}

// Principal is who asks.
type Principal struct {
	Actor  store.Actor // as the audit trail names them
	UserID string      // empty on the command line
	Roles  []Role
	// TokenID is set where an API token was shown, and Session, the hash of a sign-in, where a cookie was.
	TokenID, Session string
}

// May tells whether the principal has a permission.
func (p Principal) May(want Permission) bool {
	return slices.ContainsFunc(p.Roles, func(r Role) bool { return slices.Contains(r.permissions(), want) })
}

type principalKey struct{}

// With returns a context that says who asks.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From returns who asks; ok is false where nobody has signed in.
func From(ctx context.Context) (p Principal, ok bool) {
	p, ok = ctx.Value(principalKey{}).(Principal)
	return p, ok
}
