package awsapi

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// source is a credential source with a name of the SDK's.
type source struct {
	aws.Credentials
	from []aws.CredentialSource
	err  error
}

func (s source) Retrieve(context.Context) (aws.Credentials, error) { return s.Credentials, s.err }
func (s source) ProviderSources() []aws.CredentialSource           { return s.from }

// TestLasting asks credentials of every source whether they outlast an hour.
func TestLasting(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "ASIAENV")
	t.Setenv("AWS_SESSION_TOKEN", "token")
	now := time.Now()
	of := func(name string, expires time.Duration) aws.Credentials {
		return aws.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "s", SessionToken: "token", Source: name, CanExpire: true, Expires: now.Add(expires)}
	}
	in := of("EnvConfigCredentials", 0)
	in.CanExpire, in.Expires, in.AccessKeyID = false, time.Time{}, "ASIAENV"
	const assume = "AssumeRoleProvider"
	for name, c := range map[string]struct {
		source source
		env    string // AWS_CREDENTIAL_EXPIRATION
		lasts  bool
		fails  bool
	}{
		"a user's keys":               {source: source{Credentials: aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "s"}}, lasts: true},
		"a session without an end":    {source: source{Credentials: in}},
		"one whose end was exported":  {source: source{Credentials: in}, env: now.Add(2 * time.Hour).Format(time.RFC3339), lasts: true},
		"one whose end is near":       {source: source{Credentials: in}, env: now.Add(time.Minute).Format(time.RFC3339)},
		"another's end":               {source: source{Credentials: aws.Credentials{AccessKeyID: "ASIAOTHER", SecretAccessKey: "s", SessionToken: "t"}}, env: now.Add(2 * time.Hour).Format(time.RFC3339)},
		"single sign-on for long":     {source: source{Credentials: of("SSOProvider", 8*time.Hour)}, lasts: true},
		"single sign-on near its end": {source: source{Credentials: of("SSOProvider", 20*time.Minute)}},
		"an instance's role":          {source: source{Credentials: of("EC2RoleProvider", 20*time.Minute)}, lasts: true},
		"a container's role":          {source: source{Credentials: of("CredentialsEndpointProvider", 20*time.Minute)}, lasts: true},
		"a role of an identity":       {source: source{Credentials: of("WebIdentityCredentials", 20*time.Minute)}, lasts: true},
		"a role from a user's keys":   {source: source{Credentials: of(assume, 20*time.Minute), from: []aws.CredentialSource{aws.CredentialSourceProfile}}, lasts: true},
		"a role from single sign-on":  {source: source{Credentials: of(assume, 20*time.Minute), from: []aws.CredentialSource{aws.CredentialSourceProfileSSO}}},
		"a role from a session":       {source: source{Credentials: of(assume, 20*time.Minute), from: []aws.CredentialSource{aws.CredentialSourceEnvVars}}},
		"a role from nobody knows":    {source: source{Credentials: of(assume, 20*time.Minute)}},
		"a process":                   {source: source{Credentials: of("ProcessProvider", 20*time.Minute)}},
		"none":                        {source: source{err: errors.New("none")}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_CREDENTIAL_EXPIRATION", c.env)
			s := open(t, nil)
			s.chain = aws.NewCredentialsCache(c.source)
			lasts, err := s.Home().Lasting(t.Context(), time.Hour)
			var credentials *CredentialsError
			if lasts != c.lasts || (err != nil) != c.fails || err != nil && !errors.As(err, &credentials) {
				t.Errorf("%v, %v", lasts, err)
			}
		})
	}
}

// TestLastingElsewhere: another account is acted in for as long as its role can be assumed.
func TestLastingElsewhere(t *testing.T) {
	t.Parallel()
	var log []string
	s := open(t, identityServices(&log))
	if lasts, err := s.Acquire("222222222222").Lasting(t.Context(), 100*time.Hour); !lasts || err != nil {
		t.Errorf("%v, %v", lasts, err)
	}
	without := open(t, identityServices(&log), func(o *Options) { o.Role = "" })
	if lasts, err := without.Acquire("222222222222").Lasting(t.Context(), time.Hour); lasts || err == nil {
		t.Errorf("%v, %v", lasts, err)
	}
}
