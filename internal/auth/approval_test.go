package auth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
)

func person(name string, roles ...auth.Role) auth.Principal {
	return auth.Principal{Actor: store.Actor{Kind: store.ActorUser, Name: name, Address: address}, UserID: "id-" + name, Roles: roles}
}

func monday() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

func strict() auth.Rules { return auth.Rules{Required: true, FourEyes: true, Lasts: 24 * time.Hour} }

func applyWork() store.Work { return store.Work{Kind: store.RequestApply, Plan: "sha256:1"} }

// asked is a request of alice's.
func asked(t *testing.T, r auth.Rules, start bool) store.Request {
	t.Helper()
	q, err := r.Ask("q1", applyWork(), person("alice", auth.Operator), "why not", start, monday())
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestRulesFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy             policy.Approvals
		users              int
		required, fourEyes bool
	}{
		"nobody":              {policy.Approvals{}, 0, false, false},
		"one user":            {policy.Approvals{}, 1, false, false},
		"two users":           {policy.Approvals{}, 2, true, true},
		"said":                {policy.Approvals{Required: "auto", FourEyes: "auto"}, 2, true, true},
		"always":              {policy.Approvals{Required: "always"}, 0, true, false},
		"never":               {policy.Approvals{Required: "never", FourEyes: "never"}, 9, false, false},
		"always, by two":      {policy.Approvals{Required: "always", FourEyes: "always"}, 1, true, true},
		"approved by oneself": {policy.Approvals{FourEyes: "never"}, 2, true, false},
	} {
		r := auth.RulesFor(c.policy, c.users)
		if r.Required != c.required || r.FourEyes != c.fourEyes || r.Lasts != 24*time.Hour {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := auth.RulesFor(policy.Approvals{Expires: "90m"}, 0); r.Lasts != 90*time.Minute {
		t.Errorf("lasts %s", r.Lasts)
	}
	for _, k := range []store.RequestKind{"apply", "backout", "finalize", "cleanup"} {
		if !strict().Need(store.Work{Kind: k}) || (auth.Rules{}).Need(store.Work{Kind: k}) {
			t.Errorf("whether %s needs an approval", k)
		}
	}
	for _, k := range []store.RequestKind{"audit", "resume"} {
		if strict().Need(store.Work{Kind: k}) {
			t.Errorf("%s needs an approval", k)
		}
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	later := monday().Add(time.Hour)
	q := asked(t, strict(), false)
	token := auth.Principal{Actor: store.Actor{Kind: store.ActorToken, Name: "ci", Via: "alice"}, UserID: "id-alice", Roles: auth.Roles()}
	shell := auth.CommandLine(store.Actor{Kind: store.ActorCommand, Name: "Alice", Address: "laptop"})
	sudo := auth.CommandLine(store.Actor{Kind: store.ActorCommand, Name: "root", Via: "sudo by alice"})
	tampered := q
	tampered.Work.Plan = "sha256:2"
	ended := q
	ended.State = store.RequestEnded
	for name, c := range map[string]struct {
		rules  auth.Rules
		q      store.Request
		who    auth.Principal
		digest string
		at     time.Time
		want   error
	}{
		"another":              {strict(), q, person("bob", auth.Approver), q.Digest, later, nil},
		"at the shell":         {strict(), q, auth.CommandLine(store.Actor{Kind: store.ActorCommand, Name: "bob"}), q.Digest, later, nil},
		"oneself":              {strict(), q, person("alice", auth.Administrator), q.Digest, later, auth.ErrOwnRequest},
		"one's own token":      {strict(), q, token, q.Digest, later, auth.ErrOwnRequest},
		"oneself at the shell": {strict(), q, shell, q.Digest, later, auth.ErrOwnRequest},
		"oneself by sudo":      {strict(), q, sudo, q.Digest, later, auth.ErrOwnRequest},
		"oneself, two eyes":    {auth.Rules{Required: true, Lasts: time.Hour}, q, person("alice", auth.Administrator), q.Digest, later, nil},
		"something else":       {strict(), q, person("bob", auth.Approver), "sha256:other", later, auth.ErrOtherWork},
		"nothing":              {strict(), q, person("bob", auth.Approver), "", later, auth.ErrOtherWork},
		"changed work":         {strict(), tampered, person("bob", auth.Approver), q.Digest, later, auth.ErrOtherWork},
		"too late":             {strict(), q, person("bob", auth.Approver), q.Digest, q.ExpiresAt, auth.ErrExpired},
		"over":                 {strict(), ended, person("bob", auth.Approver), q.Digest, later, auth.ErrNotPending},
	} {
		for _, approve := range []bool{true, false} {
			got, err := c.rules.Decide(c.q, auth.Decision{Approve: approve, Digest: c.digest, Note: "so be it"}, c.who, c.at)
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
				continue
			}
			want := map[bool]store.RequestState{true: store.RequestApproved, false: store.RequestRejected}[approve]
			if err != nil {
				want = c.q.State
			}
			if got.State != want {
				t.Errorf("%s: it is %s", name, got.State)
			}
		}
	}
	for _, role := range []auth.Role{auth.Viewer, auth.Operator} {
		var forbidden *auth.ForbiddenError
		if err := strict().CanDecide(q, person("bob", role), later); !errors.As(err, &forbidden) {
			t.Errorf("a %s decides: %v", role, err)
		}
	}
	started, err := strict().Decide(asked(t, strict(), true), auth.Decision{Approve: true, Digest: q.Digest}, person("bob", auth.Approver), later)
	if err != nil || started.State != store.RequestQueued || started.StartedBy.Name != "alice" {
		t.Errorf("what was to start at once is %+v, %v", started, err)
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	later := monday().Add(time.Hour)
	free := asked(t, auth.Rules{Lasts: time.Hour}, false)
	approved, err := strict().Decide(asked(t, strict(), false), auth.Decision{Approve: true, Digest: free.Digest}, person("bob", auth.Approver), monday())
	if err != nil {
		t.Fatal(err)
	}
	own, err := auth.Rules{Required: true, Lasts: 24 * time.Hour}.Decide(
		asked(t, strict(), false), auth.Decision{Approve: true, Digest: free.Digest}, person("alice", auth.Administrator), monday())
	if err != nil {
		t.Fatal(err)
	}
	running, err := strict().Begin(approved, person("alice", auth.Operator), later)
	if err != nil || running.StartedBy.Name != "alice" {
		t.Fatal(running, err)
	}
	queued, err := strict().Queue(approved, person("alice", auth.Operator), later)
	if err != nil {
		t.Fatal(err)
	}
	forged := approved
	forged.Work.Plan = "sha256:2"
	for name, c := range map[string]struct {
		rules auth.Rules
		q     store.Request
		at    time.Time
		want  error
	}{
		"approved":                              {strict(), approved, later, nil},
		"not needed":                            {auth.Rules{}, free, monday(), nil},
		"not needed when it was asked, but now": {strict(), free, monday(), auth.ErrNotApproved},
		"pending":                               {strict(), asked(t, strict(), false), later, auth.ErrNotApproved},
		"pending, and not needed any more":      {auth.Rules{}, asked(t, strict(), false), later, auth.ErrNotApproved},
		"approved by oneself before":            {strict(), own, later, auth.ErrOwnRequest},
		"under way":                             {strict(), running, later, auth.ErrUsed},
		"queued":                                {strict(), queued, later, auth.ErrUsed},
		"expired":                               {strict(), approved, approved.ExpiresAt, auth.ErrExpired},
		"other work":                            {strict(), forged, later, auth.ErrOtherWork},
	} {
		expectFor(t, name, c.rules.CanStart(c.q, person("alice", auth.Operator), c.at), c.want)
	}
	var forbidden *auth.ForbiddenError
	for _, role := range []auth.Role{auth.Viewer, auth.Approver} {
		if err := strict().CanStart(approved, person("carl", role), later); !errors.As(err, &forbidden) {
			t.Errorf("a %s starts: %v", role, err)
		}
		if _, err := strict().Begin(approved, person("carl", role), later); !errors.As(err, &forbidden) {
			t.Errorf("a %s begins: %v", role, err)
		}
	}
	daemon := auth.Principal{Actor: store.Actor{Kind: store.ActorDaemon}}
	if began, err := strict().Begin(queued, daemon, later); err != nil || began.State != store.RequestRunning || began.StartedBy.Name != "alice" {
		t.Errorf("the daemon takes up %+v, %v", began, err)
	}
	if _, err := strict().Begin(queued, daemon, queued.ExpiresAt); !errors.Is(err, auth.ErrExpired) {
		t.Errorf("the daemon takes up what has expired: %v", err)
	}
	if _, err := auth.End(approved, nil, later); !errors.Is(err, auth.ErrNotStarted) {
		t.Errorf("what never began ends: %v", err)
	}
	if over, err := auth.End(running, nil, later); err != nil || over.State != store.RequestEnded {
		t.Errorf("%+v, %v", over, err)
	}
}

func expectFor(t *testing.T, name string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", name, got, want)
	}
}

func TestWithdrawAndExpire(t *testing.T) {
	t.Parallel()
	q := asked(t, strict(), false)
	later := monday().Add(time.Hour)
	if _, err := auth.Withdraw(q, person("bob", auth.Operator, auth.Approver), later); !errors.Is(err, auth.ErrNotYours) {
		t.Errorf("somebody else's: %v", err)
	}
	for _, who := range []auth.Principal{person("alice", auth.Operator), person("root", auth.Administrator)} {
		if gone, err := auth.Withdraw(q, who, later); err != nil || gone.State != store.RequestWithdrawn {
			t.Errorf("%s: %+v, %v", who.Actor.Name, gone, err)
		}
	}
	if _, ok := auth.Expire(q, later); ok {
		t.Error("it expired too early")
	}
	gone, ok := auth.Expire(q, q.ExpiresAt)
	if !ok || gone.State != store.RequestExpired {
		t.Errorf("%+v", gone)
	}
	if _, ok := auth.Expire(gone, q.ExpiresAt); ok {
		t.Error("it expired twice")
	}
	if err := auth.Fits(q, applyWork()); err != nil {
		t.Error(err)
	}
}

// TestApprovalProperties moves a request by anybody, at any time, in any order, under rules that change: whatever
// happens, it begins at most once, and only as two people wanted it.
func TestApprovalProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"alice", "bob", "carol"}
		who := rapid.Custom(func(t *rapid.T) auth.Principal {
			name := rapid.SampledFrom(names).Draw(t, "name")
			p := person(name, rapid.SliceOfDistinct(rapid.SampledFrom(auth.Roles()), func(r auth.Role) auth.Role { return r }).Draw(t, "roles")...)
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				p.Actor = store.Actor{Kind: store.ActorToken, Name: "token", Via: name}
			case 1:
				p = auth.CommandLine(store.Actor{Kind: store.ActorCommand, Name: name, Address: "host"})
			case 2:
				p = auth.CommandLine(store.Actor{Kind: store.ActorCommand, Name: "root", Via: "sudo by " + name})
			}
			return p
		})
		human := func(a store.Actor) string {
			if slices.Contains(names, a.Name) {
				return a.Name
			}
			return strings.TrimPrefix(a.Via, "sudo by ")
		}
		rules := auth.Rules{Required: true, FourEyes: true, Lasts: time.Hour}
		now := monday()
		proposer := who.Draw(t, "proposer")
		start := rapid.Bool().Draw(t, "start")
		q, err := rules.Ask("q", applyWork(), proposer, "", start, now)
		if err != nil {
			t.Fatal(err)
		}
		begun, approvedAt := 0, time.Time{}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "minutes")) * time.Minute)
			p := who.Draw(t, "who")
			var next store.Request
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0, 1:
				digest := rapid.SampledFrom([]string{q.Digest, q.Digest, "sha256:0"}).Draw(t, "digest")
				next, err = rules.Decide(q, auth.Decision{Approve: rapid.Bool().Draw(t, "approve"), Digest: digest}, p, now)
				if err == nil {
					if human(p.Actor) == human(proposer.Actor) {
						t.Fatalf("%+v decided their own request", p)
					}
					if digest != q.Digest || !p.May(auth.Decide) {
						t.Fatalf("decided on %s by %+v", digest, p)
					}
					approvedAt = now
				}
			case 2:
				next, err = rules.Queue(q, p, now)
			case 3:
				next, err = rules.Begin(q, p, now)
				if err == nil {
					begun++
					if q.DecidedAt.IsZero() || now.Sub(approvedAt) >= rules.Lasts {
						t.Fatalf("begun without an approval that holds: %+v", q)
					}
				}
			case 4:
				next, err = auth.Withdraw(q, p, now)
			case 5:
				next, err = auth.End(q, nil, now)
			}
			if err == nil {
				q = next
			} else if next.State != q.State {
				t.Fatalf("an error changed %s to %s", q.State, next.State)
			}
		}
		if begun > 1 {
			t.Fatalf("begun %d times", begun)
		}
	})
}

