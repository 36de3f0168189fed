package console

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

func ref(name string) resource.Ref {
	return resource.Ref{
		Type: resource.TypeDevEndpoint, ARN: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/" + name, Name: name,
		Account: "111122223333", Region: "eu-west-1", Tags: map[string]string{"team": "data"},
	}
}

func failing(name string) finding.Finding {
	return finding.Finding{ID: "4f6f1d0c7e3f4f2d9a0b6c5d4e3f2a1b", Outcome: control.Outcome{
		Control: control.DevEndpointS3, Status: control.Fail, Reason: "no-security-configuration", Severity: control.Medium,
		Message: "The endpoint names no security configuration.", Resource: ref(name),
		Encryption: control.Encryption{Mode: resource.ModeNone},
		Advisories: []control.Advisory{{Code: "runtime-end-of-life", Message: "Glue 1.0 has reached its end of life."}},
	}}
}

func auditOf(id string, hours int, s store.Summary) openapi.Audit {
	at := noon().Add(-time.Duration(hours) * time.Hour)
	return openapi.Audit{ID: id, StartedAt: at, FinishedAt: at.Add(90 * time.Second), Summary: s, Policy: openapi.PolicyRef{Profile: "sop", Digest: "sha256:0f3a"}}
}

// full is a console's data with something of everything, all of it called name.
func full(name string) *fake {
	dana := store.Actor{Kind: store.ActorUser, Name: "dana", Address: "192.0.2.7"}
	sum := store.Summary{Pass: 30, Fail: 12, Unknown: 2, Exempt: 1, NotApplicable: 1, Locations: 4, APICalls: 120}
	audit, before := auditOf("a2", 1, sum), auditOf("a1", 25, store.Summary{Pass: 28, Fail: 15, Locations: 4})
	f := failing(name)
	exception := openapi.Exception{
		ID: "e1", Control: string(control.DevEndpointS3), Resource: endpointARN, Reason: "waits for " + name, Owner: name, Expires: "2026-12-01",
		State: openapi.ExceptionStateProposed, ProposedBy: dana, ProposedAt: noon().Add(-time.Hour), MayDecide: true, Version: 3,
	}
	trouble := []openapi.FindingFate{{Fate: report.New, Finding: f}}
	request := openapi.Request{
		ID: "r1", Work: store.Work{Kind: store.RequestAudit, Audit: &store.AuditScope{Regions: []string{"eu-west-1"}}}, State: store.RequestPending,
		ProposedBy: dana, ProposedAt: noon().Add(-10 * time.Minute), Digest: "sha256:aa", NeedsApproval: true, Reason: name, Version: 2,
		May: []openapi.Verb{openapi.VerbDecide},
	}
	working := openapi.Request{
		ID: "r2", Work: store.Work{Kind: store.RequestApply, Plan: planDigest, AcceptWarnings: []string{"irreversible"}}, State: store.RequestRunning, ProposedBy: dana,
		ProposedAt: noon(), Digest: "sha256:bb", StartedBy: dana, StartedAt: noon(), May: []openapi.Verb{openapi.VerbInterrupt},
		InterruptedBy: openapi.Actor{Name: "kim"}, InterruptedAt: noon(),
	}
	ended := openapi.Request{
		ID: "r3", Work: store.Work{Kind: store.RequestBackout, Changes: []store.ChangeAt{{ID: "c2", At: 9}}}, State: store.RequestEnded, ProposedBy: dana, ProposedAt: noon(),
		DecidedBy: dana, DecidedAt: noon(), Note: name, EndedAt: noon(), Results: []openapi.RequestResult{{Subject: endpointARN, Change: "c2", Message: name, Hint: name}, {Subject: name, OK: true}},
	}
	compared := openapi.Comparison{Audit: audit, Since: before, Counts: report.FateCounts{New: 1, Resolved: 4}, Items: trouble, Total: 1}
	catalogue, err := control.ReadCatalogue()
	if err != nil {
		panic(err)
	}
	controls := append([]openapi.Control{}, catalogue.Documents[:1]...)
	return &fake{
		overview: openapi.Overview{
			Audit: &audit, Accounts: 2, Regions: 1, Unread: 3, UnreadLocations: 1, Changed: &compared,
			ByControl: []openapi.Share{{Name: string(control.DevEndpointS3), Fail: 12, Pass: 20, Unknown: 2}, {Name: string(control.MLTransform), Pass: 10, Exempt: 1}},
			ByAccount: []openapi.Share{{Name: "111122223333", Fail: 12, Pass: 30}, {Name: "444455556666", Pass: 1}},
			ByRegion:  []openapi.Share{{Name: "eu-west-1", Fail: 12, Pass: 31}},
			Trend:     []openapi.TrendPoint{{Audit: "a1", At: before.StartedAt, Summary: before.Summary}, {Audit: "a2", At: audit.StartedAt, Summary: sum}},
			Waiting: openapi.Waiting{
				Decide: []openapi.Request{request}, DecideTotal: 3, Exceptions: []openapi.Exception{exception}, ExceptionsTotal: 1,
				Expiring: []openapi.Exception{exception}, ExpiringTotal: 1,
			},
		},
		findings: openapi.FindingPage{
			Audit: "a2", Items: []finding.Finding{f}, Total: 120,
			Facets: []store.Facet{{Field: "account", Value: "111122223333", Count: 100}, {Field: "tag", Value: name, Count: 2}, {Field: "status", Value: "fail", Count: 12}},
		},
		detail: openapi.ResourceDetail{
			Audit: "a2", AuditedAt: audit.FinishedAt, Resource: f.Resource, Kind: "Development endpoint", Encryption: f.Encryption, Repairable: true,
			Findings: []openapi.FindingDetail{{Audit: "a2", Finding: f, History: finding.History{FirstSeen: before.StartedAt, LastSeen: audit.StartedAt}}},
			Facts: []openapi.Record{
				{Type: resource.TypeDevEndpoint, Name: name, State: resource.RecordKnown, Facts: factsOf(name)},
				{Type: resource.TypeKey, ID: name, State: resource.RecordUnknown, Failure: &resource.Failure{Operation: "kms:DescribeKey", Class: resource.Denied, Message: name}},
			},
			Requests: []openapi.Request{request}, Exceptions: []openapi.Exception{exception}, Controls: controls,
			Commands: []openapi.Command{{Title: "Plan it", Command: "glueguard plan --resource " + name + " --mode SSE-S3"}},
		},
		audits: []openapi.Audit{audit, before}, requests: []openapi.Request{request, working, ended}, comparison: compared,
		schedules: []openapi.Schedule{{ID: "s1", Name: name, EveryMinutes: 1440, NextAt: noon().Add(time.Hour), LastError: name, Version: 1}},
		coverage: openapi.CoveragePage{Audit: "a2", Total: 2, Unread: 1, Items: []openapi.CoverageLine{
			{Coverage: resource.Coverage{Account: "111122223333", Region: "eu-west-1", Operation: "glue:GetDevEndpoints", Status: "denied", ErrorCode: "AccessDeniedException", Message: name}, Unread: true, Advice: "Allow glue:GetDevEndpoints."},
			{Coverage: resource.Coverage{Account: "111122223333", Region: "eu-west-1", Operation: "glue:GetMLTransforms", Status: "ok", Items: 4, Pages: 1}},
		}},
		plans: []plan.Plan{planFor(name)}, changes: changesFor(name), approvals: true,
		keys: []openapi.Key{
			{ARN: keyARN, Aliases: []string{"alias/" + name}, Description: name, State: "Enabled", Manager: "CUSTOMER", Rotation: openapi.KeyRotationOn, Usable: true, MayUse: []string{"arn:aws:iam::111122223333:role/" + name}},
			{ARN: keyARN + "2", State: "PendingDeletion", Manager: "AWS", Rotation: openapi.KeyRotationUnknown, Why: name},
		},
		leftovers: openapi.Leftovers{
			Orphans: []openapi.Orphan{{ARN: endpointARN, Name: name, Change: "c9"}, {ARN: keyARN, Name: name, Change: "c8", Alias: "alias/" + name}},
			Configurations: []openapi.UnusedConfiguration{
				{Location: resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}, Name: name},
				{Location: resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}, Name: "used", UsedBy: []string{name}},
			},
			Unread: []openapi.Coverage{{Account: "111122223333", Operation: "glue:GetJobs", Status: "denied", Message: name}},
		},
		exceptions: []openapi.Exception{exception},
		deeds:      []openapi.Deed{{Seq: 7, At: noon(), Actor: dana, Action: "request.approve", Subject: "r1", Outcome: "ok", Detail: map[string]string{"note": name}}},
		check:      openapi.TrailCheck{Ok: true, Entries: 7, Head: strings.Repeat("ab", 32), LastAt: noon()},
		userList:   []openapi.User{{ID: "u2", Name: name, Roles: []auth.Role{auth.Viewer}, Source: openapi.UserSourceLocal, HasPassword: true, Version: 4}},
		tokens:     []openapi.Token{{ID: "t1", Name: name, User: name, Roles: []auth.Role{auth.Viewer}, CreatedAt: noon(), ExpiresAt: noon().Add(time.Hour)}},
	}
}

