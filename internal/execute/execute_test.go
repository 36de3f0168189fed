package execute_test

import (
	"testing"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

func scenes(t testing.TB) map[string]func() *scene {
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
			c := r.run()
			if c.State != change.Done {
				t.Fatalf("the change is %s\n%s", c.State, r.story())
			}
			r.checkRest(c)
			r.backoutOf(t, name+": done", change.BackedOut)
		})
		t.Run(name+", finalized", func(t *testing.T) {
			t.Parallel()
			r := newRig(t, scene())
			r.run()
			c := r.finalize(execute.FinalizeOptions{})
			if c.State != change.Finalized {
				t.Fatalf("the change is %s\n%s", c.State, r.story())
			}
			r.checkRest(c)
			r.backoutOf(t, name+": finalized", change.BackedOut)
		})
	}
}

func (r *rig) backoutOf(t *testing.T, what string, want change.State) {
	t.Helper()
	c := r.backout()
	if c.State != want {
		t.Fatalf("%s, backed out: the change is %s\n%s", what, c.State, r.story())
	}
	r.checkRest(c)
}
