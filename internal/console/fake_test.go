package console

import (
	"context"
	"encoding/json"
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
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
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

func (f *fake) GetResource(context.Context, openapi.GetResourceRequestObject) (openapi.GetResourceResponseObject, error) {
	if f.detail.Resource.ARN == "" {
		return nil, errAbsent
	}
	return openapi.GetResource200JSONResponse(f.detail), nil
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

// -- data --------------------------------------------------------------------

func ref(name string) resource.Ref {
	return resource.Ref{
		Type: resource.TypeDevEndpoint, ARN: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/" + name, Name: name,
		Account: "111122223333", Region: "eu-west-1", Tags: map[string]string{"team": "data"},
	}
}

func failing(name string) finding.Finding {
	return finding.Finding{ID: "4f6f1d0c7e3f4f2d9a0b6c5d4e3f2a1b", Outcome: control.Outcome{
		Control: control.DevEndpointS3, Status: control.Fail, Reason: "no-security-configuration", Severity: control.Medium,
		Message: "The endpoint names no security configuration.", Resource: ref(name),
		Encryption: control.Encryption{Mode: resource.ModeNone},
		Advisories: []control.Advisory{{Code: "runtime-end-of-life", Message: "Glue 1.0 has reached its end of life."}},
	}}
}

func auditOf(id string, hours int, s store.Summary) openapi.Audit {
	at := noon().Add(-time.Duration(hours) * time.Hour)
	return openapi.Audit{ID: id, StartedAt: at, FinishedAt: at.Add(90 * time.Second), Summary: s, Policy: openapi.PolicyRef{Profile: "sop", Digest: "sha256:0f3a"}}
}

// full is a console's data with something of everything, all of it called name.
func full(name string) *fake {
	dana := store.Actor{Kind: store.ActorUser, Name: "dana", Address: "192.0.2.7"}
	sum := store.Summary{Pass: 30, Fail: 12, Unknown: 2, Exempt: 1, NotApplicable: 1, Locations: 4, APICalls: 120}
	audit, before := auditOf("a2", 1, sum), auditOf("a1", 25, store.Summary{Pass: 28, Fail: 15, Locations: 4})
	f := failing(name)
	exception := openapi.Exception{
		ID: "e1", Control: string(control.DevEndpointS3), Resource: endpointARN, Reason: "waits for " + name, Owner: name, Expires: "2026-12-01",
		State: openapi.ExceptionStateProposed, ProposedBy: dana, ProposedAt: noon().Add(-time.Hour), MayDecide: true, Version: 3,
	}
	trouble := []openapi.FindingFate{{Fate: report.New, Finding: f}}
	request := openapi.Request{
		ID: "r1", Work: store.Work{Kind: store.RequestAudit, Audit: &store.AuditScope{Regions: []string{"eu-west-1"}}}, State: store.RequestPending,
		ProposedBy: dana, ProposedAt: noon().Add(-10 * time.Minute), Digest: "sha256:aa", NeedsApproval: true, Reason: name, Version: 2,
		May: []openapi.Verb{openapi.VerbDecide},
	}
	working := openapi.Request{
		ID: "r2", Work: store.Work{Kind: store.RequestApply, Plan: planDigest, AcceptWarnings: []string{"irreversible"}}, State: store.RequestRunning, ProposedBy: dana,
		ProposedAt: noon(), Digest: "sha256:bb", StartedBy: dana, StartedAt: noon(), May: []openapi.Verb{openapi.VerbInterrupt},
	}
	ended := openapi.Request{
		ID: "r3", Work: store.Work{Kind: store.RequestBackout, Changes: []store.ChangeAt{{ID: "c2", At: 9}}}, State: store.RequestEnded, ProposedBy: dana, ProposedAt: noon(),
		DecidedBy: dana, DecidedAt: noon(), Note: name, EndedAt: noon(), Results: []openapi.RequestResult{{Subject: endpointARN, Change: "c2", Message: name, Hint: name}, {Subject: name, OK: true}},
	}
	compared := openapi.Comparison{Audit: audit, Since: before, Counts: report.FateCounts{New: 1, Resolved: 4}, Items: trouble, Total: 1}
	catalogue, err := control.ReadCatalogue()
	if err != nil {
		panic(err)
	}
	var controls []openapi.Control
	for _, d := range catalogue.Documents[:1] {
		controls = append(controls, d)
	}
	return &fake{
		overview: openapi.Overview{
			Audit: &audit, Accounts: 2, Regions: 1, Unread: 3, UnreadLocations: 1, Changed: &compared,
			ByControl: []openapi.Share{{Name: string(control.DevEndpointS3), Fail: 12, Pass: 20, Unknown: 2}, {Name: string(control.MLTransform), Pass: 10, Exempt: 1}},
			ByAccount: []openapi.Share{{Name: "111122223333", Fail: 12, Pass: 30}, {Name: "444455556666", Pass: 1}},
			ByRegion:  []openapi.Share{{Name: "eu-west-1", Fail: 12, Pass: 31}},
			Trend:     []openapi.TrendPoint{{Audit: "a1", At: before.StartedAt, Summary: before.Summary}, {Audit: "a2", At: audit.StartedAt, Summary: sum}},
			Waiting: openapi.Waiting{
				Decide: []openapi.Request{request}, DecideTotal: 3, Exceptions: []openapi.Exception{exception}, ExceptionsTotal: 1,
				Expiring: []openapi.Exception{exception}, ExpiringTotal: 1,
			},
		},
		findings: openapi.FindingPage{
			Audit: "a2", Items: []finding.Finding{f}, Total: 120,
			Facets: []store.Facet{{Field: "account", Value: "111122223333", Count: 100}, {Field: "tag", Value: name, Count: 2}, {Field: "status", Value: "fail", Count: 12}},
		},
		detail: openapi.ResourceDetail{
			Audit: "a2", AuditedAt: audit.FinishedAt, Resource: f.Resource, Kind: "Development endpoint", Encryption: f.Encryption, Repairable: true,
			Findings: []openapi.FindingDetail{{Audit: "a2", Finding: f, History: finding.History{FirstSeen: before.StartedAt, LastSeen: audit.StartedAt}}},
			Facts: []openapi.Record{
				{Type: resource.TypeDevEndpoint, Name: name, State: resource.RecordKnown, Facts: factsOf(name)},
				{Type: resource.TypeKey, ID: name, State: resource.RecordUnknown, Failure: &resource.Failure{Operation: "kms:DescribeKey", Class: resource.Denied, Message: name}},
			},
			Requests: []openapi.Request{request}, Exceptions: []openapi.Exception{exception}, Controls: controls,
			Commands: []openapi.Command{{Title: "Plan it", Command: "glueguard plan --resource " + name + " --mode SSE-S3"}},
		},
		audits: []openapi.Audit{audit, before}, requests: []openapi.Request{request, working, ended}, comparison: compared,
		schedules: []openapi.Schedule{{ID: "s1", Name: name, EveryMinutes: 1440, NextAt: noon().Add(time.Hour), LastError: name, Version: 1}},
		coverage: openapi.CoveragePage{Audit: "a2", Total: 2, Unread: 1, Items: []openapi.CoverageLine{
			{Coverage: resource.Coverage{Account: "111122223333", Region: "eu-west-1", Operation: "glue:GetDevEndpoints", Status: "denied", ErrorCode: "AccessDeniedException", Message: name}, Unread: true, Advice: "Allow glue:GetDevEndpoints."},
			{Coverage: resource.Coverage{Account: "111122223333", Region: "eu-west-1", Operation: "glue:GetMLTransforms", Status: "ok", Items: 4, Pages: 1}},
		}},
		plans: []plan.Plan{planFor(name)}, changes: changesFor(name), approvals: true,
		keys: []openapi.Key{
			{ARN: keyARN, Aliases: []string{"alias/" + name}, Description: name, State: "Enabled", Manager: "CUSTOMER", Rotation: openapi.KeyRotationOn, Usable: true, MayUse: []string{"arn:aws:iam::111122223333:role/" + name}},
			{ARN: keyARN + "2", State: "PendingDeletion", Manager: "AWS", Rotation: openapi.KeyRotationUnknown, Why: name},
		},
		leftovers: openapi.Leftovers{
			Orphans: []openapi.Orphan{{ARN: endpointARN, Name: name, Change: "c9"}},
			Configurations: []openapi.UnusedConfiguration{
				{Location: resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}, Name: name},
				{Location: resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}, Name: "used", UsedBy: []string{name}},
			},
			Unread: []openapi.Coverage{{Account: "111122223333", Operation: "glue:GetJobs", Status: "denied", Message: name}},
		},
		exceptions: []openapi.Exception{exception},
		deeds:      []openapi.Deed{{Seq: 7, At: noon(), Actor: dana, Action: "request.approve", Subject: "r1", Outcome: "ok", Detail: map[string]string{"note": name}}},
		check:      openapi.TrailCheck{Ok: true, Entries: 7, Head: strings.Repeat("ab", 32), LastAt: noon()},
		userList:   []openapi.User{{ID: "u2", Name: name, Roles: []auth.Role{auth.Viewer}, Source: openapi.UserSourceLocal, HasPassword: true, Version: 4}},
		tokens:     []openapi.Token{{ID: "t1", Name: name, User: name, Roles: []auth.Role{auth.Viewer}, CreatedAt: noon(), ExpiresAt: noon().Add(time.Hour)}},
	}
}

