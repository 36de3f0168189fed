package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
)

// ocsfVersion is the version of the Open Cybersecurity Schema Framework that events are written in.
const ocsfVersion = "1.8.0"

// What OCSF numbers. Names stand beside the numbers, as it recommends.
const (
	ocsfFindings          = 2
	ocsfComplianceFinding = 2003
	ocsfAWSAccount        = 10
	ocsfRule              = 1
)

// ocsfWriter writes a JSON array of OCSF Compliance Findings, one on each line.
type ocsfWriter struct{ version string }

type (
	ocsfEvent struct {
		Activity     string           `json:"activity_name"`
		ActivityID   int              `json:"activity_id"`
		Category     string           `json:"category_name"`
		CategoryUID  int              `json:"category_uid"`
		Class        string           `json:"class_name"`
		ClassUID     int              `json:"class_uid"`
		Type         string           `json:"type_name"`
		TypeUID      int              `json:"type_uid"`
		Time         int64            `json:"time"`
		Severity     string           `json:"severity"`
		SeverityID   int              `json:"severity_id"`
		Status       string           `json:"status"`
		StatusID     int              `json:"status_id"`
		StatusCode   string           `json:"status_code"`
		StatusDetail string           `json:"status_detail,omitempty"`
		Message      string           `json:"message"`
		Metadata     ocsfMetadata     `json:"metadata"`
		Info         ocsfInfo         `json:"finding_info"`
		Compliance   ocsfCompliance   `json:"compliance"`
		Remediation  *ocsfRemediation `json:"remediation,omitempty"`
		Resources    []ocsfResource   `json:"resources"`
		Cloud        ocsfCloud        `json:"cloud"`
		Unmapped     ocsfUnmapped     `json:"unmapped"`
	}
	ocsfMetadata struct {
		UID         string      `json:"uid"`
		Correlation string      `json:"correlation_uid"`
		Version     string      `json:"version"`
		Profiles    []string    `json:"profiles"`
		Product     ocsfProduct `json:"product"`
	}
	ocsfProduct struct {
		UID     string `json:"uid"`
		Name    string `json:"name"`
		Vendor  string `json:"vendor_name"`
		Version string `json:"version,omitempty"`
		URL     string `json:"url_string"`
	}
	ocsfInfo struct {
		UID      string       `json:"uid"`
		Title    string       `json:"title"`
		Desc     string       `json:"desc,omitempty"`
		Types    []string     `json:"types"`
		LastSeen int64        `json:"last_seen_time"`
		Analytic ocsfAnalytic `json:"analytic"`
	}
	ocsfAnalytic struct {
		UID    string `json:"uid"`
		Name   string `json:"name"`
		Type   string `json:"type"`
		TypeID int    `json:"type_id"`
	}
	ocsfCompliance struct {
		Control      string   `json:"control"`
		Status       string   `json:"status"`
		StatusID     int      `json:"status_id"`
		StatusCode   string   `json:"status_code"`
		Details      []string `json:"status_details"`
		Standards    []string `json:"standards,omitempty"`
		Requirements []string `json:"requirements,omitempty"`
	}
	ocsfRemediation struct {
		Desc       string   `json:"desc"`
		References []string `json:"references"`
	}
	ocsfResource struct {
		UID       string    `json:"uid,omitempty"`
		Name      string    `json:"name"`
		Type      string    `json:"type"`
		Region    string    `json:"region,omitempty"`
		Partition string    `json:"cloud_partition"`
		Tags      []ocsfTag `json:"tags,omitempty"`
	}
	ocsfTag struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	ocsfCloud struct {
		Provider  string       `json:"provider"`
		Partition string       `json:"cloud_partition"`
		Region    string       `json:"region,omitempty"`
		Account   *ocsfAccount `json:"account,omitempty"`
	}
	ocsfAccount struct {
		UID    string `json:"uid"`
		Type   string `json:"type"`
		TypeID int    `json:"type_id"`
	}
	ocsfUnmapped struct { // what the class has no place for
		Change     Fate               `json:"change,omitempty"`
		Since      string             `json:"since_audit,omitempty"`
		Encryption control.Encryption `json:"encryption"`
		Advisories []control.Advisory `json:"advisories"`
		Command    string             `json:"remediation_command,omitempty"`
		Exception  *finding.Exception `json:"exception,omitempty"`
	}
	// ocsfCode is one of OCSF's numbers with its name.
	ocsfCode struct {
		id   int
		name string
	}
)

func (o ocsfWriter) Write(w io.Writer, audit Source) error {
	b, err := openBook()
	if err != nil {
		return err
	}
	out, head := bufio.NewWriterSize(w, 64<<10), audit.Head()
	at := observedAt(head).UnixMilli()
	fmt.Fprint(out, "[\n")
	err = writeList(out, func(yield func(*ocsfEvent) error) error {
		c := comparisonOf(audit)
		var e ocsfEvent
		err := audit.EachFinding(func(f finding.Finding) error {
			e = o.event(b, head.ID, at, f)
			e.since(c, c.Of(f.ID), ocsfActivity(c, f))
			return yield(&e)
		})
		if err != nil || c == nil {
			return err
		}
		return c.EachGone(func(f finding.Finding, fate Fate) error {
			if fate != Resolved { // nothing is known of it, so nothing happened to it
				return nil
			}
			e = o.event(b, head.ID, at, c.today(f, fate))
			e.since(c, fate, ocsfClose())
			return yield(&e)
		})
	})
	if err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	fmt.Fprint(out, "]\n")
	return out.Flush()
}

