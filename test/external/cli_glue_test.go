package external_test

import (
	"fmt"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox"
)

// roleSteps make a role that Glue may take: arn:aws:iam::$account:role/glue, saved as $role.
func roleSteps() []step {
	return []step{{
		name: "role", run: "iam create-role --role-name glue --assume-role-policy-document '$glueTrust'",
		save: map[string]string{"role": "Role.Arn"}, want: want{"Role.RoleName": "glue"},
	}}
}

func endpointScenarios() []scenario {
	return []scenario{
		{name: "endpoint from create to gone", options: sandbox.Options{Provisioning: 10 * time.Minute}, steps: append(roleSteps(), endpointLife()...)},
		{name: "endpoint creates that AWS refuses", steps: append(roleSteps(), endpointRefusals()...)},
		{name: "endpoint updates", steps: append(roleSteps(), endpointUpdates()...)},
		{name: "endpoint pages", steps: append(roleSteps(), endpointPages()...)},
		{name: "end of life", options: sandbox.Options{EndOfLife: true}, steps: append(roleSteps(),
			step{name: "create is refused", run: "glue create-dev-endpoint --endpoint-name old --role-arn $role --glue-version 1.0", refused: "InvalidInputException"},
			step{name: "and left nothing", run: "glue get-dev-endpoints", want: want{"DevEndpoints": size(0)}},
		)},
		{name: "throttled", options: sandbox.Options{RatePerLocation: 0.001}, steps: []step{
			{name: "elsewhere the first call passes", in: "us-east-1", run: "glue get-dev-endpoints", want: want{"DevEndpoints": size(0)}},
			{name: "here too", run: "glue get-dev-endpoints", want: want{"DevEndpoints": size(0)}},
			{name: "the next is refused", run: "glue get-dev-endpoints", refused: "ThrottlingException"},
		}},
	}
}

