package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
)

// fullPlan has at least one of everything that a plan can show.
func fullPlan() plan.Plan {
	return plan.Plan{
		Schema: plan.Schema, Digest: "sha256:3f9a21c47e0b5d6f8a9b0c1d2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6f7",
		CreatedAt: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), AuditID: "0197d2f0-0000-7000-8000-000000000001",
		Policy: plan.PolicyRef{Profile: "sop", Digest: "sha256:44136fa355b3678a"}, Access: plan.Access{Role: "GlueRepair"},
		Applyable: true, Summary: plan.Summary{Replace: 2, Retire: 1, Blocked: 1},
		Changes: []plan.Item{endpointItem(), transformItem(), retiredItem(), stackItem()},
		Unread: []resource.Coverage{
			{Account: "444455556666", Region: "eu-west-1", Operation: "glue:GetMLTransforms", Status: "denied", ErrorCode: "AccessDeniedException"},
			{Account: "444455556666", Region: "us-east-1", Operation: "glue:GetMLTransforms", Status: "denied", ErrorCode: "AccessDeniedException"},
		},
		Accepted: []string{"free-addresses"},
	}
}

func itemOf(t resource.Type, name, id string) plan.Item {
	l := resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}
	arn := l.ARN("glue", "devEndpoint/"+name)
	if t == resource.TypeMLTransform {
		arn = l.ARN("glue", "mlTransform/"+id)
	}
	return plan.Item{
		Resource: resource.Ref{Type: t, ARN: arn.String(), ID: id, Name: name, Account: l.Account, Region: l.Region},
		Location: l, Identity: resource.Identity{Type: t, ARN: arn.String(), ID: id, Name: name},
		Strategy: plan.Replace, From: resource.ModeNone, To: resource.ModeSSEKMS,
	}
}

func endpointItem() plan.Item {
	i := itemOf(resource.TypeDevEndpoint, "etl", "")
	i.Findings = []plan.FindingRef{
		{ID: "f-1", Control: control.DevEndpointS3, Reason: string(control.NoConfiguration)},
		{ID: "f-2", Control: control.DevEndpointLogs, Reason: string(control.NoConfiguration)},
	}
	i.Attributes = []plan.Attribute{
		{Name: "name", Before: "etl", After: "etl"},
		{Name: "security_configuration", After: "glueguard-0123456789abcdef", Forces: true},
		{Name: "glue_version", Before: "1.0", After: "1.0"},
		{Name: "private_address", Before: "10.0.0.12", AfterUnknown: true},
	}
	i.Steps = []plan.Step{
		{Name: "save-definition", Kind: plan.SaveDefinition, Summary: "Keep the whole definition of etl, and read it back"},
		{
			Name: "create-twin", Kind: plan.CreateEndpoint, Summary: "Make the encrypted twin etl-gg-0badcafe", Precondition: "no other endpoint has that name",
			Inverse: []plan.Step{{Name: "delete-twin", Kind: plan.DeleteEndpoint, Summary: "Delete the twin"}},
		},
		{Name: "wait-twin", Kind: plan.WaitReady, Summary: "Wait until the twin is READY (10 to 15 minutes)"},
		{Name: "delete-original", Kind: plan.DeleteEndpoint, Summary: "Delete the original", Irrevocable: true},
		{Name: "create-replacement", Kind: plan.CreateEndpoint, Summary: "Make the encrypted etl"},
	}
	i.Consequences = []plan.Consequence{
		{Code: "name-kept", Text: "The name stays, so notebooks that attach by name find it again."},
		{Code: "overlap-cost", Text: "For about 45 minutes two endpoints run side by side: 3.8 DPU-hours at most."},
	}
	i.Permissions = []plan.Permission{
		{Action: "glue:DeleteDevEndpoint", Resource: i.Resource.ARN, Step: "delete-original"},
		{Action: "glue:CreateDevEndpoint", Resource: i.Resource.ARN, Step: "create-twin"},
		{Action: "glue:CreateDevEndpoint", Resource: i.Resource.ARN, Step: "create-replacement"},
	}
	i.Checks = []plan.Check{
		{Code: "key-usable", Status: plan.Passed, Message: "the key is enabled"},
		{Code: "twin-quota", Status: plan.Passed, Message: "room for 3 more"},
		{Code: "role-key", Status: plan.Failed, Message: "the role etl-role may not use the key", Advice: "allow it kms:Decrypt, or add --grant-role"},
		{Code: "free-addresses", Status: plan.Unchecked, Message: "ec2:DescribeSubnets was denied", Accepted: true},
		{Code: "route-to-kms", Status: plan.Unchecked, Message: "ec2:DescribeRouteTables was denied", Advice: "allow it to the caller"},
		{Code: "simulation", Status: plan.Failed, Advisory: true, Message: "IAM's simulator says that glue:GetTags is not allowed"},
	}
	i.Dependents = []resource.Dependent{{Kind: "notebook", Name: "aws-glue-workbench", Where: "tag aws-glue-dev-endpoint"}}
	return i
}

func transformItem() plan.Item {
	i := itemOf(resource.TypeMLTransform, "dedupe <crm> | a|b", "tfm-0123")
	i.Attributes = []plan.Attribute{
		{Name: "user_data_encryption", Before: "NONE", After: "SSE-KMS", Forces: true},
		{Name: "kms_key", After: plan.KeyPlaceholder, Forces: true},
		{Name: "transform_id", Before: "tfm-0123", AfterUnknown: true},
	}
	i.Steps = []plan.Step{{Name: "create-key", Kind: plan.CreateKey, Summary: "Make a KMS key"}}
	i.Dependents = []resource.Dependent{{
		Kind: "job", Name: "nightly", Where: "default argument --transform_id", Used: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC), Argument: true,
	}}
	return i
}

