package daemon_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/daemon"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/sandbox/scenario"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

const password = "quartz-lantern-41-umbra"

// world is a simulated AWS and a store, on which daemons come and go.
type world struct {
	t       *testing.T
	url     string // of AWS
	store   *sqlite.Store
	log     lockedBuffer
	options func(*daemon.Options)
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server, err := sandbox.Start("127.0.0.1:0", sandbox.Options{
		Scenario: scenario.Org, Accounts: 2, Regions: []string{"us-east-1"}, Resources: 8, Seed: 1, Provisioning: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{t: t, url: server.URL, store: s}
}

// open opens a daemon on the world.
func (w *world) open() (*daemon.Daemon, error) {
	o := daemon.Options{
		Store: w.store, Listen: "127.0.0.1:0", Role: scenario.RepairRole, Sandbox: true, Version: "test",
		FirstAudit: &store.AuditScope{Organization: true, Role: scenario.RepairRole},
		Policy:     func() (policy.Policy, error) { return policy.Default(policy.SOP), nil },
		Open: func(ctx context.Context, role string, observe func(operation, outcome string)) (*awsapi.Session, error) {
			return awsapi.Open(ctx, awsapi.Options{
				Role: role, Region: "us-east-1", EndpointURL: w.url, Observe: observe, Keys: &awsapi.Keys{AccessKeyID: "demo", SecretAccessKey: "demo"},
			})
		},
		Hashing: auth.Hashing{Memory: 1024, Time: 1, Threads: 1},
		NewID:   func() string { return uuid.Must(uuid.NewV7()).String() },
		Log:     slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if w.options != nil {
		w.options(&o)
	}
	return daemon.Open(context.WithoutCancel(w.t.Context()), o)
}

// serve runs a daemon until the returned function is called, which waits for its end.
func (w *world) serve() (*client, func()) {
	w.t.Helper()
	d, err := w.open()
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, d.Close()); err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(stop)
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	c := &client{t: w.t, d: d, http: &http.Client{Jar: jar, Transport: &http.Transport{}}}
	w.t.Cleanup(c.http.CloseIdleConnections)
	return c, stop
}

// client is a browser.
type client struct {
	t    *testing.T
	d    *daemon.Daemon
	http *http.Client
}

func (c *client) send(method, path string, body any) *http.Response {
	c.t.Helper()
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		text = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.d.URL()+path, text)
	if err != nil {
		c.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

// call asks the API, and demands a status.
func (c *client) call(method, path string, body any, want int) map[string]any {
	c.t.Helper()
	answer := c.send(method, path, body)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if answer.StatusCode != want {
		c.t.Fatalf("%s %s: %s, want %d: %s", method, path, answer.Status, want, text)
	}
	var v map[string]any
	if len(text) > 0 && strings.Contains(answer.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &v); err != nil {
			c.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	} else {
		v = map[string]any{"text": string(text)}
	}
	return v
}

// setUp sets the administrator's password by the one-time link, and signs in.
func (c *client) setUp() {
	c.t.Helper()
	link, err := c.d.SetupLink(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	_, secret, ok := strings.Cut(link, "/setup?ticket=")
	if !ok {
		c.t.Fatalf("the link is %q", link)
	}
	c.call("POST", "/api/v1/tickets", map[string]any{"secret": secret, "password": password}, http.StatusOK)
	c.signIn()
}

func (c *client) signIn() {
	c.t.Helper()
	c.call("POST", "/api/v1/session", map[string]any{"name": "admin", "password": password}, http.StatusOK)
}

// until follows the events until the question has an answer.
func (c *client) until(what string, done func() bool) {
	c.t.Helper()
	answer := c.send("GET", "/api/v1/events", nil)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		c.t.Fatalf("events: %s", answer.Status)
	}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() { // the first line comes once the stream is open: nothing is missed after the look
		if (strings.HasPrefix(lines.Text(), "data:") || strings.HasPrefix(lines.Text(), "retry:")) && done() {
			return
		}
	}
	c.t.Fatalf("the stream ended before %s: %v", what, lines.Err())
}

func (c *client) audited() bool {
	return c.call("GET", "/api/v1/audits", nil, http.StatusOK)["total"].(float64) > 0
}

// planOne plans the first endpoint that fails, and returns the plan's digest.
func (c *client) planOne(n int) string {
	c.t.Helper()
	found := c.call("GET", "/api/v1/findings?status=fail&control=glue-dev-endpoint-s3-encryption", nil, http.StatusOK)
	var arns []any
	for _, f := range found["items"].([]any)[:n] {
		arns = append(arns, f.(map[string]any)["resource"].(map[string]any)["arn"])
	}
	p := c.call("POST", "/api/v1/plans", map[string]any{"resources": arns, "mode": "SSE-KMS", "create_key": "alias/test"}, http.StatusCreated)
	return p["digest"].(string)
}

func (c *client) request(id string) map[string]any {
	return c.call("GET", "/api/v1/requests/"+id, nil, http.StatusOK)
}

func (c *client) ended(id string) func() bool {
	return func() bool { return c.request(id)["state"] == "ended" }
}

func (c *client) ask(work map[string]any) string {
	c.t.Helper()
	return c.call("POST", "/api/v1/requests", map[string]any{"work": work, "start": true}, http.StatusCreated)["id"].(string)
}

// results are the changes of a request that ended as they were asked to.
func (c *client) results(id string) (changes []string) {
	c.t.Helper()
	for _, one := range c.request(id)["results"].([]any) {
		r := one.(map[string]any)
		if r["ok"] != true {
			c.t.Fatalf("not as asked: %v", r)
		}
		changes = append(changes, fmt.Sprint(r["change"]))
	}
	return changes
}
