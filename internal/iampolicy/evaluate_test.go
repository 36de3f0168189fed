package iampolicy_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/iampolicy"
)

const (
	role = "arn:aws:iam::111122223333:role/service/Glue"
	key  = "arn:aws:kms:eu-west-1:111122223333:key/k"
)

// A document by itself, asked whether the role may decrypt with the key.
func TestAllows(t *testing.T) {
	t.Parallel()
	const yes, no, open = iampolicy.Yes, iampolicy.No, iampolicy.CantTell
	allow := func(rest string) string { return `{"Effect":"Allow",` + rest + `}` }
	tests := map[string]struct {
		statements string
		context    map[string][]string
		want       iampolicy.Answer
	}{
		"nothing":                        {``, nil, no},
		"identity policy":                {allow(`"Action":"kms:Decrypt","Resource":"` + key + `"`), nil, yes},
		"action in any case":             {allow(`"Action":"KMS:decrypt","Resource":"*"`), nil, yes},
		"action pattern":                 {allow(`"Action":"kms:De*","Resource":"*"`), nil, yes},
		"question marks":                 {allow(`"Action":"kms:Decryp?","Resource":"*"`), nil, yes},
		"another action":                 {allow(`"Action":["kms:Encrypt","s3:*"],"Resource":"*"`), nil, no},
		"all but another":                {allow(`"NotAction":"kms:Encrypt","Resource":"*"`), nil, yes},
		"all but this":                   {allow(`"NotAction":"kms:*","Resource":"*"`), nil, no},
		"resource pattern":               {allow(`"Action":"kms:*","Resource":"arn:aws:kms:*:111122223333:key/*"`), nil, yes},
		"another resource":               {allow(`"Action":"kms:*","Resource":"arn:aws:kms:eu-west-1:111122223333:key/other"`), nil, no},
		"another account":                {allow(`"Action":"kms:*","Resource":"arn:aws:kms:*:999999999999:key/*"`), nil, no},
		"resource case matters":          {allow(`"Action":"kms:*","Resource":"arn:aws:kms:eu-west-1:111122223333:KEY/k"`), nil, no},
		"an alias is no key":             {allow(`"Action":"kms:*","Resource":"arn:aws:kms:eu-west-1:111122223333:alias/k"`), nil, no},
		"a star over colons":             {allow(`"Action":"kms:*","Resource":"arn:aws:kms:*"`), nil, open},
		"all but another resource":       {allow(`"Action":"kms:*","NotResource":"arn:aws:kms:eu-west-1:111122223333:key/other"`), nil, yes},
		"all but this resource":          {allow(`"Action":"kms:*","NotResource":"` + key + `"`), nil, no},
		"policy variable":                {allow(`"Action":"kms:*","Resource":"arn:aws:kms:eu-west-1:111122223333:key/${aws:PrincipalTag/key}"`), nil, open},
		"variable that can't match":      {allow(`"Action":"kms:*","Resource":"arn:aws:kms:eu-west-2:111122223333:key/${aws:username}"`), nil, no},
		"empty lists":                    {allow(`"Action":[],"Resource":[]`), nil, no},
		"deny wins":                      {allow(`"Action":"kms:*","Resource":"*"`) + `,{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}`, nil, no},
		"deny that may hold":             {allow(`"Action":"kms:*","Resource":"*"`) + `,{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}`, nil, open},
		"deny that does not hold":        {allow(`"Action":"kms:*","Resource":"*"`) + `,{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, map[string][]string{"aws:SecureTransport": {"true"}}, yes},
		"deny without an allow":          {`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"x":"true"}}}`, nil, no},
		"unknown condition":              {allow(`"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}`), nil, open},
		"condition fulfilled":            {allow(`"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":["x","s3.eu-west-1.amazonaws.com"]}}`), map[string][]string{"KMS:viaservice": {"s3.eu-west-1.amazonaws.com"}}, yes},
		"condition not fulfilled":        {allow(`"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"x"}}`), map[string][]string{"kms:ViaService": {"y"}}, no},
		"key known to be absent":         {allow(`"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"x"}}`), map[string][]string{"kms:ViaService": nil}, no},
		"absent, if it exists":           {allow(`"Action":"kms:*","Resource":"*","Condition":{"StringEqualsIfExists":{"kms:ViaService":"x"}}`), map[string][]string{"kms:ViaService": nil}, yes},
		"absent, negated":                {allow(`"Action":"kms:*","Resource":"*","Condition":{"StringNotEquals":{"kms:ViaService":"x"}}`), map[string][]string{"kms:ViaService": nil}, yes},
		"negated, one matches":           {allow(`"Action":"kms:*","Resource":"*","Condition":{"StringNotEquals":{"kms:ViaService":["x","y"]}}`), map[string][]string{"kms:ViaService": {"y"}}, no},
		"absent, Null true":              {allow(`"Action":"kms:*","Resource":"*","Condition":{"Null":{"kms:ViaService":"true"}}`), map[string][]string{"kms:ViaService": nil}, yes},
		"present, Null true":             {allow(`"Action":"kms:*","Resource":"*","Condition":{"Null":{"kms:ViaService":true}}`), map[string][]string{"kms:ViaService": {"x"}}, no},
		"for all values":                 {allow(`"Action":"kms:*","Resource":"*","Condition":{"ForAllValues:StringLike":{"aws:TagKeys":["a*","b"]}}`), map[string][]string{"aws:TagKeys": {"a1", "b"}}, yes},
		"not for all values":             {allow(`"Action":"kms:*","Resource":"*","Condition":{"ForAllValues:StringLike":{"aws:TagKeys":["a*"]}}`), map[string][]string{"aws:TagKeys": {"a1", "b"}}, no},
		"for all of none":                {allow(`"Action":"kms:*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"a"}}`), map[string][]string{"aws:TagKeys": nil}, yes},
		"for any value":                  {allow(`"Action":"kms:*","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":"b"}}`), map[string][]string{"aws:TagKeys": {"a", "b"}}, yes},
		"for any of none":                {allow(`"Action":"kms:*","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":"b"}}`), map[string][]string{"aws:TagKeys": nil}, no},
		"number":                         {allow(`"Action":"kms:*","Resource":"*","Condition":{"NumericLessThanEquals":{"kms:RotationPeriodInDays":365}}`), map[string][]string{"kms:RotationPeriodInDays": {"90"}}, yes},
		"number too large":               {allow(`"Action":"kms:*","Resource":"*","Condition":{"NumericLessThan":{"kms:RotationPeriodInDays":"90"}}`), map[string][]string{"kms:RotationPeriodInDays": {"90"}}, no},
		"a date is not judged":           {allow(`"Action":"kms:*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}`), map[string][]string{"aws:CurrentTime": {"2026-01-01T00:00:00Z"}}, open},
		"an address is not judged":       {allow(`"Action":"kms:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`), map[string][]string{"aws:SourceIp": {"10.1.1.1"}}, open},
		"variable in a condition":        {allow(`"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}`), nil, open},
		"what follows from the caller":   {allow(`"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"111122223333","aws:PrincipalAccount":"111122223333"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/service/*"},"Bool":{"aws:PrincipalIsAWSService":"false"}}`), nil, yes},
		"ARN patterns go part by part":   {allow(`"Action":"kms:*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:*"}}`), nil, yes},
		"key policy, the role":           {allow(`"Principal":{"AWS":"` + role + `"},"Action":"kms:*","Resource":"*"`), nil, yes},
		"key policy, everyone":           {allow(`"Principal":"*","Action":"kms:*","Resource":"*"`), nil, yes},
		"key policy, another role":       {allow(`"Principal":{"AWS":"arn:aws:iam::111122223333:role/service/Glue2"},"Action":"kms:*","Resource":"*"`), nil, no},
		"key policy, the account":        {allow(`"Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"`), nil, no},
		"key policy, a session":          {allow(`"Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/Glue/s"},"Action":"kms:*","Resource":"*"`), nil, open},
		"key policy, a deleted role":     {allow(`"Principal":{"AWS":"AROAABCDEFGHIJKLMNOPQ"},"Action":"kms:*","Resource":"*"`), nil, no},
		"key policy, a service":          {allow(`"Principal":{"Service":"glue.amazonaws.com"},"Action":"kms:*","Resource":"*"`), nil, no},
		"key policy, all but another":    {allow(`"NotPrincipal":{"AWS":"999999999999"},"Action":"kms:*","Resource":"*"`), nil, yes},
		"key policy, all but the role":   {allow(`"NotPrincipal":{"AWS":"` + role + `"},"Action":"kms:*","Resource":"*"`), nil, open},
		"key policy, all but everyone":   {allow(`"NotPrincipal":"*","Action":"kms:*","Resource":"*"`), nil, no},
		"key policy, the account denied": {allow(`"Principal":"*","Action":"kms:*","Resource":"*"`) + `,{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}`, nil, no},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := parse(t, `{"Version":"2012-10-17","Statement":[`+test.statements+`]}`)
			got := d.Allows(iampolicy.Request{Principal: role, Action: "kms:Decrypt", Resource: key, Context: test.context})
			if got != test.want {
				t.Errorf("Allows = %v, want %v", got, test.want)
			}
		})
	}
}

