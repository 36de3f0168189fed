package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
)

// people are the sessions of a small team: an operator, another, an approver, one who is both, and an administrator.
type people struct{ olga, otto, pia, both, ada string }

func team(t *testing.T, w *world) people {
	t.Helper()
	session := func(name string, roles ...auth.Role) string { return w.session(t, w.user(t, name, roles...).ID) }
	return people{
		olga: session("olga", auth.Operator), otto: session("otto", auth.Operator), pia: session("pia", auth.Approver),
		both: session("bo", auth.Operator, auth.Approver), ada: session("ada", auth.Administrator),
	}
}

func (w *world) filed(t *testing.T, cookie string, body object) openapi.Request {
	t.Helper()
	var q openapi.Request
	got := w.ask(t, cookie, "POST", "/requests", body)
	got.into(t, &q)
	if want := "/api/v1/requests/" + q.ID; got.status != http.StatusCreated || got.header.Get("Location") != want {
		t.Errorf("answered %d at %q, want 201 at %q", got.status, got.header.Get("Location"), want)
	}
	return q
}

func (w *world) applying(extra object) object {
	work := object{"kind": "apply", "plan": w.plan.Digest, "resources": []string{etlARN}}
	for k, v := range extra {
		work[k] = v
	}
	return object{"work": work, "reason": "the audit asks for it"}
}

func decided(q openapi.Request, approve bool) object {
	return object{"approve": approve, "digest": q.Digest, "version": q.Version, "note": "seen"}
}

// deeds lists what was done, the oldest first, as action and outcome.
func (w *world) deeds(t *testing.T) []string {
	t.Helper()
	var list []string
	err := w.store.EachDeed(t.Context(), 0, 0, func(d store.Deed) error {
		list = append(list, d.Actor.Name+" "+d.Action+" "+d.Outcome)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

func TestRequestIsApprovedByAnotherAndStarted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	who := team(t, w)
	q := w.filed(t, who.both, w.applying(nil))
	if q.State != store.RequestPending || !q.NeedsApproval || q.ProposedBy.Name != "bo" || slices.Contains(q.May, openapi.VerbDecide) ||
		!strings.Contains(q.WhyNot, "somebody else") {
		t.Fatalf("filed %+v", q)
	}
	path := "/requests/" + q.ID
	if got := w.ask(t, who.both, "POST", path+"/decision", decided(q, true)); got.status != 403 || got.problem(t) != "four-eyes" {
		t.Errorf("one's own is decided: %s", got)
	}
	if got := w.ask(t, who.both, "POST", path+"/start", object{"version": q.Version}); got.status != 409 || got.problem(t) != "not-now" {
		t.Errorf("a pending one is started: %s", got)
	}
	other := decided(q, true)
	other["digest"] = "sha256:" + strings.Repeat("0", 64)
	if got := w.ask(t, who.pia, "POST", path+"/decision", other); got.status != 409 || got.problem(t) != "conflict" {
		t.Errorf("another digest is approved: %s", got)
	}
	var shown openapi.Request
	w.ask(t, who.pia, "GET", path, nil).into(t, &shown)
	if !slices.Equal(shown.May, []openapi.Verb{openapi.VerbDecide}) {
		t.Errorf("the approver may %v", shown.May)
	}
	w.ask(t, who.pia, "POST", path+"/decision", decided(shown, true)).into(t, &q)
	if q.State != store.RequestApproved || q.DecidedBy.Name != "pia" || q.Note != "seen" || w.worker.woken != 0 {
		t.Errorf("approved %+v", q)
	}
	if got := w.ask(t, who.pia, "POST", path+"/decision", decided(shown, false)); got.status != 409 || got.problem(t) != "conflict" {
		t.Errorf("a decision is replayed: %s", got)
	}
	w.ask(t, who.olga, "POST", path+"/start", object{"version": q.Version}).into(t, &q)
	if q.State != store.RequestQueued || q.StartedBy.Name != "olga" || w.worker.woken != 1 {
		t.Errorf("started %+v, woken %d times", q, w.worker.woken)
	}
	if got := w.ask(t, who.olga, "POST", path+"/start", object{"version": q.Version}); got.status != 409 || got.problem(t) != "not-now" {
		t.Errorf("it is started twice: %s", got)
	}
	want := []string{
		"bo request.create ok", "bo request.approve refused", "bo request.start refused", "pia request.approve refused", "pia request.approve ok",
		"olga request.start ok", "olga request.start refused",
	}
	if got := w.deeds(t); !slices.Equal(got, want) {
		t.Errorf("the trail has %v, want %v", got, want)
	}
}

func TestRequestThatStartsItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	who := team(t, w)
	body := w.applying(nil)
	body["start"] = true
	q := w.filed(t, who.olga, body)
	if q.State != store.RequestPending || w.worker.woken != 0 {
		t.Fatalf("filed %+v", q)
	}
	w.ask(t, who.pia, "POST", "/requests/"+q.ID+"/decision", decided(q, true)).into(t, &q)
	if q.State != store.RequestQueued || q.StartedBy.Name != "olga" || w.worker.woken != 1 {
		t.Errorf("approved %+v, woken %d times", q, w.worker.woken)
	}
}

func TestRequestOfTheOnlyUserNeedsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	ada := w.session(t, w.user(t, "ada", auth.Administrator).ID)
	q := w.filed(t, ada, w.applying(nil))
	if q.State != store.RequestApproved || q.NeedsApproval || !slices.Contains(q.May, openapi.VerbStart) {
		t.Errorf("filed %+v", q)
	}
	if got := w.ask(t, ada, "POST", "/requests", w.applying(nil)); got.status != 409 || !strings.Contains(string(got.body), q.ID) {
		t.Errorf("the same is filed twice: %s", got)
	}
	var list openapi.RequestPage
	w.ask(t, ada, "GET", "/requests?state=approved&plan="+w.plan.Digest, nil).into(t, &list)
	if list.Total != 1 || len(list.Items) != 1 || list.Items[0].ID != q.ID {
		t.Errorf("listed %+v", list)
	}
}

func TestRequestExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	who := team(t, w)
	q := w.filed(t, who.olga, w.applying(nil))
	w.pass(11 * time.Hour) // sessions end after 30 idle minutes, so there are new ones
	pia := w.session(t, "user-pia")
	w.ask(t, pia, "POST", "/requests/"+q.ID+"/decision", decided(q, true)).into(t, &q)
	w.pass(25 * time.Hour)
	olga := w.session(t, "user-olga")
	if got := w.ask(t, olga, "POST", "/requests/"+q.ID+"/start", object{"version": q.Version}); got.status != 409 || got.problem(t) != "expired" {
		t.Errorf("an old approval is used: %s", got)
	}
	w.ask(t, olga, "GET", "/requests/"+q.ID, nil).into(t, &q)
	if q.State != store.RequestExpired || len(q.May) != 0 {
		t.Errorf("shown %+v", q)
	}
	w.filed(t, olga, w.applying(nil)) // it stands in nobody's way
}

func TestRequestIsWithdrawn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	who := team(t, w)
	q := w.filed(t, who.olga, w.applying(nil))
	path, seen := "/requests/"+q.ID+"/withdrawal", object{"version": q.Version}
	if got := w.ask(t, who.otto, "POST", path, seen); got.status != 403 || got.problem(t) != "four-eyes" {
		t.Errorf("somebody else's: %s", got)
	}
	w.ask(t, who.olga, "POST", path, seen).into(t, &q)
	if q.State != store.RequestWithdrawn {
		t.Errorf("withdrawn %+v", q)
	}
	again := w.filed(t, who.olga, w.applying(nil))
	w.ask(t, who.ada, "POST", "/requests/"+again.ID+"/withdrawal", object{"version": again.Version}).into(t, &again)
	if again.State != store.RequestWithdrawn {
		t.Errorf("an administrator withdraws %+v", again)
	}
}

func TestRequestIsInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	who := team(t, w)
	q := w.filed(t, who.olga, object{"work": object{"kind": "audit"}, "start": true})
	if q.State != store.RequestQueued || q.NeedsApproval || q.Work.Audit == nil || w.worker.woken != 1 {
		t.Fatalf("filed %+v", q)
	}
	path := "/requests/" + q.ID + "/interruption"
	if got := w.ask(t, who.olga, "POST", path, nil); got.status != 409 || got.problem(t) != "not-now" {
		t.Errorf("one that does not run: %s", got)
	}
	stored, err := w.store.Request(t.Context(), q.ID)
	if err != nil {
		t.Fatal(err)
	}
	stored.State, stored.StartedAt = store.RequestRunning, w.clock()
	if err := w.store.UpdateRequest(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	if got := w.ask(t, who.olga, "POST", path, nil); got.status != 202 || !slices.Equal(w.worker.interrupted, []string{q.ID}) {
		t.Errorf("answered %s, interrupted %v", got, w.worker.interrupted)
	}
}

