package enginetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
)

func canaryFirst(t *testing.T, h Harness) {
	rs := names(8)
	w := newWorker(each(rs, script{steps: []step{{wait: h.Wait}}}))
	verified := 0
	h.run(t.Context(), t, w, jobs(rs...), engine.Limits{Parallel: 4, Canary: 2}, func(e engine.Event) {
		if e.Done {
			verified++
		}
		w.note(func(w *worker) {
			if verified < 2 && len(w.begun) > 2 {
				t.Errorf("%v begun after %d of the canary's 2 were verified", w.begun, verified)
			}
		})
	})
	if w.maxActive != 4 {
		t.Errorf("%d at once after the canary, want 4", w.maxActive)
	}
}

func canaryStops(t *testing.T, h Harness) {
	for name, bad := range map[string]script{
		"waiting": {end: change.Waiting}, "refused": {end: change.RefusedAt}, "not begun": {begin: errPlain},
		"broken": {steps: []step{{err: errPlain}}}, "panics": {panics: true},
	} {
		scripts := each(names(6), script{steps: []step{{wait: h.Wait}}})
		scripts["r1"] = bad
		w := newWorker(scripts)
		o := h.run(t.Context(), t, w, jobs(names(6)...), engine.Limits{Parallel: 4, Canary: 3})
		if d := cmp.Diff([]string{"r3", "r4", "r5"}, o.skipped()); d != "" {
			t.Errorf("%s: skipped (-want +got):\n%s", name, d)
		}
		for _, r := range o.skipped() {
			if e := o.end(t, r); !errors.Is(e.Err, engine.ErrCanary) {
				t.Errorf("%s: %s was skipped for %v", name, r, e.Err)
			}
		}
		if o.err != nil || !o.end(t, "r0").AsAsked() {
			t.Errorf("%s: Run: %v; a good one of the canary: %+v", name, o.err, o.end(t, "r0"))
		}
	}
}

func stopsAfterFailures(t *testing.T, h Harness) {
	scripts := each(names(8), script{})
	scripts["r1"] = script{end: change.FailedAt}
	scripts["r3"] = script{begin: errPlain}
	scripts["r4"] = script{end: change.RefusedAt}
	w := newWorker(scripts)
	o := h.run(t.Context(), t, w, jobs(names(8)...), engine.Limits{Parallel: 1, MaxFailures: 2})
	if d := cmp.Diff([]string{"r4", "r5", "r6", "r7"}, o.skipped()); d != "" {
		t.Errorf("skipped (-want +got):\n%s", d)
	}
	if e := o.end(t, "r7"); !errors.Is(e.Err, engine.ErrMaxFailures) {
		t.Errorf("skipped for %v", e.Err)
	}
	w = newWorker(scripts)
	if o := h.run(t.Context(), t, w, jobs(names(8)...), engine.Limits{Parallel: 1}); len(o.skipped()) > 0 {
		t.Errorf("without a limit %v were skipped", o.skipped())
	}
}

// withTwins makes jobs whose twins are in the locations given.
func withTwins(locations ...string) (list []engine.Job) {
	for i, j := range jobs(names(len(locations))...) {
		j.Twin = locations[i]
		list = append(list, j)
	}
	return list
}

func limitsTwins(t *testing.T, h Harness) {
	list := withTwins("1/a", "1/a", "1/a", "1/b", "1/b", "", "1/c", "1/c", "1/c")
	scripts := each(names(9), script{steps: []step{{wait: h.Wait}}})
	scripts["r1"] = script{begin: errPlain}
	w := newWorker(scripts)
	o := h.run(t.Context(), t, w, list, engine.Limits{Parallel: 9, Twins: map[string]int{"1/a": 1, "1/b": 2}})
	want := map[string]int{"1/a": 1, "1/b": 2, "1/c": 3}
	if d := cmp.Diff(want, w.maxTwins); d != "" {
		t.Errorf("twins at once (-want +got):\n%s", d)
	}
	if len(o.skipped()) > 0 || o.err != nil {
		t.Errorf("skipped %v; Run: %v", o.skipped(), o.err)
	}
}

func twinStays(t *testing.T, h Harness) {
	scripts := each(names(5), script{steps: []step{{wait: h.Wait}}, keeps: true})
	scripts["r1"] = script{end: change.Waiting}   // its twin may be there
	scripts["r2"] = script{end: change.RefusedAt} // its twin is not
	w := newWorker(scripts)
	o := h.run(t.Context(), t, w, withTwins("1/a", "1/a", "1/a", "1/a", "1/a"), engine.Limits{Parallel: 1, Twins: map[string]int{"1/a": 3}})
	if d := cmp.Diff([]string{"r4"}, o.skipped()); d != "" {
		t.Errorf("skipped (-want +got):\n%s", d)
	}
	if e := o.end(t, "r4"); !errors.Is(e.Err, engine.ErrNoTwin) {
		t.Errorf("skipped for %v", e.Err)
	}
}

func noRoom(t *testing.T, h Harness) {
	w := newWorker(nil)
	o := h.run(t.Context(), t, w, withTwins("1/a", "1/b", "1/a"), engine.Limits{Twins: map[string]int{"1/a": 0, "1/z": -1}})
	if d := cmp.Diff([]string{"r0", "r2"}, o.skipped()); d != "" {
		t.Errorf("skipped (-want +got):\n%s", d)
	}
	if e := o.end(t, "r0"); !errors.Is(e.Err, engine.ErrNoTwin) || o.err != nil {
		t.Errorf("skipped for %v; Run: %v", e.Err, o.err)
	}
}

