package report

import (
	"bufio"
	"io"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
)

// frameworkHead is the head of the document, in the order of its fields.
type frameworkHead struct {
	Schema    string            `json:"schema"`
	Framework frameworkName     `json:"framework"`
	Audit     auditHead         `json:"audit"`
	Complete  bool              `json:"complete"` // false: nothing is said to pass, since something was not read
	Unread    int               `json:"unread"`   // entries of the coverage
	Excluded  int               `json:"excluded"` // entries of the coverage that the policy accepts as never read
	Unmapped  []unmappedControl `json:"unmapped"`
	Since     *sinceHead        `json:"since,omitempty"`
}

type frameworkName struct {
	ID   control.FrameworkID `json:"id"`
	Name string              `json:"name"`
}

type requirementHead struct {
	ID       string               `json:"id"`
	Title    string               `json:"title"`
	Verdict  requirementVerdict   `json:"verdict"`
	Summary  counts               `json:"summary"`
	Since    *FateCounts          `json:"since,omitempty"`
	Controls []requirementControl `json:"controls"`
}

type requirementControl struct {
	ID      control.ID       `json:"id"`
	Basis   control.Basis    `json:"basis"`
	Because string           `json:"because"`
	Reasons []control.Reason `json:"reasons,omitempty"`
	Failing []control.Reason `json:"failing,omitempty"`
	Summary counts           `json:"summary"`
}

// requirementFinding is a finding with what it means for the requirement, which may differ from its own status.
type requirementFinding struct {
	RequirementStatus control.Status `json:"requirement_status"`
	RequirementReason control.Reason `json:"requirement_reason"`
	comparedFinding
}

// writeFrameworkJSON writes one document, with one line for each finding, so that it streams.
func writeFrameworkJSON(w io.Writer, _ Look, r *byRequirement) error {
	out, lines := bufio.NewWriterSize(w, 64<<10), newEncoder()
	h := frameworkHead{
		Schema: FrameworkSchema, Framework: frameworkName{r.framework.ID, r.framework.Name}, Audit: headOf(r.audit.Head()),
		Complete: r.complete(), Unread: entries(r.sum.unread), Excluded: r.excluded(), Unmapped: r.unmapped(),
	}
	if r.changes != nil {
		since := sinceOf(r.changes.Comparison)
		h.Since = &since
	}
	head, err := lines.marshal(h)
	if err != nil {
		return err
	}
	// Closing braces make way for lists. bufio keeps the first error for Flush.
	out.Write(head[:len(head)-1])                //nolint:errcheck // see above
	out.WriteString(",\n \"requirements\": [\n") //nolint:errcheck // see above
	for n, q := range r.requirements {
		if n > 0 {
			out.WriteString(",\n") //nolint:errcheck // see above
		}
		if err := writeRequirement(out, r, q); err != nil {
			return err
		}
	}
	out.WriteString("\n]}\n") //nolint:errcheck // see above
	return out.Flush()
}

func writeRequirement(out *bufio.Writer, r *byRequirement, q *requirementResult) error {
	h := requirementHead{ID: q.ID, Title: q.Title, Verdict: r.verdict(q), Summary: q.counts, Controls: []requirementControl{}}
	for _, by := range q.by {
		m := by.Mapping
		h.Controls = append(h.Controls, requirementControl{
			ID: by.Control, Basis: m.Basis, Because: m.Because, Reasons: m.Reasons, Failing: m.Failing, Summary: by.counts,
		})
	}
	if r.changes != nil {
		h.Since = &q.fates
	}
	head, err := newEncoder().marshal(h)
	if err != nil {
		return err
	}
	out.WriteString(" ")                      //nolint:errcheck // bufio keeps it for the next write
	out.Write(head[:len(head)-1])             //nolint:errcheck // as above
	out.WriteString(",\n  \"findings\": [\n") //nolint:errcheck // as above
	err = writeList(out, func(yield func(requirementFinding) error) error {
		return r.each(q, func(m control.Meaning, f finding.Finding) error {
			return yield(requirementFinding{m.Status, m.Reason, comparedFinding{complete(f), r.fate(q, m, f)}})
		})
	})
	if err != nil {
		return err
	}
	if r.changes != nil {
		out.WriteString("  ],\n  \"gone\": [\n") //nolint:errcheck // as above
		err = writeList(out, func(yield func(requirementFinding) error) error {
			return r.eachGone(q, func(m control.Meaning, f finding.Finding, fate Fate) error {
				return yield(requirementFinding{m.Status, m.Reason, comparedFinding{complete(f), fate}})
			})
		})
		if err != nil {
			return err
		}
	}
	_, err = out.WriteString("  ]}")
	return err
}
