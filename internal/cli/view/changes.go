package view

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
)

// What a terminal is shown at most: a line for each of so many running changes, and a count of the others.
const changesShown = 12

// leastLabel is how many columns a change's label keeps, however narrow the terminal.
const leastLabel = 24

// plainStill is how long nothing may happen in a log before it is told that a change still waits.
const plainStill = time.Minute

// Changes shows how many changes are getting on: on a terminal a line for each that runs, redrawn in place, with those
// at rest above; elsewhere a line whenever a step finishes.
type Changes struct {
	Out      io.Writer
	Terminal bool
	Width    int // columns; 0: not known
	Now      func() time.Time
	// Label names a job's resource before its change is known.
	Label func(engine.Job) string
	// Why says an error in a line, and in another what to do about it; the second may be empty.
	Why   func(error) (line, hint string)
	Total int // jobs
	// Ticks replaces the clock that says when to redraw; nil: a ticker.
	Ticks <-chan time.Time

	mu      sync.Mutex
	running []*line
	rest    int // changes at rest
	drawn   int // lines of the block on the terminal
	frame   int
	noted   bool
}

// line is one change under way.
type line struct {
	job     engine.Job
	label   string
	phase   change.Phase
	done    int // steps of the phase that were told of
	total   int
	step    string
	detail  string
	started time.Time
	told    time.Time // when a log was last told of it
}

// Start redraws until the returned function is called, which takes the block away.
func (v *Changes) Start() (stop func()) {
	quit := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() { v.run(quit) })
	return sync.OnceFunc(func() {
		close(quit)
		done.Wait()
	})
}

func (v *Changes) run(quit <-chan struct{}) {
	ticks := v.Ticks
	if ticks == nil {
		every := plainEvery
		if v.Terminal {
			every = terminalEvery
		}
		t := time.NewTicker(every)
		defer t.Stop()
		ticks = t.C
	}
	for {
		select {
		case <-quit:
			v.mu.Lock()
			v.running = nil
			v.draw()
			v.mu.Unlock()
			return
		case <-ticks:
			v.mu.Lock()
			v.frame++
			v.tick()
			v.mu.Unlock()
		}
	}
}

func (v *Changes) tick() {
	if v.Terminal {
		v.draw()
		return
	}
	now := v.Now()
	for _, l := range v.running {
		if now.Sub(l.told) >= plainStill {
			l.told = now
			v.print(fmt.Sprintf("%s: still at %s, %s", l.label, l.where(), clock(now.Sub(l.started))))
		}
	}
}

// Interrupting says that an interrupt was understood and what happens now.
func (v *Changes) Interrupting() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.interrupting()
}

func (v *Changes) interrupting() {
	if v.noted {
		return
	}
	v.noted = true
	v.print("interrupted: finishing the current call of each change; nothing is lost, and resume goes on from there")
}

// Watch takes an event of the engine in.
func (v *Changes) Watch(e engine.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e.Skipped {
		v.rest++
		return
	}
	l := v.find(e)
	if e.Change != nil {
		v.follow(l, e.Change)
	}
	l.detail = e.Detail
	if interrupted(e.Err) {
		v.interrupting()
	}
	if e.Done {
		v.remove(l)
		v.rest++
		v.print(v.ending(l, e))
		return
	}
	if v.Terminal && v.drawn == 0 {
		v.draw()
	}
}

func (v *Changes) find(e engine.Event) *line {
	for _, l := range v.running {
		if l.job.Resource == e.Job.Resource && l.job.Change == e.Job.Change {
			return l
		}
	}
	now := v.Now()
	l := &line{job: e.Job, label: v.Label(e.Job), started: now, told: now}
	v.running = append(v.running, l)
	return l
}

func (v *Changes) remove(l *line) {
	for i, other := range v.running {
		if other == l {
			v.running = append(v.running[:i], v.running[i+1:]...)
			return
		}
	}
}

// follow brings a line up to where its change stands, and tells a log of the steps that have finished since.
func (v *Changes) follow(l *line, c *change.Change) {
	if c.Phase != l.phase {
		if l.phase != "" || c.Phase != change.Apply {
			why := ""
			if c.Trouble != nil {
				why = ": " + c.Trouble.Message
			}
			v.tell(fmt.Sprintf("%s: %s%s", l.label, phaseWords(c), why))
		}
		l.phase, l.done = c.Phase, 0
	}
	l.total, l.step = len(c.Steps), ""
	for n, s := range c.Steps {
		switch s.Status {
		case change.StepDone, change.StepUndone, change.StepSkipped:
			if n >= l.done {
				l.done = n + 1
				l.told = v.Now()
				v.tell(fmt.Sprintf("%s: %s %s (%d of %d, %s)", l.label, s.Step.Name, s.Status, n+1, len(c.Steps), clock(l.told.Sub(l.started))))
			}
		case change.StepPending, change.StepRunning, change.StepFailed:
			l.step = s.Step.Name
			return
		}
	}
}

