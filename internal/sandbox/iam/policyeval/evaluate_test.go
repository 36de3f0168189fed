package policyeval_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
)

const (
	account  = "111122223333"
	other    = "444455556666"
	role     = "arn:aws:iam::111122223333:role/Auditor"
	session  = "arn:aws:sts::111122223333:assumed-role/Auditor/alice"
	bucket   = "arn:aws:s3:::data"
	endpoint = "arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl"
	key      = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	allowAll = `{"Effect":"Allow","Action":"*","Resource":"*"}`
)

// decided is one documented decision.
type decided struct {
	name string
	rule string // the topic of the IAM user guide and what it says, in our words

	identity []string // statements of one policy each
	boundary []string
	session  []string
	control  []string // one level
	resource string   // statement of the resource's policy

	action   string // glue:GetJobs when empty
	on       string // resource ARN; "*" when empty
	owner    string // the resource's account when not the caller's
	requires bool   // the resource's policy must allow
	context  map[string][]string
	version  string

	want  policyeval.Decision
	layer policyeval.Layer
}

func document(statement, version string) string {
	if version == "" {
		version = "2012-10-17"
	}
	return `{"Version":"` + version + `","Statement":[` + statement + `]}`
}

func parse(t *testing.T, kind policyeval.Kind, version string, statements []string) []*policyeval.Policy {
	t.Helper()
	var all []*policyeval.Policy
	for _, s := range statements {
		p, err := policyeval.Parse(document(s, version), kind)
		if err != nil {
			t.Fatalf("Parse(%s): %v", s, err)
		}
		all = append(all, p)
	}
	return all
}

func (c decided) run(t *testing.T) policyeval.Result {
	t.Helper()
	p := policyeval.Policies{
		Identity:        parse(t, policyeval.Identity, "", c.identity),
		Boundary:        parse(t, policyeval.Identity, "", c.boundary),
		Session:         parse(t, policyeval.Identity, "", c.session),
		ResourceDecides: c.requires,
	}
	if c.control != nil {
		p.ServiceControl = [][]*policyeval.Policy{parse(t, policyeval.Identity, "", c.control)}
	}
	if c.resource != "" {
		p.Resource = parse(t, policyeval.Resource, c.version, []string{c.resource})[0]
	}
	r := policyeval.Request{
		Principal:       policyeval.Principal{Account: account, ARN: session, Role: role},
		Action:          c.action,
		Resource:        c.on,
		ResourceAccount: c.owner,
		Context:         policyeval.NewMap(c.context),
	}
	if r.Resource == "" {
		r.Resource = "*"
	}
	if r.Action == "" {
		r.Action = "glue:GetJobs"
	}
	return policyeval.Evaluate(&r, &p)
}

func TestDocumentedDecisions(t *testing.T) {
	t.Parallel()
	groups := [][]decided{
		evaluationLogic(), actionsAndResources(), resourcePolicies(),
		stringConditions(), typedConditions(), multivalued(), variables(),
	}
	count := 0
	for _, group := range groups {
		for _, c := range group {
			count++
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				got := c.run(t)
				if got.Decision != c.want || (c.layer != "" && got.Layer != c.layer) {
					t.Errorf("decided %v by %q, want %v by %q\nrule: %s", got.Decision, got.Layer, c.want, c.layer, c.rule)
				}
			})
		}
	}
	if count < 30 {
		t.Errorf("%d documented decisions, want at least 30", count)
	}
}

