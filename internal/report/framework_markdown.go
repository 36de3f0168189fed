package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
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
	if c := r.changes; c != nil {
		text := fmt.Sprintf("Compared with audit %s of %s. %s", code(c.Then().ID), clock(c.Then().StartedAt), markdownText(c.notes(a)))
		fmt.Fprintf(out, "%s\n\n", strings.TrimSpace(text))
	}
	markdownRequirements(out, r)
	for _, q := range r.requirements {
		if err := markdownRequirement(out, r, q); err != nil {
			return err
		}
	}
	markdownUnread(out, r)
	return out.Flush()
}

// markdownRequirements is a line for each requirement.
func markdownRequirements(out io.Writer, r *byRequirement) {
	changes, rule := "", ""
	if r.changes != nil {
		changes, rule = " new | reopened | resolved |", "---:|---:|---:|"
	}
	fmt.Fprintf(out, "| requirement | verdict | fail |%s unknown | exempt | pass | it asks that |\n|---|---|---:|%s---:|---:|---:|---|\n", changes, rule)
	for _, q := range r.requirements {
		if r.changes != nil {
			changes = fmt.Sprintf(" %d | %d | %d |", q.fates.New, q.fates.Reopened, q.fates.Resolved)
		}
		fmt.Fprintf(out, "| %s | %s | %d |%s %d | %d | %d | %s |\n", q.ID, verdictWords(r.verdict(q)), q.counts.Fail, changes, q.counts.Unknown,
			q.counts.Exempt, q.counts.Pass, cell(q.Title))
	}
}

func markdownRequirement(out io.Writer, r *byRequirement, q *requirementResult) error {
	fmt.Fprintf(out, "\n## %s: %s\n\n", q.ID, plainText(q.Title))
	for _, by := range q.by {
		fmt.Fprintf(out, "- by `%s` (%s, %s): %s\n", by.Control, by.Mapping.Basis, plural(by.counts.total(), "finding"),
			plainText(by.Mapping.Because+narrowing(by.Mapping)))
	}
	if r.changes != nil {
		fmt.Fprintf(out, "- since then: %s\n", q.fates.sentence())
	}
	rows := requirementTable{out: out, since: r.changes != nil}
	err := r.each(q, func(m control.Meaning, f finding.Finding) error {
		if !notable(m) {
			return nil
		}
		text := m.Message
		if e := f.Exception; e != nil {
			text += fmt.Sprintf(" Exception until %s, %s: %s.", e.Expires, e.Owner, strings.TrimSuffix(e.Reason, "."))
		}
		return rows.row(string(m.Status), r.fate(q, m, f), f.Resource, kindOf(f.Control), string(m.Reason), text)
	})
	if err != nil {
		return err
	}
	return r.eachSettled(q, func(m control.Meaning, f compared) error {
		return rows.row("", f.fate, f.Resource, kindOf(f.Control), "", settledWords(m, f))
	})
}

// requirementTable lists a requirement's findings; its head is written before the first.
type requirementTable struct {
	out   io.Writer
	since bool // what became of them, too
	begun bool
}

func (t *requirementTable) row(status string, fate Fate, r resource.Ref, kind, reason, text string) error {
	change, head, rule := "", "", ""
	if t.since {
		change, head, rule = " "+fate.words()+" |", " change |", "---|"
	}
	if !t.begun {
		t.begun = true
		fmt.Fprintf(t.out, "\n| status |%s resource | account | region | reason | what was found |\n|---|%s---|---|---|---|---|\n", head, rule)
	}
	_, err := fmt.Fprintf(t.out, "| %s |%s %s | %s | %s | %s | %s |\n", status, change, cell(kind+" "+nameOf(r)), cell(r.Account), cell(r.Region), cell(reason), cell(text))
	return err
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
