package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
)

// Rules say when somebody else must agree. They come of the policy and of how many users there are.
type Rules struct {
	Required bool          // changes need an approval
	FourEyes bool          // who asks may not approve
	Lasts    time.Duration // how long a request waits for its approval, and an approval for its use
}

// RulesOf are the rules of a policy over the users of a store.
func RulesOf(ctx context.Context, a policy.Approvals, users store.Users) (Rules, error) {
	n, err := CountEnabled(ctx, users)
	if err != nil {
		return Rules{}, err
	}
	return RulesFor(a, n), nil
}

// RulesFor are the rules of a policy where there are so many enabled users.
func RulesFor(a policy.Approvals, enabledUsers int) Rules {
	return Rules{Required: a.Required.Holds(enabledUsers), FourEyes: a.FourEyes.Holds(enabledUsers), Lasts: a.Lasts()}
}

// Why a request can't be decided, started or withdrawn: each is wrapped by an *ApprovalError.
var (
	ErrOwnRequest  = errors.New("who asked for it can't decide it: somebody else must")
	ErrExpired     = errors.New("it has expired: ask again")
	ErrNotPending  = errors.New("it does not wait for a decision")
	ErrNotApproved = errors.New("it is not approved")
	ErrUsed        = errors.New("it was used already: an approval is good for once")
	ErrOtherWork   = errors.New("what was approved is something else")
	ErrNotYours    = errors.New("only who asked for it can withdraw it")
	ErrNotStarted  = errors.New("it is not under way")
)

// ApprovalError says why a request can't be decided, started or withdrawn.
type ApprovalError struct {
	Request string // id; empty for one that is not stored
	State   store.RequestState
	Err     error
}

func (e *ApprovalError) Error() string {
	return fmt.Sprintf("request %s (%s): %v", e.Request, e.State, e.Err)
}

func (e *ApprovalError) Unwrap() error { return e.Err }

func no(q store.Request, now time.Time, err error) error {
	return &ApprovalError{Request: q.ID, State: StateOf(q, now), Err: err}
}

// StateOf is where a request stands now: one that nobody decided or used in time has expired, whatever is stored.
func StateOf(q store.Request, now time.Time) store.RequestState {
	switch q.State {
	case store.RequestPending, store.RequestApproved, store.RequestQueued:
		if !q.ExpiresAt.IsZero() && !now.Before(q.ExpiresAt) {
			return store.RequestExpired
		}
	}
	return q.State
}

// Need tells whether work must be approved. Audits read only, and resume goes on with what was approved.
func (r Rules) Need(w store.Work) bool {
	switch w.Kind {
	case store.RequestAudit, store.RequestResume:
		return false
	}
	return r.Required
}

// CommandLine is somebody at a shell of this machine: whoever may write to the store may do anything.
func CommandLine(operator store.Actor) Principal {
	return Principal{Actor: operator, Roles: []Role{Administrator}}
}

// person is the name of who stands behind an actor: a token's owner, who became another by sudo, else the actor.
func person(a store.Actor) string {
	by, sudo := strings.CutPrefix(a.Via, "sudo by ")
	switch {
	case a.Kind == store.ActorToken:
		return a.Via
	case a.Kind == store.ActorCommand && sudo:
		return by
	}
	return a.Name
}

// same tells whether two may be one person. A name that is the same at the shell and in the console counts as one, on
// whatever machine: four eyes would rather refuse two people of one name than let one approve their own work.
func same(a store.Actor, aID string, b store.Actor, bID string) bool {
	return aID != "" && aID == bID || strings.EqualFold(person(a), person(b))
}

// Ask is a new request of somebody, as it is stored: pending where it must be approved; else approved, and queued where
// it is to start at once.
func (r Rules) Ask(id string, w store.Work, p Principal, reason string, start bool, now time.Time) (store.Request, error) {
	digest, err := w.Digest()
	if err != nil {
		return store.Request{}, err
	}
	q := store.Request{
		ID: id, Work: w, Digest: digest, NeedsApproval: r.Need(w), Start: start, ProposedBy: p.Actor, ProposerID: p.UserID,
		ProposedAt: now, Reason: reason, ExpiresAt: now.Add(r.Lasts),
	}
	switch {
	case q.NeedsApproval:
		q.State = store.RequestPending
	case start:
		q.State, q.StartedBy = store.RequestQueued, p.Actor
	default:
		q.State = store.RequestApproved
	}
	return q, nil
}

// CanDecide tells whether somebody may approve or reject a request now; the error says why not.
func (r Rules) CanDecide(q store.Request, p Principal, now time.Time) error {
	switch state := StateOf(q, now); {
	case state == store.RequestExpired:
		return no(q, now, ErrExpired)
	case state != store.RequestPending:
		return no(q, now, ErrNotPending)
	case !p.May(Decide):
		return &ForbiddenError{Permission: Decide}
	case r.FourEyes && same(q.ProposedBy, q.ProposerID, p.Actor, p.UserID):
		return no(q, now, ErrOwnRequest)
	}
	return nil
}

