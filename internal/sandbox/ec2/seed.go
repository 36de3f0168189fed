package ec2

import "github.com/aws/aws-sdk-go-v2/service/ec2/types"

// PutVpc adds a VPC or replaces the one that has its id, as all Put methods do.
func (e *EC2) PutVpc(account, region string, v types.Vpc) {
	e.change(account, region, func(n *network) { put(&n.vpcs, vpcKind().id, v) })
}

// PutSubnet adds or replaces a subnet. AvailableIpAddressCount is what a preflight reads.
func (e *EC2) PutSubnet(account, region string, s types.Subnet) {
	e.change(account, region, func(n *network) { put(&n.subnets, subnetKind().id, s) })
}

// PutRouteTable adds or replaces a route table.
func (e *EC2) PutRouteTable(account, region string, r types.RouteTable) {
	e.change(account, region, func(n *network) { put(&n.routeTables, routeTableKind().id, r) })
}

// PutNatGateway adds or replaces a NAT gateway.
func (e *EC2) PutNatGateway(account, region string, g types.NatGateway) {
	e.change(account, region, func(n *network) { put(&n.natGateways, natGatewayKind().id, g) })
}

// PutVpcEndpoint adds or replaces a VPC endpoint.
func (e *EC2) PutVpcEndpoint(account, region string, v types.VpcEndpoint) {
	e.change(account, region, func(n *network) { put(&n.endpoints, endpointKind().id, v) })
}

// PutAddress adds or replaces an Elastic IP address. One with a private address is associated with the interface that has
// it, as people give a development endpoint an address that lasts.
func (e *EC2) PutAddress(account, region string, a types.Address) {
	e.change(account, region, func(n *network) {
		n.associate(account, region, &a)
		put(&n.addresses, addressKind().id, a)
	})
}

// PutNetworkInterface adds or replaces a network interface.
func (e *EC2) PutNetworkInterface(account, region string, i types.NetworkInterface) {
	e.change(account, region, func(n *network) { put(&n.interfaces, interfaceKind().id, i) })
}

// PutSecurityGroup adds or replaces a security group.
func (e *EC2) PutSecurityGroup(account, region string, g types.SecurityGroup) {
	e.change(account, region, func(n *network) { put(&n.securityGroups, securityGroupKind().id, g) })
}
