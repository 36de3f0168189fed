package storetest

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/store"
)

func user(name string) store.User {
	return store.User{
		ID: "id-" + name, Name: name, Roles: []string{"viewer", "operator"}, PasswordHash: "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$" + name,
		CreatedAt: Start(1), LastLoginAt: Start(2),
	}
}

func userComesBack(t *testing.T, s store.Store) {
	ctx := t.Context()
	u := user("Ada")
	u.Subject, u.CreatedAt = "https://issuer.example 42", zoned(1)
	must(t, s.CreateUser(ctx, u))
	u.CreatedAt = Start(1)
	same(t, "by id", u, got[store.User](t)(s.User(ctx, u.ID)))
	same(t, "by name", u, got[store.User](t)(s.UserByName(ctx, "aDA")))
	same(t, "by subject", u, got[store.User](t)(s.UserBySubject(ctx, u.Subject)))
	u.Name, u.Roles, u.PasswordHash, u.Disabled, u.LastLoginAt = "Ada L.", nil, "", true, time.Time{}
	must(t, s.UpdateUser(ctx, u))
	u.Version++
	same(t, "updated", u, got[store.User](t)(s.UserByName(ctx, "ADA L.")))
	if _, err := s.UserByName(ctx, "Ada"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("by the name before: %v, want ErrNotFound", err)
	}
}

func userUnique(t *testing.T, s store.Store) {
	ctx := t.Context()
	first, second := user("Zoë"), user("other")
	first.Subject = "https://issuer.example 1"
	must(t, s.CreateUser(ctx, first))
	must(t, s.CreateUser(ctx, second))
	must(t, s.CreateUser(ctx, user("third"))) // as much without a subject as the second
	named, same, subject := user("ZOË"), first, user("fourth")
	same.Name, subject.Subject = "fifth", first.Subject
	for name, u := range map[string]store.User{"name in other letters": named, "id": same, "subject": subject} {
		if err := s.CreateUser(ctx, u); !errors.Is(err, store.ErrConflict) {
			t.Errorf("created with a %s that is taken: %v, want ErrConflict", name, err)
		}
	}
	second.Name = "zoË"
	if err := s.UpdateUser(ctx, second); !errors.Is(err, store.ErrConflict) {
		t.Errorf("renamed to a name that is taken: %v, want ErrConflict", err)
	}
	first.Name = "ZOë"
	must(t, s.UpdateUser(ctx, first))
}

func userConflict(t *testing.T, s store.Store) {
	ctx := t.Context()
	must(t, s.CreateUser(ctx, user("ada")))
	read := got[store.User](t)(s.User(ctx, "id-ada"))
	if n := winners(t, func() error { return s.UpdateUser(ctx, read) }); n != 1 {
		t.Errorf("%d of those who had read the same updated it, want 1", n)
	}
}

// winners has several do the same at once. All but those that it counts must be told of the conflict.
func winners(t *testing.T, do func() error) int {
	t.Helper()
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			switch err := do(); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.ErrConflict):
				t.Errorf("got %v, want ErrConflict", err)
			}
		})
	}
	wg.Wait()
	return int(won.Load())
}

func usersListed(t *testing.T, s store.Store) {
	for _, name := range []string{"bob", "Ada", "Carl"} {
		must(t, s.CreateUser(t.Context(), user(name)))
	}
	each := func(yield func(store.User) error) error { return s.EachUser(t.Context(), yield) }
	same(t, "names", []string{"Ada", "bob", "Carl"}, namesOf(listed(t, each), func(u store.User) string { return u.Name }))
	stop := errors.New("stop")
	if err := each(func(store.User) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the callback's error did not come back: %v", err)
	}
	// What is listed may be changed at once.
	must(t, each(func(u store.User) error { u.Disabled = true; return s.UpdateUser(t.Context(), u) }))
}

func session(secret, userID string) store.Session {
	return store.Session{Hash: Hash(secret), UserID: userID, CreatedAt: Start(1), SeenAt: Start(1), ExpiresAt: Start(9), Address: "192.0.2.1"}
}

