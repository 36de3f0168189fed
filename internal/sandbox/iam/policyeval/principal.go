package policyeval

import (
	"encoding/json"
	"strings"
)

// Principal is who makes a request: an identity of an account, or a service.
type Principal struct {
	Account string // 12 digits
	ARN     string // root, user or assumed-role session
	Role    string // ARN of the role behind a session
	Service string // a service principal, e.g. "glue.amazonaws.com"; then the rest is empty
}

// grade is how closely a policy names a principal; it decides which other policies still limit the grant.
type grade int

const (
	unnamed   grade = iota
	byAccount       // the account: its own identity policies decide
	byRole          // the role, or everyone: boundary and session policies still limit
	directly        // the user, session or service itself: nothing else needs to allow
)

type principalSet struct {
	everyone bool
	accounts []string
	arns     []string
	services []string
	written  []string // the AWS principals as written
}

func parsePrincipals(raw json.RawMessage) (*principalSet, error) {
	set := &principalSet{}
	var star string
	if json.Unmarshal(raw, &star) == nil {
		if star != "*" {
			return nil, malformed("Invalid principal in policy.")
		}
		set.everyone = true
		set.written = []string{"*"}
		return set, nil
	}
	var kinds map[string]oneOrMany
	if json.Unmarshal(raw, &kinds) != nil || len(kinds) == 0 {
		return nil, syntax()
	}
	for kind, names := range kinds {
		switch kind {
		case "AWS":
			for _, name := range names {
				if !set.addAWS(name) {
					return nil, malformed(`Invalid principal in policy: "AWS":"` + name + `"`)
				}
			}
		case "Service":
			set.services = append(set.services, names...)
		case "Federated", "CanonicalUser":
			// Such principals can't call the sandbox, so they match no one.
		default:
			return nil, malformed("Invalid principal in policy.")
		}
	}
	return set, nil
}

// addAWS takes "*", an account id, or the ARN of an account, user, role or session; no other wildcards are allowed.
func (set *principalSet) addAWS(name string) bool {
	set.written = append(set.written, name)
	switch {
	case name == "*":
		set.everyone = true
	case isAccountID(name):
		set.accounts = append(set.accounts, name)
	default:
		f := strings.SplitN(name, ":", 6)
		if len(f) != 6 || f[0] != "arn" || (f[2] != "iam" && f[2] != "sts") || strings.ContainsAny(name, "*?") || !isAccountID(f[4]) {
			return false
		}
		if f[5] == "root" {
			set.accounts = append(set.accounts, f[4])
			return true
		}
		set.arns = append(set.arns, name)
	}
	return true
}

func isAccountID(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func (set *principalSet) grade(p *Principal) grade {
	best := unnamed
	if p.Service != "" {
		if set.everyone || contains(set.services, p.Service) {
			best = directly
		}
		return best
	}
	if contains(set.accounts, p.Account) {
		best = byAccount
	}
	if set.everyone || (p.Role != "" && contains(set.arns, p.Role)) {
		best = byRole
	}
	if contains(set.arns, p.ARN) {
		best = directly
	}
	return best
}

// excludes says whether a NotPrincipal with Deny leaves the principal alone: every identity that it has must be
// listed, its account, its role and its session.
func (set *principalSet) excludes(p *Principal) bool {
	if set.everyone {
		return true
	}
	if p.Service != "" {
		return contains(set.services, p.Service)
	}
	if !contains(set.accounts, p.Account) {
		return false
	}
	if p.Role != "" && !contains(set.arns, p.Role) {
		return false
	}
	return strings.HasSuffix(p.ARN, ":root") || contains(set.arns, p.ARN)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// grade of a statement for a principal; a document without principals speaks about whoever it is attached to.
func (s *statement) grade(p *Principal) grade {
	switch {
	case s.principals == nil:
		return directly
	case !s.notPrincipal:
		return s.principals.grade(p)
	case s.deny && s.principals.excludes(p), !s.deny && s.principals.grade(p) != unnamed:
		return unnamed
	default:
		return byRole
	}
}
