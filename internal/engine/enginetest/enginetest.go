// Package enginetest holds every engine to the contract of package engine: run Test with a way to make one.
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/store"
)

// Harness is how the suite comes by an engine.
type Harness struct {
	// New returns an engine that has its jobs done by w.
	New func(t testing.TB, w engine.Worker) engine.Engine
	// In runs a test where time passes as the engine sees it, most often in a bubble of testing/synctest.
	In func(t *testing.T, test func(t *testing.T))
	// Wait is how long a change waits for AWS in these tests; 0: 15 min, for which time must not be real.
	Wait time.Duration
}

// Test runs the whole suite, in parallel.
func Test(t *testing.T, h Harness) {
	t.Helper()
	t.Parallel()
	if h.Wait == 0 {
		h.Wait = 15 * time.Minute
	}
	for name, test := range map[string]func(*testing.T, Harness){
		"every job is done and reported once":            reportsAll,
		"no more changes at once than allowed":           limitsParallel,
		"four at once unless told otherwise":             defaultParallel,
		"never two on one resource":                      oneOnEach,
		"a wait ends when it should":                     honoursAgain,
		"events come in order, one at a time":            ordersEvents,
		"a lease held elsewhere is its own job's":        reportsHeld,
		"errors and panics stay with their job":          containsFailures,
		"a lease is given up whatever happens":           releasesAlways,
		"the canary goes first and alone":                canaryFirst,
		"a canary that does not verify stops the rest":   canaryStops,
		"too many failures stop the rest":                stopsAfterFailures,
		"twins take turns where there is little room":    limitsTwins,
		"a twin that stays keeps its place":              twinStays,
		"no room for any twin is said":                   noRoom,
		"an interrupt lets calls end and waits stop":     interrupts,
		"nothing is begun after an interrupt":            interruptedBefore,
		"ended as asked depends on what was asked":       endsAsAsked,
		"two hundred changes wait without holding a lot": many,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h.In(t, func(t *testing.T) { test(t, h) })
		})
	}
	t.Run("any jobs under any limits keep all the rules", func(t *testing.T) {
		t.Parallel()
		property(t, h)
	})
}

// names makes the resources r0, r1, …
func names(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("r%d", i))
	}
	return list
}

func jobs(resources ...string) (list []engine.Job) {
	for _, r := range resources {
		list = append(list, engine.Job{Verb: engine.Apply, Plan: "sha256:0", Resource: r})
	}
	return list
}

func each(resources []string, s script) map[string]script {
	m := map[string]script{}
	for _, r := range resources {
		m[r] = s
	}
	return m
}

// outcome is what the watcher of a run saw.
type outcome struct {
	err    error
	events []engine.Event
	last   map[string][]engine.Event // last events, by resource
}

func (h Harness) run(ctx context.Context, t testing.TB, w *worker, list []engine.Job, l engine.Limits, also ...func(engine.Event)) outcome {
	t.Helper()
	o := outcome{last: map[string][]engine.Event{}}
	var watching atomic.Bool
	o.err = h.New(t, w).Run(ctx, list, l, func(e engine.Event) {
		if !watching.CompareAndSwap(false, true) {
			t.Error("watch was called from two goroutines at once")
		}
		defer watching.Store(false)
		o.events = append(o.events, e)
		if e.Done {
			o.last[e.Job.Resource] = append(o.last[e.Job.Resource], e)
		}
		for _, f := range also {
			f(e)
		}
	})
	want := map[string]int{}
	for _, j := range list {
		want[j.Resource]++
	}
	for r, n := range want {
		if got := len(o.last[r]); got != n {
			t.Errorf("%s was reported as done %d times, want %d", r, got, n)
		}
	}
	for r, n := range w.active {
		if n != 0 {
			t.Errorf("%d runs of %s were never released", n, r)
		}
	}
	if len(w.early) > 0 {
		t.Errorf("advanced before their time: %v", w.early)
	}
	return o
}

// end is the only last event of a resource.
func (o outcome) end(t testing.TB, r string) engine.Event {
	t.Helper()
	if len(o.last[r]) != 1 {
		t.Fatalf("%s has %d last events, want 1", r, len(o.last[r]))
	}
	return o.last[r][0]
}

