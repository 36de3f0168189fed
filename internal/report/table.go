package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// What a terminal is shown at most, since nobody reads more; pipes and files get everything.
const (
	terminalRows   = 200 // failing findings, before lists are cut
	terminalGroup  = 5   // rows of one location, when lists are cut
	terminalGroups = 20  // locations, when lists are cut
	terminalPlaces = 8   // locations named for one kind of failed read
	tableWidth     = 90  // columns below which a table would be all broken words
)

// table is the format for people: counts first, then what fails and what to do, then what could not be read, then
// one line each for what was not to be read, then the files written.
type table struct {
	look  Look
	ink   ink
	lists lister
}

// lister draws the rows of one location; it is what differs most between a terminal and a pipe.
type lister interface {
	group(out io.Writer, rows []row)
}

func newTable(l Look) *table {
	k := newInk(l.Color)
	t := &table{look: l, ink: k, lists: plainList{}}
	switch {
	case l.Terminal && l.Width > 0 && l.Width < tableWidth:
		t.lists = narrowList{ink: k}
	case l.Terminal:
		t.lists = terminalList{ink: k, width: l.Width}
	}
	return t
}

// row is a finding, made ready to be shown.
type row struct {
	severity, kind, name, arn, control, mode, reason, message string
	next                                                      string // what to do
	why                                                       string // the reason in words, where there is no room for the message
}

func (t *table) Write(w io.Writer, audit Source) error {
	out := bufio.NewWriterSize(w, 64<<10) // it keeps the first error for Flush
	sum, err := tallyOf(audit)
	if err != nil {
		return fmt.Errorf("read the coverage: %w", err)
	}
	t.head(out, audit.Head(), sum)
	rest, err := t.failing(out, audit)
	if err != nil {
		return fmt.Errorf("read the findings: %w", err)
	}
	t.unjudged(out, rest)
	t.unread(out, sum)
	t.notes(out, sum, rest)
	t.files(out)
	return out.Flush()
}

func (t *table) head(out io.Writer, a store.Audit, sum *tally) {
	s := a.Summary
	counts := []string{
		t.ink.count(t.ink.bad, s.Fail, "fail"), t.ink.count(t.ink.doubt, s.Unknown, "unknown"),
		t.ink.count(t.ink.good, s.Pass, "pass"), t.ink.count(t.ink.plain, s.Exempt, "exempt"),
		t.ink.count(t.ink.plain, s.NotApplicable, "not applicable"),
	}
	fmt.Fprintf(out, "%s\n", strings.Join(counts, t.ink.dim("  ·  ")))
	took := ""
	if !a.FinishedAt.IsZero() {
		took = " in " + a.FinishedAt.Sub(a.StartedAt).Round(10*time.Millisecond).String()
	}
	scope := fmt.Sprintf("%s, %s, %s%s; policy %s; audit %s",
		plural(len(sum.accounts), "account"), plural(len(sum.regions), "region"), plural(int(s.APICalls), "call"), took,
		a.PolicyProfile, a.ID)
	t.wrapped(out, "", scope)
	switch {
	case s.Fail+s.Unknown > 0:
	case s.Pass+s.Exempt+s.NotApplicable == 0 && len(sum.unread) == 0:
		fmt.Fprintf(out, "\nNothing to judge: no development endpoints and no ML transforms here.\n")
	case len(sum.unread) == 0:
		fmt.Fprintf(out, "\n%s\n", t.ink.good("Everything complies."))
	}
}

// remainder is what the first pass over the findings leaves for later sections.
type remainder struct {
	unknown    []row // those that their own listing is not to blame for: the coverage tells of the others
	more       int   // unknown ones that are not in the list
	exempt     []string
	advisories map[string]*advisory // by code
}

func (t *table) failing(out io.Writer, audit Source) (*remainder, error) {
	cut := t.look.Terminal && audit.Head().Summary.Fail > terminalRows
	g := grouping{table: t, out: out, cut: cut}
	rest := &remainder{advisories: map[string]*advisory{}}
	err := audit.EachFinding(func(f finding.Finding) error {
		switch f.Status {
		case control.Fail:
			g.add(f)
		case control.Unknown:
			rest.addUnknown(f, t.look.Terminal)
		case control.Exempt:
			rest.addExempt(f)
		}
		rest.addAdvisories(f)
		return nil
	})
	g.flush()
	if g.hiddenGroups > 0 {
		fmt.Fprintf(out, "\n%s\n", t.ink.dim(fmt.Sprintf("… and %d more failing in %s (use -o json)",
			g.hiddenRows, plural(g.hiddenGroups, "more location"))))
	}
	return rest, err
}

