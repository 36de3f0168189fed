package organizations_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsorg "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/organizations"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const management = "111122223333"

func now() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// seeded has 45 members; the 45th is suspended, the 44th is being closed.
func seeded() *organizations.Organizations {
	x := organizations.New("000000000000")
	x.SetManagement(management, "management", "root@example.com", now())
	for i := 1; i <= 45; i++ {
		state, unit := types.AccountStateActive, "Workloads/Prod"
		switch i {
		case 45:
			state, unit = types.AccountStateSuspended, ""
		case 44:
			state, unit = types.AccountStatePendingClosure, "Workloads"
		}
		x.PutAccount(fmt.Sprintf("%012d", i), fmt.Sprintf("team-%d", i), fmt.Sprintf("team-%d@example.com", i), state, unit, now())
	}
	return x
}

func invoke[O any](t *testing.T, x *organizations.Organizations, account, name string, in any) (*O, error) {
	t.Helper()
	c := &service.Call{Partition: "aws", Account: account, Region: "us-east-1", Service: "organizations", Operation: name, Now: now()}
	for _, op := range x.Service().Operations {
		if op.Name != name {
			continue
		}
		out, err := op.Invoke(c, in)
		if err != nil {
			return nil, err
		}
		return out.(*O), nil
	}
	t.Fatalf("no operation %s", name)
	return nil, nil
}

