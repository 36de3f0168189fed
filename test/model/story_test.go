package model

import (
	"fmt"
	"time"

	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/resource"
)

// story is an estate, what is asked for each of its resources, and what happens meanwhile.
type story struct {
	Endpoints  []endpointSpec
	Transforms []transformSpec
	Asks       []ask // endpoints first
	Parallel   int
	Late       time.Duration // so long AWS does not show what it made
	Legs       []leg
}

// tell plays a story and returns the first thing that is wrong with it.
func (w *world) tell(s story) error {
	w.settle(s.Endpoints, s.Transforms)
	w.late = s.Late
	if err := w.plan(s); err != nil {
		return err
	}
	keys := have(w.eye.keys(w.ctx))
	for _, l := range s.Legs {
		if err := w.walk(s, l); err != nil {
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
		if n := i - len(s.Endpoints); n < 0 {
			f.prefix = prefix(s.Endpoints[i].Name)
		} else {
			f.prefix, f.transform = prefix(s.Transforms[n].Name), true
		}
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
		changes := w.changes()
		for _, f := range w.family {
			c := changes[f.arn]
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
		if err := w.walk(s, l); err != nil {
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
