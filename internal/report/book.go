package report

import (
	"fmt"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
)

// What other programs are told of this one.
const (
	product    = "Glueguard"
	projectURL = "https://github.com/glueguard/glueguard"
)

// book is the catalogue, made ready for the formats that explain controls to those who don't know them.
type book struct {
	documents []control.Document
	entries   map[control.ID]*bookEntry
}

type bookEntry struct {
	control.Document
	index        int
	mappings     []control.Mapping
	requirements []string // of each mapping: the framework's name and the requirement's id
	frameworks   []string // of each mapping
	standards    []string // the frameworks, each once
	whole        bool     // every mapping is about every outcome
}

func openBook() (*book, error) {
	c, err := control.ReadCatalogue()
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	b := &book{documents: c.Documents, entries: map[control.ID]*bookEntry{}}
	for i, d := range c.Documents {
		e := &bookEntry{Document: d, index: i, mappings: d.Frameworks, whole: true}
		for _, m := range d.Frameworks {
			f, _ := c.Framework(m.Framework) // the catalogue's own test demands it
			e.frameworks = append(e.frameworks, f.Name)
			e.requirements = append(e.requirements, f.Name+" "+m.Requirement)
			e.whole = e.whole && len(m.Reasons) == 0 && len(m.Failing) == 0
		}
		e.standards = once(e.frameworks)
		b.entries[d.ID] = e
	}
	return b, nil
}

// entry returns what there is to say of a control. An audit that an older or newer program stored may have others.
func (b *book) entry(id control.ID) *bookEntry {
	if e := b.entries[id]; e != nil {
		return e
	}
	return &bookEntry{Document: control.Document{ID: id, Title: string(id)}, index: -1, whole: true}
}

// mapped lists the requirements that a finding has to do with, and the frameworks that these are of, each once.
func (e *bookEntry) mapped(f finding.Finding) (requirements, frameworks []string) {
	if e.whole {
		return e.requirements, e.standards
	}
	for i, m := range e.mappings {
		if m.Meaning(f.Outcome).Status == f.Status {
			requirements = append(requirements, e.requirements[i])
			frameworks = append(frameworks, e.frameworks[i])
		}
	}
	return requirements, once(frameworks)
}

// once drops what follows itself.
func once(sorted []string) []string {
	var all []string
	for i, s := range sorted {
		if i == 0 || s != sorted[i-1] {
			all = append(all, s)
		}
	}
	return all
}

// page is where a control is described.
func (e *bookEntry) page() string {
	if e.index < 0 {
		return projectURL
	}
	return projectURL + "/blob/main/docs/controls.md#" + string(e.ID)
}
