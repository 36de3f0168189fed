package action

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// borrowed is an Actor with temporary credentials.
func (w *world) borrowed() *Actor {
	w.Helper()
	config := w.glue.Options()
	out, err := sts.New(sts.Options{Region: region, BaseEndpoint: &w.server.URL, Credentials: config.Credentials}).AssumeRole(w.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + account + ":role/GlueguardRepair"), RoleSessionName: aws.String("repair"),
	})
	w.must(err)
	session, err := awsapi.Open(w.Context(), awsapi.Options{Region: region, EndpointURL: w.server.URL, Keys: &awsapi.Keys{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken,
	}})
	w.must(err)
	w.Cleanup(session.Close)
	a := New(session, Options{Now: w.actor.now})
	w.Cleanup(a.Close)
	return a
}

// wantFailure: a read that failed says which, in the words of coverage.
func wantFailure(t *testing.T, err error, operation string) {
	t.Helper()
	if err == nil {
		return
	}
	var f resource.Failure
	if !errors.As(err, &f) || f.Operation != operation || f.Class != resource.Denied {
		t.Errorf("error %v, want a failure of %s", err, operation)
	}
}

func (w *world) createTwinTransform(d resource.TransformDetail) plan.Step {
	return plan.Step{Name: "create-twin", Kind: plan.CreateTransform, Role: plan.Twin, Transform: w.encryptedTwinOf(d)}
}

func (w *world) madeTransform(d resource.TransformDefinition, tags map[string]string) string {
	w.Helper()
	out, err := w.glue.CreateMLTransform(w.Context(), transformInput(d, tags))
	w.must(err)
	return *out.TransformId
}

func (w *world) deletedTransform(id string) {
	w.Helper()
	_, err := w.glue.DeleteMLTransform(w.Context(), &glue.DeleteMLTransformInput{TransformId: &id})
	w.must(err)
}

func (w *world) updated(in glue.UpdateMLTransformInput) {
	w.Helper()
	_, err := w.glue.UpdateMLTransform(w.Context(), &in)
	w.must(err)
}

func TestTransformIsMadeAsDefined(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	was := w.transform(taught)
	base := plan.RecreatableTransform(was.Definition)
	for name, set := range map[string]func(d *resource.TransformDefinition){
		"as the original": func(*resource.TransformDefinition) {},
		"least":           func(d *resource.TransformDefinition) { d.MaxCapacity, d.GlueVersion, d.Description = nil, "", "" },
		"disabled":        func(d *resource.TransformDefinition) { d.UserData = &resource.Encryption{Mode: resource.ModeDisabled} },
		"task runs only":  func(d *resource.TransformDefinition) { d.TaskRunSecurityConfiguration = "pass-sse-s3" },
		"workers": func(d *resource.TransformDefinition) {
			d.WorkerType, d.NumberOfWorkers, d.MaxCapacity = "G.2X", aws.Int32(3), aws.Float64(6)
			d.TimeoutMinutes, d.MaxRetries = aws.Int32(60), aws.Int32(2)
			d.UserData = &resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: w.key}
			d.FindMatches = &resource.FindMatches{
				PrimaryKeyColumnName: aws.String("id"), PrecisionRecallTradeoff: aws.Float64(0), EnforceProvidedLabels: aws.Bool(false),
			}
			d.Tags = map[string]string{"team": "data"}
		},
	} {
		d := base
		set(&d)
		d.Name = "made " + name
		c := w.change(was)
		f := w.run(c, plan.Step{Kind: plan.CreateTransform, Role: plan.Twin, Transform: &d})
		got := w.transform(d.Name)
		if diff := plan.DiffTransform(d, got.Definition); len(diff) > 0 {
			t.Errorf("%s differs: %v", name, diff)
		}
		if f.Resource.ID != got.ID || f.Resource.ARN != got.ARN {
			t.Errorf("%s: identity %+v", name, f.Resource)
		}
	}
}

func TestCreateTransformFinds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set  func(w *world, c *change.Change, twin resource.TransformDefinition)
		seen execute.Seen
	}{
		"its own": {func(w *world, _ *change.Change, d resource.TransformDefinition) {
			w.madeTransform(d, map[string]string{tagChange: changeID})
		}, execute.Settled},
		"a foreign": {func(w *world, _ *change.Change, d resource.TransformDefinition) { w.madeTransform(d, nil) }, execute.Missed},
		"one leaving": {func(w *world, _ *change.Change, d resource.TransformDefinition) {
			w.deletedTransform(w.madeTransform(d, nil))
		}, execute.Pending},
		"its own, in another role": {func(w *world, c *change.Change, d resource.TransformDefinition) {
			id := w.madeTransform(d, map[string]string{tagChange: changeID})
			c.Resources[plan.Restored] = resource.Identity{Type: resource.TypeMLTransform, ID: id}
		}, execute.Missed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			d := w.transform(taught)
			c := w.change(d)
			s := w.createTwinTransform(d)
			w.at(c, s)
			test.set(w, c, *s.Transform)
			o := w.want(c, s, test.seen)
			if o.Seen == execute.Missed && o.Trouble.Code != change.TroubleForeign {
				t.Errorf("trouble %+v", o.Trouble)
			}
		})
	}
}

