package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
)

// requestsPage lists requests.
type requestsPage struct {
	Items  []openapi.Request
	Total  int
	Pager  pager
	States []choice
	Chips  []chip
}

func requestStates() []store.RequestState {
	return []store.RequestState{
		store.RequestPending, store.RequestApproved, store.RequestQueued, store.RequestRunning, store.RequestEnded, store.RequestRejected,
		store.RequestWithdrawn, store.RequestExpired,
	}
}

func (c *console) requests(r *http.Request) (view, error) {
	q := r.URL.Query()
	params := openapi.ListRequestsParams{Change: q.Get("change"), Plan: q.Get("plan"), Offset: offsetOf(q), Limit: pageSize}
	page := requestsPage{}
	for _, s := range requestStates() {
		on := slices.Contains(q["state"], string(s))
		page.States = append(page.States, choice{Value: string(s), Word: requestMark(s).Word, On: on})
		if on {
			params.State = append(params.State, s)
			page.Chips = append(page.Chips, chip{requestMark(s).Word, without("/requests", q, "state", string(s))})
		}
	}
	got, err := answered[openapi.ListRequests200JSONResponse](c.ask.ListRequests(r.Context(), openapi.ListRequestsRequestObject{Params: params}))
	if err != nil {
		return view{}, err
	}
	page.Items, page.Total, page.Pager = got.Items, got.Total, pagerOf("/requests", q, params.Offset, len(got.Items), got.Total)
	return view{page: "requests", title: "Requests", data: page}, nil
}

// requestsOf lists requests for another page.
func (c *console) requestsOf(r *http.Request, params openapi.ListRequestsParams) ([]openapi.Request, error) {
	got, err := answered[openapi.ListRequests200JSONResponse](c.ask.ListRequests(r.Context(), openapi.ListRequestsRequestObject{Params: params}))
	return got.Items, err
}

// requestPage is one request.
type requestPage struct {
	openapi.Request
	State    mark
	Subjects []subject // what it is about
	Scope    *scope    // which resources of its plan; nil: it has none
	Changes  []changeRow
	Audit    *api.AuditProgress
	Percent  int
	Live     bool // it is being carried out, or about to be
	Follows  bool // the page follows it: something may become of it yet
	Own      string
	Headline string
	Problem  *openapi.Problem
	Note     string // as it was typed
}

type subject struct{ Text, Link string }

// MayDo tells whether who asks may do something with the request now.
func (p requestPage) MayDo(v string) bool { return slices.Contains(p.May, openapi.Verb(v)) }

func (c *console) requestOf(ctx context.Context, id string) (requestPage, error) {
	got, err := answered[openapi.GetRequest200JSONResponse](c.ask.GetRequest(ctx, openapi.GetRequestRequestObject{ID: id}))
	if err != nil {
		return requestPage{}, err
	}
	p := requestPage{Request: openapi.Request(got), State: requestMark(got.State), Own: "/requests/" + url.PathEscape(got.ID)}
	p.Live = got.State == store.RequestQueued || got.State == store.RequestRunning
	p.Follows = p.Live || got.State == store.RequestPending || got.State == store.RequestApproved
	p.subjects()
	if err := c.changesFor(ctx, &p); err != nil {
		return requestPage{}, err
	}
	p.Headline = kindWord(p.Work.Kind) + ": " + p.State.Word
	return p, nil
}

func (p *requestPage) subjects() {
	w := p.Work
	if w.Plan != "" {
		p.Subjects = append(p.Subjects, subject{"Plan " + report.ShortDigest(w.Plan), planURL(w.Plan)})
	}
	for _, ch := range w.Changes {
		p.Subjects = append(p.Subjects, subject{"Change " + ch.ID, "/changes/" + url.PathEscape(ch.ID)})
	}
	for _, cfg := range w.Configurations {
		p.Subjects = append(p.Subjects, subject{Text: "Security configuration " + cfg.Name + " in " + cfg.Location.String()})
	}
}

// changesFor looks up the changes that a request is about, or that came of it.
func (c *console) changesFor(ctx context.Context, p *requestPage) error {
	var found []store.Summarized
	switch {
	case p.Work.Kind == store.RequestApply && (p.Live || p.Request.State == store.RequestEnded):
		got, err := answered[openapi.ListChanges200JSONResponse](c.ask.ListChanges(ctx, openapi.ListChangesRequestObject{
			Params: openapi.ListChangesParams{Plan: p.Work.Plan, Limit: 200},
		}))
		if err != nil {
			return err
		}
		found = got.Items
	case len(p.Work.Changes) > 0:
		for _, at := range p.Work.Changes[:min(len(p.Work.Changes), 50)] {
			got, err := answered[openapi.GetChange200JSONResponse](c.ask.GetChange(ctx, openapi.GetChangeRequestObject{ID: at.ID}))
			if err != nil {
				return err
			}
			doc := got.Change
			s := store.Summarized{
				ID: doc.ID, Resource: doc.Resource, Strategy: doc.Strategy, From: doc.From, To: doc.To, State: doc.State, Phase: doc.Phase,
				Trouble: doc.Trouble, OpenedAt: doc.OpenedAt, UpdatedAt: doc.UpdatedAt,
			}
			for _, step := range doc.Steps {
				if step.Phase != doc.Phase {
					continue
				}
				s.StepsTotal++
				switch step.State {
				case change.StepDone:
					s.StepsDone++
				case change.StepRunning:
					s.Step = step.Name
				}
			}
			found = append(found, s)
		}
	}
	done, total := 0, 0
	for _, s := range found {
		p.Changes = append(p.Changes, rowOfChange(s))
		done, total = done+s.StepsDone, total+s.StepsTotal
	}
	if total > 0 {
		p.Percent = done * 100 / total
	}
	return nil
}

