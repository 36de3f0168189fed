package inventory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opSubnets      = "ec2:DescribeSubnets"
	opRouteTables  = "ec2:DescribeRouteTables"
	opVPCEndpoints = "ec2:DescribeVpcEndpoints"
	opInterfaces   = "ec2:DescribeNetworkInterfaces"
)

func filter(name, value string) types.Filter {
	return types.Filter{Name: &name, Values: []string{value}}
}

// subnet is where an endpoint is; absent: in none.
func (s *site) subnet(ctx context.Context, id string) resource.Fact[resource.Subnet] {
	if id == "" {
		return resource.Absent[resource.Subnet]()
	}
	return s.subnets.get(id, func() resource.Fact[resource.Subnet] {
		p := s.place
		in := &ec2.DescribeSubnetsInput{SubnetIds: []string{id}}
		out, err := awsapi.Read(ctx, p, opSubnets, s.session.EC2.DescribeSubnets, in, p.EC2())
		switch {
		case err != nil: // a subnet that does not exist too: absent would say that the endpoint is in none
			return unread[resource.Subnet](err, opSubnets)
		case len(out.Subnets) != 1 || out.Subnets[0].AvailableIpAddressCount == nil || aws.ToString(out.Subnets[0].VpcId) == "":
			return resource.Unknown[resource.Subnet](failed(opSubnets, "the answer does not describe subnet "+id))
		}
		found := resource.Subnet{ID: id, VPCID: *out.Subnets[0].VpcId, FreeAddresses: int(*out.Subnets[0].AvailableIpAddressCount)}
		found.RouteToKMS = s.routeToKMS(ctx, found)
		return resource.Known(found)
	})
}

// routeToKMS is how KMS is reached from a subnet: a VPC endpoint for it with private DNS, else the way out of the VPC.
func (s *site) routeToKMS(ctx context.Context, subnet resource.Subnet) resource.Fact[string] {
	var out resource.Fact[string]
	var reading sync.WaitGroup
	reading.Go(func() { out = s.wayOut(ctx, subnet) })
	endpoint := s.endpointForKMS(ctx, subnet)
	reading.Wait()
	switch {
	case endpoint.IsKnown():
		return endpoint
	case out.IsKnown():
		return out
	case endpoint.IsUnknown():
		return endpoint
	}
	return out
}

func (s *site) endpointForKMS(ctx context.Context, subnet resource.Subnet) resource.Fact[string] {
	p, found := s.place, ""
	_, err := pages(func(token *string) (*string, error) {
		in := &ec2.DescribeVpcEndpointsInput{Filters: []types.Filter{filter("vpc-id", subnet.VPCID)}, NextToken: token}
		out, err := awsapi.Read(ctx, p, opVPCEndpoints, s.session.EC2.DescribeVpcEndpoints, in, p.EC2())
		if err != nil {
			return nil, err
		}
		for i := range out.VpcEndpoints {
			v := &out.VpcEndpoints[i]
			// AWS writes states in small letters where its own type has capitals.
			if strings.HasSuffix(aws.ToString(v.ServiceName), "."+p.Location.Region+".kms") &&
				strings.EqualFold(string(v.State), string(types.StateAvailable)) && aws.ToBool(v.PrivateDnsEnabled) {
				found = cmp.Or(found, aws.ToString(v.VpcEndpointId))
			}
		}
		return out.NextToken, nil
	})
	switch {
	case err != nil:
		return unread[string](err, opVPCEndpoints)
	case found == "":
		return resource.Absent[string]()
	}
	return resource.Known("vpc endpoint " + found)
}

// wayOut is the way out of the VPC by the subnet's own route table, or the VPC's main one where it has none of its own.
func (s *site) wayOut(ctx context.Context, subnet resource.Subnet) resource.Fact[string] {
	tables, err := s.routeTables(ctx, filter("association.subnet-id", subnet.ID))
	if err == nil && len(tables) == 0 {
		tables, err = s.routeTables(ctx, filter("association.main", "true"), filter("vpc-id", subnet.VPCID))
	}
	switch {
	case err != nil:
		return unread[string](err, opRouteTables)
	case len(tables) == 0:
		return resource.Unknown[string](failed(opRouteTables, "the answers hold no route table of subnet "+subnet.ID))
	}
	return throughRoutes(tables[0].Routes)
}

