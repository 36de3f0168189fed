package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
)

// exchange is what is logged of one request, once it is over.
type exchange struct {
	id    string
	user  string
	route string // the pattern that matched
}

type exchangeKey struct{}

// logged logs and counts each request: who, which route, with what status, how long; never its query or its body, which
// may hold what is secret. It sets the time limits that a server can't set for streams and other answers apart.
func (d *Daemon) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := d.o.Clock.Now()
		x := &exchange{id: d.o.NewID()}
		w.Header().Set("X-Request-Id", x.id)
		out := &counted{ResponseWriter: w}
		d.limit(out, r)
		defer func() {
			again := d.recovered(recover(), r, x, out)
			d.over(r, x, out, began)
			if again != nil {
				panic(again)
			}
		}()
		next.ServeHTTP(out, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
	})
}

// recovered deals with a handler's panic. It returns what to panic with again, so that the connection is cut where half of
// an answer would pass for a whole one.
func (d *Daemon) recovered(v any, r *http.Request, x *exchange, out *counted) (again any) {
	if v == nil || v == http.ErrAbortHandler { //nolint:errorlint // a panic's value, as net/http compares it
		return v
	}
	d.o.Log.ErrorContext(r.Context(), "a request failed in a way that it must not", "request_id", x.id, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	if out.status != 0 {
		return http.ErrAbortHandler
	}
	d.apologize(out, r, x.id)
	return nil
}

// over writes the log's line.
func (d *Daemon) over(r *http.Request, x *exchange, out *counted, began time.Time) {
	took := d.o.Clock.Now().Sub(began)
	status := out.status
	if status == 0 {
		status = http.StatusOK
	}
	route := x.route
	if route == "" {
		route = "none"
	}
	d.o.Metrics.Request(method(r.Method), route, status, took)
	if by, outcome, ok := signIn(r.Method, route, status); ok {
		d.o.Metrics.SignIn(by, outcome)
	}
	level := slog.LevelInfo
	switch route {
	case "/healthz", "/readyz", "/metrics": // asked for every few seconds
		level = slog.LevelDebug
	}
	d.o.Log.LogAttrs(r.Context(), level, "request",
		slog.String("request_id", x.id), slog.String("method", r.Method), slog.String("route", route), slog.String("path", r.URL.Path),
		slog.Int("status", status), slog.Int64("bytes", out.bytes), slog.Duration("took", took), slog.String("user", x.user))
}

// signIn tells whether a request was an attempt to sign in, by what, and how it ended.
func signIn(method, route string, status int) (by, outcome string, ok bool) {
	switch {
	case method == http.MethodPost && (route == api.BasePath+"/session" || route == "/login"):
		by = "password"
	case route == auth.OIDCCallbackPath:
		by = "oidc"
	default:
		return "", "", false
	}
	switch {
	case status < http.StatusBadRequest:
		return by, "ok", true
	case status == http.StatusTooManyRequests:
		return by, "limited", true
	case status >= http.StatusInternalServerError:
		return by, "failed", true
	}
	return by, "refused", true
}

// method keeps the metrics from growing by what clients make up.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// named notes, once it is known, who asks, and which route it is.
func (d *Daemon) named(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, ok := r.Context().Value(exchangeKey{}).(*exchange)
		if ok {
			if p, known := auth.From(r.Context()); known {
				x.user = p.Actor.Name
			}
			defer func() { // the method is told apart from it
				_, path, cut := strings.Cut(r.Pattern, " ")
				if x.route = path; !cut {
					x.route = r.Pattern
				}
			}()
		}
		mux.ServeHTTP(w, r)
	})
}

// limit sets how long a client may take with its request and its answer. A stream may last, but each part must be taken;
// who only says that it asks for one has no more time for its body than others.
func (d *Daemon) limit(w *counted, r *http.Request) {
	c := http.NewResponseController(w.ResponseWriter)
	now := time.Now() // deadlines are the machine's
	if r.ContentLength != 0 {
		_ = c.SetReadDeadline(now.Add(d.o.Clients.Body)) // a connection that can't is none of a slow client
		r.Body = &timedBody{ReadCloser: r.Body, conn: c}
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		w.stream, w.within = c, d.o.Clients.Part
		return
	}
	_ = c.SetWriteDeadline(now.Add(d.o.Clients.Answer))
}

// timedBody takes the time limit off the connection once the body is read: it would end the request's context, however
// busy its handler is.
type timedBody struct {
	io.ReadCloser

	conn *http.ResponseController
}

// Read implements io.Reader.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) { // of one that was not read to its end the server reads on by itself, within the same time
		_ = b.conn.SetReadDeadline(time.Time{}) // as limit
	}
	return n, err
}

// counted is a ResponseWriter that knows what was said.
type counted struct {
	http.ResponseWriter

	stream *http.ResponseController // nil: it is none
	within time.Duration            // each part of a stream must be taken
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (c *counted) WriteHeader(status int) {
	if c.status == 0 && status >= http.StatusOK {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (c *counted) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	if c.stream != nil {
		_ = c.stream.SetWriteDeadline(time.Now().Add(c.within)) // as limit
	}
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
