package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/daemon"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/sandbox/scenario"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

const (
	region   = "us-east-1"
	password = "quartz-lantern-41-umbra" //nolint:gosec // of a user of a test
	admin    = "admin"
)

// stage is a simulated AWS, with a daemon before it whose console is walked through.
type stage struct {
	t     *testing.T
	aws   *sandbox.Server
	store *sqlite.Store
	file  string // the store's
	url   string
	admin string // a session of the administrator, who was there first
}

// props say how a stage differs from the usual one: a resource for every verdict in one region, and an audit at the start.
type props struct {
	sandbox sandbox.Options
	daemon  func(*daemon.Options)
}

func newStage(t *testing.T, set ...func(*props)) *stage {
	t.Helper()
	p := props{
		sandbox: sandbox.Options{Scenario: scenario.Small, Regions: []string{region}, Provisioning: 300 * time.Millisecond},
		daemon:  func(*daemon.Options) {},
	}
	for _, f := range set {
		f(&p)
	}
	s := &stage{t: t, file: filepath.Join(t.TempDir(), "state.db")}
	var err error
	if s.aws, err = sandbox.Start("127.0.0.1:0", p.sandbox); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.aws.Close() })
	if s.store, err = sqlite.Open(t.Context(), s.file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	s.serve(p.daemon)
	s.audited()
	return s
}

// serve runs the daemon until the end of the test, and has its administrator signed in.
func (s *stage) serve(set func(*daemon.Options)) {
	s.t.Helper()
	o := daemon.Options{
		Store: s.store, Listen: "127.0.0.1:0", Sandbox: true, FirstAudit: &store.AuditScope{},
		Policy: func() (policy.Policy, error) { return policy.Default(policy.SOP), nil },
		Open: func(ctx context.Context, role string, observe func(operation, outcome string)) (*awsapi.Session, error) {
			return awsapi.Open(ctx, awsapi.Options{
				Role: role, Region: region, EndpointURL: s.aws.URL, Observe: observe, Keys: &awsapi.Keys{AccessKeyID: "demo", SecretAccessKey: "demo"},
			})
		},
		Hashing: auth.Hashing{Memory: 1024, Time: 1, Threads: 1},
		NewID:   func() string { return uuid.Must(uuid.NewV7()).String() },
		Log:     slog.New(slog.NewTextHandler(s.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	set(&o)
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	d, err := daemon.Open(ctx, o)
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, d.Close()); err != nil {
			s.t.Error(err)
		}
	})
	s.url = d.URL()
	link, err := d.SetupLink(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	_, secret, _ := strings.Cut(link, "ticket=")
	s.admin = s.enter(admin, secret)
}

// enter sets a user's password by the secret of a one-time link, and returns a session.
func (s *stage) enter(name, secret string) string {
	s.t.Helper()
	s.call("", http.MethodPost, "/tickets", map[string]any{"secret": secret, "password": password}, nil)
	return s.signIn(name)
}

func (s *stage) signIn(name string) string {
	s.t.Helper()
	answer := s.call("", http.MethodPost, "/session", map[string]any{"name": name, "password": password}, nil)
	for _, c := range answer.Cookies() {
		return c.Value
	}
	s.t.Fatal("no cookie came with the session")
	return ""
}

// user adds somebody, and returns a session of theirs.
func (s *stage) user(name string, roles ...auth.Role) string {
	s.t.Helper()
	var made struct {
		Ticket struct {
			Secret string `json:"secret"`
		} `json:"ticket"`
	}
	s.call(s.admin, http.MethodPost, "/users", map[string]any{"name": name, "roles": roles}, &made)
	return s.enter(name, made.Ticket.Secret)
}

// call asks the API, which must not say no.
func (s *stage) call(session, method, path string, body, into any) *http.Response {
	s.t.Helper()
	var text io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		text = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+"/api/v1"+path, text)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if session != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: session}) //nolint:gosec // goes to the server
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= http.StatusBadRequest {
		s.t.Fatalf("%s %s: %s %s %v", method, path, answer.Status, said, err)
	}
	if into != nil {
		if err := json.Unmarshal(said, into); err != nil {
			s.t.Fatal(err)
		}
	}
	return answer
}

const cookieName = "glueguard_session"

// audited waits for the first audit's end, by the events that live pages hang on.
func (s *stage) audited() {
	s.t.Helper()
	s.follow("the first audit", func() bool {
		var list struct {
			Total int `json:"total"`
		}
		s.call(s.admin, http.MethodGet, "/audits", nil, &list)
		return list.Total > 0
	})
}

// follow looks at each event whether it is so.
func (s *stage) follow(what string, so func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/events", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: cookieName, Value: s.admin}) //nolint:gosec // goes to the server
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	for buffer := make([]byte, 4096); ; {
		if _, err := answer.Body.Read(buffer); err != nil {
			s.t.Fatalf("the events ended before %s: %v", what, err)
		}
		if so() {
			return
		}
	}
}

// faults makes the simulated AWS go wrong from now on.
func (s *stage) faults(f ...sandbox.Fault) {
	s.t.Helper()
	s.control("faults", f)
}

// control turns a knob of the simulated AWS.
func (s *stage) control(what string, body any) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.aws.URL+"/_sandbox/"+what, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s", what, answer.Status)
	}
}

// visit opens a tab for somebody who has signed in.
func (s *stage) visit(t *testing.T, session string) *page {
	t.Helper()
	p := newPage(t, s.url)
	p.cookie(cookieName, session)
	return p
}
