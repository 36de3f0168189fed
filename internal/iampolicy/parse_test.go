package iampolicy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/glueguard/glueguard/internal/iampolicy"
)

func parse(t *testing.T, text string) iampolicy.Document {
	t.Helper()
	d, err := iampolicy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParse(t *testing.T) {
	t.Parallel()
	type statement = iampolicy.Statement
	tests := map[string]struct {
		text string
		want iampolicy.Document
	}{
		"everything in lists": {
			`{"Version":"2012-10-17","Id":"key","Statement":[{"Sid":"Root","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:root"]},
			"Action":["kms:*"],"Resource":["*"],"Condition":{"StringEquals":{"kms:CallerAccount":["111122223333"]}}}]}`,
			iampolicy.Document{Version: "2012-10-17", ID: "key", Statements: []statement{{
				Sid: "Root", Effect: iampolicy.Allow, Principals: []iampolicy.Principal{{Kind: "AWS", ID: "arn:aws:iam::111122223333:root"}},
				Actions: []string{"kms:*"}, Resources: []string{"*"},
				Conditions: []iampolicy.Condition{{Operator: "StringEquals", Key: "kms:CallerAccount", Values: []string{"111122223333"}}},
			}}},
		},
		"everything single": {
			`{"Statement":{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false},"NumericLessThan":{"x":7}}}}`,
			iampolicy.Document{Statements: []statement{{
				Effect: iampolicy.Deny, Principals: []iampolicy.Principal{{Kind: "AWS", ID: "*"}}, Actions: []string{"kms:Decrypt"}, Resources: []string{"*"},
				Conditions: []iampolicy.Condition{{Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"false"}}, {Operator: "NumericLessThan", Key: "x", Values: []string{"7"}}},
			}}},
		},
		"every kind of principal": {
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333","Service":["logs.amazonaws.com"],"Federated":"cognito-identity.amazonaws.com","CanonicalUser":"79a5"},"Action":"x:y"}]}`,
			iampolicy.Document{Statements: []statement{{
				Effect: iampolicy.Allow, Actions: []string{"x:y"}, Principals: []iampolicy.Principal{
					{Kind: "AWS", ID: "111122223333"}, {Kind: "Service", ID: "logs.amazonaws.com"}, {Kind: "Federated", ID: "cognito-identity.amazonaws.com"}, {Kind: "CanonicalUser", ID: "79a5"},
				},
			}}},
		},
		"opposites": {
			`{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"NotAction":"iam:*","NotResource":["a"]}]}`,
			iampolicy.Document{Statements: []statement{{
				Effect: iampolicy.Deny, NotPrincipals: []iampolicy.Principal{{Kind: "AWS", ID: "111122223333"}}, NotActions: []string{"iam:*"}, NotResources: []string{"a"},
			}}},
		},
		"element names in any case": {
			`{"version":"2008-10-17","STATEMENT":[{"effect":"Allow","principal":{"aws":"*"},"action":[],"resource":"*"}]}`,
			iampolicy.Document{Version: "2008-10-17", Statements: []statement{{
				Effect: iampolicy.Allow, Principals: []iampolicy.Principal{{Kind: "AWS", ID: "*"}}, Actions: []string{}, Resources: []string{"*"},
			}}},
		},
		"several keys under one operator": {
			`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"a":["1",2,true],"b":"3"}}}]}`,
			iampolicy.Document{Statements: []statement{{
				Effect: iampolicy.Allow, Actions: []string{"*"}, Resources: []string{"*"},
				Conditions: []iampolicy.Condition{{Operator: "StringLike", Key: "a", Values: []string{"1", "2", "true"}}, {Operator: "StringLike", Key: "b", Values: []string{"3"}}},
			}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := parse(t, test.text)
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreUnexported(statement{})); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	statement := func(s string) string { return `{"Statement":[{` + s + `}]}` }
	tests := map[string]struct{ text, says string }{
		"empty":                   {"", "not valid JSON"},
		"not JSON":                {"{", "not valid JSON"},
		"two values":              {"{} {}", "not valid JSON"},
		"a list":                  {"[]", "document: want an object"},
		"URL-encoded":             {"%7B%22Statement%22%3A%5B%5D%7D", "not valid JSON"},
		"no statement":            {`{"Version":"2012-10-17"}`, "document: it has no Statement"},
		"unknown version":         {`{"Version":"2020-01-01","Statement":[]}`, "document.Version: want 2012-10-17"},
		"unknown element":         {`{"Statement":[],"Statements":[]}`, `document: unknown element "Statements"`},
		"repeated element":        {`{"Statement":[],"statement":[]}`, `document: element "statement" is given twice`},
		"statement is text":       {`{"Statement":"x"}`, "document.Statement[0]: want an object"},
		"no effect":               {statement(`"Action":"*"`), "document.Statement[0]: it has no Effect"},
		"effect in small letters": {statement(`"Effect":"allow","Action":"*"`), "document.Statement[0].Effect: want Allow or Deny"},
		"no action":               {statement(`"Effect":"Allow"`), "want Action or NotAction"},
		"both actions":            {statement(`"Effect":"Allow","Action":"*","NotAction":"*"`), "want Action or NotAction"},
		"both resources":          {statement(`"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"`), "both Resource and NotResource"},
		"both principals":         {statement(`"Effect":"Allow","Action":"*","Principal":"*","NotPrincipal":"*"`), "both Principal and NotPrincipal"},
		"action is a number":      {statement(`"Effect":"Allow","Action":7`), "document.Statement[0].Action: want text"},
		"principal is a text":     {statement(`"Effect":"Allow","Action":"*","Principal":"111122223333"`), "document.Statement[0].Principal: want an object"},
		"unknown principal kind":  {statement(`"Effect":"Allow","Action":"*","Principal":{"Group":"g"}`), `unknown element "Group"`},
		"condition is a list":     {statement(`"Effect":"Allow","Action":"*","Condition":[]`), "want an object of operators"},
		"operator is a text":      {statement(`"Effect":"Allow","Action":"*","Condition":{"Bool":"true"}`), "want an object of condition keys"},
		"condition value is null": {statement(`"Effect":"Allow","Action":"*","Condition":{"Bool":{"k":null}}`), "document.Statement[0].Condition.Bool.k: want text, a number or a boolean"},
		"too deep":                {strings.Repeat("[", 40) + strings.Repeat("]", 40), "nested too deeply"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := iampolicy.Parse(test.text)
			if !errors.Is(err, iampolicy.ErrDocument) {
				t.Fatalf("Parse = %v, %v; want ErrDocument", d, err)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q does not say %q", err, test.says)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"Version":"2012-10-17","Statement":[{"Sid":"s","Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}}]}`,
		`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::111122223333:root"]},"NotAction":["a:b"],"NotResource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalAccount":["1",2,true]}}}}`,
		`{"Statement":[{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:glue:*:111122223333:*"}}}]}`,
		`{"Statement":[]}`, `{"Statement":[{}]}`, `{`, `null`, `[[[[]]]]`, `{"Statement":[{"Effect":"Allow","Action":"${x}","Resource":"arn:aws:kms:*:${"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := iampolicy.Parse(text)
		if err != nil {
			if !errors.Is(err, iampolicy.ErrDocument) {
				t.Fatalf("error %v is no ErrDocument", err)
			}
			return
		}
		for _, g := range d.Grantees() {
			if g.Statement >= len(d.Statements) {
				t.Fatalf("grantee of statement %d of %d", g.Statement, len(d.Statements))
			}
		}
		r := iampolicy.Request{Principal: "arn:aws:iam::111122223333:role/R", Action: "kms:Decrypt", Resource: "arn:aws:kms:eu-west-1:111122223333:key/k"}
		unknown := d.Allows(r)
		r.Context = map[string][]string{"aws:SecureTransport": {"true"}}
		if known := d.Allows(r); unknown != iampolicy.CantTell && known != unknown {
			t.Fatalf("knowing more turned %v into %v", unknown, known)
		}
	})
}
