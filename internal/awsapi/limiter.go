package awsapi

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	minRate  = 2    // calls/s: the lowest limit that AWS documents (cloudtrail LookupEvents); pauses do the rest
	maxRate  = 5000 // calls/s: no AWS location answers more
	minPause = 100 * time.Millisecond
	maxPause = 8 * time.Second // so that a location which throttles everything is given up not much later than ThrottleLimit
)

// limiter paces the calls of one location. AWS publishes no limits for Glue, so it starts without one and learns from
// the first throttled answer: it halves the rate, but not below what the location evidently delivers, and every
// caller waits until the pause ends. Successes raise the rate, slowly around where it was last refused and fast
// elsewhere.
type limiter struct {
	limited   atomic.Bool  // false until the first throttled answer; then calls take turns
	delivered atomic.Int64 // successes since the rate was last cut

	turn chan struct{} // held by the one caller that waits for the next call's time, so that all see the newest rate

	mu     sync.Mutex
	rate   float64   // calls/s
	refuse float64   // the rate at which AWS last refused; 0: only the unlimited one so far
	next   time.Time // when the next call may be sent
	resume time.Time // when the shared pause ends
	since  time.Time // when the rate was last cut, or the limiter made
	streak int       // cuts since the last success
	worked time.Time // the last success since there is a limit
	// given holds the operations that a call gave up, with what AWS last said, until one gets through again. Without
	// it each call of a location that stays throttled would have to find that out for itself, one after the other.
	given map[string]error
}

func newLimiter() *limiter { return &limiter{turn: make(chan struct{}, 1), since: time.Now()} }

// wait returns when a call may be sent. Its error is that of an earlier call where the operation was given up and the
// location still pauses.
func (l *limiter) wait(ctx context.Context, operation string) error {
	if !l.limited.Load() {
		return nil
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return interrupted(ctx)
	}
	defer func() { <-l.turn }()
	for {
		d, err := l.reserve(operation)
		if d <= 0 {
			return err
		}
		if err := sleep(ctx, d); err != nil {
			return err
		}
	}
}

// reserve takes the next call's time when it has come and returns 0; else it returns how long to wait.
func (l *limiter) reserve(operation string) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if err := l.given[operation]; err != nil && l.resume.After(now) {
		return 0, err
	}
	at := l.next
	if l.resume.After(at) {
		at = l.resume
	}
	if d := at.Sub(now); d > 0 {
		return d, nil
	}
	l.next = now.Add(time.Duration(float64(time.Second) / l.rate))
	return 0, nil
}

// giveUp is told when a call ends as throttled. Until one of the same operation gets through, those that come while
// the location pauses end at once, and the others have one try.
func (l *limiter) giveUp(operation string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.given == nil {
		l.given = map[string]error{}
	}
	l.given[operation] = err
}

// gaveUp tells whether a call of the operation ended as throttled and none has got through since.
func (l *limiter) gaveUp(operation string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.given[operation] != nil
}

// success is told of every call that was not throttled.
func (l *limiter) success(operation string) {
	l.delivered.Add(1)
	if !l.limited.Load() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.streak, l.worked = 0, time.Now()
	delete(l.given, operation)
	// A step for each success, so that the rate grows by 70 or 5 % a second; low rates, which have few successes to
	// learn from, by 5 or 1 % for each.
	grow := min(0.7, 0.05*l.rate)
	if l.refuse > 0 && l.rate > 0.9*l.refuse && l.rate < 1.2*l.refuse {
		grow = min(0.05, 0.01*l.rate)
	}
	l.rate = min(l.rate+grow, maxRate)
}

// throttled is told of every throttled call: when it was sent, and how long AWS asked to wait (0: it did not say).
func (l *limiter) throttled(sent time.Time, retryAfter time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if after := now.Add(retryAfter); retryAfter > 0 && after.After(l.resume) {
		l.resume = after
	}
	if l.limited.Load() && !sent.After(l.since) {
		return // sent before the last cut: this answer says nothing about the rate in force
	}
	delivering := float64(l.delivered.Swap(0)) / max(now.Sub(l.since).Seconds(), 1)
	if l.limited.Load() {
		l.refuse = l.rate
		l.rate = max(l.rate/2, min(delivering*0.95, l.rate*0.95), minRate)
	} else {
		l.rate = max(delivering, minRate)
		l.limited.Store(true)
	}
	l.since = now
	pause := min(minPause<<min(l.streak, 10), maxPause)
	l.streak++
	pause += rand.N(pause / 2) // so that several processes do not return at once
	if end := now.Add(pause); end.After(l.resume) {
		l.resume = end
	}
}

// stuckSince is when the location last let a call through, or the given time where that is later.
func (l *limiter) stuckSince(t time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.worked.After(t) {
		return l.worked
	}
	return t
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return interrupted(ctx)
	}
}
