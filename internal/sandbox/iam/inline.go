package iam

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func (x *IAM) inlineOperations() []service.Operation {
	return []service.Operation{
		onRole(x, "PutRolePolicy", x.putRolePolicy, func(in *awsiam.PutRolePolicyInput) *string { return in.RoleName }),
		onRole(x, "GetRolePolicy", x.getRolePolicy, func(in *awsiam.GetRolePolicyInput) *string { return in.RoleName }),
		onRole(x, "ListRolePolicies", x.listRolePolicies, func(in *awsiam.ListRolePoliciesInput) *string { return in.RoleName }),
		onRole(x, "DeleteRolePolicy", x.deleteRolePolicy, func(in *awsiam.DeleteRolePolicyInput) *string { return in.RoleName }),
	}
}

func (x *IAM) putRolePolicy(c *service.Call, in *awsiam.PutRolePolicyInput) (*awsiam.PutRolePolicyOutput, error) {
	return &awsiam.PutRolePolicyOutput{}, x.change(c, in.RoleName, func(_ *account, r *role) *service.Error {
		policy, err := x.parsed.parse(aws.ToString(in.PolicyDocument), policyeval.Identity)
		if err != nil {
			return malformed(err)
		}
		r.inline[aws.ToString(in.PolicyName)] = policy
		return nil
	})
}

func noInline(name *string) *service.Error {
	return refused(404, "NoSuchEntity", "The role policy with name %s cannot be found.", aws.ToString(name))
}

func (x *IAM) getRolePolicy(c *service.Call, in *awsiam.GetRolePolicyInput) (*awsiam.GetRolePolicyOutput, error) {
	r := x.role(c.Account, aws.ToString(in.RoleName))
	if r == nil {
		return nil, noRole(aws.ToString(in.RoleName))
	}
	policy := r.inline[aws.ToString(in.PolicyName)]
	if policy == nil {
		return nil, noInline(in.PolicyName)
	}
	return &awsiam.GetRolePolicyOutput{
		RoleName: in.RoleName, PolicyName: in.PolicyName, PolicyDocument: aws.String(encoded(policy)),
	}, nil
}

func (x *IAM) listRolePolicies(c *service.Call, in *awsiam.ListRolePoliciesInput) (*awsiam.ListRolePoliciesOutput, error) {
	r := x.role(c.Account, aws.ToString(in.RoleName))
	if r == nil {
		return nil, noRole(aws.ToString(in.RoleName))
	}
	names := slices.Sorted(maps.Keys(r.inline))
	cut, next, err := page(names, func(s string) string { return s }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &awsiam.ListRolePoliciesOutput{PolicyNames: cut, Marker: next, IsTruncated: next != nil}, nil
}

func (x *IAM) deleteRolePolicy(c *service.Call, in *awsiam.DeleteRolePolicyInput) (*awsiam.DeleteRolePolicyOutput, error) {
	return &awsiam.DeleteRolePolicyOutput{}, x.change(c, in.RoleName, func(_ *account, r *role) *service.Error {
		if r.inline[aws.ToString(in.PolicyName)] == nil {
			return noInline(in.PolicyName)
		}
		delete(r.inline, *in.PolicyName)
		return nil
	})
}
