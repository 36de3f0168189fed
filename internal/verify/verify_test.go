package verify_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/verify"
)

// The contract with the rooms on both sides.
var (
	_ execute.Verifier = (*verify.Verifier)(nil)
	_ verify.Reader    = (*inventory.Inspector)(nil)
)

func TestPromiseKept(t *testing.T) {
	t.Parallel()
	reordered := byWorkers()
	slices.Reverse(reordered.SecurityGroupIDs)
	slices.Reverse(reordered.PublicKeys)
	for name, p := range map[string]promised{
		"endpoint by workers": endpointPromise(byWorkers()),
		"endpoint by nodes":   endpointPromise(byNodes()),
		"endpoint with sets in another order": endpointPromise(byWorkers()).alterEndpoint(func(d *resource.EndpointDetail) {
			d.Definition.SecurityGroupIDs, d.Definition.PublicKeys = reordered.SecurityGroupIDs, reordered.PublicKeys
		}),
		"endpoint whose nodes AWS counts too": endpointPromise(byWorkers()).alterEndpoint(func(d *resource.EndpointDetail) { d.Definition.NumberOfNodes = 3 }),
		"transform by workers":                transformPromise(transformByWorkers()),
		"transform by capacity":               transformPromise(transformByCapacity()),
		"transform whose capacity AWS works out": transformPromise(transformByWorkers()).alterTransform(func(d *resource.TransformDetail) {
			d.Definition.MaxCapacity = ptr(3.0)
		}),
		"metrics within the tolerance": transformPromise(transformByWorkers()).alterTransform(func(d *resource.TransformDetail) {
			d.Metrics = &resource.Metrics{AreaUnderPRCurve: 0.95, Precision: 0.75, Recall: 0.7, F1: 0.75}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := p.attributes(t); len(got) > 0 {
				t.Errorf("differs in %v", got)
			}
		})
	}
}

