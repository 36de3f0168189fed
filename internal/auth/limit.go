package auth

import (
	"net/netip"
	"strings"
	"sync"
	"time"
)

// How often somebody may try to sign in. Each attempt that fails takes a token; they come back with time, so nobody is
// locked out for ever.
const (
	addressBurst = 10
	addressEvery = 6 * time.Second
	nameBurst    = 20
	nameEvery    = 10 * time.Second
	maxBuckets   = 10_000
	maxKnown     = 10_000
)

// loginLimits keep guessing slow: by address, and by name for those who guess from many addresses.
type loginLimits struct {
	address, name *limiter
	foreign       *limiter // what is recorded of other sites' requests, by address

	mu    sync.Mutex
	known map[string]bool // name and address that signed in before: others' guesses don't keep them out
}

func newLoginLimits() *loginLimits {
	return &loginLimits{
		address: newLimiter(addressBurst, addressEvery, maxBuckets), name: newLimiter(nameBurst, nameEvery, maxBuckets),
		foreign: newLimiter(addressBurst, addressEvery, maxBuckets), known: map[string]bool{},
	}
}

func foldName(name string) string { return strings.ToLower(name) }

// addressKey is an address, or the network that one customer has many of.
func addressKey(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return address
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

func (l *loginLimits) nameKey(name, address string) string {
	key := hashOf(foldName(name)) // names may be long
	pair := key + " " + addressKey(address)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known[pair] {
		return pair
	}
	return key
}

// take spends one attempt, or tells when there will be one. The attempt is spent before the password is looked at, so
// that many at once are counted too; succeeded gives it back.
func (l *loginLimits) take(name, address string, now time.Time) error {
	if wait := l.address.take(addressKey(address), now); wait > 0 {
		return &RateError{RetryAfter: wait}
	}
	if wait := l.name.take(l.nameKey(name, address), now); wait > 0 {
		return &RateError{RetryAfter: wait}
	}
	return nil
}

func (l *loginLimits) succeeded(name, address string, now time.Time) {
	l.address.giveBack(addressKey(address), now)
	l.name.giveBack(l.nameKey(name, address), now)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.known) >= maxKnown {
		clear(l.known)
	}
	l.known[hashOf(foldName(name))+" "+addressKey(address)] = true
}

// limiter is a token bucket for each key, of bounded size.
type limiter struct {
	burst float64
	every time.Duration
	most  int

	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(burst int, every time.Duration, most int) *limiter {
	return &limiter{burst: float64(burst), every: every, most: most, buckets: map[string]bucket{}}
}

// take takes a token and returns 0, or how long it takes until there is one.
func (l *limiter) take(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.filled(key, now)
	if b.tokens < 1 {
		return max(time.Millisecond, time.Duration((1-b.tokens)*float64(l.every)))
	}
	b.tokens--
	l.put(key, b)
	return 0
}

func (l *limiter) giveBack(key string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.filled(key, now)
	b.tokens = min(l.burst, b.tokens+1)
	l.put(key, b)
}

// filled is the bucket with what has come back since.
func (l *limiter) filled(key string, now time.Time) bucket {
	b, ok := l.buckets[key]
	if !ok {
		return bucket{tokens: l.burst, at: now}
	}
	if past := now.Sub(b.at); past > 0 {
		b.tokens = min(l.burst, b.tokens+float64(past)/float64(l.every))
		b.at = now
	}
	return b
}

func (l *limiter) put(key string, b bucket) {
	if _, there := l.buckets[key]; !there && len(l.buckets) >= l.most {
		l.makeRoom(b.at)
	}
	l.buckets[key] = b
}

// makeRoom forgets the buckets that are full again; where none is, the one that is nearest to it.
func (l *limiter) makeRoom(now time.Time) {
	fullest, most := "", -1.0
	for key := range l.buckets {
		b := l.filled(key, now)
		if b.tokens >= l.burst {
			delete(l.buckets, key)
			continue
		}
		if b.tokens > most {
			fullest, most = key, b.tokens
		}
	}
	if len(l.buckets) >= l.most {
		delete(l.buckets, fullest)
	}
}
