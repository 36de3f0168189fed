package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

func TestCreateUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := as(auth.Administrator)
	u, link, err := w.CreateUser(ctx, "Alice", []auth.Role{auth.Approver, auth.Viewer, auth.Viewer})
	if err != nil || !slices.Equal(u.Roles, []string{"viewer", "approver"}) || link.Secret == "" {
		t.Fatalf("%+v, %+v, %v", u, link, err)
	}
	if _, _, err := w.CreateUser(ctx, "aLICE", nil); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same name in another case: %v", err)
	}
	var input *auth.InputError
	for _, name := range []string{"", " alice", "alice\n", "аlice" /* Cyrillic */, "alice\u200b", strings.Repeat("a", 65), "a\x1b[31m", "jose\u0301", "jos\u00e9", "a  b"} {
		if _, _, err := w.CreateUser(ctx, name, nil); !errors.As(err, &input) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if _, err := auth.ParseRoles([]string{"viewer", "root"}); !errors.As(err, &input) {
		t.Errorf("a role that is none: %v", err)
	}
	if d := w.deeds()[0]; d.Action != "user.create" || d.Actor.Name != "tester" || strings.Contains(strings.Join([]string{d.Subject, d.Detail["name"], d.Detail["roles"]}, " "), link.Secret) {
		t.Errorf("the trail says %+v", d)
	}
}

func TestLastAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := as(auth.Administrator)
	yes, viewer := true, []auth.Role{auth.Viewer}
	only := w.user("only", good, auth.Administrator)
	if _, _, err := w.CreateUser(ctx, "not yet", []auth.Role{auth.Administrator}); err != nil { // can't sign in
		t.Fatal(err)
	}
	for name, c := range map[string]auth.UserChange{
		"disabled": {Disabled: &yes, Version: only.Version}, "without the role": {Roles: &viewer, Version: only.Version},
	} {
		if _, err := w.UpdateUser(ctx, only.ID, c); !errors.Is(err, auth.ErrLastAdministrator) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := w.user("other", good, auth.Administrator)
	var both sync.WaitGroup
	errs := make([]error, 2)
	for i, u := range []store.User{only, other} { // both at once
		both.Go(func() { _, errs[i] = w.UpdateUser(ctx, u.ID, auth.UserChange{Disabled: &yes, Version: u.Version}) })
	}
	both.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("of two who disable each other, one must stay: %v", errs)
	}
}

func TestUpdateUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := as(auth.Administrator)
	w.user("alice", good, auth.Operator)
	r := w.login("alice", good)
	u := w.read("alice")
	viewer, yes, no := []auth.Role{auth.Viewer}, true, false
	if p, _ := auth.From(w.signedIn(r)); !p.May(auth.Run) {
		t.Errorf("an operator is %+v", p)
	}
	if _, err := w.UpdateUser(ctx, u.ID, auth.UserChange{Roles: &viewer, Version: u.Version - 1}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a change of what is not so any more: %v", err)
	}
	u, err := w.UpdateUser(ctx, u.ID, auth.UserChange{Roles: &viewer, Version: u.Version})
	if err != nil {
		t.Fatal(err)
	}
	if p, _ := auth.From(w.signedIn(r)); p.May(auth.Run) || !p.May(auth.See) {
		t.Errorf("the role that was taken is still there: %+v", p)
	}
	if u, err = w.UpdateUser(ctx, u.ID, auth.UserChange{Disabled: &yes, Version: u.Version}); err != nil {
		t.Fatal(err)
	}
	if w.holds(r) {
		t.Error("a disabled user is signed in")
	}
	if _, err = w.UpdateUser(ctx, u.ID, auth.UserChange{Disabled: &no, Version: u.Version}); err != nil {
		t.Fatal(err)
	}
	if w.holds(r) {
		t.Error("being enabled again brings old sign-ins back")
	}
}

