package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opJobRuns  = "glue:GetJobRuns"
	opCrawlers = "glue:GetCrawlers"
	opSessions = "glue:ListSessions"
	opRulesets = "glue:ListDataQualityRulesets"
	opRuleset  = "glue:GetDataQualityRuleset"

	listedPerPage = 100
)

// Configurations lists all security configurations of a location, sorted by name.
func (i *Inspector) Configurations(ctx context.Context, l resource.Location) ([]resource.SecurityConfiguration, error) {
	_, p, err := i.enter(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l, err)
	}
	list := []resource.SecurityConfiguration{}
	err = every(opConfigurations, func(token *string) (*string, error) {
		in := &glue.GetSecurityConfigurationsInput{MaxResults: aws.Int32(configurationsPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, p, opConfigurations, i.session.Glue.GetSecurityConfigurations, in, p.Glue)
		if err != nil {
			return nil, err
		}
		for n := range out.SecurityConfigurations {
			name := aws.ToString(out.SecurityConfigurations[n].Name)
			if name == "" {
				return nil, errNameless
			}
			list = append(list, configurationOf(name, &out.SecurityConfigurations[n]))
		}
		return out.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l, err)
	}
	slices.SortStableFunc(list, func(a, b resource.SecurityConfiguration) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(list, func(a, b resource.SecurityConfiguration) bool { return a.Name == b.Name }), nil
}

// every reads all pages and names the operation in an error.
func every(operation string, next func(token *string) (*string, error)) error {
	if _, err := pages(next); err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	return nil
}

// ConfigurationUses counts who names each security configuration of a location: its users by the configuration's name,
// in words, sorted. AWS deletes a configuration that is in use, so this must be all of them: any read that fails is an
// error. Tables that Lake Formation hides from the caller are beyond its sight.
func (i *Inspector) ConfigurationUses(ctx context.Context, l resource.Location) (map[string][]string, error) {
	_, p, err := i.enter(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l, err)
	}
	r := &references{glue: i.session.Glue, session: i.session, place: p, users: map[string][]string{}}
	errs := each([]func(context.Context) error{
		r.endpoints, r.transforms, r.jobs, r.crawlers, r.sessions, r.triggers, r.rulesets, r.statistics,
	}, func(read func(context.Context) error) error { return read(ctx) })
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("%s: %w", l, err)
	}
	for name, users := range r.users {
		slices.Sort(users)
		r.users[name] = slices.Compact(users)
	}
	return r.users, nil
}

// references collects who names which security configuration.
type references struct {
	glue    *glue.Client
	session *awsapi.Session
	place   *awsapi.Place

	mu    sync.Mutex
	users map[string][]string
}

func (r *references) add(configuration *string, kind string, name *string) {
	if aws.ToString(configuration) == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.users[*configuration] = append(r.users[*configuration], kind+" "+aws.ToString(name))
}

