package execute_test

import (
	"context"
	"testing"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// vanish has somebody else delete what stands in a role.
func (r *rig) vanish(role plan.Role) {
	r.t.Helper()
	id := r.fold().Resources[role]
	o := r.find(id.Type, id.ID, id.Name)
	if o == nil {
		r.t.Fatalf("there is no %s", role)
	}
	o.goneAt, o.goneShows = r.now, r.now
}

// drive advances until the change is at rest, without the rig's rules: they hold only while nobody else deletes anything.
func (r *rig) drive(ask func(s *execute.Stepper) error) *change.Change {
	r.t.Helper()
	s := execute.NewStepper(r.deps())
	if err := ask(s); err != nil {
		r.t.Fatalf("%v", err)
	}
	for range 1000 {
		next, err := s.Advance(context.Background())
		if err != nil {
			r.t.Fatalf("%v", err)
		}
		if next.Again.IsZero() {
			return next.Change
		}
		r.now = next.Again
	}
	r.t.Fatalf("the change never comes to rest: %s", r.story())
	return nil
}

// TestDeletesOnlyBesideWhatStays has others delete what is to stay, in the time in which a change waits for a person.
func TestDeletesOnlyBesideWhatStays(t *testing.T) {
	t.Parallel()
	waiting := func(t *testing.T) *rig {
		t.Helper()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.actor.misses = map[string]string{"delete-original": change.TroubleCredentials}
		r.ends(r.run(), change.Waiting, change.TroubleCredentials)
		r.actor.misses = nil
		return r
	}
	t.Run("the twin", func(t *testing.T) {
		t.Parallel()
		r := waiting(t)
		r.vanish(plan.Twin)
		r.ends(r.resume(), change.BackedOut, change.TroubleVerify)
		if !r.original.goneAt.IsZero() {
			t.Error("the original was deleted, though no twin stood for it")
		}
	})
	t.Run("the original, while it is backed out", func(t *testing.T) {
		t.Parallel()
		r := waiting(t)
		r.vanish(plan.Original)
		c := r.drive(func(s *execute.Stepper) error { return s.Backout(context.Background()) })
		if c.State != change.Waiting || c.Trouble.Code != change.TroubleVerify {
			t.Errorf("the change is %s, %+v", c.State, c.Trouble)
		}
		id := r.fold().Resources[plan.Twin]
		if r.find(id.Type, id.ID, id.Name) == nil {
			t.Error("the only one left was deleted, and nobody had said so")
		}
		r.drive(func(s *execute.Stepper) error { return s.Resume(context.Background()) }) // a person does
		if r.find(id.Type, id.ID, id.Name) != nil {
			t.Error("a person's word does not delete it")
		}
	})
	for name, scene := range map[string]func(*testing.T) *scene{
		"a kept endpoint":  func(t *testing.T) *scene { t.Helper(); return endpointScene(t, plan.SideBySide) },
		"a kept transform": func(t *testing.T) *scene { t.Helper(); return transformScene(t, plan.Replace, 5) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, scene(t))
			r.ends(r.run(), change.Done, "")
			r.vanish(plan.Twin)
			c := r.drive(func(s *execute.Stepper) error { return s.Finalize(context.Background(), execute.FinalizeOptions{}) })
			if c.State != change.Done || c.Trouble == nil || c.Trouble.Code != change.TroubleVerify {
				t.Errorf("the change is %s, %+v", c.State, c.Trouble)
			}
			if !r.original.goneAt.IsZero() {
				t.Error("the original was deleted, though nothing stood for it")
			}
		})
	}
	t.Run("the key", func(t *testing.T) {
		t.Parallel()
		r := waiting(t)
		r.unusable = true
		r.ends(r.resume(), change.BackedOut, change.TroubleVerify)
		if !r.original.goneAt.IsZero() {
			t.Error("the original was deleted, though no second one could be made")
		}
	})
	t.Run("the key, of what is finalized or taken back", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.SideBySide))
		r.ends(r.run(), change.Done, "")
		r.unusable = true
		r.ends(r.finalize(execute.FinalizeOptions{}), change.Done, change.TroubleVerify)
		r = newRig(t, endpointScene(t, plan.Replace))
		r.ends(r.run(), change.Done, "")
		r.unusable = true
		r.ends(r.backout(), change.Done, change.TroubleVerify)
	})
	t.Run("what people changed of the one that stays", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.SideBySide))
		r.ends(r.run(), change.Done, "")
		r.find(resource.TypeDevEndpoint, "", r.fold().Resources[plan.Twin].Name).endpoint.PublicKey = "another"
		r.ends(r.finalize(execute.FinalizeOptions{}), change.Finalized, "")
	})
}
