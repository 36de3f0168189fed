package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/store"
)

// What Markdown shows at most of what is longer than anybody reads; the findings are all there.
const (
	markdownAccounts = 20
	markdownCommands = 10
	markdownPlaces   = 20
)

// markdownWriter writes an audit for tickets and wikis: the summary, what to do, what could not be read, and a row for
// each finding that does not simply pass. What others wrote can't leave its cell.
type markdownWriter struct{}

func (markdownWriter) Write(w io.Writer, audit Source) error {
	b, err := openBook()
	if err != nil {
		return err
	}
	sum, err := tallyOf(audit)
	if err != nil {
		return fmt.Errorf("read the coverage: %w", err)
	}
	c, err := sharesOf(b, audit)
	if err != nil {
		return fmt.Errorf("count the findings: %w", err)
	}
	m := markdown{out: bufio.NewWriterSize(w, 64<<10)} // it keeps the first error for Flush
	m.head(audit.Head(), sum)
	if err := m.since(audit); err != nil {
		return fmt.Errorf("compare the findings: %w", err)
	}
	m.counts("## By control\n\n| control | fail | unknown | exempt | pass | not applicable |\n|---|---:|---:|---:|---:|---:|\n", c.byControl, len(c.byControl))
	m.counts("## By account\n\n| account | fail | unknown | exempt | pass | not applicable |\n|---|---:|---:|---:|---:|---:|\n", c.byAccount, markdownAccounts)
	m.todo(c.todo)
	m.unread(sum)
	if err := m.findings(audit); err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	return m.out.Flush()
}

type markdown struct{ out *bufio.Writer }

func (m markdown) head(a store.Audit, sum *tally) {
	s := a.Summary
	fmt.Fprintf(m.out, "# Encryption at rest for AWS Glue\n\n%s\n\n", verdictSentence(a, sum))
	fmt.Fprintf(m.out, "| fail | unknown | exempt | pass | not applicable |\n|---:|---:|---:|---:|---:|\n| %d | %d | %d | %d | %d |\n\n",
		s.Fail, s.Unknown, s.Exempt, s.Pass, s.NotApplicable)
	finished := "never: this is what it had stored"
	if !a.FinishedAt.IsZero() {
		finished = clock(a.FinishedAt)
	}
	fmt.Fprint(m.out, "| | |\n|---|---|\n")
	for _, row := range [][2]string{
		{"Audit", code(a.ID)},
		{"Begun", clock(a.StartedAt)},
		{"Finished", finished},
		{"Scope", markdownText(scopeOf(a, sum))},
		{"Policy", code(a.PolicyDigest)},
	} {
		fmt.Fprintf(m.out, "| %s | %s |\n", row[0], row[1])
	}
	fmt.Fprintln(m.out)
}

// verdictSentence says in one sentence what an audit found.
func verdictSentence(a store.Audit, sum *tally) string {
	s := a.Summary
	unread := ""
	if n := entries(sum.unread); n > 0 {
		unread = fmt.Sprintf(" %s could not be made, so this is not the whole picture.", plural(n, "read"))
	}
	total := s.Fail + s.Unknown + s.Exempt + s.Pass
	checks := thousands(total) + " checks"
	if total == 1 {
		checks = "1 check"
	}
	switch {
	case s.Fail > 0:
		return fmt.Sprintf("%s of %s fail.%s", thousands(s.Fail), checks, unread)
	case s.Unknown > 0:
		return fmt.Sprintf("Nothing is known to fail, but %s of %s could not be judged.%s", thousands(s.Unknown), checks, unread)
	case unread != "":
		return "Nothing is known to fail." + unread
	case total > 0:
		return compliesWords(a)
	case sum.read:
		return "There was nothing to judge."
	}
	return "Nothing was read, so nothing can be said."
}

