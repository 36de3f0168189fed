package daemon

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/telemetry"
)

// freshFor is how long the files of a certificate are taken to be as they were.
const freshFor = 2 * time.Second

// certificate is the daemon's own, read again when its files change. A pair that can't be used leaves the old one in
// use, and is told of once.
type certificate struct {
	certFile, keyFile string
	now               func() time.Time
	log               *slog.Logger
	metrics           *telemetry.Metrics

	mu      sync.Mutex
	pair    *tls.Certificate
	read    [2]version // of the files, when they were last read
	checked time.Time
}

// version tells one content of a file from another.
type version struct {
	at   time.Time
	size int64
}

// newCertificate reads the pair for the first time: then it must be good.
func newCertificate(o *Options) (*certificate, error) {
	c := &certificate{certFile: o.TLSCert, keyFile: o.TLSKey, now: o.Clock.Now, log: o.Log, metrics: o.Metrics}
	versions, err := c.versions()
	if err != nil {
		return nil, err
	}
	pair, err := c.load()
	if err != nil {
		return nil, err
	}
	c.pair, c.read, c.checked = pair, versions, c.now()
	c.metrics.Certificate(pair.Leaf.NotAfter)
	return c, nil
}

// name is the first host that the certificate is for; empty where it names none in full.
func (c *certificate) name() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range c.pair.Leaf.DNSNames {
		if !strings.Contains(name, "*") {
			return name
		}
	}
	return ""
}

func (c *certificate) load() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, fmt.Errorf("read the TLS certificate %s: %w", c.certFile, err)
	}
	return &pair, nil
}

func (c *certificate) versions() (v [2]version, err error) {
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name) // follows links, as those who renew certificates change them
		if err != nil {
			return v, fmt.Errorf("read the TLS certificate: %w", err)
		}
		v[i] = version{info.ModTime(), info.Size()}
	}
	return v, nil
}

// get implements tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked) >= freshFor {
		c.checked = now
		c.refresh()
	}
	return c.pair, nil
}

// refresh reads the pair again where its files have changed.
func (c *certificate) refresh() {
	versions, err := c.versions()
	if versions == c.read { // zero for files that are missing still
		return
	}
	c.read = versions
	var pair *tls.Certificate
	if err == nil {
		pair, err = c.load()
	}
	if err != nil {
		c.log.Error("the new TLS certificate can't be used; the old one stays in use", "error", err.Error(), "not_after", c.pair.Leaf.NotAfter)
		c.metrics.Reloaded(false, c.pair.Leaf.NotAfter)
		return
	}
	c.pair = pair
	c.log.Info("the TLS certificate was read again", "not_after", pair.Leaf.NotAfter)
	c.metrics.Reloaded(true, pair.Leaf.NotAfter)
}
