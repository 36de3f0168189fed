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

func (e enabled) Enabled(string) []string { return e }

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

func TestTakeAddresses(t *testing.T) {
	t.Parallel()
	e := New(enabled{})
	subnet := DefaultSubnet(account, "eu-west-1", "a")
	if !e.TakeAddresses(account, "eu-west-1", subnet, 4090) || e.TakeAddresses(account, "eu-west-1", subnet, 2) {
		t.Error("4090 of 4091 must be taken, two more refused")
	}
	if !e.TakeAddresses(account, "eu-west-1", subnet, -10) || e.TakeAddresses(account, "eu-west-1", "subnet-0", 1) {
		t.Error("ten must be given back; an unknown subnet has none")
	}
	if _, zone, free, ok := e.Subnet(account, "eu-west-1", subnet); !ok || free != 11 || zone != "eu-west-1a" {
		t.Errorf("got %s %d %v", zone, free, ok)
	}
	if vpc, ok := e.SecurityGroup(account, "eu-west-1", DefaultSecurityGroup(account, "eu-west-1")); !ok || vpc != DefaultVPC(account, "eu-west-1") {
		t.Errorf("default group in %q, %v", vpc, ok)
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
