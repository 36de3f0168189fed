package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// SecurityHubBatch is how many findings one BatchImportFindings takes.
const SecurityHubBatch = 100

// What Security Hub takes at most. Lengths are in bytes, which never allows more than AWS's characters.
const (
	asffTitle          = 256
	asffDescription    = 1024
	asffRecommendation = 512
	asffID             = 512
	asffValue          = 1024
	asffRequirements   = 32
	asffTags           = 50
	asffTagKey         = 128
	asffTagValue       = 256
)

// asffGlobal is the region that stands for none: Security Hub wants one.
const asffGlobal = "us-east-1"

// SecurityHub turns findings into what BatchImportFindings takes.
type SecurityHub struct {
	// Product names the product that a finding comes from. Nil: the default product of the finding's own account and
	// region, which any account may import into.
	Product func(partition, account, region string) string
	// Owner is the account that findings are given to; empty: each finding's own, as Security Hub demands unless it
	// knows the product.
	Owner string
	// Version of the program, to be told with each finding; may be empty.
	Version string

	audit string
	seen  time.Time
	at    string
	book  *book
}

// SecurityFinding is an AwsSecurityFinding: those of its members that we have something to say in.
type SecurityFinding struct {
	SchemaVersion         string
	ID                    string `json:"Id"`
	ProductARN            string `json:"ProductArn"`
	GeneratorID           string `json:"GeneratorId"`
	AWSAccountID          string `json:"AwsAccountId"`
	Types                 []string
	LastObservedAt        string
	CreatedAt             string
	UpdatedAt             string
	Severity              SecuritySeverity
	Title                 string
	Description           string
	Remediation           *SecurityRemediation `json:",omitempty"`
	SourceURL             string               `json:"SourceUrl"`
	ProductFields         map[string]string
	Resources             []SecurityResource
	Compliance            SecurityCompliance
	RecordState           string
	FindingProviderFields SecurityProviderFields
}

// SecuritySeverity is how bad a finding is.
type SecuritySeverity struct {
	Label    string
	Original string `json:",omitempty"`
}

// SecurityRemediation is what to do about a finding.
type SecurityRemediation struct{ Recommendation SecurityRecommendation }

// SecurityRecommendation is a text, and where to read more.
type SecurityRecommendation struct {
	Text string
	URL  string `json:"Url"`
}

// SecurityResource is what a finding is about.
type SecurityResource struct {
	Type      string
	ID        string            `json:"Id"`
	Partition string            `json:",omitempty"`
	Region    string            `json:",omitempty"`
	Tags      map[string]string `json:",omitempty"`
	Details   SecurityDetails
}

// SecurityDetails are the facts that were read.
type SecurityDetails struct{ Other map[string]string }

// SecurityCompliance is what the check said.
type SecurityCompliance struct {
	Status              string
	RelatedRequirements []string         `json:",omitempty"`
	StatusReasons       []SecurityReason `json:",omitempty"`
}

// SecurityReason says why a check said so.
type SecurityReason struct {
	ReasonCode  string
	Description string
}

// SecurityProviderFields are those members that only their provider may change later.
type SecurityProviderFields struct {
	Severity SecuritySeverity
	Types    []string
}

// asffWriter writes a JSON array of AwsSecurityFinding, one on each line: any hundred of one account and region are a
// batch.
type asffWriter struct{ version string }

func (a asffWriter) Write(w io.Writer, audit Source) error {
	hub, err := SecurityHub{Version: a.version}.Of(audit.Head())
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprint(out, "[\n")
	err = writeList(out, func(yield func(*SecurityFinding) error) error {
		c := comparisonOf(audit)
		var s SecurityFinding
		err := audit.EachFinding(func(f finding.Finding) error {
			s = hub.Finding(f).since(c, c.Of(f.ID))
			return yield(&s)
		})
		if err != nil || c == nil {
			return err
		}
		return c.EachGone(func(f finding.Finding, fate Fate) error {
			if fate != Resolved { // nothing is known of it: Security Hub may hold it as it does
				return nil
			}
			s = hub.Gone(c.today(f, fate)).since(c, fate)
			return yield(&s)
		})
	})
	if err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	fmt.Fprint(out, "]\n")
	return out.Flush()
}

// Of prepares for the findings of an audit.
func (h SecurityHub) Of(audit store.Audit) (*SecurityHub, error) {
	b, err := openBook()
	if err != nil {
		return nil, err
	}
	h.audit, h.seen, h.book = audit.ID, observedAt(audit).Truncate(time.Millisecond), b
	h.at = h.seen.Format("2006-01-02T15:04:05.000Z")
	if h.Product == nil {
		h.Product = DefaultProduct
	}
	return &h, nil
}

// ObservedAt is when the audit saw what it says, as exactly as Security Hub is told: its findings are updated then.
func (h *SecurityHub) ObservedAt() time.Time { return h.seen }

// DefaultProduct is the product that an account may import its own findings under without asking anybody.
func DefaultProduct(partition, account, region string) string {
	return fmt.Sprintf("arn:%s:securityhub:%s:%s:product/%[3]s/default", partition, region, account)
}

