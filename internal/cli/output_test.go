package cli

import (
	"bytes"
	"errors"
	"os"
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

// TestGateNeverWaits writes more than a gate keeps in memory, before anybody opens it.
func TestGateNeverWaits(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	for name, opened := range map[string]error{"opened": nil, "never to be shown": broken} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			g := &gate{w: &out, opened: make(chan error, 1)}
			var want strings.Builder
			for i := range 5 {
				part := strings.Repeat(string(rune('a'+i)), gateHolds/3)
				want.WriteString(part)
				if _, err := g.Write([]byte(part)); err != nil {
					t.Fatal(err)
				}
			}
			spilled := g.file.Name()
			g.opened <- opened
			if err := g.flush(); !errors.Is(err, opened) {
				t.Errorf("error %v, want %v", err, opened)
			}
			if opened == nil && out.String() != want.String() || opened != nil && out.Len() > 0 {
				t.Errorf("%d bytes appeared", out.Len())
			}
			if _, err := os.Stat(spilled); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is left: %v", spilled, err)
			}
		})
	}
}
