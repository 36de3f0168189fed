package daemon

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/api/openapi"
)

// hosted refuses requests that name another host, where the daemon listens at this machine only: a name of a stranger's
// that leads here makes the browser of somebody at this machine take the stranger's pages and ours for one site.
// Elsewhere TLS tells the names apart, or a proxy.
func (d *Daemon) hosted(next http.Handler) http.Handler {
	address, _, err := net.SplitHostPort(d.listener.Addr().String())
	if err != nil || !loopback(address) || d.o.TLSCert != "" || d.o.BehindProxy && d.o.ExternalURL == "" {
		return next
	}
	external := ""
	if u, err := url.Parse(d.o.ExternalURL); err == nil {
		external = u.Host
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		// Browsers name a host always. Checks of HTTP/1.0 may not.
		if r.Host == "" || loopback(strings.Trim(host, "[]")) || external != "" && strings.EqualFold(r.Host, external) {
			next.ServeHTTP(w, r)
			return
		}
		plain(w, http.StatusMisdirectedRequest, "Glueguard is at "+d.url+": names that lead here are taken where --external-url says them")
	})
}

// finished lets what changes something come to its end when its client has gone in the middle: or it would be done, and
// the audit trail not know of it.
func (d *Daemon) finished(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), d.o.Clients.Answer)
			defer cancel()
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

// codeForeign tells programs that it was not them who were refused, but the page that they were asked by.
const codeForeign = "cross-origin"

// denied answers what another site's page has asked for: programs with a problem, people with a page.
func (d *Daemon) denied(w http.ResponseWriter, r *http.Request) {
	p := openapi.Problem{
		Type: "about:blank", Title: http.StatusText(http.StatusForbidden), Status: http.StatusForbidden, Code: codeForeign,
		Detail: "Another site's page asked for this, so nothing was done.", Hint: fmt.Sprintf("Use the console at %s itself.", d.url),
	}
	d.answer(w, r, p)
}

// apologize answers for a handler that has failed in a way that it must not. What it has begun to say does not hold, and
// what went wrong is in the log alone, under an id.
func (d *Daemon) apologize(w http.ResponseWriter, r *http.Request, id string) {
	for _, name := range []string{"Set-Cookie", "Location", "Content-Disposition", "Content-Encoding", "Content-Length", "ETag", "Last-Modified"} {
		w.Header().Del(name)
	}
	w.Header().Set("Cache-Control", "no-store")
	defer func() {
		if v := recover(); v != nil { // the page that says so has failed, too
			d.o.Log.ErrorContext(r.Context(), "a failure could not be told", "request_id", id, "panic", fmt.Sprint(v))
			plain(w, http.StatusInternalServerError, "something went wrong in the server; its log says what under "+id)
		}
	}()
	d.answer(w, r, openapi.Problem{
		Type: "about:blank", Title: http.StatusText(http.StatusInternalServerError), Status: http.StatusInternalServerError, Code: api.CodeInternal,
		Detail: "Something went wrong in the server. Its log says what.", Instance: id,
	})
}

// answer tells programs of a problem as such, and people on a page.
func (d *Daemon) answer(w http.ResponseWriter, r *http.Request, p openapi.Problem) {
	if strings.HasPrefix(r.URL.Path, api.BasePath+"/") {
		(&api.Problem{Problem: p}).Write(w)
		return
	}
	d.pages.Refuse(w, r, p)
}
