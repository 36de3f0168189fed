package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/store"
)

// changesPage lists changes.
type changesPage struct {
	Rows   []changeRow
	Pager  pager
	Query  string
	States []choice
	Chips  []chip
	Total  int
}

type changeRow struct {
	store.Summarized
	Name  string
	State mark
}

func changeStates() []change.State {
	return []change.State{
		change.Running, change.Waiting, change.FailedAt, change.Regressed, change.BackingOut, change.Done, change.Finalized, change.RefusedAt, change.BackedOut,
	}
}

func (c *console) changes(r *http.Request) (view, error) {
	q := r.URL.Query()
	params := openapi.ListChangesParams{Q: q.Get("q"), Plan: q.Get("plan"), Resource: q.Get("resource"), Offset: offsetOf(q), Limit: pageSize}
	page := changesPage{Query: q.Get("q")}
	for _, s := range changeStates() {
		on := slices.Contains(q["state"], string(s))
		page.States = append(page.States, choice{Value: string(s), Word: changeMark(s).Word, On: on})
		if on {
			params.State = append(params.State, s)
			page.Chips = append(page.Chips, chip{changeMark(s).Word, without("/changes", q, "state", string(s))})
		}
	}
	if page.Query != "" {
		page.Chips = append(page.Chips, chip{"Search: " + middle(page.Query, 40), with("/changes", q, "q", "")})
	}
	got, err := answered[openapi.ListChanges200JSONResponse](c.ask.ListChanges(r.Context(), openapi.ListChangesRequestObject{Params: params}))
	if err != nil {
		return view{}, err
	}
	for _, s := range got.Items {
		page.Rows = append(page.Rows, rowOfChange(s))
	}
	page.Total, page.Pager = got.Total, pagerOf("/changes", q, params.Offset, len(got.Items), got.Total)
	return view{page: "changes", title: "Changes", data: page}, nil
}

func rowOfChange(s store.Summarized) changeRow {
	return changeRow{s, cmp.Or(s.Resource.Name, s.Resource.ID, s.Original.Name), changeMark(s.State)}
}

// changePage is one change, as far as it has come.
type changePage struct {
	openapi.ChangeDetail
	Name     string
	Link     string
	State    mark
	Headline string
	Phases   []phase
	Done     int
	Total    int
	Live     bool // it goes on by itself, so the page follows it
	Verbs    []verb
	Checked  []change.StepDocument // what was verified
	Shell    []numbered
	Detail   string // what it waits for, as the daemon tells
	Own      string // path
}

// phase is steps with one aim.
type phase struct {
	Title string
	Steps []stepRow
}

type stepRow struct {
	change.StepDocument
	Icon string
	Took string
}

// verb is something that can be asked for of a change.
type verb struct {
	Kind       store.RequestKind
	Path, Name string
	Words      string // what it does, in a sentence
	Icon, Tone string
}

func (c *console) changeOf(ctx context.Context, id string) (changePage, error) {
	got, err := answered[openapi.GetChange200JSONResponse](c.ask.GetChange(ctx, openapi.GetChangeRequestObject{ID: id}))
	if err != nil {
		return changePage{}, err
	}
	doc := got.Change
	p := changePage{
		ChangeDetail: openapi.ChangeDetail(got), Name: cmp.Or(doc.Resource.Name, doc.Resource.ID), Link: resourceURL(doc.Resource.ARN, ""),
		State: changeMark(doc.State), Own: "/changes/" + url.PathEscape(doc.ID),
	}
	p.steps(c.options.Now())
	p.Live = doc.State == change.Running || doc.State == change.BackingOut || doc.WaitingFor == change.ForTime || moving(got.Requests)
	p.Headline = p.State.Word + ": " + strconv.Itoa(p.Done) + " of " + count(p.Total, "step") + " done"
	for _, v := range got.Verbs {
		if v.Allowed && (v.Kind != store.RequestResume || !moving(got.Requests)) { // somebody is at it already
			p.Verbs = append(p.Verbs, verbOf(v.Kind, p.Own))
		}
	}
	for i, cmd := range got.Commands {
		p.Shell = append(p.Shell, numbered{"command-" + strconv.Itoa(i+1), cmd.Title, cmd.Command})
	}
	return p, nil
}

