package execute_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// fate is what becomes of a call.
type fate int

const (
	works fate = iota
	loseAnswer
	loseRequest
	serverError       // and nothing happened
	serverErrorEffect // though it took effect
	notSent
	notYet
	refuses
	crashBefore // the process dies before the call leaves
	crashAfter  // the process dies before the answer comes
	fates
)

// crash is what a test panics with where the process dies.
type crash struct{ where string }

// actor is a world's Actor and Verifier. It behaves as package action does, on the world instead of AWS.
type actor struct {
	*world
	fate     func(c *change.Change, s plan.Step) fate // nil: all works
	look     func(s plan.Step) error                  // nil: reads work
	misses   map[string]string                        // steps whose looks find this trouble
	observed string                                   // step that was looked at in this Advance
	sent     []string                                 // calls made in this Advance
	doubtful map[string]bool                          // creates whose outcome the change can't know, by step
	broken   []string                                 // rules that were broken
}

func newActor(w *world) *actor { return &actor{world: w, doubtful: map[string]bool{}} }

func (a *actor) breaks(format string, args ...any) {
	a.broken = append(a.broken, fmt.Sprintf(format, args...))
}

var errRead = errors.New("the read failed")

func settled(f change.Facts) execute.Observation {
	return execute.Observation{Seen: execute.Settled, Facts: f}
}
func open() execute.Observation { return execute.Observation{Seen: execute.Open} }
func pending(detail string) execute.Observation {
	return execute.Observation{Seen: execute.Pending, Detail: detail}
}

func missed(code, message string) execute.Observation {
	return execute.Observation{Seen: execute.Missed, Trouble: &change.Trouble{Code: code, Message: message}}
}

// of finds the resource that a step's role stands for: by what the change knows, or by the name that its create gave
// and the change's tag.
func (a *actor) of(c *change.Change, r plan.Role) *thing {
	if id, ok := c.Resources[r]; ok {
		if o := a.find(id.Type, id.ID, id.Name); o != nil && o.identity().Same(id) {
			return o
		}
		return nil
	}
	var name string
	var kind resource.Type
	for p := range c.All() {
		switch {
		case p.Step.Role != r:
		case p.Step.Kind == plan.CreateEndpoint:
			name, kind = p.Step.Endpoint.Name, resource.TypeDevEndpoint
		case p.Step.Kind == plan.CreateTransform:
			name, kind = p.Step.Transform.Name, resource.TypeMLTransform
		}
	}
	if o := a.find(kind, "", name); o != nil && o.tags()[tagChange] == c.Head.ID {
		return o
	}
	return nil
}

func (a *actor) Observe(_ context.Context, c *change.Change, s plan.Step) (execute.Observation, error) {
	a.observed = s.Name
	if a.look != nil {
		if err := a.look(s); err != nil {
			return execute.Observation{}, err
		}
	}
	if code := a.misses[s.Name]; code != "" {
		return missed(code, code), nil
	}
	if s.Kind.Changes() {
		return a.observeChange(c, s), nil
	}
	return a.observeLook(c, s), nil
}

func (a *actor) observeChange(c *change.Change, s plan.Step) execute.Observation {
	p, _ := c.Current()
	switch s.Kind {
	case plan.CreateConfiguration:
		if _, ok := a.configurations[s.Configuration.Name]; ok {
			return settled(change.Facts{Configuration: s.Configuration.Name})
		}
		return open()
	case plan.CreateEndpoint:
		return a.observeCreate(c, s, resource.TypeDevEndpoint, s.Endpoint.Name)
	case plan.CreateTransform:
		return a.observeCreate(c, s, resource.TypeMLTransform, s.Transform.Name)
	case plan.DeleteEndpoint, plan.DeleteTransform:
		o := a.of(c, s.Role)
		if o == nil || o.leaving(a.now) {
			return settled(change.Facts{})
		}
		return open()
	}
	o := a.of(c, s.Role)
	if s.Kind != plan.DeleteLabels && o == nil {
		if at, ok := c.MadeAt(s.Role); ok && a.now.Sub(at) < time.Minute {
			return pending("not seen yet")
		}
		return missed(change.TroubleGone, string(s.Role)+" is not there")
	}
	switch s.Kind {
	case plan.RenameTransform:
		if o.name() == s.NewName {
			return settled(change.Facts{})
		}
	case plan.RepointJob:
		if a.jobs[s.Job] == o.id {
			return settled(change.Facts{})
		}
	case plan.EnsureTags:
		if o.tags()[tagChange] == c.Head.ID {
			return settled(change.Facts{})
		}
	case plan.RemoveTags:
		if _, ok := o.tags()[tagChange]; !ok {
			return settled(change.Facts{})
		}
	case plan.ExportLabels, plan.ImportLabels, plan.Evaluate:
		for run := range a.runs {
			if strings.HasSuffix(run, "@"+string(s.Kind)+o.id+p.StartedAt.String()) {
				return settled(change.Facts{TaskRun: run})
			}
		}
	case plan.DeleteLabels:
		if a.exports[s.S3] == 0 {
			return settled(change.Facts{})
		}
	}
	return open()
}

