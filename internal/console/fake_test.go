package console

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/store"
)

var update = flag.Bool("update", false, "write the golden files")

const endpointARN = "arn:aws:glue:eu-west-1:111122223333:devEndpoint/analytics"

// noon is when all tests happen.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

var errAbsent = errors.New("there is no such thing")

// refusal is an operation's error with its problem.
type refusal struct{ openapi.Problem }

func (r refusal) Error() string { return r.Detail }

func problemOfTest(err error) openapi.Problem {
	var r refusal
	switch {
	case errors.As(err, &r):
		return r.Problem
	case errors.Is(err, errAbsent):
		return openapi.Problem{Title: "Not Found", Status: http.StatusNotFound, Code: "not-found", Detail: "There is no such thing."}
	}
	return openapi.Problem{Title: "Internal Server Error", Status: http.StatusInternalServerError, Code: "internal", Detail: "Something went wrong."}
}

// fake answers operations out of what a test gives it; what is not given is empty. Operations that are not faked panic,
// which fails the test.
type fake struct {
	openapi.StrictServerInterface
	overview   openapi.Overview
	findings   openapi.FindingPage
	noAudit    bool
	detail     openapi.ResourceDetail
	audits     []openapi.Audit
	requests   []openapi.Request
	schedules  []openapi.Schedule
	coverage   openapi.CoveragePage
	comparison openapi.Comparison
	exceptions []openapi.Exception
	deeds      []openapi.Deed
	check      openapi.TrailCheck
	userList   []openapi.User
	tokens     []openapi.Token
	plans      []plan.Plan
	changes    []openapi.ChangeDetail
	keys       []openapi.Key
	leftovers  openapi.Leftovers
	approvals  bool
	refuse     error // what everything that changes something answers

	mu     sync.Mutex
	asked  openapi.ListFindingsParams
	bodies []any // what was asked to be changed
}

func (f *fake) did(body any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bodies = append(f.bodies, body)
	return f.refuse
}

func (f *fake) GetOverview(context.Context, openapi.GetOverviewRequestObject) (openapi.GetOverviewResponseObject, error) {
	return openapi.GetOverview200JSONResponse(f.overview), nil
}

func (f *fake) ListFindings(_ context.Context, r openapi.ListFindingsRequestObject) (openapi.ListFindingsResponseObject, error) {
	f.mu.Lock()
	f.asked = r.Params
	f.mu.Unlock()
	if f.noAudit {
		return nil, errAbsent
	}
	return openapi.ListFindings200JSONResponse(f.findings), nil
}

func (f *fake) ExportFindings(_ context.Context, r openapi.ExportFindingsRequestObject) (openapi.ExportFindingsResponseObject, error) {
	return openapi.ExportFindings200TextCSVResponse{
		Body: strings.NewReader("name\n"), ContentLength: 5, Headers: openapi.ExportFindings200ResponseHeaders{ContentDisposition: "attachment; filename=findings.csv"},
	}, nil
}

func (f *fake) GetResource(_ context.Context, r openapi.GetResourceRequestObject) (openapi.GetResourceResponseObject, error) {
	if f.detail.Resource.ARN == "" {
		return nil, errAbsent
	}
	d := f.detail
	if !r.Params.Keys {
		d.Keys = nil
	}
	return openapi.GetResource200JSONResponse(d), nil
}

func (f *fake) ListAudits(context.Context, openapi.ListAuditsRequestObject) (openapi.ListAuditsResponseObject, error) {
	return openapi.ListAudits200JSONResponse{Items: f.audits, Total: len(f.audits)}, nil
}

func (f *fake) GetAudit(_ context.Context, r openapi.GetAuditRequestObject) (openapi.GetAuditResponseObject, error) {
	for _, a := range f.audits {
		if a.ID == r.ID {
			return openapi.GetAudit200JSONResponse(a), nil
		}
	}
	return nil, errAbsent
}

func (f *fake) ListCoverage(context.Context, openapi.ListCoverageRequestObject) (openapi.ListCoverageResponseObject, error) {
	if f.noAudit {
		return nil, errAbsent
	}
	return openapi.ListCoverage200JSONResponse(f.coverage), nil
}

func (f *fake) CompareAudits(context.Context, openapi.CompareAuditsRequestObject) (openapi.CompareAuditsResponseObject, error) {
	return openapi.CompareAudits200JSONResponse(f.comparison), nil
}

func (f *fake) ListRequests(context.Context, openapi.ListRequestsRequestObject) (openapi.ListRequestsResponseObject, error) {
	return openapi.ListRequests200JSONResponse{Items: f.requests, Total: len(f.requests)}, nil
}

