package wire

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// refusals are what the SDK makes of an error in each protocol.
func refusals() []struct {
	name, service string
	refusal       *service.Error
	call          func(t *testing.T, client any) error
	code          string
	status        int
} {
	getEndpoint := func(t *testing.T, client any) error {
		_, err := client.(*glue.Client).GetDevEndpoint(t.Context(), &glue.GetDevEndpointInput{EndpointName: aws.String("x")})
		return err
	}
	getRole := func(t *testing.T, client any) error {
		_, err := client.(*iam.Client).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("x")})
		return err
	}
	regions := func(t *testing.T, client any) error {
		_, err := client.(*ec2.Client).DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{})
		return err
	}
	listRegions := func(t *testing.T, client any) error {
		_, err := client.(*account.Client).ListRegions(t.Context(), &account.ListRegionsInput{})
		return err
	}
	metrics := func(t *testing.T, client any) error {
		_, err := client.(*cloudwatch.Client).ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{})
		return err
	}
	return []struct {
		name, service string
		refusal       *service.Error
		call          func(t *testing.T, client any) error
		code          string
		status        int
	}{
		{"JSON, modelled", "glue", service.Errorf("EntityNotFoundException", "gone"), getEndpoint, "EntityNotFoundException", 400},
		{"JSON, the service's fault", "glue", service.Errorf("InternalServiceException", "gone"), getEndpoint, "InternalServiceException", 500},
		{"JSON, not modelled", "glue", service.Errorf("ThrottlingException", "gone"), getEndpoint, "ThrottlingException", 400},
		{"JSON, own status", "glue", &service.Error{Code: "Odd", Message: "gone", Status: 418}, getEndpoint, "Odd", 418},
		{"query, modelled", "iam", service.Errorf("NoSuchEntity", "gone"), getRole, "NoSuchEntity", 404},
		{"query, by its shape", "iam", service.Errorf("NoSuchEntityException", "gone"), getRole, "NoSuchEntity", 404},
		{"query, denied", "iam", service.Errorf("AccessDenied", "gone"), getRole, "AccessDenied", 403},
		{"EC2", "ec2", service.Errorf("UnauthorizedOperation", "gone"), regions, "UnauthorizedOperation", 403},
		{"REST", "account", service.Errorf("AccessDeniedException", "gone"), listRegions, "AccessDeniedException", 403},
		{"CBOR", "cloudwatch", service.Errorf("InvalidParameterValueException", "gone"), metrics, "InvalidParameterValue", 400},
	}
}

func TestErrorsThroughTheSDK(t *testing.T) {
	t.Parallel()
	for _, tt := range refusals() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(&echo{codec: sdkCodec(t, tt.service), refusal: tt.refusal})
			defer server.Close()
			err := tt.call(t, newClient(tt.service, server.URL))
			var api smithy.APIError
			if !errors.As(err, &api) || api.ErrorCode() != tt.code || api.ErrorMessage() != "gone" {
				t.Errorf("got %v, want %s", err, tt.code)
			}
			var response *smithyhttp.ResponseError
			if !errors.As(err, &response) || response.HTTPStatusCode() != tt.status {
				t.Errorf("got %v, want status %d", err, tt.status)
			}
			if !strings.Contains(err.Error(), "request-1") {
				t.Errorf("%v does not tell the request's id", err)
			}
		})
	}
}

func TestTypedErrorsThroughTheSDK(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(&echo{codec: sdkCodec(t, "glue"), refusal: service.Errorf("EntityNotFoundException", "gone")})
	defer server.Close()
	_, err := newClient("glue", server.URL).(*glue.Client).GetDevEndpoint(t.Context(), &glue.GetDevEndpointInput{EndpointName: aws.String("x")})
	if notFound := new(gluetypes.EntityNotFoundException); !errors.As(err, &notFound) || aws.ToString(notFound.Message) != "gone" {
		t.Errorf("got %v", err)
	}
	roles := httptest.NewServer(&echo{codec: sdkCodec(t, "iam"), refusal: service.Errorf("NoSuchEntity", "gone")})
	defer roles.Close()
	_, err = newClient("iam", roles.URL).(*iam.Client).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("x")})
	if notFound := new(iamtypes.NoSuchEntityException); !errors.As(err, &notFound) || aws.ToString(notFound.Message) != "gone" {
		t.Errorf("got %v", err)
	}
}

