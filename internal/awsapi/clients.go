package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// call is one operation of a service.
type call[In, Out, Option any] = func(context.Context, *In, ...func(*Option)) (*Out, error)

// Large services that are only read are here as the operations that are called. A client that reflection could come by
// keeps each of its methods in the program as soon as anything, templates among it, calls methods by name: EC2's seven
// hundred operations alone were a third of it. Functions hide the client that they belong to.
type (
	// EC2 is what is called of the service.
	EC2 struct {
		DescribeNetworkInterfaces call[ec2.DescribeNetworkInterfacesInput, ec2.DescribeNetworkInterfacesOutput, ec2.Options]
		DescribeRegions           call[ec2.DescribeRegionsInput, ec2.DescribeRegionsOutput, ec2.Options]
		DescribeRouteTables       call[ec2.DescribeRouteTablesInput, ec2.DescribeRouteTablesOutput, ec2.Options]
		DescribeSubnets           call[ec2.DescribeSubnetsInput, ec2.DescribeSubnetsOutput, ec2.Options]
		DescribeVpcEndpoints      call[ec2.DescribeVpcEndpointsInput, ec2.DescribeVpcEndpointsOutput, ec2.Options]
	}

	// IAM is what is called of the service.
	IAM struct {
		GetPolicy                call[iam.GetPolicyInput, iam.GetPolicyOutput, iam.Options]
		GetPolicyVersion         call[iam.GetPolicyVersionInput, iam.GetPolicyVersionOutput, iam.Options]
		GetRole                  call[iam.GetRoleInput, iam.GetRoleOutput, iam.Options]
		GetRolePolicy            call[iam.GetRolePolicyInput, iam.GetRolePolicyOutput, iam.Options]
		ListAttachedRolePolicies call[iam.ListAttachedRolePoliciesInput, iam.ListAttachedRolePoliciesOutput, iam.Options]
		ListRolePolicies         call[iam.ListRolePoliciesInput, iam.ListRolePoliciesOutput, iam.Options]
		ListRoles                call[iam.ListRolesInput, iam.ListRolesOutput, iam.Options]
		SimulatePrincipalPolicy  call[iam.SimulatePrincipalPolicyInput, iam.SimulatePrincipalPolicyOutput, iam.Options]
	}

	// CloudFormation is what is called of the service.
	CloudFormation struct {
		DescribeStackResources call[cloudformation.DescribeStackResourcesInput, cloudformation.DescribeStackResourcesOutput, cloudformation.Options]
	}
)

func newEC2(c *ec2.Client) EC2 {
	return EC2{
		DescribeNetworkInterfaces: c.DescribeNetworkInterfaces,
		DescribeRegions:           c.DescribeRegions,
		DescribeRouteTables:       c.DescribeRouteTables,
		DescribeSubnets:           c.DescribeSubnets,
		DescribeVpcEndpoints:      c.DescribeVpcEndpoints,
	}
}

func newIAM(c *iam.Client) IAM {
	return IAM{
		GetPolicy:                c.GetPolicy,
		GetPolicyVersion:         c.GetPolicyVersion,
		GetRole:                  c.GetRole,
		GetRolePolicy:            c.GetRolePolicy,
		ListAttachedRolePolicies: c.ListAttachedRolePolicies,
		ListRolePolicies:         c.ListRolePolicies,
		ListRoles:                c.ListRoles,
		SimulatePrincipalPolicy:  c.SimulatePrincipalPolicy,
	}
}

func newCloudFormation(c *cloudformation.Client) CloudFormation {
	return CloudFormation{
		DescribeStackResources: c.DescribeStackResources,
	}
}
