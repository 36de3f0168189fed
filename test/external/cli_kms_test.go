package external_test

func kmsScenarios() []scenario {
	return []scenario{
		{name: "keys", steps: keySteps()},
		{name: "kinds of keys", steps: keyKindSteps()},
		{name: "policies, rotation and tags", steps: keySettingSteps()},
		{name: "aliases", steps: aliasSteps()},
		{name: "grants", steps: grantSteps()},
		{name: "use", steps: keyUseSteps()},
	}
}

func keySteps() []step {
	describe := "kms describe-key --key-id $key"
	return []step{
		{
			name: "create", run: "kms create-key --description glue --tags TagKey=team,TagValue=data", save: map[string]string{"key": "KeyMetadata.KeyId", "arn": "KeyMetadata.Arn"},
			want: want{
				"KeyMetadata.KeyState": "Enabled", "KeyMetadata.Enabled": true, "KeyMetadata.KeyManager": "CUSTOMER", "KeyMetadata.AWSAccountId": "$account",
				"KeyMetadata.KeySpec": "SYMMETRIC_DEFAULT", "KeyMetadata.KeyUsage": "ENCRYPT_DECRYPT", "KeyMetadata.Origin": "AWS_KMS", "KeyMetadata.MultiRegion": false,
				"KeyMetadata.Arn": like(`^arn:aws:kms:eu-central-1:111122223333:key/[0-9a-f-]{36}$`), "KeyMetadata.EncryptionAlgorithms": list("SYMMETRIC_DEFAULT"),
			},
		},
		{name: "describe by id", run: describe, want: want{"KeyMetadata.Arn": "$arn", "KeyMetadata.Description": "glue"}},
		{name: "describe by ARN", run: "kms describe-key --key-id $arn", want: want{"KeyMetadata.KeyId": "$key"}},
		{name: "not in another region", in: "us-east-1", run: describe, refused: "NotFoundException"},
		{name: "nor in another account by its id", as: "444455556666", run: describe, refused: "NotFoundException"},
		{name: "by its ARN another account is denied", as: "444455556666", run: "kms describe-key --key-id $arn", refused: "AccessDeniedException"},
		{name: "new description", run: "kms update-key-description --key-id $key --description jobs"},
		{name: "is described anew", run: describe, want: want{"KeyMetadata.Description": "jobs"}},
		{name: "disable", run: "kms disable-key --key-id $key"},
		{name: "is disabled", run: describe, want: want{"KeyMetadata.KeyState": "Disabled", "KeyMetadata.Enabled": false}},
		{name: "enable", run: "kms enable-key --key-id $key"},
		{name: "is enabled", run: describe, want: want{"KeyMetadata.KeyState": "Enabled", "KeyMetadata.DeletionDate": absent}},
		{name: "too short a wait", run: "kms schedule-key-deletion --key-id $key --pending-window-in-days 6", refused: "ValidationException"},
		{name: "schedule deletion", run: "kms schedule-key-deletion --key-id $key --pending-window-in-days 7", want: want{
			"KeyId": "$arn", "KeyState": "PendingDeletion", "PendingWindowInDays": 7, "DeletionDate": filled,
		}},
		{name: "is to be deleted", run: describe, want: want{"KeyMetadata.KeyState": "PendingDeletion", "KeyMetadata.Enabled": false, "KeyMetadata.DeletionDate": filled}},
		{name: "can't be enabled", run: "kms enable-key --key-id $key", refused: "KMSInvalidStateException"},
		{name: "cancel", run: "kms cancel-key-deletion --key-id $key", want: want{"KeyId": "$arn"}},
		{name: "is disabled then", run: describe, want: want{"KeyMetadata.KeyState": "Disabled"}},
		{name: "nothing to cancel", run: "kms cancel-key-deletion --key-id $key", refused: "KMSInvalidStateException"},
		{name: "schedule again", run: "kms schedule-key-deletion --key-id $key --pending-window-in-days 7", want: want{"KeyState": "PendingDeletion"}},
		{name: "is gone", at: "169h", run: describe, refused: "NotFoundException"},
		{name: "two more", run: "kms create-key", want: want{"KeyMetadata.Description": ""}},
		{name: "second of them", run: "kms create-key", want: want{"KeyMetadata.Description": ""}},
		{name: "pages", run: "kms list-keys --page-size 1", calls: 2, want: want{"Keys": size(2), "NextMarker": absent}},
		{name: "a marker of nowhere", run: "kms list-keys --no-paginate --marker nonsense", refused: "InvalidMarkerException"},
		{name: "no such key", run: "kms describe-key --key-id 00000000-0000-4000-8000-000000000000", refused: "NotFoundException"},
	}
}

