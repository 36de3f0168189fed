package report

import "fmt"

// since tells what became of the findings since an earlier audit, the new ones first.
func (m markdown) since(audit Source) error {
	c := comparisonOf(audit)
	if c == nil {
		return nil
	}
	fmt.Fprintf(m.out, "## Since the audit of %s\n\n", clock(c.Then().StartedAt))
	fmt.Fprint(m.out, "| new | reopened | not read | resolved | exempted | unchanged |\n|---:|---:|---:|---:|---:|---:|\n|")
	for _, f := range Fates() {
		fmt.Fprintf(m.out, " %d |", *c.Counts.of(f))
	}
	fmt.Fprintf(m.out, "\n\nCompared with audit %s.", code(c.Then().ID))
	if text := c.notes(audit.Head()); text != "" {
		fmt.Fprint(m.out, " ", markdownText(text))
	}
	fmt.Fprint(m.out, "\n\n")
	begun := false
	for _, fate := range listed() {
		err := c.each(audit, fate, func(f compared) error {
			if !begun {
				begun = true
				fmt.Fprint(m.out, "| change | severity | resource | control | account | region | why |\n|---|---|---|---|---|---|---|\n")
			}
			_, err := fmt.Fprintf(m.out, "| %s | %s | %s | %s | %s | %s | %s |\n", fate.words(), f.Severity, code(nameAndID(f.Resource)), code(string(f.Control)),
				markdownText(f.Resource.Account), markdownText(f.Resource.Region), markdownText(f.words()))
			return err
		})
		if err != nil {
			return err
		}
	}
	if begun {
		fmt.Fprintln(m.out)
	}
	return nil
}