// hindered fills a plan with items that something stands against.
func hindered(t *testing.T, w *world) {
	t.Helper()
	blocked, warned, failing := item("blocked"), item("warned"), item("failing")
	blocked.Steps, blocked.Blocked = nil, &plan.Blocked{Code: plan.BlockedStack, Message: "a stack owns it", Instead: "change the template"}
	warned.Warnings = []plan.Warning{{Code: plan.WarnIrreversible, Text: "it can't be taken back", Flag: "--accept-irreversible"}}
	failing.Checks = []plan.Check{
		{Code: "key-usable", Status: plan.Failed, Message: "the key is disabled", Advice: "enable it"},
		{Code: "quota", Status: plan.Unchecked, Message: "not read"},
	}
	w.audit(t, "audit-2", start().Add(-24*time.Hour), found("etl", "fail"))
	w.plan = w.planned(t, item("etl"), item("lab"), blocked, warned, failing)
	w.changed(t, w.plan, "lab", changeID)
}

func TestWorkThatCannotBeDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hindered)
	w.worker.policy.Approvals = policy.Approvals{Required: policy.ApprovalNever}
	ada := w.session(t, w.user(t, "ada", auth.Administrator).ID)
	arn := func(name string) string { return ref(name).ARN }
	apply := func(extra object) object { return w.applying(extra)["work"].(object) }
	onChange := func(kind string, at int, extra object) object {
		o := object{"kind": kind, "changes": []object{{"id": changeID, "at": at}}}
		for k, v := range extra {
			o[k] = v
		}
		return o
	}
	configuration := object{"location": object{"partition": "aws", "account": account, "region": region}, "name": "glueguard-1"}
	for name, test := range map[string]struct {
		work   object
		status int // 201: it can
		code   string
		says   string
	}{
		"apply":                                   {apply(nil), 201, "", ""},
		"apply of a resource it has not":          {apply(object{"resources": []string{arn("other")}}), 422, "unprocessable", "no change of"},
		"apply of a blocked one":                  {apply(object{"resources": []string{arn("blocked")}}), 422, "unprocessable", "stack owns it"},
		"apply without accepting the warning":     {apply(object{"resources": []string{arn("warned")}}), 422, "not-accepted", "irreversible"},
		"apply of all without accepting":          {object{"kind": "apply", "plan": w.plan.Digest}, 422, "not-accepted", "irreversible"},
		"apply of all":                            {object{"kind": "apply", "plan": w.plan.Digest, "accept_warnings": []string{"irreversible"}}, 201, "", ""},
		"apply with the warning accepted":         {apply(object{"resources": []string{arn("warned")}, "accept_warnings": []string{"irreversible"}}), 201, "", ""},
		"apply of what a check stops":             {apply(object{"resources": []string{arn("failing")}, "accept_unchecked": []string{"*"}}), 422, "unprocessable", "key-usable"},
		"apply while a change is open":            {apply(object{"resources": []string{arn("lab")}}), 409, "not-now", changeID},
		"apply of no plan":                        {object{"kind": "apply"}, 422, "unprocessable", "digest"},
		"apply with changes":                      {apply(object{"changes": []object{{"id": changeID, "at": 4}}}), 422, "unprocessable", "changes says nothing"},
		"apply that keeps a twin":                 {apply(object{"keep_twin": true}), 422, "unprocessable", "keep_twin"},
		"backout":                                 {onChange("backout", 4, nil), 201, "", ""},
		"backout of a change as it was":           {onChange("backout", 3, nil), 409, "conflict", "gone on"},
		"backout of a change there is not":        {object{"kind": "backout", "changes": []object{{"id": "none", "at": 1}}}, 404, "not-found", "change"},
		"backout by the beginning of an id":       {object{"kind": "backout", "changes": []object{{"id": changeID[:8], "at": 4}}}, 422, "unprocessable", changeID},
		"backout of a change twice":               {object{"kind": "backout", "changes": []object{{"id": changeID, "at": 4}, {"id": changeID, "at": 4}}}, 422, "unprocessable", "twice"},
		"backout of nothing":                      {object{"kind": "backout"}, 422, "unprocessable", "changes"},
		"backout of a plan":                       {onChange("backout", 4, object{"plan": w.plan.Digest}), 422, "unprocessable", "plan says nothing"},
		"resume":                                  {onChange("resume", 4, nil), 201, "", ""},
		"finalize of one that is not done":        {onChange("finalize", 4, nil), 409, "not-now", "Possible is: resume, backout"},
		"cleanup":                                 {object{"kind": "cleanup", "configurations": []object{configuration}}, 201, "", ""},
		"cleanup of nothing":                      {object{"kind": "cleanup"}, 422, "unprocessable", "configurations"},
		"cleanup of one twice":                    {object{"kind": "cleanup", "configurations": []object{configuration, configuration}}, 422, "unprocessable", "twice"},
		"audit of a control that there is not":    {object{"kind": "audit", "audit": object{"controls": []string{"none"}}}, 422, "unprocessable", "no control"},
		"audit of one region":                     {object{"kind": "audit", "audit": object{"regions": []string{region}}}, 201, "", ""},
		"audit of a change":                       {object{"kind": "audit", "changes": []object{{"id": changeID, "at": 4}}}, 422, "unprocessable", "changes says nothing"},
		"a canary of a resume":                    {onChange("resume", 4, object{"canary": 1}), 422, "unprocessable", "canary"},
		"a plan by the beginning of its digest":   {apply(object{"plan": w.plan.Digest[:20]}), 400, "invalid", "plan"},
		"a plan that there is not":                {apply(object{"plan": "sha256:" + strings.Repeat("0", 64)}), 404, "not-found", "plan"},
		"a kind that there is not":                {object{"kind": "explode"}, 400, "invalid", "kind"},
		"a change at a number that can't be true": {onChange("resume", 0, nil), 400, "invalid", "at"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := w.ask(t, ada, "POST", "/requests", object{"work": test.work})
			if got.status != test.status || got.status != 201 && (got.problem(t) != test.code || !strings.Contains(string(got.body), test.says)) {
				t.Errorf("answered %s, want %d %s with %q", got, test.status, test.code, test.says)
			}
		})
	}
}