func must[O any](t *testing.T, x *organizations.Organizations, name string, in any) *O {
	t.Helper()
	out, err := invoke[O](t, x, management, name, in)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

func code(err error) string {
	var e *service.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestListAccounts(t *testing.T) {
	t.Parallel()
	x := seeded()
	var pages []int
	var all []types.Account
	in := &awsorg.ListAccountsInput{}
	for {
		out := must[awsorg.ListAccountsOutput](t, x, "ListAccounts", in)
		pages = append(pages, len(out.Accounts))
		all = append(all, out.Accounts...)
		if out.NextToken == nil {
			break
		}
		in.NextToken = out.NextToken
	}
	if diff := cmp.Diff([]int{20, 20, 6}, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	last, closing := all[45], all[44]
	if last.Status != types.AccountStatusSuspended || last.State != types.AccountStateSuspended {
		t.Errorf("suspended account %s %s", last.Status, last.State)
	}
	if closing.Status != types.AccountStatusPendingClosure || closing.State != types.AccountStatePendingClosure {
		t.Errorf("closing account %s %s", closing.Status, closing.State)
	}
	if *all[0].Id != management || all[0].JoinedMethod != types.AccountJoinedMethodInvited {
		t.Errorf("first account %s %s", *all[0].Id, all[0].JoinedMethod)
	}
}

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, account, operation, want string }{
		{"a member may not list", "000000000001", "ListAccounts", "AccessDeniedException"},
		{"a member may describe the organization", "000000000001", "DescribeOrganization", "<nil>"},
		{"a stranger has no organization", "999999999999", "DescribeOrganization", "AWSOrganizationsNotInUseException"},
		{"a stranger may not list", "999999999999", "ListAccounts", "AWSOrganizationsNotInUseException"},
	}
	x := seeded()
	inputs := map[string]any{"ListAccounts": &awsorg.ListAccountsInput{}, "DescribeOrganization": &awsorg.DescribeOrganizationInput{}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var err error
			if tt.operation == "ListAccounts" {
				_, err = invoke[awsorg.ListAccountsOutput](t, x, tt.account, tt.operation, inputs[tt.operation])
			} else {
				_, err = invoke[awsorg.DescribeOrganizationOutput](t, x, tt.account, tt.operation, inputs[tt.operation])
			}
			if got := code(err); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	x := seeded()
	root := must[awsorg.ListRootsOutput](t, x, "ListRoots", &awsorg.ListRootsInput{}).Roots[0].Id
	units := must[awsorg.ListOrganizationalUnitsForParentOutput](t, x, "ListOrganizationalUnitsForParent", &awsorg.ListOrganizationalUnitsForParentInput{ParentId: root}).OrganizationalUnits
	if len(units) != 1 || *units[0].Name != "Workloads" {
		t.Fatalf("units under the root: %+v", units)
	}
	workloads := units[0].Id
	children := must[awsorg.ListChildrenOutput](t, x, "ListChildren", &awsorg.ListChildrenInput{ParentId: workloads, ChildType: types.ChildTypeOrganizationalUnit}).Children
	prod := children[0].Id
	parents := must[awsorg.ListParentsOutput](t, x, "ListParents", &awsorg.ListParentsInput{ChildId: aws.String("000000000001")}).Parents
	if len(parents) != 1 || *parents[0].Id != *prod || parents[0].Type != types.ParentTypeOrganizationalUnit {
		t.Errorf("parents of an account: %+v", parents)
	}
	in := must[awsorg.ListAccountsForParentOutput](t, x, "ListAccountsForParent", &awsorg.ListAccountsForParentInput{ParentId: workloads})
	if len(in.Accounts) != 1 || *in.Accounts[0].Id != "000000000044" {
		t.Errorf("accounts in Workloads: %+v", in.Accounts)
	}
	name := must[awsorg.DescribeOrganizationalUnitOutput](t, x, "DescribeOrganizationalUnit", &awsorg.DescribeOrganizationalUnitInput{OrganizationalUnitId: prod}).OrganizationalUnit.Name
	if *name != "Prod" {
		t.Errorf("unit %s", *name)
	}
	_, err := invoke[awsorg.DescribeAccountOutput](t, x, management, "DescribeAccount", &awsorg.DescribeAccountInput{AccountId: aws.String("999999999999")})
	if got := code(err); got != "AccountNotFoundException" {
		t.Errorf("unknown account: %s", got)
	}
}

func TestBuildingAnOrganization(t *testing.T) {
	t.Parallel()
	x := organizations.New(management)
	_, err := invoke[awsorg.DescribeOrganizationOutput](t, x, management, "DescribeOrganization", &awsorg.DescribeOrganizationInput{})
	if got := code(err); got != "AWSOrganizationsNotInUseException" {
		t.Errorf("before there is one: %s", got)
	}
	must[awsorg.CreateOrganizationOutput](t, x, "CreateOrganization", &awsorg.CreateOrganizationInput{})
	_, err = invoke[awsorg.CreateOrganizationOutput](t, x, management, "CreateOrganization", &awsorg.CreateOrganizationInput{})
	if got := code(err); got != "AlreadyInOrganizationException" {
		t.Errorf("twice: %s", got)
	}
	root := must[awsorg.ListRootsOutput](t, x, "ListRoots", &awsorg.ListRootsInput{}).Roots[0].Id
	unit := must[awsorg.CreateOrganizationalUnitOutput](t, x, "CreateOrganizationalUnit", &awsorg.CreateOrganizationalUnitInput{ParentId: root, Name: aws.String("Data")}).OrganizationalUnit.Id
	started := must[awsorg.CreateAccountOutput](t, x, "CreateAccount", &awsorg.CreateAccountInput{AccountName: aws.String("etl"), Email: aws.String("etl@example.com")}).CreateAccountStatus
	if started.State != types.CreateAccountStateInProgress {
		t.Errorf("state at first: %s", started.State)
	}
	done := must[awsorg.DescribeCreateAccountStatusOutput](t, x, "DescribeCreateAccountStatus", &awsorg.DescribeCreateAccountStatusInput{CreateAccountRequestId: started.Id}).CreateAccountStatus
	if done.State != types.CreateAccountStateSucceeded {
		t.Fatalf("state later: %s", done.State)
	}
	must[awsorg.MoveAccountOutput](t, x, "MoveAccount", &awsorg.MoveAccountInput{AccountId: done.AccountId, SourceParentId: root, DestinationParentId: unit})
	_, err = invoke[awsorg.DeleteOrganizationalUnitOutput](t, x, management, "DeleteOrganizationalUnit", &awsorg.DeleteOrganizationalUnitInput{OrganizationalUnitId: unit})
	if got := code(err); got != "OrganizationalUnitNotEmptyException" {
		t.Errorf("deleting a unit in use: %s", got)
	}
}
