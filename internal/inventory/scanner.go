package inventory

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// Scope says what to read. Of its three lists of what to enter, Accounts limits an organization, and empty Accounts
// without Organization is the caller's own account; empty Regions are all that are enabled in each account.
type Scope struct {
	Accounts     []string
	Regions      []string
	Organization bool

	// What the chosen controls need.
	DevEndpoints, MLTransforms, Keys, Tags bool

	// Wanted tells which of what is listed is looked into any further; nil: all. The rest is left out of the snapshot.
	Wanted func(arn, name, id string) bool
}

type glueReader interface {
	GetDevEndpoints(context.Context, *glue.GetDevEndpointsInput, ...func(*glue.Options)) (*glue.GetDevEndpointsOutput, error)
	GetMLTransforms(context.Context, *glue.GetMLTransformsInput, ...func(*glue.Options)) (*glue.GetMLTransformsOutput, error)
	GetSecurityConfiguration(context.Context, *glue.GetSecurityConfigurationInput, ...func(*glue.Options)) (*glue.GetSecurityConfigurationOutput, error)
	GetSecurityConfigurations(context.Context, *glue.GetSecurityConfigurationsInput, ...func(*glue.Options)) (*glue.GetSecurityConfigurationsOutput, error)
}

type keyReader interface {
	DescribeKey(context.Context, *kms.DescribeKeyInput, ...func(*kms.Options)) (*kms.DescribeKeyOutput, error)
	GetKeyRotationStatus(context.Context, *kms.GetKeyRotationStatusInput, ...func(*kms.Options)) (*kms.GetKeyRotationStatusOutput, error)
	GetKeyPolicy(context.Context, *kms.GetKeyPolicyInput, ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error)
}

type tagReader interface {
	GetResources(context.Context, *resourcegroupstaggingapi.GetResourcesInput, ...func(*resourcegroupstaggingapi.Options)) (*resourcegroupstaggingapi.GetResourcesOutput, error)
}

// The work under way at once. Calls in flight are bounded by the session.
const (
	accountsAtOnce  = 48
	locationsAtOnce = 384
)

// Scanner reads one estate once.
type Scanner struct {
	session *awsapi.Session
	glue    glueReader
	kms     keyReader
	tagging tagReader
	keys    keyring

	locationsDone  atomic.Int64
	locationsKnown atomic.Int64
	accountsLeft   atomic.Int64 // accounts whose locations are not counted in locationsKnown yet
	accountsKnown  atomic.Int64 // accounts whose locations are

	rate struct {
		sync.Mutex
		at    time.Time
		calls int64
		value float64
	}
}

// New returns a Scanner that reads with a session's clients.
func New(session *awsapi.Session) *Scanner {
	s := &Scanner{session: session, glue: session.Glue, kms: session.KMS, tagging: session.Tagging}
	s.keys.entries = map[keyID]*keyEntry{}
	s.rate.at = time.Now()
	return s
}

// Scan reads what the scope names and hands over each location's snapshot as it finishes; emit is called by one
// goroutine at a time. Only four things end it early with an error: the caller's identity can't be had (a
// *awsapi.CredentialsError where that is why), the scope names a region that does not exist (*RegionError), emit fails,
// or ctx ends. In the last case every location that was not finished is still emitted, as interrupted.
func (s *Scanner) Scan(ctx context.Context, scope Scope, emit func(*resource.Snapshot) error) error {
	scanCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{Scanner: s, scope: scope, out: make(chan *resource.Snapshot, 64), slots: make(chan struct{}, locationsAtOnce)}
	var readErr error
	go func() {
		defer close(r.out)
		readErr = r.estate(scanCtx)
	}()
	var emitErr error
	for snapshot := range r.out {
		if emitErr == nil {
			if emitErr = emit(snapshot); emitErr != nil {
				cancel()
			}
		}
		s.locationsDone.Add(1)
	}
	switch {
	case emitErr != nil:
		return emitErr
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return readErr
}

// Progress is how far a Scan has come.
type Progress struct {
	LocationsDone  int
	LocationsTotal int // an estimate until every account's regions are known
	Calls          int64
	Throttled      int64
	Rate           float64 // calls per second, lately
}

// Progress may be asked for at any time.
func (s *Scanner) Progress() Progress {
	stats := s.session.Stats()
	known, left, entered := s.locationsKnown.Load(), s.accountsLeft.Load(), s.accountsKnown.Load()
	total := known + left
	if entered > 0 {
		total = known + left*known/entered
	}
	return Progress{
		LocationsDone:  int(s.locationsDone.Load()),
		LocationsTotal: int(max(total, s.locationsDone.Load())),
		Calls:          stats.Calls,
		Throttled:      stats.Throttled,
		Rate:           s.recentRate(stats.Calls),
	}
}

// recentRate is measured between questions, over half a second at least.
func (s *Scanner) recentRate(calls int64) float64 {
	s.rate.Lock()
	defer s.rate.Unlock()
	now := time.Now()
	if d := now.Sub(s.rate.at); d >= 500*time.Millisecond || s.rate.value == 0 && d > 0 {
		value := float64(calls-s.rate.calls) / d.Seconds()
		s.rate.value = value
		s.rate.at, s.rate.calls = now, calls
	}
	return s.rate.value
}
