package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// world is a listening sandbox and SDK clients for it.
type world struct {
	t   *testing.T
	url string
	box *Sandbox
}

func start(t *testing.T, o Options) world {
	t.Helper()
	server, err := Start("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return world{t: t, url: server.URL, box: server.Sandbox}
}

func (w world) config(account, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(w.url),
		Credentials: credentials.NewStaticCredentialsProvider(account, "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func (w world) endpoints(account, region string) error {
	_, err := glue.NewFromConfig(w.config(account, region)).GetDevEndpoints(w.t.Context(), &glue.GetDevEndpointsInput{})
	return err
}

func (w world) post(control, body string) string {
	w.t.Helper()
	r, err := http.Post(w.url+controlPath+control, "application/json", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		w.t.Fatalf("POST %s answered %d %s, %v", control, r.StatusCode, answer, err)
	}
	return string(answer)
}

// code is the AWS error code of an error, or its text.
func code(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return err.Error()
}

func TestScenariosStart(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{}, {Scenario: "empty"}, {Scenario: "small"}, {Scenario: "org", Accounts: 5, Regions: []string{"eu-west-1"}, Resources: 50}} {
		if _, err := New(o); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, o := range []Options{{Scenario: "nope"}, {RegionCount: 99}, {Faults: []Fault{{}}}, {Faults: []Fault{{Error: "x", Status: 7}}}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestAccountsAndRegionsComeFromTheSignature(t *testing.T) {
	t.Parallel()
	w := start(t, Options{})
	for _, tt := range []struct{ key, region, account, arn string }{
		{"222222222222", "eu-west-1", "222222222222", "arn:aws:iam::222222222222:root"},
		{"AKIAEXAMPLE", "eu-west-1", "111111111111", "arn:aws:iam::111111111111:root"},
		{"222222222222", "cn-north-1", "222222222222", "arn:aws-cn:iam::222222222222:root"},
		{"222222222222", "us-gov-west-1", "222222222222", "arn:aws-us-gov:iam::222222222222:root"},
	} {
		who, err := sts.NewFromConfig(w.config(tt.key, tt.region)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil || aws.ToString(who.Account) != tt.account || aws.ToString(who.Arn) != tt.arn {
			t.Errorf("%s in %s: got %v, %v", tt.key, tt.region, who, err)
		}
	}
}

func TestFaultsThroughTheSDK(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fault  Fault
		code   string // or a part of the error's text
		status int
	}{
		{"denied", Fault{Error: "AccessDeniedException"}, "AccessDeniedException", 400},
		{"code of another protocol", Fault{Error: "AccessDenied"}, "AccessDeniedException", 400},
		{"throttled", Fault{Error: "ThrottlingException", Message: "Rate exceeded"}, "ThrottlingException", 400},
		{"internal", Fault{Error: "InternalServiceException"}, "InternalServiceException", 500},
		{"own status", Fault{Error: "Odd", Status: 503}, "Odd", 503},
		{"status alone", Fault{Status: 500}, "InternalFailure", 500},
		{"refusing status alone", Fault{Status: 403}, "AccessDeniedException", 403},
		{"html", Fault{Error: FaultHTML}, "StatusCode: 502", 502},
		{"drop request", Fault{Error: FaultDropRequest}, "EOF", 0},
		{"drop response", Fault{Error: FaultDropResponse}, "EOF", 0},
		{"truncate", Fault{Error: FaultTruncate}, "unexpected EOF", 0},
		{"of another account", Fault{Account: "333333333333", Error: "Odd"}, "", 0},
		{"of another region", Fault{Region: "us-east-1", Error: "Odd"}, "", 0},
		{"of another operation", Fault{Operation: "glue:GetMLTransforms", Error: "Odd"}, "", 0},
		{"of this call", Fault{Account: "222222222222", Region: "eu-west-1", Operation: "glue:GetDevEndpoints", Error: "Odd"}, "Odd", 400},
		{"later", Fault{After: 1, Error: "Odd"}, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, Options{Faults: []Fault{tt.fault}})
			err := w.endpoints("222222222222", "eu-west-1")
			if got := code(err); got != tt.code && (tt.code == "" || !strings.Contains(err.Error(), tt.code)) {
				t.Errorf("got %v, want %s", err, tt.code)
			}
			var response *smithyhttp.ResponseError
			if tt.status != 0 && (!errors.As(err, &response) || response.HTTPStatusCode() != tt.status) {
				t.Errorf("got %v, want status %d", err, tt.status)
			}
		})
	}
}

func TestDroppedCallsTakeEffectOrNot(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{FaultDropRequest: "EntityNotFoundException", FaultDropResponse: "", FaultTruncate: ""} {
		w := start(t, Options{Faults: []Fault{{Operation: "glue:CreateSecurityConfiguration", Error: name, Times: 1}}})
		client := glue.NewFromConfig(w.config("222222222222", "eu-west-1"))
		if _, err := client.CreateSecurityConfiguration(t.Context(), createConfiguration()); err == nil {
			t.Errorf("%s: the call succeeded", name)
		}
		_, err := client.GetSecurityConfiguration(t.Context(), &glue.GetSecurityConfigurationInput{Name: aws.String("c")})
		if got := code(err); got != want {
			t.Errorf("%s: then got %q, want %q", name, got, want)
		}
	}
}

func TestFaultsAreCounted(t *testing.T) {
	t.Parallel()
	w := start(t, Options{})
	w.post("faults", `{"operation":"glue:GetDevEndpoints","error":"Odd","after":1,"times":2}`)
	var got []string
	for range 5 {
		got = append(got, code(w.endpoints("222222222222", "eu-west-1")))
	}
	if want := ",Odd,Odd,,"; strings.Join(got, ",") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	w.post("faults", `[{"error":"Other"}]`)
	if got := code(w.endpoints("222222222222", "eu-west-1")); got != "Other" {
		t.Errorf("got %q after replacing the script", got)
	}
	w.post("faults", `[]`)
	if err := w.endpoints("222222222222", "eu-west-1"); err != nil {
		t.Errorf("got %v after clearing the script", err)
	}
}

func TestOnlookersMeetNoFaults(t *testing.T) {
	t.Parallel()
	w := start(t, Options{Faults: []Fault{{Error: "Odd", Times: 1}}})
	client := glue.NewFromConfig(w.config("222222222222", "eu-west-1"), func(o *glue.Options) {
		o.APIOptions = append(o.APIOptions, smithyhttp.AddHeaderValue(OnlookerHeader, "yes"))
	})
	if _, err := client.GetDevEndpoints(t.Context(), &glue.GetDevEndpointsInput{}); err != nil {
		t.Errorf("the onlooker: %v", err)
	}
	if got := code(w.endpoints("222222222222", "eu-west-1")); got != "Odd" {
		t.Errorf("the fault was used up: %q", got)
	}
}

func TestThrottlingIsPerLocation(t *testing.T) {
	t.Parallel()
	w := start(t, Options{RatePerLocation: 0.001})
	var got []string
	for _, region := range []string{"eu-west-1", "eu-west-1", "us-east-1"} {
		got = append(got, code(w.endpoints("222222222222", region)))
	}
	_, err := ec2.NewFromConfig(w.config("222222222222", "us-east-1")).DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{})
	got = append(got, code(err))
	_, err = sts.NewFromConfig(w.config("222222222222", "us-east-1")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	got = append(got, code(err))
	if want := ",ThrottlingException,,RequestLimitExceeded,Throttling"; strings.Join(got, ",") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	w.post("settings", `{"rate":0}`)
	if err := w.endpoints("222222222222", "eu-west-1"); err != nil {
		t.Error(err)
	}
}

func TestBucketsFillWithTime(t *testing.T) {
	t.Parallel()
	limit, now := newThrottle(), time.Unix(1e9, 0)
	limit.setRate(5)
	granted := 0
	for i := range 100 { // a second and a bit, at a call every 20 ms, after a full bucket
		if limit.allow(location{"1", "r"}, now.Add(time.Duration(i)*20*time.Millisecond)) {
			granted++
		}
	}
	if granted != 5+9 {
		t.Errorf("%d calls were granted in two seconds at 5 a second", granted)
	}
}

func TestTheClockAdvances(t *testing.T) {
	t.Parallel()
	w := start(t, Options{Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
	var answer struct{ Now time.Time }
	if err := json.Unmarshal([]byte(w.post("clock", `{"advance":"24h"}`)), &answer); err != nil {
		t.Fatal(err)
	}
	if got := answer.Now.Format(time.DateOnly); got != "2026-01-03" {
		t.Errorf("the clock shows %s", got)
	}
	w.post("reset", "")
	if got := w.box.clock.now().Format(time.DateOnly); got != "2026-01-02" {
		t.Errorf("after a reset the clock shows %s", got)
	}
}

func TestCallsAreCounted(t *testing.T) {
	t.Parallel()
	w := start(t, Options{Faults: []Fault{{Region: "us-east-1", Error: "ThrottlingException"}}})
	for _, region := range []string{"eu-west-1", "eu-west-1", "us-east-1"} {
		_ = w.endpoints("222222222222", region) // its failure is the test's
	}
	report := func() callReport {
		r, err := http.Get(w.url + controlPath + "calls?last=2&reset")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var report callReport
		if err := json.NewDecoder(r.Body).Decode(&report); err != nil {
			t.Fatal(err)
		}
		return report
	}
	got := report()
	if got.Total != 3 || got.Throttled != 1 || got.Errors != 1 || got.Operations["glue:GetDevEndpoints"] != 3 ||
		got.Accounts["222222222222"] != 3 || got.Regions["us-east-1"] != 1 || len(got.Counts) != 2 || len(got.Last) != 2 {
		t.Errorf("got %+v", got)
	}
	if got := report(); got.Total != 0 {
		t.Errorf("after a reset got %+v", got)
	}
}

func TestStateSurvivesUntilReset(t *testing.T) {
	t.Parallel()
	w := start(t, Options{})
	client := glue.NewFromConfig(w.config("222222222222", "eu-west-1"))
	if _, err := client.CreateSecurityConfiguration(t.Context(), createConfiguration()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateSecurityConfiguration(t.Context(), createConfiguration()); code(err) != "AlreadyExistsException" {
		t.Errorf("got %v", err)
	}
	w.post("reset", "")
	if _, err := client.CreateSecurityConfiguration(t.Context(), createConfiguration()); err != nil {
		t.Error(err)
	}
}

func TestUnsignedAndMalformedRequests(t *testing.T) {
	t.Parallel()
	box, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	const scope = "AWS4-HMAC-SHA256 Credential=222222222222/20260101/eu-west-1/glue/aws4_request, SignedHeaders=host, Signature=00"
	tests := []struct{ name, authorization, target, want string }{
		{"unsigned JSON", "", "AWSGlue.GetDevEndpoints", `{"__type":"MissingAuthenticationTokenException"`},
		{"unsigned query", "", "", "<Code>MissingAuthenticationToken</Code>"},
		{"other scheme", "Bearer x", "AWSGlue.GetDevEndpoints", `{"__type":"IncompleteSignatureException"`},
		{"no signature", strings.TrimSuffix(scope, ", Signature=00"), "AWSGlue.GetDevEndpoints", "requires 'Signature' parameter"},
		{"short scope", strings.Replace(scope, "/glue", "", 1), "AWSGlue.GetDevEndpoints", "Credential must have exactly 5"},
		{"no key", strings.Replace(scope, "222222222222", "", 1), "AWSGlue.GetDevEndpoints", "must not have empty elements"},
		{"unknown service", strings.Replace(scope, "glue", "athena", 1), "AmazonAthena.ListX", "UnknownOperationException"},
		{"unknown operation", scope, "AWSGlue.Nope", `{"__type":"UnknownOperationException"`},
		{"good", scope, "AWSGlue.GetDevEndpoints", `{"DevEndpoints":[]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
			r.Header.Set("Content-Type", "application/x-amz-json-1.1")
			if tt.target == "" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			} else {
				r.Header.Set("X-Amz-Target", tt.target)
			}
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			answer := httptest.NewRecorder()
			box.ServeHTTP(answer, r)
			if !strings.Contains(answer.Body.String(), tt.want) || len(answer.Header().Get("X-Amzn-Requestid")) != 36 {
				t.Errorf("got %d %s", answer.Code, answer.Body)
			}
		})
	}
}

// panicking is a service with a mistake in it.
func panicking(*service.Call, *glue.GetDevEndpointsInput) (*glue.GetDevEndpointsOutput, error) {
	panic("mistake")
}

type anyone struct{}

func (anyone) Identify(key, _ string, _ time.Time) (string, service.Principal, *service.Error) {
	return key, service.Principal{AccessKeyID: key}, nil
}

func TestAMistakeInAServiceIsAnInternalFailure(t *testing.T) {
	t.Parallel()
	box, err := newSandbox(Options{}, func(Options, time.Time) (parts, error) {
		return parts{identities: anyone{}, services: []service.Service{
			{Model: "glue", Prefix: "glue", Operations: []service.Operation{service.Op("GetDevEndpoints", panicking)}},
		}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	defer server.Close()
	if got := code(world{t: t, url: server.URL}.endpoints("222222222222", "eu-west-1")); got != "InternalFailure" {
		t.Errorf("got %q", got)
	}
}

func TestS3IsServedUnderTheSameRules(t *testing.T) {
	t.Parallel()
	w := start(t, Options{Faults: []Fault{{Operation: "s3:GetObject", Error: FaultTruncate, Times: 1}, {Operation: "s3:DeleteObject", Error: "AccessDenied"}}})
	client := s3.NewFromConfig(w.config("222222222222", "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("labels")}); err != nil {
		t.Fatal(err)
	}
	key := &s3.GetObjectInput{Bucket: aws.String("labels"), Key: aws.String("a/b.csv")}
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: key.Bucket, Key: key.Key, Body: strings.NewReader("hello")}); err != nil {
		t.Fatal(err)
	}
	for i, whole := range []bool{false, true} {
		object, err := client.GetObject(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(object.Body)
		if whole != (err == nil && bytes.Equal(body, []byte("hello"))) {
			t.Errorf("read %d: %q, %v", i, body, err)
		}
	}
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: key.Bucket, Key: key.Key}); code(err) != "AccessDenied" {
		t.Errorf("got %v", err)
	}
}

func createConfiguration() *glue.CreateSecurityConfigurationInput {
	return &glue.CreateSecurityConfigurationInput{Name: aws.String("c"), EncryptionConfiguration: &gluetypes.EncryptionConfiguration{
		S3Encryption: []gluetypes.S3Encryption{{S3EncryptionMode: gluetypes.S3EncryptionModeSses3}},
	}}
}

// TestEndpointsWrite lets an endpoint write through the control, and looks at the object with S3's own call.
func TestEndpointsWrite(t *testing.T) {
	t.Parallel()
	w := start(t, Options{Scenario: "small"})
	objects := s3.NewFromConfig(w.config("111111111111", "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
	bucket := "glue-labels-111111111111-us-east-1"
	for name, tt := range map[string]struct{ body, mode string }{
		"kms":     {`{"account":"111111111111","region":"us-east-1","endpoint":"pass-sse-kms","path":"s3://` + bucket + `/kms","body":"x"}`, "aws:kms"},
		"ignored": {`{"account":"111111111111","region":"us-east-1","endpoint":"pass-sse-kms","path":"s3://` + bucket + `/ignored","unencrypted":true}`, "AES256"},
	} {
		w.post("write", tt.body)
		head, err := objects.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &name})
		if err != nil || string(head.ServerSideEncryption) != tt.mode || (head.SSEKMSKeyId != nil) != (tt.mode == "aws:kms") {
			t.Errorf("%s: %+v %v", name, head, err)
		}
	}
	r, err := http.Post(w.url+controlPath+"write", "application/json", strings.NewReader(`{"account":"111111111111","region":"us-east-1","endpoint":"nobody","path":"s3://b/k"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusBadRequest {
		t.Errorf("an endpoint that is not there: %d", r.StatusCode)
	}
}
