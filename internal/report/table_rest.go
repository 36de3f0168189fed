package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

// unjudged shows the findings that are unknown though their resource was listed.
func (t *table) unjudged(out io.Writer, rest *remainder) {
	if len(rest.unknown) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s  %s\n", t.ink.strong("Could not be judged"),
		t.ink.doubt(fmt.Sprintf("%d unknown", len(rest.unknown)+rest.more)))
	t.lists.group(out, rest.unknown)
	if rest.more > 0 {
		fmt.Fprintf(out, "  %s\n", t.ink.dim(fmt.Sprintf("… and %d more (use -o json)", rest.more)))
	}
	t.steps(out, rest.unknown)
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
			why += " (" + r.code + ")"
		}
		fmt.Fprintf(out, "  %s  %s  in %s\n", t.ink.doubt(why), r.operation, t.places(r))
		if r.message != "" {
			t.wrapped(out, "      ", r.message)
		}
		if hint := hintFor(r); hint != "" {
			t.wrapped(out, "      ", "→ "+hint)
		}
	}
}

// hintFor says what a person can do about a failed read.
func hintFor(r *reads) string {
	switch class := resource.FailureClass(r.status); {
	case r.operation == "sts:AssumeRole" && class != resource.Interrupted:
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
	if n := len(rest.exempt); n > 0 {
		var named []string
		for _, e := range rest.exempt {
			if e != "" {
				named = append(named, e)
			}
		}
		if n > len(named) {
			named = append(named, fmt.Sprintf("%d more", n-len(named)))
		}
		lines = append(lines, "Exempt by policy: "+strings.Join(named, ", "))
	}
	for _, code := range slices.Sorted(maps.Keys(rest.advisories)) {
		a := rest.advisories[code]
		lines = append(lines, fmt.Sprintf("Note: %s on %s, e.g. %s", code, plural(a.findings, "finding"), a.message))
	}
	if len(lines) == 0 {
		return
	}
	fmt.Fprintln(out)
	for _, l := range lines {
		t.wrapped(out, "", l)
	}
}

func (t *table) files(out io.Writer) {
	if len(t.look.Files) == 0 {
		return
	}
	fmt.Fprintln(out)
	for _, f := range t.look.Files {
		fmt.Fprintf(out, "Wrote %s\n", f)
	}
}

// wrapped writes text behind an indent, on a terminal broken at words to its width.
func (t *table) wrapped(out io.Writer, indent, text string) {
	text = strings.Join(strings.Fields(text), " ")
	if !t.look.Terminal || t.look.Width == 0 {
		fmt.Fprintf(out, "%s%s\n", indent, text)
		return
	}
	for _, line := range breakLines(text, max(t.look.Width-len(indent), 20)) {
		fmt.Fprintf(out, "%s%s\n", indent, t.ink.dim(line))
	}
}
