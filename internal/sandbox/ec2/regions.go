package ec2

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Source: AWS General Reference, "AWS Regions", November 2026: 17 regions that every account has, 17 to opt in to.

func always(partition string) []string {
	switch partition {
	case "aws-cn":
		return []string{"cn-north-1", "cn-northwest-1"}
	case "aws-us-gov":
		return []string{"us-gov-east-1", "us-gov-west-1"}
	case "aws-eusc":
		return []string{"eusc-de-east-1"}
	}
	return []string{
		"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
		"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
	}
}

func optIn(partition string) []string {
	if partition != "aws" {
		return nil
	}
	return []string{
		"af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
		"ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "me-south-1", "mx-central-1",
	}
}

// describeRegions lists the regions that the account may use; with AllRegions, or for regions asked for by name, the
// others too.
func (e *EC2) describeRegions(c *service.Call, in *ec2.DescribeRegionsInput) (*ec2.DescribeRegionsOutput, error) {
	enabled := e.regions.Enabled(c.Account, c.Partition)
	var all []types.Region
	for _, name := range always(c.Partition) {
		put(&all, regionKind().id, region(c.Partition, name, "opt-in-not-required"))
	}
	for _, name := range optIn(c.Partition) {
		put(&all, regionKind().id, region(c.Partition, name, "not-opted-in"))
	}
	for _, name := range enabled {
		if slices.Contains(always(c.Partition), name) {
			continue
		}
		put(&all, regionKind().id, region(c.Partition, name, "opted-in"))
	}
	if !aws.ToBool(in.AllRegions) && len(in.RegionNames) == 0 {
		all = slices.DeleteFunc(all, func(r types.Region) bool { return !slices.Contains(enabled, *r.RegionName) })
	}
	found, _, err := describe(all, regionKind(), request{ids: in.RegionNames, filters: in.Filters, dryRun: in.DryRun})
	if err != nil {
		return nil, err
	}
	return &ec2.DescribeRegionsOutput{Regions: found}, nil
}

func region(partition, name, status string) types.Region {
	endpoint := "ec2." + name + ".amazonaws.com"
	switch partition {
	case "aws-cn":
		endpoint += ".cn"
	case "aws-eusc":
		endpoint = "ec2." + name + ".amazonaws.eu"
	}
	return types.Region{RegionName: &name, Endpoint: &endpoint, OptInStatus: &status}
}

func regionKind() kind[types.Region] {
	return kind[types.Region]{
		noun: "region", missing: "InvalidParameterValue",
		id: func(r *types.Region) string { return str(r.RegionName) },
		filters: map[string]func(*types.Region) []string{
			"endpoint":      func(r *types.Region) []string { return one(r.Endpoint) },
			"opt-in-status": func(r *types.Region) []string { return one(r.OptInStatus) },
			"region-name":   func(r *types.Region) []string { return one(r.RegionName) },
		},
	}
}
