package execute_test

import (
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// TestVerification has creates that silently leave encryption out, and replacements that come up FAILED.
func TestVerification(t *testing.T) {
	t.Parallel()
	t.Run("plain twin", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.plainNext = 1
		c := r.run()
		r.ends(c, change.BackedOut, change.TroubleVerify)
		if len(c.Trouble.Differences) == 0 {
			t.Error("the differences are not kept")
		}
	})
	t.Run("plain transform", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, transformScene(t, plan.Replace, 5))
		r.plainNext = 1
		r.ends(r.run(), change.BackedOut, change.TroubleVerify)
	})
	t.Run("failed twin", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.SideBySide))
		r.failNext = 1
		r.ends(r.run(), change.RefusedAt, change.TroubleFailed)
	})
	second := func(t *testing.T, spoil func(*rig)) *rig {
		t.Helper()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.actor.fate = func(_ *change.Change, s plan.Step) fate {
			if s.Name == "create-replacement" {
				spoil(r)
			}
			return works
		}
		return r
	}
	t.Run("plain replacement", func(t *testing.T) {
		t.Parallel()
		r := second(t, func(r *rig) { r.plainNext = 1 })
		r.ends(r.run(), change.Waiting, change.TroubleVerify)
		r.ends(r.resume(), change.Waiting, change.TroubleVerify) // a person's word makes nothing encrypted
		r.ends(r.backout(), change.BackedOut, "")
	})
	t.Run("failed replacement, twin kept", func(t *testing.T) {
		t.Parallel()
		r := second(t, func(r *rig) { r.failNext = 1 })
		r.ends(r.run(), change.Waiting, change.TroubleFailed)
		r.ends(r.finalize(execute.FinalizeOptions{KeepTwin: true}), change.Finalized, "")
		r.ends(r.backout(), change.BackedOut, "")
	})
	t.Run("refused replacement, twin kept", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.meets("create-replacement", refuses)
		r.ends(r.run(), change.Waiting, "InvalidInputException")
		r.ends(r.finalize(execute.FinalizeOptions{KeepTwin: true}), change.Finalized, "")
	})
	t.Run("original changed meanwhile", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.runFor(5)
		r.original.endpoint.NumberOfNodes++
		r.ends(r.backout(), change.Waiting, change.TroubleVerify)
		c := r.resume() // a person has seen it
		if c.State != change.BackedOut || c.Trouble == nil || c.Trouble.Code != change.TroubleVerify {
			t.Errorf("the change is %s, %+v", c.State, c.Trouble)
		}
	})
}

// TestFailedOriginal repairs an endpoint that came up FAILED itself.
func TestFailedOriginal(t *testing.T) {
	t.Parallel()
	failed := func(t *testing.T, s plan.Strategy) *rig {
		t.Helper()
		scene := endpointScene(t, s)
		scene.original.failed = true
		again := propose(t, scene.world, scene.original, plan.Wanted{Mode: resource.ModeSSEKMS, Key: keyARN, Strategy: s})
		return newRig(t, again)
	}
	for _, s := range []plan.Strategy{plan.Replace, plan.SideBySide} {
		r := failed(t, s)
		r.ends(r.run(), change.Done, "")
		r.ends(r.backout(), change.BackedOut, "")
		r = failed(t, s)
		for r.sent("create-twin") == 0 {
			r.runFor(1)
		}
		r.ends(r.backout(), change.BackedOut, "")
		r = failed(t, s)
		r.failNext = 1 // the twin as well, for the same reason
		r.ends(r.run(), change.RefusedAt, change.TroubleFailed)
	}
}

// TestMissed has looks find what stands in the way.
func TestMissed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		step  string
		code  string
		state change.State
	}{
		{"name taken", "create-twin", change.TroubleForeign, change.RefusedAt},
		{"changed before the save", "save-definition", change.TroubleChanged, change.RefusedAt},
		{"changed before the delete", "delete-original", change.TroubleChanged, change.Waiting},
		{"credentials", "delete-original", change.TroubleCredentials, change.Waiting},
		{"slow", "wait-twin", change.TroubleSlow, change.Waiting},
		{"quota", "create-twin", change.TroubleQuota, change.RefusedAt},
		{"name taken after the delete", "create-replacement", change.TroubleForeign, change.Waiting},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, endpointScene(t, plan.Replace))
			r.actor.misses = map[string]string{tt.step: tt.code}
			r.ends(r.run(), tt.state, tt.code)
			if r.fold().Open() {
				r.actor.misses = nil
				r.ends(r.resume(), change.Done, "")
			}
		})
	}
	t.Run("something else in the way after a crash", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.meets("create-twin", crashAfter)
		r.actor.look = func(s plan.Step) error {
			if s.Name == "create-twin" && r.sent("create-twin") > 0 {
				r.actor.misses = map[string]string{"create-twin": change.TroubleForeign}
			}
			return nil
		}
		r.ends(r.run(), change.RefusedAt, change.TroubleForeign) // and the twin that was made all the same is gone
	})
}