func (r *references) endpoints(ctx context.Context) error {
	return every(opDevEndpoints, func(token *string) (*string, error) {
		in := &glue.GetDevEndpointsInput{MaxResults: aws.Int32(endpointsPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, r.place, opDevEndpoints, r.glue.GetDevEndpoints, in, r.place.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.DevEndpoints {
			r.add(out.DevEndpoints[i].SecurityConfiguration, "dev endpoint", out.DevEndpoints[i].EndpointName)
		}
		return out.NextToken, nil
	})
}

func (r *references) transforms(ctx context.Context) error {
	return every(opMLTransforms, func(token *string) (*string, error) {
		in := &glue.GetMLTransformsInput{MaxResults: aws.Int32(transformsPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, r.place, opMLTransforms, r.glue.GetMLTransforms, in, r.place.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.Transforms {
			if e := out.Transforms[i].TransformEncryption; e != nil {
				r.add(e.TaskRunSecurityConfigurationName, "ML transform", out.Transforms[i].TransformId)
			}
		}
		return out.NextToken, nil
	})
}

// jobs reads jobs, and their runs that are not finished: a run may have been started with another configuration.
func (r *references) jobs(ctx context.Context) error {
	jobs, err := listJobs(ctx, r.session, r.place)
	if err != nil {
		return fmt.Errorf("%s: %w", opJobs, err)
	}
	return errors.Join(each(jobs, func(j types.Job) error {
		r.add(j.SecurityConfiguration, "job", j.Name)
		return r.runs(ctx, j.Name)
	})...)
}

func (r *references) runs(ctx context.Context, job *string) error {
	err := every(opJobRuns, func(token *string) (*string, error) {
		in := &glue.GetJobRunsInput{JobName: job, MaxResults: aws.Int32(jobsPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, r.place, opJobRuns, r.glue.GetJobRuns, in, r.place.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.JobRuns {
			if !finished(out.JobRuns[i].JobRunState) {
				r.add(out.JobRuns[i].SecurityConfiguration, "run of job", job)
			}
		}
		return out.NextToken, nil
	})
	if awsapi.IsNotFound(err) {
		return nil // the job was deleted meanwhile
	}
	return err
}

func finished(state types.JobRunState) bool {
	switch state {
	case types.JobRunStateSucceeded, types.JobRunStateFailed, types.JobRunStateStopped, types.JobRunStateTimeout,
		types.JobRunStateError, types.JobRunStateExpired:
		return true
	}
	return false
}

func (r *references) crawlers(ctx context.Context) error {
	return every(opCrawlers, func(token *string) (*string, error) {
		in := &glue.GetCrawlersInput{MaxResults: aws.Int32(listedPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, r.place, opCrawlers, r.glue.GetCrawlers, in, r.place.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.Crawlers {
			r.add(out.Crawlers[i].CrawlerSecurityConfiguration, "crawler", out.Crawlers[i].Name)
		}
		return out.NextToken, nil
	})
}

// sessions leaves out those that have ended: they can't be started again.
func (r *references) sessions(ctx context.Context) error {
	return every(opSessions, func(token *string) (*string, error) {
		in := &glue.ListSessionsInput{MaxResults: aws.Int32(listedPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, r.place, opSessions, r.glue.ListSessions, in, r.place.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.Sessions {
			switch out.Sessions[i].Status {
			case types.SessionStatusStopped, types.SessionStatusFailed, types.SessionStatusTimeout:
			default:
				r.add(out.Sessions[i].SecurityConfiguration, "session", out.Sessions[i].Id)
			}
		}
		return out.NextToken, nil
	})
}

func (r *references) triggers(ctx context.Context) error {
	triggers, err := listTriggers(ctx, r.session, r.place)
	if err != nil {
		return fmt.Errorf("%s: %w", opTriggers, err)
	}
	for i := range triggers {
		for n := range triggers[i].Actions {
			r.add(triggers[i].Actions[n].SecurityConfiguration, "trigger", triggers[i].Name)
		}
	}
	return nil
}

func (r *references) rulesets(ctx context.Context) error {
	var names []string
	err := every(opRulesets, func(token *string) (*string, error) {
		in := &glue.ListDataQualityRulesetsInput{MaxResults: aws.Int32(listedPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, r.place, opRulesets, r.glue.ListDataQualityRulesets, in, r.place.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.Rulesets {
			names = append(names, aws.ToString(out.Rulesets[i].Name))
		}
		return out.NextToken, nil
	})
	if err != nil {
		return err
	}
	return errors.Join(each(names, func(name string) error {
		in := &glue.GetDataQualityRulesetInput{Name: &name}
		out, err := awsapi.Read(ctx, r.place, opRuleset, r.glue.GetDataQualityRuleset, in, r.place.Glue)
		switch {
		case awsapi.IsNotFound(err): // deleted meanwhile
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", opRuleset, err)
		}
		r.add(out.DataQualitySecurityConfiguration, "data quality ruleset", &name)
		return nil
	})...)
}
