package daemon

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/telemetry"
)

// TestPanic shows that a handler's panic reaches the client as an error: told in words where nothing was said yet, broken
// off where something was.
func TestPanic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		begin bool // the answer has begun
	}{{"before the answer", false}, {"in the middle of it", true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			d := &Daemon{o: Options{
				Log: slog.New(slog.NewTextHandler(&log, nil)), Metrics: telemetry.NewMetrics("test"), NewID: func() string { return "request-1" },
			}}
			d.o.Clients.complete()
			server := httptest.NewServer(d.logged(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if c.begin {
					_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
				}
				panic("out of luck")
			})))
			t.Cleanup(server.Close)
			answer, err := server.Client().Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			text, err := io.ReadAll(answer.Body)
			switch {
			case c.begin && err == nil:
				t.Error("half an answer looks like a whole one")
			case !c.begin && (err != nil || answer.StatusCode != http.StatusInternalServerError || !strings.Contains(string(text), "under request-1")):
				t.Errorf("%s: %s %v", answer.Status, text, err)
			}
			server.Close()
			if !strings.Contains(log.String(), "out of luck") {
				t.Errorf("the log does not say why: %s", log.String())
			}
		})
	}
}
