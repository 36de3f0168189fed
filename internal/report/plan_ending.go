package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/plan"
)

func reasonOf(f plan.FindingRef) control.Reason { return control.Reason(f.Reason) }

// unreadLine is one kind of failed read with the places where it failed, each once.
type unreadLine struct {
	what, message, hint string
	places              []string
}

// unreadLines gathers a plan's failed reads by what failed, in the order in which they come. What an item that is left
// alone says already is not said again.
func unreadLines(p plan.Plan) []unreadLine {
	said := map[string]bool{}
	for _, i := range p.Changes {
		if i.Blocked != nil {
			said[i.Blocked.Message] = true
		}
	}
	var lines []unreadLine
	index := map[string]int{}
	for _, c := range p.Unread {
		what := c.Status + "  " + clean(c.Operation)
		if c.ErrorCode != "" {
			what = c.Status + " (" + clean(c.ErrorCode) + ")  " + clean(c.Operation)
		}
		at, known := index[what]
		if !known {
			at = len(lines)
			index[what] = at
			hint := hintFor(&reads{status: c.Status, code: c.ErrorCode, operation: c.Operation})
			lines = append(lines, unreadLine{what: what, hint: hint})
			if !said[c.Message] {
				lines[at].message = c.Message
			}
		}
		if place := placeOf(c.Account, c.Region); !slices.Contains(lines[at].places, place) {
			lines[at].places = append(lines[at].places, place)
		}
	}
	return lines
}

// unread says what the plan may lack, because it could not be read.
func (p *planPage) unread(pl plan.Plan) {
	lines := unreadLines(pl)
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
		if l.message != "" {
			p.wrapped("      ", l.message, p.ink.dim)
		}
		if l.hint != "" {
			p.wrapped("      hint: ", l.hint, p.ink.dim)
		}
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
	if pl.Errored {
		p.wrapped("", "The planning itself went wrong somewhere, so this plan can't be applied.", p.ink.bad)
	} else {
		p.stopped(pl)
	}
	for _, f := range p.look.Files {
		fmt.Fprintf(p.out, "Wrote %s\n", f)
	}
}

// stopped counts the changes that can't start as they stand: by a check that failed, or until something is accepted.
func (p *planPage) stopped(pl plan.Plan) {
	todo, _ := split(pl)
	failed, pending := 0, 0
	var flags []string
	for _, i := range todo {
		needs := acceptances(i)
		switch {
		case !i.Applyable():
			failed++
		case len(needs) > 0:
			pending++
			flags = append(flags, needs...)
		}
	}
	if failed > 0 {
		p.wrapped("", fmt.Sprintf("%s: a check failed.", ofThem(failed, len(todo), "can't start")), p.ink.doubt)
	}
	if pending > 0 {
		slices.Sort(flags)
		text := ofThem(pending, len(todo), "start only with") + " " + strings.Join(slices.Compact(flags), " ") + ", given to plan or to apply."
		p.wrapped("", text, p.ink.doubt)
	}
}

// ofThem says how many of several do something.
func ofThem(n, all int, what string) string {
	switch {
	case n == 1 && all == 1:
		return "It " + strings.Replace(what, "start only", "starts only", 1)
	case n == 1:
		return "1 of them " + strings.Replace(what, "start only", "starts only", 1)
	case n == all:
		return "They " + what
	}
	return fmt.Sprintf("%d of them %s", n, what)
}

// acceptances are the flags that an item can't start without.
func acceptances(i plan.Item) []string {
	var flags []string
	for _, c := range i.Checks {
		if c.Status == plan.Unchecked && c.Stops() {
			flags = append(flags, "--accept-unchecked="+c.Code)
		}
	}
	for _, w := range i.Warnings {
		if !w.Accepted {
			flags = append(flags, w.Flag)
		}
	}
	return flags
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
