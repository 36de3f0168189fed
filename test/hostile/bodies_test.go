package hostile

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/auth"
)

// TestJSON sends what parsers disagree about: what was checked must be what is done.
func TestJSON(t *testing.T) { //nolint:tparallel // the store is looked at after all of them
	t.Parallel()
	w := idle(t)
	admin := w.user("admin", auth.Administrator)
	before := w.contents()
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"the same member twice":              {`{"name":"a","every_minutes":60,"name":"b"}`, 400},
		"the same member twice, within":      {`{"name":"a","every_minutes":60,"scope":{"role":"a","role":"b"}}`, 400},
		"the same object twice":              {`{"name":"a","every_minutes":60,"scope":{"role":"` + strings.Repeat("x", 200) + `"},"scope":{"organization":true}}`, 400},
		"the same member, written otherwise": {`{"name":"a","every_minutes":60,"n\u0061me":"b"}`, 400},
		"the same member in another case":    {`{"name":"a","every_minutes":60,"NAME":"b"}`, 400},
		"a member in another case":           {`{"Name":"a","every_minutes":60}`, 400},
		"a member of a prototype":            {`{"name":"a","every_minutes":60,"__proto__":{"paused":true}}`, 400},
		"two values":                         {`{"name":"a","every_minutes":60}{"name":"b","every_minutes":60}`, 400},
		"a value and the rest of another":    {`{"name":"a","every_minutes":60}]`, 400},
		"a list":                             {`{"0":[]}`, 400},
		"a comment":                          {`{"name":"a",/* x */"every_minutes":60}`, 400},
		"a comma more":                       {`{"name":"a","every_minutes":60,}`, 400},
		"a mark before it":                   {"{\ufeff\"name\":\"a\",\"every_minutes\":60}", 400},
		"half of it":                         {`{"name":"a","every_min`, 400},
		"no UTF-8":                           {"{\"name\":\"a\xff\xfe\",\"every_minutes\":60}", 400},
		"UTF-8 that is too long":             {"{\"name\":\"a\xc0\xaf\",\"every_minutes\":60}", 400},
		"half a surrogate":                   {`{"name":"a\ud800","every_minutes":60}`, 400},
		"zero bytes":                         {`{"name":"a\u0000b","every_minutes":60}`, 400},
		"line breaks":                        {`{"name":"a\r\nb","every_minutes":60}`, 400},
		"terminal codes":                     {`{"name":"a\u001b[31m","every_minutes":60}`, 400},
		"a number as text":                   {`{"name":"a","every_minutes":"60"}`, 400},
		"a text as number":                   {`{"name":1,"every_minutes":60}`, 400},
		"a fraction":                         {`{"name":"a","every_minutes":60.5}`, 400},
		"a large number":                     {`{"name":"a","every_minutes":1e400}`, 400},
		"a number that would turn round":     {`{"name":"a","every_minutes":18446744073709551676}`, 400},
		"a number of a million digits":       {`{"name":"a","every_minutes":` + strings.Repeat("9", 1_000_000) + `}`, 400},
		"a negative number":                  {`{"name":"a","every_minutes":-60}`, 400},
		"no number":                          {`{"name":"a","every_minutes":NaN}`, 400},
		"null":                               {`{"name":null,"every_minutes":null}`, 400},
		"depth":                              {`{"name":"a","every_minutes":60,"scope":` + strings.Repeat(`{"scope":`, 50_000) + `1` + strings.Repeat("}", 50_001), 400},
		"depth in lists":                     {`{"name":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, 400},
		"many members":                       {`{"name":"a"` + manyMembers(50_000) + `}`, 400},
		"many items":                         {`{"name":"a","every_minutes":60,"scope":{"accounts":["111122223333"` + strings.Repeat(`,"111122223333"`, 20_000) + `]}}`, 400},
		"a large body":                       {`{"name":"` + strings.Repeat("a", 2<<20) + `","every_minutes":60}`, 413},
		"spaces without end":                 {`{"name":"a","every_minutes":60}` + strings.Repeat(" ", 2<<20), 413},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.ask(t, admin, http.MethodPost, base+"/schedules", c.body)
			if got.status != c.want || got.code() == "" || len(got.body) > 2000 {
				t.Errorf("answered %d %.500s, want %d", got.status, got.body, c.want)
			}
		})
	}
	w.unchanged(t, before)
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":1`, i)
	}
	return b.String()
}

// raw sends bytes as they are, and returns the status of each answer until the connection ends.
func (w *world) raw(t *testing.T, text string) (statuses []int) {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", w.d.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Log(err) // it may be cut off before all is said
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Log(err)
	}
	for in := bufio.NewReader(conn); ; {
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return statuses
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Log(err)
		}
		answer.Body.Close()
		statuses = append(statuses, answer.StatusCode)
	}
}

