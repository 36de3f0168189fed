package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// desk is the Env of somebody at a shell.
func desk(name string) Env {
	return Env{
		Now:      func() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) },
		NewID:    sync.OnceValue(func() string { return "request-of-" + name }),
		Operator: func() store.Actor { return store.Actor{Kind: store.ActorCommand, Name: name, Address: "desk"} },
	}
}

// state is an empty one.
func state(t *testing.T) *sqlite.Store {
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
	return s
}

// TestPermitIsGoodForOnce has many begin the same approved work at once.
func TestPermitIsGoodForOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := state(t)
	p := policy.Policy{Approvals: policy.Approvals{Required: policy.ApprovalAlways, FourEyes: policy.ApprovalAlways}}
	w := store.Work{Kind: store.RequestApply, Plan: "sha256:1"}
	var unapproved *diag.UnapprovedError
	if _, err := desk("alice").permitted(ctx, s, p, w); !errors.As(err, &unapproved) || !unapproved.Filed {
		t.Fatalf("without an approval: %v", err)
	}
	q, err := s.Request(ctx, unapproved.Request)
	if err != nil {
		t.Fatal(err)
	}
	rules := auth.RulesFor(p.Approvals, 0)
	approved, err := rules.Decide(q, auth.Decision{Approve: true, Digest: q.Digest}, auth.CommandLine(desk("bob").Operator()), desk("bob").Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateRequest(ctx, approved); err != nil {
		t.Fatal(err)
	}
	const many = 8
	permits := make([]*permit, many)
	for i := range permits {
		if permits[i], err = desk(fmt.Sprint("alice", i)).permitted(ctx, s, p, w); err != nil {
			t.Fatal(err)
		}
	}
	begun := make(chan *permit, many)
	var all sync.WaitGroup
	for _, one := range permits {
		all.Go(func() {
			if err := one.begin(ctx); err == nil {
				begun <- one
			}
		})
	}
	all.Wait()
	close(begun)
	if len(begun) != 1 {
		t.Fatalf("begun %d times", len(begun))
	}
	for one := range begun {
		if err := one.end(ctx); err != nil {
			t.Error(err)
		}
	}
	if q, err = s.Request(ctx, q.ID); err != nil || q.State != store.RequestEnded {
		t.Errorf("%+v, %v", q, err)
	}
}

