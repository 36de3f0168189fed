package ec2

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Subnet tells another service about a subnet: its VPC, its availability zone, and whether S3 can be reached from it,
// which takes a NAT gateway or an S3 endpoint (an internet gateway is no help to an interface without a public address).
func (e *EC2) Subnet(account, region, id string) (vpc, zone string, reachesS3, found bool) {
	e.read(account, region, func(n *network) {
		s := n.subnet(id)
		if s == nil {
			return
		}
		vpc, zone, found = str(s.VpcId), str(s.AvailabilityZone), true
		reachesS3 = n.reachesS3(vpc, n.routeTableOf(vpc, id))
	})
	return vpc, zone, reachesS3, found
}

func (n *network) subnet(id string) *types.Subnet {
	i := slices.IndexFunc(n.subnets, func(s types.Subnet) bool { return str(s.SubnetId) == id })
	if i < 0 {
		return nil
	}
	return &n.subnets[i]
}

// routeTableOf returns the table that the subnet is associated with, else its VPC's main one, else nil.
func (n *network) routeTableOf(vpc, subnet string) *types.RouteTable {
	var main *types.RouteTable
	for i := range n.routeTables {
		table := &n.routeTables[i]
		if str(table.VpcId) != vpc {
			continue
		}
		for _, a := range table.Associations {
			if str(a.SubnetId) == subnet {
				return table
			}
			if aws.ToBool(a.Main) {
				main = table
			}
		}
	}
	return main
}

func (n *network) reachesS3(vpc string, table *types.RouteTable) bool {
	if table != nil && slices.ContainsFunc(table.Routes, func(r types.Route) bool {
		return r.NatGatewayId != nil && r.State == types.RouteStateActive
	}) {
		return true
	}
	return slices.ContainsFunc(n.endpoints, func(v types.VpcEndpoint) bool {
		if str(v.VpcId) != vpc || !strings.HasSuffix(str(v.ServiceName), ".s3") || !strings.EqualFold(string(v.State), string(types.StateAvailable)) {
			return false
		}
		return v.VpcEndpointType != types.VpcEndpointTypeGateway || table != nil && slices.Contains(v.RouteTableIds, str(table.RouteTableId))
	})
}

// Occupy makes n interfaces for an owner in a subnet and returns the address of the first. It returns false, and makes
// none, when the subnet is unknown or has fewer free addresses.
func (e *EC2) Occupy(account, region, subnet, owner string, n int) (address string, ok bool) {
	e.change(account, region, func(net *network) {
		s := net.subnet(subnet)
		if s == nil || int(aws.ToInt32(s.AvailableIpAddressCount)) < n {
			return
		}
		taken := net.taken(subnet)
		next := firstAddress(str(s.CidrBlock))
		for range n {
			for taken[next.String()] {
				next = next.Next()
			}
			if address == "" {
				address = next.String()
			}
			net.attach(account, region, s, owner, next.String())
			next = next.Next()
		}
		s.AvailableIpAddressCount = aws.Int32(*s.AvailableIpAddressCount - int32(n)) // a new pointer: answers keep the old one
		ok = true
	})
	return address, ok
}

// Release removes the interfaces that were made for an owner in a subnet.
func (e *EC2) Release(account, region, subnet, owner string) {
	e.change(account, region, func(net *network) {
		s, gone := net.subnet(subnet), net.occupied[subnet+"/"+owner]
		if s == nil || len(gone) == 0 {
			return
		}
		delete(net.occupied, subnet+"/"+owner)
		net.disassociate(gone)
		net.interfaces = slices.DeleteFunc(net.interfaces, func(i types.NetworkInterface) bool { return slices.Contains(gone, str(i.NetworkInterfaceId)) })
		s.AvailableIpAddressCount = aws.Int32(aws.ToInt32(s.AvailableIpAddressCount) + int32(len(gone)))
	})
}

// associate completes an address and its interface, if there is one.
func (n *network) associate(account, region string, a *types.Address) {
	if a.PrivateIpAddress == nil {
		return
	}
	for i := range n.interfaces {
		at := &n.interfaces[i]
		if str(at.PrivateIpAddress) != *a.PrivateIpAddress {
			continue
		}
		a.NetworkInterfaceId, a.NetworkInterfaceOwnerId = at.NetworkInterfaceId, at.OwnerId
		a.AssociationId = aws.String(newID("eipassoc", account, region, str(a.AllocationId), str(at.NetworkInterfaceId)))
		at.Association = &types.NetworkInterfaceAssociation{
			AllocationId: a.AllocationId, AssociationId: a.AssociationId, PublicIp: a.PublicIp, IpOwnerId: aws.String(account),
		}
	}
}

// disassociate frees the addresses of interfaces that are gone: the account keeps them, associated with nothing.
func (n *network) disassociate(gone []string) {
	for i := range n.addresses {
		a := &n.addresses[i]
		if slices.Contains(gone, str(a.NetworkInterfaceId)) {
			a.AssociationId, a.NetworkInterfaceId, a.NetworkInterfaceOwnerId, a.PrivateIpAddress = nil, nil, nil, nil
		}
	}
}

func (n *network) taken(subnet string) map[string]bool {
	out := map[string]bool{}
	for _, i := range n.interfaces {
		if str(i.SubnetId) == subnet {
			out[str(i.PrivateIpAddress)] = true
		}
	}
	return out
}

// attach adds an interface as Glue makes them: managed by the service, in the customer's subnet.
func (n *network) attach(account, region string, s *types.Subnet, owner, address string) {
	id := newID("eni", account, region, str(s.SubnetId), address, owner)
	put(&n.interfaces, interfaceKind().id, types.NetworkInterface{
		NetworkInterfaceId: &id, PrivateIpAddress: &address, SubnetId: s.SubnetId, VpcId: s.VpcId, OwnerId: aws.String(account),
		AvailabilityZone: s.AvailabilityZone, Description: aws.String("Attached to Glue: " + owner), Status: types.NetworkInterfaceStatusInUse,
		InterfaceType: types.NetworkInterfaceTypeInterface, RequesterManaged: aws.Bool(true), RequesterId: aws.String("amazon-glue"),
	})
	if n.occupied == nil {
		n.occupied = map[string][]string{}
	}
	key := str(s.SubnetId) + "/" + owner
	n.occupied[key] = append(n.occupied[key], id)
}

// firstAddress is the first address of a subnet that AWS gives out: it keeps the first four and the last.
func firstAddress(cidr string) netip.Addr {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil { // a scenario left the block out: any private range will do
		prefix = netip.MustParsePrefix("10.0.0.0/16")
	}
	a := prefix.Addr()
	for range 4 {
		a = a.Next()
	}
	return a
}
