package preflight_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/preflight"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	roleARN = "arn:aws:iam::111122223333:role/glue"
	keyARN  = "arn:aws:kms:eu-west-1:111122223333:key/k1"

	trust     = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	delegates = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
	toLogs    = `{"Effect":"Allow","Principal":{"Service":"logs.eu-west-1.amazonaws.com"},"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],"Resource":"*",` +
		`"Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-west-1:111122223333:*"}}}`
	useKey   = `{"Effect":"Allow","Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey"],"Resource":"*"}`
	useLogs  = `{"Effect":"Allow","Action":"logs:AssociateKmsKey","Resource":"arn:aws:logs:*:*:log-group:/aws-glue/*"}`
	useS3    = `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::labels/*"}`
	denyS3   = `{"Effect":"Deny","Action":"s3:PutObject","Resource":"*"}`
	someLogs = `{"Effect":"Allow","Action":"logs:AssociateKmsKey","Resource":"arn:aws:logs:*:*:log-group:/aws-glue/jobs/*"}`
)

func policyOf(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func here() resource.Location {
	return resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}
}

func denied[T any](operation string) resource.Fact[T] {
	return resource.Unknown[T](resource.Failure{Operation: operation, Class: resource.Denied, Code: "AccessDenied", Message: "no"})
}

// endpoint is a dev endpoint in a subnet that gets SSE-KMS, for its logs too.
func endpoint() plan.Item {
	configuration := resource.SecurityConfiguration{
		S3:         []resource.Encryption{{Mode: resource.ModeSSEKMS, KMSKey: keyARN}},
		CloudWatch: &resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: keyARN},
	}
	detail := &resource.EndpointDetail{
		Definition: resource.EndpointDefinition{
			Name: "etl", RoleARN: roleARN, SubnetID: "subnet-1", SecurityGroupIDs: []string{"sg-1"}, NumberOfNodes: 5, GlueVersion: "1.0",
		},
		ARN: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl", Status: "READY", CreatedAt: time.Unix(1, 0),
	}
	return plan.Item{
		Resource: resource.Ref{Type: resource.TypeDevEndpoint, ARN: detail.ARN, Name: "etl"}, Location: here(), Identity: detail.Identity(),
		Strategy: plan.Replace, From: resource.ModeNone, To: resource.ModeSSEKMS, KMSKey: keyARN, Endpoint: detail,
		Steps: []plan.Step{
			{Name: "create-security-configuration", Kind: plan.CreateConfiguration, Configuration: &configuration},
			{Name: "create-twin", Kind: plan.CreateEndpoint, Endpoint: &detail.Definition},
		},
		Permissions: []plan.Permission{{Action: "glue:CreateDevEndpoint", Resource: "*", Step: "create-twin"}},
	}
}

// transform is an ML transform with labels.
func transform() plan.Item {
	definition := resource.TransformDefinition{Name: "match", RoleARN: roleARN, GlueVersion: "2.0"}
	encrypted := definition
	encrypted.UserData = &resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: keyARN}
	return plan.Item{
		Resource: resource.Ref{Type: resource.TypeMLTransform, ID: "tfm-1", Name: "match"}, Location: here(), Strategy: plan.Replace,
		Permissions: []plan.Permission{{Action: "glue:CreateMLTransform", Resource: "*"}},
		To:          resource.ModeSSEKMS, KMSKey: keyARN, Transform: &resource.TransformDetail{Definition: definition, ID: "tfm-1", LabelCount: 3},
		Steps: []plan.Step{
			{Name: "export-labels", Kind: plan.ExportLabels, S3: "s3://labels/glue/"},
			{Name: "create-twin", Kind: plan.CreateTransform, Transform: &encrypted},
		},
	}
}

// fine are surroundings in which everything passes.
func fine() resource.Surroundings {
	return resource.Surroundings{
		Location: here(), Caller: resource.Known("arn:aws:iam::111122223333:role/repair"), Stack: resource.Absent[string](),
		Role: resource.Known(resource.Role{
			ARN: roleARN, TrustPolicy: trust, Policies: resource.Known([]string{policyOf(useKey, useLogs, useS3)}), Boundary: resource.Absent[string](),
		}),
		WantedKey:  resource.Known(key()),
		Subnet:     resource.Known(resource.Subnet{ID: "subnet-1", FreeAddresses: 20, RouteToKMS: resource.Known("nat nat-1")}),
		ElasticIP:  resource.Absent[string](),
		Endpoints:  resource.Known(resource.Quota{Limit: resource.Known(5), Used: 2}),
		Dependents: resource.Known([]resource.Dependent(nil)), LastUsed: resource.Absent[time.Time](),
		Labels: resource.Known(resource.Bucket{Name: "labels", Prefix: "glue/", Region: "eu-west-1", Encryption: resource.Encryption{Mode: resource.ModeSSES3}}),
		Proof:  resource.Known(resource.Bucket{}),
	}
}

