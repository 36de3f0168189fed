package hostile

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

// asked is a request that waits for somebody's approval.
type asked struct {
	w    *world
	id   string
	work object
}

// ask has an operator ask for a plan of one resource to be applied.
func ask(t *testing.T, w *world, who somebody, arn string) asked {
	t.Helper()
	return file(t, w, who, object{"kind": "apply", "plan": w.plan(t, arn), "resources": []string{arn}, "accept_unchecked": []string{"elastic-ip"}})
}

func file(t *testing.T, w *world, who somebody, work object) asked {
	t.Helper()
	made := w.ask(t, who, http.MethodPost, base+"/requests", object{"work": work}).object(t)
	return asked{w: w, id: made["id"].(string), work: work}
}

// now is the request as it stands.
func (a asked) now(t *testing.T) store.Request {
	t.Helper()
	q, err := a.w.store.Request(t.Context(), a.id)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// decision approves the request as it stands.
func (a asked) decision(t *testing.T) object {
	t.Helper()
	q := a.now(t)
	return object{"approve": true, "digest": q.Digest, "version": q.Version}
}

func (a asked) decide(t *testing.T, who somebody, body object) answer {
	t.Helper()
	return a.w.ask(t, who, http.MethodPost, base+"/requests/"+a.id+"/decision", body)
}

func (a asked) start(t *testing.T, who somebody, version int) answer {
	t.Helper()
	return a.w.ask(t, who, http.MethodPost, base+"/requests/"+a.id+"/start", object{"version": version})
}

// ended waits until the request was carried out, and returns what became of it.
func (a asked) ended(t *testing.T) []store.RequestResult {
	t.Helper()
	a.w.until("the request has ended", func() bool { return a.now(t).State == store.RequestEnded })
	return a.now(t).Results
}

// refused demands a refusal with a code, which leaves the request as it was.
func (a asked) refused(t *testing.T, what, code string, before store.Request, got answer) {
	t.Helper()
	if got.status != http.StatusForbidden && got.status != http.StatusConflict || got.code() != code {
		t.Errorf("%s: answered %d %s, want %s", what, got.status, got.body, code)
	}
	if after := a.now(t); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("%s: the request was %+v, and is %+v", what, before, after)
	}
}

// people are those who take part, two of whom may do everything that approvals are about.
type people struct{ olga, pete, both, admin somebody }

func peopleOf(w *world) people {
	return people{
		w.user("olga", auth.Operator), w.user("pete", auth.Approver), w.user("both", auth.Operator, auth.Approver), w.user("admin", auth.Administrator),
	}
}

// TestApprovalsThatAreForged tries to get one's own request approved, or another one in its place.
func TestApprovalsThatAreForged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arns := w.failing(t, 2)
	p := peopleOf(w)
	own, others := ask(t, w, p.both, arns[0]), ask(t, w, p.olga, arns[1])
	mine := own.now(t)
	if mine.State != store.RequestPending {
		t.Fatalf("it is %s", mine.State)
	}
	for name, who := range map[string]somebody{
		"oneself": p.both, "oneself, signed in again": w.user("both"), "one's token": w.token(p.both, auth.Approver), "one's administrating token": w.token(p.both, auth.Administrator, auth.Operator, auth.Approver),
	} {
		code := "four-eyes"
		own.refused(t, name, code, mine, own.decide(t, who, own.decision(t)))
	}
	own.refused(t, "an operator", "forbidden", mine, own.decide(t, p.olga, own.decision(t)))
	own.refused(t, "an approver's token that may only see", "forbidden", mine, own.decide(t, w.token(p.pete, auth.Viewer), own.decision(t)))
	own.refused(t, "an operator's token that says it may", "forbidden", mine, own.decide(t, w.token(p.olga, auth.Approver, auth.Administrator), own.decision(t)))
	own.refused(t, "the form of the page", "forbidden", mine, pageCode(w.ask(t, p.both, http.MethodPost, "/requests/"+own.id+"/decision",
		fmt.Sprintf("do=approve&digest=%s&version=%d", mine.Digest, mine.Version))))
	for name, c := range map[string]struct {
		change object
		code   string
	}{
		"another request's digest": {object{"digest": others.now(t).Digest}, "conflict"},
		"the plan's digest":        {object{"digest": own.work["plan"]}, "conflict"},
		"another version":          {object{"version": mine.Version + 1}, "conflict"},
	} {
		body := own.decision(t)
		for k, v := range c.change {
			body[k] = v
		}
		own.refused(t, name, c.code, mine, own.decide(t, p.pete, body))
	}
	own.refused(t, "started before", "not-now", mine, own.start(t, p.both, mine.Version))
	own.refused(t, "asked for again", "conflict", mine, w.ask(t, p.olga, http.MethodPost, base+"/requests", object{"work": own.work, "start": true}))
	if n := len(w.deeds(t, "request.approve")); n < 4 {
		t.Errorf("%d refused approvals are in the trail", n)
	}
	for _, d := range w.deeds(t, "request.approve") {
		if d.Outcome != store.DeedRefused {
			t.Errorf("the trail says %+v", d)
		}
	}
}

