package daemon_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/daemon"
	"github.com/glueguard/glueguard/internal/store"
)

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
	if q, err := w.store.Request(t.Context(), id); err != nil || q.InterruptedAt.IsZero() || q.InterruptedBy.Name != "admin" {
		t.Errorf("what is kept of the interruption: %+v, %v", q, err)
	}
}

// TestInterruptionOutlivesADaemon interrupts a request whose daemon dies before it has stopped: the next one leaves its
// changes where they stand.
func TestInterruptionOutlivesADaemon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, stop := w.serve()
	c.setUp()
	c.until("the first audit", c.audited)
	id := c.call("POST", "/api/v1/requests", map[string]any{
		"work": map[string]any{"kind": "apply", "plan": c.planOne(2), "parallel": 1}, "start": true,
	}, http.StatusCreated)["id"].(string)
	c.until("something was made", func() bool {
		list := c.call("GET", "/api/v1/changes", nil, http.StatusOK)["items"].([]any)
		return len(list) > 0 && list[0].(map[string]any)["steps_done"].(float64) > 2
	})
	stop()
	if err := w.store.InterruptRequest(t.Context(), id, store.Actor{Kind: store.ActorUser, Name: "kim"}, time.Now()); err != nil {
		t.Fatal(err) // all that the interruption came to
	}
	c, _ = w.serve()
	c.signIn()
	c.until("it has stopped", c.ended(id))
	results := c.request(id)["results"].([]any)
	for _, r := range results {
		if r := r.(map[string]any); r["ok"] == true || !strings.Contains(fmt.Sprint(r["message"]), "interrupted") {
			t.Errorf("a result: %v", r)
		}
	}
	if len(results) != 2 {
		t.Errorf("%d results, want 2", len(results))
	}
	change, err := w.store.Change(t.Context(), results[0].(map[string]any)["change"].(string))
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