func TestRename(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	d := w.transform(taught)
	c := w.change(d)
	w.run(c, w.createTwinTransform(d))
	swap := plan.Step{Name: "rename-twin", Kind: plan.RenameTransform, Role: plan.Twin, NewName: taught}
	w.at(c, swap)
	w.missed(c, swap, change.TroubleForeign) // the original still has it
	aside := w.run(c, plan.Step{Name: "rename-original", Kind: plan.RenameTransform, Role: plan.Original, NewName: plan.RetiredName(d.Identity())})
	equal(t, "new name", plan.RetiredName(d.Identity()), aside.Resource.Name)
	w.run(c, swap)
	now := w.transform(taught)
	if now.ID != c.Resources[plan.Twin].ID {
		t.Error("the name is not the twin's")
	}
	old := w.transform(aside.Resource.Name)
	old.Definition.Name = d.Definition.Name
	if diff := plan.DiffTransform(d.Definition, old.Definition); len(diff) > 0 || old.LabelCount != d.LabelCount || old.Status != d.Status {
		t.Errorf("renaming changed more: %v", diff)
	}
	w.deletedTransform(now.ID)
	w.missed(c, plan.Step{Kind: plan.RenameTransform, Role: plan.Twin, NewName: "x"}, change.TroubleGone)
}

func TestDeleteTransform(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		role plan.Role
		set  func(w *world, c *change.Change)
		seen execute.Seen
	}{
		"the original": {plan.Original, func(*world, *change.Change) {}, execute.Open},
		"renamed by the change": {plan.Original, func(w *world, c *change.Change) {
			w.updated(glue.UpdateMLTransformInput{TransformId: &c.SavedTransform.ID, Name: aws.String("x")})
		}, execute.Open},
		"described anew": {plan.Original, func(w *world, c *change.Change) {
			w.updated(glue.UpdateMLTransformInput{TransformId: &c.SavedTransform.ID, Description: aws.String("x")})
		}, execute.Missed},
		"taught more": {plan.Original, func(_ *world, c *change.Change) {
			saved := *c.SavedTransform
			saved.LabelCount--
			c.SavedTransform = &saved
		}, execute.Missed},
		"not saved":               {plan.Original, func(_ *world, c *change.Change) { c.SavedTransform = nil }, execute.Missed},
		"gone":                    {plan.Original, func(w *world, c *change.Change) { w.deletedTransform(c.SavedTransform.ID); w.advance(provisioning) }, execute.Settled},
		"the twin":                {plan.Twin, func(*world, *change.Change) {}, execute.Open},
		"the twin, never settled": {plan.Twin, func(_ *world, c *change.Change) { delete(c.Resources, plan.Twin) }, execute.Open},
		"the twin, tuned": {plan.Twin, func(w *world, c *change.Change) {
			id := c.Resources[plan.Twin].ID
			w.updated(glue.UpdateMLTransformInput{TransformId: &id, MaxRetries: aws.Int32(7)})
		}, execute.Missed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			d := w.transform(taught)
			c := w.change(d)
			if test.role == plan.Twin {
				w.run(c, w.createTwinTransform(d))
			}
			s := plan.Step{Kind: plan.DeleteTransform, Role: test.role}
			w.at(c, s)
			test.set(w, c)
			if o := w.want(c, s, test.seen); o.Seen != execute.Open {
				return
			}
			w.do(c, s)
			gone := plan.Step{Kind: plan.WaitGone, Role: test.role}
			w.at(c, gone)
			w.want(c, gone, execute.Pending)
			w.advance(provisioning)
			w.want(c, gone, execute.Settled)
			w.want(c, s, execute.Settled)
		})
	}
}

func TestWaitTransform(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	d := w.transform(taught)
	c := w.change(d)
	w.run(c, w.createTwinTransform(d))
	ready := plan.Step{Name: "wait-twin", Kind: plan.WaitReady, Role: plan.Twin, Status: statusReady}
	w.at(c, ready)
	if o := w.want(c, ready, execute.Pending); o.Detail != "NOT_READY" {
		t.Errorf("detail %q", o.Detail)
	}
	unready := ready
	unready.Status = "NOT_READY"
	w.want(c, unready, execute.Settled) // as ready as the original was
	w.ahead.Add(int64(time.Hour))
	w.missed(c, ready, change.TroubleSlow)
	w.deletedTransform(c.Resources[plan.Twin].ID)
	w.missed(c, unready, change.TroubleGone)
}
