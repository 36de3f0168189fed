package organizations

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsorg "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func (x *Organizations) accountARN(partition, id string) string {
	return x.arn(partition, "account/"+x.id()+"/"+id)
}

func (x *Organizations) describeOne(c *service.Call, a *account) types.Account {
	out := types.Account{
		Id: aws.String(a.id), Arn: aws.String(x.accountARN(c.Partition, a.id)), Name: aws.String(a.name), Email: aws.String(a.email),
		State: a.state, JoinedMethod: types.AccountJoinedMethodCreated, JoinedTimestamp: aws.Time(a.joined),
	}
	if a.invited {
		out.JoinedMethod = types.AccountJoinedMethodInvited
	}
	// Status is the older member, with fewer values.
	switch a.state {
	case types.AccountStateSuspended, types.AccountStateClosed:
		out.Status = types.AccountStatusSuspended
	case types.AccountStatePendingClosure:
		out.Status = types.AccountStatusPendingClosure
	default:
		out.Status = types.AccountStatusActive
	}
	return out
}

func (x *Organizations) listAccounts(c *service.Call, in *awsorg.ListAccountsInput) (*awsorg.ListAccountsOutput, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.manager(c); err != nil {
		return nil, err
	}
	cut, next, err := page(x.order, in.NextToken, in.MaxResults)
	if err != nil {
		return nil, err
	}
	return &awsorg.ListAccountsOutput{Accounts: x.describeAll(c, cut), NextToken: next}, nil
}

func (x *Organizations) describeAll(c *service.Call, accounts []*account) []types.Account {
	all := make([]types.Account, 0, len(accounts))
	for _, a := range accounts {
		all = append(all, x.describeOne(c, a))
	}
	return all
}

func (x *Organizations) listAccountsForParent(c *service.Call, in *awsorg.ListAccountsForParentInput) (*awsorg.ListAccountsForParentOutput, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.managerOf(c, in.ParentId); err != nil {
		return nil, err
	}
	cut, next, err := page(x.accountsIn(*in.ParentId), in.NextToken, in.MaxResults)
	if err != nil {
		return nil, err
	}
	return &awsorg.ListAccountsForParentOutput{Accounts: x.describeAll(c, cut), NextToken: next}, nil
}

func (x *Organizations) accountsIn(parent string) []*account {
	var in []*account
	for _, a := range x.order {
		if a.parent == parent {
			in = append(in, a)
		}
	}
	return in
}

func noAccount() *service.Error {
	return service.Errorf("AccountNotFoundException", "You specified an account that doesn't exist.")
}

func (x *Organizations) describeAccount(c *service.Call, in *awsorg.DescribeAccountInput) (*awsorg.DescribeAccountOutput, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.manager(c); err != nil {
		return nil, err
	}
	a := x.accounts[aws.ToString(in.AccountId)]
	if a == nil {
		return nil, noAccount()
	}
	return &awsorg.DescribeAccountOutput{Account: new(x.describeOne(c, a))}, nil
}

const requestIDLength = 32

// accessRole is what AWS calls the role of a new account where CreateAccount names none.
const accessRole = "OrganizationAccountAccessRole"

func (x *Organizations) createAccount(c *service.Call, in *awsorg.CreateAccountInput) (*awsorg.CreateAccountOutput, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.manager(c); err != nil {
		return nil, err
	}
	request := "car-" + strings.ToLower(rand.Text() + rand.Text())[:requestIDLength]
	status := types.CreateAccountStatus{
		Id: aws.String(request), AccountName: in.AccountName, State: types.CreateAccountStateInProgress, RequestedTimestamp: aws.Time(c.Now),
	}
	done := status
	done.CompletedTimestamp = aws.Time(c.Now)
	if x.emailTaken(aws.ToString(in.Email)) {
		done.State, done.FailureReason = types.CreateAccountStateFailed, types.CreateAccountFailureReasonEmailAlreadyExists
	} else {
		a := &account{
			id: x.freshID(), name: aws.ToString(in.AccountName), email: aws.ToString(in.Email), parent: x.rootID(),
			state: types.AccountStateActive, joined: c.Now,
		}
		if x.roles != nil {
			if err := x.roles.PutAccessRole(c.Partition, a.id, cmp.Or(aws.ToString(in.RoleName), accessRole), x.management, c.Now); err != nil {
				return nil, err
			}
		}
		x.join(a)
		done.State, done.AccountId = types.CreateAccountStateSucceeded, aws.String(a.id)
	}
	x.requests[request] = done
	return &awsorg.CreateAccountOutput{CreateAccountStatus: &status}, nil
}

func (x *Organizations) emailTaken(email string) bool {
	for _, a := range x.order {
		if strings.EqualFold(a.email, email) {
			return true
		}
	}
	return false
}

func (x *Organizations) freshID() string {
	for {
		n, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000_000))
		if err != nil {
			panic(err) // crypto/rand never fails on supported systems
		}
		if id := fmt.Sprintf("%012d", n); x.accounts[id] == nil {
			return id
		}
	}
}

func (x *Organizations) describeCreateAccountStatus(c *service.Call, in *awsorg.DescribeCreateAccountStatusInput) (*awsorg.DescribeCreateAccountStatusOutput, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.manager(c); err != nil {
		return nil, err
	}
	status, ok := x.requests[aws.ToString(in.CreateAccountRequestId)]
	if !ok {
		return nil, service.Errorf("CreateAccountStatusNotFoundException", "You specified an invalid CreateAccountRequestId.")
	}
	return &awsorg.DescribeCreateAccountStatusOutput{CreateAccountStatus: &status}, nil
}

func (x *Organizations) moveAccount(c *service.Call, in *awsorg.MoveAccountInput) (*awsorg.MoveAccountOutput, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.manager(c); err != nil {
		return nil, err
	}
	a := x.accounts[aws.ToString(in.AccountId)]
	switch {
	case a == nil:
		return nil, noAccount()
	case a.parent != aws.ToString(in.SourceParentId):
		return nil, service.Errorf("SourceParentNotFoundException", "You specified a source parent that doesn't exist.")
	case !x.isParent(aws.ToString(in.DestinationParentId)):
		return nil, service.Errorf("DestinationParentNotFoundException", "You specified a destination parent that doesn't exist.")
	case a.parent == *in.DestinationParentId:
		return nil, service.Errorf("DuplicateAccountException", "The account is already a child of that parent.")
	}
	a.parent = *in.DestinationParentId
	return &awsorg.MoveAccountOutput{}, nil
}
