package control_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

func grants(statement string) string {
	return `{"Statement":[{"Sid":"Own","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},` + statement + `]}`
}

func TestKeyManagement(t *testing.T) {
	t.Parallel()
	everyone := grants(`{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"}`)
	everyoneInOrg := grants(`{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}}`)
	everyoneElsewhere := grants(`{"Sid":"Them","Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"999999999999"}}}`)
	outsider := grants(`{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:role/R"},"Action":"kms:Decrypt","Resource":"*"}`)
	services := grants(`{"Effect":"Allow","Principal":{"Service":"logs.eu-west-1.amazonaws.com"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":"AROAABCDEFGHIJKLMNOPQ"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Deny","Principal":"*","Action":"kms:ScheduleKeyDeletion","Resource":"*"}`)
	web := grants(`{"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"kms:Decrypt","Resource":"*"}`)
	partner := sop()
	partner.Keys.Accounts = []policy.AccountID{"999999999999"}
	listed := sop()
	listed.Keys.Allowed = []policy.ARNPattern{"arn:aws:kms:*:444455556666:key/*"}
	noChange := func(*resource.Key) {}
	tests := map[string]struct {
		change     func(*resource.Key)
		policy     policy.Policy
		status     control.Status
		reason     control.Reason
		severity   control.Severity
		advisories []string
		says       string
	}{
		"all well":         {noChange, sop(), "pass", "key-well-managed", "medium", nil, "key/good"},
		"all well, strict": {noChange, strict(), "pass", "key-well-managed", "medium", nil, ""},
		"disabled":         {func(k *resource.Key) { k.State = "Disabled" }, sop(), "fail", "key-disabled", "medium", nil, "is disabled"},
		"pending deletion": {func(k *resource.Key) {
			k.State = "PendingDeletion"
			k.DeletionDate = time.Date(2026, 12, 5, 1, 2, 3, 0, time.UTC)
		}, sop(), "fail", "key-pending-deletion", "medium", nil, "2026-12-05"},
		"pending, not rotating":  {func(k *resource.Key) { k.State = "PendingDeletion"; k.Rotation = resource.Known(false) }, sop(), "fail", "key-pending-deletion", "medium", nil, "is to be deleted,"},
		"replica pending":        {func(k *resource.Key) { k.State = "PendingReplicaDeletion" }, sop(), "fail", "key-pending-deletion", "medium", nil, ""},
		"pending import":         {func(k *resource.Key) { k.State = "PendingImport" }, sop(), "fail", "key-unavailable", "medium", nil, "PendingImport"},
		"unavailable":            {func(k *resource.Key) { k.State = "Unavailable" }, sop(), "fail", "key-unavailable", "medium", nil, ""},
		"creating":               {func(k *resource.Key) { k.State = "Creating" }, sop(), "fail", "key-unavailable", "medium", nil, ""},
		"updating":               {func(k *resource.Key) { k.State = "Updating" }, sop(), "unknown", "key-state-unrecognised", "medium", nil, "Updating"},
		"a new state":            {func(k *resource.Key) { k.State = "Resting" }, sop(), "unknown", "key-state-unrecognised", "medium", nil, "Resting"},
		"for signing":            {func(k *resource.Key) { k.Usage = "SIGN_VERIFY" }, sop(), "fail", "key-usage-unfit", "medium", nil, "SIGN_VERIFY"},
		"asymmetric":             {func(k *resource.Key) { k.Spec = "RSA_2048"; k.Rotation = resource.Absent[bool]() }, sop(), "fail", "key-spec-unfit", "medium", nil, "RSA_2048"},
		"another region":         {func(k *resource.Key) { k.ARN.Region = "us-east-1" }, sop(), "fail", "key-region-mismatch", "medium", nil, "is of region us-east-1 but used in eu-west-1, eu-west-2"},
		"rotation off":           {func(k *resource.Key) { k.Rotation = resource.Known(false) }, sop(), "fail", "key-rotation-off", "medium", nil, "does not rotate"},
		"can't rotate":           {func(k *resource.Key) { k.Rotation = resource.Absent[bool]() }, sop(), "pass", "key-well-managed", "medium", nil, ""},
		"rotation unread":        {func(k *resource.Key) { k.Rotation = resource.Unknown[bool](denied("kms:GetKeyRotationStatus")) }, sop(), "unknown", "key-rotation-unreadable", "medium", nil, "kms:GetKeyRotationStatus"},
		"rotation never read":    {func(k *resource.Key) { k.Rotation = resource.Fact[bool]{} }, sop(), "unknown", "key-rotation-unreadable", "medium", nil, ""},
		"policy unread":          {func(k *resource.Key) { k.Policy = resource.Unknown[string](denied("kms:GetKeyPolicy")) }, sop(), "unknown", "key-policy-unreadable", "medium", nil, "kms:GetKeyPolicy"},
		"policy absent":          {func(k *resource.Key) { k.Policy = resource.Absent[string]() }, sop(), "unknown", "key-policy-unreadable", "medium", nil, ""},
		"policy not understood":  {func(k *resource.Key) { k.Policy = resource.Known("{") }, sop(), "unknown", "key-policy-unreadable", "medium", nil, "not valid JSON"},
		"open to everyone":       {func(k *resource.Key) { k.Policy = resource.Known(everyone) }, sop(), "fail", "key-policy-wildcard", "high", nil, `statement "Open"`},
		"everyone of the org":    {func(k *resource.Key) { k.Policy = resource.Known(everyoneInOrg) }, sop(), "pass", "key-well-managed", "medium", nil, ""},
		"everyone of an account": {func(k *resource.Key) { k.Policy = resource.Known(everyoneElsewhere) }, sop(), "fail", "key-policy-outside-account", "medium", nil, "everyone of account 999999999999"},
		"the same, allowed":      {func(k *resource.Key) { k.Policy = resource.Known(everyoneElsewhere) }, partner, "pass", "key-well-managed", "medium", nil, ""},
		"outsider":               {func(k *resource.Key) { k.Policy = resource.Known(outsider) }, sop(), "fail", "key-policy-outside-account", "medium", nil, `arn:aws:iam::999999999999:role/R (statement "Partner")`},
		"outsider allowed":       {func(k *resource.Key) { k.Policy = resource.Known(outsider) }, partner, "pass", "key-well-managed", "medium", nil, ""},
		"services and deleted":   {func(k *resource.Key) { k.Policy = resource.Known(services) }, sop(), "pass", "key-well-managed", "medium", nil, ""},
		"web identities":         {func(k *resource.Key) { k.Policy = resource.Known(web) }, sop(), "fail", "key-policy-outside-account", "medium", nil, "accounts.google.com (statement 2)"},
		"not allowed":            {noChange, listed, "fail", "key-not-allowed", "medium", nil, "not among the keys and accounts"},
		"AWS managed": {func(k *resource.Key) {
			k.Manager, k.Policy, k.Rotation = "AWS", resource.Known(everyone), resource.Unknown[bool](denied("x"))
		}, sop(), "pass", "key-well-managed", "medium", []string{"aws-managed-key"}, "AWS manages its rotation"},
		"the worst comes first, then the others": {func(k *resource.Key) {
			k.State, k.Rotation, k.Policy = "Disabled", resource.Known(false), resource.Known(everyone)
			k.Spec, k.ARN.Region = "RSA_2048", "us-east-1"
		}, listed, "fail", "key-policy-wildcard", "high", []string{"key-disabled", "key-spec-unfit", "key-region-mismatch", "key-not-allowed", "key-rotation-off"}, "everyone"},
		"a failure before what is unknown": {func(k *resource.Key) {
			k.State, k.Rotation, k.Policy = "Updating", resource.Known(false), resource.Unknown[string](denied("kms:GetKeyPolicy"))
		}, sop(), "fail", "key-rotation-off", "medium", []string{"key-state-unrecognised", "key-policy-unreadable"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := goodKey()
			test.change(&k)
			second := here()
			second.Region = "eu-west-2"
			use := resource.KeyUse{Ref: k.ARN.String(), Key: resource.Known(k), UsedIn: []resource.Location{here()}}
			if k.ARN.Region != "eu-west-1" {
				use.UsedIn = append(use.UsedIn, second, here())
			}
			all := control.EvaluateKeys([]resource.KeyUse{use}, test.policy)
			if len(all) != 1 {
				t.Fatalf("got %d outcomes for one key", len(all))
			}
			o := all[0]
			check(t, o, want{test.status, test.reason, "", test.advisories})
			if o.Severity != test.severity || !strings.Contains(o.Message, test.says) {
				t.Errorf("severity %s, message %q; want %s and %q", o.Severity, o.Message, test.severity, test.says)
			}
			wantRef := resource.Ref{Type: resource.TypeKey, ARN: k.ARN.String(), ID: "good", Account: account, Region: k.ARN.Region, Tags: map[string]string{}}
			if diff := cmp.Diff(wantRef, o.Resource); diff != "" {
				t.Errorf("resource (-want +got):\n%s", diff)
			}
		})
	}
}

