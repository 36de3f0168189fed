package inventory

import (
	"context"
	"net/url"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opGetRole       = "iam:GetRole"
	opRolePolicies  = "iam:ListRolePolicies"
	opRolePolicy    = "iam:GetRolePolicy"
	opAttached      = "iam:ListAttachedRolePolicies"
	opPolicy        = "iam:GetPolicy"
	opPolicyVersion = "iam:GetPolicyVersion"
)

// role is a resource's role, as an ARN or (transforms take that too) a bare name.
func (s *site) role(ctx context.Context, arn string) resource.Fact[resource.Role] {
	return s.roles.get(roleID{s.place.Location.Account, arn}, func() resource.Fact[resource.Role] {
		name := arn
		if parsed, err := resource.ParseARN(arn); err == nil {
			if parsed.Account != s.place.Location.Account {
				return resource.Unknown[resource.Role](resource.Failure{
					Operation: opGetRole, Class: resource.Skipped, Message: "the role is of another account: " + parsed.Account,
				})
			}
			name = parsed.Resource[strings.LastIndex(parsed.Resource, "/")+1:]
		}
		return s.readRole(ctx, name, arn)
	})
}

func (s *site) readRole(ctx context.Context, name, asked string) resource.Fact[resource.Role] {
	p := s.place
	out, err := awsapi.Read(ctx, p, opGetRole, s.session.IAM.GetRole, &iam.GetRoleInput{RoleName: &name}, p.IAM())
	switch {
	case awsapi.IsNotFound(err):
		return resource.Absent[resource.Role]()
	case err != nil:
		return unread[resource.Role](err, opGetRole)
	case out.Role == nil || aws.ToString(out.Role.Arn) == "":
		return resource.Unknown[resource.Role](failed(opGetRole, "the answer holds no role"))
	case strings.HasPrefix(asked, "arn:") && *out.Role.Arn != asked: // of that name, with another path
		return resource.Absent[resource.Role]()
	}
	trust, err := url.PathUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument))
	if err != nil || trust == "" {
		return resource.Unknown[resource.Role](failed(opGetRole, "the answer holds no trust policy that can be read"))
	}
	role := resource.Role{ARN: *out.Role.Arn, TrustPolicy: trust, Boundary: resource.Absent[string]()}
	var reading sync.WaitGroup
	if b := out.Role.PermissionsBoundary; b != nil {
		reading.Go(func() { role.Boundary = s.policy(ctx, aws.ToString(b.PermissionsBoundaryArn)) })
	}
	role.Policies = s.rolePolicies(ctx, name)
	reading.Wait()
	return resource.Known(role)
}

// rolePolicies are the texts of all policies of a role, or unknown when any of them is.
func (s *site) rolePolicies(ctx context.Context, name string) resource.Fact[[]string] {
	var attached, inline []resource.Fact[string]
	var attachedErr, inlineErr error
	var reading sync.WaitGroup
	reading.Go(func() { attached, attachedErr = s.attachedPolicies(ctx, name) })
	inline, inlineErr = s.inlinePolicies(ctx, name)
	reading.Wait()
	switch {
	case inlineErr != nil:
		return unread[[]string](inlineErr, opRolePolicies)
	case attachedErr != nil:
		return unread[[]string](attachedErr, opAttached)
	}
	texts := []string{}
	for _, fact := range append(inline, attached...) {
		text, ok := fact.Value()
		if !ok {
			return resource.Unknown[[]string](fact.Failure())
		}
		texts = append(texts, text)
	}
	return resource.Known(texts)
}

func (s *site) inlinePolicies(ctx context.Context, role string) ([]resource.Fact[string], error) {
	p := s.place
	var names []string
	_, err := pages(func(token *string) (*string, error) {
		in := &iam.ListRolePoliciesInput{RoleName: &role, Marker: token}
		out, err := awsapi.Read(ctx, p, opRolePolicies, s.session.IAM.ListRolePolicies, in, p.IAM())
		if err != nil {
			return nil, err
		}
		names = append(names, out.PolicyNames...)
		return more(out.IsTruncated, out.Marker)
	})
	if err != nil {
		return nil, err
	}
	return each(names, func(name string) resource.Fact[string] {
		in := &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name}
		out, err := awsapi.Read(ctx, p, opRolePolicy, s.session.IAM.GetRolePolicy, in, p.IAM())
		if err != nil {
			return unread[string](err, opRolePolicy)
		}
		return document(out.PolicyDocument, opRolePolicy)
	}), nil
}

func (s *site) attachedPolicies(ctx context.Context, role string) ([]resource.Fact[string], error) {
	p := s.place
	var arns []string
	_, err := pages(func(token *string) (*string, error) {
		in := &iam.ListAttachedRolePoliciesInput{RoleName: &role, Marker: token}
		out, err := awsapi.Read(ctx, p, opAttached, s.session.IAM.ListAttachedRolePolicies, in, p.IAM())
		if err != nil {
			return nil, err
		}
		for i := range out.AttachedPolicies {
			arns = append(arns, aws.ToString(out.AttachedPolicies[i].PolicyArn))
		}
		return more(out.IsTruncated, out.Marker)
	})
	if err != nil {
		return nil, err
	}
	return each(arns, func(arn string) resource.Fact[string] { return s.policy(ctx, arn) }), nil
}

// policy is the text of a managed policy's version in force. It is never absent: what is attached exists.
func (s *site) policy(ctx context.Context, arn string) resource.Fact[string] {
	p := s.place
	return s.policies.get(roleID{p.Location.Account, arn}, func() resource.Fact[string] {
		out, err := awsapi.Read(ctx, p, opPolicy, s.session.IAM.GetPolicy, &iam.GetPolicyInput{PolicyArn: &arn}, p.IAM())
		switch {
		case err != nil:
			return unread[string](err, opPolicy)
		case out.Policy == nil || out.Policy.DefaultVersionId == nil:
			return resource.Unknown[string](failed(opPolicy, "the answer does not name the version in force of "+arn))
		}
		in := &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: out.Policy.DefaultVersionId}
		version, err := awsapi.Read(ctx, p, opPolicyVersion, s.session.IAM.GetPolicyVersion, in, p.IAM())
		switch {
		case err != nil:
			return unread[string](err, opPolicyVersion)
		case version.PolicyVersion == nil:
			return resource.Unknown[string](failed(opPolicyVersion, "the answer holds no version of "+arn))
		}
		return document(version.PolicyVersion.Document, opPolicyVersion)
	})
}

// document is a policy's text, which IAM sends percent-encoded.
func document(encoded *string, operation string) resource.Fact[string] {
	text, err := url.PathUnescape(aws.ToString(encoded))
	if err != nil || text == "" {
		return resource.Unknown[string](failed(operation, "the answer holds no policy that can be read"))
	}
	return resource.Known(text)
}

// atOnce bounds the reads that one list of things starts together.
const atOnce = 8

// each reads every element, some at a time, and keeps their order.
func each[E, R any](list []E, read func(E) R) []R {
	results := make([]R, len(list))
	slots := make(chan struct{}, atOnce)
	var reading sync.WaitGroup
	for i := range list {
		slots <- struct{}{}
		reading.Go(func() {
			results[i] = read(list[i])
			<-slots
		})
	}
	reading.Wait()
	return results
}