func phaseWords(c *change.Change) string {
	switch c.Phase {
	case change.Unwind:
		if len(c.Steps) == 0 { // it has only looked so far
			return "nothing was changed, so nothing is taken back"
		}
		return "taking back what was done"
	case change.Restore:
		return "making the saved definition again"
	case change.Finalize:
		return "letting go of what was kept"
	case change.Apply:
	}
	return "going on"
}

// tell is for logs only: on a terminal the moving line says it.
func (v *Changes) tell(text string) {
	if !v.Terminal {
		v.print(text)
	}
}

// print writes a line that stays.
func (v *Changes) print(text string) {
	if !v.Terminal {
		fmt.Fprintln(v.Out, "glueguard: "+text)
		return
	}
	v.up()
	fmt.Fprint(v.Out, strings.ReplaceAll(text, "\n", "\x1b[K\n")+"\x1b[K\n")
	v.drawn = 0
	v.draw()
}

// up goes to the block's first line.
func (v *Changes) up() {
	if v.drawn > 0 {
		fmt.Fprintf(v.Out, "\x1b[%dA\r", v.drawn)
	}
}

// draw writes the block over the old one.
func (v *Changes) draw() {
	if !v.Terminal || v.drawn == 0 && len(v.running) == 0 {
		return
	}
	var b strings.Builder
	lines := 0
	now := v.Now()
	shown := v.running[:min(len(v.running), changesShown)]
	room := v.room(shown)
	for _, l := range shown {
		text := fmt.Sprintf("%s %8s  %s  %s", spinner(v.frame), clock(now.Sub(l.started)), fit(l.label, room), l.where())
		b.WriteString(cut(text, v.Width) + "\x1b[K\n")
		lines++
	}
	if v.Total > 1 && len(v.running) > 0 {
		b.WriteString(cut(fmt.Sprintf("  %d of %d ended, %d running", v.rest, v.Total, len(v.running)), v.Width) + "\x1b[K\n")
		lines++
	}
	v.up()
	fmt.Fprint(v.Out, b.String()+"\x1b[J")
	v.drawn = lines
}

// room is how many columns the labels of lines take: as many as the longest, or what the steps leave of the width, for
// those must be seen.
func (v *Changes) room(lines []*line) int {
	const others = 2 + 8 + 2 + 2 + 1 // the spinner, the time, the gaps, and the last column, which stays free
	label, where := 0, 0
	for _, l := range lines {
		label, where = max(label, lipgloss.Width(l.label)), max(where, lipgloss.Width(l.where()))
	}
	if v.Width <= 0 {
		return label
	}
	return min(label, max(v.Width-others-where, leastLabel))
}

// fit brings a label to a width, by blanks or by leaving its end away.
func fit(label string, width int) string {
	if lipgloss.Width(label) > width {
		label = strings.TrimRight(string([]rune(label)[:width-1]), " (") + "…"
	}
	return label + strings.Repeat(" ", max(0, width-lipgloss.Width(label)))
}

// where says which step a change is at, and what it waits for.
func (l *line) where() string {
	switch {
	case l.step == "" && l.total > 0:
		return "ending"
	case l.step == "" && l.detail == "":
		return "beginning"
	case l.step == "":
		return l.detail
	}
	text := fmt.Sprintf("%d/%d %s", l.done+1, l.total, l.step)
	if l.detail != "" {
		text += ": " + l.detail
	}
	return text
}

// ending is the last line of a change.
func (v *Changes) ending(l *line, e engine.Event) string {
	switch {
	case e.Change == nil && interrupted(e.Err):
		return l.label + ": not begun"
	case e.Settled():
		line, _, _ := strings.Cut(v.why(e), "\n") // nothing is to be done about it
		return fmt.Sprintf("%s: nothing to do: %s", l.label, line)
	case e.Change == nil:
		return fmt.Sprintf("%s: not begun: %s", l.label, v.why(e))
	}
	if interrupted(e.Err) {
		l.detail = ""
		return fmt.Sprintf("%s: left at %s", l.label, l.where())
	}
	text := fmt.Sprintf("%s: %s", l.label, e.Change.State.Words())
	if e.Err != nil {
		return text + ": " + v.why(e)
	}
	if t := e.Change.Trouble; t != nil {
		text += ": " + t.Message
	}
	return text
}

func interrupted(err error) bool { return errors.Is(err, context.Canceled) }

// why is what a job's error says, without the resource's ARN: its label stands before it.
func (v *Changes) why(e engine.Event) string {
	line, hint := v.Why(e.Err)
	line = strings.TrimPrefix(line, e.Job.Resource+": ")
	if rest, named := strings.CutPrefix(line, e.Job.Resource+" "); named {
		line = "it " + rest
	}
	if hint != "" {
		line += "\n  hint: " + hint
	}
	return line
}
