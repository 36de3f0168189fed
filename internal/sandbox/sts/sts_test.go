package sts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/iam"
	"github.com/glueguard/glueguard/internal/sandbox/service"
	"github.com/glueguard/glueguard/internal/sandbox/sts"
)

const (
	management = "111122223333"
	member     = "444455556666"
)

type accounts struct{}

func (accounts) Management() string { return management }

func now() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

type world struct {
	iam *iam.IAM
	sts *sts.STS
}

func newWorld(t testing.TB) world {
	t.Helper()
	sessions := sts.NewSessions()
	roles, err := iam.New(sessions)
	if err != nil {
		t.Fatal(err)
	}
	return world{roles, sts.New(roles, accounts{}, sessions)}
}

func (w world) put(t testing.TB, account string, r iam.Role) string {
	t.Helper()
	arn, err := w.iam.PutRole(account, r)
	if err != nil {
		t.Fatal(err)
	}
	return arn
}

func trusting(principal, condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal +
		`,"Action":["sts:AssumeRole","sts:TagSession"],"Condition":` + condition + `}]}`
}

// as identifies a key and makes the call that its holder would make.
func (w world) as(t testing.TB, key, token string) *service.Call {
	t.Helper()
	account, p, err := w.sts.Identify(key, token, now())
	if err != nil {
		t.Fatal(err)
	}
	return &service.Call{Partition: "aws", Account: account, Region: "us-east-1", Service: "sts", Operation: "AssumeRole", Principal: p, Now: now()}
}

func (w world) assume(t testing.TB, c *service.Call, in *awssts.AssumeRoleInput) (*awssts.AssumeRoleOutput, error) {
	t.Helper()
	if in.RoleSessionName == nil {
		in.RoleSessionName = aws.String("glueguard")
	}
	for _, op := range w.sts.Service().Operations {
		if op.Name == "AssumeRole" {
			out, err := op.Invoke(c, in)
			if err != nil {
				return nil, err
			}
			return out.(*awssts.AssumeRoleOutput), nil
		}
	}
	t.Fatal("no AssumeRole")
	return nil, nil
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := []struct{ name, key, account, code string }{
		{"twelve digits are an account", member, member, ""},
		{"any other key is the management account", "AKIAEXAMPLE", management, ""},
		{"an unknown temporary key", "ASIAAAAAAAAAAAAAAAAA", "", "InvalidClientTokenId"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			account, p, err := w.sts.Identify(tt.key, "", now())
			if tt.code != "" {
				if err == nil || err.Code != tt.code || err.Status != 403 {
					t.Errorf("refusal %v, want %s", err, tt.code)
				}
				return
			}
			if err != nil || account != tt.account || p.ARN != "arn:aws:iam::"+tt.account+":root" || p.UserID != tt.account {
				t.Errorf("identified as %s %+v %v", account, p, err)
			}
		})
	}
}

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.put(t, member, iam.Role{Name: "Audit", Trust: trusting(`{"AWS":"`+management+`"}`, `{"StringEquals":{"sts:ExternalId":"secret"}}`)})
	out, err := w.assume(t, w.as(t, "AKIAEXAMPLE", ""), &awssts.AssumeRoleInput{RoleArn: &arn, ExternalId: aws.String("secret")})
	if err != nil {
		t.Fatal(err)
	}
	if got := *out.AssumedRoleUser.Arn; got != "arn:aws:sts::444455556666:assumed-role/Audit/glueguard" {
		t.Errorf("session ARN %s", got)
	}
	if id := *out.AssumedRoleUser.AssumedRoleId; !strings.HasPrefix(id, "AROA") || !strings.HasSuffix(id, ":glueguard") {
		t.Errorf("assumed role id %s", id)
	}
	k := out.Credentials
	if len(*k.AccessKeyId) != 20 || !strings.HasPrefix(*k.AccessKeyId, "ASIA") || len(*k.SecretAccessKey) != 40 || !k.Expiration.Equal(now().Add(time.Hour)) {
		t.Errorf("credentials %s %s %v", *k.AccessKeyId, *k.SecretAccessKey, k.Expiration)
	}

	c := w.as(t, *k.AccessKeyId, *k.SessionToken)
	if c.Account != member || c.Principal.RoleARN != arn {
		t.Errorf("session is %s %+v", c.Account, c.Principal)
	}
	if _, _, err := w.sts.Identify(*k.AccessKeyId, "wrong", now()); err == nil || err.Code != "InvalidClientTokenId" {
		t.Errorf("a wrong token gives %v", err)
	}
	if _, _, err := w.sts.Identify(*k.AccessKeyId, *k.SessionToken, now().Add(time.Hour)); err == nil || err.Code != "ExpiredToken" {
		t.Errorf("an old key gives %v", err)
	}
}

func TestAssumeRoleRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	trusted := w.put(t, member, iam.Role{Name: "Audit", Trust: trusting(`{"AWS":"`+management+`"}`, `{"StringEquals":{"sts:ExternalId":"secret"}}`)})
	foreign := w.put(t, member, iam.Role{Name: "Foreign", Trust: trusting(`{"AWS":"999999999999"}`, `{}`)})
	missing := "arn:aws:iam::444455556666:role/Missing"
	const denied = "User: arn:aws:iam::111122223333:root is not authorized to perform: sts:AssumeRole on resource: "
	id := aws.String("secret")
	tests := []struct {
		name   string
		in     awssts.AssumeRoleInput
		status int
		code   string
		text   string
	}{
		{"wrong external id", awssts.AssumeRoleInput{RoleArn: &trusted, ExternalId: aws.String("guess")}, 403, "AccessDenied", denied + trusted},
		{"no external id", awssts.AssumeRoleInput{RoleArn: &trusted}, 403, "AccessDenied", denied + trusted},
		{"trusts another account", awssts.AssumeRoleInput{RoleArn: &foreign}, 403, "AccessDenied", denied + foreign},
		{"no such role", awssts.AssumeRoleInput{RoleArn: &missing}, 403, "AccessDenied", denied + missing},
		{"not a role", awssts.AssumeRoleInput{RoleArn: aws.String("Audit")}, 400, "ValidationError", "Audit is invalid"},
		{"session name with a space", awssts.AssumeRoleInput{RoleArn: &trusted, ExternalId: id, RoleSessionName: aws.String("a b")}, 400, "ValidationError", "roleSessionName"},
		{"too short", awssts.AssumeRoleInput{RoleArn: &trusted, ExternalId: id, DurationSeconds: aws.Int32(899)}, 400, "ValidationError", "greater than or equal to 900"},
		{"longer than the role allows", awssts.AssumeRoleInput{RoleArn: &trusted, ExternalId: id, DurationSeconds: aws.Int32(7200)}, 400, "ValidationError", "MaxSessionDuration"},
		{"malformed session policy", awssts.AssumeRoleInput{RoleArn: &trusted, ExternalId: id, Policy: aws.String("{")}, 400, "MalformedPolicyDocument", "Syntax errors"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := w.assume(t, w.as(t, "AKIAEXAMPLE", ""), &tt.in)
			var e *service.Error
			if !errors.As(err, &e) || e.Status != tt.status || e.Code != tt.code || !strings.Contains(e.Message, tt.text) {
				t.Errorf("error %#v, want %d %s %q", err, tt.status, tt.code, tt.text)
			}
		})
	}
}

// session assumes a role as root and returns a call of the session.
func (w world) session(t *testing.T, in *awssts.AssumeRoleInput) *service.Call {
	t.Helper()
	out, err := w.assume(t, w.as(t, "AKIAEXAMPLE", ""), in)
	if err != nil {
		t.Fatal(err)
	}
	return w.as(t, *out.Credentials.AccessKeyId, *out.Credentials.SessionToken)
}

