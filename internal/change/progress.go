package change

import (
	"time"

	"github.com/glueguard/glueguard/internal/plan"
)

// progress folds in an entry about the step at hand.
func (c *Change) progress(e Entry, refuse refuser) error {
	p := c.current()
	switch {
	case !c.moving():
		return refuse("the change is %s", c.State)
	case p == nil || p.Step.Name != e.Step:
		return refuse("%q is not the step at hand", e.Step)
	case p.Status == StepFailed:
		return refuse("step %q has failed", e.Step)
	case e.Kind == Intended && !p.Step.Kind.Changes():
		return refuse("step %q only looks", e.Step)
	case (e.Kind == Retried || e.Kind == Uncertain) && !p.Open:
		return refuse("no call of step %q is open", e.Step)
	}
	p.Calls += e.Calls
	switch e.Kind {
	case Intended:
		p.intend(e.At)
		if creates(p.Step.Kind) {
			delete(c.Gone, p.Step.Role)
		}
	case Retried:
		p.answer(e)
	case Uncertain:
		p.Uncertain, p.Answered, p.Trouble = true, e.Answered, e.Trouble
	case Refused:
		if e.Trouble == nil {
			return refuse("it does not say why")
		}
		if p.Open && !p.Uncertain {
			p.Loose--
		}
		p.Open, p.Allowed, p.Trouble = false, false, e.Trouble
		p.Status, p.FinishedAt = StepFailed, e.At
	case Succeeded:
		p.Open, p.Uncertain, p.Allowed, p.Trouble = false, false, false, e.Trouble
		p.Status, p.FinishedAt = StepDone, e.At
	}
	c.learn(p, e)
	c.enter(e.At)
	return nil
}

func (p *Progress) intend(at time.Time) {
	p.Open, p.Uncertain, p.Answered, p.Allowed = true, false, false, false
	p.IntendedAt = at
	if p.Round == 0 {
		p.RoundAt = at
	}
	p.Tries++
	p.Round++
	p.Loose++
}

// answer settles the open call: it had no effect. Where looking said so, neither had the ones before it.
func (p *Progress) answer(e Entry) {
	if p.Uncertain {
		p.Loose = 0
	} else {
		p.Loose--
	}
	p.Open, p.Uncertain, p.Answered, p.Trouble = false, false, false, e.Trouble
}

// learn keeps what an entry says of the world.
func (c *Change) learn(p *Progress, e Entry) {
	if e.Facts != nil {
		p.Facts = e.Facts
		c.know(p.Step, e.Facts)
	}
	if e.Kind != Succeeded {
		return
	}
	role := p.Step.Role
	switch p.Step.Kind {
	case plan.WaitGone:
		c.Gone[role] = true
	case plan.CreateEndpoint, plan.CreateTransform:
		delete(c.Gone, role)
	case plan.RenameTransform:
		if known, ok := c.Resources[role]; ok && p.Step.NewName != "" {
			known.Name = p.Step.NewName
			c.Resources[role] = known
		}
	}
}

func (c *Change) know(s plan.Step, f *Facts) {
	if f.KeyARN != "" {
		c.KeyARN = f.KeyARN
	}
	if f.Endpoint != nil && s.Kind == plan.SaveDefinition {
		c.SavedEndpoint = f.Endpoint
	}
	if f.Transform != nil && s.Kind == plan.SaveDefinition {
		c.SavedTransform = f.Transform
	}
	if f.Labels != nil {
		c.Labels = f.Labels
	}
	if f.Resource == nil || s.Role == "" {
		return
	}
	// The original is what the plan says, whatever bears its name later.
	if s.Role != plan.Original || c.Resources[plan.Original].Same(*f.Resource) {
		c.Resources[s.Role] = *f.Resource
	}
}