func TestVariablesNeedTheirVersion(t *testing.T) {
	t.Parallel()
	d := parse(t, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"arn:aws:kms:eu-west-1:111122223333:key/${x}"}}`)
	if got := d.Allows(iampolicy.Request{Principal: role, Action: "kms:Decrypt", Resource: key}); got != iampolicy.No {
		t.Errorf("Allows = %v, want no: before 2012 there were no variables", got)
	}
}

func TestTrustsService(t *testing.T) {
	t.Parallel()
	trust := func(principal, condition string) string {
		return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":%s,"Action":"sts:AssumeRole","Condition":%s}]}`, principal, condition)
	}
	const glue = `{"Service":"glue.amazonaws.com"}`
	tests := map[string]struct {
		document string
		context  map[string][]string
		want     iampolicy.Answer
	}{
		"Glue":                  {trust(glue, `{}`), nil, iampolicy.Yes},
		"Glue among others":     {trust(`{"Service":["ec2.amazonaws.com","glue.amazonaws.com"]}`, `{}`), nil, iampolicy.Yes},
		"another service":       {trust(`{"Service":"ec2.amazonaws.com"}`, `{}`), nil, iampolicy.No},
		"an account":            {trust(`{"AWS":"111122223333"}`, `{}`), nil, iampolicy.No},
		"source account":        {trust(glue, `{"StringEquals":{"aws:SourceAccount":"111122223333"}}`), nil, iampolicy.CantTell},
		"source account sent":   {trust(glue, `{"StringEquals":{"aws:SourceAccount":"111122223333"}}`), map[string][]string{"aws:SourceAccount": {"111122223333"}}, iampolicy.Yes},
		"another account sent":  {trust(glue, `{"StringEquals":{"aws:SourceAccount":"999999999999"}}`), map[string][]string{"aws:SourceAccount": {"111122223333"}}, iampolicy.No},
		"an external id":        {trust(glue, `{"StringEquals":{"sts:ExternalId":"x"}}`), nil, iampolicy.CantTell},
		"an organisation":       {trust(glue, `{"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}`), nil, iampolicy.No},
		"services only":         {trust(glue, `{"Bool":{"aws:PrincipalIsAWSService":true}}`), nil, iampolicy.Yes},
		"no statement of trust": {`{"Statement":[]}`, nil, iampolicy.No},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := parse(t, test.document).TrustsService("glue.amazonaws.com", role, test.context); got != test.want {
				t.Errorf("TrustsService = %v, want %v", got, test.want)
			}
		})
	}
}

