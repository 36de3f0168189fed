package deliver

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/glueguard/glueguard/internal/report"
)

// asff is a finding in the SDK's form. Its workflow is the customer's: a provider says nothing of it.
func (h *hub) asff(s report.SecurityFinding, firstSeen time.Time) types.AwsSecurityFinding {
	out := types.AwsSecurityFinding{
		SchemaVersion: &s.SchemaVersion, Id: &s.ID, ProductArn: &h.product, GeneratorId: &s.GeneratorID, AwsAccountId: &h.location.Account,
		CreatedAt: &s.CreatedAt, UpdatedAt: &s.UpdatedAt, LastObservedAt: &s.LastObservedAt,
		Title: &s.Title, Description: &s.Description, SourceUrl: &s.SourceURL, ProductFields: s.ProductFields, Types: s.Types,
		Severity:    &types.Severity{Label: types.SeverityLabel(s.Severity.Label), Original: text(s.Severity.Original)},
		RecordState: types.RecordState(s.RecordState), Compliance: complianceOf(s.Compliance),
		FindingProviderFields: &types.FindingProviderFields{
			Severity: &types.FindingProviderSeverity{Label: types.SeverityLabel(s.FindingProviderFields.Severity.Label), Original: text(s.FindingProviderFields.Severity.Original)},
			Types:    s.FindingProviderFields.Types,
		},
	}
	if !firstSeen.IsZero() {
		out.CreatedAt = aws.String(stamp(firstSeen))
		out.FirstObservedAt = out.CreatedAt
	}
	if r := s.Remediation; r != nil {
		out.Remediation = &types.Remediation{Recommendation: &types.Recommendation{Text: &r.Recommendation.Text, Url: &r.Recommendation.URL}}
	}
	for i := range s.Resources {
		r := s.Resources[i]
		out.Resources = append(out.Resources, types.Resource{
			Type: &r.Type, Id: &r.ID, Partition: types.Partition(r.Partition), Region: text(r.Region), Tags: r.Tags,
			Details: &types.ResourceDetails{Other: r.Details.Other},
		})
	}
	return out
}

func complianceOf(c report.SecurityCompliance) *types.Compliance {
	out := &types.Compliance{Status: types.ComplianceStatus(c.Status), RelatedRequirements: c.RelatedRequirements}
	for i := range c.StatusReasons {
		r := c.StatusReasons[i]
		out.StatusReasons = append(out.StatusReasons, types.StatusReason{ReasonCode: &r.ReasonCode, Description: &r.Description})
	}
	return out
}

// archived is a finding that was sent earlier, told to be over. It has what a provider may say, and none of what Security
// Hub has added.
func (h *hub) archived(f *types.AwsSecurityFinding) types.AwsSecurityFinding {
	at := stamp(h.form.ObservedAt())
	over := types.AwsSecurityFinding{
		SchemaVersion: f.SchemaVersion, Id: f.Id, ProductArn: f.ProductArn, GeneratorId: f.GeneratorId, AwsAccountId: f.AwsAccountId,
		CreatedAt: f.CreatedAt, FirstObservedAt: f.FirstObservedAt, LastObservedAt: f.LastObservedAt, UpdatedAt: &at,
		Title: f.Title, Description: f.Description, SourceUrl: f.SourceUrl, Types: f.Types, Resources: f.Resources, Remediation: f.Remediation,
		FindingProviderFields: f.FindingProviderFields, RecordState: types.RecordStateArchived,
		Compliance: &types.Compliance{
			Status: types.ComplianceStatusPassed,
			StatusReasons: []types.StatusReason{{
				ReasonCode: aws.String("GONE"), Description: aws.String("The resource is gone, or the control does not concern it any more."),
			}},
		},
	}
	if f.Severity != nil {
		over.Severity = &types.Severity{Label: f.Severity.Label, Original: f.Severity.Original}
	}
	if f.Compliance != nil {
		over.Compliance.RelatedRequirements = f.Compliance.RelatedRequirements
	}
	for name, value := range f.ProductFields {
		if strings.HasPrefix(name, "glueguard/") {
			if over.ProductFields == nil {
				over.ProductFields = map[string]string{}
			}
			over.ProductFields[name] = value
		}
	}
	return over
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// text is a pointer to a text that is not empty.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
