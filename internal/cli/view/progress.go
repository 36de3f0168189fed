// Package view shows people how a command is getting on.
package view

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/glueguard/glueguard/internal/audit"
)

// How often a status is shown: on a terminal as a moving line, elsewhere as plain lines in a log.
const (
	terminalEvery = 100 * time.Millisecond
	plainEvery    = 5 * time.Second
)

// Status shows the progress of an audit, or that something else is under way, on a stream.
type Status struct {
	Out      io.Writer
	Terminal bool
	Width    int // columns; 0: not known
	Now      func() time.Time
	Progress func() audit.Progress
	Text     string // what is under way, where there is no Progress
	// Ticks replaces the clock that says when to show the status; nil: a ticker.
	Ticks <-chan time.Time
}

// Start shows the status until the returned function is called, which cleans up and waits for the last line.
func (s Status) Start() (stop func()) {
	quit := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() { s.run(quit) })
	return sync.OnceFunc(func() {
		close(quit)
		done.Wait()
	})
}

func (s Status) run(quit <-chan struct{}) {
	ticks := s.Ticks
	if ticks == nil {
		every := plainEvery
		if s.Terminal {
			every = terminalEvery
		}
		t := time.NewTicker(every)
		defer t.Stop()
		ticks = t.C
	}
	started := s.Now()
	for frame := 0; ; frame++ {
		select {
		case <-quit:
			if s.Terminal && frame > 0 { // what was never drawn needs no wiping
				fmt.Fprint(s.Out, "\r\x1b[K")
			}
			return
		case <-ticks:
			line := s.Text
			if s.Progress != nil {
				line = Line(s.Progress(), s.Now().Sub(started))
			}
			if s.Terminal {
				// Written over the old line, whose rest goes last: a line that is wiped first would flicker.
				fmt.Fprint(s.Out, "\r"+cut(spinner(frame)+" "+line, s.Width)+"\x1b[K")
			} else {
				fmt.Fprintln(s.Out, "glueguard: "+line)
			}
		}
	}
}

func spinner(frame int) string {
	frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	return string(frames[frame%len(frames)])
}

// cut keeps a line within the terminal: a line that wraps can't be taken back.
func cut(line string, width int) string {
	if width <= 0 || lipgloss.Width(line) < width {
		return line
	}
	return string([]rune(line)[:width-1])
}

// Line is the status as text: locations, calls, rate, throttling and time left, each once it is known.
func Line(p audit.Progress, elapsed time.Duration) string {
	if p.LocationsTotal == 0 {
		return "looking for accounts and regions, " + calls(p.Calls)
	}
	parts := []string{
		fmt.Sprintf("%d of %d locations", p.LocationsDone, p.LocationsTotal),
		calls(p.Calls),
	}
	if p.Rate > 0 {
		parts = append(parts, fmt.Sprintf("%.0f/s", p.Rate))
	}
	if p.Throttled > 0 {
		parts = append(parts, fmt.Sprintf("%d throttled", p.Throttled))
	}
	if left := p.LocationsTotal - p.LocationsDone; p.LocationsDone > 0 && left > 0 {
		rest := time.Duration(float64(elapsed) * float64(left) / float64(p.LocationsDone))
		if rest >= time.Second {
			parts = append(parts, "about "+clock(rest)+" left")
		}
	}
	return strings.Join(parts, ", ")
}

func calls(n int64) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%d calls", n)
}

func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s < 60 {
		return fmt.Sprintf("%d s", s)
	}
	return fmt.Sprintf("%d:%02d min", s/60, s%60)
}
