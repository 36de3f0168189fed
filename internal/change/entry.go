package change

import (
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// EntryKind says what an entry of the journal records.
type EntryKind string

// The kinds of entries.
const (
	Opened    EntryKind = "opened"    // the change exists: Head
	Began     EntryKind = "began"     // a phase: Phase, Steps, State (how it ends), Trouble (why, where something is wrong)
	Intended  EntryKind = "intended"  // about to send the one call of a step; written and flushed before it
	Succeeded EntryKind = "succeeded" // a step's effect is there: Facts
	Retried   EntryKind = "retried"   // the call did not take effect and will be sent again: Trouble
	Uncertain EntryKind = "uncertain" // no one knows whether the call took effect: Trouble; looking settles it
	Refused   EntryKind = "refused"   // the step can't succeed: Trouble. What follows is the state's matter
	Halted    EntryKind = "halted"    // a person must decide, or an error must pass: Waiting or failed, Trouble
	Resumed   EntryKind = "resumed"   // a person said go on
	Ended     EntryKind = "ended"     // the phase is over, State says how
	Noted     EntryKind = "noted"     // Text; e.g. "unencrypted again" with State regressed, or a backout asked for
)

// Entry is one line of a change's journal. Folding a change's entries gives its State, always the same.
type Entry struct {
	Seq  int       `json:"seq"` // from 1, without gaps
	At   time.Time `json:"at"`
	Kind EntryKind `json:"kind"`
	Step string    `json:"step,omitempty"` // name of the step, of the phase under way

	Head    *Head       `json:"head,omitempty"`
	Phase   Phase       `json:"phase,omitempty"`
	Steps   []plan.Step `json:"steps,omitempty"`
	State   State       `json:"state,omitempty"`
	Facts   *Facts      `json:"facts,omitempty"`
	Trouble *Trouble    `json:"trouble,omitempty"`
	Text    string      `json:"text,omitempty"`
	Calls   int         `json:"calls,omitempty"` // AWS calls made for the step since the entry before
	// Answered says of Uncertain that AWS answered with a server error.
	Answered bool `json:"answered,omitempty"`
	// Role says of Noted that Facts.Resource now stands where what the change made in that role stood; and of Began, where
	// it is the original, that others deleted that while the change took itself back.
	Role plan.Role `json:"role,omitempty"`
}

// Head is what a change is about: written once, when it is opened.
type Head struct {
	ID         string      `json:"id"`
	PlanDigest string      `json:"plan_digest"`
	Item       plan.Item   `json:"item"`
	Access     plan.Access `json:"access"`
	// AcceptedUnchecked and AcceptedWarnings are what was accepted when the change was started: codes.
	AcceptedUnchecked []string `json:"accepted_unchecked"`
	AcceptedWarnings  []string `json:"accepted_warnings"`
	// Policy is the one that was in force when the change was started, where that was another than the plan's.
	Policy  *plan.PolicyRef `json:"policy,omitempty"`
	By      string          `json:"by"`                // ARN of the caller
	Adopted bool            `json:"adopted,omitempty"` // rebuilt from tags, after its store was lost
}

// Phase is a list of steps with one aim.
type Phase string

// The phases.
const (
	Apply    Phase = "apply"
	Unwind   Phase = "unwind"   // take back what was done, in reverse: the original is still there
	Restore  Phase = "restore"  // make the saved definition again: the original is gone
	Finalize Phase = "finalize" // retire what was kept as the way back
)

// State is where a change stands.
type State string

// The states. Waiting needs a person or time; Failed is an error that resume may get past.
const (
	Running    State = "running"
	Waiting    State = "waiting"
	Done       State = "done"
	Finalized  State = "finalized"
	RefusedAt  State = "refused" // AWS would not make the replacement; the original is untouched
	BackingOut State = "backing_out"
	BackedOut  State = "backed_out"
	FailedAt   State = "failed"
	Regressed  State = "regressed" // done, but unencrypted again
)

// Words is a state as people read it.
func (s State) Words() string { return strings.ReplaceAll(string(s), "_", " ") }

// Trouble is what went wrong, for people and for the decision what follows.
type Trouble struct {
	Code      string `json:"code"`                // see the constants, or AWS's error code
	Message   string `json:"message"`             // with AWS's own words
	Advice    string `json:"advice,omitempty"`    // what to do
	Operation string `json:"operation,omitempty"` // AWS operation, e.g. "glue:CreateDevEndpoint"
	// Differences are what verification or an identity check found.
	Differences []Difference `json:"differences,omitempty"`
}

// The codes of troubles that are not AWS's.
const (
	TroubleChanged     = "resource-changed"    // it is not what the plan saw any more
	TroubleForeign     = "name-taken"          // the twin's name belongs to something that is not this change's
	TroubleUnsettled   = "outcome-unknown"     // a lost answer that looking did not settle
	TroubleVerify      = "verification-failed" // what was made is not what was promised
	TroubleFailed      = "resource-failed"     // AWS made it and it came up FAILED
	TroubleGone        = "resource-gone"       // something that should be there is not
	TroubleSlow        = "takes-too-long"
	TroubleReferenced  = "still-referenced"
	TroubleCredentials = "credentials-end" // they would end before the deleted could be made again
	TroubleUnread      = "could-not-be-read"
	TroubleQuota       = "quota"
	TroubleKey         = "key-not-usable" // disabled, to be deleted, or of another kind
)

// Difference is one attribute that is not what it should be.
type Difference struct {
	Attribute string `json:"attribute"`
	Want      string `json:"want"`
	Got       string `json:"got"`
}

// Facts are what a step learned or made.
type Facts struct {
	Resource      *resource.Identity        `json:"resource,omitempty"` // what a create made, or a wait saw
	Endpoint      *resource.EndpointDetail  `json:"endpoint,omitempty"` // SaveDefinition
	Transform     *resource.TransformDetail `json:"transform,omitempty"`
	KeyARN        string                    `json:"key_arn,omitempty"`
	GrantID       string                    `json:"grant_id,omitempty"`
	Configuration string                    `json:"configuration,omitempty"` // name
	TaskRun       string                    `json:"task_run,omitempty"`      // id
	Labels        *Labels                   `json:"labels,omitempty"`
	Changed       []string                  `json:"changed,omitempty"` // e.g. arguments that RepointJob rewrote
	Text          string                    `json:"text,omitempty"`
}

// Labels are exported labels.
type Labels struct {
	S3     string `json:"s3"` // of the file or folder that AWS wrote
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"`
	Rows   int    `json:"rows"`   // label rows, without the header
	SHA256 string `json:"sha256"` // of the content, files in order of their keys
}
