package enginetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// script is what the fake worker does for one job.
type script struct {
	begin   error
	panics  bool          // when it begins
	steps   []step        // one for each Advance
	end     change.State  // done when empty
	keeps   bool          // its original stays, beside the twin
	hold    chan struct{} // the first Advance returns when it is closed
	entered func()        // called by the first Advance
	release error
}

// step is one Advance.
type step struct {
	wait   time.Duration // until it wants to be advanced again
	err    error
	panics bool
}

// worker is an engine.Worker that follows scripts and takes notes of how it was used.
type worker struct {
	scripts map[string]script // by Job.Resource

	mu        sync.Mutex
	active    map[string]int // runs open now, by resource
	twins     map[string]int // by location
	maxActive int
	maxOfOne  int
	maxTwins  map[string]int
	begun     []string
	released  map[string]int
	early     []string // advanced before their time
	ended     []string // advanced with a context that had ended
	advances  map[string]int
}

func newWorker(scripts map[string]script) *worker {
	return &worker{
		scripts: scripts, active: map[string]int{}, twins: map[string]int{}, maxTwins: map[string]int{},
		released: map[string]int{}, advances: map[string]int{},
	}
}

// errPlain is any failure.
var errPlain = errors.New("it broke")

// Begin implements engine.Worker.
func (w *worker) Begin(_ context.Context, j engine.Job) (engine.Run, error) {
	s := w.scripts[j.Resource]
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = append(w.begun, j.Resource)
	switch {
	case s.panics:
		panic("begin of " + j.Resource)
	case s.begin != nil:
		return nil, s.begin
	}
	w.active[j.Resource]++
	w.maxOfOne = max(w.maxOfOne, w.active[j.Resource])
	all := 0
	for _, n := range w.active {
		all += n
	}
	w.maxActive = max(w.maxActive, all)
	if j.Twin != "" {
		w.twins[j.Twin]++
		w.maxTwins[j.Twin] = max(w.maxTwins[j.Twin], w.twins[j.Twin])
	}
	return &run{worker: w, job: j, script: s}, nil
}

// run is one change of the fake worker.
type run struct {
	worker *worker
	job    engine.Job
	script script
	n      int
	due    time.Time
	last   change.State
}

// ID implements engine.Run.
func (r *run) ID() string { return "change-of-" + r.job.Resource }

// Item implements engine.Run.
func (r *run) Item() plan.Item { return r.item() }

func (r *run) item() plan.Item {
	i := plan.Item{Resource: resource.Ref{Type: resource.TypeDevEndpoint, ARN: r.job.Resource}, Strategy: plan.Replace}
	if r.script.keeps {
		i.Strategy = plan.SideBySide
	}
	return i
}

// Advance implements engine.Run.
func (r *run) Advance(ctx context.Context) (execute.Next, error) {
	r.worker.note(func(w *worker) {
		w.advances[r.job.Resource]++
		if time.Now().Before(r.due) {
			w.early = append(w.early, r.job.Resource)
		}
	})
	if r.n == 0 && r.script.hold != nil {
		r.script.entered()
		<-r.script.hold
	}
	if ctx.Err() != nil {
		r.worker.note(func(w *worker) { w.ended = append(w.ended, r.job.Resource) })
	}
	if r.n == len(r.script.steps) {
		return execute.Next{Change: r.at(r.end()), Detail: "end"}, nil
	}
	s := r.script.steps[r.n]
	r.n++
	switch {
	case s.panics:
		panic("advance of " + r.job.Resource)
	case s.err != nil:
		return execute.Next{}, s.err
	}
	r.due = time.Now().Add(s.wait)
	return execute.Next{Change: r.at(change.Running), Again: r.due, Detail: fmt.Sprintf("step %d", r.n)}, nil
}

func (r *run) end() change.State {
	if r.script.end == "" {
		return change.Done
	}
	return r.script.end
}

func (r *run) at(s change.State) *change.Change {
	r.last = s
	return &change.Change{Head: change.Head{ID: r.ID(), Item: r.item()}, State: s, Phase: change.Apply}
}

// Release implements engine.Run.
func (r *run) Release() error {
	r.worker.note(func(w *worker) {
		w.active[r.job.Resource]--
		w.released[r.job.Resource]++
		if stays := r.last == change.Done && r.script.keeps; r.job.Twin != "" && !stays {
			w.twins[r.job.Twin]--
		}
	})
	return r.script.release
}

func (w *worker) note(f func(*worker)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w)
}
