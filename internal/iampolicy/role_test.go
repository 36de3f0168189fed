package iampolicy_test

import (
	"testing"

	"github.com/glueguard/glueguard/internal/iampolicy"
	"github.com/glueguard/glueguard/internal/resource"
)

func TestRoleAccess(t *testing.T) {
	t.Parallel()
	parse := func(text string) iampolicy.Document {
		d, err := iampolicy.Parse(`{"Version":"2012-10-17","Statement":[` + text + `]}`)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	const (
		put    = `{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}`
		deny   = `{"Effect":"Deny","Action":"s3:*","Resource":"*"}`
		maybe  = `{"Effect":"Allow","Action":"s3:PutObject","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}`
		denied = `{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}`
	)
	policies := func(texts ...string) resource.Fact[[]iampolicy.Document] {
		var all []iampolicy.Document
		for _, text := range texts {
			all = append(all, parse(text))
		}
		return resource.Known(all)
	}
	none := resource.Absent[iampolicy.Document]()
	for name, test := range map[string]struct {
		access         iampolicy.RoleAccess
		allows, denies iampolicy.Answer
	}{
		"allowed":                {iampolicy.RoleAccess{Identity: policies(put), Boundary: none}, iampolicy.Yes, iampolicy.No},
		"nothing said":           {iampolicy.RoleAccess{Identity: policies(), Boundary: none}, iampolicy.No, iampolicy.No},
		"denied by another":      {iampolicy.RoleAccess{Identity: policies(put, deny), Boundary: none}, iampolicy.No, iampolicy.Yes},
		"on a condition":         {iampolicy.RoleAccess{Identity: policies(maybe), Boundary: none}, iampolicy.CantTell, iampolicy.No},
		"denied on a condition":  {iampolicy.RoleAccess{Identity: policies(put, denied), Boundary: none}, iampolicy.CantTell, iampolicy.CantTell},
		"a boundary without it":  {iampolicy.RoleAccess{Identity: policies(put), Boundary: resource.Known(parse(""))}, iampolicy.No, iampolicy.No},
		"a boundary with it":     {iampolicy.RoleAccess{Identity: policies(put), Boundary: resource.Known(parse(put))}, iampolicy.Yes, iampolicy.No},
		"a boundary that denies": {iampolicy.RoleAccess{Identity: policies(put), Boundary: resource.Known(parse(put + "," + deny))}, iampolicy.No, iampolicy.Yes},
		"unread":                 {iampolicy.RoleAccess{}, iampolicy.CantTell, iampolicy.CantTell},
		"unread boundary":        {iampolicy.RoleAccess{Identity: policies(put)}, iampolicy.CantTell, iampolicy.CantTell},
	} {
		r := iampolicy.Request{Principal: "arn:aws:iam::111122223333:role/r", Action: "s3:PutObject", Resource: "arn:aws:s3:::b/k"}
		if a, d := test.access.Allows(r), test.access.Denies(r); a != test.allows || d != test.denies {
			t.Errorf("%s: allows %s and denies %s, want %s and %s", name, a, d, test.allows, test.denies)
		}
	}
}
