package glue

import (
	"slices"
	"strconv"
	"strings"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// job is a job definition with its runs.
type job struct {
	view types.Job
	tags map[string]string // nil: never had any
	runs []*jobRun         // oldest first
}

func (g *Glue) createJob(c *service.Call, in *awsglue.CreateJobInput) (*awsglue.CreateJobOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := g.mayCreate(c, in.Role, in.Tags, untrustedTransformRole); err != nil {
		return nil, err
	}
	update := types.JobUpdate{
		AllocatedCapacity: in.AllocatedCapacity, CodeGenConfigurationNodes: in.CodeGenConfigurationNodes, Command: in.Command,
		Connections: in.Connections, DefaultArguments: in.DefaultArguments, Description: in.Description,
		ExecutionClass: in.ExecutionClass, ExecutionProperty: in.ExecutionProperty, GlueVersion: in.GlueVersion,
		JobMode: in.JobMode, JobRunQueuingEnabled: in.JobRunQueuingEnabled, LogUri: in.LogUri,
		MaintenanceWindow: in.MaintenanceWindow, MaxCapacity: in.MaxCapacity, MaxRetries: in.MaxRetries,
		NonOverridableArguments: in.NonOverridableArguments, NotificationProperty: in.NotificationProperty,
		NumberOfWorkers: in.NumberOfWorkers, Role: in.Role, SecurityConfiguration: in.SecurityConfiguration,
		SourceControlDetails: in.SourceControlDetails, Timeout: in.Timeout, WorkerType: in.WorkerType,
	}
	l := g.made(c.Account, c.Region)
	defer l.mu.Unlock()
	name := deref(in.Name)
	if l.jobs.get(name) != nil {
		return nil, service.Errorf("AlreadyExistsException", "Job %s already exists.", name)
	}
	if limit := g.settings.Load().Quotas.raised(l.seeded).Jobs; len(l.jobs.rows) >= limit {
		return nil, service.Errorf("ResourceNumberLimitExceededException", "Number of jobs exceeds the account limit of %d", limit)
	}
	view, err := g.defineJob(l, &update)
	if err != nil {
		return nil, err
	}
	view.Name, view.CreatedOn, view.LastModifiedOn = in.Name, ptr(c.Now), ptr(c.Now)
	if c.IgnoreEncryption {
		view.SecurityConfiguration = nil
	}
	l.jobs.put(name, &job{view: view, tags: given(in.Tags)})
	return &awsglue.CreateJobOutput{Name: in.Name}, nil
}

// defineJob makes a whole definition; what is left out gets its default.
func (g *Glue) defineJob(l *location, u *types.JobUpdate) (types.Job, error) {
	v := types.Job{
		AllocatedCapacity: u.AllocatedCapacity, CodeGenConfigurationNodes: u.CodeGenConfigurationNodes, Command: u.Command,
		Connections: u.Connections, DefaultArguments: u.DefaultArguments, Description: u.Description,
		ExecutionClass: u.ExecutionClass, ExecutionProperty: u.ExecutionProperty, GlueVersion: u.GlueVersion,
		JobMode: u.JobMode, JobRunQueuingEnabled: u.JobRunQueuingEnabled, LogUri: u.LogUri,
		MaintenanceWindow: u.MaintenanceWindow, MaxCapacity: u.MaxCapacity, MaxRetries: u.MaxRetries,
		NonOverridableArguments: u.NonOverridableArguments, NotificationProperty: u.NotificationProperty,
		NumberOfWorkers: u.NumberOfWorkers, Role: u.Role, SecurityConfiguration: u.SecurityConfiguration,
		SourceControlDetails: u.SourceControlDetails, Timeout: u.Timeout, WorkerType: u.WorkerType,
	}
	if err := checkVersion(v.GlueVersion); err != nil {
		return v, err
	}
	if v.GlueVersion == nil {
		v.GlueVersion = ptr("5.1")
	}
	if g.settings.Load().EndOfLife {
		if err := endOfLife(v.GlueVersion); err != nil {
			return v, err
		}
	}
	if v.ExecutionProperty == nil {
		v.ExecutionProperty = &types.ExecutionProperty{MaxConcurrentRuns: 1}
	}
	if v.Timeout == nil {
		v.Timeout = ptr(jobTimeout(*v.GlueVersion))
	}
	if v.JobMode == "" {
		v.JobMode = types.JobModeScript
	}
	if err := sizeJob(&v); err != nil {
		return v, err
	}
	return v, l.checkConfiguration(v.SecurityConfiguration)
}

// jobTimeout is the default in minutes; Glue 5.0 shortened it.
func jobTimeout(version string) int32 {
	if version >= "5" {
		return 480
	}
	return defaultTimeout
}

// sizeJob holds the ways of sizing a job apart, and shows the capacity of each of them as AWS does. A definition read
// back can therefore not be sent back unchanged.
func sizeJob(v *types.Job) error {
	byWorkers := v.WorkerType != "" || v.NumberOfWorkers != nil
	switch {
	case byWorkers && (v.MaxCapacity != nil || v.AllocatedCapacity != 0):
		return invalid("Please do not set Max Capacity if using Worker Type and Number of Workers.")
	case v.MaxCapacity != nil && v.AllocatedCapacity != 0:
		return invalid("Please set only Allocated Capacity or Max Capacity, not both.")
	case byWorkers && (v.WorkerType == "" || v.NumberOfWorkers == nil):
		return invalid("Please set both Worker Type and Number of Workers.")
	case byWorkers:
		v.MaxCapacity = ptr(workerUnits(v.WorkerType) * float64(*v.NumberOfWorkers))
	case v.MaxCapacity == nil && v.AllocatedCapacity != 0:
		v.MaxCapacity = ptr(float64(v.AllocatedCapacity))
	case v.MaxCapacity == nil && deref(deref(v.Command).Name) == "pythonshell":
		v.MaxCapacity = ptr(0.0625)
	case v.MaxCapacity == nil:
		v.MaxCapacity = ptr(defaultCapacity)
	}
	v.AllocatedCapacity = int32(*v.MaxCapacity)
	return nil
}

// workerUnits is the DPUs of one worker.
func workerUnits(w types.WorkerType) float64 {
	switch _, size, _ := strings.Cut(string(w), "."); size {
	case "025X":
		return 0.25
	case "":
		return 1 // Standard
	default:
		units, err := strconv.Atoi(strings.TrimSuffix(size, "X"))
		if err != nil {
			return 1
		}
		return float64(units)
	}
}

// updateJob replaces the whole definition: what is left out returns to its default.
func (g *Glue) updateJob(c *service.Call, in *awsglue.UpdateJobInput) (*awsglue.UpdateJobOutput, error) {
	if in.JobUpdate == nil {
		return nil, invalid("JobUpdate must not be null")
	}
	if err := g.mayPass(c, in.JobUpdate.Role, untrustedTransformRole); err != nil {
		return nil, err
	}
	l, j, err := g.lockedJob(c, in.JobName)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	view, err := g.defineJob(l, in.JobUpdate)
	if err != nil {
		return nil, err
	}
	view.Name, view.CreatedOn, view.LastModifiedOn = j.view.Name, j.view.CreatedOn, ptr(c.Now)
	j.view = view
	return &awsglue.UpdateJobOutput{JobName: in.JobName}, nil
}

func (g *Glue) lockedJob(c *service.Call, name *string) (*location, *job, error) {
	if l := g.locked(c); l != nil {
		if j := l.jobs.get(deref(name)); j != nil {
			return l, j, nil
		}
		l.mu.Unlock()
	}
	return nil, nil, notFound("Job %s not found.", deref(name))
}

func (g *Glue) getJob(c *service.Call, in *awsglue.GetJobInput) (*awsglue.GetJobOutput, error) {
	l, j, err := g.lockedJob(c, in.JobName)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	return &awsglue.GetJobOutput{Job: ptr(j.view)}, nil
}

func (g *Glue) getJobs(c *service.Call, in *awsglue.GetJobsInput) (*awsglue.GetJobsOutput, error) {
	items, token, err := pages(g, c, in.MaxResults, in.NextToken, jobsOf, func(j *job) (types.Job, bool) { return j.view, true })
	return &awsglue.GetJobsOutput{Jobs: items, NextToken: token}, err
}

func (g *Glue) listJobs(c *service.Call, in *awsglue.ListJobsInput) (*awsglue.ListJobsOutput, error) {
	names, token, err := pages(g, c, in.MaxResults, in.NextToken, jobsOf, func(j *job) (string, bool) {
		return deref(j.view.Name), hasTags(j.tags, in.Tags)
	})
	return &awsglue.ListJobsOutput{JobNames: names, NextToken: token}, err
}

func (g *Glue) batchGetJobs(c *service.Call, in *awsglue.BatchGetJobsInput) (*awsglue.BatchGetJobsOutput, error) {
	out := &awsglue.BatchGetJobsOutput{Jobs: []types.Job{}, JobsNotFound: []string{}}
	l := g.locked(c)
	if l == nil {
		out.JobsNotFound = in.JobNames
		return out, nil
	}
	defer l.mu.Unlock()
	for _, name := range in.JobNames {
		if j := l.jobs.get(name); j != nil {
			out.Jobs = append(out.Jobs, j.view)
		} else {
			out.JobsNotFound = append(out.JobsNotFound, name)
		}
	}
	return out, nil
}

// deleteJob answers alike whether the job was there or not, as AWS documents.
func (g *Glue) deleteJob(c *service.Call, in *awsglue.DeleteJobInput) (*awsglue.DeleteJobOutput, error) {
	if l := g.locked(c); l != nil {
		l.jobs.remove(deref(in.JobName))
		l.mu.Unlock()
	}
	return &awsglue.DeleteJobOutput{JobName: in.JobName}, nil
}

func jobsOf(l *location) *table[job] { return &l.jobs }

// pages gives a page of one of a location's tables; like list, the items are never nil.
func pages[V, T any](g *Glue, c *service.Call, most *int32, token *string,
	of func(*location) *table[V], show func(*V) (T, bool),
) (items []T, next *string, err error) {
	p, err := pageOf(c, most, token, mostPage)
	if err != nil {
		return nil, nil, err
	}
	l := g.locked(c)
	if l == nil {
		return []T{}, g.next(p, "", false), nil
	}
	defer l.mu.Unlock()
	items, last, more := list(of(l), p, show)
	return items, g.next(p, last, more), nil
}

// jobRun is one run of a job.
type jobRun struct {
	view          types.JobRun
	running, done time.Time // when STARTING ends; when the run ends, zero: it has ended
	failure       string    // why it will fail; empty: it succeeds
}

func (r *jobRun) step(now time.Time) {
	if r.done.IsZero() {
		return
	}
	if r.view.JobRunState == types.JobRunStateStarting && !now.Before(r.running) {
		r.view.JobRunState, r.view.LastModifiedOn = types.JobRunStateRunning, ptr(r.running)
	}
	if now.Before(r.done) {
		return
	}
	at := r.done
	r.done = time.Time{}
	r.view.JobRunState, r.view.CompletedOn, r.view.LastModifiedOn = types.JobRunStateSucceeded, &at, &at
	r.view.ExecutionTime = int32(at.Sub(deref(r.view.StartedOn)) / time.Second)
	if r.failure != "" {
		r.view.JobRunState, r.view.ErrorMessage = types.JobRunStateFailed, ptr(r.failure)
	}
}

func (j *job) settle(now time.Time) {
	for _, r := range slices.Backward(j.runs) {
		r.step(now)
	}
}
