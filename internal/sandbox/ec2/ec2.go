package ec2

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Regions knows which regions of a partition an account may use.
type Regions interface {
	Enabled(account, partition string) []string
}

// EC2 holds networks. It is safe for concurrent use.
type EC2 struct {
	regions Regions

	mu       sync.RWMutex
	networks map[location]*network // only the places that were seeded
}

type location struct{ account, region string }

// network is what one account has in one region, each list sorted by id.
type network struct {
	vpcs           []types.Vpc
	subnets        []types.Subnet
	routeTables    []types.RouteTable
	natGateways    []types.NatGateway
	endpoints      []types.VpcEndpoint
	addresses      []types.Address
	interfaces     []types.NetworkInterface
	securityGroups []types.SecurityGroup
	occupied       map[string][]string // interfaces by the owner that they were made for
}

// New makes an EC2 in which every account has its default VPCs.
func New(regions Regions) *EC2 {
	return &EC2{regions: regions, networks: map[location]*network{}}
}

// Service is EC2 as the sandbox serves it.
func (e *EC2) Service() service.Service {
	return service.Service{Model: "ec2", Prefix: "ec2", Operations: []service.Operation{
		service.Op("DescribeRegions", e.describeRegions),
		service.Op("DescribeVpcs", e.describeVpcs),
		service.Op("DescribeSubnets", e.describeSubnets),
		service.Op("DescribeRouteTables", e.describeRouteTables),
		service.Op("DescribeNatGateways", e.describeNatGateways),
		service.Op("DescribeVpcEndpoints", e.describeVpcEndpoints),
		service.Op("DescribeAddresses", e.describeAddresses),
		service.Op("DescribeNetworkInterfaces", e.describeNetworkInterfaces),
		service.Op("DescribeSecurityGroups", e.describeSecurityGroups),
	}}
}

// read calls f with a place's network, which f must not change or keep.
func (e *EC2) read(account, region string, f func(*network)) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if n := e.networks[location{account, region}]; n != nil {
		f(n)
		return
	}
	f(defaultNetwork(account, region))
}

func (e *EC2) change(account, region string, f func(*network)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	at := location{account, region}
	n := e.networks[at]
	if n == nil {
		n = defaultNetwork(account, region)
		e.networks[at] = n
	}
	f(n)
}
