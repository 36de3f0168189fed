package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/glueguard/glueguard/internal/change"
)

// Changes streams changes, any number of times, and returns the callback's error.
type Changes func(yield func(*change.Change) error) error

// ChangesOf are changes at hand.
func ChangesOf(list ...*change.Change) Changes {
	return func(yield func(*change.Change) error) error {
		for _, c := range list {
			if err := yield(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// ChangesFormat is a format that changes can be written in.
type ChangesFormat struct {
	Name  string
	About string // a few words for the help
	List  func(w io.Writer, l Look, changes Changes) error
	Show  func(w io.Writer, l Look, c *change.Change) error
}

// ChangesFormats lists the formats of changes, in the order of the help.
func ChangesFormats() []ChangesFormat {
	return []ChangesFormat{
		{Name: "table", About: "for people", List: listChanges, Show: showChange},
		{
			Name: "json", About: "one document, schema " + change.Schema, List: writeChangesJSON,
			Show: func(w io.Writer, l Look, c *change.Change) error { return writeChangesJSON(w, l, ChangesOf(c)) },
		},
	}
}

// LookupChanges returns the format of that name, or *UnknownFormatError.
func LookupChanges(name string) (ChangesFormat, error) {
	formats := ChangesFormats()
	i := slices.IndexFunc(formats, func(f ChangesFormat) bool { return f.Name == name })
	if i < 0 {
		return ChangesFormat{}, &UnknownFormatError{Name: name, Known: ChangesFormatNames()}
	}
	return formats[i], nil
}

// ChangesFormatNames lists the names of the formats of changes.
func ChangesFormatNames() []string {
	var names []string
	for _, f := range ChangesFormats() {
		names = append(names, f.Name)
	}
	return names
}

// writeChangesJSON writes {"schema": …, "changes": […]}, one change to a line.
func writeChangesJSON(w io.Writer, l Look, changes Changes) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, `{"schema":%q,"changes":[`, change.Schema)
	separator := "\n"
	err := changes(func(c *change.Change) error {
		text, err := json.Marshal(c.JSON(l.Now))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s%s", separator, text)
		separator = ",\n"
		return err
	})
	fmt.Fprintln(out, "\n]}")
	return errors.Join(err, out.Flush())
}

// listChanges writes a line for each change.
func listChanges(w io.Writer, l Look, changes Changes) error {
	out, ink := bufio.NewWriter(w), newInk(l.Color)
	rows := [][]string{{"CHANGE", "STATE", "STRATEGY", "RESOURCE", "WHERE", "STEP", "UPDATED"}}
	open := 0
	err := changes(func(c *change.Change) error {
		i := c.Head.Item
		rows = append(rows, []string{
			c.Head.ID, stateWords(c), string(i.Strategy), Thing(i.Resource), i.Location.String(), at(c), clock(c.UpdatedAt),
		})
		if c.Open() {
			open++
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the changes: %w", err)
	}
	if len(rows) == 1 {
		if l.Filtered {
			fmt.Fprintln(out, "There is no such change. `glueguard changes` lists them all.")
		} else {
			fmt.Fprintln(out, "There are no changes. `glueguard plan` proposes some.")
		}
		return out.Flush()
	}
	rows = fit(l, rows)
	columns := widths(rows)
	for n, row := range rows {
		line := ""
		for k, text := range row {
			cell := pad(text, columns[k])
			switch {
			case n == 0:
				cell = ink.dim(cell)
			case k == 1:
				cell = stateInk(ink, text)(cell)
			}
			line += cell + "  "
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
	fmt.Fprintf(out, "\n%s, %s\n", plural(len(rows)-1, "change"), openWords(open))
	return out.Flush()
}

// fit keeps a list of changes within a terminal: the columns that tell least go first, then names are shortened.
func fit(l Look, rows [][]string) [][]string {
	const resource, least = 3, 20 // the column of names, and how short they may get
	if !l.Terminal || l.Width <= 0 {
		return rows
	}
	over := func() int {
		sum := -2
		for _, w := range widths(rows) {
			sum += w + 2
		}
		return sum - l.Width
	}
	at := resource
	for _, column := range []string{"STRATEGY", "UPDATED", "STEP"} {
		names := widths(rows)[at]
		if over() <= max(0, names-least-8) { // a name may lose a little before a column goes
			break
		}
		k := slices.Index(rows[0], column)
		for n := range rows {
			rows[n] = slices.Delete(rows[n], k, k+1)
		}
		if k < at {
			at--
		}
	}
	if much := over(); much > 0 {
		room := max(least, widths(rows)[at]-much)
		for n := range rows {
			rows[n][at] = middle(rows[n][at], room)
		}
	}
	return rows
}

// openWords says how many changes are not at rest.
func openWords(n int) string {
	if n == 0 {
		return "none of them open"
	}
	return fmt.Sprintf("%d of them open", n)
}

func widths(rows [][]string) []int {
	columns := make([]int, len(rows[0]))
	for _, row := range rows {
		for k, text := range row {
			columns[k] = max(columns[k], lipgloss.Width(text))
		}
	}
	return columns
}

// stateWords is a change's state as people read it: one that keeps its original has something left to do.
func stateWords(c *change.Change) string {
	if c.State == change.Done && c.KeepsOriginal() {
		return "awaiting finalize"
	}
	return c.State.Words()
}

func stateInk(k ink, state string) func(string) string {
	switch {
	case state == string(change.Done), state == "awaiting finalize", state == string(change.Finalized):
		return k.good
	case state == string(change.FailedAt), state == string(change.RefusedAt), state == string(change.Regressed):
		return k.bad
	}
	return k.doubt
}

// at is where a change stands in its phase: the step under way, or the last that was done.
func at(c *change.Change) string {
	done := 0
	for _, s := range c.Steps {
		switch s.Status {
		case change.StepDone, change.StepUndone, change.StepSkipped:
			done++
		case change.StepRunning, change.StepFailed, change.StepPending:
			return fmt.Sprintf("%s (%d of %d)", s.Step.Name, done+1, len(c.Steps))
		}
	}
	if done == 0 {
		return "-"
	}
	return fmt.Sprintf("%d of %d", done, len(c.Steps))
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
