package report

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// junitWriter writes an audit as test results: one suite for each location, a test case for each finding. What fails is
// a failure, what is unknown an error; exempt findings, and those that the policy accepts as unread, are skipped. The
// reads that failed are a suite of their own, so that no build is green over what nobody has seen. Names of test cases stay
// the same from audit to audit, since CI tools go by them: what is new is said in messages.
type junitWriter struct{}

// junitSuite is what must be known of a suite before its first case is written.
type junitSuite struct {
	place                            string
	tests, failures, errors, skipped int
	fates                            FateCounts // where an audit is compared with an earlier one
}

func (s *junitSuite) add(o junitSuite) {
	s.tests += o.tests
	s.failures += o.failures
	s.errors += o.errors
	s.skipped += o.skipped
}

func (s *junitSuite) count(f finding.Finding) {
	s.tests++
	switch junitKind(f) {
	case "failure":
		s.failures++
	case "error":
		s.errors++
	case "skipped":
		s.skipped++
	}
}

// junitKind is the element that a test case of a finding has; none: it passed.
func junitKind(f finding.Finding) string {
	switch {
	case f.Status == control.Pass:
		return ""
	case f.Status == control.Fail:
		return "failure"
	case f.Status == control.Exempt, f.Status == control.NotApplicable, f.Accepted():
		return "skipped"
	}
	return "error"
}

// The suites that are no location's.
const (
	unreadSuite = "What could not be read"
	goneSuite   = "Failed before, not in this audit"
)

func (junitWriter) Write(w io.Writer, audit Source) error {
	suites, unread, err := junitCounts(audit)
	if err != nil {
		return err
	}
	out := junitXML{out: bufio.NewWriterSize(w, 64<<10), since: comparisonOf(audit)} // it keeps the first error for Flush
	gone, err := junitGone(out.since)
	if err != nil {
		return fmt.Errorf("count what is gone: %w", err)
	}
	out.begin(audit.Head(), slices.Concat(suites, []junitSuite{gone, unread}))
	if err := out.locations(audit, suites); err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	if gone.tests > 0 {
		if err := out.gone(gone); err != nil {
			return fmt.Errorf("write what is gone: %w", err)
		}
	}
	if unread.tests > 0 {
		if err := out.unread(audit, unread); err != nil {
			return fmt.Errorf("write the coverage: %w", err)
		}
	}
	out.raw("</testsuites>\n")
	return out.out.Flush()
}

func junitCounts(audit Source) (suites []junitSuite, unread junitSuite, err error) {
	since := comparisonOf(audit)
	err = audit.EachFinding(func(f finding.Finding) error {
		place := placeOf(f.Resource.Account, f.Resource.Region)
		if n := len(suites); n == 0 || suites[n-1].place != place {
			suites = append(suites, junitSuite{place: place})
		}
		s := &suites[len(suites)-1]
		s.count(f)
		if fate := since.Of(f.ID); fate != "" {
			*s.fates.of(fate)++
		}
		return nil
	})
	if err != nil {
		return nil, junitSuite{}, fmt.Errorf("count the findings: %w", err)
	}
	unread.place = unreadSuite
	err = audit.EachCoverage(func(c resource.Coverage) error {
		if c.Unread() {
			unread.tests++
			unread.errors++
		}
		return nil
	})
	if err != nil {
		return nil, junitSuite{}, fmt.Errorf("count the coverage: %w", err)
	}
	return suites, unread, nil
}

// junitGone counts what failed before and is not in the audit. What is gone passes; what was not read is skipped.
func junitGone(c *Comparison) (s junitSuite, err error) {
	s.place = goneSuite
	if c == nil {
		return s, nil
	}
	err = c.EachGone(func(_ finding.Finding, fate Fate) error {
		s.tests++
		*s.fates.of(fate)++
		if fate != Resolved {
			s.skipped++
		}
		return nil
	})
	return s, err
}

// junitXML writes the elements.
type junitXML struct {
	out   *bufio.Writer
	when  string
	since *Comparison // nil: none
}

func (x *junitXML) begin(a store.Audit, suites []junitSuite) {
	x.when = observedAt(a).Format("2006-01-02T15:04:05")
	var all junitSuite
	for _, s := range suites {
		all.add(s)
	}
	x.raw(xml.Header + "<testsuites")
	x.attribute("name", "glueguard audit "+a.ID)
	x.numbers(all)
	x.attribute("time", seconds(a))
	x.raw(">\n")
}

// seconds is how long an audit took.
func seconds(a store.Audit) string {
	if a.FinishedAt.IsZero() {
		return "0"
	}
	return strconv.FormatFloat(a.FinishedAt.Sub(a.StartedAt).Round(time.Millisecond).Seconds(), 'f', -1, 64)
}

