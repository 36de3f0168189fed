package hostile

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
)

// row says who may have what a pattern serves, and asks for it in a way that changes nothing.
type row struct {
	may  string // the first letters of the roles: v, o, p (approver), a; "*": everybody, signed in or not
	path string
	body string // of a form
	want int    // the answer to who may; 0: any but a refusal or a failure
}

// rows has every pattern that the daemon serves beside the API.
func rows(arn, digest string) map[string]row {
	const (
		all  = "vopa"
		none = "no-such-thing"
	)
	seen := "version=1"
	return map[string]row{
		"GET /healthz":                     {"*", "/healthz", "", 200},
		"GET /readyz":                      {"*", "/readyz", "", 200},
		"GET /metrics":                     {"*", "/metrics", "", 200}, // to this machine
		"GET /auth/oidc/start":             {"*", "/auth/oidc/start", "", 404},
		"GET /auth/oidc/callback":          {"*", "/auth/oidc/callback", "", 404},
		"GET /assets/":                     {"*", "/assets/" + none, "", 404},
		"GET /favicon.ico":                 {"*", "/favicon.ico", "", 302},
		"GET /login":                       {"*", "/login", "", 0},
		"POST /login":                      {"*", "/login", "name=", 400},
		"GET /setup":                       {"*", "/setup?ticket=" + none, "", 200},
		"POST /setup":                      {"*", "/setup", "password=a&again=b", 422},
		"POST /logout":                     {all, "/logout", "", 303},
		"/":                                {all, "/" + none, "", 404},
		"GET /{$}":                         {all, "/", "", 200},
		"GET /endpoints":                   {all, "/endpoints?status=fail", "", 200},
		"GET /transforms":                  {all, "/transforms", "", 200},
		"GET /findings":                    {all, "/findings", "", 200},
		"GET /findings.csv":                {all, "/findings.csv", "", 200},
		"GET /keys":                        {all, "/keys", "", 200},
		"GET /logs":                        {all, "/logs", "", 200},
		"GET /access":                      {all, "/access", "", 200},
		"GET /performance":                 {all, "/performance", "", 200},
		"GET /resource":                    {all, "/resource?arn=" + arn, "", 200},
		"GET /resource/edit":               {"oa", "/resource/edit?arn=" + arn, "", 200},
		"POST /resource/edit":              {"oa", "/resource/edit", "mode=" + none, 0},
		"GET /plans":                       {all, "/plans", "", 200},
		"POST /plans":                      {"oa", "/plans", "mode=" + none, 0},
		"GET /plans/{digest}":              {all, "/plans/" + digest, "", 200},
		"POST /plans/{digest}":             {"oa", "/plans/" + digest, "parallel=-1", 0},
		"GET /changes":                     {all, "/changes", "", 200},
		"GET /changes/{id}":                {all, "/changes/" + none, "", 404},
		"GET /changes/{id}/live":           {all, "/changes/" + none + "/live", "", 404},
		"GET /changes/{id}/evidence":       {all, "/changes/" + none + "/evidence", "", 0},
		"GET /changes/{id}/{verb}":         {all, "/changes/" + none + "/backout", "", 404},
		"POST /changes/{id}/{verb}":        {"oa", "/changes/" + none + "/backout", "at=1", 0},
		"GET /requests":                    {all, "/requests", "", 200},
		"GET /requests/{id}":               {all, "/requests/" + none, "", 404},
		"GET /requests/{id}/live":          {all, "/requests/" + none + "/live", "", 404},
		"POST /requests/{id}/decision":     {"pa", "/requests/" + none + "/decision", seen + "&digest=" + digest, 404},
		"POST /requests/{id}/start":        {"oa", "/requests/" + none + "/start", seen, 404},
		"POST /requests/{id}/withdrawal":   {"oa", "/requests/" + none + "/withdrawal", seen, 404},
		"POST /requests/{id}/interruption": {"oa", "/requests/" + none + "/interruption", seen, 404},
		"GET /cleanup":                     {"oa", "/cleanup", "", 200},
		"POST /cleanup":                    {"oa", "/cleanup", "configuration=" + none, 0},
		"GET /audits":                      {all, "/audits", "", 200},
		"POST /audits":                     {"oa", "/audits", "accounts=" + none, 422},
		"POST /schedules":                  {"a", "/schedules", "hours=" + none, 422},
		"POST /schedules/{id}":             {"a", "/schedules/" + none, seen, 404},
		"GET /audits/{id}":                 {all, "/audits/latest", "", 200},
		"GET /audits/{id}/since/{other}":   {all, "/audits/latest/since/latest", "", 0},
		"GET /audits/{id}/report/{format}": {all, "/audits/latest/report/json", "", 200},
		"GET /coverage":                    {all, "/coverage", "", 200},
		"GET /controls":                    {all, "/controls", "", 200},
		"GET /controls/{id}":               {all, "/controls/" + none, "", 404},
		"GET /policy":                      {all, "/policy", "", 200},
		"GET /exceptions":                  {all, "/exceptions", "", 200},
		"POST /exceptions":                 {"oa", "/exceptions", "control=" + none, 0},
		"POST /exceptions/{id}/decision":   {"pa", "/exceptions/" + none + "/decision", seen, 404},
		"POST /exceptions/{id}/end":        {"pa", "/exceptions/" + none + "/end", seen, 404},
		"GET /trail":                       {"pa", "/trail", "", 200},
		"GET /users":                       {"a", "/users", "", 200},
		"POST /users":                      {"a", "/users", "name=", 0},
		"POST /users/{id}":                 {"a", "/users/" + none, seen, 0},
		"POST /users/{id}/tickets":         {"a", "/users/" + none + "/tickets", "name=x", 404},
		"POST /tokens/{id}/end":            {"a", "/tokens/" + none + "/end", "", 404},
		"GET /account":                     {all, "/account", "", 200},
		"POST /account/password":           {all, "/account/password", "password=a&again=b", 422},
		"POST /account/tokens":             {all, "/account/tokens", "days=0", 422},
		"POST /account/tokens/{id}/end":    {all, "/account/tokens/" + none + "/end", "", 404},
	}
}

