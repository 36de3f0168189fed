package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// RequestKind is what is asked for.
type RequestKind string

// The kinds of requests. All but audits and resume may need approval.
const (
	RequestAudit    RequestKind = "audit"
	RequestApply    RequestKind = "apply"
	RequestResume   RequestKind = "resume"
	RequestBackout  RequestKind = "backout"
	RequestFinalize RequestKind = "finalize"
	RequestCleanup  RequestKind = "cleanup"
)

// RequestState is where a request stands.
type RequestState string

// The states of requests. Pending waits for an approver; approved may be started, or did not need approval; queued
// waits for the daemon; running is under way; ended has an outcome.
const (
	RequestPending   RequestState = "pending"
	RequestApproved  RequestState = "approved"
	RequestRejected  RequestState = "rejected"
	RequestWithdrawn RequestState = "withdrawn"
	RequestExpired   RequestState = "expired"
	RequestQueued    RequestState = "queued"
	RequestRunning   RequestState = "running"
	RequestEnded     RequestState = "ended"
)

// Work is what a request asks for: what an approval is bound to.
type Work struct {
	Kind RequestKind `json:"kind"`
	// Apply: the plan's digest, and the resources of it that are asked for; none: all.
	Plan      string   `json:"plan,omitempty"`
	Resources []string `json:"resources,omitempty"` // ARNs
	// Resume, backout, finalize: the changes as they were when it was asked. One that has gone on since refuses the
	// request.
	Changes []ChangeAt `json:"changes,omitempty"`
	// Cleanup: the configurations to delete.
	Configurations []ConfigurationAt `json:"configurations,omitempty"`
	Audit          *AuditScope       `json:"audit,omitempty"`

	AcceptUnchecked []string `json:"accept_unchecked,omitempty"`
	AcceptWarnings  []string `json:"accept_warnings,omitempty"`
	KeepTwin        bool     `json:"keep_twin,omitempty"`
	DeleteLabels    bool     `json:"delete_labels,omitempty"`
	Parallel        int      `json:"parallel,omitempty"`
	Canary          int      `json:"canary,omitempty"`
	MaxFailures     int      `json:"max_failures,omitempty"`
}

// ChangeAt is a change as somebody saw it.
type ChangeAt struct {
	ID string `json:"id"`
	At int    `json:"at"` // number of its journal's last entry then
}

// ConfigurationAt is a security configuration in a location.
type ConfigurationAt struct {
	Location resource.Location `json:"location"`
	Name     string            `json:"name"`
}

// Digest is "sha256:" and the hash of what is asked for. The order and the repetition of what lists hold are no part of
// it, so that the same work is the same wherever it is asked for.
func (w Work) Digest() (string, error) {
	w.Resources, w.AcceptUnchecked, w.AcceptWarnings = set(w.Resources), set(w.AcceptUnchecked), set(w.AcceptWarnings)
	w.Changes = slices.Clone(w.Changes)
	slices.SortFunc(w.Changes, func(a, b ChangeAt) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.At, b.At)) })
	w.Configurations = slices.Clone(w.Configurations)
	slices.SortFunc(w.Configurations, func(a, b ConfigurationAt) int {
		return cmp.Or(cmp.Compare(a.Location.String(), b.Location.String()), cmp.Compare(a.Name, b.Name))
	})
	b, err := json.Marshal(w)
	if err != nil {
		return "", fmt.Errorf("take the digest of a request: %w", err)
	}
	sum := sha256.Sum256(append([]byte("glueguard.request/v1\x00"), b...))
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// set returns the texts sorted, each once.
func set(texts []string) []string { return slices.Compact(slices.Sorted(slices.Values(texts))) }

// RequestResult is what became of one change, configuration or audit of a request.
type RequestResult struct {
	Subject string `json:"subject"`          // ARN of the resource; name of the configuration
	Change  string `json:"change,omitempty"` // id, once there is one
	Audit   string `json:"audit,omitempty"`  // id
	OK      bool   `json:"ok"`               // it ended as it was asked to
	Message string `json:"message,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// Request is something that somebody asked for: it is approved, where it must be, and done by the daemon or by the
// command line that filed it.
type Request struct {
	ID            string
	Work          Work
	Digest        string // of Work
	State         RequestState
	NeedsApproval bool
	Start         bool // start it as soon as it may be
	ProposedBy    Actor
	ProposerID    string // the user's; empty for the command line, which is told by ProposedBy
	ProposedAt    time.Time
	Reason        string // why it is asked for
	DecidedBy     Actor
	DecidedAt     time.Time
	Note          string    // of who decided
	ExpiresAt     time.Time // of a pending request, and of an approval
	StartedBy     Actor
	StartedAt     time.Time
	EndedAt       time.Time
	InterruptedBy Actor     // who wants it to stop
	InterruptedAt time.Time // zero: nobody does
	Results       []RequestResult
	Version       int // counts updates
}

// RequestFilter chooses requests. The zero filter chooses all.
type RequestFilter struct {
	States []RequestState
	Kinds  []RequestKind
	Change string // id of a change that it asks about, or that came of it
	Plan   string // digest
	Digest string // of the work
	Offset int    // leaves out so many, the newest
	Limit  int    // 0: all
}

// Requests keeps requests. UpdateRequest returns ErrConflict where it was changed since it was read, so that nobody
// decides or starts what somebody else has. What is asked for, by whom, when, why and whether it needs approval stays as
// it was filed, and so does who wants it to stop.
type Requests interface {
	RequestWriter
	Request(ctx context.Context, id string) (Request, error)
	EachRequest(ctx context.Context, f RequestFilter, yield func(Request) error) error // the newest first
	// CountRequests counts what the filter chooses by state, whatever its Offset and Limit.
	CountRequests(ctx context.Context, f RequestFilter) (map[RequestState]int, error)
	ApprovalsKeeper
}

// ApprovalsKeeper keeps what the daemon of a store demands of approvals, so that a command line with another policy file
// demands no less.
type ApprovalsKeeper interface {
	SaveApprovals(ctx context.Context, a policy.Approvals) error
	// Approvals returns what was kept last; ErrNotFound where no daemon has served the store.
	Approvals(ctx context.Context) (policy.Approvals, error)
}

// RequestLease names the right to work on a request, for Lease: whoever has it carries the request out.
func RequestLease(id string) string { return "glueguard:request/" + id }

// DaemonLease names the right to be the daemon of a store, for Lease.
const DaemonLease = "glueguard:daemon"

// Daemon tells whether a daemon serves a store, and which. h is who asks.
func Daemon(ctx context.Context, s Changes, h Holder) (daemon Holder, running bool, err error) {
	lease, err := s.Lease(ctx, DaemonLease, h)
	var held *HeldError
	switch {
	case errors.As(err, &held):
		return held.Holder, true, nil
	case err != nil:
		return Holder{}, false, err
	}
	return Holder{}, false, lease.Release()
}
