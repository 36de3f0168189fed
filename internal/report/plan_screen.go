package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/redact"
)

// planDetailed is how many changes of a plan a terminal is shown step by step: nobody reads more of them.
const planDetailed = 10

// planPage writes a plan for people, in the manner of Terraform.
type planPage struct {
	out    io.Writer
	look   Look
	ink    ink
	detail bool
}

func writePlan(w io.Writer, l Look, p plan.Plan) error {
	out := bufio.NewWriter(w) // it keeps the first error for Flush
	page := planPage{out: out, look: l, ink: newInk(l.Color)}
	todo, blocked := split(p)
	page.detail = !l.Brief && (!l.Terminal || len(todo) <= planDetailed)
	for _, i := range todo {
		page.item(i)
	}
	page.blocked(blocked)
	page.unread(p)
	page.ending(p, len(todo))
	return out.Flush()
}

// split parts a plan's items into those that would be carried out and those that can't be.
func split(p plan.Plan) (todo, blocked []plan.Item) {
	for _, i := range p.Changes {
		if i.Blocked != nil {
			blocked = append(blocked, i)
		} else {
			todo = append(todo, i)
		}
	}
	return todo, blocked
}

// item shows one change: what becomes of each attribute, then how, then what it means, then what stands against it.
func (p *planPage) item(i plan.Item) {
	p.header(i)
	fmt.Fprintf(p.out, "%s encryption %s\n", pad(p.sign(i), 3), encryptionOf(i))
	if p.detail {
		p.attributes(i)
		p.findings(i)
		p.steps(i)
		p.consequences(i)
		p.dependents(i)
	} else {
		fmt.Fprintf(p.out, "    %s\n", p.ink.dim(fmt.Sprintf("%s, %s", plural(changing(i), "changed attribute"), plural(len(i.Steps), "step"))))
	}
	p.checks(i)
	p.warnings(i)
	fmt.Fprintln(p.out)
}

func changing(i plan.Item) int {
	n := 0
	for _, a := range i.Attributes {
		if !unchanged(a) {
			n++
		}
	}
	return n
}

func (p *planPage) header(i plan.Item) {
	fmt.Fprintln(p.out, p.ink.strong(fmt.Sprintf("  # %s (%s) %s", Thing(i.Resource), i.Location, fate(i))))
}

func (p *planPage) sign(i plan.Item) string {
	s := sign(i)
	if s == "-" {
		return p.ink.bad(s)
	}
	return strings.NewReplacer("-", p.ink.bad("-"), "+", p.ink.good("+")).Replace(s)
}

// attributeNames is how long names of attributes may be on a terminal to set the width of their column.
const attributeNames = 24

// attributes shows what changes, aligned, and counts what stays.
func (p *planPage) attributes(i plan.Item) {
	names, column, same := map[string]string{}, 0, 0
	rules := redact.New()
	for _, a := range i.Attributes {
		if unchanged(a) {
			same++
			continue
		}
		names[a.Name] = clean(attributeName(rules, a))
		if width := lipgloss.Width(names[a.Name]); width <= attributeNames || !p.look.Terminal {
			column = max(column, width)
		}
	}
	for _, a := range i.Attributes {
		if !unchanged(a) {
			p.attribute(i, a, names[a.Name], column)
		}
	}
	if same > 0 {
		fmt.Fprintln(p.out, "        "+p.ink.dim(fmt.Sprintf("# %s unchanged", plural(same, "attribute"))))
	}
}

// attribute shows what becomes of one: in a line, unless a terminal has no room for it.
func (p *planPage) attribute(i plan.Item, a plan.Attribute, name string, column int) {
	value, forces := orNone(a.Before), ""
	if i.Strategy != plan.Retire {
		value += " " + p.ink.dim("->") + " " + after(a)
	}
	if a.Forces {
		forces = "  " + p.ink.bad("# forces replacement")
	}
	for _, cell := range []string{pad(name, column), name} { // in its column, else beside it
		line := "      " + p.mark(a) + " " + cell + " = " + value + forces
		if !p.look.Terminal || p.look.Width <= 0 || lipgloss.Width(line) <= p.look.Width {
			fmt.Fprintln(p.out, line)
			return
		}
	}
	fmt.Fprintln(p.out, "      "+p.mark(a)+" "+name+forces)
	indent := "          = "
	for _, part := range breakLines(value, max(p.look.Width-len(indent), 20)) {
		fmt.Fprintln(p.out, indent+part)
		indent = "            "
	}
}

