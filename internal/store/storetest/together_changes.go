package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
)

// changesTold are the changing methods of a store, by name.
func changesTold() map[string]told {
	all := map[string]told{}
	for _, some := range []map[string]told{accountChanges(), ruleChanges(), workChanges()} {
		for method, c := range some {
			all[method] = c
		}
	}
	return all
}

func accountChanges() map[string]told {
	session := store.Session{Hash: Hash("s"), UserID: "id-ada", CreatedAt: Start(1), SeenAt: Start(1), ExpiresAt: Start(9)}
	token := store.Token{ID: "t", Name: "t", Hash: Hash("t"), UserID: "id-ada", CreatedAt: Start(1), ExpiresAt: Start(9)}
	ticket := store.Ticket{Hash: Hash("k"), UserID: "id-ada", ExpiresAt: Start(9)}
	hasSession := func(t testing.TB, s store.Store) bool {
		_, err := s.Session(t.Context(), session.Hash)
		_, ok := found(t, session, err)
		return ok
	}
	hasToken := func(t testing.TB, s store.Store) bool {
		_, err := s.TokenByHash(t.Context(), token.Hash)
		_, ok := found(t, token, err)
		return ok
	}
	// Only taking it shows whether a ticket is there, so it is put back.
	hasTicket := func(t testing.TB, s store.Store) bool {
		seen := false
		err := s.Together(t.Context(), func(ctx context.Context, w store.Writes) error {
			_, err := w.TakeTicket(ctx, ticket.Hash)
			_, seen = found(t, ticket, err)
			return errChanged
		})
		if !errors.Is(err, errChanged) {
			t.Fatal(err)
		}
		return seen
	}
	not := func(f func(testing.TB, store.Store) bool) func(testing.TB, store.Store) bool {
		return func(t testing.TB, s store.Store) bool { return !f(t, s) }
	}
	saved := func(t testing.TB, s store.Store) {
		must(t, s.CreateUser(t.Context(), user("ada")))
		must(t, s.SaveSession(t.Context(), session))
		must(t, s.SaveToken(t.Context(), token))
		must(t, s.SaveTicket(t.Context(), ticket))
	}
	return map[string]told{
		"CreateUser": {
			write: func(ctx context.Context, w store.Writes) error { return w.CreateUser(ctx, user("ada")) },
			kept: func(t testing.TB, s store.Store) bool {
				u, err := s.User(t.Context(), "id-ada")
				_, ok := found(t, u, err)
				return ok
			},
		},
		"UpdateUser": {
			before: saved,
			write: func(ctx context.Context, w store.Writes) error {
				u := user("ada")
				u.Disabled = true
				return w.UpdateUser(ctx, u)
			},
			kept: func(t testing.TB, s store.Store) bool {
				return got[store.User](t)(s.User(t.Context(), "id-ada")).Disabled
			},
		},
		"SaveSession": {
			write: func(ctx context.Context, w store.Writes) error { return w.SaveSession(ctx, session) },
			kept:  hasSession,
		},
		"DropSession": {
			before: saved,
			write:  func(ctx context.Context, w store.Writes) error { return w.DropSession(ctx, session.Hash) },
			kept:   not(hasSession),
		},
		"DropSessions": {
			before: saved,
			write:  func(ctx context.Context, w store.Writes) error { return w.DropSessions(ctx, "id-ada") },
			kept:   not(hasSession),
		},
		"SaveToken": {
			write: func(ctx context.Context, w store.Writes) error { return w.SaveToken(ctx, token) },
			kept:  hasToken,
		},
		"DropToken": {
			before: saved,
			write:  func(ctx context.Context, w store.Writes) error { return w.DropToken(ctx, token.ID) },
			kept:   not(hasToken),
		},
		"SaveTicket": {
			write: func(ctx context.Context, w store.Writes) error { return w.SaveTicket(ctx, ticket) },
			kept:  hasTicket,
		},
		"TakeTicket": {
			before: saved,
			write: func(ctx context.Context, w store.Writes) error {
				_, err := w.TakeTicket(ctx, ticket.Hash)
				return err
			},
			kept: not(hasTicket),
		},
		"DropTickets": {
			before: saved,
			write:  func(ctx context.Context, w store.Writes) error { return w.DropTickets(ctx, "id-ada") },
			kept:   not(hasTicket),
		},
	}
}

