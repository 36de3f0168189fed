package glue

import (
	"maps"
	"regexp"
	"slices"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func (g *Glue) startJobRun(c *service.Call, in *awsglue.StartJobRunInput) (*awsglue.StartJobRunOutput, error) {
	l, j, err := g.lockedJob(c, in.JobName)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	j.settle(c.Now)
	s := g.settings.Load()
	if s.EndOfLife {
		if err := endOfLife(j.view.GlueVersion); err != nil {
			return nil, err
		}
	}
	if err := j.checkRuns(); err != nil {
		return nil, err
	}
	if err := l.checkConfiguration(in.SecurityConfiguration); err != nil {
		return nil, err
	}
	id := "jr_" + l.newID("")
	now := c.Now
	r := &jobRun{running: now.Add(s.running() / 4), done: now.Add(s.running()), view: types.JobRun{
		Id: &id, JobName: j.view.Name, JobRunState: types.JobRunStateStarting, StartedOn: &now, LastModifiedOn: &now,
		Arguments: in.Arguments, AllocatedCapacity: j.view.AllocatedCapacity, MaxCapacity: j.view.MaxCapacity,
		NumberOfWorkers: j.view.NumberOfWorkers, WorkerType: j.view.WorkerType, Timeout: j.view.Timeout,
		GlueVersion: j.view.GlueVersion, SecurityConfiguration: j.view.SecurityConfiguration, JobMode: j.view.JobMode,
		ExecutionClass: j.view.ExecutionClass, LogGroupName: ptr("/aws-glue/jobs"),
	}}
	set(&r.view.SecurityConfiguration, in.SecurityConfiguration)
	set(&r.view.Timeout, in.Timeout)
	r.failure = g.useTransforms(l, j, in.Arguments, r)
	j.runs = append(j.runs, r)
	return &awsglue.StartJobRunOutput{JobRunId: &id}, nil
}

func (j *job) checkRuns() error {
	n := int32(0)
	for _, r := range j.runs {
		if !r.done.IsZero() {
			n++
		}
	}
	if limit := deref(j.view.ExecutionProperty).MaxConcurrentRuns; limit > 0 && n >= limit {
		return service.Errorf("ConcurrentRunsExceededException", "Concurrent runs exceeded for %s", deref(j.view.Name))
	}
	return nil
}

// useTransforms is what a run does with the transforms that its arguments and its script name: each shows a FIND_MATCHES
// task run that names the job; one that is missing, or that the job's role may not use, fails the run.
func (g *Glue) useTransforms(l *location, j *job, arguments map[string]string, r *jobRun) (failure string) {
	all := maps.Clone(j.view.DefaultArguments)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, arguments)
	maps.Copy(all, j.view.NonOverridableArguments)
	id := regexp.MustCompile(`tfm-[0-9a-f]{40}`)
	var used []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		used = append(used, id.FindAllString(all[name], -1)...)
	}
	used = append(used, id.FindAllString(g.script(l, j), -1)...)
	slices.Sort(used)
	for _, handle := range slices.Compact(used) {
		t := l.transforms.get(handle)
		resource := "arn:" + service.Partition(l.region) + ":glue:" + l.region + ":" + l.account + ":" + transformKind + "/" + handle
		switch {
		case t == nil:
			failure = "EntityNotFoundException: Cannot find MLTransform in account " + l.account + " with handle " + handle + "."
		case !g.roleMay(l, j.view.Role, "glue:UseMLTransforms", resource):
			failure = "AccessDeniedException: " + deref(j.view.Role) + " is not authorized to perform: glue:UseMLTransforms on resource: " + resource
		default:
			l.useTransform(t, j, r)
		}
	}
	return failure
}

// script is what a job runs. A script that can't be read is taken for one that does nothing, though at AWS its run fails:
// most users of a sandbox make jobs without uploading scripts.
func (g *Glue) script(l *location, j *job) string {
	from, ok := parsePath(deref(deref(j.view.Command).ScriptLocation))
	if !ok || from.key == "" || g.objects == nil {
		return ""
	}
	script, err := g.objects.ReadObject(l.account, from.bucket, from.key)
	if err != nil {
		return ""
	}
	return string(script)
}

func (l *location) useTransform(t *transform, j *job, r *jobRun) {
	t.runs = append(t.runs, &taskRun{
		view: types.TaskRun{
			TaskRunId: ptr(l.newID("tsk-")), TransformId: t.view.TransformId, Status: types.TaskStatusTypeStarting,
			StartedOn: r.view.StartedOn, LastModifiedOn: r.view.StartedOn,
			Properties: &types.TaskRunProperties{
				TaskType: types.TaskTypeFindMatches,
				FindMatchesTaskRunProperties: &types.FindMatchesTaskRunProperties{
					JobId: j.view.Name, JobName: j.view.Name, JobRunId: r.view.Id,
				},
			},
		},
		running: r.running, done: r.done,
		work: func(*Glue, *location, *transform, time.Time) error { return nil },
	})
	l.watchTransform(deref(t.view.TransformId))
}

func (g *Glue) getJobRun(c *service.Call, in *awsglue.GetJobRunInput) (*awsglue.GetJobRunOutput, error) {
	l, j, err := g.lockedJob(c, in.JobName)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	j.settle(c.Now)
	for _, r := range j.runs {
		if deref(r.view.Id) == deref(in.RunId) {
			return &awsglue.GetJobRunOutput{JobRun: ptr(r.view)}, nil
		}
	}
	return nil, notFound("Job Run %s not found for job %s.", deref(in.RunId), deref(in.JobName))
}

// getJobRuns lists the runs of a job, newest first.
func (g *Glue) getJobRuns(c *service.Call, in *awsglue.GetJobRunsInput) (*awsglue.GetJobRunsOutput, error) {
	p, err := pageOf(c, in.MaxResults, in.NextToken, 200)
	if err != nil {
		return nil, err
	}
	l, j, err := g.lockedJob(c, in.JobName)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	j.settle(c.Now)
	rows := make([]row[jobRun], len(j.runs))
	for i, r := range j.runs {
		rows[i] = row[jobRun]{timeKey(r.view.StartedOn) + "\x00" + deref(r.view.Id), r}
	}
	ordered := &table[jobRun]{inOrder(rows, &p, types.SortDirectionTypeDescending)}
	items, last, more := list(ordered, p, func(r *jobRun) (types.JobRun, bool) { return r.view, true })
	return &awsglue.GetJobRunsOutput{JobRuns: items, NextToken: g.next(p, last, more)}, nil
}
