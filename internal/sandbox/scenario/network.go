package scenario

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// The network of the small scenario's first region. The default VPC, which every region has, has no way to S3.
const (
	dataVPC     = "vpc-0da7a000000000001" // has ways to S3 and KMS
	islandVPC   = "vpc-0da7a000000000002" // has a way to S3 only
	dataGroup   = "sg-0da7a000000000001"
	islandGroup = "sg-0da7a000000000002"

	privateSubnet = "subnet-0da7a000000000001" // by way of a NAT gateway
	publicSubnet  = "subnet-0da7a000000000002" // by way of an internet gateway: what is there needs a public address
	crowdedSubnet = "subnet-0da7a000000000003" // has one free address
	islandSubnet  = "subnet-0da7a000000000004"

	privateRoutes = "rtb-0da7a000000000001"
	publicRoutes  = "rtb-0da7a000000000002"
	islandRoutes  = "rtb-0da7a000000000003"

	gateway = "igw-0da7a000000000001"
	nat     = "nat-0da7a000000000001"

	elasticAllocation = "eipalloc-0da7a000000000001"
	elasticAddress    = "203.0.113.17" // reserved for documentation
)

// dress gives some endpoints what makes their repair a case of its own: a network, an Elastic IP address (see
// putAddress), a role that can't use keys, more attributes to keep.
func (b *smallBuilder) dress(e *types.DevEndpoint) {
	within := func(subnet, group string) { e.SubnetId, e.SecurityGroupIds = &subnet, []string{group} }
	switch *e.EndpointName {
	case "fail-s3-encryption-disabled":
		within(privateSubnet, dataGroup)
	case "fail-s3-encryption-absent":
		within(publicSubnet, dataGroup)
	case "fail-s3-encryption-mixed":
		within(crowdedSubnet, dataGroup)
	case "fail-security-configuration-missing":
		within(islandSubnet, islandGroup)
	case "fail-s3-encryption-empty":
		e.RoleArn = aws.String(b.plainRole())
	case "fail-no-security-configuration":
		e.PublicKeys = []string{"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 data@example.com", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQD9 ops@example.com"}
		e.Arguments = map[string]string{"--enable-glue-datacatalog": "", "GLUE_PYTHON_VERSION": "3"}
		e.ExtraPythonLibsS3Path = aws.String("s3://" + b.labels() + "/libs/helpers.zip")
	}
}

// putNetwork makes the two VPCs. It must come before the endpoints, which take addresses there.
func (b *smallBuilder) putNetwork() {
	b.putVPC(dataVPC, dataGroup, "10.20.0.0/16")
	b.putVPC(islandVPC, islandGroup, "10.30.0.0/16")
	b.putSubnet(privateSubnet, dataVPC, "glue-private", "10.20.0.0/24", 251)
	b.putSubnet(publicSubnet, dataVPC, "glue-public", "10.20.1.0/24", 251)
	b.putSubnet(crowdedSubnet, dataVPC, "glue-crowded", "10.20.2.0/28", 3)
	b.putSubnet(islandSubnet, islandVPC, "glue-island", "10.30.0.0/24", 251)
	b.putRoutes(privateRoutes, dataVPC, "10.20.0.0/16", []string{privateSubnet, crowdedSubnet}, ec2types.Route{NatGatewayId: aws.String(nat)})
	b.putRoutes(publicRoutes, dataVPC, "10.20.0.0/16", []string{publicSubnet}, ec2types.Route{GatewayId: aws.String(gateway)})
	b.putRoutes(islandRoutes, islandVPC, "10.30.0.0/16", []string{islandSubnet})
	b.EC2.PutNatGateway(Management, b.main, ec2types.NatGateway{
		NatGatewayId: aws.String(nat), VpcId: aws.String(dataVPC), SubnetId: aws.String(publicSubnet), State: ec2types.NatGatewayStateAvailable,
		ConnectivityType: ec2types.ConnectivityTypePublic, CreateTime: aws.Time(founded()),
	})
	b.putEndpointService("vpce-0da7a000000000001", dataVPC, "s3", privateRoutes, publicRoutes)
	b.putEndpointService("vpce-0da7a000000000002", islandVPC, "s3", islandRoutes)
	b.putEndpointService("vpce-0da7a000000000003", dataVPC, "kms")
}

func nameTag(name string) []ec2types.Tag {
	return []ec2types.Tag{{Key: aws.String("Name"), Value: &name}}
}

// putVPC makes a VPC and a security group whose members may talk to each other, as Glue wants it.
func (b *smallBuilder) putVPC(id, group, block string) {
	b.EC2.PutVpc(Management, b.main, ec2types.Vpc{
		VpcId: &id, CidrBlock: &block, OwnerId: aws.String(Management), State: ec2types.VpcStateAvailable,
		InstanceTenancy: ec2types.TenancyDefault, IsDefault: aws.Bool(false), Tags: nameTag("glue"),
	})
	b.EC2.PutSecurityGroup(Management, b.main, ec2types.SecurityGroup{
		GroupId: &group, GroupName: aws.String("glue"), Description: aws.String("Members of AWS Glue clusters"), VpcId: &id, OwnerId: aws.String(Management),
		SecurityGroupArn: aws.String("arn:" + b.partition + ":ec2:" + b.main + ":" + Management + ":security-group/" + group),
		IpPermissions: []ec2types.IpPermission{{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(0), ToPort: aws.Int32(65535),
			UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: &group, UserId: aws.String(Management)}},
		}},
		IpPermissionsEgress: []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}},
	})
}

