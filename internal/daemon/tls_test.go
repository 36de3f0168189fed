package daemon_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/daemon"
)

// selfSigned writes a certificate for 127.0.0.1 and its key into a folder.
func selfSigned(t *testing.T, dir string) (cert, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for file, content := range map[string][]byte{cert: text, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return cert, key, roots
}

// TestTLS shows what is served under TLS: nothing older than 1.2, cookies for TLS alone, and that browsers are told to stay.
func TestTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cert, key, roots := selfSigned(t, t.TempDir())
	w.options = func(o *daemon.Options) { o.TLSCert, o.TLSKey, o.FirstAudit = cert, key, nil }
	c, _ := w.serve()
	c.http.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	c.setUp()
	answer := c.send("GET", "/healthz", nil)
	answer.Body.Close()
	if answer.ProtoMajor != 2 || answer.Header.Get("Strict-Transport-Security") == "" || !strings.HasPrefix(c.d.URL(), "https://") {
		t.Errorf("%s, %v, %s", answer.Proto, answer.Header, c.d.URL())
	}
	cookies := c.send("POST", "/api/v1/session", map[string]any{"name": "admin", "password": password})
	cookies.Body.Close()
	for _, one := range cookies.Cookies() {
		if !one.Secure || !one.HttpOnly || !strings.HasPrefix(one.Name, "__Host-") {
			t.Errorf("the cookie %s: %v", one.Name, one)
		}
	}
	old := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // what must be refused
	if conn, err := tls.Dial("tcp", c.d.Address(), old); err == nil {
		conn.Close()
		t.Error("TLS 1.1 was accepted")
	}
}

// TestHostileRequests shows what is refused before any handler sees it.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options = func(o *daemon.Options) { o.FirstAudit = nil }
	c, _ := w.serve()
	for _, one := range []struct {
		name, request string
		want          int
	}{
		{"headers without end", "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("a", 1<<20) + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		{"no host", "GET / HTTP/1.1\r\n\r\n", http.StatusBadRequest},
		{"two lengths", "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", http.StatusBadRequest},
		{"out of the folder", "GET /assets/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", http.StatusTemporaryRedirect},
		{"another site's form", "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 2\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{}", http.StatusForbidden},
		{"metrics, by way of a proxy", "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n", http.StatusUnauthorized},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			var d net.Dialer
			conn, err := d.DialContext(t.Context(), "tcp", c.d.Address())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go fmt.Fprint(conn, one.request) // it may be cut off
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != one.want {
				t.Errorf("%s, want %d", answer.Status, one.want)
			}
		})
	}
}
