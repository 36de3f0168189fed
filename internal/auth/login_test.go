package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

func TestSetup(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t)
	first, err := w.Setup(ctx)
	if err != nil || first == nil {
		t.Fatalf("the first start gives %v, %v", first, err)
	}
	second, err := w.service().Setup(ctx)
	if err != nil || second == nil || second.Secret == first.Secret {
		t.Fatalf("the second start gives %v, %v", second, err)
	}
	_, err = w.UseTicket(ctx, first.Secret, good)
	expect(t, err, auth.ErrTicket)
	var weak *auth.PasswordError
	if _, err := w.UseTicket(ctx, second.Secret, "admin admin 123"); !errors.As(err, &weak) {
		t.Errorf("the user's own name as password gives %v", err)
	}
	if _, err := w.UseTicket(ctx, second.Secret, good); err != nil {
		t.Fatalf("a password that was refused must leave the link usable: %v", err)
	}
	_, err = w.UseTicket(ctx, second.Secret, better)
	expect(t, err, auth.ErrTicket)
	if none, err := w.service().Setup(ctx); none != nil || err != nil {
		t.Errorf("once there is an administrator, a start gives %v, %v", none, err)
	}
	p, err := w.Principal(ctx, w.login("ADMIN", good))
	if err != nil || !p.May(auth.ManageUsers) || p.Actor.Name != "admin" {
		t.Errorf("the administrator is %+v, %v", p, err)
	}
}

func TestTicketExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, link, err := w.CreateUser(as(auth.Administrator), "dora", []auth.Role{auth.Viewer})
	if err != nil {
		t.Fatal(err)
	}
	w.pass(link.ExpiresAt.Sub(w.Now()))
	_, err = w.UseTicket(context.Background(), link.Secret, good)
	expect(t, err, auth.ErrTicket)
}

func TestLoginRefusals(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t)
	w.user("alice", good, auth.Administrator)
	off := w.user("off", good, auth.Viewer)
	yes := true
	if _, err := w.UpdateUser(as(auth.Administrator), off.ID, auth.UserChange{Disabled: &yes, Version: off.Version}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.CreateUser(as(auth.Administrator), "fresh", []auth.Role{auth.Viewer}); err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for name, c := range map[string]struct{ name, password, deed string }{
		"wrong password":           {"alice", better, "alice"},
		"unknown name":             {"hunter2 in the wrong field", good, ""},
		"disabled":                 {"off", good, "off"},
		"no password yet":          {"fresh", "", "fresh"},
		"no password, a long one":  {"fresh", strings.Repeat("x", 200), "fresh"},
		"a password of a megabyte": {"alice", strings.Repeat("x", 1<<20), "alice"},
		"no name":                  {"", "", ""},
	} {
		cookie, _, err := w.Login(ctx, c.name, c.password, address)
		if !errors.Is(err, auth.ErrCredentials) || cookie != "" {
			t.Errorf("%s: %q, %v", name, cookie, err)
			continue
		}
		said[err.Error()] = true
		if d := w.deeds()[0]; d.Actor.Name != c.deed || d.Outcome != store.DeedRefused || d.Actor.Address != address {
			t.Errorf("%s: the trail says %+v", name, d)
		}
	}
	if len(said) != 1 {
		t.Errorf("refusals can be told apart: %v", said)
	}
	for _, d := range w.deeds() {
		for k, v := range d.Detail {
			if strings.Contains(k+v, "hunter2") || strings.Contains(k+v, good) {
				t.Errorf("the trail holds a secret: %+v", d)
			}
		}
	}
}