// TestEndpointDifferences has one thing wrong at a time, most of all the encryption.
func TestEndpointDifferences(t *testing.T) {
	t.Parallel()
	configuration := func(alter func(*resource.SecurityConfiguration)) func(*promised) {
		return func(p *promised) {
			c := made()
			alter(&c)
			p.world.configurations["glueguard-1"] = resource.Known(c)
		}
	}
	detail := func(alter func(*resource.EndpointDetail)) func(*promised) {
		return func(p *promised) { *p = p.alterEndpoint(alter) }
	}
	for name, c := range map[string]struct {
		alter func(*promised)
		want  []string
	}{
		"gone":                            {func(p *promised) { p.world.endpoints = nil }, []string{"status"}},
		"being deleted":                   {detail(func(d *resource.EndpointDetail) { d.Status = "TERMINATING" }), []string{"status"}},
		"failed":                          {detail(func(d *resource.EndpointDetail) { d.Status = "FAILED" }), []string{"status"}},
		"another of its name":             {detail(func(d *resource.EndpointDetail) { d.CreatedAt = moment.Add(time.Second) }), []string{"created_at"}},
		"made without a configuration":    {detail(func(d *resource.EndpointDetail) { d.Definition.SecurityConfiguration = "" }), []string{"s3_encryption.mode", "s3_encryption.kms_key_arn", "cloudwatch_encryption.mode", "security_configuration"}},
		"made with one that is not there": {detail(func(d *resource.EndpointDetail) { d.Definition.SecurityConfiguration = "other" }), []string{"s3_encryption.mode", "s3_encryption.kms_key_arn", "cloudwatch_encryption.mode", "security_configuration"}},
		"made with another that encrypts": {
			func(p *promised) {
				other := made()
				other.Name = "other"
				p.world.configurations["other"] = resource.Known(other)
				*p = p.alterEndpoint(func(d *resource.EndpointDetail) { d.Definition.SecurityConfiguration = "other" })
			},
			[]string{"security_configuration"},
		},
		"its configuration was deleted":   {func(p *promised) { p.world.configurations = nil }, []string{"s3_encryption.mode", "s3_encryption.kms_key_arn", "cloudwatch_encryption.mode"}},
		"S3 off":                          {configuration(func(c *resource.SecurityConfiguration) { c.S3[0] = resource.Encryption{Mode: resource.ModeDisabled} }), []string{"s3_encryption.mode", "s3_encryption.kms_key_arn", "security_configuration.s3_encryption"}},
		"S3 absent":                       {configuration(func(c *resource.SecurityConfiguration) { c.S3 = nil }), []string{"s3_encryption.mode", "s3_encryption.kms_key_arn", "security_configuration.s3_encryption"}},
		"S3 weaker":                       {configuration(func(c *resource.SecurityConfiguration) { c.S3[0] = resource.Encryption{Mode: resource.ModeSSES3} }), []string{"s3_encryption.mode", "s3_encryption.kms_key_arn", "security_configuration.s3_encryption"}},
		"S3 in an unknown mode":           {configuration(func(c *resource.SecurityConfiguration) { c.S3[0].Mode = "SSE-NEW" }), []string{"s3_encryption.mode", "security_configuration.s3_encryption"}},
		"S3 under another key":            {configuration(func(c *resource.SecurityConfiguration) { c.S3[0].KMSKey = "other" }), []string{"s3_encryption.kms_key_arn", "security_configuration.s3_encryption"}},
		"a second S3 entry that is off":   {configuration(func(c *resource.SecurityConfiguration) { c.S3 = append(c.S3, resource.Encryption{Mode: "DISABLED"}) }), []string{"s3_encryption.mode", "s3_encryption.kms_key_arn", "security_configuration.s3_encryption"}},
		"a second S3 entry, another key":  {configuration(func(c *resource.SecurityConfiguration) { c.S3 = append(c.S3, kms("zzz")) }), []string{"security_configuration.s3_encryption"}},
		"logs off":                        {configuration(func(c *resource.SecurityConfiguration) { c.CloudWatch = nil }), []string{"cloudwatch_encryption.mode", "security_configuration.cloudwatch_encryption"}},
		"logs under another key":          {configuration(func(c *resource.SecurityConfiguration) { c.CloudWatch.KMSKey = "other" }), []string{"security_configuration.cloudwatch_encryption"}},
		"bookmarks lost":                  {configuration(func(c *resource.SecurityConfiguration) { c.JobBookmarks = nil }), []string{"security_configuration.job_bookmarks_encryption"}},
		"data quality added":              {configuration(func(c *resource.SecurityConfiguration) { c.DataQuality = ptr(kms(key)) }), []string{"security_configuration.data_quality_encryption"}},
		"a tag lost":                      {detail(func(d *resource.EndpointDetail) { delete(d.Definition.Tags, "team") }), []string{`tags["team"]`}},
		"an empty tag lost":               {detail(func(d *resource.EndpointDetail) { delete(d.Definition.Tags, "empty") }), []string{`tags["empty"]`}},
		"a tag changed":                   {detail(func(d *resource.EndpointDetail) { d.Definition.Tags["team"] = "x" }), []string{`tags["team"]`}},
		"a tag added":                     {detail(func(d *resource.EndpointDetail) { d.Definition.Tags["new"] = "" }), []string{`tags["new"]`}},
		"another change's":                {detail(func(d *resource.EndpointDetail) { d.Definition.Tags["glueguard:change"] = "change-2" }), []string{`tags["glueguard:change"]`}},
		"of another original":             {detail(func(d *resource.EndpointDetail) { d.Definition.Tags["glueguard:original"] = "dev2" }), []string{`tags["glueguard:original"]`}},
		"another configuration is told":   {detail(func(d *resource.EndpointDetail) { d.Definition.Tags["glueguard:configuration"] = "-" }), []string{`tags["glueguard:configuration"]`}},
		"the change's tags are still on":  {func(p *promised) { p.step.Promise.ChangeTags = false }, []string{`tags["glueguard:change"]`, `tags["glueguard:configuration"]`, `tags["glueguard:original"]`}},
		"its own tags are on an original": {func(p *promised) { p.asOriginal() }, []string{`tags["glueguard:change"]`, `tags["glueguard:configuration"]`, `tags["glueguard:original"]`}},
		"an earlier change's tags are on an original": {
			func(p *promised) {
				p.asOriginal()
				*p = p.alterEndpoint(func(d *resource.EndpointDetail) { d.Definition.Tags["glueguard:change"] = "change-0" })
			},
			[]string{},
		},
		"not ready, and that was not promised": {
			func(p *promised) {
				p.step.Promise.Ready = false
				*p = p.alterEndpoint(func(d *resource.EndpointDetail) { d.Status = "FAILED" })
			},
			[]string{},
		},
		"logs off, and nothing promised of them": {
			func(p *promised) {
				p.step.Promise.LogMode, p.change.Head.Item.Steps = "", nil
				c := made()
				c.CloudWatch = nil
				p.world.configurations["glueguard-1"] = resource.Known(c)
			},
			[]string{},
		},
		"unencrypted, as was promised": {
			func(p *promised) {
				p.step.Promise.Mode, p.step.Promise.KMSKey, p.step.Promise.LogMode = resource.ModeNone, "", resource.ModeNone
				p.step.Promise.Endpoint.SecurityConfiguration = ""
				*p = p.alterEndpoint(func(d *resource.EndpointDetail) { d.Definition.SecurityConfiguration = "" })
			},
			[]string{},
		},
		"logs in a mode that nobody knows, as before": {
			func(p *promised) {
				p.step.Promise.LogMode, p.change.Head.Item.Steps = "SSE-QUANTUM", nil
				c := made()
				c.CloudWatch = &resource.Encryption{Mode: "SSE-QUANTUM"}
				p.world.configurations["glueguard-1"] = resource.Known(c)
			},
			[]string{},
		},
		"S3 in a mode that nobody knows, as before": {
			func(p *promised) {
				p.step.Promise.Mode, p.step.Promise.KMSKey, p.change.Head.Item.Steps = "SSE-QUANTUM", "k", nil
				c := made()
				c.S3 = []resource.Encryption{kms(key), {Mode: "SSE-QUANTUM", KMSKey: "k"}}
				p.world.configurations["glueguard-1"] = resource.Known(c)
			},
			[]string{},
		},
		"encrypted, which was not promised": {
			func(p *promised) {
				p.step.Promise.Mode, p.step.Promise.KMSKey = resource.ModeNone, ""
			},
			[]string{"s3_encryption.mode"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := endpointPromise(byWorkers())
			c.alter(&p)
			if d := cmp.Diff(c.want, p.attributes(t)); d != "" {
				t.Errorf("differs in (-want +got):\n%s", d)
			}
		})
	}
}