// TestLossesAreAcceptedByName shows that what is lost for good is not accepted among others: before anybody has to approve it.
func TestLossesAreAcceptedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	olga := w.user("olga", auth.Operator)
	var refused int
	for _, arn := range w.failing(t, 3) {
		work := object{"kind": "apply", "plan": w.plan(t, arn), "resources": []string{arn}, "accept_unchecked": []string{"*"}}
		got := w.ask(t, olga, http.MethodPost, base+"/requests", object{"work": work})
		if got.status == http.StatusUnprocessableEntity && strings.Contains(got.body, "elastic-ip") {
			refused++
		}
	}
	if refused != 1 { // one of the resources has an address of that kind
		t.Errorf("refused %d times", refused)
	}
}

// pageCode makes a problem of a page that says one.
func pageCode(a answer) answer {
	_, rest, _ := strings.Cut(a.body, "Code: <code>")
	code, _, _ := strings.Cut(rest, "</code>")
	if code == "four-eyes" {
		code = "forbidden" // pages show both as what one may not do
	}
	a.body = fmt.Sprintf(`{"code":%q}`, code)
	return a
}

// TestApprovalsThatAreReplayed sends decisions again, too late, and at once.
func TestApprovalsThatAreReplayed(t *testing.T) { //nolint:tparallel // the subtests share the clock, which the last sets forward
	t.Parallel()
	w := newWorld(t)
	arns := w.failing(t, 3)
	p := peopleOf(w)

	t.Run("withdrawn", func(t *testing.T) {
		a := ask(t, w, p.olga, arns[0])
		kept := a.decision(t)
		if got := w.ask(t, p.olga, http.MethodPost, base+"/requests/"+a.id+"/withdrawal", object{"version": 0}); got.status != http.StatusOK {
			t.Fatalf("withdrawn: %d %s", got.status, got.body)
		}
		was := a.now(t)
		a.refused(t, "as it was seen", "conflict", was, a.decide(t, p.pete, kept))
		a.refused(t, "as it is", "not-now", was, a.decide(t, p.pete, a.decision(t)))
		a.refused(t, "started", "not-now", was, a.start(t, p.olga, was.Version))
	})
	t.Run("rejected", func(t *testing.T) {
		a := ask(t, w, p.olga, arns[0])
		no := a.decision(t)
		no["approve"] = false
		if got := a.decide(t, p.pete, no); got.status != http.StatusOK {
			t.Fatalf("rejected: %d %s", got.status, got.body)
		}
		was := a.now(t)
		a.refused(t, "approved after all", "not-now", was, a.decide(t, p.admin, a.decision(t)))
		a.refused(t, "started", "not-now", was, a.start(t, p.olga, was.Version))
	})
	t.Run("many at once", func(t *testing.T) {
		a := ask(t, w, p.olga, arns[1])
		body := a.decision(t)
		var all sync.WaitGroup
		statuses := make([]int, 20)
		for i := range statuses {
			all.Go(func() { statuses[i] = a.decide(t, p.pete, body).status })
		}
		all.Wait()
		yes := 0
		for _, s := range statuses {
			if s == http.StatusOK {
				yes++
			} else if s != http.StatusConflict {
				t.Errorf("answered %d", s)
			}
		}
		if q := a.now(t); yes != 1 || q.State != store.RequestApproved || q.Version != 1 {
			t.Errorf("%d of 20 approved it: %+v", yes, q)
		}
		for i := range statuses { // and used once
			all.Go(func() { statuses[i] = a.start(t, p.olga, 1).status })
		}
		all.Wait()
		used := 0
		for _, s := range statuses {
			if s == http.StatusOK {
				used++
			}
		}
		if results := a.ended(t); used != 1 || len(results) != 1 || !results[0].OK {
			t.Errorf("%d of 20 started it: %+v", used, results)
		}
		was := a.now(t)
		a.refused(t, "started again", "not-now", was, a.start(t, p.olga, was.Version))
		a.refused(t, "approved again", "not-now", was, a.decide(t, p.pete, a.decision(t)))
		a.refused(t, "approved again, as it was seen", "conflict", was, a.decide(t, p.pete, body))
		again := w.ask(t, p.olga, http.MethodPost, base+"/requests", object{"work": a.work, "start": true})
		if again.status < 400 {
			t.Errorf("the plan that was carried out is asked for again: %d %s", again.status, again.body)
		}
	})
	t.Run("stale", func(t *testing.T) {
		a := ask(t, w, p.olga, arns[2])
		if got := a.decide(t, p.pete, a.decision(t)); got.status != http.StatusOK {
			t.Fatalf("approved: %d %s", got.status, got.body)
		}
		b := ask(t, w, p.olga, arns[2]) // the same from another plan, which comes first
		if got := b.decide(t, p.pete, b.decision(t)); got.status != http.StatusOK {
			t.Fatalf("approved: %d %s", got.status, got.body)
		}
		if got := b.start(t, p.olga, 1); got.status != http.StatusOK {
			t.Fatalf("started: %d %s", got.status, got.body)
		}
		done := b.ended(t)
		if len(done) != 1 || !done[0].OK {
			t.Fatalf("the first was not carried out: %+v", done)
		}
		before := w.contents()
		if got := a.start(t, p.olga, 1); got.status == http.StatusOK { // it is only seen when it is done
			if results := a.ended(t); len(results) != 1 || results[0].OK || results[0].Message == "" {
				t.Errorf("a plan that does not hold any more was carried out: %+v", results)
			}
		} else {
			w.unchanged(t, before)
		}
		// And its change, which has moved on since somebody looked.
		c, err := w.store.Change(t.Context(), done[0].Change)
		if err != nil {
			t.Fatal(err)
		}
		stale := object{"kind": "backout", "changes": []any{object{"id": c.Head.ID, "at": c.Seq - 1}}}
		before = w.contents()
		if got := w.ask(t, p.olga, http.MethodPost, base+"/requests", object{"work": stale}); got.status != http.StatusConflict {
			t.Errorf("a change that has moved on: %d %s", got.status, got.body)
		}
		w.unchanged(t, before)
		fresh := file(t, w, p.olga, object{"kind": "backout", "changes": []any{object{"id": c.Head.ID, "at": c.Seq}}})
		first := file(t, w, p.olga, object{"kind": "backout", "parallel": 1, "changes": []any{object{"id": c.Head.ID, "at": c.Seq}}})
		for _, q := range []asked{fresh, first} {
			if got := q.decide(t, p.pete, q.decision(t)); got.status != http.StatusOK {
				t.Fatalf("approved: %d %s", got.status, got.body)
			}
		}
		if got := first.start(t, p.olga, 1); got.status != http.StatusOK {
			t.Fatalf("started: %d %s", got.status, got.body)
		}
		first.ended(t)
		if got := fresh.start(t, p.olga, 1); got.status == http.StatusOK {
			if results := fresh.ended(t); len(results) != 1 || results[0].OK {
				t.Errorf("an approval of the change as it was before counted: %+v", results)
			}
		}
	})
	t.Run("too late", func(t *testing.T) { // the last: it lets the clock go on
		waits, approved := ask(t, w, p.olga, arns[0]), ask(t, w, p.both, arns[0])
		if got := approved.decide(t, p.pete, approved.decision(t)); got.status != http.StatusOK {
			t.Fatalf("approved: %d %s", got.status, got.body)
		}
		w.pass(25 * time.Hour)
		olga, pete := w.user("olga"), w.user("pete")
		for _, c := range []struct {
			what string
			a    asked
			do   func(asked) answer
		}{
			{"approved", waits, func(a asked) answer { return a.decide(t, pete, a.decision(t)) }},
			{"started", approved, func(a asked) answer { return a.start(t, olga, a.now(t).Version) }},
		} {
			got := c.do(c.a)
			if state := auth.StateOf(c.a.now(t), w.now()); got.status != http.StatusConflict || got.code() != "expired" && got.code() != "not-now" || state != store.RequestExpired {
				t.Errorf("%s: answered %d %s, and it is %s", c.what, got.status, got.body, state)
			}
		}
		if got := w.ask(t, p.olga, http.MethodGet, base+"/session", nil); got.status != http.StatusUnauthorized {
			t.Errorf("a session of yesterday: %d", got.status)
		}
	})
}
