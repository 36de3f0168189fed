package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/redact"
)

// planTicket writes a plan as the text of a change ticket: everything that an approver must know, in Markdown.
type planTicket struct{ out io.Writer }

func writePlanMarkdown(w io.Writer, _ Look, p plan.Plan) error {
	out := bufio.NewWriter(w)
	t := planTicket{out: out}
	t.head(p)
	todo, blocked := split(p)
	for _, i := range todo {
		t.item(i)
	}
	t.blocked(blocked)
	t.unread(p)
	fmt.Fprintf(out, "## To carry it out\n\n```sh\nglueguard apply %s\n```\n\n", p.Digest)
	fmt.Fprint(out, "To take a change back afterwards: `glueguard backout CHANGE`. To let go of what it kept for that: `glueguard finalize CHANGE`.\n")
	return out.Flush()
}

func (t planTicket) head(p plan.Plan) {
	fmt.Fprintf(t.out, "# Encryption at rest for AWS Glue\n\n%s\n\n", counted(p))
	rows := [][2]string{
		{"Plan", "`" + p.Digest + "`"},
		{"Made", p.CreatedAt.UTC().Format(time.RFC3339)},
		{"Audit", p.AuditID},
		{"Policy", fmt.Sprintf("%s (`%s`)", p.Policy.Profile, p.Policy.Digest)},
		{"Complete", yesNo(p.Complete)},
		{"Can be applied", yesNo(p.Applyable)},
	}
	if p.Access.Role != "" {
		rows = append(rows, [2]string{"Role in other accounts", p.Access.Role})
	}
	if len(p.Accepted) > 0 {
		rows = append(rows, [2]string{"Accepted unchecked", accepted(p.Accepted)})
	}
	t.table("", "", rows)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// table writes two columns.
func (t planTicket) table(left, right string, rows [][2]string) {
	fmt.Fprintf(t.out, "| %s | %s |\n|---|---|\n", left, right)
	for _, r := range rows {
		fmt.Fprintf(t.out, "| %s | %s |\n", cell(r[0]), cell(r[1]))
	}
	fmt.Fprintln(t.out)
}

// cell keeps text within its cell of a table.
func cell(text string) string { return strings.ReplaceAll(plainText(text), "|", `\|`) }

// plainText keeps names that others gave from being read as HTML.
func plainText(text string) string {
	return strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(clean(text))
}

func (t planTicket) item(i plan.Item) {
	fmt.Fprintf(t.out, "## %s (%s): %s\n\n", plainText(Thing(i.Resource)), i.Location, i.Strategy)
	fmt.Fprintf(t.out, "`%s`, %s.\n\n", clean(i.Resource.ARN), transition(i))
	t.attributes(i)
	fmt.Fprint(t.out, "### Steps\n\n")
	for n, s := range i.Steps {
		note := ""
		if s.Irrevocable {
			note = " **From here on, going back means making it anew.**"
		}
		fmt.Fprintf(t.out, "%d. `%s`: %s%s\n", n+1, s.Name, plainText(s.Summary), note)
		if s.Precondition != "" {
			fmt.Fprintf(t.out, "   - before: %s\n", plainText(s.Precondition))
		}
		for _, inverse := range s.Inverse {
			fmt.Fprintf(t.out, "   - taken back by: %s\n", plainText(inverse.Summary))
		}
	}
	fmt.Fprintln(t.out)
	t.meaning(i)
	t.checks(i)
	if actions := permissionsOf(i); len(actions) > 0 {
		fmt.Fprintf(t.out, "### Permissions\n\n`%s`\n\n", strings.Join(actions, "`, `"))
	}
}

func (t planTicket) attributes(i plan.Item) {
	if len(i.Attributes) == 0 {
		return
	}
	fmt.Fprint(t.out, "| attribute | before | after | |\n|---|---|---|---|\n")
	rules := redact.New() // a tag's key is an attribute's name, and may be anything
	for _, a := range i.Attributes {
		note := ""
		switch {
		case a.Forces:
			note = "forces replacement"
		case unchanged(a):
			note = "unchanged"
		}
		fmt.Fprintf(t.out, "| %s | %s | %s | %s |\n", cell(attributeName(rules, a)), cell(orNone(a.Before)), cell(after(a)), note)
	}
	fmt.Fprintln(t.out)
}

// attributeName is an attribute's name without what looks like a secret.
func attributeName(rules *redact.Rules, a plan.Attribute) string {
	return rules.Text(a.Name, func(string) string { return redact.Left + ")" })
}

// meaning lists consequences, warnings and what refers to the resource.
func (t planTicket) meaning(i plan.Item) {
	if len(i.Consequences)+len(i.Warnings) > 0 {
		fmt.Fprint(t.out, "### What this means\n\n")
	}
	for _, c := range i.Consequences {
		fmt.Fprintf(t.out, "- %s\n", plainText(c.Text))
	}
	for _, w := range i.Warnings {
		state := "must be accepted with `" + w.Flag + "`"
		if w.Accepted {
			state = "accepted"
		}
		fmt.Fprintf(t.out, "- **%s** (%s)\n", plainText(w.Text), state)
	}
	if len(i.Consequences)+len(i.Warnings) > 0 {
		fmt.Fprintln(t.out)
	}
	if len(i.Dependents) == 0 {
		return
	}
	fmt.Fprint(t.out, "### What refers to it\n\n")
	for _, d := range i.Dependents {
		fmt.Fprintf(t.out, "- %s %s: %s\n", d.Kind, plainText(d.Name), plainText(d.Where))
	}
	fmt.Fprintln(t.out)
}

func (t planTicket) checks(i plan.Item) {
	if len(i.Checks) == 0 {
		return
	}
	fmt.Fprintf(t.out, "### Checks: %s\n\n| check | outcome | |\n|---|---|---|\n", tallyChecks(i.Checks))
	for _, c := range i.Checks {
		text := c.Message
		if s := standing(c); s != "" {
			text += " (" + s + ")"
		}
		if c.Advice != "" && c.Stops() {
			text += " " + c.Advice
		}
		fmt.Fprintf(t.out, "| `%s` | %s | %s |\n", c.Code, c.Status, cell(text))
	}
	fmt.Fprintln(t.out)
}

// blocked lists what is left alone, each reason once.
func (t planTicket) blocked(items []plan.Item) {
	groups, keys := leftAlone(items)
	if len(groups) > 0 {
		fmt.Fprint(t.out, "## What is left alone\n\n| resource | why | instead |\n|---|---|---|\n")
	}
	for _, g := range groups {
		if message := g.sameMessage(); message != "" && len(g.items) > 1 {
			names := strings.Join(byPlace(g.items), "; ")
			fmt.Fprintf(t.out, "| %s | %s | %s |\n", cell(names), cell(message), cell(g.instead))
			continue
		}
		for _, i := range g.items {
			fmt.Fprintf(t.out, "| %s (%s) | %s | %s |\n", cell(Thing(i.Resource)), i.Location, cell(i.Blocked.Message), cell(i.Blocked.Instead))
		}
	}
	if len(groups) > 0 {
		fmt.Fprintln(t.out)
	}
	if len(keys) == 0 {
		return
	}
	fmt.Fprintf(t.out, "## KMS keys\n\n%s.\n\n", keysWords(len(keys)))
	for _, l := range keyLines(keys) {
		fmt.Fprintf(t.out, "- %s\n", plainText(l))
	}
	fmt.Fprintln(t.out)
}

func (t planTicket) unread(p plan.Plan) {
	lines := unreadLines(p)
	if len(lines) == 0 {
		return
	}
	fmt.Fprint(t.out, "## What could not be read\n\n")
	for _, l := range lines {
		fmt.Fprintf(t.out, "- %s in %s\n", plainText(l.what), strings.Join(l.places, ", "))
		if l.message != "" {
			fmt.Fprintf(t.out, "  %s\n", plainText(l.message))
		}
	}
	fmt.Fprintln(t.out)
}