// TestFitsOnlyItsWork changes any one thing of some work: no approval fits it any more.
func TestFitsOnlyItsWork(t *testing.T) {
	t.Parallel()
	work := rapid.Custom(func(t *rapid.T) store.Work {
		text := rapid.StringMatching(`[a-c]{1,2}`)
		w := store.Work{
			Kind: rapid.SampledFrom([]store.RequestKind{store.RequestApply, store.RequestBackout, store.RequestFinalize, store.RequestCleanup}).Draw(t, "kind"),
			Plan: rapid.SampledFrom([]string{"", "sha256:1", "sha256:2"}).Draw(t, "plan"), Resources: rapid.SliceOfN(text, 0, 2).Draw(t, "resources"),
			AcceptUnchecked: rapid.SliceOfN(text, 0, 2).Draw(t, "unchecked"), AcceptWarnings: rapid.SliceOfN(text, 0, 2).Draw(t, "warnings"),
			KeepTwin: rapid.Bool().Draw(t, "twin"), DeleteLabels: rapid.Bool().Draw(t, "labels"),
			Parallel: rapid.IntRange(0, 2).Draw(t, "parallel"), Canary: rapid.IntRange(0, 2).Draw(t, "canary"),
		}
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			w.Changes = append(w.Changes, store.ChangeAt{ID: text.Draw(t, "change"), At: rapid.IntRange(1, 3).Draw(t, "at")})
		}
		return w
	})
	normal := func(w store.Work) store.Work {
		for _, list := range []*[]string{&w.Resources, &w.AcceptUnchecked, &w.AcceptWarnings} {
			*list = slices.Compact(slices.Sorted(slices.Values(*list)))
		}
		w.Changes = slices.Clone(w.Changes)
		slices.SortFunc(w.Changes, func(a, b store.ChangeAt) int {
			if a.ID != b.ID {
				return map[bool]int{true: -1, false: 1}[a.ID < b.ID]
			}
			return a.At - b.At
		})
		return w
	}
	same := func(a, b store.Work) bool {
		a, b = normal(a), normal(b)
		return a.Kind == b.Kind && a.Plan == b.Plan && slices.Equal(a.Resources, b.Resources) && slices.Equal(a.Changes, b.Changes) &&
			slices.Equal(a.AcceptUnchecked, b.AcceptUnchecked) && slices.Equal(a.AcceptWarnings, b.AcceptWarnings) &&
			a.KeepTwin == b.KeepTwin && a.DeleteLabels == b.DeleteLabels && a.Parallel == b.Parallel && a.Canary == b.Canary
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := work.Draw(t, "approved"), work.Draw(t, "wanted")
		q, err := auth.Rules{Required: true, Lasts: time.Hour}.Ask("q", a, person("alice", auth.Operator), "", false, monday())
		if err != nil {
			t.Fatal(err)
		}
		if err := auth.Fits(q, b); (err == nil) != same(a, b) {
			t.Fatalf("%+v for %+v: %v", a, b, err)
		}
	})
}