func ruleChanges() map[string]told {
	exception := store.Exception{ID: "e", Exception: policy.Exception{Reason: "r"}, State: store.ExceptionProposed, ProposedBy: actor("ada"), ProposedAt: Start(1)}
	schedule := store.Schedule{ID: "s", Name: "nightly", Every: time.Hour, NextAt: Start(1)}
	approvals := policy.Approvals{Required: policy.ApprovalAlways}
	exceptionIs := func(state store.ExceptionState) func(testing.TB, store.Store) bool {
		return func(t testing.TB, s store.Store) bool {
			e, err := s.Exception(t.Context(), exception.ID)
			e, ok := found(t, e, err)
			return ok && e.State == state
		}
	}
	schedules := func(t testing.TB, s store.Store) (list []store.Schedule) {
		must(t, s.EachSchedule(t.Context(), func(x store.Schedule) error {
			list = append(list, x)
			return nil
		}))
		return list
	}
	saved := func(t testing.TB, s store.Store) {
		must(t, s.CreateException(t.Context(), exception))
		must(t, s.CreateSchedule(t.Context(), schedule))
	}
	return map[string]told{
		"CreateException": {
			write: func(ctx context.Context, w store.Writes) error { return w.CreateException(ctx, exception) },
			kept:  exceptionIs(store.ExceptionProposed),
		},
		"UpdateException": {
			before: saved,
			write: func(ctx context.Context, w store.Writes) error {
				e := exception
				e.State = store.ExceptionApproved
				return w.UpdateException(ctx, e)
			},
			kept: exceptionIs(store.ExceptionApproved),
		},
		"CreateSchedule": {
			write: func(ctx context.Context, w store.Writes) error { return w.CreateSchedule(ctx, schedule) },
			kept:  func(t testing.TB, s store.Store) bool { return len(schedules(t, s)) == 1 },
		},
		"UpdateSchedule": {
			before: saved,
			write: func(ctx context.Context, w store.Writes) error {
				x := schedule
				x.Paused = true
				return w.UpdateSchedule(ctx, x)
			},
			kept: func(t testing.TB, s store.Store) bool { return schedules(t, s)[0].Paused },
		},
		"DropSchedule": {
			before: saved,
			write:  func(ctx context.Context, w store.Writes) error { return w.DropSchedule(ctx, schedule.ID) },
			kept:   func(t testing.TB, s store.Store) bool { return len(schedules(t, s)) == 0 },
		},
		"SaveApprovals": {
			write: func(ctx context.Context, w store.Writes) error { return w.SaveApprovals(ctx, approvals) },
			kept: func(t testing.TB, s store.Store) bool {
				a, err := s.Approvals(t.Context())
				a, ok := found(t, a, err)
				return ok && a == approvals
			},
		},
	}
}

func workChanges() map[string]told {
	digest, document := "sha256:"+Hash("plan"), []byte("{}")
	asked := store.Request{
		ID: "r", Work: applying(digest), State: store.RequestRunning, ProposedBy: actor("ada"), ProposedAt: Start(1), ExpiresAt: Start(9),
	}
	requestIs := func(is func(store.Request) bool) func(testing.TB, store.Store) bool {
		return func(t testing.TB, s store.Store) bool {
			r, err := s.Request(t.Context(), asked.ID)
			r, ok := found(t, r, err)
			return ok && is(r)
		}
	}
	filed := func(t testing.TB, s store.Store) { must(t, s.CreateRequest(t.Context(), digested(asked))) }
	var lease store.Lease
	return map[string]told{
		"SavePlan": {
			write: func(ctx context.Context, w store.Writes) error { return w.SavePlan(ctx, digest, Start(1), document) },
			kept: func(t testing.TB, s store.Store) bool {
				p, err := s.Plan(t.Context(), digest)
				_, ok := found(t, p, err)
				return ok
			},
		},
		"CreateRequest": {
			write: func(ctx context.Context, w store.Writes) error { return w.CreateRequest(ctx, digested(asked)) },
			kept:  requestIs(func(store.Request) bool { return true }),
		},
		"UpdateRequest": {
			before: filed,
			write: func(ctx context.Context, w store.Writes) error {
				r := digested(asked)
				r.State = store.RequestEnded
				return w.UpdateRequest(ctx, r)
			},
			kept: requestIs(func(r store.Request) bool { return r.State == store.RequestEnded }),
		},
		"InterruptRequest": {
			before: filed,
			write: func(ctx context.Context, w store.Writes) error {
				return w.InterruptRequest(ctx, asked.ID, actor("bob"), Start(2))
			},
			kept: requestIs(func(r store.Request) bool { return r.InterruptedAt.Equal(Start(2)) && r.InterruptedBy == actor("bob") }),
		},
		"OpenChange": {
			before: func(t testing.TB, s store.Store) { lease = take(t, s, "dev") },
			write: func(ctx context.Context, w store.Writes) error {
				return w.OpenChange(ctx, lease, opened(Head("c1", "dev"), 1))
			},
			kept: func(t testing.TB, s store.Store) bool {
				c, err := s.Change(t.Context(), "c1")
				_, ok := found(t, c, err)
				return ok
			},
		},
		"DropAudits": {
			before: func(t testing.TB, s store.Store) {
				write(t, s, head(1))
				write(t, s, head(2))
			},
			write: func(ctx context.Context, w store.Writes) error {
				_, err := w.DropAudits(ctx, 1, Start(0))
				return err
			},
			kept: func(t testing.TB, s store.Store) bool {
				a, err := s.Audit(t.Context(), head(1).ID)
				_, ok := found(t, a, err)
				return !ok
			},
		},
	}
}

// digested is a request with its work's digest.
func digested(r store.Request) store.Request {
	r.Digest, _ = r.Work.Digest() // which fails for nothing that can be made
	return r
}