const (
	planDigest = "sha256:0f3a9c2e0f3a9c2e0f3a9c2e0f3a9c2e0f3a9c2e0f3a9c2e0f3a9c2e0f3a9c2e"
	keyARN     = "arn:aws:kms:eu-west-1:111122223333:key/0c1b2c3d-1111-2222-3333-444455556666"
)

// planFor is a plan with something of everything.
func planFor(name string) plan.Plan {
	step := plan.Step{Name: "create-twin", Kind: plan.CreateEndpoint, Summary: "create " + name, Precondition: "nothing is called " + name, Irrevocable: true}
	item := plan.Item{
		Resource: ref(name), Strategy: plan.Replace, From: resource.ModeNone, To: resource.ModeSSEKMS, KMSKey: keyARN, Steps: []plan.Step{step},
		Attributes: []plan.Attribute{
			{Name: "name", Before: name, After: name},
			{Name: "security_configuration", After: name, Forces: true},
			{Name: "public_address", Before: "192.0.2.1", AfterUnknown: true},
			{Name: "tags.x", Before: name},
		},
		Consequences: []plan.Consequence{{Code: "name-kept", Text: "It keeps its name " + name}},
		Warnings:     []plan.Warning{{Code: plan.WarnIrreversible, Text: name, Flag: "--accept-irreversible"}},
		Checks: []plan.Check{
			{Code: "key-usable", Status: plan.Passed, Message: name},
			{Code: "subnet", Status: plan.Failed, Advisory: true, Message: name, Advice: name},
			{Code: "quota", Status: plan.Unchecked, Message: name, Advice: "Look for yourself."},
		},
		Permissions: []plan.Permission{{Action: "glue:CreateDevEndpoint", Resource: "*", Passed: "glue.amazonaws.com"}},
		Dependents:  []resource.Dependent{{Kind: "notebook", Name: name, Where: name}},
	}
	blocked := plan.Item{Resource: ref("other"), Blocked: &plan.Blocked{Code: plan.BlockedStack, Message: name, Instead: name}}
	return plan.Plan{
		Digest: planDigest, CreatedAt: noon(), AuditID: "a2", Applyable: true, Changes: []plan.Item{item, blocked}, Summary: plan.Summary{Replace: 1, Blocked: 1},
		Unread: []resource.Coverage{{Account: "111122223333", Operation: "glue:GetJobs", Status: "denied", Message: name}},
	}
}

