package iampolicy_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/iampolicy"
)

func TestPrincipal(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		principal                iampolicy.Principal
		account                  string
		everyone, whole, deleted bool
	}{
		"account id":        {iampolicy.Principal{Kind: "AWS", ID: "111122223333"}, "111122223333", false, true, false},
		"root":              {iampolicy.Principal{Kind: "AWS", ID: "arn:aws-cn:iam::111122223333:root"}, "111122223333", false, true, false},
		"role":              {iampolicy.Principal{Kind: "AWS", ID: "arn:aws:iam::111122223333:role/p/R"}, "111122223333", false, false, false},
		"session":           {iampolicy.Principal{Kind: "AWS", ID: "arn:aws:sts::111122223333:assumed-role/R/s"}, "111122223333", false, false, false},
		"everyone":          {iampolicy.Principal{Kind: "AWS", ID: "*"}, "", true, false, false},
		"deleted role":      {iampolicy.Principal{Kind: "AWS", ID: "AROAABCDEFGHIJKLMNOPQ"}, "", false, false, true},
		"deleted user":      {iampolicy.Principal{Kind: "AWS", ID: "AIDAABCDEFGHIJKLMNOPQ"}, "", false, false, true},
		"service":           {iampolicy.Principal{Kind: "Service", ID: "logs.eu-west-1.amazonaws.com"}, "", false, false, false},
		"federated account": {iampolicy.Principal{Kind: "Federated", ID: "arn:aws:iam::111122223333:saml-provider/x"}, "111122223333", false, false, false},
		"federated web":     {iampolicy.Principal{Kind: "Federated", ID: "accounts.google.com"}, "", false, false, false},
		"canonical user":    {iampolicy.Principal{Kind: "CanonicalUser", ID: "111122223333"}, "", false, false, false},
		"not an account":    {iampolicy.Principal{Kind: "AWS", ID: "11112222333"}, "", false, false, false},
		"CloudFront":        {iampolicy.Principal{Kind: "AWS", ID: "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}, "", false, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := test.principal
			if p.Account() != test.account || p.Everyone() != test.everyone || p.WholeAccount() != test.whole || p.Deleted() != test.deleted {
				t.Errorf("account %q, everyone %t, whole account %t, deleted %t", p.Account(), p.Everyone(), p.WholeAccount(), p.Deleted())
			}
		})
	}
}

