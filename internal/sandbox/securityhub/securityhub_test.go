package securityhub_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	hub "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/glueguard/glueguard/internal/sandbox/securityhub"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	account = "111122223333"
	region  = "eu-central-1"
	product = "arn:aws:securityhub:" + region + ":" + account + ":product/" + account + "/default"
)

func start() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

// client calls a hub as one account in one region.
type client struct {
	*testing.T
	call       service.Call
	operations map[string]service.Operation
}

func newClient(t *testing.T, h *securityhub.SecurityHub) client {
	t.Helper()
	c := client{T: t, operations: map[string]service.Operation{}, call: service.Call{Partition: "aws", Account: account, Region: region, Now: start()}}
	for _, op := range h.Service().Operations {
		c.operations[op.Name] = op
	}
	return c
}

func do[O any](c client, name string, in any) (*O, error) {
	c.Helper()
	out, err := c.operations[name].Invoke(&c.call, in)
	if err != nil {
		return nil, err
	}
	return out.(*O), nil
}

func (c client) load(findings ...types.AwsSecurityFinding) *hub.BatchImportFindingsOutput {
	c.Helper()
	out, err := do[hub.BatchImportFindingsOutput](c, "BatchImportFindings", &hub.BatchImportFindingsInput{Findings: findings})
	if err != nil {
		c.Fatal(err)
	}
	return out
}

func (c client) find(f *types.AwsSecurityFindingFilters) []types.AwsSecurityFinding {
	c.Helper()
	var all []types.AwsSecurityFinding
	in := &hub.GetFindingsInput{Filters: f, MaxResults: aws.Int32(2)}
	for {
		out, err := do[hub.GetFindingsOutput](c, "GetFindings", in)
		if err != nil {
			c.Fatal(err)
		}
		all = append(all, out.Findings...)
		if out.NextToken == nil {
			return all
		}
		in.NextToken = out.NextToken
	}
}

func (c client) refused(err error, code string) {
	c.Helper()
	var refused *service.Error
	if !errors.As(err, &refused) || refused.Code != code || refused.Message == "" {
		c.Errorf("error %v, want %s", err, code)
	}
}

// finding is one that keeps to the format.
func finding(id string, at int) types.AwsSecurityFinding {
	when := start().Add(time.Duration(at) * time.Hour).Format("2006-01-02T15:04:05.000Z")
	return types.AwsSecurityFinding{
		SchemaVersion: aws.String("2018-10-08"), Id: &id, ProductArn: aws.String(product), GeneratorId: aws.String("test/rule"), AwsAccountId: aws.String(account),
		CreatedAt: &when, UpdatedAt: &when, Title: aws.String("t"), Description: aws.String("d"),
		Resources:             []types.Resource{{Type: aws.String("Other"), Id: aws.String("r-" + id)}},
		Compliance:            &types.Compliance{Status: types.ComplianceStatusFailed},
		FindingProviderFields: &types.FindingProviderFields{Severity: &types.FindingProviderSeverity{Label: types.SeverityLabelHigh}, Types: []string{"a/b/c"}},
	}
}

func enabled(t *testing.T) client {
	t.Helper()
	h := securityhub.New()
	h.Enable(account, region, start())
	return newClient(t, h)
}

