package awsapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"github.com/glueguard/glueguard/internal/resource"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answers is an HTTP client that answers from a function.
type answers func(r *http.Request, body string) (*http.Response, error)

func (a answers) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	return a(r, string(body))
}

func reply(status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

func jsonError(status int, code, message string) *http.Response {
	return reply(status, fmt.Sprintf(`{"__type":%q,"message":%q}`, code, message))
}

func open(t *testing.T, client answers, change ...func(*Options)) *Session {
	t.Helper()
	o := Options{
		Keys: &Keys{AccessKeyID: "111111111111", SecretAccessKey: "s"}, Region: "us-east-1", Role: "audit",
		EndpointURL: "http://aws.invalid", HTTPClient: client,
	}
	for _, fn := range change {
		fn(&o)
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func list(ctx context.Context, s *Session) (*glue.GetDevEndpointsOutput, error) {
	p := s.Home().At("us-east-1")
	return Read(ctx, p, "glue:GetDevEndpoints", s.Glue.GetDevEndpoints, &glue.GetDevEndpointsInput{}, p.Glue)
}

// TestReadByErrorClass answers a call in one way for ever, and then in that way twice and well afterwards.
func TestReadByErrorClass(t *testing.T) {
	t.Parallel()
	const good = `{"DevEndpoints":[{"EndpointName":"d1"}]}`
	for name, c := range map[string]struct {
		answer func() (*http.Response, error)
		class  resource.FailureClass
		code   string
		again  bool // worth another attempt
	}{
		"denied":    {func() (*http.Response, error) { return jsonError(400, "AccessDeniedException", "no"), nil }, resource.Denied, "AccessDeniedException", false},
		"bad input": {func() (*http.Response, error) { return jsonError(400, "InvalidInputException", "bad"), nil }, resource.Errored, "InvalidInputException", false},
		"not in region": {func() (*http.Response, error) {
			return jsonError(400, "InvalidInputException", "Operation is not supported in <x> region"), nil
		}, resource.Unsupported, "InvalidInputException", false},
		"unknown op":    {func() (*http.Response, error) { return jsonError(400, "UnknownOperationException", ""), nil }, resource.Unsupported, "UnknownOperationException", false},
		"throttled":     {func() (*http.Response, error) { return jsonError(400, "ThrottlingException", "Rate exceeded"), nil }, resource.Throttled, "ThrottlingException", true},
		"429":           {func() (*http.Response, error) { return jsonError(429, "Whatever", ""), nil }, resource.Throttled, "Whatever", true},
		"server error":  {func() (*http.Response, error) { return jsonError(500, "InternalServiceException", "boom"), nil }, resource.Errored, "InternalServiceException", true},
		"AWS's timeout": {func() (*http.Response, error) { return jsonError(400, "OperationTimeoutException", "slow"), nil }, resource.Errored, "OperationTimeoutException", true},
		"html 500":      {func() (*http.Response, error) { return reply(500, "<html>oops</html>"), nil }, resource.Errored, "", true},
		"html 200":      {func() (*http.Response, error) { return reply(200, "<html>hello</html>"), nil }, resource.Errored, "", true},
		"cut short":     {func() (*http.Response, error) { return reply(200, `{"DevEndpoints":[{"Endp`), nil }, resource.Errored, "", true},
		"empty":         {func() (*http.Response, error) { return reply(200, ""), nil }, resource.Errored, "", true},
		"cut before its first byte": {func() (*http.Response, error) {
			r := reply(200, "")
			r.ContentLength = -1
			return r, nil
		}, resource.Errored, "", true},
		"dropped":         {func() (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, resource.Errored, "", true},
		"refused":         {func() (*http.Response, error) { return nil, &net.OpError{Op: "dial", Err: errors.New("refused")} }, resource.Errored, "", true},
		"no such host":    {func() (*http.Response, error) { return nil, &net.DNSError{Name: "x", IsNotFound: true} }, resource.Errored, resource.NoSuchHost, true},
		"resolver failed": {func() (*http.Response, error) { return nil, &net.DNSError{Name: "x", IsTimeout: true} }, resource.Errored, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := open(t, func(*http.Request, string) (*http.Response, error) { return c.answer() })
				started := time.Now()
				_, err := list(t.Context(), s)
				f := Classify(err, "glue:GetDevEndpoints")
				if f.Class != c.class || f.Code != c.code {
					t.Errorf("class %s, code %q, want %s, %q (%v)", f.Class, f.Code, c.class, c.code, err)
				}
				if calls := s.Stats().Calls; (calls > 1) != c.again {
					t.Errorf("%d calls, worth another: %v", calls, c.again)
				}
				if d := time.Since(started); d > 6*time.Minute {
					t.Errorf("gave up after %v", d)
				}
				failures := 2
				s = open(t, func(*http.Request, string) (*http.Response, error) {
					if failures--; failures >= 0 {
						return c.answer()
					}
					return reply(200, good), nil
				})
				out, err := list(t.Context(), s)
				if ok := err == nil && len(out.DevEndpoints) == 1; ok != c.again {
					t.Errorf("after two failures: %v", err)
				}
			})
		})
	}
}

func TestAttemptTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, func(r *http.Request, _ string) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		started := time.Now()
		_, err := list(t.Context(), s)
		if f := Classify(err, "x"); f.Class != resource.Errored {
			t.Errorf("%+v", f)
		}
		if d := time.Since(started); d > 2*time.Minute+time.Second {
			t.Errorf("gave up after %v", d)
		}
	})
}

