package sandbox

import (
	"fmt"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/account"
	"github.com/glueguard/glueguard/internal/sandbox/cloudtrail"
	"github.com/glueguard/glueguard/internal/sandbox/cloudwatch"
	"github.com/glueguard/glueguard/internal/sandbox/ec2"
	"github.com/glueguard/glueguard/internal/sandbox/iam"
	"github.com/glueguard/glueguard/internal/sandbox/logs"
	"github.com/glueguard/glueguard/internal/sandbox/organizations"
	"github.com/glueguard/glueguard/internal/sandbox/service"
	"github.com/glueguard/glueguard/internal/sandbox/sts"
)

// managementAccount is the account of keys that name none, until a scenario says otherwise.
const managementAccount = "123456789012"

// defaultRegions are the regions of an account when nothing is asked for: those that no one needs to opt into.
func defaultRegions() []string {
	return []string{
		"us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1",
		"eu-north-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1",
		"ap-southeast-2", "ca-central-1", "sa-east-1",
	}
}

// regions are the ones that options ask for.
func (o Options) regions() ([]string, error) {
	all := append(defaultRegions(), optInRegions()...)
	switch {
	case len(o.Regions) > 0:
		return slices.Clone(o.Regions), nil
	case o.RegionCount < 0 || o.RegionCount > len(all):
		return nil, fmt.Errorf("there are 1 to %d regions, not %d", len(all), o.RegionCount)
	case o.RegionCount > 0:
		return all[:o.RegionCount], nil
	}
	return defaultRegions(), nil
}

func optInRegions() []string {
	return []string{
		"af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
		"ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1",
		"me-central-1", "me-south-1", "mx-central-1",
	}
}

// assemble makes every service with what it needs of the others.
func assemble(o Options, _ time.Time) (parts, error) {
	regions, err := o.regions()
	if err != nil {
		return parts{}, err
	}
	org := organizations.New(managementAccount)
	sessions := sts.NewSessions()
	roles, err := iam.New(sessions)
	if err != nil {
		return parts{}, err
	}
	tokens := sts.New(roles, org, sessions)
	accounts := account.New(regions, org)
	trail := cloudtrail.New()
	return parts{
		identities: tokens,
		authorizer: roles,
		recorder:   trail,
		services: []service.Service{
			accounts.Service(),
			cloudwatch.New().Service(),
			ec2.New(accounts).Service(),
			logs.New(nil).Service(),
			org.Service(),
			roles.Service(),
			tokens.Service(),
			trail.Service(),
		},
	}, nil
}
