package external_test

import "slices"

// difference is one way in which the sandbox and moto part, and why that is right.
type difference struct {
	on   string   // the operation, or the name of one call of the script
	what []string // as differences says it; each must still occur
	why  string
}

// accepted is the table of differences that are no fault of the sandbox.
func accepted() []difference {
	return slices.Concat(acceptedSTS(), acceptedGlue(), acceptedKMS(), acceptedOrganizations())
}

// Reasons that come up more than once.
const (
	unchecked = "moto takes a request that the service model refuses: a required member is missing, or a value is not among the enum's"
	invented  = "moto answers members that were never given, empty or made up; AWS leaves them out, and Terraform reads them back as unset"
	missing   = "moto does not have this operation and answers HTTP 500 with a page"
	lost      = "moto loses a member that the service model has in this output"
)

func acceptedSTS() []difference {
	return []difference{
		{
			on: "sts.AssumeRole", what: []string{"only moto: PackedPolicySize"},
			why: "it says how much of a session policy's size was used; none was given",
		},
		{on: "assume too long", what: []string{"400 ValidationError, moto 200"}, why: unchecked},
		{on: "assume for too short", what: []string{"400 ValidationError, moto 200"}, why: unchecked},
		{
			on: "assume a role that is not there", what: []string{"403 AccessDenied, moto 200"},
			why: "moto assumes any role into any account unchecked; AWS does not tell a missing role from one that does not trust the caller",
		},
		{on: "assume without a session name", what: []string{"400 ValidationError, moto 500 unreadable"}, why: "moto fails over the missing required member"},
		{on: "assume with a bad session name", what: []string{"400 ValidationError, moto 200"}, why: unchecked},
		{on: "assume something else than a role", what: []string{"400 ValidationError, moto 200"}, why: unchecked},
	}
}

func acceptedGlue() []difference {
	return slices.Concat(acceptedConfigurations(), acceptedEndpoints(), []difference{
		{on: "glue.ListDevEndpoints", what: []string{"200, moto 500 500"}, why: missing},
		{on: "glue.BatchGetDevEndpoints", what: []string{"200, moto 500 500"}, why: missing},
		{on: "glue.UpdateDevEndpoint", what: []string{"200, moto 500 500"}, why: missing},
		{on: "glue.GetMLTransforms", what: []string{"200, moto 500 500"}, why: missing},
	})
}