func sessions(t *testing.T, s store.Store) {
	ctx := t.Context()
	a, b, c := session("a", "ada"), session("b", "ada"), session("c", "bob")
	for _, x := range []store.Session{a, b, c} {
		must(t, s.SaveSession(ctx, x))
	}
	same(t, "session", a, got[store.Session](t)(s.Session(ctx, a.Hash)))
	a.SeenAt, a.Address = Start(3), "192.0.2.2"
	must(t, s.SaveSession(ctx, a))
	same(t, "seen again", a, got[store.Session](t)(s.Session(ctx, a.Hash)))
	must(t, s.DropSession(ctx, b.Hash))
	must(t, s.DropSession(ctx, b.Hash))
	must(t, s.DropSessions(ctx, "ada"))
	for name, x := range map[string]store.Session{"dropped": b, "dropped with all of its user": a} {
		if _, err := s.Session(ctx, x.Hash); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
	same(t, "another's", c, got[store.Session](t)(s.Session(ctx, c.Hash)))
}

func sessionStaysDropped(t *testing.T, s store.Store) {
	ctx := t.Context()
	a := session("a", "ada")
	must(t, s.SaveSession(ctx, a))
	must(t, s.DropSession(ctx, a.Hash))
	a.SeenAt = Start(2)
	if err := s.SaveSession(ctx, a); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("seen after it was dropped: %v, want ErrNotFound", err)
	}
	if _, err := s.Session(ctx, a.Hash); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it is back: %v", err)
	}
	theirs := session("b", "bob")
	must(t, s.SaveSession(ctx, theirs))
	ours := theirs
	ours.UserID = "ada"
	must(t, s.SaveSession(ctx, ours))
	same(t, "a session that another saved over", theirs, got[store.Session](t)(s.Session(ctx, theirs.Hash)))
}

func token(id, userID string) store.Token {
	return store.Token{ID: id, Name: "ci " + id, Hash: Hash(id), UserID: userID, Roles: []string{"viewer"}, CreatedAt: Start(1), ExpiresAt: Start(9)}
}

func tokens(t *testing.T, s store.Store) {
	ctx := t.Context()
	b, a, c := token("b", "ada"), token("a", "ada"), token("c", "bob")
	for _, x := range []store.Token{b, a, c} {
		must(t, s.SaveToken(ctx, x))
	}
	if err := s.SaveToken(ctx, a); !errors.Is(err, store.ErrConflict) {
		t.Errorf("made again: %v, want ErrConflict", err)
	}
	same(t, "token", a, got[store.Token](t)(s.TokenByHash(ctx, a.Hash)))
	a.UsedAt = Start(2)
	must(t, s.SaveToken(ctx, a))
	for userID, want := range map[string][]store.Token{"ada": {a, b}, "bob": {c}, "": {a, b, c}, "carl": nil} {
		same(t, "tokens of "+userID, want, listed(t, func(yield func(store.Token) error) error { return s.EachToken(ctx, userID, yield) }))
	}
	must(t, s.DropToken(ctx, a.ID))
	a.UsedAt = Start(3)
	for name, err := range map[string]error{"dropped again": s.DropToken(ctx, a.ID), "used": s.SaveToken(ctx, a)} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s after it was dropped: %v, want ErrNotFound", name, err)
		}
	}
}

func tickets(t *testing.T, s store.Store) {
	ctx := t.Context()
	x := store.Ticket{Hash: Hash("ticket"), UserID: "ada", ExpiresAt: Start(2)}
	must(t, s.SaveTicket(ctx, x))
	var taken atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			switch read, err := s.TakeTicket(ctx, x.Hash); {
			case err == nil:
				taken.Add(1)
				same(t, "ticket", x, read)
			case !errors.Is(err, store.ErrNotFound):
				t.Errorf("got %v, want ErrNotFound", err)
			}
		})
	}
	wg.Wait()
	if taken.Load() != 1 {
		t.Errorf("it was taken %d times, want once", taken.Load())
	}
	other := store.Ticket{Hash: Hash("other"), UserID: "bob", ExpiresAt: Start(2)}
	must(t, s.SaveTicket(ctx, x))
	must(t, s.SaveTicket(ctx, other))
	must(t, s.DropTickets(ctx, "ada"))
	if _, err := s.TakeTicket(ctx, x.Hash); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("dropped with all of its user: %v, want ErrNotFound", err)
	}
	same(t, "another's", other, got[store.Ticket](t)(s.TakeTicket(ctx, other.Hash)))
}

