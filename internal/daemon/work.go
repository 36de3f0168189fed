package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/engine/local"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/telemetry"
)

// work does what requests ask for: it implements doer.
type work struct {
	store    Store
	sessions *sessions
	worker   *worker
	watcher  *watcher
	hub      *Hub
	clock    Clock
	log      *slog.Logger
	metrics  *telemetry.Metrics
	newID    func() string
	holder   store.Holder
	grace    time.Duration
}

// do implements doer.
func (w *work) do(ctx context.Context, r *running, again bool) (unfinished bool) {
	defer func() {
		if v := recover(); v != nil {
			w.log.Error("a request failed in a way that it must not", "request", r.head().ID, "panic", fmt.Sprint(v))
			w.note(r, store.RequestResult{Message: fmt.Sprintf("internal error: %v", v)})
		}
	}()
	w.watcher.follow(r.head().ID)
	if errors.Is(context.Cause(ctx), errInterrupted) {
		w.stopped(context.WithoutCancel(ctx), r, again)
		return false
	}
	var err error
	switch q := r.head(); q.Work.Kind {
	case store.RequestAudit:
		err = w.audit(ctx, r)
	case store.RequestCleanup:
		err = w.cleanup(ctx, r)
	case store.RequestApply, store.RequestResume, store.RequestBackout, store.RequestFinalize:
		err = w.changes(ctx, r, again)
	default:
		err = fmt.Errorf("it asks for %q, which this release can't do", q.Work.Kind)
	}
	if err != nil && !w.stopping(ctx, err) {
		line, hint := diag.Line(err)
		w.note(r, store.RequestResult{Message: line, Hint: hint})
	}
	return err != nil && w.stopping(ctx, err)
}

// stopping tells whether an error came of the daemon's own end, and not of somebody who interrupted the request.
func (w *work) stopping(ctx context.Context, err error) bool {
	return ctx.Err() != nil && !errors.Is(context.Cause(ctx), errInterrupted) && (diag.Interruption(err) || errors.Is(err, ctx.Err()))
}

// note keeps a result, and tells whoever watches.
func (w *work) note(r *running, result store.RequestResult) {
	if err := r.set(context.Background(), result); err != nil {
		w.log.Error("keeping a result", "request", r.head().ID, "error", err.Error())
	}
	w.hub.Publish(requestEvent(r.head().ID))
}

// jobs are the changes of a request, and how many at once.
type jobs struct {
	list   []engine.Job
	access plan.Access
	items  []plan.Item // that need room for twins
}

// changes carries out a request for changes.
func (w *work) changes(ctx context.Context, r *running, again bool) error {
	rules, err := w.worker.Policy(ctx)
	if err != nil {
		return err
	}
	todo, err := w.jobsOf(ctx, r, again)
	if err != nil || len(todo.list) == 0 {
		return err
	}
	repairs := repair.New(repair.Options{
		Store: w.store, Sessions: w.sessions.forRepair, Now: w.clock.Now, Access: plan.Access{Role: w.worker.role},
		Settle: rules.Repair.SettleFor(), Policy: &rules, Host: w.holder.Host, PID: w.holder.PID,
		Marks: w.marks,
	})
	defer repairs.Close()
	limits, err := w.limits(ctx, repairs, rules.Repair, r.head().Work, todo)
	if err != nil {
		return err
	}
	if err := w.begins(ctx, r, todo, again); err != nil {
		return err
	}
	run := &changesRun{work: w, request: r, stopped: func() bool { return errors.Is(context.Cause(ctx), errInterrupted) }}
	if again {
		todo.list, limits = w.rest(run, todo.list, limits)
	}
	err = local.New(repairs, local.Options{Now: w.clock.Now, Timer: w.clock.timer, Grace: w.grace}).Run(ctx, todo.list, limits, run.watch)
	switch {
	case run.left:
		return ctx.Err()
	case ctx.Err() != nil: // each change has said how it ended
		return nil
	}
	return err
}

func (w *work) limits(ctx context.Context, repairs *repair.Worker, rules policy.Repair, asked store.Work, todo jobs) (engine.Limits, error) {
	l, err := repairs.Limits(ctx, rules, asked.Parallel, todo.access, todo.items)
	if err != nil {
		return engine.Limits{}, err
	}
	l.Canary, l.MaxFailures = asked.Canary, asked.MaxFailures
	return l, nil
}

// changesRun follows the changes of one request. The engine calls it from one goroutine at a time.
type changesRun struct {
	*work
	request *running
	stopped func() bool // somebody has interrupted the request
	left    bool        // some were left where they stand, for the next daemon to go on
}

// watch takes in the engine's events. A panic in it is the result's, not the engine's: that would wait for ever to tell of
// the other changes, with their resources' leases.
func (c *changesRun) watch(e engine.Event) {
	defer func() {
		if v := recover(); v != nil {
			c.log.Error("taking in how a change is getting on", "request", c.request.head().ID, "panic", fmt.Sprint(v))
			c.note(c.request, store.RequestResult{Subject: e.Job.Resource, Change: cmp.Or(e.ID, e.Job.Change), Message: fmt.Sprintf("internal error: %v", v)})
		}
	}()
	c.take(e)
}