// Which conditions narrow a statement that names everyone.
func TestNarrowing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		condition string
		narrowed  bool
		accounts  []string
	}{
		"no condition":              {`{}`, false, nil},
		"organisation":              {`{"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}`, true, nil},
		"key in small letters":      {`{"StringEquals":{"AWS:principalORGid":"o-abcdefghij"}}`, true, nil},
		"any organisation":          {`{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`, false, nil},
		"organisation path":         {`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-abcdefghij/r-ab12/*"}}`, true, nil},
		"path of any organisation":  {`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"*/r-ab12/*"}}`, false, nil},
		"caller account":            {`{"StringEquals":{"kms:CallerAccount":"111122223333"}}`, true, []string{"111122223333"}},
		"two accounts":              {`{"StringEquals":{"aws:PrincipalAccount":["111122223333","444455556666"]}}`, true, []string{"111122223333", "444455556666"}},
		"one account and a star":    {`{"StringLike":{"aws:PrincipalAccount":["111122223333","*"]}}`, false, nil},
		"account as a number":       {`{"StringEquals":{"aws:SourceAccount":111122223333}}`, true, []string{"111122223333"}},
		"bare star":                 {`{"StringLike":{"kms:CallerAccount":"*"}}`, false, nil},
		"part of an account":        {`{"StringLike":{"kms:CallerAccount":"1111*"}}`, false, nil},
		"policy variable":           {`{"StringEquals":{"aws:SourceAccount":"${aws:PrincipalAccount}"}}`, false, nil},
		"principal ARN":             {`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/R"}}`, true, []string{"111122223333"}},
		"principal ARN pattern":     {`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}`, true, []string{"111122223333"}},
		"principal of any account":  {`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Admin"}}`, false, nil},
		"star that eats the colons": {`{"StringLike":{"aws:PrincipalArn":"arn:*:iam::111122223333:role/R"}}`, false, nil},
		"source ARN":                {`{"ArnLike":{"aws:SourceArn":"arn:aws:glue:*:111122223333:*"}}`, true, []string{"111122223333"}},
		"source bucket":             {`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::bucket"}}`, true, nil},
		"any bucket":                {`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"}}`, false, nil},
		"a bucket or an account":    {`{"ArnLike":{"aws:SourceArn":["arn:aws:s3:::bucket","arn:aws:sns:eu-west-1:111122223333:t"]}}`, true, nil},
		"unique id":                 {`{"StringLike":{"aws:userid":"AROAABCDEFGHIJKLMNOPQ:*"}}`, true, nil},
		"VPC endpoint":              {`{"StringEquals":{"aws:SourceVpce":"vpce-1a2b3c4d"}}`, true, nil},
		"any VPC":                   {`{"StringLike":{"aws:SourceVpc":"vpc-*"}}`, false, nil},
		"if it exists":              {`{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-abcdefghij"}}`, false, nil},
		"for all values":            {`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}`, false, nil},
		"key must be there":         {`{"Null":{"aws:PrincipalOrgID":"false"}}`, false, nil},
		"everyone but one":          {`{"StringNotEquals":{"kms:CallerAccount":"111122223333"}}`, false, nil},
		"grants for AWS":            {`{"Bool":{"kms:GrantIsForAWSResource":true}}`, false, nil},
		"through a service":         {`{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}`, false, nil},
		"service and account":       {`{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com","kms:CallerAccount":"111122223333"}}`, true, []string{"111122223333"}},
		"source address":            {`{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, false, nil},
		"a tag":                     {`{"StringEquals":{"aws:PrincipalTag/team":"data"}}`, false, nil},
		"no values":                 {`{"StringEquals":{"aws:PrincipalOrgID":[]}}`, false, nil},
		"account and organisation":  {`{"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij","kms:CallerAccount":"111122223333"}}`, true, []string{"111122223333"}},
		"two conditions, no overlap": {
			`{"StringEquals":{"aws:PrincipalAccount":"111122223333"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/*"}}`, true, []string{},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := parse(t, fmt.Sprintf(`{"Statement":{"Sid":"S","Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":%s}}`, test.condition))
			want := []iampolicy.Grantee{{Sid: "S", Principal: iampolicy.Principal{Kind: "AWS", ID: "*"}, Wildcard: true, Narrowed: test.narrowed, Accounts: test.accounts}}
			if diff := cmp.Diff(want, d.Grantees()); diff != "" {
				t.Errorf("Grantees (-want +got):\n%s", diff)
			}
		})
	}
}

// A Deny of everyone else narrows what an Allow gives to everyone.
func TestNarrowingByDeny(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		deny     string
		narrowed bool
	}{
		"everyone outside the organisation": {`"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}`, true},
		"services are let through":          {`"Effect":"Deny","Principal":{"AWS":"*"},"Action":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-abcdefghij"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}`, true},
		"by account":                        {`"Effect":"Deny","Principal":"*","Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}`, true},
		"some actions only":                 {`"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}`, false},
		"some principals only":              {`"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"kms:*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}`, false},
		"some resources only":               {`"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"arn:aws:kms:eu-west-1:111122223333:key/other","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}`, false},
		"with another condition":            {`"Effect":"Deny","Principal":"*","Action":"kms:*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-abcdefghij"},"Bool":{"aws:ViaAWSService":"false"}}`, false},
		"not a name":                        {`"Effect":"Deny","Principal":"*","Action":"kms:*","Condition":{"StringNotLike":{"aws:PrincipalOrgID":"*"}}`, false},
		"not transport":                     {`"Effect":"Deny","Principal":"*","Action":"kms:*","Condition":{"Bool":{"aws:SecureTransport":"false"}}`, false},
		"an allow is no deny":               {`"Effect":"Allow","Principal":{"Service":"x"},"Action":"kms:*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}`, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := parse(t, `{"Statement":[{"Effect":"Allow","Principal":"*","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"*"},{`+test.deny+`}]}`)
			if got := d.Grantees()[0]; got.Narrowed != test.narrowed {
				t.Errorf("narrowed %t, want %t: %+v", got.Narrowed, test.narrowed, got)
			}
		})
	}
}

func TestGrantees(t *testing.T) {
	t.Parallel()
	d := parse(t, `{"Statement":[
		{"Sid":"Mixed","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:root","999999999999","AROAABCDEFGHIJKLMNOPQ"],"Service":"logs.eu-west-1.amazonaws.com"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Deny","Principal":"*","Action":"kms:ScheduleKeyDeletion","Resource":"*"},
		{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"kms:Decrypt","Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:role/R"},"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"111122223333"}}}
	]}`)
	aws := func(id string) iampolicy.Principal { return iampolicy.Principal{Kind: "AWS", ID: id} }
	want := []iampolicy.Grantee{
		{Sid: "Mixed", Principal: aws("arn:aws:iam::111122223333:root"), Accounts: []string{"111122223333"}},
		{Sid: "Mixed", Principal: aws("999999999999"), Accounts: []string{"999999999999"}},
		{Sid: "Mixed", Principal: aws("AROAABCDEFGHIJKLMNOPQ")},
		{Sid: "Mixed", Principal: iampolicy.Principal{Kind: "Service", ID: "logs.eu-west-1.amazonaws.com"}},
		{Statement: 2, Principal: aws("*"), Wildcard: true},
		{Statement: 3, Principal: aws("arn:aws:iam::999999999999:role/R"), Narrowed: true, Accounts: []string{}},
	}
	if diff := cmp.Diff(want, d.Grantees()); diff != "" {
		t.Errorf("Grantees (-want +got):\n%s", diff)
	}
}
