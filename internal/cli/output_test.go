package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestGateHoldsUntilOpened(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	for name, c := range map[string]struct {
		opened error
		want   string
	}{
		"opened":            {nil, "onetwothree"},
		"never to be shown": {broken, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			g := &gate{w: &out, opened: make(chan error, 1)}
			for _, s := range []string{"one", "two"} {
				if _, err := g.Write([]byte(s)); err != nil {
					t.Fatal(err)
				}
			}
			if out.Len() > 0 {
				t.Errorf("%q appeared too early", &out)
			}
			g.opened <- c.opened
			if _, err := g.Write([]byte("three")); !errors.Is(err, c.opened) {
				t.Errorf("error %v, want %v", err, c.opened)
			}
			if err := g.flush(); !errors.Is(err, c.opened) {
				t.Errorf("error %v, want %v", err, c.opened)
			}
			if out.String() != c.want {
				t.Errorf("got %q, want %q", &out, c.want)
			}
		})
	}
}

// TestGateWaitsWhenFull writes more than a gate holds.
func TestGateWaitsWhenFull(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	g := &gate{w: &out, opened: make(chan error, 1)}
	half := strings.Repeat("x", gateHolds/2+1)
	if _, err := g.Write([]byte(half)); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		_, err := g.Write([]byte(half))
		written <- errors.Join(err, g.flush())
	}()
	g.opened <- nil
	if err := <-written; err != nil || out.Len() != 2*len(half) {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
}
