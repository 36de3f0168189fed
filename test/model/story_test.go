package model

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/engine/local"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/store"
)

// story is an estate, what is asked for each of its resources, and what happens meanwhile.
type story struct {
	Endpoints  []endpointSpec
	Transforms []transformSpec
	Asks       []ask // endpoints first
	Parallel   int
	Legs       []leg
}

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

// tell plays a story and returns the first thing that is wrong with it.
func (w *world) tell(s story) error {
	w.settle(s.Endpoints, s.Transforms)
	if err := w.plan(s); err != nil {
		return err
	}
	keys := have(w.eye.keys(w.ctx))
	for _, l := range s.Legs {
		if err := w.go_(s, l); err != nil {
			return err
		}
	}
	if err := w.rest(s); err != nil {
		return err
	}
	return w.fewKeys(keys)
}

// plan plans every resource by itself.
func (w *world) plan(s story) error {
	for i, a := range s.Asks {
		f := &family{}
		name := ""
		if i < len(s.Endpoints) {
			name = s.Endpoints[i].Name
		} else {
			name, f.transform = s.Transforms[i-len(s.Endpoints)].Name, true
		}
		f.prefix = prefix(name)
		w.family = append(w.family, f)
		if err := w.planOne(f, a); err != nil {
			return err
		}
	}
	return nil
}

// planOne plans what there is of a family, which must be one resource.
func (w *world) planOne(f *family, a ask) error {
	list := have(f.members(w.ctx, w.eye))
	if len(list) != 1 {
		return fmt.Errorf("before planning there are %v", list)
	}
	f.ask, f.original, f.made, f.back, f.past = a, list[0], map[string]bool{}, false, len(f.ids)
	f.jobs = have(w.eye.jobs(w.ctx, f.prefix))
	var err error
	if f.encrypted, f.logs, err = w.eye.blocks(w.ctx, f.original.configuration); err != nil {
		return err
	}
	p := w.start(stop{})
	defer p.close()
	return p.plan(f)
}

func (p *process) plan(f *family) error {
	f.arn = here().ARN("glue", "devEndpoint/"+f.original.name).String()
	if f.transform {
		f.arn = here().ARN("glue", "mlTransform/"+f.original.id).String()
	}
	o := propose.Options{
		Inspector: inventory.NewInspector(p.session), Store: p.store, Policy: policy.Default(policy.SOP), Now: time.Now,
		AcceptUnchecked: []string{"*"}, Resources: []string{f.arn},
		Wanted: plan.Wanted{
			Mode: f.ask.Mode, Strategy: f.ask.Strategy, Logs: f.ask.Logs, LabelsS3: "s3://" + bucket + "/exports/", RepointJobs: f.ask.Repoint,
			AcceptWeaker: true, AcceptIrreversible: true,
		},
	}
	if f.ask.Mode == resource.ModeSSEKMS || f.ask.Logs {
		if f.ask.NewKey {
			o.CreateKey = alias
		} else {
			o.KeyRef = wellKept
		}
	}
	made, err := propose.Run(p.ctx, o)
	if err != nil {
		return err
	}
	i := made.Changes[0]
	f.planned, f.digest = i.Blocked == nil, made.Digest
	if i.Blocked != nil {
		p.say("%s is blocked: %s", f.original, i.Blocked.Message)
	}
	return nil
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

// go_ runs one process and looks at what it left.
func (w *world) go_(s story, l leg) error {
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
	go func() {
		defer close(ended)
		p.disturb(l.Faults, over)
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
		if t.EndOfLife {
			p.say("old versions end")
			p.control("settings", `{"end_of_life":true}`)
			continue
		}
		text := have(json.Marshal(t.Fault))
		p.say("fault %s", text)
		p.control("faults", string(text))
	}
}

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
	p := w.start(stop{})
	defer p.close()
	all := map[string]*change.Change{}
	for _, f := range w.family {
		f.ids = nil
		must(p.store.EachSummary(w.ctx, store.ChangeFilter{}, func(s store.Summarized) error {
			if strings.HasPrefix(s.Resource.Name, f.prefix) {
				f.ids = append([]string{s.ID}, f.ids...)
			}
			return nil
		}))
		if len(f.ids) > f.past {
			all[f.arn] = have(p.store.Change(w.ctx, f.ids[len(f.ids)-1]))
		}
	}
	return all
}

// look holds the state and AWS to the invariants between two processes.
func (w *world) look() error {
	if err := w.found(); err != nil {
		return err
	}
	for _, f := range w.family {
		c := w.changes()[f.arn]
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
	p := w.start(stop{})
	defer p.close()
	l := have(p.store.Store.Lease(w.ctx, f.arn, store.Holder{Since: time.Now()}))
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
	if d := gocmp.Diff(c, again); d != "" {
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
	if d := gocmp.Diff(f.jobs, now); d != "" {
		return fmt.Errorf("jobs (-before +now):\n%s", d)
	}
	return nil
}

// rest lets every change come to an end with nothing in its way: it goes on, or if that doesn't help, back.
func (w *world) rest(s story) error {
	const rounds, patience = 12, 6
	for n := range rounds {
		open := 0
		verb := engine.Resume
		if n >= patience {
			verb = engine.Backout
		}
		l := leg{}
		for _, f := range w.family {
			c := w.changes()[f.arn]
			v := engine.Resume
			if c != nil && c.Open() {
				open++
				v = verb
			}
			l.Verbs = append(l.Verbs, v)
		}
		if open == 0 && n > 0 {
			return nil
		}
		if err := w.go_(s, l); err != nil {
			return err
		}
	}
	for _, f := range w.family {
		if c := w.changes()[f.arn]; c != nil && c.Open() {
			return fmt.Errorf("the change of %s never ends: %s %s %+v", f.arn, c.Phase, c.State, c.Trouble)
		}
	}
	return nil
}

// fewKeys is that no step made two keys.
func (w *world) fewKeys(before map[string]bool) error {
	p := w.start(stop{})
	defer p.close()
	sent := 0
	must(p.store.EachChange(w.ctx, store.ChangeFilter{}, func(c *change.Change) error {
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
