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
	if strings.HasPrefix(r.URL.Path, api.BasePath+"/") {
		d.operations.Fail(w, r, &api.Problem{Problem: p})
		return
	}
	d.pages.Refuse(w, r, p)
}