func key() resource.KeyDetail {
	return resource.KeyDetail{
		Key: resource.Key{
			ARN: here().ARN("kms", "key/k1"), ID: "k1", State: "Enabled", Usage: "ENCRYPT_DECRYPT", Spec: "SYMMETRIC_DEFAULT", Manager: "CUSTOMER",
			Policy: resource.Known(policyOf(delegates, toLogs)),
		},
		Ref: "alias/glue", Grants: resource.Known([]resource.KeyGrant(nil)),
	}
}

func withKey(change func(*resource.KeyDetail)) func(*plan.Item, *resource.Surroundings) {
	return func(_ *plan.Item, s *resource.Surroundings) {
		k := key()
		change(&k)
		s.WantedKey = resource.Known(k)
	}
}

func withRole(change func(*resource.Role)) func(*plan.Item, *resource.Surroundings) {
	return func(_ *plan.Item, s *resource.Surroundings) {
		role, _ := s.Role.Value()
		change(&role)
		s.Role = resource.Known(role)
	}
}

func around(change func(*resource.Surroundings)) func(*plan.Item, *resource.Surroundings) {
	return func(_ *plan.Item, s *resource.Surroundings) { change(s) }
}

func find(checks []plan.Check, code string) (plan.Check, bool) {
	i := slices.IndexFunc(checks, func(c plan.Check) bool { return c.Code == code })
	if i < 0 {
		return plan.Check{}, false
	}
	return checks[i], true
}

// outcome is one check in short: its status, and whether it is only advice; "-" where it is not made.
func outcome(checks []plan.Check, code string) string {
	c, ok := find(checks, code)
	switch {
	case !ok:
		return "-"
	case c.Advisory:
		return string(c.Status) + " (advisory)"
	}
	return string(c.Status)
}

type change = func(*plan.Item, *resource.Surroundings)

type judged struct {
	code  string
	alter change
	want  string
	says  string // part of the message
}

func judge(t *testing.T, item func() plan.Item, tests map[string]judged) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, s := item(), fine()
			if test.alter != nil {
				test.alter(&i, &s)
			}
			checks := preflight.Check(i, s, nil, 1)
			if got := outcome(checks, test.code); got != test.want {
				t.Errorf("%s is %s, want %s: %+v", test.code, got, test.want, checks)
			}
			c, _ := find(checks, test.code)
			if !strings.Contains(c.Message, test.says) {
				t.Errorf("message %q does not say %q", c.Message, test.says)
			}
			if c.Status == plan.Failed && c.Advice == "" {
				t.Error("a failed check advises nothing")
			}
		})
	}
}

