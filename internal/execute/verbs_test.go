package execute_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

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
	r.meets("create-restored-twin", refuses)
	r.ends(r.backout(), change.Done, "InvalidInputException")
}

// TestRegressedRestore has a restore of a change that has regressed come to nothing: it has still regressed.
func TestRegressedRestore(t *testing.T) {
	t.Parallel()
	r := newRig(t, endpointScene(t, plan.Replace))
	r.run()
	ctx := context.Background()
	if err := execute.MarkRegressed(ctx, r.deps(), "seen unencrypted"); err != nil {
		t.Fatal(err)
	}
	r.restart()
	r.meets("create-restored-twin", refuses)
	if c := r.backout(); c.State != change.Regressed || c.Trouble == nil {
		t.Fatalf("the change is %s, %+v", c.State, c.Trouble)
	}
	if err := execute.MarkRecovered(ctx, r.deps(), "seen encrypted"); err != nil {
		t.Fatal(err)
	}
	r.ends(r.fold(), change.Done, "InvalidInputException")
	r.restart()
	r.ends(r.backout(), change.BackedOut, "")
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
	if next, err := execute.Advance(ctx, r.deps()); err != nil || next.Change.Phase != change.Apply {
		t.Errorf("a change without a phase did not begin its first: %v", err)
	}
	r.restart()
	r.ends(r.run(), change.Done, "")

	blocked := head
	blocked.Item.Blocked = &plan.Blocked{Code: plan.BlockedStack}
	if err := execute.Start(ctx, r.deps(), blocked); err == nil {
		t.Error("a blocked item was started")
	}
}