// steps parts the steps by phase and counts those of the phase under way, or of the last one.
func (p *changePage) steps(now time.Time) {
	last, counted := change.Phase("-"), p.Change.Phase
	if n := len(p.Change.Steps); counted == "" && n > 0 { // at rest: the last that there was
		counted = p.Change.Steps[n-1].Phase
	}
	for _, s := range p.Change.Steps {
		if s.Phase != last {
			p.Phases, last = append(p.Phases, phase{Title: phaseWord(s.Phase)}), s.Phase
		}
		at := &p.Phases[len(p.Phases)-1]
		if s.Error != nil && p.Change.Trouble != nil && s.Error.Code == p.Change.Trouble.Code && s.Error.Message == p.Change.Trouble.Message {
			s.Error = nil // it stands above already
		}
		at.Steps = append(at.Steps, stepRow{s, stepIcon(s.State), took(s, now)})
		if s.Phase == counted {
			p.Total++
			if s.State == change.StepDone {
				p.Done++
			}
		}
		if strings.Contains(s.Name, "verify") && s.State != change.StepPending && s.State != change.StepSkipped {
			p.Checked = append(p.Checked, s)
		}
	}
}

func phaseWord(p change.Phase) string {
	switch p {
	case change.Apply:
		return "Apply"
	case change.Unwind:
		return "Back out: undo in reverse order"
	case change.Restore:
		return "Back out: make the original again"
	case change.Finalize:
		return "Finalize"
	}
	return sentence(string(p))
}

func stepIcon(s change.StepStatus) string {
	switch s {
	case change.StepDone:
		return "pass"
	case change.StepFailed:
		return "fail"
	case change.StepRunning:
		return "run"
	case change.StepUndone:
		return "undo"
	case change.StepPending, change.StepSkipped:
	}
	return "none"
}

func took(s change.StepDocument, now time.Time) string {
	switch {
	case s.StartedAt.IsZero():
		return ""
	case s.FinishedAt.IsZero() && s.State == change.StepRunning:
		return "for " + span(now.Sub(s.StartedAt))
	case s.FinishedAt.IsZero():
		return ""
	}
	return span(s.FinishedAt.Sub(s.StartedAt))
}

func verbOf(kind store.RequestKind, own string) verb {
	v := verb{Kind: kind, Path: own + "/" + string(kind)}
	switch kind {
	case store.RequestResume:
		v.Name, v.Icon, v.Tone = "Resume", "run", "primary"
		v.Words = "It goes on from where it stands, with the step at hand. What was done stays done."
	case store.RequestBackout:
		v.Name, v.Icon, v.Tone = "Back out", "undo", "danger"
		v.Words = "Before the original is deleted, its steps are undone in reverse order. Afterwards the original is made again from its " +
			"saved definition, and proven, before the encrypted one is touched. No key is disabled, deleted or narrowed, so what was written under it stays readable."
	case store.RequestFinalize:
		v.Name, v.Icon, v.Tone = "Finalize", "seal", ""
		v.Words = "What the change kept as its way back is retired. After that, backing out means making the original again from its saved definition."
	default:
		v.Name, v.Icon = kindWord(kind), "change"
	}
	return v
}

func (c *console) change(r *http.Request) (view, error) {
	p, err := c.changeOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return view{}, err
	}
	return view{page: "change", title: "Change of " + p.Name, section: "/changes", data: p}, nil
}

// followChange sends a change's page anew whenever it moves, until it is at rest.
func (c *console) followChange(r *http.Request) (follower, error) {
	first, err := c.changeOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return follower{}, err
	}
	id, requests := first.Change.ID, first.Requests
	return follower{
		page: "change",
		wants: func(e api.Event) bool {
			if e.Change != nil {
				return e.Change.ID == id
			}
			return slices.ContainsFunc(requests, func(q openapi.Request) bool { return q.ID == e.Request })
		},
		make: func(ctx context.Context, e *api.Event) (any, bool, error) {
			p, err := c.changeOf(ctx, id)
			requests = p.Requests
			if e != nil && e.Change != nil {
				p.Detail = e.Detail
			}
			return p, err == nil && !p.Live, err
		},
	}, nil
}

