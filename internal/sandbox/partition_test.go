package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/scenario"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// TestRegionsOfThePartition: an account sees the regions of the partition that it calls in, however few the sandbox has
// in others.
func TestRegionsOfThePartition(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, region string
		sandbox      []string
		want         []string
	}{
		{"China", "cn-north-1", nil, []string{"cn-north-1", "cn-northwest-1"}},
		{"GovCloud", "us-gov-west-1", nil, []string{"us-gov-east-1", "us-gov-west-1"}},
		{"European sovereign cloud", "eusc-de-east-1", nil, []string{"eusc-de-east-1"}},
		{"one region in China", "cn-north-1", []string{"cn-north-1"}, []string{"cn-north-1"}},
		{"regions elsewhere", "cn-north-1", []string{"eu-west-1"}, []string{"cn-north-1", "cn-northwest-1"}},
		{"aws, regions chosen", "eu-west-1", []string{"eu-west-1", "cn-north-1"}, []string{"eu-west-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, Options{Regions: tt.sandbox})
			var listed, described []string
			list, err := account.NewFromConfig(w.config("111111111111", tt.region)).ListRegions(t.Context(), &account.ListRegionsInput{})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range list.Regions {
				if strings.HasPrefix(string(r.RegionOptStatus), "ENABLED") {
					listed = append(listed, *r.RegionName)
				}
			}
			describe, err := ec2.NewFromConfig(w.config("111111111111", tt.region)).DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range describe.Regions {
				described = append(described, *r.RegionName)
			}
			if d := cmp.Diff([][]string{tt.want, tt.want}, [][]string{listed, described}); d != "" {
				t.Errorf("ListRegions and DescribeRegions -want +got:\n%s", d)
			}
		})
	}
}

// TestNamesOfThePartition looks for a name of another partition in what a scenario of this one answers.
func TestNamesOfThePartition(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{
		{Scenario: scenario.Small, Regions: []string{"cn-north-1", "cn-northwest-1"}},
		{Scenario: scenario.Org, Regions: []string{"us-gov-west-1", "us-gov-east-1"}, Accounts: 3},
		{Scenario: scenario.Empty},
	} {
		t.Run(o.Scenario, func(t *testing.T) {
			t.Parallel()
			w := start(t, o)
			region := "cn-north-1"
			if len(o.Regions) > 0 {
				region = o.Regions[0]
			}
			c := w.config("", region)
			c.Credentials = w.config(scenario.Management, region).Credentials
			for _, text := range w.everything(t, c) {
				for _, found := range arns(text) {
					if !strings.HasPrefix(found, "arn:"+service.Partition(region)+":") {
						t.Errorf("%s in %s", found, text)
					}
				}
			}
		})
	}
}

func arns(text string) []string {
	var all []string
	for rest := text; ; {
		i := strings.Index(rest, "arn:")
		if i < 0 {
			return all
		}
		rest = rest[i:]
		end := strings.IndexAny(rest, "\"\\ ,")
		if end < 0 {
			end = len(rest)
		}
		all = append(all, rest[:end])
		rest = rest[end:]
	}
}

// everything is what the services that name things answer, as JSON.
func (w world) everything(t *testing.T, c aws.Config) []string {
	t.Helper()
	var all []string
	keep := func(out any, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
			return
		}
		text, err := json.Marshal(out)
		if err != nil {
			t.Error(err)
		}
		all = append(all, string(text))
	}
	ctx := t.Context()
	who, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	keep(who, err)
	accounts, err := organizations.NewFromConfig(c).ListAccounts(ctx, &organizations.ListAccountsInput{})
	keep(accounts, err)
	organization, err := organizations.NewFromConfig(c).DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	keep(organization, err)
	roles, err := iam.NewFromConfig(c).ListRoles(ctx, &iam.ListRolesInput{})
	keep(roles, err)
	endpoints, err := glue.NewFromConfig(c).GetDevEndpoints(ctx, &glue.GetDevEndpointsInput{})
	keep(endpoints, err)
	transforms, err := glue.NewFromConfig(c).GetMLTransforms(ctx, &glue.GetMLTransformsInput{})
	keep(transforms, err)
	configurations, err := glue.NewFromConfig(c).GetSecurityConfigurations(ctx, &glue.GetSecurityConfigurationsInput{})
	keep(configurations, err)
	keys, err := kms.NewFromConfig(c).ListKeys(ctx, &kms.ListKeysInput{})
	keep(keys, err)
	if keys != nil {
		for _, k := range keys.Keys {
			policy, err := kms.NewFromConfig(c).GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: k.KeyId})
			keep(policy, err)
		}
	}
	groups, err := ec2.NewFromConfig(c).DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{})
	keep(groups, err)
	if !slices.ContainsFunc(all, func(text string) bool { return len(arns(text)) > 0 }) {
		t.Error("no names at all")
	}
	return all
}
