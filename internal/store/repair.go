package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/glueguard/glueguard/internal/change"
)

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
// and that the entry's Seq follows the last (ErrState).
type Journal interface {
	Entries(ctx context.Context) ([]change.Entry, error)
	Append(ctx context.Context, e change.Entry) error
}

// Plans keeps plans by their digest.
type Plans interface {
	// SavePlan keeps a plan's JSON; saving one again is no error.
	SavePlan(ctx context.Context, digest string, created time.Time, document []byte) error
	// Plan returns the plan of that digest, or of the only one whose digest begins so ("sha256:" may be left out);
	// "latest" is the newest. ErrNotFound, or *AmbiguousError.
	Plan(ctx context.Context, digest string) ([]byte, error)
}

// AmbiguousError means that a beginning stands for several things.
type AmbiguousError struct {
	What       string
	Candidates []string
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q is ambiguous: %v", e.What, e.Candidates)
}

// Changes keeps changes and their journals.
type Changes interface {
	// Lease takes the right to work on a resource, or returns *HeldError.
	Lease(ctx context.Context, resourceARN string, h Holder) (Lease, error)
	// OpenChange writes a change's first entry under a lease of its resource. ErrState when a change of the resource
	// is still open (change.Change.Open).
	OpenChange(ctx context.Context, l Lease, first change.Entry) error
	// Change returns one change, folded; its id may be cut short. ErrNotFound, or *AmbiguousError.
	Change(ctx context.Context, id string) (*change.Change, error)
	// EachChange streams changes, newest first, as the filter says.
	EachChange(ctx context.Context, f ChangeFilter, yield func(*change.Change) error) error
}

// ChangeFilter chooses changes. The zero filter chooses all.
type ChangeFilter struct {
	Plan     string         // digest
	Resource string         // ARN of the original or of a resource that the change made
	States   []change.State // any of these
}
