package console

import (
	"net/http"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
)

// doorPage is the page to sign in by.
type doorPage struct {
	Name, Next, SSO string
	Problem         *openapi.Problem
}

// setupPage is the page behind a one-time link.
type setupPage struct {
	Ticket, PasswordError, AgainError string
	Problem                           *openapi.Problem
}

func (c *console) doorRoutes() {
	c.open("GET /login", c.loginForm)
	c.open("POST /login", c.login)
	c.open("GET /setup", c.setupForm)
	c.open("POST /setup", c.setup)
	c.page("POST /logout", "", c.logout)
}

// open adds a page for whoever asks.
func (c *console) open(pattern string, h handler) {
	c.route(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := h(r)
		c.answer(w, r, v, err)
	}))
}

func (c *console) loginForm(r *http.Request) (view, error) {
	next := auth.LocalPath(r.URL.Query().Get("next"))
	if _, ok := auth.From(r.Context()); ok {
		return view{to: next}, nil
	}
	return view{page: "login", title: "Sign in", data: doorPage{Next: next, SSO: c.options.SSO}}, nil
}

func (c *console) login(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	page := doorPage{Name: r.PostForm.Get("name"), Next: auth.LocalPath(r.PostForm.Get("next")), SSO: c.options.SSO}
	res, err := answered[openapi.Login200JSONResponse](c.ask.Login(r.Context(), openapi.LoginRequestObject{
		Body: &openapi.Login{Name: page.Name, Password: r.PostForm.Get("password")},
	}))
	if p, ok := c.refused(err); ok {
		page.Problem = p
		return view{page: "login", title: "Sign in", status: p.Status, data: page}, nil
	}
	if err != nil {
		return view{}, err
	}
	return view{to: page.Next, cookie: res.Headers.SetCookie}, nil
}

func (c *console) logout(r *http.Request) (view, error) {
	res, err := answered[openapi.Logout204Response](c.ask.Logout(r.Context(), openapi.LogoutRequestObject{}))
	if err != nil {
		return view{}, err
	}
	return view{to: "/login?done=out", cookie: res.Headers.SetCookie}, nil
}

func (c *console) setupForm(r *http.Request) (view, error) {
	return view{page: "setup", title: "Set your password", data: setupPage{Ticket: r.URL.Query().Get("ticket")}}, nil
}

func (c *console) setup(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	page := setupPage{Ticket: r.PostForm.Get("ticket")}
	password := r.PostForm.Get("password")
	shown := view{page: "setup", title: "Set your password", status: http.StatusUnprocessableEntity}
	if password != r.PostForm.Get("again") {
		page.AgainError = "These two are not the same."
		shown.data = page
		return shown, nil
	}
	_, err := c.ask.UseTicket(r.Context(), openapi.UseTicketRequestObject{Body: &openapi.UseTicket{Secret: page.Ticket, Password: password}})
	if p, ok := c.refused(err); ok || c.isMissing(err) {
		if p == nil {
			missing := c.problemOf(err)
			p = &missing
		}
		page.Problem = p
		shown.data = page
		return shown, nil
	}
	if err != nil {
		return view{}, err
	}
	return view{to: "/login?done=setup"}, nil
}
