package iampolicy

import (
	"slices"

	"github.com/glueguard/glueguard/internal/resource"
)

// Grant is a KMS grant on the key in question. Source: kms ListGrants.
type Grant struct {
	GranteePrincipal string   // ARN
	Operations       []string // without the service, e.g. "Decrypt"
	Constrained      bool     // it holds for a certain encryption context only
}

// KeyAccess is all that documents say of one principal's access to one KMS key. A fact that is unknown makes the
// answer CantTell unless the others settle it; an absent one says that there is no such document.
type KeyAccess struct {
	Key       resource.ARN
	KeyPolicy resource.Fact[Document]
	Grants    resource.Fact[[]Grant]
	Identity  resource.Fact[[]Document] // the principal's inline and attached policies, its groups' too
	Boundary  resource.Fact[Document]   // its permissions boundary; absent where it has none
}

// Allows tells whether the role or user of this ARN may call the action on the key, as far as documents can tell.
// KMS allows what the key policy grants to the principal itself, what it grants to the principal's account and an
// identity policy passes on, and what a grant gives. From another account an identity policy is needed in any case. A
// deny anywhere wins. Service control policies and the like are not looked at: they can only take away, so a No
// stands and a Yes means "these documents allow it".
func (k KeyAccess) Allows(principal, action string, context map[string][]string) Answer {
	r := Request{Principal: principal, Action: action, Resource: k.Key.String(), Context: context}
	key := unread()
	if d, ok := k.KeyPolicy.Value(); ok {
		key = d.decide(r)
	} else if k.KeyPolicy.IsAbsent() {
		key = decision{}
	}
	identity := k.identity(r)
	boundary := k.boundary(r)
	grant := k.grant(r)
	passedOn := min(identity.direct, boundary.direct)

	var allowed Answer
	caller, err := resource.ParseARN(principal)
	if err == nil && caller.Account == k.Key.Account {
		// A boundary that does not allow takes away what is granted to the role's ARN, not all else that is granted
		// directly.
		direct := min(key.direct, max(boundary.direct, CantTell))
		allowed = max(direct, min(key.delegated, passedOn), grant)
	} else {
		// Whether a grant alone is enough in another account, AWS does not say.
		allowed = max(min(key.direct, passedOn), min(key.delegated, passedOn), min(grant, max(passedOn, CantTell)))
	}
	return withDeny(allowed, max(key.denied, identity.denied, boundary.denied))
}

func (k KeyAccess) identity(r Request) decision {
	if k.Identity.IsUnknown() {
		return unread()
	}
	var all decision
	documents, _ := k.Identity.Value()
	for _, d := range documents {
		one := d.decide(r)
		all.denied, all.direct = max(all.denied, one.denied), max(all.direct, one.direct)
	}
	return all
}

// boundary is what the permissions boundary leaves; without one everything.
func (k KeyAccess) boundary(r Request) decision {
	if k.Boundary.IsUnknown() {
		return unread()
	}
	if d, ok := k.Boundary.Value(); ok {
		return d.decide(r)
	}
	return decision{direct: Yes}
}

func (k KeyAccess) grant(r Request) Answer {
	if k.Grants.IsUnknown() {
		return CantTell
	}
	result := No
	grants, _ := k.Grants.Value()
	for _, g := range grants {
		if g.GranteePrincipal != r.Principal || !slices.Contains(g.Operations, operationName(r.Action)) {
			continue
		}
		if !g.Constrained {
			return Yes
		}
		result = CantTell
	}
	return result
}

// operationName is the action without its service: kms:Decrypt is the operation Decrypt of a grant.
func operationName(action string) string {
	const service = "kms:"
	if len(action) > len(service) && action[:len(service)] == service {
		return action[len(service):]
	}
	return action
}

// TrustsService tells whether a role's trust policy lets an AWS service (glue.amazonaws.com) assume the role. What the
// service sends along (aws:SourceAccount, aws:SourceArn) is the context; conditions on anything else can't be told.
func (d Document) TrustsService(service, roleARN string, context map[string][]string) Answer {
	return d.Allows(Request{Principal: service, Action: "sts:AssumeRole", Resource: roleARN, Context: context})
}
