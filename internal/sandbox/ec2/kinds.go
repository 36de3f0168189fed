package ec2

import "github.com/aws/aws-sdk-go-v2/service/ec2/types"

// The filters of each kind are those of the API reference that a reader of networks uses; others are refused.

func vpcKind() kind[types.Vpc] {
	return kind[types.Vpc]{
		prefix: "vpc-", noun: "vpc ID", parameter: "vpcIds", missing: "InvalidVpcID.NotFound", malformed: "InvalidVpcID.Malformed",
		id:   func(v *types.Vpc) string { return str(v.VpcId) },
		tags: func(v *types.Vpc) []types.Tag { return v.Tags },
		filters: map[string]func(*types.Vpc) []string{
			"vpc-id":          func(v *types.Vpc) []string { return one(v.VpcId) },
			"cidr":            func(v *types.Vpc) []string { return one(v.CidrBlock) },
			"is-default":      func(v *types.Vpc) []string { return flag(v.IsDefault) },
			"isDefault":       func(v *types.Vpc) []string { return flag(v.IsDefault) },
			"dhcp-options-id": func(v *types.Vpc) []string { return one(v.DhcpOptionsId) },
			"owner-id":        func(v *types.Vpc) []string { return one(v.OwnerId) },
			"state":           func(v *types.Vpc) []string { return text(v.State) },
		},
	}
}

func subnetKind() kind[types.Subnet] {
	return kind[types.Subnet]{
		prefix: "subnet-", noun: "subnet ID", parameter: "subnetIds", missing: "InvalidSubnetID.NotFound",
		id:   func(s *types.Subnet) string { return str(s.SubnetId) },
		tags: func(s *types.Subnet) []types.Tag { return s.Tags },
		filters: map[string]func(*types.Subnet) []string{
			"subnet-id":         func(s *types.Subnet) []string { return one(s.SubnetId) },
			"vpc-id":            func(s *types.Subnet) []string { return one(s.VpcId) },
			"availability-zone": func(s *types.Subnet) []string { return one(s.AvailabilityZone) },
			"availabilityZone":  func(s *types.Subnet) []string { return one(s.AvailabilityZone) },
			"cidr-block":        func(s *types.Subnet) []string { return one(s.CidrBlock) },
			"default-for-az":    func(s *types.Subnet) []string { return flag(s.DefaultForAz) },
			"owner-id":          func(s *types.Subnet) []string { return one(s.OwnerId) },
			"state":             func(s *types.Subnet) []string { return text(s.State) },
		},
	}
}

func routeTableKind() kind[types.RouteTable] {
	return kind[types.RouteTable]{
		prefix: "rtb-", noun: "routeTable ID", parameter: "routeTableIds", missing: "InvalidRouteTableID.NotFound", malformed: "InvalidRouteTableId.Malformed",
		id:   func(r *types.RouteTable) string { return str(r.RouteTableId) },
		tags: func(r *types.RouteTable) []types.Tag { return r.Tags },
		filters: map[string]func(*types.RouteTable) []string{
			"route-table-id": func(r *types.RouteTable) []string { return one(r.RouteTableId) },
			"vpc-id":         func(r *types.RouteTable) []string { return one(r.VpcId) },
			"owner-id":       func(r *types.RouteTable) []string { return one(r.OwnerId) },
			"association.main": associated(func(a *types.RouteTableAssociation) []string {
				return flag(a.Main)
			}),
			"association.subnet-id": associated(func(a *types.RouteTableAssociation) []string { return one(a.SubnetId) }),
			"association.route-table-association-id": associated(func(a *types.RouteTableAssociation) []string {
				return one(a.RouteTableAssociationId)
			}),
			"route.destination-cidr-block": routed(func(r *types.Route) []string { return one(r.DestinationCidrBlock) }),
			"route.gateway-id":             routed(func(r *types.Route) []string { return one(r.GatewayId) }),
			"route.nat-gateway-id":         routed(func(r *types.Route) []string { return one(r.NatGatewayId) }),
			"route.state":                  routed(func(r *types.Route) []string { return text(r.State) }),
		},
	}
}

func associated(of func(*types.RouteTableAssociation) []string) func(*types.RouteTable) []string {
	return func(r *types.RouteTable) []string { return each(r.Associations, of) }
}

func routed(of func(*types.Route) []string) func(*types.RouteTable) []string {
	return func(r *types.RouteTable) []string { return each(r.Routes, of) }
}

func each[T any](items []T, of func(*T) []string) []string {
	var out []string
	for i := range items {
		out = append(out, of(&items[i])...)
	}
	return out
}

func natGatewayKind() kind[types.NatGateway] {
	return kind[types.NatGateway]{
		prefix: "nat-", noun: "Nat Gateway", parameter: "natGatewayIds", missing: "NatGatewayNotFound", malformed: "NatGatewayMalformed",
		id:   func(n *types.NatGateway) string { return str(n.NatGatewayId) },
		tags: func(n *types.NatGateway) []types.Tag { return n.Tags },
		filters: map[string]func(*types.NatGateway) []string{
			"nat-gateway-id": func(n *types.NatGateway) []string { return one(n.NatGatewayId) },
			"state":          func(n *types.NatGateway) []string { return text(n.State) },
			"subnet-id":      func(n *types.NatGateway) []string { return one(n.SubnetId) },
			"vpc-id":         func(n *types.NatGateway) []string { return one(n.VpcId) },
		},
	}
}