func expired(t *testing.T, s store.Store) {
	ctx := t.Context()
	over, valid := session("a", "ada"), session("b", "ada")
	over.ExpiresAt, valid.ExpiresAt = Start(5), Start(5).Add(1)
	must(t, s.SaveSession(ctx, over))
	must(t, s.SaveSession(ctx, valid))
	overToken, forever := token("a", "ada"), token("b", "ada")
	overToken.ExpiresAt, forever.ExpiresAt = Start(4), time.Time{}
	must(t, s.SaveToken(ctx, overToken))
	must(t, s.SaveToken(ctx, forever))
	must(t, s.SaveTicket(ctx, store.Ticket{Hash: Hash("a"), ExpiresAt: Start(4)}))
	must(t, s.DropExpired(ctx, Start(5)))
	_, overErr := s.Session(ctx, over.Hash)
	_, tokenErr := s.TokenByHash(ctx, overToken.Hash)
	_, ticketErr := s.TakeTicket(ctx, Hash("a"))
	for name, err := range map[string]error{"session": overErr, "token": tokenErr, "ticket": ticketErr} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s that has expired: %v, want ErrNotFound", name, err)
		}
	}
	same(t, "session", valid, got[store.Session](t)(s.Session(ctx, valid.Hash)))
	same(t, "token without an end", forever, got[store.Token](t)(s.TokenByHash(ctx, forever.Hash)))
}

func hashedOnly(t *testing.T, s store.Store) {
	ctx := t.Context()
	for name, secret := range map[string]string{"plain": "secret", "empty": "", "capitals": strings.ToUpper(Hash("a")), "longer": Hash("a") + "0"} {
		x, k := session("a", "ada"), token("a", "ada")
		x.Hash, k.Hash = secret, secret
		for kind, err := range map[string]error{
			"session": s.SaveSession(ctx, x), "token": s.SaveToken(ctx, k), "ticket": s.SaveTicket(ctx, store.Ticket{Hash: secret, ExpiresAt: Start(1)}),
		} {
			if !errors.Is(err, store.ErrState) {
				t.Errorf("%s %s: %v, want ErrState", name, kind, err)
			}
		}
	}
	u := user("ada")
	u.PasswordHash = "password"
	if err := s.CreateUser(ctx, u); !errors.Is(err, store.ErrState) {
		t.Errorf("a password: %v, want ErrState", err)
	}
}

func consoleNotFound(t *testing.T, s store.Store) {
	ctx := t.Context()
	must(t, s.CreateUser(ctx, user("local"))) // has no subject
	_, user := s.User(ctx, "none")
	_, name := s.UserByName(ctx, "none")
	_, subject := s.UserBySubject(ctx, "")
	_, session := s.Session(ctx, "none")
	_, token := s.TokenByHash(ctx, "none")
	_, ticket := s.TakeTicket(ctx, "none")
	_, request := s.Request(ctx, "none")
	_, exception := s.Exception(ctx, "none")
	for what, err := range map[string]error{
		"user": user, "user by name": name, "user by no subject": subject, "session": session, "token": token, "ticket": ticket,
		"request": request, "exception": exception, "updated user": s.UpdateUser(ctx, store.User{ID: "none"}),
		"updated request": s.UpdateRequest(ctx, store.Request{ID: "none"}), "updated exception": s.UpdateException(ctx, store.Exception{ID: "none"}),
		"updated schedule": s.UpdateSchedule(ctx, store.Schedule{ID: "none"}), "dropped schedule": s.DropSchedule(ctx, "none"),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", what, err)
		}
	}
}
