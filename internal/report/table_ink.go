package report

import (
	"fmt"
	"image/color"
	"io"
	"strconv"
	"strings"
	"unicode"

	"charm.land/lipgloss/v2"

	"github.com/glueguard/glueguard/internal/control"
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

func (k ink) severity(s string) string {
	switch control.Severity(strings.TrimSpace(s)) {
	case control.High:
		return k.bad(s)
	case control.Medium:
		return k.doubt(s)
	}
	return s
}

// wrapped writes text behind an indent, on a terminal broken at words to its width, where later lines hang below the
// first.
func (t *table) wrapped(out io.Writer, indent, text string) {
	hang := strings.Repeat(" ", lipgloss.Width(indent))
	for i, line := range breakLines(clean(text), t.room(len(hang))) {
		if i > 0 {
			indent = hang
		}
		fmt.Fprintf(out, "%s%s\n", indent, t.ink.dim(line))
	}
}

// room is how many columns are left beside an indent; 0: as many as it takes.
func (t *table) room(indent int) int {
	if !t.look.Terminal || t.look.Width <= 0 {
		return 0
	}
	return max(t.look.Width-indent, 20)
}

// breakLines breaks text at spaces into lines of at most width columns; a longer word gets a line of its own.
func breakLines(text string, width int) []string {
	if width <= 0 {
		return []string{text}
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
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
	return append(lines, line)
}

// middle shortens text to width columns: its two ends tell more than its middle.
func middle(text string, width int) string {
	if lipgloss.Width(text) <= width {
		return text
	}
	runes := []rune(text)
	for keep := len(runes) - 1; keep > 0; keep-- {
		head := (keep + 1) / 2
		short := string(runes[:head]) + "…" + string(runes[len(runes)-keep+head:])
		if lipgloss.Width(short) <= width {
			return short
		}
	}
	return "…"
}

// pad fills text with spaces up to width columns.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-lipgloss.Width(text)))
}

// clean makes one line of text that others wrote, and takes from it what a terminal would obey.
func clean(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
