package policyeval_test

import (
	"errors"
	"testing"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const v = `"Version":"2012-10-17",`
	tests := []struct {
		name, source string
		kind         policyeval.Kind
		want         string
	}{
		{"not JSON", `{`, policyeval.Identity, "Syntax errors in policy."},
		{"trailing text", `{` + v + `"Statement":` + allowAll + `}x`, policyeval.Identity, "Syntax errors in policy."},
		{"no statement", `{` + v + `"Statement":[]}`, policyeval.Identity, "Syntax errors in policy."},
		{"unknown element", `{` + v + `"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Actor":"x"}}`, policyeval.Identity, "Syntax errors in policy."},
		{"wrong effect", `{` + v + `"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}`, policyeval.Identity, "Syntax errors in policy."},
		{"old version", `{"Version":"2008-10-17","Statement":` + allowAll + `}`, policyeval.Identity, "Policy document must be version 2012-10-17 or greater."},
		{"no action", `{` + v + `"Statement":{"Effect":"Allow","Resource":"*"}}`, policyeval.Identity, "Policy statement must contain actions."},
		{"no resource", `{` + v + `"Statement":{"Effect":"Allow","Action":"*"}}`, policyeval.Identity, "Policy statement must contain resources."},
		{"no vendor", `{` + v + `"Statement":{"Effect":"Allow","Action":"GetObject","Resource":"*"}}`, policyeval.Identity, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{"resource not an ARN", `{` + v + `"Statement":{"Effect":"Allow","Action":"*","Resource":"bucket"}}`, policyeval.Identity, `Resource bucket must be in ARN format or "*".`},
		{"principal", `{` + v + `"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`, policyeval.Identity, "Policy document should not specify a principal."},
		{"same Sid twice", `{` + v + `"Statement":[{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"}]}`, policyeval.Identity, "Statement IDs (SID) in a single policy must be unique."},
		{"unknown operator", `{` + v + `"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringIs":{"aws:x":"y"}}}}`, policyeval.Identity, "Invalid Condition type : StringIs."},
		{"trust without principal", `{` + v + `"Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}`, policyeval.Trust, "Missing required field Principal"},
		{"trust with resource", `{` + v + `"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}}`, policyeval.Trust, "Has prohibited field Resource"},
		{"principal with a wildcard", `{` + v + `"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/*"},"Action":"sts:AssumeRole"}}`, policyeval.Trust, `Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/*"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := policyeval.Parse(tt.source, tt.kind)
			var refused *policyeval.SyntaxError
			if !errors.As(err, &refused) || refused.Message != tt.want {
				t.Errorf("Parse: %v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(document(allowAll, ""))
	f.Add(`{"Statement":{"Effect":"Deny","Principal":"*","NotAction":["a:b"],"Resource":["arn:aws:s3"],"Condition":{"Null":{"a:b":true}}}}`)
	f.Fuzz(func(t *testing.T, source string) {
		for _, kind := range []policyeval.Kind{policyeval.Identity, policyeval.Resource, policyeval.Trust} {
			p, err := policyeval.Parse(source, kind)
			if err != nil {
				continue
			}
			policyeval.Evaluate(&policyeval.Request{
				Principal: policyeval.Principal{Account: account, ARN: session, Role: role},
				Action:    "glue:GetJobs", Resource: endpoint, Context: policyeval.Map{},
				Explain: &policyeval.Explanation{},
			}, &policyeval.Policies{Identity: []*policyeval.Policy{p}, Resource: p})
		}
	})
}
