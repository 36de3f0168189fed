package daemon

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/console"
	"github.com/glueguard/glueguard/internal/telemetry"
)

// broken are operations whose first use panics.
type broken struct{ openapi.StrictServerInterface }

func (broken) GetOverview(context.Context, openapi.GetOverviewRequestObject) (openapi.GetOverviewResponseObject, error) {
	panic("out of luck")
}

// TestPanic shows that a handler's panic reaches the client as an error: as a problem or on a page where nothing was said
// yet, broken off where something was. What went wrong is in the log alone, under the id that the client is told.
func TestPanic(t *testing.T) {
	t.Parallel()
	pages, err := console.New(console.Options{
		Operations: broken{}, Problem: func(err error) openapi.Problem { return api.ProblemOf(err).Problem }, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	lucky := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "a=b")
		panic("out of luck")
	})
	for _, c := range []struct {
		name, path string
		handler    http.Handler
		pages      *console.Handler
		kind       string   // of the answer; empty: it is broken off
		says       []string // beside the id
	}{
		{"a page", "/", pages, pages, "text/html; charset=utf-8", []string{"<h1>Internal Server Error</h1>", "<!doctype html>", "console.", "Its log says what"}},
		{"an operation", api.BasePath + "/overview", lucky, pages, "application/problem+json", []string{`"code":"internal"`, `"instance":"request-1"`}},
		{"a page where no page can be made", "/", lucky, nil, "text/plain; charset=utf-8", []string{"something went wrong"}},
		{"in the middle of an answer", "/", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
			panic("out of luck")
		}), pages, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			d := &Daemon{pages: c.pages, o: Options{
				Log: slog.New(slog.NewTextHandler(&log, nil)), Metrics: telemetry.NewMetrics("test"), NewID: func() string { return "request-1" },
				Clock: Clock{Time: time.Now},
			}}
			d.o.Clients.complete()
			viewer := auth.Principal{Roles: []auth.Role{auth.Viewer}}
			server := httptest.NewServer(d.logged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c.handler.ServeHTTP(w, r.WithContext(auth.With(r.Context(), viewer)))
			})))
			t.Cleanup(server.Close)
			res, err := server.Client().Get(server.URL + c.path)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			server.Close()
			if !strings.Contains(log.String(), "out of luck") || !strings.Contains(log.String(), "request_id=request-1") {
				t.Errorf("the log does not say why: %s", log.String())
			}
			if c.kind == "" {
				if err == nil {
					t.Error("half an answer looks like a whole one")
				}
				return
			}
			if err != nil || res.StatusCode != http.StatusInternalServerError || res.Header.Get("Content-Type") != c.kind || res.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s %v %v", res.Status, res.Header, err)
			}
			for _, says := range append(c.says, "request-1") {
				if !strings.Contains(string(text), says) {
					t.Errorf("%q is not said: %s", says, text)
				}
			}
			if strings.Contains(string(text), "luck") {
				t.Errorf("what went wrong is said to whoever asked: %s", text)
			}
		})
	}
}