// TestPermitAndDaemon has commands begin approved work while others leave it to the daemon: one of them all does it.
func TestPermitAndDaemon(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := state(t)
	p := policy.Policy{Approvals: policy.Approvals{Required: policy.ApprovalAlways, FourEyes: policy.ApprovalAlways}}
	rules := auth.RulesFor(p.Approvals, 0)
	for round := range 5 {
		w := store.Work{Kind: store.RequestApply, Plan: fmt.Sprint("sha256:", round)}
		q, err := rules.Ask(fmt.Sprint("q", round), w, auth.CommandLine(desk("alice").Operator()), "", false, desk("alice").Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CreateRequest(ctx, q); err != nil {
			t.Fatal(err)
		}
		decided, err := rules.Decide(q, auth.Decision{Approve: true, Digest: q.Digest}, auth.CommandLine(desk("bob").Operator()), desk("bob").Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.UpdateRequest(ctx, decided); err != nil {
			t.Fatal(err)
		}
		var won, began atomic.Int32
		var all sync.WaitGroup
		for n := range 6 {
			all.Go(func() {
				leave, err := desk(fmt.Sprint("carol", n)).permitted(ctx, s, p, w)
				if err == nil && leave.begin(ctx) == nil {
					won.Add(1)
					began.Add(1)
				}
			})
			all.Go(func() {
				q, err := s.Request(ctx, q.ID)
				if err != nil {
					return
				}
				if q, err = rules.Queue(q, auth.CommandLine(desk("dave").Operator()), desk("dave").Now()); err == nil && s.UpdateRequest(ctx, q) == nil {
					won.Add(1)
				}
			})
		}
		all.Wait()
		now, err := s.Request(ctx, q.ID)
		if want := map[int32]store.RequestState{0: store.RequestQueued, 1: store.RequestRunning}[began.Load()]; err != nil || won.Load() != 1 || now.State != want {
			t.Errorf("round %d: %d have it, it is %s, want %s; %v", round, won.Load(), now.State, want, err)
		}
	}
}

// TestNobodyGoesRoundTheDaemonsRule shows that a policy file of one's own makes approvals stricter, never less.
func TestNobodyGoesRoundTheDaemonsRule(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	never := policy.Policy{Approvals: policy.Approvals{Required: policy.ApprovalNever, FourEyes: policy.ApprovalNever}}
	always := policy.Policy{Approvals: policy.Approvals{Required: policy.ApprovalAlways, FourEyes: policy.ApprovalAlways}}
	for _, c := range []struct {
		name     string
		demanded *policy.Approvals // by a daemon
		mine     policy.Policy
		want     bool
	}{
		{"no daemon ever", nil, never, false},
		{"no daemon ever, but my own rule", nil, always, true},
		{"the daemon's rule over mine", &always.Approvals, never, true},
		{"the daemon's rule over none of mine", &always.Approvals, policy.Policy{}, true},
		{"my own rule over the daemon's", &never.Approvals, always, true},
		{"neither demands any", &never.Approvals, never, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := state(t)
			if c.demanded != nil {
				if err := s.SaveApprovals(ctx, *c.demanded); err != nil {
					t.Fatal(err)
				}
			}
			leave, err := desk("alice").permitted(ctx, s, c.mine, store.Work{Kind: store.RequestBackout, Changes: []store.ChangeAt{{ID: "c", At: 3}}})
			var unapproved *diag.UnapprovedError
			if leave != nil || errors.As(err, &unapproved) != c.want {
				t.Errorf("%+v, %v, want that it needs an approval: %t", leave, err, c.want)
			}
			rules, err := approvalRules(ctx, c.mine, s)
			if err != nil || rules.FourEyes != c.want {
				t.Errorf("four eyes: %t, want %t, %v", rules.FourEyes, c.want, err)
			}
		})
	}
}

// TestASecondUserAppears shows that work which needed no approval when it was asked for needs one when it is begun.
func TestASecondUserAppears(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := state(t)
	user := func(name string) {
		t.Helper()
		if err := s.CreateUser(ctx, store.User{ID: name, Name: name, Roles: []string{"administrator"}, CreatedAt: desk("x").Now()}); err != nil {
			t.Fatal(err)
		}
	}
	user("alice")
	w := store.Work{Kind: store.RequestApply, Plan: "sha256:1"}
	rules, err := approvalRules(ctx, policy.Policy{}, s)
	if err != nil {
		t.Fatal(err)
	}
	q, err := rules.Ask("q", w, auth.CommandLine(desk("alice").Operator()), "", true, desk("alice").Now())
	if err != nil || q.State != store.RequestQueued {
		t.Fatalf("alone: %s, %v", q.State, err)
	}
	user("bob")
	if rules, err = approvalRules(ctx, policy.Policy{}, s); err != nil {
		t.Fatal(err)
	}
	if _, err := rules.Begin(q, auth.CommandLine(desk("alice").Operator()), desk("alice").Now()); !errors.Is(err, auth.ErrNotApproved) {
		t.Errorf("begun without bob: %v", err)
	}
	var unapproved *diag.UnapprovedError
	if _, err := desk("alice").permitted(ctx, s, policy.Policy{}, w); !errors.As(err, &unapproved) || !unapproved.Filed {
		t.Errorf("on the command line: %v", err)
	}
}

func TestCommandFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		work store.Work
		want string
	}{
		"a plan": {store.Work{Kind: "apply", Plan: "sha256:0123456789abcdef"}, "glueguard apply 0123456789ab"},
		"what was accepted": {
			store.Work{Kind: "apply", Plan: "sha256:0123456789abcdef", AcceptUnchecked: []string{"*", "elastic-ip"}, AcceptWarnings: []string{"weaker-mode", "irreversible"}, Parallel: 2, Canary: 1},
			"glueguard apply 0123456789ab --accept-unchecked --accept-unchecked=elastic-ip --accept-weaker --accept-irreversible --parallel 2 --canary 1",
		},
		"some of a plan": {store.Work{Kind: "apply", Plan: "sha256:0123", Resources: []string{"arn"}}, ""},
		"changes": {
			store.Work{Kind: "finalize", Changes: []store.ChangeAt{{ID: "a", At: 1}, {ID: "b", At: 2}}, KeepTwin: true, DeleteLabels: true},
			"glueguard finalize a b --keep-twin --delete-labels",
		},
		"cleanup":  {store.Work{Kind: "cleanup", Configurations: []store.ConfigurationAt{{Name: "x"}}}, "glueguard cleanup"},
		"an audit": {store.Work{Kind: "audit", Audit: &store.AuditScope{}}, ""},
	} {
		if got := commandFor(c.work); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := visible("a\x1b[2Jb\u202ec\n"); got != "a [2Jb c " {
		t.Errorf("%q", got)
	}
}
