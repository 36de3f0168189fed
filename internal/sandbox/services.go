package sandbox

import (
	"fmt"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/account"
	"github.com/glueguard/glueguard/internal/sandbox/cloudformation"
	"github.com/glueguard/glueguard/internal/sandbox/cloudtrail"
	"github.com/glueguard/glueguard/internal/sandbox/cloudwatch"
	"github.com/glueguard/glueguard/internal/sandbox/ec2"
	"github.com/glueguard/glueguard/internal/sandbox/glue"
	"github.com/glueguard/glueguard/internal/sandbox/iam"
	"github.com/glueguard/glueguard/internal/sandbox/kms"
	"github.com/glueguard/glueguard/internal/sandbox/logs"
	"github.com/glueguard/glueguard/internal/sandbox/organizations"
	"github.com/glueguard/glueguard/internal/sandbox/quotas"
	"github.com/glueguard/glueguard/internal/sandbox/s3"
	"github.com/glueguard/glueguard/internal/sandbox/sagemaker"
	"github.com/glueguard/glueguard/internal/sandbox/scenario"
	"github.com/glueguard/glueguard/internal/sandbox/securityhub"
	"github.com/glueguard/glueguard/internal/sandbox/service"
	"github.com/glueguard/glueguard/internal/sandbox/sts"
	"github.com/glueguard/glueguard/internal/sandbox/tagging"
)

// regions are the ones that options ask for: named, so many of all, or the scenario's own.
func (o Options) regions() ([]string, error) {
	if len(o.Regions) > 0 {
		return slices.Clone(o.Regions), nil
	}
	if o.RegionCount == 0 {
		return scenario.DefaultRegions(o.Scenario), nil
	}
	all := allRegions()
	if o.RegionCount < 0 || o.RegionCount > len(all) {
		return nil, fmt.Errorf("there are 1 to %d regions, not %d", len(all), o.RegionCount)
	}
	return all[:o.RegionCount], nil
}

// allRegions are the regions of the partition aws, those that need no opting in first, the busiest first among them.
func allRegions() []string {
	return []string{
		"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "us-east-2", "us-west-1", "eu-west-2", "eu-west-3",
		"eu-north-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1",
		"ap-southeast-2", "ca-central-1", "sa-east-1",
		"af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
		"ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1",
		"me-central-1", "me-south-1", "mx-central-1",
	}
}

// services are all services of a sandbox, for scenarios to fill.
type services struct {
	account        *account.Account
	cloudformation *cloudformation.CloudFormation
	cloudtrail     *cloudtrail.CloudTrail
	cloudwatch     *cloudwatch.CloudWatch
	ec2            *ec2.EC2
	glue           *glue.Glue
	iam            *iam.IAM
	kms            *kms.KMS
	logs           *logs.Logs
	organizations  *organizations.Organizations
	quotas         *quotas.Quotas
	s3             *s3.S3
	sagemaker      *sagemaker.SageMaker
	securityhub    *securityhub.SecurityHub
	sts            *sts.STS
	tagging        *tagging.Tagging
}

// newServices makes every service with what it needs of the others.
func newServices(o Options, regions []string) (*services, error) {
	s := &services{
		cloudformation: cloudformation.New(),
		cloudtrail:     cloudtrail.New(),
		cloudwatch:     cloudwatch.New(),
		organizations:  organizations.New(scenario.Management),
		sagemaker:      sagemaker.New(),
		securityhub:    securityhub.New(),
	}
	var err error
	sessions := sts.NewSessions()
	if s.iam, err = iam.New(sessions); err != nil {
		return nil, err
	}
	s.organizations.UseRoles(s.iam)
	s.sts = sts.New(s.iam, s.organizations, sessions)
	s.account = account.New(regions, s.organizations)
	s.ec2 = ec2.New(s.account)
	s.kms = kms.New(s.iam)
	s.logs = logs.New(s.kms)
	s.s3 = s3.New(s.kms, s.iam)
	s.glue = glue.New(glue.Options{
		Roles: s.iam, Subnets: s.ec2, Objects: s.s3, Keys: s.kms, RolePolicies: s.iam, Permissions: s.iam,
		Settings: glue.Settings{Provisioning: o.Provisioning, EndOfLife: o.EndOfLife, Quotas: raisedQuotas()},
	})
	s.quotas = quotas.New(glueLimits{s.glue})
	s.tagging = tagging.New(map[string]tagging.Source{"glue": s.glue, "kms": s.kms})
	return s, nil
}

// raisedQuotas are what AWS has raised its defaults to for everyone here, so that pages can be filled through the API.
func raisedQuotas() glue.Quotas {
	return glue.Quotas{DevEndpoints: 1000, SecurityConfigurations: 1000, MLTransforms: 1000}
}

// list is every service that speaks one of the generic protocols.
func (s *services) list() []service.Service {
	return []service.Service{
		s.account.Service(),
		s.cloudformation.Service(),
		s.cloudtrail.Service(),
		s.cloudwatch.Service(),
		s.ec2.Service(),
		s.glue.Service(),
		s.iam.Service(),
		s.kms.Service(),
		s.logs.Service(),
		s.organizations.Service(),
		s.quotas.Service(),
		s.sagemaker.Service(),
		s.securityhub.Service(),
		s.sts.Service(),
		s.tagging.Service(),
	}
}

// assemble makes the parts of a sandbox in the state of its scenario.
func assemble(o Options, _ time.Time) (parts, error) {
	regions, err := o.regions()
	if err != nil {
		return parts{}, err
	}
	s, err := newServices(o, regions)
	if err != nil {
		return parts{}, err
	}
	err = scenario.Build(o.Scenario, scenario.Config{Accounts: o.Accounts, Resources: o.Resources, Regions: regions, Seed: o.Seed}, scenario.Services{
		Account: s.account, CloudFormation: s.cloudformation, EC2: s.ec2, Glue: s.glue, IAM: s.iam, KMS: s.kms, Logs: s.logs,
		Organizations: s.organizations, S3: s.s3, SageMaker: s.sagemaker, SecurityHub: s.securityhub,
	})
	if err != nil {
		return parts{}, err
	}
	return parts{
		identities: s.sts, authorizer: s.iam, recorder: s.cloudtrail, s3: s.s3,
		adjust: []Adjustable{s.glue}, services: s.list(), writer: s.glue,
	}, nil
}

// glueLimits tells Service Quotas what Glue holds its callers to.
type glueLimits struct{ glue *glue.Glue }

// Limit returns the limit of a quota, by its name in Service Quotas.
func (g glueLimits) Limit(account, region, name string) (float64, bool) {
	q := g.glue.Quotas(account, region)
	switch name {
	case quotas.DevEndpoints:
		return float64(q.DevEndpoints), true
	case quotas.SecurityConfigurations:
		return float64(q.SecurityConfigurations), true
	case quotas.MLTransforms:
		return float64(q.MLTransforms), true
	}
	return 0, false
}