func evaluationLogic() []decided {
	const logic = "Policy evaluation logic: "
	return []decided{
		{
			name: "nothing speaks about the request", rule: logic + "requests are denied by default",
			action: "glue:GetDevEndpoints", want: policyeval.ImplicitDeny, layer: policyeval.LayerIdentity,
		},
		{
			name: "an allow overrides the default", rule: logic + "an explicit allow overrides the implicit deny",
			identity: []string{`{"Effect":"Allow","Action":"glue:GetDevEndpoints","Resource":"*"}`},
			action:   "glue:GetDevEndpoints", want: policyeval.Allowed,
		},
		{
			name: "a deny in another policy overrides an allow", rule: logic + "an explicit deny in any policy overrides every allow",
			identity: []string{allowAll, `{"Effect":"Deny","Action":"glue:Delete*","Resource":"*"}`},
			action:   "glue:DeleteDevEndpoint", on: endpoint, want: policyeval.ExplicitDeny, layer: policyeval.LayerIdentity,
		},
		{
			name: "a boundary grants nothing itself", rule: "Permissions boundaries: a boundary sets a maximum and grants nothing",
			boundary: []string{allowAll}, action: "glue:GetJobs", want: policyeval.ImplicitDeny, layer: policyeval.LayerIdentity,
		},
		{
			name: "a boundary that does not allow", rule: "Permissions boundaries: effective permissions are the intersection with identity policies",
			identity: []string{allowAll}, boundary: []string{`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`},
			action: "glue:GetJobs", want: policyeval.ImplicitDeny, layer: policyeval.LayerBoundary,
		},
		{
			name: "a boundary that denies", rule: "Permissions boundaries: an explicit deny in the boundary overrides the allow",
			identity: []string{allowAll}, boundary: []string{allowAll, `{"Effect":"Deny","Action":"glue:*","Resource":"*"}`},
			action: "glue:GetJobs", want: policyeval.ExplicitDeny, layer: policyeval.LayerBoundary,
		},
		{
			name: "a session policy narrows the role", rule: "Session policies: a session has the intersection of role and session policies",
			identity: []string{allowAll}, session: []string{`{"Effect":"Allow","Action":"glue:Get*","Resource":"*"}`},
			action: "glue:DeleteDevEndpoint", on: endpoint, want: policyeval.ImplicitDeny, layer: policyeval.LayerSession,
		},
		{
			name: "a session policy cannot add to the role", rule: "Session policies: a session policy grants nothing that the role lacks",
			identity: []string{`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`}, session: []string{allowAll},
			action: "glue:GetJobs", want: policyeval.ImplicitDeny, layer: policyeval.LayerIdentity,
		},
		{
			name: "a service control policy closes a region", rule: "Service control policies: an explicit deny at any level ends the evaluation",
			identity: []string{allowAll}, control: []string{allowAll, `{"Effect":"Deny","NotAction":"iam:*","Resource":"*",
				"Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}}`},
			context: map[string][]string{"aws:RequestedRegion": {"us-east-1"}},
			action:  "glue:GetJobs", want: policyeval.ExplicitDeny, layer: policyeval.LayerServiceControl,
		},
		{
			name: "a service control policy that does not allow", rule: "Service control policies: each level must allow",
			identity: []string{allowAll}, control: []string{`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`},
			action: "glue:GetJobs", want: policyeval.ImplicitDeny, layer: policyeval.LayerServiceControl,
		},
	}
}

