package iam

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func (x *IAM) simulateOperations() []service.Operation {
	return []service.Operation{
		onPolicy("SimulatePrincipalPolicy", x.simulatePrincipal, func(in *awsiam.SimulatePrincipalPolicyInput) *string { return in.PolicySourceArn }),
		service.Op("SimulateCustomPolicy", x.simulateCustom),
		onPolicy("GetContextKeysForPrincipalPolicy", x.principalKeys, func(in *awsiam.GetContextKeysForPrincipalPolicyInput) *string { return in.PolicySourceArn }),
		service.Op("GetContextKeysForCustomPolicy", x.customKeys),
	}
}

// simulation is one call of the simulator.
type simulation struct {
	principal policyeval.Principal
	policies  policyeval.Policies
	sources   map[*policyeval.Policy]source
	context   policyeval.Map
	boundary  bool
}

type source struct {
	id   string
	kind types.PolicySourceType
}

func invalidInput(format string, args ...any) *service.Error {
	return refused(http.StatusBadRequest, "InvalidInput", format, args...)
}

// sourceRole finds the role whose policies are simulated; a session's ARN is refused, as IAM does.
func (x *IAM) sourceRole(c *service.Call, arn *string) (*role, *service.Error) {
	fields := strings.SplitN(aws.ToString(arn), ":", 6)
	if len(fields) != 6 || fields[2] != "iam" || !strings.HasPrefix(fields[5], "role/") && !strings.HasPrefix(fields[5], "user/") && !strings.HasPrefix(fields[5], "group/") {
		return nil, invalidInput("Invalid Entity Arn: %s does not clearly define entity type and name.", aws.ToString(arn))
	}
	r := x.roleByARN(*arn)
	if r == nil || fields[4] != c.Account {
		return nil, refused(http.StatusNotFound, "NoSuchEntity", "The %s with name %s cannot be found.", strings.SplitN(fields[5], "/", 2)[0], nameIn(*arn))
	}
	return r, nil
}

