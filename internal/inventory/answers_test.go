package inventory

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// forger passes calls on to the sandbox and forges the answers of one operation.
type forger struct {
	operation string
	forge     func(body string) string // from the true answer
	times     atomic.Int64
}

func (f *forger) Do(r *http.Request) (*http.Response, error) {
	asked := ""
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		asked = string(body)
		r.Body = io.NopCloser(strings.NewReader(asked))
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil || f.operation == "" || f.operationOf(r, asked) != f.operation {
		return answer, err
	}
	f.times.Add(1)
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	forged := f.forge(string(text))
	answer.Body, answer.ContentLength = io.NopCloser(strings.NewReader(forged)), int64(len(forged))
	answer.Header.Del("Content-Length")
	return answer, err
}

func (f *forger) operationOf(r *http.Request, body string) string {
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return operation
	}
	if form, err := url.ParseQuery(body); err == nil && form.Get("Action") != "" {
		return form.Get("Action")
	}
	if r.Method == http.MethodGet {
		return r.URL.Path + "?" + r.URL.RawQuery
	}
	return ""
}

func forging(t *testing.T, operation string, forge func(string) string) (*Inspector, *forger) {
	t.Helper()
	f := &forger{operation: operation, forge: forge}
	i, _ := inspecting(t, func(o *awsapi.Options) { o.HTTPClient, o.Attempts = f, 1 })
	return i, f
}

func always(answer string) func(string) string { return func(string) string { return answer } }

func replace(old, replacement string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, replacement, 1) }
}

