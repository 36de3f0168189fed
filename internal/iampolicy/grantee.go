package iampolicy

import (
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

// Grantee is one principal that an Allow statement of a resource's policy grants something.
type Grantee struct {
	Statement int    // counts from zero
	Sid       string // of the statement; may be empty
	Principal Principal
	// Wildcard: the principal stands for everyone, by "*" or because the statement says whom it does not mean.
	Wildcard bool
	// Narrowed: a condition confines the grant to certain accounts, principals, organisations or networks.
	Narrowed bool
	// Accounts are those from which the grant can be used: the principal's own, cut down to those that conditions
	// allow. Nil means that the document does not bound them; an empty list, that nobody fulfils the conditions.
	Accounts []string
}

// Grantees lists whom the Allow statements grant, in order. A condition narrows when it compares, by an equality or
// by a pattern, a key that is set by AWS with values that name an account, a principal, an organisation or a network
// in full. Forms that also hold when the key is missing (IfExists, ForAllValues, Null, negations) don't narrow. A Deny
// of everyone but those, for all the actions that a statement allows, narrows in the same way.
func (d Document) Grantees() []Grantee {
	var all []Grantee
	for i, s := range d.Statements {
		if s.Effect != Allow || (!s.hasPrincipals && !s.hasNotPrincipals) {
			continue
		}
		r := d.reach(s)
		principals := s.Principals
		if s.hasNotPrincipals {
			principals = []Principal{{AWS, "*"}}
		}
		for _, p := range principals {
			g := Grantee{Statement: i, Sid: s.Sid, Principal: p, Wildcard: p.Everyone(), Narrowed: r.narrowed, Accounts: r.accounts}
			if account := p.Account(); account != "" && !g.Wildcard {
				g.Accounts = reach{accounts: []string{account}}.and(r).accounts
			}
			all = append(all, g)
		}
	}
	return all
}

// GranteesOf lists those whom the Allow statements grant one action, such as kms:GenerateDataKey. What Deny statements
// take away again is not looked at, but for the conditions that Grantees knows.
func (d Document) GranteesOf(action string) []Grantee {
	return slices.DeleteFunc(d.Grantees(), func(g Grantee) bool { return d.Statements[g.Statement].action(action) == No })
}

// reach is how far a statement reaches: whether conditions confine it, and to which accounts if they say (nil: they
// don't).
type reach struct {
	narrowed bool
	accounts []string
}

// and is what both allow.
func (r reach) and(o reach) reach {
	both := reach{narrowed: r.narrowed || o.narrowed, accounts: r.accounts}
	switch {
	case r.accounts == nil:
		both.accounts = o.accounts
	case o.accounts != nil:
		both.accounts = []string{}
		for _, a := range r.accounts {
			if slices.Contains(o.accounts, a) {
				both.accounts = append(both.accounts, a)
			}
		}
	}
	return both
}

// reach of an Allow statement, given the document's Deny statements.
func (d Document) reach(allow Statement) reach {
	var r reach
	for _, c := range allow.Conditions {
		if operator, ok := narrowing(c.Operator); ok {
			r = r.and(confines(operator, c))
		}
	}
	for _, s := range d.Statements {
		if c, ok := denyOfOthers(s); ok && covers(s.Actions, allow) && coversResources(s) {
			operator, _ := narrowing(strings.Replace(strings.TrimSuffix(c.Operator, "IfExists"), "Not", "", 1))
			r = r.and(confines(operator, c))
		}
	}
	return r
}

// narrowing returns the plain operator of a condition that fails when its key is missing or different.
func narrowing(operator string) (string, bool) {
	operator = strings.TrimPrefix(operator, "ForAnyValue:")
	switch operator {
	case "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike":
		return operator, true
	}
	return "", false
}

// denyOfOthers returns the condition of a statement that denies everyone who is not among its values. Beside it only
// an exemption of AWS services may stand, because any other condition would let more through.
func denyOfOthers(s Statement) (Condition, bool) {
	if s.Effect != Deny || len(s.Principals) != 1 || !s.Principals[0].Everyone() {
		return Condition{}, false
	}
	var found []Condition
	for _, c := range s.Conditions {
		if strings.EqualFold(c.Key, "aws:PrincipalIsAWSService") && strings.TrimSuffix(c.Operator, "IfExists") == "Bool" && slices.Equal(c.Values, []string{"false"}) {
			continue
		}
		found = append(found, c)
	}
	if len(found) != 1 {
		return Condition{}, false
	}
	switch strings.TrimSuffix(found[0].Operator, "IfExists") {
	case "StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike", "ArnNotEquals", "ArnNotLike":
		return found[0], true
	}
	return Condition{}, false
}

// covers tells whether the denied patterns take in all that the statement allows.
func covers(denied []string, allow Statement) bool {
	if slices.Contains(denied, "*") {
		return true
	}
	return allow.Actions != nil && !slices.ContainsFunc(allow.Actions, func(action string) bool {
		return !slices.ContainsFunc(denied, func(d string) bool { return glob(strings.ToLower(d), strings.ToLower(action)) })
	})
}

// coversResources tells whether a statement is about all that the document protects.
func coversResources(s Statement) bool {
	return s.NotResources == nil && (s.Resources == nil || slices.Contains(s.Resources, "*"))
}

// confines is how far the values of one condition reach. A single value that is not a full name widens it to all.
func confines(operator string, c Condition) reach {
	if len(c.Values) == 0 {
		return reach{}
	}
	r := reach{narrowed: true}
	bounded := true
	for _, v := range c.Values {
		account, ok := namesInFull(operator, strings.ToLower(c.Key), v)
		if !ok {
			return reach{}
		}
		bounded = bounded && account != ""
		if !slices.Contains(r.accounts, account) {
			r.accounts = append(r.accounts, account)
		}
	}
	if !bounded {
		r.accounts = nil
	}
	return r
}

// namesInFull tells whether a value of a condition key names an account (which it returns), or a principal,
// organisation or network. Tags, source addresses and the calling service are no names: others can bring them too.
func namesInFull(operator, key, value string) (account string, ok bool) {
	switch key {
	case "kms:calleraccount", "aws:principalaccount", "aws:sourceaccount":
		return value, isAccount(value)
	case "aws:principalarn", "aws:sourcearn":
		return namesARN(operator, value)
	case "aws:principalorgid", "aws:sourceorgid":
		return "", strings.HasPrefix(value, "o-") && !hasWildcard(value)
	case "aws:principalorgpaths", "aws:sourceorgpaths":
		org, _, path := strings.Cut(value, "/")
		return "", path && strings.HasPrefix(org, "o-") && !hasWildcard(org)
	case "aws:sourcevpc", "aws:sourcevpce":
		return "", strings.HasPrefix(value, "vpc") && !hasWildcard(value)
	case "aws:userid":
		id, _, _ := strings.Cut(value, ":")
		return "", isUniqueID(id)
	}
	return "", false
}

// namesARN tells whether an ARN, or a pattern, leaves no doubt of the account: partition, service and account are
// written out. A pattern in an earlier part could swallow colons, so that the account stood in another place.
func namesARN(operator, value string) (account string, ok bool) {
	a, err := resource.ParseARN(value)
	if err != nil || hasWildcard(a.Partition) || hasWildcard(a.Service) || (hasWildcard(a.Region) && operator == "StringLike") {
		return "", false
	}
	if isAccount(a.Account) {
		return a.Account, true
	}
	return "", a.Account == "" && !hasWildcard(value) // e.g. a bucket, which has no account in its ARN
}