func (b *smallBuilder) putSubnet(id, vpc, name, block string, free int32) {
	b.EC2.PutSubnet(Management, b.main, ec2types.Subnet{
		SubnetId: &id, VpcId: &vpc, OwnerId: aws.String(Management), AvailabilityZone: aws.String(b.main + "a"), CidrBlock: &block,
		AvailableIpAddressCount: &free, State: ec2types.SubnetStateAvailable, DefaultForAz: aws.Bool(false),
		MapPublicIpOnLaunch: aws.Bool(false), Tags: nameTag(name),
	})
}

// putRoutes makes a table with the local route and, where one is given, a way out of the VPC.
func (b *smallBuilder) putRoutes(id, vpc, block string, subnets []string, out ...ec2types.Route) {
	table := ec2types.RouteTable{RouteTableId: &id, VpcId: &vpc, OwnerId: aws.String(Management), Routes: []ec2types.Route{{
		DestinationCidrBlock: &block, GatewayId: aws.String("local"), Origin: ec2types.RouteOriginCreateRouteTable, State: ec2types.RouteStateActive,
	}}}
	for _, r := range out {
		r.DestinationCidrBlock, r.Origin, r.State = aws.String("0.0.0.0/0"), ec2types.RouteOriginCreateRoute, ec2types.RouteStateActive
		table.Routes = append(table.Routes, r)
	}
	for _, subnet := range subnets {
		table.Associations = append(table.Associations, ec2types.RouteTableAssociation{
			RouteTableId: &id, SubnetId: &subnet, Main: aws.Bool(false), RouteTableAssociationId: aws.String("rtbassoc-" + subnet[len("subnet-"):]),
			AssociationState: &ec2types.RouteTableAssociationState{State: ec2types.RouteTableAssociationStateCodeAssociated},
		})
	}
	b.EC2.PutRouteTable(Management, b.main, table)
}

// putEndpointService makes a VPC endpoint: a gateway where it has route tables, else an interface with private DNS.
func (b *smallBuilder) putEndpointService(id, vpc, service string, tables ...string) {
	v := ec2types.VpcEndpoint{
		VpcEndpointId: &id, VpcId: &vpc, OwnerId: aws.String(Management), ServiceName: aws.String("com.amazonaws." + b.main + "." + service),
		State: ec2types.StateAvailable, VpcEndpointType: ec2types.VpcEndpointTypeGateway, RouteTableIds: tables,
		PrivateDnsEnabled: aws.Bool(false), CreationTimestamp: aws.Time(founded()),
	}
	if len(tables) == 0 {
		v.VpcEndpointType, v.PrivateDnsEnabled = ec2types.VpcEndpointTypeInterface, aws.Bool(true)
		v.SubnetIds, v.Groups = []string{privateSubnet}, []ec2types.SecurityGroupIdentifier{{GroupId: aws.String(dataGroup), GroupName: aws.String("glue")}}
	}
	b.EC2.PutVpcEndpoint(Management, b.main, v)
}

// putAddress gives the endpoint in the public subnet, which is alone there, an Elastic IP address.
func (b *smallBuilder) putAddress() {
	b.EC2.PutAddress(Management, b.main, ec2types.Address{
		AllocationId: aws.String(elasticAllocation), PublicIp: aws.String(elasticAddress), PrivateIpAddress: aws.String("10.20.1.4"),
		Domain: ec2types.DomainTypeVpc, NetworkBorderGroup: &b.main, PublicIpv4Pool: aws.String("amazon"),
	})
}
