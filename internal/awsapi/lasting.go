package awsapi

import (
	"context"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Lasting tells whether the account can be acted in for a duration without anybody's help: its credentials end later,
// or never, or are renewed unattended. Where the end of temporary credentials can't be known, they do not last.
func (a *Account) Lasting(ctx context.Context, d time.Duration) (bool, error) {
	if err := a.fresh(ctx); err != nil {
		return false, err
	}
	if !a.own { // renewed by assuming the role again, for as long as the caller's own credentials allow that
		return a.session.home.Lasting(ctx, d)
	}
	c, err := a.session.chain.Retrieve(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return false, interrupted(ctx)
	case err != nil:
		return false, &CredentialsError{Operation: "credentials", Err: err}
	case a.session.renews(c.Source):
		return true, nil
	case !c.CanExpire && c.SessionToken != "":
		end, known := endInEnvironment(c)
		return known && time.Until(end) > d, nil
	}
	return lasts(c, d), nil
}

// renews tells whether the caller's credentials come from a source that gives new ones for as long as the process runs.
// Single sign-on is not among them: it ends with the person's session.
func (s *Session) renews(source string) bool {
	switch source {
	case "EC2RoleProvider", "CredentialsEndpointProvider", "WebIdentityCredentials":
		return true
	case "AssumeRoleProvider": // of a profile: it does for as long as what it starts from
		cache, ok := s.chain.(*aws.CredentialsCache)
		if !ok {
			return false
		}
		sources := cache.ProviderSources()
		return len(sources) > 0 && !slices.ContainsFunc(sources, ends)
	}
	return false
}

// ends tells whether a source may stop giving credentials while the process runs.
func ends(source aws.CredentialSource) bool {
	switch source {
	case aws.CredentialSourceProfile, aws.CredentialSourceProfileSourceProfile, aws.CredentialSourceProfileNamedProvider,
		aws.CredentialSourceProfileSTSWebIDToken, aws.CredentialSourceEnvVarsSTSWebIDToken, aws.CredentialSourceSTSAssumeRoleWebID,
		aws.CredentialSourceSTSAssumeRole, aws.CredentialSourceHTTP, aws.CredentialSourceIMDS:
		return false
	case aws.CredentialSourceEnvVars:
		return os.Getenv("AWS_SESSION_TOKEN") != ""
	}
	return true
}

// endInEnvironment is when the credentials in the environment end, which tools that put temporary ones there may say.
func endInEnvironment(c aws.Credentials) (time.Time, bool) {
	if c.AccessKeyID != os.Getenv("AWS_ACCESS_KEY_ID") {
		return time.Time{}, false
	}
	end, err := time.Parse(time.RFC3339, os.Getenv("AWS_CREDENTIAL_EXPIRATION"))
	return end, err == nil
}
