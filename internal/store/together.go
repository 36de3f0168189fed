package store

import (
	"context"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/policy"
)

// Writes are the changes of a store that somebody answers for, and what tells of them. Outside the store they are made
// through Trail's Together alone, so that none is kept without its deed; a test of the architecture holds that.
type Writes interface {
	AccountWriter
	WorkWriter
	RuleWriter
	// Record appends one entry to the trail and returns it as it was written.
	Record(ctx context.Context, d Deed) (Deed, error)
}

// AccountWriter changes who may sign in, and what they are known by.
type AccountWriter interface {
	UserWriter
	SessionWriter
	TokenWriter
	TicketWriter
}

// UserWriter changes who may sign in.
type UserWriter interface {
	CreateUser(ctx context.Context, u User) error // ErrConflict where the id, name or subject is taken
	UpdateUser(ctx context.Context, u User) error // ErrConflict where the user was changed since it was read
}

// SessionWriter begins and ends sign-ins.
type SessionWriter interface {
	// SaveSession makes a session, or updates it when it was seen after it was made: ErrNotFound where it was dropped
	// meanwhile, so that nobody who has signed out is signed in again.
	SaveSession(ctx context.Context, s Session) error
	DropSession(ctx context.Context, hash string) error
	DropSessions(ctx context.Context, userID string) error
}

// TokenWriter makes and ends API tokens.
type TokenWriter interface {
	// SaveToken makes a token, or updates when it was used: ErrNotFound where it was dropped meanwhile.
	SaveToken(ctx context.Context, t Token) error
	DropToken(ctx context.Context, id string) error // ErrNotFound where it is gone
}

// TicketWriter makes and uses up one-time links.
type TicketWriter interface {
	SaveTicket(ctx context.Context, t Ticket) error
	// TakeTicket returns a ticket and makes it unusable.
	TakeTicket(ctx context.Context, hash string) (Ticket, error)
	// DropTickets makes a user's tickets unusable: a newer one is made, or the password was set another way.
	DropTickets(ctx context.Context, userID string) error
}

// RequestWriter changes what is asked for.
type RequestWriter interface {
	// CreateRequest returns ErrState where Digest is not the work's, ErrConflict where the id is taken.
	CreateRequest(ctx context.Context, r Request) error
	UpdateRequest(ctx context.Context, r Request) error
	// InterruptRequest notes that somebody wants a request to stop which is under way; the first to ask stays. ErrState
	// where it is not running.
	InterruptRequest(ctx context.Context, id string, by Actor, at time.Time) error
}

// WorkWriter changes what is planned, asked for and carried out, and what is kept of audits.
type WorkWriter interface {
	PlanWriter
	RequestWriter
	ChangeOpener
	AuditDropper
}

// PlanWriter keeps plans.
type PlanWriter interface {
	// SavePlan keeps a plan's JSON; saving one again is no error.
	SavePlan(ctx context.Context, digest string, created time.Time, document []byte) error
}

// ChangeOpener opens changes.
type ChangeOpener interface {
	// OpenChange writes a change's first entry under a lease of its resource. *OpenError when a change of the resource,
	// or one that made it, is still open (change.Change.Open).
	OpenChange(ctx context.Context, l Lease, first change.Entry) error
}

// ExceptionWriter changes exceptions.
type ExceptionWriter interface {
	CreateException(ctx context.Context, e Exception) error
	UpdateException(ctx context.Context, e Exception) error
}

// ScheduleWriter changes schedules.
type ScheduleWriter interface {
	CreateSchedule(ctx context.Context, s Schedule) error
	UpdateSchedule(ctx context.Context, s Schedule) error
	DropSchedule(ctx context.Context, id string) error
}

// RuleWriter changes what is excepted, when audits run, and what approvals are demanded.
type RuleWriter interface {
	ExceptionWriter
	ScheduleWriter
	SaveApprovals(ctx context.Context, a policy.Approvals) error
}
