package daemon

import (
	"context"
	"fmt"
	"slices"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/store"
)

// rest is what of a request that is taken up again may still be started, under limits that know of what has ended: a
// canary that did not end well stops the others whoever was at work on it. What was begun goes on in any case.
func (w *work) rest(run *changesRun, list []engine.Job, l engine.Limits) ([]engine.Job, engine.Limits) {
	l, stop := limitsLeft(l, run.request.head().Results)
	if stop == nil {
		return list, l
	}
	var begun []engine.Job
	for _, j := range list {
		if j.Verb == engine.Resume || run.request.knows(j) {
			begun = append(begun, j)
		} else {
			run.watch(engine.Event{Job: j, Done: true, Skipped: true, Err: stop})
		}
	}
	return begun, engine.Limits{Parallel: l.Parallel, Twins: l.Twins}
}

// limitsLeft takes off limits what results, in the order in which they were begun, have used of them. stop is why no more
// may be started.
func limitsLeft(l engine.Limits, results []store.RequestResult) (left engine.Limits, stop error) {
	results = slices.DeleteFunc(slices.Clone(results), func(r store.RequestResult) bool { return r.Subject == "" })
	failed, canaries := 0, l.Canary
	for n, r := range results {
		switch {
		case !settled(r):
		case !r.OK:
			failed++
			if n < canaries {
				stop = engine.ErrCanary
			}
		case n < canaries:
			l.Canary--
		}
	}
	if l.MaxFailures > 0 {
		if l.MaxFailures -= failed; l.MaxFailures <= 0 && stop == nil {
			stop = engine.ErrMaxFailures
		}
	}
	return l, stop
}

// stopped says what became of a request that was interrupted before this daemon was at work on it: what had ended has, and
// the rest is left where it stands.
func (w *work) stopped(ctx context.Context, r *running, again bool) {
	if kind := r.head().Work.Kind; kind == store.RequestAudit || kind == store.RequestCleanup {
		w.note(r, store.RequestResult{Message: "interrupted before it was over"})
		return
	}
	todo, err := w.jobsOf(ctx, r, again)
	run := &changesRun{work: w, request: r, stopped: func() bool { return true }}
	for _, j := range todo.list {
		var c *change.Change
		if c, err = w.begun(ctx, r.head(), j); err != nil {
			break
		}
		last := engine.Event{Job: j, Change: c, Done: true, Err: context.Canceled, Skipped: c == nil}
		if c != nil {
			last.ID = c.Head.ID
		}
		run.watch(last)
	}
	if err != nil {
		line, hint := diag.Line(err)
		w.note(r, store.RequestResult{Message: line, Hint: hint})
	}
}

// movedBy tells whether a request that is taken up again has moved a change already: it has said so, or the change is
// about just what the request asks for.
func movedBy(q store.Request, c *change.Change) bool {
	if slices.ContainsFunc(q.Results, func(r store.RequestResult) bool { return r.Change == c.Head.ID }) {
		return true
	}
	switch q.Work.Kind {
	case store.RequestBackout:
		return c.State == change.BackingOut || c.State == change.BackedOut
	case store.RequestFinalize:
		return c.Phase == change.Finalize || c.State == change.Finalized
	case store.RequestResume:
		return true
	}
	return false
}

// takeUp finds how far a job came under the daemon before this one.
func (w *work) takeUp(ctx context.Context, r *running, j engine.Job) (_ engine.Job, over bool, err error) {
	if r.settled(j.Resource, j.Change) {
		return j, true, nil
	}
	c, err := w.begun(ctx, r.head(), j)
	if err != nil || c == nil {
		return j, false, err
	}
	ended := engine.Event{Job: j, ID: c.Head.ID, Change: c, Done: true}
	switch {
	case c.State == change.Running || c.State == change.BackingOut:
		if j.Verb == engine.Apply {
			j.Verb, j.Plan, j.Change = engine.Resume, "", c.Head.ID
		}
		return j, false, nil
	case j.Verb == engine.Apply, ended.AsAsked():
	default: // it was not begun, or it is at rest in trouble: the verb says which
		return j, false, nil
	}
	result := store.RequestResult{Subject: j.Resource, Change: c.Head.ID, OK: ended.AsAsked()}
	if !result.OK {
		result.Message, result.Hint = whyNot(ended)
	}
	(&changesRun{work: w, request: r}).deed(ended) // the daemon before may have come to its end, but not to telling the trail
	w.note(r, result)
	return j, true, nil
}

// begun is the change that a job has opened, or works on; nil: none.
func (w *work) begun(ctx context.Context, q store.Request, j engine.Job) (*change.Change, error) {
	id := j.Change
	if j.Verb == engine.Apply {
		err := w.store.EachSummary(ctx, store.ChangeFilter{Plan: j.Plan, Resource: j.Resource}, func(s store.Summarized) error {
			// An open one stands in the way of any other, whatever the clock says of when it was opened.
			ours := slices.Contains(openStates(), s.State) || !s.OpenedAt.Before(q.StartedAt)
			if id == "" && s.Resource.ARN == j.Resource && ours {
				id = s.ID
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look for the change of %s: %w", j.Resource, err)
		}
		if id == "" {
			return nil, nil
		}
	}
	c, err := w.store.Change(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read change %s: %w", id, err)
	}
	return c, nil
}
