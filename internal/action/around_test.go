package action

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// TestEffects tells refusals apart by their codes, and by words only where AWS gives no code of its own.
func TestEffects(t *testing.T) {
	t.Parallel()
	refused := func(status int, code, message string) error {
		return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: &smithy.GenericAPIError{Code: code, Message: message},
		}}
	}
	for name, test := range map[string]struct {
		kind plan.Kind
		err  error
		want execute.Effect
	}{
		"no answer":                      {plan.CreateEndpoint, errors.New("connection reset"), execute.Unknown},
		"not decodable":                  {plan.CreateEndpoint, &smithy.DeserializationError{Err: errors.New("EOF")}, execute.Unknown},
		"throttled":                      {plan.CreateEndpoint, refused(400, "ThrottlingException", "Rate exceeded"), execute.NotSent},
		"KMS is full":                    {plan.CreateAlias, refused(400, "LimitExceededException", "50 aliases"), execute.NotDone},
		"quota":                          {plan.CreateTransform, refused(400, "ResourceNumberLimitExceededException", ""), execute.NotDone},
		"a gateway gave up":              {plan.CreateEndpoint, refused(504, "UnknownError", ""), execute.Unknown},
		"AWS gave up":                    {plan.CreateEndpoint, refused(400, "OperationTimeoutException", ""), execute.Unknown},
		"server error":                   {plan.CreateEndpoint, refused(500, "InternalServiceException", ""), execute.ServerError},
		"role of a transform":            {plan.CreateTransform, refused(400, "InvalidInputException", "Unable to assume role: r"), execute.NotYet},
		"role of an endpoint":            {plan.CreateEndpoint, refused(400, "InvalidInputException", "r is not authorized to perform: x"), execute.NotYet},
		"the same words by another code": {plan.CreateEndpoint, refused(400, "AccessDeniedException", "u is not authorized to perform: x"), execute.NotDone},
		"runs":                           {plan.Evaluate, refused(400, "ConcurrentRunsExceededException", ""), execute.NotYet},
		"not ready yet":                  {plan.Evaluate, refused(400, "MLTransformNotReadyException", ""), execute.NotYet},
		"key not known yet":              {plan.CreateAlias, refused(400, "NotFoundException", ""), execute.NotYet},
		"exists":                         {plan.CreateTransform, refused(400, "AlreadyExistsException", ""), execute.Unknown},
		"alias exists":                   {plan.CreateAlias, refused(400, "AlreadyExistsException", ""), execute.Unknown},
		"deleted already":                {plan.DeleteTransform, refused(400, "EntityNotFoundException", ""), execute.Unknown},
		"no labels":                      {plan.ExportLabels, refused(400, "EntityNotFoundException", "No labelset exists"), execute.NotDone},
		"bad policy":                     {plan.CreateKey, refused(400, "MalformedPolicyDocumentException", ""), execute.NotDone},
		"unknown code":                   {plan.CreateEndpoint, refused(400, "BrandNewException", ""), execute.NotDone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tk := &task{c: &change.Change{}, s: plan.Step{Kind: test.kind, Endpoint: &resource.EndpointDefinition{}, Transform: &resource.TransformDefinition{}}}
			e := tk.refusal("glue:X", test.err)
			if e.Effect != test.want {
				t.Errorf("effect %v, want %v", e.Effect, test.want)
			}
			if !errors.Is(e, test.err) || e.Trouble.Code == "" || e.Trouble.Operation != "glue:X" {
				t.Errorf("trouble %+v of %v", e.Trouble, e)
			}
			if advised := e.Trouble.Advice != ""; advised != (test.want == execute.NotDone || test.want == execute.NotYet) {
				t.Errorf("advice %q", e.Trouble.Advice)
			}
		})
	}
}

func TestKindsThatAreNotItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.change(w.endpoint(original))
	var kind *KindError
	if _, err := w.actor.Observe(t.Context(), c, plan.Step{Kind: plan.Verify}); !errors.As(err, &kind) {
		t.Errorf("looking at a verification: %v", err)
	}
	if _, err := w.actor.Do(t.Context(), c, plan.Step{Kind: plan.WaitReady}); !errors.As(err, &kind) || !kind.Doing {
		t.Errorf("doing a wait: %v", err)
	}
	w.refused(c, plan.Step{Kind: plan.WaitReady}, execute.NotDone)
	for k := range kinds() {
		if k == plan.SaveDefinition || k == plan.RemoveTags || k == plan.EnsureTags {
			continue
		}
		o := w.see(c, plan.Step{Kind: k, Role: plan.RestoredTwin})
		if o.Seen == execute.Open && k.Changes() && k != plan.Evaluate {
			t.Errorf("%s would be done with nothing said of it", k)
		}
	}
}