// Finding turns a finding of the audit into what Security Hub takes. Its id is the same in every audit, so that what was
// sent is updated; CreatedAt is the audit's time too, unless who sends it knows when it was seen first.
func (h *SecurityHub) Finding(f finding.Finding) SecurityFinding {
	r, c := f.Resource, h.book.entry(f.Control)
	account := cmp.Or(h.Owner, r.Account)
	severity := SecuritySeverity{Label: asffSeverity(f), Original: string(f.Severity)}
	types := []string{"Software and Configuration Checks/Industry and Regulatory Standards"}
	s := SecurityFinding{
		SchemaVersion: "2018-10-08", ID: cut("glueguard/"+f.ID, asffID),
		ProductARN:  h.Product(partitionOf(r), account, cmp.Or(r.Region, asffGlobal)),
		GeneratorID: "glueguard/" + string(f.Control), AWSAccountID: account, Types: types,
		LastObservedAt: h.at, CreatedAt: h.at, UpdatedAt: h.at, Severity: severity,
		Title: cut(c.Title, asffTitle), Description: cut(cmp.Or(tidy(f.Message), c.Title), asffDescription),
		SourceURL: c.page(), ProductFields: h.fields(f), Resources: []SecurityResource{asffResource(f)},
		Compliance:            asffCompliance(c, f),
		RecordState:           "ACTIVE",
		FindingProviderFields: SecurityProviderFields{Severity: severity, Types: types},
	}
	if f.Status == control.NotApplicable {
		s.RecordState = "ARCHIVED"
	}
	if remedy := control.RemedyOf(f.Outcome); remedy.Advice != "" {
		text := strings.TrimSpace(remedy.Advice + " " + tidy(remedy.Command))
		s.Remediation = &SecurityRemediation{SecurityRecommendation{Text: cut(text, asffRecommendation), URL: c.page()}}
	}
	return s
}

// Gone is a finding that the audit does not have any more: archived, as it is when findings are sent.
func (h *SecurityHub) Gone(f finding.Finding) SecurityFinding {
	s := h.Finding(f)
	s.Compliance.Status, s.RecordState = "PASSED", "ARCHIVED"
	return s
}

// since says what became of a finding since the audit that this one is compared with, if any.
func (s SecurityFinding) since(c *Comparison, fate Fate) SecurityFinding {
	if c == nil {
		return s
	}
	s.ProductFields["glueguard/since"] = c.Then().ID
	if fate != "" {
		s.ProductFields["glueguard/change"] = string(fate)
	}
	return s
}

// fields are what the format has no place for. None may be empty.
func (h *SecurityHub) fields(f finding.Finding) map[string]string {
	fields := map[string]string{"glueguard/audit": h.audit, "glueguard/control": string(f.Control), "glueguard/status": string(f.Status)}
	put := func(name, value string) {
		if value = strings.TrimSpace(value); value != "" {
			fields["glueguard/"+name] = cut(value, asffValue)
		}
	}
	put("version", h.Version)
	put("reason", string(f.Reason))
	put("exception", exceptionWords(f))
	for i, a := range f.Advisories {
		if i == 20 { // of the 50 fields that there may be
			break
		}
		put("advisory/"+strconv.Itoa(i+1), tidy(a.Code+": "+a.Message))
	}
	return fields
}

// asffSeverity says INFORMATIONAL where nothing is to be done.
func asffSeverity(f finding.Finding) string {
	switch {
	case f.Status != control.Fail && f.Status != control.Unknown:
		return "INFORMATIONAL"
	case f.Severity == control.High:
		return "HIGH"
	case f.Severity == control.Medium:
		return "MEDIUM"
	}
	return "LOW"
}

// asffCompliance: an exempt finding is a warning, since nobody has repaired it. It is not suppressed: what is suppressed
// in Security Hub stays so, also when the exception has ended.
func asffCompliance(c *bookEntry, f finding.Finding) SecurityCompliance {
	status := "NOT_AVAILABLE"
	switch f.Status {
	case control.Pass:
		status = "PASSED"
	case control.Fail:
		status = "FAILED"
	case control.Exempt:
		status = "WARNING"
	}
	requirements, _ := c.mapped(f)
	why := cmp.Or(exceptionWords(f), tidy(f.Message), string(f.Reason), string(f.Status))
	return SecurityCompliance{
		Status: status, RelatedRequirements: requirements[:min(len(requirements), asffRequirements)],
		StatusReasons: []SecurityReason{{
			ReasonCode:  strings.ToUpper(strings.ReplaceAll(cmp.Or(string(f.Reason), string(f.Status)), "-", "_")),
			Description: cut(why, asffDescription),
		}},
	}
}

// asffResource describes the resource. Security Hub knows no development endpoints and no transforms.
func asffResource(f finding.Finding) SecurityResource {
	r := f.Resource
	s := SecurityResource{
		Type: "Other", ID: cut(cmp.Or(tidy(r.ARN), tidy(r.ID), placeOf(r.Account, r.Region)+" "+titleOf(r)), asffID),
		Partition: partitionOf(r), Region: r.Region,
		Details: SecurityDetails{Other: map[string]string{}},
	}
	if r.Type == resource.TypeKey {
		s.Type = "AwsKmsKey"
	}
	for name, value := range map[string]string{
		"Type": string(r.Type), "Id": r.ID, "Name": r.Name, "EncryptionMode": string(f.Encryption.Mode), "KmsKey": f.Encryption.KMSKey,
		"SecurityConfiguration": f.Encryption.SecurityConfiguration,
	} {
		if value = tidy(value); value != "" {
			s.Details.Other[name] = cut(value, asffValue)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(r.Tags)) {
		// Security Hub takes no tags of AWS's own, and none that are empty.
		if value := strings.TrimSpace(r.Tags[k]); value != "" && !strings.HasPrefix(k, "aws:") && len(s.Tags) < asffTags {
			if s.Tags == nil {
				s.Tags = map[string]string{}
			}
			s.Tags[cut(k, asffTagKey)] = cut(value, asffTagValue)
		}
	}
	return s
}
