package daemon

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
)

// ErrExposed means that the daemon was to be reached from other machines without anything that keeps what is said
// between them secret.
var ErrExposed = errors.New("passwords and tokens would cross the network in the clear")

// ExposedError names the address that was refused. It wraps ErrExposed.
type ExposedError struct{ Listen string }

func (e *ExposedError) Error() string {
	return fmt.Sprintf("--listen %s can be reached from other machines, and %v: "+
		"give --tls-cert and --tls-key, or --insecure-behind-proxy where a proxy on this host does TLS, or listen at 127.0.0.1", e.Listen, ErrExposed)
}

func (e *ExposedError) Unwrap() error { return ErrExposed }

// Check refuses what can be seen to be wrong before anything is opened: an address beyond this machine unless TLS, or a proxy, is in front of it.
func (o *Options) Check() error {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return fmt.Errorf("--listen %q: want HOST:PORT: %w", o.Listen, err)
	}
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	if o.ExternalURL != "" {
		if u, err := url.Parse(o.ExternalURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Errorf("--external-url %q: want https://HOST", o.ExternalURL)
		}
	}
	if o.TLSCert != "" || o.BehindProxy || loopback(host) {
		return nil
	}
	return &ExposedError{Listen: o.Listen}
}

// loopback tells whether only this machine reaches a host. Names other than localhost may come to mean anything.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// listen opens the address, and returns the URL that it is reached at.
func (o *Options) listen(ctx context.Context, certificate *certificate) (net.Listener, string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, "", fmt.Errorf("listen: %w", err)
	}
	scheme := "http"
	if certificate != nil {
		scheme = "https"
		l = tls.NewListener(l, &tls.Config{
			MinVersion: tls.VersionTLS12, GetCertificate: certificate.get, NextProtos: []string{"h2", "http/1.1"},
		})
	}
	if o.ExternalURL != "" {
		return l, strings.TrimSuffix(o.ExternalURL, "/"), nil
	}
	return l, scheme + "://" + o.address(l.Addr(), certificate), nil
}

// guesses tells whether browsers may reach the daemon at another address than it knows.
func (o *Options) guesses() bool {
	host, _, err := net.SplitHostPort(o.Listen)
	return o.ExternalURL == "" && (o.BehindProxy || err != nil || everywhere(host))
}

// everywhere tells whether a host to listen at is no address of its own.
func everywhere(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "" || err == nil && a.Unmap().IsUnspecified()
}

// address is where others find what listens at an address: at the name that its certificate is for, or this machine's,
// where it listens at all addresses.
func (o *Options) address(at net.Addr, certificate *certificate) string {
	host, port, err := net.SplitHostPort(at.String())
	if err != nil || !everywhere(host) {
		return at.String()
	}
	host = "localhost"
	if name, err := os.Hostname(); err == nil && name != "" {
		host = name
	}
	if certificate != nil {
		host = cmp.Or(certificate.name(), host)
	}
	return net.JoinHostPort(host, port)
}
