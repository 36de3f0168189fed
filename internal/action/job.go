package action

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
)

// job reads a job; nil: there is none of that name.
func (a *Actor) job(ctx context.Context, t *task) (*types.Job, error) {
	out, err := read(ctx, t, "glue:GetJob", a.session.Glue.GetJob, &glue.GetJobInput{JobName: &t.s.Job}, t.place.Glue)
	switch {
	case err != nil && awsapi.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	case out.Job == nil:
		return nil, failed("glue:GetJob", errNoJob)
	}
	return out.Job, nil
}

var (
	errNoJob      = errors.New("the answer holds no job")
	errJobChanged = errors.New("the update changed more of the job than its arguments")
)

// ids are the transform ids that a job's arguments get from and to.
func (t *task) ids() (from, to string, ok bool) {
	old, knowsOld := t.c.Resources[t.s.From]
	now, knowsNew := t.c.Resources[t.s.Role]
	return old.ID, now.ID, knowsOld && knowsNew && old.ID != "" && now.ID != ""
}

// seeJob looks whether the job's arguments still name the old transform.
func (a *Actor) seeJob(ctx context.Context, t *task) (execute.Observation, error) {
	from, to, ok := t.ids()
	if !ok || t.s.Job == "" {
		return missed(incomplete(t)), nil
	}
	if p := t.progress(); p.Trouble != nil && p.Trouble.Code == change.TroubleVerify && !t.c.Resumed.After(p.IntendedAt) {
		return missed(*p.Trouble), nil // a person must see what else the update changed
	}
	if d, found, err := a.untaggedTransform(ctx, t, to); err != nil {
		return execute.Observation{}, err
	} else if !found || d.Status == statusDeleting {
		return missed(gone(t, t.c.Resources[t.s.Role])), nil
	}
	j, err := a.job(ctx, t)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case j == nil:
		return settled(change.Facts{Text: "there is no job " + t.s.Job + " any more"}), nil
	}
	if _, names := rewritten(j, from, to); len(names) == 0 {
		return settled(change.Facts{}), nil
	}
	if profile := aws.ToString(j.ProfileName); profile != "" {
		return missed(change.Trouble{
			Code:    change.TroubleReferenced,
			Message: fmt.Sprintf("the job %s has the usage profile %s, which an update by Glueguard would take off it", t.s.Job, profile),
			Advice:  "change the argument by hand, from " + from + " to " + to + ", then resume",
		}), nil
	}
	return open(), nil
}

// repointJob sends the job's whole definition with other arguments, since an update overwrites all of it, and reads it
// again: nothing else may have changed.
func (a *Actor) repointJob(ctx context.Context, t *task) (change.Facts, error) {
	const operation = "glue:UpdateJob"
	from, to, _ := t.ids()
	before, err := a.job(ctx, t)
	switch {
	case err != nil:
		return change.Facts{}, unsent(err, operation)
	case before == nil:
		return change.Facts{Text: "there is no job " + t.s.Job + " any more"}, nil
	}
	update, names := rewritten(before, from, to)
	if len(names) == 0 {
		return change.Facts{}, nil
	}
	in := &glue.UpdateJobInput{JobName: &t.s.Job, JobUpdate: update}
	if _, err := send(ctx, t, operation, a.session.Glue.UpdateJob, in, t.place.Glue); err != nil {
		return change.Facts{}, err
	}
	after, err := a.job(ctx, t)
	switch {
	case err != nil: // looking will tell that the arguments are as they should be
		return change.Facts{}, &execute.CallError{
			Effect: execute.Unknown, Err: err,
			Trouble: change.Trouble{Code: change.TroubleUnread, Message: "the job could not be read again after its update", Operation: "glue:GetJob"},
		}
	case after == nil:
		return change.Facts{Text: "there is no job " + t.s.Job + " any more"}, nil
	}
	if diff := jobDiff(update, jobUpdate(after)); len(diff) > 0 {
		return change.Facts{}, &execute.CallError{
			Effect: execute.Unknown, Err: errJobChanged,
			Trouble: change.Trouble{
				Code: change.TroubleVerify, Message: fmt.Sprintf("the update of job %s changed more than its arguments", t.s.Job), Operation: operation,
				Differences: diff, Advice: "compare the job with its definition in version control, put back what differs, then resume",
			},
		}
	}
	return change.Facts{Changed: names}, nil
}