func TestInterruptedAtOnce(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]answers{
		"waiting for the answer": func(r *http.Request, _ string) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
		"waiting after throttling": func(*http.Request, string) (*http.Response, error) {
			return reply(429, "{}", "Retry-After", "60"), nil
		},
		"between attempts": func(*http.Request, string) (*http.Response, error) { return nil, io.EOF },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := open(t, answer, func(o *Options) { o.Attempts = 1 << 20 })
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				started := time.Now()
				_, err := list(ctx, s)
				if f := Classify(err, "x"); f.Class != resource.Interrupted || !errors.Is(err, ErrInterrupted) {
					t.Errorf("%v", err)
				}
				if d := time.Since(started); d != 5*time.Second {
					t.Errorf("stopped after %v", d)
				}
			})
		})
	}
}

func TestInFlightIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		s := open(t, func(*http.Request, string) (*http.Response, error) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return reply(200, "{}"), nil
		}, func(o *Options) { o.MaxInFlight = 7 })
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if _, err := list(t.Context(), s); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most.Load() != 7 {
			t.Errorf("%d in flight, want 7", most.Load())
		}
	})
}

// identityServices answers STS for any account, with credentials that last an hour.
func identityServices(log *[]string) answers {
	var mu sync.Mutex
	return func(r *http.Request, body string) (*http.Response, error) {
		form, _ := url.ParseQuery(body)
		mu.Lock()
		*log = append(*log, strings.TrimSpace(form.Get("Action")+r.Header.Get("X-Amz-Target")+" "+r.URL.Host+" "+form.Get("RoleArn")+" "+form.Get("ExternalId")))
		n := len(*log)
		mu.Unlock()
		switch form.Get("Action") {
		case "GetCallerIdentity":
			partition := "aws"
			if strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=CN") {
				if !strings.Contains(r.Header.Get("Authorization"), "/cn-north-1/") {
					return reply(403, "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>"), nil
				}
				partition = "aws-cn"
			}
			return reply(200, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:"+partition+":iam::111111111111:user/u</Arn><Account>111111111111</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"), nil
		case "AssumeRole":
			return reply(200, fmt.Sprintf("<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>K%d</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
				n, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))), nil
		}
		return reply(200, "{}"), nil
	}
}

func TestAssumedCredentials(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log []string
		s := open(t, identityServices(&log), func(o *Options) { o.ExternalID = "ext" })
		if _, err := s.Caller(t.Context()); err != nil {
			t.Fatal(err)
		}
		a := s.Acquire("222222222222")
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := a.Enter(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		want := []string{"GetCallerIdentity aws.invalid", "AssumeRole aws.invalid arn:aws:iam::222222222222:role/audit ext"}
		if !slices.Equal(log, want) {
			t.Errorf("calls %q", log)
		}
		if s.Acquire("222222222222") != a || s.Acquire("111111111111") != s.Home() {
			t.Error("accounts are not shared")
		}
		time.Sleep(56 * time.Minute) // less than five minutes are left
		for range 20 {
			all.Go(func() {
				if err := a.Enter(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(log) != 3 {
			t.Errorf("calls %q, want one renewal", log)
		}
		a.Release()
		a.Release()
		if b := s.Acquire("222222222222"); b == a {
			t.Error("credentials are kept after the last release")
		}
	})
}

func TestExpiredAssumedCredentialsAreTakenAnew(t *testing.T) {
	t.Parallel()
	var log []string
	sts := identityServices(&log)
	s := open(t, func(r *http.Request, body string) (*http.Response, error) {
		if strings.Contains(r.Header.Get("Authorization"), "Credential=K2/") {
			return jsonError(400, "ExpiredTokenException", "expired"), nil
		}
		return sts(r, body)
	})
	if _, err := s.Caller(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := s.Acquire("222222222222").At("us-east-1")
	if _, err := Read(t.Context(), p, "x", s.Glue.GetDevEndpoints, &glue.GetDevEndpointsInput{}, p.Glue); err != nil {
		t.Error(err)
	}
	if n := len(log); n != 4 { // caller, role, role again, listing
		t.Errorf("calls %q", log)
	}
}

func TestPartitionWithoutARegion(t *testing.T) {
	t.Parallel()
	var log []string
	s := open(t, identityServices(&log), func(o *Options) { o.Region, o.Keys.AccessKeyID = "", "CN" })
	id, err := s.Caller(t.Context())
	if err != nil || id.Partition != "aws-cn" || s.Region() != "cn-north-1" {
		t.Errorf("%+v in %s, %v", id, s.Region(), err)
	}
	if l := s.Home().At("cn-northwest-1").Location; l != (resource.Location{Partition: "aws-cn", Account: "111111111111", Region: "cn-northwest-1"}) {
		t.Errorf("location %+v", l)
	}
}

func TestCredentialsErrors(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			s := open(t, func(*http.Request, string) (*http.Response, error) {
				return reply(403, "<ErrorResponse><Error><Code>"+code+"</Code><Message>m</Message></Error></ErrorResponse>"), nil
			})
			_, err := s.Caller(t.Context())
			var c *CredentialsError
			if !errors.As(err, &c) || c.Code != code || c.Operation != "sts:GetCallerIdentity" {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestNoCredentials(t *testing.T) {
	dir := t.TempDir()
	for _, v := range []string{"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(v, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", dir+"/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", dir+"/credentials")
	var c *CredentialsError
	s, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Caller(t.Context()); !errors.As(err, &c) || c.Code != "" {
		t.Errorf("%v", err)
	}
	if _, err := Open(t.Context(), Options{Profile: "nobody"}); !errors.As(err, &c) {
		t.Errorf("a profile that does not exist: %v", err)
	}
}

func TestIsNotFound(t *testing.T) {
	t.Parallel()
	if !IsNotFound(fmt.Errorf("x: %w", &smithy.GenericAPIError{Code: "EntityNotFoundException"})) || IsNotFound(errors.New("EntityNotFoundException")) || IsNotFound(nil) {
		t.Error("it goes by code")
	}
}
