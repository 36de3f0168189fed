// Package plan says how a resource gets from its present encryption to the wanted one: ordered steps with what each
// needs and what takes it back, and what all of it means to people. A plan is data, bound by a digest; it does nothing.
//
// It is pure: no SDK, no clock, no files.
package plan

import (
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/resource"
)

// Schema names the JSON form of this release's plans.
const Schema = "glueguard.plan/v1"

// Strategy is how a resource is repaired.
type Strategy string

// The strategies.
const (
	Replace    Strategy = "replace"      // an encrypted one takes the original's place and name
	SideBySide Strategy = "side-by-side" // an encrypted one under a new name; the original goes at finalize
	Retire     Strategy = "retire"       // the resource is deleted, its definition kept
)

// Plan is what is proposed for an estate. Digest covers everything else in it.
type Plan struct {
	Schema    string    `json:"schema"`
	Digest    string    `json:"digest"` // "sha256:…"
	CreatedAt time.Time `json:"created_at"`
	AuditID   string    `json:"audit_id"`
	Policy    PolicyRef `json:"policy"`
	Access    Access    `json:"access"`

	Complete  bool `json:"complete"`  // everything that could call for a repair was read
	Applyable bool `json:"applyable"` // there is something to do, and no check that failed stands against all of it
	Errored   bool `json:"errored"`   // planning itself went wrong somewhere: see Unread

	Summary Summary             `json:"summary"`
	Changes []Item              `json:"changes"` // sorted by account, region, type, name; the blocked ones too
	Unread  []resource.Coverage `json:"unread"`  // what could not be read, so that the plan may lack something
	// Accepted names the checks that may stay unchecked: codes, or "*" for every one. An approver sees it here.
	Accepted []string `json:"accepted_unchecked"`
}

// PolicyRef names the policy that the plan was made under.
type PolicyRef struct {
	Profile string `json:"profile"`
	Digest  string `json:"digest"`
}

// Access is how accounts other than the caller's own are entered; apply uses the same unless told otherwise.
type Access struct {
	Role string `json:"role,omitempty"`
}

// Summary counts the plan's items by what happens to them.
type Summary struct {
	Replace    int `json:"replace"`
	SideBySide int `json:"side_by_side"`
	Retire     int `json:"retire"`
	Blocked    int `json:"blocked"`
}

// Item is one resource's change as planned.
type Item struct {
	Resource resource.Ref      `json:"resource"`
	Location resource.Location `json:"location"`
	Identity resource.Identity `json:"identity"`
	Strategy Strategy          `json:"strategy"`
	From     resource.Mode     `json:"from"` // NONE, SSE-S3 or SSE-KMS
	To       resource.Mode     `json:"to"`   // empty under Retire
	KMSKey   string            `json:"kms_key,omitempty"`
	Findings []FindingRef      `json:"findings"` // why; empty where the resource was asked for by name

	// Blocked says why nothing will be done; then there are no steps.
	Blocked *Blocked `json:"blocked,omitempty"`

	// Exactly one is set: what the plan saw. Apply refuses a resource that differs from it.
	Endpoint  *resource.EndpointDetail  `json:"endpoint,omitempty"`
	Transform *resource.TransformDetail `json:"transform,omitempty"`
	// Configuration is the resource's present security configuration; nil where it names none or a missing one.
	Configuration *resource.SecurityConfiguration `json:"configuration,omitempty"`

	Attributes   []Attribute          `json:"attributes"`
	Steps        []Step               `json:"steps"`
	Consequences []Consequence        `json:"consequences"`
	Warnings     []Warning            `json:"warnings"` // each must be accepted before the change starts
	Permissions  []Permission         `json:"permissions"`
	Checks       []Check              `json:"checks"`
	Dependents   []resource.Dependent `json:"dependents"`
}

// FindingRef names a failing finding that the item settles.
type FindingRef struct {
	ID      string     `json:"id"`
	Control control.ID `json:"control"`
	Reason  string     `json:"reason"`
}

