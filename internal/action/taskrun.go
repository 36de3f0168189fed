package action

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// waitTaskRun looks whether the run that an earlier step started has ended well, and did what it was started for.
func (a *Actor) waitTaskRun(ctx context.Context, t *task) (execute.Observation, error) {
	before, ok := t.step(t.s.After)
	if !ok || before.Facts == nil || before.Facts.TaskRun == "" {
		return missed(incomplete(t)), nil
	}
	id, ok := t.c.Resources[before.Step.Role]
	if !ok {
		return missed(incomplete(t)), nil
	}
	in := &glue.GetMLTaskRunInput{TransformId: &id.ID, TaskRunId: &before.Facts.TaskRun}
	out, err := read(ctx, t, "glue:GetMLTaskRun", a.session.Glue.GetMLTaskRun, in, t.place.Glue)
	switch {
	case err != nil && awsapi.IsNotFound(err) && t.waited() < visible:
		return pending("not to be seen yet"), nil
	case err != nil && awsapi.IsNotFound(err):
		return missed(gone(t, id)), nil
	case err != nil:
		return execute.Observation{}, err
	}
	switch out.Status {
	case types.TaskStatusTypeSucceeded:
		return a.runDone(ctx, t, before.Step, id)
	case types.TaskStatusTypeFailed, types.TaskStatusTypeStopped, types.TaskStatusTypeTimeout:
		return missed(change.Trouble{
			Code:    change.TroubleFailed,
			Message: fmt.Sprintf("%s of %s ended %s: %s", before.Step.Name, id.Name, out.Status, aws.ToString(out.ErrorString)),
			Advice:  "see its log group " + aws.ToString(out.LogGroupName) + ", and that the transform's role may use the S3 prefix and its keys",
		}), nil
	}
	return t.unlessSlow(string(out.Status), before.Step.Name), nil
}

// runDone checks what a run that succeeded has done.
func (a *Actor) runDone(ctx context.Context, t *task, started plan.Step, id resource.Identity) (execute.Observation, error) {
	switch started.Kind {
	case plan.ExportLabels:
		return a.exported(ctx, t, t.exportPath(started.S3))
	case plan.ImportLabels:
		return a.imported(ctx, t, id)
	}
	return settled(change.Facts{}), nil
}

// exported reads what an export wrote: how much, how many labels, and a digest that later tells whether it is the same.
func (a *Actor) exported(ctx context.Context, t *task, folder string) (execute.Observation, error) {
	labels, err := a.labelsAt(ctx, t, folder)
	if err != nil {
		return execute.Observation{}, err
	}
	want := 1
	if saved := t.c.SavedTransform; saved != nil {
		want = max(want, saved.LabelCount)
	}
	if labels.Rows < want {
		return missed(change.Trouble{
			Code:        change.TroubleVerify,
			Message:     fmt.Sprintf("the export under %s holds fewer labels than the transform has", folder),
			Differences: []change.Difference{{Attribute: "labels", Want: fmt.Sprint(want), Got: fmt.Sprint(labels.Rows)}},
		}), nil
	}
	return settled(change.Facts{Labels: &labels}), nil
}

// imported checks that the transform has as many labels as the original had, from files that are still those exported.
func (a *Actor) imported(ctx context.Context, t *task, id resource.Identity) (execute.Observation, error) {
	trouble, err := a.asExported(ctx, t)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case trouble != nil:
		return missed(*trouble), nil
	case t.c.SavedTransform == nil:
		return settled(change.Facts{}), nil
	}
	d, found, err := a.untaggedTransform(ctx, t, id.ID)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found:
		return missed(gone(t, id)), nil
	}
	diff := labelDiff(t.c.SavedTransform.LabelCount, d.LabelCount)
	switch {
	case len(diff) == 0:
		return settled(change.Facts{}), nil
	case t.waited() < visible:
		return pending("%d labels so far", d.LabelCount), nil
	}
	return missed(change.Trouble{
		Code: change.TroubleVerify, Message: fmt.Sprintf("%s took over %d labels of %d", id.Name, d.LabelCount, t.c.SavedTransform.LabelCount),
		Differences: differences(diff),
	}), nil
}

// asExported tells whether the exported labels are still what the change exported; nil: they are, or none were.
func (a *Actor) asExported(ctx context.Context, t *task) (*change.Trouble, error) {
	was := t.c.Labels
	if was == nil {
		return nil, nil
	}
	is, err := a.labelsAt(ctx, t, was.S3)
	if err != nil {
		return nil, err
	}
	if is.SHA256 == was.SHA256 && is.Files == was.Files {
		return nil, nil
	}
	return &change.Trouble{
		Code: change.TroubleChanged, Message: "the labels at " + was.S3 + " are not what was exported",
		Differences: []change.Difference{
			{Attribute: "files", Want: fmt.Sprint(was.Files), Got: fmt.Sprint(is.Files)},
			{Attribute: "rows", Want: fmt.Sprint(was.Rows), Got: fmt.Sprint(is.Rows)},
			{Attribute: "sha256", Want: was.SHA256, Got: is.SHA256},
		},
	}, nil
}
