package control

import (
	"slices"
	"strings"
)

// FrameworkID names a framework on the command line and in reports.
type FrameworkID string

// Framework is a body of requirements that controls are mapped to.
type Framework struct {
	ID   FrameworkID `yaml:"id" json:"id"`
	Name string      `yaml:"name" json:"name"`
	// Pattern is a regular expression that every requirement id of the framework matches.
	Pattern      string        `yaml:"pattern" json:"-"`
	Requirements []Requirement `yaml:"requirements" json:"requirements"`
}

// Requirement is one of a framework's requirements that a control has to do with.
type Requirement struct {
	ID    string `yaml:"id" json:"id"`
	Title string `yaml:"title" json:"title"` // in our words
}

// Catalogue is everything that there is to say of the controls.
type Catalogue struct {
	Documents  []Document  // in the order of All
	Frameworks []Framework // in the order of frameworks.yaml
}

// Document returns what the catalogue says of a control.
func (c Catalogue) Document(id ID) (Document, bool) {
	i := slices.IndexFunc(c.Documents, func(d Document) bool { return d.ID == id })
	if i < 0 {
		return Document{}, false
	}
	return c.Documents[i], true
}

// Framework returns a framework.
func (c Catalogue) Framework(id FrameworkID) (Framework, bool) {
	i := slices.IndexFunc(c.Frameworks, func(f Framework) bool { return f.ID == id })
	if i < 0 {
		return Framework{}, false
	}
	return c.Frameworks[i], true
}

// FrameworkNamed returns the framework that a person means: capitals, blanks and marks don't count, so that SOC-2 is soc2.
func (c Catalogue) FrameworkNamed(text string) (Framework, bool) {
	i := slices.IndexFunc(c.Frameworks, func(f Framework) bool { return bare(string(f.ID)) == bare(text) })
	if i < 0 {
		return Framework{}, false
	}
	return c.Frameworks[i], true
}

// bare is a name's letters and digits.
func bare(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
}

// MappedControl is a control that has to do with a requirement.
type MappedControl struct {
	Control ID
	Mapping Mapping
}

// Mapped lists the controls that have to do with a requirement.
func (c Catalogue) Mapped(framework FrameworkID, requirement string) []MappedControl {
	var all []MappedControl
	for _, d := range c.Documents {
		for _, m := range d.Frameworks {
			if m.Framework == framework && m.Requirement == requirement {
				all = append(all, MappedControl{Control: d.ID, Mapping: m})
			}
		}
	}
	return all
}

// Requirement returns the requirement that a mapping names.
func (f Framework) Requirement(id string) (Requirement, bool) {
	i := slices.IndexFunc(f.Requirements, func(r Requirement) bool { return r.ID == id })
	if i < 0 {
		return Requirement{}, false
	}
	return f.Requirements[i], true
}