// A key that could not be read is placed by what is known of it.
func TestKeyNotRead(t *testing.T) {
	t.Parallel()
	unread := resource.Unknown[resource.Key](denied("kms:DescribeKey"))
	there := resource.Location{Partition: "aws", Account: "000000000000", Region: "eu-west-2"}
	listed := sop()
	listed.Keys.Allowed = []policy.ARNPattern{"arn:aws:kms:*:444455556666:key/*"}
	tests := map[string]struct {
		use        resource.KeyUse
		policy     policy.Policy
		want       want
		ref        resource.Ref
		severity   control.Severity
		adviceSays string
	}{
		"by ARN": {
			resource.KeyUse{Ref: keyARN, Key: unread, UsedIn: []resource.Location{here()}},
			sop(),
			want{"unknown", "key-unreadable", "", nil},
			resource.Ref{ARN: keyARN, ID: "good", Account: account, Region: "eu-west-1"},
			"medium", "",
		},
		"by ARN, of another region": {
			resource.KeyUse{Ref: keyARN, Key: unread, UsedIn: []resource.Location{there}},
			sop(),
			want{"fail", "key-region-mismatch", "", []string{"key-unreadable"}},
			resource.Ref{ARN: keyARN, ID: "good", Account: account, Region: "eu-west-1"},
			"medium", "could not be read",
		},
		"by ARN, not allowed": {
			resource.KeyUse{Ref: keyARN, Key: unread, UsedIn: []resource.Location{here()}},
			listed,
			want{"fail", "key-not-allowed", "", []string{"key-unreadable"}},
			resource.Ref{ARN: keyARN, ID: "good", Account: account, Region: "eu-west-1"},
			"medium", "",
		},
		"by alias ARN": {
			resource.KeyUse{Ref: "arn:aws:kms:eu-west-1:111122223333:alias/glue", Key: unread, UsedIn: []resource.Location{here()}},
			listed,
			want{"unknown", "key-unreadable", "", nil},
			resource.Ref{ARN: "arn:aws:kms:eu-west-1:111122223333:alias/glue", ID: "alias/glue", Account: account, Region: "eu-west-1"},
			"medium", "",
		},
		"by alias, at its first use": {
			resource.KeyUse{Ref: "alias/glue", Key: unread, UsedIn: []resource.Location{here(), there}},
			sop(),
			want{"unknown", "key-unreadable", "", nil},
			resource.Ref{ID: "alias/glue", Account: "000000000000", Region: "eu-west-2"},
			"medium", "",
		},
		"never read, used nowhere": {
			resource.KeyUse{Ref: "k"}, sop(), want{"unknown", "key-unreadable", "", nil}, resource.Ref{ID: "k"}, "medium", "",
		},
		"missing": {
			resource.KeyUse{Ref: keyARN, Key: resource.Absent[resource.Key](), UsedIn: []resource.Location{there}},
			sop(),
			want{"fail", "key-missing", "", nil},
			resource.Ref{ARN: keyARN, ID: "good", Account: account, Region: "eu-west-1"},
			"high", "",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := control.EvaluateKeys([]resource.KeyUse{test.use}, test.policy)[0]
			check(t, o, test.want)
			test.ref.Type, test.ref.Tags = resource.TypeKey, map[string]string{}
			if diff := cmp.Diff(test.ref, o.Resource); diff != "" {
				t.Errorf("resource (-want +got):\n%s", diff)
			}
			if o.Severity != test.severity {
				t.Errorf("severity %s, want %s", o.Severity, test.severity)
			}
			if test.adviceSays != "" && !strings.Contains(o.Advisories[0].Message, test.adviceSays) {
				t.Errorf("advisory %q", o.Advisories[0].Message)
			}
		})
	}
}

