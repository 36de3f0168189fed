package inventory

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// Key reads a key alone, without its rotation, policy and grants.
func (i *Inspector) Key(ctx context.Context, l resource.Location, arn string) resource.Fact[resource.Key] {
	parsed, err := resource.ParseARN(arn)
	if err != nil {
		return resource.Unknown[resource.Key](failed(opDescribeKey, err.Error()))
	}
	if strings.HasPrefix(parsed.Resource, "alias/aws/") {
		return resource.Known(awsManaged(parsed)) // describing one without a key would make it
	}
	s := newInspection(i, nil).site(ctx, l)
	if s.err != nil {
		return unread[resource.Key](s.err, opAssumeRole)
	}
	read := keyRead{kms: i.session.KMS, place: s.placeOf(ctx, parsed)}
	key, err := read.describe(ctx, arn)
	switch {
	case awsapi.IsNotFound(err):
		return resource.Absent[resource.Key]()
	case err != nil:
		return unread[resource.Key](err, opDescribeKey)
	}
	return resource.Known(key)
}

// Role is the ARN of a role of the location's account, given as an ARN or a bare name; absent: it is gone.
func (i *Inspector) Role(ctx context.Context, l resource.Location, role string) resource.Fact[string] {
	_, p, err := i.enter(ctx, l)
	if err != nil {
		return unread[string](err, opAssumeRole)
	}
	name := role[strings.LastIndex(role, "/")+1:]
	out, err := awsapi.Read(ctx, p, opGetRole, i.session.IAM.GetRole, &iam.GetRoleInput{RoleName: &name}, p.IAM())
	switch {
	case awsapi.IsNotFound(err):
		return resource.Absent[string]()
	case err != nil:
		return unread[string](err, opGetRole)
	case out.Role == nil || aws.ToString(out.Role.Arn) == "":
		return resource.Unknown[string](failed(opGetRole, "the answer holds no role"))
	case strings.HasPrefix(role, "arn:") && *out.Role.Arn != role: // of that name, with another path
		return resource.Absent[string]()
	}
	return resource.Known(*out.Role.Arn)
}
