package api_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
)

func TestOverview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := team(t, w)
	var before openapi.Overview
	w.ask(t, who.olga, "GET", "/overview", nil).into(t, &before)
	if before.Audit != nil || before.Changed != nil || len(before.ByControl) != 0 {
		t.Errorf("before the first audit: %+v", before)
	}
	estate(t, w)
	soon := policy.Exception{
		Control: policy.ControlID(control.DevEndpointS3), Resource: policy.ARNPattern(etlARN), Reason: "r", Owner: "o", Expires: "2026-12-01",
	}
	w.worker.policy.Exceptions = []policy.Exception{soon}
	w.filed(t, who.both, w.applying(nil))
	w.ask(t, who.olga, "POST", "/exceptions", object{
		"control": control.DevEndpointLogs, "resource": etlARN, "reason": "r", "owner": "o", "expires": "2027-06-01",
	}).into(t, &openapi.Exception{})

	var o openapi.Overview
	w.ask(t, who.pia, "GET", "/overview", nil).into(t, &o)
	want := []openapi.Share{{Name: string(control.DevEndpointS3), Fail: 2}}
	if d := cmp.Diff(want, o.ByControl); d != "" {
		t.Errorf("by control (-want +got):\n%s", d)
	}
	if len(o.ByAccount) != 1 || o.ByAccount[0].Name != account || o.Accounts != 1 || len(o.ByRegion) != 1 || o.Regions != 1 {
		t.Errorf("by account %+v, by region %+v", o.ByAccount, o.ByRegion)
	}
	if len(o.Trend) != 2 || o.Trend[0].Audit != "audit-1" || o.Trend[1].Summary.Fail != 2 {
		t.Errorf("trend %+v", o.Trend)
	}
	if o.Audit.ID != "audit-2" || o.Unread != 1 || o.UnreadLocations != 1 {
		t.Errorf("audit %+v, unread %d in %d", o.Audit, o.Unread, o.UnreadLocations)
	}
	if o.Changed.Since.ID != "audit-1" || o.Changed.Counts != (report.FateCounts{New: 1, Unchanged: 1}) || len(o.Changed.Items) != 1 ||
		o.Changed.Items[0].Finding.Resource.ARN != etlARN {
		t.Errorf("changed %+v", o.Changed)
	}
	waits := o.Waiting
	if waits.DecideTotal != 1 || len(waits.Decide) != 1 || waits.StartTotal != 0 || waits.ChangesTotal != 1 || waits.Changes[0].ID != changeID ||
		waits.ExceptionsTotal != 1 || waits.ExpiringTotal != 1 || waits.Expiring[0].State != openapi.ExceptionStateFile {
		t.Errorf("waiting for the approver: %+v", waits)
	}
	w.ask(t, who.olga, "GET", "/overview", nil).into(t, &o)
	if o.Waiting.DecideTotal != 0 || o.Waiting.ExceptionsTotal != 0 {
		t.Errorf("waiting for the operator: %+v", o.Waiting)
	}
}

func TestResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	who := team(t, w)
	q := w.filed(t, who.olga, object{"work": object{"kind": "backout", "changes": []object{{"id": changeID, "at": 4}}}})
	var r openapi.ResourceDetail
	w.ask(t, who.olga, "GET", "/resource?arn="+labARN, nil).into(t, &r)
	if r.Audit != "audit-2" || r.Resource.Name != "lab" || r.Kind == "" || !r.Repairable || r.Encryption.Mode != "NONE" {
		t.Errorf("shown %+v", r)
	}
	if len(r.Findings) != 1 || r.Findings[0].History.FirstSeen.IsZero() || len(r.Controls) != 1 || len(r.Controls[0].Repair) == 0 {
		t.Errorf("findings %+v, %d controls", r.Findings, len(r.Controls))
	}
	if len(r.Facts) != 1 || !strings.Contains(string(r.Facts[0].Facts), "READY") {
		t.Errorf("facts %+v", r.Facts)
	}
	if len(r.Changes) != 1 || r.Changes[0].ID != changeID || len(r.Requests) != 1 || r.Requests[0].ID != q.ID {
		t.Errorf("changes %+v, requests %+v", r.Changes, r.Requests)
	}
	if !slices.ContainsFunc(r.Commands, func(c openapi.Command) bool {
		return c.Command == "glueguard glue get-dev-endpoint --endpoint-name lab --region eu-west-1"
	}) {
		t.Errorf("commands %+v", r.Commands)
	}
	whole := w.filed(t, who.olga, object{"work": object{"kind": "apply", "plan": w.plan.Digest}})
	w.ask(t, who.olga, "GET", "/resource?arn="+etlARN+"&audit=audit-1", nil).into(t, &r)
	if r.Findings[0].Finding.Status != control.Pass || len(r.Requests) != 1 || r.Requests[0].ID != whole.ID {
		t.Errorf("of the audit before: %+v", r)
	}
}