// mark is Terraform's mark for what becomes of an attribute.
func (p *planPage) mark(a plan.Attribute) string {
	switch {
	case a.Before == "":
		return p.ink.good("+")
	case a.After == "" && !a.AfterUnknown:
		return p.ink.bad("-")
	}
	return p.ink.doubt("~")
}

func (p *planPage) section(title string) { fmt.Fprintf(p.out, "    %s\n", p.ink.strong(title)) }

func (p *planPage) findings(i plan.Item) {
	if len(i.Findings) == 0 {
		return
	}
	p.section("Settles")
	for _, f := range i.Findings {
		p.wrapped("      ", fmt.Sprintf("%s: %s", f.Control, reasonWords(reasonOf(f))), p.ink.plain)
	}
}

func (p *planPage) steps(i plan.Item) {
	p.section("Steps")
	name := 0
	for _, s := range i.Steps {
		name = max(name, len(s.Name))
	}
	for n, s := range i.Steps {
		text := s.Summary
		if s.Irrevocable {
			text += " (from here on, going back means making it anew)"
		}
		p.wrapped(fmt.Sprintf("      %2d. %s  ", n+1, pad(s.Name, name)), text, p.ink.plain)
	}
}

func (p *planPage) consequences(i plan.Item) {
	if len(i.Consequences) == 0 {
		return
	}
	p.section("What this means")
	for _, c := range i.Consequences {
		p.wrapped("      - ", c.Text, p.ink.plain)
	}
}

func (p *planPage) dependents(i plan.Item) {
	if len(i.Dependents) == 0 {
		return
	}
	p.section("What refers to it")
	for _, d := range i.Dependents {
		text := fmt.Sprintf("%s %s: %s", d.Kind, d.Name, d.Where)
		if !d.Used.IsZero() {
			text += ", last used " + d.Used.UTC().Format("2006-01-02")
		}
		p.wrapped("      - ", text, p.ink.plain)
	}
}

// checks shows every check's mark, and says more of those that did not pass.
func (p *planPage) checks(i plan.Item) {
	if len(i.Checks) == 0 {
		return
	}
	p.section("Checks: " + tallyChecks(i.Checks))
	var passed []string
	for _, c := range i.Checks {
		switch {
		case c.Status == plan.Passed:
			passed = append(passed, c.Code)
			continue
		case !p.detail && !c.Stops():
			continue
		}
		text := c.Code + ": " + c.Message
		if s := standing(c); s != "" {
			text += " (" + s + ")"
		}
		p.wrapped("      "+p.checkMark(c)+" ", text, p.ink.plain)
		if c.Advice != "" && c.Stops() {
			p.wrapped("        hint: ", c.Advice, p.ink.plain)
		}
	}
	if p.detail && len(passed) > 0 {
		p.wrapped("      "+p.checkMark(plan.Check{Status: plan.Passed})+" ", strings.Join(passed, ", "), p.ink.dim)
	}
}

// checkMark is the mark of a check's outcome: a sign on a terminal, a word elsewhere.
func (p *planPage) checkMark(c plan.Check) string {
	sign, word, paint := "✓", "passed   ", p.ink.good
	switch {
	case c.Status == plan.Failed && c.Advisory:
		sign, word, paint = "!", "advisory ", p.ink.doubt
	case c.Status == plan.Failed:
		sign, word, paint = "✗", "FAILED   ", p.ink.bad
	case c.Status == plan.Unchecked:
		sign, word, paint = "?", "unchecked", p.ink.doubt
	}
	if p.look.Terminal {
		return paint(sign)
	}
	return word
}

func (p *planPage) warnings(i plan.Item) {
	if len(i.Warnings) == 0 {
		return
	}
	p.section("To be accepted")
	for _, w := range i.Warnings {
		text := w.Text + " (accept it with " + w.Flag + ")"
		if w.Accepted {
			text = w.Text + " (accepted)"
		}
		p.wrapped("      "+p.ink.doubt("!")+" ", text, p.ink.plain)
	}
}

// wrapped writes text behind an indent; on a terminal later lines hang below the first.
func (p *planPage) wrapped(indent, text string, paint func(string) string) {
	hang := strings.Repeat(" ", lipgloss.Width(indent))
	room := 0
	if p.look.Terminal && p.look.Width > 0 {
		room = max(p.look.Width-len(hang), 20)
	}
	for n, line := range breakLines(clean(text), room) {
		if n > 0 {
			indent = hang
		}
		fmt.Fprintf(p.out, "%s%s\n", indent, paint(line))
	}
}
