package awsapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/smithy-go"

	"github.com/glueguard/glueguard/internal/resource"
)

// TestCredentialsThatEnd has credentials refused after they were accepted, and checks who is said to be to blame.
func TestCredentialsThatEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		account string
		code    string
		ended   bool
	}{
		"the caller's expire":              {"111111111111", "ExpiredTokenException", true},
		"the clock runs away":              {"111111111111", "RequestExpired", true},
		"a region that is not enabled":     {"111111111111", "UnrecognizedClientException", false},
		"denied":                           {"111111111111", "AccessDeniedException", false},
		"another account's, renewed twice": {"222222222222", "ExpiredTokenException", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log []string
			sts := identityServices(&log)
			s := open(t, func(r *http.Request, body string) (*http.Response, error) {
				if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AWSGlue.") {
					return jsonError(400, c.code, "AWS's words"), nil
				}
				return sts(r, body)
			})
			if _, err := s.Caller(t.Context()); err != nil {
				t.Fatal(err)
			}
			p := s.Acquire(c.account).At("us-east-1")
			_, err := Read(t.Context(), p, "glue:GetDevEndpoints", s.Glue.GetDevEndpoints, &glue.GetDevEndpointsInput{}, p.Glue)
			f := Classify(err, "glue:GetDevEndpoints")
			if f.Code != c.code || f.Message != "AWS's words" || (f.Class == resource.Denied) != (name == "denied") {
				t.Errorf("%+v", f)
			}
			if ended := s.Ended(); (ended != nil) != c.ended {
				t.Errorf("ended: %v", ended)
			}
		})
	}
}

// TestCredentialsThatCannotBeRenewed is no refusal of the read, whatever the source of credentials says.
func TestCredentialsThatCannotBeRenewed(t *testing.T) {
	t.Parallel()
	refused := &CredentialsError{Operation: "credentials", Err: &smithy.GenericAPIError{Code: "UnauthorizedException", Message: "no"}}
	want := resource.Failure{Operation: "glue:GetDevEndpoints", Class: resource.Errored, Code: resource.NoCredentials, Message: "no"}
	if got := Classify(refused, "glue:GetDevEndpoints"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
