package report

import (
	"fmt"
	"image/color"
	"io"
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

// plainList draws one finding per line, for pipes: everything, with whole ARNs, so that grep and awk work on it. What
// to do follows on a line of its own, once for each kind of problem.
type plainList struct{}

func (plainList) group(out io.Writer, rows []row) {
	for _, r := range rows {
		subject := r.arn
		if subject == "" {
			subject = r.name
		}
		fmt.Fprintf(out, "  %-6s  %s  %s  %s  %s\n", r.severity, subject, r.mode, r.reason, r.message)
		if len(r.notes) > 0 {
			fmt.Fprintf(out, "          note: %s\n", strings.Join(r.notes, ", "))
		}
		if r.next != "" {
			fmt.Fprintf(out, "          next: %s\n", r.next)
		}
	}
}

// narrowList draws a few short lines for each finding, for terminals that a table does not fit in.
type narrowList struct {
	ink   ink
	width int
}

func (l narrowList) group(out io.Writer, rows []row) {
	for _, r := range rows {
		fmt.Fprintf(out, "  %s  %s  %s\n", l.ink.severity(r.severity), l.ink.strong(r.name), r.mode)
		text := []string{r.kind + ": " + r.message}
		if len(r.notes) > 0 {
			text = append(text, "note: "+strings.Join(r.notes, ", "))
		}
		if r.next != "" {
			text = append(text, "→ "+r.next)
		}
		for i, t := range text {
			for _, line := range breakLines(t, max(l.width-4, 20)) {
				if i > 0 {
					line = l.ink.dim(line)
				}
				fmt.Fprintf(out, "    %s\n", line)
			}
		}
	}
}

// terminalList draws a table with a rule under its head, as wide as the terminal.
type terminalList struct {
	ink   ink
	width int
}

func (l terminalList) group(out io.Writer, rows []row) {
	t := ltable.New().
		Headers("SEVERITY", "RESOURCE", "CONTROL", "MODE", "REASON AND WHAT TO DO").
		Border(lipgloss.RoundedBorder()).BorderColumn(false).
		Wrap(true).
		StyleFunc(func(int, int) lipgloss.Style { return lipgloss.NewStyle().Padding(0, 1) })
	for _, r := range rows {
		why := []string{r.message}
		if len(r.notes) > 0 {
			why = append(why, l.ink.dim("note: "+strings.Join(r.notes, ", ")))
		}
		if r.next != "" {
			why = append(why, l.ink.dim("→ "+r.next))
		}
		t.Row(l.ink.severity(r.severity), r.name, r.kind, r.mode, strings.Join(why, "\n"))
	}
	if l.width > 0 {
		t.Width(l.width)
	}
	fmt.Fprintln(out, t.Render())
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