func (r *remainder) addUnknown(f finding.Finding, terminal bool) {
	switch {
	case f.Reason == control.ListingFailed:
	case terminal && len(r.unknown) >= terminalRows:
		r.more++
	default:
		shown := rowOf(f)
		shown.name = strings.Join([]string{f.Resource.Account, f.Resource.Region, shown.name}, " ")
		r.unknown = append(r.unknown, shown)
	}
}

// advisory is one kind of advisory: on how many findings, and the first one's text as an example.
type advisory struct {
	findings int
	message  string
}

func (r *remainder) addAdvisories(f finding.Finding) {
	for _, a := range f.Advisories {
		kind := r.advisories[a.Code]
		if kind == nil {
			kind = &advisory{message: a.Message}
			r.advisories[a.Code] = kind
		}
		kind.findings++
	}
}

func (r *remainder) addExempt(f finding.Finding) {
	if len(r.exempt) >= terminalPlaces || f.Exception == nil {
		r.exempt = append(r.exempt, "")
		return
	}
	text := nameOf(f.Resource)
	if f.Exception.Expires != "" {
		text += " until " + f.Exception.Expires
	}
	r.exempt = append(r.exempt, text)
}

// grouping gathers the failing findings of one location after the other.
type grouping struct {
	*table
	out io.Writer
	cut bool

	account, region          string
	rows                     []row
	groups                   int
	hiddenGroups, hiddenRows int
}

func (g *grouping) add(f finding.Finding) {
	if f.Resource.Account != g.account || f.Resource.Region != g.region {
		g.flush()
		g.account, g.region = f.Resource.Account, f.Resource.Region
	}
	g.rows = append(g.rows, rowOf(f))
}

// flush draws the location that is complete, the worst first.
func (g *grouping) flush() {
	n := len(g.rows)
	if n == 0 {
		return
	}
	g.groups++
	if g.cut && g.groups > terminalGroups {
		g.hiddenGroups++
		g.hiddenRows += n
		g.rows = g.rows[:0]
		return
	}
	slices.SortStableFunc(g.rows, func(a, b row) int { return cmp.Compare(weight(b.severity), weight(a.severity)) })
	shown := g.rows
	if g.cut && n > terminalGroup {
		shown = shown[:terminalGroup]
	}
	title := strings.TrimSpace(g.account + " " + g.region)
	fmt.Fprintf(g.out, "\n%s  %s\n", g.ink.strong(title), g.ink.bad(fmt.Sprintf("%d failing", n)))
	g.lists.group(g.out, shown)
	if more := n - len(shown); more > 0 {
		fmt.Fprintf(g.out, "  %s\n", g.ink.dim(fmt.Sprintf("… and %d more (use -o json)", more)))
	}
	g.steps(g.out, shown)
	g.rows = g.rows[:0]
}

// steps says what to do about the rows of a list: each step once, with the kind of resource that it is for.
func (t *table) steps(out io.Writer, rows []row) {
	said := map[string]bool{}
	for _, r := range rows {
		step := r.next
		if step == "" {
			continue
		}
		if t.look.Terminal {
			step = "→ " + r.kind + ": " + step
		} else {
			step = "next: " + r.control + ": " + step
		}
		if !said[step] {
			t.wrapped(out, "  ", step)
		}
		said[step] = true
	}
}

func weight(severity string) int {
	switch control.Severity(severity) {
	case control.High:
		return 3
	case control.Medium:
		return 2
	case control.Low:
		return 1
	}
	return 0
}

// kindOf is the short word for a control in lists, its id where there is none.
func kindOf(id control.ID) string {
	switch id {
	case control.DevEndpointS3:
		return "dev endpoint, S3"
	case control.DevEndpointLogs:
		return "dev endpoint, logs"
	case control.MLTransform:
		return "ML transform"
	case control.KeyManagement:
		return "KMS key"
	}
	return string(id)
}

func rowOf(f finding.Finding) row {
	r := row{
		severity: string(f.Severity), kind: kindOf(f.Control), name: nameOf(f.Resource), arn: f.Resource.ARN,
		control: string(f.Control), mode: cmp.Or(string(f.Encryption.Mode), "-"), reason: string(f.Reason), message: f.Message,
		next: control.NextStep(f.Outcome), why: strings.ReplaceAll(string(f.Reason), "-", " "),
	}
	if e := f.Exception; e != nil && e.Expired {
		r.why += ", exception expired " + e.Expires
	}
	return r
}

func nameOf(r resource.Ref) string {
	return cmp.Or(r.Name, r.ID, r.ARN)
}

// plural counts things whose plural ends in s.
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