// asOriginal makes the resource that is verified the change's original, as after an unwinding.
func (p *promised) asOriginal() {
	p.step.Role, p.step.Promise.ChangeTags = plan.Original, false
	p.change.Resources[plan.Original] = p.change.Resources[plan.Twin]
}

func TestTransformDifferences(t *testing.T) {
	t.Parallel()
	const block = "transform_encryption.ml_user_data_encryption."
	detail := func(alter func(*resource.TransformDetail)) func(*promised) {
		return func(p *promised) { *p = p.alterTransform(alter) }
	}
	for name, c := range map[string]struct {
		alter func(*promised)
		want  []string
	}{
		"gone":                     {func(p *promised) { p.world.transforms = nil }, []string{"status"}},
		"being deleted":            {detail(func(d *resource.TransformDetail) { d.Status = "DELETING" }), []string{"status"}},
		"not ready":                {detail(func(d *resource.TransformDetail) { d.Status = "NOT_READY" }), []string{"status"}},
		"another id":               {detail(func(d *resource.TransformDetail) { d.ID = "tfm-3" }), []string{"id"}},
		"made without encryption":  {detail(func(d *resource.TransformDetail) { d.Definition.UserData = nil }), []string{block + "mode", block + "kms_key_id"}},
		"made with encryption off": {detail(func(d *resource.TransformDetail) { d.Definition.UserData = &resource.Encryption{Mode: "DISABLED"} }), []string{block + "mode", block + "kms_key_id"}},
		"made in an unknown mode": {detail(func(d *resource.TransformDetail) {
			d.Definition.UserData = &resource.Encryption{Mode: "SSE-NEW", KMSKey: key}
		}), []string{block + "mode", block + "kms_key_id"}},
		"made under another key":        {detail(func(d *resource.TransformDetail) { d.Definition.UserData = ptr(kms("other")) }), []string{block + "kms_key_id"}},
		"task runs without":             {detail(func(d *resource.TransformDetail) { d.Definition.TaskRunSecurityConfiguration = "" }), []string{"task_run_encryption.mode", "transform_encryption.task_run_security_configuration_name"}},
		"task runs' configuration gone": {func(p *promised) { p.world.configurations = nil }, []string{"task_run_encryption.mode"}},
		"task runs' configuration off": {
			func(p *promised) {
				p.world.configurations["glueguard-1"] = resource.Known(resource.SecurityConfiguration{Name: "glueguard-1", CloudWatch: made().CloudWatch, JobBookmarks: made().JobBookmarks})
			},
			[]string{"task_run_encryption.mode", "security_configuration.s3_encryption"},
		},
		"a label lost":     {detail(func(d *resource.TransformDetail) { d.LabelCount-- }), []string{"label_count"}},
		"a label too many": {detail(func(d *resource.TransformDetail) { d.LabelCount++ }), []string{"label_count"}},
		"labels not promised": {func(p *promised) {
			p.step.Promise.Labels = -1
			*p = p.alterTransform(func(d *resource.TransformDetail) { d.LabelCount = 0 })
		}, []string{}},
		"no labels promised": {func(p *promised) { p.step.Promise.Labels = 0 }, []string{"label_count"}},
		"never evaluated":    {detail(func(d *resource.TransformDetail) { d.Metrics = nil }), []string{"evaluation_metrics"}},
		"metrics not promised": {func(p *promised) {
			p.step.Promise.Metrics = nil
			*p = p.alterTransform(func(d *resource.TransformDetail) { d.Metrics = nil })
		}, []string{}},
		"worse area":                {detail(func(d *resource.TransformDetail) { d.Metrics.AreaUnderPRCurve -= 0.06 }), []string{"evaluation_metrics.area_under_pr_curve"}},
		"worse precision":           {detail(func(d *resource.TransformDetail) { d.Metrics.Precision -= 0.06 }), []string{"evaluation_metrics.precision"}},
		"worse recall":              {detail(func(d *resource.TransformDetail) { d.Metrics.Recall -= 0.06 }), []string{"evaluation_metrics.recall"}},
		"worse F1":                  {detail(func(d *resource.TransformDetail) { d.Metrics.F1 -= 0.06 }), []string{"evaluation_metrics.f1"}},
		"a tag lost":                {detail(func(d *resource.TransformDetail) { delete(d.Definition.Tags, "team") }), []string{`tags["team"]`}},
		"the id of another was put": {detail(func(d *resource.TransformDetail) { d.Definition.Tags["glueguard:original"] = "tfm-x" }), []string{`tags["glueguard:original"]`}},
		"task runs alone encrypt, as was promised": {
			func(p *promised) {
				p.step.Promise.Mode, p.step.Promise.KMSKey = resource.ModeNone, ""
				p.step.Promise.Transform.UserData = nil
				*p = p.alterTransform(func(d *resource.TransformDetail) { d.Definition.UserData = nil })
			},
			[]string{},
		},
		"task runs do not stand in for user data": {
			func(p *promised) {
				p.step.Promise.TaskMode = resource.ModeSSEKMS
				*p = p.alterTransform(func(d *resource.TransformDetail) { d.Definition.UserData = nil })
			},
			[]string{block + "mode", block + "kms_key_id"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := transformPromise(transformByWorkers())
			c.alter(&p)
			if d := cmp.Diff(c.want, p.attributes(t)); d != "" {
				t.Errorf("differs in (-want +got):\n%s", d)
			}
		})
	}
}

