// Package scenario fills a sandbox: nothing but an account, one resource for every verdict, or a whole organization.
// A scenario is deterministic: the same name and Config always make the same estate.
package scenario

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/account/types"

	"github.com/glueguard/glueguard/internal/sandbox/account"
	"github.com/glueguard/glueguard/internal/sandbox/cloudformation"
	"github.com/glueguard/glueguard/internal/sandbox/ec2"
	"github.com/glueguard/glueguard/internal/sandbox/glue"
	"github.com/glueguard/glueguard/internal/sandbox/iam"
	"github.com/glueguard/glueguard/internal/sandbox/kms"
	"github.com/glueguard/glueguard/internal/sandbox/logs"
	"github.com/glueguard/glueguard/internal/sandbox/organizations"
	"github.com/glueguard/glueguard/internal/sandbox/s3"
	"github.com/glueguard/glueguard/internal/sandbox/sagemaker"
	"github.com/glueguard/glueguard/internal/sandbox/securityhub"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Names of the scenarios.
const (
	Empty = "empty"
	Small = "small"
	Org   = "org"
)

// Management is the management account of every scenario. Keys that name no account are its root's.
const Management = "111111111111"

// Services are what a scenario fills. All must be there, and empty.
type Services struct {
	Account        *account.Account
	CloudFormation *cloudformation.CloudFormation
	EC2            *ec2.EC2
	Glue           *glue.Glue
	IAM            *iam.IAM
	KMS            *kms.KMS
	Logs           *logs.Logs
	Organizations  *organizations.Organizations
	S3             *s3.S3
	SageMaker      *sagemaker.SageMaker
	SecurityHub    *securityhub.SecurityHub
}

// Config sizes a scenario. Accounts and Resources are for Org; zero takes its own sizes: 3 accounts, 24 resources.
type Config struct {
	Accounts  int
	Resources int      // in total, over all accounts and regions
	Regions   []string // none: DefaultRegions
	Seed      uint64
}

// partition is that of all regions: accounts have regions of one partition only.
func (c Config) partition() string { return service.Partition(c.Regions[0]) }

// DefaultRegions are a scenario's regions where none are asked for: all 17 that need no opting in, fewer where the
// scenario is to be looked at by people.
func DefaultRegions(name string) []string {
	switch name {
	case Small:
		return []string{"us-east-1", "eu-west-1", "ap-southeast-2"}
	case Org:
		return []string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1"}
	}
	return []string{
		"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
		"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
	}
}

// Build fills the services. It fails for an unknown name and for sizes that make no sense.
func Build(name string, c Config, s Services) error {
	if len(c.Regions) == 0 {
		c.Regions = DefaultRegions(name)
	}
	if c.Accounts < 0 || c.Resources < 0 {
		return fmt.Errorf("scenario %s: sizes must not be negative: %d accounts, %d resources", name, c.Accounts, c.Resources)
	}
	if c.Accounts == 0 {
		c.Accounts = 3
	}
	if c.Resources == 0 {
		c.Resources = 24
	}
	s.Organizations.SetManagement(Management, "management", "aws-management@example.com", founded())
	switch name {
	case "", Empty:
		return nil
	}
	for _, r := range c.Regions {
		if service.Partition(r) != c.partition() {
			return fmt.Errorf("scenario %s: regions %s and %s are in different partitions", name, c.Regions[0], r)
		}
	}
	switch name {
	case Small:
		s.confine(Management, c.Regions)
		return buildSmall(c, s)
	case Org:
		return buildOrg(c, s)
	}
	return fmt.Errorf("there is no scenario %q: want %s, %s or %s", name, Empty, Small, Org)
}

// confine leaves an account with the given regions only.
func (s Services) confine(account string, regions []string) {
	enabled := s.Account.Enabled(account, service.Partition(regions[0]))
	for _, r := range enabled {
		if !slices.Contains(regions, r) {
			s.Account.PutRegion(account, r, types.RegionOptStatusDisabled)
		}
	}
	for _, r := range regions {
		if !slices.Contains(enabled, r) {
			s.Account.PutRegion(account, r, types.RegionOptStatusEnabled)
		}
	}
}

// founded is when the organizations of scenarios began.
func founded() time.Time { return time.Date(2018, time.May, 14, 8, 30, 0, 0, time.UTC) }
