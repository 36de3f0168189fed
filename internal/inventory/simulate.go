package inventory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opSimulate = "iam:SimulatePrincipalPolicy"
	// The most that one simulation is asked: IAM documents no limit, and answers in pages.
	actionsPerCall   = 50
	resourcesPerCall = 20
	resultsPerPage   = 1000
)

// Simulate asks IAM's policy simulator what the caller may do in a location: "allowed", "explicitDeny" or
// "implicitDeny" for each permission. That is advice: the simulator sees no policy of the resources themselves. Its
// only error is that ctx ended.
func (i *Inspector) Simulate(ctx context.Context, l resource.Location, asked []plan.Permission) (map[plan.Permission]resource.Fact[string], error) {
	decisions := make(map[plan.Permission]resource.Fact[string], len(asked))
	for _, permission := range asked {
		decisions[permission] = resource.Unknown[string](failed(opSimulate, "the simulator's answer does not name it"))
	}
	p, source, failure := i.principal(ctx, l)
	if failure == nil && len(asked) > 0 {
		batches := simulations(asked)
		for n, answered := range each(batches, func(s simulation) map[simulated]resource.Fact[string] { return i.simulate(ctx, p, source, s) }) {
			for _, permission := range batches[n].asked {
				if fact, ok := answered[simulated{strings.ToLower(permission.Action), permission.Resource}]; ok {
					decisions[permission] = fact
				}
			}
		}
	}
	if failure != nil {
		for permission := range decisions {
			decisions[permission] = resource.Unknown[string](*failure)
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return decisions, nil
}

// principal is whom to simulate: the simulator takes users and roles, not the session of a role. Only IAM knows the
// path that is part of a role's ARN.
func (i *Inspector) principal(ctx context.Context, l resource.Location) (*awsapi.Place, string, *resource.Failure) {
	a, p, err := i.enter(ctx, l)
	if err != nil {
		f := awsapi.Classify(err, opAssumeRole)
		return nil, "", &f
	}
	caller, err := a.Caller(ctx)
	if err != nil {
		f := awsapi.Classify(err, "sts:GetCallerIdentity")
		return nil, "", &f
	}
	arn, err := resource.ParseARN(caller.ARN)
	session, assumed := strings.CutPrefix(arn.Resource, "assumed-role/")
	switch {
	case err == nil && arn.Service == "iam" && strings.HasPrefix(arn.Resource, "user/"):
		return p, caller.ARN, nil
	case err != nil || !assumed:
		f := failed(opSimulate, "the simulator takes users and roles, not "+caller.ARN)
		return nil, "", &f
	}
	name, _, _ := strings.Cut(session, "/")
	out, err := awsapi.Read(ctx, p, opGetRole, i.session.IAM.GetRole, &iam.GetRoleInput{RoleName: &name}, p.IAM())
	if err == nil && out.Role != nil && aws.ToString(out.Role.Arn) != "" {
		return p, *out.Role.Arn, nil
	}
	f := failed(opGetRole, "the answer holds no role")
	if err != nil {
		f = awsapi.Classify(err, opGetRole)
	}
	return nil, "", &f
}

// simulation is one question: whether each of the actions is allowed on each of the resources.
type simulation struct {
	actions, resources []string
	passed             string // service that a role is passed to
	asked              []plan.Permission
}

// simulated names one decision. Actions are compared without regard to case, as IAM does.
type simulated struct{ action, resource string }

// simulations puts resources that are asked the same into one question each.
func simulations(asked []plan.Permission) []simulation {
	type subject struct{ resource, passed string }
	actions := map[subject][]string{}
	for _, permission := range asked {
		s := subject{permission.Resource, permission.Passed}
		actions[s] = append(actions[s], permission.Action)
	}
	type question struct{ actions, passed string }
	resources := map[question][]string{}
	for s, list := range actions {
		slices.Sort(list)
		q := question{strings.Join(slices.Compact(list), " "), s.passed}
		resources[q] = append(resources[q], s.resource)
	}
	var all []simulation
	order := func(a, b question) int {
		return cmp.Or(cmp.Compare(a.actions, b.actions), cmp.Compare(a.passed, b.passed))
	}
	for _, q := range slices.SortedFunc(maps.Keys(resources), order) {
		slices.Sort(resources[q])
		for some := range slices.Chunk(strings.Fields(q.actions), actionsPerCall) {
			for on := range slices.Chunk(resources[q], resourcesPerCall) {
				all = append(all, simulation{actions: some, resources: on, passed: q.passed, asked: within(asked, some, on, q.passed)})
			}
		}
	}
	return all
}

func within(asked []plan.Permission, actions, resources []string, passed string) []plan.Permission {
	var list []plan.Permission
	for _, p := range asked {
		if p.Passed == passed && slices.Contains(actions, p.Action) && slices.Contains(resources, p.Resource) {
			list = append(list, p)
		}
	}
	return list
}

func (i *Inspector) simulate(ctx context.Context, p *awsapi.Place, source string, s simulation) map[simulated]resource.Fact[string] {
	decisions := map[simulated]resource.Fact[string]{}
	in := &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &source, ActionNames: s.actions, ResourceArns: s.resources, MaxItems: aws.Int32(resultsPerPage),
		ContextEntries: s.context(p.Location),
	}
	_, err := pages(func(token *string) (*string, error) {
		page := *in
		page.Marker = token
		out, err := awsapi.Read(ctx, p, opSimulate, i.session.IAM.SimulatePrincipalPolicy, &page, p.IAM())
		if err != nil {
			return nil, err
		}
		for n := range out.EvaluationResults {
			s.decide(decisions, &out.EvaluationResults[n])
		}
		return more(out.IsTruncated, out.Marker)
	})
	if err != nil {
		for _, permission := range s.asked {
			decisions[simulated{strings.ToLower(permission.Action), permission.Resource}] = unread[string](err, opSimulate)
		}
	}
	return decisions
}

// context says what a real call would say of itself.
func (s simulation) context(l resource.Location) []types.ContextEntry {
	entry := func(key, value string) types.ContextEntry {
		return types.ContextEntry{ContextKeyName: &key, ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{value}}
	}
	list := []types.ContextEntry{entry("aws:RequestedRegion", l.Region)}
	if s.passed != "" {
		list = append(list, entry("iam:PassedToService", s.passed))
	}
	return list
}

// decide takes the decisions out of a result. The one on a certain resource may stand in the result itself or in its
// list; where the question had one resource, whatever the result says is about it.
func (s simulation) decide(decisions map[simulated]resource.Fact[string], r *types.EvaluationResult) {
	action := strings.ToLower(aws.ToString(r.EvalActionName))
	set := func(on, decision string) {
		if decision != "" {
			decisions[simulated{action, on}] = resource.Known(decision)
		}
	}
	switch on := aws.ToString(r.EvalResourceName); {
	case len(s.resources) == 1:
		set(s.resources[0], string(r.EvalDecision))
	case slices.Contains(s.resources, on):
		set(on, string(r.EvalDecision))
	}
	for n := range r.ResourceSpecificResults {
		specific := &r.ResourceSpecificResults[n]
		if on := aws.ToString(specific.EvalResourceName); slices.Contains(s.resources, on) {
			set(on, string(specific.EvalResourceDecision))
		}
	}
}
