// Package local runs changes in this process: the engine of the command line.
package local

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

// Options are what tests replace; the zero value is for use.
type Options struct {
	// Now and Timer tell the time and wait for it. stop gives up a wait.
	Now   func() time.Time
	Timer func(d time.Duration) (fire <-chan time.Time, stop func())
	// Grace is how long an interrupted change may take to finish its call; 0: 30 s.
	Grace time.Duration
}

// Engine is an engine.Engine with a goroutine for each change under way. One that waits for AWS costs its journal's
// fold and a timer, no connection.
type Engine struct {
	worker engine.Worker
	now    func() time.Time
	timer  func(time.Duration) (<-chan time.Time, func())
	grace  time.Duration
}

var _ engine.Engine = (*Engine)(nil)

// New returns an engine that has its jobs done by w.
func New(w engine.Worker, o Options) *Engine {
	e := &Engine{worker: w, now: o.Now, timer: o.Timer, grace: o.Grace}
	if e.now == nil {
		e.now = time.Now
	}
	if e.timer == nil {
		e.timer = func(d time.Duration) (<-chan time.Time, func()) {
			t := time.NewTimer(d)
			return t.C, func() { t.Stop() }
		}
	}
	if e.grace == 0 {
		e.grace = 30 * time.Second
	}
	return e
}

// Run implements engine.Engine.
func (e *Engine) Run(ctx context.Context, jobs []engine.Job, l engine.Limits, watch func(engine.Event)) error {
	calls, stop := e.calls(ctx)
	defer stop()
	s := newSchedule(jobs, l)
	events := make(chan engine.Event)
	interrupted := ctx.Done()
	for {
		if err := ctx.Err(); err != nil && s.interrupted == nil {
			s.interrupt(err)
			interrupted = nil
		}
		for {
			job, ok := s.next()
			if !ok {
				break
			}
			go e.work(ctx, calls, job, events)
		}
		for _, skipped := range s.given() {
			watch(skipped)
		}
		if s.idle() {
			return s.interrupted
		}
		select {
		case event := <-events:
			if event.Done {
				s.ended(event)
			}
			watch(event)
		case <-interrupted:
		}
	}
}

// calls returns the context in which changes are advanced: it outlives ctx by the grace that a call needs to end.
func (e *Engine) calls(ctx context.Context) (calls context.Context, stop context.CancelFunc) {
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	over := make(chan struct{})
	go func() {
		select {
		case <-over:
			return
		case <-ctx.Done():
		}
		fire, stop := e.timer(e.grace)
		defer stop()
		select {
		case <-over:
		case <-fire:
			cancel()
		}
	}()
	return calls, func() { close(over); cancel() }
}

// work does one job and reports it, its end last.
func (e *Engine) work(ctx, calls context.Context, job engine.Job, events chan<- engine.Event) {
	now := engine.Event{Job: job}
	events <- now
	err := e.do(ctx, calls, job, func(id string, next execute.Next) {
		now.ID, now.Change, now.Detail = id, next.Change, next.Detail
		if !next.Again.IsZero() {
			events <- now
		}
	})
	now.Done, now.Err = true, err
	events <- now
}

// do begins a job and advances it to its rest, the end of ctx, or an error. A panic below it becomes the job's error, and
// the resource's lease is given up all the same.
func (e *Engine) do(ctx, calls context.Context, job engine.Job, report func(id string, next execute.Next)) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errors.Join(&engine.PanicError{Value: v, Stack: debug.Stack()}, err)
		}
	}()
	run, err := e.worker.Begin(ctx, job)
	if err != nil {
		return err
	}
	defer func() {
		if failed := run.Release(); failed != nil {
			err = errors.Join(err, fmt.Errorf("give up %s: %w", run.ID(), failed))
		}
	}()
	report(run.ID(), execute.Next{Again: e.now()})
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		next, err := run.Advance(calls)
		if err != nil {
			return interruption(ctx, err)
		}
		report(run.ID(), next)
		if next.Again.IsZero() {
			return nil
		}
		if err := e.wait(ctx, next.Again); err != nil {
			return err
		}
	}
}

// interruption names the end of ctx as the cause of what failed because of it.
func interruption(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

func (e *Engine) wait(ctx context.Context, until time.Time) error {
	d := until.Sub(e.now())
	if d <= 0 {
		return nil
	}
	fire, stop := e.timer(d)
	defer stop()
	select {
	case <-fire:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// keepsTwin tells whether a job that ended has left a dev endpoint beside those that were there.
func keepsTwin(e engine.Event) bool {
	if e.Change == nil {
		return false
	}
	switch e.Change.State {
	case change.Done:
		return e.Change.Head.Item.Strategy == plan.SideBySide
	case change.Finalized, change.RefusedAt, change.BackedOut:
		return false
	}
	return true
}