func acceptedConfigurations() []difference {
	return []difference{
		{on: "create configuration with no such mode", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{on: "create configuration without name", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{on: "create nothing", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{on: "get configuration without name", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{
			on: "glue.GetSecurityConfiguration", what: []string{"only sandbox: SecurityConfiguration.CreatedTimeStamp"},
			why: lost + " (moto spells it as CreateSecurityConfiguration does)",
		},
		{on: "glue.GetSecurityConfigurations", what: []string{"only sandbox: SecurityConfigurations[].CreatedTimeStamp"}, why: lost},
		{on: "list configurations by one", what: []string{"only sandbox: NextToken"}, why: "moto ignores MaxResults here and gives all in one page"},
		{on: "list configurations with a bad token", what: []string{"400 InvalidInputException, moto 200"}, why: "moto ignores NextToken here"},
	}
}

func acceptedEndpoints() []difference {
	return []difference{
		{on: "glue.CreateDevEndpoint", what: each("only moto: ", "Arguments", "AvailabilityZone", "GlueVersion", "NumberOfWorkers",
			"SecurityGroupIds", "SubnetId", "WorkerType", "YarnEndpointAddress"), why: invented},
		{on: "glue.GetDevEndpoint", what: each("only moto: DevEndpoint.", "Arguments", "GlueVersion", "NumberOfWorkers", "PrivateAddress",
			"PublicKey", "PublicKeys", "SecurityGroupIds", "SubnetId", "WorkerType"), why: invented},
		{on: "glue.GetDevEndpoints", what: each("only moto: DevEndpoints[].", "PrivateAddress", "PublicKeys", "SecurityGroupIds", "SubnetId", "VpcId"), why: invented},
		{on: "list endpoints by one", what: each("only moto: DevEndpoints[].", "Arguments", "GlueVersion", "NumberOfWorkers", "PublicKey", "WorkerType"), why: invented},
		{
			on: "glue.GetDevEndpoints", what: []string{"only sandbox: NextToken"},
			why: "AWS can end this listing with an empty token (seen by aws-nuke), so the sandbox does; moto leaves it out",
		},
		{on: "create endpoint on missing configuration", what: []string{"400 InvalidInputException, moto 200"}, why: "moto takes the name of a configuration that is not there"},
		{on: "create endpoint without role", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{on: "create endpoint without name", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{
			on: "create endpoint, nodes and workers", what: []string{"400 InvalidInputException, moto 200"},
			why: "AWS takes a size in nodes or in workers, not in both (Terraform: ConflictsWith)",
		},
		{on: "create endpoint, no such worker type", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{
			on: "create endpoint, subnet alone", what: []string{"400 InvalidInputException, moto 200"},
			why: "AWS wants either none or both of subnet and security groups (Terraform: RequiredWith)",
		},
		{on: "get endpoint without name", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{on: "list endpoints by none", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{on: "list endpoints by too many", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{on: "tags given at creation", what: []string{"only sandbox: Tags.team"}, why: "moto loses the tags given to CreateDevEndpoint"},
		{on: "tags of missing endpoint", what: []string{"400 EntityNotFoundException, moto 200"}, why: "moto has tags of what is not there"},
	}
}

func acceptedKMS() []difference {
	return slices.Concat(acceptedKeyMembers(), acceptedKeyRefusals(), []difference{
		{on: "kms.ListAliases", what: each("only sandbox: Aliases[].", "CreationDate", "LastUpdatedDate"), why: lost},
		{
			on: "update alias to another usage", what: []string{"400 ValidationException, moto 200"},
			why: "AWS moves an alias only between keys of one usage and kind (UpdateAlias: \"must be the same type\")",
		},
		{on: "create grant on missing key", what: []string{"400 NotFoundException, moto 500 500"}, why: "moto fails over a key that is not there"},
		{on: "create grant without operations", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{on: "kms.ListGrants", what: each("only sandbox: Grants[].", "CreationDate", "IssuingAccount", "Name"), why: lost},
		{on: "list grants of missing key", what: []string{"400 NotFoundException, moto 500 500"}, why: "moto fails over a key that is not there"},
	})
}

func acceptedKeyMembers() []difference {
	metadata := func(on string) []difference {
		return []difference{
			{on: on, what: each("only sandbox: KeyMetadata.", "KeyUsage", "MacAlgorithms", "MultiRegion"), why: lost},
			{
				on: on, what: each("only moto: KeyMetadata.", "EncryptionAlgorithms", "SigningAlgorithms"),
				why: "moto answers algorithms that a key of this usage does not have; the model says present only when KeyUsage fits",
			},
		}
	}
	return slices.Concat(metadata("kms.CreateKey"), metadata("kms.DescribeKey"), []difference{
		{on: "list keys by one", what: []string{"only sandbox: NextMarker"}, why: "moto ignores Limit"},
		{on: "kms.GetKeyPolicy", what: []string{"only sandbox: PolicyName"}, why: lost},
		{on: "kms.GetKeyRotationStatus", what: each("only sandbox: ", "KeyId", "NextRotationDate", "RotationPeriodInDays"), why: lost},
		{on: "kms.Encrypt", what: []string{"only sandbox: EncryptionAlgorithm"}, why: lost},
		{on: "kms.GetPublicKey", what: []string{"only sandbox: KeySpec"}, why: lost},
		{on: "kms.ScheduleKeyDeletion", what: each("only sandbox: ", "KeyState", "PendingWindowInDays"), why: lost},
	})
}

func acceptedKeyRefusals() []difference {
	const (
		state = "moto does not look at the state of the key; AWS's table of key states refuses this"
		usage = "moto does not look at what the key is for"
	)
	return []difference{
		{on: "create key with a bad policy", what: []string{"400 MalformedPolicyDocumentException, moto 200"}, why: "moto takes any text for a policy"},
		{on: "put bad key policy", what: []string{"400 MalformedPolicyDocumentException, moto 200"}, why: "moto takes any text for a policy"},
		{on: "list keys by none", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{on: "list keys from a bad marker", what: []string{"400 InvalidMarkerException, moto 200"}, why: "moto ignores Marker"},
		{on: "key policy by no name", what: []string{"200, moto 400 NotFoundException"}, why: "PolicyName may be left out since 2023; its default is default"},
		{on: "rotation in 1 day", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{on: "rotation of a key for signatures", what: []string{"400 UnsupportedOperationException, moto 200"}, why: usage},
		{on: "rotation status of a key for signatures", what: []string{"400 UnsupportedOperationException, moto 200"}, why: usage},
		{on: "rotation of imported material", what: []string{"400 UnsupportedOperationException, moto 200"}, why: "KMS does not rotate what it did not make"},
		{on: "rotation of a disabled key", what: []string{"400 DisabledException, moto 200"}, why: state},
		{on: "encrypt with a key for signatures", what: []string{"400 InvalidKeyUsageException, moto 200"}, why: usage},
		{on: "encrypt with disabled key", what: []string{"400 DisabledException, moto 200"}, why: state},
		{on: "public key of a symmetric key", what: []string{"400 UnsupportedOperationException, moto 200"}, why: usage},
		{on: "schedule deletion too soon", what: []string{"400 ValidationException, moto 200"}, why: unchecked},
		{on: "schedule deletion again", what: []string{"400 KMSInvalidStateException, moto 200"}, why: state},
		{on: "enable key to be deleted", what: []string{"400 KMSInvalidStateException, moto 200"}, why: state},
		{on: "cancel no deletion", what: []string{"400 KMSInvalidStateException, moto 200"}, why: state},
	}
}

func acceptedOrganizations() []difference {
	return []difference{
		{
			on: "create account", what: each("only moto: CreateAccountStatus.", "AccountId", "CompletedTimestamp"),
			why: "AWS makes accounts in the background, so the answer is IN_PROGRESS and has neither yet",
		},
		{
			on: "organizations.ListRoots", what: []string{"only sandbox: Roots[].PolicyTypes[]"},
			why: "AWS enables service control policies in the root of an organization made with all features",
		},
		{on: "create unit again", what: []string{"400 DuplicateOrganizationalUnitException, moto 200"}, why: "AWS keeps names of units unique below one parent"},
		{
			on: "parents of missing account", what: []string{"400 ChildNotFoundException, moto 400 AccountNotFoundException"},
			why: "ListParents does not declare moto's code",
		},
		{on: "delete unit with accounts", what: []string{"400 OrganizationalUnitNotEmptyException, moto 200"}, why: "AWS deletes only empty units"},
	}
}

// each puts a prefix before each name.
func each(prefix string, names ...string) []string {
	all := make([]string, 0, len(names))
	for _, name := range names {
		all = append(all, prefix+name)
	}
	return all
}
