package ec2

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func (e *EC2) describeVpcs(c *service.Call, in *ec2.DescribeVpcsInput) (out *ec2.DescribeVpcsOutput, err error) {
	out = &ec2.DescribeVpcsOutput{}
	e.read(c.Account, c.Region, func(n *network) {
		out.Vpcs, out.NextToken, err = describe(n.vpcs, vpcKind(), request{in.VpcIds, in.Filters, in.DryRun, in.MaxResults, in.NextToken})
	})
	return out, err
}

func (e *EC2) describeSubnets(c *service.Call, in *ec2.DescribeSubnetsInput) (out *ec2.DescribeSubnetsOutput, err error) {
	out = &ec2.DescribeSubnetsOutput{}
	e.read(c.Account, c.Region, func(n *network) {
		out.Subnets, out.NextToken, err = describe(n.subnets, subnetKind(), request{in.SubnetIds, in.Filters, in.DryRun, in.MaxResults, in.NextToken})
	})
	return out, err
}

func (e *EC2) describeRouteTables(c *service.Call, in *ec2.DescribeRouteTablesInput) (out *ec2.DescribeRouteTablesOutput, err error) {
	out = &ec2.DescribeRouteTablesOutput{}
	e.read(c.Account, c.Region, func(n *network) {
		out.RouteTables, out.NextToken, err = describe(n.routeTables, routeTableKind(), request{in.RouteTableIds, in.Filters, in.DryRun, in.MaxResults, in.NextToken})
	})
	return out, err
}

func (e *EC2) describeNatGateways(c *service.Call, in *ec2.DescribeNatGatewaysInput) (out *ec2.DescribeNatGatewaysOutput, err error) {
	out = &ec2.DescribeNatGatewaysOutput{}
	e.read(c.Account, c.Region, func(n *network) {
		out.NatGateways, out.NextToken, err = describe(n.natGateways, natGatewayKind(), request{in.NatGatewayIds, in.Filter, in.DryRun, in.MaxResults, in.NextToken})
	})
	return out, err
}

func (e *EC2) describeVpcEndpoints(c *service.Call, in *ec2.DescribeVpcEndpointsInput) (out *ec2.DescribeVpcEndpointsOutput, err error) {
	out = &ec2.DescribeVpcEndpointsOutput{}
	e.read(c.Account, c.Region, func(n *network) {
		out.VpcEndpoints, out.NextToken, err = describe(n.endpoints, endpointKind(), request{in.VpcEndpointIds, in.Filters, in.DryRun, in.MaxResults, in.NextToken})
	})
	return out, err
}

// describeAddresses answers in one page: the operation has no paging.
func (e *EC2) describeAddresses(c *service.Call, in *ec2.DescribeAddressesInput) (out *ec2.DescribeAddressesOutput, err error) {
	out = &ec2.DescribeAddressesOutput{}
	e.read(c.Account, c.Region, func(n *network) {
		have := n.addresses
		for _, ip := range in.PublicIps {
			if !slices.ContainsFunc(have, func(a types.Address) bool { return str(a.PublicIp) == ip }) {
				err = service.Errorf("InvalidAddress.NotFound", "Address '%s' not found.", ip)
				return
			}
		}
		if len(in.PublicIps) > 0 {
			have = slices.DeleteFunc(slices.Clone(have), func(a types.Address) bool { return !slices.Contains(in.PublicIps, str(a.PublicIp)) })
		}
		out.Addresses, _, err = describe(have, addressKind(), request{ids: in.AllocationIds, filters: in.Filters, dryRun: in.DryRun})
	})
	return out, err
}

func (e *EC2) describeNetworkInterfaces(c *service.Call, in *ec2.DescribeNetworkInterfacesInput) (out *ec2.DescribeNetworkInterfacesOutput, err error) {
	out = &ec2.DescribeNetworkInterfacesOutput{}
	e.read(c.Account, c.Region, func(n *network) {
		out.NetworkInterfaces, out.NextToken, err = describe(n.interfaces, interfaceKind(), request{in.NetworkInterfaceIds, in.Filters, in.DryRun, in.MaxResults, in.NextToken})
	})
	return out, err
}

func (e *EC2) describeSecurityGroups(c *service.Call, in *ec2.DescribeSecurityGroupsInput) (out *ec2.DescribeSecurityGroupsOutput, err error) {
	out = &ec2.DescribeSecurityGroupsOutput{}
	e.read(c.Account, c.Region, func(n *network) {
		have := n.securityGroups
		for _, name := range in.GroupNames {
			if !slices.ContainsFunc(have, func(g types.SecurityGroup) bool { return str(g.GroupName) == name }) {
				err = service.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist in default VPC '%s'", name, DefaultVPC(c.Account, c.Region))
				return
			}
		}
		if len(in.GroupNames) > 0 {
			have = slices.DeleteFunc(slices.Clone(have), func(g types.SecurityGroup) bool { return !slices.Contains(in.GroupNames, str(g.GroupName)) })
		}
		out.SecurityGroups, out.NextToken, err = describe(have, securityGroupKind(), request{in.GroupIds, in.Filters, in.DryRun, in.MaxResults, in.NextToken})
	})
	return out, err
}
