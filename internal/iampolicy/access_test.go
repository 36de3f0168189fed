package iampolicy_test

import (
	"testing"

	"github.com/glueguard/glueguard/internal/iampolicy"
	"github.com/glueguard/glueguard/internal/resource"
)

// Whether a role may decrypt with a key, from all the documents that have a say.
func TestKeyAccess(t *testing.T) {
	t.Parallel()
	const yes, no, open = iampolicy.Yes, iampolicy.No, iampolicy.CantTell
	known := func(text string) resource.Fact[iampolicy.Document] { return resource.Known(parse(t, text)) }
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }
	toRoot := known(statement(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`))
	toRole := known(statement(`{"Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"kms:Decrypt","Resource":"*"}`))
	toNobody := known(statement(`{"Effect":"Allow","Principal":{"AWS":"999999999999"},"Action":"kms:*","Resource":"*"}`))
	denies := known(statement(`{"Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"kms:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}`))
	allowText := statement(`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:*:111122223333:key/*"}`)
	allow := resource.Known([]iampolicy.Document{parse(t, statement(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)), parse(t, allowText)})
	none := resource.Known([]iampolicy.Document{})
	deny := resource.Known([]iampolicy.Document{parse(t, statement(`{"Effect":"Deny","Action":"kms:*","Resource":"*"}`))})
	noGrants := resource.Known([]iampolicy.Grant{})
	grant := func(g iampolicy.Grant) resource.Fact[[]iampolicy.Grant] { return resource.Known([]iampolicy.Grant{g}) }
	granted := grant(iampolicy.Grant{GranteePrincipal: role, Operations: []string{"Encrypt", "Decrypt"}})
	noBoundary := resource.Absent[iampolicy.Document]()
	boundaryS3 := known(statement(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`))
	boundaryKMS := known(statement(`{"Effect":"Allow","Action":"kms:*","Resource":"*"}`))
	unread := resource.Fact[iampolicy.Document]{}
	tests := map[string]struct {
		access    iampolicy.KeyAccess
		same, far iampolicy.Answer // for a role of the key's account, and of another one
	}{
		"delegated and passed on":              {iampolicy.KeyAccess{KeyPolicy: toRoot, Grants: noGrants, Identity: allow, Boundary: noBoundary}, yes, no},
		"delegated, not passed on":             {iampolicy.KeyAccess{KeyPolicy: toRoot, Grants: noGrants, Identity: none, Boundary: noBoundary}, no, no},
		"identity alone is not enough":         {iampolicy.KeyAccess{KeyPolicy: toNobody, Grants: noGrants, Identity: allow, Boundary: noBoundary}, no, no},
		"granted to the role":                  {iampolicy.KeyAccess{KeyPolicy: toRole, Grants: noGrants, Identity: none, Boundary: noBoundary}, yes, no},
		"denied by the key policy":             {iampolicy.KeyAccess{KeyPolicy: denies, Grants: granted, Identity: allow, Boundary: noBoundary}, no, no},
		"denied by identity":                   {iampolicy.KeyAccess{KeyPolicy: toRole, Grants: granted, Identity: deny, Boundary: noBoundary}, no, no},
		"by a grant":                           {iampolicy.KeyAccess{KeyPolicy: toNobody, Grants: granted, Identity: none, Boundary: noBoundary}, yes, no},
		"a grant of other operations":          {iampolicy.KeyAccess{KeyPolicy: toNobody, Grants: grant(iampolicy.Grant{GranteePrincipal: role, Operations: []string{"Encrypt"}}), Identity: allow, Boundary: noBoundary}, no, no},
		"a grant to another":                   {iampolicy.KeyAccess{KeyPolicy: toNobody, Grants: grant(iampolicy.Grant{GranteePrincipal: role + "2", Operations: []string{"Decrypt"}}), Identity: allow, Boundary: noBoundary}, no, no},
		"a constrained grant":                  {iampolicy.KeyAccess{KeyPolicy: toNobody, Grants: grant(iampolicy.Grant{GranteePrincipal: role, Operations: []string{"Decrypt"}, Constrained: true}), Identity: none, Boundary: noBoundary}, open, no},
		"grants unread":                        {iampolicy.KeyAccess{KeyPolicy: toNobody, Identity: none, Boundary: noBoundary}, open, open},
		"grants unread, no matter":             {iampolicy.KeyAccess{KeyPolicy: toRoot, Identity: allow, Boundary: noBoundary}, yes, open},
		"key policy unread":                    {iampolicy.KeyAccess{KeyPolicy: unread, Grants: noGrants, Identity: allow, Boundary: noBoundary}, open, open},
		"key policy unread, identity denies":   {iampolicy.KeyAccess{KeyPolicy: unread, Grants: noGrants, Identity: deny, Boundary: noBoundary}, no, no},
		"key policy unread, granted":           {iampolicy.KeyAccess{KeyPolicy: unread, Grants: granted, Identity: none, Boundary: noBoundary}, open, no},
		"identity unread":                      {iampolicy.KeyAccess{KeyPolicy: toRoot, Grants: noGrants, Boundary: noBoundary}, open, no},
		"identity unread, could deny":          {iampolicy.KeyAccess{KeyPolicy: toRole, Grants: noGrants, Boundary: noBoundary}, open, no},
		"nothing read":                         {iampolicy.KeyAccess{}, open, open},
		"boundary without it, passed on":       {iampolicy.KeyAccess{KeyPolicy: toRoot, Grants: noGrants, Identity: allow, Boundary: boundaryS3}, no, no},
		"boundary without it, granted to role": {iampolicy.KeyAccess{KeyPolicy: toRole, Grants: noGrants, Identity: allow, Boundary: boundaryS3}, open, no},
		"boundary with it":                     {iampolicy.KeyAccess{KeyPolicy: toRoot, Grants: noGrants, Identity: allow, Boundary: boundaryKMS}, yes, no},
		"boundary unread":                      {iampolicy.KeyAccess{KeyPolicy: toRoot, Grants: noGrants, Identity: allow}, open, no},
		"no key policy":                        {iampolicy.KeyAccess{KeyPolicy: resource.Absent[iampolicy.Document](), Grants: noGrants, Identity: allow, Boundary: noBoundary}, no, no},
	}
	arn, err := resource.ParseARN(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.access.Key = arn
			if got := test.access.Allows(role, "kms:Decrypt", nil); got != test.same {
				t.Errorf("Allows = %v, want %v", got, test.same)
			}
			if got := test.access.Allows("arn:aws:iam::555566667777:role/Glue", "kms:Decrypt", nil); got != test.far {
				t.Errorf("from another account: %v, want %v", got, test.far)
			}
		})
	}
}

// From another account both sides must allow: the key policy its account or the role, and an identity policy.
func TestKeyAccessAcrossAccounts(t *testing.T) {
	t.Parallel()
	const far = "arn:aws:iam::555566667777:role/Glue"
	arn, err := resource.ParseARN(key)
	if err != nil {
		t.Fatal(err)
	}
	allow := []iampolicy.Document{parse(t, `{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`)}
	for name, test := range map[string]struct {
		principal string
		identity  []iampolicy.Document
		grants    []iampolicy.Grant
		want      iampolicy.Answer
	}{
		"account and identity":     {"555566667777", allow, nil, iampolicy.Yes},
		"role and identity":        {far, allow, nil, iampolicy.Yes},
		"everyone and identity":    {"*", allow, nil, iampolicy.Yes},
		"account only":             {"555566667777", nil, nil, iampolicy.No},
		"role only":                {far, nil, nil, iampolicy.No},
		"identity only":            {"111122223333", allow, nil, iampolicy.No},
		"grant and identity":       {"111122223333", allow, []iampolicy.Grant{{GranteePrincipal: far, Operations: []string{"Decrypt"}}}, iampolicy.Yes},
		"grant only is not stated": {"111122223333", nil, []iampolicy.Grant{{GranteePrincipal: far, Operations: []string{"Decrypt"}}}, iampolicy.CantTell},
	} {
		k := iampolicy.KeyAccess{
			Key: arn, Identity: resource.Known(test.identity), Grants: resource.Known(test.grants), Boundary: resource.Absent[iampolicy.Document](),
			KeyPolicy: resource.Known(parse(t, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"`+test.principal+`"},"Action":"kms:*","Resource":"*"}}`)),
		}
		if got := k.Allows(far, "kms:Decrypt", nil); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	for a, want := range map[iampolicy.Answer]string{iampolicy.No: "no", iampolicy.CantTell: "can't tell", iampolicy.Yes: "yes"} {
		if a.String() != want {
			t.Errorf("%d is %q, want %q", a, a, want)
		}
	}
}
