package hostile

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/daemon"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/sandbox/scenario"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

const (
	region     = "us-east-1"
	cookieName = "glueguard_session"
	base       = "/api/v1"
	password   = "quartz-lantern-41-umbra"
)

// world is a daemon, the store that it works on, and the simulated AWS behind it.
type world struct {
	t     *testing.T
	aws   *sandbox.Server
	store *sqlite.Store
	d     *daemon.Daemon
	http  *http.Client
	log   lockedBuffer
	later atomic.Int64 // how far the daemon's clock is ahead
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// newWorld begins one whose first audit is over, if it has one.
func newWorld(t *testing.T, change ...func(*daemon.Options)) *world {
	t.Helper()
	w := &world{t: t, http: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 50},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	t.Cleanup(w.http.CloseIdleConnections)
	var err error
	w.aws, err = sandbox.Start("127.0.0.1:0", sandbox.Options{Scenario: scenario.Small, Regions: []string{region}, Provisioning: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.aws.Close() })
	if w.store, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	o := daemon.Options{
		Store: w.store, Listen: "127.0.0.1:0", Sandbox: true, FirstAudit: &store.AuditScope{}, Version: "test",
		Policy: func() (policy.Policy, error) { return policy.Default(policy.SOP), nil },
		Open: func(ctx context.Context, role string, observe func(operation, outcome string)) (*awsapi.Session, error) {
			return awsapi.Open(ctx, awsapi.Options{
				Role: role, Region: region, EndpointURL: w.aws.URL, Observe: observe, Keys: &awsapi.Keys{AccessKeyID: "demo", SecretAccessKey: "demo"},
			})
		},
		Hashing: auth.Hashing{Memory: 64, Time: 1, Threads: 1},
		NewID:   func() string { return uuid.Must(uuid.NewV7()).String() },
		Log:     slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Clock:   daemon.Clock{Time: w.now},
	}
	for _, c := range change {
		c(&o)
	}
	w.serve(o)
	if o.FirstAudit != nil {
		w.until("the first audit", func() bool {
			_, err := w.store.Audit(t.Context(), "latest")
			return err == nil
		})
	}
	return w
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.later.Load())) }

// pass sets the daemon's clock forward.
func (w *world) pass(d time.Duration) { w.later.Add(int64(d)) }

func (w *world) serve(o daemon.Options) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	var err error
	if w.d, err = daemon.Open(ctx, o); err != nil {
		cancel()
		w.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- w.d.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, w.d.Close()); err != nil {
			w.t.Error(err)
		}
	})
}

// until follows the daemon's events until it is so.
func (w *world) until(what string, so func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	r := w.request(http.MethodGet, base+"/events", "").WithContext(ctx)
	w.user("watcher", auth.Viewer).sign(r)
	answer, err := w.http.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	for buffer := make([]byte, 4096); ; {
		if _, err := answer.Body.Read(buffer); err != nil {
			w.t.Fatalf("the events ended before %s: %v\n%s", what, err, w.log.String())
		}
		if so() {
			return
		}
	}
}

// somebody is who shows something with a request; the zero value shows nothing.
type somebody struct {
	id            string // the user's
	cookie, token string
}

