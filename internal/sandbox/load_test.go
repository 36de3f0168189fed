package sandbox

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
)

// BenchmarkSmallCalls is 64 SDK clients at one sandbox on the loopback interface; both share the machine.
func BenchmarkSmallCalls(b *testing.B) {
	server, err := Start("127.0.0.1:0", Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := server.Close(); err != nil {
			b.Error(err)
		}
	}()
	client := glue.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("111111111111", "secret", ""),
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost, t.MaxIdleConns = 64, 64
		}),
	})
	const workers = 64
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan error, workers)
	b.ReportAllocs()
	b.ResetTimer()
	for range workers {
		go func() {
			for left.Add(-1) >= 0 {
				if _, err := client.GetDevEndpoints(b.Context(), &glue.GetDevEndpointsInput{}); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range workers {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

func BenchmarkStart(b *testing.B) {
	for _, tt := range []struct {
		name string
		o    Options
	}{
		{"empty", Options{}},
		{"org/1000-accounts", Options{Scenario: "org", Accounts: 1000, RegionCount: 17, Resources: 20000}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := New(tt.o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
