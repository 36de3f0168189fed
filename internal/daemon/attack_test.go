package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// errFull is what a store says whose disk is full.
var errFull = errors.New("database or disk is full")

// failing is a store some of whose writes fail.
type failing struct {
	*sqlite.Store
	update func(store.Request) error  // what UpdateRequest fails with
	record func(store.Deed) error     // what Record fails with
	create func(store.Request) error  // what CreateRequest fails with
	leased func(name string)          // is told before a lease is taken
	turn   func(store.Schedule) error // what UpdateSchedule fails with
}

func (f *failing) UpdateRequest(ctx context.Context, q store.Request) error {
	if f.update != nil {
		if err := f.update(q); err != nil {
			return err
		}
	}
	return f.Store.UpdateRequest(ctx, q)
}

func (f *failing) UpdateSchedule(ctx context.Context, one store.Schedule) error {
	if f.turn != nil {
		if err := f.turn(one); err != nil {
			return err
		}
	}
	return f.Store.UpdateSchedule(ctx, one)
}

func (f *failing) Record(ctx context.Context, d store.Deed) (store.Deed, error) {
	if f.record != nil {
		if err := f.record(d); err != nil {
			return store.Deed{}, err
		}
	}
	return f.Store.Record(ctx, d)
}

// Together hands out writes that fail in the same way.
func (f *failing) Together(ctx context.Context, write func(context.Context, store.Writes) error) error {
	return f.Store.Together(ctx, func(ctx context.Context, w store.Writes) error { return write(ctx, &failingWrites{Writes: w, f: f}) })
}

type failingWrites struct {
	store.Writes
	f *failing
}

func (w *failingWrites) UpdateRequest(ctx context.Context, q store.Request) error {
	if w.f.update != nil {
		if err := w.f.update(q); err != nil {
			return err
		}
	}
	return w.Writes.UpdateRequest(ctx, q)
}

func (w *failingWrites) CreateRequest(ctx context.Context, q store.Request) error {
	if w.f.create != nil {
		if err := w.f.create(q); err != nil {
			return err
		}
	}
	return w.Writes.CreateRequest(ctx, q)
}

func (w *failingWrites) Record(ctx context.Context, d store.Deed) (store.Deed, error) {
	if w.f.record != nil {
		if err := w.f.record(d); err != nil {
			return store.Deed{}, err
		}
	}
	return w.Writes.Record(ctx, d)
}

func (f *failing) Lease(ctx context.Context, name string, h store.Holder) (store.Lease, error) {
	if f.leased != nil {
		f.leased(name)
	}
	return f.Store.Lease(ctx, name, h)
}

// instantly is a clock whose waits are over at once.
func instantly(c *settable) Clock {
	return Clock{Time: c.Now, After: func(time.Duration) (<-chan time.Time, func()) {
		fire := make(chan time.Time, 1)
		fire <- c.Now()
		return fire, func() {}
	}}
}