func (f *fake) CreateRequest(_ context.Context, r openapi.CreateRequestRequestObject) (openapi.CreateRequestResponseObject, error) {
	return openapi.CreateRequest201JSONResponse{Body: openapi.Request{ID: "r1", State: store.RequestQueued}}, f.did(*r.Body)
}

func (f *fake) ListSchedules(context.Context, openapi.ListSchedulesRequestObject) (openapi.ListSchedulesResponseObject, error) {
	return openapi.ListSchedules200JSONResponse{Items: f.schedules, Total: len(f.schedules)}, nil
}

func (f *fake) CreateSchedule(_ context.Context, r openapi.CreateScheduleRequestObject) (openapi.CreateScheduleResponseObject, error) {
	return openapi.CreateSchedule201JSONResponse{}, f.did(*r.Body)
}

func (f *fake) UpdateSchedule(_ context.Context, r openapi.UpdateScheduleRequestObject) (openapi.UpdateScheduleResponseObject, error) {
	return openapi.UpdateSchedule200JSONResponse{}, f.did(*r.Body)
}

func (f *fake) DeleteSchedule(_ context.Context, r openapi.DeleteScheduleRequestObject) (openapi.DeleteScheduleResponseObject, error) {
	return openapi.DeleteSchedule204Response{}, f.did(r.ID)
}

func (f *fake) ListControls(context.Context, openapi.ListControlsRequestObject) (openapi.ListControlsResponseObject, error) {
	list := openapi.ListControls200JSONResponse{}
	for _, c := range control.All() {
		list.Items = append(list.Items, openapi.ControlSummary{ID: string(c.ID), Title: c.Title, Severity: c.Severity, What: c.Title, Level: 1})
	}
	return list, nil
}

func (f *fake) GetControl(_ context.Context, r openapi.GetControlRequestObject) (openapi.GetControlResponseObject, error) {
	catalogue, err := control.ReadCatalogue()
	if err != nil {
		return nil, err
	}
	for _, d := range catalogue.Documents {
		if string(d.ID) == r.ID {
			return openapi.GetControl200JSONResponse(d), nil
		}
	}
	return nil, errAbsent
}

func (f *fake) GetPolicy(context.Context, openapi.GetPolicyRequestObject) (openapi.GetPolicyResponseObject, error) {
	return openapi.GetPolicy200JSONResponse{
		Profile: "sop", Digest: "sha256:0f3a", Document: map[string]any{"profile": "sop"},
		Approvals: openapi.ApprovalRules{Required: openapi.ApprovalRulesRequiredAuto, Expires: "24h0m0s", FourEyes: true, InForce: f.approvals}, Exceptions: f.exceptions,
	}, nil
}

func (f *fake) ListExceptions(context.Context, openapi.ListExceptionsRequestObject) (openapi.ListExceptionsResponseObject, error) {
	return openapi.ListExceptions200JSONResponse{Items: f.exceptions, Total: len(f.exceptions)}, nil
}

func (f *fake) CreateException(_ context.Context, r openapi.CreateExceptionRequestObject) (openapi.CreateExceptionResponseObject, error) {
	return openapi.CreateException201JSONResponse{}, f.did(*r.Body)
}

func (f *fake) DecideException(_ context.Context, r openapi.DecideExceptionRequestObject) (openapi.DecideExceptionResponseObject, error) {
	return openapi.DecideException200JSONResponse{}, f.did(*r.Body)
}

func (f *fake) EndException(_ context.Context, r openapi.EndExceptionRequestObject) (openapi.EndExceptionResponseObject, error) {
	return openapi.EndException200JSONResponse{}, f.did(*r.Body)
}

func (f *fake) ListTrail(context.Context, openapi.ListTrailRequestObject) (openapi.ListTrailResponseObject, error) {
	return openapi.ListTrail200JSONResponse{Items: f.deeds, Total: int64(len(f.deeds))}, nil
}

func (f *fake) CheckTrail(context.Context, openapi.CheckTrailRequestObject) (openapi.CheckTrailResponseObject, error) {
	return openapi.CheckTrail200JSONResponse(f.check), nil
}

func (f *fake) ListUsers(context.Context, openapi.ListUsersRequestObject) (openapi.ListUsersResponseObject, error) {
	return openapi.ListUsers200JSONResponse{Items: f.userList, Total: len(f.userList)}, nil
}

