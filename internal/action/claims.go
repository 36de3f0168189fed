package action

import (
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/resource"
)

// claimed is how long a change may take from seeing that there is no key to giving it its alias.
const claimed = 2 * time.Minute

// lively is how long nobody asks whether who makes a key is still at it. Then the key that it left may serve.
const lively = 5 * time.Second

// claims keep changes of one process from making a key each under the same alias. They only save work: between
// processes, the alias decides.
type claims struct {
	mu sync.Mutex
	of map[claimKey]claim
}

type claimKey struct {
	resource.Location
	alias string
}

type claim struct {
	change string
	since  time.Time // when it was last heard of
}

func newClaims() *claims { return &claims{of: map[claimKey]claim{}} }

// take gives the making of a key to a change, unless another is at it, and tells for how long that has not been heard of.
func (c *claims) take(l resource.Location, alias, change string, now time.Time) (holder string, silent time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := claimKey{l, alias}
	if held, ok := c.of[at]; ok && held.change != change && now.Before(held.since.Add(claimed)) {
		return held.change, now.Sub(held.since)
	}
	c.of[at] = claim{change, now}
	return change, 0
}

func (c *claims) release(l resource.Location, alias string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.of, claimKey{l, alias})
}