func endpointLife() []step {
	return []step{
		{
			name: "configuration", run: "glue create-security-configuration --name kms --encryption-configuration S3Encryption=[{S3EncryptionMode=SSE-S3}]",
			want: want{"Name": "kms", "CreatedTimestamp": filled},
		},
		{name: "create", run: "glue create-dev-endpoint --endpoint-name nb --role-arn $role", want: want{
			"EndpointName": "nb", "RoleArn": "$role", "Status": "PROVISIONING", "NumberOfNodes": 5, "CreatedTimestamp": filled,
			"SecurityConfiguration": absent,
		}},
		{name: "is being made", run: "glue get-dev-endpoint --endpoint-name nb", want: want{
			"DevEndpoint.Status": "PROVISIONING", "DevEndpoint.PublicAddress": absent, "DevEndpoint.NumberOfNodes": 5, "DevEndpoint.WorkerType": absent,
		}},
		{name: "nearly there", at: "9m", run: "glue get-dev-endpoint --endpoint-name nb", want: want{"DevEndpoint.Status": "PROVISIONING"}},
		{name: "is ready", at: "2m", run: "glue get-dev-endpoint --endpoint-name nb", want: want{
			"DevEndpoint.Status": "READY", "DevEndpoint.PublicAddress": filled, "DevEndpoint.YarnEndpointAddress": filled,
			"DevEndpoint.AvailabilityZone": filled, "DevEndpoint.CreatedTimestamp": filled,
		}},
		{name: "another, with all", run: "glue create-dev-endpoint --endpoint-name all --role-arn $role --security-configuration kms" +
			" --glue-version 1.0 --worker-type G.1X --number-of-workers 2 --arguments GLUE_PYTHON_VERSION=3 --tags team=data,stage=test" +
			" --public-key 'ssh-rsa AAAA nb' --extra-python-libs-s3-path s3://b/a.py --extra-jars-s3-path s3://b/a.jar", want: want{
			"SecurityConfiguration": "kms", "GlueVersion": "1.0", "WorkerType": "G.1X", "NumberOfWorkers": 2, "Arguments.GLUE_PYTHON_VERSION": "3",
			"ExtraPythonLibsS3Path": "s3://b/a.py", "ExtraJarsS3Path": "s3://b/a.jar",
		}},
		{name: "keeps all but its tags", run: "glue get-dev-endpoint --endpoint-name all", want: want{
			"DevEndpoint.SecurityConfiguration": "kms", "DevEndpoint.PublicKey": "ssh-rsa AAAA nb", "DevEndpoint.WorkerType": "G.1X", "DevEndpoint.Tags": absent,
		}},
		{
			name: "what the procedure looks at", text: "nb\tNone\n",
			run: "glue get-dev-endpoints --query 'DevEndpoints[?EndpointName==`nb`].[EndpointName,SecurityConfiguration]' --output text",
		},
		{name: "names", run: "glue list-dev-endpoints", want: want{"DevEndpointNames": set("all", "nb")}},
		{name: "names by tag", run: "glue list-dev-endpoints --tags team=data", want: want{"DevEndpointNames": list("all")}},
		{name: "batch", run: "glue batch-get-dev-endpoints --dev-endpoint-names nb nobody all", want: want{
			"DevEndpoints[].EndpointName": set("all", "nb"), "DevEndpointsNotFound": list("nobody"),
		}},
		{name: "not in another region", in: "us-east-1", run: "glue get-dev-endpoint --endpoint-name nb", refused: "EntityNotFoundException"},
		{name: "nor in another account", as: "444455556666", run: "glue get-dev-endpoint --endpoint-name nb", refused: "EntityNotFoundException"},
		{name: "its configuration goes", run: "glue delete-security-configuration --name kms"},
		{name: "and it still names it", run: "glue get-dev-endpoint --endpoint-name all", want: want{"DevEndpoint.SecurityConfiguration": "kms"}},
		{name: "delete", run: "glue delete-dev-endpoint --endpoint-name nb"},
		{name: "is being deleted", run: "glue get-dev-endpoint --endpoint-name nb", want: want{"DevEndpoint.Status": "TERMINATING"}},
		{name: "is gone", at: "10m", run: "glue get-dev-endpoint --endpoint-name nb", refused: "EntityNotFoundException"},
		{name: "can't be deleted again", run: "glue delete-dev-endpoint --endpoint-name nb", refused: "EntityNotFoundException"},
		{name: "its name can be used again", run: "glue create-dev-endpoint --endpoint-name nb --role-arn $role", want: want{"Status": "PROVISIONING"}},
	}
}

func endpointRefusals() []step {
	create := "glue create-dev-endpoint --role-arn $role --endpoint-name "
	return []step{
		{name: "first", run: create + "nb", want: want{"EndpointName": "nb"}},
		{name: "same name", run: create + "nb", refused: "AlreadyExistsException"},
		{name: "missing configuration", run: create + "x --security-configuration nothing", refused: "InvalidInputException"},
		{name: "nodes and workers", run: create + "x --number-of-nodes 3 --worker-type G.1X --number-of-workers 2", refused: "InvalidInputException"},
		{name: "one node", run: create + "x --number-of-nodes 1", refused: "InvalidInputException"},
		{name: "subnet without groups", run: create + "x --subnet-id subnet-12345678", refused: "InvalidInputException"},
		{name: "both kinds of keys", run: create + "x --public-key 'ssh-rsa A' --public-keys 'ssh-rsa B'", refused: "InvalidInputException"},
		{name: "Glue 5", run: create + "x --glue-version 5.0", refused: "InvalidInputException"},
		{name: "no such worker type", run: create + "x --worker-type G.99X --number-of-workers 2", refused: "ValidationException"},
		{name: "role that does not trust Glue", run: "iam create-role --role-name other --assume-role-policy-document '$rootTrust'"},
		{name: "is refused", run: "glue create-dev-endpoint --endpoint-name x --role-arn arn:aws:iam::$account:role/other", refused: "InvalidInputException"},
		{name: "role that is not there", run: "glue create-dev-endpoint --endpoint-name x --role-arn arn:aws:iam::$account:role/nobody", refused: "InvalidInputException"},
		{name: "role of another account", run: "glue create-dev-endpoint --endpoint-name x --role-arn arn:aws:iam::444455556666:role/glue", refused: "AccessDeniedException"},
		{name: "region without endpoints", in: "ap-southeast-3", run: "glue get-dev-endpoints", refused: "InvalidInputException"},
		{name: "the CLI knows what is required", run: "glue create-dev-endpoint --endpoint-name x", usage: "--role-arn"},
		{
			name: "the procedure's command is no command", usage: "Unknown options: --security-configuration, kms",
			run: "glue update-dev-endpoint --endpoint-name nb --security-configuration kms",
		},
		{name: "nothing was made by all that", run: "glue get-dev-endpoints", want: want{"DevEndpoints[].EndpointName": list("nb")}},
	}
}

