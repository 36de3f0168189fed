package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
)

// plainCommands is how many commands a pipe is given for one remedy: enough to work on, and not a list of all keys.
const plainCommands = 100

// todo is the list of what to do: each remedy once, in the order in which rows refer to it.
type todo struct {
	byAdvice map[string]*remedy
	order    []*remedy
	numbered int
}

type remedy struct {
	advice   string
	number   int // what rows refer to it by; 0: no row was shown
	findings int
	commands []string // each once
	more     int      // commands beyond those kept
}

func newTodo() *todo { return &todo{byAdvice: map[string]*remedy{}} }

// count takes a finding's remedy in.
func (d *todo) count(f finding.Finding) {
	r := control.RemedyOf(f.Outcome)
	if r.Advice == "" {
		return
	}
	known := d.byAdvice[r.Advice]
	if known == nil {
		known = &remedy{advice: r.Advice}
		d.byAdvice[r.Advice] = known
		d.order = append(d.order, known)
	}
	known.findings++
	if r.Command == "" {
		return
	}
	command := clean(r.Command)
	if f.Resource.Account != "" {
		command += "  # account " + f.Resource.Account
	}
	switch {
	case slices.Contains(known.commands, command):
	case len(known.commands) >= plainCommands:
		known.more++
	default:
		known.commands = append(known.commands, command)
	}
}

// mark refers to a remedy, as [1], and numbers it when it is referred to for the first time.
func (d *todo) mark(advice string) string {
	r := d.byAdvice[advice]
	if r == nil {
		return ""
	}
	if r.number == 0 {
		d.numbered++
		r.number = d.numbered
	}
	return fmt.Sprintf("[%d]", r.number)
}

// sorted lists the remedies by number; those that no row refers to come last and get the next numbers.
func (d *todo) sorted() []*remedy {
	for _, r := range d.order {
		d.mark(r.advice)
	}
	slices.SortFunc(d.order, func(a, b *remedy) int { return a.number - b.number })
	return d.order
}

// remedies says what to do, each thing once. Commands are never broken: they are there to be copied.
func (t *table) remedies(out io.Writer, todo *todo) {
	if len(todo.order) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n", t.ink.strong("What to do"))
	for _, r := range todo.sorted() {
		mark := fmt.Sprintf("  %-4s ", fmt.Sprintf("[%d]", r.number))
		text := fmt.Sprintf("%s: %s", plural(r.findings, "finding"), clean(r.advice))
		indent := strings.Repeat(" ", len(mark))
		for i, line := range breakLines(text, t.room(len(mark))) {
			if i > 0 {
				mark = indent
			}
			fmt.Fprintf(out, "%s%s\n", mark, line)
		}
		t.commands(out, indent, r)
	}
}

func (t *table) commands(out io.Writer, indent string, r *remedy) {
	shown := r.commands
	if t.look.Terminal && len(shown) > terminalCommands {
		shown = shown[:terminalCommands]
	}
	for _, c := range shown {
		fmt.Fprintf(out, "%s%s\n", indent, t.ink.strong(c))
	}
	if more := len(r.commands) - len(shown) + r.more; more > 0 {
		fmt.Fprintf(out, "%s%s\n", indent, t.ink.dim(fmt.Sprintf("and the same for %d more", more)))
	}
}