func (s *site) routeTables(ctx context.Context, filters ...types.Filter) ([]types.RouteTable, error) {
	p := s.place
	var tables []types.RouteTable
	_, err := pages(func(token *string) (*string, error) {
		in := &ec2.DescribeRouteTablesInput{Filters: filters, NextToken: token}
		out, err := awsapi.Read(ctx, p, opRouteTables, s.session.EC2.DescribeRouteTables, in, p.EC2())
		if err != nil {
			return nil, err
		}
		tables = append(tables, out.RouteTables...)
		return out.NextToken, nil
	})
	return tables, err
}

// throughRoutes is absent only when every route stays inside. Where routes lead to what can't be judged from here, it is
// unknown: an internet gateway serves public addresses only, which Glue's interfaces do not have by themselves, and a
// transit gateway or another network may or may not lead on.
func throughRoutes(routes []types.Route) resource.Fact[string] {
	elsewhere := ""
	for i := range routes {
		r := &routes[i]
		if r.State == types.RouteStateBlackhole {
			continue
		}
		everywhere := aws.ToString(r.DestinationCidrBlock) == "0.0.0.0/0"
		if nat := aws.ToString(r.NatGatewayId); nat != "" && everywhere {
			return resource.Known("nat " + nat)
		}
		elsewhere = cmp.Or(elsewhere, beyond(r))
	}
	if elsewhere == "" {
		return resource.Absent[string]()
	}
	return resource.Unknown[string](failed(opRouteTables, "a route leads to "+elsewhere+", and whether KMS is reached that way can't be told"))
}

// beyond names what a route leads to outside of the VPC, where that is not a NAT gateway.
func beyond(r *types.Route) string {
	gateway := aws.ToString(r.GatewayId)
	if gateway == "local" || strings.HasPrefix(gateway, "vpce-") {
		gateway = ""
	}
	return cmp.Or(
		gateway, aws.ToString(r.TransitGatewayId), aws.ToString(r.VpcPeeringConnectionId), aws.ToString(r.NetworkInterfaceId),
		aws.ToString(r.InstanceId), aws.ToString(r.LocalGatewayId), aws.ToString(r.CarrierGatewayId), aws.ToString(r.CoreNetworkArn),
		aws.ToString(r.NatGatewayId),
	)
}

// elasticIP is the address that was attached by hand to the endpoint's interface.
func (s *site) elasticIP(ctx context.Context, d resource.EndpointDetail) resource.Fact[string] {
	if d.Definition.SubnetID == "" || d.PrivateAddress == "" {
		return resource.Absent[string]() // no interface of its own in the account's network
	}
	p := s.place
	var found []types.NetworkInterface
	_, err := pages(func(token *string) (*string, error) {
		in := &ec2.DescribeNetworkInterfacesInput{NextToken: token, Filters: []types.Filter{
			filter("subnet-id", d.Definition.SubnetID), filter("addresses.private-ip-address", d.PrivateAddress),
		}}
		out, err := awsapi.Read(ctx, p, opInterfaces, s.session.EC2.DescribeNetworkInterfaces, in, p.EC2())
		if err != nil {
			return nil, err
		}
		found = append(found, out.NetworkInterfaces...)
		return out.NextToken, nil
	})
	switch {
	case err != nil:
		return unread[string](err, opInterfaces)
	case len(found) == 0:
		return resource.Unknown[string](failed(opInterfaces, "the endpoint's interface with address "+d.PrivateAddress+" was not found"))
	}
	// An address that AWS lends for the interface's life is its own and has no allocation.
	attached := slices.IndexFunc(found, func(n types.NetworkInterface) bool {
		return n.Association != nil && aws.ToString(n.Association.IpOwnerId) != "amazon" && aws.ToString(n.Association.PublicIp) != ""
	})
	if attached < 0 {
		return resource.Absent[string]()
	}
	return resource.Known(*found[attached].Association.PublicIp)
}
