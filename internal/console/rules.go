package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

func (c *console) ruleRoutes() {
	c.page("GET /controls", auth.See, c.controls)
	c.page("GET /controls/{id}", auth.See, c.control)
	c.page("GET /policy", auth.See, c.policy)
	c.page("GET /exceptions", auth.See, c.exceptions)
	c.page("POST /exceptions", auth.Propose, c.proposeException)
	c.page("POST /exceptions/{id}/decision", auth.Decide, c.decideException)
	c.page("POST /exceptions/{id}/end", auth.Decide, c.endException)
	c.page("GET /trail", auth.SeeTrail, c.trail)
	c.page("GET /access", auth.See, c.watch("access", "Access"))
	c.page("GET /performance", auth.See, c.watch("performance", "Performance"))
}

func (c *console) controls(r *http.Request) (view, error) {
	got, err := answered[openapi.ListControls200JSONResponse](c.ask.ListControls(r.Context(), openapi.ListControlsRequestObject{}))
	if err != nil {
		return view{}, err
	}
	return view{page: "controls", title: "Controls", data: openapi.ControlList(got)}, nil
}

func (c *console) control(r *http.Request) (view, error) {
	got, err := answered[openapi.GetControl200JSONResponse](c.ask.GetControl(r.Context(), openapi.GetControlRequestObject{ID: r.PathValue("id")}))
	if err != nil {
		return view{}, err
	}
	return view{page: "control", title: got.Title, section: "/controls", data: openapi.Control(got)}, nil
}

// policyPage is the policy in force.
type policyPage struct {
	openapi.Policy
	Text string
}

