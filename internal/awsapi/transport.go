package awsapi

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// tunedClient is the SDK's HTTP client with room for every call in flight to keep its connection. It stays a
// BuildableClient while the configuration loads, so that AWS_CA_BUNDLE and the like still reach it.
func tunedClient(maxInFlight int) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns = 2 * maxInFlight
		t.MaxIdleConnsPerHost = maxInFlight
		t.MaxConnsPerHost = maxInFlight // else a call that finds none idle dials, and then takes one given back meanwhile
		t.WriteBufferSize = 2 << 10     // what most requests need, headers included
		t.IdleConnTimeout = 60 * time.Second
		t.DisableCompression = true // AWS's control-plane answers are not compressed; asking costs a header and a reader
	})
}

// transportClient sends requests straight to the transport. AWS's APIs neither redirect nor set cookies, and the
// deadline is in the request's context, so http.Client would only add work to each call.
type transportClient struct{ transport *http.Transport }

// Do sends a request. Its small body is put in memory, in a form that the transport knows to be so: headers and body
// then leave in one packet, and a request that met a connection just closed is sent again on another.
func (c transportClient) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.ContentLength > 0 && r.ContentLength <= smallBody {
		body := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			return nil, fmt.Errorf("reading the request's body: %w", err)
		}
		if err := r.Body.Close(); err != nil {
			return nil, fmt.Errorf("closing the request's body: %w", err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	return c.transport.RoundTrip(r)
}

const smallBody = 64 << 10

// fastClient takes the transport out of a BuildableClient; any other client is kept as it is.
func fastClient(c aws.HTTPClient) (client aws.HTTPClient, closeIdle func()) {
	b, ok := c.(*awshttp.BuildableClient)
	if !ok {
		return c, func() {}
	}
	t := b.GetTransport()
	t.DialContext = b.GetDialer().DialContext
	return transportClient{transport: t}, t.CloseIdleConnections
}