const (
	planDigest = "sha256:0f3a9c2e0f3a9c2e0f3a9c2e0f3a9c2e0f3a9c2e0f3a9c2e0f3a9c2e0f3a9c2e"
	keyARN     = "arn:aws:kms:eu-west-1:111122223333:key/0c1b2c3d-1111-2222-3333-444455556666"
)

// planFor is a plan with something of everything.
func planFor(name string) plan.Plan {
	step := plan.Step{Name: "create-twin", Kind: plan.CreateEndpoint, Summary: "create " + name, Precondition: "nothing is called " + name, Irrevocable: true}
	item := plan.Item{
		Resource: ref(name), Strategy: plan.Replace, From: resource.ModeNone, To: resource.ModeSSEKMS, KMSKey: keyARN, Steps: []plan.Step{step},
		Attributes: []plan.Attribute{
			{Name: "name", Before: name, After: name}, {Name: "security_configuration", After: name, Forces: true},
			{Name: "public_address", Before: "192.0.2.1", AfterUnknown: true}, {Name: "tags.x", Before: name},
		},
		Consequences: []plan.Consequence{{Code: "name-kept", Text: "It keeps its name " + name}},
		Warnings:     []plan.Warning{{Code: plan.WarnIrreversible, Text: name, Flag: "--accept-irreversible"}},
		Checks: []plan.Check{
			{Code: "key-usable", Status: plan.Passed, Message: name}, {Code: "subnet", Status: plan.Failed, Advisory: true, Message: name, Advice: name},
			{Code: "quota", Status: plan.Unchecked, Message: name, Advice: "Look for yourself."},
		},
		Permissions: []plan.Permission{{Action: "glue:CreateDevEndpoint", Resource: "*", Passed: "glue.amazonaws.com"}},
		Dependents:  []resource.Dependent{{Kind: "notebook", Name: name, Where: name}},
	}
	blocked := plan.Item{Resource: ref("other"), Blocked: &plan.Blocked{Code: plan.BlockedStack, Message: name, Instead: name}}
	return plan.Plan{
		Digest: planDigest, CreatedAt: noon(), AuditID: "a2", Applyable: true, Changes: []plan.Item{item, blocked}, Summary: plan.Summary{Replace: 1, Blocked: 1},
		Unread: []resource.Coverage{{Account: "111122223333", Operation: "glue:GetJobs", Status: "denied", Message: name}},
	}
}

