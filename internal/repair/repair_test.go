package repair_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/engine/local"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

func sse() plan.Wanted { return plan.Wanted{Mode: resource.ModeSSES3} }

func TestReplaceAndBackOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, names := w.detail(endpoint), w.names()
	c := w.done(w.plan(sse(), endpoint))
	if c.State != change.Done || c.Head.By == "" || len(c.Head.ID) != 16 {
		t.Errorf("the change: %s, by %q, id %q", c.State, c.Head.By, c.Head.ID)
	}
	after := w.detail(endpoint)
	if after.Definition.SecurityConfiguration == "" || after.CreatedAt.Equal(before.CreatedAt) {
		t.Errorf("the replacement: %+v", after)
	}
	if d := cmp.Diff(names, w.names()); d != "" {
		t.Errorf("endpoints after it (-want +got):\n%s", d)
	}
	if _, differences, err := w.worker.Verify(t.Context(), c.Head.ID[:6]); err != nil || len(differences) > 0 {
		t.Errorf("verify: %+v, %v", differences, err)
	}
	e := w.verb(engine.Backout, c.Head.ID)
	w.asked(e)
	restored := w.detail(endpoint)
	if d := cmp.Diff(before.Definition, restored.Definition); d != "" {
		t.Errorf("the definition after the backout (-want +got):\n%s", d)
	}
	if d := cmp.Diff(names, w.names()); d != "" {
		t.Errorf("endpoints after the backout (-want +got):\n%s", d)
	}
	var state *execute.StateError
	if _, _, err := w.worker.Verify(t.Context(), c.Head.ID); !errors.As(err, &state) {
		t.Errorf("verify of a change that was taken back: %v, want *StateError", err)
	}
}

func TestTransformAndFinalize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wanted := plan.Wanted{Mode: resource.ModeSSEKMS, LabelsS3: "s3://glue-secure-111111111111-us-east-1/exports/", RepointJobs: true}
	c := w.done(w.plan(wanted, taught))
	if !c.KeepsOriginal() {
		t.Error("the original is not kept")
	}
	if _, differences, err := w.worker.Verify(t.Context(), c.Head.ID); err != nil || len(differences) > 0 {
		t.Errorf("verify: %+v, %v", differences, err)
	}
	kept := 0
	err := w.store.EachSummary(t.Context(), store.ChangeFilter{States: []change.State{change.Done}}, func(s store.Summarized) error {
		if s.KeepsOriginal && s.Original.Same(c.Head.Item.Identity) && s.Replacement != nil {
			kept++
		}
		return nil
	})
	if err != nil || kept != 1 {
		t.Errorf("%d originals await finalize in the summaries, %v", kept, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.plan(sse(), endpoint, other)
	weaker := w.plan(plan.Wanted{Mode: resource.ModeNone}, "pass-sse-s3")
	refused := func(name string, reason repair.Reason, j engine.Job) *repair.RefusedError {
		t.Helper()
		run, err := w.worker.Begin(t.Context(), j)
		if err == nil {
			_ = run.Release()
			t.Fatalf("%s: it was begun", name)
		}
		var e *repair.RefusedError
		if !errors.As(err, &e) || e.Reason != reason || e.Error() == "" || e.Advice() == "" {
			t.Fatalf("%s: %v, want *RefusedError for %s", name, err, reason)
		}
		return e
	}
	jobs := applyJobs(p)
	refused("not in the plan", repair.NotPlanned, engine.Job{Verb: engine.Apply, Plan: p.Digest, Resource: w.arn("none")})
	e := refused("a weaker mode", repair.NotAccepted, applyJobs(weaker)[0])
	if len(e.Warnings) != 1 || e.Warnings[0].Code != plan.WarnWeaker {
		t.Errorf("a weaker mode: %+v", e.Warnings)
	}
	_, err := w.glue.UpdateDevEndpoint(t.Context(), &glue.UpdateDevEndpointInput{
		EndpointName: aws.String(endpoint), AddArguments: map[string]string{"--new": "argument"},
	})
	if err != nil {
		t.Fatal(err)
	}
	changed := jobs[0]
	changed.Resource = w.arn(endpoint)
	e = refused("changed since", repair.ResourceChanged, changed)
	if len(e.Differences) != 1 || !strings.Contains(e.Differences[0].Attribute, "argument") || !strings.Contains(e.Error(), e.Differences[0].Attribute) {
		t.Errorf("changed since: %v", e)
	}
	// The other one goes on, and is not done twice.
	last := w.run(w.worker, jobs...)
	w.asked(last[w.arn(other)])
	again := jobs[0]
	again.Resource = w.arn(other)
	e = refused("done before", repair.AppliedBefore, again)
	if e.Change != last[w.arn(other)].ID {
		t.Errorf("done before: %v", e)
	}
	if _, err := w.worker.Begin(t.Context(), engine.Job{Verb: engine.Apply, Plan: "sha256:none", Resource: w.arn(other)}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no such plan: %v", err)
	}
	if _, err := w.worker.Begin(t.Context(), engine.Job{Verb: engine.Resume, Change: "none"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no such change: %v", err)
	}
	if _, err := w.worker.Begin(t.Context(), engine.Job{Verb: "paint"}); err == nil {
		t.Error("a job without a verb was begun")
	}
	var state *execute.StateError
	if _, err := w.worker.Begin(t.Context(), engine.Job{Verb: engine.Resume, Change: e.Change}); !errors.As(err, &state) {
		t.Errorf("resume of a done change: %v, want *StateError", err)
	}
}

func TestFailedCheckStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.plan(plan.Wanted{Mode: resource.ModeSSEKMS}, "fail-security-configuration-missing") // no route to KMS
	var e *repair.RefusedError
	if _, err := w.worker.Begin(t.Context(), applyJobs(p)[0]); !errors.As(err, &e) || e.Reason != repair.ChecksFailed || len(e.Checks) == 0 || e.Advice() == "" {
		t.Errorf("a plan with a failed check: %v", err)
	}
}

func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.plan(sse(), endpoint)
	run, err := w.worker.Begin(t.Context(), applyJobs(p)[0])
	if err != nil {
		t.Fatal(err)
	}
	_, second := w.again()
	var held *store.HeldError
	if _, err := second.Begin(t.Context(), applyJobs(p)[0]); !errors.As(err, &held) || held.Holder.Change != run.ID() {
		t.Errorf("while the first has it: %v, want *HeldError that names its change", err)
	}
	if err := run.Release(); err != nil {
		t.Fatal(err)
	}
	var open *store.OpenError
	if _, err := second.Begin(t.Context(), applyJobs(p)[0]); !errors.As(err, &open) || open.Change != run.ID() {
		t.Errorf("after the first was left: %v, want *OpenError that names its change", err)
	}
	w.asked(w.run(second, engine.Job{Verb: engine.Resume, Change: run.ID()})[run.ID()])
}

