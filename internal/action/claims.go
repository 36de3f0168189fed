package action

import (
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/resource"
)

// claimed is how long a change may take from seeing that there is no key to giving it its alias.
const claimed = 2 * time.Minute

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
	until  time.Time
}

func newClaims() *claims { return &claims{of: map[claimKey]claim{}} }

// take gives the making of a key to a change, unless another is at it.
func (c *claims) take(l resource.Location, alias, change string, now time.Time) (holder string, free bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := claimKey{l, alias}
	if held, ok := c.of[at]; ok && held.change != change && now.Before(held.until) {
		return held.change, false
	}
	c.of[at] = claim{change, now.Add(claimed)}
	return change, true
}

func (c *claims) release(l resource.Location, alias string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.of, claimKey{l, alias})
}