// asker is somebody who asks for every route: each time with something new to show.
type asker struct {
	name   string
	letter string // of the role; empty: nobody who counts
	who    func() somebody
}

// askers are everybody who is told apart.
func (w *world) askers() []asker {
	in := func(name string, roles ...auth.Role) func() somebody {
		w.user(name, roles...)
		return func() somebody { return w.user(name, roles...) }
	}
	// Those who are of no role any more would be administrators if they were let in.
	gone, left := w.user("gone", auth.Administrator), w.user("left", auth.Administrator)
	goneToken := w.token(gone, auth.Administrator)
	w.disable(gone)
	viewers := w.token(w.user("admin", auth.Administrator), auth.Viewer)
	return []asker{
		{"a stranger", "", func() somebody { return somebody{} }},
		{"a wrong cookie", "", func() somebody { return somebody{cookie: "nobody's"} }},
		{"a wrong token", "", func() somebody { return somebody{token: "gg_nobody"} }},
		{"a disabled user", "", func() somebody { return w.session(gone.id, w.now().Add(time.Hour)) }},
		{"a disabled user's token", "", func() somebody { return goneToken }},
		{"an expired session", "", func() somebody { return w.session(left.id, w.now().Add(-time.Second)) }},
		{"a viewer", "v", in("viewer", auth.Viewer)},
		{"an administrator's viewing token", "v", func() somebody { return viewers }},
		{"an operator", "o", in("operator", auth.Operator)},
		{"an approver", "p", in("approver", auth.Approver)},
		{"an administrator", "a", in("admin", auth.Administrator)},
	}
}

func TestEveryRouteForEverybody(t *testing.T) { //nolint:tparallel // the store is looked at after all of them
	t.Parallel()
	w := newWorld(t)
	arn := w.failing(t, 1)[0]
	all := rows(arn, w.plan(t, arn))
	askers := w.askers()
	before := w.contents()
	t.Run("routes", func(t *testing.T) {
		for _, pattern := range w.d.Patterns() {
			r, ok := all[pattern]
			if !ok {
				t.Errorf("%s has no row in this test: say who may have it", pattern)
				continue
			}
			delete(all, pattern)
			method, _, cut := strings.Cut(pattern, " ")
			if !cut {
				method = http.MethodGet
			}
			t.Run(pattern, func(t *testing.T) {
				t.Parallel()
				for _, a := range askers {
					w.visit(t, a, method, r)
				}
			})
		}
	})
	if rest := slices.Sorted(maps.Keys(all)); len(rest) > 0 {
		t.Errorf("nothing serves %v", rest)
	}
	w.unchanged(t, before)
}

