package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
)

// The calls of the large estate, and as many in flight as an audit has.
const (
	bareCalls    = 67_139
	bareInFlight = 512
)

// measureBare makes as many calls as the audit of the large estate with nothing but the SDK: an empty answer each, no
// role, no retries, nothing judged or stored. It is what the machine can do at the time, to hold the audit against.
func measureBare(ctx context.Context, b bench) (m measured, err error) {
	url, stop, err := b.sandbox(ctx, estate{accounts: 1, regions: 1, latency: 50 * time.Millisecond})
	if err != nil {
		return measured{}, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	transport := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = bareInFlight, bareInFlight
	})
	client := glue.New(glue.Options{
		Region: "us-east-1", BaseEndpoint: &url, HTTPClient: transport, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", ""),
	})
	var calls sync.WaitGroup
	failed := make(chan error, bareInFlight)
	start, before := time.Now(), ownCPU()
	for i := range bareInFlight {
		calls.Go(func() {
			for n := i; n < bareCalls; n += bareInFlight {
				if _, err := client.GetDevEndpoints(ctx, &glue.GetDevEndpointsInput{}); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	calls.Wait()
	select {
	case err := <-failed:
		return measured{}, err
	default:
	}
	return measured{calls: bareCalls, wall: time.Since(start), cpu: ownCPU() - before}, nil
}

func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
