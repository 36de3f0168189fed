package hostile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/daemon"
)

// hasty is a daemon that has little patience with clients.
func hasty(t *testing.T) *world {
	t.Helper()
	return idle(t, func(o *daemon.Options) {
		const soon = 200 * time.Millisecond
		o.Clients = daemon.Patience{Headers: soon, Body: soon, Answer: soon, Part: soon, Idle: soon}
	})
}

// dial opens a connection on which nothing waits without end.
func (w *world) dial(t *testing.T) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", w.d.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// cutOff fails unless the server ends a connection by itself.
func cutOff(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		t.Error("the server waits without end")
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// TestSlowClients says things slowly, or half of them, and waits for the server to lose its patience.
func TestSlowClients(t *testing.T) { //nolint:tparallel // the store is looked at after all of them
	t.Parallel()
	w := hasty(t)
	admin := w.user("admin", auth.Administrator)
	before := w.contents()
	const body = `{"name":"slow","every_minutes":60}`
	head := "Host: localhost\r\nCookie: " + cookieName + "=" + admin.cookie + "\r\n"
	long := fmt.Sprintf("Content-Length: %d\r\n", len(body)+1)
	t.Run("all", func(t *testing.T) {
		for name, begun := range map[string]string{
			"nothing":                        "",
			"half a line":                    "GET / HT",
			"headers without end":            "GET / HTTP/1.1\r\n" + head + "X-A: b\r\n",
			"a body without end":             "POST /api/v1/schedules HTTP/1.1\r\n" + head + "Content-Type: application/json\r\n" + long + "\r\n" + body,
			"a body, as if for a stream":     "POST /api/v1/schedules HTTP/1.1\r\n" + head + "Content-Type: application/json\r\nAccept: text/event-stream\r\n" + long + "\r\n" + body,
			"chunks without end":             "POST /api/v1/schedules HTTP/1.1\r\n" + head + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"nam\r\n",
			"a form without end":             "POST /schedules HTTP/1.1\r\n" + head + "Content-Type: application/x-www-form-urlencoded\r\n" + long + "\r\nname=slow&hours=1",
			"a stranger's form without end":  "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n" + long + "\r\nname=a&password=b",
			"a body that nobody waits for":   "GET /healthz HTTP/1.1\r\n" + head + long + "\r\nx",
			"a body of a stream":             "GET /api/v1/events HTTP/1.1\r\n" + head + "Accept: text/event-stream\r\n" + long + "\r\nx",
			"a body that is to be asked for": "POST /api/v1/schedules HTTP/1.1\r\n" + head + "Content-Type: application/json\r\nExpect: 100-continue\r\n" + long + "\r\n",
			"nothing more":                   "GET /healthz HTTP/1.1\r\n" + head + "\r\n",
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				conn := w.dial(t)
				if _, err := io.WriteString(conn, begun); err != nil {
					t.Fatal(err)
				}
				cutOff(t, conn)
			})
		}
	})
	w.unchanged(t, before)
}

// TestSlowReaders asks for much, and takes none of it.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	w := hasty(t)
	conn := w.dial(t)
	ask := strings.Repeat("GET /api/v1/openapi.yaml HTTP/1.1\r\nHost: localhost\r\n\r\n", 100)
	for {
		if _, err := io.WriteString(conn, ask); err != nil {
			if isTimeout(err) {
				t.Error("the server waits without end for its answers to be taken")
			}
			return
		}
	}
}

// TestManyConnections keeps five hundred connections open that say nothing, and others that follow what goes on, and looks
// whether others are still served.
func TestManyConnections(t *testing.T) {
	t.Parallel()
	w := idle(t)
	admin := w.user("admin", auth.Administrator)
	var follower somebody
	for i := range 500 {
		if i%40 == 0 { // every other connection is a stream, and nobody may have more than twenty
			follower = w.user(fmt.Sprintf("follower-%d", i), auth.Viewer)
		}
		conn := w.dial(t)
		said := ""
		if i%2 == 0 {
			said = "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookieName + "=" + follower.cookie + "\r\n\r\n"
		}
		if _, err := io.WriteString(conn, said); err != nil {
			t.Fatal(err)
		}
		if said == "" {
			continue
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("stream %d: %v", i, err)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/", base + "/requests"} {
		began := time.Now()
		got := w.ask(t, admin, http.MethodGet, path, nil)
		if took := time.Since(began); got.status != http.StatusOK || took > 5*time.Second {
			t.Errorf("%s: answered %d after %s", path, got.status, took)
		}
	}
}
