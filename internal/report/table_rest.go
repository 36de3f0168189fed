package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
)

// remainder is what the findings leave for the sections behind their lists.
type remainder struct {
	exempt     []string             // the first few
	unnamed    int                  // exempt ones beyond those
	advisories map[string]*advisory // by code
}

// advisory is one kind of advisory: on how many findings, and the first one's text as an example.
type advisory struct {
	findings int
	message  string
}

func newRemainder() *remainder { return &remainder{advisories: map[string]*advisory{}} }

func (r *remainder) add(f finding.Finding) {
	for _, a := range f.Advisories {
		kind := r.advisories[a.Code]
		if kind == nil {
			kind = &advisory{message: a.Message}
			r.advisories[a.Code] = kind
		}
		kind.findings++
	}
	if f.Status != control.Exempt {
		return
	}
	if len(r.exempt) >= terminalPlaces || f.Exception == nil {
		r.unnamed++
		return
	}
	text := nameOf(f.Resource)
	if f.Exception.Expires != "" {
		text += " until " + f.Exception.Expires
	}
	r.exempt = append(r.exempt, text)
}

// unread shows every kind of read that failed, where, and in AWS's words why.
func (t *table) unread(out io.Writer, sum *tally) {
	if len(sum.unread) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s  %s\n", t.ink.strong("Could not be read"), t.ink.doubt(plural(entries(sum.unread), "read")+" failed"))
	for _, r := range sum.unread {
		why := r.status
		if r.code != "" {
			why += " (" + clean(r.code) + ")"
		}
		places := "  in " + t.places(r)
		title := "  " + why + "  " + r.operation
		if room := t.room(0); room > 0 && lipgloss.Width(title+places) > room {
			fmt.Fprintf(out, "  %s  %s\n", t.ink.doubt(why), r.operation)
			t.wrapped(out, "      in ", t.places(r))
		} else {
			fmt.Fprintf(out, "  %s  %s%s\n", t.ink.doubt(why), r.operation, places)
		}
		if r.message != "" {
			t.wrapped(out, "      ", r.message)
		}
		if hint := hintFor(r); hint != "" {
			t.wrapped(out, "      hint: ", hint)
		}
	}
}

// hintFor says what a person can do about a failed read.
func hintFor(r *reads) string {
	switch class := resource.FailureClass(r.status); {
	case resource.CredentialsEnded(r.code):
		return "run `aws sso login`, or renew the credentials where they came from, and audit again"
	case r.code == "UnrecognizedClientException" || r.code == "InvalidClientTokenId":
		return "the credentials are good elsewhere: the region may not be enabled in the account; leave it out, or enable it"
	case r.operation == "sts:AssumeRole" && class == resource.Denied:
		return "look whether the role (--role) exists in each of these accounts, and trusts this caller (--external-id)"
	case r.operation == "sts:AssumeRole" && class == resource.Errored:
		return "name a role with --role that is in each of these accounts and trusts this caller"
	case class == resource.Denied:
		return "allow " + r.operation + " to the role, or accept this read in glueguard.yaml until a date"
	case class == resource.Throttled:
		return "run it again when less is going on in the account"
	}
	return ""
}

// places names the locations of failed reads, on a terminal just the first few.
func (t *table) places(r *reads) string {
	if t.look.Terminal && len(r.places) > terminalPlaces {
		return fmt.Sprintf("%s … and %d more", strings.Join(r.places[:terminalPlaces], ", "), len(r.places)-terminalPlaces)
	}
	return strings.Join(r.places, ", ")
}

// notes gives a line to each thing that is not a failure, but that a reader should know.
func (t *table) notes(out io.Writer, sum *tally, rest *remainder) {
	var lines []string
	for _, r := range sum.notes {
		switch resource.FailureClass(r.status) {
		case resource.Skipped:
			lines = append(lines, fmt.Sprintf("Skipped: %s: %s", t.places(r), r.message))
		case resource.Excluded:
			lines = append(lines, fmt.Sprintf("Excluded by policy: %s in %s: %s", r.operation, t.places(r), r.message))
		default:
			lines = append(lines, fmt.Sprintf("Not offered by AWS: %s in %s", r.operation, t.places(r)))
		}
	}
	if len(rest.exempt)+rest.unnamed > 0 {
		lines = append(lines, "Exempt by policy: "+strings.Join(rest.named(), ", "))
	}
	for _, code := range slices.Sorted(maps.Keys(rest.advisories)) {
		a := rest.advisories[code]
		lines = append(lines, fmt.Sprintf("Note on %s (%s), e.g. %s", plural(a.findings, "finding"), code, a.message))
	}
	if len(lines) == 0 {
		return
	}
	fmt.Fprintln(out)
	for _, l := range lines {
		t.wrapped(out, "", l)
	}
}

// named lists the exempt ones that have a name, and counts the others.
func (r *remainder) named() []string {
	if r.unnamed == 0 {
		return r.exempt
	}
	return append(slices.Clone(r.exempt), fmt.Sprintf("%d more", r.unnamed))
}