func TestChangeTellsWhatIsPossible(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	who := team(t, w)
	var c openapi.ChangeDetail
	w.ask(t, who.olga, "GET", "/changes/"+changeID[:6], nil).into(t, &c)
	var kinds []string
	for _, v := range c.Verbs {
		kinds = append(kinds, string(v.Kind))
		if !v.Allowed {
			t.Errorf("the operator may not %s", v.Kind)
		}
	}
	if c.Change.ID != changeID || c.At != 4 || c.Change.State != "failed" || !slices.Equal(kinds, []string{"resume", "backout"}) {
		t.Errorf("shown %+v with %v", c, kinds)
	}
	q := w.filed(t, who.olga, object{"work": object{"kind": "backout", "changes": []object{{"id": changeID, "at": c.At}}}})
	w.ask(t, who.pia, "GET", "/changes/"+changeID, nil).into(t, &c)
	if len(c.Requests) != 1 || c.Requests[0].ID != q.ID {
		t.Errorf("its requests are %+v", c.Requests)
	}
	if slices.ContainsFunc(c.Verbs, func(v openapi.ChangeVerb) bool { return v.Allowed }) {
		t.Errorf("the approver may %+v", c.Verbs)
	}
}

func TestSameRequestFiledAtOnceIsFiledOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	who := team(t, w)
	statuses := make(chan int)
	const many = 8
	for range many {
		go func() { statuses <- w.ask(t, who.olga, "POST", "/requests", w.applying(nil)).status }()
	}
	filed := 0
	for range many {
		switch status := <-statuses; status {
		case http.StatusCreated:
			filed++
		case http.StatusConflict:
		default:
			t.Errorf("answered %d", status)
		}
	}
	if filed != 1 {
		t.Errorf("filed %d times", filed)
	}
}
