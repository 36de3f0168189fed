package wire

import (
	"math/rand/v2"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// endpointPage is what one page of GetDevEndpoints looks like in practice.
func endpointPage(n int) *glue.GetDevEndpointsOutput {
	page := &glue.GetDevEndpointsOutput{NextToken: aws.String("")}
	for range n {
		page.DevEndpoints = append(page.DevEndpoints, types.DevEndpoint{
			EndpointName: aws.String("analytics-endpoint-17"), RoleArn: aws.String("arn:aws:iam::111111111111:role/glue"),
			SecurityGroupIds: []string{"sg-0123456789abcdef0"}, SubnetId: aws.String("subnet-0123456789abcdef0"),
			YarnEndpointAddress: aws.String("ip-10-0-0-1.eu-west-1.compute.internal"), PrivateAddress: aws.String("10.0.0.1"),
			PublicAddress: aws.String(""), Status: aws.String("READY"), GlueVersion: aws.String("1.0"), NumberOfNodes: 5,
			AvailabilityZone: aws.String("eu-west-1a"), VpcId: aws.String("vpc-0123456789abcdef0"),
			ExtraJarsS3Path: aws.String("s3://bucket/jars/all.jar"), LastUpdateStatus: aws.String("COMPLETED"),
			CreatedTimestamp: aws.Time(time.Unix(1_700_000_000, 0)), LastModifiedTimestamp: aws.Time(time.Unix(1_700_000_000, 0)),
			PublicKeys: []string{"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ"}, SecurityConfiguration: aws.String("sse-kms"),
			Arguments: map[string]string{"--enable-glue-datacatalog": ""},
		})
	}
	return page
}

func request(t testing.TB, target, body string) (*http.Request, []byte) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", jsonType+"1.1")
	r.Header.Set("X-Amz-Target", target)
	return r, []byte(body)
}

func BenchmarkEncodeEndpointPage(b *testing.B) {
	codec := sdkCodec(b, "glue")
	r, body := request(b, "AWSGlue.GetDevEndpoints", "{}")
	target, _ := codec.Match(r, body)
	page := endpointPage(100)
	buffer := make([]byte, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		answer, err := codec.Encode(buffer[:0], target, page, "id")
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(answer.Body)))
	}
}

func BenchmarkSmallCall(b *testing.B) {
	codec := sdkCodec(b, "glue")
	r, body := request(b, "AWSGlue.GetDevEndpoints", `{"MaxResults":200}`)
	page := endpointPage(1)
	buffer := make([]byte, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		target, refused := codec.Match(r, body)
		if refused != nil {
			b.Fatal(refused)
		}
		if refused := codec.Decode(target, new(glue.GetDevEndpointsInput)); refused != nil {
			b.Fatal(refused)
		}
		if _, err := codec.Encode(buffer[:0], target, page, "id"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeCreateJob(b *testing.B) {
	codec := sdkCodec(b, "glue")
	o, err := codec.operation("CreateJob")
	if err != nil {
		b.Fatal(err)
	}
	in := reflect.New(o.Input)
	filler{Rand: rand.New(rand.NewPCG(1, 1)), depth: 5}.fill(o.input, in.Elem())
	body := appendJSONStruct(nil, o.input, in.Elem())
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := decodeJSON(body, o.input, reflect.New(o.Input).Elem()); err != nil {
			b.Fatal(err)
		}
	}
}