func (f *fake) ListTokens(context.Context, openapi.ListTokensRequestObject) (openapi.ListTokensResponseObject, error) {
	return openapi.ListTokens200JSONResponse{Items: f.tokens, Total: len(f.tokens)}, nil
}

func (f *fake) ListMyTokens(context.Context, openapi.ListMyTokensRequestObject) (openapi.ListMyTokensResponseObject, error) {
	return openapi.ListMyTokens200JSONResponse{Items: f.tokens, Total: len(f.tokens)}, nil
}

func (f *fake) CreateUser(_ context.Context, r openapi.CreateUserRequestObject) (openapi.CreateUserResponseObject, error) {
	return openapi.CreateUser201JSONResponse{
		User: openapi.User{Name: r.Body.Name}, Ticket: openapi.Ticket{Secret: "s3cret", Path: "/setup?ticket=s3cret", ExpiresAt: noon().Add(time.Hour)},
	}, f.did(*r.Body)
}

func (f *fake) UpdateUser(_ context.Context, r openapi.UpdateUserRequestObject) (openapi.UpdateUserResponseObject, error) {
	return openapi.UpdateUser200JSONResponse{}, f.did(*r.Body)
}

func (f *fake) CreateTicket(_ context.Context, r openapi.CreateTicketRequestObject) (openapi.CreateTicketResponseObject, error) {
	return openapi.CreateTicket201JSONResponse{Secret: "s3cret", Path: "/setup?ticket=s3cret"}, f.did(r.ID)
}

func (f *fake) GetSession(ctx context.Context, _ openapi.GetSessionRequestObject) (openapi.GetSessionResponseObject, error) {
	p, _ := auth.From(ctx)
	return openapi.GetSession200JSONResponse{Name: p.Actor.Name, Roles: p.Roles, Local: true, ExpiresAt: noon().Add(8 * time.Hour)}, nil
}

func (f *fake) ChangePassword(_ context.Context, r openapi.ChangePasswordRequestObject) (openapi.ChangePasswordResponseObject, error) {
	return openapi.ChangePassword204Response{}, f.did(*r.Body)
}

func (f *fake) CreateToken(_ context.Context, r openapi.CreateTokenRequestObject) (openapi.CreateTokenResponseObject, error) {
	return openapi.CreateToken201JSONResponse{Secret: "gg_t0ken", Token: openapi.Token{Name: r.Body.Name}}, f.did(*r.Body)
}

func (f *fake) Login(_ context.Context, r openapi.LoginRequestObject) (openapi.LoginResponseObject, error) {
	return openapi.Login200JSONResponse{Headers: openapi.Login200ResponseHeaders{SetCookie: "glueguard_session=abc; HttpOnly"}}, f.did(*r.Body)
}

func (f *fake) Logout(context.Context, openapi.LogoutRequestObject) (openapi.LogoutResponseObject, error) {
	return openapi.Logout204Response{Headers: openapi.Logout204ResponseHeaders{SetCookie: "glueguard_session=; Max-Age=0"}}, nil
}

func (f *fake) UseTicket(_ context.Context, r openapi.UseTicketRequestObject) (openapi.UseTicketResponseObject, error) {
	return openapi.UseTicket200JSONResponse{Name: "dana"}, f.did(*r.Body)
}

func (f *fake) ListPlans(context.Context, openapi.ListPlansRequestObject) (openapi.ListPlansResponseObject, error) {
	list := openapi.ListPlans200JSONResponse{Total: len(f.plans)}
	for _, p := range f.plans {
		head := openapi.PlanHead{Digest: p.Digest, CreatedAt: p.CreatedAt, Applyable: p.Applyable, Complete: p.Complete, Summary: p.Summary}
		for _, i := range p.Changes {
			head.Resources = append(head.Resources, i.Resource)
		}
		list.Items = append(list.Items, head)
	}
	return list, nil
}

func (f *fake) GetPlan(_ context.Context, r openapi.GetPlanRequestObject) (openapi.GetPlanResponseObject, error) {
	for _, p := range f.plans {
		if p.Digest == r.Digest {
			return openapi.GetPlan200JSONResponse(p), nil
		}
	}
	return nil, errAbsent
}

func (f *fake) CreatePlan(_ context.Context, r openapi.CreatePlanRequestObject) (openapi.CreatePlanResponseObject, error) {
	return openapi.CreatePlan201JSONResponse{Body: plan.Plan{Digest: planDigest}}, f.did(*r.Body)
}