func (c *console) policy(r *http.Request) (view, error) {
	got, err := answered[openapi.GetPolicy200JSONResponse](c.ask.GetPolicy(r.Context(), openapi.GetPolicyRequestObject{}))
	if err != nil {
		return view{}, err
	}
	raw, err := json.Marshal(got.Document)
	if err != nil {
		return view{}, fmt.Errorf("show the policy: %w", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return view{}, fmt.Errorf("show the policy: %w", err)
	}
	return view{page: "policy", title: "Policy", data: policyPage{openapi.Policy(got), b.String()}}, nil
}

// exceptionsPage lists exceptions and takes proposals.
type exceptionsPage struct {
	Items    []openapi.Exception
	Total    int
	Pager    pager
	State    string
	Form     exceptionForm
	Problem  *openapi.Problem
	Controls []openapi.ControlSummary
}

// exceptionForm is a proposal as it was typed.
type exceptionForm struct{ Control, Resource, Reason, Owner, Expires, Earliest string }

func (c *console) exceptions(r *http.Request) (view, error) {
	return c.exceptionsView(r, exceptionForm{Resource: r.URL.Query().Get("resource"), Control: r.URL.Query().Get("control")}, nil)
}

func (c *console) exceptionsView(r *http.Request, form exceptionForm, problem *openapi.Problem) (view, error) {
	q := r.URL.Query()
	offset := offsetOf(q)
	params := openapi.ListExceptionsParams{Offset: offset, Limit: pageSize}
	for _, s := range filled(q["state"]) {
		params.State = append(params.State, openapi.ExceptionState(s))
	}
	got, err := answered[openapi.ListExceptions200JSONResponse](c.ask.ListExceptions(r.Context(), openapi.ListExceptionsRequestObject{Params: params}))
	if err != nil {
		return view{}, err
	}
	controls, err := answered[openapi.ListControls200JSONResponse](c.ask.ListControls(r.Context(), openapi.ListControlsRequestObject{}))
	if err != nil {
		return view{}, err
	}
	form.Earliest = c.options.Now().UTC().Format(time.DateOnly)
	page := exceptionsPage{
		Items: got.Items, Total: got.Total, Pager: pagerOf("/exceptions", q, offset, len(got.Items), got.Total), State: q.Get("state"),
		Form: form, Problem: problem, Controls: controls.Items,
	}
	v := view{page: "exceptions", title: "Exceptions", section: "/exceptions", data: page}
	if problem != nil {
		v.status = problem.Status
	}
	return v, nil
}

func (c *console) proposeException(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	form := exceptionForm{Control: get("control"), Resource: get("resource"), Reason: get("reason"), Owner: get("owner"), Expires: get("expires")}
	_, err := c.ask.CreateException(r.Context(), openapi.CreateExceptionRequestObject{Body: &openapi.NewException{
		Control: form.Control, Resource: form.Resource, Reason: form.Reason, Owner: form.Owner, Expires: form.Expires,
	}})
	if p, ok := c.refused(err); ok {
		return c.exceptionsView(r, form, p)
	}
	if err != nil {
		return view{}, err
	}
	return view{to: "/exceptions?done=proposed"}, nil
}

func (c *console) decideException(r *http.Request) (view, error) {
	version, err := versionOf(r)
	if err != nil {
		return view{}, err
	}
	approve := r.PostForm.Get("do") == "approve"
	_, err = c.ask.DecideException(r.Context(), openapi.DecideExceptionRequestObject{
		ID: r.PathValue("id"), Body: &openapi.ExceptionDecision{Approve: approve, Version: version, Note: r.PostForm.Get("note")},
	})
	if p, ok := c.refused(err); ok {
		return c.exceptionsView(r, exceptionForm{}, p)
	}
	if err != nil {
		return view{}, err
	}
	if approve {
		return view{to: "/exceptions?done=approved"}, nil
	}
	return view{to: "/exceptions?done=rejected"}, nil
}

func (c *console) endException(r *http.Request) (view, error) {
	version, err := versionOf(r)
	if err != nil {
		return view{}, err
	}
	_, err = c.ask.EndException(r.Context(), openapi.EndExceptionRequestObject{
		ID: r.PathValue("id"), Body: &openapi.ExceptionEnd{Version: version, Note: r.PostForm.Get("note")},
	})
	if p, ok := c.refused(err); ok {
		return c.exceptionsView(r, exceptionForm{}, p)
	}
	if err != nil {
		return view{}, err
	}
	return view{to: "/exceptions?done=ended"}, nil
}

// versionOf reads a form with the version of what it was made of.
func versionOf(r *http.Request) (int, error) {
	if err := r.ParseForm(); err != nil {
		return 0, faultForm
	}
	n, err := strconv.Atoi(r.PostForm.Get("version"))
	if err != nil || n < 0 {
		return 0, faultForm
	}
	return n, nil
}

// trailPage is the audit trail and what a check of it found.
type trailPage struct {
	Deeds []deedRow
	Total int64
	Check openapi.TrailCheck
	Older string
	Newer string
}

type deedRow struct {
	openapi.Deed
	Mark mark
	Link string // to what it was done to, where that has a page
}

func (c *console) trail(r *http.Request) (view, error) {
	q := r.URL.Query()
	params := openapi.ListTrailParams{Limit: pageSize}
	if n, err := strconv.ParseInt(q.Get("before"), 10, 64); err == nil && n > 0 {
		params.Before = n
	}
	got, err := answered[openapi.ListTrail200JSONResponse](c.ask.ListTrail(r.Context(), openapi.ListTrailRequestObject{Params: params}))
	if err != nil {
		return view{}, err
	}
	check, err := answered[openapi.CheckTrail200JSONResponse](c.ask.CheckTrail(r.Context(), openapi.CheckTrailRequestObject{
		Params: openapi.CheckTrailParams{Whole: q.Has("whole")},
	}))
	if err != nil {
		return view{}, err
	}
	page := trailPage{Total: got.Total, Check: openapi.TrailCheck(check)}
	for _, d := range got.Items {
		page.Deeds = append(page.Deeds, deedRow{d, deedMark(d.Outcome), subjectURL(d)})
	}
	if n := len(got.Items); n > 0 && got.Items[n-1].Seq > 1 {
		page.Older = "/trail?before=" + strconv.FormatInt(got.Items[n-1].Seq, 10)
	}
	if params.Before > 0 {
		page.Newer = "/trail"
		if next := params.Before + pageSize; next <= got.Total {
			page.Newer = "/trail?before=" + strconv.FormatInt(next, 10)
		}
	}
	return view{page: "trail", title: "Audit trail", data: page}, nil
}

func deedMark(outcome string) mark {
	switch outcome {
	case store.DeedOK:
		return mark{"Done", "pass", "pass"}
	case store.DeedRefused:
		return mark{"Refused", "stop", "unknown"}
	}
	return mark{sentence(outcome), "fail", "fail"}
}

// subjectURL is the page of what a deed was done to, where the deed's name says what that is.
func subjectURL(d openapi.Deed) string {
	noun, _, _ := strings.Cut(d.Action, ".")
	id := url.PathEscape(d.Subject)
	switch {
	case d.Subject == "":
	case strings.HasPrefix(d.Subject, "arn:") && strings.Contains(d.Subject, ":glue:"):
		return resourceURL(d.Subject, "")
	case noun == "change" && !strings.Contains(d.Subject, ":"):
		return "/changes/" + id
	case noun == "request":
		return "/requests/" + id
	case noun == "audit":
		return "/audits/" + id
	case noun == "plan":
		return "/plans/" + id
	}
	return ""
}

// watch is a place for what the watch will collect.
func (c *console) watch(page, title string) handler {
	return func(*http.Request) (view, error) { return view{page: page, title: title}, nil }
}
