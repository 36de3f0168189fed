package inventory

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opJobs       = "glue:GetJobs"
	opTriggers   = "glue:GetTriggers"
	opMLTaskRuns = "glue:GetMLTaskRuns"

	jobsPerPage     = 200
	taskRunsPerPage = 1000
)

// uses lists what refers to a transform, and when a job last used it. Nothing in AWS links the two: a job names the
// transform in its script or its arguments, and each use leaves a task run that names the job.
func (s *site) uses(ctx context.Context, id string) (resource.Fact[[]resource.Dependent], resource.Fact[time.Time]) {
	var jobs, triggers, runs resource.Fact[[]resource.Dependent]
	var last resource.Fact[time.Time]
	var reading sync.WaitGroup
	reading.Go(func() { jobs = s.jobsNaming(ctx, id) })
	reading.Go(func() { triggers = s.triggersNaming(ctx, id) })
	runs, last = s.usedBy(ctx, id)
	reading.Wait()
	return together(jobs, triggers, runs), last
}

// together joins lists of dependents, in a fixed order. If any could not be read the whole is unknown: none may be
// missing from it.
func together(facts ...resource.Fact[[]resource.Dependent]) resource.Fact[[]resource.Dependent] {
	all := []resource.Dependent{}
	var unreadable tally
	for _, fact := range facts {
		list, ok := fact.Value()
		if !ok {
			unreadable.fail(fact.Failure())
			continue
		}
		all = append(all, list...)
	}
	if unreadable.failure != nil {
		return resource.Unknown[[]resource.Dependent](*unreadable.failure)
	}
	slices.SortStableFunc(all, func(a, b resource.Dependent) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Where, b.Where))
	})
	return resource.Known(slices.Compact(all))
}

func (s *site) jobs(ctx context.Context) resource.Fact[[]types.Job] {
	return s.once.jobs.get(struct{}{}, func() resource.Fact[[]types.Job] {
		list, err := listJobs(ctx, s.session, s.place)
		if err != nil {
			return unread[[]types.Job](err, opJobs)
		}
		return resource.Known(list)
	})
}

