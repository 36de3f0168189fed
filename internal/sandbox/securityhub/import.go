package securityhub

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	hub "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// What one finding and one batch may have. Source: Security Hub user guide, "BatchImportFindings for finding providers".
const (
	largestFinding = 240 << 10
	largestBatch   = 6 << 20
)

// importFindings takes each finding that keeps to the format, and names the others.
func (h *SecurityHub) importFindings(c *service.Call, in *hub.BatchImportFindingsInput) (*hub.BatchImportFindingsOutput, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, refused := h.in(c)
	if refused != nil {
		return nil, refused
	}
	out := &hub.BatchImportFindingsOutput{FailedFindings: []types.ImportFindingsError{}}
	total := 0
	for i := range in.Findings {
		f := in.Findings[i]
		size, err := weigh(&f)
		if err == nil {
			err = check(c, &f)
		}
		if total += size; total > largestBatch {
			return nil, service.Errorf("LimitExceededException", "The size of the batch exceeds 6 MB")
		}
		if err != nil {
			out.FailedFindings = append(out.FailedFindings, types.ImportFindingsError{
				Id: f.Id, ErrorCode: aws.String("InvalidInput"), ErrorMessage: aws.String(err.Error()),
			})
			continue
		}
		p.take(c, f)
	}
	out.FailedCount = aws.Int32(int32(len(out.FailedFindings)))
	out.SuccessCount = aws.Int32(int32(len(in.Findings) - len(out.FailedFindings)))
	return out, nil
}

// weigh returns about what a finding takes in a request, and an error for one that is too large.
func weigh(f *types.AwsSecurityFinding) (int, error) {
	size := weight(reflect.ValueOf(f))
	if size > largestFinding {
		return size, errors.New("Finding size exceeds 240 KB.") //nolint:staticcheck,revive // AWS's words
	}
	return size, nil
}

// weight sums up texts, with something for the names around them. What is not set takes nothing.
func weight(v reflect.Value) int {
	const around = 6 // quotes, a colon, a comma, braces
	n := 0
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			n = weight(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if w := weight(v.Field(i)); w > 0 {
				n += w + len(v.Type().Field(i).Name) + around
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			n += weight(v.Index(i)) + around
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			n += weight(entries.Key()) + weight(entries.Value()) + around
		}
	case reflect.String:
		n = v.Len()
	default:
		if v.IsValid() && !v.IsZero() {
			n = around
		}
	}
	return n
}

// malformed says in AWS's words how a finding does not keep to the format.
func malformed(format string, args ...any) error {
	return errors.New("Finding does not adhere to Amazon Finding Format. data" + fmt.Sprintf(format, args...) + ".")
}

// check refuses what does not keep to the format, and what is another account's or another region's to send.
func check(c *service.Call, f *types.AwsSecurityFinding) error {
	product := "arn:" + c.Partition + ":securityhub:" + c.Region + ":" + c.Account + ":product/" + c.Account + "/default"
	switch {
	case aws.ToString(f.SchemaVersion) != "2018-10-08":
		return malformed(".SchemaVersion should be equal to one of the allowed values")
	case aws.ToString(f.ProductArn) != product:
		return fmt.Errorf("%s is not a product that account %s may import findings of in %s", aws.ToString(f.ProductArn), c.Account, c.Region)
	case aws.ToString(f.AwsAccountId) != c.Account:
		return fmt.Errorf("the finding's AwsAccountId must be %s, the account that imports it", c.Account)
	case f.Severity == nil && (f.FindingProviderFields == nil || f.FindingProviderFields.Severity == nil):
		return malformed(" should have required property 'FindingProviderFields', data should match some schema in anyOf")
	}
	for _, t := range []struct {
		name  string
		value *string
	}{{"CreatedAt", f.CreatedAt}, {"UpdatedAt", f.UpdatedAt}, {"FirstObservedAt", f.FirstObservedAt}, {"LastObservedAt", f.LastObservedAt}} {
		if t.value == nil {
			continue
		}
		if _, err := time.Parse(time.RFC3339Nano, *t.value); err != nil {
			return malformed(".%s should match format \"date-time\"", t.name)
		}
	}
	if err := checkLengths(f); err != nil {
		return err
	}
	return checkResources(f)
}