func actionsAndResources() []decided {
	return []decided{
		{
			name: "action names ignore case", rule: "JSON elements, Action: prefix and action name are case-insensitive",
			identity: []string{`{"Effect":"Allow","Action":"GLUE:getdevendpoints","Resource":"*"}`},
			action:   "glue:GetDevEndpoints", want: policyeval.Allowed,
		},
		{
			name: "a star in the middle of an action", rule: "JSON elements, Action: * stands for any characters anywhere in the name",
			identity: []string{`{"Effect":"Allow","Action":"glue:*DevEndpoint*","Resource":"*"}`},
			action:   "glue:BatchGetDevEndpoints", want: policyeval.Allowed,
		},
		{
			name: "a question mark is one character", rule: "JSON elements, Action: ? stands for exactly one character",
			identity: []string{`{"Effect":"Allow","Action":"glue:GetDevEndpoint?","Resource":"*"}`},
			action:   "glue:GetDevEndpoint", want: policyeval.ImplicitDeny,
		},
		{
			name: "NotAction with allow", rule: "JSON elements, NotAction: with Allow everything but the listed actions is allowed",
			identity: []string{`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`},
			action:   "glue:GetJobs", want: policyeval.Allowed,
		},
		{
			name: "NotAction with allow does not deny", rule: "JSON elements, NotAction: what it lists is merely not allowed by it",
			identity: []string{`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`},
			action:   "iam:GetRole", want: policyeval.ImplicitDeny,
		},
		{
			name: "NotAction with deny", rule: "JSON elements, NotAction: with Deny everything but the listed actions is denied",
			identity: []string{allowAll, `{"Effect":"Deny","NotAction":["s3:*"],"Resource":"*"}`},
			action:   "glue:GetJobs", want: policyeval.ExplicitDeny,
		},
		{
			name: "a wildcard in a resource", rule: "JSON elements, Resource: wildcards may stand in any part of the ARN's last segment",
			identity: []string{`{"Effect":"Allow","Action":"glue:*","Resource":"arn:aws:glue:*:111122223333:devEndpoint/e*"}`},
			action:   "glue:DeleteDevEndpoint", on: endpoint, want: policyeval.Allowed,
		},
		{
			name: "resource names keep case", rule: "JSON elements, Resource: resource names are compared with case",
			identity: []string{`{"Effect":"Allow","Action":"glue:*","Resource":"arn:aws:glue:*:*:devendpoint/etl"}`},
			action:   "glue:DeleteDevEndpoint", on: endpoint, want: policyeval.ImplicitDeny,
		},
		{
			name: "an incomplete ARN", rule: "JSON elements, Resource: missing fields of an ARN are taken as wildcards",
			identity: []string{`{"Effect":"Allow","Action":"glue:*","Resource":"arn:aws:glue"}`},
			action:   "glue:DeleteDevEndpoint", on: endpoint, want: policyeval.Allowed,
		},
		{
			name: "an action without resources needs a star", rule: "Actions, resources and keys: without resource types a statement must use Resource *",
			identity: []string{`{"Effect":"Allow","Action":"glue:GetDevEndpoints","Resource":"arn:aws:glue:*:*:devEndpoint/*"}`},
			action:   "glue:GetDevEndpoints", want: policyeval.ImplicitDeny,
		},
		{
			name: "NotResource with deny", rule: "JSON elements, NotResource: with Deny every resource but the listed ones is denied",
			identity: []string{allowAll, `{"Effect":"Deny","Action":"s3:*","NotResource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}`},
			action:   "s3:GetObject", on: "arn:aws:s3:::secret/x", want: policyeval.ExplicitDeny,
		},
		{
			name: "NotResource spares what it lists", rule: "JSON elements, NotResource: listed resources are left to other statements",
			identity: []string{allowAll, `{"Effect":"Deny","Action":"s3:*","NotResource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}`},
			action:   "s3:GetObject", on: "arn:aws:s3:::data/x", want: policyeval.Allowed,
		},
	}
}

