package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// plansPage lists plans.
type plansPage struct {
	Items   []openapi.PlanHead
	Pager   pager
	Form    editForm
	Problem *openapi.Problem
}

func (c *console) plans(r *http.Request) (view, error) { return c.plansView(r, editForm{}, nil) }

func (c *console) plansView(r *http.Request, form editForm, problem *openapi.Problem) (view, error) {
	q := r.URL.Query()
	offset := offsetOf(q)
	got, err := answered[openapi.ListPlans200JSONResponse](c.ask.ListPlans(r.Context(), openapi.ListPlansRequestObject{
		Params: openapi.ListPlansParams{Offset: offset, Limit: pageSize},
	}))
	if err != nil {
		return view{}, err
	}
	v := view{page: "plans", title: "Plans", section: "/plans", data: plansPage{
		Items: got.Items, Pager: pagerOf("/plans", q, offset, len(got.Items), got.Total), Form: form, Problem: problem,
	}}
	switch {
	case problem != nil:
		v.status = problem.Status
	case form.ModeError != "":
		v.status = http.StatusUnprocessableEntity
	}
	return v, nil
}

// planAll plans every failing resource of the newest audit.
func (c *console) planAll(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	form := editFormOf(r.PostForm)
	proposal := openapi.Proposal{Mode: resource.Mode(form.Mode), KMSKey: form.OtherKey, LabelsS3: form.LabelsS3}
	if proposal.Mode == resource.ModeSSEKMS && form.OtherKey == "" {
		form.ModeError = "SSE-KMS needs a key: an alias is looked up in each account and region."
		return c.plansView(r, form, nil)
	}
	made, err := answered[openapi.CreatePlan201JSONResponse](c.ask.CreatePlan(r.Context(), openapi.CreatePlanRequestObject{Body: &proposal}))
	if p, ok := c.refused(err); ok {
		return c.plansView(r, form, p)
	}
	if err != nil {
		return view{}, err
	}
	return view{to: planURL(made.Body.Digest)}, nil
}

// planPage is one plan, and what may be asked for by it.
type planPage struct {
	plan.Plan
	Items     []planItem
	Pager     pager
	Picks     []pick // resources to choose from; none where there is but one, or far too many
	Some      bool   // not all of them are on
	Todo      int
	Requests  []openapi.Request
	Changes   []store.Summarized
	Warnings  []plan.Warning // that must be accepted, each once
	Unchecked []plan.Check   // that stop a change unless they are accepted, each code once
	Approval  bool           // somebody must approve it
	MayAsk    bool
	MayStart  bool
	Form      applyForm
	Problem   *openapi.Problem
}

// planItem is one resource's change as it is shown.
type planItem struct {
	plan.Item
	Name     string
	Link     string
	From, To mark
	Changed  []diffLine
	Same     []plan.Attribute
	Failed   int
	Stops    bool
	Open     bool // shown in full
	Chosen   bool
}

// diffLine is one attribute before and after.
type diffLine struct {
	Sign, Class string
	plan.Attribute
}

// applyForm is what was asked for, as it was sent.
type applyForm struct {
	Reason                         string
	Warnings, Unchecked, Resources []string
	Start                          bool
	Parallel, Canary, MaxFailures  string
}

// Accepts tells whether a warning or check was accepted.
func (f applyForm) Accepts(code string) bool {
	return slices.Contains(f.Warnings, code) || slices.Contains(f.Unchecked, code)
}

func (c *console) plan(r *http.Request) (view, error) { return c.planView(r, applyForm{}, nil) }

func (c *console) planView(r *http.Request, form applyForm, problem *openapi.Problem) (view, error) {
	got, err := answered[openapi.GetPlan200JSONResponse](c.ask.GetPlan(r.Context(), openapi.GetPlanRequestObject{Digest: r.PathValue("digest")}))
	if err != nil {
		return view{}, err
	}
	page := planPage{Plan: plan.Plan(got), Form: form, Problem: problem}
	if page.Requests, err = c.requestsOf(r, openapi.ListRequestsParams{Plan: page.Digest, Limit: 20}); err != nil {
		return view{}, err
	}
	changes, err := answered[openapi.ListChanges200JSONResponse](c.ask.ListChanges(r.Context(), openapi.ListChangesRequestObject{
		Params: openapi.ListChangesParams{Plan: page.Digest, Limit: 100},
	}))
	if err != nil {
		return view{}, err
	}
	page.Changes = changes.Items
	rules, err := answered[openapi.GetPolicy200JSONResponse](c.ask.GetPolicy(r.Context(), openapi.GetPolicyRequestObject{}))
	if err != nil {
		return view{}, err
	}
	person, _ := auth.From(r.Context())
	page.Approval, page.MayAsk, page.MayStart = rules.Approvals.InForce, person.May(auth.Propose), person.May(auth.Run)
	page.fill(r.URL.Query())
	v := view{page: "plan", title: "Plan " + report.ShortDigest(page.Digest), section: "/plans", data: &page}
	if problem != nil {
		v.status = problem.Status
	}
	return v, nil
}

const itemsShown = 20

