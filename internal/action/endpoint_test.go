package action

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

func createTwin(d resource.EndpointDetail) plan.Step {
	return plan.Step{Name: "create-twin", Kind: plan.CreateEndpoint, Role: plan.Twin, Endpoint: twinOf(d)}
}

func deleteRole(r plan.Role) plan.Step {
	return plan.Step{Name: "delete-" + string(r), Kind: plan.DeleteEndpoint, Role: r}
}

// made makes an endpoint behind the change's back.
func (w *world) made(d resource.EndpointDefinition, tags map[string]string) {
	w.Helper()
	_, err := w.glue.CreateDevEndpoint(w.Context(), endpointInput(d, tags))
	w.must(err)
}

func (w *world) deleted(name string) {
	w.Helper()
	_, err := w.glue.DeleteDevEndpoint(w.Context(), &glue.DeleteDevEndpointInput{EndpointName: &name})
	w.must(err)
}

func (w *world) argued(name, argument string) {
	w.Helper()
	_, err := w.glue.UpdateDevEndpoint(w.Context(), &glue.UpdateDevEndpointInput{EndpointName: &name, AddArguments: map[string]string{argument: "1"}})
	w.must(err)
}

func TestEndpointIsMadeAsDefined(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	subnet := w.endpoint("fail-s3-encryption-disabled").Definition
	role := subnet.RoleARN
	for name, d := range map[string]resource.EndpointDefinition{
		"least": {RoleARN: role},
		"nodes": {RoleARN: role, NumberOfNodes: 3, GlueVersion: "0.9"},
		"workers and keys": {
			RoleARN: role, WorkerType: "G.1X", NumberOfWorkers: 2, NumberOfNodes: 2, GlueVersion: "1.0", PublicKeys: []string{"ssh-rsa a", "ssh-rsa b"},
			Arguments: map[string]string{"GLUE_PYTHON_VERSION": "3", "--enable-glue-datacatalog": ""}, Tags: map[string]string{"team": "data"},
		},
		"all": {
			RoleARN: role, SubnetID: subnet.SubnetID, SecurityGroupIDs: subnet.SecurityGroupIDs, PublicKey: "ssh-rsa a", NumberOfNodes: 5,
			ExtraPythonLibsS3Path: "s3://b/l.zip", ExtraJarsS3Path: "s3://b/l.jar", SecurityConfiguration: "pass-sse-s3", Tags: map[string]string{"empty": ""},
		},
	} {
		d.Name = "made " + name
		c := w.change(w.endpoint(original))
		f := w.run(c, plan.Step{Kind: plan.CreateEndpoint, Role: plan.Twin, Endpoint: &d})
		got := w.endpoint(d.Name)
		if diff := plan.DiffEndpoint(d, got.Definition); len(diff) > 0 {
			t.Errorf("%s differs: %v", name, diff)
		}
		if !got.Identity().Same(*f.Resource) || f.Resource.ARN != got.ARN {
			t.Errorf("%s: identity %+v, want %+v", name, f.Resource, got.Identity())
		}
		equal(t, name+"'s tag", changeID, got.Definition.Tags[tagChange])
	}
}

func TestCreateEndpointRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code, message string
		effect        execute.Effect
		advice        string
	}{
		"end of life":     {"InvalidInputException", "Glue version 1.0 has reached end of life", execute.NotDone, "ended on 2026-04-01"},
		"role unknown":    {"InvalidInputException", "Role x should be given assume role permissions for Glue Service.", execute.NotYet, "trusts glue.amazonaws.com"},
		"subnet":          {"InvalidInputException", "S3 endpoint and NAT validation has failed for subnetId: subnet-1.", execute.NotYet, "gateway endpoint or NAT"},
		"quota":           {"ResourceNumberLimitExceededException", "", execute.NotDone, "Service Quotas"},
		"pass role":       {"AccessDeniedException", "not authorized to perform: iam:PassRole", execute.NotDone, "iam:PassRole"},
		"name taken":      {"AlreadyExistsException", "", execute.Unknown, ""},
		"other arguments": {"IdempotentParameterMismatchException", "", execute.Unknown, ""},
		"invalid":         {"ValidationException", "no", execute.NotDone, "trusts glue.amazonaws.com"},
		"throttled":       {"ThrottlingException", "", execute.NotSent, ""},
		"token expired":   {"ExpiredTokenException", "", execute.NotSent, ""},
		"broken answer":   {"truncate", "", execute.Unknown, ""},
		"a proxy's page":  {"html", "", execute.Unknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			d := w.endpoint("fail-s3-encryption-disabled") // in a subnet
			c := w.change(d)
			s := createTwin(d)
			w.at(c, s)
			w.fault("glue:CreateDevEndpoint", test.code, test.message, 1)
			e := w.refused(c, s, test.effect)
			if !strings.Contains(e.Trouble.Advice, test.advice) {
				t.Errorf("advice %q, want %q in it", e.Trouble.Advice, test.advice)
			}
			if test.message != "" && !strings.Contains(e.Trouble.Message, test.message) {
				t.Errorf("AWS's own words are lost: %q", e.Trouble.Message)
			}
		})
	}
}

