package daemon

import (
	"errors"
	"fmt"
	"testing"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
)

// TestCrowd fills the room that one user has, and that all have together, and makes some again.
func TestCrowd(t *testing.T) {
	t.Parallel()
	c := newCrowd()
	refused := func(err error, status int) {
		t.Helper()
		var p *api.Problem
		if !errors.As(err, &p) || p.Status != status || p.RetryAfter == 0 {
			t.Errorf("got %v, want a problem of status %d that says when to come again", err, status)
		}
	}
	var leave []func()
	fill := func(user string, n int) {
		t.Helper()
		for range n {
			out, err := c.enter(auth.Principal{UserID: user})
			if err != nil {
				t.Fatalf("%s is refused: %v", user, err)
			}
			leave = append(leave, out)
		}
	}
	fill("kim", streamsEach)
	_, err := c.enter(auth.Principal{UserID: "kim"})
	refused(err, 429)
	for i := range streamsAll/streamsEach - 1 {
		fill(fmt.Sprint(i), streamsEach)
	}
	_, err = c.enter(auth.Principal{UserID: "lee"})
	refused(err, 503)
	leave[0]()
	leave[0]() // again changes nothing
	fill("lee", 1)
	_, err = c.enter(auth.Principal{UserID: "kim"})
	refused(err, 503)
	for _, out := range leave {
		out()
	}
	if c.all != 0 || len(c.byUser) != 0 {
		t.Errorf("%d are counted, of %v", c.all, c.byUser)
	}
}