func TestEnabling(t *testing.T) {
	t.Parallel()
	c := newClient(t, securityhub.New())
	for name, in := range map[string]any{
		"BatchImportFindings": &hub.BatchImportFindingsInput{Findings: []types.AwsSecurityFinding{finding("x", 0)}},
		"GetFindings":         &hub.GetFindingsInput{}, "DescribeHub": &hub.DescribeHubInput{}, "DisableSecurityHub": &hub.DisableSecurityHubInput{},
	} {
		_, err := c.operations[name].Invoke(&c.call, in)
		c.refused(err, "InvalidAccessException")
	}
	if _, err := do[hub.EnableSecurityHubOutput](c, "EnableSecurityHub", &hub.EnableSecurityHubInput{}); err != nil {
		t.Fatal(err)
	}
	_, err := do[hub.EnableSecurityHubOutput](c, "EnableSecurityHub", &hub.EnableSecurityHubInput{})
	c.refused(err, "ResourceConflictException")
	out, err := do[hub.DescribeHubOutput](c, "DescribeHub", &hub.DescribeHubInput{})
	if err != nil || *out.HubArn != "arn:aws:securityhub:eu-central-1:111122223333:hub/default" || *out.SubscribedAt != "2026-11-23T08:00:00.000Z" {
		t.Errorf("%+v, %v", out, err)
	}
	_, err = do[hub.DescribeHubOutput](c, "DescribeHub", &hub.DescribeHubInput{HubArn: aws.String("arn:other")})
	c.refused(err, "ResourceNotFoundException")
	elsewhere := c
	elsewhere.call.Region = "us-east-1"
	_, err = do[hub.DescribeHubOutput](elsewhere, "DescribeHub", &hub.DescribeHubInput{})
	c.refused(err, "InvalidAccessException")
	if _, err := do[hub.DisableSecurityHubOutput](c, "DisableSecurityHub", &hub.DisableSecurityHubInput{}); err != nil {
		t.Fatal(err)
	}
	_, err = do[hub.DescribeHubOutput](c, "DescribeHub", &hub.DescribeHubInput{})
	c.refused(err, "InvalidAccessException")
}

func TestFindingsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*types.AwsSecurityFinding)
		want   string
	}{
		"schema": {func(f *types.AwsSecurityFinding) { f.SchemaVersion = aws.String("2017") }, "data.SchemaVersion"},
		"another region": {func(f *types.AwsSecurityFinding) {
			f.ProductArn = aws.String(strings.Replace(product, region, "eu-west-1", 1))
		}, "may import"},
		"another account": {func(f *types.AwsSecurityFinding) { f.AwsAccountId = aws.String("444455556666") }, "AwsAccountId must be 111122223333"},
		"no severity":     {func(f *types.AwsSecurityFinding) { f.FindingProviderFields = nil }, "required property 'FindingProviderFields'"},
		"a date":          {func(f *types.AwsSecurityFinding) { f.UpdatedAt = aws.String("2026-11-23") }, "data.UpdatedAt should match format"},
		"a long title":    {func(f *types.AwsSecurityFinding) { f.Title = aws.String(strings.Repeat("ü", 257)) }, "data.Title should NOT be longer than 256"},
		"an empty title":  {func(f *types.AwsSecurityFinding) { f.Title = aws.String("") }, "data.Title should NOT be shorter"},
		"a long remedy":   {func(f *types.AwsSecurityFinding) { f.Remediation = remedy(513) }, "data.Remediation.Recommendation.Text"},
		"no resource":     {func(f *types.AwsSecurityFinding) { f.Resources = nil }, "data.Resources"},
		"a long tag": {func(f *types.AwsSecurityFinding) {
			f.Resources[0].Tags = map[string]string{"a": strings.Repeat("x", 257)}
		}, "data.Resources[0].Tags['a']"},
		"many fields":    {func(f *types.AwsSecurityFinding) { f.ProductFields = many(51) }, "data.ProductFields"},
		"many tags":      {func(f *types.AwsSecurityFinding) { f.Resources[0].Tags = many(51) }, "data.Resources[0].Tags"},
		"many standards": {func(f *types.AwsSecurityFinding) { f.Compliance.RelatedRequirements = make([]string, 33) }, "data.Compliance.RelatedRequirements"},
		"more than 240 KB": {func(f *types.AwsSecurityFinding) {
			f.ProductFields = map[string]string{"x": strings.Repeat("x", 240<<10)}
		}, "240 KB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := enabled(t)
			bad := finding("bad", 0)
			test.change(&bad)
			out := c.load(finding("good", 0), bad)
			if *out.SuccessCount != 1 || *out.FailedCount != 1 || *out.FailedFindings[0].Id != "bad" || *out.FailedFindings[0].ErrorCode != "InvalidInput" ||
				!strings.Contains(*out.FailedFindings[0].ErrorMessage, test.want) {
				t.Errorf("%+v, want %q", out, test.want)
			}
			if got := c.find(nil); len(got) != 1 || *got[0].Id != "good" {
				t.Errorf("holds %d findings", len(got))
			}
		})
	}
}

func remedy(n int) *types.Remediation {
	return &types.Remediation{Recommendation: &types.Recommendation{Text: aws.String(strings.Repeat("x", n))}}
}