// deeds counts the trail's entries by action and subject.
func deeds(t *testing.T, s *sqlite.Store) map[string]int {
	t.Helper()
	found := map[string]int{}
	err := s.EachDeed(t.Context(), 0, 0, func(d store.Deed) error {
		found[d.Action+" "+d.Subject+" "+d.Outcome]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestACommandThatDiesIsFollowed shows that a daemon which runs already goes on with what a command line was at work on.
func TestACommandThatDiesIsFollowed(t *testing.T) {
	t.Parallel()
	s, d, clock := openStore(t), newScripted(), &settable{now: start}
	ask(t, s, "q", store.RequestRunning, start, nil)
	lease, err := s.Lease(t.Context(), store.RequestLease("q"), store.Holder{Host: "here", PID: 2})
	if err != nil {
		t.Fatal(err)
	}
	r := newRunner(s, d, clock, auth.Rules{})
	look := func() {
		if err := r.takeUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	look()
	if len(d.began)+len(r.active) > 0 {
		t.Error("it was begun while its command line lives")
	}
	if err := lease.Release(); err != nil { // as the kernel does when it dies
		t.Fatal(err)
	}
	look()
	<-d.began
	look() // it is this daemon's now
	d.ends <- false
	r.wait()
	look()
	want := map[string]int{"request.take-up q ok": 1, "request.end q ok": 1}
	if diff := cmp.Diff(want, deeds(t, s)); diff != "" {
		t.Error(diff)
	}
}

// TestWhatIsOverIsNotTakenUp has a command line end its request just as the daemon looks at it.
func TestWhatIsOverIsNotTakenUp(t *testing.T) {
	t.Parallel()
	s, d, clock := openStore(t), newScripted(), &settable{now: start}
	ask(t, s, "q", store.RequestRunning, start, nil)
	r := newRunner(s, d, clock, auth.Rules{})
	r.store = &failing{Store: s, leased: func(string) {
		q, err := s.Request(t.Context(), "q")
		if err == nil {
			q.State = store.RequestEnded
			err = s.UpdateRequest(t.Context(), q)
		}
		if err != nil {
			t.Error(err)
		}
	}}
	if err := r.takeUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.wait()
	if len(d.began) > 0 {
		t.Error("it was done twice")
	}
	if lease, err := s.Lease(t.Context(), store.RequestLease("q"), store.Holder{}); err != nil {
		t.Errorf("its lease is held for ever: %v", err)
	} else if err := lease.Release(); err != nil {
		t.Error(err)
	}
}

// TestManyClaimers has several daemons, as if the lock of the store's folder were lost, claim the same requests.
func TestManyClaimers(t *testing.T) {
	t.Parallel()
	const requests, claimers = 6, 8
	s, d, clock := openStore(t), newScripted(), &settable{now: start}
	d.began = make(chan string, requests*claimers)
	for n := range requests {
		ask(t, s, fmt.Sprint("q", n), store.RequestQueued, start, nil)
	}
	var claiming sync.WaitGroup
	var runners []*runner
	for range claimers {
		r := newRunner(s, d, clock, auth.Rules{})
		r.atOnce = requests
		runners = append(runners, r)
		claiming.Go(func() {
			if err := r.claim(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	claiming.Wait()
	for range requests {
		d.ends <- false
	}
	for _, r := range runners {
		r.wait()
	}
	want := map[string]int{}
	for n := range requests {
		want[fmt.Sprintf("request.start q%d ok", n)], want[fmt.Sprintf("request.end q%d ok", n)] = 1, 1
	}
	if diff := cmp.Diff(want, deeds(t, s)); diff != "" || len(d.began) != requests {
		t.Errorf("%d begun: %s", len(d.began), diff)
	}
}

// TestOneThatCantBeClaimedStopsNoOther shows that a request whose write fails does not keep others from being done.
func TestOneThatCantBeClaimedStopsNoOther(t *testing.T) {
	t.Parallel()
	s, d, clock := openStore(t), newScripted(), &settable{now: start}
	ask(t, s, "broken", store.RequestQueued, start, nil)
	ask(t, s, "sound", store.RequestQueued, start, nil)
	r := newRunner(s, d, clock, auth.Rules{})
	r.store = &failing{Store: s, update: func(q store.Request) error {
		if q.ID == "broken" {
			return errFull
		}
		return nil
	}}
	if err := r.claim(t.Context()); !errors.Is(err, errFull) {
		t.Errorf("claim: %v", err)
	}
	if got := <-d.began; got != "sound" {
		t.Errorf("%s was begun", got)
	}
	d.ends <- false
	r.wait()
	if diff := cmp.Diff(map[string]store.RequestState{"broken": store.RequestQueued, "sound": store.RequestEnded}, states(t, s)); diff != "" {
		t.Error(diff)
	}
}

// TestTheEndIsWrittenUntilItIs shows that a full disk loses no results: the end of a request is written when it can be,
// with its deed, and until then the request is nobody else's.
func TestTheEndIsWrittenUntilItIs(t *testing.T) {
	t.Parallel()
	for _, fails := range []string{"the trail", "the request", "neither"} {
		t.Run(fails, func(t *testing.T) {
			t.Parallel()
			s, d, clock := openStore(t), newScripted(), &settable{now: start}
			ask(t, s, "q", store.RequestQueued, start, nil)
			r := newRunner(s, d, clock, auth.Rules{})
			r.health = newHealth()
			var tries atomic.Int32
			var red atomic.Bool
			full := func(now bool) error {
				if !now {
					return nil
				}
				if tries.Add(1) > 3 {
					return nil
				}
				if len(r.health.ailing()) > 0 {
					red.Store(true)
				}
				other := newRunner(s, d, clock, auth.Rules{})
				if err := other.takeUp(t.Context()); err != nil || len(other.active) > 0 {
					t.Errorf("another daemon takes it up: %v", err)
				}
				return errFull
			}
			r.store = &failing{
				Store:  s,
				update: func(q store.Request) error { return full(fails == "the request" && q.State == store.RequestEnded) },
				record: func(d store.Deed) error { return full(fails == "the trail" && d.Action == deedEnd) },
			}
			r.clock = instantly(clock)
			if err := r.claim(t.Context()); err != nil {
				t.Fatal(err)
			}
			<-d.began
			d.ends <- false
			r.wait()
			want := map[string]int{"request.start q ok": 1, "request.end q ok": 1}
			if diff := cmp.Diff(want, deeds(t, s)); diff != "" {
				t.Error(diff)
			}
			if got := states(t, s)["q"]; got != store.RequestEnded || len(r.health.ailing()) > 0 || red.Load() != (fails != "neither") {
				t.Errorf("it is %s, ailing %v, was ailing: %t", got, r.health.ailing(), red.Load())
			}
		})
	}
}

// TestADaemonEndsWhoseStoreFails shows that a store that never comes back keeps no daemon from ending.
func TestADaemonEndsWhoseStoreFails(t *testing.T) {
	t.Parallel()
	s, d, clock := openStore(t), newScripted(), &settable{now: start}
	ask(t, s, "q", store.RequestQueued, start, nil)
	r := newRunner(s, d, clock, auth.Rules{})
	ctx, stop := context.WithCancel(t.Context())
	r.store = &failing{Store: s, update: func(q store.Request) error {
		if q.State != store.RequestEnded {
			return nil
		}
		stop()
		return errFull
	}}
	if err := r.claim(ctx); err != nil {
		t.Fatal(err)
	}
	<-d.began
	d.ends <- false
	r.wait()
	if got := states(t, s)["q"]; got != store.RequestRunning {
		t.Errorf("it is %s", got)
	}
}

// TestWhatWasLeftSaysSo shows that no result of a request that is over is silent.
func TestWhatWasLeftSaysSo(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	ask(t, s, "q", store.RequestRunning, start, nil)
	q, err := s.Request(t.Context(), "q")
	if err != nil {
		t.Fatal(err)
	}
	run := &running{store: s, now: func() time.Time { return start }, request: q}
	for _, one := range []store.RequestResult{{Subject: "a", Change: "1"}, {Subject: "b", Change: "2", OK: true}, {Message: "AWS does not answer"}} {
		if err := run.set(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	run.close()
	if err := run.write(func(q store.Request) error { return s.UpdateRequest(t.Context(), q) }); err != nil {
		t.Fatal(err)
	}
	if q, err = s.Request(t.Context(), "q"); err != nil {
		t.Fatal(err)
	}
	want := []store.RequestResult{
		{Subject: "a", Change: "1", Message: "it was left where it stands", Hint: "resume goes on"},
		{Subject: "b", Change: "2", OK: true},
		{Message: "AWS does not answer"},
	}
	if diff := cmp.Diff(want, q.Results); diff != "" {
		t.Error(diff)
	}
}

// TestWithdrawnWhileQueued has somebody withdraw a request just as it is claimed: one of the two wins.
func TestWithdrawnWhileQueued(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"withdrawn", "claimed"} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			s, d, clock := openStore(t), newScripted(), &settable{now: start}
			ask(t, s, "q", store.RequestQueued, start, nil)
			withdraw := func() error {
				q, err := s.Request(t.Context(), "q")
				if err != nil {
					return err
				}
				gone, err := auth.Withdraw(q, auth.Principal{Actor: q.ProposedBy}, start)
				if err != nil {
					return err
				}
				return s.UpdateRequest(t.Context(), gone)
			}
			r := newRunner(s, d, clock, auth.Rules{})
			if first == "withdrawn" {
				r.store = &failing{Store: s, leased: func(string) { // after it was listed
					if err := withdraw(); err != nil {
						t.Error(err)
					}
				}}
			}
			if err := r.claim(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := store.RequestWithdrawn
			if first == "claimed" {
				<-d.began
				if err := withdraw(); !errors.Is(err, auth.ErrNotPending) {
					t.Errorf("withdrawn while it runs: %v", err)
				}
				d.ends <- false
				want = store.RequestEnded
			}
			r.wait()
			if got := states(t, s)["q"]; got != want {
				t.Errorf("it is %s, want %s", got, want)
			}
		})
	}
}

// TestInterruptedTwice interrupts a request twice, and then ends the daemon: the first of these counts.
func TestInterruptedTwice(t *testing.T) {
	t.Parallel()
	s, clock := openStore(t), &settable{now: start}
	ask(t, s, "q", store.RequestQueued, start, nil)
	slow := &slowly{began: make(chan struct{}), finish: make(chan struct{})}
	r := newRunner(s, slow, clock, auth.Rules{})
	ctx, stop := context.WithCancel(t.Context())
	if err := r.claim(ctx); err != nil {
		t.Fatal(err)
	}
	<-slow.began
	for range 2 {
		if err := r.Interrupt(t.Context(), "q", noted); err != nil {
			t.Error(err)
		}
	}
	stop()
	close(slow.finish)
	r.wait()
	if got := states(t, s)["q"]; got != store.RequestEnded {
		t.Errorf("it is %s", got)
	}
	if err := r.Interrupt(t.Context(), "q", noted); !errors.Is(err, store.ErrState) {
		t.Errorf("interrupted when it is over: %v", err)
	}
}

// slowly is a doer whose current call takes until finish.
type slowly struct{ began, finish chan struct{} }

func (s *slowly) do(ctx context.Context, _ *running, _ bool) bool {
	close(s.began)
	<-ctx.Done()
	<-s.finish
	return !errors.Is(context.Cause(ctx), errInterrupted)
}

// TestAPanicIsAResult shows that a panic in the work ends its request, and that a panic of whoever follows a change lets
// the engine come to its end.
func TestAPanicIsAResult(t *testing.T) {
	t.Parallel()
	s, clock := openStore(t), &settable{now: start}
	ask(t, s, "q", store.RequestQueued, start, nil)
	w := &work{store: s, hub: newHub(time.Now, func(int) {}), clock: Clock{Time: clock.Now}, log: slog.New(slog.DiscardHandler)}
	r := newRunner(s, w, clock, auth.Rules{}) // without a worker: the first use of it panics
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.wait()
	q, err := s.Request(t.Context(), "q")
	if err != nil || q.State != store.RequestEnded || len(q.Results) != 1 || q.Results[0].OK {
		t.Errorf("%+v, %v", q, err)
	}
	ask(t, s, "p", store.RequestRunning, start, nil)
	if q, err = s.Request(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	run := &changesRun{work: w, request: &running{store: s, now: clock.Now, request: q}}
	run.watch(engine.Event{ID: "c", Change: &change.Change{}, Job: engine.Job{Resource: "arn"}}) // without a watcher
	if got := run.request.head().Results; len(got) != 1 || got[0].Change != "c" || got[0].Message == "" {
		t.Errorf("%+v", got)
	}
}

// TestSchedulerSurvives shows what keeps no schedule from its turns.
func TestSchedulerSurvives(t *testing.T) {
	t.Parallel()
	s, clock := openStore(t), &settable{now: start}
	for _, name := range []string{"a", "b"} {
		one := store.Schedule{ID: name, Name: name, Every: time.Hour, NextAt: start}
		if err := s.CreateSchedule(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	filed := 0
	f := &failing{Store: s}
	sched := &scheduler{
		store: f, rules: func(context.Context) (auth.Rules, error) { return auth.Rules{Lasts: time.Hour}, nil }, clock: Clock{Time: clock.Now},
		newID: func() string { filed++; return fmt.Sprint("r", filed) }, log: slog.New(slog.DiscardHandler), host: "here", wake: func() {},
	}
	end := func() {
		for _, state := range []store.RequestState{store.RequestQueued} {
			err := s.EachRequest(t.Context(), store.RequestFilter{States: []store.RequestState{state}}, func(q store.Request) error {
				q.State, q.Results = store.RequestEnded, []store.RequestResult{{Message: "AWS does not answer"}}
				return s.UpdateRequest(t.Context(), q)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	first := func(failed *bool) func() error {
		return func() error {
			if *failed {
				return nil
			}
			*failed = true
			return errFull
		}
	}
	for _, step := range []struct {
		name  string
		at    time.Duration
		fail  func(once func() error)
		err   bool
		filed int // audits in all
		end   bool
	}{
		{"a's audit can't be filed, and b's is", 0, func(once func() error) { f.create = func(store.Request) error { return once() } }, true, 1, false},
		{"a's is filed at the next look", time.Second, nil, false, 2, true},
		{"a's turn can't be noted", time.Hour, func(once func() error) { f.turn = func(store.Schedule) error { return once() } }, true, 4, false},
		{"it is not filed twice", time.Hour + time.Second, nil, false, 4, true},
		{"not when that audit is over, either", time.Hour + 2*time.Second, nil, false, 4, true},
		{"the clock leaps ahead", 10000 * time.Hour, nil, false, 6, true},
		{"and back: they don't wait for years", 2 * time.Hour, nil, false, 6, true},
		{"their next turns come", 3 * time.Hour, nil, false, 8, true},
	} {
		f.create, f.turn = nil, nil
		if step.fail != nil {
			step.fail(first(new(bool)))
		}
		clock.set(start.Add(step.at))
		if err := sched.look(t.Context()); errors.Is(err, errFull) != step.err {
			t.Errorf("%s: %v", step.name, err)
		}
		if got := len(states(t, s)); got != step.filed {
			t.Fatalf("%s: %d audits were filed, want %d", step.name, got, step.filed)
		}
		if step.end {
			end()
		}
	}
}

// TestADroppedScheduleIsForgotten deletes a schedule while its audit runs.
func TestADroppedScheduleIsForgotten(t *testing.T) {
	t.Parallel()
	s, clock := openStore(t), &settable{now: start}
	if err := s.CreateSchedule(t.Context(), store.Schedule{ID: "a", Name: "a", Every: time.Hour, NextAt: start}); err != nil {
		t.Fatal(err)
	}
	f := &failing{Store: s, turn: func(store.Schedule) error { return s.DropSchedule(t.Context(), "a") }} // between filing and noting
	sched := &scheduler{
		store: f, rules: func(context.Context) (auth.Rules, error) { return auth.Rules{Lasts: time.Hour}, nil }, clock: Clock{Time: clock.Now},
		newID: func() string { return "r" }, log: slog.New(slog.DiscardHandler), host: "here", wake: func() {},
	}
	for n := range 3 {
		clock.set(start.Add(time.Duration(n) * time.Hour))
		if err := sched.look(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if got := len(states(t, s)); got != 1 {
		t.Errorf("%d audits were filed, want 1", got)
	}
}

// TestSessionsAreClosedOnce shows that a session is closed when its last user has given it back, and that opening one for
// a role keeps nobody else waiting.
func TestSessionsAreClosedOnce(t *testing.T) {
	t.Parallel()
	opened := 0
	slow := make(chan struct{})
	s := newSessions(func(ctx context.Context, role string) (*awsapi.Session, error) {
		if role == "slow" {
			<-slow
			return nil, errors.New("no answer")
		}
		opened++
		return awsapi.Open(ctx, awsapi.Options{
			Role: role, Region: "us-east-1", EndpointURL: "http://127.0.0.1:1", Keys: &awsapi.Keys{AccessKeyID: "demo", SecretAccessKey: "demo"},
		})
	})
	waiting := make(chan error)
	go func() {
		_, err := s.get(t.Context(), "slow")
		waiting <- err
	}()
	a, err := s.get(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.get(t.Context(), "r")
	if err != nil || a.session != b.session || opened != 1 {
		t.Fatalf("%d were opened, %v", opened, err)
	}
	close(slow)
	if err := <-waiting; err == nil {
		t.Error("what could not be opened was lent")
	}
	a.done()
	a.done() // again does nothing: b's user is at work still
	at := s.byRole["r"].now
	s.close()
	if at.users != 1 || !at.retired {
		t.Errorf("%d users", at.users)
	}
	b.done() // closes it; closing it twice would panic
	s.close()
}

// TestHubLoses shows that a subscriber who takes nothing costs no more than a bounded number of events.
func TestHubLoses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHub(time.Now, func(int) {})
		ctx, cancel := context.WithCancel(t.Context())
		events := h.Subscribe(ctx)
		h.Publish(changeEvent("first", 1))
		synctest.Wait() // it is on its way, to somebody who takes nothing
		for n := range 3 * mostPending {
			h.Publish(changeEvent(fmt.Sprint(n), 1))
		}
		for s := range h.subs {
			if len(s.order)+len(s.pending) > 0 || !s.lost {
				t.Errorf("%d events are kept for somebody who is lost", len(s.order))
			}
		}
		cancel()
		synctest.Wait()
		if h.Watched() {
			t.Error("it is still there")
		}
		_ = events
	})
}

// TestHubComesAndGoes has 200 subscribers come and go again and again while events are published.
func TestHubComesAndGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		streams := atomic.Int64{}
		h := newHub(time.Now, func(n int) { streams.Add(int64(n)) })
		var clients sync.WaitGroup
		for n := range 200 {
			clients.Go(func() {
				for round := range 10 {
					ctx, cancel := context.WithCancel(t.Context())
					events := h.Subscribe(ctx)
					if (n+round)%3 > 0 {
						h.Publish(changeEvent("c", round))
						<-events
					}
					cancel()
				}
			})
		}
		clients.Wait()
		synctest.Wait() // and no goroutine may be left when the bubble ends
		if h.Watched() || streams.Load() != 0 {
			t.Errorf("%d streams are left", streams.Load())
		}
	})
}

// TestTheWatcherForgets shows that changes that are at rest are not kept in mind where nobody looks.
func TestTheWatcherForgets(t *testing.T) {
	t.Parallel()
	told := 0
	w := newWatcher(openStore(t), func(api.Event) { told++ })
	for n := range 1000 {
		id := fmt.Sprint(n)
		w.tell(store.Summarized{ID: id, State: change.Running}, "")
		w.tell(store.Summarized{ID: id, State: change.Done}, "")
	}
	if len(w.changes) > 0 || told != 2000 {
		t.Errorf("%d are kept, %d were told", len(w.changes), told)
	}
}