func TestCreateEndpointFinds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set  func(w *world, c *change.Change, twin resource.EndpointDefinition)
		seen execute.Seen
		code string
	}{
		"nothing": {func(*world, *change.Change, resource.EndpointDefinition) {}, execute.Open, ""},
		"its own": {func(w *world, _ *change.Change, d resource.EndpointDefinition) {
			w.made(d, map[string]string{tagChange: changeID})
		}, execute.Settled, ""},
		"a foreign": {func(w *world, _ *change.Change, d resource.EndpointDefinition) { w.made(d, nil) }, execute.Missed, change.TroubleForeign},
		"another's": {func(w *world, _ *change.Change, d resource.EndpointDefinition) {
			w.made(d, map[string]string{tagChange: "gg-other"})
		}, execute.Missed, change.TroubleForeign},
		"one leaving": {func(w *world, _ *change.Change, d resource.EndpointDefinition) { w.made(d, nil); w.deleted(d.Name) }, execute.Pending, ""},
		"its own, in another role": {func(w *world, c *change.Change, d resource.EndpointDefinition) {
			w.made(d, map[string]string{tagChange: changeID})
			c.Resources[plan.Replacement] = w.endpoint(d.Name).Identity()
		}, execute.Missed, change.TroubleForeign},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			d := w.endpoint(original)
			c := w.change(d)
			s := createTwin(d)
			w.at(c, s)
			test.set(w, c, *s.Endpoint)
			o := w.want(c, s, test.seen)
			if test.code != "" && o.Trouble.Code != test.code {
				t.Errorf("trouble %+v, want %s", o.Trouble, test.code)
			}
			if o.Seen == execute.Settled && !o.Facts.Resource.Same(w.endpoint(s.Endpoint.Name).Identity()) {
				t.Errorf("found %+v", o.Facts.Resource)
			}
		})
	}
}

func TestDeleteOriginal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set       func(w *world, c *change.Change)
		seen      execute.Seen
		code      string
		attribute string
	}{
		"as saved":        {func(*world, *change.Change) {}, execute.Open, "", ""},
		"not saved":       {func(_ *world, c *change.Change) { c.SavedEndpoint = nil }, execute.Missed, change.TroubleUnread, ""},
		"changed":         {func(w *world, _ *change.Change) { w.argued(original, "--mine") }, execute.Missed, change.TroubleChanged, "arguments.--mine"},
		"tagged":          {func(w *world, c *change.Change) { w.tag(c.SavedEndpoint.ARN, map[string]string{"keep": "yes"}) }, execute.Missed, change.TroubleChanged, "tags.keep"},
		"going":           {func(w *world, _ *change.Change) { w.deleted(original) }, execute.Settled, "", ""},
		"gone":            {func(w *world, _ *change.Change) { w.deleted(original); w.advance(provisioning) }, execute.Settled, "", ""},
		"a change's tags": {func(w *world, c *change.Change) { w.tag(c.SavedEndpoint.ARN, map[string]string{tagChange: "gg-older"}) }, execute.Open, "", ""},
		"being updated": {func(w *world, _ *change.Change) {
			_, err := w.glue.UpdateDevEndpoint(w.Context(), &glue.UpdateDevEndpointInput{EndpointName: aws.String(original), UpdateEtlLibraries: true})
			w.must(err)
		}, execute.Pending, "", ""},
		"of another stack": {func(_ *world, c *change.Change) {
			c.SavedEndpoint.AWSTags = map[string]string{"aws:cloudformation:stack-name": "then"}
		}, execute.Missed, change.TroubleChanged, `tags["aws:cloudformation:stack-name"]`},
		"another": {func(w *world, c *change.Change) {
			w.deleted(original)
			w.advance(provisioning)
			w.made(c.SavedEndpoint.Definition, c.SavedEndpoint.Definition.Tags)
		}, execute.Missed, change.TroubleChanged, "created_at"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			c := w.change(w.endpoint(original))
			s := deleteRole(plan.Original)
			w.at(c, s)
			test.set(w, c)
			o := w.want(c, s, test.seen)
			if test.code == "" {
				return
			}
			if o.Trouble.Code != test.code {
				t.Errorf("trouble %+v, want %s", o.Trouble, test.code)
			}
			if test.attribute != "" && (len(o.Trouble.Differences) != 1 || o.Trouble.Differences[0].Attribute != test.attribute) {
				t.Errorf("differences %+v, want %s", o.Trouble.Differences, test.attribute)
			}
		})
	}
}

