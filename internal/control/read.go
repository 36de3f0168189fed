package control

import (
	"embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed catalogue/*.yaml
var catalogue embed.FS

// ReadCatalogue reads the catalogue that the program carries with it. An error means that the program was built wrongly.
func ReadCatalogue() (Catalogue, error) {
	var c Catalogue
	if err := read("frameworks", &c.Frameworks); err != nil {
		return Catalogue{}, err
	}
	for _, of := range All() {
		var d Document
		if err := read(string(of.ID), &d); err != nil {
			return Catalogue{}, err
		}
		d.complete()
		c.Documents = append(c.Documents, d)
	}
	return c, nil
}

func read(name string, into any) error {
	text, err := catalogue.ReadFile("catalogue/" + name + ".yaml")
	if err != nil {
		return fmt.Errorf("the catalogue has no %s: %w", name, err)
	}
	if err := decode(text, into); err != nil {
		return fmt.Errorf("catalogue/%s.yaml: %w", name, err)
	}
	return nil
}

// complete replaces what is nil by what is empty: in JSON there are lists, never null.
func (d *Document) complete() {
	if d.Unmapped == nil {
		d.Unmapped = []Unmapped{}
	}
	for _, instructions := range [][]Instruction{d.Test, d.Repair, d.Backout} {
		for i := range instructions {
			if instructions[i].Commands == nil {
				instructions[i].Commands = []string{}
			}
		}
	}
}

// decode reads YAML strictly: what is not known is an error.
func decode(text []byte, into any) error {
	return yaml.UnmarshalWithOptions(text, into, yaml.Strict())
}

// Check returns all that is wrong with the catalogue.
func (c Catalogue) Check() error {
	var errs []error
	for _, f := range c.Frameworks {
		errs = append(errs, f.check()...)
	}
	for _, d := range c.Documents {
		for _, err := range append(d.check(), d.checkFrameworks(c)...) {
			errs = append(errs, fmt.Errorf("%s: %w", d.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (f Framework) check() []error {
	pattern, err := regexp.Compile(f.Pattern)
	if err != nil || f.Pattern == "" {
		return []error{fmt.Errorf("%s: no pattern of its requirements: %w", f.ID, err)}
	}
	var errs []error
	for _, r := range f.Requirements {
		if !pattern.MatchString(r.ID) || r.Title == "" {
			errs = append(errs, fmt.Errorf("%s: %q is none of its requirements, or has no title", f.ID, r.ID))
		}
	}
	return errs
}

// check names every section that is missing.
func (d Document) check() []error {
	var errs []error
	lacks := func(missing bool, section string) {
		if missing {
			errs = append(errs, fmt.Errorf("lacks %s", section))
		}
	}
	text := func(s, section string) { lacks(strings.TrimSpace(s) == "", section) }
	list := func(all []string, section string) { lacks(len(all) == 0 || slices.Contains(all, ""), section) }
	text(string(d.ID), "id")
	text(d.Title, "title")
	text(string(d.Resource), "resource")
	text(string(d.Severity), "severity")
	lacks(d.Profile.Level != 1 && d.Profile.Level != 2, "profile.level, 1 or 2")
	text(d.Profile.SOP, "profile.sop")
	text(d.Profile.Strict, "profile.strict")
	text(d.What, "what")
	list(d.Why, "why")
	list(d.Impact.Gains, "impact.gains")
	list(d.Impact.Costs, "impact.costs")
	text(d.Default, "default")
	list(d.AWS, "aws")
	lacks(!instructive(d.Test), "test, with a command")
	lacks(!instructive(d.Repair), "repair, with a command")
	lacks(!instructive(d.Backout), "backout, with a command")
	list(d.Permissions.Test, "permissions.test")
	list(d.Permissions.Plan, "permissions.plan")
	list(d.Permissions.Repair, "permissions.repair")
	list(d.Permissions.Role, "permissions.role")
	lacks(len(d.References) == 0 || slices.ContainsFunc(d.References, func(r Reference) bool { return r.Title == "" || r.URL == "" }), "references")
	lacks(len(d.Frameworks) == 0, "frameworks")
	return errs
}

// instructive tells whether every instruction says something, and one of them has a command of ours or of the AWS CLI.
func instructive(all []Instruction) bool {
	command := false
	for _, i := range all {
		if i.Text == "" || slices.Contains(i.Commands, "") {
			return false
		}
		command = command || len(i.Commands) > 0
	}
	return command
}

// checkFrameworks holds a document's mappings to the frameworks that there are: each framework is mapped, or the
// document says why it is not.
func (d Document) checkFrameworks(c Catalogue) []error {
	var errs []error
	known := map[FrameworkID]bool{}
	for i, m := range d.Frameworks {
		known[m.Framework] = true
		if slices.ContainsFunc(d.Frameworks[:i], func(o Mapping) bool { return o.Framework == m.Framework && o.Requirement == m.Requirement }) {
			errs = append(errs, fmt.Errorf("%s %s is there twice", m.Framework, m.Requirement))
		}
		f, ok := c.Framework(m.Framework)
		if _, required := f.Requirement(m.Requirement); !ok || !required {
			errs = append(errs, fmt.Errorf("there is no requirement %q of %q", m.Requirement, m.Framework))
		}
		if m.Basis != Direct && m.Basis != Sibling && m.Basis != Judgement || m.Because == "" {
			errs = append(errs, fmt.Errorf("%s %s: on what basis, and why?", m.Framework, m.Requirement))
		}
	}
	for _, u := range d.Unmapped {
		if _, ok := c.Framework(u.Framework); !ok || u.Because == "" || known[u.Framework] {
			errs = append(errs, fmt.Errorf("unmapped %q: not a framework, mapped after all, or without a reason", u.Framework))
		}
		known[u.Framework] = true
	}
	for _, f := range c.Frameworks {
		if !known[f.ID] {
			errs = append(errs, fmt.Errorf("says nothing of %s", f.ID))
		}
	}
	return errs
}
