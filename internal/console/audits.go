package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// auditsPage lists audits, runs one, and keeps schedules.
type auditsPage struct {
	Audits    []openapi.Audit
	Pager     pager
	Running   []openapi.Request
	Schedules []openapi.Schedule
	Form      scopeForm
	Problem   *openapi.Problem
	Controls  []openapi.ControlSummary
}

// scopeForm is what an audit is asked to cover, as it was typed.
type scopeForm struct {
	For                                         string // "now" or "schedule"
	Accounts, Regions, Resources, Role, Profile string
	Organization                                bool
	Controls                                    []string
	Name, Hours                                 string // of a schedule
	NameError, HoursError, AccountsError        string
}

// Has tells whether a control is chosen.
func (f scopeForm) Has(id string) bool { return slices.Contains(f.Controls, id) }

func (c *console) auditRoutes() {
	c.page("GET /audits", auth.See, c.audits)
	c.page("POST /audits", auth.Audit, c.runAudit)
	c.page("POST /schedules", auth.Schedule, c.addSchedule)
	c.page("POST /schedules/{id}", auth.Schedule, c.changeSchedule)
	c.page("GET /audits/{id}", auth.See, c.audit)
	c.page("GET /audits/{id}/since/{other}", auth.See, c.since)
	c.page("GET /audits/{id}/report/{format}", auth.See, c.auditReport)
	c.page("GET /coverage", auth.See, c.coverage)
}

func (c *console) audits(r *http.Request) (view, error) {
	form, err := c.suggestScope(r)
	if err != nil {
		return view{}, err
	}
	return c.auditsView(r, form, nil)
}

// suggestScope begins with what the newest audit covered, or with the one resource that is asked for.
func (c *console) suggestScope(r *http.Request) (scopeForm, error) {
	newest, err := c.requestsOf(r, openapi.ListRequestsParams{Kind: []store.RequestKind{store.RequestAudit}, Limit: 1})
	if err != nil {
		return scopeForm{}, err
	}
	var form scopeForm
	if len(newest) > 0 && newest[0].Work.Audit != nil {
		s := newest[0].Work.Audit
		form = scopeForm{
			Accounts: strings.Join(s.Accounts, " "), Regions: strings.Join(s.Regions, " "), Organization: s.Organization, Role: s.Role, Profile: s.PolicyProfile,
		}
	}
	if arn := r.URL.Query().Get("resource"); arn != "" {
		form.Resources, form.Organization = arn, false
		if a, err := resource.ParseARN(arn); err == nil {
			form.Accounts, form.Regions = a.Account, a.Region
		}
	}
	return form, nil
}

// auditsView shows the page, with a form as it was sent where that was refused.
func (c *console) auditsView(r *http.Request, form scopeForm, problem *openapi.Problem) (view, error) {
	q := r.URL.Query()
	offset := offsetOf(q)
	page := auditsPage{Form: form, Problem: problem}
	listed, err := answered[openapi.ListAudits200JSONResponse](c.ask.ListAudits(r.Context(), openapi.ListAuditsRequestObject{
		Params: openapi.ListAuditsParams{Offset: offset, Limit: pageSize},
	}))
	if err != nil {
		return view{}, err
	}
	page.Audits, page.Pager = listed.Items, pagerOf("/audits", q, offset, len(listed.Items), listed.Total)
	running, err := answered[openapi.ListRequests200JSONResponse](c.ask.ListRequests(r.Context(), openapi.ListRequestsRequestObject{
		Params: openapi.ListRequestsParams{Kind: []store.RequestKind{store.RequestAudit}, State: []store.RequestState{
			store.RequestApproved, store.RequestQueued, store.RequestRunning,
		}, Limit: 20},
	}))
	if err != nil {
		return view{}, err
	}
	page.Running = running.Items
	schedules, err := answered[openapi.ListSchedules200JSONResponse](c.ask.ListSchedules(r.Context(), openapi.ListSchedulesRequestObject{}))
	if err != nil {
		return view{}, err
	}
	page.Schedules = schedules.Items
	controls, err := answered[openapi.ListControls200JSONResponse](c.ask.ListControls(r.Context(), openapi.ListControlsRequestObject{}))
	if err != nil {
		return view{}, err
	}
	page.Controls = controls.Items
	v := view{page: "audits", title: "Audits", section: "/audits", data: page}
	if problem != nil {
		v.status = problem.Status
	} else if form.NameError+form.HoursError+form.AccountsError != "" {
		v.status = http.StatusUnprocessableEntity
	}
	return v, nil
}

