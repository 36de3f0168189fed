package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/store"
)

// Compared is what a Source may offer beside an audit: what became of its findings since an earlier one.
type Compared interface {
	// Since returns the comparison that was asked for; nil: none was.
	Since() *Comparison
}

// comparisonOf returns the comparison that a report is to show, or nil.
func comparisonOf(audit Source) *Comparison {
	if c, ok := audit.(Compared); ok {
		return c.Since()
	}
	return nil
}

// Since implements Compared where the audit does.
func (r *Reader) Since() *Comparison { return comparisonOf(r.meeting.audit) }

// compared is what became of one finding.
type compared struct {
	finding.Finding
	fate Fate
	gone bool // the later audit does not have it
}

// each streams the findings of one fate: those of the audit, then those that it does not have.
func (c *Comparison) each(audit Source, fate Fate, yield func(compared) error) error {
	if *c.Counts.of(fate) == 0 {
		return nil
	}
	err := audit.EachFinding(func(f finding.Finding) error {
		if c.Of(f.ID) == fate {
			return yield(compared{f, fate, false})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.EachGone(func(f finding.Finding, of Fate) error {
		if of == fate {
			return yield(compared{f, fate, true})
		}
		return nil
	})
}

// listed are the fates whose findings reports name: what is unchanged is in the list of all.
func listed() []Fate { return []Fate{New, Reopened, NotRead, Resolved, Exempted} }

// title heads the list of a fate's findings.
func (f Fate) title() string {
	switch f {
	case NotRead:
		return "Failed then, not read now"
	case Exempted:
		return "Excepted since"
	}
	words := f.words()
	return strings.ToUpper(words[:1]) + words[1:]
}

// sentence counts what became of the findings.
func (c FateCounts) sentence() string {
	var parts []string
	for _, f := range Fates() {
		if n := *c.of(f); n > 0 {
			parts = append(parts, thousands(n)+" "+f.words())
		}
	}
	switch {
	case len(parts) == 0:
		return "nothing failed then, and nothing fails now"
	case c.New+c.Reopened == 0:
		return "nothing new, " + strings.Join(parts, ", ")
	}
	return strings.Join(parts, ", ")
}

// words says of one finding what became of it, beyond its fate's own word.
func (f compared) words() string {
	why, _ := whyOf(f.Finding)
	switch {
	case f.fate == NotRead && f.gone:
		return "its place was not read, or not asked for"
	case f.fate == Resolved && f.gone:
		return "is gone"
	case f.fate == Resolved && f.Status == control.NotApplicable:
		return "does not apply any more: " + reasonWords(f.Reason)
	case f.fate == Resolved:
		return "passes: " + cmp.Or(string(f.Encryption.Mode), string(f.Reason))
	case f.fate == Exempted:
		return cmp.Or(exceptionWords(f.Finding), why)
	case f.Exception != nil && f.Exception.Expired:
		return why + " (exception expired)"
	}
	return why
}

// today is a finding that the audit does not have any more, as formats tell it that know findings of today only.
func (c *Comparison) today(f finding.Finding, fate Fate) finding.Finding {
	then := clock(c.Then().StartedAt)
	if fate == Resolved {
		f.Status, f.Reason, f.Advisories, f.Exception = control.NotApplicable, "gone", nil, nil
		f.Message = "It failed in the audit of " + then + ", and is gone."
		return f
	}
	f.Status = control.Unknown
	f.Message = "It failed in the audit of " + then + ", and its place was not read since, or not asked for. Then: " + f.Message
	return f
}

// sinceWords say of a finding that the audit has what became of it since when.
func (c *Comparison) sinceWords(fate Fate) string {
	switch then := clock(c.Then().StartedAt); fate {
	case "":
		return ""
	case NotRead:
		return "Failed on " + then + ", not read now"
	case Exempted:
		return "Excepted since " + then
	default:
		return fate.title() + " since " + then
	}
}

// notes say what a reader must know of the earlier audit, if anything: that it was of other demands, or of less.
func (c *Comparison) notes(now store.Audit) string {
	var notes []string
	if then := c.Then(); then.PolicyDigest != now.PolicyDigest || then.PolicyProfile != now.PolicyProfile {
		notes = append(notes, fmt.Sprintf("Another policy was in force then (profile %s), so not every difference is one of the resources.", tidy(then.PolicyProfile)))
	}
	if len(c.older) > 0 {
		notes = append(notes, "That audit did not see all of this one's places: for the others, the newest before it counts that did.")
	}
	return strings.Join(notes, " ")
}
