package daemon

import (
	"net/http"
	"sync"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
)

// How many live streams there may be. Each holds a connection and what waits to be sent; a page of a browser needs one,
// and gives it back when nobody looks at it.
const (
	streamsEach = 20  // of one user, by whichever sessions and tokens
	streamsAll  = 500 // of all together
	// streamsAgain is after how many seconds it makes sense to ask again. Pages ask for themselves meanwhile.
	streamsAgain = 15
)

// codeBusy tells programs that others take up all there is.
const codeBusy = "busy"

// crowd counts who follows what goes on, so that one user does not take the place of all others.
type crowd struct {
	mu     sync.Mutex
	byUser map[string]int
	all    int
}

func newCrowd() *crowd { return &crowd{byUser: map[string]int{}} }

// enter takes one more in, until leave is called, or says that there is no room.
func (c *crowd) enter(p auth.Principal) (leave func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.byUser[p.UserID] >= streamsEach:
		return nil, full(http.StatusTooManyRequests, api.CodeRate, "You follow too much at once: close other pages that are live.")
	case c.all >= streamsAll:
		return nil, full(http.StatusServiceUnavailable, codeBusy, "Too many follow what goes on now.")
	}
	c.byUser[p.UserID]++
	c.all++
	return sync.OnceFunc(func() { c.leave(p.UserID) }), nil
}

func (c *crowd) leave(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.byUser[user]--; c.byUser[user] == 0 {
		delete(c.byUser, user)
	}
}

func full(status int, code, detail string) *api.Problem {
	p := &api.Problem{RetryAfter: streamsAgain}
	p.Status, p.Code, p.Detail = status, code, detail
	p.Hint = "What goes on can be asked for without a stream, too."
	return p
}