// Blocked is why a resource is not repaired, and what to do instead.
type Blocked struct {
	Code    string `json:"code"` // see the constants
	Message string `json:"message"`
	Instead string `json:"instead"`
}

// Why a resource is not repaired.
const (
	BlockedStack    = "stack-owned"   // a CloudFormation stack owns it: change the template
	BlockedByCode   = "owned-by-code" // its tags say so, as the policy defines
	BlockedExcepted = "excepted"
	BlockedUnknown  = "unknown"       // it, or what must be known of it, could not be read
	BlockedGone     = "gone"          // it is being deleted, or not there any more
	BlockedNoMode   = "no-mode"       // neither the command nor the policy says which mode is wanted
	BlockedNoKey    = "no-key"        // SSE-KMS is wanted and no key named
	BlockedNoLabels = "no-labels-s3"  // the transform has labels and no S3 prefix to export them to
	BlockedAlready  = "already"       // it already has the wanted mode and key
	BlockedUnderWay = "under-way"     // another change of it is open
	BlockedNotHere  = "not-plannable" // e.g. a key's own finding: see the finding's advice
	BlockedStrategy = "strategy"      // the strategy is not possible for it
)

// Attribute is one attribute before and after, as people read it.
type Attribute struct {
	Name   string `json:"name"` // Terraform's name where it has one: security_configuration, glue_version, …
	Before string `json:"before"`
	After  string `json:"after"`
	// AfterUnknown: AWS decides it, e.g. an address.
	AfterUnknown bool `json:"after_unknown,omitempty"`
	// Forces marks the attributes that can't be changed in place, so that the resource must be replaced.
	Forces bool `json:"forces_replacement,omitempty"`
}

// Consequence is something that people should know before it happens.
type Consequence struct {
	Code string `json:"code"` // e.g. "name-kept", "new-id", "addresses-change", "overlap-cost", "lost-on-cluster"
	Text string `json:"text"`
}

// LabelsExported is the code of the consequence that says where a transform's labels go.
const LabelsExported = "labels-exported"

// Warning is a consequence that must be accepted.
type Warning struct {
	Code string `json:"code"`
	Text string `json:"text"`
	// Flag is what accepts it on the command line, e.g. "--accept-irreversible".
	Flag     string `json:"flag"`
	Accepted bool   `json:"accepted"`
}

// The warnings.
const (
	WarnWeaker       = "weaker-mode"
	WarnIrreversible = "irreversible"
)

// Permission is an AWS action that the caller needs.
type Permission struct {
	Action   string `json:"action"`   // e.g. "glue:CreateDevEndpoint"
	Resource string `json:"resource"` // ARN or "*"
	Step     string `json:"step"`     // the first step that needs it
	// Passed is the service for iam:PassRole, e.g. "glue.amazonaws.com".
	Passed string `json:"passed_to,omitempty"`
}

// CheckStatus is how a preflight check ended.
type CheckStatus string

// The outcomes of a check. Failed stops apply; Unchecked does unless it was accepted.
const (
	Passed    CheckStatus = "passed"
	Failed    CheckStatus = "failed"
	Unchecked CheckStatus = "unchecked"
)

// Check is one preflight check. Advisory ones never stop anything.
type Check struct {
	Code     string      `json:"code"` // e.g. "key-usable"
	Status   CheckStatus `json:"status"`
	Advisory bool        `json:"advisory,omitempty"`
	Message  string      `json:"message"`
	Advice   string      `json:"advice,omitempty"`   // what to do when it did not pass
	Accepted bool        `json:"accepted,omitempty"` // unchecked, and accepted as such
}

// Stops tells whether the check keeps its change from being applied.
func (c Check) Stops() bool {
	switch {
	case c.Advisory, c.Status == Passed:
		return false
	case c.Status == Unchecked:
		return !c.Accepted
	}
	return true
}
