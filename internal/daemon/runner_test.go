package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// settable is a clock that tests set.
type settable struct {
	mu  sync.Mutex
	now time.Time
}

func (c *settable) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *settable) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func openStore(t *testing.T) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
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

// scripted does requests as a test wants.
type scripted struct {
	began chan string // ids, as they begin
	ends  chan bool   // each value ends one: whether it is left unfinished
	again sync.Map    // ids that were taken up
}

func newScripted() *scripted {
	return &scripted{began: make(chan string, 10), ends: make(chan bool)}
}

func (s *scripted) do(ctx context.Context, r *running, again bool) bool {
	id := r.head().ID
	if again {
		s.again.Store(id, true)
	}
	s.began <- id
	select {
	case unfinished := <-s.ends:
		return unfinished
	case <-ctx.Done():
		_ = r.set(ctx, store.RequestResult{Subject: "x", Message: context.Cause(ctx).Error()})
		return !errors.Is(context.Cause(ctx), errInterrupted)
	}
}

func newRunner(s *sqlite.Store, d doer, clock *settable, rules auth.Rules) *runner {
	return &runner{
		store: s, doer: d, rules: func(context.Context) (auth.Rules, error) { return rules, nil },
		clock: Clock{Time: clock.Now}, log: slog.New(slog.DiscardHandler), holder: store.Holder{Host: "here", PID: 1}, atOnce: 2,
		wake: make(chan struct{}, 1), active: map[string]context.CancelCauseFunc{},
	}
}

// ask files a request to resume a change of that name.
func ask(t *testing.T, s *sqlite.Store, id string, state store.RequestState, at time.Time, change func(*store.Request)) {
	t.Helper()
	q := store.Request{
		ID: id, Work: store.Work{Kind: store.RequestResume, Changes: []store.ChangeAt{{ID: id, At: 1}}}, State: state,
		ProposedBy: store.Actor{Kind: store.ActorUser, Name: "kim"}, ProposedAt: at, ExpiresAt: at.Add(time.Hour),
	}
	if change != nil {
		change(&q)
	}
	var err error
	if q.Digest, err = q.Work.Digest(); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateRequest(t.Context(), q); err != nil {
		t.Fatal(err)
	}
}

