package awsapi

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func remove(ctx context.Context, p *Place, s *Session, name *string) error {
	_, err := Change(ctx, p, "glue:DeleteDevEndpoint", s.Glue.DeleteDevEndpoint, &glue.DeleteDevEndpointInput{EndpointName: name}, p.Glue)
	return err
}

// TestChangeByErrorClass answers a changing call in every way: it is sent once, and its error tells what is known.
func TestChangeByErrorClass(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer          func() (*http.Response, error)
		code            string
		nothing, server bool
	}{
		"denied":              {func() (*http.Response, error) { return jsonError(400, "AccessDeniedException", "no"), nil }, "AccessDeniedException", false, false},
		"throttled":           {func() (*http.Response, error) { return jsonError(400, "ThrottlingException", "slow"), nil }, "ThrottlingException", true, false},
		"429":                 {func() (*http.Response, error) { return jsonError(429, "Whatever", ""), nil }, "Whatever", true, false},
		"503 for the rate":    {func() (*http.Response, error) { return jsonError(503, "SlowDown", ""), nil }, "SlowDown", true, false},
		"server error":        {func() (*http.Response, error) { return jsonError(500, "InternalServiceException", ""), nil }, "InternalServiceException", false, true},
		"unavailable":         {func() (*http.Response, error) { return reply(503, "<html>"), nil }, "", false, true},
		"bad gateway":         {func() (*http.Response, error) { return reply(502, "<html>"), nil }, "", false, false},
		"gateway's timeout":   {func() (*http.Response, error) { return reply(504, "<html>"), nil }, "", false, false},
		"AWS's timeout":       {func() (*http.Response, error) { return jsonError(500, "OperationTimeoutException", ""), nil }, "OperationTimeoutException", false, false},
		"expired":             {func() (*http.Response, error) { return jsonError(400, "ExpiredTokenException", ""), nil }, "ExpiredTokenException", true, false},
		"HTML for an answer":  {func() (*http.Response, error) { return reply(200, "<html>"), nil }, "", false, false},
		"cut short":           {func() (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, "", false, false},
		"reset":               {func() (*http.Response, error) { return nil, &net.OpError{Op: "read", Err: errors.New("reset")} }, "", false, false},
		"no connection":       {func() (*http.Response, error) { return nil, &net.OpError{Op: "dial", Err: errors.New("refused")} }, "", true, false},
		"no such host":        {func() (*http.Response, error) { return nil, &net.DNSError{Name: "x", IsNotFound: true} }, "", true, false},
		"does not exist":      {func() (*http.Response, error) { return jsonError(400, "EntityNotFoundException", ""), nil }, "EntityNotFoundException", false, false},
		"concurrent update":   {func() (*http.Response, error) { return jsonError(400, "ConcurrentModificationException", ""), nil }, "ConcurrentModificationException", false, false},
		"an answer of no use": {func() (*http.Response, error) { return reply(400, ""), nil }, "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := 0
			s := open(t, func(*http.Request, string) (*http.Response, error) { sent++; return c.answer() })
			err := remove(t.Context(), s.Home().At("us-east-1"), s, aws.String("d1"))
			if err == nil || sent != 1 {
				t.Fatalf("%v after %d calls", err, sent)
			}
			if c.code != "" && Code(err) != c.code {
				t.Errorf("code %q", Code(err))
			}
			if SentNothing(err) != c.nothing || IsServerError(err) != c.server {
				t.Errorf("nothing sent: %v, server error: %v (%v)", SentNothing(err), IsServerError(err), err)
			}
		})
	}
	if SentNothing(nil) || IsServerError(nil) || IsThrottle(nil) {
		t.Error("no error is none")
	}
}