// TestFraming sends requests that lie about where they end. No second request may come out of the body of a first.
func TestFraming(t *testing.T) { //nolint:tparallel // the store is looked at after all of them
	t.Parallel()
	w := idle(t)
	admin := w.user("admin", auth.Administrator)
	before := w.contents()
	const body = `{"name":"forged","every_minutes":5}`
	head := "POST /api/v1/schedules HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nCookie: " + cookieName + "=" + admin.cookie + "\r\n"
	hidden := head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	for name, c := range map[string]struct {
		request string
		want    []int
	}{
		"more than there is":          {head + "Content-Length: 1000\r\n\r\n" + body, []int{400}},
		"less than there is":          {head + "Content-Length: 10\r\nConnection: close\r\n\r\n" + body, []int{400}},
		"a negative length":           {head + "Content-Length: -1\r\n\r\n" + body, []int{400}},
		"a length with a sign":        {head + "Content-Length: +35\r\n\r\n" + body, []int{400}},
		"two lengths":                 {head + "Content-Length: 35\r\nContent-Length: 1\r\n\r\n" + body, []int{400}},
		"a length and chunks":         {head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n" + hidden, []int{400}},
		"chunks that are not":         {head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n" + body, []int{400}},
		"chunks without end":          {head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n23\r\n" + body + "\r\n", []int{400}},
		"chunks, the size too large":  {head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nffffffffffffffff\r\n" + body, []int{400}},
		"chunks of another kind":      {head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", []int{501}},
		"chunks, twice said":          {head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden, []int{501}},
		"chunks, a space before":      {head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden, []int{400}},
		"many chunks":                 {head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + strings.Repeat("1000\r\n"+strings.Repeat(" ", 4096)+"\r\n", 512) + "0\r\n\r\n", []int{413}},
		"compressed":                  {head + "Content-Encoding: gzip\r\nContent-Length: 4\r\nConnection: close\r\n\r\n\x1f\x8b\x08\x00", []int{400}},
		"a line that goes on":         {"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\nConnection: close\r\n\r\n", []int{303}},
		"a header with a line break":  {"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\nConnection: close\r\n\r\n", []int{400}},
		"two hosts":                   {"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", []int{400}},
		"a whole address, elsewhere":  {"GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", []int{421}},
		"another protocol":            {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", []int{200}},
		"HTTP/2 without TLS":          {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400}},
		"another release of HTTP":     {"GET / HTTP/3.7\r\nHost: localhost\r\n\r\n", []int{505}},
		"no HTTP":                     {"EHLO evil.example\r\n", []int{400}},
		"TLS to what has none":        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", []int{400}},
		"many headers":                {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-A: b\r\n", 20_000) + "\r\n", []int{431}},
		"one large header":            {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("a", 200_000) + "\r\n\r\n", []int{431}},
		"a long address":              {"GET /healthz?" + strings.Repeat("a", 200_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{431}},
		"a name of a header too many": {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n", []int{400}},
		"no host by an old client":    {"GET /healthz HTTP/1.0\r\n\r\n", []int{200}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := w.raw(t, c.request); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("answered %v, want %v", got, c.want)
			}
		})
	}
	w.unchanged(t, before)
}

// TestParameters asks for lists in ways that no form of ours does. None may fail in the server, be taken for another, or
// choose more than was asked for.
func TestParameters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.user("admin", auth.Administrator)
	many := "status=fail" + strings.Repeat("&status=fail", 3_000)
	for query, want := range map[string]int{
		"limit=-1": 400, "limit=0": 400, "limit=501": 400, "limit=1e9": 400, "limit=99999999999999999999": 400, "limit=0x10": 400, "limit=٣": 400, "limit=+5": 400, "limit=5%00": 400,
		"limit=1&limit=2": 400, "limit": 400, "limit=": 400, "limit[]=5": 400,
		"offset=-1": 400, "offset=9223372036854775807": 400, "offset=9223372036854775808": 400, "offset=10000000": 200,
		"sort=name;drop table findings": 400, "sort=name,status": 400, "sort=rowid": 400,
		"q=" + url.QueryEscape(`' OR 1=1 --`): 200, "q=" + url.QueryEscape(`%_\"*' AND (NEAR`): 200, "q=%00": 400, "q=%ff": 400, "q=%zz": 400,
		"q=" + strings.Repeat("a", 201): 400, "q=" + strings.Repeat("%25", 200): 200,
		many: 400, "tag=" + strings.Repeat("a", 400): 400, "tag==": 200, "tag=a%3Db%3Dc": 200, "account=1%20OR%201": 400, "status=fail'--": 400,
		"nosuch=1": 400, "Status=fail": 400, "audit=../../etc/passwd": 400, "audit=latest%00": 400, "resource=arn%3A' OR 1": 200, "a=b;c=d": 400,
	} {
		name := query
		if len(name) > 40 {
			name = name[:40]
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := w.ask(t, admin, http.MethodGet, base+"/findings?"+strings.ReplaceAll(query, " ", "%20"), nil)
			if got.status != want || got.status == http.StatusOK && strings.Contains(query, "OR") && !strings.Contains(got.body, `"total":0`) {
				t.Errorf("answered %d %.300s, want %d", got.status, got.body, want)
			}
			// Pages leave out what makes no sense, since addresses are cut when they are sent; none fails.
			for _, path := range []string{"/findings", "/endpoints", "/findings.csv", "/changes", "/requests", "/audits", "/exceptions", "/trail", "/coverage", "/plans"} {
				page := w.ask(t, admin, http.MethodGet, path+"?"+strings.ReplaceAll(query, " ", "%20"), nil)
				if page.status >= http.StatusInternalServerError {
					t.Errorf("%s is answered %d %.300s", path, page.status, page.body)
				}
			}
		})
	}
}

// TestPaths looks for ways around the door by how a path is written.
func TestPaths(t *testing.T) {
	t.Parallel()
	w := idle(t)
	viewer := w.user("viewer", auth.Viewer)
	for _, path := range []string{
		"/users", "//users", "///users", "/./users", "/x/../users", "/users/", "/users/.", "/users//", "/%75sers", "/%2fusers", "/users%2f", "/users%20", "/users%00", "/users;x=y", "/users;",
		"/USERS", "/Users", "/users.html", "/users%2e", "/x/%2e%2e/users", "/%2e%2e/users", "/..%2fusers", "/..;/users", "/assets/../users", "/assets/%2e%2e/users", "/assets/..%2fusers", "/login/../users",
		"/login%2f..%2fusers", "/users?", "/users#", "/users%3f", "/users\\", "/%5cusers", "/users/%2e%2e/users", "/users/..%5c", "/healthz/../users", "/setup/../users", "/\u2215users", "/%ef%bc%8fusers",
		"/api/v1/users", "/api/v1//users", "/api//v1/users", "/api/v1/./users", "/api/v1/x/../users", "/api/v1/openapi.yaml/../users", "/api/v1/openapi.yaml%2f..%2fusers", "/api/v1/users/", "/api/v1/Users",
		"/API/v1/users", "/api/V1/users", "/api/v1/%75sers", "/api/v1/users%2f", "/api/v2/users", "/api/users", "/users/" + strings.Repeat("x", 50_000), "/" + strings.Repeat("../", 1000) + "users",
		"/trail", "/trail/check", "/trail%2fcheck", "/tokens", "/.git/config", "/debug/pprof/", "/debug/vars", "/etc/passwd", "/assets/../../../etc/passwd", "/assets/%2e%2e%2f%2e%2e%2fetc/passwd", "/assets/", "/assets", "/assets//",
	} {
		for name, who := range map[string]somebody{"a viewer": viewer, "a stranger": {}} {
			w.noWayIn(t, who, name, path)
		}
	}
}

// noWayIn demands that a path shows nothing, and leads nowhere else.
func (w *world) noWayIn(t *testing.T, who somebody, name, path string) {
	t.Helper()
	head := "GET " + path + " HTTP/1.1\r\nHost: " + w.d.Address() + "\r\nConnection: close\r\n"
	if who.cookie != "" {
		head += "Cookie: " + cookieName + "=" + who.cookie + "\r\n"
	}
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", w.d.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.80s: %v", path, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	to := answer.Header.Get("Location")
	switch {
	case answer.StatusCode == http.StatusOK || answer.StatusCode >= http.StatusInternalServerError:
		t.Errorf("%s: %.80s is answered %s %.300s", name, path, answer.Status, body)
	case to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n")):
		t.Errorf("%s: %.80s leads to %q", name, path, to)
	}
}

// TestGone has clients that say no more before they are answered: what they asked for is done, all of it, and in the trail.
func TestGone(t *testing.T) {
	t.Parallel()
	w := idle(t)
	admin := w.user("admin", auth.Administrator)
	for i := range 10 {
		body := fmt.Sprintf(`{"name":"n%d","every_minutes":60,"paused":true}`, i)
		got := w.raw(t, fmt.Sprintf("POST /api/v1/schedules HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nCookie: %s=%s\r\nContent-Length: %d\r\n\r\n%s",
			cookieName, admin.cookie, len(body), body))
		if fmt.Sprint(got) != "[201]" {
			t.Errorf("answered %v", got)
		}
	}
	if n := len(w.deeds(t, "schedule.create")); n != 10 {
		t.Errorf("%d of 10 are in the trail", n)
	}
}
