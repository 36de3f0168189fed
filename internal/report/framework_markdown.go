package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
)

func writeFrameworkMarkdown(w io.Writer, _ Look, r *byRequirement) error {
	out := bufio.NewWriterSize(w, 64<<10) // it keeps the first error for Flush
	a := r.audit.Head()
	fmt.Fprintf(out, "# %s\n\n%s\n\n", plainText(r.framework.Name), requirementsWords(newInk(false), len(r.requirements), r.tallyVerdicts()))
	planTicket{out: out}.table("", "", [][2]string{
		{"Audit", "`" + a.ID + "`"},
		{"Begun", clock(a.StartedAt)},
		{"Finished", clock(a.FinishedAt)},
		{"Scope", scopeOf(a, r.sum)},
		{"Policy", "`" + a.PolicyDigest + "`"},
		{"Everything was read", yesNo(r.complete())},
	})
	fmt.Fprint(out, "Glueguard judges a part of what each requirement asks: a pass is evidence for it, not the whole proof.\n\n")
	fmt.Fprint(out, "| requirement | verdict | fail | unknown | exempt | pass | it asks that |\n|---|---|---:|---:|---:|---:|---|\n")
	for _, q := range r.requirements {
		fmt.Fprintf(out, "| %s | %s | %d | %d | %d | %d | %s |\n", q.ID, verdictWords(r.verdict(q)), q.counts.Fail, q.counts.Unknown,
			q.counts.Exempt, q.counts.Pass, cell(q.Title))
	}
	for _, q := range r.requirements {
		if err := markdownRequirement(out, r, q); err != nil {
			return err
		}
	}
	markdownUnread(out, r)
	return out.Flush()
}

func markdownRequirement(out io.Writer, r *byRequirement, q *requirementResult) error {
	fmt.Fprintf(out, "\n## %s: %s\n\n", q.ID, plainText(q.Title))
	for _, by := range q.by {
		fmt.Fprintf(out, "- by `%s` (%s, %s): %s\n", by.Control, by.Mapping.Basis, plural(by.counts.total(), "finding"),
			plainText(by.Mapping.Because+narrowing(by.Mapping)))
	}
	begun := false
	return r.each(q, func(m control.Meaning, f finding.Finding) error {
		if !notable(m) {
			return nil
		}
		if !begun {
			begun = true
			fmt.Fprint(out, "\n| status | resource | account | region | reason | what was found |\n|---|---|---|---|---|---|\n")
		}
		text := m.Message
		if e := f.Exception; e != nil {
			text += fmt.Sprintf(" Exception until %s, %s: %s.", e.Expires, e.Owner, strings.TrimSuffix(e.Reason, "."))
		}
		_, err := fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s |\n", m.Status, cell(kindOf(f.Control)+" "+nameOf(f.Resource)), cell(f.Resource.Account),
			cell(f.Resource.Region), cell(string(m.Reason)), cell(text))
		return err
	})
}

func markdownUnread(out io.Writer, r *byRequirement) {
	if len(r.sum.unread) > 0 {
		fmt.Fprint(out, "\n## What could not be read\n\n")
	}
	for _, u := range r.sum.unread {
		fmt.Fprintf(out, "- %s %s in %s\n", u.status, plainText(u.operation), strings.Join(u.places, ", "))
	}
	if r.excluded() > 0 {
		fmt.Fprintf(out, "\n%s left out: the policy accepts that they are never answered.\n", plural(r.excluded(), "read"))
	}
	if all := r.unmapped(); len(all) > 0 {
		fmt.Fprint(out, "\n## Controls without a requirement here\n\n")
		for _, u := range all {
			fmt.Fprintf(out, "- `%s`: %s\n", u.Control, plainText(u.Because))
		}
	}
}
