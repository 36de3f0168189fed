package repair_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/resource"
)

// TestTheWayBackIsKept has two plans of one resource, made before either was applied.
func TestTheWayBackIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	beside := w.plan(plan.Wanted{Mode: resource.ModeSSES3, Strategy: plan.SideBySide}, other)
	gone := w.plan(plan.Wanted{Strategy: plan.Retire, AcceptIrreversible: true}, other)
	w.done(beside)
	var e *repair.RefusedError
	if err := w.run(w.worker, applyJobs(gone)...)[w.arn(other)].Err; !errors.As(err, &e) || e.Reason != repair.WayBack {
		t.Errorf("retire what a change keeps: %v, want it refused", err)
	}
}

// TestRestoreBesideAnother has somebody put another endpoint where the change's replacement was: the restore can't take
// its place, and after a person's word leaves nothing behind.
func TestRestoreBesideAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.done(w.plan(sse(), other))
	names, was := w.names(), w.detail(other)
	if _, err := w.glue.DeleteDevEndpoint(t.Context(), &glue.DeleteDevEndpointInput{EndpointName: aws.String(other)}); err != nil {
		t.Fatal(err)
	}
	w.waitGone(other)
	create := &glue.CreateDevEndpointInput{EndpointName: aws.String(other), RoleArn: &was.Definition.RoleARN}
	if _, err := w.glue.CreateDevEndpoint(t.Context(), create); err != nil {
		t.Fatal(err)
	}
	e := w.verb(engine.Backout, c.Head.ID)
	if e.Err != nil || e.Change.State != change.Waiting || e.Change.Trouble.Code != change.TroubleVerify {
		t.Fatalf("%v, %s, %+v", e.Err, e.Change.State, e.Change.Trouble)
	}
	// What was made again may be all that is left, until a person says that it may go.
	e = w.verb(engine.Resume, c.Head.ID)
	if e.Err != nil || e.Change.State != change.Done || e.Change.Trouble == nil || e.Change.Trouble.Code != change.TroubleChanged {
		t.Errorf("%v, %s, %+v", e.Err, e.Change.State, e.Change.Trouble)
	}
	if got := w.names(); len(got) != len(names) {
		t.Errorf("endpoints %v, want %v", got, names)
	}
}

// TestBackoutWithoutTheTwin has somebody delete the encrypted transform: the original gets its name back all the same.
func TestBackoutWithoutTheTwin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wanted := plan.Wanted{Mode: resource.ModeSSEKMS, LabelsS3: "s3://glue-secure-111111111111-us-east-1/exports/", RepointJobs: true}
	original := w.arn(taught)
	c := w.done(w.plan(wanted, taught))
	twin := c.Resources[plan.Twin].ID
	if _, err := w.glue.DeleteMLTransform(t.Context(), &glue.DeleteMLTransformInput{TransformId: &twin}); err != nil {
		t.Fatal(err)
	}
	soon := repair.New(repair.Options{Store: w.store, Sessions: repair.Using(w.session), Now: time.Now, Settle: time.Second})
	t.Cleanup(soon.Close)
	e := w.run(soon, engine.Job{Verb: engine.Backout, Change: c.Head.ID})[c.Head.ID]
	if e.Err != nil || e.Change.State != change.BackedOut {
		t.Fatalf("%v, %s, %+v", e.Err, e.Change.State, e.Change.Trouble)
	}
	if now := w.arn(taught); now != original {
		t.Errorf("%s has the name, not the original %s", now, original)
	}
}

// TestKeyLooked has the key disabled after the twin was verified: nothing is deleted that could not be made again with it.
func TestKeyLooked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.done(w.plan(plan.Wanted{Mode: resource.ModeSSEKMS, Strategy: plan.SideBySide}, other))
	keys := kms.New(kms.Options{Region: region, BaseEndpoint: &w.server.URL, Credentials: w.glue.Options().Credentials})
	if _, err := keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &c.Head.Item.KMSKey}); err != nil {
		t.Fatal(err)
	}
	soon := repair.New(repair.Options{Store: w.store, Sessions: repair.Using(w.session), Now: time.Now, Settle: time.Second})
	t.Cleanup(soon.Close)
	finalize := engine.Job{Verb: engine.Finalize, Change: c.Head.ID, AcceptWarnings: []string{plan.WarnIrreversible}}
	e := w.run(soon, finalize)[c.Head.ID]
	if e.Err != nil || e.Change.State != change.Done || e.Change.Trouble == nil || e.Change.Trouble.Differences[0].Attribute != "encryption.kms_key_state" {
		t.Fatalf("%v, %s, %+v", e.Err, e.Change.State, e.Change.Trouble)
	}
	if _, err := keys.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &c.Head.Item.KMSKey}); err != nil {
		t.Fatal(err)
	}
	w.asked(w.run(soon, finalize)[c.Head.ID])
}