func (s somebody) sign(r *http.Request) {
	if s.cookie != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: s.cookie})
	}
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// user is somebody who has signed in; the first time, the user is made.
func (w *world) user(name string, roles ...auth.Role) somebody {
	w.t.Helper()
	u, err := w.store.UserByName(w.t.Context(), name)
	if errors.Is(err, store.ErrNotFound) {
		u = store.User{ID: uuid.NewString(), Name: name, CreatedAt: w.now()}
		for _, r := range roles {
			u.Roles = append(u.Roles, string(r))
		}
		err = w.store.CreateUser(w.t.Context(), u)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return w.session(u.ID, w.now().Add(time.Hour))
}

// session signs a user in until then.
func (w *world) session(id string, ends time.Time) somebody {
	w.t.Helper()
	cookie, now := rand.Text(), w.now()
	err := w.store.SaveSession(w.t.Context(), store.Session{Hash: hashOf(cookie), UserID: id, CreatedAt: now, SeenAt: now, ExpiresAt: ends})
	if err != nil {
		w.t.Fatal(err)
	}
	return somebody{id: id, cookie: cookie}
}

// token is a program that somebody has given a token.
func (w *world) token(owner somebody, roles ...auth.Role) somebody {
	w.t.Helper()
	text := "gg_" + rand.Text()
	k := store.Token{ID: uuid.NewString(), Name: "token", Hash: hashOf(text), UserID: owner.id, CreatedAt: w.now(), ExpiresAt: w.now().Add(time.Hour)}
	for _, r := range roles {
		k.Roles = append(k.Roles, string(r))
	}
	if err := w.store.SaveToken(w.t.Context(), k); err != nil {
		w.t.Fatal(err)
	}
	return somebody{id: owner.id, token: text}
}

// disable disables a user, and leaves what was signed in as it is.
func (w *world) disable(s somebody) {
	w.t.Helper()
	u, err := w.store.User(w.t.Context(), s.id)
	if err == nil {
		u.Disabled = true
		err = w.store.UpdateUser(w.t.Context(), u)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// request makes one; bodies that begin with a brace are JSON, others are forms.
func (w *world) request(method, path, body string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.d.Address()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	switch {
	case strings.HasPrefix(body, "{"):
		r.Header.Set("Content-Type", "application/json")
	case body != "":
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// code is that of a problem.
func (a answer) code() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal([]byte(a.body), &p) // what is none has no code
	return p.Code
}

// object is the body of a success, as JSON.
func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil || a.status >= http.StatusBadRequest {
		t.Fatalf("answered %d %s: %v", a.status, a.body, err)
	}
	return v
}

func (w *world) do(t *testing.T, r *http.Request) answer {
	t.Helper()
	got, err := w.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	a := answer{status: got.StatusCode, header: got.Header}
	if strings.HasPrefix(got.Header.Get("Content-Type"), "text/event-stream") {
		return a // it has no end
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	a.body = string(body)
	return a
}

// ask sends what somebody asks for.
func (w *world) ask(t *testing.T, who somebody, method, path string, body any, set ...func(*http.Request)) answer {
	t.Helper()
	text, plain := body.(string)
	if !plain && body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(b)
	}
	r := w.request(method, path, text)
	who.sign(r)
	for _, s := range set {
		s(r)
	}
	return w.do(t, r)
}

type object = map[string]any

// failing are resources that fail.
func (w *world) failing(t *testing.T, n int) []string {
	t.Helper()
	admin := w.user("admin", auth.Administrator)
	found := w.ask(t, admin, http.MethodGet, base+"/findings?status=fail&control=glue-dev-endpoint-s3-encryption", nil).object(t)["items"].([]any)
	if len(found) < n {
		t.Fatalf("only %d fail", len(found))
	}
	var arns []string
	for _, f := range found[:n] {
		arns = append(arns, f.(object)["resource"].(object)["arn"].(string))
	}
	return arns
}

// plan makes one of a resource, and returns its digest.
func (w *world) plan(t *testing.T, arn string) string {
	t.Helper()
	admin := w.user("admin", auth.Administrator)
	return w.ask(t, admin, http.MethodPost, base+"/plans", object{"resources": []string{arn}, "mode": "SSE-S3"}).object(t)["digest"].(string)
}

// contents is all that the store holds but sign-ins, when tokens were used, and the audit trail.
func (w *world) contents() string {
	w.t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	ctx := w.t.Context()
	err := errors.Join(
		w.store.EachUser(ctx, func(u store.User) error { return e.Encode(u) }),
		w.store.EachToken(ctx, "", func(t store.Token) error {
			t.UsedAt = time.Time{}
			return e.Encode(t)
		}),
		w.store.EachRequest(ctx, store.RequestFilter{}, func(q store.Request) error { return e.Encode(q) }),
		w.store.EachException(ctx, func(x store.Exception) error { return e.Encode(x) }),
		w.store.EachSchedule(ctx, func(s store.Schedule) error { return e.Encode(s) }),
		w.store.EachPlan(ctx, 0, func(p store.PlanHead) error { return e.Encode(p) }),
		w.store.EachAudit(ctx, func(a store.Audit) error { return e.Encode(a) }),
		w.store.EachChange(ctx, store.ChangeFilter{}, func(c *change.Change) error { return e.Encode([]any{c.Head, c.Seq, c.State}) }),
	)
	if err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

// unchanged fails where the store holds anything else than before.
func (w *world) unchanged(t *testing.T, before string) {
	t.Helper()
	after := w.contents()
	if after == before {
		return
	}
	had := map[string]bool{}
	for line := range strings.Lines(before) {
		had[line] = true
	}
	for line := range strings.Lines(after) {
		if !had[line] {
			t.Errorf("the store holds now\n%s", line)
		}
		delete(had, line)
	}
	for line := range had {
		t.Errorf("the store held before\n%s", line)
	}
}

// deeds are the entries of the audit trail of one action, the newest first.
func (w *world) deeds(t *testing.T, action string) []store.Deed {
	t.Helper()
	var all []store.Deed
	err := w.store.EachDeed(t.Context(), 0, 0, func(d store.Deed) error {
		if d.Action == action {
			all = append(all, d)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
