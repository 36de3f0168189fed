package daemon

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/telemetry"
)

func TestExposure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		o       Options
		refused string // part of the error; empty: accepted
	}{
		{"loopback", Options{Listen: "127.0.0.1:8080"}, ""},
		{"another loopback", Options{Listen: "127.1.2.3:0"}, ""},
		{"loopback, version 6", Options{Listen: "[::1]:0"}, ""},
		{"loopback, mapped", Options{Listen: "[::ffff:127.0.0.1]:0"}, ""},
		{"localhost", Options{Listen: "localhost:0"}, ""},
		{"every address", Options{Listen: ":8080"}, "in the clear"},
		{"every address, version 4", Options{Listen: "0.0.0.0:8080"}, "in the clear"},
		{"every address, version 6", Options{Listen: "[::]:8080"}, "in the clear"},
		{"one address", Options{Listen: "192.0.2.1:80"}, "in the clear"},
		{"a name", Options{Listen: "localhost.example.org:80"}, "in the clear"},
		{"with TLS", Options{Listen: ":8443", TLSCert: "c", TLSKey: "k"}, ""},
		{"behind a proxy", Options{Listen: ":8080", BehindProxy: true}, ""},
		{"half a pair", Options{Listen: "127.0.0.1:0", TLSCert: "c"}, "go together"},
		{"no port", Options{Listen: "127.0.0.1"}, "HOST:PORT"},
		{"an external URL without a scheme", Options{Listen: "127.0.0.1:0", ExternalURL: "example.org"}, "--external-url"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := c.o.Check()
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused) || strings.Contains(err.Error(), "\n")):
				t.Errorf("got %v, want one line with %q", err, c.refused)
			}
			if c.refused == "in the clear" && !errors.Is(err, ErrExposed) {
				t.Errorf("%v is not ErrExposed", err)
			}
		})
	}
}

// TestAddress shows where links lead that are made by what listens.
func TestAddress(t *testing.T) {
	t.Parallel()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	of := func(names ...string) *certificate {
		return &certificate{pair: &tls.Certificate{Leaf: &x509.Certificate{DNSNames: names}}}
	}
	for _, c := range []struct {
		name, at    string
		certificate *certificate
		want        string
	}{
		{"loopback", "127.0.0.1:8080", nil, "127.0.0.1:8080"},
		{"one address", "192.0.2.1:8443", of("glueguard.example.org"), "192.0.2.1:8443"},
		{"every address", "0.0.0.0:8080", nil, name + ":8080"},
		{"every address, version 6", "[::]:8080", nil, name + ":8080"},
		{"with a certificate", "[::]:8443", of("*.example.org", "glueguard.example.org"), "glueguard.example.org:8443"},
		{"with one that names no host in full", "[::]:8443", of("*.example.org"), name + ":8443"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			at, err := net.ResolveTCPAddr("tcp", c.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := (&Options{}).address(at, c.certificate); got != c.want {
				t.Errorf("it is at %s, want %s", got, c.want)
			}
		})
	}
	for o, want := range map[*Options]bool{
		{Listen: "127.0.0.1:8080"}: false, {Listen: ":8443"}: true, {Listen: "0.0.0.0:8443"}: true, {Listen: "[::]:0"}: true, {Listen: "192.0.2.1:443"}: false,
		{Listen: "127.0.0.1:8080", BehindProxy: true}: true, {Listen: ":8080", BehindProxy: true, ExternalURL: "https://glueguard.example.org"}: false,
	} {
		if o.guesses() != want {
			t.Errorf("%+v: %v", *o, !want)
		}
	}
}

// writePair writes a certificate of that serial number and its key.
func writePair(t *testing.T, certFile, keyFile string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "glueguard.test"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Duration(serial) * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		// A file system's times may be coarser than a test is fast.
		at := time.Now().Add(time.Duration(serial) * time.Minute)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Unix(1_800_000_000, 0)
	var log strings.Builder
	o := &Options{
		TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem"), Metrics: telemetry.NewMetrics(""),
		Log: slog.New(slog.NewTextHandler(&log, nil)), Clock: Clock{Time: func() time.Time { return now }},
	}
	if _, err := newCertificate(o); err == nil {
		t.Fatal("a pair that is not there was read")
	}
	writePair(t, o.TLSCert, o.TLSKey, 2)
	c, err := newCertificate(o)
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		t.Helper()
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.SerialNumber.Int64()
	}
	for _, step := range []struct {
		name string
		do   func()
		wait time.Duration
		want int64
		says string // how often the log has said it
		n    int
	}{
		{"as it was", func() {}, freshFor, 2, "can't be used", 0},
		{"a new pair, too soon to be looked at", func() { writePair(t, o.TLSCert, o.TLSKey, 3) }, freshFor / 2, 2, "read again", 0},
		{"a new pair", func() {}, freshFor, 3, "read again", 1},
		{"a broken pair", func() { writePair(t, o.TLSCert, filepath.Join(dir, "other.pem"), 4) }, freshFor, 3, "can't be used", 1},
		{"still broken: not told of again", func() {}, freshFor, 3, "can't be used", 1},
		{"gone", func() { _ = os.Remove(o.TLSCert) }, freshFor, 3, "can't be used", 2},
		{"still gone", func() {}, freshFor, 3, "can't be used", 2},
		{"mended", func() { writePair(t, o.TLSCert, o.TLSKey, 5) }, freshFor, 5, "read again", 2},
	} {
		step.do()
		now = now.Add(step.wait)
		if got := serial(); got != step.want {
			t.Errorf("%s: serial number %d, want %d", step.name, got, step.want)
		}
		if got := strings.Count(log.String(), step.says); got != step.n {
			t.Errorf("%s: the log says %q %d times, want %d:\n%s", step.name, step.says, got, step.n, log.String())
		}
	}
}