func states(t *testing.T, s *sqlite.Store) map[string]store.RequestState {
	t.Helper()
	found := map[string]store.RequestState{}
	err := s.EachRequest(t.Context(), store.RequestFilter{}, func(q store.Request) error {
		found[q.ID] = q.State
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestRunnerClaims shows that queued requests are begun in the order in which they were filed, only so many at once, each
// by one runner, and that nothing else is begun.
func TestRunnerClaims(t *testing.T) {
	t.Parallel()
	s, d, clock := openStore(t), newScripted(), &settable{now: start}
	for n := range 3 {
		ask(t, s, fmt.Sprint("q", n), store.RequestQueued, start.Add(time.Duration(n)*time.Second), nil)
	}
	ask(t, s, "pending", store.RequestPending, start, nil)
	ask(t, s, "approved", store.RequestApproved, start, nil)
	r, other := newRunner(s, d, clock, auth.Rules{}), newRunner(s, d, clock, auth.Rules{})
	for _, one := range []*runner{r, other} {
		if err := one.claim(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	first := []string{<-d.began, <-d.began, <-d.began}
	if got := len(r.active); got != 2 {
		t.Errorf("%d at once, want 2", got)
	}
	if diff := cmp.Diff(map[string]bool{"q0": true, "q1": true, "q2": true}, set(first)); diff != "" {
		t.Error(diff)
	}
	for range 3 {
		d.ends <- false
	}
	r.wait()
	other.wait()
	want := map[string]store.RequestState{
		"q0": store.RequestEnded, "q1": store.RequestEnded, "q2": store.RequestEnded, "pending": store.RequestPending, "approved": store.RequestApproved,
	}
	if diff := cmp.Diff(want, states(t, s)); diff != "" {
		t.Error(diff)
	}
}

func set(list []string) map[string]bool {
	all := map[string]bool{}
	for _, one := range list {
		all[one] = true
	}
	return all
}

// TestRunnerRefuses shows what is not begun although it is queued.
func TestRunnerRefuses(t *testing.T) {
	t.Parallel()
	backout := func(q *store.Request) { q.Work.Kind, q.NeedsApproval = store.RequestBackout, true }
	for _, c := range []struct {
		name   string
		rules  auth.Rules
		change func(*store.Request)
		after  time.Duration
		want   store.RequestState
	}{
		{"expired", auth.Rules{Required: true}, func(q *store.Request) { backout(q); q.DecidedAt = start }, 2 * time.Hour, store.RequestExpired},
		{"never approved", auth.Rules{Required: true}, backout, 0, store.RequestEnded},
		{"approval demanded since", auth.Rules{Required: true}, func(q *store.Request) { q.Work.Kind = store.RequestBackout }, 0, store.RequestEnded},
		{"approved by who asked", auth.Rules{Required: true, FourEyes: true}, func(q *store.Request) {
			backout(q)
			q.DecidedAt, q.DecidedBy = start, q.ProposedBy
		}, 0, store.RequestEnded},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, d, clock := openStore(t), newScripted(), &settable{now: start}
			ask(t, s, "q", store.RequestQueued, start, c.change)
			clock.set(start.Add(c.after))
			r := newRunner(s, d, clock, c.rules)
			if err := r.claim(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.wait()
			q, err := s.Request(t.Context(), "q")
			if err != nil {
				t.Fatal(err)
			}
			if q.State != c.want || len(d.began) > 0 {
				t.Errorf("it is %s, %d begun, want %s and none", q.State, len(d.began), c.want)
			}
			if q.State == store.RequestEnded && (len(q.Results) != 1 || q.Results[0].Message == "") {
				t.Errorf("it does not say why: %v", q.Results)
			}
		})
	}
}

// TestRunnerTakesUp shows that what ran when a daemon ended is gone on with, unless somebody else works on it.
func TestRunnerTakesUp(t *testing.T) {
	t.Parallel()
	s, d, clock := openStore(t), newScripted(), &settable{now: start}
	ask(t, s, "ours", store.RequestRunning, start, nil)
	ask(t, s, "a command's", store.RequestRunning, start, nil)
	lease, err := s.Lease(t.Context(), store.RequestLease("a command's"), store.Holder{Host: "here", PID: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	r := newRunner(s, d, clock, auth.Rules{})
	if err := r.takeUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-d.began; got != "ours" {
		t.Errorf("%s was taken up", got)
	}
	if _, again := d.again.Load("ours"); !again {
		t.Error("it does not know that it was begun before")
	}
	d.ends <- false
	r.wait()
	if diff := cmp.Diff(map[string]store.RequestState{"ours": store.RequestEnded, "a command's": store.RequestRunning}, states(t, s)); diff != "" {
		t.Error(diff)
	}
}

// TestRunnerStops shows the difference between a daemon that ends and somebody who interrupts.
func TestRunnerStops(t *testing.T) {
	t.Parallel()
	s, d, clock := openStore(t), newScripted(), &settable{now: start}
	ask(t, s, "interrupted", store.RequestQueued, start, nil)
	ask(t, s, "left", store.RequestQueued, start.Add(time.Second), nil)
	r := newRunner(s, d, clock, auth.Rules{})
	ctx, stop := context.WithCancel(t.Context())
	if err := r.claim(ctx); err != nil {
		t.Fatal(err)
	}
	<-d.began
	<-d.began
	if err := r.Interrupt(t.Context(), "left", func(context.Context) error { return errFull }); !errors.Is(err, errFull) {
		t.Errorf("interrupting what can't be noted: %v", err)
	}
	if err := r.Interrupt(t.Context(), "interrupted", noted); err != nil {
		t.Error(err)
	}
	if err := r.Interrupt(t.Context(), "another", noted); !errors.Is(err, store.ErrState) {
		t.Errorf("interrupting what does not run: %v", err)
	}
	stop()
	r.wait()
	if diff := cmp.Diff(map[string]store.RequestState{"interrupted": store.RequestEnded, "left": store.RequestRunning}, states(t, s)); diff != "" {
		t.Error(diff)
	}
	next := newRunner(s, d, clock, auth.Rules{})
	if err := next.takeUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-d.began; got != "left" {
		t.Errorf("%s was taken up", got)
	}
	d.ends <- false
	next.wait()
}

// noted notes nothing.
func noted(context.Context) error { return nil }

// TestInterruptionsLast kills a daemon whose request somebody has interrupted: the next one does not go on with it.
func TestInterruptionsLast(t *testing.T) {
	t.Parallel()
	s, clock := openStore(t), &settable{now: start}
	ask(t, s, "q", store.RequestRunning, start, nil) // as kill -9 leaves it
	if err := s.InterruptRequest(t.Context(), "q", store.Actor{Kind: store.ActorUser, Name: "kim"}, start); err != nil {
		t.Fatal(err)
	}
	w := &work{
		store: s, hub: newHub(time.Now, func(int) {}), watcher: newWatcher(s, func(api.Event) {}),
		clock: Clock{Time: clock.Now}, log: slog.New(slog.DiscardHandler),
	} // without AWS: any use of it panics
	r := newRunner(s, w, clock, auth.Rules{})
	if err := r.takeUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.wait()
	q, err := s.Request(t.Context(), "q")
	if err != nil {
		t.Fatal(err)
	}
	if q.State != store.RequestEnded || q.InterruptedBy.Name != "kim" || !q.InterruptedAt.Equal(start) {
		t.Errorf("it is %+v", q)
	}
	want := []store.RequestResult{{Change: "q", Message: "there is no such change"}}
	if diff := cmp.Diff(want, q.Results); diff != "" {
		t.Error(diff)
	}
}

func TestRunnerExpires(t *testing.T) {
	t.Parallel()
	s, clock := openStore(t), &settable{now: start}
	for _, state := range []store.RequestState{store.RequestPending, store.RequestApproved, store.RequestQueued, store.RequestRunning} {
		ask(t, s, string(state), state, start, nil)
	}
	ask(t, s, "later", store.RequestPending, start.Add(time.Hour), nil)
	clock.set(start.Add(90 * time.Minute))
	if err := newRunner(s, newScripted(), clock, auth.Rules{}).expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]store.RequestState{
		"pending": store.RequestExpired, "approved": store.RequestExpired, "queued": store.RequestExpired, "running": store.RequestRunning,
		"later": store.RequestPending,
	}
	if diff := cmp.Diff(want, states(t, s)); diff != "" {
		t.Error(diff)
	}
}

// TestScheduler follows one schedule through its turns.
func TestScheduler(t *testing.T) {
	t.Parallel()
	s, clock := openStore(t), &settable{now: start}
	filed, woken := 0, 0
	sched := &scheduler{
		store: s, rules: func(context.Context) (auth.Rules, error) { return auth.Rules{Lasts: time.Hour}, nil }, clock: Clock{Time: clock.Now},
		newID: func() string { filed++; return fmt.Sprint("r", filed) }, log: slog.New(slog.DiscardHandler), host: "here", wake: func() { woken++ },
	}
	first := store.Schedule{
		ID: "s", Name: "hourly", Every: time.Hour, NextAt: start.Add(10 * time.Minute), Scope: store.AuditScope{Regions: []string{"eu-west-1"}},
	}
	if err := s.CreateSchedule(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	end := func(id string, result store.RequestResult) func() {
		return func() {
			q, err := s.Request(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			q.State, q.Results = store.RequestEnded, []store.RequestResult{result}
			if err := s.UpdateRequest(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, step := range []struct {
		name  string
		do    func()
		at    time.Duration
		filed int
		next  time.Duration
		audit string
		err   bool
	}{
		{"not yet", nil, 0, 0, 10 * time.Minute, "", false},
		{"due", nil, 10 * time.Minute, 1, 70 * time.Minute, "", false},
		{"not twice", nil, 11 * time.Minute, 1, 70 * time.Minute, "", false},
		{"the audit before is not over", nil, 71 * time.Minute, 1, 130 * time.Minute, "", true},
		{"it is over", end("r1", store.RequestResult{Audit: "a1", OK: true}), 72 * time.Minute, 1, 130 * time.Minute, "a1", false},
		{"three turns were missed: once", nil, 5 * time.Hour, 2, 310 * time.Minute, "a1", false},
		{"it went wrong", end("r2", store.RequestResult{Message: "no credentials"}), 301 * time.Minute, 2, 310 * time.Minute, "a1", true},
		{"the next one", nil, 311 * time.Minute, 3, 370 * time.Minute, "a1", true},
	} {
		if step.do != nil {
			step.do()
		}
		clock.set(start.Add(step.at))
		if err := sched.look(t.Context()); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		var now store.Schedule
		if err := s.EachSchedule(t.Context(), func(one store.Schedule) error { now = one; return nil }); err != nil {
			t.Fatal(err)
		}
		if filed != step.filed || !now.NextAt.Equal(start.Add(step.next)) || now.LastAudit != step.audit || (now.LastError != "") != step.err {
			t.Errorf("%s: %d filed, next %s, last audit %q, error %q", step.name, filed, now.NextAt.Sub(start), now.LastAudit, now.LastError)
		}
	}
	if woken != filed {
		t.Errorf("woken %d times for %d requests", woken, filed)
	}
	q, err := s.Request(t.Context(), "r1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&first.Scope, q.Work.Audit); diff != "" {
		t.Error(diff)
	}
}