func scopeFormOf(form url.Values) scopeForm {
	return scopeForm{
		Accounts: form.Get("accounts"), Regions: form.Get("regions"), Resources: form.Get("resources"), Role: strings.TrimSpace(form.Get("role")),
		Profile: form.Get("profile"), Organization: form.Get("organization") != "", Controls: form["control"],
		Name: strings.TrimSpace(form.Get("name")), Hours: strings.TrimSpace(form.Get("hours")),
	}
}

// scope is what the form asks for; an account that can't be one is said beside its field.
func (f *scopeForm) scope() (store.AuditScope, bool) {
	s := store.AuditScope{
		Accounts: words(f.Accounts), Regions: words(f.Regions), Resources: words(f.Resources), Role: f.Role,
		Organization: f.Organization, PolicyProfile: f.Profile,
	}
	for _, id := range f.Controls {
		s.Controls = append(s.Controls, control.ID(id))
	}
	for _, a := range s.Accounts {
		if len(a) != 12 || strings.Trim(a, "0123456789") != "" {
			f.AccountsError = strconv.Quote(a) + " is no account id: these have 12 digits."
			return s, false
		}
	}
	return s, true
}

// words splits what was typed at spaces and commas.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' || r == ';' })
}

func (c *console) runAudit(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	form := scopeFormOf(r.PostForm)
	scope, ok := form.scope()
	if !ok {
		return c.auditsView(r, form, nil)
	}
	made, err := answered[openapi.CreateRequest201JSONResponse](c.ask.CreateRequest(r.Context(), openapi.CreateRequestRequestObject{
		Body: &openapi.NewRequest{Work: store.Work{Kind: store.RequestAudit, Audit: &scope}, Start: true},
	}))
	if p, ok := c.refused(err); ok {
		return c.auditsView(r, form, p)
	}
	if err != nil {
		return view{}, err
	}
	return view{to: "/requests/" + url.PathEscape(made.Body.ID) + "?done=queued"}, nil
}

func (c *console) addSchedule(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	form := scopeFormOf(r.PostForm)
	form.For = "schedule"
	scope, ok := form.scope()
	hours, err := strconv.ParseFloat(form.Hours, 64)
	if err != nil || hours < 0.1 || hours > 8784 {
		form.HoursError, ok = "A number of hours, from 0.1 to 8784 (a year).", false
	}
	if form.Name == "" {
		form.NameError, ok = "A schedule needs a name.", false
	}
	if !ok {
		return c.auditsView(r, form, nil)
	}
	_, err = c.ask.CreateSchedule(r.Context(), openapi.CreateScheduleRequestObject{
		Body: &openapi.NewSchedule{Name: form.Name, EveryMinutes: max(5, int(hours*60)), Scope: scope},
	})
	if p, ok := c.refused(err); ok {
		return c.auditsView(r, form, p)
	}
	if err != nil {
		return view{}, err
	}
	return view{to: "/audits?done=scheduled#schedules"}, nil
}

// changeSchedule pauses a schedule, lets it go on, or drops it.
func (c *console) changeSchedule(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	id, do := r.PathValue("id"), r.PostForm.Get("do")
	if do == "drop" {
		if _, err := c.ask.DeleteSchedule(r.Context(), openapi.DeleteScheduleRequestObject{ID: id}); err != nil {
			return view{}, err
		}
		return view{to: "/audits?done=dropped#schedules"}, nil
	}
	version, err := strconv.Atoi(r.PostForm.Get("version"))
	if err != nil {
		return view{}, faultForm
	}
	paused := do == "pause"
	_, err = c.ask.UpdateSchedule(r.Context(), openapi.UpdateScheduleRequestObject{ID: id, Body: &openapi.ScheduleUpdate{Paused: &paused, Version: version}})
	if err != nil {
		return view{}, err
	}
	return view{to: "/audits?done=scheduled#schedules"}, nil
}

