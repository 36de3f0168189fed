package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Server is a sandbox that listens.
type Server struct {
	// URL is where it listens, for AWS_ENDPOINT_URL.
	URL string
	// Sandbox is what answers.
	Sandbox *Sandbox

	http *http.Server
	done chan error
}

// Start makes a sandbox and serves it at an address such as "127.0.0.1:0".
func Start(listen string, o Options) (*Server, error) {
	s, err := New(o)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listening at %s: %w", listen, err)
	}
	srv := &Server{URL: "http://" + l.Addr().String(), Sandbox: s, done: make(chan error, 1)}
	srv.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 30 * time.Second,
		// Clients that go away in the middle of an answer are no news here.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() { srv.done <- srv.http.Serve(l) }()
	return srv, nil
}

// Close stops listening, lets answers that are being written finish for a moment, and waits for the server to end.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		if err := s.http.Close(); err != nil {
			return fmt.Errorf("closing the sandbox: %w", err)
		}
	}
	if err := <-s.done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the sandbox: %w", err)
	}
	return nil
}
