package external_test

import "slices"

// trial is one call of the script that both the sandbox and moto get.
type trial struct {
	name     string
	call     string            // botocore's service and AWS's operation: "glue.GetDevEndpoint"
	params   params            // strings may have $names of saved values
	save     map[string]string // variable -> path in the output
	region   string            // empty: eu-central-1
	motoOnly bool              // makes in moto what the sandbox has from the start; not compared
}

type params = map[string]any

// script is what both get, in this order.
func script() []trial {
	return slices.Concat(stsTrials(), keyTrials(), aliasTrials(), grantTrials(), configurationTrials(), endpointTrials(),
		organizationTrials())
}

const (
	glueTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	rootTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::$account:root"},"Action":"sts:AssumeRole"}]}`
	keyPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::$account:root"},"Action":"kms:*","Resource":"*"}]}`
	glueRole  = "arn:aws:iam::$account:role/glue"
	noKey     = "arn:aws:kms:eu-central-1:$account:key/00000000-0000-4000-8000-000000000000"
)

func stsTrials() []trial {
	return []trial{
		{name: "who am I", call: "sts.GetCallerIdentity"},
		{name: "role for Glue", call: "iam.CreateRole", params: params{"RoleName": "glue", "AssumeRolePolicyDocument": glueTrust}},
		{name: "role to assume", call: "iam.CreateRole", params: params{"RoleName": "reader", "AssumeRolePolicyDocument": rootTrust}},
		{name: "assume", call: "sts.AssumeRole", params: params{"RoleArn": "arn:aws:iam::$account:role/reader", "RoleSessionName": "audit"}},
		{name: "assume for a time", call: "sts.AssumeRole", params: params{
			"RoleArn": "arn:aws:iam::$account:role/reader", "RoleSessionName": "audit", "DurationSeconds": 900,
		}},
		{name: "assume too long", call: "sts.AssumeRole", params: params{
			"RoleArn": "arn:aws:iam::$account:role/reader", "RoleSessionName": "audit", "DurationSeconds": 99999,
		}},
		{name: "assume for too short", call: "sts.AssumeRole", params: params{
			"RoleArn": "arn:aws:iam::$account:role/reader", "RoleSessionName": "audit", "DurationSeconds": 60,
		}},
		{name: "assume a role that is not there", call: "sts.AssumeRole", params: params{
			"RoleArn": "arn:aws:iam::$account:role/nobody", "RoleSessionName": "audit",
		}},
		{name: "assume without a session name", call: "sts.AssumeRole", params: params{"RoleArn": "arn:aws:iam::$account:role/reader"}},
		{name: "assume with a bad session name", call: "sts.AssumeRole", params: params{
			"RoleArn": "arn:aws:iam::$account:role/reader", "RoleSessionName": "two words",
		}},
		{name: "assume something else than a role", call: "sts.AssumeRole", params: params{
			"RoleArn": "not-an-arn-of-a-role-at-all", "RoleSessionName": "audit",
		}},
	}
}

