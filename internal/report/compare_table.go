package report

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"
)

// terminalSince is how many findings of one fate a terminal is shown.
const terminalSince = 20

// plainSince lines up the findings of one fate for pipes and files, as plainLine does.
const plainSince = "  %-8s  %-36s  %s  %s\n"

// since tells what became of the findings since an earlier audit, the new ones first.
func (t *table) since(out io.Writer, audit Source) error {
	c := comparisonOf(audit)
	if c == nil {
		return nil
	}
	paint := t.ink.good
	switch {
	case c.Counts.New+c.Counts.Reopened > 0:
		paint = t.ink.bad
	case c.Counts.NotRead > 0:
		paint = t.ink.doubt
	}
	name := clock(c.Then().StartedAt)
	if !t.look.Terminal {
		name += " (" + c.Then().ID + ")"
	}
	fmt.Fprintln(out)
	for _, line := range breakLines("Since "+name+": "+c.Counts.sentence(), t.room(0)) {
		fmt.Fprintln(out, paint(line))
	}
	if text := c.notes(audit.Head()); text != "" {
		t.wrapped(out, "", text)
	}
	for _, fate := range listed() {
		if err := t.fate(out, c, audit, fate); err != nil {
			return err
		}
	}
	return nil
}

// fate lists the findings of one fate.
func (t *table) fate(out io.Writer, c *Comparison, audit Source, fate Fate) error {
	n := *c.Counts.of(fate)
	if n == 0 {
		return nil
	}
	if !t.look.Terminal {
		fmt.Fprintf(out, "%s: %d\n", fate.title(), n)
		return c.each(audit, fate, func(f compared) error {
			r := rowOf(f.Finding)
			_, err := fmt.Fprintf(out, plainSince, r.severity, r.control, r.arn, clean(f.words()))
			return err
		})
	}
	fmt.Fprintln(out, t.ink.strong(fate.title()))
	var rows [][4]string
	err := c.each(audit, fate, func(f compared) error {
		if len(rows) == terminalSince {
			return enough{}
		}
		r := rowOf(f.Finding)
		rows = append(rows, [4]string{placeOf(f.Resource.Account, f.Resource.Region), r.kind, r.name, clean(f.words())})
		return nil
	})
	if err != nil && !errors.As(err, &enough{}) {
		return err
	}
	t.sinceRows(out, rows)
	if more := n - len(rows); more > 0 {
		t.wrapped(out, "  ", fmt.Sprintf("… and %d more", more))
	}
	return nil
}

// sinceRows lines rows up; names give way where the terminal is narrow, and then the words break.
func (t *table) sinceRows(out io.Writer, rows [][4]string) {
	var wide [3]int
	for _, r := range rows {
		for i := range wide {
			wide[i] = max(wide[i], lipgloss.Width(r[i]))
		}
	}
	const words = 24
	if t.look.Width > 0 {
		wide[2] = min(wide[2], max(leastName, t.look.Width-wide[0]-wide[1]-words-8))
	}
	for _, r := range rows {
		line := "  " + pad(r[0], wide[0]) + "  " + pad(r[1], wide[1]) + "  " + pad(middle(r[2], wide[2]), wide[2]) + "  "
		if room := t.look.Width - lipgloss.Width(line); t.look.Width > 0 && lipgloss.Width(r[3]) > room {
			fmt.Fprintln(out, strings.TrimRight(line, " "))
			t.wrapped(out, "      ", r[3])
			continue
		}
		fmt.Fprintln(out, line+t.ink.dim(r[3]))
	}
}
