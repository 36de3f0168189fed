package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// sarifWriter writes SARIF 2.1.0. A resource has no file, but readers such as code scanning want one: its location is a
// path made of account, region, type and name, beside its ARN as a logical location.
type sarifWriter struct{ version string }

type (
	sarifText struct {
		Text string `json:"text"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string      `json:"id"`
		Name          string      `json:"name"`
		Short         sarifText   `json:"shortDescription"`
		Full          sarifText   `json:"fullDescription"`
		Help          sarifText   `json:"help"`
		HelpURI       string      `json:"helpUri"`
		Configuration sarifLevel  `json:"defaultConfiguration"`
		Properties    sarifRuling `json:"properties"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifRuling struct {
		Tags     []string `json:"tags"`
		Severity string   `json:"security-severity"` // what code scanning sorts by
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    *int               `json:"ruleIndex,omitempty"`
		Kind         string             `json:"kind"`
		Level        string             `json:"level"`
		Baseline     string             `json:"baselineState,omitempty"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints sarifFingerprints  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Properties   sarifProperties    `json:"properties"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifURI    `json:"artifactLocation"`
		Region   sarifRegion `json:"region"`
	}
	sarifURI struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name          string `json:"name"`
		QualifiedName string `json:"fullyQualifiedName,omitempty"`
		Kind          string `json:"kind"`
	}
	sarifFingerprints struct {
		Finding string `json:"glueguardFinding/v1"`
		Line    string `json:"primaryLocationLineHash"` // the only one that code scanning goes by
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	sarifProperties struct {
		Status     control.Status     `json:"status"`
		Change     Fate               `json:"change,omitempty"`
		Reason     control.Reason     `json:"reason"`
		Severity   control.Severity   `json:"severity"`
		Account    string             `json:"account"`
		Region     string             `json:"region"`
		Encryption control.Encryption `json:"encryption"`
		Advisories []control.Advisory `json:"advisories"`
		Remedy     string             `json:"remedy,omitempty"`
		Command    string             `json:"command,omitempty"`
		Exception  *finding.Exception `json:"exception,omitempty"`
	}
	sarifNotification struct {
		Level      string          `json:"level"`
		Message    sarifText       `json:"message"`
		Descriptor sarifDescriptor `json:"descriptor"`
	}
	sarifDescriptor struct {
		ID string `json:"id"`
	}
)

func (s sarifWriter) Write(w io.Writer, audit Source) error {
	b, err := openBook()
	if err != nil {
		return err
	}
	out, lines := bufio.NewWriterSize(w, 64<<10), newEncoder()
	driver, err := lines.marshal(s.driver(b))
	if err != nil {
		return fmt.Errorf("write the rules: %w", err)
	}
	a := audit.Head()
	fmt.Fprintf(out, `{"$schema": %q, "version": "2.1.0", "runs": [{`+"\n", sarifSchema)
	fmt.Fprintf(out, ` "tool": {"driver": %s},`+"\n", driver)
	fmt.Fprintf(out, ` "automationDetails": {"id": %q, "guid": %q},`+"\n", "glueguard/"+a.ID, sarifGUID(a))
	c := comparisonOf(audit)
	if c != nil {
		since, err := lines.marshal(sinceOf(c))
		if err != nil {
			return fmt.Errorf("write the comparison: %w", err)
		}
		fmt.Fprintf(out, ` "baselineGuid": %q,`+"\n"+` "properties": {"since": %s},`+"\n", sarifGUID(c.Then()), since)
	}
	fmt.Fprint(out, ` "columnKind": "utf16CodeUnits",`+"\n"+` "results": [`+"\n")
	if err := writeList(out, sarifResults(b, audit, c)); err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	fmt.Fprintf(out, " ],\n \"invocations\": [{%s, \"toolExecutionNotifications\": [\n", sarifInvocation(a))
	if err := writeList(out, sarifNotifications(audit)); err != nil {
		return fmt.Errorf("write the coverage: %w", err)
	}
	fmt.Fprint(out, " ]}]\n}]}\n")
	return out.Flush()
}

// sarifGUID names an audit as SARIF wants it: its pattern has no place for ids as ours, which begin with the time.
func sarifGUID(a store.Audit) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(projectURL+"/audits/"+a.ID)).String()
}

// sarifResults are those of the audit, then what a comparison misses: readers that compare runs themselves would take what
// was not read for repaired.
func sarifResults(b *book, audit Source, c *Comparison) func(func(sarifResult) error) error {
	return func(yield func(sarifResult) error) error {
		err := audit.EachFinding(func(f finding.Finding) error {
			r := sarifResultOf(b, f)
			if c != nil {
				r.Properties.Change, r.Baseline = c.Of(f.ID), c.sarifState(f)
			}
			return yield(r)
		})
		if err != nil || c == nil {
			return err
		}
		return c.EachGone(func(f finding.Finding, fate Fate) error {
			r := sarifResultOf(b, c.today(f, fate))
			r.Properties.Change, r.Baseline = fate, sarifStateOf(fate)
			return yield(r)
		})
	}
}

