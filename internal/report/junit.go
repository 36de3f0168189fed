package report

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// junitWriter writes an audit as test results: one suite for each location, a test case for each finding. What fails is
// a failure, what is unknown an error; exempt findings, and those that the policy accepts as unread, are skipped. The
// reads that failed are a suite of their own, so that no build is green over what nobody has seen.
type junitWriter struct{}

// junitSuite is what must be known of a suite before its first case is written.
type junitSuite struct {
	place                            string
	tests, failures, errors, skipped int
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

const unreadSuite = "What could not be read"

func (junitWriter) Write(w io.Writer, audit Source) error {
	suites, unread, err := junitCounts(audit)
	if err != nil {
		return err
	}
	out := junitXML{out: bufio.NewWriterSize(w, 64<<10)} // it keeps the first error for Flush
	out.begin(audit.Head(), suites, unread)
	if err := out.locations(audit, suites); err != nil {
		return fmt.Errorf("write the findings: %w", err)
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
	err = audit.EachFinding(func(f finding.Finding) error {
		place := placeOf(f.Resource.Account, f.Resource.Region)
		if n := len(suites); n == 0 || suites[n-1].place != place {
			suites = append(suites, junitSuite{place: place})
		}
		suites[len(suites)-1].count(f)
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

// junitXML writes the elements.
type junitXML struct {
	out  *bufio.Writer
	when string
}

func (x *junitXML) begin(a store.Audit, suites []junitSuite, unread junitSuite) {
	x.when = observedAt(a).Format("2006-01-02T15:04:05")
	all := unread
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
	x.begun(string(f.Control), nameAndID(f.Resource))
	kind := junitKind(f)
	if kind == "" && len(f.Advisories) == 0 {
		x.raw("/>\n")
		return
	}
	x.raw(">\n")
	if kind != "" {
		x.raw("   <" + kind)
		x.attribute("message", junitMessage(f))
		if kind != "skipped" { // which has no type in most readers' schemas
			x.attribute("type", string(f.Reason))
		}
		x.raw(">")
		x.text(junitText(f))
		x.raw("</" + kind + ">\n")
	}
	if words := advisoryWords(f); words != "" {
		x.raw("   <system-out>")
		x.text(tidy(words))
		x.raw("</system-out>\n")
	}
	x.raw("  </testcase>\n")
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