// Decision is an answer to a request.
type Decision struct {
	Approve bool
	Digest  string // of the work as it was shown to who decides
	Note    string
}

// Decide is the request with a decision, or the error that says why there can't be one. One that was to start at once
// is queued by its approval.
func (r Rules) Decide(q store.Request, d Decision, p Principal, now time.Time) (store.Request, error) {
	if err := r.CanDecide(q, p, now); err != nil {
		return q, err
	}
	if err := intact(q, d.Digest); err != nil {
		return q, no(q, now, err)
	}
	q.DecidedBy, q.DecidedAt, q.Note = p.Actor, now, d.Note
	if !d.Approve {
		q.State = store.RequestRejected
		return q, nil
	}
	q.State, q.ExpiresAt = store.RequestApproved, now.Add(r.Lasts)
	if q.Start {
		q.State, q.StartedBy = store.RequestQueued, q.ProposedBy
	}
	return q, nil
}

// intact tells whether a request's work has the digest that somebody saw, and the one it was stored with.
func intact(q store.Request, seen string) error {
	digest, err := q.Work.Digest()
	if err != nil {
		return err
	}
	if digest != q.Digest || seen != q.Digest {
		return ErrOtherWork
	}
	return nil
}

// approved tells whether a request has what it needs to be carried out: by the rules as they are now, too.
func (r Rules) approved(q store.Request, now time.Time) error {
	switch StateOf(q, now) {
	case store.RequestExpired:
		return no(q, now, ErrExpired)
	case store.RequestRunning, store.RequestEnded:
		return no(q, now, ErrUsed)
	case store.RequestApproved, store.RequestQueued:
	default:
		return no(q, now, ErrNotApproved)
	}
	if err := intact(q, q.Digest); err != nil {
		return no(q, now, err)
	}
	if !q.NeedsApproval && !r.Need(q.Work) {
		return nil
	}
	if q.DecidedAt.IsZero() {
		return no(q, now, ErrNotApproved)
	}
	if r.FourEyes && same(q.ProposedBy, q.ProposerID, q.DecidedBy, "") {
		return no(q, now, ErrOwnRequest)
	}
	return nil
}

// CanStart tells whether somebody may start a request now; the error says why not.
func (r Rules) CanStart(q store.Request, p Principal, now time.Time) error {
	if err := r.approved(q, now); err != nil {
		return err
	}
	if q.State == store.RequestQueued {
		return no(q, now, ErrUsed)
	}
	if !p.May(Run) {
		return &ForbiddenError{Permission: Run}
	}
	return nil
}

// Queue is an approved request that waits for the daemon.
func (r Rules) Queue(q store.Request, p Principal, now time.Time) (store.Request, error) {
	if err := r.CanStart(q, p, now); err != nil {
		return q, err
	}
	q.State, q.StartedBy = store.RequestQueued, p.Actor
	return q, nil
}

// Begin is a request under way: one that is approved, by who may start it, or one that was queued, by the daemon. Only
// the first of all who store it (by its Version) has begun it.
func (r Rules) Begin(q store.Request, p Principal, now time.Time) (store.Request, error) {
	if err := r.approved(q, now); err != nil {
		return q, err
	}
	if q.State == store.RequestApproved {
		if !p.May(Run) {
			return q, &ForbiddenError{Permission: Run}
		}
		q.StartedBy = p.Actor
	}
	q.State, q.StartedAt = store.RequestRunning, now
	return q, nil
}

// End is a request that is over, with what became of it.
func End(q store.Request, results []store.RequestResult, now time.Time) (store.Request, error) {
	if q.State != store.RequestRunning {
		return q, no(q, now, ErrNotStarted)
	}
	q.State, q.EndedAt, q.Results = store.RequestEnded, now, results
	return q, nil
}

// Withdraw is a request that whoever asked for it wants no more, or an administrator wants nobody to.
func Withdraw(q store.Request, p Principal, now time.Time) (store.Request, error) {
	state := StateOf(q, now)
	if !slices.Contains([]store.RequestState{store.RequestPending, store.RequestApproved, store.RequestQueued}, state) {
		return q, no(q, now, ErrNotPending)
	}
	if !p.May(ManageUsers) && !same(q.ProposedBy, q.ProposerID, p.Actor, p.UserID) {
		return q, no(q, now, ErrNotYours)
	}
	q.State = store.RequestWithdrawn
	return q, nil
}

// Expire is a request that nobody decided or used in time; ok is false where it has not expired.
func Expire(q store.Request, now time.Time) (expired store.Request, ok bool) {
	if q.State == store.RequestExpired || StateOf(q, now) != store.RequestExpired {
		return q, false
	}
	q.State = store.RequestExpired
	return q, true
}

// Fits tells whether a request asks for exactly this work.
func Fits(q store.Request, w store.Work) error {
	digest, err := w.Digest()
	if err != nil {
		return err
	}
	return intact(q, digest)
}
