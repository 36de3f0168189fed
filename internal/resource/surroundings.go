package resource

import "time"

// Surroundings is one resource with all around it that a repair must know before it touches anything.
type Surroundings struct {
	Location Location
	At       time.Time // when it was read
	// Exactly one of the two is for this resource's type; absent says that the resource is gone.
	Endpoint  Fact[EndpointDetail]
	Transform Fact[TransformDetail]

	// Configuration is the one that the resource names. Absent: it names one that does not exist. When the resource
	// names none, the fact is Known with an empty Name.
	Configuration Fact[SecurityConfiguration]
	Stack         Fact[string] // name of the CloudFormation stack that owns it; absent: none does
	Role          Fact[Role]   // the resource's own role; absent: it does not exist
	Caller        Fact[string] // ARN of who would carry the repair out

	// WantedKey is the key asked for, resolved in this location: absent when there is no such key or alias, and known
	// with the zero value when none was asked for.
	WantedKey Fact[KeyDetail]

	Subnet     Fact[Subnet]      // absent: the endpoint is in no subnet
	ElasticIP  Fact[string]      // address attached to the endpoint's interface by hand; absent: none
	Endpoints  Fact[Quota]       // dev endpoints of the location, with the account's limit
	Dependents Fact[[]Dependent] // whatever refers to the resource
	LastUsed   Fact[time.Time]   // a transform's newest task run that used it (FIND_MATCHES); absent: none known
	Labels     Fact[Bucket]      // of the S3 prefix for labels; absent: no such bucket; known and zero: none asked for
	// LabelsBeside is the S3 prefix next to the label file that was imported last, where Labels is about that because no
	// prefix was asked for; absent: none is known, or one was asked for.
	LabelsBeside Fact[string]
	Proof        Fact[Bucket] // of the S3 prefix where a twin proves itself, likewise
}

// Role is an IAM role with the texts of its policies. Source: iam GetRole, ListAttachedRolePolicies, GetPolicyVersion,
// ListRolePolicies, GetRolePolicy.
type Role struct {
	ARN         string
	TrustPolicy string
	Policies    Fact[[]string] // inline and attached; unknown when any of them could not be read
	Boundary    Fact[string]   // absent: none
}

// KeyDetail is a key and who was granted what on it.
type KeyDetail struct {
	Key    Key
	Ref    string // as asked for
	Grants Fact[[]KeyGrant]
}

// KeyGrant is one grant on a key. Source: kms ListGrants.
type KeyGrant struct {
	ID          string
	Grantee     string // ARN
	Operations  []string
	Constrained bool // for certain encryption contexts only
}

// Subnet is where an endpoint's network interfaces are. Source: ec2 DescribeSubnets, DescribeRouteTables,
// DescribeVpcEndpoints.
type Subnet struct {
	ID            string
	VPCID         string
	FreeAddresses int
	RouteToKMS    Fact[string] // how KMS is reached, e.g. "nat nat-1", "vpc endpoint vpce-1"; absent: no way was found
}

// Quota is a limit and what of it is used.
type Quota struct {
	Limit Fact[int] // absent: AWS names none
	Used  int
}

// Left is how many more there may be; false when that is not known.
func (q Quota) Left() (int, bool) {
	limit, ok := q.Limit.Value()
	return limit - q.Used, ok
}

// Dependent is something that refers to a resource.
type Dependent struct {
	Kind  string    `json:"kind"`  // "job", "job script", "notebook", "task run"
	Name  string    `json:"name"`  // the job's, the notebook's
	Where string    `json:"where"` // e.g. "default argument --transform_id", "s3://bucket/script.py line 12"
	Used  time.Time `json:"used,omitzero"`
	// Argument is set for references in a job's arguments, which can be rewritten.
	Argument bool `json:"argument"`
}

// Bucket is an S3 bucket, with a prefix in it, that a repair would write to.
type Bucket struct {
	Name       string
	Prefix     string
	Region     string
	Encryption Encryption // default encryption; AWS encrypts every bucket, with SSE-S3 at least, since 2023
}
