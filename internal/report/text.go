package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// tidy makes one line of text that others wrote, and takes from it what no reader should obey: control characters, and
// marks that would have it read in another order than it was written in.
func tidy(text string) string {
	if plainASCII(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, clean(text))
}

// plainASCII tells whether text is as tidy as can be, which nearly all of it is.
func plainASCII(text string) bool {
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c > '~' || c == ' ' && (i == 0 || i == len(text)-1 || text[i-1] == ' ') {
			return false
		}
	}
	return true
}

// cut shortens text to a number of bytes, and never within a character.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// unreadWords says of a read that failed what was asked, and what came of it.
func unreadWords(c resource.Coverage) string {
	text := c.Operation + " could not be read"
	if c.Status != "" {
		text += " (" + c.Status + ")"
	}
	if why := strings.Trim(c.ErrorCode+": "+c.Message, ": "); why != "" {
		text += ": " + why
	}
	return text
}

// advisoryWords writes a finding's advisories on one line.
func advisoryWords(f finding.Finding) string {
	var all []string
	for _, a := range f.Advisories {
		all = append(all, a.Code+": "+a.Message)
	}
	return strings.Join(all, "; ")
}

// labelled puts a label, if there is one, before a text.
func labelled(label, text string) string {
	if label == "" || text == "" {
		return label + text
	}
	return label + ": " + text
}

// tagWords writes tags on one line, in the order of their keys.
func tagWords(tags map[string]string) string {
	if len(tags) == 0 {
		return ""
	}
	var all []string
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, k+"="+tags[k])
	}
	return strings.Join(all, "; ")
}

// titleOf names a finding's resource for lists; of a listing that failed, what it would have listed.
func titleOf(r resource.Ref) string {
	if name := nameOf(r); name != "" {
		return tidy(name)
	}
	return "all of type " + string(r.Type)
}

// nameAndID names a finding's resource where names may be shared: transforms of one name differ by their id.
func nameAndID(r resource.Ref) string {
	if r.Name == "" || r.ID == "" || r.ID == r.Name {
		return titleOf(r)
	}
	return tidy(r.Name + " (" + r.ID + ")")
}

// partitionOf is the partition of a resource, which its ARN or, where there is none, its region's name tells.
func partitionOf(r resource.Ref) string {
	if parts := strings.SplitN(r.ARN, ":", 3); len(parts) == 3 && parts[0] == "arn" {
		return parts[1]
	}
	return resource.PartitionOf(r.Region)
}

// observedAt is when an audit saw what it says.
func observedAt(a store.Audit) time.Time {
	if a.FinishedAt.IsZero() {
		return a.StartedAt.UTC()
	}
	return a.FinishedAt.UTC()
}

// exceptionWords says which exception a finding cites; empty where it cites none.
func exceptionWords(f finding.Finding) string {
	e := f.Exception
	if e == nil {
		return ""
	}
	until := "until "
	if e.Expired {
		until = "expired on "
	}
	return tidy("Exception " + until + e.Expires + ", owner " + cmp.Or(e.Owner, "nobody") + ": " + e.Reason)
}

// Lines breaks text at spaces into lines of at most width columns, for a terminal; 0: as wide as it takes.
func Lines(text string, width int) []string { return breakLines(clean(text), width) }