func (p *planPage) fill(q url.Values) {
	offset := min(offsetOf(q), len(p.Plan.Changes))
	shown := p.Plan.Changes[offset:min(offset+itemsShown, len(p.Plan.Changes))]
	for _, i := range p.Plan.Changes {
		if i.Blocked != nil {
			continue
		}
		p.Todo++
		for _, w := range i.Warnings {
			if !slices.ContainsFunc(p.Warnings, func(o plan.Warning) bool { return o.Code == w.Code }) {
				p.Warnings = append(p.Warnings, w)
			}
		}
		for _, check := range i.Checks {
			if check.Status == plan.Unchecked && check.Stops() && !slices.ContainsFunc(p.Unchecked, func(o plan.Check) bool { return o.Code == check.Code }) {
				p.Unchecked = append(p.Unchecked, check)
			}
		}
	}
	for _, i := range shown {
		p.Items = append(p.Items, itemOf(i, len(p.Plan.Changes) == 1))
	}
	if picks := picksOf(p.Plan, p.Form.Resources); len(picks) > 1 && len(picks) <= mostPicked {
		p.Picks, p.Some = picks, slices.ContainsFunc(picks, func(one pick) bool { return !one.On })
	}
	path := planURL(p.Digest)
	p.Pager = pager{First: min(offset+1, len(p.Plan.Changes)), Last: offset + len(shown), Total: len(p.Plan.Changes)}
	if offset > 0 {
		p.Pager.Back = with(path, nil, "offset", nonZero(max(0, offset-itemsShown)))
	}
	if offset+len(shown) < len(p.Plan.Changes) {
		p.Pager.On = with(path, nil, "offset", nonZero(offset+len(shown)))
	}
}

func itemOf(i plan.Item, open bool) planItem {
	shown := planItem{
		Item: i, Name: cmp.Or(i.Resource.Name, i.Resource.ID), Link: resourceURL(i.Resource.ARN, ""), From: modeMark(i.From), To: modeMark(i.To), Open: open,
	}
	if i.Strategy == plan.Retire && i.Blocked == nil {
		shown.To = mark{"Deleted", "cleanup", "fail"}
	}
	for _, a := range i.Attributes {
		if a.Before == a.After && !a.AfterUnknown {
			shown.Same = append(shown.Same, a)
			continue
		}
		shown.Changed = append(shown.Changed, diffOf(a))
	}
	for _, check := range i.Checks {
		if check.Status == plan.Failed {
			shown.Failed++
		}
		shown.Stops = shown.Stops || check.Status == plan.Failed && check.Stops()
	}
	return shown
}

// diffOf marks what becomes of an attribute, in the manner of Terraform.
func diffOf(a plan.Attribute) diffLine {
	switch {
	case a.Forces:
		return diffLine{"-/+", "forces", a}
	case a.Before == "":
		return diffLine{"+", "changed", a}
	case a.After == "" && !a.AfterUnknown:
		return diffLine{"-", "changed", a}
	}
	return diffLine{"~", "changed", a}
}

// apply asks for the plan to be carried out.
func (c *console) apply(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	form := applyForm{
		Reason: r.PostForm.Get("reason"), Warnings: r.PostForm["warning"], Unchecked: r.PostForm["unchecked"], Resources: r.PostForm["resource"],
		Start: r.PostForm.Get("start") != "", Parallel: r.PostForm.Get("parallel"), Canary: r.PostForm.Get("canary"), MaxFailures: r.PostForm.Get("max_failures"),
	}
	meant, nothing, err := c.pickedOf(r, r.PostForm)
	if err != nil {
		return view{}, err
	}
	if nothing {
		return c.planView(r, form, &openapi.Problem{Status: http.StatusUnprocessableEntity, Title: "No resource is ticked", Detail: "Tick those that are to be changed."})
	}
	work := store.Work{
		Kind: store.RequestApply, Plan: r.PathValue("digest"), AcceptWarnings: form.Warnings, AcceptUnchecked: form.Unchecked, Resources: meant,
	}
	for _, n := range []struct {
		text string
		into *int
	}{{form.Parallel, &work.Parallel}, {form.Canary, &work.Canary}, {form.MaxFailures, &work.MaxFailures}} {
		if text := strings.TrimSpace(n.text); text != "" {
			v, err := strconv.Atoi(text)
			if err != nil || v < 0 || v > 1000 {
				return c.planView(r, form, &openapi.Problem{Status: http.StatusUnprocessableEntity, Title: "That is no number", Detail: "How many at once, first, and may fail are numbers from 0 to 1000."})
			}
			*n.into = v
		}
	}
	made, p, err := c.file(r, work, form.Reason, form.Start)
	if p != nil {
		return c.planView(r, form, p)
	}
	if err != nil {
		return view{}, err
	}
	return view{to: requestURL(made)}, nil
}

// file makes a request, or says what is wrong with it.
func (c *console) file(r *http.Request, w store.Work, reason string, start bool) (openapi.Request, *openapi.Problem, error) {
	made, err := answered[openapi.CreateRequest201JSONResponse](c.ask.CreateRequest(r.Context(), openapi.CreateRequestRequestObject{
		Body: &openapi.NewRequest{Work: w, Reason: reason, Start: start},
	}))
	if p, ok := c.refused(err); ok {
		return openapi.Request{}, p, nil
	}
	return made.Body, nil, err
}

// requestURL is the page of a request that was just made, which says what became of it.
func requestURL(q openapi.Request) string {
	done := ""
	switch q.State {
	case store.RequestPending:
		done = "asked"
	case store.RequestApproved:
		done = "ready"
	case store.RequestQueued, store.RequestRunning:
		done = "queued"
	}
	return with("/requests/"+url.PathEscape(q.ID), nil, "done", done)
}