func retiredItem() plan.Item {
	i := itemOf(resource.TypeDevEndpoint, "old", "")
	i.Strategy, i.To = plan.Retire, ""
	i.Attributes = []plan.Attribute{{Name: "name", Before: "old"}, {Name: "glue_version", Before: "0.9"}}
	i.Steps = []plan.Step{{Name: "delete-original", Kind: plan.DeleteEndpoint, Summary: "Delete old", Irrevocable: true}}
	i.Warnings = []plan.Warning{
		{Code: plan.WarnIrreversible, Text: "Glue 0.9 has ended: it may not be possible to make it again.", Flag: "--accept-irreversible"},
		{Code: plan.WarnWeaker, Text: "What it encrypts will not be any more.", Flag: "--accept-weaker", Accepted: true},
	}
	return i
}

func stackItem() plan.Item {
	i := itemOf(resource.TypeDevEndpoint, "workbench", "")
	i.Blocked = &plan.Blocked{
		Code: plan.BlockedStack, Message: "CloudFormation stack glue-workbench owns it, and would put the old one back.",
		Instead: "Set SecurityConfiguration in the stack's template and update the stack.",
	}
	return i
}

// leftPlan leaves alone what it can for many reasons.
func leftPlan() plan.Plan {
	p := plan.Plan{Schema: plan.Schema, Complete: true}
	left := func(kind resource.Type, name, code, message, instead string) {
		i := itemOf(kind, name, "tfm-"+name)
		i.Blocked = &plan.Blocked{Code: code, Message: message, Instead: instead}
		if kind == resource.TypeKey {
			i.Findings = []plan.FindingRef{{Control: control.KeyManagement, Reason: string(control.KeyRotationOff)}}
		}
		p.Changes = append(p.Changes, i)
		p.Summary.Blocked++
	}
	for _, name := range []string{"a", "b", "c"} {
		left(resource.TypeDevEndpoint, "mode-"+name, plan.BlockedNoMode, "Nothing says which encryption is wanted.", "Give --mode.")
		left(resource.TypeMLTransform, "labels-"+name, plan.BlockedNoLabels, "It has labels of "+name+".", "Give --labels-s3.")
		left(resource.TypeKey, "key-"+name, plan.BlockedNotHere, "Replacing does not settle it.", "Turn rotation on.")
		left(resource.TypeDevEndpoint, "busy-"+name, plan.BlockedUnderWay, "The change "+name+" is open.", "Let "+name+" end first.")
	}
	left(resource.TypeMLTransform, "mode-d", plan.BlockedNoMode, "Nothing says which encryption is wanted.", "Give --mode.")
	left(resource.TypeDevEndpoint, "there", plan.BlockedAlready, "It already has SSE-S3.", "Nothing needs to be done.")
	p.Changes = append(p.Changes, stackItem())
	return p
}

func TestPlans(t *testing.T) {
	t.Parallel()
	many := fullPlan()
	for range 11 {
		many.Changes = append(many.Changes, endpointItem())
	}
	many.Summary.Replace += 11
	for name, c := range map[string]struct {
		format string
		look   report.Look
		plan   plan.Plan
	}{
		"plan-plain":    {"table", report.Look{}, fullPlan()},
		"plan-terminal": {"table", report.Look{Terminal: true, Width: 100}, fullPlan()},
		"plan-narrow":   {"table", report.Look{Terminal: true, Width: 60}, fullPlan()},
		"plan-color":    {"table", report.Look{Terminal: true, Color: true, Width: 100}, fullPlan()},
		"plan-brief":    {"table", report.Look{Brief: true}, fullPlan()},
		"plan-many":     {"table", report.Look{Terminal: true, Width: 100}, many},
		"plan-left":     {"table", report.Look{}, leftPlan()},
		"plan-left-md":  {"markdown", report.Look{}, leftPlan()},
		"plan-empty":    {"table", report.Look{}, plan.Plan{Complete: true}},
		"plan-errored":  {"table", report.Look{Files: []string{"plan.json"}}, plan.Plan{Errored: true, Summary: plan.Summary{Blocked: 1}}},
		"plan-ticket":   {"markdown", report.Look{}, fullPlan()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := report.LookupPlan(c.format)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := f.Write(&out, c.look, c.plan); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.Bytes())
			if c.look.Terminal {
				return
			}
			for _, r := range out.String() {
				if r > 0x7e && c.format == "table" {
					t.Fatalf("%q is not for a pipe", r)
				}
			}
		})
	}
}

func TestPlanKeepsTerminalsSafe(t *testing.T) {
	t.Parallel()
	p := fullPlan()
	p.Changes[0].Resource.Name = "etl\x1b[2J\nglueguard: all is well"
	p.Changes[0].Attributes[1].Before = "\x1b]0;owned\a"
	for _, format := range []string{"table", "markdown"} {
		f, err := report.LookupPlan(format)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := f.Write(&out, report.Look{}, p); err != nil {
			t.Fatal(err)
		}
		if s := out.String(); strings.Contains(s, "\x1b") || strings.Contains(s, "\nglueguard: all is well") {
			t.Errorf("%s lets through what a terminal obeys", format)
		}
	}
}
