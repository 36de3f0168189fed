package external_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestConformance holds the checks of conformance.py against answers with known faults, since a check that finds nothing
// looks like a sandbox that is right.
func TestConformance(t *testing.T) {
	t.Parallel()
	pool := startDrivers(t, 1)
	tests := []struct {
		name, service, operation string
		status                   int
		body                     string
		want                     []string
	}{
		{name: "JSON as it must be", service: "glue", operation: "GetDevEndpoints", status: 200, body: `{"DevEndpoints":[{"EndpointName":"a"}]}`},
		{
			name: "JSON, misspelt member", service: "glue", operation: "GetDevEndpoints", status: 200, body: `{"DevEndpoints":[{"endpointName":"a"}]}`,
			want: []string{"body.DevEndpoints[].endpointName is no member of DevEndpoint"},
		},
		{
			name: "JSON, no such enum value", service: "glue", operation: "GetDevEndpoints", status: 200, body: `{"DevEndpoints":[{"WorkerType":"G.99X"}]}`,
			want: []string{"output.DevEndpoints[].WorkerType is 'G.99X', which WorkerType does not list"},
		},
		{
			name: "required member missing", service: "kms", operation: "CreateKey", status: 200, body: `{"KeyMetadata":{"Enabled":true}}`,
			want: []string{"output.KeyMetadata.KeyId is required by KeyMetadata"},
		},
		{
			name: "error that is not declared", service: "glue", operation: "GetDevEndpoints", status: 400, body: `{"__type":"AlreadyExistsException"}`,
			want: []string{"GetDevEndpoints does not declare AlreadyExistsException"},
		},
		{
			name: "error under another status", service: "glue", operation: "GetDevEndpoints", status: 404, body: `{"__type":"EntityNotFoundException"}`,
			want: []string{"EntityNotFoundException came with HTTP 404, the model says 400"},
		},
		{name: "no JSON at all", service: "glue", operation: "GetDevEndpoints", status: 200, body: `<html>`, want: []string{"the body can't be read as json"}},
		{
			name: "query XML, misspelt member", service: "sts", operation: "GetCallerIdentity", status: 200,
			body: `<GetCallerIdentityResponse><GetCallerIdentityResult><ARN>a</ARN></GetCallerIdentityResult></GetCallerIdentityResponse>`,
			want: []string{"body.ARN is no member of GetCallerIdentityResponse"},
		},
		{
			name: "EC2 XML, misspelt member of an item", service: "ec2", operation: "DescribeVpcs", status: 200,
			body: `<DescribeVpcsResponse><requestId>1</requestId><vpcSet><item><vpcID>v</vpcID></item></vpcSet></DescribeVpcsResponse>`,
			want: []string{"body.vpcSet[].vpcID is no member of Vpc"},
		},
		{
			name: "S3 XML, misspelt member of a flat list", service: "s3", operation: "ListObjectsV2", status: 200,
			body: `<ListBucketResult><Contents><Name>k</Name></Contents></ListBucketResult>`,
			want: []string{"body.Contents.Name is no member of Object"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, strings.TrimSpace(tt.body))
			}))
			defer server.Close()
			params := map[string]any{}
			if tt.service == "s3" {
				params["Bucket"] = "b"
			}
			got, err := pool.ask(request{
				Kind: "api", Service: tt.service, Operation: tt.operation, Params: params, Endpoint: server.URL, Region: "eu-central-1",
				Env: credentials{AccessKeyID: managementID, SecretAccessKey: "secret"}.env(),
			})
			if err != nil || got.Error != "" || len(got.Calls) != 1 {
				t.Fatalf("%v: %+v", err, got)
			}
			want := append([]string{}, tt.want...)
			if diff := cmp.Diff(want, got.Calls[0].Odd); diff != "" {
				t.Errorf("odd (-want +got):\n%s", diff)
			}
		})
	}
}