// moving tells whether a request is about to do something.
func moving(all []openapi.Request) bool {
	return slices.ContainsFunc(all, func(q openapi.Request) bool {
		return q.State == store.RequestQueued || q.State == store.RequestRunning
	})
}

// evidence hands out a change's signed evidence.
func (c *console) evidence(r *http.Request) (view, error) {
	res, err := c.ask.ExportEvidence(r.Context(), openapi.ExportEvidenceRequestObject{ID: r.PathValue("id")})
	if err != nil {
		return view{}, err
	}
	return view{write: func(w http.ResponseWriter) error { return res.VisitExportEvidenceResponse(w) }}, nil
}

// confirmPage says what will happen before it is asked for.
type confirmPage struct {
	changePage
	Verb     verb
	Warnings []plan.Warning
	Approval bool
	Reason   string
	KeepTwin bool // may be chosen
	Labels   bool // may be chosen
	Problem  *openapi.Problem
}

func (c *console) confirm(r *http.Request) (view, error) { return c.confirmView(r, "", nil) }

func (c *console) confirmView(r *http.Request, reason string, problem *openapi.Problem) (view, error) {
	p, err := c.changeOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return view{}, err
	}
	kind := store.RequestKind(r.PathValue("verb"))
	at := slices.IndexFunc(p.ChangeDetail.Verbs, func(v openapi.ChangeVerb) bool { return v.Kind == kind })
	switch {
	case at < 0 && problem == nil:
		return view{}, faultNotNow
	case at >= 0 && !p.ChangeDetail.Verbs[at].Allowed:
		return view{}, faultForbidden
	}
	rules, err := answered[openapi.GetPolicy200JSONResponse](c.ask.GetPolicy(r.Context(), openapi.GetPolicyRequestObject{}))
	if err != nil {
		return view{}, err
	}
	page := confirmPage{
		changePage: p, Verb: verbOf(kind, p.Own), Reason: reason, Problem: problem,
		Approval: rules.Approvals.InForce && kind != store.RequestResume,
		KeepTwin: kind == store.RequestFinalize && p.Change.State == change.Waiting,
		Labels:   kind == store.RequestFinalize && p.Change.State != change.Waiting,
	}
	if at >= 0 {
		page.Warnings = p.ChangeDetail.Verbs[at].Warnings
	}
	v := view{page: "confirm", title: page.Verb.Name, section: "/changes", data: page}
	if problem != nil {
		v.status = problem.Status
	}
	return v, nil
}

func (c *console) askForVerb(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	at, err := strconv.Atoi(r.PostForm.Get("at"))
	if err != nil {
		return view{}, faultForm
	}
	kind := store.RequestKind(r.PathValue("verb"))
	switch kind {
	case store.RequestResume, store.RequestBackout, store.RequestFinalize:
	default:
		return view{}, faultNoPage
	}
	work := store.Work{
		Kind: kind, Changes: []store.ChangeAt{{ID: r.PostForm.Get("change"), At: at}}, AcceptWarnings: r.PostForm["warning"],
		KeepTwin: r.PostForm.Get("keep_twin") != "", DeleteLabels: r.PostForm.Get("delete_labels") != "",
	}
	made, problem, err := c.file(r, work, r.PostForm.Get("reason"), r.PostForm.Get("start") != "")
	switch {
	case problem != nil:
		return c.confirmView(r, r.PostForm.Get("reason"), problem)
	case err != nil:
		return view{}, err
	case made.State == store.RequestQueued || made.State == store.RequestRunning:
		return view{to: "/changes/" + url.PathEscape(r.PathValue("id")) + "?done=queued"}, nil
	}
	return view{to: requestURL(made)}, nil
}