func resourcePolicies() []decided {
	const single = "Policy evaluation within an account: "
	const cross = "Cross-account evaluation: "
	return []decided{
		{
			name: "either policy is enough within an account", rule: single + "identity or resource policy, one allow is enough",
			resource: `{"Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"s3:*","Resource":"*"}`,
			action:   "s3:ListBucket", on: bucket, want: policyeval.Allowed,
		},
		{
			name: "a resource policy denies", rule: single + "a deny in the resource policy overrides",
			identity: []string{allowAll}, resource: `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`,
			action: "s3:ListBucket", on: bucket, want: policyeval.ExplicitDeny, layer: policyeval.LayerResource,
		},
		{
			name: "naming the account only delegates", rule: "JSON elements, Principal: an account as principal lets the account's own policies decide",
			resource: `{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"s3:*","Resource":"*"}`,
			action:   "s3:ListBucket", on: bucket, want: policyeval.ImplicitDeny, layer: policyeval.LayerIdentity,
		},
		{
			name: "a boundary limits a grant to the role", rule: "Permissions boundaries: a resource policy's grant to a role ARN is limited by the boundary",
			boundary: []string{`{"Effect":"Allow","Action":"glue:*","Resource":"*"}`},
			resource: `{"Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"s3:*","Resource":"*"}`,
			action:   "s3:ListBucket", on: bucket, want: policyeval.ImplicitDeny, layer: policyeval.LayerBoundary,
		},
		{
			name: "a boundary does not limit a grant to the session", rule: single + "a grant to the session ARN is not limited by an implicit deny elsewhere",
			boundary: []string{`{"Effect":"Allow","Action":"glue:*","Resource":"*"}`},
			resource: `{"Effect":"Allow","Principal":{"AWS":"` + session + `"},"Action":"s3:*","Resource":"*"}`,
			action:   "s3:ListBucket", on: bucket, want: policyeval.Allowed,
		},
		{
			name: "across accounts both sides must allow", rule: cross + "the caller's account must allow too",
			resource: `{"Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"s3:*","Resource":"*"}`,
			action:   "s3:ListBucket", on: bucket, owner: other, want: policyeval.ImplicitDeny, layer: policyeval.LayerIdentity,
		},
		{
			name: "across accounts the resource must allow", rule: cross + "the owner's resource policy must allow",
			identity: []string{allowAll}, action: "s3:ListBucket", on: bucket, owner: other,
			want: policyeval.ImplicitDeny, layer: policyeval.LayerResource,
		},
		{
			name: "across accounts with both", rule: cross + "allowed when both sides allow",
			identity: []string{allowAll},
			resource: `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"s3:*","Resource":"*"}`,
			action:   "s3:ListBucket", on: bucket, owner: other, want: policyeval.Allowed,
		},
		{
			name: "a key policy must allow even its own account", rule: "KMS key policies: IAM policies work only where the key policy lets them",
			identity: []string{allowAll}, resource: `{"Effect":"Allow","Principal":{"AWS":"` + other + `"},"Action":"kms:*","Resource":"*"}`,
			action: "kms:Decrypt", on: key, requires: true, want: policyeval.ImplicitDeny, layer: policyeval.LayerResource,
		},
		{
			name: "NotPrincipal spares who is listed in full", rule: "JSON elements, NotPrincipal: account, role and session must all be listed to be spared",
			identity: []string{allowAll},
			resource: `{"Effect":"Deny","NotPrincipal":{"AWS":["` + account + `","` + role + `","` + session + `"]},"Action":"s3:*","Resource":"*"}`,
			action:   "s3:ListBucket", on: bucket, want: policyeval.Allowed,
		},
		{
			name: "NotPrincipal without the session denies", rule: "JSON elements, NotPrincipal: a session that is not listed is denied",
			identity: []string{allowAll},
			resource: `{"Effect":"Deny","NotPrincipal":{"AWS":["` + account + `","` + role + `"]},"Action":"s3:*","Resource":"*"}`,
			action:   "s3:ListBucket", on: bucket, want: policyeval.ExplicitDeny,
		},
	}
}

// when is an allow statement with a condition.
func when(condition string) []string {
	return []string{`{"Effect":"Allow","Action":"glue:*","Resource":"*","Condition":` + condition + `}`}
}

