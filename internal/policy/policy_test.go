package policy_test

import (
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

func day(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestEffectiveModes(t *testing.T) {
	t.Parallel()
	kms := policy.Require{DevEndpoint: "SSE-KMS", MLTransform: "SSE-KMS"}
	weak := policy.Require{DevEndpoint: "SSE-S3", MLTransform: "any"}
	tests := map[string]struct {
		policy                policy.Policy
		endpoint, transform   resource.Mode
		endpointS, transformS resource.Mode // under --policy-profile strict
	}{
		"sop":                  {policy.Default(policy.SOP), "SSE-S3", "any", "SSE-KMS", "SSE-KMS"},
		"strict":               {policy.Default(policy.Strict), "SSE-KMS", "SSE-KMS", "SSE-KMS", "SSE-KMS"},
		"sop that asks KMS":    {policy.Policy{Profile: policy.SOP, Require: kms}, "SSE-KMS", "SSE-KMS", "SSE-KMS", "SSE-KMS"},
		"sop that says so":     {policy.Policy{Profile: policy.SOP, Require: weak}, "SSE-S3", "any", "SSE-KMS", "SSE-KMS"},
		"strict can't be weak": {policy.Policy{Profile: policy.Strict, Require: weak}, "SSE-KMS", "SSE-KMS", "SSE-KMS", "SSE-KMS"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if e, m := test.policy.DevEndpointMode(), test.policy.MLTransformMode(); e != test.endpoint || m != test.transform {
				t.Errorf("modes %s, %s; want %s, %s", e, m, test.endpoint, test.transform)
			}
			strict := test.policy.WithProfile(policy.Strict)
			if e, m := strict.DevEndpointMode(), strict.MLTransformMode(); e != test.endpointS || m != test.transformS {
				t.Errorf("strict modes %s, %s; want %s, %s", e, m, test.endpointS, test.transformS)
			}
		})
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev1"
	tests := map[string]struct {
		pattern string
		want    bool
	}{
		"exact":                     {arn, true},
		"a prefix is no match":      {"arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev", false},
		"star at the end":           {"arn:aws:glue:eu-west-1:111122223333:devEndpoint/*", true},
		"star for nothing":          {arn + "*", true},
		"star inside":               {"arn:aws:glue:*:111122223333:devEndpoint/dev1", true},
		"stars":                     {"arn:*:*Endpoint/*1", true},
		"stars in the wrong order":  {"arn:*Endpoint*111122223333*", false},
		"question mark is itself":   {"arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev?", false},
		"case matters":              {"arn:aws:glue:eu-west-1:111122223333:devendpoint/dev1", false},
		"an ending that overlaps":   {"arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev1*dev1", false},
		"another account":           {"arn:aws:glue:*:999999999999:*", false},
		"brackets are no character": {"arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev[1]", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := policy.ARNPattern(test.pattern).Match(arn); got != test.want {
				t.Errorf("%q matches = %t, want %t", test.pattern, got, test.want)
			}
		})
	}
}

func TestException(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev1"
	e := func(resource, owner, expires string) policy.Exception {
		return policy.Exception{
			Control: "glue-dev-endpoint-s3-encryption", Resource: policy.ARNPattern(resource), Reason: "r",
			Owner: policy.Text(owner), Expires: policy.Date(expires),
		}
	}
	other := e(arn, "other control", "2030-01-01")
	other.Control = "glue-dev-endpoint-log-encryption"
	tests := map[string]struct {
		exceptions []policy.Exception
		now        string
		owner      string // empty: none applies
		expired    bool
	}{
		"in force":                     {[]policy.Exception{e(arn, "a", "2026-12-31")}, "2026-12-01T00:00:00Z", "a", false},
		"holds through its last day":   {[]policy.Exception{e(arn, "a", "2026-12-31")}, "2026-12-31T23:59:59Z", "a", false},
		"over at midnight UTC":         {[]policy.Exception{e(arn, "a", "2026-12-31")}, "2027-01-01T00:00:00Z", "a", true},
		"days are UTC days, west":      {[]policy.Exception{e(arn, "a", "2026-12-31")}, "2026-12-31T19:00:00-05:00", "a", true},
		"days are UTC days, east":      {[]policy.Exception{e(arn, "a", "2026-12-31")}, "2027-01-01T01:00:00+02:00", "a", false},
		"another resource":             {[]policy.Exception{e(arn+"0", "a", "2026-12-31")}, "2026-12-01T00:00:00Z", "", false},
		"another control":              {[]policy.Exception{other}, "2026-12-01T00:00:00Z", "", false},
		"one in force beats expired":   {[]policy.Exception{e(arn, "old", "2026-01-01"), e("arn:*", "new", "2026-12-31")}, "2026-12-01T00:00:00Z", "new", false},
		"the order is no matter":       {[]policy.Exception{e("arn:*", "new", "2026-12-31"), e(arn, "old", "2026-01-01")}, "2026-12-01T00:00:00Z", "new", false},
		"the last to expire is cited":  {[]policy.Exception{e(arn, "a", "2025-01-01"), e(arn, "b", "2026-01-01")}, "2026-12-01T00:00:00Z", "b", true},
		"no exceptions, no exception.": {nil, "2026-12-01T00:00:00Z", "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := policy.Policy{Profile: policy.SOP, Exceptions: test.exceptions}
			got, expired, ok := p.Exception("glue-dev-endpoint-s3-encryption", arn, day(t, test.now))
			if ok != (test.owner != "") || string(got.Owner) != test.owner || expired != test.expired {
				t.Errorf("Exception = %q, expired %t, ok %t; want %q, %t", got.Owner, expired, ok, test.owner, test.expired)
			}
		})
	}
	p := policy.Policy{Exceptions: []policy.Exception{e("arn:*", "a", "2030-01-01")}}
	if _, _, ok := p.Exception("glue-dev-endpoint-s3-encryption", "", day(t, "2026-01-01T00:00:00Z")); ok {
		t.Error("a finding about a whole listing has no ARN and can't be excepted")
	}
}

