package verify_test

import (
	"context"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/verify"
)

const (
	key      = "arn:aws:kms:eu-west-1:111122223333:key/new"
	changeID = "change-1"
)

func here() resource.Location {
	return resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}
}

// world is what AWS answers.
type world struct {
	endpoints      map[string]resource.Fact[resource.EndpointDetail]
	transforms     map[string]resource.Fact[resource.TransformDetail]
	configurations map[string]resource.Fact[resource.SecurityConfiguration]
	keys           map[string]resource.Fact[resource.Key]
	roles          map[string]resource.Fact[string]
}

func answer[T any](m map[string]resource.Fact[T], name string) resource.Fact[T] {
	if fact, ok := m[name]; ok {
		return fact
	}
	return resource.Absent[T]()
}

func (w world) Endpoint(_ context.Context, _ resource.Location, name string) resource.Fact[resource.EndpointDetail] {
	return answer(w.endpoints, name)
}

func (w world) Transform(_ context.Context, _ resource.Location, id string) resource.Fact[resource.TransformDetail] {
	return answer(w.transforms, id)
}

func (w world) Configuration(_ context.Context, _ resource.Location, name string) resource.Fact[resource.SecurityConfiguration] {
	return answer(w.configurations, name)
}

func (w world) Key(_ context.Context, _ resource.Location, arn string) resource.Fact[resource.Key] {
	return answer(w.keys, arn)
}

func (w world) Role(_ context.Context, _ resource.Location, role string) resource.Fact[string] {
	return answer(w.roles, role)
}

func kms(key string) resource.Encryption {
	return resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: key}
}

func ptr[T any](v T) *T { return &v }

// made is the configuration that the change makes.
func made() resource.SecurityConfiguration {
	return resource.SecurityConfiguration{
		Name: "glueguard-1", S3: []resource.Encryption{kms(key)}, CloudWatch: ptr(kms(key)),
		JobBookmarks: &resource.Encryption{Mode: resource.ModeCSEKMS, KMSKey: "arn:aws:kms:eu-west-1:111122223333:key/old"},
	}
}

// byWorkers and byNodes are definitions with every attribute that goes with the one way of sizing.
func byWorkers() resource.EndpointDefinition {
	return resource.EndpointDefinition{
		Name: "dev1", RoleARN: "arn:aws:iam::111122223333:role/glue", SecurityGroupIDs: []string{"sg-1", "sg-2"}, SubnetID: "subnet-1",
		PublicKeys: []string{"ssh-rsa one", "ssh-rsa two"}, WorkerType: "G.1X", NumberOfWorkers: 3, GlueVersion: "1.0",
		ExtraPythonLibsS3Path: "s3://b/p.zip", ExtraJarsS3Path: "s3://b/j.jar", SecurityConfiguration: "glueguard-1",
		Arguments: map[string]string{"--enable-glue-datacatalog": "", "GLUE_PYTHON_VERSION": "3"}, Tags: map[string]string{"team": "data", "empty": ""},
	}
}

func byNodes() resource.EndpointDefinition {
	d := byWorkers()
	d.WorkerType, d.NumberOfWorkers, d.NumberOfNodes, d.PublicKeys, d.PublicKey = "", 0, 4, nil, "ssh-rsa one"
	return d
}

func transformByWorkers() resource.TransformDefinition {
	return resource.TransformDefinition{
		Name: "match", Description: "customers",
		InputTables: []resource.GlueTable{{
			DatabaseName: "crm", TableName: "customers", CatalogID: "111122223333", ConnectionName: "jdbc",
			AdditionalOptions: map[string]string{"pushDownPredicate": "x=1"},
		}},
		TransformType: "FIND_MATCHES",
		FindMatches: &resource.FindMatches{
			PrimaryKeyColumnName: ptr("id"), PrecisionRecallTradeoff: ptr(0.5), AccuracyCostTradeoff: ptr(0.0), EnforceProvidedLabels: ptr(false),
		},
		RoleARN: "arn:aws:iam::111122223333:role/glue", GlueVersion: "2.0", WorkerType: "G.1X", NumberOfWorkers: ptr(int32(3)),
		TimeoutMinutes: ptr(int32(60)), MaxRetries: ptr(int32(2)),
		UserData: ptr(kms(key)), TaskRunSecurityConfiguration: "glueguard-1", Tags: map[string]string{"team": "data", "empty": ""},
	}
}

func transformByCapacity() resource.TransformDefinition {
	d := transformByWorkers()
	d.WorkerType, d.NumberOfWorkers, d.MaxCapacity = "", nil, ptr(7.0)
	return d
}

func changeTags(original, configuration string) map[string]string {
	return map[string]string{"glueguard:change": changeID, "glueguard:original": original, "glueguard:configuration": configuration}
}

