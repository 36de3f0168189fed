package report

import (
	"fmt"
	"image/color"
	"io"
	"slices"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	ltable "charm.land/lipgloss/v2/table"
)

// ink colours words; without colour every one of its functions returns its text.
type ink struct{ bad, doubt, good, strong, dim, plain func(string) string }

func newInk(inColor bool) ink {
	plain := func(s string) string { return s }
	if !inColor {
		return ink{plain, plain, plain, plain, plain, plain}
	}
	bold := func(c color.Color) func(string) string {
		style := lipgloss.NewStyle().Bold(true).Foreground(c)
		return func(s string) string { return style.Render(s) }
	}
	strong, dim := lipgloss.NewStyle().Bold(true), lipgloss.NewStyle().Faint(true)
	return ink{
		bad: bold(lipgloss.Red), doubt: bold(lipgloss.Yellow), good: bold(lipgloss.Green),
		strong: func(s string) string { return strong.Render(s) },
		dim:    func(s string) string { return dim.Render(s) },
		plain:  plain,
	}
}

// count shows a number of findings, in colour unless it is none.
func (k ink) count(paint func(string) string, n int, word string) string {
	text := strconv.Itoa(n) + " " + word
	if n == 0 {
		return k.dim(text)
	}
	return paint(text)
}

// plainList draws one finding per line, for pipes: everything, with whole ARNs, so that grep and awk work on it.
type plainList struct{}

func (plainList) group(out io.Writer, rows []row) {
	for _, r := range rows {
		subject := r.arn
		if subject == "" {
			subject = r.name
		}
		fmt.Fprintf(out, "  %-6s  %s  %s  %s  %s  %s\n", r.severity, r.control, subject, r.mode, r.reason, r.message)
	}
}

// narrowList draws two short lines for each finding, for terminals that a table does not fit in.
type narrowList struct{ ink ink }

func (l narrowList) group(out io.Writer, rows []row) {
	for _, r := range rows {
		fmt.Fprintf(out, "  %s  %s  %s\n    %s\n", l.ink.severity(r.severity), l.ink.strong(r.name), r.mode,
			l.ink.dim(r.kind+": "+r.why))
	}
}

// terminalList draws a table with a rule under its head, no wider than the terminal.
type terminalList struct {
	ink   ink
	width int
}

func (l terminalList) group(out io.Writer, rows []row) {
	// Padded, where there is room, so that the columns of one location stand below those of another.
	text := l.table(rows, []int{0, 30, 18, 7, 30}).Render()
	if !l.fits(text) {
		text = l.table(rows, make([]int, 5)).Render()
	}
	if !l.fits(text) {
		// Broken here rather than by the table, which loses its border when it is short of a column or two.
		over := lipgloss.Width(text) - l.width
		names, whys := 0, 0
		for _, r := range rows {
			names, whys = max(names, lipgloss.Width(r.name)), max(whys, lipgloss.Width(r.why))
		}
		names -= over
		if least := min(names+over, 28); names < least {
			whys -= least - names
			names = least
		}
		broken := slices.Clone(rows)
		for i := range broken {
			broken[i].name = lipgloss.Wrap(rows[i].name, names, "-/")
			broken[i].why = lipgloss.Wrap(rows[i].why, max(whys, 12), " ")
		}
		text = l.table(broken, make([]int, 5)).Render()
	}
	fmt.Fprintln(out, text)
}

func (l terminalList) fits(text string) bool { return l.width <= 0 || lipgloss.Width(text) <= l.width }

// table lays rows out in columns that are at least so wide.
func (l terminalList) table(rows []row, columns []int) *ltable.Table {
	t := ltable.New().
		Headers("SEVERITY", "RESOURCE", "CONTROL", "MODE", "REASON").
		Border(lipgloss.RoundedBorder()).BorderColumn(false).
		Wrap(true).
		StyleFunc(func(int, int) lipgloss.Style { return lipgloss.NewStyle().Padding(0, 1) })
	for _, r := range rows {
		cells := []string{l.ink.severity(r.severity), r.name, r.kind, r.mode, r.why}
		for i, width := range columns {
			cells[i] += strings.Repeat(" ", max(0, width-lipgloss.Width(cells[i])))
		}
		t.Row(cells...)
	}
	return t
}

func (k ink) severity(s string) string {
	switch s {
	case "high":
		return k.bad(s)
	case "medium":
		return k.doubt(s)
	}
	return s
}

// breakLines breaks text at spaces into lines of at most width columns; a longer word gets a line of its own.
func breakLines(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case lipgloss.Width(line)+1+lipgloss.Width(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