func TestManyOutsidersAreCutShort(t *testing.T) {
	t.Parallel()
	k := goodKey()
	k.Policy = resource.Known(grants(`{"Sid":"All","Effect":"Allow","Principal":{"AWS":["900000000001","900000000002","900000000003","900000000004","900000000005"]},"Action":"kms:*","Resource":"*"}`))
	o := control.EvaluateKeys([]resource.KeyUse{{Ref: keyARN, Key: resource.Known(k)}}, sop())[0]
	if !strings.HasSuffix(o.Message, `900000000003 (statement "All") and 2 more.`) {
		t.Errorf("message %q", o.Message)
	}
}

func TestKeyRemediesAreCommands(t *testing.T) {
	t.Parallel()
	o := control.Outcome{Control: control.KeyManagement, Status: control.Fail, Resource: resource.Ref{ID: "good", Region: "eu-west-1"}}
	for reason, command := range map[control.Reason]string{
		control.KeyRotationOff:     "aws kms enable-key-rotation --key-id good --region eu-west-1",
		control.KeyDisabled:        "aws kms enable-key --key-id good --region eu-west-1",
		control.KeyPendingDeletion: "aws kms cancel-key-deletion --key-id good --region eu-west-1",
		control.KeyPolicyWildcard:  "aws kms get-key-policy --key-id good --region eu-west-1 --policy-name default",
	} {
		o.Reason = reason
		if got := control.RemedyOf(o).Command; !strings.Contains(got, command) {
			t.Errorf("%s: %q lacks %q", reason, got, command)
		}
	}
}