// deep copies a value, so that tests may change any part of it.
func deep[T any](t *testing.T, v T) T {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var c T
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

var moment = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// promised is a change that has made something, and the step that verifies it.
type promised struct {
	change *change.Change
	step   plan.Step
	world  world
}

func item(t resource.Type) plan.Item {
	i := plan.Item{Location: here(), Strategy: plan.Replace, From: resource.ModeNone, To: resource.ModeSSEKMS}
	c := made()
	i.Steps = []plan.Step{{Name: "create-security-configuration", Kind: plan.CreateConfiguration, Configuration: &c}}
	if t == resource.TypeDevEndpoint {
		i.Endpoint = &resource.EndpointDetail{Definition: byWorkers(), ARN: "arn:old", CreatedAt: moment.Add(-time.Hour)}
		i.Endpoint.Definition.SecurityConfiguration = "plain"
		i.Identity = i.Endpoint.Identity()
		return i
	}
	i.Transform = &resource.TransformDetail{Definition: transformByWorkers(), ID: "tfm-old", ARN: "arn:old", CreatedAt: moment.Add(-time.Hour)}
	i.Transform.Definition.TaskRunSecurityConfiguration = ""
	i.Identity = i.Transform.Identity()
	return i
}

// endpointPromise is a twin as it was promised, in a world that keeps the promise.
func endpointPromise(d resource.EndpointDefinition) promised {
	got := resource.EndpointDetail{Definition: d, ARN: "arn:twin", Status: "READY", CreatedAt: moment}
	got.Definition.Tags = maps.Clone(d.Tags)
	maps.Copy(got.Definition.Tags, changeTags("dev1", "plain"))
	return promised{
		change: &change.Change{
			Head:      change.Head{ID: changeID, Item: item(resource.TypeDevEndpoint)},
			Resources: map[plan.Role]resource.Identity{plan.Twin: got.Identity()},
		},
		step: plan.Step{Name: "verify-twin", Kind: plan.Verify, Role: plan.Twin, Promise: &plan.Promise{
			Endpoint: &d, Mode: resource.ModeSSEKMS, KMSKey: key, LogMode: resource.ModeSSEKMS, Labels: -1, Ready: true, ChangeTags: true,
		}},
		world: world{
			endpoints:      map[string]resource.Fact[resource.EndpointDetail]{d.Name: resource.Known(got)},
			configurations: map[string]resource.Fact[resource.SecurityConfiguration]{"glueguard-1": resource.Known(made())},
		},
	}
}

func transformPromise(d resource.TransformDefinition) promised {
	metrics := resource.Metrics{AreaUnderPRCurve: 0.9, Precision: 0.8, Recall: 0.7, F1: 0.75}
	got := resource.TransformDetail{
		Definition: d, ID: "tfm-new", ARN: "arn:new", Status: "READY", CreatedAt: moment, LabelCount: 120, Metrics: ptr(metrics),
	}
	got.Definition.Tags = maps.Clone(d.Tags)
	maps.Copy(got.Definition.Tags, changeTags("tfm-old", "-"))
	return promised{
		change: &change.Change{
			Head:      change.Head{ID: changeID, Item: item(resource.TypeMLTransform)},
			Resources: map[plan.Role]resource.Identity{plan.Twin: got.Identity()},
		},
		step: plan.Step{Name: "compare-twin", Kind: plan.Verify, Role: plan.Twin, Promise: &plan.Promise{
			Transform: &d, Mode: resource.ModeSSEKMS, KMSKey: key, TaskMode: resource.ModeSSEKMS,
			Labels: 120, Metrics: &metrics, Tolerance: 0.05, Ready: true, ChangeTags: true,
		}},
		world: world{
			transforms:     map[string]resource.Fact[resource.TransformDetail]{"tfm-new": resource.Known(got)},
			configurations: map[string]resource.Fact[resource.SecurityConfiguration]{"glueguard-1": resource.Known(made())},
		},
	}
}

func (p promised) verify(t *testing.T) ([]change.Difference, error) {
	t.Helper()
	return verify.New(p.world).Verify(t.Context(), p.change, p.step)
}

// attributes verifies and names what differs.
func (p promised) attributes(t *testing.T) []string {
	t.Helper()
	differences, err := p.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, d := range differences {
		if d.Want == d.Got {
			t.Errorf("%s: both are %q", d.Attribute, d.Want)
		}
		names = append(names, d.Attribute)
	}
	return names
}

func (p promised) alterEndpoint(alter func(*resource.EndpointDetail)) promised {
	for name, fact := range p.world.endpoints {
		d, _ := fact.Value()
		d.Definition.Tags = maps.Clone(d.Definition.Tags)
		alter(&d)
		p.world.endpoints[name] = resource.Known(d)
	}
	return p
}

func (p promised) alterTransform(alter func(*resource.TransformDetail)) promised {
	d, _ := p.world.transforms["tfm-new"].Value()
	d.Definition.Tags, d.Metrics = maps.Clone(d.Definition.Tags), ptr(*d.Metrics)
	alter(&d)
	p.world.transforms["tfm-new"] = resource.Known(d)
	return p
}