func TestKeyChecks(t *testing.T) {
	t.Parallel()
	judge(t, endpoint, map[string]judged{
		"fit":             {preflight.KeyUsable, nil, "passed", "enabled"},
		"disabled":        {preflight.KeyUsable, withKey(func(k *resource.KeyDetail) { k.Key.State = "Disabled" }), "failed", "Disabled"},
		"to be deleted":   {preflight.KeyUsable, withKey(func(k *resource.KeyDetail) { k.Key.State = "PendingDeletion" }), "failed", "PendingDeletion"},
		"being updated":   {preflight.KeyUsable, withKey(func(k *resource.KeyDetail) { k.Key.State = "Updating" }), "unchecked", ""},
		"for signing":     {preflight.KeyUsable, withKey(func(k *resource.KeyDetail) { k.Key.Usage = "SIGN_VERIFY" }), "failed", "SIGN_VERIFY"},
		"asymmetric":      {preflight.KeyUsable, withKey(func(k *resource.KeyDetail) { k.Key.Spec = "RSA_2048" }), "failed", "RSA_2048"},
		"of elsewhere":    {preflight.KeyUsable, withKey(func(k *resource.KeyDetail) { k.Key.ARN.Region = "us-east-1" }), "failed", "us-east-1"},
		"not there":       {preflight.KeyUsable, around(func(s *resource.Surroundings) { s.WantedKey = resource.Absent[resource.KeyDetail]() }), "failed", "does not exist"},
		"unread":          {preflight.KeyUsable, around(func(s *resource.Surroundings) { s.WantedKey = denied[resource.KeyDetail]("kms:DescribeKey") }), "unchecked", "kms:DescribeKey was denied"},
		"never asked for": {preflight.KeyUsable, around(func(s *resource.Surroundings) { s.WantedKey = resource.Known(resource.KeyDetail{}) }), "unchecked", "never read"},
		"made": {preflight.KeyUsable, func(i *plan.Item, s *resource.Surroundings) {
			made(i, policyOf(delegates, toLogs))
			s.WantedKey = resource.Absent[resource.KeyDetail]()
		}, "passed", "makes the key alias/ours"},

		"role by delegation": {preflight.KeyRole, nil, "passed", ""},
		"no delegation":      {preflight.KeyRole, withKey(func(k *resource.KeyDetail) { k.Key.Policy = resource.Known(policyOf(toLogs)) }), "failed", "kms:Decrypt"},
		"no policy of its own": {
			preflight.KeyRole, withRole(func(r *resource.Role) { r.Policies = resource.Known([]string{policyOf(useLogs)}) }),
			"failed", "kms:Encrypt",
		},
		"a boundary in the way":  {preflight.KeyRole, withRole(func(r *resource.Role) { r.Boundary = resource.Known(policyOf(useLogs)) }), "failed", ""},
		"unread key policy":      {preflight.KeyRole, withKey(func(k *resource.KeyDetail) { k.Key.Policy = denied[string]("kms:GetKeyPolicy") }), "unchecked", "kms:GetKeyPolicy was denied"},
		"unread role":            {preflight.KeyRole, around(func(s *resource.Surroundings) { s.Role = denied[resource.Role]("iam:GetRole") }), "unchecked", "iam:GetRole was denied"},
		"unread policies":        {preflight.KeyRole, withRole(func(r *resource.Role) { r.Policies = denied[[]string]("iam:GetRolePolicy") }), "unchecked", "iam:GetRolePolicy was denied"},
		"policy that is no JSON": {preflight.KeyRole, withRole(func(r *resource.Role) { r.Policies = resource.Known([]string{"{"}) }), "unchecked", ""},
		"a condition on the way": {preflight.KeyRole, withRole(func(r *resource.Role) {
			r.Policies = resource.Known([]string{policyOf(strings.Replace(useKey, `"Resource":"*"`,
				`"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}`, 1))})
		}), "unchecked", "conditions"},
		"a grant instead": {preflight.KeyRole, granted([]string{"Encrypt", "Decrypt", "GenerateDataKey"}, false), "passed", ""},
		"a lesser grant":  {preflight.KeyRole, granted([]string{"Decrypt"}, false), "failed", "kms:Encrypt"},
		"a bound grant":   {preflight.KeyRole, granted([]string{"Encrypt", "Decrypt", "GenerateDataKey"}, true), "unchecked", ""},
		"a grant to make": {preflight.KeyRole, func(i *plan.Item, s *resource.Surroundings) {
			withKey(func(k *resource.KeyDetail) { k.Key.Policy = resource.Known(policyOf(toLogs)) })(i, s)
			i.Steps = append(i.Steps, plan.Step{Name: "create-grant", Kind: plan.CreateGrant, Grant: &plan.Grant{Grantee: roleARN, Operations: plan.GrantOperations()}})
		}, "passed", ""},
		"unread grants, not needed": {preflight.KeyRole, withKey(func(k *resource.KeyDetail) { k.Grants = denied[[]resource.KeyGrant]("kms:ListGrants") }), "passed", ""},
		"unread grants, needed": {preflight.KeyRole, withKey(func(k *resource.KeyDetail) {
			k.Grants, k.Key.Policy = denied[[]resource.KeyGrant]("kms:ListGrants"), resource.Known(policyOf(toLogs))
		}), "unchecked", "kms:ListGrants was denied"},
		"made for the role": {preflight.KeyRole, func(i *plan.Item, s *resource.Surroundings) {
			made(i, plan.KeyPolicy(here(), roleARN))
			s.WantedKey = resource.Absent[resource.KeyDetail]()
			withRole(func(r *resource.Role) { r.Policies = resource.Known([]string(nil)) })(i, s)
		}, "passed", ""},
		"no data under the key": {preflight.KeyRole, func(i *plan.Item, _ *resource.Surroundings) {
			i.Steps[0].Configuration.S3[0] = resource.Encryption{Mode: resource.ModeSSES3}
		}, "-", ""},
		"the key it has": {preflight.KeyRole, func(i *plan.Item, _ *resource.Surroundings) {
			i.Configuration = &resource.SecurityConfiguration{Name: "old", S3: i.Steps[0].Configuration.S3}
		}, "-", ""},
		"no key at all": {preflight.KeyUsable, func(i *plan.Item, _ *resource.Surroundings) {
			i.Steps[0].Configuration = &resource.SecurityConfiguration{S3: []resource.Encryption{{Mode: resource.ModeSSES3}}}
		}, "-", ""},
	})
}

