package sandbox

import (
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// callKey is what calls are counted by.
type callKey struct{ operation, account, region string }

const (
	callShards = 16
	lastCalls  = 1000 // how many are remembered one by one
)

// calls counts what was asked. Its memory grows with operations times locations, not with calls.
type calls struct {
	seed   maphash.Seed
	shards [callShards]callShard

	mu   sync.Mutex
	last []callLine // a ring
	next int
}

type callShard struct {
	mu     sync.Mutex
	counts map[callKey]*callCount
}

type callCount struct{ calls, throttled, errors int64 }

// callLine is one call as GET /_sandbox/calls?last=N shows it.
type callLine struct {
	Time      time.Time `json:"time"`
	Operation string    `json:"operation"`
	Account   string    `json:"account"`
	Region    string    `json:"region"`
	RequestID string    `json:"request_id"`
	Error     string    `json:"error,omitempty"`
}

func newCalls() *calls {
	c := &calls{seed: maphash.MakeSeed()}
	c.reset()
	return c
}

func (c *calls) reset() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.counts = make(map[callKey]*callCount)
		s.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.next = nil, 0
}

func (c *calls) add(line callLine, throttled bool) {
	key := callKey{line.Operation, line.Account, line.Region}
	s := &c.shards[maphash.Comparable(c.seed, key)%callShards]
	s.mu.Lock()
	n, ok := s.counts[key]
	if !ok {
		n = new(callCount)
		s.counts[key] = n
	}
	n.calls++
	if throttled {
		n.throttled++
	}
	if line.Error != "" {
		n.errors++
	}
	s.mu.Unlock()

	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.last) < lastCalls {
		c.last = append(c.last, line)
		return
	}
	c.last[c.next] = line
	c.next = (c.next + 1) % lastCalls
}

// callReport is what GET /_sandbox/calls answers.
type callReport struct {
	Total      int64            `json:"total"`
	Throttled  int64            `json:"throttled"`
	Errors     int64            `json:"errors"`
	Operations map[string]int64 `json:"operations"`
	Accounts   map[string]int64 `json:"accounts"`
	Regions    map[string]int64 `json:"regions"`
	Counts     []callDetail     `json:"counts"`
	Last       []callLine       `json:"last,omitempty"`
}

type callDetail struct {
	Operation string `json:"operation"`
	Account   string `json:"account"`
	Region    string `json:"region"`
	Calls     int64  `json:"calls"`
	Throttled int64  `json:"throttled,omitempty"`
	Errors    int64  `json:"errors,omitempty"`
}

// report sums up, with the last calls, newest last.
func (c *calls) report(last int) callReport {
	r := callReport{Operations: make(map[string]int64), Accounts: make(map[string]int64), Regions: make(map[string]int64), Counts: []callDetail{}}
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for key, n := range maps.All(s.counts) {
			r.Total += n.calls
			r.Throttled += n.throttled
			r.Errors += n.errors
			r.Operations[key.operation] += n.calls
			r.Accounts[key.account] += n.calls
			r.Regions[key.region] += n.calls
			r.Counts = append(r.Counts, callDetail{key.operation, key.account, key.region, n.calls, n.throttled, n.errors})
		}
		s.mu.Unlock()
	}
	slices.SortFunc(r.Counts, func(a, b callDetail) int {
		return strings.Compare(a.Operation+" "+a.Account+" "+a.Region, b.Operation+" "+b.Account+" "+b.Region)
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	ring := append(slices.Clone(c.last[c.next:]), c.last[:c.next]...)
	r.Last = ring[max(0, len(ring)-last):]
	return r
}
