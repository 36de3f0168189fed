package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
)

// requirementRows is how many findings of a requirement a terminal is shown.
const requirementRows = 10

// frameworkTable writes an audit by requirements for people.
type frameworkTable struct {
	*table
	out  io.Writer
	page controlPage
	r    *byRequirement
}

func writeFrameworkTable(w io.Writer, l Look, r *byRequirement) error {
	out := bufio.NewWriterSize(w, 64<<10) // it keeps the first error for Flush
	t := frameworkTable{table: newTable(l), out: out, r: r, page: controlPage{out: out, ink: newInk(l.Color)}}
	if l.Terminal {
		t.page.width = l.Width
	}
	t.head()
	t.overview()
	for _, q := range r.requirements {
		if err := t.requirement(q); err != nil {
			return err
		}
	}
	t.unread(out, r.sum)
	t.notes(out, r.sum, newRemainder())
	t.reach()
	for i, f := range l.Files {
		if i == 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "Wrote %s\n", f)
	}
	return out.Flush()
}

func (t frameworkTable) head() {
	n := t.r.tallyVerdicts()
	fmt.Fprintln(t.out, t.ink.strong(t.r.framework.Name))
	fmt.Fprintln(t.out, requirementsWords(t.ink, len(t.r.requirements), n))
	a := t.r.audit.Head()
	t.wrapped(t.out, "", fmt.Sprintf("audit %s of %s; %s", a.ID, clock(a.StartedAt), scopeOf(a, t.r.sum)))
	if a.FinishedAt.IsZero() {
		t.wrapped(t.out, "", "It never came to its end, so nothing is said to pass.")
	}
	if c := t.r.changes; c != nil {
		t.wrapped(t.out, "", strings.TrimSpace(fmt.Sprintf("Compared with audit %s of %s. %s", c.Then().ID, clock(c.Then().StartedAt), c.notes(a))))
	}
}

// requirementsWords counts the requirements by verdict.
func requirementsWords(k ink, all int, n map[requirementVerdict]int) string {
	words := []string{
		k.count(k.bad, n[requirementFails], "fail"), k.count(k.doubt, n[requirementUnknown], "unknown"), k.count(k.good, n[requirementPasses], "pass"),
	}
	if n[requirementExempt] > 0 {
		words = append(words, k.count(k.plain, n[requirementExempt], "pass but for exceptions"))
	}
	if n[requirementNotJudged] > 0 {
		words = append(words, k.count(k.plain, n[requirementNotJudged], "not judged"))
	}
	return fmt.Sprintf("of %s: %s", plural(all, "requirement"), strings.Join(words, k.dim(", ")))
}

func verdictWords(v requirementVerdict) string { return strings.ReplaceAll(string(v), "_", " ") }

func (t frameworkTable) paint(v requirementVerdict) func(string) string {
	switch v {
	case requirementFails:
		return t.ink.bad
	case requirementUnknown:
		return t.ink.doubt
	case requirementPasses:
		return t.ink.good
	case requirementExempt, requirementNotJudged:
	}
	return t.ink.plain
}

// overview is a line for each requirement, or a few on a narrow terminal.
func (t frameworkTable) overview() {
	rows := [][]string{{"REQUIREMENT", "VERDICT", "FAIL", "UNKNOWN", "EXEMPT", "PASS", "IT ASKS THAT"}}
	for _, q := range t.r.requirements {
		rows = append(rows, []string{
			q.ID, verdictWords(t.r.verdict(q)), strconv.Itoa(q.counts.Fail), strconv.Itoa(q.counts.Unknown),
			strconv.Itoa(q.counts.Exempt), strconv.Itoa(q.counts.Pass), q.Title,
		})
	}
	if t.r.changes != nil {
		rows[0] = slices.Insert(rows[0], 3, "NEW", "REOPENED", "RESOLVED")
		for i, q := range t.r.requirements {
			rows[i+1] = slices.Insert(rows[i+1], 3, strconv.Itoa(q.fates.New), strconv.Itoa(q.fates.Reopened), strconv.Itoa(q.fates.Resolved))
		}
	}
	columns := widths(rows)
	title := 2
	for _, n := range columns[:len(columns)-1] {
		title += n + 2
	}
	fmt.Fprintln(t.out)
	if t.page.width > 0 && t.page.width < title+leastName {
		t.narrow()
		return
	}
	for n, row := range rows {
		line := "  "
		for k, text := range row[:len(row)-1] {
			cell := pad(text, columns[k])
			if k >= 2 {
				cell = strings.Repeat(" ", columns[k]-len(text)) + text
			}
			if n > 0 && k == 1 {
				cell = t.paint(t.r.verdict(t.r.requirements[n-1]))(cell)
			}
			line += cell + "  "
		}
		if n == 0 {
			fmt.Fprintln(t.out, t.ink.dim(line+row[len(row)-1]))
			continue
		}
		t.page.hanging(line, row[len(row)-1])
	}
}