func granted(operations []string, constrained bool) change {
	return withKey(func(k *resource.KeyDetail) {
		k.Key.Policy = resource.Known(policyOf(toLogs))
		k.Grants = resource.Known([]resource.KeyGrant{{ID: "g", Grantee: roleARN, Operations: operations, Constrained: constrained}})
	})
}

// made turns the item into one that makes its key.
func made(i *plan.Item, policy string) {
	c := i.Steps[0].Configuration
	c.S3[0].KMSKey, c.CloudWatch.KMSKey, i.KMSKey = plan.KeyPlaceholder, plan.KeyPlaceholder, plan.KeyPlaceholder
	i.Steps = append([]plan.Step{{Name: "create-key", Kind: plan.CreateKey, Key: &plan.NewKey{Alias: "alias/ours", Policy: policy}}}, i.Steps...)
}

func TestLogChecks(t *testing.T) {
	t.Parallel()
	logs := func(statement string) change {
		return withKey(func(k *resource.KeyDetail) { k.Key.Policy = resource.Known(policyOf(delegates, statement)) })
	}
	role := func(statements ...string) change {
		return withRole(func(r *resource.Role) { r.Policies = resource.Known([]string{policyOf(statements...)}) })
	}
	judge(t, endpoint, map[string]judged{
		"in the key policy":      {preflight.KeyLogs, nil, "passed", ""},
		"not in the key policy":  {preflight.KeyLogs, logs(delegates), "failed", "CloudWatch Logs"},
		"another region's":       {preflight.KeyLogs, logs(strings.ReplaceAll(toLogs, "eu-west-1", "us-east-1")), "failed", ""},
		"another account's":      {preflight.KeyLogs, logs(strings.ReplaceAll(toLogs, ":111122223333:", ":999999999999:")), "unchecked", ""},
		"some groups only":       {preflight.KeyLogs, logs(strings.ReplaceAll(toLogs, "3333:*", "3333:log-group:/aws-glue/dev*")), "unchecked", "conditions"},
		"for decryption only":    {preflight.KeyLogs, logs(strings.ReplaceAll(toLogs, `"kms:Encrypt*",`, "")), "failed", ""},
		"unread key policy":      {preflight.KeyLogs, withKey(func(k *resource.KeyDetail) { k.Key.Policy = denied[string]("kms:GetKeyPolicy") }), "unchecked", "kms:GetKeyPolicy"},
		"in China":               {preflight.KeyLogs, around(func(s *resource.Surroundings) { s.Location.Partition = "aws-cn" }), "unchecked", "aws-cn"},
		"role for Glue's groups": {preflight.LogRole, nil, "passed", ""},
		"role for some of them":  {preflight.LogRole, role(useKey, someLogs), "unchecked", ""},
		"role for none":          {preflight.LogRole, role(useKey), "failed", "logs:AssociateKmsKey"},
		"unread role":            {preflight.LogRole, around(func(s *resource.Surroundings) { s.Role = denied[resource.Role]("iam:GetRole") }), "unchecked", "iam:GetRole"},
		"log key as it was": {preflight.KeyLogs, func(i *plan.Item, _ *resource.Surroundings) {
			i.Configuration = &resource.SecurityConfiguration{CloudWatch: i.Steps[0].Configuration.CloudWatch}
		}, "-", ""},
		"data key that logs join": {preflight.KeyLogs, func(i *plan.Item, _ *resource.Surroundings) {
			i.Configuration = &resource.SecurityConfiguration{S3: i.Steps[0].Configuration.S3}
		}, "passed", ""},
	})
}