func TestRoleChaining(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hub := w.put(t, management, iam.Role{Name: "Hub", Trust: trusting(`{"AWS":"`+management+`"}`, `{}`), MaxSession: 43200, Inline: map[string]string{
		"assume": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::*:role/Audit"}}`,
	}})
	audit := w.put(t, member, iam.Role{Name: "Audit", MaxSession: 43200, Trust: trusting(`{"AWS":"`+hub+`"}`, `{}`)})
	closed := w.put(t, member, iam.Role{Name: "Closed", Trust: trusting(`{"AWS":"`+hub+`"}`, `{}`)})
	c := w.session(t, &awssts.AssumeRoleInput{RoleArn: &hub})

	if _, err := w.assume(t, c, &awssts.AssumeRoleInput{RoleArn: &audit}); err != nil {
		t.Errorf("both sides allow: %v", err)
	}
	if _, err := w.assume(t, c, &awssts.AssumeRoleInput{RoleArn: &closed}); err == nil {
		t.Error("assumed a role of another account that the caller's own policies do not allow")
	}
	if _, err := w.assume(t, w.as(t, management, ""), &awssts.AssumeRoleInput{RoleArn: &audit}); err == nil {
		t.Error("the root assumed a role that trusts one role only")
	}
	_, err := w.assume(t, c, &awssts.AssumeRoleInput{RoleArn: &audit, DurationSeconds: aws.Int32(3601)})
	if err == nil || !strings.Contains(err.Error(), "role chaining") {
		t.Errorf("a chained session of more than an hour: %v", err)
	}
}

func TestSessionPolicyAndTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.put(t, management, iam.Role{Name: "Admin", Trust: trusting(`{"AWS":"`+management+`"}`, `{}`), Inline: map[string]string{
		"all": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
{"Effect":"Deny","Action":"glue:Delete*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalTag/team":"etl"}}}]}`,
	}})
	narrow := w.session(t, &awssts.AssumeRoleInput{RoleArn: &arn, PolicyArns: []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/SecurityAudit")}}})
	tagged := w.session(t, &awssts.AssumeRoleInput{RoleArn: &arn, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("etl")}}})
	got := map[string]string{}
	for name, c := range map[string]*service.Call{"narrow": narrow, "tagged": tagged} {
		for _, action := range []string{"glue:GetDevEndpoints", "glue:GetMLTransforms", "glue:DeleteDevEndpoint"} {
			c.Service = "glue"
			got[name+" "+action] = "allowed"
			if err := w.iam.Authorize(c, action, "*"); err != nil {
				got[name+" "+action] = err.Message[strings.Index(err.Message, " on resource: * ")+len(" on resource: * "):]
			}
		}
	}
	want := map[string]string{
		"narrow glue:GetDevEndpoints":   "allowed",
		"narrow glue:GetMLTransforms":   "because no session policy allows the glue:GetMLTransforms action",
		"narrow glue:DeleteDevEndpoint": "with an explicit deny in an identity-based policy",
		"tagged glue:GetDevEndpoints":   "allowed",
		"tagged glue:GetMLTransforms":   "allowed",
		"tagged glue:DeleteDevEndpoint": "allowed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
}

func TestGetCallerIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.as(t, member, "")
	c.Partition = "aws-cn"
	for _, op := range w.sts.Service().Operations {
		if op.Name != "GetCallerIdentity" {
			continue
		}
		out, err := op.Invoke(c, &awssts.GetCallerIdentityInput{})
		if err != nil {
			t.Fatal(err)
		}
		got := out.(*awssts.GetCallerIdentityOutput)
		if *got.Arn != "arn:aws-cn:iam::444455556666:root" || *got.Account != member || *got.UserId != member {
			t.Errorf("caller %s %s %s", *got.Arn, *got.Account, *got.UserId)
		}
	}
}

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.put(t, management, iam.Role{Name: "Hub", Trust: trusting(`{"AWS":"`+management+`"}`, `{}`)})
	c := w.as(t, "AKIAEXAMPLE", "")
	first, err := w.assume(t, c, &awssts.AssumeRoleInput{RoleArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20_000 {
		if _, err := w.assume(t, c, &awssts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String(fmt.Sprintf("s%d", i))}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, refusal := w.sts.Identify(*first.Credentials.AccessKeyId, *first.Credentials.SessionToken, now()); refusal == nil {
		t.Error("the oldest of 20,001 sessions is still kept")
	}
}

func BenchmarkIdentify(b *testing.B) {
	w := newWorld(b)
	arn := w.put(b, management, iam.Role{Name: "Hub", Trust: trusting(`{"AWS":"`+management+`"}`, `{}`)})
	out, err := w.assume(b, w.as(b, "AKIAEXAMPLE", ""), &awssts.AssumeRoleInput{RoleArn: &arn})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := w.sts.Identify(*out.Credentials.AccessKeyId, *out.Credentials.SessionToken, now()); err != nil {
			b.Fatal(err)
		}
	}
}