// auditPage is one audit.
type auditPage struct {
	openapi.Audit
	Tiles   []tile
	Before  []openapi.Audit // to compare with
	Formats []string
	Unread  int
}

func (c *console) audit(r *http.Request) (view, error) {
	got, err := answered[openapi.GetAudit200JSONResponse](c.ask.GetAudit(r.Context(), openapi.GetAuditRequestObject{ID: r.PathValue("id")}))
	if err != nil {
		return view{}, err
	}
	page := auditPage{Audit: openapi.Audit(got), Formats: []string{"html", "csv", "json", "jsonl", "markdown", "sarif", "junit", "ocsf", "asff"}}
	for _, status := range statuses() {
		link := "/findings?" + url.Values{"audit": {page.ID}, "status": {string(status)}}.Encode()
		page.Tiles = append(page.Tiles, tile{of(page.Summary, status), statusMark(status), link})
	}
	listed, err := answered[openapi.ListAudits200JSONResponse](c.ask.ListAudits(r.Context(), openapi.ListAuditsRequestObject{
		Params: openapi.ListAuditsParams{Limit: 200},
	}))
	if err != nil {
		return view{}, err
	}
	for _, a := range listed.Items {
		if a.StartedAt.Before(page.StartedAt) && len(page.Before) < 10 {
			page.Before = append(page.Before, a)
		}
	}
	covered, err := answered[openapi.ListCoverage200JSONResponse](c.ask.ListCoverage(r.Context(), openapi.ListCoverageRequestObject{
		ID: page.ID, Params: openapi.ListCoverageParams{Unread: true, Limit: 1},
	}))
	if err != nil {
		return view{}, err
	}
	page.Unread = covered.Unread
	return view{page: "audit", title: "Audit", section: "/audits", data: page}, nil
}

// auditReport hands out an audit in a report's format. Nothing of it is shown as a page of ours.
func (c *console) auditReport(r *http.Request) (view, error) {
	res, err := c.ask.ExportReport(r.Context(), openapi.ExportReportRequestObject{
		ID: r.PathValue("id"), Format: openapi.ExportReportParamsFormat(r.PathValue("format")),
	})
	if err != nil {
		return view{}, err
	}
	return view{write: func(w http.ResponseWriter) error { return res.VisitExportReportResponse(w) }}, nil
}

// sincePage compares two audits.
type sincePage struct {
	openapi.Comparison
	Tiles []tile
	Rows  []sinceRow
	Chips []chip
	Pager pager
}

type sinceRow struct {
	findingRow
	Fate mark
	Gone bool
}

func (c *console) since(r *http.Request) (view, error) {
	q := r.URL.Query()
	params := openapi.CompareAuditsParams{Offset: offsetOf(q), Limit: pageSize}
	page := sincePage{}
	path := sinceURL(r.PathValue("id"), r.PathValue("other"))
	for _, f := range q["fate"] {
		params.Fate = append(params.Fate, report.Fate(f))
		page.Chips = append(page.Chips, chip{fateMark(report.Fate(f)).Word, without(path, q, "fate", f)})
	}
	got, err := answered[openapi.CompareAudits200JSONResponse](c.ask.CompareAudits(r.Context(), openapi.CompareAuditsRequestObject{
		ID: r.PathValue("id"), Other: r.PathValue("other"), Params: params,
	}))
	if err != nil {
		return view{}, err
	}
	page.Comparison = openapi.Comparison(got)
	page.Tiles = fateTiles(path, page.Counts)
	for _, item := range page.Items {
		page.Rows = append(page.Rows, sinceRow{rowOf(&item.Finding, true), fateMark(item.Fate), item.Gone})
	}
	page.Pager = pagerOf(path, q, params.Offset, len(page.Items), page.Total)
	return view{page: "since", title: "What changed", section: "/audits", data: page}, nil
}
