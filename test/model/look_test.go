package model

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/store"
)

// serve looks on whenever AWS was told to change something.
func (w *world) serve(operation string) {
	switch operation {
	case "CreateDevEndpoint", "DeleteDevEndpoint", "UpdateDevEndpoint", "CreateMLTransform", "DeleteMLTransform", "UpdateMLTransform":
		w.looking.Lock()
		defer w.looking.Unlock()
		for _, f := range w.family {
			if err := f.alive(w.ctx, w.eye); err != nil {
				w.blame(fmt.Errorf("after %s: %w", operation, err))
			}
		}
	}
}

// changes are the newest changes as the state has them, by the original's ARN.
func (w *world) changes() map[string]*change.Change {
	all := map[string]*change.Change{}
	for _, f := range w.family {
		f.ids = nil
		must(w.state.EachSummary(w.ctx, store.ChangeFilter{}, func(s store.Summarized) error {
			if strings.HasPrefix(s.Resource.Name, f.prefix) {
				f.ids = append([]string{s.ID}, f.ids...)
			}
			return nil
		}))
		if len(f.ids) > f.past {
			all[f.arn] = have(w.state.Change(w.ctx, f.ids[len(f.ids)-1]))
		}
	}
	return all
}

// look holds the state and AWS to the invariants between two processes.
func (w *world) look() error {
	if err := w.found(); err != nil {
		return err
	}
	changes := w.changes()
	for _, f := range w.family {
		c := changes[f.arn]
		if err := f.alive(w.ctx, w.eye); err != nil {
			return err
		}
		if len(f.ids) > f.past+1 {
			return fmt.Errorf("%d changes of %s", len(f.ids)-f.past, f.arn)
		}
		if c == nil {
			if list := have(f.members(w.ctx, w.eye)); len(list) != 1 {
				return fmt.Errorf("nothing was begun, and there are %v", list)
			}
			continue
		}
		if err := w.replay(f, c); err != nil {
			return fmt.Errorf("%s: %w", f.prefix, err)
		}
		if err := f.atRest(w.ctx, w.eye, c); err != nil {
			return fmt.Errorf("%s is %s: %w", f.prefix, c.State, err)
		}
		if c.Touched() && c.SavedEndpoint == nil && c.SavedTransform == nil {
			return fmt.Errorf("%s: the original may be gone, and its definition was not saved", f.prefix)
		}
		if err := f.jobsAre(w.ctx, w.eye, c); err != nil {
			return err
		}
	}
	return nil
}

// replay folds the journal again, and every beginning of it, and one with a gap at each place.
func (w *world) replay(f *family, c *change.Change) error {
	l := have(w.state.Lease(w.ctx, f.arn, store.Holder{Since: time.Now()}))
	defer func() { must(l.Release()) }()
	entries := have(l.Journal(c.Head.ID).Entries(w.ctx))
	for n := range entries {
		part, err := change.Fold(entries[:n+1])
		if err != nil {
			return fmt.Errorf("the first %d of %d entries don't fold: %w", n+1, len(entries), err)
		}
		if part.Seq != n+1 {
			return fmt.Errorf("%d entries fold to number %d", n+1, part.Seq)
		}
		gap := append(append([]change.Entry{}, entries[:n]...), entries[n+1:]...)
		if _, err := change.Fold(gap); err == nil && n+1 < len(entries) {
			return fmt.Errorf("the journal folds without entry %d", n+1)
		}
	}
	again, err := change.Fold(entries)
	if err != nil {
		return err
	}
	if d := cmp.Diff(c, again); d != "" {
		return fmt.Errorf("the journal replays to something else (-state +again):\n%s", d)
	}
	sent := 0
	for step := range c.All() {
		if (step.Step.Kind == plan.CreateEndpoint || step.Step.Kind == plan.CreateTransform) && step.Tries > 0 {
			sent++
		}
	}
	if len(f.made) > sent {
		return fmt.Errorf("%d steps that create were begun, and there were %d resources beside the original: %v", sent, len(f.made), sorted(f.made))
	}
	return nil
}

// jobsAre is that jobs are as they were, apart from the transform that they were to be pointed at.
func (f *family) jobsAre(ctx context.Context, e eye, c *change.Change) error {
	pointed := f.ask.Repoint && (c.State == change.Done || c.State == change.Finalized)
	if !f.transform || c.Open() || pointed || f.back {
		return nil
	}
	now, err := e.jobs(ctx, f.prefix)
	if err != nil {
		return err
	}
	if d := cmp.Diff(f.jobs, now); d != "" {
		return fmt.Errorf("jobs (-before +now):\n%s", d)
	}
	return nil
}

// fewKeys is that no step made two keys.
func (w *world) fewKeys(before map[string]bool) error {
	sent := 0
	must(w.state.EachChange(w.ctx, store.ChangeFilter{}, func(c *change.Change) error {
		for step := range c.All() {
			if step.Step.Kind == plan.CreateKey && step.Tries > 0 {
				sent++
			}
		}
		return nil
	}))
	made := len(have(w.eye.keys(w.ctx))) - len(before)
	if made > sent {
		return fmt.Errorf("%d steps made %d keys", sent, made)
	}
	return nil
}