// rewritten is a job's definition with another transform's id in its arguments, and the names of those that change.
func rewritten(j *types.Job, from, to string) (*types.JobUpdate, []string) {
	update := jobUpdate(j)
	var names []string
	rewrite := func(arguments map[string]string) map[string]string {
		if arguments == nil {
			return nil
		}
		out := maps.Clone(arguments)
		for name, value := range out {
			if now := replaceID(value, from, to); now != value {
				out[name] = now
				names = append(names, name)
			}
		}
		return out
	}
	update.DefaultArguments = rewrite(update.DefaultArguments)
	update.NonOverridableArguments = rewrite(update.NonOverridableArguments)
	slices.Sort(names)
	return update, slices.Compact(names)
}

// replaceID replaces an id where it stands by itself, not as a part of a longer one.
func replaceID(s, from, to string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, from)
		if i < 0 {
			break
		}
		end := i + len(from)
		b.WriteString(s[:i])
		if (i > 0 && inID(s[i-1])) || (end < len(s) && inID(s[end])) {
			b.WriteString(from)
		} else {
			b.WriteString(to)
		}
		s = s[end:]
	}
	b.WriteString(s)
	return b.String()
}

func inID(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-'
}

// jobUpdate is a job's definition as an update takes it: without what AWS shows and does not take back. A job sized by
// workers shows its capacity too, and a Ray job a timeout; AWS refuses both.
func jobUpdate(j *types.Job) *types.JobUpdate {
	u := &types.JobUpdate{
		CodeGenConfigurationNodes: j.CodeGenConfigurationNodes,
		Command:                   j.Command,
		Connections:               j.Connections,
		DefaultArguments:          j.DefaultArguments,
		Description:               j.Description,
		ExecutionClass:            j.ExecutionClass,
		ExecutionProperty:         j.ExecutionProperty,
		GlueVersion:               j.GlueVersion,
		JobMode:                   j.JobMode,
		JobRunQueuingEnabled:      j.JobRunQueuingEnabled,
		LogUri:                    j.LogUri,
		MaintenanceWindow:         j.MaintenanceWindow,
		MaxRetries:                j.MaxRetries,
		NonOverridableArguments:   j.NonOverridableArguments,
		NotificationProperty:      j.NotificationProperty,
		NumberOfWorkers:           j.NumberOfWorkers,
		Role:                      j.Role,
		SecurityConfiguration:     j.SecurityConfiguration,
		SourceControlDetails:      j.SourceControlDetails,
		WorkerType:                j.WorkerType,
	}
	if j.WorkerType == "" && j.NumberOfWorkers == nil {
		u.MaxCapacity = j.MaxCapacity
	}
	if j.Command == nil || aws.ToString(j.Command.Name) != "glueray" {
		u.Timeout = j.Timeout
	}
	return u
}

// jobDiff names the members of a job that differ; one that was absent may have got its default. Their values stay out
// of it: arguments may be secret.
func jobDiff(want, got *types.JobUpdate) []change.Difference {
	var diff []change.Difference
	w, g := reflect.ValueOf(want).Elem(), reflect.ValueOf(got).Elem()
	for i := range w.NumField() {
		f := w.Type().Field(i)
		if !f.IsExported() || absent(w.Field(i)) || reflect.DeepEqual(w.Field(i).Interface(), g.Field(i).Interface()) {
			continue
		}
		diff = append(diff, change.Difference{Attribute: f.Name, Want: "as before", Got: "changed"})
	}
	return diff
}

// absent tells whether a member says nothing.
func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice:
		return v.Len() == 0
	}
	return v.IsZero()
}
