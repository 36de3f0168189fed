package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/store"
)

// table is the format for people: counts first, then what fails and what could not be judged, then what to do, then
// what could not be read, then a line for each thing that was not to be read, then the files written.
type table struct {
	look Look
	ink  ink
}

func newTable(l Look) *table { return &table{look: l, ink: newInk(l.Color)} }

func (t *table) Write(w io.Writer, audit Source) error {
	out := bufio.NewWriterSize(w, 64<<10) // it keeps the first error for Flush
	sum, err := tallyOf(audit)
	if err != nil {
		return fmt.Errorf("read the coverage: %w", err)
	}
	t.head(out, audit.Head(), sum)
	if err := t.since(out, audit); err != nil {
		return fmt.Errorf("compare the findings: %w", err)
	}
	var rest *remainder
	todo := newTodo()
	if t.look.Terminal {
		rest, err = t.screen(out, audit, todo)
	} else {
		rest, err = t.stream(out, audit, todo)
	}
	if err != nil {
		return fmt.Errorf("read the findings: %w", err)
	}
	t.remedies(out, todo)
	t.unread(out, sum)
	t.notes(out, sum, rest)
	t.ending(out, audit.Head().Summary)
	return out.Flush()
}

func (t *table) head(out io.Writer, a store.Audit, sum *tally) {
	s := a.Summary
	counts := []string{
		t.ink.count(t.ink.bad, s.Fail, "fail"), t.ink.count(t.ink.doubt, s.Unknown, "unknown"),
		t.ink.count(t.ink.good, s.Pass, "pass"),
	}
	for _, c := range []struct {
		n    int
		word string
	}{{s.Exempt, "exempt"}, {s.NotApplicable, "not applicable"}} {
		if c.n > 0 {
			counts = append(counts, t.ink.count(t.ink.plain, c.n, c.word))
		}
	}
	fmt.Fprintln(out, strings.Join(counts, t.ink.dim(", ")))
	scope := scopeOf(a, sum)
	if !t.look.Terminal {
		scope += "; audit " + a.ID
	}
	t.wrapped(out, "", scope)
	switch {
	case s.Fail+s.Unknown > 0 || len(sum.unread) > 0:
	case s.Pass+s.Exempt+s.NotApplicable > 0:
		fmt.Fprintf(out, "\n%s\n", t.ink.good(compliesWords(a)))
	case sum.read:
		fmt.Fprintf(out, "\nNothing to judge: no development endpoints and no ML transforms here.\n")
	default:
		fmt.Fprintf(out, "\nNothing was read, so nothing can be said.\n")
	}
}

// scopeOf says what an audit covered, in how long, and by what demands.
func scopeOf(a store.Audit, sum *tally) string {
	parts := []string{plural(len(sum.accounts), "account")}
	if n := len(sum.regions); n > 0 {
		parts = append(parts, plural(n, "region"))
	}
	took := ""
	if !a.FinishedAt.IsZero() {
		took = " in " + duration(a.FinishedAt.Sub(a.StartedAt))
	}
	parts = append(parts, plural(int(a.Summary.APICalls), "call")+took)
	scope := strings.Join(parts, ", ") + "; policy profile " + a.PolicyProfile
	if a.Partial {
		scope = "single resources only: " + scope
	}
	return scope
}

// compliesWords say that nothing failed, of as much as an audit was asked for.
func compliesWords(a store.Audit) string {
	if a.Partial {
		return "All that was asked for complies."
	}
	return "Everything complies."
}

// ending names the files written, and says how to see what a terminal is not shown.
func (t *table) ending(out io.Writer, s store.Summary) {
	if len(t.look.Files) > 0 {
		fmt.Fprintln(out)
		for _, f := range t.look.Files {
			fmt.Fprintf(out, "Wrote %s\n", f)
		}
		return
	}
	if t.look.Terminal && s.Fail+s.Unknown > 0 {
		fmt.Fprintln(out)
		t.wrapped(out, "", "For whole ARNs pipe it, e.g. through less; for every detail: -o json=FILE")
	}
}

// duration is as exact as a person cares for.
func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "less than 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// plural counts things whose plural ends in s.
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
