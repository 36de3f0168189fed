package awsapi

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/glueguard/glueguard/internal/resource"
)

// Identity is who calls.
type Identity struct {
	Account   string
	ARN       string
	Partition string // from the ARN: aws, aws-cn, aws-us-gov, …
}

// Caller asks AWS once who calls and keeps the answer. An error is a *CredentialsError where AWS does not accept the
// credentials or there are none.
func (s *Session) Caller(ctx context.Context) (Identity, error) {
	return s.caller.do(ctx, nil, s.identify)
}

// Caller asks AWS who acts in the account: the session's caller in its own account, the assumed role in any other.
func (a *Account) Caller(ctx context.Context) (Identity, error) {
	s := a.session
	if a.own {
		return s.Caller(ctx)
	}
	return a.ask(ctx, s.Region())
}

// identify asks in the configured region. Where none is configured it asks in each partition's default region, since
// credentials are known in their own partition only.
func (s *Session) identify(ctx context.Context) (Identity, error) {
	if s.opts.Region != "" {
		return s.identifyIn(ctx, s.opts.Region)
	}
	var first error
	for _, region := range []string{"us-east-1", "cn-north-1", "us-gov-west-1"} {
		id, err := s.identifyIn(ctx, region)
		if err == nil {
			return id, nil
		}
		if first == nil {
			first = err
		}
		if code := Code(err); code != "InvalidClientTokenId" && code != "UnrecognizedClientException" {
			break
		}
	}
	return Identity{}, first
}

func (s *Session) identifyIn(ctx context.Context, region string) (Identity, error) {
	id, err := s.home.ask(ctx, region)
	if err != nil {
		return Identity{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.region, s.partition, s.home.id = region, id.Partition, id.Account
	return id, nil
}

func (a *Account) ask(ctx context.Context, region string) (Identity, error) {
	const operation = "sts:GetCallerIdentity"
	p := a.At(region)
	out, err := Read(ctx, p, operation, a.session.sts.GetCallerIdentity, &sts.GetCallerIdentityInput{}, p.sts())
	if err != nil {
		return Identity{}, fmt.Errorf("finding out who calls: %w", err)
	}
	arn, err := resource.ParseARN(aws.ToString(out.Arn))
	if err != nil {
		return Identity{}, fmt.Errorf("%s: %w", operation, err)
	}
	return Identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn), Partition: arn.Partition}, nil
}

// Region is the session's home region, where it asks what is not regional: the configured one, else the default
// region of the caller's partition.
func (s *Session) Region() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.region
}

// RegionNamed tells whether an option, the environment or the profile named a region.
func (s *Session) RegionNamed() bool { return s.opts.Region != "" }

// Home is the caller's own account. It can be used before Caller has answered.
func (s *Session) Home() *Account { return s.home }

// Regions lists the regions that are enabled in the account, sorted: account:ListRegions, or ec2:DescribeRegions
// where that one fails. Classify names the operation that failed.
func (a *Account) Regions(ctx context.Context) ([]string, error) { return a.regions(ctx, false) }

// EveryRegion lists the regions that there are, whether the account has enabled them or not; it asks as Regions does.
func (a *Account) EveryRegion(ctx context.Context) ([]string, error) { return a.regions(ctx, true) }

func (a *Account) regions(ctx context.Context, every bool) ([]string, error) {
	s := a.session
	home := s.Region()
	regions, err := a.regionsBy(ctx, home, every)
	if err == nil || errors.Is(err, ErrInterrupted) || !a.own {
		return regions, err
	}
	// The home region was a guess until the caller was known: ask again where the caller really lives.
	if _, callerErr := s.Caller(ctx); callerErr != nil || s.Region() == home {
		return nil, err
	}
	return a.regionsBy(ctx, s.Region(), every)
}

func (a *Account) regionsBy(ctx context.Context, home string, every bool) ([]string, error) {
	p := a.At(home)
	regions, err := p.listRegions(ctx, every)
	if err == nil || errors.Is(err, ErrInterrupted) {
		return regions, err
	}
	if regions, ec2Err := p.describeRegions(ctx, every); ec2Err == nil {
		return regions, nil
	}
	return nil, err
}