// TestForgedAnswers gives answers that no one should rely on: without the members that they must have, or cut off in the
// middle of a listing. What they would have told is unknown.
func TestForgedAnswers(t *testing.T) {
	t.Parallel()
	honest, _ := inspecting(t)
	used := usedTransform(t, honest)
	key := goodKey(t, honest)
	endpoint := endpointTarget("fail-s3-encryption-absent")
	endpoint.Key, endpoint.LabelsS3 = key, "s3://glue-labels-111111111111-us-east-1/"
	aliased := endpoint
	aliased.Key = "alias/aws/s3"
	const (
		emptyRole = `<GetRoleResponse><GetRoleResult/></GetRoleResponse>`
		noSubnets = `<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><subnetSet/></DescribeSubnetsResponse>`
		noTables  = `<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><routeTableSet/></DescribeRouteTablesResponse>`
		noVPC     = `<DescribeVpcEndpointsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcEndpointSet/></DescribeVpcEndpointsResponse>`
		noFace    = `<DescribeNetworkInterfacesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><networkInterfaceSet/></DescribeNetworkInterfacesResponse>`
		truncated = `<IsTruncated>true</IsTruncated>`
	)
	policies := func(s resource.Surroundings) string { r, _ := s.Role.Value(); return show(r.Policies) }
	grants := func(s resource.Surroundings) string { k, _ := s.WantedKey.Value(); return show(k.Grants) }
	for name, c := range map[string]struct {
		operation string
		forge     func(string) string
		target    Target
		fact      func(resource.Surroundings) string
	}{
		"no endpoint":            {"GetDevEndpoint", always(`{}`), endpoint, func(s resource.Surroundings) string { return show(s.Endpoint) }},
		"another endpoint":       {"GetDevEndpoint", always(`{"DevEndpoint":{"EndpointName":"other"}}`), endpoint, func(s resource.Surroundings) string { return show(s.Endpoint) }},
		"no transform":           {"GetMLTransform", always(`{}`), used, func(s resource.Surroundings) string { return show(s.Transform) }},
		"no configuration":       {"GetSecurityConfiguration", always(`{}`), endpoint, func(s resource.Surroundings) string { return show(s.Configuration) }},
		"HTML for tags":          {"GetTags", always(`<html>`), endpoint, func(s resource.Surroundings) string { return show(s.Endpoint) }},
		"nothing for tags":       {"GetTags", always(``), endpoint, func(s resource.Surroundings) string { return show(s.Endpoint) }},
		"no role":                {"GetRole", always(emptyRole), endpoint, func(s resource.Surroundings) string { return show(s.Role) }},
		"policies cut off":       {"ListRolePolicies", replace(`<IsTruncated>false</IsTruncated>`, truncated), endpoint, policies},
		"attached cut off":       {"ListAttachedRolePolicies", replace(`<IsTruncated>false</IsTruncated>`, truncated), endpoint, policies},
		"policy of no version":   {"GetPolicy", replace("DefaultVersionId>", "Other>"), endpoint, policies},
		"version of no document": {"GetPolicyVersion", func(s string) string { return strings.ReplaceAll(s, "Document>", "Other>") }, endpoint, policies},
		"no key":                 {"DescribeKey", always(`{}`), endpoint, func(s resource.Surroundings) string { return show(s.WantedKey) }},
		"grants cut off":         {"ListGrants", always(`{"Grants":[],"Truncated":true}`), endpoint, grants},
		"aliases cut off":        {"ListAliases", always(`{"Aliases":[],"Truncated":true}`), aliased, func(s resource.Surroundings) string { return show(s.WantedKey) }},
		"no subnet":              {"DescribeSubnets", always(noSubnets), endpoint, func(s resource.Surroundings) string { return show(s.Subnet) }},
		"no interface":           {"DescribeNetworkInterfaces", always(noFace), endpoint, func(s resource.Surroundings) string { return show(s.ElasticIP) }},
		"a notebook of no name":  {"ListNotebookInstances", always(`{"NotebookInstances":[{}]}`), endpoint, func(s resource.Surroundings) string { return show(s.Dependents) }},
		"nothing for notebooks":  {"ListNotebookInstances", always(``), endpoint, func(s resource.Surroundings) string { return show(s.Dependents) }},
		"a job of no name":       {"GetJobs", always(`{"Jobs":[{}]}`), used, func(s resource.Surroundings) string { return show(s.Dependents) }},
		"no script":              {"/glue-labels-111111111111-us-east-1/scripts/match.py?x-id=GetObject", func(s string) string { return s[:len(s)/2] }, used, nil},
		"no encryption":          {"/glue-labels-111111111111-us-east-1?encryption=", always(`<ServerSideEncryptionConfiguration/>`), endpoint, func(s resource.Surroundings) string { return show(s.Labels) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, f := forging(t, c.operation, c.forge)
			s := inspect(t, i, c.target)[0]
			if f.times.Load() == 0 {
				t.Fatal("never asked")
			}
			if c.fact != nil && !strings.HasPrefix(c.fact(s), "unknown") {
				t.Error(c.fact(s))
			}
		})
	}
	t.Run("no way to KMS that is known", func(t *testing.T) {
		t.Parallel()
		i, _ := forging(t, "DescribeVpcEndpoints", always(noVPC))
		targets := []Target{endpointTarget("fail-s3-encryption-disabled"), endpoint}
		for n, want := range []string{"nat nat-0da7a000000000001", "unknown: "} {
			subnet, _ := inspect(t, i, targets[n])[0].Subnet.Value()
			if got := show(subnet.RouteToKMS); got != want {
				t.Errorf("%s: %s, want %s", targets[n].Name, got, want)
			}
		}
		i, _ = forging(t, "DescribeRouteTables", always(noTables))
		subnet, _ := inspect(t, i, endpointTarget("fail-security-configuration-missing"))[0].Subnet.Value()
		if !subnet.RouteToKMS.IsUnknown() {
			t.Error(show(subnet.RouteToKMS))
		}
	})
}

// bland answers everything with nothing, but for the few calls that lead to the others.
type bland struct{ forger }

func (b *bland) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	empty := "<Nothing/>"
	switch operation := b.operationOf(r, string(body)); {
	case operation == "GetCallerIdentity", operation == "GetDevEndpoint", operation == "GetMLTransform", operation == "GetTags":
		return b.forger.Do(r)
	case r.Header.Get("X-Amz-Target") != "":
		empty = "{}"
	}
	b.times.Add(1)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/octet-stream"}}, Body: io.NopCloser(strings.NewReader(empty)), ContentLength: int64(len(empty)),
	}, nil
}