func stringConditions() []decided {
	const operators = "Condition operators: "
	inRegion := map[string][]string{"aws:RequestedRegion": {"eu-west-1"}}
	return []decided{
		{
			name: "StringEquals keeps case", rule: operators + "StringEquals compares exactly",
			identity: when(`{"StringEquals":{"aws:RequestedRegion":"EU-WEST-1"}}`), context: inRegion, want: policyeval.ImplicitDeny,
		},
		{
			name: "condition keys ignore case", rule: "Condition: key names are not case-sensitive",
			identity: when(`{"StringEquals":{"AWS:requestedregion":"eu-west-1"}}`), context: inRegion, want: policyeval.Allowed,
		},
		{
			name: "StringEqualsIgnoreCase", rule: operators + "ignores case",
			identity: when(`{"StringEqualsIgnoreCase":{"aws:RequestedRegion":"EU-WEST-1"}}`), context: inRegion, want: policyeval.Allowed,
		},
		{
			name: "StringEquals has no wildcards", rule: operators + "only the Like operators know wildcards",
			identity: when(`{"StringEquals":{"aws:RequestedRegion":"eu-*"}}`), context: inRegion, want: policyeval.ImplicitDeny,
		},
		{
			name: "StringLike has wildcards", rule: operators + "StringLike knows * and ?",
			identity: when(`{"StringLike":{"aws:RequestedRegion":"eu-*-?"}}`), context: inRegion, want: policyeval.Allowed,
		},
		{
			name: "values of one key are alternatives", rule: "Conditions with several keys or values: values of a key are joined by OR",
			identity: when(`{"StringEquals":{"aws:RequestedRegion":["us-east-1","eu-west-1"]}}`), context: inRegion, want: policyeval.Allowed,
		},
		{
			name: "values of a negated operator are joined by NOR", rule: "Conditions with several keys or values: a negated operator must match none of the values",
			identity: when(`{"StringNotEquals":{"aws:RequestedRegion":["us-east-1","eu-west-1"]}}`), context: inRegion, want: policyeval.ImplicitDeny,
		},
		{
			name: "keys are joined by AND", rule: "Conditions with several keys or values: every key of every operator must hold",
			identity: when(`{"StringEquals":{"aws:RequestedRegion":"eu-west-1","aws:PrincipalAccount":"999999999999"}}`),
			context:  map[string][]string{"aws:RequestedRegion": {"eu-west-1"}, "aws:PrincipalAccount": {account}}, want: policyeval.ImplicitDeny,
		},
		{
			name: "a missing key does not match", rule: operators + "a key that the request lacks makes the condition false",
			identity: when(`{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`), want: policyeval.ImplicitDeny,
		},
		{
			name: "a missing key matches a negated operator", rule: operators + "a key that the request lacks makes a negated condition true",
			identity: when(`{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`), want: policyeval.Allowed,
		},
		{
			name: "IfExists passes a missing key", rule: operators + "...IfExists is true where the key is absent",
			identity: when(`{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}`), want: policyeval.Allowed,
		},
		{
			name: "IfExists checks a present key", rule: operators + "...IfExists compares where the key is present",
			identity: when(`{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}`),
			context:  map[string][]string{"aws:SourceVpc": {"vpc-2"}}, want: policyeval.ImplicitDeny,
		},
		{
			name: "Null true asks for absence", rule: operators + "Null with true holds where the key is absent",
			identity: when(`{"Null":{"aws:TokenIssueTime":"true"}}`), want: policyeval.Allowed,
		},
		{
			name: "Null false asks for presence", rule: operators + "Null with false holds where the key is present",
			identity: when(`{"Null":{"aws:TokenIssueTime":false}}`), want: policyeval.ImplicitDeny,
		},
	}
}

