// Package audit runs one audit from end to end: it scans an estate, judges what it read, and stores the findings as
// locations finish. It is the one place that knows the order of these stages.
package audit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/redact"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// Progress is how far the reading has come.
type Progress = inventory.Progress

// RegionError means that a region was asked for that does not exist.
type RegionError = inventory.RegionError

// NewScanner returns the Scanner that reads AWS.
func NewScanner(session *awsapi.Session) Scanner { return inventory.New(session) }

// Scanner reads an estate: package inventory does.
type Scanner interface {
	// Scan calls emit, from one goroutine at a time, as locations finish.
	Scan(ctx context.Context, scope inventory.Scope, emit func(*resource.Snapshot) error) error
	// KeyUses returns every key used anywhere, once Scan has returned.
	KeyUses() []resource.KeyUse
	Progress() Progress
}

// Options say what to audit and with what.
type Options struct {
	Scanner Scanner
	Store   store.AuditWriter
	Policy  policy.Policy

	Accounts, Regions []string
	Organization      bool         // all accounts of the caller's organization
	Controls          []control.ID // none: all
	Resources         []string     // ARNs, or names that are unique in scope; none: all

	// Kept names, by ARN, the originals that a change keeps as its way back, with the change's id. They are judged like
	// any other resource and get an advisory. May be nil.
	Kept map[string]string

	Now   func() time.Time
	NewID func() string
	// Tell is the entry of the audit trail that is kept with the end of the audit; nil: none is.
	Tell func(Result) store.Deed
}

// Verdict is what an audit comes to.
type Verdict int

// The verdicts, from the best to the most pressing; the first that applies counts from the end.
const (
	Compliant   Verdict = iota // everything was read, nothing fails
	Incomplete                 // nothing fails, but something could not be read or judged
	Failing                    // something fails
	Interrupted                // stopped before the end
)

// Result is a finished audit.
type Result struct {
	Audit       store.Audit
	Interrupted bool
	Unread      int // entries of the coverage that are neither ok nor accepted
	Accepted    int // unknown findings that rest on nothing but reads that the policy accepts as always denied
}

// Verdict sums the result up.
func (r Result) Verdict() Verdict {
	switch {
	case r.Interrupted:
		return Interrupted
	case r.Audit.Summary.Fail > 0:
		return Failing
	case r.Audit.Summary.Unknown > r.Accepted || r.Unread > 0:
		return Incomplete
	}
	return Compliant
}

// Run audits. When ctx is cancelled, it keeps what was read and returns a Result that says so. It returns
// *ResourceError for a resource that was asked for and is not there, *ScopeError when the policy leaves nothing to
// audit, and the scanner's and store's errors as they are, wrapped.
func Run(ctx context.Context, o Options) (Result, error) {
	controls, err := chosen(o)
	if err != nil {
		return Result{}, err
	}
	wanted, err := newWanted(o.Resources)
	if err != nil {
		return Result{}, err
	}
	scope, err := scopeOf(o, controls, wanted)
	if err != nil {
		return Result{}, err
	}
	started := o.Now()
	r := &run{
		Options: o, controls: controls, wanted: wanted,
		// What was read is kept even when the reading is interrupted.
		ctx: context.WithoutCancel(ctx), now: started,
		head: store.Audit{
			ID: o.NewID(), StartedAt: started, Partial: len(o.Resources) > 0,
			PolicyProfile: string(o.Policy.Profile), PolicyDigest: o.Policy.Digest(),
		},
		recorder: recorder{rules: redact.New()}, used: map[string]bool{},
	}
	scanErr := o.Scanner.Scan(ctx, scope, r.location)
	r.interrupted = scanErr != nil && r.failed == nil && ctx.Err() != nil
	if scanErr != nil && !r.interrupted {
		return Result{}, fmt.Errorf("audit: %w", scanErr)
	}
	return r.finish()
}

// run is one audit under way.
type run struct {
	Options
	ctx      context.Context //nolint:containedctx // the callback that the scanner calls takes no context
	now      time.Time       // one instant for all verdicts, so that none depends on its place in the order
	head     store.Audit
	controls []control.ID
	wanted   *wanted

	begun       bool
	interrupted bool
	failed      error // what made the callback end the scan
	unread      int
	accepted    int
	outside     []resource.Location // read, but not in the policy's scope: the first few

	recorder recorder
	used     map[string]bool // ARNs of the keys that resources which were asked for use
}

