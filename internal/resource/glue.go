package resource

import "time"

// Type is a resource type, named as CloudFormation names it.
type Type string

// The resource types that findings are about.
const (
	TypeDevEndpoint Type = "AWS::Glue::DevEndpoint"
	TypeMLTransform Type = "AWS::Glue::MLTransform"
	TypeKey         Type = "AWS::KMS::Key"
)

// Mode is an encryption mode as AWS writes it. The empty mode means that the block that would carry it is absent.
// Values that AWS adds later are kept as they are: see Mode.Recognised.
type Mode string

// Modes of security configurations and transforms. AWS's DISABLED and an absent block are both NONE to users.
const (
	ModeDisabled Mode = "DISABLED"
	ModeSSES3    Mode = "SSE-S3"
	ModeSSEKMS   Mode = "SSE-KMS"
	ModeCSEKMS   Mode = "CSE-KMS"
	ModeNone     Mode = "NONE" // never sent by AWS: what users are shown for DISABLED and absent
)

// Recognised tells whether this release knows what the mode means. The empty mode (absent) is recognised.
func (m Mode) Recognised() bool {
	switch m {
	case "", ModeDisabled, ModeSSES3, ModeSSEKMS, ModeCSEKMS:
		return true
	}
	return false
}

// Encrypts tells whether the mode is one known to encrypt.
func (m Mode) Encrypts() bool { return m == ModeSSES3 || m == ModeSSEKMS || m == ModeCSEKMS }

// Encryption is one block of a security configuration: a mode and the key it names, both as AWS returned them.
type Encryption struct {
	Mode   Mode   `json:"mode"`
	KMSKey string `json:"kms_key,omitempty"` // ARN, alias ARN, id or empty
}

// SecurityConfiguration is an AWS::Glue::SecurityConfiguration. A nil block was absent in AWS's answer.
// Source: glue GetSecurityConfiguration; all members are optional there.
type SecurityConfiguration struct {
	Name         string       `json:"name"`
	S3           []Encryption `json:"s3"` // nil or empty: absent or empty list
	CloudWatch   *Encryption  `json:"cloudwatch,omitempty"`
	JobBookmarks *Encryption  `json:"job_bookmarks,omitempty"`
	DataQuality  *Encryption  `json:"data_quality,omitempty"`
	CreatedAt    time.Time    `json:"created_at,omitzero"`
}

// KeyRefs lists the keys that the configuration names, as written, each once, in order of appearance.
func (s SecurityConfiguration) KeyRefs() []string {
	var refs []string
	add := func(ref string) {
		if ref == "" {
			return
		}
		for _, r := range refs {
			if r == ref {
				return
			}
		}
		refs = append(refs, ref)
	}
	for _, e := range s.S3 {
		add(e.KMSKey)
	}
	for _, e := range []*Encryption{s.CloudWatch, s.JobBookmarks, s.DataQuality} {
		if e != nil {
			add(e.KMSKey)
		}
	}
	return refs
}

// DevEndpoint is an AWS::Glue::DevEndpoint as GetDevEndpoints lists it: the facts that verdicts need.
type DevEndpoint struct {
	Name                  string    `json:"name"`
	ARN                   ARN       `json:"-"`
	Status                string    `json:"status"` // free text at AWS: PROVISIONING, READY, FAILED, TERMINATING, TERMINATED
	FailureReason         string    `json:"failure_reason,omitempty"`
	SecurityConfiguration string    `json:"security_configuration"` // empty: none named
	RoleARN               string    `json:"role_arn"`
	GlueVersion           string    `json:"glue_version"` // empty means 0.9
	CreatedAt             time.Time `json:"created_at,omitzero"`

	Tags Fact[map[string]string] `json:"-"`
}

// MLTransform is an AWS::Glue::MLTransform as GetMLTransforms lists it: the facts that verdicts need.
type MLTransform struct {
	ID                           string      `json:"id"`
	Name                         string      `json:"name"` // AWS may return none
	ARN                          ARN         `json:"-"`
	Status                       string      `json:"status"` // NOT_READY, READY, DELETING
	EncryptionPresent            bool        `json:"encryption_present"`
	UserData                     *Encryption `json:"user_data,omitempty"` // nil: the inner block is absent
	TaskRunSecurityConfiguration string      `json:"task_run_security_configuration"`
	RoleARN                      string      `json:"role_arn"`
	GlueVersion                  string      `json:"glue_version"` // empty means 0.9
	CreatedAt                    time.Time   `json:"created_at,omitzero"`

	Tags Fact[map[string]string] `json:"-"`
}

// Key is a KMS key that Glue encryption uses. Source: kms DescribeKey, GetKeyRotationStatus, GetKeyPolicy.
type Key struct {
	ARN          ARN       `json:"-"`
	ID           string    `json:"id"`
	State        string    `json:"state"` // Enabled, Disabled, PendingDeletion, …
	Usage        string    `json:"usage"` // ENCRYPT_DECRYPT, …
	Spec         string    `json:"spec"`  // SYMMETRIC_DEFAULT, …
	Manager      string    `json:"manager"`
	Origin       string    `json:"origin"`
	MultiRegion  bool      `json:"multi_region"`
	DeletionDate time.Time `json:"deletion_date,omitzero"`
	// Rotation is absent where the key type can't rotate (imported, custom store, asymmetric).
	Rotation Fact[bool] `json:"-"`
	// Policy is the text of the key policy "default".
	Policy Fact[string] `json:"-"`
}

// AWSManaged tells whether AWS manages the key (aws/s3 and the like), so that its policy can't be edited.
func (k Key) AWSManaged() bool { return k.Manager == "AWS" }
