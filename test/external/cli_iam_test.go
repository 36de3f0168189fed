package external_test

// readKeys allows another read.
const readKeys = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:DescribeKey","Resource":"*"}]}`

func iamScenarios() []scenario {
	return []scenario{
		{name: "roles", steps: iamRoleSteps()},
		{name: "policies", steps: iamPolicySteps()},
		{name: "simulation", steps: iamSimulationSteps()},
	}
}

func iamRoleSteps() []step {
	role := "--role-name glue"
	return []step{
		{
			name: "create", run: "iam create-role " + role + " --path /service/ --description jobs --assume-role-policy-document '$glueTrust' --tags Key=team,Value=data",
			want: want{"Role.Arn": "arn:aws:iam::$account:role/service/glue", "Role.RoleId": like("^AROA"), "Role.Path": "/service/", "Role.CreateDate": filled},
		},
		{name: "same name", run: "iam create-role " + role + " --assume-role-policy-document '$glueTrust'", refused: "EntityAlreadyExists"},
		{name: "bad trust", run: "iam create-role --role-name x --assume-role-policy-document nonsense", refused: "MalformedPolicyDocument"},
		{name: "get", run: "iam get-role " + role, want: want{
			"Role.MaxSessionDuration": 3600, "Role.Description": "jobs",
			"Role.AssumeRolePolicyDocument.Statement.0.Principal.Service": "glue.amazonaws.com", "Role.Tags.0.Key": "team",
		}},
		{name: "from another region too", in: "us-east-1", run: "iam get-role " + role, want: want{"Role.RoleName": "glue"}},
		{name: "new trust", run: "iam update-assume-role-policy " + role + " --policy-document '$rootTrust'"},
		{name: "is its trust", run: "iam get-role " + role, want: want{"Role.AssumeRolePolicyDocument.Statement.0.Principal.AWS": "arn:aws:iam::$account:root"}},
		{name: "more", run: "iam create-role --role-name more --assume-role-policy-document '$glueTrust'", want: want{"Role.RoleName": "more"}},
		{name: "third", run: "iam create-role --role-name third --assume-role-policy-document '$glueTrust'", want: want{"Role.RoleName": "third"}},
		{name: "pages", run: "iam list-roles --page-size 1", want: want{"Roles[].RoleName": has("glue", "more", "third")}},
		{name: "by path", run: "iam list-roles --path-prefix /service/", want: want{"Roles[].RoleName": list("glue")}},
		{name: "inline policy", run: "iam put-role-policy " + role + " --policy-name read --policy-document '" + readEndpoints + "'"},
		{name: "get it", run: "iam get-role-policy " + role + " --policy-name read", want: want{
			"PolicyName": "read", "RoleName": "glue",
			"PolicyDocument.Statement.0.Action": "glue:GetDevEndpoints",
		}},
		{name: "list it", run: "iam list-role-policies " + role, want: want{"PolicyNames": list("read")}},
		{name: "settings", run: "iam update-role " + role + " --max-session-duration 7200 --description new"},
		{name: "are new", run: "iam get-role " + role, want: want{"Role.MaxSessionDuration": 7200, "Role.Description": "new"}},
		{name: "boundary", run: "iam put-role-permissions-boundary " + role + " --permissions-boundary arn:aws:iam::aws:policy/ReadOnlyAccess"},
		{name: "has it", run: "iam get-role " + role, want: want{"Role.PermissionsBoundary.PermissionsBoundaryArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}},
		{name: "no boundary", run: "iam delete-role-permissions-boundary " + role},
		{name: "has none", run: "iam get-role " + role, want: want{"Role.PermissionsBoundary": absent}},
		{name: "tag", run: "iam tag-role " + role + " --tags Key=stage,Value=test"},
		{name: "untag", run: "iam untag-role " + role + " --tag-keys team"},
		{name: "tags", run: "iam list-role-tags " + role, want: want{"Tags[].Key": list("stage")}},
		{name: "a role with policies stays", run: "iam delete-role " + role, refused: "DeleteConflict"},
		{name: "delete it", run: "iam delete-role-policy " + role + " --policy-name read"},
		{name: "is gone", run: "iam get-role-policy " + role + " --policy-name read", refused: "NoSuchEntity"},
		{name: "delete", run: "iam delete-role " + role},
		{name: "role is gone", run: "iam get-role " + role, refused: "NoSuchEntity"},
	}
}

func iamPolicySteps() []step {
	policy := "--policy-arn arn:aws:iam::$account:policy/read"
	return []step{
		{name: "role", run: "iam create-role --role-name glue --assume-role-policy-document '$glueTrust'"},
		{name: "create", run: "iam create-policy --policy-name read --policy-document '" + readEndpoints + "'", want: want{
			"Policy.Arn": "arn:aws:iam::$account:policy/read", "Policy.PolicyId": like("^ANPA"), "Policy.DefaultVersionId": "v1", "Policy.AttachmentCount": 0,
		}},
		{name: "same name", run: "iam create-policy --policy-name read --policy-document '" + readEndpoints + "'", refused: "EntityAlreadyExists"},
		{name: "bad document", run: "iam create-policy --policy-name x --policy-document '{}'", refused: "MalformedPolicyDocument"},
		{name: "attach", run: "iam attach-role-policy --role-name glue " + policy},
		{name: "attach AWS's own", run: "iam attach-role-policy --role-name glue --policy-arn arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"},
		{name: "attach none", run: "iam attach-role-policy --role-name glue --policy-arn arn:aws:iam::aws:policy/Nonsense", refused: "NoSuchEntity"},
		{name: "attached", run: "iam list-attached-role-policies --role-name glue", want: want{"AttachedPolicies[].PolicyName": set("AWSGlueServiceRole", "read")}},
		{name: "count", run: "iam get-policy " + policy, want: want{"Policy.AttachmentCount": 1, "Policy.IsAttachable": true}},
		{name: "versions", run: "iam list-policy-versions " + policy, want: want{"Versions[].VersionId": list("v1"), "Versions.0.IsDefaultVersion": true}},
		{name: "version", run: "iam get-policy-version " + policy + " --version-id v1", want: want{"PolicyVersion.Document.Statement.0.Action": "glue:GetDevEndpoints"}},
		{name: "no such version", run: "iam get-policy-version " + policy + " --version-id v9", refused: "NoSuchEntity"},
		{name: "second version", run: "iam create-policy-version " + policy + " --policy-document '" + readKeys + "'", want: want{
			"PolicyVersion.VersionId": "v2", "PolicyVersion.IsDefaultVersion": false,
		}},
		{name: "becomes the default", run: "iam set-default-policy-version " + policy + " --version-id v2"},
		{name: "is the default", run: "iam get-policy " + policy, want: want{"Policy.DefaultVersionId": "v2"}},
		{name: "the default stays", run: "iam delete-policy-version " + policy + " --version-id v2", refused: "DeleteConflict"},
		{name: "the other goes", run: "iam delete-policy-version " + policy + " --version-id v1"},
		{name: "one version is left", run: "iam list-policy-versions " + policy, want: want{"Versions[].VersionId": list("v2")}},
		{name: "who has it", run: "iam list-entities-for-policy " + policy, want: want{"PolicyRoles[].RoleName": list("glue"), "PolicyUsers": size(0)}},
		{name: "policies of ours", run: "iam list-policies --scope Local", want: want{"Policies[].PolicyName": list("read")}},
		{name: "policies of AWS in pages", run: "iam list-policies --scope AWS --page-size 2", want: want{"Policies[].PolicyName": has("SecurityAudit", "AdministratorAccess")}},
		{name: "attached stays", run: "iam delete-policy " + policy, refused: "DeleteConflict"},
		{name: "detach", run: "iam detach-role-policy --role-name glue " + policy},
		{name: "detach again", run: "iam detach-role-policy --role-name glue " + policy, refused: "NoSuchEntity"},
		{name: "delete", run: "iam delete-policy " + policy},
		{name: "is gone", run: "iam get-policy " + policy, refused: "NoSuchEntity"},
	}
}

func iamSimulationSteps() []step {
	document := `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Action":"glue:*","Resource":"*"},` +
		`{"Effect":"Deny","Action":"glue:Delete*","Resource":"*"},` +
		`{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"glue.amazonaws.com"}}}]}`
	simulate := "iam simulate-principal-policy --policy-source-arn arn:aws:iam::$account:role/fixer --action-names "
	return []step{
		{name: "role", run: "iam create-role --role-name fixer --assume-role-policy-document '$rootTrust'"},
		{name: "its policy", run: "iam put-role-policy --role-name fixer --policy-name fix --policy-document '" + document + "'"},
		{name: "three decisions", run: simulate + "glue:CreateDevEndpoint glue:DeleteDevEndpoint kms:CreateKey", want: want{
			"EvaluationResults[].EvalActionName": list("glue:CreateDevEndpoint", "glue:DeleteDevEndpoint", "kms:CreateKey"),
			"EvaluationResults[].EvalDecision":   list("allowed", "explicitDeny", "implicitDeny"),
		}},
		{name: "without context", run: simulate + "iam:PassRole", want: want{
			"EvaluationResults.0.EvalDecision": "implicitDeny", "EvaluationResults.0.MissingContextValues": list("iam:PassedToService"),
		}},
		{
			name: "with context", want: want{"EvaluationResults[].EvalDecision": list("allowed")},
			run: simulate + "iam:PassRole --context-entries ContextKeyName=iam:PassedToService,ContextKeyValues=glue.amazonaws.com,ContextKeyType=string",
		},
		{
			name: "its context keys", run: "iam get-context-keys-for-principal-policy --policy-source-arn arn:aws:iam::$account:role/fixer",
			want: want{"ContextKeyNames": list("iam:PassedToService")},
		},
		{
			name: "a policy of nobody", run: "iam simulate-custom-policy --action-names glue:GetDevEndpoints glue:GetJob --policy-input-list '" + readEndpoints + "'",
			want: want{"EvaluationResults[].EvalDecision": list("allowed", "implicitDeny"), "EvaluationResults.0.EvalResourceName": "*"},
		},
		{
			name: "its context keys too", run: "iam get-context-keys-for-custom-policy --policy-input-list '" + document + "'",
			want: want{"ContextKeyNames": list("iam:PassedToService")},
		},
		{name: "no such role", run: "iam simulate-principal-policy --policy-source-arn arn:aws:iam::$account:role/nobody --action-names glue:GetJob", refused: "NoSuchEntity"},
		{
			name: "a session is no source", refused: "InvalidInput",
			run: "iam simulate-principal-policy --policy-source-arn arn:aws:sts::$account:assumed-role/fixer/s --action-names glue:GetJob",
		},
	}
}
