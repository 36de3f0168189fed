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

// TestStory walks through a day of a daemon: the first start, an audit, a plan that is carried out and taken back.
func TestStory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, stop := w.serve()
	c.setUp()
	if link, err := c.d.SetupLink(t.Context()); link != "" || err != nil {
		t.Errorf("there is another link: %q, %v", link, err)
	}
	var running *daemon.RunningError
	if _, err := w.open(); !errors.As(err, &running) || running.Holder.PID == 0 {
		t.Errorf("a second daemon on one store: %v", err)
	}
	c.until("the first audit", c.audited)
	id := c.ask(map[string]any{"kind": "apply", "plan": c.planOne(1)})
	c.until("the changes are done", c.ended(id))
	changes := c.results(id)
	at := c.call("GET", "/api/v1/requests/"+id, nil, http.StatusOK)
	if len(changes) != 1 || at["started_by"].(map[string]any)["name"] != "admin" {
		t.Errorf("the request: %v", at)
	}
	change, err := w.store.Change(t.Context(), changes[0])
	if err != nil {
		t.Fatal(err)
	}
	back := c.ask(map[string]any{"kind": "backout", "changes": []any{map[string]any{"id": changes[0], "at": change.Seq}}})
	c.until("the change is taken back", c.ended(back))
	c.results(back)
	stale := c.call("POST", "/api/v1/requests", map[string]any{
		"work": map[string]any{"kind": "backout", "changes": []any{map[string]any{"id": changes[0], "at": change.Seq}}}, "start": true,
	}, http.StatusConflict)
	if stale["code"] == "" {
		t.Errorf("a change that has gone on: %v", stale)
	}
	for path, want := range map[string]string{
		"/healthz": "ok", "/readyz": "ready", "/metrics": `glueguard_changes{state="backed out"}`,
	} {
		if text := c.call("GET", path, nil, http.StatusOK)["text"].(string); !strings.Contains(strings.ReplaceAll(text, "backed_out", "backed out"), want) {
			t.Errorf("%s: no %q in %s", path, want, text)
		}
	}
	stop()
	for _, secret := range []string{password, "ticket=", "glueguard_session"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !strings.Contains(w.log.String(), `route=/api/v1/findings`) || !strings.Contains(w.log.String(), "user=admin") {
		t.Errorf("the log does not tell of requests:\n%s", w.log.String())
	}
}

// TestRestart ends a daemon in the middle of several changes, with streams open, and has the next one finish them.
func TestRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, stop := w.serve()
	c.setUp()
	c.until("the first audit", c.audited)
	digest := c.planOne(2)
	id := c.call("POST", "/api/v1/requests", map[string]any{
		"work": map[string]any{"kind": "apply", "plan": digest, "parallel": 1}, "start": true,
	}, http.StatusCreated)["id"].(string)
	c.until("something was made", func() bool {
		list := c.call("GET", "/api/v1/changes", nil, http.StatusOK)["items"].([]any)
		return len(list) > 0 && list[0].(map[string]any)["steps_done"].(float64) > 5
	})
	streams := c.send("GET", "/api/v1/events", nil)
	stop()
	if _, err := io.Copy(io.Discard, streams.Body); err != nil {
		t.Errorf("the stream was not closed in order: %v", err)
	}
	streams.Body.Close()
	q, err := w.store.Request(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if q.State != store.RequestRunning {
		t.Fatalf("the request is %s: %v", q.State, q.Results)
	}
	c, _ = w.serve()
	c.signIn()
	c.until("the next daemon has finished them", c.ended(id))
	if got := c.results(id); len(got) != 2 {
		t.Errorf("%d changes, want 2", len(got))
	}
}

// TestInterrupt stops a request that somebody wants no more: its change is left where it stands, and can be resumed.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, _ := w.serve()
	c.setUp()
	c.until("the first audit", c.audited)
	id := c.ask(map[string]any{"kind": "apply", "plan": c.planOne(1)})
	c.until("it runs", func() bool {
		return len(c.call("GET", "/api/v1/changes", nil, http.StatusOK)["items"].([]any)) > 0
	})
	c.call("POST", "/api/v1/requests/"+id+"/interruption", nil, http.StatusAccepted)
	c.until("it has stopped", c.ended(id))
	result := c.request(id)["results"].([]any)[0].(map[string]any)
	if result["ok"] == true || !strings.Contains(fmt.Sprint(result["message"]), "interrupted") {
		t.Fatalf("the result: %v", result)
	}
	change, err := w.store.Change(t.Context(), result["change"].(string))
	if err != nil {
		t.Fatal(err)
	}
	again := c.ask(map[string]any{"kind": "resume", "changes": []any{map[string]any{"id": change.Head.ID, "at": change.Seq}}})
	c.until("it is done", c.ended(again))
	c.results(again)
}

// TestMetricsAreNotForEverybody shows that only this machine, and whoever may see anything, reads the metrics.
func TestMetricsAreNotForEverybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options = func(o *daemon.Options) { o.BehindProxy = true }
	c, _ := w.serve()
	c.call("GET", "/metrics", nil, http.StatusUnauthorized)
	c.call("GET", "/healthz", nil, http.StatusOK)
}
