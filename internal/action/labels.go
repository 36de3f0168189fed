package action

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
)

// skew is how far AWS's clock may be behind ours.
const skew = 5 * time.Minute

// runs lists the task runs of one type of a transform, newest first.
func (a *Actor) runs(ctx context.Context, t *task, id string, kind types.TaskType) ([]types.TaskRun, error) {
	in := &glue.GetMLTaskRunsInput{
		TransformId: &id, Filter: &types.TaskRunFilterCriteria{TaskRunType: kind},
		Sort: &types.TaskRunSortCriteria{Column: types.TaskRunSortColumnTypeStarted, SortDirection: types.SortDirectionTypeDescending},
	}
	var runs []types.TaskRun
	for {
		out, err := read(ctx, t, "glue:GetMLTaskRuns", a.session.Glue.GetMLTaskRuns, in, t.place.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.TaskRuns {
			if p := out.TaskRuns[i].Properties; p != nil && p.TaskType == kind {
				runs = append(runs, out.TaskRuns[i])
			}
		}
		if awsapi.LastPage(in.NextToken, out.NextToken) {
			return runs, nil
		}
		in.NextToken = out.NextToken
	}
}

// exportPath is the change's own folder for labels: no other run ever writes there, so that nothing is overwritten, and
// a run is known by it.
func (t *task) exportPath(prefix string) string {
	return strings.TrimSuffix(prefix, "/") + "/" + t.c.Head.ID + "/"
}

// samePath tells whether two S3 paths are the same but for a slash at the end.
func samePath(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }

// seeExport looks for the run that exports to the change's own folder.
func (a *Actor) seeExport(ctx context.Context, t *task) (execute.Observation, error) {
	id, ok := t.c.Resources[t.s.Role]
	if !ok || t.s.S3 == "" {
		return missed(incomplete(t)), nil
	}
	path := t.exportPath(t.s.S3)
	runs, err := a.runs(ctx, t, id.ID, types.TaskTypeExportLabels)
	if err != nil {
		return execute.Observation{}, err
	}
	for i := range runs {
		if p := runs[i].Properties.ExportLabelsTaskRunProperties; p != nil && samePath(aws.ToString(p.OutputS3Path), path) {
			return settled(change.Facts{TaskRun: aws.ToString(runs[i].TaskRunId)}), nil
		}
	}
	there, err := a.objects(ctx, t, path)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case len(there) > 0:
		return missed(change.Trouble{
			Code: change.TroubleForeign, Message: fmt.Sprintf("there are objects under %s already, and no run of this change wrote them", path),
			Advice: "move them away, then resume",
		}), nil
	}
	return open(), nil
}

func (a *Actor) exportLabels(ctx context.Context, t *task) (change.Facts, error) {
	id := t.c.Resources[t.s.Role]
	in := &glue.StartExportLabelsTaskRunInput{TransformId: &id.ID, OutputS3Path: aws.String(t.exportPath(t.s.S3))}
	out, err := send(ctx, t, "glue:StartExportLabelsTaskRun", a.session.Glue.StartExportLabelsTaskRun, in, t.place.Glue)
	if err != nil {
		return change.Facts{}, err
	}
	return started(out.TaskRunId, "glue:StartExportLabelsTaskRun")
}

// started is what is learned from starting a run. An answer without the run's id is as good as none.
func started(id *string, operation string) (change.Facts, error) {
	if aws.ToString(id) == "" {
		return change.Facts{}, &execute.CallError{
			Effect: execute.Unknown, Err: errNoID, Trouble: change.Trouble{Code: "NoAnswer", Message: errNoID.Error(), Operation: operation},
		}
	}
	return change.Facts{TaskRun: *id}, nil
}

// importPath is where the labels are that are to be imported: what the change exported, or what the step names.
func (t *task) importPath() string {
	if t.c.Labels != nil && t.c.Labels.S3 != "" {
		return t.c.Labels.S3
	}
	return t.s.S3
}

// seeImport looks for the run that imports the exported labels, and whether these are still as they were exported.
func (a *Actor) seeImport(ctx context.Context, t *task) (execute.Observation, error) {
	id, ok := t.c.Resources[t.s.Role]
	path := t.importPath()
	if !ok || path == "" {
		return missed(incomplete(t)), nil
	}
	runs, err := a.runs(ctx, t, id.ID, types.TaskTypeImportLabels)
	if err != nil {
		return execute.Observation{}, err
	}
	for i := range runs {
		if p := runs[i].Properties.ImportLabelsTaskRunProperties; p != nil && samePath(aws.ToString(p.InputS3Path), path) {
			return settled(change.Facts{TaskRun: aws.ToString(runs[i].TaskRunId)}), nil
		}
	}
	trouble, err := a.asExported(ctx, t)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case trouble != nil:
		return missed(*trouble), nil
	}
	return open(), nil
}

// importLabels teaches the transform the exported labels in place of any that it has.
func (a *Actor) importLabels(ctx context.Context, t *task) (change.Facts, error) {
	id := t.c.Resources[t.s.Role]
	in := &glue.StartImportLabelsTaskRunInput{TransformId: &id.ID, InputS3Path: aws.String(t.importPath()), ReplaceAllLabels: true}
	out, err := send(ctx, t, "glue:StartImportLabelsTaskRun", a.session.Glue.StartImportLabelsTaskRun, in, t.place.Glue)
	if err != nil {
		return change.Facts{}, err
	}
	return started(out.TaskRunId, "glue:StartImportLabelsTaskRun")
}

// seeEvaluation looks for an evaluation that was started since the change meant to start one. Whoever did, it measures
// the same transform with the same labels.
func (a *Actor) seeEvaluation(ctx context.Context, t *task) (execute.Observation, error) {
	id, ok := t.c.Resources[t.s.Role]
	if !ok {
		return missed(incomplete(t)), nil
	}
	intended := t.progress().IntendedAt
	if intended.IsZero() {
		return open(), nil
	}
	runs, err := a.runs(ctx, t, id.ID, types.TaskTypeEvaluation)
	if err != nil {
		return execute.Observation{}, err
	}
	for i := range runs {
		if !aws.ToTime(runs[i].StartedOn).Before(intended.Add(-skew)) {
			return settled(change.Facts{TaskRun: aws.ToString(runs[i].TaskRunId)}), nil
		}
	}
	return open(), nil
}

func (a *Actor) evaluate(ctx context.Context, t *task) (change.Facts, error) {
	id := t.c.Resources[t.s.Role]
	in := &glue.StartMLEvaluationTaskRunInput{TransformId: &id.ID}
	out, err := send(ctx, t, "glue:StartMLEvaluationTaskRun", a.session.Glue.StartMLEvaluationTaskRun, in, t.place.Glue)
	if err != nil {
		return change.Facts{}, err
	}
	return started(out.TaskRunId, "glue:StartMLEvaluationTaskRun")
}