// TestTagsThatDoNotFit: where a resource may not have all three tags of a change, the last ones are not missed.
func TestTagsThatDoNotFit(t *testing.T) {
	t.Parallel()
	for own, missing := range map[int][]string{
		47: nil, 48: {"glueguard:configuration"}, 49: {"glueguard:configuration", "glueguard:original"},
	} {
		t.Run(fmt.Sprint(own), func(t *testing.T) {
			t.Parallel()
			d := byWorkers()
			d.Tags = map[string]string{}
			for i := range own {
				d.Tags[fmt.Sprintf("tag-%d", i)] = "x"
			}
			p := endpointPromise(d).alterEndpoint(func(d *resource.EndpointDetail) {
				for _, key := range missing {
					delete(d.Definition.Tags, key)
				}
			})
			if got := p.attributes(t); len(got) > 0 {
				t.Errorf("differs in %v", got)
			}
			p.alterEndpoint(func(d *resource.EndpointDetail) { delete(d.Definition.Tags, "glueguard:change") })
			if got := p.attributes(t); !slices.Equal(got, []string{`tags["glueguard:change"]`}) {
				t.Errorf("without the first it differs in %v", got)
			}
		})
	}
}

// TestUnread: a read that failed is an error, whatever else is known.
func TestUnread(t *testing.T) {
	t.Parallel()
	denied := resource.Failure{Operation: "glue:GetTags", Class: resource.Denied, Code: "AccessDeniedException", Message: "no"}
	for name, c := range map[string]struct {
		p    promised
		what string
	}{
		"endpoint": {func() promised {
			p := endpointPromise(byWorkers())
			p.world.endpoints["dev1"] = resource.Unknown[resource.EndpointDetail](denied)
			return p
		}(), `development endpoint "dev1"`},
		"endpoint never read": {func() promised {
			p := endpointPromise(byWorkers())
			p.world.endpoints["dev1"] = resource.Fact[resource.EndpointDetail]{}
			return p
		}(), `development endpoint "dev1"`},
		"its configuration": {func() promised {
			p := endpointPromise(byWorkers())
			p.world.configurations["glueguard-1"] = resource.Unknown[resource.SecurityConfiguration](denied)
			return p
		}(), `security configuration "glueguard-1"`},
		"a configuration that was not promised": {func() promised {
			p := endpointPromise(byWorkers())
			p.world.configurations["other"] = resource.Unknown[resource.SecurityConfiguration](denied)
			return p.alterEndpoint(func(d *resource.EndpointDetail) { d.Definition.SecurityConfiguration = "other" })
		}(), `security configuration "other"`},
		"transform": {func() promised {
			p := transformPromise(transformByWorkers())
			p.world.transforms["tfm-new"] = resource.Unknown[resource.TransformDetail](denied)
			return p
		}(), "ML transform tfm-new"},
		"its task runs' configuration": {func() promised {
			p := transformPromise(transformByWorkers())
			p.world.configurations["glueguard-1"] = resource.Unknown[resource.SecurityConfiguration](denied)
			return p
		}(), `security configuration "glueguard-1"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			differences, err := c.p.verify(t)
			var unread *verify.UnreadError
			if !errors.As(err, &unread) || unread.What != c.what || len(differences) > 0 {
				t.Errorf("differences %v, error %v: want an UnreadError of %s", differences, err, c.what)
			}
			var failure resource.Failure
			if !errors.As(err, &failure) || !strings.Contains(err.Error(), "again") {
				t.Errorf("error %v does not say why", err)
			}
		})
	}
}

// TestImpossibleSteps: what can't be verified is an error, so that it is never taken for verified.
func TestImpossibleSteps(t *testing.T) {
	t.Parallel()
	for name, alter := range map[string]func(*promised){
		"role without a resource":     func(p *promised) { p.step.Role = plan.Replacement },
		"no promise":                  func(p *promised) { p.step.Promise = nil },
		"no definition":               func(p *promised) { p.step.Promise.Endpoint = nil },
		"definition of another type":  func(p *promised) { p.step.Promise.Endpoint, p.step.Promise.Transform = nil, ptr(transformByWorkers()) },
		"resource without a type yet": func(p *promised) { p.change.Resources[plan.Twin] = resource.Identity{Name: "dev1"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := endpointPromise(byWorkers())
			alter(&p)
			if differences, err := p.verify(t); err == nil {
				t.Errorf("verified, with differences %v", differences)
			}
		})
	}
}