func (x *IAM) simulatePrincipal(c *service.Call, in *awsiam.SimulatePrincipalPolicyInput) (*awsiam.SimulatePrincipalPolicyOutput, error) {
	r, err := x.sourceRole(c, in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	if in.ResourcePolicy != nil {
		return nil, invalidInput("Resource policy simulation is not supported for roles.")
	}
	s := newSimulation(in.ContextEntries)
	s.principal = policyeval.Principal{Account: c.Account, ARN: r.arn, Role: r.arn}
	s.policies = policyeval.Policies{Identity: slices.Clone(r.rules), Boundary: r.limits}
	s.addRoleSources(r)
	if err := s.addDocuments(in.PolicyInputList, in.PermissionsBoundaryPolicyInputList); err != nil {
		return nil, err
	}
	a := x.account(c.Account)
	a.mu.RLock()
	s.policies.ServiceControl = a.control
	a.mu.RUnlock()
	cut, next, err := pageResults(s.run(in.ActionNames, in.ResourceArns), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &awsiam.SimulatePrincipalPolicyOutput{EvaluationResults: cut, Marker: next, IsTruncated: next != nil}, nil
}

func (x *IAM) simulateCustom(c *service.Call, in *awsiam.SimulateCustomPolicyInput) (*awsiam.SimulateCustomPolicyOutput, error) {
	s := newSimulation(in.ContextEntries)
	s.principal = policyeval.Principal{Account: c.Account}
	if err := s.addDocuments(in.PolicyInputList, in.PermissionsBoundaryPolicyInputList); err != nil {
		return nil, err
	}
	cut, next, err := pageResults(s.run(in.ActionNames, in.ResourceArns), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &awsiam.SimulateCustomPolicyOutput{EvaluationResults: cut, Marker: next, IsTruncated: next != nil}, nil
}

func newSimulation(entries []types.ContextEntry) *simulation {
	s := &simulation{sources: map[*policyeval.Policy]source{}, context: policyeval.Map{}}
	for _, e := range entries {
		s.context[strings.ToLower(aws.ToString(e.ContextKeyName))] = e.ContextKeyValues
	}
	return s
}

// addRoleSources names the role's policies as the simulator does: role_NAME_POLICY for inline ones.
func (s *simulation) addRoleSources(r *role) {
	for name, p := range r.inline {
		s.sources[p] = source{"role_" + r.name + "_" + name, types.PolicySourceTypeRole}
	}
	attached := r.rules[len(r.inline):]
	for i, p := range attached {
		kind := types.PolicySourceTypeUserManaged
		if _, ok := awsManagedPath(r.attached[i]); ok {
			kind = types.PolicySourceTypeAwsManaged
		}
		s.sources[p] = source{nameIn(r.attached[i]), kind}
	}
	s.boundary = r.limits != nil
}

func (s *simulation) addDocuments(policies, boundary []string) *service.Error {
	for i, text := range policies {
		p, err := policyeval.Parse(text, policyeval.Identity)
		if err != nil {
			return invalidInput("Invalid Input Policy: %v", err)
		}
		s.sources[p] = source{"PolicyInputList." + string(rune('1'+i)), types.PolicySourceTypeNone}
		s.policies.Identity = append(s.policies.Identity, p)
	}
	for _, text := range boundary {
		p, err := policyeval.Parse(text, policyeval.Identity)
		if err != nil {
			return invalidInput("Invalid Input Policy: %v", err)
		}
		s.policies.Boundary, s.boundary = []*policyeval.Policy{p}, true
	}
	return nil
}

// pageResults keeps the order of the request, which names of a marker could not.
func pageResults(all []types.EvaluationResult, marker *string, maxItems *int32) ([]types.EvaluationResult, *string, *service.Error) {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	cut, next, err := page(order, func(i int) string { return fmt.Sprintf("%06d", i) }, marker, maxItems)
	if err != nil || len(cut) == 0 {
		return nil, nil, err
	}
	return all[cut[0] : cut[len(cut)-1]+1], next, nil
}

// run answers one result for each action on each resource, in the order of the request.
func (s *simulation) run(actions, resources []string) []types.EvaluationResult {
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	var all []types.EvaluationResult
	for _, action := range actions {
		for _, resource := range resources {
			all = append(all, s.one(action, resource))
		}
	}
	return all
}

func (s *simulation) one(action, resource string) types.EvaluationResult {
	var why policyeval.Explanation
	result := policyeval.Evaluate(&policyeval.Request{
		Principal: s.principal, Action: action, Resource: resource, Context: s.context, Explain: &why,
	}, &s.policies)
	decision := types.PolicyEvaluationDecisionType(result.Decision.String())
	out := types.EvaluationResult{
		EvalActionName: aws.String(action), EvalResourceName: aws.String(resource), EvalDecision: decision,
		MatchedStatements: s.statements(result.Decision, why.Matches),
	}
	if s.boundary {
		out.PermissionsBoundaryDecisionDetail = &types.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: result.BoundaryAllows}
	}
	if s.policies.ServiceControl != nil {
		out.OrganizationsDecisionDetail = &types.OrganizationsDecisionDetail{AllowedByOrganizations: result.Layer != policyeval.LayerServiceControl}
	}
	if resource == "*" {
		out.MissingContextValues = why.Missing
		return out
	}
	out.ResourceSpecificResults = []types.ResourceSpecificResult{{
		EvalResourceName: aws.String(resource), EvalResourceDecision: decision, MatchedStatements: out.MatchedStatements,
		MissingContextValues: why.Missing, PermissionsBoundaryDecisionDetail: out.PermissionsBoundaryDecisionDetail,
	}}
	return out
}

// statements shows what decided; an implicit deny was decided by none.
func (s *simulation) statements(d policyeval.Decision, matches []policyeval.Match) []types.Statement {
	var all []types.Statement
	for _, m := range matches {
		from, known := s.sources[m.Policy]
		if d == policyeval.ImplicitDeny || !known {
			continue
		}
		all = append(all, types.Statement{
			SourcePolicyId: aws.String(from.id), SourcePolicyType: from.kind,
			StartPosition: position(m.Start), EndPosition: position(m.End),
		})
	}
	return all
}

func position(p policyeval.Position) *types.Position {
	return &types.Position{Line: int32(p.Line), Column: int32(p.Column)}
}

func (x *IAM) principalKeys(c *service.Call, in *awsiam.GetContextKeysForPrincipalPolicyInput) (*awsiam.GetContextKeysForPrincipalPolicyOutput, error) {
	r, err := x.sourceRole(c, in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	keys, err := contextKeys(r.rules, in.PolicyInputList)
	if err != nil {
		return nil, err
	}
	return &awsiam.GetContextKeysForPrincipalPolicyOutput{ContextKeyNames: keys}, nil
}

func (x *IAM) customKeys(_ *service.Call, in *awsiam.GetContextKeysForCustomPolicyInput) (*awsiam.GetContextKeysForCustomPolicyOutput, error) {
	keys, err := contextKeys(nil, in.PolicyInputList)
	if err != nil {
		return nil, err
	}
	return &awsiam.GetContextKeysForCustomPolicyOutput{ContextKeyNames: keys}, nil
}

func contextKeys(policies []*policyeval.Policy, documents []string) ([]string, *service.Error) {
	policies = slices.Clone(policies)
	for _, text := range documents {
		p, err := policyeval.Parse(text, policyeval.Identity)
		if err != nil {
			return nil, invalidInput("Invalid Input Policy: %v", err)
		}
		policies = append(policies, p)
	}
	keys := []string{}
	for _, p := range policies {
		keys = append(keys, p.ContextKeys()...)
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}