func interrupts(t *testing.T, h Harness) {
	ctx, cancel := context.WithCancel(t.Context())
	hold := make(chan struct{})
	var arrived atomic.Int32
	arrive := func() { // one is in its call and one waits
		if arrived.Add(1) == 2 {
			cancel()
		}
	}
	w := newWorker(map[string]script{
		"calling": {hold: hold, entered: arrive, steps: []step{{}, {}}}, "waiting": {steps: []step{{wait: h.Wait}}}, "never": {},
	})
	stopped := false
	o := h.run(ctx, t, w, jobs("calling", "waiting", "never"), engine.Limits{Parallel: 2}, func(e engine.Event) {
		switch {
		case e.Job.Resource == "waiting" && e.Change != nil && !e.Done:
			arrive()
		case e.Job.Resource == "never" && e.Skipped && !stopped:
			stopped = true
			close(hold) // only now may the call end
		}
	})
	if !errors.Is(o.err, context.Canceled) {
		t.Errorf("Run: %v, want context.Canceled", o.err)
	}
	for _, r := range []string{"calling", "waiting", "never"} {
		if e := o.end(t, r); !errors.Is(e.Err, context.Canceled) || e.Skipped != (r == "never") || e.AsAsked() {
			t.Errorf("%s: %+v", r, e)
		}
	}
	if e := o.end(t, "calling"); e.Change == nil || e.ID == "" {
		t.Errorf("where the interrupted change stands is not said: %+v", e)
	}
	if len(w.ended) > 0 {
		t.Errorf("the context ended below the calls of %v", w.ended)
	}
	if d := cmp.Diff(map[string]int{"calling": 1, "waiting": 1}, w.advances); d != "" {
		t.Errorf("advances (-want +got):\n%s", d)
	}
}

func interruptedBefore(t *testing.T, h Harness) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := newWorker(nil)
	o := h.run(ctx, t, w, jobs(names(3)...), engine.Limits{})
	if !errors.Is(o.err, context.Canceled) || len(w.begun) > 0 {
		t.Errorf("Run: %v, begun: %v", o.err, w.begun)
	}
	if d := cmp.Diff(names(3), o.skipped()); d != "" {
		t.Errorf("skipped (-want +got):\n%s", d)
	}
}

// property tries any jobs under any limits.
func property(t *testing.T, h Harness) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(rt, "jobs")
		l := engine.Limits{
			Parallel:    rapid.IntRange(1, 5).Draw(rt, "parallel"),
			Canary:      rapid.IntRange(0, 3).Draw(rt, "canary"),
			MaxFailures: rapid.IntRange(0, 3).Draw(rt, "max failures"),
			Twins:       map[string]int{"1/a": rapid.IntRange(0, 3).Draw(rt, "room")},
		}
		scripts := map[string]script{}
		var list []engine.Job
		for i := range n {
			r := fmt.Sprintf("r%d", rapid.IntRange(0, 8).Draw(rt, "resource"))
			if _, known := scripts[r]; !known {
				scripts[r] = drawScript(rt, h)
			}
			list = append(list, engine.Job{
				Verb: engine.Apply, Resource: r, Plan: fmt.Sprint(i), Twin: rapid.SampledFrom([]string{"", "1/a", "1/b"}).Draw(rt, "twin"),
			})
		}
		w := newWorker(scripts)
		var o outcome
		h.In(t, func(t *testing.T) { o = h.run(t.Context(), t, w, list, l) })
		failed := 0
		for _, events := range o.last {
			for _, e := range events {
				if !e.AsAsked() && !e.Skipped {
					failed++
				}
			}
		}
		switch {
		case o.err != nil:
			rt.Fatalf("Run: %v", o.err)
		case w.maxActive > l.Parallel:
			rt.Fatalf("%d at once, %d allowed", w.maxActive, l.Parallel)
		case w.maxOfOne > 1:
			rt.Fatalf("%d at once on one resource", w.maxOfOne)
		case w.maxTwins["1/a"] > l.Twins["1/a"]:
			rt.Fatalf("%d twins at once, room for %d", w.maxTwins["1/a"], l.Twins["1/a"])
		case l.MaxFailures > 0 && failed > l.MaxFailures+l.Parallel-1:
			rt.Fatalf("%d failures, %d allowed with %d at once", failed, l.MaxFailures, l.Parallel)
		case t.Failed():
			rt.Fatal("a rule was broken")
		}
	})
}

func drawScript(rt *rapid.T, h Harness) script {
	s := script{
		panics: rapid.IntRange(0, 9).Draw(rt, "panics") == 9,
		keeps:  rapid.Bool().Draw(rt, "keeps"),
		end:    rapid.SampledFrom([]change.State{change.Done, change.Done, change.Waiting, change.FailedAt, change.RefusedAt}).Draw(rt, "end"),
	}
	if rapid.IntRange(0, 9).Draw(rt, "refuses") == 9 {
		s.begin = errPlain
	}
	for range rapid.IntRange(0, 3).Draw(rt, "steps") {
		next := step{panics: rapid.IntRange(0, 9).Draw(rt, "panics") == 9}
		if rapid.Bool().Draw(rt, "waits") {
			next.wait = h.Wait
		}
		if rapid.IntRange(0, 9).Draw(rt, "fails") == 9 {
			next.err = errPlain
		}
		s.steps = append(s.steps, next)
	}
	return s
}