func TestEndpointChecks(t *testing.T) {
	t.Parallel()
	tags := func(n int) change {
		return func(i *plan.Item, _ *resource.Surroundings) {
			i.Endpoint.Definition.Tags = map[string]string{}
			for k := range n {
				i.Endpoint.Definition.Tags[strings.Repeat("k", k+1)] = ""
			}
		}
	}
	version := func(v string) change {
		return func(i *plan.Item, _ *resource.Surroundings) { i.Endpoint.Definition.GlueVersion = v }
	}
	strategy := func(st plan.Strategy, alter ...change) change {
		return func(i *plan.Item, s *resource.Surroundings) {
			i.Strategy = st
			if st == plan.Retire {
				i.Steps = []plan.Step{{Name: "delete-original", Kind: plan.DeleteEndpoint}}
			}
			for _, a := range alter {
				a(i, s)
			}
		}
	}
	quota := func(q resource.Quota) change {
		return around(func(s *resource.Surroundings) { s.Endpoints = resource.Known(q) })
	}
	subnet := func(n int, route resource.Fact[string]) change {
		return around(func(s *resource.Surroundings) {
			s.Subnet = resource.Known(resource.Subnet{ID: "subnet-1", FreeAddresses: n, RouteToKMS: route})
		})
	}
	unreadSubnet := around(func(s *resource.Surroundings) { s.Subnet = denied[resource.Subnet]("ec2:DescribeSubnets") })
	eip := around(func(s *resource.Surroundings) { s.ElasticIP = resource.Known("203.0.113.9") })
	notebook := around(func(s *resource.Surroundings) {
		s.Dependents = resource.Known([]resource.Dependent{{Kind: "notebook", Name: "nb"}})
	})
	nat := resource.Known("nat nat-1")
	judge(t, endpoint, map[string]judged{
		"caller":           {preflight.Credentials, nil, "passed", "role/repair"},
		"no caller":        {preflight.Credentials, around(func(s *resource.Surroundings) { s.Caller = denied[string]("sts:GetCallerIdentity") }), "unchecked", "sts:GetCallerIdentity"},
		"no stack":         {preflight.OwnerStack, nil, "passed", ""},
		"a stack":          {preflight.OwnerStack, around(func(s *resource.Surroundings) { s.Stack = resource.Known("data") }), "failed", `"data"`},
		"unread stack":     {preflight.OwnerStack, around(func(s *resource.Surroundings) { s.Stack = denied[string]("cloudformation:DescribeStackResources") }), "unchecked", ""},
		"no tags":          {preflight.Tags, nil, "passed", ""},
		"47 tags":          {preflight.Tags, tags(47), "passed", "beside them"},
		"48 tags":          {preflight.Tags, tags(48), "passed", "only 2"},
		"49 tags":          {preflight.Tags, tags(49), "passed", "only 1"},
		"50 tags":          {preflight.Tags, tags(50), "failed", "50 tags"},
		"version 1.0":      {preflight.Runtime, nil, "unchecked (advisory)", "end of life"},
		"no version":       {preflight.Runtime, version(""), "unchecked (advisory)", "0.9"},
		"version 4.0":      {preflight.Runtime, version("4.0"), "passed (advisory)", "4.0"},
		"retired for good": {preflight.Runtime, strategy(plan.Retire), "unchecked (advisory)", "impossible"},

		"trusted":     {preflight.RoleTrust, nil, "passed", ""},
		"not trusted": {preflight.RoleTrust, withRole(func(r *resource.Role) { r.TrustPolicy = strings.ReplaceAll(trust, "glue.", "ec2.") }), "failed", "does not trust Glue"},
		"trusted perhaps": {preflight.RoleTrust, withRole(func(r *resource.Role) {
			r.TrustPolicy = strings.TrimSuffix(trust, "}}") + `,"Condition":{"StringEquals":{"aws:SourceAccount":"1"}}}}`
		}), "unchecked", "conditions"},
		"garbled trust":    {preflight.RoleTrust, withRole(func(r *resource.Role) { r.TrustPolicy = "" }), "unchecked", ""},
		"no role":          {preflight.RoleTrust, around(func(s *resource.Surroundings) { s.Role = resource.Absent[resource.Role]() }), "failed", "does not exist"},
		"unread role":      {preflight.RoleTrust, around(func(s *resource.Surroundings) { s.Role = denied[resource.Role]("iam:GetRole") }), "unchecked", "iam:GetRole"},
		"retire, no trust": {preflight.RoleTrust, strategy(plan.Retire), "-", ""},

		"room":                {preflight.Quota, nil, "passed", "room for 3"},
		"no room":             {preflight.Quota, quota(resource.Quota{Limit: resource.Known(2), Used: 2}), "failed", ""},
		"more than the limit": {preflight.Quota, quota(resource.Quota{Limit: resource.Known(2), Used: 3}), "failed", ""},
		"no limit named":      {preflight.Quota, quota(resource.Quota{Limit: resource.Absent[int](), Used: 2}), "unchecked (advisory)", ""},
		"unread limit":        {preflight.Quota, quota(resource.Quota{Limit: denied[int]("servicequotas:ListServiceQuotas")}), "unchecked", "servicequotas:ListServiceQuotas"},
		"unread number":       {preflight.Quota, around(func(s *resource.Surroundings) { s.Endpoints = denied[resource.Quota]("glue:GetDevEndpoints") }), "unchecked", ""},

		"free addresses":     {preflight.Addresses, nil, "passed", "20"},
		"just enough":        {preflight.Addresses, subnet(5, nat), "passed", ""},
		"one too few":        {preflight.Addresses, subnet(4, nat), "failed", "needs 5"},
		"by workers":         {preflight.Addresses, func(i *plan.Item, s *resource.Surroundings) { i.Endpoint.Definition.NumberOfWorkers = 21 }, "failed", "needs 21"},
		"by default":         {preflight.Addresses, func(i *plan.Item, s *resource.Surroundings) { i.Endpoint.Definition.NumberOfNodes = 0 }, "passed", "needs 5"},
		"subnet gone":        {preflight.Addresses, around(func(s *resource.Surroundings) { s.Subnet = resource.Absent[resource.Subnet]() }), "failed", "does not exist"},
		"unread subnet":      {preflight.Addresses, unreadSubnet, "unchecked", "ec2:DescribeSubnets"},
		"in no subnet":       {preflight.Addresses, func(i *plan.Item, _ *resource.Surroundings) { i.Endpoint.Definition.SubnetID = "" }, "-", ""},
		"retire, no subnet":  {preflight.Addresses, strategy(plan.Retire), "-", ""},
		"route":              {preflight.KMSRoute, nil, "passed", "nat nat-1"},
		"no route":           {preflight.KMSRoute, subnet(20, resource.Absent[string]()), "failed", ""},
		"unread route":       {preflight.KMSRoute, subnet(20, denied[string]("ec2:DescribeRouteTables")), "unchecked", "ec2:DescribeRouteTables"},
		"no route to subnet": {preflight.KMSRoute, unreadSubnet, "unchecked", ""},
		"no route needed": {preflight.KMSRoute, func(i *plan.Item, _ *resource.Surroundings) {
			i.Steps[0].Configuration = &resource.SecurityConfiguration{S3: []resource.Encryption{{Mode: resource.ModeSSES3}}}
		}, "-", ""},

		"no address":            {preflight.ElasticIP, nil, "passed", ""},
		"an address":            {preflight.ElasticIP, eip, "unchecked", "203.0.113.9"},
		"an address, both stay": {preflight.ElasticIP, strategy(plan.SideBySide, eip), "passed", "before"},
		"an address, retired":   {preflight.ElasticIP, strategy(plan.Retire, eip), "unchecked", "lost"},
		"unread address":        {preflight.ElasticIP, around(func(s *resource.Surroundings) { s.ElasticIP = denied[string]("ec2:DescribeNetworkInterfaces") }), "unchecked", ""},
		"no notebook":           {preflight.Notebooks, nil, "passed", "no notebook"},
		"a notebook":            {preflight.Notebooks, notebook, "passed", "reconnect by name"},
		"a notebook, both stay": {preflight.Notebooks, strategy(plan.SideBySide, notebook), "passed", "before finalize"},
		"a notebook, retired":   {preflight.Notebooks, strategy(plan.Retire, notebook), "failed", "notebook nb"},
		"unread notebooks": {preflight.Notebooks, around(func(s *resource.Surroundings) {
			s.Dependents = denied[[]resource.Dependent]("sagemaker:ListNotebookInstances")
		}), "unchecked", ""},
		"no transform's matters": {preflight.Dependents, nil, "-", ""},
	})
}

