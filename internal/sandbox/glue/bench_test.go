package glue

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func benchCall(operation string) *service.Call {
	return &service.Call{Context: context.Background(), Partition: "aws", Account: account, Region: region, Operation: operation, Now: time.Unix(1_800_000_000, 0)}
}

func BenchmarkGetDevEndpointsEmpty(b *testing.B) {
	g := New(Options{})
	c, in := benchCall("GetDevEndpoints"), &awsglue.GetDevEndpointsInput{}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.getDevEndpoints(c, in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetDevEndpoints100(b *testing.B) {
	g := New(Options{})
	for i := range 100 {
		g.PutDevEndpoint(account, region, types.DevEndpoint{EndpointName: ptr(fmt.Sprintf("endpoint-%03d", i)), RoleArn: ptr(role)}, nil)
	}
	c, in := benchCall("GetDevEndpoints"), &awsglue.GetDevEndpointsInput{}
	b.ReportAllocs()
	for b.Loop() {
		if out, err := g.getDevEndpoints(c, in); err != nil || len(out.DevEndpoints) != 100 {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetMLTransformsEmpty(b *testing.B) {
	g := New(Options{})
	c, in := benchCall("GetMLTransforms"), &awsglue.GetMLTransformsInput{}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.getMLTransforms(c, in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEstate reports the memory of 1,000 accounts × 17 regions with one configuration each and 20,000 resources.
func BenchmarkEstate(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		g := New(Options{})
		for a := range 1000 {
			for r := range 17 {
				account, region := fmt.Sprintf("%012d", a), fmt.Sprintf("eu-west-%d", r)
				g.PutSecurityConfiguration(account, region, "default", &types.EncryptionConfiguration{})
				g.PutDevEndpoint(account, region, types.DevEndpoint{EndpointName: ptr("dev"), RoleArn: ptr(role)}, nil)
				if r < 3 {
					g.PutMLTransform(account, region, types.MLTransform{Name: ptr("t")}, nil)
				}
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
		runtime.KeepAlive(g)
	}
}