// visit asks for a route as somebody, and looks whether the answer is the one for them.
func (w *world) visit(t *testing.T, a asker, method string, r row) {
	t.Helper()
	got := w.ask(t, a.who(), method, r.path, r.body)
	toLogin := got.status == http.StatusSeeOther && strings.HasPrefix(got.header.Get("Location"), "/login") && !strings.HasPrefix(got.header.Get("Location"), "/login?done=")
	refused := got.status == http.StatusForbidden || got.status == http.StatusUnauthorized || toLogin
	switch {
	case got.status >= http.StatusInternalServerError:
		t.Errorf("%s: %d %s", a.name, got.status, got.body)
	case r.may == "*" || a.letter != "" && strings.Contains(r.may, a.letter):
		if refused || r.want != 0 && got.status != r.want {
			t.Errorf("%s is answered %d, want %d: %s", a.name, got.status, r.want, got.body)
		}
	case a.letter == "":
		if live := strings.HasSuffix(r.path, "/live"); live && got.status != http.StatusUnauthorized || !live && !toLogin {
			t.Errorf("%s is answered %d %s", a.name, got.status, got.body)
		}
	case got.status != http.StatusForbidden:
		t.Errorf("%s is answered %d, want 403: %s", a.name, got.status, got.body)
	}
}

// TestEveryOperationForEverybody asks the daemon itself for what internal/api shows of the operations alone: that nothing
// before or behind them lets anybody else in.
func TestEveryOperationForEverybody(t *testing.T) { //nolint:tparallel // the store is looked at after all of them
	t.Parallel()
	w := newWorld(t)
	doc, err := openapi3.NewLoader().LoadFromData(api.Document())
	if err != nil {
		t.Fatal(err)
	}
	askers := w.askers()
	account := strings.Split(w.failing(t, 1)[0], ":")[4]
	before := w.contents()
	t.Run("operations", func(t *testing.T) {
		for path, item := range doc.Paths.Map() {
			for method, o := range item.Operations() {
				t.Run(o.OperationID, func(t *testing.T) {
					t.Parallel()
					need, _ := o.Extensions["x-permission"].(string)
					for _, a := range askers {
						w.operate(t, a, method, strings.ReplaceAll(path, "{account}", account), auth.Permission(need), o.RequestBody != nil)
					}
				})
			}
		}
	})
	w.unchanged(t, before)
}

// operate asks for an operation as somebody, in a way that makes no sense where it would change something.
func (w *world) operate(t *testing.T, a asker, method, path string, need auth.Permission, hasBody bool) {
	t.Helper()
	for name, value := range map[string]string{
		"{id}": "no-such-thing", "{other}": "latest", "{format}": "json", "{digest}": "0000", "{region}": region,
	} {
		path = strings.ReplaceAll(path, name, value)
	}
	body := ""
	if hasBody {
		body = `{"no such member": true}`
	}
	got := w.ask(t, a.who(), method, base+path, body)
	role := map[string]auth.Role{"v": auth.Viewer, "o": auth.Operator, "p": auth.Approver, "a": auth.Administrator}[a.letter]
	may := need == "" || (auth.Principal{Roles: []auth.Role{role}}).May(need)
	refused := got.status == http.StatusForbidden || got.status == http.StatusUnauthorized
	switch {
	case got.status >= http.StatusInternalServerError:
		t.Errorf("%s: %d %s", a.name, got.status, got.body)
	case may && refused:
		t.Errorf("%s is answered %d: %s", a.name, got.status, got.body)
	case !may && role == "" && (got.status != http.StatusUnauthorized || got.code() != "sign-in"):
		t.Errorf("%s is answered %d, want 401: %s", a.name, got.status, got.body)
	case !may && role != "" && (got.status != http.StatusForbidden || got.code() != "forbidden"):
		t.Errorf("%s is answered %d, want 403: %s", a.name, got.status, got.body)
	}
}