func (m markdown) counts(heading string, all []*share, most int) {
	if len(all) == 0 {
		return
	}
	fmt.Fprint(m.out, heading)
	for _, c := range all[:min(len(all), most)] {
		fmt.Fprintf(m.out, "| %s | %d | %d | %d | %d | %d |\n", code(c.name), c.Fail, c.Unknown, c.Exempt, c.Pass, c.NotApplicable)
	}
	if more := len(all) - most; more > 0 {
		rest := share{}
		for _, c := range all[most:] {
			rest.Fail += c.Fail
			rest.Unknown += c.Unknown
			rest.Exempt += c.Exempt
			rest.Pass += c.Pass
			rest.NotApplicable += c.NotApplicable
		}
		fmt.Fprintf(m.out, "| %d more | %d | %d | %d | %d | %d |\n", more, rest.Fail, rest.Unknown, rest.Exempt, rest.Pass, rest.NotApplicable)
	}
	fmt.Fprintln(m.out)
}

func (m markdown) todo(todo *todo) {
	if len(todo.order) == 0 {
		return
	}
	fmt.Fprint(m.out, "## What to do\n\n")
	for n, r := range todo.sorted() {
		fmt.Fprintf(m.out, "%d. %s: %s\n", n+1, plural(r.findings, "finding"), markdownText(r.advice))
		shown := r.commands[:min(len(r.commands), markdownCommands)]
		for _, c := range shown {
			fmt.Fprintf(m.out, "   - %s\n", code(c))
		}
		if more := len(r.commands) - len(shown) + r.more; more > 0 {
			fmt.Fprintf(m.out, "   - and the same for %d more\n", more)
		}
	}
	fmt.Fprintln(m.out)
}

func (m markdown) unread(sum *tally) {
	for _, section := range []struct {
		title string
		reads []*reads
	}{{"What could not be read", sum.unread}, {"What was not to be read", sum.notes}} {
		if len(section.reads) == 0 {
			continue
		}
		fmt.Fprintf(m.out, "## %s\n\n| read | how it failed | where | e.g. |\n|---|---|---|---|\n", section.title)
		for _, u := range section.reads {
			places := strings.Join(u.places[:min(len(u.places), markdownPlaces)], ", ")
			if more := len(u.places) - markdownPlaces; more > 0 {
				places += fmt.Sprintf(" and %d more", more)
			}
			fmt.Fprintf(m.out, "| %s | %s | %s | %s |\n", code(u.operation), markdownText(strings.TrimSpace(u.status+" "+u.code)), markdownText(places), markdownText(u.message))
		}
		fmt.Fprintln(m.out)
	}
}

func (m markdown) findings(audit Source) error {
	begun := false
	err := audit.EachFinding(func(f finding.Finding) error {
		if f.Status == control.Pass || f.Status == control.NotApplicable {
			return nil
		}
		if !begun {
			begun = true
			fmt.Fprint(m.out, "## Findings\n\n| status | severity | resource | control | account | region | mode | what was found |\n|---|---|---|---|---|---|---|---|\n")
		}
		text := f.Message
		for _, a := range f.Advisories {
			text += " Also: " + strings.TrimSuffix(a.Message, ".") + "."
		}
		if x := exceptionWords(f); x != "" {
			text += " " + strings.TrimSuffix(x, ".") + "."
		}
		_, err := fmt.Fprintf(m.out, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", f.Status, f.Severity, code(nameAndID(f.Resource)), code(string(f.Control)),
			markdownText(f.Resource.Account), markdownText(f.Resource.Region), markdownText(string(f.Encryption.Mode)), markdownText(text))
		return err
	})
	if err == nil && begun {
		fmt.Fprintln(m.out)
	}
	return err
}

// code shows text as it is, within a table too; where that can't be told from the marks of a table, it is escaped.
func code(text string) string {
	text = tidy(text)
	if text == "" || strings.ContainsAny(text, "`|\\") {
		return markdownText(text)
	}
	return "`" + text + "`"
}

// markdownText keeps every character of text that others wrote from being a mark of Markdown or HTML.
func markdownText(text string) string {
	text = tidy(text)
	if !strings.ContainsAny(text, "\\`*_{}[]<>#|~&$!") {
		return text
	}
	var out strings.Builder
	for i := range len(text) {
		switch c := text[i]; c {
		case '<':
			out.WriteString("&lt;")
		case '>':
			out.WriteString("&gt;")
		case '&':
			out.WriteString("&amp;")
		case '\\', '`', '*', '_', '{', '}', '[', ']', '#', '|', '~', '$', '!':
			out.WriteString("\\" + string(c))
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}