func listJobs(ctx context.Context, session *awsapi.Session, p *awsapi.Place) ([]types.Job, error) {
	list := []types.Job{}
	_, err := pages(func(token *string) (*string, error) {
		in := &glue.GetJobsInput{MaxResults: aws.Int32(jobsPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, p, opJobs, session.Glue.GetJobs, in, p.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.Jobs {
			if aws.ToString(out.Jobs[i].Name) == "" {
				return nil, errNameless
			}
		}
		list = append(list, out.Jobs...)
		return out.NextToken, nil
	})
	return list, err
}

func (s *site) jobsNaming(ctx context.Context, id string) resource.Fact[[]resource.Dependent] {
	fact := s.jobs(ctx)
	jobs, ok := fact.Value()
	if !ok {
		return resource.Unknown[[]resource.Dependent](fact.Failure())
	}
	naming := each(jobs, func(j types.Job) resource.Fact[[]resource.Dependent] {
		definition := inDefinition(&j, id)
		script := s.inScript(ctx, &j, id)
		return together(definition, script)
	})
	return together(naming...)
}

// inDefinition finds where a job's definition names a transform.
func inDefinition(j *types.Job, id string) resource.Fact[[]resource.Dependent] {
	var found []resource.Dependent
	add := func(where string, argument bool) {
		found = append(found, resource.Dependent{Kind: "job", Name: aws.ToString(j.Name), Where: where, Argument: argument})
	}
	for _, arguments := range []struct {
		kind   string
		values map[string]string
	}{{"default argument ", j.DefaultArguments}, {"non-overridable argument ", j.NonOverridableArguments}} {
		for _, key := range slices.Sorted(maps.Keys(arguments.values)) {
			if strings.Contains(arguments.values[key], id) {
				add(arguments.kind+key, true)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(j.CodeGenConfigurationNodes)) {
		text, err := json.Marshal(j.CodeGenConfigurationNodes[key])
		if err != nil {
			return resource.Unknown[[]resource.Dependent](failed(opJobs, "visual node "+key+" of job "+aws.ToString(j.Name)+" can't be read: "+err.Error()))
		}
		if strings.Contains(string(text), id) {
			add("visual node "+key, false)
		}
	}
	return resource.Known(found)
}

func (s *site) triggersNaming(ctx context.Context, id string) resource.Fact[[]resource.Dependent] {
	fact := s.once.triggers.get(struct{}{}, func() resource.Fact[[]types.Trigger] {
		list, err := listTriggers(ctx, s.session, s.place)
		if err != nil {
			return unread[[]types.Trigger](err, opTriggers)
		}
		return resource.Known(list)
	})
	triggers, ok := fact.Value()
	if !ok {
		return resource.Unknown[[]resource.Dependent](fact.Failure())
	}
	var found []resource.Dependent
	for i := range triggers {
		for _, action := range triggers[i].Actions {
			for _, key := range slices.Sorted(maps.Keys(action.Arguments)) {
				if strings.Contains(action.Arguments[key], id) {
					found = append(found, resource.Dependent{
						Kind: "trigger", Name: aws.ToString(triggers[i].Name), Where: "argument " + key + " for job " + aws.ToString(action.JobName),
					})
				}
			}
		}
	}
	return resource.Known(found)
}

func listTriggers(ctx context.Context, session *awsapi.Session, p *awsapi.Place) ([]types.Trigger, error) {
	list := []types.Trigger{}
	_, err := pages(func(token *string) (*string, error) {
		in := &glue.GetTriggersInput{MaxResults: aws.Int32(jobsPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, p, opTriggers, session.Glue.GetTriggers, in, p.Glue)
		if err != nil {
			return nil, err
		}
		list = append(list, out.Triggers...)
		return out.NextToken, nil
	})
	return list, err
}

// usedBy lists the jobs whose runs used a transform, each with its last use, and when that was at all.
func (s *site) usedBy(ctx context.Context, id string) (resource.Fact[[]resource.Dependent], resource.Fact[time.Time]) {
	p, last := s.place, map[string]time.Time{}
	_, err := pages(func(token *string) (*string, error) {
		in := &glue.GetMLTaskRunsInput{
			TransformId: &id, MaxResults: aws.Int32(taskRunsPerPage), NextToken: token,
			Filter: &types.TaskRunFilterCriteria{TaskRunType: types.TaskTypeFindMatches},
		}
		out, err := awsapi.Read(ctx, p, opMLTaskRuns, s.session.Glue.GetMLTaskRuns, in, p.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.TaskRuns {
			job, used, ok := use(&out.TaskRuns[i])
			if had, seen := last[job]; ok && (!seen || used.After(had)) {
				last[job] = used
			}
		}
		return out.NextToken, nil
	})
	if err != nil {
		return unread[[]resource.Dependent](err, opMLTaskRuns), unread[time.Time](err, opMLTaskRuns)
	}
	var list []resource.Dependent
	newest := resource.Absent[time.Time]()
	for job, used := range last {
		list = append(list, resource.Dependent{Kind: "task run", Name: job, Where: "task runs of the transform", Used: used})
		if at, ok := newest.Value(); !ok || used.After(at) {
			newest = resource.Known(used)
		}
	}
	return resource.Known(list), newest
}

// use tells which job used a transform in a task run, and when that last was so; false for runs of other types.
func use(run *types.TaskRun) (job string, at time.Time, ok bool) {
	if p := run.Properties; p != nil {
		if p.TaskType != "" && p.TaskType != types.TaskTypeFindMatches {
			return "", at, false
		}
		if f := p.FindMatchesTaskRunProperties; f != nil {
			job = aws.ToString(f.JobName)
		}
	}
	for _, t := range []*time.Time{run.StartedOn, run.LastModifiedOn, run.CompletedOn} {
		if t != nil && t.After(at) {
			at = *t
		}
	}
	return job, at, true
}