func keyKindSteps() []step {
	return []step{
		{name: "RSA", run: "kms create-key --key-spec RSA_2048 --key-usage SIGN_VERIFY", save: map[string]string{"rsa": "KeyMetadata.KeyId"}, want: want{
			"KeyMetadata.KeySpec": "RSA_2048", "KeyMetadata.KeyUsage": "SIGN_VERIFY", "KeyMetadata.SigningAlgorithms": has("RSASSA_PSS_SHA_256"),
			"KeyMetadata.EncryptionAlgorithms": absent,
		}},
		{name: "HMAC", run: "kms create-key --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC", want: want{
			"KeyMetadata.KeySpec": "HMAC_256", "KeyMetadata.MacAlgorithms": list("HMAC_SHA_256"),
		}},
		{name: "imported", run: "kms create-key --origin EXTERNAL", want: want{
			"KeyMetadata.Origin": "EXTERNAL", "KeyMetadata.KeyState": "PendingImport", "KeyMetadata.Enabled": false,
		}},
		{name: "multi-Region", run: "kms create-key --multi-region", save: map[string]string{"multi": "KeyMetadata.KeyId"}, want: want{
			"KeyMetadata.KeyId": like("^mrk-[0-9a-f]{32}$"), "KeyMetadata.MultiRegion": true,
			"KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType": "PRIMARY", "KeyMetadata.MultiRegionConfiguration.PrimaryKey.Region": "eu-central-1",
		}},
		{name: "replica", run: "kms replicate-key --key-id $multi --replica-region us-east-1", want: want{
			"ReplicaKeyMetadata.KeyId": "$multi", "ReplicaKeyMetadata.MultiRegionConfiguration.MultiRegionKeyType": "REPLICA",
			"ReplicaKeyMetadata.Arn": "arn:aws:kms:us-east-1:$account:key/$multi",
		}},
		{name: "replica's own region", in: "us-east-1", at: "1h", run: "kms describe-key --key-id $multi", want: want{
			"KeyMetadata.KeyState": "Enabled", "KeyMetadata.MultiRegionConfiguration.PrimaryKey.Region": "eu-central-1",
		}},
		{name: "no replica of a key of one region", run: "kms replicate-key --key-id $rsa --replica-region us-east-1", refused: "UnsupportedOperationException"},
		{name: "spec without usage", run: "kms create-key --key-spec RSA_2048", refused: "ValidationException"},
		{name: "no such spec", run: "kms create-key --key-spec ROT_13", refused: "ValidationException"},
		{name: "RSA has no rotation", run: "kms enable-key-rotation --key-id $rsa", refused: "UnsupportedOperationException"},
	}
}

func keySettingSteps() []step {
	status := "kms get-key-rotation-status --key-id $key"
	return []step{
		{name: "key", run: "kms create-key", save: map[string]string{"key": "KeyMetadata.KeyId"}},
		{name: "its policy", run: "kms get-key-policy --key-id $key --policy-name default --query Policy --output text", text: defaultKeyPolicy + "\n"},
		{name: "its policy's name", run: "kms list-key-policies --key-id $key", want: want{"PolicyNames": list("default")}},
		{name: "new policy", run: "kms put-key-policy --key-id $key --policy-name default --policy '$keyPolicy'"},
		{name: "is its policy", run: "kms get-key-policy --key-id $key --query Policy --output text", text: "$keyPolicy\n"},
		{name: "bad policy", run: "kms put-key-policy --key-id $key --policy nonsense", refused: "MalformedPolicyDocumentException"},
		{
			name: "policy that locks out", refused: "MalformedPolicyDocumentException",
			run: `kms put-key-policy --key-id $key --policy '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"kms:*","Resource":"*"}]}'`,
		},
		{name: "no rotation", run: status, want: want{"KeyRotationEnabled": false}},
		{name: "rotate", run: "kms enable-key-rotation --key-id $key --rotation-period-in-days 180"},
		{name: "rotation", run: status, want: want{"KeyRotationEnabled": true, "RotationPeriodInDays": 180, "NextRotationDate": filled}},
		{name: "rotate now", run: "kms rotate-key-on-demand --key-id $key", want: want{"KeyId": filled}},
		{name: "rotations", at: "1h", run: "kms list-key-rotations --key-id $key", want: want{"Rotations[].RotationType": list("ON_DEMAND")}},
		{name: "too often", run: "kms enable-key-rotation --key-id $key --rotation-period-in-days 30", usage: "valid min value: 90"},
		{name: "rotate no more", run: "kms disable-key-rotation --key-id $key"},
		{name: "no rotation again", run: status, want: want{"KeyRotationEnabled": false}},
		{name: "tag", run: "kms tag-resource --key-id $key --tags TagKey=team,TagValue=data TagKey=stage,TagValue=test"},
		{name: "untag", run: "kms untag-resource --key-id $key --tag-keys stage"},
		{name: "tags", run: "kms list-resource-tags --key-id $key", want: want{"Tags": size(1), "Tags.0.TagKey": "team", "Tags.0.TagValue": "data"}},
		{name: "found by tag", run: "resourcegroupstaggingapi get-resources --resource-type-filters kms", want: want{"ResourceTagMappingList": size(1)}},
	}
}

