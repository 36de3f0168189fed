package execute_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

// TestProperty carries random changes out in a world that loses answers, refuses, crashes between any two lines, and
// shows what it made late, while people resume, back out and finalize as they like. The rig holds each move to the
// invariants of a repair; in the end, with the world behaving, people must get every change to a proper end.
func TestProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMischief(t)
		r := newRig(t, m.scene())
		m.plant(r)
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			if rapid.Bool().Draw(t, "interrupted") {
				r.runFor(rapid.IntRange(0, 120).Draw(t, "moves"))
			} else {
				r.run()
			}
			m.person(r)
		}
		m.calm(r)
		mend(t, r)
	})
}

// mischief draws what goes wrong.
type mischief struct {
	t      *rapid.T
	budget int // so many things go wrong yet
	blind  time.Time
}

func newMischief(t *rapid.T) *mischief {
	return &mischief{t: t, budget: rapid.IntRange(0, 8).Draw(t, "budget")}
}

// strikes draws whether something goes wrong here.
func (m *mischief) strikes(where string, oneIn int) bool {
	if m.budget == 0 || rapid.IntRange(1, oneIn).Draw(m.t, where) != 1 {
		return false
	}
	m.budget--
	return true
}

func (m *mischief) scene() *scene {
	strategy := rapid.SampledFrom([]plan.Strategy{plan.Replace, plan.Replace, plan.SideBySide, plan.Retire}).Draw(m.t, "strategy")
	if rapid.Bool().Draw(m.t, "endpoint") {
		return endpointScene(m.t, strategy)
	}
	labels := rapid.SampledFrom([]int{0, 5}).Draw(m.t, "labels")
	if strategy == plan.Retire || labels == 0 || rapid.Bool().Draw(m.t, "unused") {
		return transformScene(m.t, strategy, labels)
	}
	return transformScene(m.t, strategy, labels, "job1", "job2")
}

func (m *mischief) plant(r *rig) {
	r.reveal = time.Duration(rapid.IntRange(0, 50).Draw(m.t, "reveal")) * time.Second
	r.deletesShow = time.Duration(rapid.IntRange(0, 50).Draw(m.t, "deletes show")) * time.Second
	if rapid.IntRange(1, 4).Draw(m.t, "fails") == 1 {
		r.failNext = rapid.IntRange(1, 2).Draw(m.t, "how many fail")
	}
	if rapid.IntRange(1, 4).Draw(m.t, "plain") == 1 {
		r.plainNext = rapid.IntRange(1, 2).Draw(m.t, "how many are plain")
	}
	r.actor.fate = func(_ *change.Change, s plan.Step) fate {
		if !m.strikes("fate of "+s.Name, 4) {
			return works
		}
		return fate(rapid.IntRange(int(loseAnswer), int(fates)-1).Draw(m.t, "which"))
	}
	r.actor.look = func(s plan.Step) error {
		switch {
		case r.now.Before(m.blind):
			return errRead
		case s.Kind.Changes() && m.strikes("reads of "+s.Name, 20):
			m.blind = r.now.Add(time.Duration(rapid.IntRange(1, 900).Draw(m.t, "blind seconds")) * time.Second)
			return errRead
		}
		return nil
	}
	r.journal.dies = func(e change.Entry) (before, after bool) {
		if !m.strikes("crash at "+string(e.Kind), 15) {
			return false, false
		}
		before = rapid.Bool().Draw(m.t, "before")
		return before, !before
	}
	r.journal.fails = func(e change.Entry) (before, after bool) {
		if !m.strikes("disk at "+string(e.Kind), 30) {
			return false, false
		}
		before = rapid.Bool().Draw(m.t, "before")
		return before, !before
	}
}

// person asks for something, possible or not.
func (m *mischief) person(r *rig) {
	v := rapid.SampledFrom([]execute.Verb{execute.VerbResume, execute.VerbResume, execute.VerbBackout, execute.VerbFinalize, ""}).Draw(m.t, "verb")
	r.now = r.now.Add(time.Duration(rapid.IntRange(0, 600).Draw(m.t, "pause")) * time.Second)
	if v == "" {
		return
	}
	o := execute.FinalizeOptions{KeepTwin: v == execute.VerbFinalize && rapid.Bool().Draw(m.t, "keep twin")}
	var state *execute.StateError
	if err := r.ask(v, o); err != nil && !errors.As(err, &state) && !errors.Is(err, errDisk) {
		m.t.Fatalf("%s: %v\n%s", v, err, r.story())
	}
}

// calm ends the mischief.
func (m *mischief) calm(r *rig) {
	r.actor.fate, r.actor.look, r.journal.dies, r.journal.fails = nil, nil, nil, nil
	r.failNext, r.plainNext, r.reveal = 0, 0, 0
	r.now = r.now.Add(settleTime)
}

// mend is what people do about a change that rests where it should not: they resume, and where that does not help they
// back out.
func mend(t *rapid.T, r *rig) {
	c := r.run()
	tired := rapid.IntRange(0, 3).Draw(t, "patience")
	for try := 0; c.Open(); try++ {
		if try > 8 {
			t.Fatalf("no way out\n%s", r.story())
		}
		if try < tired {
			c = r.resume()
			continue
		}
		c = r.backout()
	}
	r.checkRest(c)
}