// begin makes the audit visible once there is something to store: wrong credentials leave no trace.
func (r *run) begin() error {
	if r.begun {
		return nil
	}
	r.begun = true
	begun := r.head
	begun.PolicyDocument = r.Policy.Document()
	if err := r.Store.BeginAudit(r.ctx, begun); err != nil {
		return fmt.Errorf("begin the audit: %w", err)
	}
	return nil
}

// location judges one location and stores what it comes to.
func (r *run) location(s *resource.Snapshot) error {
	if !covers(r.Policy.Scope, s.Location) && !organizationUnread(s) {
		if len(r.outside) < fewLocations {
			r.outside = append(r.outside, s.Location)
		}
		return nil
	}
	r.failed = r.judge(s)
	return r.failed
}

func (r *run) judge(s *resource.Snapshot) error {
	acceptUnread(s, r.Policy, r.now)
	r.recorder.clean(s)
	outcomes := r.wanted.keep(control.Evaluate(s, r.Policy, r.controls...))
	adviseKept(outcomes, r.Kept)
	if s.Location.Region != "" {
		r.head.Summary.Locations++
	}
	for _, c := range s.Coverage {
		if c.Unread() {
			r.unread++
		}
	}
	p := store.Part{Location: s.Location, Coverage: s.Coverage, Findings: finding.From(outcomes, r.Policy, r.now)}
	if r.wanted.all() {
		p.Settled = settled(s, r.controls)
	}
	facts, err := r.recorder.location(s)
	if err != nil {
		return err
	}
	p.Facts = r.wantedFacts(facts, p.Findings)
	return r.add(p)
}

// wantedFacts keeps the records that the findings rest on.
func (r *run) wantedFacts(facts []resource.Record, findings []finding.Finding) []resource.Record {
	if r.wanted.all() {
		return facts
	}
	var kept []resource.Record
	for _, f := range findings {
		for _, rec := range resource.Related(facts, f.Resource) {
			same := func(o resource.Record) bool { return o.Type == rec.Type && o.ID == rec.ID }
			if !slices.ContainsFunc(kept, same) {
				kept = append(kept, rec)
			}
			if rec.Type == resource.TypeKey {
				r.used[rec.ARN] = true
			}
		}
	}
	return kept
}

func (r *run) add(p store.Part) error {
	if err := r.begin(); err != nil {
		return err
	}
	for _, f := range p.Findings {
		r.head.Summary.Add(f.Status, 1)
		if f.Status == control.Unknown && f.Accepted() {
			r.accepted++
		}
	}
	if err := r.Store.AddPart(r.ctx, r.head.ID, p); err != nil {
		return fmt.Errorf("store what was read: %w", err)
	}
	return nil
}

// finish judges the keys, which needs the whole estate, and seals the audit.
func (r *run) finish() (Result, error) {
	if err := r.keys(); err != nil {
		return Result{}, err
	}
	if err := r.wanted.check(); err != nil && !r.interrupted {
		return Result{}, err
	}
	if err := r.nothing(); err != nil {
		return Result{}, err
	}
	r.head.FinishedAt = r.Now()
	r.head.Summary.APICalls = r.Scanner.Progress().Calls
	result := Result{Audit: r.head, Interrupted: r.interrupted, Unread: r.unread, Accepted: r.accepted}
	var told []store.Deed
	if r.Tell != nil {
		told = append(told, r.Tell(result))
	}
	if err := r.Store.FinishAudit(r.ctx, r.head, told...); err != nil {
		return Result{}, fmt.Errorf("finish the audit: %w", err)
	}
	return result, nil
}

// nothing deals with an audit to which no location has come. One that was interrupted before it knew any is stored with
// coverage that says so; any other is an error, since nothing that was looked at is not the same as nothing wrong.
func (r *run) nothing() error {
	switch {
	case r.begun:
		return nil
	case !r.interrupted:
		return nothingInScope(r.outside)
	}
	return r.add(store.Part{Coverage: []resource.Coverage{{
		Operation: "sts:GetCallerIdentity", Status: string(resource.Interrupted), Message: "interrupted before it was known what to read",
	}}})
}