// TestEmptyAnswers: no answer is trusted to hold anything.
func TestEmptyAnswers(t *testing.T) {
	t.Parallel()
	honest, _ := inspecting(t)
	used := usedTransform(t, honest)
	b := &bland{}
	i, _ := inspecting(t, func(o *awsapi.Options) { o.HTTPClient, o.Attempts = b, 1 })
	endpoint := endpointTarget("fail-s3-encryption-absent")
	endpoint.Key, endpoint.LabelsS3 = "alias/x", "s3://bucket/"
	used.Key = "alias/aws/s3"
	found := inspect(t, i, endpoint, used)
	if s := found[0]; !s.Configuration.IsUnknown() || !s.Role.IsUnknown() || !s.WantedKey.IsUnknown() || !s.Subnet.IsUnknown() || !s.Labels.IsUnknown() || !s.ElasticIP.IsUnknown() || !s.Stack.IsUnknown() {
		t.Errorf("%+v", s)
	}
	if !found[1].WantedKey.IsAbsent() || !found[1].LastUsed.IsAbsent() {
		t.Errorf("%+v", found[1])
	}
	if uses, err := i.ConfigurationUses(t.Context(), here()); err != nil || len(uses) != 0 {
		t.Errorf("%v %v", uses, err)
	}
	if list, err := i.Configurations(t.Context(), here()); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	if list, err := i.Tagged(t.Context(), here(), "x"); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	asked := plan.Permission{Action: "glue:CreateDevEndpoint", Resource: "*"}
	if got, err := i.Simulate(t.Context(), here(), []plan.Permission{asked}); err != nil || !got[asked].IsUnknown() {
		t.Errorf("%v %v", got, err)
	}
	if b.times.Load() < 20 {
		t.Errorf("%d answers", b.times.Load())
	}
}

// TestOtherTypes: what is no endpoint and no transform is not taken for one.
func TestOtherTypes(t *testing.T) {
	t.Parallel()
	i, _ := inspecting(t)
	s := inspect(t, i, Target{Location: here(), Type: resource.TypeKey, Name: "x"})[0]
	if !s.Endpoint.IsUnknown() || !s.Transform.IsUnknown() || !s.Role.IsUnknown() {
		t.Errorf("%+v", s)
	}
}

// assumed opens a session with the credentials that a role's session has.
func assumed(t *testing.T, server *sandbox.Server, role string) *Inspector {
	t.Helper()
	form := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {"arn:aws:iam::111111111111:role/" + role}, "RoleSessionName": {"test"}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Amz-Date", "20261122T120000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=00")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s %v", answer.Status, text, err)
	}
	member := func(name string) string {
		_, rest, _ := strings.Cut(string(text), "<"+name+">")
		value, _, _ := strings.Cut(rest, "<")
		return value
	}
	keys := &awsapi.Keys{AccessKeyID: member("AccessKeyId"), SecretAccessKey: member("SecretAccessKey"), SessionToken: member("SessionToken")}
	return inspectorOf(against(t, server, func(o *awsapi.Options) { o.Keys = keys }).session)
}