func typedConditions() []decided {
	const operators = "Condition operators: "
	return []decided{
		{
			name: "Bool", rule: operators + "Bool compares true and false, whatever their case",
			identity: when(`{"Bool":{"aws:SecureTransport":"True"}}`),
			context:  map[string][]string{"aws:SecureTransport": {"true"}}, want: policyeval.Allowed,
		},
		{
			name: "BoolIfExists in a deny bites without the key", rule: operators + "a deny with BoolIfExists also meets requests that lack the key",
			identity: []string{allowAll, `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}`},
			want:     policyeval.ExplicitDeny,
		},
		{
			name: "NumericLessThanEquals", rule: operators + "numbers are compared as numbers, not as text",
			identity: when(`{"NumericLessThanEquals":{"s3:max-keys":"10"}}`),
			context:  map[string][]string{"s3:max-keys": {"9"}}, want: policyeval.Allowed,
		},
		{
			name: "DateGreaterThan", rule: operators + "dates are ISO 8601 or seconds since 1970",
			identity: when(`{"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}}`),
			context:  map[string][]string{"aws:CurrentTime": {"2025-12-31T23:59:59Z"}}, want: policyeval.ImplicitDeny,
		},
		{
			name: "dates as seconds", rule: operators + "a date may be written as seconds since 1970",
			identity: when(`{"DateLessThan":{"aws:EpochTime":"1767225600"}}`),
			context:  map[string][]string{"aws:EpochTime": {"1767225599"}}, want: policyeval.Allowed,
		},
		{
			name: "IpAddress in a network", rule: operators + "IpAddress takes CIDR ranges",
			identity: when(`{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}}`),
			context:  map[string][]string{"aws:SourceIp": {"2001:db8::1"}}, want: policyeval.Allowed,
		},
		{
			name: "NotIpAddress", rule: operators + "NotIpAddress is true outside all ranges",
			identity: when(`{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`),
			context:  map[string][]string{"aws:SourceIp": {"203.0.113.7"}}, want: policyeval.ImplicitDeny,
		},
		{
			name: "ArnLike stays within a field", rule: operators + "ArnLike checks each colon-separated field by itself",
			identity: when(`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Aud*"}}`),
			context:  map[string][]string{"aws:PrincipalArn": {role}}, want: policyeval.Allowed,
		},
		{
			name: "ArnLike does not cross fields", rule: operators + "a star in one field of an ARN never reaches the next",
			identity: when(`{"ArnLike":{"aws:PrincipalArn":"arn:aws:*:role/Auditor"}}`),
			context:  map[string][]string{"aws:PrincipalArn": {role}}, want: policyeval.ImplicitDeny,
		},
		{
			name: "ArnEquals knows wildcards", rule: operators + "ArnEquals and ArnLike behave alike",
			identity: when(`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}`),
			context:  map[string][]string{"aws:PrincipalArn": {role}}, want: policyeval.Allowed,
		},
	}
}

func multivalued() []decided {
	const topic = "Multivalued context keys: "
	tags := map[string][]string{"aws:TagKeys": {"owner", "env"}}
	return []decided{
		{
			name: "ForAllValues within the list", rule: topic + "every value of the request must match one of the policy's",
			identity: when(`{"ForAllValues:StringEquals":{"aws:TagKeys":["owner","env","cost"]}}`), context: tags, want: policyeval.Allowed,
		},
		{
			name: "ForAllValues with a stranger", rule: topic + "one value that matches nothing makes it false",
			identity: when(`{"ForAllValues:StringEquals":{"aws:TagKeys":["owner"]}}`), context: tags, want: policyeval.ImplicitDeny,
		},
		{
			name: "ForAllValues without the key", rule: topic + "ForAllValues is true when the request has no such key",
			identity: when(`{"ForAllValues:StringEquals":{"aws:TagKeys":["owner"]}}`), want: policyeval.Allowed,
		},
		{
			name: "ForAnyValue", rule: topic + "one matching value is enough",
			identity: when(`{"ForAnyValue:StringLike":{"aws:TagKeys":["own*"]}}`), context: tags, want: policyeval.Allowed,
		},
		{
			name: "ForAnyValue without the key", rule: topic + "ForAnyValue is false when the request has no such key",
			identity: when(`{"ForAnyValue:StringEquals":{"aws:TagKeys":["owner"]}}`), want: policyeval.ImplicitDeny,
		},
		{
			name: "ForAllValues with a negated operator", rule: topic + "no value of the request may match",
			identity: when(`{"ForAllValues:StringNotEquals":{"aws:TagKeys":["env"]}}`), context: tags, want: policyeval.ImplicitDeny,
		},
	}
}

