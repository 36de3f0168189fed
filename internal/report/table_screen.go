package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
)

// What a terminal is shown at most, since nobody reads more; pipes and files get everything.
const (
	terminalRows     = 200 // findings of a kind, before their list is cut
	terminalGroup    = 5   // rows of one location, when lists are cut
	terminalGroups   = 20  // locations, when lists are cut
	terminalPlaces   = 8   // locations named for one kind of failed read
	terminalAccounts = 5   // accounts named for having the most
	terminalCommands = 5   // commands shown for one remedy
)

// screen writes findings for a terminal: the rows that it shows are kept, so that their columns stand below each other
// over all locations.
func (t *table) screen(out io.Writer, audit Source, todo *todo) (*remainder, error) {
	rest := newRemainder()
	s := audit.Head().Summary
	failing, doubtful := &shelf{cut: s.Fail > terminalRows}, &shelf{cut: s.Unknown > terminalRows}
	fail, doubt := grouping{emit: failing.put}, grouping{emit: doubtful.put}
	err := audit.EachFinding(func(f finding.Finding) error {
		switch {
		case f.Status == control.Fail:
			todo.count(f)
			fail.add(f)
		case judgeable(f):
			todo.count(f)
			doubt.add(f)
		}
		rest.add(f)
		return nil
	})
	fail.flush()
	doubt.flush()
	if len(failing.groups)+len(doubtful.groups) > 0 {
		c := t.fit(failing, doubtful)
		t.heading(out, c)
		t.shelf(out, t.ink.bad("Failing"), failing, c, todo)
		if len(failing.groups) > 0 && len(doubtful.groups) > 0 {
			fmt.Fprintln(out)
		}
		t.shelf(out, t.ink.doubt("Could not be judged"), doubtful, c, todo)
	}
	return rest, err
}

// shelf keeps the rows that are shown of one section.
type shelf struct {
	cut    bool
	groups []group

	hiddenRows, hiddenPlaces int
	byAccount                map[string]int // rows, shown and hidden
}

func (s *shelf) put(g group) {
	if s.cut {
		if s.byAccount == nil {
			s.byAccount = map[string]int{}
		}
		account, _, _ := strings.Cut(g.place, " ")
		s.byAccount[account] += g.total
	}
	if s.cut && len(s.groups) == terminalGroups {
		s.hiddenRows += g.total
		s.hiddenPlaces++
		return
	}
	if s.cut && len(g.rows) > terminalGroup {
		g.rows = g.rows[:terminalGroup]
	}
	g.rows = slices.Clone(g.rows)
	s.groups = append(s.groups, g)
}

// most names the accounts with the most rows of all.
func (s *shelf) most() string {
	accounts := slices.SortedFunc(maps.Keys(s.byAccount), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.byAccount[b], s.byAccount[a]), cmp.Compare(a, b))
	})
	var named []string
	for _, a := range accounts[:min(len(accounts), terminalAccounts)] {
		named = append(named, fmt.Sprintf("%s (%d)", a, s.byAccount[a]))
	}
	return strings.Join(named, ", ")
}

// columns say how wide each column is, and which form the rows have.
type columns struct {
	severity, name, kind, mode, why int // no mode: 0

	long  bool // the long form of the reason
	stack bool // two short lines for each finding: they do not fit in one
}

// Names are not shortened below this: then two lines tell more.
const leastName = 16

// fit chooses the widest form that the terminal takes: first the long reasons go, then the modes (reasons imply most of
// them), then the middle of the names, then the columns.
func (t *table) fit(shelves ...*shelf) columns {
	long, short := measure(true, shelves...), measure(false, shelves...)
	over := func(c columns) int { return c.width() - t.look.Width }
	switch {
	case t.look.Width <= 0 || over(long) <= 0:
		return long
	case over(short) <= 0:
		return short
	}
	short.mode = 0
	switch {
	case over(short) <= 0:
		return short
	case short.name-over(short) >= min(short.name, leastName):
		short.name -= over(short)
		return short
	}
	return columns{severity: short.severity, stack: true}
}

func measure(long bool, shelves ...*shelf) columns {
	c := columns{severity: len("SEVERITY"), name: len("RESOURCE"), kind: len("CONTROL"), mode: len("MODE"), why: len("REASON"), long: long}
	for _, s := range shelves {
		for _, g := range s.groups {
			for _, r := range g.rows {
				c.name = max(c.name, lipgloss.Width(r.name))
				c.kind = max(c.kind, lipgloss.Width(r.kind))
				c.mode = max(c.mode, lipgloss.Width(r.mode))
				c.why = max(c.why, lipgloss.Width(c.reason(r)))
			}
		}
	}
	return c
}

func (c columns) reason(r row) string {
	if c.long {
		return r.longWhy
	}
	return r.why
}

func (c columns) width() int {
	w := len("  ") + c.severity + c.name + c.kind + c.why + len("NEXT") + 4*len("  ")
	if c.mode > 0 {
		w += c.mode + len("  ")
	}
	return w
}

func (t *table) heading(out io.Writer, c columns) {
	fmt.Fprintln(out)
	if c.stack {
		return
	}
	fmt.Fprintln(out, t.ink.dim(c.line(pad("SEVERITY", c.severity), "RESOURCE", "CONTROL", "MODE", "REASON", "NEXT")))
	fmt.Fprintln(out, t.ink.dim(strings.Repeat("─", c.width())))
}

func (t *table) shelf(out io.Writer, title string, s *shelf, c columns, todo *todo) {
	if len(s.groups) == 0 {
		return
	}
	fmt.Fprintln(out, title)
	for _, g := range s.groups {
		t.group(out, g, c, todo)
	}
	if s.hiddenPlaces > 0 {
		t.wrapped(out, "", fmt.Sprintf("… and %d more in %s. Most are in %s.",
			s.hiddenRows, plural(s.hiddenPlaces, "more location"), s.most()))
	}
}

func (t *table) group(out io.Writer, g group, c columns, todo *todo) {
	title := t.ink.strong(g.place)
	if more := g.total - len(g.rows); more > 0 {
		title += t.ink.dim(fmt.Sprintf("  %d of %d", len(g.rows), g.total))
	}
	fmt.Fprintln(out, title)
	for _, r := range g.rows {
		severity := t.ink.severity(pad(r.severity, c.severity))
		if c.stack {
			t.stacked(out, severity, r, todo)
			continue
		}
		fmt.Fprintln(out, c.line(severity, r.name, r.kind, r.mode, c.reason(r), todo.mark(r.advice)))
	}
}

func (c columns) line(severity, name, kind, mode, why, mark string) string {
	cells := []string{"  " + severity, pad(middle(name, c.name), c.name), pad(kind, c.kind)}
	if c.mode > 0 {
		cells = append(cells, pad(mode, c.mode))
	}
	return strings.TrimRight(strings.Join(append(cells, pad(why, c.why), mark), "  "), " ")
}

// stacked shows a finding in two short lines, for narrow terminals.
func (t *table) stacked(out io.Writer, severity string, r row, todo *todo) {
	mark := todo.mark(r.advice)
	indent := 4 + lipgloss.Width(severity)
	room := t.room(indent) - len(" [00]")
	fmt.Fprintf(out, "  %s  %s %s\n", severity, t.ink.strong(middle(r.name, room)), mark)
	t.wrapped(out, strings.Repeat(" ", indent), r.kind+", "+r.mode+": "+r.why)
}