func TestAcceptsUnread(t *testing.T) {
	t.Parallel()
	p := policy.Policy{AcceptedUnread: []policy.UnreadRead{
		{Account: "111122223333", Region: "me-*", Operation: "glue:GetMLTransforms", Reason: "closed by SCP", Until: "2026-12-31"},
		{Account: "*", Region: "sa-east-1", Operation: "*", Reason: "not used", Until: "2026-12-31"},
		{Account: "*", Region: "sa-east-1", Operation: "glue:*", Reason: "holds longer", Until: "2027-12-31"},
	}}
	tests := map[string]struct {
		account, region, operation, now string
		reason                          string
	}{
		"named":                    {"111122223333", "me-south-1", "glue:GetMLTransforms", "2026-12-31T23:00:00Z", "closed by SCP"},
		"over":                     {"111122223333", "me-south-1", "glue:GetMLTransforms", "2027-01-01T00:00:00Z", ""},
		"another operation":        {"111122223333", "me-south-1", "glue:GetDevEndpoints", "2026-12-31T23:00:00Z", ""},
		"another account":          {"444455556666", "me-south-1", "glue:GetMLTransforms", "2026-12-31T23:00:00Z", ""},
		"another region":           {"111122223333", "eu-west-1", "glue:GetMLTransforms", "2026-12-31T23:00:00Z", ""},
		"any account and read":     {"444455556666", "sa-east-1", "kms:DescribeKey", "2026-12-31T23:00:00Z", "not used"},
		"the longest reason given": {"444455556666", "sa-east-1", "glue:GetDevEndpoints", "2026-12-31T23:00:00Z", "holds longer"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := resource.Location{Partition: "aws", Account: test.account, Region: test.region}
			reason, ok := p.AcceptsUnread(l, test.operation, day(t, test.now))
			if reason != test.reason || ok != (test.reason != "") {
				t.Errorf("AcceptsUnread = %q, %t; want %q", reason, ok, test.reason)
			}
		})
	}
}

func TestAllowsKey(t *testing.T) {
	t.Parallel()
	key := resource.ARN{Partition: "aws", Service: "kms", Region: "eu-west-1", Account: "111122223333", Resource: "key/k"}
	tests := map[string]struct {
		keys     policy.Keys
		usedFrom []string
		want     bool
	}{
		"nothing said":                 {policy.Keys{}, []string{"999999999999"}, true},
		"a pattern matches":            {policy.Keys{Allowed: []policy.ARNPattern{"arn:aws:kms:*:111122223333:key/*"}}, nil, true},
		"no pattern matches":           {policy.Keys{Allowed: []policy.ARNPattern{"arn:aws:kms:*:444455556666:key/*"}}, nil, false},
		"own account":                  {policy.Keys{Accounts: []policy.AccountID{"444455556666"}}, []string{"111122223333"}, true},
		"foreign, account not listed":  {policy.Keys{Accounts: []policy.AccountID{"444455556666"}}, []string{"111122223333", "555566667777"}, false},
		"foreign, account listed":      {policy.Keys{Accounts: []policy.AccountID{"111122223333"}}, []string{"555566667777"}, true},
		"pattern fails though listed":  {policy.Keys{Allowed: []policy.ARNPattern{"arn:x"}, Accounts: []policy.AccountID{"111122223333"}}, nil, false},
		"accounts say nothing of self": {policy.Keys{Accounts: []policy.AccountID{"444455556666"}}, nil, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (policy.Policy{Keys: test.keys}).AllowsKey(key, test.usedFrom...); got != test.want {
				t.Errorf("AllowsKey = %t, want %t", got, test.want)
			}
		})
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	s := policy.Scope{
		Accounts: policy.AccountScope{Exclude: []policy.AccountID{"111122223333"}},
		Regions:  policy.RegionScope{Include: []policy.RegionPattern{"eu-*", "us-east-1"}, Exclude: []policy.RegionPattern{"eu-south-*"}},
		Controls: []policy.ControlID{"glue-dev-endpoint-s3-encryption"},
	}
	for region, want := range map[string]bool{"eu-west-1": true, "us-east-1": true, "us-east-2": false, "eu-south-2": false} {
		if got := s.CoversRegion(region); got != want {
			t.Errorf("CoversRegion(%s) = %t", region, got)
		}
	}
	if s.CoversAccount("111122223333") || !s.CoversAccount("444455556666") {
		t.Error("only the excluded account is out of scope")
	}
	s.Accounts.Include = []policy.AccountID{"111122223333", "444455556666"}
	if s.CoversAccount("111122223333") || !s.CoversAccount("444455556666") || s.CoversAccount("999999999999") {
		t.Error("an exclusion wins over an inclusion, and what is not included is out of scope")
	}
	if !s.CoversControl("glue-dev-endpoint-s3-encryption") || s.CoversControl("glue-encryption-key-management") {
		t.Error("only the listed control is in scope")
	}
	var all policy.Scope
	if !all.CoversAccount("1") || !all.CoversRegion("x") || !all.CoversControl("y") {
		t.Error("an empty scope covers everything")
	}
}