// skipped are the resources whose jobs were skipped.
func (o outcome) skipped() (list []string) {
	for r, events := range o.last {
		if events[0].Skipped {
			list = append(list, r)
		}
	}
	slices.Sort(list)
	return list
}

func reportsAll(t *testing.T, h Harness) {
	rs := names(10)
	w := newWorker(each(rs, script{steps: []step{{wait: h.Wait}, {}}}))
	o := h.run(t.Context(), t, w, jobs(rs...), engine.Limits{})
	if o.err != nil {
		t.Errorf("Run: %v", o.err)
	}
	for _, r := range rs {
		if e := o.end(t, r); !e.AsAsked() || e.ID != "change-of-"+r || e.Change.State != change.Done {
			t.Errorf("%s ended as %+v", r, e)
		}
	}
	if o := h.run(t.Context(), t, w, nil, engine.Limits{}); o.err != nil || len(o.events) > 0 {
		t.Errorf("no jobs at all: %v, %d events", o.err, len(o.events))
	}
}

func limitsParallel(t *testing.T, h Harness) {
	rs := names(10)
	w := newWorker(each(rs, script{steps: []step{{wait: h.Wait}}}))
	h.run(t.Context(), t, w, jobs(rs...), engine.Limits{Parallel: 3})
	if w.maxActive != 3 {
		t.Errorf("%d changes were under way at once, want 3", w.maxActive)
	}
	if d := cmp.Diff(rs, w.begun); d != "" {
		// The order in which the first three begin is the scheduler's of goroutines; the rest follow in turn.
		slices.Sort(w.begun)
		if d = cmp.Diff(rs, w.begun); d != "" {
			t.Errorf("begun (-want +got):\n%s", d)
		}
	}
}

func defaultParallel(t *testing.T, h Harness) {
	rs := names(10)
	w := newWorker(each(rs, script{steps: []step{{wait: h.Wait}}}))
	h.run(t.Context(), t, w, jobs(rs...), engine.Limits{})
	if w.maxActive != 4 {
		t.Errorf("%d changes were under way at once, want 4", w.maxActive)
	}
}

func oneOnEach(t *testing.T, h Harness) {
	w := newWorker(each([]string{"a", "b"}, script{steps: []step{{wait: h.Wait}}}))
	o := h.run(t.Context(), t, w, jobs("a", "a", "b", "a"), engine.Limits{Parallel: 4})
	if w.maxOfOne != 1 || w.maxActive != 2 {
		t.Errorf("%d at once on one resource, %d in all, want 1 and 2", w.maxOfOne, w.maxActive)
	}
	for _, e := range slices.Concat(o.last["a"], o.last["b"]) {
		if !e.AsAsked() {
			t.Errorf("%+v", e)
		}
	}
}

func honoursAgain(t *testing.T, h Harness) {
	w := newWorker(map[string]script{"a": {steps: []step{{wait: h.Wait}, {wait: -h.Wait}, {}, {wait: h.Wait}}}})
	start := time.Now()
	h.run(t.Context(), t, w, jobs("a"), engine.Limits{})
	if took := time.Since(start); took < 2*h.Wait || took > 3*h.Wait {
		t.Errorf("two waits of %s took %s", h.Wait, took)
	}
	if w.advances["a"] != 5 {
		t.Errorf("advanced %d times, want 5", w.advances["a"])
	}
}

func ordersEvents(t *testing.T, h Harness) {
	rs := names(20)
	w := newWorker(each(rs, script{steps: []step{{}, {wait: h.Wait}, {}}}))
	o := h.run(t.Context(), t, w, jobs(rs...), engine.Limits{Parallel: 20})
	got := map[string][]string{}
	for _, e := range o.events {
		if e.Detail != "" {
			got[e.Job.Resource] = append(got[e.Job.Resource], e.Detail)
		}
	}
	for _, r := range rs {
		if d := cmp.Diff([]string{"step 1", "step 2", "step 3", "end"}, got[r]); d != "" {
			t.Errorf("details of %s (-want +got):\n%s", r, d)
		}
	}
}

func reportsHeld(t *testing.T, h Harness) {
	held := &store.HeldError{Resource: "a", Holder: store.Holder{PID: 7}}
	w := newWorker(map[string]script{"a": {begin: held}, "b": {}})
	o := h.run(t.Context(), t, w, jobs("a", "b"), engine.Limits{})
	var got *store.HeldError
	if e := o.end(t, "a"); !errors.As(e.Err, &got) || got.Holder.PID != 7 || e.Skipped {
		t.Errorf("the held one: %+v", e)
	}
	if !o.end(t, "b").AsAsked() || o.err != nil {
		t.Errorf("the other one: %+v; Run: %v", o.end(t, "b"), o.err)
	}
}