func endpointKind() kind[types.VpcEndpoint] {
	return kind[types.VpcEndpoint]{
		prefix: "vpce-", noun: "Vpc Endpoint Id", parameter: "vpcEndpointIds", missing: "InvalidVpcEndpointId.NotFound", malformed: "InvalidVpcEndpointId.Malformed",
		id:   func(v *types.VpcEndpoint) string { return str(v.VpcEndpointId) },
		tags: func(v *types.VpcEndpoint) []types.Tag { return v.Tags },
		filters: map[string]func(*types.VpcEndpoint) []string{
			"service-name":       func(v *types.VpcEndpoint) []string { return one(v.ServiceName) },
			"vpc-endpoint-id":    func(v *types.VpcEndpoint) []string { return one(v.VpcEndpointId) },
			"vpc-endpoint-state": func(v *types.VpcEndpoint) []string { return text(v.State) },
			"vpc-endpoint-type":  func(v *types.VpcEndpoint) []string { return text(v.VpcEndpointType) },
			"vpc-id":             func(v *types.VpcEndpoint) []string { return one(v.VpcId) },
		},
	}
}

func addressKind() kind[types.Address] {
	return kind[types.Address]{
		prefix: "eipalloc-", noun: "allocation ID", parameter: "allocationIds", missing: "InvalidAllocationID.NotFound",
		id:   func(a *types.Address) string { return str(a.AllocationId) },
		tags: func(a *types.Address) []types.Tag { return a.Tags },
		filters: map[string]func(*types.Address) []string{
			"allocation-id":        func(a *types.Address) []string { return one(a.AllocationId) },
			"association-id":       func(a *types.Address) []string { return one(a.AssociationId) },
			"domain":               func(a *types.Address) []string { return text(a.Domain) },
			"instance-id":          func(a *types.Address) []string { return one(a.InstanceId) },
			"network-interface-id": func(a *types.Address) []string { return one(a.NetworkInterfaceId) },
			"private-ip-address":   func(a *types.Address) []string { return one(a.PrivateIpAddress) },
			"public-ip":            func(a *types.Address) []string { return one(a.PublicIp) },
		},
	}
}

func interfaceKind() kind[types.NetworkInterface] {
	return kind[types.NetworkInterface]{
		prefix: "eni-", noun: "networkInterface ID", parameter: "networkInterfaceIds", missing: "InvalidNetworkInterfaceID.NotFound", malformed: "InvalidNetworkInterfaceId.Malformed",
		id:   func(n *types.NetworkInterface) string { return str(n.NetworkInterfaceId) },
		tags: func(n *types.NetworkInterface) []types.Tag { return n.TagSet },
		filters: map[string]func(*types.NetworkInterface) []string{
			"description":          func(n *types.NetworkInterface) []string { return one(n.Description) },
			"network-interface-id": func(n *types.NetworkInterface) []string { return one(n.NetworkInterfaceId) },
			"private-ip-address":   func(n *types.NetworkInterface) []string { return one(n.PrivateIpAddress) },
			"addresses.private-ip-address": func(n *types.NetworkInterface) []string {
				return append(one(n.PrivateIpAddress), each(n.PrivateIpAddresses, func(a *types.NetworkInterfacePrivateIpAddress) []string { return one(a.PrivateIpAddress) })...)
			},
			"group-id": func(n *types.NetworkInterface) []string {
				return each(n.Groups, func(g *types.GroupIdentifier) []string { return one(g.GroupId) })
			},
			"interface-type":    func(n *types.NetworkInterface) []string { return text(n.InterfaceType) },
			"requester-id":      func(n *types.NetworkInterface) []string { return one(n.RequesterId) },
			"requester-managed": func(n *types.NetworkInterface) []string { return flag(n.RequesterManaged) },
			"status":            func(n *types.NetworkInterface) []string { return text(n.Status) },
			"subnet-id":         func(n *types.NetworkInterface) []string { return one(n.SubnetId) },
			"vpc-id":            func(n *types.NetworkInterface) []string { return one(n.VpcId) },
		},
	}
}

func securityGroupKind() kind[types.SecurityGroup] {
	return kind[types.SecurityGroup]{
		prefix: "sg-", noun: "security group", parameter: "groupIds", missing: "InvalidGroup.NotFound", malformed: "InvalidGroupId.Malformed",
		id:   func(g *types.SecurityGroup) string { return str(g.GroupId) },
		tags: func(g *types.SecurityGroup) []types.Tag { return g.Tags },
		filters: map[string]func(*types.SecurityGroup) []string{
			"description": func(g *types.SecurityGroup) []string { return one(g.Description) },
			"group-id":    func(g *types.SecurityGroup) []string { return one(g.GroupId) },
			"group-name":  func(g *types.SecurityGroup) []string { return one(g.GroupName) },
			"owner-id":    func(g *types.SecurityGroup) []string { return one(g.OwnerId) },
			"vpc-id":      func(g *types.SecurityGroup) []string { return one(g.VpcId) },
		},
	}
}
