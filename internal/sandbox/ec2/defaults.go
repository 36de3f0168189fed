package ec2

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// DefaultVPC is the id of the default VPC of an account in a region.
func DefaultVPC(account, region string) string { return newID("vpc", account, region, "default") }

// DefaultSubnet is the id of the default subnet in a zone, e.g. "a".
func DefaultSubnet(account, region, zone string) string {
	return newID("subnet", account, region, zone)
}

// DefaultSecurityGroup is the id of the security group that the default VPC came with.
func DefaultSecurityGroup(account, region string) string {
	return newID("sg", account, region, "default")
}

// newID makes an id as EC2 does (a prefix and 17 hexadecimal digits) that follows from its parts.
func newID(prefix string, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%s/", p)
	}
	return prefix + "-" + hex.EncodeToString(append(h.Sum(nil)[:8], 0))[:17]
}

// defaultNetwork is what AWS puts into each region of a new account: a VPC with a subnet in each of three zones, an
// internet gateway's route, and a security group whose members may talk to each other.
// Source: Amazon VPC user guide, "Default VPCs".
func defaultNetwork(account, region string) *network {
	vpc, group := DefaultVPC(account, region), DefaultSecurityGroup(account, region)
	table := newID("rtb", account, region, "main")
	n := &network{
		vpcs: []types.Vpc{{
			VpcId: &vpc, CidrBlock: aws.String("172.31.0.0/16"), IsDefault: aws.Bool(true), OwnerId: &account,
			State: types.VpcStateAvailable, InstanceTenancy: types.TenancyDefault,
			DhcpOptionsId: aws.String(newID("dopt", account, region)),
		}},
		routeTables: []types.RouteTable{{
			RouteTableId: &table, VpcId: &vpc, OwnerId: &account,
			Associations: []types.RouteTableAssociation{{
				Main: aws.Bool(true), RouteTableId: &table, RouteTableAssociationId: aws.String(newID("rtbassoc", account, region)),
				AssociationState: &types.RouteTableAssociationState{State: types.RouteTableAssociationStateCodeAssociated},
			}},
			Routes: []types.Route{
				{DestinationCidrBlock: aws.String("172.31.0.0/16"), GatewayId: aws.String("local"), Origin: types.RouteOriginCreateRouteTable, State: types.RouteStateActive},
				{DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: aws.String(newID("igw", account, region)), Origin: types.RouteOriginCreateRoute, State: types.RouteStateActive},
			},
		}},
		securityGroups: []types.SecurityGroup{{
			GroupId: &group, GroupName: aws.String("default"), Description: aws.String("default VPC security group"), VpcId: &vpc, OwnerId: &account,
			SecurityGroupArn:    aws.String(fmt.Sprintf("arn:%s:ec2:%s:%s:security-group/%s", service.Partition(region), region, account, group)),
			IpPermissions:       []types.IpPermission{{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: &group, UserId: &account}}}},
			IpPermissionsEgress: []types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}},
		}},
	}
	for i, zone := range []string{"a", "b", "c"} {
		put(&n.subnets, subnetKind().id, types.Subnet{
			SubnetId: aws.String(DefaultSubnet(account, region, zone)), VpcId: &vpc, OwnerId: &account,
			AvailabilityZone: aws.String(region + zone), CidrBlock: aws.String(fmt.Sprintf("172.31.%d.0/20", 16*i)),
			AvailableIpAddressCount: aws.Int32(4091), // 4,096 less the five that AWS reserves
			DefaultForAz:            aws.Bool(true), MapPublicIpOnLaunch: aws.Bool(true), State: types.SubnetStateAvailable,
		})
	}
	return n
}