func many(n int) map[string]string {
	m := map[string]string{}
	for i := range n {
		m[fmt.Sprint("k", i)] = "v"
	}
	return m
}

func TestBatchesOfMoreThan6MB(t *testing.T) {
	t.Parallel()
	c := enabled(t)
	large := make([]types.AwsSecurityFinding, 30)
	for i := range large {
		large[i] = finding(fmt.Sprint(i), 0)
		large[i].ProductFields = map[string]string{"x": strings.Repeat("x", 230<<10)}
	}
	_, err := do[hub.BatchImportFindingsOutput](c, "BatchImportFindings", &hub.BatchImportFindingsInput{Findings: large})
	c.refused(err, "LimitExceededException")
}

func TestUpdates(t *testing.T) {
	t.Parallel()
	c := enabled(t)
	c.load(finding("x", 1))
	first := c.find(nil)[0]
	if first.Workflow.Status != types.WorkflowStatusNew || first.RecordState != types.RecordStateActive || *first.Region != region || *first.Severity.Normalized != 70 || first.Types[0] != "a/b/c" {
		t.Errorf("made %+v", first)
	}
	for _, step := range []struct {
		hour int
		want types.RecordState
	}{{1, types.RecordStateActive}, {0, types.RecordStateActive}, {2, types.RecordStateArchived}} {
		f := finding("x", step.hour)
		f.RecordState = types.RecordStateArchived
		c.load(f)
		if got := c.find(nil); len(got) != 1 || got[0].RecordState != step.want {
			t.Errorf("updated at hour %d: %s, want %s", step.hour, got[0].RecordState, step.want)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	c := enabled(t)
	for i, id := range []string{"a1", "a2", "b1", "c1", "c2"} {
		f := finding(id, i)
		if i%2 == 1 {
			f.RecordState, f.Compliance = types.RecordStateArchived, nil
		}
		c.load(f)
	}
	by := func(how types.StringFilterComparison, values ...string) (list []types.StringFilter) {
		for _, v := range values {
			list = append(list, types.StringFilter{Comparison: how, Value: aws.String(v)})
		}
		return list
	}
	for name, test := range map[string]struct {
		filters types.AwsSecurityFindingFilters
		want    string
	}{
		"none":            {types.AwsSecurityFindingFilters{}, "a1 a2 b1 c1 c2"},
		"either":          {types.AwsSecurityFindingFilters{Id: by("EQUALS", "a1", "c2", "z")}, "a1 c2"},
		"prefix":          {types.AwsSecurityFindingFilters{Id: by("PREFIX", "a")}, "a1 a2"},
		"neither":         {types.AwsSecurityFindingFilters{Id: by("NOT_EQUALS", "a1", "c2")}, "a2 b1 c1"},
		"not a prefix":    {types.AwsSecurityFindingFilters{Id: by("PREFIX_NOT_EQUALS", "a", "c")}, "b1"},
		"contains":        {types.AwsSecurityFindingFilters{ResourceId: by("CONTAINS", "-b")}, "b1"},
		"both":            {types.AwsSecurityFindingFilters{Id: by("PREFIX", "a"), RecordState: by("EQUALS", "ACTIVE")}, "a1"},
		"product":         {types.AwsSecurityFindingFilters{ProductArn: by("EQUALS", product), GeneratorId: by("PREFIX", "test/")}, "a1 a2 b1 c1 c2"},
		"without a state": {types.AwsSecurityFindingFilters{ComplianceStatus: by("EQUALS", "FAILED"), SeverityLabel: by("EQUALS", "HIGH"), WorkflowStatus: by("EQUALS", "NEW")}, "a1 b1 c2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := c
			c.T = t
			var ids []string
			for _, f := range c.find(&test.filters) {
				ids = append(ids, *f.Id)
			}
			if got := strings.Join(ids, " "); got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
	_, err := do[hub.GetFindingsOutput](c, "GetFindings", &hub.GetFindingsInput{Filters: &types.AwsSecurityFindingFilters{MalwareName: by("EQUALS", "x")}})
	c.refused(err, "InvalidInputException")
	_, err = do[hub.GetFindingsOutput](c, "GetFindings", &hub.GetFindingsInput{NextToken: aws.String("x")})
	c.refused(err, "InvalidInputException")
}
