package ec2

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

type enabled []string

func (e enabled) Enabled(string, string) []string { return e }

const account = "111111111111"

func call() *service.Call {
	return &service.Call{Partition: "aws", Account: account, Region: "eu-west-1"}
}

func filter(name string, values ...string) []types.Filter {
	return []types.Filter{{Name: &name, Values: values}}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var refused *service.Error
	if !errors.As(err, &refused) || refused.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestDescribeRegions(t *testing.T) {
	t.Parallel()
	e := New(enabled{"us-east-1", "eu-west-1", "ap-southeast-3"})
	for _, tc := range []struct {
		name string
		in   ec2.DescribeRegionsInput
		want []string
	}{
		{"enabled ones", ec2.DescribeRegionsInput{}, []string{"ap-southeast-3 opted-in", "eu-west-1 opt-in-not-required", "us-east-1 opt-in-not-required"}},
		{"by status", ec2.DescribeRegionsInput{Filters: filter("opt-in-status", "opted-in")}, []string{"ap-southeast-3 opted-in"}},
		{"one not opted in, by name", ec2.DescribeRegionsInput{RegionNames: []string{"af-south-1"}}, []string{"af-south-1 not-opted-in"}},
		{"all, filtered", ec2.DescribeRegionsInput{AllRegions: aws.Bool(true), Filters: filter("region-name", "af-*", "eu-west-?")}, []string{
			"af-south-1 not-opted-in", "eu-west-1 opt-in-not-required", "eu-west-2 opt-in-not-required", "eu-west-3 opt-in-not-required",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out, err := e.describeRegions(call(), &tc.in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range out.Regions {
				got = append(got, *r.RegionName+" "+*r.OptInStatus)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
	_, err := e.describeRegions(call(), &ec2.DescribeRegionsInput{RegionNames: []string{"mars-1"}})
	wantCode(t, err, "InvalidParameterValue")
}

func TestDefaultNetwork(t *testing.T) {
	t.Parallel()
	e := New(enabled{})
	out, err := e.describeSubnets(call(), &ec2.DescribeSubnetsInput{Filters: filter("vpc-id", DefaultVPC(account, "eu-west-1"))})
	if err != nil || len(out.Subnets) != 3 {
		t.Fatalf("got %d subnets, %v", len(out.Subnets), err)
	}
	if *out.Subnets[0].AvailableIpAddressCount != 4091 || len(*out.Subnets[0].SubnetId) != len("subnet-")+17 {
		t.Errorf("subnet = %v %v", *out.Subnets[0].SubnetId, *out.Subnets[0].AvailableIpAddressCount)
	}
	if DefaultVPC(account, "eu-west-1") == DefaultVPC(account, "eu-west-2") {
		t.Error("two regions share a VPC id")
	}
	if len(e.networks) != 0 {
		t.Error("reading an untouched place took memory")
	}
	tables, err := e.describeRouteTables(call(), &ec2.DescribeRouteTablesInput{Filters: filter("association.main", "true")})
	if err != nil || len(tables.RouteTables) != 1 {
		t.Errorf("main route tables: %v %v", tables, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	e := New(enabled{})
	for _, tc := range []struct {
		name, code string
		in         ec2.DescribeSubnetsInput
	}{
		{"no such subnet", "InvalidSubnetID.NotFound", ec2.DescribeSubnetsInput{SubnetIds: []string{"subnet-1"}}},
		{"page of 4", "InvalidParameterValue", ec2.DescribeSubnetsInput{MaxResults: aws.Int32(4)}},
		{"page of 1001", "InvalidParameterValue", ec2.DescribeSubnetsInput{MaxResults: aws.Int32(1001)}},
		{"ids and a page size", "InvalidParameterCombination", ec2.DescribeSubnetsInput{MaxResults: aws.Int32(5), SubnetIds: []string{"subnet-1"}}},
		{"unknown filter", "InvalidParameterValue", ec2.DescribeSubnetsInput{Filters: filter("colour", "red")}},
		{"nameless filter", "MissingParameter", ec2.DescribeSubnetsInput{Filters: []types.Filter{{Values: []string{"x"}}}}},
		{"too many values", "FilterLimitExceeded", ec2.DescribeSubnetsInput{Filters: filter("vpc-id", make([]string, 201)...)}},
		{"token", "InvalidPaginationToken", ec2.DescribeSubnetsInput{NextToken: aws.String("x")}},
		{"dry run", "DryRunOperation", ec2.DescribeSubnetsInput{DryRun: aws.Bool(true)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := e.describeSubnets(call(), &tc.in)
			wantCode(t, err, tc.code)
		})
	}
	_, err := e.describeVpcs(call(), &ec2.DescribeVpcsInput{VpcIds: []string{"x"}})
	wantCode(t, err, "InvalidVpcID.Malformed")
	_, err = e.describeVpcEndpoints(call(), &ec2.DescribeVpcEndpointsInput{Filters: filter("colour", "red")})
	wantCode(t, err, "InvalidParameterValue")
	_, err = e.describeAddresses(call(), &ec2.DescribeAddressesInput{PublicIps: []string{"203.0.113.9"}})
	wantCode(t, err, "InvalidAddress.NotFound")
	_, err = e.describeSecurityGroups(call(), &ec2.DescribeSecurityGroupsInput{GroupNames: []string{"x"}})
	wantCode(t, err, "InvalidGroup.NotFound")
}

func TestPaging(t *testing.T) {
	t.Parallel()
	e := New(enabled{})
	for i := range 9 {
		e.PutSubnet(account, "eu-west-1", types.Subnet{SubnetId: aws.String(fmt.Sprintf("subnet-%d", i)), VpcId: aws.String("vpc-1")})
	}
	in := &ec2.DescribeSubnetsInput{MaxResults: aws.Int32(5), Filters: filter("vpc-id", "vpc-1")}
	var sizes []int
	for {
		out, err := e.describeSubnets(call(), in)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(out.Subnets))
		if out.NextToken == nil {
			break
		}
		in.NextToken = out.NextToken
	}
	if d := cmp.Diff([]int{5, 4}, sizes); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestSeedingAndFilters(t *testing.T) {
	t.Parallel()
	e := New(enabled{})
	vpc := DefaultVPC(account, "eu-west-1")
	tag := []types.Tag{{Key: aws.String("team"), Value: aws.String("data")}}
	e.PutVpc(account, "eu-west-1", types.Vpc{VpcId: aws.String("vpc-1"), Tags: tag})
	e.PutAddress(account, "eu-west-1", types.Address{AllocationId: aws.String("eipalloc-1"), PublicIp: aws.String("203.0.113.9"), NetworkInterfaceId: aws.String("eni-1")})
	e.PutNetworkInterface(account, "eu-west-1", types.NetworkInterface{
		NetworkInterfaceId: aws.String("eni-1"), PrivateIpAddress: aws.String("172.31.0.9"), Groups: []types.GroupIdentifier{{GroupId: aws.String("sg-1")}}, TagSet: tag,
	})
	e.PutVpcEndpoint(account, "eu-west-1", types.VpcEndpoint{VpcEndpointId: aws.String("vpce-1"), VpcId: &vpc, ServiceName: aws.String("com.amazonaws.eu-west-1.kms"), State: types.StateAvailable})
	e.PutNatGateway(account, "eu-west-1", types.NatGateway{NatGatewayId: aws.String("nat-1"), VpcId: &vpc, State: types.NatGatewayStateAvailable})
	e.PutRouteTable(account, "eu-west-1", types.RouteTable{RouteTableId: aws.String("rtb-1"), VpcId: aws.String("vpc-1"), Routes: []types.Route{{NatGatewayId: aws.String("nat-1"), State: types.RouteStateActive}}})
	e.PutSecurityGroup(account, "eu-west-1", types.SecurityGroup{GroupId: aws.String("sg-1"), GroupName: aws.String("glue"), VpcId: aws.String("vpc-1")})

	vpcs, err := e.describeVpcs(call(), &ec2.DescribeVpcsInput{Filters: filter("tag:team", "da*")})
	check(t, err, len(vpcs.Vpcs), "vpc by tag")
	vpcs, err = e.describeVpcs(call(), &ec2.DescribeVpcsInput{Filters: filter("is-default", "true")})
	check(t, err, len(vpcs.Vpcs), "default vpc")
	addresses, err := e.describeAddresses(call(), &ec2.DescribeAddressesInput{Filters: filter("network-interface-id", "eni-1")})
	check(t, err, len(addresses.Addresses), "address by interface")
	addresses, err = e.describeAddresses(call(), &ec2.DescribeAddressesInput{PublicIps: []string{"203.0.113.9"}})
	check(t, err, len(addresses.Addresses), "address by ip")
	interfaces, err := e.describeNetworkInterfaces(call(), &ec2.DescribeNetworkInterfacesInput{Filters: append(filter("group-id", "sg-1"), filter("tag-key", "team")...)})
	check(t, err, len(interfaces.NetworkInterfaces), "interface by group and tag")
	endpoints, err := e.describeVpcEndpoints(call(), &ec2.DescribeVpcEndpointsInput{Filters: append(filter("service-name", "com.amazonaws.eu-west-1.kms"), filter("vpc-id", vpc)...)})
	check(t, err, len(endpoints.VpcEndpoints), "endpoint by service")
	gateways, err := e.describeNatGateways(call(), &ec2.DescribeNatGatewaysInput{Filter: filter("state", "available")})
	check(t, err, len(gateways.NatGateways), "gateway by state")
	tables, err := e.describeRouteTables(call(), &ec2.DescribeRouteTablesInput{Filters: filter("route.nat-gateway-id", "nat-1")})
	check(t, err, len(tables.RouteTables), "table by route")
	groups, err := e.describeSecurityGroups(call(), &ec2.DescribeSecurityGroupsInput{GroupIds: []string{"sg-1"}, Filters: filter("group-name", "glue")})
	check(t, err, len(groups.SecurityGroups), "group by id")
}

func check(t *testing.T, err error, got int, what string) {
	t.Helper()
	if err != nil || got != 1 {
		t.Errorf("%s: got %d, %v; want 1", what, got, err)
	}
}

func TestOccupyAndRelease(t *testing.T) {
	t.Parallel()
	e := New(enabled{})
	e.PutSubnet(account, "eu-west-1", types.Subnet{
		SubnetId: aws.String("subnet-1"), VpcId: aws.String("vpc-1"), CidrBlock: aws.String("10.0.0.0/28"), AvailableIpAddressCount: aws.Int32(11),
		AvailabilityZone: aws.String("eu-west-1a"),
	})
	address, ok := e.Occupy(account, "eu-west-1", "subnet-1", "dev1", 6)
	if !ok || address != "10.0.0.4" {
		t.Fatalf("first owner: %q %v", address, ok)
	}
	if _, ok := e.Occupy(account, "eu-west-1", "subnet-1", "dev2", 6); ok {
		t.Error("twelve of eleven addresses were taken")
	}
	if address, ok = e.Occupy(account, "eu-west-1", "subnet-1", "dev2", 5); !ok || address != "10.0.0.10" {
		t.Errorf("second owner: %q %v", address, ok)
	}
	out, err := e.describeNetworkInterfaces(call(), &ec2.DescribeNetworkInterfacesInput{Filters: filter("addresses.private-ip-address", "10.0.0.4")})
	check(t, err, len(out.NetworkInterfaces), "interface by address")
	e.PutAddress(account, "eu-west-1", types.Address{AllocationId: aws.String("eipalloc-1"), PublicIp: aws.String("203.0.113.7"), PrivateIpAddress: aws.String("10.0.0.4")})
	held, err := e.describeNetworkInterfaces(call(), &ec2.DescribeNetworkInterfacesInput{Filters: filter("private-ip-address", "10.0.0.4")})
	if err != nil || len(held.NetworkInterfaces) != 1 || *held.NetworkInterfaces[0].Association.PublicIp != "203.0.113.7" {
		t.Errorf("interface with an Elastic IP address: %+v %v", held, err)
	}
	addresses, err := e.describeAddresses(call(), &ec2.DescribeAddressesInput{Filters: filter("network-interface-id", *held.NetworkInterfaces[0].NetworkInterfaceId)})
	check(t, err, len(addresses.Addresses), "address by interface")
	e.Release(account, "eu-west-1", "subnet-1", "dev1")
	addresses, err = e.describeAddresses(call(), &ec2.DescribeAddressesInput{})
	if err != nil || len(addresses.Addresses) != 1 || addresses.Addresses[0].AssociationId != nil || addresses.Addresses[0].NetworkInterfaceId != nil {
		t.Errorf("address of an interface that is gone: %+v %v", addresses, err)
	}
	subnets, err := e.describeSubnets(call(), &ec2.DescribeSubnetsInput{SubnetIds: []string{"subnet-1"}})
	if err != nil || *subnets.Subnets[0].AvailableIpAddressCount != 6 {
		t.Errorf("free after release: %v %v", subnets.Subnets, err)
	}
	if address, ok = e.Occupy(account, "eu-west-1", "subnet-1", "dev3", 1); !ok || address != "10.0.0.4" {
		t.Errorf("freed address: %q %v", address, ok)
	}
	if _, ok := e.Occupy(account, "eu-west-1", "subnet-0", "dev3", 1); ok {
		t.Error("an unknown subnet gave an address")
	}
}

func TestReachesS3(t *testing.T) {
	t.Parallel()
	vpc, subnet := DefaultVPC(account, "eu-west-1"), DefaultSubnet(account, "eu-west-1", "a")
	main := newID("rtb", account, "eu-west-1", "main")
	nat := []types.Route{{DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: aws.String("nat-1"), State: types.RouteStateActive}}
	gateway := types.VpcEndpoint{
		VpcEndpointId: aws.String("vpce-1"), VpcId: &vpc, ServiceName: aws.String("com.amazonaws.eu-west-1.s3"), State: types.StateAvailable,
		VpcEndpointType: types.VpcEndpointTypeGateway, RouteTableIds: []string{main},
	}
	for _, tc := range []struct {
		name string
		seed func(*EC2)
		want bool
	}{
		{"internet gateway only", func(*EC2) {}, false},
		{"gateway endpoint on the main table", func(e *EC2) { e.PutVpcEndpoint(account, "eu-west-1", gateway) }, true},
		{"gateway endpoint on another table", func(e *EC2) {
			g := gateway
			g.RouteTableIds = []string{"rtb-2"}
			e.PutVpcEndpoint(account, "eu-west-1", g)
		}, false},
		{"endpoint for KMS", func(e *EC2) {
			g := gateway
			g.ServiceName = aws.String("com.amazonaws.eu-west-1.kms")
			e.PutVpcEndpoint(account, "eu-west-1", g)
		}, false},
		{"NAT on the subnet's own table", func(e *EC2) {
			e.PutRouteTable(account, "eu-west-1", types.RouteTable{
				RouteTableId: aws.String("rtb-2"), VpcId: &vpc, Routes: nat, Associations: []types.RouteTableAssociation{{SubnetId: &subnet}},
			})
		}, true},
		{"NAT that is gone", func(e *EC2) {
			gone := []types.Route{nat[0]}
			gone[0].State = types.RouteStateBlackhole
			e.PutRouteTable(account, "eu-west-1", types.RouteTable{
				RouteTableId: aws.String("rtb-2"), VpcId: &vpc, Routes: gone, Associations: []types.RouteTableAssociation{{SubnetId: &subnet}},
			})
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := New(enabled{})
			tc.seed(e)
			if inVPC, zone, got, found := e.Subnet(account, "eu-west-1", subnet); !found || got != tc.want || zone != "eu-west-1a" || inVPC != vpc {
				t.Errorf("got %s %s %v %v, want %v", inVPC, zone, got, found, tc.want)
			}
		})
	}
	if _, _, _, found := New(enabled{}).Subnet(account, "eu-west-1", "subnet-0"); found {
		t.Error("an unknown subnet was found")
	}
}

func TestEmptyListsAreSent(t *testing.T) {
	t.Parallel()
	out, err := New(enabled{}).describeAddresses(call(), &ec2.DescribeAddressesInput{})
	if err != nil || out.Addresses == nil {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestWildcard(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"a", "", false},
		{"*", "", true},
		{"a*c", "abbc", true},
		{"a?c", "abbc", false},
		{`a\*c`, "a*c", true},
		{`a\*c`, "abc", false},
	} {
		if got := wildcard(tc.pattern, tc.s); got != tc.want {
			t.Errorf("wildcard(%q, %q) = %v", tc.pattern, tc.s, got)
		}
	}
}