// TestChangesThatNeverLeave fail before anything is sent.
func TestChangesThatNeverLeave(t *testing.T) {
	t.Parallel()
	s := open(t, func(*http.Request, string) (*http.Response, error) {
		t.Error("sent")
		return nil, io.EOF
	}, func(o *Options) { o.Role = "" })
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range map[string]error{
		"input that can't be sent": remove(t.Context(), s.Home().At("us-east-1"), s, nil),
		"context that has ended":   remove(ended, s.Home().At("us-east-1"), s, aws.String("d1")),
		"account without a role":   remove(t.Context(), s.Acquire("222222222222").At("us-east-1"), s, aws.String("d1")),
	} {
		if err == nil || !SentNothing(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestChangeOutlivesItsContext: a call that was sent is waited for, so that its answer is not lost; but not for ever.
func TestChangeOutlivesItsContext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		takes time.Duration
		ok    bool
	}{"in time": {10 * time.Second, true}, "never": {time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := open(t, func(r *http.Request, _ string) (*http.Response, error) {
					select {
					case <-time.After(c.takes):
						return reply(200, "{}"), nil
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				started := time.Now()
				err := remove(ctx, s.Home().At("us-east-1"), s, aws.String("d1"))
				if (err == nil) != c.ok || SentNothing(err) || time.Since(started) > time.Minute {
					t.Errorf("%v after %v", err, time.Since(started))
				}
			})
		})
	}
}

// TestAnswersWithoutBody are good where the operation's answer has no members, and none where it has.
func TestAnswersWithoutBody(t *testing.T) {
	t.Parallel()
	s := open(t, func(*http.Request, string) (*http.Response, error) { return reply(200, ""), nil })
	p := s.Home().At("us-east-1")
	_, alias := Change(t.Context(), p, "kms:CreateAlias", s.KMS.CreateAlias,
		&kms.CreateAliasInput{AliasName: aws.String("alias/x"), TargetKeyId: aws.String("y")}, p.KMS)
	_, key := Change(t.Context(), p, "kms:CreateKey", s.KMS.CreateKey, &kms.CreateKeyInput{}, p.KMS)
	if alias != nil || key == nil || SentNothing(key) {
		t.Errorf("alias: %v, key: %v", alias, key)
	}
}

// TestChangeRenews: a role's session that ended is taken anew by the next call.
func TestChangeRenews(t *testing.T) {
	t.Parallel()
	var log []string
	sts := identityServices(&log)
	assumed, refused := 0, false
	s := open(t, func(r *http.Request, body string) (*http.Response, error) {
		switch {
		case strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AWSGlue.") && !refused:
			refused = true
			return jsonError(400, "ExpiredTokenException", "over"), nil
		case strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AWSGlue."):
			return reply(200, "{}"), nil
		case strings.Contains(body, "AssumeRole"):
			assumed++
		}
		return sts(r, body)
	})
	p := s.Acquire("222222222222").At("us-east-1")
	if err := remove(t.Context(), p, s, aws.String("d1")); !SentNothing(err) {
		t.Fatal(err)
	}
	if err := remove(t.Context(), p, s, aws.String("d1")); err != nil || assumed != 2 {
		t.Errorf("%v after %d sessions", err, assumed)
	}
	if s.Ended() != nil {
		t.Error("the caller's own credentials did not end")
	}
}

// TestPlaces points each client at its place.
func TestPlaces(t *testing.T) {
	t.Parallel()
	var hosts []string
	client := answers(func(r *http.Request, _ string) (*http.Response, error) {
		hosts = append(hosts, r.URL.Host+r.URL.Path+" "+scopeOf(r))
		return nil, io.EOF
	})
	s := open(t, client, func(o *Options) { o.EndpointURL = "" })
	ctx := t.Context()
	for region, want := range map[string][]string{
		"eu-west-1": {
			"ec2.eu-west-1.amazonaws.com/ eu-west-1/ec2", "iam.amazonaws.com/ us-east-1/iam", "bucket.s3.eu-west-1.amazonaws.com/ eu-west-1/s3",
			"bucket.s3.us-west-2.amazonaws.com/ us-west-2/s3", "cloudformation.eu-west-1.amazonaws.com/ eu-west-1/cloudformation",
			"servicequotas.eu-west-1.amazonaws.com/ eu-west-1/servicequotas", "api.sagemaker.eu-west-1.amazonaws.com/ eu-west-1/sagemaker",
		},
		"cn-north-1": {
			"ec2.cn-north-1.amazonaws.com.cn/ cn-north-1/ec2", "iam.cn-north-1.amazonaws.com.cn/ cn-north-1/iam", "bucket.s3.cn-north-1.amazonaws.com.cn/ cn-north-1/s3",
			"bucket.s3.us-west-2.amazonaws.com/ us-west-2/s3", "cloudformation.cn-north-1.amazonaws.com.cn/ cn-north-1/cloudformation",
			"servicequotas.cn-north-1.amazonaws.com.cn/ cn-north-1/servicequotas", "api.sagemaker.cn-north-1.amazonaws.com.cn/ cn-north-1/sagemaker",
		},
	} {
		hosts = nil
		p := s.Home().At(region)
		bucket := &s3.HeadBucketInput{Bucket: aws.String("bucket")}
		_, _ = s.EC2.DescribeSubnets(ctx, nil, p.EC2()...)
		_, _ = s.IAM.ListRoles(ctx, nil, p.IAM()...)
		_, _ = s.S3.HeadBucket(ctx, bucket, p.S3("")...)
		_, _ = s.S3.HeadBucket(ctx, bucket, p.S3("us-west-2")...)
		_, _ = s.CloudFormation.DescribeStackResources(ctx, nil, p.CloudFormation()...)
		_, _ = s.Quotas.ListServices(ctx, nil, p.Quotas()...)
		_, _ = s.SageMaker.ListTags(ctx, nil, p.SageMaker()...)
		if got := strings.Join(hosts, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		}
	}
}

// scopeOf is the region and service that a request is signed for.
func scopeOf(r *http.Request) string {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	parts := strings.Split(scope, "/")
	if len(parts) < 4 {
		return "unsigned"
	}
	return parts[2] + "/" + parts[3]
}
