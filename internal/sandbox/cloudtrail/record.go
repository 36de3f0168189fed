package cloudtrail

import (
	"strings"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// How many events are kept, over all accounts and regions. Reads have a ring of their own so that a busy audit can't
// push out the changes and refusals that people look for.
const (
	keptReads   = 20_000
	keptNotable = 30_000
)

// CloudTrail keeps events and answers lookups. It is safe for concurrent use.
type CloudTrail struct {
	mu      sync.Mutex
	seq     uint64 // of the newest event; the first is 1
	reads   ring
	notable ring
	trails  map[location]*trail
	agent   string // the last user agent seen, kept once instead of once per event
}

type location struct{ account, region string }

// trail is one location's newest events and its budget of lookups.
type trail struct {
	lastRead, lastNotable uint64 // positions in the rings, 0: none
	budget                float64
	budgetAt              time.Time
}

// record is one event as it is kept.
type record struct {
	seq  uint64 // over both rings: the order of events
	prev uint64 // position in the same ring of the location's event before this one, 0: none

	at                       int64 // nanoseconds since 1970
	partition, account       string
	region, source           string
	operation, requestID     string
	principal                service.Principal
	userAgent, sourceIP      string
	readOnly                 bool
	errorCode, errorMessage  string
	key                      string // ARN of the KMS key that the call is about
	input                    any    // reads only: nothing keeps or changes the input of a read
	parameters, responseJSON []byte // changing calls only
}

// New makes an empty CloudTrail.
func New() *CloudTrail {
	return &CloudTrail{
		reads:   ring{limit: keptReads},
		notable: ring{limit: keptNotable},
		trails:  map[location]*trail{},
	}
}

// Record keeps one event. Data events (S3 objects, metric data) are not kept: LookupEvents never shows them.
func (t *CloudTrail) Record(e service.Event) {
	if dataEvent(e.Call.Service, e.Call.Operation) {
		return
	}
	r := record{
		at: e.Call.Now.UnixNano(), partition: e.Call.Partition, account: e.Call.Account, region: e.Call.Region,
		source: e.Source, operation: e.Call.Operation, requestID: e.Call.RequestID, principal: e.Call.Principal,
		userAgent: e.UserAgent, sourceIP: e.SourceIP, readOnly: e.ReadOnly,
		errorCode: e.ErrorCode, errorMessage: e.ErrorMessage,
	}
	if e.Call.Service == "kms" {
		r.key = keyARN(&e)
	}
	if e.ReadOnly {
		r.input = e.Input
	} else {
		r.parameters = renderJSON(e.Input)
		if e.ErrorCode == "" {
			r.responseJSON = renderJSON(e.Output)
		}
	}
	t.keep(r)
}

func (t *CloudTrail) keep(r record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seq++
	r.seq = t.seq
	if r.userAgent == t.agent {
		r.userAgent = t.agent
	} else {
		t.agent = r.userAgent
	}
	trail := t.trail(r.account, r.region)
	if r.readOnly && r.errorCode == "" {
		r.prev = trail.lastRead
		trail.lastRead = t.reads.put(r)
		return
	}
	r.prev = trail.lastNotable
	trail.lastNotable = t.notable.put(r)
}

func (t *CloudTrail) trail(account, region string) *trail {
	at := location{account, region}
	found := t.trails[at]
	if found == nil {
		found = &trail{}
		t.trails[at] = found
	}
	return found
}

// ring keeps the last events put into it. Positions count from 1 and are never reused, so that a stale one can be told.
type ring struct {
	slots []record
	next  uint64 // position of the newest event
	limit uint64
}

func (r *ring) put(e record) uint64 {
	if uint64(len(r.slots)) < r.limit {
		r.slots = append(r.slots, e)
	} else {
		r.slots[r.next%r.limit] = e
	}
	r.next++
	return r.next
}

// get returns the event at a position, or nil when it was overwritten or never was.
func (r *ring) get(position uint64) *record {
	if position == 0 || position > r.next || position+r.limit <= r.next {
		return nil
	}
	return &r.slots[(position-1)%r.limit]
}

// dataEvent tells whether CloudTrail counts an operation as a data event. LookupEvents shows management events only.
// Source: CloudTrail user guide, "Logging data events".
func dataEvent(prefix, operation string) bool {
	switch prefix {
	case "s3":
		return strings.HasSuffix(operation, "Object") || strings.HasSuffix(operation, "Objects") ||
			strings.HasPrefix(operation, "ListObject") || strings.HasPrefix(operation, "ListPart") ||
			strings.HasPrefix(operation, "UploadPart") || strings.HasSuffix(operation, "MultipartUpload")
	case "cloudwatch":
		return operation == "PutMetricData" || operation == "GetMetricData"
	}
	return false
}
