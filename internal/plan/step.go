package plan

import "github.com/glueguard/glueguard/internal/resource"

// Kind is what a step does.
type Kind string

// The kinds of steps that change something at AWS, one call each.
const (
	CreateKey           Kind = "create-key"
	CreateAlias         Kind = "create-alias"
	EnableRotation      Kind = "enable-key-rotation"
	CreateGrant         Kind = "create-grant"
	CreateConfiguration Kind = "create-security-configuration"
	CreateEndpoint      Kind = "create-dev-endpoint"
	DeleteEndpoint      Kind = "delete-dev-endpoint"
	CreateTransform     Kind = "create-ml-transform"
	RenameTransform     Kind = "rename-ml-transform"
	DeleteTransform     Kind = "delete-ml-transform"
	ExportLabels        Kind = "export-labels"
	ImportLabels        Kind = "import-labels"
	Evaluate            Kind = "evaluate-ml-transform"
	RepointJob          Kind = "repoint-job"
	EnsureTags          Kind = "ensure-tags" // tags of the definition and of the change are on the resource
	RemoveTags          Kind = "remove-change-tags"
	DeleteConfiguration Kind = "delete-security-configuration" // cleanup only
	DeleteLabels        Kind = "delete-exported-labels"        // only when finalize is asked for it
)

// The kinds of steps that only look.
const (
	SaveDefinition    Kind = "save-definition" // keeps the resource's full definition in the journal, and reads it back
	WaitReady         Kind = "wait-ready"      // a dev endpoint is READY, a transform as ready as Step.Status says
	WaitGone          Kind = "wait-gone"
	WaitTaskRun       Kind = "wait-task-run" // the run that the step named by Step.After started
	Verify            Kind = "verify"        // a fresh read agrees with Step.Promise
	WaitProof         Kind = "wait-proof"    // an object written from the endpoint came with the wanted encryption
	CheckUnreferenced Kind = "check-unreferenced"
)

// Changes tells whether steps of the kind change something at AWS.
func (k Kind) Changes() bool {
	switch k {
	case SaveDefinition, WaitReady, WaitGone, WaitTaskRun, Verify, WaitProof, CheckUnreferenced:
		return false
	}
	return true
}

// Repeatable tells whether the call may be sent again when the answer to the first was lost and nothing of its effect
// can be seen: it says the same thing again. For the others a lost answer is settled by looking, for a while, and then
// by a person: AWS may have made something that can't be seen yet.
func (k Kind) Repeatable() bool {
	switch k {
	case CreateKey, CreateEndpoint, CreateTransform, ExportLabels, ImportLabels, Evaluate:
		return false
	}
	return true
}

// Role is the part that a resource plays in a change; steps name resources by it, since a twin's id is not known
// before it is made.
type Role string

// The roles.
const (
	Original     Role = "original"
	Twin         Role = "twin"          // the encrypted one, under a temporary (or, side by side, its own) name
	Replacement  Role = "replacement"   // of an endpoint: the encrypted one under the original's name
	RestoredTwin Role = "restored-twin" // backout: the original's definition under a temporary name
	Restored     Role = "restored"      // backout: the original's definition under its own name
)

// Step is one thing to do or to wait for.
type Step struct {
	Name    string `json:"name"` // unique within a phase, e.g. "create-twin"
	Kind    Kind   `json:"kind"`
	Role    Role   `json:"role,omitempty"` // whom it is about
	Summary string `json:"summary"`        // one line for people
	// Precondition says in words what the step checks right before it acts.
	Precondition string `json:"precondition,omitempty"`
	// Inverse takes the step back: done in this order, after the inverses of all later steps. Empty: there is nothing
	// to take back, or (Irrevocable) it can't be.
	Inverse []Step `json:"inverse,omitempty"`
	// Irrevocable marks the steps after which undoing in reverse can't bring the original back: its delete.
	Irrevocable bool `json:"irrevocable,omitempty"`

	// What it acts on; each kind uses its own.
	Endpoint      *resource.EndpointDefinition    `json:"endpoint,omitempty"`  // CreateEndpoint; EnsureTags
	Transform     *resource.TransformDefinition   `json:"transform,omitempty"` // CreateTransform; EnsureTags
	Configuration *resource.SecurityConfiguration `json:"configuration,omitempty"`
	Key           *NewKey                         `json:"key,omitempty"`
	Grant         *Grant                          `json:"grant,omitempty"`
	NewName       string                          `json:"new_name,omitempty"`      // RenameTransform: the name it gets
	Job           string                          `json:"job,omitempty"`           // RepointJob
	From          Role                            `json:"from,omitempty"`          // RepointJob: whose id is replaced by Role's
	S3            string                          `json:"s3,omitempty"`            // labels: s3://bucket/prefix/ ; WaitProof
	After         string                          `json:"after,omitempty"`         // WaitTaskRun, ImportLabels: the step whose run or file is meant
	Status        string                          `json:"status,omitempty"`        // WaitReady of a transform: READY or NOT_READY
	LimitMinutes  int                             `json:"limit_minutes,omitempty"` // waits: longer than this needs a person
	Promise       *Promise                        `json:"promise,omitempty"`
}

// NewKey is a KMS key to make. Later steps that say KeyOf use it.
type NewKey struct {
	Alias       string `json:"alias"` // alias/…
	Description string `json:"description"`
	Policy      string `json:"policy"` // the key policy, JSON
}

// Grant is a KMS grant to make.
type Grant struct {
	Name       string   `json:"name"`
	KeyARN     string   `json:"key_arn"`
	Grantee    string   `json:"grantee"` // role ARN
	Operations []string `json:"operations"`
}

// KeyPlaceholder stands, in configurations, definitions and promises, for the ARN of the key that the change's own
// create-key step makes: it is not known when the plan is written.
const KeyPlaceholder = "(known after create-key)"

// ConfigurationPlaceholder stands for the name of a security configuration whose content holds KeyPlaceholder: its name
// carries a digest of the content.
const ConfigurationPlaceholder = "(known after create-key: glueguard-…)"

// Promise is what verification must find.
type Promise struct {
	Endpoint  *resource.EndpointDefinition  `json:"endpoint,omitempty"`
	Transform *resource.TransformDefinition `json:"transform,omitempty"`
	Mode      resource.Mode                 `json:"mode"`              // of S3 (endpoint) or user data (transform)
	KMSKey    string                        `json:"kms_key,omitempty"` // key ARN; empty where the mode needs none
	LogMode   resource.Mode                 `json:"log_mode,omitempty"`
	TaskMode  resource.Mode                 `json:"task_mode,omitempty"` // of the task runs' configuration
	// What a transform must have kept; nil and negative are not compared.
	Labels     int               `json:"labels"`
	Metrics    *resource.Metrics `json:"metrics,omitempty"`
	Tolerance  float64           `json:"tolerance,omitempty"`   // of each metric, absolute
	Ready      bool              `json:"ready"`                 // READY must be its status
	ChangeTags bool              `json:"change_tags,omitempty"` // the change's own tags are still on it
	// Usable: its keys and its role can still be used, since it is to stay for good, or another is to be made like it.
	Usable bool `json:"usable,omitempty"`
}
