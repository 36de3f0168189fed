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

// TestOriginalGoneWhileTakenBack has others delete the original while the change takes itself back: a person may have it
// made again, or keep the twin.
func TestOriginalGoneWhileTakenBack(t *testing.T) {
	t.Parallel()
	ask := func(v execute.Verb, o execute.FinalizeOptions) func(*execute.Stepper) error {
		return func(s *execute.Stepper) error {
			if v == execute.VerbFinalize {
				return s.Finalize(context.Background(), o)
			}
			return s.Backout(context.Background())
		}
	}
	backout, keep := ask(execute.VerbBackout, execute.FinalizeOptions{}), ask(execute.VerbFinalize, execute.FinalizeOptions{KeepTwin: true})
	bereft := func(t *testing.T, s *scene) *rig {
		t.Helper()
		r := newRig(t, s)
		if s.item.Identity.Type == resource.TypeDevEndpoint && s.item.Strategy == plan.Replace {
			r.actor.misses = map[string]string{"delete-original": change.TroubleCredentials}
		}
		r.run()
		r.actor.misses = nil
		r.vanish(plan.Original)
		if c := r.drive(backout); c.State != change.Waiting || c.Phase != change.Unwind {
			t.Fatalf("the change is %s\n%s", c.State, r.story())
		}
		return r
	}
	scenes := map[string]func(*testing.T) *scene{
		"endpoint":               func(t *testing.T) *scene { t.Helper(); return endpointScene(t, plan.Replace) },
		"endpoint side by side":  func(t *testing.T) *scene { t.Helper(); return endpointScene(t, plan.SideBySide) },
		"transform":              func(t *testing.T) *scene { t.Helper(); return transformScene(t, plan.Replace, 5, "job1") },
		"transform side by side": func(t *testing.T) *scene { t.Helper(); return transformScene(t, plan.SideBySide, 0) },
	}
	for name, scene := range scenes {
		t.Run("made again, "+name, func(t *testing.T) {
			t.Parallel()
			r := bereft(t, scene(t))
			for job, id := range r.jobs {
				if id == r.original.id {
					t.Errorf("%s was pointed at what is gone", job)
				}
			}
			r.ends(r.drive(backout), change.BackedOut, "")
		})
	}
	t.Run("twin kept", func(t *testing.T) {
		t.Parallel()
		r := bereft(t, scenes["endpoint"](t))
		r.ends(r.drive(keep), change.Finalized, "")
		r.ends(r.drive(backout), change.BackedOut, "")
	})
	t.Run("twin kept that is gone too", func(t *testing.T) {
		t.Parallel()
		r := bereft(t, scenes["endpoint"](t))
		r.vanish(plan.Twin)
		if c := r.drive(keep); c.State != change.Waiting {
			t.Fatalf("the change is %s\n%s", c.State, r.story())
		}
		r.ends(r.drive(backout), change.BackedOut, "")
	})
	t.Run("what was to be made again is refused", func(t *testing.T) {
		t.Parallel()
		r := bereft(t, scenes["endpoint"](t))
		r.meets("create-restored", refuses)
		if c := r.drive(backout); c.State != change.Waiting || c.Trouble == nil || c.Trouble.Code != "InvalidInputException" {
			t.Fatalf("the change is %s, %+v\n%s", c.State, c.Trouble, r.story())
		}
		r.ends(r.drive(backout), change.BackedOut, "")
	})
	t.Run("a replacement made after all", func(t *testing.T) {
		t.Parallel()
		r := bereft(t, scenes["endpoint"](t))
		r.meets("create-restored", refuses)
		r.drive(backout)
		r.ends(r.drive(func(s *execute.Stepper) error { return s.Resume(context.Background()) }), change.Done, "")
	})
}