func TestSimulate(t *testing.T) {
	t.Parallel()
	_, server := inspecting(t)
	i := assumed(t, server, "GlueguardRepair")
	role := "arn:aws:iam::111111111111:role/AWSGlueServiceRole-dev"
	asked := map[plan.Permission]string{
		{Action: "glue:CreateDevEndpoint", Resource: "*", Step: "create-twin"}:                                             "allowed",
		{Action: "glue:DeleteDevEndpoint", Resource: "arn:aws:glue:us-east-1:111111111111:devEndpoint/a"}:                  "allowed",
		{Action: "glue:DeleteDevEndpoint", Resource: "arn:aws:glue:us-east-1:111111111111:devEndpoint/b"}:                  "allowed",
		{Action: "iam:PassRole", Resource: role, Passed: "glue.amazonaws.com"}:                                             "allowed",
		{Action: "kms:ScheduleKeyDeletion", Resource: "arn:aws:kms:us-east-1:111111111111:key/x"}:                          "implicitDeny",
		{Action: "kms:ScheduleKeyDeletion", Resource: "arn:aws:kms:us-east-1:111111111111:key/y", Step: "another"}:         "implicitDeny",
		{Action: "kms:DescribeKey", Resource: "arn:aws:kms:us-east-1:111111111111:key/x", Step: "create-twin"}:             "allowed",
		{Action: "kms:DescribeKey", Resource: "arn:aws:kms:us-east-1:111111111111:key/x", Step: "create-key", Passed: "x"}: "allowed",
	}
	list := make([]plan.Permission, 0, len(asked))
	for p := range asked {
		list = append(list, p)
	}
	got, err := i.Simulate(t.Context(), here(), list)
	if err != nil || len(got) != len(asked) {
		t.Fatalf("%d answers, %v", len(got), err)
	}
	for p, want := range asked {
		if show(got[p]) != want {
			t.Errorf("%s on %s: %s, want %s", p.Action, p.Resource, show(got[p]), want)
		}
	}
}

// TestSimulateWithoutAnswer has callers that the simulator does not take, and simulations that fail.
func TestSimulateWithoutAnswer(t *testing.T) {
	t.Parallel()
	asked := []plan.Permission{{Action: "glue:CreateDevEndpoint", Resource: "*"}, {Action: "iam:PassRole", Resource: "*", Passed: "glue.amazonaws.com"}}
	for name, c := range map[string]struct{ role, fault string }{
		"root":                       {"", `[]`},
		"a role that can't be found": {"GlueguardRepair", `{"operation":"iam:GetRole","error":"AccessDenied"}`},
		"denied":                     {"GlueguardRepair", `{"operation":"iam:SimulatePrincipalPolicy","error":"AccessDenied"}`},
		"nobody":                     {"GlueguardRepair", `{"operation":"sts:GetCallerIdentity","error":"ExpiredToken"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, server := inspecting(t)
			if c.role != "" {
				i = assumed(t, server, c.role)
			}
			control(t, server, "faults", c.fault)
			got, err := i.Simulate(t.Context(), here(), asked)
			if err != nil || len(got) != len(asked) {
				t.Fatalf("%d answers, %v", len(got), err)
			}
			for _, fact := range got {
				if !fact.IsUnknown() || fact.Failure().Message == "" {
					t.Error(show(fact))
				}
			}
		})
	}
}

// TestOtherAccounts looks at a resource of another account, as its role.
func TestOtherAccounts(t *testing.T) {
	t.Parallel()
	s, _ := onSandbox(t, sandbox.Options{Scenario: "org", Accounts: 2, Regions: []string{"us-east-1"}, Resources: 20, Now: noon()}, func(o *awsapi.Options) { o.Role = "GlueguardRepair" })
	snapshots := scan(t, s, org())
	i := inspectorOf(s.session)
	looked := 0
	for _, snapshot := range snapshots {
		list, _ := snapshot.DevEndpoints.Value()
		if snapshot.Location.Account == home || len(list) == 0 {
			continue
		}
		found := inspect(t, i, Target{Location: snapshot.Location, Type: resource.TypeDevEndpoint, Name: list[0].Name})[0]
		caller := show(found.Caller)
		if !found.Endpoint.IsKnown() || !found.Role.IsKnown() || !strings.Contains(caller, snapshot.Location.Account+":assumed-role/GlueguardRepair/") {
			t.Errorf("%s, %s, %s", show(found.Endpoint), show(found.Role), caller)
		}
		looked++
	}
	if looked == 0 {
		t.Fatal("no endpoint in another account")
	}
	missing := inspect(t, i, Target{Location: resource.Location{Account: "999999999999", Region: "us-east-1"}, Type: resource.TypeDevEndpoint, Name: "x"})[0]
	if !missing.Endpoint.IsUnknown() || missing.Endpoint.Failure().Operation != opAssumeRole || !missing.Caller.IsUnknown() {
		t.Errorf("%+v", missing)
	}
}
