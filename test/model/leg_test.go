package model

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/engine/local"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// leg is one process from its start to its end.
type leg struct {
	Verbs  []engine.Verb // what is asked of each family's change where that is possible
	Again  []*ask        // what is planned anew for a family whose change is over; nil: nothing
	Stop   stop
	Faults []timed
}

// timed is a fault from a time on, counted from the start of its process.
type timed struct {
	At        time.Duration
	Fault     sandbox.Fault
	EndOfLife bool // instead of Fault: AWS makes nothing of old versions any more
}

// job is what is asked for a family now; false: nothing.
func (f *family) job(c *change.Change, verb engine.Verb) (engine.Job, bool) {
	j := engine.Job{
		Verb: verb, Resource: f.arn, AcceptUnchecked: []string{"*"}, AcceptWarnings: []string{plan.WarnIrreversible, plan.WarnWeaker},
	}
	if !f.planned {
		return j, false
	}
	if c == nil {
		j.Verb, j.Plan = engine.Apply, f.digest
		if !f.transform && f.ask.Strategy != plan.Retire {
			j.Twin = here().String()
		}
		return j, true
	}
	j.Change = c.Head.ID
	switch c.State {
	case change.RefusedAt, change.BackedOut:
		return j, false
	case change.Done:
		if verb == engine.Resume {
			return j, false
		}
	case change.Finalized:
		if verb != engine.Backout {
			return j, false
		}
	default:
		if verb == engine.Finalize && c.Phase != change.Finalize {
			j.KeepTwin = true
		}
	}
	f.back = f.back || j.Verb == engine.Backout
	return j, true
}

// over tells whether a change is over for good, so that its resource can be planned anew.
func over(f *family, c *change.Change) bool {
	switch c.State {
	case change.RefusedAt, change.BackedOut:
		return true
	case change.Finalized:
		return f.ask.Strategy != plan.Retire
	}
	return false
}

// walk runs one process and looks at what it left.
func (w *world) walk(s story, l leg) error {
	before := w.changes()
	var jobs []engine.Job
	for i, f := range w.family {
		verb := engine.Resume
		if i < len(l.Verbs) {
			verb = l.Verbs[i]
		}
		if c := before[f.arn]; c != nil && i < len(l.Again) && l.Again[i] != nil && over(f, c) {
			if err := w.planOne(f, *l.Again[i]); err != nil {
				return err
			}
			delete(before, f.arn)
		}
		if j, ok := f.job(before[f.arn], verb); ok {
			jobs = append(jobs, j)
		}
	}
	p := w.start(l.Stop)
	p.run(jobs, s.Parallel, l)
	if p.life.at != "" {
		w.say("died after %s (before it took effect: %t)", p.life.at, l.Stop.Before)
	}
	p.close()
	w.control("faults", "[]")
	w.control("settings", `{"end_of_life":false}`)
	return w.look()
}

func (p *process) run(jobs []engine.Job, parallel int, l leg) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	p.life.onEnd = cancel
	over := make(chan struct{})
	ended := make(chan struct{})
	later := p.disturbNow(l.Faults)
	go func() {
		defer close(ended)
		p.disturb(later, over)
	}()
	events := 0
	err := local.New(p.worker, local.Options{}).Run(ctx, jobs, engine.Limits{Parallel: parallel}, func(e engine.Event) {
		events++
		if events == l.Stop.Events {
			p.say("interrupted")
			cancel()
		}
		if e.Done {
			p.say("%s of %s: %s", e.Job.Verb, e.Job.Resource, outcome(e))
		}
	})
	close(over)
	<-ended
	if err != nil && !errors.Is(err, context.Canceled) {
		p.blame(err)
	}
}

func outcome(e engine.Event) string {
	text := fmt.Sprint(e.Err)
	if e.Change != nil {
		text += fmt.Sprintf(", %s %s", e.Change.Phase, e.Change.State)
		if t := e.Change.Trouble; t != nil {
			text += fmt.Sprintf(" (%s: %s %v)", t.Code, t.Message, t.Differences)
		}
	}
	return text
}

// disturbNow lets the faults begin that are there from the start, before anything is asked, and returns the others.
func (p *process) disturbNow(faults []timed) (later []timed) {
	for _, t := range faults {
		if t.At > 0 {
			later = append(later, t)
		} else {
			p.strike(t)
		}
	}
	return later
}

// disturb lets faults begin at their times.
func (p *process) disturb(faults []timed, over <-chan struct{}) {
	started := time.Now()
	slices.SortFunc(faults, func(a, b timed) int { return cmp.Compare(a.At, b.At) })
	for _, t := range faults {
		timer := time.NewTimer(time.Until(started.Add(t.At)))
		select {
		case <-over:
			timer.Stop()
			return
		case <-timer.C:
		}
		p.strike(t)
	}
}

func (p *process) strike(t timed) {
	if t.EndOfLife {
		p.say("old versions end")
		p.control("settings", `{"end_of_life":true}`)
		return
	}
	text := have(json.Marshal(t.Fault))
	p.say("fault %s", text)
	p.control("faults", string(text))
}
