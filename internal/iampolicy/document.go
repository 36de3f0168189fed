package iampolicy

import (
	"errors"
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

// ErrDocument is wrapped by every error that Parse returns.
var ErrDocument = errors.New("not a policy document")

// Document is a policy document as AWS stores it.
type Document struct {
	Version    string // "2012-10-17", or "2008-10-17", which is what an absent one means
	ID         string
	Statements []Statement
}

// Statement is one statement. Of each pair of opposites (Actions and NotActions, …) at most one is stated; a nil list
// was not stated, an empty one was.
type Statement struct {
	Sid                             string
	Effect                          Effect
	Principals, NotPrincipals       []Principal
	Actions, NotActions             []string
	Resources, NotResources         []string
	Conditions                      []Condition
	hasPrincipals, hasNotPrincipals bool
}

// Effect is Allow or Deny, spelt so.
type Effect string

// The effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Condition is one operator and key with its values. A statement holds only if all its conditions do.
type Condition struct {
	Operator string // e.g. "StringEquals", "ForAnyValue:StringLike", "ArnLikeIfExists"
	Key      string // e.g. "aws:PrincipalOrgID"; its case is no matter
	Values   []string
}

// PrincipalKind says how a policy names a principal.
type PrincipalKind string

// The kinds of principals.
const (
	AWS           PrincipalKind = "AWS"
	Service       PrincipalKind = "Service"
	Federated     PrincipalKind = "Federated"
	CanonicalUser PrincipalKind = "CanonicalUser"
)

// Principal is one principal as written. "Principal": "*" is {AWS, "*"}, which means the same.
type Principal struct {
	Kind PrincipalKind
	ID   string
}

// Account is the account that the principal belongs to, or empty where the text does not tell.
func (p Principal) Account() string {
	if p.Kind == Service || p.Kind == CanonicalUser {
		return ""
	}
	if isAccount(p.ID) {
		return p.ID
	}
	if a, err := resource.ParseARN(p.ID); err == nil && isAccount(a.Account) {
		return a.Account
	}
	return ""
}

// Everyone tells whether the principal stands for anybody. AWS refuses other patterns than the bare star; one that
// has a star anyway is taken for everyone, the widest that it can mean.
func (p Principal) Everyone() bool { return strings.Contains(p.ID, "*") }

// WholeAccount tells whether the principal is an account and with it whatever its administrators allow: the account
// id, or the ARN of its root.
func (p Principal) WholeAccount() bool {
	if p.Kind != AWS {
		return false
	}
	a, err := resource.ParseARN(p.ID)
	return isAccount(p.ID) || (err == nil && a.Service == "iam" && isAccount(a.Account) && a.Resource == "root")
}

// Deleted tells whether the principal is the unique id that AWS shows in the place of a user or role that was
// deleted. It grants nobody: a new user or role of the same name has another id.
func (p Principal) Deleted() bool { return p.Kind == AWS && isUniqueID(p.ID) }

// isUniqueID tells whether the text has the form of IAM's unique ids of users, roles, groups and instance profiles.
func isUniqueID(s string) bool {
	if len(s) < 16 {
		return false
	}
	switch s[:4] {
	case "AIDA", "AROA", "AGPA", "AIPA":
		return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
	}
	return false
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}
