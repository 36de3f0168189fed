package ec2

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

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

// PutAddress adds or replaces an Elastic IP address.
func (e *EC2) PutAddress(account, region string, a types.Address) {
	e.change(account, region, func(n *network) { put(&n.addresses, addressKind().id, a) })
}

// PutNetworkInterface adds or replaces a network interface.
func (e *EC2) PutNetworkInterface(account, region string, i types.NetworkInterface) {
	e.change(account, region, func(n *network) { put(&n.interfaces, interfaceKind().id, i) })
}

// PutSecurityGroup adds or replaces a security group.
func (e *EC2) PutSecurityGroup(account, region string, g types.SecurityGroup) {
	e.change(account, region, func(n *network) { put(&n.securityGroups, securityGroupKind().id, g) })
}

// Subnet tells another service where a subnet is and how many addresses it has free.
func (e *EC2) Subnet(account, region, id string) (vpc, zone string, free int, ok bool) {
	e.read(account, region, func(n *network) {
		i := slices.IndexFunc(n.subnets, func(s types.Subnet) bool { return str(s.SubnetId) == id })
		if i < 0 {
			return
		}
		s := n.subnets[i]
		vpc, zone, free, ok = str(s.VpcId), str(s.AvailabilityZone), int(aws.ToInt32(s.AvailableIpAddressCount)), true
	})
	return vpc, zone, free, ok
}

// SecurityGroup tells another service which VPC a security group belongs to.
func (e *EC2) SecurityGroup(account, region, id string) (vpc string, ok bool) {
	e.read(account, region, func(n *network) {
		i := slices.IndexFunc(n.securityGroups, func(g types.SecurityGroup) bool { return str(g.GroupId) == id })
		if i >= 0 {
			vpc, ok = str(n.securityGroups[i].VpcId), true
		}
	})
	return vpc, ok
}

// TakeAddresses takes n addresses of a subnet, or gives them back when n is negative. It returns false, and takes
// none, when the subnet is unknown or has fewer.
func (e *EC2) TakeAddresses(account, region, subnet string, n int) (ok bool) {
	e.change(account, region, func(net *network) {
		i := slices.IndexFunc(net.subnets, func(s types.Subnet) bool { return str(s.SubnetId) == subnet })
		if i < 0 {
			return
		}
		free := int(aws.ToInt32(net.subnets[i].AvailableIpAddressCount))
		if free < n {
			return
		}
		net.subnets[i].AvailableIpAddressCount = aws.Int32(int32(free - n)) // a new pointer: answers keep the old one
		ok = true
	})
	return ok
}