func TestTransformChecks(t *testing.T) {
	t.Parallel()
	bucket := func(change func(*resource.Bucket)) change {
		return around(func(s *resource.Surroundings) {
			b, _ := s.Labels.Value()
			change(&b)
			s.Labels = resource.Known(b)
		})
	}
	policies := func(statements ...string) change {
		return withRole(func(r *resource.Role) { r.Policies = resource.Known([]string{policyOf(statements...)}) })
	}
	dependents := func(kinds ...string) change {
		return around(func(s *resource.Surroundings) {
			var all []resource.Dependent
			for _, k := range kinds {
				all = append(all, resource.Dependent{Kind: k, Name: "nightly"})
			}
			s.Dependents = resource.Known(all)
		})
	}
	retired := func(alter change) change {
		return func(i *plan.Item, s *resource.Surroundings) {
			i.Strategy, i.Steps = plan.Retire, []plan.Step{{Kind: plan.ExportLabels, S3: "s3://labels/glue/"}, {Kind: plan.DeleteTransform}}
			alter(i, s)
		}
	}
	kms := func(ref string) change {
		return bucket(func(b *resource.Bucket) { b.Encryption = resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: ref} })
	}
	proves := func(b resource.Fact[resource.Bucket]) change {
		return func(i *plan.Item, s *resource.Surroundings) {
			i.Steps, s.Proof = append(i.Steps, plan.Step{Kind: plan.WaitProof, S3: "s3://labels/proof/"}), b
		}
	}
	judge(t, transform, map[string]judged{
		"no quota known":     {preflight.Quota, nil, "unchecked (advisory)", ""},
		"its key":            {preflight.KeyRole, nil, "passed", ""},
		"its logs":           {preflight.KeyLogs, nil, "-", ""},
		"no network":         {preflight.Addresses, nil, "-", ""},
		"no notebooks":       {preflight.Notebooks, nil, "-", ""},
		"nothing refers":     {preflight.Dependents, nil, "passed", "nothing"},
		"a job refers":       {preflight.Dependents, dependents("job"), "passed", "job nightly"},
		"a job that was run": {preflight.Dependents, retired(dependents("task run")), "passed", "nothing"},
		"retired in use":     {preflight.Dependents, retired(dependents("job script")), "failed", "job script nightly"},
		"unread jobs":        {preflight.Dependents, around(func(s *resource.Surroundings) { s.Dependents = denied[[]resource.Dependent]("glue:GetJobs") }), "unchecked", "glue:GetJobs"},

		"the bucket":            {preflight.LabelsBucket, nil, "passed", "labels"},
		"no bucket":             {preflight.LabelsBucket, around(func(s *resource.Surroundings) { s.Labels = resource.Absent[resource.Bucket]() }), "failed", "does not exist"},
		"unread bucket":         {preflight.LabelsBucket, around(func(s *resource.Surroundings) { s.Labels = denied[resource.Bucket]("s3:HeadBucket") }), "unchecked", "s3:HeadBucket"},
		"never asked for":       {preflight.LabelsBucket, around(func(s *resource.Surroundings) { s.Labels = resource.Known(resource.Bucket{}) }), "unchecked", ""},
		"bucket elsewhere":      {preflight.LabelsBucket, bucket(func(b *resource.Bucket) { b.Region = "us-east-1" }), "failed", "us-east-1"},
		"bucket in the clear":   {preflight.LabelsBucket, bucket(func(b *resource.Bucket) { b.Encryption = resource.Encryption{} }), "failed", "not encrypted"},
		"bucket of a new mode":  {preflight.LabelsBucket, bucket(func(b *resource.Bucket) { b.Encryption.Mode = "SSE-X" }), "unchecked", "SSE-X"},
		"no labels to export":   {preflight.LabelsBucket, func(i *plan.Item, _ *resource.Surroundings) { i.Steps = i.Steps[1:] }, "-", ""},
		"writable":              {preflight.LabelsWrite, nil, "passed", ""},
		"denied":                {preflight.LabelsWrite, policies(useS3, denyS3), "failed", "deny"},
		"not allowed":           {preflight.LabelsWrite, policies(useKey), "unchecked", "bucket's policy"},
		"unread role":           {preflight.LabelsWrite, around(func(s *resource.Surroundings) { s.Role = denied[resource.Role]("iam:GetRole") }), "unchecked", "iam:GetRole"},
		"the bucket's own key":  {preflight.LabelsKey, kms("arn:aws:kms:eu-west-1:111122223333:key/other"), "unchecked (advisory)", "key/other"},
		"the wanted key":        {preflight.LabelsKey, kms(keyARN), "-", ""},
		"no key":                {preflight.LabelsKey, nil, "-", ""},
		"a proof's bucket":      {preflight.ProofBucket, proves(fine().Labels), "passed", ""},
		"a proof's role":        {preflight.ProofWritable, proves(fine().Labels), "passed", ""},
		"a proof's bucket gone": {preflight.ProofBucket, proves(resource.Absent[resource.Bucket]()), "failed", ""},
	})
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	i := endpoint()
	p := i.Permissions[0]
	tests := map[string]struct {
		simulated map[plan.Permission]resource.Fact[preflight.Decision]
		want      string
	}{
		"not asked": {nil, "unchecked (advisory)"},
		"allowed":   {map[plan.Permission]resource.Fact[preflight.Decision]{p: resource.Known(preflight.Allowed)}, "passed (advisory)"},
		"denied":    {map[plan.Permission]resource.Fact[preflight.Decision]{p: resource.Known(preflight.ImplicitDeny)}, "failed (advisory)"},
		"forbidden": {map[plan.Permission]resource.Fact[preflight.Decision]{p: resource.Known(preflight.ExplicitDeny)}, "failed (advisory)"},
		"unread":    {map[plan.Permission]resource.Fact[preflight.Decision]{p: denied[preflight.Decision]("iam:SimulatePrincipalPolicy")}, "unchecked (advisory)"},
	}
	for name, test := range tests {
		checks := preflight.Check(i, fine(), test.simulated, 1)
		if got := outcome(checks, preflight.Permissions); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if len(preflight.Stopping(checks)) > 0 {
			t.Errorf("%s: simulated permissions stop the change: %+v", name, preflight.Stopping(checks))
		}
	}
}