// defaultKeyPolicy is what CreateKey gives a key by itself. Source: KMS developer guide, "Default key policy".
const defaultKeyPolicy = `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::111122223333:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`

func aliasSteps() []step {
	return []step{
		{name: "key", run: "kms create-key", save: map[string]string{"key": "KeyMetadata.KeyId", "arn": "KeyMetadata.Arn"}},
		{name: "another", run: "kms create-key", save: map[string]string{"other": "KeyMetadata.KeyId"}},
		{name: "create", run: "kms create-alias --alias-name alias/glue --target-key-id $key"},
		{name: "same name", run: "kms create-alias --alias-name alias/glue --target-key-id $other", refused: "AlreadyExistsException"},
		{name: "AWS's own", run: "kms create-alias --alias-name alias/aws/mine --target-key-id $key", refused: "NotAuthorizedException"},
		{name: "no alias", run: "kms create-alias --alias-name glue --target-key-id $key", refused: "ValidationException"},
		{name: "no key", run: "kms create-alias --alias-name alias/x --target-key-id 00000000-0000-4000-8000-000000000000", refused: "NotFoundException"},
		{name: "describe by alias", run: "kms describe-key --key-id alias/glue", want: want{"KeyMetadata.KeyId": "$key"}},
		{name: "describe by the alias's ARN", run: "kms describe-key --key-id arn:aws:kms:$region:$account:alias/glue", want: want{"KeyMetadata.KeyId": "$key"}},
		{name: "rotation takes no alias", run: "kms get-key-rotation-status --key-id alias/glue", refused: "NotFoundException"},
		{name: "of the key", run: "kms list-aliases --key-id $key", want: want{
			"Aliases[].AliasName": list("alias/glue"), "Aliases.0.TargetKeyId": "$key",
			"Aliases.0.AliasArn": "arn:aws:kms:$region:$account:alias/glue",
		}},
		{name: "all, in pages", run: "kms list-aliases --page-size 1", want: want{"Aliases[].AliasName": has("alias/glue")}},
		{name: "point elsewhere", run: "kms update-alias --alias-name alias/glue --target-key-id $other"},
		{name: "points elsewhere", run: "kms describe-key --key-id alias/glue", want: want{"KeyMetadata.KeyId": "$other"}},
		{name: "delete", run: "kms delete-alias --alias-name alias/glue"},
		{name: "is gone", run: "kms describe-key --key-id alias/glue", refused: "NotFoundException"},
	}
}

func grantSteps() []step {
	return []step{
		{name: "key", run: "kms create-key", save: map[string]string{"key": "KeyMetadata.KeyId", "arn": "KeyMetadata.Arn"}},
		{name: "role", run: "iam create-role --role-name glue --assume-role-policy-document '$glueTrust'", save: map[string]string{"role": "Role.Arn"}},
		{
			name: "create", run: "kms create-grant --key-id $key --grantee-principal $role --operations Decrypt GenerateDataKey --name glue --retiring-principal arn:aws:iam::$account:root",
			save: map[string]string{"grant": "GrantId"}, want: want{"GrantId": like("^[0-9a-f]{64}$"), "GrantToken": filled},
		},
		{name: "list", run: "kms list-grants --key-id $key", want: want{
			"Grants[].GrantId": list("$grant"), "Grants.0.GranteePrincipal": "$role",
			"Grants.0.Operations": set("Decrypt", "GenerateDataKey"), "Grants.0.Name": "glue", "Grants.0.KeyId": "$arn",
		}},
		{name: "by its retiring principal", run: "kms list-retirable-grants --retiring-principal arn:aws:iam::$account:root", want: want{"Grants[].GrantId": list("$grant")}},
		{name: "revoke", run: "kms revoke-grant --key-id $key --grant-id $grant"},
		{name: "none", run: "kms list-grants --key-id $key", want: want{"Grants": size(0)}},
		{name: "revoke again", run: "kms revoke-grant --key-id $key --grant-id $grant", refused: "NotFoundException"},
		{name: "create another", run: "kms create-grant --key-id $key --grantee-principal $role --operations Decrypt", save: map[string]string{"grant": "GrantId", "token": "GrantToken"}},
		{name: "retire", run: "kms retire-grant --key-id $arn --grant-id $grant"},
		{name: "none again", run: "kms list-grants --key-id $key", want: want{"Grants": size(0)}},
	}
}

