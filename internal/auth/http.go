package auth

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/glueguard/glueguard/internal/store"
)

type (
	addressKeyType struct{}
	whyKeyType     struct{}
)

// WithAddress returns a context that says from where somebody asks.
func WithAddress(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressKeyType{}, address)
}

// Address is the network address, without its port, that the request came from; empty where it is not known.
func Address(ctx context.Context) string {
	a, _ := ctx.Value(addressKeyType{}).(string)
	return a
}

// Require returns who asks, where that one has a permission. ErrSignedOut where nobody has signed in, *ForbiddenError
// where the permission lacks, and the store's error where it could not be found out.
func Require(ctx context.Context, permission Permission) (Principal, error) {
	p, ok := From(ctx)
	switch {
	case ok && p.May(permission):
		return p, nil
	case ok:
		return p, &ForbiddenError{Permission: permission}
	}
	if why, _ := ctx.Value(whyKeyType{}).(error); why != nil {
		return Principal{}, why
	}
	return Principal{}, ErrSignedOut
}

// Principal finds out who a request comes from: by its API token where it shows one (then cookies count for nothing),
// else by its sign-in's cookie. ErrSignedOut where it shows neither, or one that does not hold.
func (s *Service) Principal(ctx context.Context, r *http.Request) (Principal, error) {
	address := s.addressOf(r)
	token, shown, err := bearer(r.Header)
	switch {
	case err != nil:
		return Principal{}, err
	case shown:
		return s.byToken(ctx, token, address)
	}
	value, ok := s.cookie(r)
	if !ok {
		return Principal{}, ErrSignedOut
	}
	return s.bySession(ctx, hashOf(value), address)
}

// bearer is the token of the Authorization header. Other schemes, such as a proxy's own Basic, are not for us.
func bearer(h http.Header) (token string, shown bool, err error) {
	for _, line := range h.Values("Authorization") {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		if shown {
			return "", true, ErrSignedOut // two: whoever sent them, it is not clear which is meant
		}
		token, shown = strings.TrimSpace(rest), true
	}
	return token, shown, nil
}

// cookie is the value of the sign-in's cookie. Where there are several, somebody has planted one, and none counts.
func (s *Service) cookie(r *http.Request) (string, bool) {
	found := r.CookiesNamed(s.cookieName())
	if len(found) != 1 || found[0].Value == "" {
		return "", false
	}
	return found[0].Value, true
}

// addressOf is where a request comes from.
func (s *Service) addressOf(r *http.Request) string {
	if s.o.BehindProxy {
		// The last entry is what our own proxy has seen; whatever is before it, anybody may have written.
		lines := r.Header.Values("X-Forwarded-For")
		if len(lines) > 0 {
			entries := strings.Split(lines[len(lines)-1], ",")
			if a, err := parseAddress(strings.TrimSpace(entries[len(entries)-1])); err == nil {
				return a
			}
		}
	}
	a, err := parseAddress(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return a
}

// parseAddress reads an address with or without a port.
func parseAddress(text string) (string, error) {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap().String(), nil
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.Unmap().String(), err
}

// Authenticate tells the handlers after it, by From, Require and Address, who asks and from where. It refuses nobody:
// what needs a permission asks for it.
func (s *Service) Authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := WithAddress(r.Context(), s.addressOf(r))
		p, err := s.Principal(ctx, r)
		if err != nil {
			// A cookie that does not hold is left in the browser: this answer may come after that of a new sign-in.
			ctx = context.WithValue(ctx, whyKeyType{}, err)
		} else {
			ctx = With(ctx, p)
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// contentPolicy allows our own files and nothing inline.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Protect refuses what another site's page asks to be changed, and records that, and sets the headers that browsers
// protect people by. Pages are not stored anywhere unless a handler says otherwise: handlers of static files set
// Cache-Control themselves.
func (s *Service) Protect(next http.Handler) (http.Handler, error) {
	cross := http.NewCrossOriginProtection()
	if s.o.ExternalURL != "" {
		if err := cross.AddTrustedOrigin(s.o.ExternalURL); err != nil {
			return nil, &InputError{Field: "external URL", Reason: err.Error()}
		}
	}
	cross.SetDenyHandler(http.HandlerFunc(s.deny))
	protected := cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cache-Control", "no-store")
		if s.o.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		protected.ServeHTTP(w, r)
	}), nil
}

// deny answers a request that another site's page made.
func (s *Service) deny(w http.ResponseWriter, r *http.Request) {
	ctx := WithAddress(r.Context(), s.addressOf(r))
	if err := s.recordForeign(ctx, r); err != nil {
		http.Error(w, "refused, since another site's page asked for it; the audit trail could not be written", http.StatusServiceUnavailable)
		return
	}
	if s.o.Denied != nil {
		s.o.Denied.ServeHTTP(w, r.WithContext(ctx))
		return
	}
	http.Error(w, "refused, since another site's page asked for it", http.StatusForbidden)
}

// recordForeign writes into the audit trail what another site's page asked for. Anybody can ask for that without end, so
// of each address only so many are written down as may try to sign in.
func (s *Service) recordForeign(ctx context.Context, r *http.Request) error {
	if s.limits.foreign.take(addressKey(Address(ctx)), s.o.Now()) > 0 {
		return nil
	}
	d := store.Deed{Action: "origin.refuse", Subject: bounded(r.URL.Path), Outcome: store.DeedRefused, Detail: map[string]string{
		"method": bounded(r.Method), "origin": bounded(r.Header.Get("Origin")),
	}}
	p, err := s.Principal(ctx, r)
	switch {
	case err == nil:
		d.Actor = p.Actor
	case !errors.Is(err, ErrSignedOut):
		return err
	}
	return s.record(ctx, d)
}

// bounded is a text that anybody may have written, as far as the audit trail needs it.
func bounded(text string) string {
	const most = 200
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// LocalPath returns where to go after a sign-in: a path of this site, or "/" for anything else.
func LocalPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t\x00") {
		return "/"
	}
	return next
}
