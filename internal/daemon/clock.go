package daemon

import (
	"context"
	"time"
)

// Clock tells the time and waits for it. The zero value is the machine's.
type Clock struct {
	Time func() time.Time
	// After returns a channel that something comes from when d has passed; stop gives the wait up.
	After func(d time.Duration) (fire <-chan time.Time, stop func())
}

// Now is the time.
func (c Clock) Now() time.Time {
	if c.Time == nil {
		return time.Now()
	}
	return c.Time()
}

// timer waits for d to pass.
func (c Clock) timer(d time.Duration) (fire <-chan time.Time, stop func()) {
	if c.After != nil {
		return c.After(d)
	}
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// every calls f each time that d has passed, or that wake says so, until ctx ends.
func (c Clock) every(ctx context.Context, d time.Duration, wake <-chan struct{}, f func()) {
	for {
		fire, stop := c.timer(d)
		select {
		case <-ctx.Done():
			stop()
			return
		case <-wake:
			stop()
		case <-fire:
		}
		f()
	}
}