func (a *actor) observeCreate(c *change.Change, s plan.Step, t resource.Type, name string) execute.Observation {
	o := a.find(t, "", name)
	switch {
	case o == nil:
		return open()
	case o.leaving(a.now):
		return pending("DELETING")
	case o.tags()[tagChange] != c.Head.ID:
		return missed(change.TroubleForeign, "the name is taken")
	}
	id := o.identity()
	for role, known := range c.Resources {
		if role != s.Role && known.Same(id) {
			return missed(change.TroubleForeign, "the name is another's")
		}
	}
	return settled(change.Facts{Resource: &id})
}

func (a *actor) observeLook(c *change.Change, s plan.Step) execute.Observation {
	o := a.of(c, s.Role)
	switch s.Kind {
	case plan.WaitGone:
		if o == nil {
			return settled(change.Facts{})
		}
		return pending(o.status(a.now))
	case plan.WaitTaskRun:
		return a.observeRun(c, s)
	case plan.CheckUnreferenced:
		for job, id := range a.jobs {
			if o != nil && id == o.id {
				return missed(change.TroubleReferenced, "job "+job)
			}
		}
		return settled(change.Facts{})
	}
	if o == nil {
		if at, ok := c.MadeAt(s.Role); ok && a.now.Sub(at) < time.Minute {
			return pending("not seen yet")
		}
		return missed(change.TroubleGone, string(s.Role)+" is not there")
	}
	switch s.Kind {
	case plan.SaveDefinition:
		e, t := detail(a.world, o)
		return settled(change.Facts{Endpoint: e, Transform: t})
	case plan.WaitReady:
		status := o.status(a.now)
		if status == "FAILED" {
			return missed(change.TroubleFailed, "it came up FAILED")
		}
		if status == s.Status || status == "READY" {
			id := o.identity()
			return settled(change.Facts{Resource: &id})
		}
		return pending(status)
	}
	return missed(change.TroubleFailed, "the world knows no step "+string(s.Kind))
}

func (a *actor) observeRun(c *change.Change, s plan.Step) execute.Observation {
	var run string
	for p := range c.All() {
		if p.Step.Name == s.After && p.Facts != nil {
			run = p.Facts.TaskRun
		}
	}
	over, ok := a.runs[run]
	switch {
	case !ok:
		return missed(change.TroubleGone, "no run "+run)
	case over.After(a.now):
		return pending("RUNNING")
	}
	o := a.of(c, s.Role)
	if strings.Contains(run, "@"+string(plan.ImportLabels)) && o != nil {
		o.labels, o.ready = c.Labels.Rows, a.now
	}
	if strings.Contains(run, "@"+string(plan.ExportLabels)) {
		return settled(change.Facts{Labels: &change.Labels{S3: "s3://labels/out/", Files: 1, Rows: o.labels}})
	}
	return settled(change.Facts{})
}

func (a *actor) Do(_ context.Context, c *change.Change, s plan.Step) (change.Facts, error) {
	p, _ := c.Current()
	if a.observed != s.Name {
		a.breaks("%s was sent without a look right before", s.Name)
	}
	if !p.Open || p.Step.Name != s.Name {
		a.breaks("%s was sent without an intent in the journal", s.Name)
	}
	a.sent = append(a.sent, s.Name)
	if len(a.sent) > 1 {
		a.breaks("more than one call in one Advance: %v", a.sent)
	}
	if !s.Kind.Repeatable() && a.doubtful[string(p.Phase)+s.Name] {
		a.breaks("%s was sent again though its answer was lost and nobody said so", s.Name)
	}
	fate := works
	if a.fate != nil {
		fate = a.fate(c, s)
	}
	return a.meet(c, s, fate, string(p.Phase)+s.Name)
}

