package inventory

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opStackResources = "cloudformation:DescribeStackResources"
	stackTag         = "aws:cloudformation:stack-name"
	// stackResources is how many resources of a stack one answer holds; it has no pages.
	stackResources = 100
)

// stack is the name of the stack that owns a resource. The resource's tags say it; CloudFormation is asked where they
// don't, since a resource made while its type took no tags has none.
func (s *site) stack(ctx context.Context, t resource.Type, physical string, tags map[string]string) resource.Fact[string] {
	if name := tags[stackTag]; name != "" {
		return resource.Known(name)
	}
	in := &cloudformation.DescribeStackResourcesInput{PhysicalResourceId: &physical}
	p := s.place
	out, err := awsapi.Read(ctx, p, opStackResources, s.session.CloudFormation.DescribeStackResources, in, p.CloudFormation())
	switch {
	case awsapi.Code(err) == "ValidationError": // how it says that no stack has such a resource
		return resource.Absent[string]()
	case err != nil:
		return unread[string](err, opStackResources)
	}
	if len(out.StackResources) == 0 { // it refuses when there are none
		return resource.Unknown[string](failed(opStackResources, "the answer lists no resources"))
	}
	for i := range out.StackResources {
		r := &out.StackResources[i]
		// Another type of resource may have the same name.
		if aws.ToString(r.PhysicalResourceId) == physical && aws.ToString(r.ResourceType) == string(t) {
			return resource.Known(cmp.Or(aws.ToString(r.StackName), aws.ToString(r.StackId), "(without a name)"))
		}
	}
	if len(out.StackResources) >= stackResources {
		return resource.Unknown[string](failed(opStackResources, "the answer holds the first resources of a large stack only, and not the one asked for"))
	}
	return resource.Absent[string]()
}
