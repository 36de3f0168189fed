// Package store is the contract of what Glueguard remembers: audits as they were, and findings over time. The
// conformance suite in storetest holds every implementation to it.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
)

// ErrNotFound is wrapped by reads of an audit or finding that the store does not have.
var ErrNotFound = errors.New("not found")

// ErrNewer is wrapped by Open when a newer Glueguard has written the store.
var ErrNewer = errors.New("the store was written by a newer version of glueguard")

// Audit is the head of one audit.
type Audit struct {
	ID            string
	StartedAt     time.Time
	FinishedAt    time.Time // zero while it runs, or when it was killed
	PolicyProfile string
	PolicyDigest  string
	Summary       Summary
}

// Summary counts what one audit found.
type Summary struct {
	Pass          int   `json:"pass"`
	Fail          int   `json:"fail"`
	Unknown       int   `json:"unknown"`
	Exempt        int   `json:"exempt"`
	NotApplicable int   `json:"not_applicable"`
	Locations     int   `json:"locations"`
	APICalls      int64 `json:"api_calls"`
}

// Add counts findings of one status.
func (s *Summary) Add(status control.Status, n int) {
	switch status {
	case control.Pass:
		s.Pass += n
	case control.Fail:
		s.Fail += n
	case control.Unknown:
		s.Unknown += n
	case control.Exempt:
		s.Exempt += n
	case control.NotApplicable:
		s.NotApplicable += n
	}
}

// Part is what an audit learned of one location, or of the keys at its end. Its findings and coverage are stored
// together or not at all.
type Part struct {
	Location resource.Location
	Coverage []resource.Coverage
	Findings []finding.Finding
}

// AuditWriter takes an audit in as its locations finish.
type AuditWriter interface {
	BeginAudit(ctx context.Context, a Audit) error
	AddPart(ctx context.Context, auditID string, p Part) error
	// FinishAudit seals the audit and brings the history up to date: a finding is resolved only where the listing
	// that would show it was ok in this audit.
	FinishAudit(ctx context.Context, a Audit) error
}

// AuditReader reads stored audits. The Each methods stream in a fixed order (account, region, then control and
// resource; coverage by operation) and stop at the first error that the callback returns, which they return.
type AuditReader interface {
	// Audit returns the audit of that id; the id "latest" is the newest finished one. ErrNotFound where there is none.
	Audit(ctx context.Context, id string) (Audit, error)
	EachCoverage(ctx context.Context, auditID string, yield func(resource.Coverage) error) error
	EachFinding(ctx context.Context, auditID string, yield func(finding.Finding) error) error
}

// HistoryReader reads findings over time.
type HistoryReader interface {
	History(ctx context.Context, findingID string) (finding.History, error)
}
