package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
)

// leastOf is how many columns what an entry is about needs beside the others: with fewer it goes below them.
const leastOf = 50

// trailTable lists deeds in columns. On a terminal that has no room for it, what a deed was done to goes on lines of its
// own: nothing of a trail is cut off.
func trailTable(w io.Writer, look report.Look, each func(func(store.Deed) error) error) error {
	rows := [][]string{{"ENTRY", "TIME", "WHO", "ACTION", "OUTCOME", "OF"}}
	err := each(func(d store.Deed) error {
		rows = append(rows, []string{
			fmt.Sprint(d.Seq), d.At.Format(time.DateTime + "Z"), printable(whoDid(d.Actor)), printable(d.Action), printable(howEnded(d)), printable(ofWhat(d)),
		})
		return nil
	})
	if err != nil {
		return err
	}
	if len(rows) == 1 {
		_, err := fmt.Fprintln(w, "The audit trail is empty: nothing was done with this state.")
		return err
	}
	widths, sum := make([]int, len(rows[0])-1), 0
	for k := range widths {
		for _, row := range rows {
			widths[k] = max(widths[k], utf8.RuneCountInString(row[k]))
		}
		sum += widths[k] + 2
	}
	var text strings.Builder
	for _, row := range rows {
		trailRow(&text, row, widths, look.Width-sum, look.Width)
	}
	_, err = io.WriteString(w, text.String())
	return err
}

// trailRow writes one entry. room is what its columns leave of a terminal of so many columns; 0 of these: it is none.
func trailRow(out *strings.Builder, row []string, widths []int, room, columns int) {
	first := ""
	for k, width := range widths {
		first += fmt.Sprintf("%-*s  ", width, row[k])
	}
	of, indent := row[len(widths)], 0
	lines := []string{of}
	switch {
	case columns <= 0 || utf8.RuneCountInString(of) <= room:
	case room >= leastOf:
		lines, indent = report.Lines(of, room), columns-room
	default:
		indent = widths[0] + 2
		lines = append([]string{""}, report.Lines(of, columns-indent)...)
	}
	fmt.Fprintln(out, strings.TrimRight(first+lines[0], " "))
	for _, line := range lines[1:] {
		fmt.Fprintf(out, "%*s%s\n", indent, "", line)
	}
}