// take takes in one event.
func (c *changesRun) take(e engine.Event) {
	if e.Change != nil {
		c.watcher.tell(store.Summarize(e.Change), e.Detail)
	}
	if e.ID == "" && !e.Done {
		return
	}
	result := store.RequestResult{Subject: e.Job.Resource, Change: cmp.Or(e.ID, e.Job.Change)}
	if !e.Done {
		c.noteOnce(result)
		return
	}
	if !e.Skipped || !diag.Interruption(e.Err) {
		c.deed(e)
	}
	if diag.Interruption(e.Err) && !c.stopped() {
		c.left = true
		c.noteOnce(result)
		return
	}
	if result.OK = e.AsAsked(); !result.OK {
		result.Message, result.Hint = whyNot(e)
	}
	c.note(c.request, result)
}

// noteOnce keeps which change is at work on a subject, as soon as it is known.
func (c *changesRun) noteOnce(result store.RequestResult) {
	for _, known := range c.request.head().Results {
		if known.Subject == result.Subject && known.Change == result.Change {
			return
		}
	}
	c.note(c.request, result)
}

// whyNot says in a line why a job did not end as it was asked to, and what can be done.
func whyNot(e engine.Event) (message, hint string) {
	switch {
	case diag.Interruption(e.Err):
		return "interrupted; resume goes on", ""
	case e.Err != nil:
		return diag.Line(e.Err)
	case e.Change == nil:
		return "it was not begun", ""
	case e.Change.Trouble != nil:
		return e.Change.State.Words() + ": " + e.Change.Trouble.Message, e.Change.Trouble.Advice
	}
	return "it is " + e.Change.State.Words(), ""
}

// jobsOf makes jobs of what is asked for. What is refused right away, or was over when the request is taken up again, has
// its result noted and becomes no job.
func (w *work) jobsOf(ctx context.Context, r *running, again bool) (jobs, error) {
	q := r.head()
	var todo jobs
	var err error
	if q.Work.Kind == store.RequestApply {
		todo, err = w.applyJobs(ctx, r)
	} else {
		todo, err = w.changeJobs(ctx, r, again)
	}
	if err != nil || !again {
		return todo, err
	}
	var left []engine.Job
	for _, j := range todo.list {
		j, over, err := w.takeUp(ctx, r, j)
		if err != nil {
			return jobs{}, err
		}
		if !over {
			left = append(left, j)
		}
	}
	todo.list = left
	return todo, nil
}

func (w *work) applyJobs(ctx context.Context, r *running) (jobs, error) {
	q := r.head().Work
	document, err := w.store.Plan(ctx, q.Plan)
	if isMissing(err) {
		return jobs{}, &diag.MissingError{What: "plan", Name: q.Plan}
	}
	if err != nil {
		return jobs{}, err
	}
	p, err := plan.Decode("plan "+q.Plan, document)
	if err != nil {
		return jobs{}, err
	}
	if p.Errored {
		return jobs{}, &diag.PlanError{Digest: p.Digest}
	}
	list, items := repair.ApplyJobs(engine.Job{AcceptUnchecked: q.AcceptUnchecked, AcceptWarnings: q.AcceptWarnings}, p)
	todo := jobs{access: p.Access}
	for n, j := range list {
		if len(q.Resources) == 0 || slices.Contains(q.Resources, j.Resource) {
			todo.list, todo.items = append(todo.list, j), append(todo.items, items[n])
		}
	}
	for _, arn := range q.Resources {
		if !slices.ContainsFunc(todo.list, func(j engine.Job) bool { return j.Resource == arn }) {
			line, hint := diag.Line(&repair.RefusedError{Resource: arn, Reason: repair.NotPlanned})
			w.note(r, store.RequestResult{Subject: arn, Message: line, Hint: hint})
		}
	}
	return todo, nil
}

// changeJobs makes jobs of changes that are there. One that has gone on since it was asked for is refused as it begins.
func (w *work) changeJobs(ctx context.Context, r *running, again bool) (jobs, error) {
	q := r.head().Work
	verb := engine.Verb(q.Kind)
	var todo jobs
	for _, asked := range q.Changes {
		c, err := w.store.Change(ctx, asked.ID)
		if isMissing(err) {
			w.note(r, store.RequestResult{Change: asked.ID, Message: "there is no such change"})
			continue
		}
		if err != nil {
			return jobs{}, fmt.Errorf("read change %s: %w", asked.ID, err)
		}
		at := asked.At
		if again && movedBy(r.head(), c) {
			at = 0 // what the daemon before this one has done with it is no reason to stop
		}
		j, twins := repair.ChangeJob(engine.Job{
			Verb: verb, At: at, KeepTwin: q.KeepTwin, DeleteLabels: q.DeleteLabels, AcceptUnchecked: q.AcceptUnchecked, AcceptWarnings: q.AcceptWarnings,
		}, c)
		if verb == engine.Backout && !slices.Contains(j.AcceptWarnings, plan.WarnWeaker) { // to take a change back is to ask for that
			j.AcceptWarnings = append(slices.Clone(j.AcceptWarnings), plan.WarnWeaker)
		}
		todo.list, todo.items, todo.access = append(todo.list, j), append(todo.items, twins...), c.Head.Access
	}
	return todo, nil
}