func configurationTrials() []trial {
	full := params{
		"S3Encryption":           []any{params{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": "$arn"}},
		"CloudWatchEncryption":   params{"CloudWatchEncryptionMode": "SSE-KMS", "KmsKeyArn": "$arn"},
		"JobBookmarksEncryption": params{"JobBookmarksEncryptionMode": "CSE-KMS", "KmsKeyArn": "$arn"},
	}
	return []trial{
		{name: "no configurations", call: "glue.GetSecurityConfigurations"},
		{name: "create configuration", call: "glue.CreateSecurityConfiguration", params: params{"Name": "a-full", "EncryptionConfiguration": full}},
		{name: "create its name again", call: "glue.CreateSecurityConfiguration", params: params{"Name": "a-full", "EncryptionConfiguration": full}},
		{name: "create configuration SSE-S3", call: "glue.CreateSecurityConfiguration", params: params{
			"Name": "b-s3", "EncryptionConfiguration": params{"S3Encryption": []any{params{"S3EncryptionMode": "SSE-S3"}}},
		}},
		{name: "create empty configuration", call: "glue.CreateSecurityConfiguration", params: params{
			"Name": "c-empty", "EncryptionConfiguration": params{},
		}},
		{name: "create configuration with no such mode", call: "glue.CreateSecurityConfiguration", params: params{
			"Name": "bad", "EncryptionConfiguration": params{"S3Encryption": []any{params{"S3EncryptionMode": "ROT13"}}},
		}},
		{name: "create configuration without name", call: "glue.CreateSecurityConfiguration", params: params{"EncryptionConfiguration": params{}}},
		{name: "create nothing", call: "glue.CreateSecurityConfiguration", params: params{"Name": "nothing"}},
		{name: "get configuration", call: "glue.GetSecurityConfiguration", params: params{"Name": "a-full"}},
		{name: "get configuration SSE-S3", call: "glue.GetSecurityConfiguration", params: params{"Name": "b-s3"}},
		{name: "get empty configuration", call: "glue.GetSecurityConfiguration", params: params{"Name": "c-empty"}},
		{name: "get missing configuration", call: "glue.GetSecurityConfiguration", params: params{"Name": "missing"}},
		{name: "get configuration elsewhere", call: "glue.GetSecurityConfiguration", params: params{"Name": "a-full"}, region: "us-east-1"},
		{name: "get configuration without name", call: "glue.GetSecurityConfiguration"},
		{name: "list configurations", call: "glue.GetSecurityConfigurations"},
		{name: "list configurations by one", call: "glue.GetSecurityConfigurations", params: params{"MaxResults": 1}},
		{name: "list configurations with a bad token", call: "glue.GetSecurityConfigurations", params: params{"NextToken": "nonsense"}},
		{name: "delete configuration", call: "glue.DeleteSecurityConfiguration", params: params{"Name": "c-empty"}},
		{name: "delete missing configuration", call: "glue.DeleteSecurityConfiguration", params: params{"Name": "c-empty"}},
	}
}

func endpointTrials() []trial {
	return []trial{
		{name: "the role may use keys", call: "iam.PutRolePolicy", params: params{
			"RoleName": "glue", "PolicyName": "keys",
			"PolicyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`,
		}},
		{name: "no endpoints", call: "glue.GetDevEndpoints"},
		{name: "create endpoint", call: "glue.CreateDevEndpoint", params: params{"EndpointName": "a-plain", "RoleArn": glueRole}},
		{name: "create endpoint again", call: "glue.CreateDevEndpoint", params: params{"EndpointName": "a-plain", "RoleArn": glueRole}},
		{name: "create endpoint with all", call: "glue.CreateDevEndpoint", params: params{
			"EndpointName": "b-all", "RoleArn": glueRole, "SecurityConfiguration": "a-full", "GlueVersion": "1.0", "WorkerType": "G.1X",
			"NumberOfWorkers": 2, "Arguments": params{"GLUE_PYTHON_VERSION": "3"}, "Tags": params{"team": "data"},
			"PublicKey": "ssh-rsa AAAA", "ExtraJarsS3Path": "s3://b/x.jar", "ExtraPythonLibsS3Path": "s3://b/x.py",
		}},
		{name: "create endpoint on missing configuration", call: "glue.CreateDevEndpoint", params: params{
			"EndpointName": "dangling", "RoleArn": glueRole, "SecurityConfiguration": "missing",
		}},
		{name: "create endpoint without role", call: "glue.CreateDevEndpoint", params: params{"EndpointName": "norole"}},
		{name: "create endpoint without name", call: "glue.CreateDevEndpoint", params: params{"RoleArn": glueRole}},
		{name: "create endpoint, nodes and workers", call: "glue.CreateDevEndpoint", params: params{
			"EndpointName": "both", "RoleArn": glueRole, "NumberOfNodes": 3, "WorkerType": "G.1X", "NumberOfWorkers": 2,
		}},
		{name: "create endpoint, no such worker type", call: "glue.CreateDevEndpoint", params: params{
			"EndpointName": "worker", "RoleArn": glueRole, "WorkerType": "G.99X", "NumberOfWorkers": 2,
		}},
		{name: "create endpoint, subnet alone", call: "glue.CreateDevEndpoint", params: params{
			"EndpointName": "subnet", "RoleArn": glueRole, "SubnetId": "subnet-12345678",
		}},
		{name: "get endpoint", call: "glue.GetDevEndpoint", params: params{"EndpointName": "a-plain"}},
		{name: "get endpoint with all", call: "glue.GetDevEndpoint", params: params{"EndpointName": "b-all"}},
		{name: "get missing endpoint", call: "glue.GetDevEndpoint", params: params{"EndpointName": "missing"}},
		{name: "get endpoint elsewhere", call: "glue.GetDevEndpoint", params: params{"EndpointName": "a-plain"}, region: "us-east-1"},
		{name: "get endpoint without name", call: "glue.GetDevEndpoint"},
		{name: "list endpoints", call: "glue.GetDevEndpoints"},
		{name: "list endpoints by one", call: "glue.GetDevEndpoints", params: params{"MaxResults": 1}, save: map[string]string{"token": "NextToken"}},
		{name: "list endpoints, next page", call: "glue.GetDevEndpoints", params: params{"MaxResults": 1, "NextToken": "$token"}},
		{name: "list endpoints by none", call: "glue.GetDevEndpoints", params: params{"MaxResults": 0}},
		{name: "list endpoints by too many", call: "glue.GetDevEndpoints", params: params{"MaxResults": 2000}},
		{name: "list endpoint names", call: "glue.ListDevEndpoints"},
		{name: "batch of endpoints", call: "glue.BatchGetDevEndpoints", params: params{"DevEndpointNames": []any{"a-plain", "missing"}}},
		{name: "tag endpoint", call: "glue.TagResource", params: params{
			"ResourceArn": "arn:aws:glue:eu-central-1:$account:devEndpoint/a-plain", "TagsToAdd": params{"a": "1", "b": "2"},
		}},
		{name: "untag endpoint", call: "glue.UntagResource", params: params{
			"ResourceArn": "arn:aws:glue:eu-central-1:$account:devEndpoint/a-plain", "TagsToRemove": []any{"a"},
		}},
		{name: "tags of endpoint", call: "glue.GetTags", params: params{"ResourceArn": "arn:aws:glue:eu-central-1:$account:devEndpoint/a-plain"}},
		{name: "tags given at creation", call: "glue.GetTags", params: params{"ResourceArn": "arn:aws:glue:eu-central-1:$account:devEndpoint/b-all"}},
		{name: "tags of missing endpoint", call: "glue.GetTags", params: params{"ResourceArn": "arn:aws:glue:eu-central-1:$account:devEndpoint/missing"}},
		{name: "update endpoint", call: "glue.UpdateDevEndpoint", params: params{"EndpointName": "a-plain", "PublicKey": "ssh-rsa BBBB"}},
		{name: "delete configuration in use", call: "glue.DeleteSecurityConfiguration", params: params{"Name": "a-full"}},
		{name: "delete endpoint", call: "glue.DeleteDevEndpoint", params: params{"EndpointName": "a-plain"}},
		{name: "get deleted endpoint", call: "glue.GetDevEndpoint", params: params{"EndpointName": "a-plain"}},
		{name: "delete missing endpoint", call: "glue.DeleteDevEndpoint", params: params{"EndpointName": "missing"}},
		{name: "ML transforms", call: "glue.GetMLTransforms"},
	}
}

func keyTrials() []trial {
	return []trial{
		{name: "create key", call: "kms.CreateKey", params: params{
			"Description": "glue", "Policy": keyPolicy,
			"Tags": []any{params{"TagKey": "team", "TagValue": "data"}},
		}, save: map[string]string{"key": "KeyMetadata.KeyId", "arn": "KeyMetadata.Arn"}},
		{
			name: "create key for signatures", call: "kms.CreateKey", params: params{"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
			save: map[string]string{"rsa": "KeyMetadata.KeyId"},
		},
		{
			name: "create key for MACs", call: "kms.CreateKey", params: params{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
			save: map[string]string{"hmac": "KeyMetadata.KeyId"},
		},
		{
			name: "create key for imported material", call: "kms.CreateKey", params: params{"Origin": "EXTERNAL"},
			save: map[string]string{"imported": "KeyMetadata.KeyId"},
		},
		{
			name: "create multi-Region key", call: "kms.CreateKey", params: params{"MultiRegion": true},
			save: map[string]string{"multi": "KeyMetadata.KeyId"},
		},
		{name: "create key of no such spec", call: "kms.CreateKey", params: params{"KeySpec": "ROT13"}},
		{name: "create key with a bad policy", call: "kms.CreateKey", params: params{"Policy": "not JSON"}},
		{name: "describe key", call: "kms.DescribeKey", params: params{"KeyId": "$key"}},
		{name: "describe key by ARN", call: "kms.DescribeKey", params: params{"KeyId": "$arn"}},
		{name: "describe key for signatures", call: "kms.DescribeKey", params: params{"KeyId": "$rsa"}},
		{name: "describe key for MACs", call: "kms.DescribeKey", params: params{"KeyId": "$hmac"}},
		{name: "describe imported key", call: "kms.DescribeKey", params: params{"KeyId": "$imported"}},
		{name: "describe multi-Region key", call: "kms.DescribeKey", params: params{"KeyId": "$multi"}},
		{name: "describe missing key", call: "kms.DescribeKey", params: params{"KeyId": noKey}},
		{name: "describe key that is no id", call: "kms.DescribeKey", params: params{"KeyId": "nonsense"}},
		{name: "describe key elsewhere", call: "kms.DescribeKey", params: params{"KeyId": "$key"}, region: "us-east-1"},
		{name: "list keys", call: "kms.ListKeys"},
		{name: "list keys by one", call: "kms.ListKeys", params: params{"Limit": 1}},
		{name: "list keys by none", call: "kms.ListKeys", params: params{"Limit": 0}},
		{name: "list keys from a bad marker", call: "kms.ListKeys", params: params{"Marker": "nonsense"}},
		{name: "key policy", call: "kms.GetKeyPolicy", params: params{"KeyId": "$key", "PolicyName": "default"}},
		{name: "key policy by no name", call: "kms.GetKeyPolicy", params: params{"KeyId": "$key"}},
		{name: "key policy of other name", call: "kms.GetKeyPolicy", params: params{"KeyId": "$key", "PolicyName": "other"}},
		{name: "key policies", call: "kms.ListKeyPolicies", params: params{"KeyId": "$key"}},
		{name: "put key policy", call: "kms.PutKeyPolicy", params: params{"KeyId": "$key", "PolicyName": "default", "Policy": keyPolicy}},
		{name: "put bad key policy", call: "kms.PutKeyPolicy", params: params{"KeyId": "$key", "PolicyName": "default", "Policy": "not JSON"}},
		{name: "put key policy of other name", call: "kms.PutKeyPolicy", params: params{"KeyId": "$key", "PolicyName": "other", "Policy": keyPolicy}},
		{name: "rotation off", call: "kms.GetKeyRotationStatus", params: params{"KeyId": "$key"}},
		{name: "rotation on", call: "kms.EnableKeyRotation", params: params{"KeyId": "$key"}},
		{name: "rotation is on", call: "kms.GetKeyRotationStatus", params: params{"KeyId": "$key"}},
		{name: "rotation in 100 days", call: "kms.EnableKeyRotation", params: params{"KeyId": "$key", "RotationPeriodInDays": 100}},
		{name: "rotation in 1 day", call: "kms.EnableKeyRotation", params: params{"KeyId": "$key", "RotationPeriodInDays": 1}},
		{name: "rotation off again", call: "kms.DisableKeyRotation", params: params{"KeyId": "$key"}},
		{name: "rotation of a key for signatures", call: "kms.EnableKeyRotation", params: params{"KeyId": "$rsa"}},
		{name: "rotation status of a key for signatures", call: "kms.GetKeyRotationStatus", params: params{"KeyId": "$rsa"}},
		{name: "rotation of imported material", call: "kms.EnableKeyRotation", params: params{"KeyId": "$imported"}},
		{name: "rotation of a missing key", call: "kms.GetKeyRotationStatus", params: params{"KeyId": noKey}},
		{name: "tags of key", call: "kms.ListResourceTags", params: params{"KeyId": "$key"}},
		{name: "tag key", call: "kms.TagResource", params: params{"KeyId": "$key", "Tags": []any{params{"TagKey": "a", "TagValue": "1"}}}},
		{name: "untag key", call: "kms.UntagResource", params: params{"KeyId": "$key", "TagKeys": []any{"a"}}},
		{name: "tags of missing key", call: "kms.ListResourceTags", params: params{"KeyId": noKey}},
		{name: "encrypt", call: "kms.Encrypt", params: params{"KeyId": "$key", "Plaintext": "hello"}},
		{name: "encrypt with a key for signatures", call: "kms.Encrypt", params: params{"KeyId": "$rsa", "Plaintext": "hello"}},
		{name: "data key", call: "kms.GenerateDataKey", params: params{"KeyId": "$key", "KeySpec": "AES_256"}},
		{name: "sign", call: "kms.Sign", params: params{"KeyId": "$rsa", "Message": "hello", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}},
		{name: "public key", call: "kms.GetPublicKey", params: params{"KeyId": "$rsa"}},
		{name: "public key of a symmetric key", call: "kms.GetPublicKey", params: params{"KeyId": "$key"}},
		{name: "disable key", call: "kms.DisableKey", params: params{"KeyId": "$key"}},
		{name: "describe disabled key", call: "kms.DescribeKey", params: params{"KeyId": "$key"}},
		{name: "encrypt with disabled key", call: "kms.Encrypt", params: params{"KeyId": "$key", "Plaintext": "hello"}},
		{name: "rotation of a disabled key", call: "kms.EnableKeyRotation", params: params{"KeyId": "$key"}},
		{name: "enable key", call: "kms.EnableKey", params: params{"KeyId": "$key"}},
		{name: "enable missing key", call: "kms.EnableKey", params: params{"KeyId": noKey}},
		{name: "schedule deletion too soon", call: "kms.ScheduleKeyDeletion", params: params{"KeyId": "$hmac", "PendingWindowInDays": 1}},
		{name: "schedule deletion", call: "kms.ScheduleKeyDeletion", params: params{"KeyId": "$hmac", "PendingWindowInDays": 7}},
		{name: "schedule deletion again", call: "kms.ScheduleKeyDeletion", params: params{"KeyId": "$hmac"}},
		{name: "describe key to be deleted", call: "kms.DescribeKey", params: params{"KeyId": "$hmac"}},
		{name: "enable key to be deleted", call: "kms.EnableKey", params: params{"KeyId": "$hmac"}},
		{name: "cancel deletion", call: "kms.CancelKeyDeletion", params: params{"KeyId": "$hmac"}},
		{name: "cancel no deletion", call: "kms.CancelKeyDeletion", params: params{"KeyId": "$hmac"}},
		{name: "describe key after cancelling", call: "kms.DescribeKey", params: params{"KeyId": "$hmac"}},
	}
}

func aliasTrials() []trial {
	return []trial{
		{name: "create alias", call: "kms.CreateAlias", params: params{"AliasName": "alias/glue", "TargetKeyId": "$key"}},
		{name: "create alias again", call: "kms.CreateAlias", params: params{"AliasName": "alias/glue", "TargetKeyId": "$key"}},
		{name: "create alias without its prefix", call: "kms.CreateAlias", params: params{"AliasName": "glue", "TargetKeyId": "$key"}},
		{name: "create alias of AWS", call: "kms.CreateAlias", params: params{"AliasName": "alias/aws/glue", "TargetKeyId": "$key"}},
		{name: "create alias with bad letters", call: "kms.CreateAlias", params: params{"AliasName": "alias/a b", "TargetKeyId": "$key"}},
		{name: "create alias of a missing key", call: "kms.CreateAlias", params: params{"AliasName": "alias/none", "TargetKeyId": noKey}},
		{name: "describe key by alias", call: "kms.DescribeKey", params: params{"KeyId": "alias/glue"}},
		{name: "describe key by missing alias", call: "kms.DescribeKey", params: params{"KeyId": "alias/none"}},
		{name: "rotation by alias", call: "kms.GetKeyRotationStatus", params: params{"KeyId": "alias/glue"}},
		{name: "aliases of a key", call: "kms.ListAliases", params: params{"KeyId": "$key"}},
		{name: "update alias", call: "kms.UpdateAlias", params: params{"AliasName": "alias/glue", "TargetKeyId": "$multi"}},
		{name: "update alias to another usage", call: "kms.UpdateAlias", params: params{"AliasName": "alias/glue", "TargetKeyId": "$rsa"}},
		{name: "update missing alias", call: "kms.UpdateAlias", params: params{"AliasName": "alias/none", "TargetKeyId": "$multi"}},
		{name: "delete alias", call: "kms.DeleteAlias", params: params{"AliasName": "alias/glue"}},
		{name: "delete missing alias", call: "kms.DeleteAlias", params: params{"AliasName": "alias/glue"}},
	}
}

func grantTrials() []trial {
	grant := func(key string) params {
		return params{"KeyId": key, "GranteePrincipal": glueRole, "Operations": []any{"Decrypt", "GenerateDataKey"}}
	}
	return []trial{
		{name: "no grants", call: "kms.ListGrants", params: params{"KeyId": "$key"}},
		{name: "create grant", call: "kms.CreateGrant", params: grant("$key"), save: map[string]string{"grant": "GrantId", "grantToken": "GrantToken"}},
		{name: "create grant on missing key", call: "kms.CreateGrant", params: grant(noKey)},
		{name: "create grant without operations", call: "kms.CreateGrant", params: params{"KeyId": "$key", "GranteePrincipal": glueRole}},
		{name: "list grants", call: "kms.ListGrants", params: params{"KeyId": "$key"}},
		{name: "list grants of missing key", call: "kms.ListGrants", params: params{"KeyId": noKey}},
		{name: "revoke grant", call: "kms.RevokeGrant", params: params{"KeyId": "$key", "GrantId": "$grant"}},
		{name: "revoke grant again", call: "kms.RevokeGrant", params: params{"KeyId": "$key", "GrantId": "$grant"}},
		{name: "create grant to retire", call: "kms.CreateGrant", params: grant("$key"), save: map[string]string{"grant": "GrantId", "grantToken": "GrantToken"}},
		{name: "retire grant", call: "kms.RetireGrant", params: params{"KeyId": "$arn", "GrantId": "$grant"}},
	}
}

func organizationTrials() []trial {
	return []trial{
		{name: "make organization", call: "organizations.CreateOrganization", params: params{"FeatureSet": "ALL"}, motoOnly: true},
		{name: "create organization again", call: "organizations.CreateOrganization", params: params{"FeatureSet": "ALL"}},
		{
			name: "create account", call: "organizations.CreateAccount", params: params{"Email": "a@example.com", "AccountName": "member"},
			save: map[string]string{"request": "CreateAccountStatus.Id"},
		},
		{
			name: "account is made", call: "organizations.DescribeCreateAccountStatus", params: params{"CreateAccountRequestId": "$request"},
			save: map[string]string{"member": "CreateAccountStatus.AccountId"},
		},
		{name: "describe organization", call: "organizations.DescribeOrganization", save: map[string]string{"management": "Organization.MasterAccountId"}},
		{name: "list roots", call: "organizations.ListRoots", save: map[string]string{"root": "Roots.0.Id"}},
		{name: "create unit", call: "organizations.CreateOrganizationalUnit", params: params{"ParentId": "$root", "Name": "unit"}},
		{name: "create unit again", call: "organizations.CreateOrganizationalUnit", params: params{"ParentId": "$root", "Name": "unit"}},
		{name: "list accounts", call: "organizations.ListAccounts"},
		{name: "describe account", call: "organizations.DescribeAccount", params: params{"AccountId": "$management"}},
		{name: "describe missing account", call: "organizations.DescribeAccount", params: params{"AccountId": "999999999999"}},
		{name: "parents of account", call: "organizations.ListParents", params: params{"ChildId": "$management"}},
		{name: "parents of missing account", call: "organizations.ListParents", params: params{"ChildId": "999999999999"}},
		{
			name: "units of root", call: "organizations.ListOrganizationalUnitsForParent", params: params{"ParentId": "$root"},
			save: map[string]string{"unit": "OrganizationalUnits.0.Id"},
		},
		{name: "describe unit", call: "organizations.DescribeOrganizationalUnit", params: params{"OrganizationalUnitId": "$unit"}},
		{name: "describe missing unit", call: "organizations.DescribeOrganizationalUnit", params: params{"OrganizationalUnitId": "ou-aaaa-aaaaaaaa"}},
		{name: "move account", call: "organizations.MoveAccount", params: params{
			"AccountId": "$member", "SourceParentId": "$root", "DestinationParentId": "$unit",
		}},
		{name: "accounts of unit", call: "organizations.ListAccountsForParent", params: params{"ParentId": "$unit"}},
		{name: "delete unit with accounts", call: "organizations.DeleteOrganizationalUnit", params: params{"OrganizationalUnitId": "$unit"}},
		{name: "units of missing parent", call: "organizations.ListOrganizationalUnitsForParent", params: params{"ParentId": "r-zzzz"}},
		{name: "accounts of root", call: "organizations.ListAccountsForParent", params: params{"ParentId": "$root"}},
		{name: "children of root", call: "organizations.ListChildren", params: params{"ParentId": "$root", "ChildType": "ACCOUNT"}},
		{name: "children of no such type", call: "organizations.ListChildren", params: params{"ParentId": "$root", "ChildType": "PET"}},
	}
}