func checkLengths(f *types.AwsSecurityFinding) error {
	texts := []struct {
		name string
		text *string
		most int
	}{{"Id", f.Id, 512}, {"GeneratorId", f.GeneratorId, 512}, {"Title", f.Title, 256}, {"Description", f.Description, 1024}}
	if f.Remediation != nil && f.Remediation.Recommendation != nil {
		texts = append(texts, struct {
			name string
			text *string
			most int
		}{"Remediation.Recommendation.Text", f.Remediation.Recommendation.Text, 512})
	}
	for _, t := range texts {
		if n := len([]rune(aws.ToString(t.text))); n > t.most {
			return malformed(".%s should NOT be longer than %d characters", t.name, t.most)
		} else if t.text != nil && n == 0 {
			return malformed(".%s should NOT be shorter than 1 characters", t.name)
		}
	}
	switch {
	case len(f.ProductFields) > 50:
		return malformed(".ProductFields should NOT have more than 50 properties")
	case len(f.Types) > 50:
		return malformed(".Types should NOT have more than 50 items")
	case f.Compliance != nil && len(f.Compliance.RelatedRequirements) > 32:
		return malformed(".Compliance.RelatedRequirements should NOT have more than 32 items")
	}
	return nil
}

func checkResources(f *types.AwsSecurityFinding) error {
	if n := len(f.Resources); n < 1 || n > 32 {
		return malformed(".Resources should have 1 to 32 items")
	}
	for i := range f.Resources {
		r := &f.Resources[i]
		if len(r.Tags) > 50 {
			return malformed(".Resources[%d].Tags should NOT have more than 50 properties", i)
		}
		for name, value := range r.Tags {
			if name == "" || len([]rune(name)) > 128 || len([]rune(value)) > 256 {
				return malformed(".Resources[%d].Tags['%s'] should be a tag of AWS's length", i, name)
			}
		}
	}
	return nil
}

// take creates or updates a finding. An update that is not newer is ignored, and what customers have said of a finding
// stays. Source: as above, "Determining whether to create or update a finding".
func (p *place) take(c *service.Call, f types.AwsSecurityFinding) {
	key := identity{*f.ProductArn, *f.Id}
	old, there := p.findings[key]
	if there && !later(*f.UpdatedAt, *old.UpdatedAt) {
		return
	}
	f.Region, f.ProductName, f.CompanyName = &c.Region, aws.String("Default"), aws.String("Personal")
	f.ProcessedAt = aws.String(stamp(c.Now))
	f.RecordState = cmp.Or(f.RecordState, types.RecordStateActive)
	provide(&f)
	f.Workflow, f.WorkflowState = &types.Workflow{Status: types.WorkflowStatusNew}, types.WorkflowStateNew
	if there {
		f.Note, f.UserDefinedFields, f.VerificationState, f.Workflow = old.Note, old.UserDefinedFields, old.VerificationState, old.Workflow
		if reopens(&old, &f) {
			f.Workflow = &types.Workflow{Status: types.WorkflowStatusNew}
		}
	}
	if p.findings == nil {
		p.findings = map[identity]types.AwsSecurityFinding{}
	}
	p.findings[key] = f
}

// provide fills severity and types from the fields that providers set, and the other way round.
func provide(f *types.AwsSecurityFinding) {
	if f.FindingProviderFields == nil {
		f.FindingProviderFields = &types.FindingProviderFields{Types: f.Types}
		if f.Severity != nil {
			f.FindingProviderFields.Severity = &types.FindingProviderSeverity{Label: f.Severity.Label, Original: f.Severity.Original}
		}
	}
	if by := f.FindingProviderFields.Severity; by != nil {
		f.Severity = &types.Severity{Label: by.Label, Original: by.Original}
	}
	if len(f.FindingProviderFields.Types) > 0 {
		f.Types = f.FindingProviderFields.Types
	}
	normalized := map[types.SeverityLabel]int32{
		types.SeverityLabelInformational: 0, types.SeverityLabelLow: 1, types.SeverityLabelMedium: 40, types.SeverityLabelHigh: 70, types.SeverityLabelCritical: 90,
	}
	if f.Severity != nil && f.Severity.Normalized == nil {
		f.Severity.Normalized = aws.Int32(normalized[f.Severity.Label])
	}
}

// reopens tells whether an update makes what a customer was done with a new matter.
func reopens(old, updated *types.AwsSecurityFinding) bool {
	if old.Workflow == nil || old.Workflow.Status != types.WorkflowStatusNotified && old.Workflow.Status != types.WorkflowStatusResolved {
		return false
	}
	passed := func(f *types.AwsSecurityFinding) bool {
		return f.Compliance != nil && f.Compliance.Status == types.ComplianceStatusPassed
	}
	return old.RecordState == types.RecordStateArchived && updated.RecordState == types.RecordStateActive || passed(old) && !passed(updated)
}

// later tells whether one instant is after another; both have been checked.
func later(a, b string) bool {
	x, _ := time.Parse(time.RFC3339Nano, a)
	y, _ := time.Parse(time.RFC3339Nano, b)
	return x.After(y)
}
