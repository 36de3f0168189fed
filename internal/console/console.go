package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
)

// Options are what the console is made of.
type Options struct {
	// Operations are what pages ask and do: api.Server's. Who asks is in the context (auth.From).
	Operations openapi.StrictServerInterface
	// Problem says of an operation's error what it is for people: package api's.
	Problem func(error) openapi.Problem
	// Events tell live pages that there is something new.
	Events  api.Events
	Now     func() time.Time
	Version string
	// Sandbox says on every page that the AWS behind it is not the real one.
	Sandbox bool
	// SSO is where to begin a sign-in at the OIDC issuer, a path of this server; empty: there is none.
	SSO string
	// URL is where people reach the console: one-time links begin with it. Guessed says that it may be another.
	URL     string
	Guessed bool
	// Admit says whether there is room for one more stream of somebody's, until leave is called; nil: always.
	Admit func(auth.Principal) (leave func(), err error)
	// Heartbeat is how often a live page's stream says that it is still there; 0: every 15 seconds.
	Heartbeat time.Duration
	// Recheck tells, at each beat of a stream, whether who asked for it may still have it; nil: they may.
	Recheck func(context.Context, auth.Principal, auth.Permission) error
	Log     *slog.Logger
}

// largest is how much a form may send.
const largest = 1 << 20

type console struct {
	options Options
	ask     openapi.StrictServerInterface
	assets  *assets
	pages   *pages
	mux     *http.ServeMux
	routes  []string
}

// Handler serves the console's pages.
type Handler struct {
	http.Handler

	console *console
}

// Patterns are all that it serves, as http.ServeMux writes them.
func (h *Handler) Patterns() []string { return slices.Clone(h.console.routes) }

// Refuse answers with a page that says why a request was refused before it came here, or why its answer is none.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, p openapi.Problem) {
	h.console.say(w, r, p)
}

// New makes the console. Its handler stands behind two of auth.Service's: Protect, which refuses what other sites' pages
// ask for and tells browsers what is allowed, and Authenticate, which says who asks.
func New(o Options) (*Handler, error) {
	if o.Operations == nil || o.Problem == nil || o.Now == nil {
		return nil, errors.New("the console needs operations, their problems and a clock")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Recheck == nil {
		o.Recheck = func(context.Context, auth.Principal, auth.Permission) error { return nil }
	}
	if o.Admit == nil {
		o.Admit = func(auth.Principal) (func(), error) { return func() {}, nil }
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = 15 * time.Second
	}
	c := &console{options: o, ask: o.Operations, mux: http.NewServeMux()}
	var err error
	if c.assets, err = readAssets(); err != nil {
		return nil, err
	}
	if c.pages, err = readPages(c.functions()); err != nil {
		return nil, err
	}
	c.route("GET /assets/", c.assets)
	c.route("GET /favicon.ico", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, c.assets.byName["favicon.svg"].url, http.StatusFound)
	}))
	for _, add := range []func(){
		c.doorRoutes, c.overviewRoutes, c.resourceRoutes, c.repairRoutes, c.auditRoutes, c.ruleRoutes, c.personRoutes,
	} {
		add()
	}
	c.route("/", c.handle("", func(*http.Request) (view, error) { return view{}, faultNoPage }))
	return &Handler{Handler: bounded(c.mux), console: c}, nil
}

// route adds what is served under a pattern, and lists it.
func (c *console) route(pattern string, h http.Handler) {
	c.mux.Handle(pattern, h)
	c.routes = append(c.routes, pattern)
}

// bounded keeps forms from being larger than any of ours.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, largest)
		next.ServeHTTP(w, r)
	})
}

// view is what a handler answers: a page, or where to go next.
type view struct {
	page    string // name of its template
	title   string
	section string // path of the navigation's entry that it belongs to; empty: its own
	status  int    // 0: 200
	data    any
	to      string                          // a path: go there with 303
	write   func(http.ResponseWriter) error // writes the answer itself: downloads
	cookie  string                          // of a sign-in or sign-out
}

// handler answers one request of somebody who may ask it.
type handler func(*http.Request) (view, error)

// page adds a page for whoever has the permission; "" is for anybody who has signed in.
func (c *console) page(pattern string, want auth.Permission, h handler) {
	c.route(pattern, c.handle(want, h))
}

func (c *console) handle(want auth.Permission, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := auth.From(r.Context())
		if !ok {
			c.toLogin(w, r)
			return
		}
		if want != "" && !p.May(want) {
			c.fault(w, r, faultForbidden)
			return
		}
		v, err := h(r)
		c.answer(w, r, v, err)
	})
}

// toLogin sends somebody who has not signed in to do that, and then back to what they wanted to see.
func (c *console) toLogin(w http.ResponseWriter, r *http.Request) {
	to := "/login"
	if r.Method == http.MethodGet && r.URL.Path != "/" {
		to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	if r.Header.Get("HX-Request") != "" { // a part of a page would be swapped for the whole of another
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (c *console) answer(w http.ResponseWriter, r *http.Request, v view, err error) {
	if err != nil {
		c.fault(w, r, err)
		return
	}
	if v.cookie != "" {
		w.Header().Add("Set-Cookie", v.cookie)
	}
	switch {
	case v.write != nil:
		if err := v.write(w); err != nil { // it has begun, so nothing else can be said
			c.options.Log.WarnContext(r.Context(), "an answer could not be written", "path", r.URL.Path, "error", err)
		}
	case v.to != "":
		http.Redirect(w, r, v.to, http.StatusSeeOther)
	default:
		c.show(w, r, v)
	}
}

// show writes a page.
func (c *console) show(w http.ResponseWriter, r *http.Request, v view) {
	body, err := c.pages.render(v.page, "frame", c.framed(r, v))
	if err != nil { // a fault of ours, that tests should have found
		if v.page != faultName {
			c.fault(w, r, err)
			return
		}
		c.options.Log.ErrorContext(r.Context(), "a page could not be written", "path", r.URL.Path, "error", err)
		http.Error(w, "This page could not be made. The server's log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.status != 0 {
		w.WriteHeader(v.status)
	}
	if _, err := w.Write(body); err != nil {
		c.options.Log.DebugContext(r.Context(), "a page was not taken", "path", r.URL.Path, "error", err)
	}
}
