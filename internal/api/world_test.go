package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

const (
	account  = "111122223333"
	region   = "eu-west-1"
	etlARN   = "arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl"
	labARN   = "arn:aws:glue:eu-west-1:111122223333:devEndpoint/lab"
	changeID = "0197d2f0c3aa4b21"
)

func start() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// world is a server with a store that has two audits, a plan and a change.
type world struct {
	t      *testing.T
	store  *sqlite.Store
	auth   *auth.Service
	worker *worker
	hub    *hub
	server *api.Server
	web    *httptest.Server
	doc    *openapi3.T
	plan   plan.Plan

	mu  sync.Mutex
	now time.Time
	ids int
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) newID() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	return fmt.Sprintf("id-%04d", w.ids)
}

func newWorld(t *testing.T, fill ...func(*testing.T, *world)) *world {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, store: s, now: start(), worker: &worker{policy: policy.Default(policy.SOP)}, hub: &hub{}}
	w.auth, err = auth.New(auth.Options{
		Users: s, Credentials: s, Trail: s, Now: w.clock, Hashing: auth.Hashing{Memory: 64, Time: 1, Threads: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fill {
		f(t, w)
	}
	w.serve(t)
	return w
}

func (w *world) serve(t *testing.T) {
	t.Helper()
	key, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	w.server, err = api.New(api.Options{
		Store: w.store, Auth: w.auth, Worker: w.worker, Events: w.hub, Now: w.clock, NewID: w.newID, Version: "test", Signer: key,
		Aliases: func(_ context.Context, l resource.Location, key string) ([]string, error) {
			if l != here() {
				return nil, fmt.Errorf("asked in %s", l)
			}
			return []string{"alias/of-" + key[len(key)-1:]}, w.worker.err
		},
		Heartbeat: w.hub.heartbeat,
	})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := w.server.Handler()
	if err != nil {
		t.Fatal(err)
	}
	protected, err := w.auth.Protect(w.auth.Authenticate(handler))
	if err != nil {
		t.Fatal(err)
	}
	w.web = httptest.NewServer(protected)
	t.Cleanup(w.web.Close)
	w.doc, err = openapi3.NewLoader().LoadFromData(api.Document())
	if err != nil {
		t.Fatal(err)
	}
}

// estate fills the store.
func estate(t *testing.T, w *world) {
	t.Helper()
	w.audit(t, "audit-1", start().Add(-48*time.Hour), found("etl", control.Pass), found("lab", control.Fail))
	w.audit(t, "audit-2", start().Add(-24*time.Hour), found("etl", control.Fail), found("lab", control.Fail))
	w.plan = w.planned(t, item("etl"), item("lab"))
	w.changed(t, w.plan, "lab", changeID)
}

func ref(name string) resource.Ref {
	return resource.Ref{
		Type: resource.TypeDevEndpoint, ARN: "arn:aws:glue:" + region + ":" + account + ":devEndpoint/" + name, ID: name, Name: name,
		Account: account, Region: region, Tags: map[string]string{"team": "data"},
	}
}

func found(name string, status control.Status) finding.Finding {
	o := control.Outcome{
		Control: control.DevEndpointS3, Status: status, Reason: "no-security-configuration", Message: name + " names no security configuration.",
		Severity: control.Medium, Resource: ref(name), Encryption: control.Encryption{Mode: resource.ModeNone},
	}
	return finding.Finding{ID: finding.ID(o), Outcome: o}
}

func here() resource.Location {
	return resource.Location{Partition: "aws", Account: account, Region: region}
}

// audit stores an audit with these findings; one read of another region has failed.
func (w *world) audit(t *testing.T, id string, at time.Time, findings ...finding.Finding) {
	t.Helper()
	w.audited(t, store.Audit{ID: id, StartedAt: at}, findings...)
}

func (w *world) audited(t *testing.T, a store.Audit, findings ...finding.Finding) {
	t.Helper()
	ctx, id, at := t.Context(), a.ID, a.StartedAt
	a.PolicyProfile, a.PolicyDigest, a.PolicyDocument = "sop", w.worker.policy.Digest(), w.worker.policy.Document()
	part := store.Part{
		Location: here(), Findings: findings, Settled: []control.ID{control.DevEndpointS3},
		Coverage: []resource.Coverage{
			{Account: account, Region: region, Operation: "glue:GetDevEndpoints", Status: resource.CoverageOK, Items: len(findings), Pages: 1},
			{
				Account: account, Region: region, Operation: "glue:GetMLTransforms", Status: string(resource.Denied),
				ErrorCode: "AccessDeniedException", Message: "no",
			},
		},
	}
	for _, f := range findings {
		a.Summary.Add(f.Status, 1)
		part.Facts = append(part.Facts, resource.Record{
			Type: f.Resource.Type, ARN: f.Resource.ARN, ID: f.Resource.ID, Name: f.Resource.Name, Account: account, Region: region,
			State: resource.RecordKnown, Facts: json.RawMessage(`{"status":"READY","glue_version":"1.0"}`),
		})
	}
	a.Summary.Locations = 1
	if err := w.store.BeginAudit(ctx, a); err != nil {
		t.Fatal(err)
	}
	if err := w.store.AddPart(ctx, id, part); err != nil {
		t.Fatal(err)
	}
	a.FinishedAt = at.Add(time.Minute)
	if err := w.store.FinishAudit(ctx, a); err != nil {
		t.Fatal(err)
	}
}

func item(name string) plan.Item {
	d := resource.EndpointDefinition{Name: name, RoleARN: "arn:aws:iam::111122223333:role/glue", NumberOfNodes: 2}
	detail := &resource.EndpointDetail{Definition: d, ARN: ref(name).ARN, Status: "READY", CreatedAt: start().Add(-1000 * time.Hour)}
	return plan.Item{
		Resource: ref(name), Location: here(), Identity: detail.Identity(), Strategy: plan.SideBySide, From: resource.ModeNone, To: resource.ModeSSES3,
		Endpoint: detail,
		Steps: []plan.Step{
			{Name: "save-definition", Kind: plan.SaveDefinition, Role: plan.Original, Summary: "save the definition"},
			{Name: "create-twin", Kind: plan.CreateEndpoint, Role: plan.Twin, Endpoint: &d, Summary: "create the encrypted twin"},
		},
	}
}

func (w *world) planned(t *testing.T, items ...plan.Item) plan.Plan {
	t.Helper()
	p, err := plan.Seal(plan.Plan{
		Schema: plan.Schema, CreatedAt: w.clock(), AuditID: "audit-2", Policy: plan.PolicyRef{Profile: "sop", Digest: w.worker.policy.Digest()},
		Complete: true, Changes: items,
	})
	if err != nil {
		t.Fatal(err)
	}
	document, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.SavePlan(t.Context(), p.Digest, p.CreatedAt, document); err != nil {
		t.Fatal(err)
	}
	return p
}

// changed stores a change that has failed at its second step.
func (w *world) changed(t *testing.T, p plan.Plan, name, id string) {
	t.Helper()
	ctx := t.Context()
	item := p.Changes[slices.IndexFunc(p.Changes, func(i plan.Item) bool { return i.Resource.Name == name })]
	entries := []change.Entry{
		{Kind: change.Opened, Head: &change.Head{ID: id, PlanDigest: p.Digest, Item: item, By: "arn:aws:iam::111122223333:user/ann"}},
		{Kind: change.Began, Phase: change.Apply, Steps: item.Steps, State: change.Done},
		{Kind: change.Succeeded, Step: "save-definition", Facts: &change.Facts{Endpoint: item.Endpoint}},
		{Kind: change.Halted, State: change.FailedAt, Step: "create-twin", Trouble: &change.Trouble{Code: "InternalServiceException", Message: "AWS says no", Advice: "try again"}},
	}
	lease, err := w.store.Lease(ctx, item.Resource.ARN, store.Holder{Host: "here", PID: 1, Change: id, Since: w.clock()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := lease.Release(); err != nil {
			t.Error(err)
		}
	}()
	for n := range entries {
		entries[n].Seq, entries[n].At = n+1, start().Add(time.Duration(n)*time.Minute)
		if n == 0 {
			err = w.store.OpenChange(ctx, lease, entries[0])
		} else {
			err = lease.Journal(id).Append(ctx, entries[n])
		}
		if err != nil {
			t.Fatalf("entry %d: %v", n, err)
		}
	}
}

// worker is a daemon that only remembers what it was asked.
type worker struct {
	mu          sync.Mutex
	policy      policy.Policy
	plan        plan.Plan
	err         error
	proposals   []api.Proposal
	woken       int
	interrupted []string
}

func (w *worker) Propose(ctx context.Context, p api.Proposal) (plan.Plan, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	keep := p.Keep
	p.Keep = nil
	w.proposals = append(w.proposals, p)
	if w.err != nil {
		return w.plan, w.err
	}
	document, err := w.plan.Encode()
	if err != nil {
		return w.plan, err
	}
	return w.plan, keep(ctx, w.plan, document)
}

func (w *worker) Keys(_ context.Context, l resource.Location) ([]api.Key, error) {
	return []api.Key{
		{ARN: l.ARN("kms", "key/1").String(), Aliases: []string{"alias/data"}, State: "Enabled", Manager: "CUSTOMER", Rotation: resource.Known(true), Usable: true},
		{ARN: l.ARN("kms", "key/2").String(), State: "Disabled", Manager: "CUSTOMER", Rotation: resource.Unknown[bool](resource.Failure{
			Operation: "kms:GetKeyRotationStatus", Class: resource.Denied,
		}), Why: "it is disabled"},
		{ARN: l.ARN("kms", "key/3").String(), State: "Enabled", Manager: "AWS", Rotation: resource.Absent[bool](), Usable: true},
	}, w.err
}

func (w *worker) Leftovers(context.Context) (api.Leftovers, error) {
	return api.Leftovers{
		Orphans:        []api.Orphan{{ARN: etlARN, Name: "etl", Change: "gone"}},
		Configurations: []api.UnusedConfiguration{{ConfigurationAt: store.ConfigurationAt{Location: here(), Name: "glueguard-1"}}},
	}, w.err
}

func (w *worker) Wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.woken++
}

func (w *worker) Interrupt(ctx context.Context, id string, note func(context.Context) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interrupted = append(w.interrupted, id)
	if w.err != nil {
		return w.err
	}
	return note(ctx)
}

func (w *worker) Policy(context.Context) (policy.Policy, error) { return w.policy, nil }

// hub hands events to the one who has subscribed.
type hub struct {
	events chan api.Event
	beat   chan time.Time
}

func (h *hub) Subscribe(ctx context.Context) <-chan api.Event {
	if h.events == nil { // nothing ever goes on
		none := make(chan api.Event)
		close(none)
		return none
	}
	return h.events
}

func (h *hub) heartbeat() (<-chan time.Time, func()) { return h.beat, func() {} }

// user makes a user with these roles.
func (w *world) user(t *testing.T, name string, roles ...auth.Role) store.User {
	t.Helper()
	u := store.User{ID: "user-" + name, Name: name, CreatedAt: start(), PasswordHash: "$argon2id$v=19$m=64,t=1,p=1$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43)}
	for _, r := range roles {
		u.Roles = append(u.Roles, string(r))
	}
	if err := w.store.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	return u
}

// session signs a user in, without a password, and returns the cookie's value.
func (w *world) session(t *testing.T, userID string) string {
	t.Helper()
	cookie := "cookie-" + w.newID()
	sum := sha256.Sum256([]byte(cookie))
	err := w.store.SaveSession(t.Context(), store.Session{
		Hash: hex.EncodeToString(sum[:]), UserID: userID, CreatedAt: w.clock(), SeenAt: w.clock(), ExpiresAt: w.clock().Add(12 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return cookie
}

// answer is what an operation answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// problem is the code of a problem.
func (a answer) problem(t *testing.T) string {
	t.Helper()
	var p struct{ Code, Detail string }
	if err := json.Unmarshal(a.body, &p); err != nil || p.Code == "" || p.Detail == "" {
		t.Fatalf("%s is no problem", a)
	}
	return p.Code
}

func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if a.status >= 300 {
		t.Fatalf("answered %s", a)
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v: %s", err, a)
	}
}

// ask makes a request as whoever has this cookie (none where it is empty), and holds the answer to the document.
func (w *world) ask(t *testing.T, cookie, method, path string, body any) answer {
	t.Helper()
	var content io.Reader
	if body != nil {
		text, ok := body.(string)
		if !ok {
			b, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		content = strings.NewReader(text)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, w.web.URL+api.BasePath+path, content)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return w.do(t, cookie, r)
}

func (w *world) do(t *testing.T, cookie string, r *http.Request) answer {
	t.Helper()
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: "glueguard_session", Value: cookie})
	}
	res, err := w.web.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{res.StatusCode, res.Header, b}
	w.documented(t, r, a)
	return a
}

// documented holds an answer to the document.
func (w *world) documented(t *testing.T, r *http.Request, a answer) {
	t.Helper()
	route := w.route(r.Method, strings.TrimPrefix(r.URL.Path, api.BasePath))
	if route == nil {
		if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
			t.Errorf("%s %s: answered %s as %q, which is no problem", r.Method, r.URL.Path, a, kind)
		}
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 a.status, Header: a.header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	kind := a.header.Get("Content-Type")
	if !strings.Contains(kind, "json") || strings.Contains(r.URL.Path, "/report/") {
		input.Options.ExcludeResponseBody = true
	}
	input.SetBodyBytes(a.body)
	if err := openapi3filter.ValidateResponse(t.Context(), input); err != nil {
		t.Errorf("%s %s: the answer is not as the document says: %v", r.Method, r.URL.Path, err)
	}
	if kind != "" && a.status < 300 && len(route.Operation.Responses.Status(a.status).Value.Content) > 0 &&
		route.Operation.Responses.Status(a.status).Value.Content.Get(kind) == nil {
		t.Errorf("%s %s: answered %q, which the document does not have", r.Method, r.URL.Path, kind)
	}
}

// route is the document's route of a path; the one with the fewest variables where several fit.
func (w *world) route(method, path string) *routers.Route {
	var best *routers.Route
	for pattern, at := range w.doc.Paths.Map() {
		o := at.Operations()[method]
		if o == nil || !fits(pattern, path) {
			continue
		}
		if best == nil || strings.Count(pattern, "{") < strings.Count(best.Path, "{") {
			best = &routers.Route{Spec: w.doc, Path: pattern, PathItem: at, Method: method, Operation: o}
		}
	}
	return best
}

func fits(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if !strings.HasPrefix(want[i], "{") && want[i] != got[i] {
			return false
		}
	}
	return true
}
