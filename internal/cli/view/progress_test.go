package view_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/cli/view"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		progress audit.Progress
		elapsed  time.Duration
		want     string
	}{
		"at first":    {audit.Progress{Calls: 2}, 0, "looking for accounts and regions, 2 calls"},
		"under way":   {audit.Progress{LocationsDone: 50, LocationsTotal: 200, Calls: 340, Rate: 34.4}, 10 * time.Second, "50 of 200 locations, 340 calls, 34/s, about 30 s left"},
		"throttled":   {audit.Progress{LocationsDone: 1, LocationsTotal: 101, Calls: 3, Throttled: 7}, 2 * time.Second, "1 of 101 locations, 3 calls, 7 throttled, about 3:20 min left"},
		"at the end":  {audit.Progress{LocationsDone: 5, LocationsTotal: 5, Calls: 10}, time.Second, "5 of 5 locations, 10 calls"},
		"not yet one": {audit.Progress{LocationsTotal: 5, Calls: 1}, time.Second, "0 of 5 locations, 1 call"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := view.Line(c.progress, c.elapsed); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// run shows three statuses and returns what was written.
func run(terminal bool, width int) string {
	var out bytes.Buffer
	ticks := make(chan time.Time)
	var mu sync.Mutex
	n := 0
	s := view.Status{
		Out: &out, Terminal: terminal, Width: width, Now: time.Now, Ticks: ticks,
		Progress: func() audit.Progress {
			mu.Lock()
			defer mu.Unlock()
			n++
			return audit.Progress{LocationsDone: n, LocationsTotal: n, Calls: int64(n)}
		},
	}
	stop := s.Start()
	for range 3 {
		ticks <- time.Time{}
	}
	stop()
	stop() // twice is no harm
	return out.String()
}

func TestPlainStatusIsLines(t *testing.T) {
	t.Parallel()
	got := run(false, 0)
	want := "glueguard: 1 of 1 locations, 1 call\nglueguard: 2 of 2 locations, 2 calls\nglueguard: 3 of 3 locations, 3 calls\n"
	if got != want {
		t.Errorf("got %q", got)
	}
}

func TestTerminalStatusIsOneLine(t *testing.T) {
	t.Parallel()
	got := run(true, 20)
	if strings.Contains(got, "\n") {
		t.Errorf("a line was broken: %q", got)
	}
	if !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("the last line was left standing: %q", got)
	}
	for part := range strings.SplitSeq(got, "\r") {
		if n := len([]rune(strings.TrimSuffix(part, "\x1b[K"))); n >= 20 {
			t.Errorf("%d columns of 20: %q", n, part)
		}
	}
}

// A command that ends at once leaves no trace of a status.
func TestNothingDrawnNothingWiped(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	view.Status{Out: &out, Terminal: true, Now: time.Now, Ticks: make(chan time.Time)}.Start()()
	if out.Len() > 0 {
		t.Errorf("got %q", out.String())
	}
}

func TestStatusCanSayWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ticks := make(chan time.Time)
	stop := view.Status{Out: &out, Now: time.Now, Ticks: ticks, Text: "looking around"}.Start()
	ticks <- time.Time{}
	stop()
	if out.String() != "glueguard: looking around\n" {
		t.Errorf("got %q", &out)
	}
}
