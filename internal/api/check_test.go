package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
)

func TestRequestsThatAreNotAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	admin := w.user(t, "ada", auth.Administrator)
	const json = "application/json"
	long := strings.Repeat("x", 3000)
	for name, test := range map[string]struct {
		method, path, kind, body string
		status                   int
		code                     string
		says                     string // in the detail
	}{
		"an unknown parameter":               {"GET", "/findings?acount=111122223333", "", "", 400, "invalid", `"acount"`},
		"a parameter twice":                  {"GET", "/findings?limit=1&limit=2", "", "", 400, "invalid", "2 times"},
		"a limit that is too large":          {"GET", "/findings?limit=501", "", "", 400, "invalid", `"limit"`},
		"a limit of nothing":                 {"GET", "/findings?limit=0", "", "", 400, "invalid", `"limit"`},
		"a limit that is no number":          {"GET", "/findings?limit=many", "", "", 400, "invalid", `"limit"`},
		"a negative offset":                  {"GET", "/findings?offset=-1", "", "", 400, "invalid", `"offset"`},
		"a status that there is not":         {"GET", "/findings?status=bad", "", "", 400, "invalid", `"status"`},
		"an account that is none":            {"GET", "/findings?account=me", "", "", 400, "invalid", `"account"`},
		"a search that is too long":          {"GET", "/findings?q=" + long, "", "", 400, "invalid", `"q"`},
		"a search with a control character":  {"GET", "/findings?q=%00", "", "", 400, "invalid", `"q"`},
		"a query that is no UTF-8":           {"GET", "/findings?q=%ff", "", "", 400, "invalid", "UTF-8"},
		"a query that is broken":             {"GET", "/findings?q=%zz", "", "", 400, "invalid", "query"},
		"a finding's id that is none":        {"GET", "/findings/abc", "", "", 400, "invalid", `"id"`},
		"a report format that there is not":  {"GET", "/audits/latest/report/pdf", "", "", 400, "invalid", `"format"`},
		"a missing parameter":                {"GET", "/resource", "", "", 400, "invalid", `"arn"`},
		"a region that is none":              {"GET", "/locations/111122223333/nowhere/keys", "", "", 400, "invalid", `"region"`},
		"an id with a path in it":            {"GET", "/requests/..%2f..%2fusers", "", "", 400, "invalid", `"id"`},
		"a body where none is wanted":        {"GET", "/findings", json, "{}", 400, "invalid", "body"},
		"no body":                            {"POST", "/users", json, "", 400, "invalid", "missing"},
		"no content type":                    {"POST", "/users", "", `{"name":"a","roles":["viewer"]}`, 415, "media-type", "application/json"},
		"a form":                             {"POST", "/users", "application/x-www-form-urlencoded", "name=a", 415, "media-type", "application/json"},
		"text that is JSON":                  {"POST", "/users", "text/plain", `{"name":"a","roles":["viewer"]}`, 415, "media-type", "application/json"},
		"no JSON":                            {"POST", "/users", json, `{"name":`, 400, "invalid", "no JSON"},
		"two values":                         {"POST", "/users", json, `{"name":"a","roles":["viewer"]}{}`, 400, "invalid", "no JSON"},
		"another type":                       {"POST", "/users", json, `[]`, 400, "invalid", "body"},
		"null":                               {"POST", "/users", json, `null`, 400, "invalid", "body"},
		"an unknown member":                  {"POST", "/users", json, `{"name":"a","roles":["viewer"],"admin":true}`, 400, "invalid", "admin"},
		"an unknown member deep inside":      {"POST", "/requests", json, `{"work":{"kind":"audit","audit":{"regoins":[]}}}`, 400, "invalid", "regoins"},
		"a missing member":                   {"POST", "/users", json, `{"name":"a"}`, 400, "invalid", "roles"},
		"a role that there is not":           {"POST", "/users", json, `{"name":"a","roles":["god"]}`, 400, "invalid", "roles.0"},
		"a role twice":                       {"POST", "/users", json, `{"name":"a","roles":["viewer","viewer"]}`, 400, "invalid", "roles"},
		"a name with a line's end":           {"POST", "/users", json, `{"name":"a\nb","roles":["viewer"]}`, 400, "invalid", "name"},
		"a name that is too long":            {"POST", "/users", json, `{"name":"` + long + `","roles":["viewer"]}`, 400, "invalid", "name"},
		"a reason that is too long":          {"POST", "/requests", json, `{"work":{"kind":"audit"},"reason":"` + long + `"}`, 400, "invalid", "reason"},
		"a member of another type":           {"POST", "/users", json, `{"name":1,"roles":["viewer"]}`, 400, "invalid", "name"},
		"a number that is no whole one":      {"POST", "/schedules", json, `{"name":"n","every_minutes":5.5}`, 400, "invalid", "every_minutes"},
		"a body that is too large":           {"POST", "/users", json, `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "too-large", "1048576"},
		"a path that there is not":           {"GET", "/nothing", "", "", 404, "not-found", "path"},
		"a path above all":                   {"GET", "", "", "", 404, "not-found", "path"},
		"a method that there is not":         {"PUT", "/users", json, "{}", 405, "method", "GET, HEAD, POST"},
		"a method that nobody knows":         {"BREW", "/users", "", "", 405, "method", "GET"},
		"a plan's digest that is no digest":  {"GET", "/plans/xyz", "", "", 400, "invalid", `"digest"`},
		"a plan that there is not":           {"GET", "/plans/0000", "", "", 404, "not-found", "plan"},
		"a change that there is not":         {"GET", "/changes/none", "", "", 404, "not-found", "change"},
		"an audit that there is not":         {"GET", "/audits/none", "", "", 404, "not-found", "audit"},
		"findings of an audit there is not":  {"GET", "/findings?audit=none", "", "", 404, "not-found", "audit"},
		"a resource that there is not":       {"GET", "/resource?arn=arn:aws:glue:eu-west-1:111122223333:devEndpoint/no", "", "", 404, "not-found", "resource"},
		"an audit compared with itself":      {"GET", "/audits/latest/since/audit-2", "", "", 422, "unprocessable", "itself"},
		"audits compared the wrong way":      {"GET", "/audits/audit-1/since/latest", "", "", 422, "unprocessable", "other way"},
		"a control that there is not":        {"GET", "/controls/none", "", "", 404, "not-found", "control"},
		"a password, which is not repeated":  {"POST", "/session", json, `{"name":"a","password":{"secret":"hunter2"}}`, 400, "invalid", "password"},
		"a patch that rests on no version":   {"PATCH", "/users/user-ada", json, `{"disabled":true}`, 400, "invalid", "version"},
		"a patch that rests on another one":  {"PATCH", "/users/user-ada", json, `{"disabled":true,"version":77}`, 409, "conflict", "changed"},
		"the last administrator, disabled":   {"PATCH", "/users/user-ada", json, `{"disabled":true,"version":0}`, 409, "not-now", "last administrator"},
		"a token with another's roles":       {"POST", "/account/tokens", json, `{"name":"t","roles":["viewer"],"expires_days":367}`, 400, "invalid", "expires_days"},
		"a key and a new key":                {"POST", "/plans", json, `{"mode":"SSE-KMS","kms_key":"alias/a","create_key":"alias/b"}`, 422, "unprocessable", "one of them"},
		"a key for SSE-S3":                   {"POST", "/plans", json, `{"mode":"SSE-S3","kms_key":"alias/a"}`, 422, "unprocessable", "SSE-S3"},
		"a plan of what can't be planned":    {"POST", "/plans", json, `{"resources":["arn:aws:s3:::bucket"]}`, 422, "unprocessable", "neither"},
		"a plan of an audit there is not":    {"POST", "/plans", json, `{"audit":"none"}`, 404, "not-found", "audit"},
		"a schedule that runs all the time":  {"POST", "/schedules", json, `{"name":"n","every_minutes":1}`, 400, "invalid", "every_minutes"},
		"an exception without an end":        {"POST", "/exceptions", json, `{"control":"glue-dev-endpoint-s3-encryption","resource":"arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl","reason":"r","owner":"o","expires":"2026-02-31"}`, 422, "unprocessable", "no date"},
		"an exception that has ended before": {"POST", "/exceptions", json, `{"control":"glue-dev-endpoint-s3-encryption","resource":"arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl","reason":"r","owner":"o","expires":"2026-11-22"}`, 422, "unprocessable", "passed"},
		"an exception for ever":              {"POST", "/exceptions", json, `{"control":"glue-dev-endpoint-s3-encryption","resource":"arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl","reason":"r","owner":"o","expires":"2036-11-22"}`, 422, "unprocessable", "within a year"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), test.method, w.web.URL+api.BasePath+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.kind != "" {
				r.Header.Set("Content-Type", test.kind)
			}
			got := w.do(t, w.session(t, admin.ID), r)
			if got.status != test.status || got.problem(t) != test.code || !strings.Contains(string(got.body), strings.ReplaceAll(test.says, `"`, `\"`)) {
				t.Errorf("answered %s, want %d %s with %s", got, test.status, test.code, test.says)
			}
			if strings.Contains(string(got.body), "hunter2") || strings.Contains(string(got.body), long[:50]) {
				t.Errorf("what was sent is repeated: %s", got)
			}
		})
	}
}

func TestStrangersLearnNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	for name, path := range map[string]string{
		"of limits":    "/findings?limit=100000",
		"of audits":    "/audits/none",
		"of resources": "/resource?arn=" + etlARN,
	} {
		got := w.ask(t, "", "GET", path, nil)
		if got.status != http.StatusUnauthorized || got.problem(t) != "sign-in" || got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: answered %s", name, got)
		}
	}
}

func TestOtherSitesChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.user(t, "ada", auth.Administrator)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.web.URL+api.BasePath+"/users", strings.NewReader(`{"name":"eve","roles":["administrator"]}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.AddCookie(&http.Cookie{Name: "glueguard_session", Value: w.session(t, admin.ID)})
	res, err := w.web.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("answered %d", res.StatusCode)
	}
	if _, err := w.store.UserByName(t.Context(), "eve"); err == nil {
		t.Error("the user was made")
	}
}
