package account_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsaccount "github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/account"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	management = "111122223333"
	member     = "444455556666"
)

type organization struct{}

func (organization) Management() string { return management }

func list(t *testing.T, x *account.Account, caller string, in *awsaccount.ListRegionsInput) (*awsaccount.ListRegionsOutput, error) {
	t.Helper()
	op := x.Service().Operations[0]
	out, err := op.Invoke(&service.Call{Partition: "aws", Account: caller, Operation: op.Name}, in)
	if err != nil {
		return nil, err
	}
	return out.(*awsaccount.ListRegionsOutput), nil
}

func TestEnabled(t *testing.T) {
	t.Parallel()
	x := account.New([]string{"us-east-1", "eu-south-2"}, organization{})
	x.PutRegion(member, "me-south-1", types.RegionOptStatusEnabled)
	x.PutRegion(member, "eu-south-2", types.RegionOptStatusDisabled)
	want := map[string][]string{management: {"eu-south-2", "us-east-1"}, member: {"me-south-1", "us-east-1"}}
	got := map[string][]string{management: x.Enabled(management, "aws"), member: x.Enabled(member, "aws")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("enabled (-want +got):\n%s", diff)
	}
}

func TestListRegions(t *testing.T) {
	t.Parallel()
	x := account.New([]string{"us-east-1", "eu-west-1", "eu-south-2"}, organization{})
	enabled := []types.RegionOptStatus{types.RegionOptStatusEnabled, types.RegionOptStatusEnabledByDefault}
	in := &awsaccount.ListRegionsInput{RegionOptStatusContains: enabled, MaxResults: aws.Int32(2)}
	got := map[string]string{}
	pages := 0
	for {
		out, err := list(t, x, member, in)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, r := range out.Regions {
			got[*r.RegionName] = string(r.RegionOptStatus)
		}
		if out.NextToken == nil {
			break
		}
		in.NextToken = out.NextToken
	}
	want := map[string]string{"us-east-1": "ENABLED_BY_DEFAULT", "eu-west-1": "ENABLED_BY_DEFAULT", "eu-south-2": "ENABLED"}
	if diff := cmp.Diff(want, got); diff != "" || pages != 2 {
		t.Errorf("%d pages, regions (-want +got):\n%s", pages, diff)
	}
	all, err := list(t, x, member, &awsaccount.ListRegionsInput{})
	if err != nil || len(all.Regions) != 34 {
		t.Errorf("%d regions, %v", len(all.Regions), err)
	}
}

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	x := account.New([]string{"us-east-1"}, organization{})
	tests := []struct{ name, caller, target, want string }{
		{"the management account about a member", management, member, ""},
		{"a member about another", member, "999999999999", "AccessDeniedException"},
		{"the management account naming itself", management, management, "AccessDeniedException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := list(t, x, tt.caller, &awsaccount.ListRegionsInput{AccountId: &tt.target})
			var e *service.Error
			if got := errors.As(err, &e); got != (tt.want != "") || got && e.Code != tt.want {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
