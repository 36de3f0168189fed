package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
)

// FrameworkSchema names the version of the document of an audit by the requirements of a framework.
const FrameworkSchema = "glueguard.framework/v1"

// FrameworkFormat is a format that an audit can be written in by the requirements of a framework.
type FrameworkFormat struct {
	Name  string
	About string // a few words for the help
	write func(w io.Writer, l Look, r *byRequirement) error
}

// Write writes a stored audit by the requirements of a framework. It reads the findings once for each requirement and
// keeps none of them: a few bytes of each that failed before, where the audit is compared with an earlier one.
func (f FrameworkFormat) Write(w io.Writer, l Look, c control.Catalogue, of control.Framework, audit Source) error {
	r, err := newByRequirement(c, of, audit)
	if err != nil {
		return err
	}
	return f.write(w, l, r)
}

// FrameworkFormats lists the formats by framework, in the order of the help.
func FrameworkFormats() []FrameworkFormat {
	return []FrameworkFormat{
		{Name: "table", About: "for people", write: writeFrameworkTable},
		{Name: "json", About: "one document, schema " + FrameworkSchema, write: writeFrameworkJSON},
		{Name: "markdown", About: "for an auditor's file", write: writeFrameworkMarkdown},
	}
}

// LookupFramework returns the format of that name, or *UnknownFormatError.
func LookupFramework(name string) (FrameworkFormat, error) {
	formats := FrameworkFormats()
	i := slices.IndexFunc(formats, func(f FrameworkFormat) bool { return f.Name == name })
	if i < 0 {
		return FrameworkFormat{}, &UnknownFormatError{Name: name, Known: FrameworkFormatNames()}
	}
	return formats[i], nil
}

// FrameworkFormatNames lists the names of the formats by framework.
func FrameworkFormatNames() []string {
	var names []string
	for _, f := range FrameworkFormats() {
		names = append(names, f.Name)
	}
	return names
}

// requirementVerdict is what an audit's findings come to for one requirement.
type requirementVerdict string

// The verdicts, the most pressing first.
const (
	requirementFails     requirementVerdict = "fail"
	requirementUnknown   requirementVerdict = "unknown"
	requirementExempt    requirementVerdict = "exempt"
	requirementPasses    requirementVerdict = "pass"
	requirementNotJudged requirementVerdict = "not_judged"
)

// judgedBy is a control that has to do with a requirement, with what the audit found by it.
type judgedBy struct {
	control.MappedControl
	counts counts
}

// counts are findings by what they mean for a requirement, which may be less than what they mean for their control.
type counts struct {
	Pass          int `json:"pass"`
	Fail          int `json:"fail"`
	Unknown       int `json:"unknown"`
	Exempt        int `json:"exempt"`
	NotApplicable int `json:"not_applicable"`
}

func (c *counts) add(status control.Status) {
	switch status {
	case control.Pass:
		c.Pass++
	case control.Fail:
		c.Fail++
	case control.Unknown:
		c.Unknown++
	case control.Exempt:
		c.Exempt++
	case control.NotApplicable:
		c.NotApplicable++
	}
}

func (c counts) total() int { return c.Pass + c.Fail + c.Unknown + c.Exempt + c.NotApplicable }

// requirementResult is one requirement with what an audit found.
type requirementResult struct {
	control.Requirement
	index  int // in the framework's list
	by     []judgedBy
	counts counts
	fates  FateCounts // where the audit is compared with an earlier one
}

// byRequirement is an audit by the requirements of a framework.
type byRequirement struct {
	catalogue    control.Catalogue
	framework    control.Framework
	audit        Source
	sum          *tally
	requirements []*requirementResult
	changes      *requirementChanges // nil: nothing is compared
}