func bearer(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("alice", good, auth.Operator)
	cookie := w.login("alice", good)
	u := w.read("alice")
	ctx := w.signedIn(cookie)
	text, token, err := w.CreateToken(ctx, "ci", []auth.Role{auth.Operator, auth.Viewer}, 24*time.Hour)
	if err != nil || !strings.HasPrefix(text, "gg_") || len(text) < 46 || strings.Contains(token.Hash, text) {
		t.Fatalf("%q, %+v, %v", text, token, err)
	}
	p, err := w.Principal(ctx, bearer(text))
	if err != nil || !p.May(auth.Run) || p.Actor.Kind != store.ActorToken || p.Actor.Name != "ci" || p.Actor.Via != "alice" || p.UserID != u.ID {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, _, err := w.CreateToken(auth.With(ctx, p), "child", []auth.Role{auth.Viewer}, time.Hour); !errors.Is(err, auth.ErrSignedOut) {
		t.Errorf("a token makes tokens: %v", err)
	}
	viewer := []auth.Role{auth.Viewer}
	u, err = w.UpdateUser(as(auth.Administrator), u.ID, auth.UserChange{Roles: &viewer, Version: u.Version})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = w.Principal(ctx, bearer(text)); err != nil || p.May(auth.Run) || !p.May(auth.See) {
		t.Errorf("a token may more than its owner: %+v, %v", p, err)
	}
	expect(t, w.Recheck(ctx, p, auth.See), nil)
	yes, no := true, false
	if u, err = w.UpdateUser(as(auth.Administrator), u.ID, auth.UserChange{Disabled: &yes, Version: u.Version}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Principal(ctx, bearer(text))
	expect(t, err, auth.ErrSignedOut)
	expect(t, w.Recheck(ctx, p, auth.See), auth.ErrSignedOut)
	if _, err = w.UpdateUser(as(auth.Administrator), u.ID, auth.UserChange{Disabled: &no, Version: u.Version}); err != nil {
		t.Fatal(err)
	}
	w.pass(24 * time.Hour)
	_, err = w.Principal(ctx, bearer(text))
	expect(t, err, auth.ErrSignedOut)
	expect(t, w.Recheck(ctx, p, auth.See), auth.ErrSignedOut)
}

func TestTokenInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("alice", good, auth.Approver)
	ctx := w.signedIn(w.login("alice", good))
	var input *auth.InputError
	for name, c := range map[string]struct {
		name  string
		roles []auth.Role
		lasts time.Duration
	}{
		"more than its owner":  {"x", []auth.Role{auth.Operator}, time.Hour},
		"an administrator":     {"x", []auth.Role{auth.Administrator}, time.Hour},
		"a role that is none":  {"x", []auth.Role{"root"}, time.Hour},
		"no role":              {"x", nil, time.Hour},
		"no name":              {" ", []auth.Role{auth.Viewer}, time.Hour},
		"for ever":             {"x", []auth.Role{auth.Viewer}, 400 * 24 * time.Hour},
		"expired before it is": {"x", []auth.Role{auth.Viewer}, -time.Hour},
	} {
		if text, _, err := w.CreateToken(ctx, c.name, c.roles, c.lasts); !errors.As(err, &input) || text != "" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

func TestDropToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice, bob := w.user("alice", good, auth.Operator), w.user("bob", good, auth.Operator)
	inAlice, inBob := w.signedIn(w.login("alice", good)), w.signedIn(w.login("bob", good))
	text, token, err := w.CreateToken(inAlice, "ci", []auth.Role{auth.Operator}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.DropToken(inBob, token.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("somebody else's token: %v", err)
	}
	if mine, err := w.Tokens(inBob, bob.ID); err != nil || len(mine) != 0 {
		t.Errorf("%v, %v", mine, err)
	}
	if mine, err := w.Tokens(inAlice, alice.ID); err != nil || len(mine) != 1 {
		t.Errorf("%v, %v", mine, err)
	}
	for range 8 { // one who uses it at the same time does not bring it back
		w.pass(2 * time.Minute)
		if _, err := w.Principal(context.Background(), bearer(text)); err != nil {
			t.Fatal(err)
		}
		if text, token, err = w.CreateToken(inAlice, "ci", []auth.Role{auth.Operator}, time.Hour); err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		both.Go(func() { _, _ = w.Principal(context.Background(), bearer(text)) })
		both.Go(func() { expect(t, w.DropToken(as(auth.Administrator), token.ID), nil) })
		both.Wait()
		_, err := w.Principal(context.Background(), bearer(text))
		expect(t, err, auth.ErrSignedOut)
		if text, _, err = w.CreateToken(inAlice, "ci", []auth.Role{auth.Operator}, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRecheckSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("alice", good, auth.Operator)
	r := w.login("alice", good)
	u := w.read("alice")
	ctx := w.signedIn(r)
	p, _ := auth.From(ctx)
	expect(t, w.Recheck(ctx, p, auth.See), nil)
	none := []auth.Role{}
	if _, err := w.UpdateUser(as(auth.Administrator), u.ID, auth.UserChange{Roles: &none, Version: u.Version}); err != nil {
		t.Fatal(err)
	}
	var forbidden *auth.ForbiddenError
	if err := w.Recheck(ctx, p, auth.See); !errors.As(err, &forbidden) {
		t.Errorf("a stream whose reader lost the role: %v", err)
	}
	expect(t, w.Logout(ctx), nil)
	expect(t, w.Recheck(ctx, p, auth.See), auth.ErrSignedOut)
}