func (x *junitXML) locations(audit Source, suites []junitSuite) error {
	left := 0 // of the suite that is being written
	err := audit.EachFinding(func(f finding.Finding) error {
		if left == 0 && len(suites) > 0 {
			x.suite(suites[0])
			left, suites = suites[0].tests, suites[1:]
		}
		x.finding(f)
		if left--; left == 0 {
			x.raw(" </testsuite>\n")
		}
		return nil
	})
	return err
}

func (x *junitXML) suite(s junitSuite) {
	x.raw(" <testsuite")
	x.attribute("name", s.place)
	x.numbers(s)
	x.attribute("timestamp", x.when)
	x.raw(` time="0">` + "\n")
	if x.since == nil {
		return
	}
	x.raw("  <properties>\n")
	x.property("since", x.since.Then().ID)
	for _, f := range Fates() {
		x.property(string(f), strconv.Itoa(*s.fates.of(f)))
	}
	x.raw("  </properties>\n")
}

func (x *junitXML) property(name, value string) {
	x.raw("   <property")
	x.attribute("name", name)
	x.attribute("value", value)
	x.raw("/>\n")
}

func (x *junitXML) numbers(s junitSuite) {
	for _, n := range []struct {
		name  string
		value int
	}{{"tests", s.tests}, {"failures", s.failures}, {"errors", s.errors}, {"skipped", s.skipped}} {
		x.attribute(n.name, strconv.Itoa(n.value))
	}
}

func (x *junitXML) finding(f finding.Finding) {
	since := ""
	if x.since != nil {
		since = x.since.sinceWords(x.since.Of(f.ID))
	}
	x.begun(string(f.Control), nameAndID(f.Resource))
	kind := junitKind(f)
	if kind == "" && len(f.Advisories) == 0 && since == "" {
		x.raw("/>\n")
		return
	}
	x.raw(">\n")
	words := advisoryWords(f)
	if kind != "" {
		x.raw("   <" + kind)
		x.attribute("message", labelled(since, junitMessage(f)))
		if kind != "skipped" { // which has no type in most readers' schemas
			x.attribute("type", string(f.Reason))
		}
		x.raw(">")
		x.text(junitText(f))
		x.raw("</" + kind + ">\n")
	} else {
		words = labelled(since, words)
	}
	x.output(words)
	x.raw("  </testcase>\n")
}

func (x *junitXML) output(words string) {
	if words == "" {
		return
	}
	x.raw("   <system-out>")
	x.text(tidy(words))
	x.raw("</system-out>\n")
}

// gone writes what failed before and is not in the audit.
func (x *junitXML) gone(s junitSuite) error {
	x.suite(s)
	err := x.since.EachGone(func(f finding.Finding, fate Fate) error {
		x.begun(string(f.Control), placeOf(f.Resource.Account, f.Resource.Region)+" "+nameAndID(f.Resource))
		x.raw(">\n")
		f = x.since.today(f, fate)
		if fate == Resolved {
			x.output(f.Message)
		} else {
			x.raw("   <skipped")
			x.attribute("message", f.Message)
			x.raw("/>\n")
		}
		x.raw("  </testcase>\n")
		return nil
	})
	x.raw(" </testsuite>\n")
	return err
}

func junitMessage(f finding.Finding) string {
	if words := exceptionWords(f); words != "" {
		return f.Message + " " + words
	}
	return f.Message
}

// junitText is what a person needs to go on: which resource, how bad, what to do.
func junitText(f finding.Finding) string {
	text := tidy(f.Resource.ARN)
	if text != "" {
		text += "\n"
	}
	text += "severity " + string(f.Severity)
	r := control.RemedyOf(f.Outcome)
	if r.Advice != "" {
		text += "\n" + r.Advice
	}
	if r.Command != "" {
		text += "\n" + tidy(r.Command)
	}
	return text
}

func (x *junitXML) unread(audit Source, s junitSuite) error {
	x.suite(s)
	err := audit.EachCoverage(func(c resource.Coverage) error {
		if !c.Unread() {
			return nil
		}
		x.begun("coverage", placeOf(c.Account, c.Region)+" "+c.Operation)
		x.raw(">\n   <error")
		x.attribute("message", unreadWords(c))
		x.attribute("type", c.Status)
		x.raw("/>\n  </testcase>\n")
		return nil
	})
	x.raw(" </testsuite>\n")
	return err
}

func (x *junitXML) begun(class, name string) {
	x.raw("  <testcase")
	x.attribute("classname", class)
	x.attribute("name", name)
	x.raw(` time="0"`)
}

// raw writes what is XML already; bufio keeps errors for Flush.
func (x *junitXML) raw(text string) {
	x.out.WriteString(text) //nolint:errcheck // see above
}

func (x *junitXML) attribute(name, value string) {
	x.raw(" " + name + `="`)
	x.text(tidy(value))
	x.raw(`"`)
}

// text escapes; what XML can't carry becomes the replacement character.
func (x *junitXML) text(text string) {
	xml.EscapeText(x.out, []byte(text)) //nolint:errcheck // as in raw
}
