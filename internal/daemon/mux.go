package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/console"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/telemetry"
)

// mostHeaders is how many bytes the headers of a request may have.
const mostHeaders = 64 << 10

// serveWith makes the server: what is said to whom under which path.
func (d *Daemon) serveWith(w *worker, tls bool) error {
	o := d.o
	service, err := auth.New(auth.Options{
		Users: o.Store, Credentials: o.Store, Trail: o.Store, Now: o.Clock.Now, OIDC: o.OIDC, ExternalURL: d.externalOrigin(),
		Secure: tls || o.BehindProxy, BehindProxy: o.BehindProxy, Hashing: o.Hashing, Denied: http.HandlerFunc(d.denied),
	})
	if err != nil {
		return err
	}
	d.auth = service
	room := newCrowd()
	d.operations, err = api.New(api.Options{
		Store: o.Store, Auth: service, Worker: w, Events: d.hub, Now: o.Clock.Now, NewID: o.NewID, Version: o.Version, Signer: o.Signer, Log: o.Log,
		Aliases: newAliases(d.sessions, o.Role, o.Clock.Now).of, Admit: room.enter,
	})
	if err != nil {
		return err
	}
	mux, err := d.mux(room)
	if err != nil {
		return err
	}
	protected, err := service.Protect(service.Authenticate(d.named(mux)))
	if err != nil {
		return err
	}
	d.server = &http.Server{
		Handler:           d.logged(d.finished(d.hosted(protected))),
		ReadHeaderTimeout: o.Clients.Headers, IdleTimeout: o.Clients.Idle, MaxHeaderBytes: mostHeaders,
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug), // clients that break off, and TLS that others get wrong
	}
	d.counted()
	return nil
}

// externalOrigin is the URL that sign-ins with an identity provider come back to.
func (d *Daemon) externalOrigin() string {
	if d.o.ExternalURL == "" && d.o.OIDC == nil {
		return ""
	}
	return d.url
}

func (d *Daemon) mux(room *crowd) (*http.ServeMux, error) {
	programs, err := d.operations.Handler()
	if err != nil {
		return nil, err
	}
	sso := ""
	if d.auth.HasOIDC() {
		sso = auth.OIDCStartPath
	}
	d.pages, err = console.New(console.Options{
		Operations: d.operations, Problem: func(err error) openapi.Problem { return api.ProblemOf(err).Problem }, Events: d.hub,
		Now: d.o.Clock.Now, Version: d.o.Version, Sandbox: d.o.Sandbox, SSO: sso, Log: d.o.Log,
		Recheck: d.auth.Recheck, Admit: room.enter, URL: d.url, Guessed: d.o.guesses(),
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	route := func(pattern string, h http.Handler) {
		mux.Handle(pattern, h)
		d.patterns = append(d.patterns, pattern)
	}
	route("GET "+auth.OIDCStartPath, d.auth.OIDCHandler())
	route("GET "+auth.OIDCCallbackPath, d.auth.OIDCHandler())
	route("GET /healthz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }))
	route("GET /readyz", http.HandlerFunc(d.ready))
	route("GET /metrics", http.HandlerFunc(d.metrics))
	mux.Handle(api.BasePath+"/", programs)
	mux.Handle("/", d.pages)
	return mux, nil
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// ready says whether the daemon can do its work: its store answers, its loops come round, and what they did went well.
func (d *Daemon) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), stale/2)
	defer cancel()
	if _, err := d.o.Store.CountRequests(ctx, store.RequestFilter{States: openRequests()}); err != nil {
		d.o.Log.ErrorContext(ctx, "the store does not answer", "error", err.Error())
		plain(w, http.StatusServiceUnavailable, "the store does not answer")
		return
	}
	if since := d.o.Clock.Now().Unix() - d.beat.Load(); since > int64(stale.Seconds()) {
		plain(w, http.StatusServiceUnavailable, "the worker has stopped")
		return
	}
	if ailing := d.health.ailing(); len(ailing) > 0 {
		plain(w, http.StatusServiceUnavailable, "something fails, and the log says why: "+strings.Join(ailing, ", "))
		return
	}
	plain(w, http.StatusOK, "ready")
}

// metrics serves the metrics to this machine, and to whoever may see anything. Behind a proxy everybody seems to be on
// this machine, so there a token is asked for always.
func (d *Daemon) metrics(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	local := err == nil && loopback(host) && !d.o.BehindProxy && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == ""
	if !local {
		if _, err := auth.Require(r.Context(), auth.See); err != nil {
			w.Header().Set("WWW-Authenticate", "Bearer")
			plain(w, http.StatusUnauthorized, "show the API token of a viewer")
			return
		}
	}
	d.o.Metrics.Handler().ServeHTTP(w, r)
}

// counted adds the metrics that are counted in the store.
func (d *Daemon) counted() {
	failed := func(err error) { d.o.Log.Error("counting for the metrics", "error", err.Error()) }
	m := d.o.Metrics
	m.Counted("glueguard_changes", "Changes by state.", []string{"state"}, func(ctx context.Context) ([]telemetry.Count, error) {
		counts, err := d.o.Store.CountChanges(ctx, store.ChangeFilter{})
		return countsOf(counts), err
	}, failed)
	m.Counted("glueguard_requests", "Requests by state.", []string{"state"}, func(ctx context.Context) ([]telemetry.Count, error) {
		counts, err := d.o.Store.CountRequests(ctx, store.RequestFilter{})
		return countsOf(counts), err
	}, failed)
	m.Counted("glueguard_findings", "Findings of the newest audit, by control and status.", []string{"control", "status"}, d.findings, failed)
}

func countsOf[S ~string](counts map[S]int) []telemetry.Count {
	list := make([]telemetry.Count, 0, len(counts))
	for state, n := range counts {
		list = append(list, telemetry.Count{Labels: []string{string(state)}, Value: float64(n)})
	}
	return list
}

func (d *Daemon) findings(ctx context.Context) ([]telemetry.Count, error) {
	cells, err := d.o.Store.Posture(ctx, store.LatestWhole)
	if isMissing(err) { // there is no audit yet
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sums := map[[2]string]int{}
	for _, c := range cells {
		sums[[2]string{string(c.Control), string(c.Status)}] += c.Count
	}
	list := make([]telemetry.Count, 0, len(sums))
	for labels, n := range sums {
		list = append(list, telemetry.Count{Labels: labels[:], Value: float64(n)})
	}
	return list, nil
}
