package deliver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/sandbox"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

const (
	account = "111111111111"
	region  = "us-east-1"
)

// world is a sandbox, and a session in its management account.
func world(t *testing.T, o sandbox.Options) (*sandbox.Server, *awsapi.Session) {
	t.Helper()
	if o.Scenario == "" {
		o.Scenario = "small"
	}
	server, err := sandbox.Start("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	session, err := awsapi.Open(t.Context(), awsapi.Options{
		Keys: &awsapi.Keys{AccessKeyID: "test", SecretAccessKey: "test"}, Region: region, EndpointURL: server.URL,
		AttemptTimeout: 5 * time.Second, RetryLimit: 3 * time.Second, ThrottleLimit: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	return server, session
}

// plain is the SDK's own configuration for a sandbox.
func plain(s *sandbox.Server) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &s.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
}

// faults makes calls go wrong from here on.
func faults(t *testing.T, s *sandbox.Server, body string) {
	t.Helper()
	r, err := http.Post(s.URL+"/_sandbox/faults", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", body, r.Status)
	}
}
