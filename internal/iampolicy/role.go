package iampolicy

import "github.com/glueguard/glueguard/internal/resource"

// RoleAccess is all that documents say of what one role or user may do, before the resource's own policy is asked.
type RoleAccess struct {
	Identity resource.Fact[[]Document] // inline and attached policies
	Boundary resource.Fact[Document]   // its permissions boundary; absent where it has none
}

// Allows tells whether the identity policies allow the request and nothing of them or of the boundary forbids it. A No
// may still be allowed by the resource's own policy; see Denies.
func (a RoleAccess) Allows(r Request) Answer {
	k := KeyAccess{Identity: a.Identity, Boundary: a.Boundary}
	identity, boundary := k.identity(r), k.boundary(r)
	return withDeny(min(identity.direct, boundary.direct), max(identity.denied, boundary.denied))
}

// Denies tells whether a statement forbids the request, so that no other policy can allow it.
func (a RoleAccess) Denies(r Request) Answer {
	k := KeyAccess{Identity: a.Identity, Boundary: a.Boundary}
	return max(k.identity(r).denied, k.boundary(r).denied)
}