func drawDocument(t *rapid.T) string {
	statements := ""
	for i := range rapid.IntRange(1, 4).Draw(t, "statements") {
		pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
		if i > 0 {
			statements += ","
		}
		statements += fmt.Sprintf(`{"Effect":%q,%s,%s,%s,"Condition":{%s}}`,
			pick("effect", "Allow", "Allow", "Deny"),
			pick("principal", `"Principal":"*"`, `"Principal":{"AWS":"`+role+`"}`, `"NotPrincipal":{"AWS":"999999999999"}`, `"Sid":"identity"`),
			pick("action", `"Action":"kms:*"`, `"Action":"kms:Encrypt"`, `"NotAction":"kms:Encrypt"`),
			pick("resource", `"Resource":"*"`, `"Resource":"`+key+`"`, `"NotResource":"`+key+`"`),
			pick("condition", ``, `"StringEquals":{"a":"1"}`, `"StringNotEquals":{"a":["1","2"]}`, `"StringLikeIfExists":{"b":"1*"}`,
				`"Null":{"a":"true"}`, `"ForAllValues:StringEquals":{"b":"1"}`, `"ForAnyValue:StringNotLike":{"b":"2*"}`, `"Bool":{"c":"true"}`, `"NumericLessThan":{"c":5},"StringEquals":{"a":"2"}`))
	}
	return `{"Version":"2012-10-17","Statement":[` + statements + `]}`
}

// Whatever an unknown key turns out to be, a yes stays yes and a no stays no.
func TestKnowingMoreNeverTurnsAnAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := drawDocument(rt)
		d, err := iampolicy.Parse(text)
		if err != nil {
			rt.Fatal(err)
		}
		r := iampolicy.Request{Principal: role, Action: "kms:Decrypt", Resource: key, Context: map[string][]string{}}
		before := d.Allows(r)
		for _, k := range rapid.Permutation([]string{"a", "b", "c"}).Draw(rt, "order of learning") {
			r.Context[k] = rapid.SampledFrom([][]string{nil, {"1"}, {"2"}, {"true"}, {"1", "2"}}).Draw(rt, k)
			after := d.Allows(r)
			if before != iampolicy.CantTell && after != before {
				rt.Fatalf("learning %s=%v turned %v into %v in %s", k, r.Context[k], before, after, text)
			}
			before = after
		}
		if before == iampolicy.CantTell {
			rt.Fatalf("all is known and yet it can't tell: %s with %v", text, r.Context)
		}
	})
}
