package model

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// ignored is a story in which AWS says yes to one create, and does not encrypt what it makes.
type ignored struct {
	transform bool
	was       string // what the original's configuration, or its user data, says
	ask       ask
	before    []engine.Verb // what ends well before
	verb      engine.Verb   // what meets the fault; empty: apply
	operation string
	after     int // creates that AWS makes as told
	want      change.State
	then      []engine.Verb // how a person gets out
	end       change.State
}

// ignoredStories are every kind and strategy with every create that encryption depends on, on the way there and back.
func ignoredStories() []ignored {
	const configuration, endpoint, transform = "glue:CreateSecurityConfiguration", "glue:CreateDevEndpoint", "glue:CreateMLTransform"
	const kms, s3 = resource.ModeSSEKMS, resource.ModeSSES3
	var all []ignored
	for _, mode := range []ask{{Mode: s3}, {Mode: kms}, {Mode: kms, NewKey: true, Logs: true}} {
		for _, strategy := range []plan.Strategy{plan.Replace, plan.SideBySide} {
			a := mode
			a.Strategy = strategy
			for _, operation := range []string{configuration, endpoint} {
				all = append(all, ignored{ask: a, operation: operation, want: change.BackedOut})
			}
			for _, operation := range []string{configuration, transform} {
				if operation == transform && a.Mode == s3 {
					continue // a transform's user data has no such mode
				}
				all = append(all, ignored{transform: true, ask: a, operation: operation, want: change.BackedOut})
			}
		}
		a := mode
		a.Strategy = plan.Replace
		second := ignored{ask: a, operation: endpoint, after: 1, want: change.Waiting}
		for _, verb := range []engine.Verb{engine.Finalize, engine.Backout} {
			second.then, second.end = []engine.Verb{engine.Resume, verb}, change.Finalized
			if verb == engine.Backout {
				second.end = change.BackedOut
			}
			all = append(all, second)
		}
	}
	way := func(strategy plan.Strategy) ask {
		if strategy == plan.Retire {
			return ask{Strategy: strategy}
		}
		return ask{Mode: kms, Strategy: strategy}
	}
	back := ignored{verb: engine.Backout, then: []engine.Verb{engine.Backout}, end: change.BackedOut}
	for _, b := range []ignored{
		{was: "pass-sse-s3", ask: way(plan.Replace), operation: endpoint, want: change.Done},
		{was: "pass-sse-s3", ask: way(plan.Replace), operation: endpoint, after: 1, want: change.Waiting},
		{was: "pass-sse-s3", ask: way(plan.SideBySide), before: []engine.Verb{engine.Finalize}, operation: endpoint, want: change.Finalized},
		{was: "pass-sse-kms", ask: way(plan.Retire), operation: endpoint, want: change.Done},
		{transform: true, was: "SSE-KMS", ask: way(plan.Replace), before: []engine.Verb{engine.Finalize}, operation: transform, want: change.Finalized},
		{transform: true, was: "SSE-KMS", ask: way(plan.SideBySide), before: []engine.Verb{engine.Finalize}, operation: transform, want: change.Finalized},
		{transform: true, was: "SSE-KMS", ask: way(plan.Retire), operation: transform, want: change.Done},
	} {
		b.verb, b.then, b.end = back.verb, back.then, back.end
		all = append(all, b)
	}
	return all
}

func (i ignored) String() string {
	kind := "endpoint"
	if i.transform {
		kind = "transform"
	}
	words := []string{kind, string(i.ask.Strategy), string(i.ask.Mode)}
	if i.ask.NewKey {
		words = append(words, "new key")
	}
	for _, v := range i.before {
		words = append(words, string(v))
	}
	words = append(words, string(i.verb), strings.TrimPrefix(i.operation, "glue:"), fmt.Sprint(i.after))
	for _, v := range i.then {
		words = append(words, string(v))
	}
	return strings.Join(words, " ")
}

// TestIgnoredEncryption: where AWS says yes and does not encrypt, that is noticed every time, the working one stays, and
// there is a way out.
func TestIgnoredEncryption(t *testing.T) {
	t.Parallel()
	for _, i := range ignoredStories() {
		t.Run(i.String(), func(t *testing.T) {
			t.Parallel()
			if err := inBubble(t, i.tell); err != nil {
				t.Error(err)
			}
		})
	}
}

func (i ignored) story() story {
	tags := map[string]string{"team": "data"}
	if i.transform {
		return story{
			Transforms: []transformSpec{{Name: "m0-a", Role: good, Capacity: 2, Labels: 5, Evaluated: true, UserData: i.was, Tags: tags}}, Asks: []ask{i.ask}, Parallel: 1,
		}
	}
	return story{Endpoints: []endpointSpec{{Name: "m0-a", Role: good, Nodes: 2, Configuration: i.was, Tags: tags}}, Asks: []ask{i.ask}, Parallel: 1}
}

func (i ignored) tell(w *world) error {
	s := i.story()
	w.settle(s.Endpoints, s.Transforms)
	if err := w.plan(s); err != nil {
		return err
	}
	f := w.family[0]
	ask := func(verb engine.Verb, faults ...timed) (*change.Change, error) {
		err := w.walk(s, leg{Verbs: []engine.Verb{verb}, Faults: faults})
		c := w.changes()[f.arn]
		if c == nil {
			err = errors.Join(err, errors.New("nothing was begun"))
		}
		return c, err
	}
	if i.verb != "" {
		for _, verb := range append([]engine.Verb{engine.Apply}, i.before...) {
			if _, err := ask(verb); err != nil {
				return err
			}
		}
	}
	c, err := ask(i.verb, timed{Fault: sandbox.Fault{Operation: i.operation, Error: sandbox.FaultIgnoreEncryption, After: i.after, Times: 1}})
	if err != nil {
		return err
	}
	if c.State != i.want || c.Trouble == nil || c.Trouble.Code != change.TroubleVerify || !namesEncryption(c.Trouble.Differences) {
		return fmt.Errorf("it is %s, want %s: %+v", c.State, i.want, c.Trouble)
	}
	for _, verb := range i.then {
		if c, err = ask(verb); err != nil {
			return err
		}
	}
	if i.end != "" && c.State != i.end {
		return fmt.Errorf("in the end it is %s, want %s: %+v", c.State, i.end, c.Trouble)
	}
	return nil
}

func namesEncryption(differences []change.Difference) bool {
	for _, d := range differences {
		if strings.Contains(d.Attribute, "encryption") {
			return true
		}
	}
	return false
}