// TestKeysOfOneLocation: changes that run side by side make one key.
func TestKeysOfOneLocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	d := w.endpoint(original)
	first, second := w.change(d), w.change(d)
	second.Head.ID = "gg-second"
	create, alias := plan.Step{Name: "create-key", Kind: plan.CreateKey, Key: aKey()}, plan.Step{Name: "create-alias", Kind: plan.CreateAlias, Key: aKey()}
	w.at(second, create)
	key := w.run(first, create).KeyARN
	if o := w.want(second, create, execute.Pending); !strings.Contains(o.Detail, changeID) {
		t.Errorf("detail %q", o.Detail)
	}
	w.run(first, alias)
	equal(t, "the second's key", key, w.want(second, create, execute.Settled).Facts.KeyARN)

	// Another process, which knew of no claim, has made a key of its own: the first alias decides.
	second.KeyARN = "arn:aws:kms:us-east-1:111111111111:key/spare"
	o := w.want(second, alias, execute.Settled)
	if o.Facts.KeyARN != key || !strings.Contains(o.Facts.Text, "spare") {
		t.Errorf("facts %+v", o.Facts)
	}
	// An alias that stands for somebody else's key is left alone.
	keys := kms.New(kms.Options{Region: region, BaseEndpoint: &w.server.URL, Credentials: w.glue.Options().Credentials})
	_, err := keys.UpdateAlias(t.Context(), &kms.UpdateAliasInput{AliasName: &aKey().Alias, TargetKeyId: &w.key})
	w.must(err)
	w.missed(second, alias, change.TroubleForeign)
	w.missed(second, create, change.TroubleForeign)
	w.missed(second, plan.Step{Kind: plan.CreateKey, Key: &plan.NewKey{Alias: "alias/aws/glue"}}, change.TroubleGone)

	// So is one that nothing can be encrypted with, whoever made it.
	_, err = keys.UpdateAlias(t.Context(), &kms.UpdateAliasInput{AliasName: &aKey().Alias, TargetKeyId: &key})
	w.must(err)
	_, err = keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &key})
	w.must(err)
	w.missed(second, create, change.TroubleKey)
	w.missed(second, alias, change.TroubleKey)
	w.missed(first, create, change.TroubleKey)
}

// TestClaimEnds: a change that does not go on holds nobody up for long.
func TestClaimEnds(t *testing.T) {
	t.Parallel()
	c, now := newClaims(), time.Now()
	if holder, _ := c.take(here(), "alias/x", "a", now); holder != "a" {
		t.Fatal("nobody holds it")
	}
	if holder, silent := c.take(here(), "alias/x", "b", now.Add(claimed-1)); holder != "a" || silent != claimed-1 {
		t.Errorf("held by %s, who was last heard of %s ago", holder, silent)
	}
	if holder, _ := c.take(here(), "alias/x", "b", now.Add(claimed)); holder != "b" {
		t.Error("it should have ended")
	}
}

func TestGrantThatCovers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.change(w.endpoint(original))
	_, s := deeds()[plan.CreateGrant].set(w)
	less := s
	less.Grant = &plan.Grant{Name: "less", KeyARN: w.key, Grantee: s.Grant.Grantee, Operations: []string{"Decrypt"}}
	w.run(c, less)
	w.run(c, s) // the one that is there does not cover it
	w.want(c, less, execute.Settled)
}

func TestConfigurations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.change(w.endpoint(original))
	want := w.configuration()
	create := plan.Step{Kind: plan.CreateConfiguration, Configuration: want}
	w.fault("glue:CreateSecurityConfiguration", "ignore-encryption", "", 1)
	w.run(c, create)
	if trouble := w.missed(c, create, change.TroubleForeign); len(trouble.Differences) != 1 {
		t.Errorf("trouble %+v", trouble)
	}
	remove := plan.Step{Kind: plan.DeleteConfiguration, Configuration: want}
	w.missed(c, remove, change.TroubleForeign)
	_, err := w.glue.DeleteSecurityConfiguration(t.Context(), &glue.DeleteSecurityConfigurationInput{Name: &want.Name})
	w.must(err)
	w.run(c, create)
	other := w.change(w.endpoint(original))
	other.Head.ID = "gg-other"
	w.want(other, create, execute.Settled) // equal needs share one
	w.missed(c, plan.Step{Kind: plan.DeleteConfiguration, Configuration: &resource.SecurityConfiguration{Name: "pass-sse-kms"}}, change.TroubleForeign)
	w.missed(c, plan.Step{Kind: plan.CreateConfiguration, Configuration: &resource.SecurityConfiguration{Name: plan.ConfigurationPlaceholder}}, change.TroubleGone)

	off := resource.SecurityConfiguration{S3: []resource.Encryption{{Mode: resource.ModeSSES3, KMSKey: "ignored"}}, CloudWatch: &resource.Encryption{Mode: resource.ModeDisabled}}
	off.Name = plan.ConfigurationName(off)
	w.run(c, plan.Step{Kind: plan.CreateConfiguration, Configuration: &off})
	w.want(c, plan.Step{Kind: plan.CreateConfiguration, Configuration: &off}, execute.Settled)
}

func TestTagsOfALaterChangeStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	d := w.endpoint(original)
	c := w.change(d)
	w.tag(d.ARN, map[string]string{tagChange: "gg-later"})
	w.want(c, plan.Step{Kind: plan.RemoveTags, Role: plan.Original}, execute.Settled)
	w.missed(c, plan.Step{Kind: plan.EnsureTags, Role: plan.Original}, change.TroubleForeign)
	w.untag(d.ARN, tagChange)
	w.tag(d.ARN, map[string]string{tagOriginal: original})
	w.run(c, plan.Step{Kind: plan.RemoveTags, Role: plan.Original})
	equal(t, "tags", d.Definition.Tags, w.endpoint(original).Definition.Tags)
	w.deleted(original)
	w.advance(provisioning)
	w.missed(c, plan.Step{Kind: plan.RemoveTags, Role: plan.Original}, change.TroubleGone)
	w.missed(c, plan.Step{Kind: plan.EnsureTags, Role: plan.Original}, change.TroubleGone)
}

func TestSaveDefinition(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	s := plan.Step{Kind: plan.SaveDefinition, Role: plan.Original}
	e, tr := w.endpoint("fail-s3-encryption-disabled"), w.transform(taught)
	c, tc := w.change(e), w.change(tr)
	equal(t, "endpoint", e, *w.want(c, s, execute.Settled).Facts.Endpoint)
	equal(t, "transform", tr, *w.want(tc, s, execute.Settled).Facts.Transform)

	_, err := w.glue.UpdateDevEndpoint(t.Context(), &glue.UpdateDevEndpointInput{EndpointName: &e.Definition.Name, UpdateEtlLibraries: true})
	w.must(err)
	w.want(c, s, execute.Pending)
	w.advance(time.Hour)
	tr.LabelCount++
	w.missed(w.change(tr), s, change.TroubleChanged)
	w.argued("fail-s3-encryption-disabled", "--new")
	trouble := w.missed(c, s, change.TroubleChanged)
	equal(t, "differences", []change.Difference{{Attribute: "arguments.--new", Got: "(not shown)"}}, trouble.Differences)
	e.CreatedAt = e.CreatedAt.Add(time.Second)
	w.missed(w.change(e), s, change.TroubleChanged)
	w.deleted("fail-s3-encryption-disabled")
	w.missed(c, s, change.TroubleGone)
	w.deletedTransform(tr.ID)
	w.missed(tc, s, change.TroubleGone)
}

func TestCheckUnreferenced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	s := plan.Step{Kind: plan.CheckUnreferenced, Role: plan.Original}
	for what, test := range map[string]struct {
		of   any
		want string
	}{
		"a notebook":        {w.endpoint(original), "aws-glue-workbench"},
		"a job":             {w.transform(taught), "customer-match-nightly"},
		"a free endpoint":   {w.endpoint("fail-s3-encryption-disabled"), ""},
		"a free transform":  {w.transform("fail-user-data-encryption-absent"), ""},
		"what is long gone": {resource.EndpointDetail{Definition: resource.EndpointDefinition{Name: "gone"}}, ""},
	} {
		c := w.change(test.of)
		if c.Head.Item.Identity.Type == "" {
			t.Fatal(what)
		}
		if test.want == "" {
			w.want(c, s, execute.Settled)
			continue
		}
		if trouble := w.missed(c, s, change.TroubleReferenced); !strings.Contains(trouble.Message, test.want) {
			t.Errorf("%s: %s", what, trouble.Message)
		}
	}
	w.fault("glue:GetJobs", "AccessDeniedException", "", 0)
	_, err := w.actor.Observe(t.Context(), w.change(w.transform(taught)), s)
	if err == nil {
		t.Error("what can't be read is not unreferenced")
	}
	wantFailure(t, err, "glue:GetJobs")
}

func TestUses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	s := resource.Surroundings{At: now, Dependents: resource.Known([]resource.Dependent{
		{Kind: "task run", Name: "nightly", Where: "long ago", Used: now.Add(-8 * 24 * time.Hour)},
		{Kind: "job", Name: "j", Where: "script"},
	}), LastUsed: resource.Known(now.Add(-24 * time.Hour))}
	equal(t, "uses", []string{"a task run at 2026-11-21T00:00:00Z", "job j, script"}, usesOf(s, resource.TypeMLTransform))
	equal(t, "of an endpoint", []string{"job j, script"}, usesOf(s, resource.TypeDevEndpoint))
}
