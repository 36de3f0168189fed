package execute_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// TestVerbs asks for each verb in each state.
func TestVerbs(t *testing.T) {
	t.Parallel()
	states := map[string]func(r *rig){
		"running":   func(r *rig) { r.runFor(5) },
		"done":      func(r *rig) { r.run() },
		"finalized": func(r *rig) { r.run(); r.finalize(execute.FinalizeOptions{}) },
		"backed out": func(r *rig) {
			r.run()
			r.backout()
		},
		"backing out": func(r *rig) {
			r.runFor(6)
			if err := r.ask(execute.VerbBackout, execute.FinalizeOptions{}); err != nil {
				r.t.Fatalf("%v", err)
			}
		},
		"refused": func(r *rig) { r.meets("create-twin", refuses); r.run() },
		"waiting": func(r *rig) { r.meets("create-replacement", refuses); r.run() },
		"waiting before the delete": func(r *rig) {
			r.actor.misses = map[string]string{"delete-original": change.TroubleChanged}
			r.run()
		},
		"regressed": func(r *rig) {
			r.run()
			if err := execute.MarkRegressed(context.Background(), r.deps(), "seen unencrypted"); err != nil {
				r.t.Fatalf("%v", err)
			}
		},
	}
	const (
		resume, backout, finalize, keep = "resume", "backout", "finalize", "keep twin"
	)
	want := map[string][]string{
		"running": {resume, backout}, "done": {backout, finalize}, "finalized": {backout}, "backed out": nil,
		"backing out": {resume, backout}, "refused": nil, "waiting": {resume, backout, keep},
		"waiting before the delete": {resume, backout}, "regressed": {backout},
	}
	verbs := map[string]func(*rig) error{
		resume:   func(r *rig) error { return r.ask(execute.VerbResume, execute.FinalizeOptions{}) },
		backout:  func(r *rig) error { return r.ask(execute.VerbBackout, execute.FinalizeOptions{}) },
		finalize: func(r *rig) error { return r.ask(execute.VerbFinalize, execute.FinalizeOptions{}) },
		keep:     func(r *rig) error { return r.ask(execute.VerbFinalize, execute.FinalizeOptions{KeepTwin: true}) },
	}
	for state, reach := range states {
		for verb, ask := range verbs {
			t.Run(verb+" what is "+state, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, endpointScene(t, plan.Replace))
				reach(r)
				before := len(r.journal.entries)
				err := ask(r)
				var not *execute.StateError
				switch possible := slices.Contains(want[state], verb); {
				case possible && err != nil:
					t.Errorf("%v\n%s", err, r.story())
				case !possible && !errors.As(err, &not):
					t.Errorf("possible, and should not be: %v", err)
				case !possible && (not.Error() == "" || len(r.journal.entries) != before):
					t.Error("refused, and something was written")
				}
			})
		}
	}
}

func TestRegressed(t *testing.T) {
	t.Parallel()
	r := newRig(t, endpointScene(t, plan.Replace))
	r.run()
	ctx := context.Background()
	if err := execute.MarkRegressed(ctx, r.deps(), "seen unencrypted"); err != nil {
		t.Fatal(err)
	}
	if c := r.fold(); c.State != change.Regressed || c.Open() {
		t.Errorf("the change is %s", c.State)
	}
	if err := execute.MarkRegressed(ctx, r.deps(), ""); err == nil {
		t.Error("it regressed twice")
	}
	if err := execute.MarkRecovered(ctx, r.deps(), "seen encrypted"); err != nil {
		t.Fatal(err)
	}
	r.ends(r.fold(), change.Done, "")
	if err := execute.MarkRecovered(ctx, r.deps(), ""); err == nil {
		t.Error("it recovered twice")
	}
}

// TestInterrupt ends the context in the middle of a call: the call's outcome is written all the same.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	r := newRig(t, endpointScene(t, plan.Replace))
	ctx, cancel := context.WithCancel(t.Context())
	r.actor.fate = func(_ *change.Change, s plan.Step) fate {
		if s.Name == "create-twin" {
			cancel()
		}
		return works
	}
	var err error
	for err == nil {
		r.actor.sent = nil
		_, err = r.stepper.Advance(ctx)
	}
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if last := r.journal.entries[len(r.journal.entries)-1]; last.Kind != change.Succeeded || last.Step != "create-twin" {
		t.Errorf("the last entry is %s of %s", last.Kind, last.Step)
	}
	r.ends(r.resume(), change.Done, "")
}

// TestStart opens a change whose first entry is there already, and one that a process left before its first phase.
func TestStart(t *testing.T) {
	t.Parallel()
	s := endpointScene(t, plan.Replace)
	head := change.Head{ID: changeID, Item: s.item}
	ctx := context.Background()

	r := newRig(t, s)
	whole := append([]change.Entry(nil), r.journal.entries...)
	r.journal.entries = []change.Entry{execute.First(head, r.deps())}
	if err := execute.Start(ctx, r.deps(), head); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole, r.journal.entries); diff != "" {
		t.Errorf("(-started at once +started in two steps):\n%s", diff)
	}
	if err := execute.Start(ctx, r.deps(), head); err != nil || len(r.journal.entries) != 2 {
		t.Errorf("started twice: %v, %d entries", err, len(r.journal.entries))
	}

	r.journal.entries = r.journal.entries[:1]
	r.restart()
	r.ends(r.run(), change.Done, "")

	blocked := head
	blocked.Item.Blocked = &plan.Blocked{Code: plan.BlockedStack}
	if err := execute.Start(ctx, r.deps(), blocked); err == nil {
		t.Error("a blocked item was started")
	}
}