// sarifState is a finding's baselineState: of one that failed in neither audit, whether it is as it was.
func (c *Comparison) sarifState(f finding.Finding) string {
	if fate := c.Of(f.ID); fate != "" {
		return sarifStateOf(fate)
	}
	switch known, same := c.was.tells(f); {
	case same:
		return "unchanged"
	case known:
		return "updated"
	}
	return "new"
}

// sarifStateOf puts a fate into SARIF's words, of which readers take "new" for what breaks a build and "absent" for what
// is repaired.
func sarifStateOf(fate Fate) string {
	switch fate {
	case New, Reopened:
		return "new"
	case Unchanged:
		return "unchanged"
	case Resolved:
		return "absent"
	}
	return "updated"
}

// sarifInvocation is the beginning of the invocation object.
func sarifInvocation(a store.Audit) string {
	text := fmt.Sprintf(`"executionSuccessful": %t, "startTimeUtc": %q`, !a.FinishedAt.IsZero(), timestamp(a.StartedAt))
	if !a.FinishedAt.IsZero() {
		text += fmt.Sprintf(`, "endTimeUtc": %q`, timestamp(a.FinishedAt))
	}
	return text
}

func sarifNotifications(audit Source) func(func(sarifNotification) error) error {
	return func(yield func(sarifNotification) error) error {
		return audit.EachCoverage(func(c resource.Coverage) error {
			if !c.Unread() {
				return nil
			}
			text := strings.TrimSpace(placeOf(c.Account, c.Region) + ": " + unreadWords(c))
			return yield(sarifNotification{Level: "error", Message: sarifText{tidy(text)}, Descriptor: sarifDescriptor{"unread-" + c.Status}})
		})
	}
}

func (s sarifWriter) driver(b *book) sarifDriver {
	d := sarifDriver{Name: product, Version: s.version, InformationURI: projectURL}
	for _, c := range b.documents {
		e := b.entry(c.ID)
		d.Rules = append(d.Rules, sarifRule{
			ID: string(c.ID), Name: camelCase(string(c.ID)), Short: sarifText{c.Title + "."}, Full: sarifText{c.What},
			Help: sarifText{strings.Join(c.Why, "\n")}, HelpURI: e.page(), Configuration: sarifLevel{sarifLevelOf(c.Severity)},
			Properties: sarifRuling{Tags: []string{"security", "encryption-at-rest", "aws-glue"}, Severity: sarifScore(c.Severity)},
		})
	}
	return d
}

// camelCase is the form that SARIF recommends for the names of rules.
func camelCase(id string) string {
	name := ""
	for word := range strings.SplitSeq(id, "-") {
		name += strings.ToUpper(word[:min(1, len(word))]) + word[min(1, len(word)):]
	}
	return name
}

func sarifLevelOf(s control.Severity) string {
	switch s {
	case control.High:
		return "error"
	case control.Medium:
		return "warning"
	}
	return "note"
}

// sarifScore is in the range that code scanning takes for the same word.
func sarifScore(s control.Severity) string {
	switch s {
	case control.High:
		return "8.0"
	case control.Medium:
		return "5.5"
	}
	return "3.0"
}

func sarifResultOf(b *book, f finding.Finding) sarifResult {
	f = complete(f)
	remedy := control.RemedyOf(f.Outcome)
	r := sarifResult{
		RuleID: string(f.Control), Kind: "fail", Level: "none", Message: sarifText{tidy(f.Message)},
		Locations:    []sarifLocation{sarifPlace(f.Resource)},
		Fingerprints: sarifFingerprints{f.ID, f.ID + ":1"},
		Properties: sarifProperties{
			Status: f.Status, Reason: f.Reason, Severity: f.Severity, Account: f.Resource.Account, Region: f.Resource.Region,
			Encryption: f.Encryption, Advisories: f.Advisories, Remedy: remedy.Advice, Command: remedy.Command, Exception: f.Exception,
		},
	}
	if e := b.entry(f.Control); e.index >= 0 {
		r.RuleIndex = &e.index
	}
	switch f.Status {
	case control.Fail, control.Exempt:
		r.Level = sarifLevelOf(f.Severity)
	case control.Pass:
		r.Kind = "pass"
	case control.NotApplicable:
		r.Kind = "notApplicable"
	default:
		r.Kind = "open" // judged, without enough to tell
	}
	if f.Status == control.Exempt {
		r.Suppressions = []sarifSuppression{{Kind: "external", Status: "accepted", Justification: exceptionWords(f)}}
	}
	return r
}

func sarifPlace(r resource.Ref) sarifLocation {
	kind := string(r.Type)[strings.LastIndex(string(r.Type), ":")+1:]
	path := []string{"aws", cmp.Or(r.Account, "account"), cmp.Or(r.Region, "global"), kind, cmp.Or(tidy(r.ID), tidy(r.Name), "all")}
	for i := range path {
		path[i] = url.PathEscape(path[i])
		if strings.Trim(path[i], ".") == "" { // a name, not the way up
			path[i] = strings.ReplaceAll(path[i], ".", "%2E")
		}
	}
	return sarifLocation{
		Physical: sarifPhysical{Artifact: sarifURI{strings.Join(path, "/")}, Region: sarifRegion{StartLine: 1}},
		Logical:  []sarifLogical{{Name: titleOf(r), QualifiedName: tidy(r.ARN), Kind: "resource"}},
	}
}
