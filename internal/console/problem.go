package console

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/glueguard/glueguard/internal/api/openapi"
)

// pageFault is a failure of the console's own, beside those of operations.
type pageFault string

func (f pageFault) Error() string { return string(f) }

const (
	faultNoPage    pageFault = "there is no such page"
	faultForbidden pageFault = "your roles do not allow this"
	faultForm      pageFault = "the form could not be read"
	faultNotNow    pageFault = "this is not possible now"
)

// answered is what an operation answered, as what it answers when it went well.
func answered[T any](res any, err error) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	got, ok := res.(T)
	if !ok {
		return none, fmt.Errorf("an operation answered %T, not %T", res, none)
	}
	return got, nil
}

// problemOf says what went wrong, for people.
func (c *console) problemOf(err error) openapi.Problem {
	var own pageFault
	if !errors.As(err, &own) {
		return c.options.Problem(err)
	}
	p := openapi.Problem{Type: "about:blank", Status: http.StatusBadRequest, Code: "form", Detail: "What was sent is no form of this page, or is too large.", Hint: "Go back and try again."}
	switch own {
	case faultNoPage:
		p.Status, p.Code, p.Detail, p.Hint = http.StatusNotFound, "not-found", "There is no such page.", ""
	case faultForbidden:
		p.Status, p.Code, p.Detail = http.StatusForbidden, "forbidden", "Your roles do not allow this."
		p.Hint = "An administrator can give you another role."
	case faultNotNow:
		p.Status, p.Code, p.Detail = http.StatusConflict, "not-now", "This is not possible as the change stands."
		p.Hint = "Look at the change again: it may have gone on."
	case faultForm:
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// isMissing tells whether an operation answered that there is no such thing.
func (c *console) isMissing(err error) bool {
	return err != nil && c.problemOf(err).Status == http.StatusNotFound
}

// refused tells whether an operation refused what a form asked for, so that the form is shown again with why.
func (c *console) refused(err error) (*openapi.Problem, bool) {
	if err == nil {
		return nil, false
	}
	p := c.problemOf(err)
	switch p.Status {
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusUnauthorized:
		return &p, true
	}
	return nil, false
}

// requestID is the header that says under which id the log has a request.
const requestID = "X-Request-Id"

// faultName is the template of the page that says what is wrong.
const faultName = "problem"

type faultPage struct {
	openapi.Problem
	Icon string
}

// fault answers with a page that says what went wrong.
func (c *console) fault(w http.ResponseWriter, r *http.Request, err error) {
	p := c.problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		p.Instance = w.Header().Get(requestID)
		c.options.Log.ErrorContext(r.Context(), "a page failed", "request_id", p.Instance, "path", r.URL.Path, "error", err)
	}
	if p.Status == http.StatusUnauthorized && r.Method == http.MethodGet {
		c.toLogin(w, r)
		return
	}
	c.say(w, r, p)
}

// say answers with a page that says what is wrong. Where only a part of a page was asked for, it takes the place of all.
func (c *console) say(w http.ResponseWriter, r *http.Request, p openapi.Problem) {
	icon := "warn"
	switch p.Status {
	case http.StatusNotFound:
		icon = "audit"
	case http.StatusForbidden:
		icon = "lock"
	}
	if r.Header.Get("HX-Request") != "" {
		h := w.Header()
		h.Set("HX-Retarget", "#main")
		h.Set("HX-Reselect", "#main")
		h.Set("HX-Reswap", "outerHTML")
	}
	c.show(w, r, view{page: faultName, title: p.Title, section: "-", status: p.Status, data: faultPage{p, icon}})
}
