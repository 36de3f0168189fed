package api

import (
	"context"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// Worker does what needs AWS, or goes on after the answer: package daemon implements it.
type Worker interface {
	// Propose makes a plan and stores it.
	Propose(ctx context.Context, p Proposal) (plan.Plan, error)
	// Keys lists the KMS keys of a location to choose from.
	Keys(ctx context.Context, l resource.Location) ([]Key, error)
	// Leftovers lists what repairs left behind without an owner, and configurations of ours that nothing uses.
	Leftovers(ctx context.Context) (Leftovers, error)
	// Wake says that there may be a request to start: one that is queued.
	Wake()
	// Interrupt has a running request stop after its current calls; what it began can be resumed. Where the request is being
	// worked on here, note is called first: what it returns keeps the request going.
	Interrupt(ctx context.Context, requestID string, note func(context.Context) error) error
	// Policy is the policy in force: the file's, with the approved exceptions.
	Policy(ctx context.Context) (policy.Policy, error)
}

// Proposal is what a plan is asked for.
type Proposal struct {
	Resources []string // ARNs
	Audit     string   // id: then Resources may be empty, for every failing one
	Mode      resource.Mode
	Strategy  plan.Strategy
	Key       string // id, ARN or alias
	CreateKey string // alias of a key to make
	LabelsS3  string
	Prove     string

	GrantRole, RepointJobs           bool
	AcceptWeaker, AcceptIrreversible bool
	AcceptUnchecked                  []string

	// Keep keeps the plan, with the entry of the audit trail that tells who made it.
	Keep func(ctx context.Context, p plan.Plan, document []byte) error
}

// Key is a KMS key that a resource may be encrypted with.
type Key struct {
	ARN         string              `json:"arn"`
	Aliases     []string            `json:"aliases"`
	Description string              `json:"description"`
	State       string              `json:"state"` // AWS's: Enabled, Disabled, …
	Manager     string              `json:"manager"`
	Rotation    resource.Fact[bool] `json:"-"`
	Usable      bool                `json:"usable"`
	Why         string              `json:"why,omitempty"` // it is not usable, or could not be read
	MayUse      []string            `json:"may_use"`       // principals that its policy and grants let encrypt
}

// Leftovers are what repairs left behind.
type Leftovers struct {
	Orphans        []Orphan              `json:"orphans"`
	Configurations []UnusedConfiguration `json:"configurations"`
	Unread         []resource.Coverage   `json:"unread"`
}

// Orphan is a resource that a change made and that no change owns.
type Orphan struct {
	ARN, Name, Change string
	Alias             string // of a spare KMS key: the name that it was made for
}

// UnusedConfiguration is a security configuration made by a repair.
type UnusedConfiguration struct {
	store.ConfigurationAt
	UsedBy []string // empty: it may be deleted
}

// Event tells that something went on. Live pages and streams are made of them.
type Event struct {
	Seq     int64             `json:"seq"`
	At      time.Time         `json:"at"`
	Kind    EventKind         `json:"kind"`
	Request string            `json:"request,omitempty"` // id
	Change  *store.Summarized `json:"change,omitempty"`
	Detail  string            `json:"detail,omitempty"` // what it waits for
	Audit   *AuditProgress    `json:"audit,omitempty"`
}

// EventKind is what an event is about.
type EventKind string

// The kinds of events.
const (
	EventChange  EventKind = "change"  // a change moved
	EventRequest EventKind = "request" // a request was filed, decided, started or ended
	EventAudit   EventKind = "audit"   // an audit came further
)

// AuditProgress is how far an audit has come.
type AuditProgress struct {
	Locations int    `json:"locations"`
	Done      int    `json:"done"`
	Resources int    `json:"resources"`
	Calls     int64  `json:"calls"`
	Audit     string `json:"audit,omitempty"` // its id, once it has come to its end
}

// Events hands out what goes on; package daemon implements it.
type Events interface {
	// Subscribe returns events from now on until ctx ends, when the channel is closed. Who is too slow misses events in
	// between, never the last one of a change, request or audit.
	Subscribe(ctx context.Context) <-chan Event
}

// Changes are stored changes with their journals.
type Changes interface {
	Change(ctx context.Context, id string) (*change.Change, error)
	Entries(ctx context.Context, id string) ([]change.Entry, error)
	EachSummary(ctx context.Context, f store.ChangeFilter, yield func(store.Summarized) error) error
	CountChanges(ctx context.Context, f store.ChangeFilter) (map[change.State]int, error)
}
