package awsapi

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/glue"
)

// BenchmarkRead is one call through the SDK with everything but the network: what an audit pays for each.
func BenchmarkRead(b *testing.B) {
	s, err := Open(b.Context(), Options{
		Keys: &Keys{AccessKeyID: "111111111111", SecretAccessKey: "s"}, EndpointURL: "http://aws.invalid", Region: "us-east-1",
		HTTPClient: answers(func(*http.Request, string) (*http.Response, error) {
			return reply(200, `{"DevEndpoints":[{"EndpointName":"d1","Status":"READY"}]}`, "Content-Type", "application/x-amz-json-1.1"), nil
		}),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	p := s.Home().At("us-east-1")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(b.Context(), p, "glue:GetDevEndpoints", s.Glue.GetDevEndpoints, &glue.GetDevEndpointsInput{}, p.Glue); err != nil {
			b.Fatal(err)
		}
	}
}
