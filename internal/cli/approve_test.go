package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
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

// TestPermitIsGoodForOnce has many begin the same approved work at once.
func TestPermitIsGoodForOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
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