func (c *console) request(r *http.Request) (view, error) { return c.requestView(r, "", nil) }

func (c *console) requestView(r *http.Request, note string, problem *openapi.Problem) (view, error) {
	p, err := c.requestOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return view{}, err
	}
	p.Note, p.Problem = note, problem
	if p.Scope, err = c.scopeOf(r, p.Work); err != nil {
		return view{}, err
	}
	v := view{page: "request", title: kindWord(p.Work.Kind), section: "/requests", data: p}
	if problem != nil {
		v.status = problem.Status
	}
	return v, nil
}

// followRequest sends a request's page anew whenever something of it moves, until it has ended.
func (c *console) followRequest(r *http.Request) (follower, error) {
	id := r.PathValue("id")
	first, err := c.requestOf(r.Context(), id)
	if err != nil {
		return follower{}, err
	}
	var progress *api.AuditProgress
	return follower{
		page: "request",
		wants: func(e api.Event) bool {
			if e.Request == first.ID {
				return true
			}
			return e.Change != nil && (e.Change.PlanDigest == first.Work.Plan || slices.ContainsFunc(first.Work.Changes, func(at store.ChangeAt) bool { return at.ID == e.Change.ID }))
		},
		make: func(ctx context.Context, e *api.Event) (any, bool, error) {
			p, err := c.requestOf(ctx, id)
			if e != nil && e.Audit != nil {
				progress = e.Audit
			}
			if p.Audit = progress; progress != nil && progress.Locations > 0 {
				p.Percent = progress.Done * 100 / progress.Locations
			}
			return p, err == nil && !p.Follows, err
		},
	}, nil
}

// decide approves or rejects exactly what was seen: its digest and version come back with the form.
func (c *console) decide(r *http.Request) (view, error) {
	version, err := versionOf(r)
	if err != nil {
		return view{}, err
	}
	approve, note := r.PostForm.Get("do") == "approve", strings.TrimSpace(r.PostForm.Get("note"))
	_, err = c.ask.DecideRequest(r.Context(), openapi.DecideRequestRequestObject{ID: r.PathValue("id"), Body: &openapi.Decision{
		Approve: approve, Digest: r.PostForm.Get("digest"), Version: version, Note: note,
	}})
	done := "rejected"
	if approve {
		done = "approved"
	}
	return c.back(r, note, done, err)
}

func (c *console) start(r *http.Request) (view, error) {
	version, err := versionOf(r)
	if err != nil {
		return view{}, err
	}
	_, err = c.ask.StartRequest(r.Context(), openapi.StartRequestRequestObject{ID: r.PathValue("id"), Body: &openapi.Seen{Version: version}})
	return c.back(r, "", "queued", err)
}

func (c *console) withdraw(r *http.Request) (view, error) {
	version, err := versionOf(r)
	if err != nil {
		return view{}, err
	}
	_, err = c.ask.WithdrawRequest(r.Context(), openapi.WithdrawRequestRequestObject{ID: r.PathValue("id"), Body: &openapi.Seen{Version: version}})
	return c.back(r, "", "withdrawn", err)
}

func (c *console) interrupt(r *http.Request) (view, error) {
	_, err := c.ask.InterruptRequest(r.Context(), openapi.InterruptRequestRequestObject{ID: r.PathValue("id")})
	return c.back(r, "", "stopping", err)
}

// back goes back to a request after something was done with it, or shows it with why that was refused.
func (c *console) back(r *http.Request, note, done string, err error) (view, error) {
	if p, ok := c.refused(err); ok {
		return c.requestView(r, note, p)
	}
	if err != nil {
		return view{}, err
	}
	return view{to: with("/requests/"+url.PathEscape(r.PathValue("id")), nil, "done", done)}, nil
}

// resultName is what a result of a request is about, in short.
func resultName(subject string) string {
	if i := strings.LastIndexAny(subject, "/:"); strings.HasPrefix(subject, "arn:") && i >= 0 {
		return cmp.Or(subject[i+1:], subject)
	}
	return subject
}
