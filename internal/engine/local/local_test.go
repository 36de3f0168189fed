package local_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/engine/enginetest"
	"github.com/glueguard/glueguard/internal/engine/local"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

func TestConformance(t *testing.T) {
	enginetest.Test(t, enginetest.Harness{
		New: func(_ testing.TB, w engine.Worker) engine.Engine { return local.New(w, local.Options{}) },
		In:  synctest.Test,
	})
}

// stuck is a worker whose calls end with their context alone.
type stuck struct{ entered chan struct{} }

func (s *stuck) Begin(context.Context, engine.Job) (engine.Run, error) { return s, nil }
func (s *stuck) ID() string                                            { return "c1" }
func (s *stuck) Item() plan.Item                                       { return plan.Item{} }
func (s *stuck) Release() error                                        { return nil }

func (s *stuck) Advance(ctx context.Context) (execute.Next, error) {
	close(s.entered)
	<-ctx.Done()
	return execute.Next{}, fmt.Errorf("a call: %w", ctx.Err())
}

func TestACallThatNeverEndsIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &stuck{entered: make(chan struct{})}
		go func() {
			<-s.entered
			cancel()
		}()
		start := time.Now()
		var last engine.Event
		err := local.New(s, local.Options{Grace: time.Minute}).Run(ctx, []engine.Job{{Verb: engine.Resume, Change: "c1"}}, engine.Limits{}, func(e engine.Event) { last = e })
		if !errors.Is(err, context.Canceled) || !errors.Is(last.Err, context.Canceled) || !last.Done {
			t.Errorf("Run: %v, the last event: %+v", err, last)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("it took %s, want the grace of a minute", took)
		}
	})
}

// waiting is a worker whose changes wait once.
type waiting struct{ step int }

func (w *waiting) Begin(context.Context, engine.Job) (engine.Run, error) { return &waiting{}, nil }
func (w *waiting) ID() string                                            { return "c1" }
func (w *waiting) Item() plan.Item                                       { return plan.Item{} }
func (w *waiting) Release() error                                        { return nil }

func (w *waiting) Advance(context.Context) (execute.Next, error) {
	c := &change.Change{State: change.Done}
	if w.step++; w.step == 1 {
		return execute.Next{Change: c, Again: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}, nil
	}
	return execute.Next{Change: c}, nil
}

func TestTheClockAndTheTimersAreTheOnesGiven(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 11, 45, 0, 0, time.UTC)
	var asked []time.Duration
	e := local.New(&waiting{}, local.Options{
		Now: func() time.Time { return now },
		Timer: func(d time.Duration) (<-chan time.Time, func()) {
			asked = append(asked, d)
			fire := make(chan time.Time, 1)
			fire <- now.Add(d)
			return fire, func() {}
		},
	})
	if err := e.Run(t.Context(), []engine.Job{{Verb: engine.Resume, Change: "c1"}}, engine.Limits{}, func(engine.Event) {}); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 1 || asked[0] != 15*time.Minute {
		t.Errorf("timers for %v, want one for 15 min", asked)
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// BenchmarkWaiting has 200 changes wait at once; it tells what each costs beside its journal's fold.
func BenchmarkWaiting(b *testing.B) {
	b.ReportAllocs()
	jobs := make([]engine.Job, 200)
	for i := range jobs {
		jobs[i] = engine.Job{Verb: engine.Resume, Change: fmt.Sprint(i)}
	}
	e := local.New(&waiting{}, local.Options{Now: func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }})
	for b.Loop() {
		if err := e.Run(b.Context(), jobs, engine.Limits{Parallel: len(jobs)}, func(engine.Event) {}); err != nil {
			b.Fatal(err)
		}
	}
}
