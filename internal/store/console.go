package store

import (
	"context"
	"errors"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// ErrConflict is wrapped by writes that rest on something that is not so any more: a user's name that is taken, a
// request that somebody else has decided.
var ErrConflict = errors.New("it is not as it was")

// FindingSort is what a page of findings is ordered by.
type FindingSort string

// The orders of findings. Where two are equal, account, region, control and name decide. Names are ordered whatever their
// case.
const (
	ByResource FindingSort = "name" // the resource's name
	ByAccount  FindingSort = "account"
	ByRegion   FindingSort = "region"
	ByStatus   FindingSort = "status" // the most pressing first: fail, unknown, exempt, pass, not_applicable
	ByMode     FindingSort = "mode"
	ByReason   FindingSort = "reason"
)

// FindingQuery chooses findings of one stored audit. Each list that is not empty must hold the finding's value.
type FindingQuery struct {
	Audit    string // id; "latest" is the newest that came to its end
	Controls []control.ID
	Types    []resource.Type
	Accounts []string
	Regions  []string
	Statuses []control.Status
	Modes    []resource.Mode
	Reasons  []control.Reason
	Tags     []string    // all of these: KEY or KEY=VALUE
	Search   string      // part of the name, ARN, id or message, whatever the case
	Resource string      // ARN
	Sort     FindingSort // ByAccount where it is empty; ErrState for any other
	Reverse  bool        // turns that order around, not what decides between equals
	Offset   int
	Limit    int // at most this many; 0: 50
}

// FindingPage is a part of the findings that a query chooses.
type FindingPage struct {
	Findings []finding.Finding
	Total    int // of the query, without Offset and Limit
}

// Facet is one value that findings have, and how many have it: a choice of a filter.
type Facet struct {
	Field string `json:"field"` // account, region, status, mode, reason, control, type, tag
	Value string `json:"value"`
	Count int    `json:"count"`
}

// PostureCell counts an audit's findings of one status in one place, for one control.
type PostureCell struct {
	Account string         `json:"account"`
	Region  string         `json:"region"`
	Control control.ID     `json:"control"`
	Status  control.Status `json:"status"`
	Count   int            `json:"count"`
}

// Findings answers questions about stored findings out of an index, which it builds, where it is missing, for the audit
// that is asked for. Each returns ErrNotFound for an audit that is not there, and ErrState for one that has not come to
// its end.
type Findings interface {
	// IndexAudit builds the index of an audit, unless it is there; "latest" is the newest that came to its end. Indexes
	// of all but the newest few audits are dropped.
	IndexAudit(ctx context.Context, auditID string) error
	FindFindings(ctx context.Context, q FindingQuery) (FindingPage, error)
	// Facets counts the values of each field over what the query chooses with that field's own filter left out: by value,
	// statuses as ByStatus has them, and of tags, written KEY=VALUE, the 50 most frequent, those first.
	Facets(ctx context.Context, q FindingQuery) ([]Facet, error)
	// Posture counts an audit's findings by place, control and status.
	Posture(ctx context.Context, auditID string) ([]PostureCell, error)
	// Finding returns one finding of an audit.
	Finding(ctx context.Context, auditID, findingID string) (finding.Finding, error)
}

// User is a person who may sign in.
type User struct {
	ID           string
	Name         string   // what they sign in with; unique, whatever the case
	Roles        []string // package auth's
	PasswordHash string   // argon2id, in PHC form; empty: none is set
	Subject      string   // of the OIDC issuer, as "issuer subject"; empty for local users
	Disabled     bool
	CreatedAt    time.Time
	LastLoginAt  time.Time
	Version      int // counts updates, from 0; UpdateUser demands the one that was read, and keeps the next
}

// Session is one sign-in.
type Session struct {
	Hash      string // SHA-256 of the cookie's value, hex
	UserID    string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time // absolute
	Address   string
}

// Token is an API token.
type Token struct {
	ID        string
	Name      string
	Hash      string // SHA-256 of the token, hex
	UserID    string // whose it is: it may never do more than its owner
	Roles     []string
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
}

// Ticket is a secret link for one use: to set the first administrator's password, or a new user's.
type Ticket struct {
	Hash      string // SHA-256 of the link's secret, hex
	UserID    string
	ExpiresAt time.Time
}

// Users keeps who may sign in. Names and subjects are unique, names whatever their case. Reads and updates return
// ErrNotFound.
type Users interface {
	UserWriter
	User(ctx context.Context, id string) (User, error)
	UserByName(ctx context.Context, name string) (User, error)
	UserBySubject(ctx context.Context, subject string) (User, error)
	EachUser(ctx context.Context, yield func(User) error) error // by name
}

// Credentials keeps sessions, tokens and tickets. Reads return ErrNotFound; what has expired is still returned until
// DropExpired. What is saved under a secret instead of its hash is refused: ErrState.
type Credentials interface {
	Sessions
	Tokens
	Tickets
	// DropExpired forgets what had expired by then. What has no time to expire at stays.
	DropExpired(ctx context.Context, now time.Time) error
}

// Sessions keeps sign-ins.
type Sessions interface {
	SessionWriter
	Session(ctx context.Context, hash string) (Session, error)
	// SessionSeen notes when a session was in use, and changes nothing else of it: ErrNotFound where it was dropped.
	SessionSeen(ctx context.Context, hash string, at time.Time) error
}

// Tokens keeps API tokens.
type Tokens interface {
	TokenWriter
	TokenByHash(ctx context.Context, hash string) (Token, error)
	EachToken(ctx context.Context, userID string, yield func(Token) error) error // by name; "" is everybody's
	// TokenUsed notes when a token was in use: ErrNotFound where it was dropped.
	TokenUsed(ctx context.Context, hash string, at time.Time) error
}

// Tickets keeps one-time links.
type Tickets = TicketWriter

// ExceptionState is where a proposed exception stands.
type ExceptionState string

// The states of exceptions. One that is approved holds until its last day has passed or it is ended.
const (
	ExceptionProposed ExceptionState = "proposed"
	ExceptionApproved ExceptionState = "approved"
	ExceptionRejected ExceptionState = "rejected"
	ExceptionEnded    ExceptionState = "ended"
)

// Exception is an exception that was proposed in the console. Approved ones join those of the policy's file.
type Exception struct {
	ID         string
	Exception  policy.Exception
	State      ExceptionState
	ProposedBy Actor
	ProposedAt time.Time
	DecidedBy  Actor
	DecidedAt  time.Time
	Note       string // of who decided
	Version    int    // counts updates
}

// Exceptions keeps exceptions. UpdateException returns ErrConflict where it was changed since it was read; what was
// proposed, by whom and when stays as it is.
type Exceptions interface {
	ExceptionWriter
	Exception(ctx context.Context, id string) (Exception, error)
	EachException(ctx context.Context, yield func(Exception) error) error // the newest first
}

// Schedule is an audit that the daemon runs again and again.
type Schedule struct {
	ID        string
	Name      string
	Every     time.Duration
	NextAt    time.Time
	Scope     AuditScope
	Paused    bool
	LastAudit string // id; empty: none yet
	LastError string
	Version   int // counts updates
}

// AuditScope is what an audit covers; the zero scope is the caller's account in all its regions.
type AuditScope struct {
	Accounts      []string     `json:"accounts,omitempty"`
	Regions       []string     `json:"regions,omitempty"`
	Controls      []control.ID `json:"controls,omitempty"`
	Resources     []string     `json:"resources,omitempty"`
	Organization  bool         `json:"organization,omitempty"`
	Role          string       `json:"role,omitempty"`
	PolicyProfile string       `json:"policy_profile,omitempty"`
}

// Schedules keeps schedules. Names are unique whatever their case. UpdateSchedule returns ErrConflict where it was
// changed since it was read, and where the name is taken. ErrNotFound where it is gone.
type Schedules interface {
	ScheduleWriter
	EachSchedule(ctx context.Context, yield func(Schedule) error) error // by name
}

// Console is all that the console keeps beside audits, plans and changes.
type Console interface {
	Findings
	Users
	Credentials
	Requests
	Exceptions
	Schedules
}