func TestInterruptedAndResumed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.plan(sse(), endpoint)
	names := w.names()
	ctx, cancel := context.WithCancel(t.Context())
	var left engine.Event
	err := local.New(w.worker, local.Options{}).Run(ctx, applyJobs(p), engine.Limits{}, func(e engine.Event) {
		if e.Change != nil && e.Detail == "PROVISIONING" {
			cancel()
		}
		if e.Done {
			left = e
		}
	})
	if !errors.Is(err, context.Canceled) || !errors.Is(left.Err, context.Canceled) || left.ID == "" {
		t.Fatalf("interrupted: %v, %+v", err, left)
	}
	_, second := w.again()
	e := w.run(second, engine.Job{Verb: engine.Resume, Change: left.ID})[left.ID]
	w.asked(e)
	if d := cmp.Diff(names, w.names()); d != "" {
		t.Errorf("endpoints after it (-want +got):\n%s", d)
	}
}

// TestNothingLaterThanWasApproved shows that an approval of a change as it was is none of what it has become.
func TestNothingLaterThanWasApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.done(w.plan(sse(), endpoint))
	ask := func(at int) engine.Event {
		t.Helper()
		return w.run(w.worker, engine.Job{Verb: engine.Backout, Change: c.Head.ID, At: at})[c.Head.ID]
	}
	for _, at := range []int{c.Seq - 1, c.Seq + 1} {
		var refused *repair.RefusedError
		if e := ask(at); !errors.As(e.Err, &refused) || refused.Reason != repair.GoneOn || refused.Advice() == "" {
			t.Errorf("approved at entry %d, now at %d: %v", at, c.Seq, e.Err)
		}
		if now, err := w.store.Change(t.Context(), c.Head.ID); err != nil || now.Seq != c.Seq {
			t.Errorf("what was refused has left something: entry %d, want %d, %v", now.Seq, c.Seq, err)
		}
	}
	w.asked(ask(c.Seq))
}

func TestOnlyTheNewestIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.done(w.plan(sse(), endpoint))
	// The clock is set back: the second is still the newer one.
	slow := repair.New(repair.Options{
		Store: w.store, Sessions: repair.Using(w.session), Now: func() time.Time { return time.Now().Add(-time.Hour) },
	})
	t.Cleanup(slow.Close)
	run, err := slow.Begin(t.Context(), applyJobs(w.plan(plan.Wanted{Mode: resource.ModeSSEKMS}, endpoint))[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Release(); err != nil {
		t.Fatal(err)
	}
	done := w.verb(engine.Resume, run.ID())
	w.asked(done)
	second := done.Change
	if !second.OpenedAt.Before(first.OpenedAt) {
		t.Fatalf("opened at %s, not before %s", second.OpenedAt, first.OpenedAt)
	}
	var e *repair.RefusedError
	if err := w.verb(engine.Backout, first.Head.ID).Err; !errors.As(err, &e) || e.Reason != repair.NewerChange || e.Change != second.Head.ID {
		t.Fatalf("the older one: %v, want *RefusedError that names the newer", err)
	}
	w.asked(w.verb(engine.Backout, second.Head.ID))
	if _, differences, err := w.worker.Verify(t.Context(), first.Head.ID); err != nil || len(differences) > 0 {
		t.Errorf("verify of the older one: %+v, %v", differences, err)
	}
	w.asked(w.verb(engine.Backout, first.Head.ID))
	if got := w.detail(endpoint).Definition.SecurityConfiguration; got != "" {
		t.Errorf("after both backouts it names %q", got)
	}
}

func TestSideBySideIsFinalized(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	names := w.names()
	c := w.done(w.plan(plan.Wanted{Mode: resource.ModeSSES3, Strategy: plan.SideBySide}, other)) // no notebook uses it
	if !c.KeepsOriginal() || len(w.names()) != len(names)+1 {
		t.Errorf("kept: %t, endpoints: %d", c.KeepsOriginal(), len(w.names()))
	}
	var e *repair.RefusedError // its version is past its end of life
	if err := w.verb(engine.Finalize, c.Head.ID).Err; !errors.As(err, &e) || e.Reason != repair.NotAccepted {
		t.Fatalf("finalize: %v, want *RefusedError", err)
	}
	job := engine.Job{Verb: engine.Finalize, Change: c.Head.ID, AcceptWarnings: []string{plan.WarnIrreversible}}
	w.asked(w.run(w.worker, job)[c.Head.ID])
	if _, differences, err := w.worker.Verify(t.Context(), c.Head.ID); err != nil || len(differences) > 0 {
		t.Errorf("verify: %+v, %v", differences, err)
	}
	if len(w.names()) != len(names) {
		t.Errorf("%d endpoints, want %d", len(w.names()), len(names))
	}
}

func TestRegressed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.done(w.plan(sse(), endpoint))
	name := w.detail(endpoint).Definition.SecurityConfiguration
	configuration, err := w.glue.GetSecurityConfiguration(t.Context(), &glue.GetSecurityConfigurationInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.glue.DeleteSecurityConfiguration(t.Context(), &glue.DeleteSecurityConfigurationInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
	now, differences, err := w.worker.Verify(t.Context(), c.Head.ID)
	if err != nil || now.State != change.Regressed || len(differences) == 0 {
		t.Fatalf("without its configuration: %v, %+v, %v", now, differences, err)
	}
	if again, _, err := w.worker.Verify(t.Context(), c.Head.ID); err != nil || again.Seq != now.Seq {
		t.Errorf("noted twice: %v", err)
	}
	_, err = w.glue.CreateSecurityConfiguration(t.Context(), &glue.CreateSecurityConfigurationInput{
		Name: &name, EncryptionConfiguration: configuration.SecurityConfiguration.EncryptionConfiguration,
	})
	if err != nil {
		t.Fatal(err)
	}
	if now, differences, err = w.worker.Verify(t.Context(), c.Head.ID); err != nil || now.State != change.Done || len(differences) > 0 {
		t.Errorf("with it again: %v, %+v, %v", now, differences, err)
	}
	// What can't be read says nothing.
	w.post("faults", `[{"operation": "glue:GetDevEndpoint", "error": "AccessDeniedException", "status": 400}]`)
	if _, _, err := w.worker.Verify(t.Context(), c.Head.ID); err == nil {
		t.Error("an unreadable resource was verified")
	}
}

func TestRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.plan(sse(), endpoint, other)
	room, err := w.worker.Room(t.Context(), plan.Access{}, p.Changes)
	if err != nil {
		t.Fatal(err)
	}
	if left, ok := room[here().String()]; !ok || left < 1 || len(room) != 1 {
		t.Errorf("room: %v", room)
	}
}

func TestTamperedPlanIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.plan(sse(), endpoint)
	document, err := w.store.Plan(t.Context(), p.Digest)
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(string(document), `"SSE-S3"`, `"NONE"`, 1)
	const digest = "sha256:forged"
	if err := w.store.SavePlan(t.Context(), digest, time.Now(), []byte(forged)); err != nil {
		t.Fatal(err)
	}
	var tampered *plan.TamperedError
	if _, err := w.worker.Begin(t.Context(), engine.Job{Verb: engine.Apply, Plan: digest, Resource: w.arn(endpoint)}); !errors.As(err, &tampered) {
		t.Errorf("got %v, want *TamperedError", err)
	}
}