// changesFor are a change that runs and one that waits for a person.
func changesFor(name string) []openapi.ChangeDetail {
	trouble := &change.Trouble{
		Code: change.TroubleVerify, Message: name, Advice: name, Operation: "glue:GetDevEndpoint", Differences: []change.Difference{{Attribute: "name", Want: name, Got: "x"}},
	}
	running := change.Document{
		ID: "c1", PlanDigest: planDigest, Resource: ref(name), Strategy: plan.Replace, From: resource.ModeNone, To: resource.ModeSSEKMS, State: change.Running,
		Phase: change.Apply, OpenedAt: noon().Add(-5 * time.Minute), UpdatedAt: noon().Add(-time.Second), By: name,
		Steps: []change.StepDocument{
			{Name: "create-twin", Phase: change.Apply, Summary: "create " + name, State: change.StepDone, StartedAt: noon().Add(-5 * time.Minute), FinishedAt: noon().Add(-4 * time.Minute)},
			{Name: "verify-twin", Phase: change.Apply, Summary: "verify " + name, State: change.StepRunning, StartedAt: noon().Add(-time.Minute)},
			{Name: "delete-original", Phase: change.Apply, Summary: "delete " + name, State: change.StepPending},
		},
	}
	waiting := running
	waiting.ID, waiting.State, waiting.WaitingFor, waiting.Trouble = "c2", change.Waiting, change.ForPerson, trouble
	waiting.Steps = append([]change.StepDocument{}, running.Steps...)
	waiting.Steps[1].State, waiting.Steps[1].Error = change.StepFailed, trouble
	verbs := []openapi.ChangeVerb{
		{Kind: store.RequestResume, Permission: auth.Run, Allowed: true},
		{Kind: store.RequestBackout, Permission: auth.Propose, Allowed: true, Warnings: []plan.Warning{{Code: plan.WarnIrreversible, Text: name}}},
		{Kind: store.RequestFinalize, Permission: auth.Propose},
	}
	commands := []openapi.Command{{Title: "Back it out", Command: "glueguard backout c2"}}
	return []openapi.ChangeDetail{{Change: running, At: 4}, {Change: waiting, At: 9, Verbs: verbs, Commands: commands, KeepsOriginal: true}}
}

func factsOf(name string) []byte {
	b, err := json.Marshal(map[string]any{"name": name, "arguments": map[string]string{"--x": name}, "created_at": noon()})
	if err != nil {
		panic(err)
	}
	return b
}