func containsFailures(t *testing.T, h Harness) {
	w := newWorker(map[string]script{
		"begin": {panics: true}, "advance": {steps: []step{{}, {panics: true}}}, "error": {steps: []step{{err: errPlain}}},
		"release": {release: errPlain}, "fine": {steps: []step{{wait: h.Wait}}},
	})
	o := h.run(t.Context(), t, w, jobs("begin", "advance", "error", "release", "fine"), engine.Limits{})
	for _, r := range []string{"begin", "advance"} {
		var p *engine.PanicError
		if e := o.end(t, r); !errors.As(e.Err, &p) || len(p.Stack) == 0 || p.Value != r+" of "+r {
			t.Errorf("a panic in %s: %+v", r, e)
		}
	}
	for _, r := range []string{"error", "release"} {
		if e := o.end(t, r); !errors.Is(e.Err, errPlain) || e.AsAsked() {
			t.Errorf("%s: %+v", r, e)
		}
	}
	if !o.end(t, "fine").AsAsked() || o.err != nil {
		t.Errorf("the other one: %+v; Run: %v", o.end(t, "fine"), o.err)
	}
}

func releasesAlways(t *testing.T, h Harness) {
	w := newWorker(map[string]script{
		"advance": {steps: []step{{panics: true}}}, "error": {steps: []step{{err: errPlain}}}, "fine": {},
		"waiting": {end: change.Waiting}, "refused": {begin: errPlain},
	})
	h.run(t.Context(), t, w, jobs("advance", "error", "fine", "waiting", "refused"), engine.Limits{})
	want := map[string]int{"advance": 1, "error": 1, "fine": 1, "waiting": 1}
	if d := cmp.Diff(want, w.released); d != "" {
		t.Errorf("releases (-want +got):\n%s", d)
	}
}

func endsAsAsked(t *testing.T, _ Harness) {
	took := &change.Trouble{Code: change.TroubleVerify}
	for name, c := range map[string]struct {
		verb    engine.Verb
		state   change.State
		trouble *change.Trouble
		want    bool
	}{
		"apply done":               {engine.Apply, change.Done, nil, true},
		"apply of a retirement":    {engine.Apply, change.Finalized, nil, true},
		"apply waiting":            {engine.Apply, change.Waiting, nil, false},
		"apply refused":            {engine.Apply, change.RefusedAt, took, false},
		"apply backed itself out":  {engine.Apply, change.BackedOut, took, false},
		"resume done":              {engine.Resume, change.Done, nil, true},
		"resume of a backout":      {engine.Resume, change.BackedOut, nil, true},
		"resume backed itself out": {engine.Resume, change.BackedOut, took, false},
		"backout":                  {engine.Backout, change.BackedOut, nil, true},
		"backout failed":           {engine.Backout, change.FailedAt, took, false},
		"finalize":                 {engine.Finalize, change.Finalized, nil, true},
		"finalize still done":      {engine.Finalize, change.Done, took, false},
		"no verb":                  {"", change.Done, nil, false},
	} {
		e := engine.Event{Job: engine.Job{Verb: c.verb}, Done: true, Change: &change.Change{State: c.state, Trouble: c.trouble}}
		if got := e.AsAsked(); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

func many(t *testing.T, h Harness) {
	const n = 200
	rs := names(n)
	w := newWorker(each(rs, script{steps: []step{{wait: h.Wait}, {}, {}, {wait: h.Wait}, {}}}))
	start := time.Now()
	o := h.run(t.Context(), t, w, jobs(rs...), engine.Limits{Parallel: n})
	if w.maxActive != n {
		t.Errorf("%d at once, want %d", w.maxActive, n)
	}
	if took := time.Since(start); took > 3*h.Wait {
		t.Errorf("two waits of %s took %s: one change waited for another", h.Wait, took)
	}
	for _, r := range rs {
		if !o.end(t, r).AsAsked() {
			t.Errorf("%s ended as %+v", r, o.end(t, r))
		}
	}
}
