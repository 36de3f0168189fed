package sandbox

import (
	"sync"
	"time"
)

// clock starts where it is told, moves with real time and can be advanced.
type clock struct {
	mu     sync.RWMutex
	origin time.Time // on this clock
	real   time.Time // when it was started, with the monotonic clock's reading
	ahead  time.Duration
}

// start sets it; the zero time is the wall clock.
func (c *clock) start(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.real, c.ahead = time.Now(), 0
	if at.IsZero() {
		at = c.real
	}
	c.origin = at.Round(0).UTC()
}

func (c *clock) now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.origin.Add(time.Since(c.real) + c.ahead)
}

// advance moves it forward and returns what it then shows.
func (c *clock) advance(d time.Duration) time.Time {
	c.mu.Lock()
	c.ahead += d
	c.mu.Unlock()
	return c.now()
}