func (f *fake) ListChanges(context.Context, openapi.ListChangesRequestObject) (openapi.ListChangesResponseObject, error) {
	list := openapi.ListChanges200JSONResponse{Total: len(f.changes)}
	for _, c := range f.changes {
		d := c.Change
		list.Items = append(list.Items, store.Summarized{
			ID: d.ID, PlanDigest: d.PlanDigest, Resource: d.Resource, From: d.From, To: d.To, State: d.State, Trouble: d.Trouble, StepsDone: 1, StepsTotal: 3, UpdatedAt: d.UpdatedAt,
		})
	}
	return list, nil
}

func (f *fake) GetChange(_ context.Context, r openapi.GetChangeRequestObject) (openapi.GetChangeResponseObject, error) {
	for _, c := range f.changes {
		if c.Change.ID == r.ID {
			return openapi.GetChange200JSONResponse(c), nil
		}
	}
	return nil, errAbsent
}

func (f *fake) GetRequest(_ context.Context, r openapi.GetRequestRequestObject) (openapi.GetRequestResponseObject, error) {
	for _, q := range f.requests {
		if q.ID == r.ID {
			return openapi.GetRequest200JSONResponse(q), nil
		}
	}
	return nil, errAbsent
}

func (f *fake) DecideRequest(_ context.Context, r openapi.DecideRequestRequestObject) (openapi.DecideRequestResponseObject, error) {
	return openapi.DecideRequest200JSONResponse{}, f.did(*r.Body)
}

func (f *fake) StartRequest(_ context.Context, r openapi.StartRequestRequestObject) (openapi.StartRequestResponseObject, error) {
	return openapi.StartRequest200JSONResponse{}, f.did(*r.Body)
}

func (f *fake) WithdrawRequest(_ context.Context, r openapi.WithdrawRequestRequestObject) (openapi.WithdrawRequestResponseObject, error) {
	return openapi.WithdrawRequest200JSONResponse{}, f.did(*r.Body)
}

func (f *fake) InterruptRequest(_ context.Context, r openapi.InterruptRequestRequestObject) (openapi.InterruptRequestResponseObject, error) {
	return openapi.InterruptRequest202JSONResponse{}, f.did(r.ID)
}

func (f *fake) ListKeys(context.Context, openapi.ListKeysRequestObject) (openapi.ListKeysResponseObject, error) {
	if f.keys == nil {
		return nil, refusal{openapi.Problem{Title: "Bad Gateway", Status: http.StatusBadGateway, Code: "aws", Detail: "AWS refused kms:ListKeys."}}
	}
	return openapi.ListKeys200JSONResponse{Items: f.keys, Total: len(f.keys)}, nil
}

func (f *fake) GetLeftovers(context.Context, openapi.GetLeftoversRequestObject) (openapi.GetLeftoversResponseObject, error) {
	return openapi.GetLeftovers200JSONResponse(f.leftovers), nil
}

// silence is a hub on which nothing goes on.
type silence struct{}

func (silence) Subscribe(ctx context.Context) <-chan api.Event {
	events := make(chan api.Event)
	context.AfterFunc(ctx, func() { close(events) })
	return events
}

// browser asks a console for pages, as somebody with some roles; without any, nobody has signed in.
type browser struct {
	t     *testing.T
	h     http.Handler
	roles []auth.Role
}

func browse(t *testing.T, f *fake, roles ...auth.Role) browser {
	t.Helper()
	h, err := New(Options{Operations: f, Problem: problemOfTest, Events: silence{}, Now: noon, Version: "1.2.3", Sandbox: true, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	return browser{t, h, roles}
}

func (b browser) do(r *http.Request) *httptest.ResponseRecorder {
	b.t.Helper()
	if len(b.roles) > 0 {
		r = r.WithContext(auth.With(r.Context(), auth.Principal{
			Actor: store.Actor{Kind: store.ActorUser, Name: "dana"}, UserID: "u1", Roles: b.roles,
		}))
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	return w
}

func (b browser) get(path string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.do(httptest.NewRequest(http.MethodGet, path, nil))
}

func (b browser) post(path string, form url.Values) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// page asks for a page that must be there, and parses it.
func (b browser) page(path string) *html.Node {
	b.t.Helper()
	w := b.get(path)
	if w.Code != http.StatusOK {
		b.t.Fatalf("GET %s: status %d\n%s", path, w.Code, w.Body)
	}
	return parse(b.t, w.Body.String())
}

func parse(t *testing.T, text string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// all yields the elements of a page that something is true of.
func all(doc *html.Node, is func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && is(n) {
			found = append(found, n)
		}
	}
	return found
}

func named(name string) func(*html.Node) bool {
	return func(n *html.Node) bool { return n.Data == name }
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// text is what can be read within an element.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