func endpointUpdates() []step {
	update := "glue update-dev-endpoint --endpoint-name nb "
	get := "glue get-dev-endpoint --endpoint-name nb"
	return []step{
		{name: "create", run: "glue create-dev-endpoint --endpoint-name nb --role-arn $role --public-key 'ssh-rsa A'", want: want{"EndpointName": "nb"}},
		{name: "key", run: update + "--public-key 'ssh-rsa B'"},
		{name: "arguments", run: update + "--add-arguments GLUE_PYTHON_VERSION=3"},
		{name: "libraries", run: update + "--custom-libraries ExtraPythonLibsS3Path=s3://b/new.py --update-etl-libraries"},
		{name: "are there", run: get, want: want{
			"DevEndpoint.PublicKey": "ssh-rsa B", "DevEndpoint.Arguments.GLUE_PYTHON_VERSION": "3",
			"DevEndpoint.ExtraPythonLibsS3Path": "s3://b/new.py",
		}},
		{name: "argument goes", run: update + "--delete-arguments GLUE_PYTHON_VERSION"},
		{name: "is gone", run: get, want: want{"DevEndpoint.Arguments.GLUE_PYTHON_VERSION": absent}},
		{name: "one that is missing", run: "glue update-dev-endpoint --endpoint-name nobody --public-key 'ssh-rsa B'", refused: "EntityNotFoundException"},
	}
}

func endpointPages() []step {
	var steps []step
	for i := range 5 {
		name := fmt.Sprintf("nb-%d", i)
		steps = append(steps, step{name: "create " + name, run: "glue create-dev-endpoint --role-arn $role --endpoint-name " + name, want: want{"EndpointName": name}})
	}
	all := list("nb-0", "nb-1", "nb-2", "nb-3", "nb-4")
	return append(steps,
		step{name: "the CLI's pages", run: "glue get-dev-endpoints --page-size 2", calls: 3, want: want{"DevEndpoints[].EndpointName": all, "NextToken": absent}},
		step{name: "pages that end evenly", run: "glue get-dev-endpoints --page-size 1", calls: 5, want: want{"DevEndpoints[].EndpointName": all}},
		step{
			name: "first items", run: "glue get-dev-endpoints --max-items 3", save: map[string]string{"token": "NextToken"},
			want: want{"DevEndpoints[].EndpointName": list("nb-0", "nb-1", "nb-2")},
		},
		step{name: "the others", run: "glue get-dev-endpoints --starting-token $token", want: want{"DevEndpoints[].EndpointName": list("nb-3", "nb-4")}},
		step{name: "one page", run: "glue get-dev-endpoints --no-paginate --max-results 2", calls: 1, want: want{"DevEndpoints": size(2), "NextToken": filled}},
		step{name: "the last page has an empty token", run: "glue get-dev-endpoints --no-paginate --max-results 5", want: want{"DevEndpoints": size(5), "NextToken": ""}},
		step{name: "more than AWS gives", run: "glue get-dev-endpoints --no-paginate --max-results 201", refused: "InvalidInputException"},
		step{name: "more than the model allows", run: "glue get-dev-endpoints --no-paginate --max-results 1001", refused: "ValidationException"},
		step{name: "a token of nowhere", run: "glue get-dev-endpoints --no-paginate --next-token nonsense", refused: "InvalidInputException"},
		step{
			name: "names have no paginator", run: "glue list-dev-endpoints --max-results 2", save: map[string]string{"token": "NextToken"},
			want: want{"DevEndpointNames": list("nb-0", "nb-1")},
		},
		step{name: "but tokens", run: "glue list-dev-endpoints --max-results 2 --next-token $token", want: want{"DevEndpointNames": list("nb-2", "nb-3")}},
	)
}

