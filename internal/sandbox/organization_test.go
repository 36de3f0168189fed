package sandbox

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestNewAccountsCanBeEntered makes a member as an administrator would, and enters it by the role that AWS gives it.
func TestNewAccountsCanBeEntered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		region string
		role   *string
		arn    string // with the account between
	}{
		"the usual role": {"us-east-1", nil, "arn:aws:iam::%:role/OrganizationAccountAccessRole"},
		"a chosen role":  {"us-east-1", aws.String("Entry"), "arn:aws:iam::%:role/Entry"},
		"in China":       {"cn-north-1", nil, "arn:aws-cn:iam::%:role/OrganizationAccountAccessRole"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, Options{Regions: []string{c.region}})
			config := w.config("management", c.region)
			org := organizations.NewFromConfig(config)
			created, err := org.CreateAccount(t.Context(), &organizations.CreateAccountInput{
				AccountName: aws.String("etl"), Email: aws.String("etl@example.com"), RoleName: c.role,
			})
			if err != nil {
				t.Fatal(err)
			}
			done, err := org.DescribeCreateAccountStatus(t.Context(), &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: created.CreateAccountStatus.Id})
			if err != nil {
				t.Fatal(err)
			}
			role := strings.Replace(c.arn, "%", aws.ToString(done.CreateAccountStatus.AccountId), 1)
			if _, err := sts.NewFromConfig(config).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test")}); err != nil {
				t.Error(err)
			}
		})
	}
}
