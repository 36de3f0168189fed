// Package account simulates AWS Account Management as far as regions go: which of them an account has opted into.
package account

import (
	"encoding/base64"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsaccount "github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/account/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Organization knows who may ask about other accounts.
type Organization interface{ Management() string }

// Account holds the region settings of all accounts. It is safe for concurrent use.
type Account struct {
	organization Organization
	standard     map[string]types.RegionOptStatus // what every account starts with

	mu       sync.RWMutex
	accounts map[string]map[string]types.RegionOptStatus // what differs, by account and region
}

// byDefault are the regions that every account has; all others are opted into. Source: the AWS Account Management
// guide, "Enable or disable AWS Regions".
func byDefault() []string {
	return []string{
		"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
		"ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
		"us-east-1", "us-east-2", "us-west-1", "us-west-2",
	}
}

func optIn() []string {
	return []string{
		"af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
		"ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1",
		"me-central-1", "me-south-1", "mx-central-1",
	}
}

// otherPartitions are the regions of the partitions beside aws; none of them is opted into.
func otherPartitions() []string {
	return []string{"cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1", "eusc-de-east-1"}
}

// New makes an Account whose accounts have exactly the given regions; those of byDefault can't be disabled at AWS, but
// a sandbox with fewer regions is quicker to look through, so all others are DISABLED here. A partition of which no
// region is given has those that AWS gives every account.
func New(regions []string, organization Organization) *Account {
	x := &Account{
		organization: organization, accounts: map[string]map[string]types.RegionOptStatus{}, standard: map[string]types.RegionOptStatus{},
	}
	chosen := map[string]bool{} // partitions
	for _, r := range regions {
		chosen[service.Partition(r)] = true
	}
	always := append(byDefault(), otherPartitions()...)
	for _, r := range append(always, optIn()...) {
		x.standard[r] = types.RegionOptStatusDisabled
		if !chosen[service.Partition(r)] && slices.Contains(always, r) {
			x.standard[r] = types.RegionOptStatusEnabledByDefault
		}
	}
	for _, r := range regions {
		x.standard[r] = types.RegionOptStatusEnabled
		if slices.Contains(always, r) {
			x.standard[r] = types.RegionOptStatusEnabledByDefault
		}
	}
	return x
}

// PutRegion sets a region's state in one account.
func (x *Account) PutRegion(account, region string, status types.RegionOptStatus) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.accounts[account] == nil {
		x.accounts[account] = map[string]types.RegionOptStatus{}
	}
	x.accounts[account][region] = status
}

// Enabled lists the regions of a partition that an account can use, sorted.
func (x *Account) Enabled(account, partition string) []string {
	var enabled []string
	for region, status := range x.regions(account) {
		if service.Partition(region) != partition {
			continue
		}
		if status == types.RegionOptStatusEnabled || status == types.RegionOptStatusEnabledByDefault || status == types.RegionOptStatusDisabling {
			enabled = append(enabled, region)
		}
	}
	slices.Sort(enabled)
	return enabled
}

func (x *Account) regions(account string) map[string]types.RegionOptStatus {
	x.mu.RLock()
	defer x.mu.RUnlock()
	own := x.accounts[account]
	if own == nil {
		return x.standard // never changes after New
	}
	all := maps.Clone(x.standard)
	maps.Copy(all, own)
	return all
}

// Service lists the operations.
func (x *Account) Service() service.Service {
	return service.Service{Model: "account", Prefix: "account", Operations: []service.Operation{
		service.On(service.Op("ListRegions", x.listRegions), func(c *service.Call, _ *awsaccount.ListRegionsInput) string { return resource(c) }),
		service.On(service.Op("GetRegionOptStatus", x.getStatus), func(c *service.Call, _ *awsaccount.GetRegionOptStatusInput) string { return resource(c) }),
	}}
}

func resource(c *service.Call) string {
	return "arn:" + c.Partition + ":account::" + c.Account + ":account"
}

// target is the account that a call asks about: its own, or for the management account any member.
func (x *Account) target(c *service.Call, id *string) (string, *service.Error) {
	if id == nil || *id == c.Account {
		if id != nil && c.Account == x.organization.Management() {
			return "", service.Errorf("AccessDeniedException", "User: %s is not authorized to perform: account:%s (The management account can't specify its own AccountId.)", c.Principal.ARN, c.Operation)
		}
		return c.Account, nil
	}
	if c.Account != x.organization.Management() {
		return "", service.Errorf("AccessDeniedException", "User: %s is not authorized to perform: account:%s (Your organization must first enable trusted access with AWS Account Management.)", c.Principal.ARN, c.Operation)
	}
	return *id, nil
}

func invalid(format string, args ...any) *service.Error {
	return service.Errorf("ValidationException", format, args...)
}

const largestPage = 50

func (x *Account) listRegions(c *service.Call, in *awsaccount.ListRegionsInput) (*awsaccount.ListRegionsOutput, error) {
	id, err := x.target(c, in.AccountId)
	if err != nil {
		return nil, err
	}
	size := largestPage
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	if size < 1 || size > largestPage {
		return nil, invalid("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must be between 1 and 50", size)
	}
	last, bad := base64.RawURLEncoding.DecodeString(aws.ToString(in.NextToken))
	if bad != nil {
		return nil, invalid("Invalid NextToken.")
	}
	all := x.regions(id)
	out := &awsaccount.ListRegionsOutput{Regions: []types.Region{}}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if service.Partition(name) != c.Partition || name <= string(last) || len(in.RegionOptStatusContains) > 0 && !slices.Contains(in.RegionOptStatusContains, all[name]) {
			continue
		}
		if len(out.Regions) == size {
			out.NextToken = aws.String(base64.RawURLEncoding.EncodeToString([]byte(*out.Regions[size-1].RegionName)))
			break
		}
		out.Regions = append(out.Regions, types.Region{RegionName: aws.String(name), RegionOptStatus: all[name]})
	}
	return out, nil
}

func (x *Account) getStatus(c *service.Call, in *awsaccount.GetRegionOptStatusInput) (*awsaccount.GetRegionOptStatusOutput, error) {
	id, err := x.target(c, in.AccountId)
	if err != nil {
		return nil, err
	}
	status, ok := x.regions(id)[aws.ToString(in.RegionName)]
	if !ok || service.Partition(aws.ToString(in.RegionName)) != c.Partition {
		return nil, invalid("Region %s is not valid.", aws.ToString(in.RegionName))
	}
	return &awsaccount.GetRegionOptStatusOutput{RegionName: in.RegionName, RegionOptStatus: status}, nil
}