func variables() []decided {
	const topic = "Policy variables: "
	home := []string{`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::data/${aws:PrincipalTag/team, 'shared'}/*"}`}
	return []decided{
		{
			name: "a variable in a resource", rule: topic + "a variable takes its value from the request",
			identity: home, context: map[string][]string{"aws:PrincipalTag/team": {"etl"}},
			action: "s3:GetObject", on: "arn:aws:s3:::data/etl/x", want: policyeval.Allowed,
		},
		{
			name: "a variable's default", rule: topic + "a default in quotes serves where the key is absent",
			identity: home, action: "s3:GetObject", on: "arn:aws:s3:::data/shared/x", want: policyeval.Allowed,
		},
		{
			name: "a variable without value or default", rule: topic + "a reference that can't be resolved matches nothing",
			identity: []string{`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::data/${aws:username}/*"}`},
			action:   "s3:GetObject", on: "arn:aws:s3:::data//x", want: policyeval.ImplicitDeny,
		},
		{
			name: "a variable in a condition", rule: topic + "variables may stand in the values of string operators",
			identity: when(`{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}`),
			context:  map[string][]string{"aws:ResourceAccount": {account}, "aws:PrincipalAccount": {account}}, want: policyeval.Allowed,
		},
		{
			name: "an escaped star is a star", rule: topic + "${*} is the character, not a wildcard",
			identity: []string{`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::data/${*}"}`},
			action:   "s3:GetObject", on: "arn:aws:s3:::data/x", want: policyeval.ImplicitDeny,
		},
		{
			name: "a star from a variable is a star", rule: topic + "only wildcards written in the policy are wildcards",
			identity: home, context: map[string][]string{"aws:PrincipalTag/team": {"*"}},
			action: "s3:GetObject", on: "arn:aws:s3:::data/etl/x", want: policyeval.ImplicitDeny,
		},
		{
			name: "version 2008-10-17 has no variables", rule: "JSON elements, Version: before 2012-10-17 a variable is plain text",
			version:  "2008-10-17",
			resource: `{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/${aws:PrincipalAccount}"}`,
			context:  map[string][]string{"aws:PrincipalAccount": {account}},
			action:   "s3:GetObject", on: "arn:aws:s3:::data/" + account, want: policyeval.ImplicitDeny,
		},
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	source := "{\n \"Version\": \"2012-10-17\",\n \"Statement\": [\n  {\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\",\n" +
		"   \"Condition\":{\"StringEquals\":{\"aws:SourceVpc\":\"x\"}}},\n  {\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"*\"}\n ]\n}"
	p, err := policyeval.Parse(source, policyeval.Identity)
	if err != nil {
		t.Fatal(err)
	}
	var got policyeval.Explanation
	policyeval.Evaluate(&policyeval.Request{
		Action: "s3:GetObject", Resource: "*", Context: policyeval.Map{}, Explain: &got,
	}, &policyeval.Policies{Identity: []*policyeval.Policy{p}})
	want := policyeval.Explanation{
		Missing: []string{"aws:SourceVpc"},
		Matches: []policyeval.Match{{
			Policy: p, Layer: policyeval.LayerIdentity,
			Start: policyeval.Position{Line: 6, Column: 3}, End: policyeval.Position{Line: 6, Column: 55},
		}},
	}
	same := cmp.Comparer(func(a, b *policyeval.Policy) bool { return a == b })
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("explanation (-want +got):\n%s", diff)
	}
}

func TestServicePrincipal(t *testing.T) {
	t.Parallel()
	trust, err := policyeval.Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}}`, policyeval.Trust)
	if err != nil {
		t.Fatal(err)
	}
	for service, want := range map[string]policyeval.Decision{
		"glue.amazonaws.com":   policyeval.Allowed,
		"lambda.amazonaws.com": policyeval.ImplicitDeny,
	} {
		got := policyeval.Evaluate(&policyeval.Request{
			Principal: policyeval.Principal{Service: service}, Action: "sts:AssumeRole", Resource: role, Context: policyeval.Map{},
		}, &policyeval.Policies{Resource: trust, ResourceDecides: true})
		if got.Decision != want {
			t.Errorf("%s: %v, want %v", service, got.Decision, want)
		}
	}
}