// meet lets a call meet its fate.
func (a *actor) meet(c *change.Change, s plan.Step, f fate, key string) (change.Facts, error) {
	failed := func(e execute.Effect, code string) error {
		return &execute.CallError{Effect: e, Err: errors.New(code), Trouble: change.Trouble{Code: code, Message: code}}
	}
	a.doubtful[key] = f == loseAnswer || f == loseRequest || f == crashBefore || f == crashAfter
	switch f {
	case loseRequest:
		return change.Facts{}, failed(execute.Unknown, "no answer")
	case serverError:
		return change.Facts{}, failed(execute.ServerError, "InternalServiceException")
	case notSent:
		return change.Facts{}, failed(execute.NotSent, "ThrottlingException")
	case notYet:
		return change.Facts{}, failed(execute.NotYet, "ConcurrentModificationException")
	case refuses:
		return change.Facts{}, failed(execute.NotDone, "InvalidInputException")
	case crashBefore:
		panic(crash{"before the call of " + s.Name})
	}
	facts, err := a.effect(c, s)
	switch {
	case f == crashAfter:
		panic(crash{"after the call of " + s.Name})
	case err != nil:
		return facts, err
	case f == loseAnswer:
		return change.Facts{}, failed(execute.Unknown, "no answer")
	case f == serverErrorEffect:
		return change.Facts{}, failed(execute.ServerError, "InternalServiceException")
	}
	return facts, nil
}

// effect does what a call does. Names are unique, as at AWS, whether reads see them yet or not.
func (a *actor) effect(c *change.Change, s plan.Step) (change.Facts, error) {
	taken := func(t resource.Type, name string) error {
		for _, o := range a.there() {
			if o.identity().Type == t && o.name() == name {
				return &execute.CallError{
					Effect: execute.NotDone, Err: errors.New("AlreadyExistsException"),
					Trouble: change.Trouble{Code: "AlreadyExistsException", Message: name},
				}
			}
		}
		return nil
	}
	switch s.Kind {
	case plan.CreateConfiguration:
		a.configurations[s.Configuration.Name] = *s.Configuration
		return change.Facts{Configuration: s.Configuration.Name}, nil
	case plan.CreateEndpoint:
		if err := taken(resource.TypeDevEndpoint, s.Endpoint.Name); err != nil {
			return change.Facts{}, err
		}
		id := a.put(s.Endpoint, nil, c.Head.ID).identity()
		return change.Facts{Resource: &id}, nil
	case plan.CreateTransform:
		if err := taken(resource.TypeMLTransform, s.Transform.Name); err != nil {
			return change.Facts{}, err
		}
		id := a.put(nil, s.Transform, c.Head.ID).identity()
		return change.Facts{Resource: &id}, nil
	case plan.DeleteLabels:
		delete(a.exports, s.S3)
		return change.Facts{}, nil
	}
	o := a.of(c, s.Role)
	p, _ := c.Current()
	switch s.Kind {
	case plan.DeleteEndpoint, plan.DeleteTransform:
		o.goneAt, o.goneShows = a.now.Add(a.deletesShow+time.Minute), a.now.Add(a.deletesShow)
	case plan.RenameTransform:
		if err := taken(resource.TypeMLTransform, s.NewName); err != nil {
			return change.Facts{}, err
		}
		o.transform.Name = s.NewName
	case plan.RepointJob:
		a.jobs[s.Job] = o.id
	case plan.EnsureTags:
		o.setTags(tagged(o.tags(), c.Head.ID))
	case plan.RemoveTags:
		tags := maps.Clone(o.tags())
		delete(tags, tagChange)
		o.setTags(tags)
	case plan.ExportLabels, plan.ImportLabels, plan.Evaluate:
		run := a.run()
		over := a.runs[run]
		delete(a.runs, run)
		run += "@" + string(s.Kind) + o.id + p.StartedAt.String()
		a.runs[run] = over
		if s.Kind == plan.Evaluate {
			o.metrics = &resource.Metrics{F1: 0.9}
		}
		return change.Facts{TaskRun: run}, nil
	}
	return change.Facts{}, nil
}

// Verify reads the world afresh.
func (a *actor) Verify(_ context.Context, c *change.Change, s plan.Step) ([]change.Difference, error) {
	if a.look != nil {
		if err := a.look(s); err != nil {
			return nil, err
		}
	}
	return a.differs(a.of(c, s.Role), s.Promise, c.Head.ID), nil
}