// Every reason has its own remedy, where something is to be done.
func TestRemedyOfResources(t *testing.T) {
	t.Parallel()
	s := snapshot()
	e := endpoint("")
	e.Tags = resource.Known(map[string]string{"aws:cloudformation:stack-name": "etl"})
	s.DevEndpoints = resource.Known([]resource.DevEndpoint{e})
	if got := control.RemedyOf(only(t, s, sop(), control.DevEndpointS3)).Advice; !strings.Contains(got, "template") {
		t.Errorf("what a stack owns: %q", got)
	}
	seen := map[string]bool{}
	for configuration, p := range map[string]policy.Policy{"off": sop(), "sse-s3": strict(), "unreadable": sop(), "odd": sop(), "kms-gone": strict(), "kms-unread": strict()} {
		s := snapshot()
		s.DevEndpoints = resource.Known([]resource.DevEndpoint{endpoint(configuration)})
		step := control.RemedyOf(only(t, s, p, control.DevEndpointS3)).Advice
		if step == "" || seen[step] {
			t.Errorf("%s: remedy %q is missing or that of another reason", configuration, step)
		}
		seen[step] = true
	}
}

func TestRemediesNameTheCommandThatRepairs(t *testing.T) {
	t.Parallel()
	stack := map[string]string{"aws:cloudformation:stack-name": "etl"}
	kept := []control.Advisory{control.KeptAsWayBack("c-1")}
	for name, c := range map[string]struct {
		outcome control.Outcome
		want    string
		not     string
	}{
		"endpoint":          {control.Outcome{Control: control.DevEndpointS3, Reason: control.NoConfiguration}, "glueguard plan --resource NAME --mode SSE-S3", ""},
		"below":             {control.Outcome{Control: control.DevEndpointS3, Reason: control.BelowRequiredMode}, "glueguard plan --resource NAME --mode SSE-KMS", ""},
		"logs":              {control.Outcome{Control: control.DevEndpointLogs, Reason: control.LogEncryptionAbsent}, "glueguard plan --resource NAME --mode SSE-KMS", ""},
		"transform":         {control.Outcome{Control: control.MLTransform, Reason: control.UserDataDisabled}, "--labels-s3 s3://BUCKET/PREFIX", ""},
		"transform dangles": {control.Outcome{Control: control.MLTransform, Reason: control.ConfigurationMissing}, "glueguard plan --resource NAME --mode SSE-KMS", ""},
		"key in use":        {control.Outcome{Control: control.DevEndpointS3, Reason: "key-unusable"}, "glueguard plan --resource NAME --mode SSE-KMS --kms-key KEY", ""},
		"key gone":          {control.Outcome{Control: control.KeyManagement, Reason: control.KeyMissing}, "glueguard plan", ""},
		"of a stack": {
			control.Outcome{Control: control.DevEndpointS3, Reason: control.NoConfiguration, Resource: resource.Ref{Tags: stack}}, "template", "glueguard plan",
		},
		"awaiting finalize": {control.Outcome{Control: control.MLTransform, Reason: control.UserDataDisabled, Advisories: kept}, "glueguard finalize", "glueguard plan"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.outcome.Status = control.Fail
			got := control.RemedyOf(c.outcome).Advice
			if !strings.Contains(got, c.want) || c.not != "" && strings.Contains(got, c.not) {
				t.Errorf("remedy %q: want %q in it, and not %q", got, c.want, c.not)
			}
		})
	}
}