// TestNoEnumeration holds sign-ins of people who are there and of people who are not to the same work.
func TestNoEnumeration(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *auth.Options) { o.Hashing = auth.Hashing{Memory: 8 << 10, Time: 6, Threads: 1} })
	w.user("alice", good, auth.Viewer)
	off := w.user("off", good, auth.Viewer)
	yes := true
	if _, err := w.UpdateUser(as(auth.Administrator), off.ID, auth.UserChange{Disabled: &yes, Version: off.Version}); err != nil {
		t.Fatal(err)
	}
	names := []string{"alice", "nobody", "off"}
	least := map[string]time.Duration{}
	for range 3 { // in turns, and the quickest counts: other tests run beside this one
		for _, name := range names {
			began := time.Now()
			_, _, err := w.Login(context.Background(), name, better, address)
			expect(t, err, auth.ErrCredentials)
			if took := time.Since(began); least[name] == 0 || took < least[name] {
				least[name] = took
			}
			w.pass(time.Hour)
		}
	}
	for _, name := range names { // without the same work the factor is a thousand; a busy machine makes it ten
		if least[name] < least["alice"]/50 || least[name] > 50*least["alice"] {
			t.Errorf("%s takes %s, a known name %s", name, least[name], least["alice"])
		}
	}
}

func TestRehash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.user("alice", good, auth.Viewer).PasswordHash
	w.login("alice", good)
	if w.read("alice").PasswordHash != before {
		t.Error("a hash that is good enough was made again")
	}
	w.Service = w.service(func(o *auth.Options) { o.Hashing = auth.Hashing{Memory: 64, Time: 2, Threads: 1} })
	w.login("alice", good)
	after := w.read("alice").PasswordHash
	if !strings.HasPrefix(after, "$argon2id$v=19$m=64,t=2,p=1$") {
		t.Errorf("the hash is %s", after)
	}
	w.login("alice", good)
}

func TestSessionRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("alice", good, auth.Viewer)
	old := w.login("alice", good)
	value, session, err := w.Login(w.signedIn(old), "alice", good, address)
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := old.Cookie("glueguard_session"); c.Value == value {
		t.Error("a sign-in kept the cookie that there was")
	}
	if w.holds(old) {
		t.Error("the sign-in before it still holds")
	}
	if session.Hash == value || strings.Contains(session.Hash, value) {
		t.Error("the store keeps the cookie itself")
	}
	planted := httptest.NewRequest(http.MethodGet, "/", nil)
	planted.AddCookie(&http.Cookie{Name: "glueguard_session", Value: "planted"})
	ctx := context.Background()
	var seen context.Context
	w.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Context() })).ServeHTTP(httptest.NewRecorder(), planted)
	if value, _, err := w.Login(seen, "alice", good, address); err != nil || value == "planted" {
		t.Errorf("a planted cookie gives %q, %v", value, err)
	}
	if _, err := w.Principal(ctx, planted); !errors.Is(err, auth.ErrSignedOut) {
		t.Errorf("a planted cookie came to mean somebody: %v", err)
	}
}

func TestSessionTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *auth.Options) { o.Idle, o.Absolute = 30*time.Minute, 2*time.Hour })
	w.user("alice", good, auth.Viewer)

	idle := w.login("alice", good)
	w.pass(29 * time.Minute)
	if !w.holds(idle) {
		t.Error("a sign-in ended before it was idle for long enough")
	}
	w.pass(29*time.Minute + 59*time.Second)
	if !w.holds(idle) {
		t.Error("being used did not keep a sign-in")
	}
	w.pass(30 * time.Minute)
	if w.holds(idle) {
		t.Error("an idle sign-in holds")
	}

	busy := w.login("alice", good)
	for range 5 {
		w.pass(20 * time.Minute)
		if !w.holds(busy) {
			t.Error("a busy sign-in ended early")
		}
	}
	w.pass(20 * time.Minute)
	if w.holds(busy) {
		t.Error("a busy sign-in outlives its absolute time")
	}
}

// countingSessions counts how often it is noted that a session is in use.
type countingSessions struct {
	store.Credentials
	mu sync.Mutex
	n  int
}

func (c *countingSessions) SessionSeen(ctx context.Context, hash string, at time.Time) error {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.Credentials.SessionSeen(ctx, hash, at)
}

func TestSeenOnceAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("alice", good, auth.Viewer)
	count := &countingSessions{Credentials: w.store}
	w.Service = w.service(func(o *auth.Options) { o.Credentials = count })
	r := w.login("alice", good)
	for range 180 {
		w.pass(time.Second)
		w.holds(r)
	}
	if count.n != 3 { // minutes
		t.Errorf("the session was written %d times", count.n)
	}
}

