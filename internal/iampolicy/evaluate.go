package iampolicy

import (
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

// Request is one call that somebody may or may not make.
type Request struct {
	// Principal is the ARN of the role or user who calls, or the name of an AWS service (glue.amazonaws.com).
	Principal string
	Action    string // e.g. "kms:Decrypt"
	Resource  string // ARN
	// Context are condition keys whose values are known, e.g. {"kms:ViaService": {"s3.eu-west-1.amazonaws.com"}}. An
	// empty list is a key known to be absent from the request; keys that are not here are unknown, except those that
	// follow from the principal and the action.
	Context map[string][]string
}

// decision is what one document says of a request, before a deny is weighed against an allow.
type decision struct {
	denied    Answer
	direct    Answer // allowed to the principal itself
	delegated Answer // allowed to the principal's account, which may pass it on by identity policies
}

// unread is the decision of a document that could not be read.
func unread() decision { return decision{CantTell, CantTell, CantTell} }

// Allows tells whether this document by itself allows the request. A document without principals is taken for an
// identity policy of the caller. A grant to the caller's whole account is no answer of Yes: the account must pass it
// on, see KeyAccess.
func (d Document) Allows(r Request) Answer {
	decision := d.decide(r)
	return withDeny(decision.direct, decision.denied)
}

// withDeny weighs an allow against a deny, which always wins.
func withDeny(allowed, denied Answer) Answer { return min(allowed, denied.not()) }

func (d Document) decide(r Request) decision {
	c := r.context()
	var result decision
	for _, s := range d.Statements {
		applies := min(s.action(r.Action), s.resource(r.Resource, d.Version), c.holds(s.Conditions))
		direct, delegated := s.principal(r)
		if s.Effect == Deny {
			result.denied = max(result.denied, min(applies, max(direct, delegated)))
			continue
		}
		result.direct = max(result.direct, min(applies, direct))
		result.delegated = max(result.delegated, min(applies, delegated))
	}
	return result
}

// context is what is known of the request: what the caller says, and what follows from the principal.
func (r Request) context() context {
	c := context{}
	if a, err := resource.ParseARN(r.Principal); err == nil {
		c["aws:principalarn"] = []string{r.Principal}
		c["aws:principalaccount"] = []string{a.Account}
		c["aws:principalisawsservice"] = []string{"false"}
		c["aws:principalservicename"] = nil
		if strings.HasPrefix(strings.ToLower(r.Action), "kms:") {
			c["kms:calleraccount"] = []string{a.Account}
		}
	} else {
		c["aws:principalisawsservice"] = []string{"true"}
		c["aws:principalservicename"] = []string{r.Principal}
		c["aws:principalorgid"] = nil
		c["aws:principalaccount"] = nil
	}
	if a, err := resource.ParseARN(r.Resource); err == nil && isAccount(a.Account) {
		c["aws:resourceaccount"] = []string{a.Account}
	}
	for key, values := range r.Context {
		c[strings.ToLower(key)] = values
	}
	return c
}

func (s Statement) action(action string) Answer {
	matches := func(pattern string) bool { return glob(strings.ToLower(pattern), strings.ToLower(action)) }
	if s.NotActions != nil {
		return answer(!slices.ContainsFunc(s.NotActions, matches))
	}
	return answer(slices.ContainsFunc(s.Actions, matches))
}

// resource tells whether the statement is about the resource. A statement without Resource, as trust policies have
// them, is about the resource that the policy belongs to.
func (s Statement) resource(arn, version string) Answer {
	variables := version == "2012-10-17" // older documents have no policy variables
	switch {
	case s.NotResources != nil:
		return anyResource(s.NotResources, arn, variables).not()
	case s.Resources != nil:
		return anyResource(s.Resources, arn, variables)
	}
	return Yes
}

func anyResource(patterns []string, arn string, variables bool) Answer {
	result := No
	for _, p := range patterns {
		switch {
		case p == "*" || globARN(p, arn):
			return Yes
		case variables && strings.Contains(p, "${"):
			if glob(widen(p), arn) {
				result = CantTell
			}
		case glob(p, arn): // not the form of an ARN, or a star that reaches over colons: AWS may not read it so
			result = CantTell
		}
	}
	return result
}

// widen puts a star in the place of each policy variable.
func widen(pattern string) string {
	var b strings.Builder
	for {
		head, rest, found := strings.Cut(pattern, "${")
		b.WriteString(head)
		if !found {
			return b.String()
		}
		b.WriteByte('*')
		_, pattern, _ = strings.Cut(rest, "}")
	}
}

// principal tells whether the statement means the caller directly, and whether it means the caller's account.
func (s Statement) principal(r Request) (direct, delegated Answer) {
	if s.hasNotPrincipals {
		return s.notPrincipal(r), No
	}
	if !s.hasPrincipals {
		return Yes, No // an identity policy: its owner is the caller
	}
	for _, p := range s.Principals {
		d, a := p.means(r)
		direct, delegated = max(direct, d), max(delegated, a)
	}
	return direct, delegated
}

// notPrincipal tells whether the caller is none of those named. Naming a role leaves open whether its sessions and its
// account are meant too, so that only somebody who is in no way named is surely meant.
func (s Statement) notPrincipal(r Request) Answer {
	for _, p := range s.NotPrincipals {
		direct, delegated := p.means(r)
		switch {
		case p.Everyone():
			return No
		case max(direct, delegated) != No:
			return CantTell
		}
	}
	return Yes
}

// means tells whether a principal of a policy is the caller, or the caller's whole account.
func (p Principal) means(r Request) (direct, delegated Answer) {
	caller, err := resource.ParseARN(r.Principal)
	if err != nil { // an AWS service
		return answer(p.Kind == Service && (p.ID == r.Principal || p.ID == "*")), No
	}
	switch {
	case p.Kind != AWS:
		return No, No
	case p.ID == "*":
		return Yes, No
	case p.ID == r.Principal:
		return Yes, No
	case p.WholeAccount():
		return No, answer(p.Account() == caller.Account)
	case sessionOf(p.ID, caller):
		return CantTell, No // one session of the role, which may or may not be the one that calls
	}
	return No, No
}

// sessionOf tells whether an ARN is that of a session of the role.
func sessionOf(session string, role resource.ARN) bool {
	s, err := resource.ParseARN(session)
	if err != nil || s.Service != "sts" || s.Account != role.Account {
		return false
	}
	name := role.Resource[strings.LastIndex(role.Resource, "/")+1:]
	return strings.HasPrefix(s.Resource, "assumed-role/"+name+"/")
}