// narrow is the overview where columns don't fit.
func (t frameworkTable) narrow() {
	for _, q := range t.r.requirements {
		v := t.r.verdict(q)
		fmt.Fprintf(t.out, "  %s  %s\n", t.ink.strong(q.ID), t.paint(v)(verdictWords(v)))
		c := q.counts
		t.page.hanging("    ", fmt.Sprintf("%d fail, %d unknown, %d exempt, %d pass", c.Fail, c.Unknown, c.Exempt, c.Pass))
		if t.r.changes != nil {
			t.page.hanging("    ", "since then: "+q.fates.sentence())
		}
	}
}

// requirement shows by which controls a requirement is judged, and what does not pass.
func (t frameworkTable) requirement(q *requirementResult) error {
	fmt.Fprintln(t.out)
	t.page.hanging(t.ink.strong(q.ID)+"  ", q.Title)
	for _, by := range q.by {
		found := "nothing was judged by it"
		if n := by.counts.total(); n > 0 {
			found = plural(n, "finding")
		}
		t.page.hanging("  by ", fmt.Sprintf("%s, %s", by.Control, found))
		t.wrapped(t.out, "     ", fmt.Sprintf("%s: %s%s", by.Mapping.Basis, by.Mapping.Because, narrowing(by.Mapping)))
	}
	if t.r.changes != nil {
		t.page.hanging("  since then: ", q.fates.sentence())
	}
	shown, hidden, place := 0, 0, ""
	err := t.r.each(q, func(m control.Meaning, f finding.Finding) error {
		if !notable(m) {
			return nil
		}
		if t.look.Terminal && shown == requirementRows {
			hidden++
			return nil
		}
		shown++
		if here := placeOf(f.Resource.Account, f.Resource.Region); here != place {
			place = here
			fmt.Fprintf(t.out, "  %s\n", t.ink.strong(place))
		}
		f.Reason, f.Message = m.Reason, m.Message
		t.finding(m.Status, f, t.r.fate(q, m, f))
		return nil
	})
	if hidden > 0 {
		t.wrapped(t.out, "    ", fmt.Sprintf("… and %d more: pipe it for all of them", hidden))
	}
	if err != nil {
		return err
	}
	return t.settled(q)
}

// settled shows what failed for a requirement and is in its list no more.
func (t frameworkTable) settled(q *requirementResult) error {
	shown, hidden := 0, 0
	err := t.r.eachSettled(q, func(m control.Meaning, f compared) error {
		if t.look.Terminal && shown == requirementRows {
			hidden++
			return nil
		}
		if shown++; shown == 1 {
			fmt.Fprintf(t.out, "  %s\n", t.ink.strong("failed then, and not now"))
		}
		r := rowOf(f.Finding)
		if !t.look.Terminal {
			_, err := fmt.Fprintf(t.out, "    %-8s  %-8s  %-36s  %s  %s\n", f.fate.words(), r.severity, r.control, r.arn, clean(settledWords(m, f)))
			return err
		}
		place := placeOf(f.Resource.Account, f.Resource.Region)
		t.page.hanging("    "+pad(f.fate.words(), len("resolved"))+"  ", fmt.Sprintf("%s %s, %s: %s", r.kind, r.name, place, clean(settledWords(m, f))))
		return nil
	})
	if hidden > 0 {
		t.wrapped(t.out, "    ", fmt.Sprintf("… and %d more: pipe it for all of them", hidden))
	}
	return err
}

func (t frameworkTable) finding(status control.Status, f finding.Finding, fate Fate) {
	r := rowOf(f)
	if fate == New || fate == Reopened {
		r.why, r.message = r.why+" ("+fate.words()+")", labelled(fate.title(), r.message)
	}
	if !t.look.Terminal {
		fmt.Fprintf(t.out, "    %-7s  %-8s  %-36s  %-33s  %s  %s\n", status, r.severity, r.control, r.reason, r.arn, r.message)
		return
	}
	word := pad(string(status), len("unknown"))
	switch status {
	case control.Fail:
		word = t.ink.bad(word)
	case control.Unknown:
		word = t.ink.doubt(word)
	case control.Pass, control.Exempt, control.NotApplicable:
	}
	why := r.why
	if e := f.Exception; status == control.Exempt && e != nil && e.Expires != "" {
		why += " (exception until " + e.Expires + ")"
	}
	line := fmt.Sprintf("%s  %s  %s", pad(r.kind, len("endpoint logs")), r.name, why)
	if indent := "    " + word + "  "; t.page.width > 0 && lipgloss.Width(indent+line) > t.page.width {
		t.page.hanging(indent, fmt.Sprintf("%s %s: %s", r.kind, r.name, why))
	} else {
		fmt.Fprintln(t.out, indent+line)
	}
}

// reach says what the report does not show, and how far it reaches.
func (t frameworkTable) reach() {
	fmt.Fprintln(t.out)
	for _, u := range t.r.unmapped() {
		t.wrapped(t.out, "", fmt.Sprintf("No requirement for %s: %s", u.Control, u.Because))
	}
	t.wrapped(t.out, "", "Glueguard judges a part of what each requirement asks: a pass is evidence for it, not the whole proof.")
}
