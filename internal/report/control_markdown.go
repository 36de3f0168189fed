package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
)

// controlMarkdown writes the catalogue as Markdown.
type controlMarkdown struct{ out io.Writer }

func writeControlMarkdown(w io.Writer, _ Look, c control.Catalogue, d control.Document) error {
	out := bufio.NewWriter(w)
	controlMarkdown{out: out}.control(c, d, "#")
	return out.Flush()
}

// ControlsPage writes the whole catalogue as one page: docs/controls.md.
func ControlsPage(w io.Writer, c control.Catalogue) error {
	out := bufio.NewWriter(w)
	p := controlMarkdown{out: out}
	fmt.Fprint(out, "# Controls\n\nGenerated from `internal/control/catalogue` by `make generate`. The same is shown by `glueguard controls show CONTROL`.\n\n")
	fmt.Fprint(out, "| control | level | severity | title |\n|---|---|---|---|\n")
	for _, d := range c.Documents {
		fmt.Fprintf(out, "| [`%s`](#%s) | %d | %s | %s |\n", d.ID, d.ID, d.Profile.Level, d.Severity, cell(d.Title))
	}
	fmt.Fprint(out, "\nWords in capitals stand for what you put in: `NAME` of a resource, `CHANGE` as `glueguard changes` lists it, `KEY` by id or ARN.\n\n")
	for _, d := range c.Documents {
		p.control(c, d, "##")
	}
	p.requirements(c)
	return out.Flush()
}

// control writes one control below a heading of that depth.
func (p controlMarkdown) control(c control.Catalogue, d control.Document, depth string) {
	fmt.Fprintf(p.out, "%s %s\n\n**%s.** Judges %s. Level %s. Severity %s.\n\n", depth, d.ID, plainText(d.Title), d.Resource, levelWords(d.Profile.Level), d.Severity)
	fmt.Fprintf(p.out, "- Profile `sop`: %s\n- Profile `strict`: %s\n\n", plainText(d.Profile.SOP), plainText(d.Profile.Strict))
	heading := func(text string) { fmt.Fprintf(p.out, "%s# %s\n\n", depth, text) }
	heading("What")
	p.prose(d.What)
	heading("Why")
	p.bullets(d.Why)
	heading("Impact")
	p.prose("What it brings:")
	p.bullets(d.Impact.Gains)
	p.prose("What it costs:")
	p.bullets(d.Impact.Costs)
	heading("Default")
	p.prose(d.Default)
	heading("What AWS really does")
	p.bullets(d.AWS)
	for _, section := range []struct {
		title string
		all   []control.Instruction
	}{{"Test", d.Test}, {"Repair", d.Repair}, {"Backout", d.Backout}} {
		heading(section.title)
		p.instructions(section.all)
	}
	heading("Permissions")
	p.permissions(d.Permissions)
	heading("References")
	for _, r := range d.References {
		fmt.Fprintf(p.out, "- [%s](%s)\n", plainText(r.Title), r.URL)
	}
	fmt.Fprintln(p.out)
	heading("Frameworks")
	p.mappings(c, d)
}

func (p controlMarkdown) prose(text string) { fmt.Fprintf(p.out, "%s\n\n", plainText(text)) }

func (p controlMarkdown) bullets(all []string) {
	for _, text := range all {
		fmt.Fprintf(p.out, "- %s\n", plainText(text))
	}
	fmt.Fprintln(p.out)
}

func (p controlMarkdown) instructions(all []control.Instruction) {
	for n, i := range all {
		fmt.Fprintf(p.out, "%d. %s\n", n+1, plainText(i.Text))
		lines := i.Commands
		if i.OneOf {
			lines = append([]string{"# one of these"}, lines...)
		}
		if len(lines) > 0 {
			fmt.Fprintf(p.out, "\n   ```sh\n   %s\n   ```\n\n", strings.Join(lines, "\n   "))
		}
	}
	fmt.Fprintln(p.out)
}

func (p controlMarkdown) permissions(of control.Permissions) {
	for _, list := range permissionLists(of) {
		fmt.Fprintf(p.out, "- %s: `%s`\n", list.purpose, strings.Join(list.actions, "`, `"))
	}
	fmt.Fprintln(p.out)
	if of.Note != "" {
		p.prose(of.Note)
	}
}

func (p controlMarkdown) mappings(c control.Catalogue, d control.Document) {
	fmt.Fprint(p.out, "| framework | requirement | it asks that | basis | because |\n|---|---|---|---|---|\n")
	for _, m := range d.Frameworks {
		f, _ := c.Framework(m.Framework)
		r, _ := f.Requirement(m.Requirement)
		fmt.Fprintf(p.out, "| %s | %s | %s | %s | %s |\n", cell(f.Name), m.Requirement, cell(r.Title), m.Basis, cell(m.Because+narrowing(m)))
	}
	for _, u := range d.Unmapped {
		f, _ := c.Framework(u.Framework)
		fmt.Fprintf(p.out, "| %s | none | | | %s |\n", cell(f.Name), cell(u.Because))
	}
	fmt.Fprintln(p.out)
}

// requirements turns the mappings round: for each framework, what of it is judged and by which controls.
func (p controlMarkdown) requirements(c control.Catalogue) {
	fmt.Fprint(p.out, "## By framework\n\n`glueguard report --framework FRAMEWORK` shows a stored audit in this way. ")
	fmt.Fprint(p.out, "Glueguard judges a part of what each requirement asks: a pass is evidence for it, not the whole proof. The titles are ours.\n\n")
	p.prose(basesLegend())
	for n, f := range c.Frameworks {
		fmt.Fprintf(p.out, "### %s\n\n`%s`\n\n| requirement | it asks that | judged by |\n|---|---|---|\n", plainText(f.Name), f.ID)
		for _, r := range f.Requirements {
			var by []string
			for _, m := range c.Mapped(f.ID, r.ID) {
				by = append(by, fmt.Sprintf("`%s` (%s)", m.Control, m.Mapping.Basis))
			}
			fmt.Fprintf(p.out, "| %s | %s | %s |\n", r.ID, cell(r.Title), strings.Join(by, ", "))
		}
		if n < len(c.Frameworks)-1 {
			fmt.Fprintln(p.out)
		}
	}
}
