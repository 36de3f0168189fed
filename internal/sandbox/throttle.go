package sandbox

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// location is one account in one region.
type location struct{ account, region string }

// throttle is a token bucket for each location. A bucket holds one second's calls, at least one.
type throttle struct {
	rate    atomic.Uint64 // of float64: calls a second; 0 is no limit
	mu      sync.Mutex
	buckets map[location]*bucket
}

type bucket struct {
	tokens float64
	filled time.Time
}

func newThrottle() *throttle { return &throttle{buckets: make(map[location]*bucket)} }

// setRate changes the limit and starts with full buckets.
func (t *throttle) setRate(rate float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rate.Store(math.Float64bits(max(rate, 0)))
	clear(t.buckets)
}

// allow takes a token, when there is one.
func (t *throttle) allow(l location, now time.Time) bool {
	rate := t.limit()
	if rate == 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	size := max(rate, 1)
	b, ok := t.buckets[l]
	if !ok {
		b = &bucket{tokens: size, filled: now}
		t.buckets[l] = b
	}
	b.tokens = min(size, b.tokens+rate*now.Sub(b.filled).Seconds())
	b.filled = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func (t *throttle) limit() float64 { return math.Float64frombits(t.rate.Load()) }