func (o ocsfWriter) event(b *book, audit string, at int64, f finding.Finding) ocsfEvent {
	f = complete(f)
	c, message := b.entry(f.Control), tidy(f.Message)
	severity, status, remedy := ocsfSeverity(f), ocsfStatus(f), control.RemedyOf(f.Outcome)
	e := ocsfEvent{
		Category: "Findings", CategoryUID: ocsfFindings, Class: "Compliance Finding", ClassUID: ocsfComplianceFinding,
		Time: at, Severity: severity.name, SeverityID: severity.id, Status: status.name, StatusID: status.id,
		StatusCode: string(f.Reason), StatusDetail: exceptionWords(f), Message: message,
		Metadata: ocsfMetadata{
			UID: audit + "/" + f.ID, Correlation: audit, Version: ocsfVersion, Profiles: []string{"cloud"},
			Product: ocsfProduct{UID: "glueguard", Name: product, Vendor: product, Version: o.version, URL: projectURL},
		},
		Info: ocsfInfo{
			UID: f.ID, Title: c.Title, Desc: c.What, Types: []string{"Encryption at rest"}, LastSeen: at,
			Analytic: ocsfAnalytic{UID: string(f.Control), Name: c.Title, Type: "Rule", TypeID: ocsfRule},
		},
		Compliance: ocsfComplianceOf(c, f),
		Resources:  []ocsfResource{ocsfResourceOf(f.Resource)},
		Cloud:      ocsfCloud{Provider: "AWS", Partition: partitionOf(f.Resource), Region: f.Resource.Region},
		Unmapped:   ocsfUnmapped{Encryption: f.Encryption, Advisories: f.Advisories, Command: remedy.Command, Exception: f.Exception},
	}
	if f.Resource.Account != "" {
		e.Cloud.Account = &ocsfAccount{UID: f.Resource.Account, Type: "AWS Account", TypeID: ocsfAWSAccount}
	}
	if remedy.Advice != "" {
		e.Remediation = &ocsfRemediation{Desc: remedy.Advice, References: []string{c.page()}}
	}
	return e
}

// since says what happened to a finding since the audit that this one is compared with, if any.
func (e *ocsfEvent) since(c *Comparison, fate Fate, activity ocsfCode) {
	e.Activity, e.ActivityID = activity.name, activity.id
	e.Type, e.TypeUID = "Compliance Finding: "+activity.name, ocsfComplianceFinding*100+activity.id
	if c != nil {
		e.Unmapped.Change, e.Unmapped.Since = fate, c.Then().ID
	}
}

// ocsfActivity is what happened to a finding: it was created, unless a comparison knows that it was there before.
func ocsfActivity(c *Comparison, f finding.Finding) ocsfCode {
	switch fate := c.Of(f.ID); {
	case c == nil, fate == New:
		return ocsfCode{1, "Create"}
	case fate == Resolved:
		return ocsfClose()
	case fate == "":
		if known, _ := c.was.tells(f); !known {
			return ocsfCode{1, "Create"}
		}
	}
	return ocsfCode{2, "Update"}
}

func ocsfClose() ocsfCode { return ocsfCode{3, "Close"} }

func ocsfComplianceOf(c *bookEntry, f finding.Finding) ocsfCompliance {
	verdict := ocsfVerdict(f)
	requirements, standards := c.mapped(f)
	return ocsfCompliance{
		Control: string(f.Control), Status: verdict.name, StatusID: verdict.id, StatusCode: string(f.Reason),
		Details: []string{tidy(f.Message)}, Standards: standards, Requirements: requirements,
	}
}

// ocsfVerdict is what the check said. An exempt finding fails; its event's status says that it is suppressed.
func ocsfVerdict(f finding.Finding) ocsfCode {
	switch f.Status {
	case control.Pass:
		return ocsfCode{1, "Pass"}
	case control.Fail, control.Exempt:
		return ocsfCode{3, "Fail"}
	case control.NotApplicable:
		return ocsfCode{99, "Not Applicable"}
	}
	return ocsfCode{0, "Unknown"}
}

// ocsfStatus is how far somebody has got with the finding.
func ocsfStatus(f finding.Finding) ocsfCode {
	switch f.Status {
	case control.Pass, control.NotApplicable:
		return ocsfCode{4, "Resolved"}
	case control.Exempt:
		return ocsfCode{3, "Suppressed"}
	}
	return ocsfCode{1, "New"}
}

func ocsfSeverity(f finding.Finding) ocsfCode {
	switch {
	case f.Status == control.Pass, f.Status == control.NotApplicable:
		return ocsfCode{1, "Informational"}
	case f.Severity == control.Low:
		return ocsfCode{2, "Low"}
	case f.Severity == control.Medium:
		return ocsfCode{3, "Medium"}
	case f.Severity == control.High:
		return ocsfCode{4, "High"}
	}
	return ocsfCode{0, "Unknown"}
}

func ocsfResourceOf(r resource.Ref) ocsfResource {
	o := ocsfResource{
		UID: tidy(cmp.Or(r.ARN, r.ID)), Name: titleOf(r), Type: string(r.Type), Region: r.Region, Partition: partitionOf(r),
	}
	for _, k := range slices.Sorted(maps.Keys(r.Tags)) {
		o.Tags = append(o.Tags, ocsfTag{Name: k, Value: r.Tags[k]})
	}
	return o
}
