package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

const (
	good    = "correct horse, wrong battery"
	better  = "a stapler in the rain"
	address = "192.0.2.7"
)

// world is a service over a store of its own, with a clock that the test turns.
type world struct {
	*auth.Service
	t     *testing.T
	store *sqlite.Store

	mu  sync.Mutex
	now time.Time
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// cheap hashes in no time: what tests are about is not how long it takes.
func cheap() auth.Hashing { return auth.Hashing{Memory: 8, Time: 1, Threads: 1} }

func newWorld(t *testing.T, change ...func(*auth.Options)) *world {
	t.Helper()
	s, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, store: s, now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	w.Service = w.service(change...)
	return w
}

// service makes another service over the same store, as a restart does.
func (w *world) service(change ...func(*auth.Options)) *auth.Service {
	w.t.Helper()
	o := auth.Options{Users: w.store, Credentials: w.store, Trail: w.store, Now: w.Now, Hashing: cheap()}
	for _, c := range change {
		c(&o)
	}
	s, err := auth.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// as is a context of somebody with these roles.
func as(roles ...auth.Role) context.Context {
	return auth.With(context.Background(), auth.Principal{Actor: store.Actor{Kind: store.ActorUser, Name: "tester"}, Roles: roles})
}

// user makes a user who has a password.
func (w *world) user(name, password string, roles ...auth.Role) store.User {
	w.t.Helper()
	_, link, err := w.CreateUser(as(auth.Administrator), name, roles)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.UseTicket(context.Background(), link.Secret, password); err != nil {
		w.t.Fatal(err)
	}
	return w.read(name)
}

// read is a user as it is stored.
func (w *world) read(name string) store.User {
	w.t.Helper()
	u, err := w.store.UserByName(context.Background(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// login signs in and returns the request that the browser makes then.
func (w *world) login(name, password string) *http.Request {
	w.t.Helper()
	value, session, err := w.Login(context.Background(), name, password, address)
	if err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(w.Cookie(value, session))
	return r
}

// signedIn is the context of a request that is signed in.
func (w *world) signedIn(r *http.Request) context.Context {
	w.t.Helper()
	p, err := w.Principal(context.Background(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return auth.With(context.Background(), p)
}

// holds tells whether a request is signed in.
func (w *world) holds(r *http.Request) bool {
	w.t.Helper()
	_, err := w.Principal(context.Background(), r)
	if err != nil && !errors.Is(err, auth.ErrSignedOut) {
		w.t.Fatal(err)
	}
	return err == nil
}

// deeds are the entries of the audit trail, the newest first.
func (w *world) deeds() []store.Deed {
	w.t.Helper()
	var all []store.Deed
	err := w.store.EachDeed(context.Background(), 0, 0, func(d store.Deed) error {
		all = append(all, d)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func expect(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
