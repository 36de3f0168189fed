package iam

import (
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const maxVersions = 5

// changePolicy replaces a customer's policy by an edited copy and brings the roles that use it up to date.
func (x *IAM) changePolicy(c *service.Call, arn *string, edit func(*managed) *service.Error) error {
	if _, ok := awsManagedPath(aws.ToString(arn)); ok {
		return refused(403, "AccessDenied", "User: %s is not authorized to perform: iam:%s on resource: policy %s", c.Principal.ARN, c.Operation, *arn)
	}
	a := x.account(c.Account)
	a.mu.Lock()
	defer a.mu.Unlock()
	m := a.policies[aws.ToString(arn)]
	if m == nil {
		return noPolicy(aws.ToString(arn))
	}
	m = m.clone()
	if err := edit(m); err != nil {
		return err
	}
	m.updated = c.Now
	a.policies[m.arn] = m
	for name, r := range a.roles {
		if r.boundary == m.arn || slices.Contains(r.attached, m.arn) {
			r = r.clone()
			x.compile(a, r)
			a.roles[name] = r
		}
	}
	return nil
}

func (v *policyVersion) describe(isDefault, document bool) *types.PolicyVersion {
	out := &types.PolicyVersion{VersionId: aws.String(v.id), CreateDate: aws.Time(v.created), IsDefaultVersion: isDefault}
	if document {
		out.Document = aws.String(encoded(v.policy))
	}
	return out
}

func (x *IAM) createVersion(c *service.Call, in *awsiam.CreatePolicyVersionInput) (*awsiam.CreatePolicyVersionOutput, error) {
	policy, err := x.parsed.parse(aws.ToString(in.PolicyDocument), policyeval.Identity)
	if err != nil {
		return nil, malformed(err)
	}
	out := &awsiam.CreatePolicyVersionOutput{}
	return out, x.changePolicy(c, in.PolicyArn, func(m *managed) *service.Error {
		if len(m.versions) == maxVersions {
			return refused(409, "LimitExceeded", "A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
		}
		v := policyVersion{id: "v" + strconv.Itoa(m.next), created: c.Now, policy: policy}
		m.next++
		m.versions = append(m.versions, v)
		if in.SetAsDefault {
			m.fallback = v.id
		}
		out.PolicyVersion = v.describe(in.SetAsDefault, false)
		return nil
	})
}

func noVersion(arn, id *string) *service.Error {
	return refused(404, "NoSuchEntity", "Policy %s version %s does not exist or is not attachable.", aws.ToString(arn), aws.ToString(id))
}

func (x *IAM) getVersion(c *service.Call, in *awsiam.GetPolicyVersionInput) (*awsiam.GetPolicyVersionOutput, error) {
	a := x.account(c.Account)
	a.mu.RLock()
	defer a.mu.RUnlock()
	m, err := x.findPolicy(a, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v := m.version(aws.ToString(in.VersionId))
	if v == nil {
		return nil, noVersion(in.PolicyArn, in.VersionId)
	}
	return &awsiam.GetPolicyVersionOutput{PolicyVersion: v.describe(v.id == m.fallback, true)}, nil
}

func (x *IAM) listVersions(c *service.Call, in *awsiam.ListPolicyVersionsInput) (*awsiam.ListPolicyVersionsOutput, error) {
	a := x.account(c.Account)
	a.mu.RLock()
	defer a.mu.RUnlock()
	m, err := x.findPolicy(a, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := &awsiam.ListPolicyVersionsOutput{}
	for i := range slices.Backward(m.versions) {
		out.Versions = append(out.Versions, *m.versions[i].describe(m.versions[i].id == m.fallback, false))
	}
	return out, nil
}

func (x *IAM) setDefaultVersion(c *service.Call, in *awsiam.SetDefaultPolicyVersionInput) (*awsiam.SetDefaultPolicyVersionOutput, error) {
	return &awsiam.SetDefaultPolicyVersionOutput{}, x.changePolicy(c, in.PolicyArn, func(m *managed) *service.Error {
		if m.version(aws.ToString(in.VersionId)) == nil {
			return noVersion(in.PolicyArn, in.VersionId)
		}
		m.fallback = *in.VersionId
		return nil
	})
}

func (x *IAM) deleteVersion(c *service.Call, in *awsiam.DeletePolicyVersionInput) (*awsiam.DeletePolicyVersionOutput, error) {
	return &awsiam.DeletePolicyVersionOutput{}, x.changePolicy(c, in.PolicyArn, func(m *managed) *service.Error {
		id := aws.ToString(in.VersionId)
		switch {
		case m.version(id) == nil:
			return noVersion(in.PolicyArn, in.VersionId)
		case id == m.fallback:
			return refused(409, "DeleteConflict", "Cannot delete the default version of a policy.")
		}
		m.versions = slices.DeleteFunc(m.versions, func(v policyVersion) bool { return v.id == id })
		return nil
	})
}
