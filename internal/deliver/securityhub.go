package deliver

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// hubsAtOnce is how many locations are sent to at the same time.
const hubsAtOnce = 16

// Hubs sends findings to Security Hub: each to the hub of its own account and region.
type Hubs struct {
	Session *awsapi.Session
	Memory  report.Memory // what the state knows of findings over time
	Version string        // of the program
}

// Sent is what became of findings that were to be sent.
type Sent struct {
	Findings  int // that the hubs took
	Resolved  int // of those sent earlier and gone since: archived
	Locations int // whose hubs took any of these
	Refused   []Refusal
}

// Refusal is what AWS did not take, and why. One that names no resource is about all of its location.
type Refusal struct {
	Location resource.Location
	Resource string // the one that the finding is about
	Findings int    // how many were not delivered for this; 0: what is resolved could not be told
	resource.Failure
}

// Send sends an audit's findings, and updates those that were sent before and are gone. It goes on where one location
// refuses; its error is one of the state's, or an interruption.
func (h Hubs) Send(ctx context.Context, audit report.Source) (Sent, error) {
	caller, err := h.Session.Caller(ctx)
	if err != nil {
		return Sent{}, err
	}
	form, err := report.SecurityHub{Version: h.Version}.Of(audit.Head())
	if err != nil {
		return Sent{}, err
	}
	settled, err := report.SettledBy(ctx, h.Memory, audit.Head().ID)
	if err != nil {
		return Sent{}, err
	}
	s := &sending{Hubs: h, form: form, settled: settled, partition: caller.Partition, estate: map[string]bool{}, begun: map[resource.Location]bool{}, room: make(chan struct{}, hubsAtOnce)}
	for l, controls := range settled {
		if len(controls) > 0 { // a key of an account that was not audited comes with a place where nothing is settled
			s.estate[l.Account] = true
		}
	}
	err = s.all(ctx, audit)
	s.running.Wait()
	if err == nil {
		err = s.err
	}
	if ctx.Err() != nil {
		err = awsapi.ErrInterrupted
	}
	return s.sent, err
}

// sending is one Send under way.
type sending struct {
	Hubs
	form      *report.SecurityHub
	settled   report.Settled
	partition string
	estate    map[string]bool            // accounts
	begun     map[resource.Location]bool // those sent to, without partitions

	room    chan struct{}
	running sync.WaitGroup
	mu      sync.Mutex
	sent    Sent
	err     error // the first of the state's
}

// all sends the findings as they come, location by location, and then looks after the locations that have none.
func (s *sending) all(ctx context.Context, audit report.Source) error {
	var now *hub
	err := audit.EachFinding(func(f finding.Finding) error {
		if ctx.Err() != nil {
			return awsapi.ErrInterrupted
		}
		l, err := s.place(ctx, f)
		if err != nil {
			return err
		}
		if now == nil || now.location != l {
			now.end()
			now = s.open(ctx, l)
		}
		seen, err := s.firstSeen(ctx, f.ID)
		if err != nil {
			return err
		}
		now.put(f, seen)
		return nil
	})
	now.end()
	if err != nil {
		return err
	}
	for l := range s.settled {
		l.Partition = s.partition
		if l.Region != "" && s.estate[l.Account] && !s.begun[bare(l)] && ctx.Err() == nil {
			s.open(ctx, l).end()
		}
	}
	return nil
}

// place is where a finding is sent: its own account and region. What is outside the estate, such as another company's
// key, goes to the first location that showed it.
func (s *sending) place(ctx context.Context, f finding.Finding) (resource.Location, error) {
	own := resource.Location{Partition: s.partition, Account: f.Resource.Account, Region: cmp.Or(f.Resource.Region, s.Session.Region())}
	if s.estate[own.Account] {
		return own, nil
	}
	shown, err := s.Memory.ShownBy(ctx, f.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return own, nil
	case err != nil:
		return own, err
	}
	for _, l := range shown {
		if l.Account != own.Account && l.Region != "" {
			l.Partition = own.Partition
			return l, nil
		}
	}
	return own, nil
}

// firstSeen is when a finding was seen first; zero where the state does not know it.
func (s *sending) firstSeen(ctx context.Context, id string) (time.Time, error) {
	h, err := s.Memory.History(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return time.Time{}, err
	}
	return h.FirstSeen, nil
}

func bare(l resource.Location) resource.Location {
	l.Partition = ""
	return l
}

// open begins to send to a location, as soon as there is room for one more.
func (s *sending) open(ctx context.Context, l resource.Location) *hub {
	s.begun[bare(l)] = true
	account := s.Session.Acquire(l.Account)
	h := &hub{
		sending: s, location: l, place: account.At(l.Region), product: report.DefaultProduct(l.Partition, l.Account, l.Region),
		batches: make(chan []item), ids: newHashes(),
	}
	s.room <- struct{}{}
	s.running.Go(func() {
		defer func() { <-s.room }()
		defer account.Release()
		for b := range h.batches {
			h.load(ctx, b)
		}
		h.resolve(ctx)
		h.done()
	})
	return h
}

// item is a finding as it is sent, and the name of what it is about.
type item struct {
	types.AwsSecurityFinding
	resource string
}