// TestAuditOfOneResource shows that it is news of that one, and hides nothing of the others.
func TestAuditOfOneResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	w.audited(t, store.Audit{ID: "audit-3", StartedAt: start().Add(-time.Hour), Partial: true}, found("lab", control.Pass))
	vera := w.session(t, w.user(t, "vera", auth.Viewer).ID)
	var o openapi.Overview
	w.ask(t, vera, "GET", "/overview", nil).into(t, &o)
	if o.Audit.ID != "audit-2" || len(o.Trend) != 2 {
		t.Errorf("the overview is of %s, its trend of %d audits", o.Audit.ID, len(o.Trend))
	}
	var p openapi.FindingPage
	w.ask(t, vera, "GET", "/findings", nil).into(t, &p)
	if p.Audit != "audit-2" || p.Total != 2 {
		t.Errorf("%d findings of %s", p.Total, p.Audit)
	}
	for arn, want := range map[string]string{labARN: "audit-3", etlARN: "audit-2"} {
		var r openapi.ResourceDetail
		w.ask(t, vera, "GET", "/resource?arn="+arn, nil).into(t, &r)
		if r.Audit != want || len(r.Findings) != 1 {
			t.Errorf("%s is shown by %s with %d findings, want %s", arn, r.Audit, len(r.Findings), want)
		}
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	vera := w.session(t, w.user(t, "vera", auth.Viewer).ID)
	var p openapi.FindingPage
	w.ask(t, vera, "GET", "/findings?audit=audit-1&status=fail&facets=true&sort=name", nil).into(t, &p)
	if p.Audit != "audit-1" || p.Total != 1 || len(p.Items) != 1 || p.Items[0].Resource.Name != "lab" || len(p.Facets) == 0 {
		t.Errorf("shown %+v", p)
	}
	w.ask(t, vera, "GET", "/findings?limit=1&offset=1&sort=name&reverse=true", nil).into(t, &p)
	if p.Total != 2 || len(p.Items) != 1 || p.Items[0].Resource.Name != "etl" {
		t.Errorf("the second page has %+v", p)
	}
	got := w.ask(t, vera, "GET", "/findings.csv?q=ETL", nil)
	lines, err := csv.NewReader(bytes.NewReader(got.body)).ReadAll()
	if err != nil || len(lines) != 2 || !strings.Contains(strings.Join(lines[1], " "), etlARN) {
		t.Errorf("the sheet has %v: %v", lines, err)
	}
	if name := got.header.Get("Content-Disposition"); name != "attachment; filename=glueguard-audit-2.csv" {
		t.Errorf("its name is %q", name)
	}
}

func TestReportsInEveryFormat(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	vera := w.session(t, w.user(t, "vera", auth.Viewer).ID)
	formats := w.doc.Paths.Find("/audits/{id}/report/{format}").Get.Parameters.GetByInAndName("path", "format").Schema.Value.Enum
	var named []string
	for _, f := range formats {
		named = append(named, f.(string))
	}
	if d := cmp.Diff(report.Names(), named); d != "" {
		t.Fatalf("the document's formats (-want +got):\n%s", d)
	}
	for _, f := range named {
		got := w.ask(t, vera, "GET", "/audits/latest/report/"+f, nil)
		if got.status != http.StatusOK || len(got.body) == 0 || got.header.Get("Content-Disposition") == "" || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: answered %s", f, got)
		}
	}
}