func newByRequirement(c control.Catalogue, of control.Framework, audit Source) (*byRequirement, error) {
	sum, err := tallyOf(audit)
	if err != nil {
		return nil, fmt.Errorf("read the coverage: %w", err)
	}
	r := &byRequirement{catalogue: c, framework: of, audit: audit, sum: sum}
	for i, q := range of.Requirements {
		result := &requirementResult{Requirement: q, index: i}
		for _, m := range c.Mapped(of.ID, q.ID) {
			result.by = append(result.by, judgedBy{MappedControl: m})
		}
		r.requirements = append(r.requirements, result)
	}
	if r.changes, err = r.changesOf(comparisonOf(audit)); err != nil {
		return nil, err
	}
	err = audit.EachFinding(func(f finding.Finding) error {
		for _, q := range r.requirements {
			q.count(f)
		}
		r.meets(f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the findings: %w", err)
	}
	return r, r.countGone()
}

// meaning is what a finding means for the requirement; false: nothing.
func (q *requirementResult) meaning(f finding.Finding) (control.Meaning, bool) {
	for i := range q.by {
		if q.by[i].Control == f.Control {
			return q.by[i].Mapping.Meaning(f.Outcome), true
		}
	}
	return control.Meaning{}, false
}

func (q *requirementResult) count(f finding.Finding) {
	means, concerned := q.meaning(f)
	if !concerned {
		return
	}
	q.counts.add(means.Status)
	for i := range q.by {
		if q.by[i].Control == f.Control {
			q.by[i].counts.add(means.Status)
		}
	}
}

// complete tells whether the audit came to its end and read everything that it was to read.
func (r *byRequirement) complete() bool {
	return !r.audit.Head().FinishedAt.IsZero() && len(r.sum.unread) == 0
}

// verdict is what the findings come to. Where something could not be read, nothing is said to pass: what was not seen
// might fail.
func (r *byRequirement) verdict(q *requirementResult) requirementVerdict {
	switch c := q.counts; {
	case c.Fail > 0:
		return requirementFails
	case c.Unknown > 0 || !r.complete():
		return requirementUnknown
	case c.Exempt > 0:
		return requirementExempt
	case c.Pass > 0:
		return requirementPasses
	}
	return requirementNotJudged
}

// tallyVerdicts counts the requirements by verdict.
func (r *byRequirement) tallyVerdicts() map[requirementVerdict]int {
	n := map[requirementVerdict]int{}
	for _, q := range r.requirements {
		n[r.verdict(q)]++
	}
	return n
}

// each yields the findings that concern a requirement, with what they mean for it, in the order of the audit.
func (r *byRequirement) each(q *requirementResult, yield func(control.Meaning, finding.Finding) error) error {
	err := r.audit.EachFinding(func(f finding.Finding) error {
		means, concerned := q.meaning(f)
		if !concerned {
			return nil
		}
		return yield(means, f)
	})
	if err != nil {
		return fmt.Errorf("read the findings: %w", err)
	}
	return nil
}

// notable tells whether a finding is listed: what passes is counted only.
func notable(m control.Meaning) bool {
	return m.Status == control.Fail || m.Status == control.Unknown || m.Status == control.Exempt
}

// excluded counts the reads that the policy accepts as never answered: nothing is known of what they would have shown.
func (r *byRequirement) excluded() int {
	n := 0
	for _, note := range r.sum.notes {
		if resource.FailureClass(note.status) == resource.Excluded {
			n += note.entries
		}
	}
	return n
}

// unmapped lists the controls that the framework has nothing to do with, and why.
func (r *byRequirement) unmapped() []unmappedControl {
	all := []unmappedControl{}
	for _, d := range r.catalogue.Documents {
		for _, u := range d.Unmapped {
			if u.Framework == r.framework.ID {
				all = append(all, unmappedControl{Control: d.ID, Because: u.Because})
			}
		}
	}
	return all
}

// unmappedControl is a control that a framework has nothing to do with.
type unmappedControl struct {
	Control control.ID `json:"control"`
	Because string     `json:"because"`
}
