// Package evidence makes, of what the store remembers, one file that proves it: records in a hash chain, signed, with
// nothing secret in them. It checks such a file too, with nothing but the file and the key.
//
// The file is an uncompressed tar of fixed members in a fixed order and with fixed headers, so that every byte of it is
// accounted for: the members by digests in the signed statement, the rest by being the only way to write them.
package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// Kind is what a record holds.
type Kind string

// The kinds of records, in the order in which they come.
const (
	KindAbout    Kind = "about"    // what was asked for, when, and of which release of glueguard
	KindAudit    Kind = "audit"    // head of an audit: times, policy profile and digest, counts
	KindPolicy   Kind = "policy"   // what was demanded: the policy that audits ran under
	KindCoverage Kind = "coverage" // what was read of AWS and what was not, one operation in one location
	KindFact     Kind = "fact"     // what was read of one resource: what verdicts rest on
	KindFinding  Kind = "finding"  // a verdict
	KindPlan     Kind = "plan"     // the plan that changes were made by
	KindEntry    Kind = "entry"    // one entry of a change's journal: approvals, calls, verifications
	KindChange   Kind = "change"   // where the change stands by them
	KindDeed     Kind = "deed"     // one entry of the state's audit trail
)

// Record is one line of the records.
type Record struct {
	Seq  int             `json:"seq"`  // from 1, without gaps
	Prev string          `json:"prev"` // SHA-256 of the line before, in hex; zeros before the first
	Kind Kind            `json:"kind"`
	Of   string          `json:"of"` // id of the audit or change, digest of the plan or policy
	Body json.RawMessage `json:"body"`
}

// Selection says what evidence is wanted of: one audit, one change, or everything since a time.
type Selection struct {
	Audit  string    `json:"audit,omitempty"`
	Change string    `json:"change,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}

// Audits are stored audits, as package store says of them.
type Audits interface {
	Audit(ctx context.Context, id string) (store.Audit, error)
	EachAudit(ctx context.Context, yield func(store.Audit) error) error
	EachCoverage(ctx context.Context, auditID string, yield func(resource.Coverage) error) error
	EachFacts(ctx context.Context, auditID string, yield func(resource.Record) error) error
	EachFinding(ctx context.Context, auditID string, yield func(finding.Finding) error) error
	Policy(ctx context.Context, digest string) ([]byte, error)
}

// Changes are stored plans and changes, as package store says of them.
type Changes interface {
	Plan(ctx context.Context, digest string) ([]byte, error)
	Change(ctx context.Context, id string) (*change.Change, error)
	// Entries returns a change's journal; its id is whole.
	Entries(ctx context.Context, id string) ([]change.Entry, error)
	EachSummary(ctx context.Context, f store.ChangeFilter, yield func(store.Summarized) error) error
}

// Trail is the state's own audit trail, as package store says of it.
type Trail interface {
	EachDeed(ctx context.Context, before int64, limit int, yield func(store.Deed) error) error
	CheckTrail(ctx context.Context) (store.TrailState, error)
}

// Store is where evidence comes from.
type Store interface {
	Audits
	Changes
	Trail
}

// Mark is how far the state's audit trail had come when a bundle was made: a trail that was cut or written anew since
// does not have that entry any more.
type Mark struct {
	Entries int64  `json:"entries"`
	Head    string `json:"head"`             // hash of the last entry; zeros when there was none
	Broken  string `json:"broken,omitempty"` // what was wrong with the trail even then; Entries are those before it
}

// BrokenError says what of a bundle is not as it was made.
type BrokenError struct {
	Record int    // the first broken record; 0: it is not the records
	Member string // of the archive; empty: the archive itself
	Reason string
}

func (e *BrokenError) Error() string {
	switch {
	case e.Record > 0:
		return fmt.Sprintf("record %d: %s", e.Record, e.Reason)
	case e.Member != "":
		return fmt.Sprintf("%s: %s", e.Member, e.Reason)
	}
	return e.Reason
}