func TestEvidence(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	vera := w.session(t, w.user(t, "vera", auth.Viewer).ID)
	got := w.ask(t, vera, "GET", "/changes/"+changeID[:5]+"/evidence", nil)
	if got.status != http.StatusOK {
		t.Fatalf("answered %s", got)
	}
	if _, err := evidence.Check(t.Context(), bytes.NewReader(got.body), nil); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"vera evidence.export ok"}, w.deeds(t)); d != "" {
		t.Errorf("the trail (-want +got):\n%s", d)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(_ *testing.T, w *world) {
		w.hub.events, w.hub.beat = make(chan api.Event, 3), make(chan time.Time)
	})
	vera := w.session(t, w.user(t, "vera", auth.Viewer).ID)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.web.URL+"/api/v1/events?change="+changeID, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "glueguard_session", Value: vera})
	res, err := w.web.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if kind := res.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("it is %q", kind)
	}
	w.hub.events <- api.Event{Seq: 1, Kind: api.EventRequest, Request: "another"}
	w.hub.events <- api.Event{Seq: 2, Kind: api.EventChange, Change: &store.Summarized{ID: "another"}}
	w.hub.events <- api.Event{Seq: 3, At: start(), Kind: api.EventChange, Change: &store.Summarized{ID: changeID}, Detail: "a\nb"}
	lines := bufio.NewScanner(res.Body)
	next := func(n int) (got []string) {
		for range n {
			if !lines.Scan() {
				t.Fatalf("the stream ended: %v", lines.Err())
			}
			got = append(got, lines.Text())
		}
		return got
	}
	got := next(6)
	if d := cmp.Diff([]string{"retry: 2000", "", "id: 3", "event: change"}, got[:4]); d != "" {
		t.Errorf("the stream (-want +got):\n%s", d)
	}
	if !strings.HasPrefix(got[4], `data: {"at":"2026-11-23T09:00:00Z","change":{"id":"`+changeID) || !strings.Contains(got[4], `"detail":"a\nb"`) {
		t.Errorf("the event is %s", got[4])
	}
	w.hub.beat <- w.clock()
	if d := cmp.Diff([]string{": alive", ""}, next(2)); d != "" {
		t.Errorf("the heartbeat (-want +got):\n%s", d)
	}
	if err := w.store.DropSessions(t.Context(), "user-vera"); err != nil {
		t.Fatal(err)
	}
	w.hub.beat <- w.clock()
	if lines.Scan() {
		t.Errorf("whose session has ended still gets %q", lines.Text())
	}
}

func TestComparison(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	vera := w.session(t, w.user(t, "vera", auth.Viewer).ID)
	var c openapi.Comparison
	w.ask(t, vera, "GET", "/audits/latest/since/audit-1?fate=unchanged", nil).into(t, &c)
	if c.Total != 1 || len(c.Items) != 1 || c.Items[0].Fate != report.Unchanged || c.Items[0].Finding.Resource.ARN != labARN {
		t.Errorf("unchanged: %+v", c)
	}
	w.audit(t, "audit-3", start().Add(-time.Hour), found("lab", control.Pass))
	w.ask(t, vera, "GET", "/audits/latest/since/audit-2", nil).into(t, &c)
	if c.Counts != (report.FateCounts{Resolved: 2}) || c.Total != 2 || len(c.Items) != 2 || !c.Items[1].Gone {
		t.Errorf("resolved: %+v", c)
	}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	vera := w.session(t, w.user(t, "vera", auth.Viewer).ID)
	var c openapi.CoveragePage
	w.ask(t, vera, "GET", "/audits/latest/coverage", nil).into(t, &c)
	if c.Total != 2 || c.Unread != 1 {
		t.Errorf("all: %+v", c)
	}
	w.ask(t, vera, "GET", "/audits/latest/coverage?unread=true&region="+region, nil).into(t, &c)
	if c.Total != 1 || len(c.Items) != 1 || !c.Items[0].Unread || !strings.Contains(c.Items[0].Advice, "glue:GetMLTransforms") {
		t.Errorf("unread: %+v", c)
	}
}

func TestPlansAndKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	w.worker.plan = w.plan
	who := team(t, w)
	got := w.ask(t, who.olga, "POST", "/plans", object{"mode": "SSE-KMS", "kms_key": "alias/data"})
	if want := "/api/v1/plans/" + w.plan.Digest; got.status != 201 || got.header.Get("Location") != want {
		t.Errorf("answered %s at %q", got, got.header.Get("Location"))
	}
	want := []api.Proposal{{Audit: "audit-2", Mode: "SSE-KMS", Key: "alias/data"}}
	if d := cmp.Diff(want, w.worker.proposals); d != "" {
		t.Errorf("proposed (-want +got):\n%s", d)
	}
	var list openapi.PlanPage
	w.ask(t, who.pia, "GET", "/plans", nil).into(t, &list)
	if list.Total != 1 || list.Items[0].Opened != 1 || !list.Items[0].Applyable || len(list.Items[0].Resources) != 2 {
		t.Errorf("listed %+v", list)
	}
	var keys openapi.KeyList
	w.ask(t, who.olga, "GET", "/locations/111122223333/cn-north-1/keys", nil).into(t, &keys)
	var rotations []openapi.KeyRotation
	for _, k := range keys.Items {
		rotations = append(rotations, k.Rotation)
	}
	if keys.Location.Partition != "aws-cn" || !slices.Equal(rotations, []openapi.KeyRotation{"on", "unknown", "impossible"}) || keys.Items[1].RotationError == "" {
		t.Errorf("keys %+v", keys)
	}
}
