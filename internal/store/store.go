// Package store is the contract of what Glueguard remembers: audits as they were, findings over time, plans, and changes
// with their journals. The conformance suite in storetest holds every implementation to it.
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

// ErrForeign is wrapped by Open when what is there is no store of Glueguard's: not a database, or another program's.
var ErrForeign = errors.New("not a glueguard store")

// ErrUnusable is wrapped by Open when the store's place can't be read, written or made.
var ErrUnusable = errors.New("the store cannot be opened")

// ErrState is wrapped by writes that come out of order: a part of an audit that was never begun or is finished, an entry
// of a journal that does not follow the last.
var ErrState = errors.New("it is not open for this write")

// Audit is the head of one audit.
type Audit struct {
	ID            string
	StartedAt     time.Time
	FinishedAt    time.Time // zero while it runs, or when it was killed
	PolicyProfile string
	PolicyDigest  string
	Partial       bool // it was of single resources, and says nothing of the others
	Summary       Summary
	// PolicyDocument is what the digest is of. BeginAudit keeps it, once for each digest; AuditReader leaves it out, and
	// FactReader has it.
	PolicyDocument []byte
}

// LatestWhole is the id of an audit by which an overview shows where everything stands.
const LatestWhole = "latest-whole"

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
	// Settled names the controls for which this audit saw everything in the location: every listing and
	// configuration that the control judges was read. A stored finding that is missing from the audit is resolved
	// only where its control is settled in each location that showed it.
	Settled []control.ID
	// SeenIn says, by finding id, which locations showed the finding, where that is not the finding's own
	// location alone: a key is seen through the resources that use it.
	SeenIn map[string][]resource.Location
	// Facts are what the verdicts rest on. The keys of the estate come with the location of the key.
	Facts []resource.Record
}

// AuditWriter takes an audit in as its locations finish. AddPart may return before the part is on disk; what went
// wrong then is returned by a later call. Each method may be called from several goroutines.
type AuditWriter interface {
	// BeginAudit makes the audit visible as unfinished.
	BeginAudit(ctx context.Context, a Audit) error
	// AddPart takes in a part; parts of one location merge. ErrState when the audit is not open.
	AddPart(ctx context.Context, auditID string, p Part) error
	// FinishAudit seals the audit, durably, and brings the history up to date: a finding that passes or does not
	// apply any more is resolved, one that fails again is reopened, and one that is gone is resolved where Settled
	// says so. What an audit that started later has said of a finding stands. The deeds that tell of it are written with
	// it or not at all.
	FinishAudit(ctx context.Context, a Audit, told ...Deed) error
}

// AuditReader reads stored audits. The Each methods stream in a fixed order (account, region, then control and
// resource; coverage by operation) and stop at the first error that the callback returns, which they return.
type AuditReader interface {
	// Audit returns the audit of that id; the id "latest" is the newest finished one, and LatestWhole the newest finished
	// one that is not partial, or else the newest. ErrNotFound where there is none.
	Audit(ctx context.Context, id string) (Audit, error)
	EachCoverage(ctx context.Context, auditID string, yield func(resource.Coverage) error) error
	EachFinding(ctx context.Context, auditID string, yield func(finding.Finding) error) error
}

// FactReader reads what the verdicts of stored audits rest on. Audits that were stored by a glueguard that kept no facts
// have none.
type FactReader interface {
	// EachFacts streams an audit's records as AuditReader streams findings: by account, region, type and id.
	EachFacts(ctx context.Context, auditID string, yield func(resource.Record) error) error
	// Facts returns what the verdicts on a finding's resource rest on: its own record first, then those of the security
	// configuration and of the keys that it names. It reads the resource's location and those of the keys, no others.
	// Empty where nothing is kept of it.
	Facts(ctx context.Context, auditID string, of resource.Ref) ([]resource.Record, error)
	// Policy returns the document of that digest. ErrNotFound where it is not kept.
	Policy(ctx context.Context, digest string) ([]byte, error)
}

// AuditLister lists stored audits.
type AuditLister interface {
	// EachAudit streams the audits that came to their end, in the order in which they started, and stops at the first
	// error that the callback returns, which it returns.
	EachAudit(ctx context.Context, yield func(Audit) error) error
}

// AuditDropper forgets old audits.
type AuditDropper interface {
	// DropAudits forgets the audits that came to their end, but for as many of the newest as keep says, and those that did
	// not and began before killedBefore: they are not found any more and cannot be finished. It returns how many. The
	// history of findings stays as it is, and the room is given back by PurgeAudits. ErrState where keep is less than 1.
	DropAudits(ctx context.Context, keep int, killedBefore time.Time) (int, error)
}

// AuditRetention forgets old audits and gives their room back.
type AuditRetention interface {
	AuditDropper
	// PurgeAudits deletes what audits had that DropAudits has dropped. It is called before the next ones are dropped, so
	// that no one who is just about to read one finds a half of it.
	PurgeAudits(ctx context.Context) error
}

// HistoryReader reads findings over time. A finding is seen by every audit that has it, whatever its status; it is
// resolved when it stops failing and reopened when it fails again. An exempt finding still fails, an unknown one
// stays what it was.
type HistoryReader interface {
	// History returns ErrNotFound for a finding that no finished audit has seen.
	History(ctx context.Context, findingID string) (finding.History, error)
}

// Audits is all that a store does with audits.
type Audits interface {
	AuditWriter
	AuditReader
	AuditLister
	AuditRetention
	FactReader
	SettledReader
}

// Store is everything at once, as an implementation offers it; users ask for the part they need.
type Store interface {
	Audits
	HistoryReader
	Repairs
	Trail
	Console
	// Close waits for what was added to be written. Audits that were not finished stay unfinished.
	Close() error
}
