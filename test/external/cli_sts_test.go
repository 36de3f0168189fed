package external_test

// externalTrust lets account 111122223333 in, with an external id.
const externalTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},` +
	`"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"secret-7"}}}]}`

// readEndpoints allows one read and nothing else.
const readEndpoints = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"glue:GetDevEndpoints","Resource":"*"}]}`

func stsScenarios() []scenario {
	return []scenario{
		{name: "accounts by access key", steps: []step{
			{
				name: "12 digits are that account", run: "sts get-caller-identity",
				want: want{"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:root", "UserId": "111122223333"},
			},
			{
				name: "another 12 digits", run: "sts get-caller-identity", as: "444455556666",
				want: want{"Account": "444455556666", "Arn": "arn:aws:iam::444455556666:root"},
			},
			{
				name: "any other key is the management account", run: "sts get-caller-identity", as: management,
				want: want{"Account": like(`^\d{12}$`), "Arn": like(`^arn:aws:iam::\d{12}:`)},
			},
			{name: "as text", run: "sts get-caller-identity --query Account --output text", text: "111122223333\n"},
			{
				name: "a role of one account", run: "iam create-role --role-name mine --assume-role-policy-document '$glueTrust'",
				want: want{"Role.Arn": "arn:aws:iam::111122223333:role/mine"},
			},
			{name: "is not in the other", run: "iam get-role --role-name mine", as: "444455556666", refused: "NoSuchEntity"},
		}},
		{name: "assumed roles", steps: []step{
			{
				name: "a role in another account", as: "444455556666",
				run:  "iam create-role --role-name audit --max-session-duration 7200 --assume-role-policy-document '" + externalTrust + "'",
				want: want{"Role.Arn": "arn:aws:iam::444455556666:role/audit"},
			},
			{
				name: "with its one right", as: "444455556666",
				run: "iam put-role-policy --role-name audit --policy-name read --policy-document '" + readEndpoints + "'",
			},
			{
				name: "without the external id", refused: "AccessDenied",
				run: "sts assume-role --role-arn arn:aws:iam::444455556666:role/audit --role-session-name glueguard",
			},
			{
				name: "with another external id", refused: "AccessDenied",
				run: "sts assume-role --role-arn arn:aws:iam::444455556666:role/audit --role-session-name glueguard --external-id guess-1",
			},
			{
				name: "from an account that is not trusted", as: "777788889999", refused: "AccessDenied",
				run: "sts assume-role --role-arn arn:aws:iam::444455556666:role/audit --role-session-name glueguard --external-id secret-7",
			},
			{
				name: "a role that is not there", refused: "AccessDenied",
				run: "sts assume-role --role-arn arn:aws:iam::444455556666:role/nobody --role-session-name glueguard --external-id secret-7",
			},
			{
				name: "as it must be", login: "audit",
				run: "sts assume-role --role-arn arn:aws:iam::444455556666:role/audit --role-session-name glueguard --external-id secret-7",
				want: want{
					"AssumedRoleUser.Arn":           "arn:aws:sts::444455556666:assumed-role/audit/glueguard",
					"AssumedRoleUser.AssumedRoleId": like(`^AROA[A-Z0-9]+:glueguard$`), "Credentials.AccessKeyId": like(`^ASIA[A-Z0-9]{16}$`),
					"Credentials.SecretAccessKey": filled, "Credentials.SessionToken": filled, "Credentials.Expiration": filled,
				},
			},
			{name: "the session is that role", as: "audit", run: "sts get-caller-identity", want: want{
				"Account": "444455556666", "Arn": "arn:aws:sts::444455556666:assumed-role/audit/glueguard", "UserId": like(`^AROA[A-Z0-9]+:glueguard$`),
			}},
			{name: "it may what its policy allows", as: "audit", run: "glue get-dev-endpoints", want: want{"DevEndpoints": size(0)}},
			{name: "and nothing else", as: "audit", run: "glue get-ml-transforms", refused: "AccessDeniedException"},
			{name: "nor in a query service", as: "audit", run: "iam get-role --role-name audit", refused: "AccessDenied"},
			{name: "after its hour it is refused", as: "audit", at: "61m", run: "sts get-caller-identity", refused: "ExpiredToken"},
			{name: "in a JSON service too", as: "audit", run: "glue get-dev-endpoints", refused: "ExpiredTokenException"},
			{
				name: "a session longer than the role allows", refused: "ValidationError",
				run: "sts assume-role --role-arn arn:aws:iam::444455556666:role/audit --role-session-name g1 --external-id secret-7 --duration-seconds 10000",
			},
			{
				name: "a session shorter than AWS allows", usage: "valid min value: 900",
				run: "sts assume-role --role-arn arn:aws:iam::444455556666:role/audit --role-session-name g1 --external-id secret-7 --duration-seconds 60",
			},
			{
				name: "two hours", login: "long",
				run: "sts assume-role --role-arn arn:aws:iam::444455556666:role/audit --role-session-name g1 --external-id secret-7 --duration-seconds 7200",
			},
			{name: "last two hours", as: "long", at: "119m", run: "sts get-caller-identity", want: want{"Account": "444455556666"}},
		}},
		partitionScenario("aws-cn", "cn-north-1", "cn-northwest-1"),
		partitionScenario("aws-us-gov", "us-gov-west-1", "us-gov-east-1"),
	}
}

// partitionScenario does a little of everything in a region of another partition.
func partitionScenario(partition, region, other string) scenario {
	return scenario{name: "partition " + partition, region: region, steps: []step{
		{name: "caller", run: "sts get-caller-identity", want: want{"Arn": "arn:" + partition + ":iam::$account:root"}},
		{
			name: "role", run: "iam create-role --role-name glue --assume-role-policy-document '$glueTrust'",
			save: map[string]string{"role": "Role.Arn"}, want: want{"Role.Arn": "arn:" + partition + ":iam::$account:role/glue"},
		},
		{
			name: "key", run: "kms create-key", save: map[string]string{"key": "KeyMetadata.Arn"},
			want: want{"KeyMetadata.Arn": like("^arn:" + partition + ":kms:" + region + `:111122223333:key/`)},
		},
		{
			name: "endpoint", run: "glue create-dev-endpoint --endpoint-name nb --role-arn $role --tags team=data",
			want: want{"EndpointName": "nb", "RoleArn": "$role"},
		},
		{
			name: "tags by ARN", run: "glue get-tags --resource-arn arn:" + partition + ":glue:" + region + ":$account:devEndpoint/nb",
			want: want{"Tags.team": "data"},
		},
		{
			name: "tags by an ARN of another partition", run: "glue get-tags --resource-arn arn:aws:glue:" + region + ":$account:devEndpoint/nb",
			refused: "EntityNotFoundException",
		},
		{
			name: "found by its tag", run: "resourcegroupstaggingapi get-resources --tag-filters Key=team,Values=data",
			want: want{"ResourceTagMappingList[].ResourceARN": list("arn:" + partition + ":glue:" + region + ":111122223333:devEndpoint/nb")},
		},
		{name: "regions are the partition's", run: "ec2 describe-regions", want: want{"Regions[].RegionName": set(region, other)}},
		{name: "and by account", run: "account list-regions", want: want{"Regions[].RegionName": set(region, other)}},
	}}
}
