package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
)

func TestUserFromLinkToToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.session(t, w.user(t, "ada", auth.Administrator).ID)
	var made openapi.CreatedUser
	w.ask(t, ada, "POST", "/users", object{"name": "dana", "roles": []string{"operator"}}).into(t, &made)
	if made.User.HasPassword || made.Ticket.Path != "/setup?ticket="+made.Ticket.Secret {
		t.Errorf("made %+v", made)
	}
	var used openapi.TicketUsed
	w.ask(t, "", "POST", "/tickets", object{"secret": made.Ticket.Secret, "password": "correct horse battery"}).into(t, &used)
	if again := w.ask(t, "", "POST", "/tickets", object{"secret": made.Ticket.Secret, "password": "correct horse battery"}); again.status != 422 {
		t.Errorf("the link is used twice: %s", again)
	}
	in := w.ask(t, "", "POST", "/session", object{"name": used.Name, "password": "correct horse battery"})
	var session openapi.Session
	in.into(t, &session)
	if session.Name != "dana" || !session.Local || !slices.Contains(session.Permissions, auth.Propose) || slices.Contains(session.Permissions, auth.Decide) {
		t.Errorf("signed in %+v", session)
	}
	set := in.header.Get("Set-Cookie")
	if !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Lax") {
		t.Errorf("the cookie is %q", set)
	}
	cookie, err := http.ParseSetCookie(set)
	if err != nil {
		t.Fatal(err)
	}
	var token openapi.CreatedToken
	w.ask(t, cookie.Value, "POST", "/account/tokens", object{"name": "nightly", "roles": []string{"viewer"}, "expires_days": 30}).into(t, &token)
	if got := w.ask(t, cookie.Value, "POST", "/account/tokens", object{"name": "x", "roles": []string{"administrator"}, "expires_days": 30}); got.status != 422 {
		t.Errorf("a token may more than its owner: %s", got)
	}
	byToken := func(method, path, body string) answer {
		r, err := http.NewRequestWithContext(t.Context(), method, w.web.URL+api.BasePath+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token.Secret)
		r.Header.Set("Content-Type", "application/json")
		return w.do(t, "", r)
	}
	byToken("GET", "/session", "").into(t, &session)
	if session.Actor.Kind != "token" || session.Actor.Via != "dana" || slices.Contains(session.Permissions, auth.Propose) {
		t.Errorf("by token: %+v", session)
	}
	for path, body := range map[string]string{
		"/account/tokens":   `{"name":"x","roles":["viewer"],"expires_days":30}`,
		"/account/password": `{"current":"correct horse battery","new":"another horse battery"}`,
	} {
		method := "POST"
		if strings.HasSuffix(path, "password") {
			method = "PUT"
		}
		if got := byToken(method, path, body); got.status != http.StatusForbidden {
			t.Errorf("%s by token: %s", path, got)
		}
	}
	var list openapi.TokenList
	w.ask(t, ada, "GET", "/tokens", nil).into(t, &list)
	if list.Total != 1 || list.Items[0].User != "dana" || strings.Contains(string(w.ask(t, ada, "GET", "/tokens", nil).body), token.Secret) {
		t.Errorf("listed %+v", list)
	}
	if got := w.ask(t, cookie.Value, "DELETE", "/account/tokens/"+token.Token.ID, nil); got.status != http.StatusNoContent {
		t.Errorf("dropped: %s", got)
	}
	if got := byToken("GET", "/session", ""); got.status != http.StatusUnauthorized {
		t.Errorf("a dropped token is good for %s", got)
	}
	if got := w.ask(t, cookie.Value, "PUT", "/account/password", object{"current": "wrong", "new": "another horse battery"}); got.status != 403 || got.problem(t) != "credentials" {
		t.Errorf("a wrong password changes it: %s", got)
	}
	if got := w.ask(t, cookie.Value, "PUT", "/account/password", object{"current": "correct horse battery", "new": "another horse battery"}); got.status != 204 {
		t.Errorf("the password is not changed: %s", got)
	}
	if got := w.ask(t, cookie.Value, "DELETE", "/session", nil); got.status != 204 || !strings.Contains(got.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("signed out: %s %v", got, got.header)
	}
	if got := w.ask(t, cookie.Value, "GET", "/session", nil); got.status != http.StatusUnauthorized {
		t.Errorf("signed out and still in: %s", got)
	}
}

func TestUserIsDisabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.session(t, w.user(t, "ada", auth.Administrator).ID)
	dana := w.user(t, "dana", auth.Operator)
	cookie := w.session(t, dana.ID)
	var u openapi.User
	w.ask(t, ada, "PATCH", "/users/"+dana.ID, object{"version": dana.Version, "roles": []string{"viewer"}}).into(t, &u)
	if u.Disabled || !slices.Equal(u.Roles, []auth.Role{auth.Viewer}) {
		t.Errorf("changed %+v", u)
	}
	if got := w.ask(t, cookie, "GET", "/leftovers", nil); got.status != http.StatusForbidden {
		t.Errorf("a role that was taken away: %s", got)
	}
	w.ask(t, ada, "PATCH", "/users/"+dana.ID, object{"version": u.Version, "disabled": true}).into(t, &u)
	if !u.Disabled || !slices.Equal(u.Roles, []auth.Role{auth.Viewer}) {
		t.Errorf("disabled %+v", u)
	}
	if got := w.ask(t, cookie, "GET", "/session", nil); got.status != http.StatusUnauthorized {
		t.Errorf("a disabled user: %s", got)
	}
}

func TestExceptionIsProposedApprovedAndEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	who := team(t, w)
	body := object{"control": control.DevEndpointS3, "resource": etlARN, "reason": "moving out", "owner": "data", "expires": "2027-01-31"}
	var e openapi.Exception
	w.ask(t, who.both, "POST", "/exceptions", body).into(t, &e)
	if e.State != openapi.ExceptionStateProposed || e.MayDecide || e.ProposedBy.Name != "bo" || e.WhyNot == "" {
		t.Errorf("proposed %+v", e)
	}
	if got := w.ask(t, who.olga, "POST", "/exceptions", body); got.status != 409 || got.problem(t) != "conflict" {
		t.Errorf("proposed twice: %s", got)
	}
	path, yes := "/exceptions/"+e.ID, object{"approve": true, "version": e.Version}
	if got := w.ask(t, who.both, "POST", path+"/decision", yes); got.status != 403 || got.problem(t) != "four-eyes" {
		t.Errorf("one's own is approved: %s", got)
	}
	if got := w.ask(t, who.pia, "POST", path+"/end", object{"version": e.Version}); got.status != 409 {
		t.Errorf("a proposed one is ended: %s", got)
	}
	w.ask(t, who.pia, "POST", path+"/decision", yes).into(t, &e)
	if e.State != openapi.ExceptionStateApproved || e.DecidedBy.Name != "pia" {
		t.Errorf("approved %+v", e)
	}
	if got := w.ask(t, who.pia, "POST", path+"/decision", yes); got.status != 409 || got.problem(t) != "conflict" {
		t.Errorf("a decision is replayed: %s", got)
	}
	x := policy.Exception{Control: policy.ControlID(control.DevEndpointS3), Resource: etlARN, Reason: "moving out", Owner: "data", Expires: "2027-01-31"}
	file := x
	file.Owner = "somebody"
	w.worker.policy.Exceptions = []policy.Exception{x, file} // as the daemon merges them
	var list openapi.ExceptionPage
	w.ask(t, who.olga, "GET", "/exceptions", nil).into(t, &list)
	if list.Total != 2 || list.Items[0].ID != e.ID || list.Items[1].State != openapi.ExceptionStateFile || list.Items[1].Owner != "somebody" {
		t.Errorf("listed %+v", list)
	}
	var p openapi.Policy
	w.ask(t, who.olga, "GET", "/policy", nil).into(t, &p)
	if len(p.Exceptions) != 2 || !p.Approvals.InForce || !p.Approvals.FourEyes || p.Approvals.Required != "auto" || p.Document["Profile"] != "sop" {
		t.Errorf("the policy is %+v", p)
	}
	w.ask(t, who.pia, "POST", path+"/end", object{"version": e.Version, "note": "not needed"}).into(t, &e)
	if e.State != openapi.ExceptionStateEnded || e.MayDecide {
		t.Errorf("ended %+v", e)
	}
	want := []string{
		"bo exception.propose ok", "bo exception.approve refused", "pia exception.approve ok", "pia exception.end ok",
	}
	if got := w.deeds(t); !slices.Equal(got, want) {
		t.Errorf("the trail has %v, want %v", got, want)
	}
}

func TestScheduleIsMadeChangedAndDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.session(t, w.user(t, "ada", auth.Administrator).ID)
	var s openapi.Schedule
	w.ask(t, ada, "POST", "/schedules", object{"name": "nightly", "every_minutes": 1440, "scope": object{"regions": []string{region}}}).into(t, &s)
	if s.EveryMinutes != 1440 || !s.NextAt.Equal(start()) || !slices.Equal(s.Scope.Regions, []string{region}) || w.worker.woken != 1 {
		t.Errorf("made %+v", s)
	}
	if got := w.ask(t, ada, "POST", "/schedules", object{"name": "Nightly", "every_minutes": 60}); got.status != 409 {
		t.Errorf("another of its name: %s", got)
	}
	w.ask(t, ada, "PATCH", "/schedules/"+s.ID, object{"version": s.Version, "paused": true}).into(t, &s)
	if !s.Paused || s.Name != "nightly" || !slices.Equal(s.Scope.Regions, []string{region}) {
		t.Errorf("paused %+v", s)
	}
	if got := w.ask(t, ada, "PATCH", "/schedules/"+s.ID, object{"version": s.Version + 1, "paused": false}); got.status != 409 {
		t.Errorf("it rests on another version: %s", got)
	}
	if got := w.ask(t, ada, "DELETE", "/schedules/"+s.ID, nil); got.status != 204 {
		t.Errorf("dropped: %s", got)
	}
	want := []string{"ada schedule.create ok", "ada schedule.update ok", "ada schedule.delete ok"}
	if got := w.deeds(t); !slices.Equal(got, want) {
		t.Errorf("the trail has %v, want %v", got, want)
	}
}

func TestTrail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.session(t, w.user(t, "ada", auth.Administrator).ID)
	for range 3 {
		w.ask(t, ada, "POST", "/users/user-ada/tickets", nil).into(t, &openapi.Ticket{})
	}
	var page openapi.DeedPage
	w.ask(t, ada, "GET", "/trail?limit=2", nil).into(t, &page)
	if page.Total != 3 || len(page.Items) != 2 || page.Items[0].Seq != 3 || page.Items[0].Actor.Address != "127.0.0.1" {
		t.Errorf("the newest are %+v", page)
	}
	w.ask(t, ada, "GET", "/trail?before=2", nil).into(t, &page)
	if page.Total != 3 || len(page.Items) != 1 || page.Items[0].Seq != 1 {
		t.Errorf("the oldest is %+v", page)
	}
	var check openapi.TrailCheck
	w.ask(t, ada, "GET", "/trail/check", nil).into(t, &check)
	if !check.Ok || check.Entries != 3 || check.LastAt.IsZero() {
		t.Errorf("checked %+v", check)
	}
}