func configurationScenarios() []scenario {
	full := `'{"S3Encryption":[{"S3EncryptionMode":"SSE-KMS","KmsKeyArn":"$key"}],` +
		`"CloudWatchEncryption":{"CloudWatchEncryptionMode":"SSE-KMS","KmsKeyArn":"$key"},` +
		`"JobBookmarksEncryption":{"JobBookmarksEncryptionMode":"CSE-KMS","KmsKeyArn":"$key"}}'`
	create := "glue create-security-configuration --name "
	return []scenario{{name: "security configurations", steps: []step{
		{name: "key", run: "kms create-key", save: map[string]string{"key": "KeyMetadata.Arn"}},
		{name: "all three", run: create + "a-full --encryption-configuration " + full, want: want{"Name": "a-full", "CreatedTimestamp": filled}},
		{name: "SSE-S3", run: create + "b-s3 --encryption-configuration S3Encryption=[{S3EncryptionMode=SSE-S3}]", want: want{"Name": "b-s3"}},
		{name: "empty", run: create + "c-empty --encryption-configuration {}", want: want{"Name": "c-empty"}},
		{name: "disabled", run: create + "d-off --encryption-configuration CloudWatchEncryption={CloudWatchEncryptionMode=DISABLED}", want: want{"Name": "d-off"}},
		{name: "same name", run: create + "b-s3 --encryption-configuration {}", refused: "AlreadyExistsException"},
		{name: "no such mode", run: create + "x --encryption-configuration S3Encryption=[{S3EncryptionMode=AES}]", refused: "ValidationException"},
		{name: "no key's ARN", run: create + "x --encryption-configuration S3Encryption=[{S3EncryptionMode=SSE-KMS,KmsKeyArn=key}]", refused: "ValidationException"},
		{name: "as it was made", run: "glue get-security-configuration --name a-full", want: want{
			"SecurityConfiguration.Name": "a-full", "SecurityConfiguration.CreatedTimeStamp": filled,
			"SecurityConfiguration.EncryptionConfiguration.S3Encryption.0.KmsKeyArn":                          "$key",
			"SecurityConfiguration.EncryptionConfiguration.S3Encryption.0.S3EncryptionMode":                   "SSE-KMS",
			"SecurityConfiguration.EncryptionConfiguration.CloudWatchEncryption.CloudWatchEncryptionMode":     "SSE-KMS",
			"SecurityConfiguration.EncryptionConfiguration.JobBookmarksEncryption.JobBookmarksEncryptionMode": "CSE-KMS",
			"SecurityConfiguration.EncryptionConfiguration.DataQualityEncryption":                             absent,
		}},
		{name: "SSE-S3 has no key", run: "glue get-security-configuration --name b-s3", want: want{
			"SecurityConfiguration.EncryptionConfiguration.S3Encryption.0.KmsKeyArn": absent,
			"SecurityConfiguration.EncryptionConfiguration.CloudWatchEncryption":     absent,
		}},
		{name: "none of that name", run: "glue get-security-configuration --name nothing", refused: "EntityNotFoundException"},
		{name: "none in another region", in: "us-east-1", run: "glue get-security-configuration --name a-full", refused: "EntityNotFoundException"},
		{name: "the CLI's pages", run: "glue get-security-configurations --page-size 1", calls: 4, want: want{
			"SecurityConfigurations[].Name": list("a-full", "b-s3", "c-empty", "d-off"),
		}},
		{name: "delete", run: "glue delete-security-configuration --name c-empty"},
		{name: "delete again", run: "glue delete-security-configuration --name c-empty", refused: "EntityNotFoundException"},
	}}}
}

