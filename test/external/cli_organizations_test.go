package external_test

import "github.com/glueguard/glueguard/internal/sandbox"

func organizationScenarios() []scenario {
	return []scenario{
		{name: "organization", account: management, options: sandbox.Options{Scenario: "org", Accounts: 5, RegionCount: 2, Resources: 5}, steps: []step{
			{name: "who", run: "sts get-caller-identity", save: map[string]string{"management": "Account"}},
			{name: "describe", run: "organizations describe-organization", want: want{
				"Organization.Id":              like("^o-[a-z0-9]{10,32}$"),
				"Organization.MasterAccountId": "$management", "Organization.FeatureSet": "ALL", "Organization.MasterAccountArn": filled,
			}},
			{
				name: "accounts", run: "organizations list-accounts", save: map[string]string{"member": "Accounts.1.Id"},
				want: want{
					"Accounts": size(5), "Accounts[].Id": has(managementID), "Accounts.0.Arn": like("^arn:aws:organizations::"),
					"Accounts.0.Status": filled, "Accounts.0.Email": filled, "Accounts.0.JoinedTimestamp": filled,
				},
			},
			{name: "accounts in pages", run: "organizations list-accounts --page-size 2", calls: 3, want: want{"Accounts": size(5), "NextToken": absent}},
			{name: "first accounts", run: "organizations list-accounts --max-items 2", want: want{"Accounts": size(2), "NextToken": filled}},
			{name: "one account", run: "organizations describe-account --account-id $management", want: want{"Account.Id": "$management", "Account.Status": "ACTIVE"}},
			{name: "no such account", run: "organizations describe-account --account-id 999999999999", refused: "AccountNotFoundException"},
			{name: "root", run: "organizations list-roots", save: map[string]string{"root": "Roots.0.Id"}, want: want{"Roots": size(1), "Roots.0.Id": like("^r-[a-z0-9]{4,32}$")}},
			{
				name: "units", run: "organizations list-organizational-units-for-parent --parent-id $root", save: map[string]string{"unit": "OrganizationalUnits.0.Id"},
				want: want{"OrganizationalUnits.0.Id": like("^ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}$"), "OrganizationalUnits.0.Name": filled},
			},
			{name: "unit", run: "organizations describe-organizational-unit --organizational-unit-id $unit", want: want{"OrganizationalUnit.Id": "$unit"}},
			{name: "parent of the unit", run: "organizations list-parents --child-id $unit", want: want{"Parents.0.Id": "$root", "Parents.0.Type": "ROOT"}},
			{name: "children of the root", run: "organizations list-children --parent-id $root --child-type ORGANIZATIONAL_UNIT", want: want{"Children[].Id": has("$unit"), "Children.0.Type": "ORGANIZATIONAL_UNIT"}},
			{name: "accounts of the root", run: "organizations list-accounts-for-parent --parent-id $root", want: want{"Accounts[].Id": has(managementID)}},
			{name: "a stranger may not list", as: "999999999999", run: "organizations list-accounts", refused: "AWSOrganizationsNotInUseException"},
		}},
		{name: "organization that grows", account: management, steps: []step{
			{name: "is there", run: "organizations describe-organization", want: want{"Organization.MasterAccountId": managementID}},
			{name: "create another", run: "organizations create-organization", refused: "AlreadyInOrganizationException"},
			{
				name: "account", run: "organizations create-account --email a@example.com --account-name member", save: map[string]string{"request": "CreateAccountStatus.Id"},
				want: want{"CreateAccountStatus.AccountName": "member", "CreateAccountStatus.State": like("IN_PROGRESS|SUCCEEDED")},
			},
			{
				name: "is made", at: "10m", run: "organizations describe-create-account-status --create-account-request-id $request", save: map[string]string{"member": "CreateAccountStatus.AccountId"},
				want: want{"CreateAccountStatus.State": "SUCCEEDED", "CreateAccountStatus.AccountId": like(`^\d{12}$`)},
			},
			{name: "root", run: "organizations list-roots", save: map[string]string{"root": "Roots.0.Id"}},
			{
				name: "unit", run: "organizations create-organizational-unit --parent-id $root --name data", save: map[string]string{"unit": "OrganizationalUnit.Id"},
				want: want{"OrganizationalUnit.Name": "data"},
			},
			{name: "same unit", run: "organizations create-organizational-unit --parent-id $root --name data", refused: "DuplicateOrganizationalUnitException"},
			{name: "move", run: "organizations move-account --account-id $member --source-parent-id $root --destination-parent-id $unit"},
			{name: "is moved", run: "organizations list-accounts-for-parent --parent-id $unit", want: want{"Accounts[].Id": list("$member")}},
			{name: "its parent", run: "organizations list-parents --child-id $member", want: want{"Parents.0.Id": "$unit", "Parents.0.Type": "ORGANIZATIONAL_UNIT"}},
			{name: "children", run: "organizations list-children --parent-id $unit --child-type ACCOUNT", want: want{"Children.0.Id": "$member"}},
			{name: "a unit with accounts stays", run: "organizations delete-organizational-unit --organizational-unit-id $unit", refused: "OrganizationalUnitNotEmptyException"},
			{name: "move back", run: "organizations move-account --account-id $member --source-parent-id $unit --destination-parent-id $root"},
			{name: "delete unit", run: "organizations delete-organizational-unit --organizational-unit-id $unit"},
			{name: "unit is gone", run: "organizations describe-organizational-unit --organizational-unit-id $unit", refused: "OrganizationalUnitNotFoundException"},
			{name: "the member's own root", as: "$member", run: "sts get-caller-identity", want: want{"Account": "$member"}},
		}},
	}
}

// managementID is the management account of the sandbox.
const managementID = "111111111111"
