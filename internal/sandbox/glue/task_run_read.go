package glue

import (
	"slices"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func (g *Glue) lockedRun(c *service.Call, transformID, runID *string) (*location, *taskRun, error) {
	l, t, err := g.lockedTransform(c, transformID)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(t.runs, func(r *taskRun) bool { return deref(r.view.TaskRunId) == deref(runID) })
	if i < 0 {
		l.mu.Unlock()
		return nil, nil, notFound("No ML Task Run found for %s: in account %s for transform %s.",
			deref(runID), c.Account, deref(transformID))
	}
	return l, t.runs[i], nil
}

func (g *Glue) getMLTaskRun(c *service.Call, in *awsglue.GetMLTaskRunInput) (*awsglue.GetMLTaskRunOutput, error) {
	l, r, err := g.lockedRun(c, in.TransformId, in.TaskRunId)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	v := &r.view
	return &awsglue.GetMLTaskRunOutput{
		CompletedOn: v.CompletedOn, ErrorString: v.ErrorString, ExecutionTime: v.ExecutionTime,
		LastModifiedOn: v.LastModifiedOn, LogGroupName: v.LogGroupName, Properties: v.Properties,
		StartedOn: v.StartedOn, Status: v.Status, TaskRunId: v.TaskRunId, TransformId: v.TransformId,
	}, nil
}

// cancelMLTaskRun stops a run. A run that has ended stays as it is, and its status is the answer; what AWS says then is
// unconfirmed.
func (g *Glue) cancelMLTaskRun(c *service.Call, in *awsglue.CancelMLTaskRunInput) (*awsglue.CancelMLTaskRunOutput, error) {
	l, r, err := g.lockedRun(c, in.TransformId, in.TaskRunId)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	r.stop(c.Now)
	return &awsglue.CancelMLTaskRunOutput{Status: r.view.Status, TaskRunId: in.TaskRunId, TransformId: in.TransformId}, nil
}

// getMLTaskRuns lists the runs of a transform, newest first unless a sort is given.
func (g *Glue) getMLTaskRuns(c *service.Call, in *awsglue.GetMLTaskRunsInput) (*awsglue.GetMLTaskRunsOutput, error) {
	p, err := pageOf(c, in.MaxResults, in.NextToken, mostPage)
	if err != nil {
		return nil, err
	}
	l, t, err := g.lockedTransform(c, in.TransformId)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	by := types.TaskRunSortCriteria{Column: types.TaskRunSortColumnTypeStarted, SortDirection: types.SortDirectionTypeDescending}
	if in.Sort != nil {
		by = *in.Sort
	}
	rows := make([]row[taskRun], len(t.runs))
	for i, r := range t.runs {
		rows[i] = row[taskRun]{runKey(&r.view, by.Column) + "\x00" + deref(r.view.TaskRunId), r}
	}
	ordered := &table[taskRun]{inOrder(rows, &p, by.SortDirection)}
	items, last, more := list(ordered, p, func(r *taskRun) (types.TaskRun, bool) {
		return r.view, runPasses(&r.view, in.Filter)
	})
	return &awsglue.GetMLTaskRunsOutput{TaskRuns: items, NextToken: g.next(p, last, more)}, nil
}

func runKey(v *types.TaskRun, column types.TaskRunSortColumnType) string {
	switch column {
	case types.TaskRunSortColumnTypeTaskRunType:
		return string(deref(v.Properties).TaskType)
	case types.TaskRunSortColumnTypeStatus:
		return string(v.Status)
	default:
		return timeKey(v.StartedOn)
	}
}

func runPasses(v *types.TaskRun, f *types.TaskRunFilterCriteria) bool {
	return f == nil ||
		(f.Status == "" || v.Status == f.Status) &&
			(f.TaskRunType == "" || deref(v.Properties).TaskType == f.TaskRunType) &&
			within(v.StartedOn, f.StartedAfter, f.StartedBefore)
}