// What was never read never passes: only what the plan itself knows may.
func TestUnknownNeverPasses(t *testing.T) {
	t.Parallel()
	known := []string{preflight.Tags, preflight.Runtime}
	for name, item := range map[string]plan.Item{"endpoint": endpoint(), "transform": transform()} {
		for _, c := range preflight.Check(item, resource.Surroundings{Location: here()}, nil, 1) {
			if c.Status == plan.Passed && !slices.Contains(known, c.Code) {
				t.Errorf("%s: %s passes although nothing was read", name, c.Code)
			}
			if c.Status == plan.Failed {
				t.Errorf("%s: %s fails although nothing was read: %s", name, c.Code, c.Message)
			}
		}
	}
}

func TestQuotaOfManyTwins(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		planned int
		says    string
	}{"all at once": {3, "3 planned"}, "in turns": {9, "they take turns"}} {
		c, _ := find(preflight.Check(endpoint(), fine(), nil, test.planned), preflight.Quota)
		if c.Status != plan.Passed || !strings.Contains(c.Message, test.says) {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestAccept(t *testing.T) {
	t.Parallel()
	checks := []plan.Check{
		{Code: preflight.Quota, Status: plan.Unchecked},
		{Code: preflight.ElasticIP, Status: plan.Unchecked},
		{Code: preflight.KeyUsable, Status: plan.Failed},
		{Code: preflight.Permissions, Status: plan.Unchecked, Advisory: true},
	}
	for name, test := range map[string]struct {
		accepted []string
		stopping []string
	}{
		"nothing":         {nil, []string{preflight.Quota, preflight.ElasticIP, preflight.KeyUsable}},
		"one":             {[]string{preflight.Quota}, []string{preflight.ElasticIP, preflight.KeyUsable}},
		"everything":      {[]string{preflight.Everything}, []string{preflight.ElasticIP, preflight.KeyUsable}},
		"a loss, by name": {[]string{preflight.Everything, preflight.ElasticIP}, []string{preflight.KeyUsable}},
		"a failed one":    {[]string{preflight.KeyUsable}, []string{preflight.Quota, preflight.ElasticIP, preflight.KeyUsable}},
	} {
		var got []string
		for _, c := range preflight.Stopping(preflight.Accept(checks, test.accepted)) {
			got = append(got, c.Code)
		}
		if d := cmp.Diff(test.stopping, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestBlockedIsNotChecked(t *testing.T) {
	t.Parallel()
	i := endpoint()
	i.Blocked = &plan.Blocked{Code: plan.BlockedStack}
	if checks := preflight.Check(i, fine(), nil, 1); checks == nil || len(checks) > 0 {
		t.Errorf("checks %+v, want an empty list", checks)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	ours, none := endpoint(), endpoint()
	made(&ours, "")
	none.Steps = nil
	for want, i := range map[string]plan.Item{keyARN: endpoint(), "alias/ours": ours, "": none} {
		if got := preflight.Key(i); got != want {
			t.Errorf("key %q, want %q", got, want)
		}
	}
}
