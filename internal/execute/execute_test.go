package execute_test

import (
	"slices"
	"testing"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

func scenes(t teller) map[string]func() *scene {
	t.Helper()
	return map[string]func() *scene{
		"endpoint replace":         func() *scene { return endpointScene(t, plan.Replace) },
		"endpoint side by side":    func() *scene { return endpointScene(t, plan.SideBySide) },
		"endpoint retire":          func() *scene { return endpointScene(t, plan.Retire) },
		"transform replace":        func() *scene { return transformScene(t, plan.Replace, 0) },
		"taught transform replace": func() *scene { return transformScene(t, plan.Replace, 5, "job1", "job2") },
		"taught transform aside":   func() *scene { return transformScene(t, plan.SideBySide, 5, "job1") },
		"taught transform retire":  func() *scene { return transformScene(t, plan.Retire, 5) },
	}
}

// TestWhole runs each kind of change from its start to each of its ends, with nothing going wrong.
func TestWhole(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, scene())
			r.ends(r.run(), change.Done, "")
			r.ends(r.backout(), change.BackedOut, "")
		})
		t.Run(name+", finalized", func(t *testing.T) {
			t.Parallel()
			r := newRig(t, scene())
			r.run()
			r.ends(r.finalize(execute.FinalizeOptions{}), change.Finalized, "")
			r.ends(r.backout(), change.BackedOut, "")
		})
		t.Run(name+", backed out after every entry", func(t *testing.T) {
			t.Parallel()
			for entries := 2; ; entries++ {
				r := newRig(t, scene())
				r.journal.dies = func(e change.Entry) (before, after bool) { return false, e.Seq == entries }
				for len(r.journal.entries) < entries && !r.fold().AtRest() {
					r.runFor(1)
				}
				r.journal.dies = nil
				done := r.fold().AtRest()
				r.ends(r.backout(), change.BackedOut, "")
				if done {
					return
				}
			}
		})
	}
}

// ends wants a change to have come to a state with a trouble, and to have left nothing where it is over.
func (r *rig) ends(c *change.Change, want change.State, trouble string) {
	r.t.Helper()
	got := ""
	if c.Trouble != nil {
		got = c.Trouble.Code
	}
	if c.State != want || got != trouble {
		r.t.Fatalf("the change is %s with trouble %q, not %s with %q\n%s", c.State, got, want, trouble, r.story())
	}
	if !c.Open() {
		r.checkRest(c)
	}
}

// meets lets the calls of one step meet these fates, one after the other, and then work.
func (r *rig) meets(step string, fates ...fate) {
	r.actor.fate = func(_ *change.Change, s plan.Step) fate {
		if s.Name != step || len(fates) == 0 {
			return works
		}
		f := fates[0]
		fates = fates[1:]
		return f
	}
}

func always(f fate) []fate { return slices.Repeat([]fate{f}, 1000) }

// sent counts the calls that a step has sent, in all phases.
func (r *rig) sent(step string) int {
	n := 0
	for p := range r.fold().All() {
		if p.Step.Name == step {
			n += p.Tries
		}
	}
	return n
}

// TestCalls has one call of the replace of a dev endpoint go wrong in each way that calls can.
func TestCalls(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		step    string
		fates   []fate
		want    change.State
		trouble string
		calls   int
	}{
		{"refused twin", "create-twin", []fate{refuses}, change.RefusedAt, "InvalidInputException", 1},
		{"refused configuration", "create-security-configuration", []fate{refuses}, change.RefusedAt, "InvalidInputException", 1},
		{"not yet", "create-twin", []fate{notYet, notYet}, change.Done, "", 3},
		{"never", "create-twin", always(notYet), change.RefusedAt, "ConcurrentModificationException", 0},
		{"throttled", "create-twin", []fate{notSent, notSent, notSent}, change.Done, "", 4},
		{"never sent", "create-twin", always(notSent), change.FailedAt, "ThrottlingException", 0},
		{"lost answer", "create-twin", []fate{loseAnswer}, change.Done, "", 1},
		{"lost request", "create-twin", []fate{loseRequest}, change.Waiting, change.TroubleUnsettled, 1},
		{"died before", "create-twin", []fate{crashBefore}, change.Waiting, change.TroubleUnsettled, 1},
		{"died after", "create-twin", []fate{crashAfter}, change.Done, "", 1},
		{"server error", "create-twin", []fate{serverError}, change.Done, "", 2},
		{"server error that did it", "create-twin", []fate{serverErrorEffect}, change.Done, "", 1},
		{"server errors", "create-twin", always(serverError), change.FailedAt, "InternalServiceException", 5},
		{"repeatable, lost request", "delete-original", []fate{loseRequest}, change.Done, "", 2},
		{"repeatable, lost answer", "delete-original", []fate{loseAnswer}, change.Done, "", 1},
		{"repeatable, died before", "delete-original", []fate{crashBefore}, change.Done, "", 2},
		{"repeatable, never answered", "delete-original", always(loseRequest), change.FailedAt, "no answer", 5},
		{"refused delete", "delete-original", []fate{refuses}, change.Waiting, "InvalidInputException", 1},
		{"refused replacement", "create-replacement", []fate{refuses}, change.Waiting, "InvalidInputException", 1},
		{"refused end of the twin", "delete-twin", []fate{refuses}, change.Waiting, "InvalidInputException", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, endpointScene(t, plan.Replace))
			r.meets(tt.step, tt.fates...)
			r.ends(r.run(), tt.want, tt.trouble)
			if got := r.sent(tt.step); tt.calls > 0 && got != tt.calls {
				t.Errorf("%s sent its call %d times, not %d", tt.step, got, tt.calls)
			}
			if !r.fold().Open() {
				return
			}
			r.actor.fate = nil
			r.ends(r.resume(), change.Done, "")
		})
		t.Run(tt.name+", backed out", func(t *testing.T) {
			t.Parallel()
			r := newRig(t, endpointScene(t, plan.Replace))
			r.meets(tt.step, tt.fates...)
			r.run()
			r.actor.fate = nil
			if r.fold().State != change.RefusedAt {
				r.ends(r.backout(), change.BackedOut, "")
			}
		})
	}
}