// TestLogoutStays has a request that began before a sign-out not bring the sign-in back.
func TestLogoutStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("alice", good, auth.Viewer)
	for range 8 {
		r := w.login("alice", good)
		ctx := w.signedIn(r)
		w.pass(2 * time.Minute) // so that it is to be written that it is in use
		var both sync.WaitGroup
		both.Go(func() { w.holds(r) })
		both.Go(func() {
			if err := w.Logout(ctx); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if w.holds(r) {
			t.Fatal("the sign-in holds after it was ended")
		}
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("alice", good, auth.Viewer)
	this, other := w.login("alice", good), w.login("alice", good)
	link, err := w.NewLink(as(auth.Administrator), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	ctx := w.signedIn(this)
	expect(t, w.ChangePassword(ctx, better, "yet another sentence"), auth.ErrCredentials)
	var weak *auth.PasswordError
	if err := w.ChangePassword(ctx, good, good); !errors.As(err, &weak) {
		t.Errorf("the same password gives %v", err)
	}
	if err := w.ChangePassword(ctx, good, "short"); !errors.As(err, &weak) {
		t.Errorf("a short password gives %v", err)
	}
	w.pass(5 * time.Minute)
	if !w.holds(this) {
		t.Fatal("signed out")
	}
	if err := w.ChangePassword(ctx, good, better); err != nil {
		t.Fatal(err)
	}
	if !w.holds(this) || w.holds(other) {
		t.Error("this sign-in must go on, and the other must not")
	}
	_, err = w.UseTicket(context.Background(), link.Secret, good)
	expect(t, err, auth.ErrTicket)
	_, _, err = w.Login(context.Background(), "alice", good, address)
	expect(t, err, auth.ErrCredentials)
	w.login("alice", better)
	expect(t, w.ChangePassword(as(auth.Administrator), better, good), auth.ErrSignedOut) // no session: an API token, say
}

// TestLimits has guessing slow down, by address and by name, and stop for nobody for ever.
func TestLimits(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t)
	w.user("alice", good, auth.Viewer)
	w.user("bob", good, auth.Viewer)
	w.login("bob", good) // from address, which is known from here on

	var slow *auth.RateError
	guesses := func(name, from string) (n int) {
		for n = range 1000 {
			if _, _, err := w.Login(ctx, name, better, from); errors.As(err, &slow) {
				return n
			}
		}
		return n
	}
	if n := guesses("alice", "198.51.100.1"); n != 10 {
		t.Errorf("%d guesses from one address", n)
	}
	if slow.Seconds() < 1 || slow.RetryAfter > time.Minute {
		t.Errorf("try again after %s", slow.RetryAfter)
	}
	if n := guesses("nobody", "198.51.100.1"); n != 0 {
		t.Errorf("%d guesses of another name from there", n)
	}
	n := 0
	for i := range 100 { // one each from many addresses
		if _, _, err := w.Login(ctx, "bob", better, "203.0.113."+strings.Repeat("1", i%3+1)); err != nil && !errors.As(err, &slow) {
			n++
		}
	}
	if n > 20 {
		t.Errorf("%d guesses of one name from many addresses", n)
	}
	if _, _, err := w.Login(ctx, "bob", good, address); err != nil {
		t.Errorf("others' guesses keep bob out where he signed in before: %v", err)
	}
	w.pass(10 * time.Minute)
	if _, _, err := w.Login(ctx, "alice", good, "198.51.100.1"); err != nil {
		t.Errorf("later: %v", err)
	}
	for i := range 30 { // whoever knows the password is never slowed down
		if _, _, err := w.Login(ctx, "alice", good, "198.51.100.1"); err != nil {
			t.Fatalf("right password, time %d: %v", i, err)
		}
	}
	if n := guesses("carol", "2001:db8:0:1::1") + guesses("carol", "2001:db8:0:1:ffff::1"); n != 10 {
		t.Errorf("%d guesses from one IPv6 network", n)
	}
}