// TestUnknownEnd has people ask for a backout while nobody knows whether the original was deleted.
func TestUnknownEnd(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fate{"it was": crashAfter, "it was not": crashBefore} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, endpointScene(t, plan.Replace))
			r.deletesShow = time.Minute
			r.meets("delete-original", f)
			for r.sent("delete-original") == 0 {
				r.runFor(1)
			}
			r.ends(r.backout(), change.BackedOut, "")
			if there := r.original.goneAt.IsZero(); there != (f == crashBefore) {
				t.Errorf("the original is there: %t\n%s", there, r.story())
			}
		})
	}
	t.Run("a replacement that may be there", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.reveal = 30 * time.Second
		r.meets("create-replacement", crashAfter)
		for r.sent("create-replacement") == 0 {
			r.runFor(1)
		}
		r.ends(r.backout(), change.BackedOut, "")
	})
	t.Run("a delete refused after one without an answer", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.meets("delete-original", crashBefore, refuses)
		r.ends(r.run(), change.Waiting, "InvalidInputException")
		r.ends(r.backout(), change.BackedOut, "")
		if !r.original.goneAt.IsZero() {
			t.Error("the original is gone")
		}
	})
}

// TestRefusedWayBack has AWS refuse what a backout or a finalize needs: what worked before still does.
func TestRefusedWayBack(t *testing.T) {
	t.Parallel()
	t.Run("restore", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.run()
		r.meets("create-restored-twin", refuses)
		r.ends(r.backout(), change.Done, "InvalidInputException")
		r.ends(r.backout(), change.BackedOut, "")
	})
	t.Run("restore that comes up FAILED", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.run()
		r.failNext = 1
		r.ends(r.backout(), change.Done, change.TroubleFailed)
	})
	t.Run("restore of a change that waits", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.meets("create-replacement", refuses)
		r.run()
		r.meets("create-restored", refuses)
		r.ends(r.backout(), change.Waiting, "InvalidInputException")
		r.ends(r.resume(), change.Done, "")
	})
	t.Run("restore after its own delete", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.run()
		r.meets("create-restored", refuses)
		r.ends(r.backout(), change.Waiting, "InvalidInputException")
		r.ends(r.backout(), change.BackedOut, "") // goes on with it
	})
	t.Run("restore that comes up FAILED after its own delete", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, endpointScene(t, plan.Replace))
		r.run()
		failing := 2
		r.actor.fate = func(_ *change.Change, s plan.Step) fate {
			if s.Name == "create-restored" && failing > 0 {
				failing--
				r.failNext = 1
			}
			return works
		}
		r.ends(r.backout(), change.Waiting, change.TroubleFailed)
		r.ends(r.resume(), change.Waiting, change.TroubleFailed)  // it stays FAILED
		r.ends(r.backout(), change.Waiting, change.TroubleFailed) // makes it once more
		r.ends(r.backout(), change.BackedOut, "")
	})
	t.Run("finalize", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, transformScene(t, plan.Replace, 5))
		r.run()
		r.jobs["late"] = r.original.id
		r.ends(r.finalize(execute.FinalizeOptions{}), change.Done, change.TroubleReferenced)
		delete(r.jobs, "late")
		r.ends(r.finalize(execute.FinalizeOptions{}), change.Finalized, "")
	})
	t.Run("finalize's delete", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, transformScene(t, plan.Replace, 5, "job1"))
		r.run()
		r.meets("delete-original", refuses)
		r.ends(r.finalize(execute.FinalizeOptions{}), change.Waiting, "InvalidInputException")
		r.ends(r.backout(), change.BackedOut, "")
	})
}

// TestSlow has AWS take longer than a step may wait, and a process away for longer still.
func TestSlow(t *testing.T) {
	t.Parallel()
	r := newRig(t, endpointScene(t, plan.Replace))
	r.provisioning = 50 * time.Minute
	r.ends(r.run(), change.Waiting, change.TroubleSlow)
	if got := r.fold().WaitingFor(); got != change.ForTime {
		t.Errorf("it waits for %q", got)
	}
	r.provisioning = time.Minute
	r.ends(r.resume(), change.Done, "")

	r = newRig(t, endpointScene(t, plan.Replace))
	for r.sent("create-twin") == 0 {
		r.runFor(1)
	}
	r.now = r.now.Add(100 * time.Hour)
	r.meets("delete-original", notYet) // the first time in days is not the end of AWS's patience
	r.ends(r.run(), change.Done, "")
}

// TestReads has reads fail.
func TestReads(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]string{"looks": "wait-twin", "verification": "verify-twin"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, endpointScene(t, plan.Replace))
			var until time.Time
			r.actor.look = func(s plan.Step) error {
				if s.Name == step && until.IsZero() {
					until = r.now.Add(9 * time.Minute)
				}
				if r.now.Before(until) {
					return errRead
				}
				return nil
			}
			r.ends(r.run(), change.Done, "")

			r = newRig(t, endpointScene(t, plan.Replace))
			r.actor.look = func(s plan.Step) error {
				if s.Name == step {
					return errRead
				}
				return nil
			}
			r.ends(r.run(), change.FailedAt, change.TroubleUnread)
			r.actor.look = nil
			r.ends(r.resume(), change.Done, "")
		})
	}
}