func (p *Place) listRegions(ctx context.Context, every bool) ([]string, error) {
	const operation = "account:ListRegions"
	in := &account.ListRegionsInput{MaxResults: aws.Int32(50)}
	if !every {
		in.RegionOptStatusContains = []accounttypes.RegionOptStatus{
			accounttypes.RegionOptStatusEnabled, accounttypes.RegionOptStatusEnabledByDefault,
		}
	}
	var regions []string
	for {
		out, err := Read(ctx, p, operation, p.account.session.account.ListRegions, in, p.accounts())
		if err != nil {
			return nil, &operationError{operation, err}
		}
		for _, r := range out.Regions {
			if r.RegionName != nil && *r.RegionName != "" {
				regions = append(regions, *r.RegionName)
			}
		}
		if LastPage(in.NextToken, out.NextToken) {
			return sorted(operation, regions)
		}
		in.NextToken = out.NextToken
	}
}

func (p *Place) describeRegions(ctx context.Context, every bool) ([]string, error) {
	const operation = "ec2:DescribeRegions" // it has no pages
	in := &ec2.DescribeRegionsInput{}
	if every {
		in.AllRegions = &every
	}
	out, err := Read(ctx, p, operation, p.account.session.EC2.DescribeRegions, in, p.EC2())
	if err != nil {
		return nil, &operationError{operation, err}
	}
	var regions []string
	for _, r := range out.Regions {
		if r.RegionName != nil && *r.RegionName != "" {
			regions = append(regions, *r.RegionName)
		}
	}
	return sorted(operation, regions)
}

var errNoRegions = errors.New("the answer names no enabled region")

// sorted orders regions; an account without any is an answer that can't be true.
func sorted(operation string, regions []string) ([]string, error) {
	if len(regions) == 0 {
		return nil, &operationError{operation, errNoRegions}
	}
	slices.Sort(regions)
	return slices.Compact(regions), nil
}

// Member is an account of the caller's organization.
type Member struct {
	ID     string
	Name   string
	State  string // AWS's word: ACTIVE, SUSPENDED, PENDING_CLOSURE, PENDING_ACTIVATION, CLOSED
	Active bool   // not known to be closed, or on its way to that or from it
}

// errNotWhole is the error of a list of an organization's accounts that can't be all of them.
var errNotWhole = errors.New("the answer does not name the caller's own account, so it is not the whole organization")

// mayBeEntered tells whether an account of a state can be read. Of a state not known it is tried.
func mayBeEntered(state string) bool {
	switch state {
	case "SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION":
		return false
	}
	return true
}

// Members lists the accounts of the caller's organization, page by page as they come. An error after some pages means
// that the list is not whole.
func (s *Session) Members(ctx context.Context, page func([]Member)) error {
	const operation = "organizations:ListAccounts"
	caller, err := s.Caller(ctx)
	if err != nil {
		return err
	}
	p := s.home.At(s.Region())
	in := &organizations.ListAccountsInput{}
	whole := false // the caller's own account was seen
	for {
		out, err := Read(ctx, p, operation, s.organizations.ListAccounts, in, p.organizations())
		if err != nil {
			return &operationError{operation, err}
		}
		members := make([]Member, 0, len(out.Accounts))
		for _, a := range out.Accounts {
			state := string(a.State)
			if state == "" {
				state = string(a.Status) // the older member; AWS retires it in favour of State
			}
			m := Member{ID: aws.ToString(a.Id), Name: aws.ToString(a.Name), State: state, Active: mayBeEntered(state)}
			whole = whole || m.ID == caller.Account
			members = append(members, m)
		}
		page(members)
		if !LastPage(in.NextToken, out.NextToken) {
			in.NextToken = out.NextToken
			continue
		}
		if !whole {
			return &operationError{operation, errNotWhole}
		}
		return nil
	}
}

// LastPage tells whether a listing ends with the answer just given. AWS ends one with no token or with an empty one;
// an answer that returns the token it was asked with would repeat itself for ever, so it ends the listing too.
func LastPage(sent, received *string) bool {
	return received == nil || *received == "" || (sent != nil && *sent == *received)
}