// TestInputsTheModelDoesNotAllow sends what SDKs would not.
func TestInputsTheModelDoesNotAllow(t *testing.T) {
	t.Parallel()
	const constraint = "failed to satisfy constraint: Member must "
	tests := []struct{ name, service, target, body, code, message string }{
		{
			"JSON, required", "glue", "AWSGlue.GetDevEndpoint", `{}`, "ValidationException",
			"1 validation error detected: Value null at 'endpointName' " + constraint + "not be null",
		},
		{
			"JSON, null is absent", "glue", "AWSGlue.GetDevEndpoint", `{"EndpointName":null}`, "ValidationException",
			"1 validation error detected: Value null at 'endpointName' " + constraint + "not be null",
		},
		{
			"JSON, two", "glue", "AWSGlue.CreateDevEndpoint", `{}`, "ValidationException",
			"2 validation errors detected: Value null at 'endpointName' " + constraint + "not be null; Value null at 'roleArn' " + constraint + "not be null",
		},
		{
			"JSON, enum in a list", "glue", "AWSGlue.CreateSecurityConfiguration",
			`{"Name":"n","EncryptionConfiguration":{"S3Encryption":[{"S3EncryptionMode":"SSE-S4"}]}}`, "ValidationException",
			"1 validation error detected: Value 'SSE-S4' at 'encryptionConfiguration.s3Encryption.1.member.s3EncryptionMode' " + constraint + "satisfy enum value set: [DISABLED, SSE-KMS, SSE-S3]",
		},
		{
			"JSON, too long", "glue", "AWSGlue.CreateSecurityConfiguration",
			`{"Name":"` + strings.Repeat("n", 256) + `","EncryptionConfiguration":{}}`, "ValidationException",
			"1 validation error detected: Value '" + strings.Repeat("n", 256) + "' at 'name' " + constraint + "have length less than or equal to 255",
		},
		{
			"JSON, empty", "glue", "AWSGlue.CreateSecurityConfiguration", `{"Name":"","EncryptionConfiguration":{}}`, "ValidationException",
			"1 validation error detected: Value '' at 'name' " + constraint + "have length greater than or equal to 1",
		},
		{
			"JSON, range", "glue", "AWSGlue.GetDevEndpoints", `{"MaxResults":1001}`, "ValidationException",
			"1 validation error detected: Value '1001' at 'maxResults' " + constraint + "have value less than or equal to 1000",
		},
		{
			"JSON, too many", "glue", "AWSGlue.CreateDevEndpoint", `{"EndpointName":"e","RoleArn":"arn:aws:iam::111111111111:role/r","PublicKeys":["1","2","3","4","5","6"]}`, "ValidationException",
			"1 validation error detected: Value '[1, 2, 3, 4, 5, 6]' at 'publicKeys' " + constraint + "have length less than or equal to 5",
		},
		{
			"JSON, map key", "glue", "AWSGlue.TagResource", `{"ResourceArn":"arn:aws:glue:eu-west-1:111111111111:job/j","TagsToAdd":{"":"v"}}`, "ValidationException",
			"1 validation error detected: Value '' at 'tagsToAdd.key' " + constraint + "have length greater than or equal to 1",
		},
		{
			"JSON, pattern", "glue", "AWSGlue.CreateDevEndpoint", `{"EndpointName":"e","RoleArn":"arn:aws:iam::1:role/r"}`, "ValidationException",
			"1 validation error detected: Value 'arn:aws:iam::1:role/r' at 'roleArn' " + constraint + `satisfy regular expression pattern: arn:aws:iam::\d{12}:role/.*`,
		},
		{
			"JSON, pattern of a key", "glue", "AWSGlue.CreateSecurityConfiguration",
			`{"Name":"n","EncryptionConfiguration":{"S3Encryption":[{"S3EncryptionMode":"SSE-KMS","KmsKeyArn":"alias/k"}]}}`, "ValidationException",
			"1 validation error detected: Value 'alias/k' at 'encryptionConfiguration.s3Encryption.1.member.kmsKeyArn' " + constraint +
				"satisfy regular expression pattern: ^$|arn:aws[a-z0-9-]*:kms:.*",
		},
		{
			"query, pattern", "sts", "", "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::111111111111:role/r&RoleSessionName=a%20b", "ValidationError",
			"1 validation error detected: Value 'a b' at 'roleSessionName' " + constraint + `satisfy regular expression pattern: [\w+=,.@-]*`,
		},
		{
			"query, a name that IAM refuses", "iam", "", "Action=GetRole&Version=2010-05-08&RoleName=a%20b", "ValidationError",
			"The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
		},
		{
			"JSON, unknown member", "glue", "AWSGlue.UpdateDevEndpoint", `{"EndpointName":"e","SecurityConfiguration":"c"}`, "SerializationException",
			"Unknown member 'SecurityConfiguration' of UpdateDevEndpointRequest",
		},
		{
			"JSON, member in another case", "glue", "AWSGlue.GetDevEndpoint", `{"endpointName":"e"}`, "SerializationException",
			"Unknown member 'endpointName' of GetDevEndpointRequest",
		},
		{"JSON, wrong type", "glue", "AWSGlue.GetDevEndpoint", `{"EndpointName":3}`, "SerializationException", "Expected a string for GenericString"},
		{"JSON, fraction", "glue", "AWSGlue.GetDevEndpoints", `{"MaxResults":1.5}`, "SerializationException", "1.5 is not a whole number that PageSize can hold"},
		{"JSON, not JSON", "glue", "AWSGlue.GetDevEndpoints", `{"MaxResults"`, "SerializationException", "Expected ':' at byte 13 of the request"},
		{"JSON, more than one", "glue", "AWSGlue.GetDevEndpoints", `{}{}`, "SerializationException", "Unexpected text after the request"},
		{
			"JSON, logs", "logs", "Logs_20140328.DescribeLogGroups", `{"limit":51}`, "InvalidParameterException",
			"1 validation error detected: Value '51' at 'limit' " + constraint + "have value less than or equal to 50",
		},
		{
			"query, required", "iam", "", "Action=GetRole&Version=2010-05-08", "ValidationError",
			"1 validation error detected: Value null at 'roleName' " + constraint + "not be null",
		},
		{"query, unknown", "iam", "", "Action=GetRole&Version=2010-05-08&RoleName=r&Path=/", "UnknownParameter", "The parameter Path is not recognized"},
		{"query, type", "iam", "", "Action=ListRoles&Version=2010-05-08&MaxItems=many", "MalformedInput", "MaxItems is not an integer"},
		{"query, version", "iam", "", "Action=ListRoles&Version=2010-05-09", "NoSuchVersion", "The requested version is not supported, want 2010-05-08"},
		{"query, action", "iam", "", "Action=Nope&Version=2010-05-08", "InvalidAction", "The action Nope is not valid for this web service."},
		{
			"EC2, range", "ec2", "", "Action=DescribeSubnets&Version=2016-11-15&MaxResults=4", "InvalidParameterValue",
			"Value (4) for parameter MaxResults is invalid. It must have value greater than or equal to 5.",
		},
		{"JSON, action", "glue", "AWSGlue.Nope", `{}`, "UnknownOperationException", ""},
		{"JSON, other service's target", "glue", "TrentService.GetDevEndpoints", `{}`, "UnknownOperationException", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			codec := sdkCodec(t, tt.service)
			r, body := request(t, tt.target, tt.body)
			if tt.target == "" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Del("X-Amz-Target")
			}
			target, refused := codec.Match(r, body)
			if refused == nil {
				refused = codec.Decode(target, codec.operations[target.Operation].NewInput())
			}
			if refused == nil || refused.Code != tt.code || refused.Message != tt.message {
				t.Errorf("got %v\nwant %s: %s", refused, tt.code, tt.message)
			}
		})
	}
}