func keyUseSteps() []step {
	return []step{
		{name: "key", run: "kms create-key", save: map[string]string{"key": "KeyMetadata.KeyId", "arn": "KeyMetadata.Arn"}},
		{name: "encrypt", run: "kms encrypt --key-id $key --plaintext hello", file: map[string]string{"cipher": "CiphertextBlob"}, want: want{"KeyId": "$arn"}},
		{name: "decrypt", run: "kms decrypt --ciphertext-blob fileb://$cipher", want: want{"Plaintext": "aGVsbG8=", "KeyId": "$arn"}},
		{name: "data key", run: "kms generate-data-key --key-id $key --key-spec AES_256", file: map[string]string{"data": "CiphertextBlob"}, want: want{"Plaintext": filled}},
		{name: "data key again", run: "kms decrypt --ciphertext-blob fileb://$data", want: want{"Plaintext": filled}},
		{name: "sealed data key", run: "kms generate-data-key-without-plaintext --key-id $key --key-spec AES_256", want: want{"CiphertextBlob": filled, "Plaintext": absent}},
		{name: "chance", run: "kms generate-random --number-of-bytes 32", want: want{"Plaintext": filled}},
		{name: "another key", run: "kms create-key", save: map[string]string{"other": "KeyMetadata.Arn"}},
		{
			name: "encrypt anew", run: "kms re-encrypt --ciphertext-blob fileb://$cipher --destination-key-id $other", file: map[string]string{"anew": "CiphertextBlob"},
			want: want{"SourceKeyId": "$arn", "KeyId": "$other"},
		},
		{name: "decrypt what is new", run: "kms decrypt --ciphertext-blob fileb://$anew", want: want{"Plaintext": "aGVsbG8=", "KeyId": "$other"}},
		{name: "key for MACs", run: "kms create-key --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC", save: map[string]string{"hmac": "KeyMetadata.KeyId"}},
		{name: "MAC", run: "kms generate-mac --key-id $hmac --message hello --mac-algorithm HMAC_SHA_256", file: map[string]string{"mac": "Mac"}},
		{name: "verify MAC", run: "kms verify-mac --key-id $hmac --message hello --mac fileb://$mac --mac-algorithm HMAC_SHA_256", want: want{"MacValid": true}},
		{name: "what is no ciphertext", run: "kms decrypt --ciphertext-blob nonsense", refused: "InvalidCiphertextException"},
		{name: "disable", run: "kms disable-key --key-id $key"},
		{name: "can't encrypt", run: "kms encrypt --key-id $key --plaintext hello", refused: "DisabledException"},
		{name: "can't decrypt", run: "kms decrypt --ciphertext-blob fileb://$cipher", refused: "DisabledException"},
		{name: "key for signatures", run: "kms create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY", save: map[string]string{"ecc": "KeyMetadata.KeyId"}},
		{name: "sign", run: "kms sign --key-id $ecc --message hello --signing-algorithm ECDSA_SHA_256", file: map[string]string{"signature": "Signature"}},
		{name: "verify", run: "kms verify --key-id $ecc --message hello --signature fileb://$signature --signing-algorithm ECDSA_SHA_256", want: want{"SignatureValid": true}},
		{name: "verify another message", run: "kms verify --key-id $ecc --message other --signature fileb://$signature --signing-algorithm ECDSA_SHA_256", refused: "KMSInvalidSignatureException"},
		{name: "public key", run: "kms get-public-key --key-id $ecc", want: want{"PublicKey": filled, "KeySpec": "ECC_NIST_P256"}},
		{name: "can't encrypt with it", run: "kms encrypt --key-id $ecc --plaintext hello", refused: "InvalidKeyUsageException"},
	}
}