func glueTagScenarios() []scenario {
	arn := "arn:aws:glue:eu-central-1:$account:devEndpoint/"
	return []scenario{{name: "tags", steps: append(roleSteps(), []step{
		{name: "two endpoints", run: "glue create-dev-endpoint --endpoint-name a --role-arn $role --tags team=data,stage=test", want: want{"EndpointName": "a"}},
		{name: "one without tags", run: "glue create-dev-endpoint --endpoint-name b --role-arn $role", want: want{"EndpointName": "b"}},
		{name: "read", run: "glue get-tags --resource-arn " + arn + "a", want: want{"Tags.team": "data", "Tags.stage": "test", "Tags": size(2)}},
		{name: "none", run: "glue get-tags --resource-arn " + arn + "b", want: want{"Tags": size(0)}},
		{name: "add", run: "glue tag-resource --resource-arn " + arn + "b --tags-to-add team=data,owner=me"},
		{name: "take off", run: "glue untag-resource --resource-arn " + arn + "b --tags-to-remove owner"},
		{name: "changed", run: "glue get-tags --resource-arn " + arn + "b", want: want{"Tags.team": "data", "Tags": size(1)}},
		{name: "of nothing", run: "glue get-tags --resource-arn " + arn + "nobody", refused: "EntityNotFoundException"},
		{name: "AWS's own prefix", run: "glue tag-resource --resource-arn " + arn + "b --tags-to-add aws:x=1", refused: "InvalidInputException"},
		{name: "found by tag", run: "resourcegroupstaggingapi get-resources --tag-filters Key=team,Values=data", want: want{
			"ResourceTagMappingList[].ResourceARN": set("arn:aws:glue:eu-central-1:111122223333:devEndpoint/a", "arn:aws:glue:eu-central-1:111122223333:devEndpoint/b"),
		}},
		{name: "by two tags", run: "resourcegroupstaggingapi get-resources --tag-filters Key=team,Values=data Key=stage --resource-type-filters glue:devEndpoint", want: want{
			"ResourceTagMappingList[].ResourceARN": list("arn:aws:glue:eu-central-1:111122223333:devEndpoint/a"),
		}},
		{name: "keys", run: "resourcegroupstaggingapi get-tag-keys", want: want{"TagKeys": set("stage", "team")}},
		{name: "values", run: "resourcegroupstaggingapi get-tag-values --key stage", want: want{"TagValues": list("test")}},
		{name: "in pages", run: "resourcegroupstaggingapi get-resources --page-size 1", calls: 2, want: want{"ResourceTagMappingList": size(2)}},
		{
			name: "tagged from there", run: "resourcegroupstaggingapi tag-resources --resource-arn-list " + arn + "a " + arn + "nobody --tags seen=yes",
			want: want{"FailedResourcesMap": size(1)},
		},
		{name: "untagged from there", run: "resourcegroupstaggingapi untag-resources --resource-arn-list " + arn + "a --tag-keys stage", want: want{"FailedResourcesMap": size(0)}},
		{name: "in the end", run: "glue get-tags --resource-arn " + arn + "a", want: want{"Tags.seen": "yes", "Tags.stage": absent, "Tags.team": "data"}},
	}...)}}
}
