package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// ErrNotDurable is wrapped by Open when writes to journals would not survive a loss of power.
var ErrNotDurable = errors.New("the store does not make its writes durable")

// ErrFenced is wrapped by writes to a journal whose lease another holder has taken since.
var ErrFenced = errors.New("another process has taken this change over")

// HeldError is returned by Lease when somebody else is at work on the resource.
type HeldError struct {
	Resource string // ARN
	Holder   Holder
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is being worked on by %s", e.Resource, e.Holder)
}

// OpenError is returned by OpenChange when another change of the resource is still open. It wraps ErrState.
type OpenError struct {
	Resource string // ARN
	Change   string // id of the one that is open
	State    change.State
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("change %s of %s is %s", e.Change, e.Resource, e.State.Words())
}

func (e *OpenError) Unwrap() error { return ErrState }

// Holder says who holds a lease.
type Holder struct {
	Host   string    `json:"host"`
	PID    int       `json:"pid"`
	Change string    `json:"change,omitempty"`
	Since  time.Time `json:"since"`
}

func (h Holder) String() string {
	return fmt.Sprintf("process %d on %s since %s", h.PID, h.Host, h.Since.UTC().Format(time.RFC3339))
}

// Lease is the right to work on one resource. It ends with Release, and at once when its process dies.
type Lease interface {
	// Journal opens a change's journal for writing under this lease.
	Journal(changeID string) Journal
	Release() error
}

// Journal is one change's journal. Append is one durable transaction that checks the lease's fencing token (ErrFenced)
// and that the entry's Seq follows the last (ErrState). It goes through even when its context has ended: what was done
// at AWS must be told.
type Journal interface {
	Entries(ctx context.Context) ([]change.Entry, error)
	Append(ctx context.Context, e change.Entry) error
}

// Plans keeps plans by their digest.
type Plans interface {
	PlanWriter
	// Plan returns the plan of that digest, or of the only one whose digest begins so ("sha256:" may be left out);
	// "latest" is the newest. ErrNotFound, or *AmbiguousError.
	Plan(ctx context.Context, digest string) ([]byte, error)
	// EachPlan streams the heads of plans, the newest first, at most limit (0: all), without reading the plans.
	EachPlan(ctx context.Context, limit int, yield func(PlanHead) error) error
}

// PlanHead is what is told of a plan without reading it.
type PlanHead struct {
	Digest    string    `json:"digest"`
	CreatedAt time.Time `json:"created_at"`
	Changes   int       `json:"changes"` // how many changes were opened of it
}

// AmbiguousError means that a beginning stands for several things.
type AmbiguousError struct {
	What       string
	Candidates []string
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q is ambiguous: it may be %s", e.What, strings.Join(e.Candidates, ", "))
}

// Changes keeps changes and their journals.
type Changes interface {
	// Lease takes the right to work on a resource, or returns *HeldError.
	Lease(ctx context.Context, resourceARN string, h Holder) (Lease, error)
	ChangeOpener
	// Change returns one change, folded; its id may be cut short. ErrNotFound, or *AmbiguousError.
	Change(ctx context.Context, id string) (*change.Change, error)
	// EachChange streams changes, the one that was opened last first, whatever the clock said then, as the filter says.
	EachChange(ctx context.Context, f ChangeFilter, yield func(*change.Change) error) error
	// EachSummary streams the same in short, without folding journals: for lists.
	EachSummary(ctx context.Context, f ChangeFilter, yield func(Summarized) error) error
	// CountChanges counts what the filter chooses by state, whatever its Offset and Limit.
	CountChanges(ctx context.Context, f ChangeFilter) (map[change.State]int, error)
}

// Repairs is all that a store does with plans and changes.
type Repairs interface {
	Plans
	Changes
}

// Summarized is a change in short.
type Summarized struct {
	ID            string             `json:"id"`
	PlanDigest    string             `json:"plan_digest"`
	Resource      resource.Ref       `json:"resource"`
	Original      resource.Identity  `json:"original"`
	Replacement   *resource.Identity `json:"replacement,omitempty"`
	KeepsOriginal bool               `json:"keeps_original"` // as the way back, until finalize
	Strategy      plan.Strategy      `json:"strategy"`
	From          resource.Mode      `json:"from"`
	To            resource.Mode      `json:"to"`
	State         change.State       `json:"state"`
	Phase         change.Phase       `json:"phase"`
	Step          string             `json:"step,omitempty"` // the one under way
	StepsDone     int                `json:"steps_done"`     // of the phase
	StepsTotal    int                `json:"steps_total"`
	Trouble       *change.Trouble    `json:"trouble,omitempty"`
	OpenedAt      time.Time          `json:"opened_at"`
	UpdatedAt     time.Time          `json:"updated_at"`
}

// Summarize says a change in short.
func Summarize(c *change.Change) Summarized {
	s := Summarized{
		ID: c.Head.ID, PlanDigest: c.Head.PlanDigest, Resource: c.Head.Item.Resource, Original: c.Head.Item.Identity,
		KeepsOriginal: c.KeepsOriginal(), Strategy: c.Head.Item.Strategy, From: c.Head.Item.From, To: c.Head.Item.To,
		State: c.State, Phase: c.Phase, Trouble: c.Trouble, OpenedAt: c.OpenedAt, UpdatedAt: c.UpdatedAt,
	}
	if r, ok := c.Replacement(); ok {
		s.Replacement = &r
	}
	s.StepsTotal = len(c.Steps)
	for _, p := range c.Steps {
		switch {
		case p.Status == change.StepDone:
			s.StepsDone++
		case p.Status != change.StepSkipped && p.Status != change.StepUndone && s.Step == "":
			s.Step = p.Step.Name
		}
	}
	return s
}

// ChangeFilter chooses changes. The zero filter chooses all.
type ChangeFilter struct {
	Plan     string         // digest
	Resource string         // ARN of the original or of a resource that the change made
	States   []change.State // any of these
	Search   string         // part of the id, the plan's digest, or the name or ARN of a resource of it, whatever the case
	Offset   int            // leaves out so many, the ones opened last
	Limit    int            // 0: all
}