func TestDeleteOwn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault string
		set   func(w *world, c *change.Change, name string)
		seen  execute.Seen
	}{
		"as made":             {"", func(*world, *change.Change, string) {}, execute.Open},
		"made unencrypted":    {"ignore-encryption", func(*world, *change.Change, string) {}, execute.Open},
		"changed since":       {"", func(w *world, _ *change.Change, name string) { w.argued(name, "--mine") }, execute.Missed},
		"never settled":       {"", func(_ *world, c *change.Change, _ string) { delete(c.Resources, plan.Twin) }, execute.Open},
		"known to differ":     {"", knownToDiffer, execute.Open},
		"going":               {"", func(w *world, _ *change.Change, name string) { w.deleted(name) }, execute.Settled},
		"gone":                {"", func(w *world, _ *change.Change, name string) { w.deleted(name); w.advance(provisioning) }, execute.Settled},
		"another of its name": {"", func(w *world, c *change.Change, name string) { w.replaced(name) }, execute.Missed},
		"foreign, never settled": {"", func(w *world, c *change.Change, name string) {
			delete(c.Resources, plan.Twin)
			w.replaced(name)
		}, execute.Settled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			d := w.endpoint(original)
			c := w.change(d)
			if test.fault != "" {
				w.fault("glue:CreateDevEndpoint", test.fault, "", 1)
			}
			w.run(c, createTwin(d))
			w.advance(provisioning)
			s := deleteRole(plan.Twin)
			w.at(c, s)
			test.set(w, c, createTwin(d).Endpoint.Name)
			o := w.want(c, s, test.seen)
			if o.Seen != execute.Open {
				return
			}
			w.do(c, s)
			gone := plan.Step{Name: "wait-twin-gone", Kind: plan.WaitGone, Role: plan.Twin, LimitMinutes: 30}
			w.at(c, gone)
			w.want(c, gone, execute.Pending)
			w.advance(provisioning)
			w.want(c, gone, execute.Settled)
		})
	}
}

func (w *world) replaced(name string) {
	w.Helper()
	d := w.endpoint(name).Definition
	w.deleted(name)
	w.advance(provisioning)
	w.made(d, nil)
}

// knownToDiffer has an argument on the twin that verification has named already.
func knownToDiffer(w *world, c *change.Change, name string) {
	w.argued(name, "--late")
	c.Past = append(c.Past, change.Progress{
		Step:    plan.Step{Name: "verify-twin", Kind: plan.Verify, Role: plan.Twin},
		Trouble: &change.Trouble{Code: change.TroubleVerify, Differences: []change.Difference{{Attribute: "arguments.--late"}}},
	})
}

// TestCredentialsMustLast: an original is not deleted with credentials that may end before another can be made.
func TestCredentialsMustLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.change(w.endpoint(original))
	s := deleteRole(plan.Original)
	w.at(c, s)
	w.actor = w.borrowed()
	trouble := w.missed(c, s, change.TroubleCredentials)
	if !strings.Contains(trouble.Message, "60 minutes") {
		t.Errorf("message %q", trouble.Message)
	}
}

func TestOwnTags(t *testing.T) {
	t.Parallel()
	tags := func(n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m[strings.Repeat("k", i+1)] = ""
		}
		return m
	}
	tk := &task{c: &change.Change{Head: change.Head{ID: changeID, Item: plan.Item{
		Identity: resource.Identity{Type: resource.TypeMLTransform, ID: "tfm-1", Name: "n"}, Transform: &resource.TransformDetail{},
	}}}}
	for n, want := range map[int][]string{0: {tagChange, tagOriginal, tagConfiguration}, 48: {tagChange, tagOriginal}, 49: {tagChange}, 50: nil} {
		got := tk.withOwnTags(tags(n))
		var own []string
		for _, key := range ownTagKeys() {
			if _, ok := got[key]; ok {
				own = append(own, key)
			}
		}
		equal(t, "own tags", want, own)
		if len(got) > mostTags {
			t.Errorf("%d tags", len(got))
		}
	}
	want := map[string]string{"a": "1", tagChange: changeID, tagOriginal: "tfm-1", tagConfiguration: "-"}
	equal(t, "tags", want, tk.withOwnTags(map[string]string{"a": "1", tagChange: "older"}))
	if !cmp.Equal(aws.ToString(given("")), "") || given("") != nil {
		t.Error("an empty member must be left out")
	}
}
