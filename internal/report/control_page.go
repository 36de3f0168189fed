package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/glueguard/glueguard/internal/control"
)

// pageWidth is how wide prose is where no terminal says otherwise, and at most.
const pageWidth = 100

// controlPage writes what the catalogue says of a control, for people. Commands are never broken: they are to be copied.
type controlPage struct {
	out   io.Writer
	ink   ink
	width int // of prose; 0: not broken
}

func showControl(w io.Writer, l Look, c control.Catalogue, d control.Document) error {
	out := bufio.NewWriter(w)
	p := controlPage{out: out, ink: newInk(l.Color), width: pageWidth}
	if l.Terminal && l.Width > 0 {
		p.width = min(l.Width, pageWidth)
	}
	p.head(d)
	p.prose("What", d.What)
	p.bullets("Why", d.Why)
	p.bullets("Impact: what it brings", d.Impact.Gains)
	p.bullets("Impact: what it costs", d.Impact.Costs)
	p.prose("Default", d.Default)
	p.bullets("What AWS really does", d.AWS)
	p.instructions("Test", d.Test)
	p.instructions("Repair", d.Repair)
	p.instructions("Backout", d.Backout)
	p.permissions(d.Permissions)
	p.references(d.References)
	p.frameworks(c, d)
	return out.Flush()
}

func (p controlPage) head(d control.Document) {
	fmt.Fprintf(p.out, "%s\n%s\n\n", p.ink.strong(string(d.ID)), d.Title)
	p.hanging("  level     ", levelWords(d.Profile.Level))
	p.hanging("  severity  ", string(d.Severity))
	p.hanging("  judges    ", string(d.Resource))
	p.hanging("  sop       ", d.Profile.SOP)
	p.hanging("  strict    ", d.Profile.Strict)
}

func levelWords(level int) string {
	if level == 1 {
		return "1, for everybody"
	}
	return fmt.Sprintf("%d, where security counts for more than convenience", level)
}

func (p controlPage) title(text string) { fmt.Fprintf(p.out, "\n%s\n", p.ink.strong(text)) }

// hanging writes text behind its first line's indent; later lines hang below the first.
func (p controlPage) hanging(indent, text string) {
	n := lipgloss.Width(indent)
	room := 0
	if p.width > 0 {
		room = max(p.width-n, 20)
	}
	for i, line := range breakLines(text, room) {
		if i > 0 {
			indent = strings.Repeat(" ", n)
		}
		fmt.Fprintf(p.out, "%s%s\n", indent, line)
	}
}

func (p controlPage) prose(title, text string) {
	p.title(title)
	p.hanging("  ", text)
}

func (p controlPage) bullets(title string, all []string) {
	p.title(title)
	for _, text := range all {
		p.hanging("  - ", text)
	}
}

func (p controlPage) instructions(title string, all []control.Instruction) {
	p.title(title)
	for n, i := range all {
		p.hanging(fmt.Sprintf("  %d. ", n+1), i.Text)
		if i.OneOf {
			fmt.Fprintf(p.out, "       %s\n", p.ink.dim("# one of these"))
		}
		for _, c := range i.Commands {
			fmt.Fprintf(p.out, "       %s\n", p.ink.strong(c))
		}
	}
}

func (p controlPage) permissions(of control.Permissions) {
	p.title("Permissions")
	for _, list := range permissionLists(of) {
		p.hanging(pad("  "+list.purpose, 20), strings.Join(list.actions, ", "))
	}
	if of.Note != "" {
		p.hanging("  ", of.Note)
	}
}

// permissionList is the actions that are needed for one purpose.
type permissionList struct {
	purpose string
	actions []string
}

func permissionLists(of control.Permissions) []permissionList {
	return []permissionList{
		{"to test", of.Test},
		{"to plan, too", of.Plan},
		{"to repair", of.Repair},
		{"the role itself", of.Role},
	}
}

func (p controlPage) references(all []control.Reference) {
	p.title("References")
	for _, r := range all {
		p.hanging("  - ", r.Title)
		fmt.Fprintf(p.out, "    %s\n", r.URL)
	}
}

func (p controlPage) frameworks(c control.Catalogue, d control.Document) {
	p.title("Frameworks")
	for _, m := range d.Frameworks {
		f, _ := c.Framework(m.Framework)
		r, _ := f.Requirement(m.Requirement)
		p.hanging("  - ", fmt.Sprintf("%s, %s: %s", f.Name, m.Requirement, r.Title))
		p.hanging("    ", fmt.Sprintf("%s: %s%s", m.Basis, m.Because, narrowing(m)))
	}
	for _, u := range d.Unmapped {
		f, _ := c.Framework(u.Framework)
		p.hanging("  - ", f.Name+": none. "+u.Because)
	}
	p.hanging("  ", basesLegend())
}

// narrowing says which outcomes a mapping is about, where it is not about all of them.
func narrowing(m control.Mapping) string {
	text := ""
	if len(m.Reasons) > 0 {
		text += " Only these reasons count: " + reasonList(m.Reasons) + "."
	}
	if len(m.Failing) > 0 {
		text += " It fails also where the control passes with " + reasonList(m.Failing) + "."
	}
	return text
}

func reasonList(all []control.Reason) string {
	var words []string
	for _, r := range all {
		words = append(words, string(r))
	}
	return strings.Join(words, ", ")
}

func basesLegend() string {
	var all []string
	for _, b := range control.Bases() {
		all = append(all, fmt.Sprintf("%s: %s", b.Basis, b.Meaning))
	}
	return "Basis " + strings.Join(all, "; ") + "."
}