// TestOneServiceInEachOfItsProtocols reads the same request in all three protocols of CloudWatch.
func TestOneServiceInEachOfItsProtocols(t *testing.T) {
	t.Parallel()
	codec := sdkCodec(t, "cloudwatch")
	cborBody := appendCBORText(appendCBORText([]byte{cborMap | 1}, "Namespace"), "Glue")
	tests := []struct {
		name, path, body, answer string
		header                   http.Header
	}{
		{
			"CBOR", "/service/GraniteServiceVersion20100801/operation/ListMetrics", string(cborBody), "application/cbor",
			http.Header{"Smithy-Protocol": {"rpc-v2-cbor"}, "Content-Type": {"application/cbor"}},
		},
		{
			"JSON", "/", `{"Namespace":"Glue"}`, "application/x-amz-json-1.0",
			http.Header{"X-Amz-Target": {"GraniteServiceVersion20100801.ListMetrics"}, "Content-Type": {"application/x-amz-json-1.0"}},
		},
		{
			"query", "/", "Action=ListMetrics&Version=2010-08-01&Namespace=Glue", "text/xml",
			http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, tt.path, nil)
			r.Header = tt.header
			target, refused := codec.Match(r, []byte(tt.body))
			in := new(cloudwatch.ListMetricsInput)
			if refused == nil {
				refused = codec.Decode(target, in)
			}
			if refused != nil || aws.ToString(in.Namespace) != "Glue" {
				t.Fatalf("decoded %+v, %v", in, refused)
			}
			answer, err := codec.Encode(nil, target, &cloudwatch.ListMetricsOutput{NextToken: aws.String("t")}, "id")
			if err != nil || answer.ContentType != tt.answer || !strings.Contains(string(answer.Body), "NextToken") {
				t.Errorf("answered %+v, %v", answer, err)
			}
			refusal := codec.EncodeError(nil, target, service.Errorf("MissingRequiredParameterException", "m"), "id")
			if tt.name != "query" && (len(refusal.Headers) != 2 || refusal.Headers[1] != "MissingParameter;Sender") {
				t.Errorf("the query protocol's code is in %v", refusal.Headers)
			}
		})
	}
}

func TestListsAreSentWhenEmptyAndLeftOutWhenNil(t *testing.T) {
	t.Parallel()
	codec := sdkCodec(t, "glue")
	r, body := request(t, "AWSGlue.GetDevEndpoints", "{}")
	target, _ := codec.Match(r, body)
	for _, tt := range []struct {
		name, want string
		out        glue.GetDevEndpointsOutput
	}{
		{"nil", "{}", glue.GetDevEndpointsOutput{}},
		{"empty", `{"DevEndpoints":[],"NextToken":""}`, glue.GetDevEndpointsOutput{DevEndpoints: []gluetypes.DevEndpoint{}, NextToken: aws.String("")}},
	} {
		answer, err := codec.Encode(nil, target, &tt.out, "id")
		if err != nil || string(answer.Body) != tt.want {
			t.Errorf("%s: got %s, %v; want %s", tt.name, answer.Body, err, tt.want)
		}
	}
}