// changesFor are a change that runs and one that waits for a person.
func changesFor(name string) []openapi.ChangeDetail {
	trouble := &change.Trouble{
		Code: change.TroubleVerify, Message: name, Advice: name, Operation: "glue:GetDevEndpoint", Differences: []change.Difference{{Attribute: "name", Want: name, Got: "x"}},
	}
	running := change.Document{
		ID: "c1", PlanDigest: planDigest, Resource: ref(name), Strategy: plan.Replace, From: resource.ModeNone, To: resource.ModeSSEKMS, State: change.Running,
		Phase: change.Apply, OpenedAt: noon().Add(-5 * time.Minute), UpdatedAt: noon().Add(-time.Second), By: name,
		Steps: []change.StepDocument{
			{Name: "create-twin", Phase: change.Apply, Summary: "create " + name, State: change.StepDone, StartedAt: noon().Add(-5 * time.Minute), FinishedAt: noon().Add(-4 * time.Minute)},
			{Name: "verify-twin", Phase: change.Apply, Summary: "verify " + name, State: change.StepRunning, StartedAt: noon().Add(-time.Minute)},
			{Name: "delete-original", Phase: change.Apply, Summary: "delete " + name, State: change.StepPending},
		},
	}
	waiting := running
	waiting.ID, waiting.State, waiting.WaitingFor, waiting.Trouble = "c2", change.Waiting, change.ForPerson, trouble
	waiting.Steps = append([]change.StepDocument{}, running.Steps...)
	waiting.Steps[1].State, waiting.Steps[1].Error = change.StepFailed, trouble
	verbs := []openapi.ChangeVerb{
		{Kind: store.RequestResume, Permission: auth.Run, Allowed: true},
		{Kind: store.RequestBackout, Permission: auth.Propose, Allowed: true, Warnings: []plan.Warning{{Code: plan.WarnIrreversible, Text: name}}},
		{Kind: store.RequestFinalize, Permission: auth.Propose},
	}
	commands := []openapi.Command{{Title: "Back it out", Command: "glueguard backout c2"}}
	return []openapi.ChangeDetail{{Change: running, At: 4}, {Change: waiting, At: 9, Verbs: verbs, Commands: commands, KeepsOriginal: true}}
}

func factsOf(name string) []byte {
	b, err := json.Marshal(map[string]any{"name": name, "arguments": map[string]string{"--x": name}, "created_at": noon()})
	if err != nil {
		panic(err)
	}
	return b
}
