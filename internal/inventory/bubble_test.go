package inventory

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// pipes is a network of one server, in memory: in a bubble of testing/synctest, whose clock jumps to whatever is waited
// for, nothing that waits for it holds the clock up, as a connection of the kernel would.
type pipes struct {
	calling chan net.Conn
	closed  chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calling:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error { close(p.closed); return nil }

func (p pipes) Addr() net.Addr { return &net.IPAddr{} }

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.calling <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inBubble returns a Scanner that reaches a sandbox within the bubble.
func inBubble(t *testing.T, o sandbox.Options, change func(*awsapi.Options)) *Scanner {
	t.Helper()
	box, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	network := pipes{calling: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: box} //nolint:gosec // no header is late here
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(network) }()
	transport := &http.Transport{DialContext: network.dial, MaxIdleConnsPerHost: 64}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := errors.Join(server.Close(), <-ended); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return against(t, &sandbox.Server{URL: "http://sandbox"}, change, func(o *awsapi.Options) { o.HTTPClient = &http.Client{Transport: transport} })
}
