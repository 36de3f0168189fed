package report

import (
	"fmt"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

func reasonOf(f plan.FindingRef) control.Reason { return control.Reason(f.Reason) }

// unreadLine is one kind of failed read with the places where it failed.
type unreadLine struct {
	what   string
	places []string
}

// unreadLines gathers a plan's failed reads by what failed, in the order in which they come.
func unreadLines(coverage []resource.Coverage) []unreadLine {
	var lines []unreadLine
	index := map[string]int{}
	for _, c := range coverage {
		what := c.Status + "  " + c.Operation
		if c.ErrorCode != "" {
			what = c.Status + " (" + clean(c.ErrorCode) + ")  " + c.Operation
		}
		at, known := index[what]
		if !known {
			at = len(lines)
			index[what] = at
			lines = append(lines, unreadLine{what: what})
		}
		lines[at].places = append(lines[at].places, placeOf(c.Account, c.Region))
	}
	return lines
}

// unread says what the plan may lack, because it could not be read.
func (p *planPage) unread(pl plan.Plan) {
	lines := unreadLines(pl.Unread)
	if len(lines) == 0 {
		return
	}
	fmt.Fprintln(p.out, p.ink.doubt("Could not be read, so the plan may lack something"))
	for _, l := range lines {
		places := l.places
		if p.look.Terminal && len(places) > terminalPlaces {
			places = append(places[:terminalPlaces:terminalPlaces], fmt.Sprintf("and %d more", len(l.places)-terminalPlaces))
		}
		p.wrapped("  ", l.what+"  in "+strings.Join(places, ", "), p.ink.plain)
	}
	fmt.Fprintln(p.out)
}

// ending counts, and says what stands against applying the plan.
func (p *planPage) ending(pl plan.Plan, todo int) {
	fmt.Fprintln(p.out, p.ink.strong(counted(pl)))
	if len(pl.Accepted) > 0 {
		p.wrapped("", "Accepted although it could not be checked: "+accepted(pl.Accepted), p.ink.plain)
	}
	if !p.detail && todo > 0 && !p.look.Brief {
		p.wrapped("", "Attributes and steps are left out of a plan this long. To see them all: glueguard plan show "+ShortDigest(pl.Digest)+" -o markdown", p.ink.dim)
	}
	switch {
	case pl.Errored:
		p.wrapped("", "The planning itself went wrong somewhere, so this plan can't be applied.", p.ink.bad)
	case todo > 0 && !pl.Applyable:
		p.wrapped("", "As it stands nothing of it can be applied: see the checks and what is to be accepted.", p.ink.doubt)
	}
	for _, f := range p.look.Files {
		fmt.Fprintf(p.out, "Wrote %s\n", f)
	}
}

func accepted(codes []string) string {
	for _, c := range codes {
		if c == "*" {
			return "everything that could not be"
		}
	}
	return strings.Join(codes, ", ")
}

// ShortDigest is as much of a digest as names a plan among few.
func ShortDigest(digest string) string {
	hex := strings.TrimPrefix(digest, "sha256:")
	return hex[:min(12, len(hex))]
}
