package repair_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"

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
