package iam

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func (x *IAM) attachOperations() []service.Operation {
	return []service.Operation{
		onRole(x, "AttachRolePolicy", x.attachRolePolicy, func(in *awsiam.AttachRolePolicyInput) *string { return in.RoleName }),
		onRole(x, "DetachRolePolicy", x.detachRolePolicy, func(in *awsiam.DetachRolePolicyInput) *string { return in.RoleName }),
		onRole(x, "ListAttachedRolePolicies", x.listAttached, func(in *awsiam.ListAttachedRolePoliciesInput) *string { return in.RoleName }),
	}
}

func (x *IAM) attachRolePolicy(c *service.Call, in *awsiam.AttachRolePolicyInput) (*awsiam.AttachRolePolicyOutput, error) {
	return &awsiam.AttachRolePolicyOutput{}, x.change(c, in.RoleName, func(a *account, r *role) *service.Error {
		arn := aws.ToString(in.PolicyArn)
		if x.managedIn(a, arn) == nil {
			return refused(404, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
		}
		if slices.Contains(r.attached, arn) {
			return nil
		}
		if len(r.attached) == maxAttached {
			return refused(409, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", maxAttached)
		}
		r.attached = append(r.attached, arn)
		slices.Sort(r.attached)
		return nil
	})
}

func (x *IAM) detachRolePolicy(c *service.Call, in *awsiam.DetachRolePolicyInput) (*awsiam.DetachRolePolicyOutput, error) {
	return &awsiam.DetachRolePolicyOutput{}, x.change(c, in.RoleName, func(_ *account, r *role) *service.Error {
		i := slices.Index(r.attached, aws.ToString(in.PolicyArn))
		if i < 0 {
			return noPolicy(aws.ToString(in.PolicyArn))
		}
		r.attached = slices.Delete(r.attached, i, i+1)
		return nil
	})
}

func (x *IAM) listAttached(c *service.Call, in *awsiam.ListAttachedRolePoliciesInput) (*awsiam.ListAttachedRolePoliciesOutput, error) {
	r := x.role(c.Account, aws.ToString(in.RoleName))
	if r == nil {
		return nil, noRole(aws.ToString(in.RoleName))
	}
	cut, next, err := page(r.attached, func(s string) string { return s }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &awsiam.ListAttachedRolePoliciesOutput{Marker: next, IsTruncated: next != nil}
	for _, arn := range cut {
		out.AttachedPolicies = append(out.AttachedPolicies, types.AttachedPolicy{
			PolicyArn: aws.String(arn), PolicyName: aws.String(nameIn(arn)),
		})
	}
	return out, nil
}
