package api_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

// row says who may do an operation, and asks for it in a way that changes nothing of the others' world.
type row struct {
	may  string // the first letters of the roles: v, o, p (approver), a; "*": everybody, signed in or not
	path string // with its variables filled in
	body any
	want int // the answer to who may
}

type object = map[string]any

// rows has every operation of the document. A new operation needs a row, or the test fails.
func rows(w *world) map[string]row {
	const none = "no-such-thing"
	seen := object{"version": 1}
	decision := object{"approve": true, "digest": "sha256:" + strings.Repeat("0", 64), "version": 1}
	return map[string]row{
		"getDocument":      {"*", "/openapi.yaml", nil, 200},
		"login":            {"*", "/session", object{"name": "nobody", "password": "a wrong password"}, 401},
		"useTicket":        {"*", "/tickets", object{"secret": none, "password": "correct horse battery"}, 422},
		"getSession":       {"vopa", "/session", nil, 200},
		"logout":           {"vopa", "/session", nil, 204},
		"changePassword":   {"vopa", "/account/password", object{"current": "a wrong password", "new": "correct horse battery"}, 403},
		"listMyTokens":     {"vopa", "/account/tokens", nil, 200},
		"createToken":      {"vopa", "/account/tokens", object{"name": "t", "roles": []string{"administrator"}, "expires_days": 1}, 0},
		"deleteToken":      {"vopa", "/account/tokens/" + none, nil, 404},
		"listUsers":        {"a", "/users", nil, 200},
		"createUser":       {"a", "/users", object{"name": "viewer", "roles": []string{"viewer"}}, 409},
		"updateUser":       {"a", "/users/" + none, seen, 404},
		"createTicket":     {"a", "/users/" + none + "/tickets", nil, 404},
		"listTokens":       {"a", "/tokens", nil, 200},
		"revokeToken":      {"a", "/tokens/" + none, nil, 404},
		"getOverview":      {"vopa", "/overview", nil, 200},
		"listFindings":     {"vopa", "/findings?facets=true&status=fail&q=ETL", nil, 200},
		"exportFindings":   {"vopa", "/findings.csv?status=fail", nil, 200},
		"getFinding":       {"vopa", "/findings/" + found("etl", "").ID, nil, 200},
		"getResource":      {"vopa", "/resource?arn=" + labARN, nil, 200},
		"listAudits":       {"vopa", "/audits", nil, 200},
		"getAudit":         {"vopa", "/audits/latest", nil, 200},
		"listCoverage":     {"vopa", "/audits/latest/coverage?unread=true", nil, 200},
		"compareAudits":    {"vopa", "/audits/latest/since/audit-1", nil, 200},
		"exportReport":     {"vopa", "/audits/latest/report/json", nil, 200},
		"listControls":     {"vopa", "/controls", nil, 200},
		"getControl":       {"vopa", "/controls/glue-dev-endpoint-s3-encryption", nil, 200},
		"getPolicy":        {"vopa", "/policy", nil, 200},
		"listPlans":        {"vopa", "/plans", nil, 200},
		"createPlan":       {"oa", "/plans", object{"resources": []string{etlARN}, "mode": "SSE-S3"}, 201},
		"getPlan":          {"vopa", "/plans/" + w.plan.Digest, nil, 200},
		"listChanges":      {"vopa", "/changes", nil, 200},
		"getChange":        {"vopa", "/changes/" + changeID, nil, 200},
		"exportEvidence":   {"vopa", "/changes/" + changeID + "/evidence", nil, 200},
		"listRequests":     {"vopa", "/requests?state=pending&kind=apply", nil, 200},
		"createRequest":    {"oa", "/requests", object{"work": object{"kind": "apply", "plan": "sha256:" + strings.Repeat("0", 64)}}, 404},
		"getRequest":       {"vopa", "/requests/" + none, nil, 404},
		"decideRequest":    {"pa", "/requests/" + none + "/decision", decision, 404},
		"startRequest":     {"oa", "/requests/" + none + "/start", seen, 404},
		"interruptRequest": {"oa", "/requests/" + none + "/interruption", nil, 404},
		"withdrawRequest":  {"oa", "/requests/" + none + "/withdrawal", seen, 404},
		"listExceptions":   {"vopa", "/exceptions", nil, 200},
		"createException": {"oa", "/exceptions", object{
			"control": none, "resource": etlARN, "reason": "r", "owner": "o", "expires": "2027-01-01",
		}, 422},
		"decideException": {"pa", "/exceptions/" + none + "/decision", object{"approve": true, "version": 1}, 404},
		"endException":    {"pa", "/exceptions/" + none + "/end", seen, 404},
		"listSchedules":   {"vopa", "/schedules", nil, 200},
		"createSchedule":  {"a", "/schedules", object{"name": "n", "every_minutes": 60, "scope": object{"controls": []string{none}}}, 422},
		"updateSchedule":  {"a", "/schedules/" + none, seen, 404},
		"deleteSchedule":  {"a", "/schedules/" + none, nil, 404},
		"listKeys":        {"oa", "/locations/" + account + "/" + region + "/keys", nil, 200},
		"getLeftovers":    {"oa", "/leftovers", nil, 200},
		"streamEvents":    {"vopa", "/events", nil, 200},
		"listTrail":       {"pa", "/trail", nil, 200},
		"checkTrail":      {"pa", "/trail/check", nil, 200},
	}
}

func TestEveryOperationForEveryRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	w.worker.plan = w.plan
	roles := map[string]string{"v": "viewer", "o": "operator", "p": "approver", "a": "administrator"}
	for _, name := range roles {
		w.user(t, name, auth.Role(name))
	}
	all := rows(w)
	for path, at := range w.doc.Paths.Map() {
		for method, o := range at.Operations() {
			r, ok := all[o.OperationID]
			if !ok {
				t.Errorf("%s has no row in this test: say who may do it", o.OperationID)
				continue
			}
			if route := w.route(method, strings.SplitN(r.path, "?", 2)[0]); route == nil || route.Path != path {
				t.Errorf("the row of %s does not fit its path %s", o.OperationID, path)
				continue
			}
			delete(all, o.OperationID)
			t.Run(o.OperationID, func(t *testing.T) {
				t.Parallel()
				stranger := w.ask(t, "", method, r.path, r.body)
				if r.may == "*" {
					if stranger.status != r.want {
						t.Errorf("a stranger is answered %s, want %d", stranger, r.want)
					}
					return
				}
				if stranger.status != http.StatusUnauthorized {
					t.Errorf("a stranger is answered %s", stranger)
				}
				if again := w.ask(t, "a cookie that nobody has", method, r.path, r.body); again.status != http.StatusUnauthorized {
					t.Errorf("a wrong cookie is answered %s", again)
				}
				for letter, name := range roles {
					got := w.ask(t, w.session(t, "user-"+name), method, r.path, r.body)
					switch may := strings.Contains(r.may, letter); {
					case !may && (got.status != http.StatusForbidden || got.problem(t) != "forbidden"):
						t.Errorf("%s is answered %s, want 403", name, got)
					case may && r.want != 0 && got.status != r.want:
						t.Errorf("%s is answered %s, want %d", name, got, r.want)
					}
				}
			})
		}
	}
	if rest := slices.Sorted(maps.Keys(all)); len(rest) > 0 {
		t.Errorf("the document has no operations %v", rest)
	}
}

func TestDocumentSaysThePermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, at := range w.doc.Paths.Map() {
		for _, o := range at.Operations() {
			need, open := permissionOf(t, o.OperationID)
			said, _ := o.Extensions["x-permission"].(string)
			if said != string(need) {
				t.Errorf("%s: the document says %q, it is %q", o.OperationID, said, need)
			}
			if free := o.Security != nil && len(*o.Security) == 0; free != open {
				t.Errorf("%s: the document says open %v, it is %v", o.OperationID, free, open)
			}
		}
	}
	if err := w.doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRefusalIsInTheTrail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	viewer := w.user(t, "vera", auth.Viewer)
	if got := w.ask(t, w.session(t, viewer.ID), "GET", "/trail", nil); got.status != http.StatusForbidden {
		t.Fatalf("answered %s", got)
	}
	var deeds []store.Deed
	err := w.store.EachDeed(t.Context(), 0, 0, func(d store.Deed) error {
		deeds = append(deeds, d)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(deeds) != 1 {
		t.Fatalf("%d deeds, want 1: %v", len(deeds), deeds)
	}
	d := deeds[0]
	if d.Action != "permission.refuse" || d.Subject != "listTrail" || d.Outcome != store.DeedRefused || d.Actor.Name != "vera" ||
		d.Actor.Address != "127.0.0.1" || d.Detail["permission"] != "see-trail" {
		t.Errorf("recorded %+v", d)
	}
}

func permissionOf(t *testing.T, operation string) (need auth.Permission, open bool) {
	t.Helper()
	need, open, listed := api.PermissionOf(operation)
	if !listed {
		t.Errorf("%s has no permission", operation)
	}
	return need, open
}
