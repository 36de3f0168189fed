package plan_test

import (
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	account = "111122223333"
	keyARN  = "arn:aws:kms:eu-west-1:111122223333:key/0d0d0d0d-1111-2222-3333-444444444444"
	other   = "arn:aws:kms:eu-west-1:111122223333:key/0e0e0e0e-1111-2222-3333-444444444444"
	roleARN = "arn:aws:iam::111122223333:role/glue"
	labels  = "s3://labels/glue/"
)

func here() resource.Location {
	return resource.Location{Partition: "aws", Account: account, Region: "eu-west-1"}
}

func at(minutes int) time.Time { return time.Date(2026, 11, 20, 8, minutes, 0, 0, time.UTC) }

func ptr[T any](v T) *T { return &v }

// endpoint is a dev endpoint without encryption, changed as the case wants it.
func endpoint(change ...func(*resource.EndpointDetail)) resource.Surroundings {
	d := resource.EndpointDetail{
		Definition: resource.EndpointDefinition{
			Name: "etl", RoleARN: roleARN, SubnetID: "subnet-1", SecurityGroupIDs: []string{"sg-1"}, PublicKey: "ssh-rsa AAAA",
			WorkerType: "G.1X", NumberOfWorkers: 4, NumberOfNodes: 5, GlueVersion: "1.0",
			Arguments: map[string]string{"--enable-glue-datacatalog": "", "GLUE_PYTHON_VERSION": "3"},
			Tags:      map[string]string{"team": "data"},
		},
		ARN: here().ARN("glue", "devEndpoint/etl").String(), Status: "READY", CreatedAt: at(0), AvailabilityZone: "eu-west-1a",
		PrivateAddress: "10.0.0.7", YarnAddress: "ip-10-0-0-7",
	}
	for _, c := range change {
		c(&d)
	}
	return resource.Surroundings{
		Location: here(), At: at(30), Endpoint: resource.Known(d),
		Configuration: resource.Known(resource.SecurityConfiguration{}), Stack: resource.Absent[string](),
		Role: resource.Known(resource.Role{ARN: roleARN}), WantedKey: key(keyARN, "alias/data"),
		Dependents: resource.Known[[]resource.Dependent](nil),
	}
}

// transform is an ML transform without encryption that has labels and was evaluated.
func transform(change ...func(*resource.TransformDetail)) resource.Surroundings {
	d := resource.TransformDetail{
		Definition: resource.TransformDefinition{
			Name: "match", RoleARN: roleARN, TransformType: "FIND_MATCHES", GlueVersion: "2.0",
			InputTables: []resource.GlueTable{{DatabaseName: "crm", TableName: "people"}},
			FindMatches: &resource.FindMatches{PrimaryKeyColumnName: ptr("id"), PrecisionRecallTradeoff: ptr(0.0), EnforceProvidedLabels: ptr(false)},
			WorkerType:  "G.2X", NumberOfWorkers: ptr(int32(3)), MaxCapacity: ptr(6.0), TimeoutMinutes: ptr(int32(60)),
			Tags: map[string]string{"team": "crm"},
		},
		ID: "tfm-1", ARN: here().ARN("glue", "mlTransform/tfm-1").String(), Status: "READY", CreatedAt: at(1), LabelCount: 120,
		Metrics: &resource.Metrics{AreaUnderPRCurve: 0.9, Precision: 0.8, Recall: 0.7, F1: 0.75},
	}
	for _, c := range change {
		c(&d)
	}
	return resource.Surroundings{
		Location: here(), At: at(30), Transform: resource.Known(d),
		Configuration: resource.Known(resource.SecurityConfiguration{}), Stack: resource.Absent[string](),
		Role: resource.Known(resource.Role{ARN: roleARN}), WantedKey: key(keyARN, "alias/data"),
		Dependents: resource.Known[[]resource.Dependent](nil),
	}
}

func key(arn, ref string) resource.Fact[resource.KeyDetail] {
	a, err := resource.ParseARN(arn)
	if err != nil {
		panic(err)
	}
	return resource.Known(resource.KeyDetail{Key: resource.Key{ARN: a, ID: a.Resource[len("key/"):]}, Ref: ref})
}

func noKey() resource.Fact[resource.KeyDetail] { return resource.Known(resource.KeyDetail{}) }

// with puts a configuration around the resource and names it in its definition.
func with(s resource.Surroundings, c resource.SecurityConfiguration) resource.Surroundings {
	s.Configuration = resource.Known(c)
	return naming(s, c.Name)
}

// dangling has the resource name a configuration that is not there.
func dangling(s resource.Surroundings) resource.Surroundings {
	s.Configuration = resource.Absent[resource.SecurityConfiguration]()
	return naming(s, "lost")
}

func naming(s resource.Surroundings, name string) resource.Surroundings {
	if d, ok := s.Endpoint.Value(); ok {
		d.Definition.SecurityConfiguration = name
		s.Endpoint = resource.Known(d)
	}
	if d, ok := s.Transform.Value(); ok {
		d.Definition.TaskRunSecurityConfiguration = name
		s.Transform = resource.Known(d)
	}
	return s
}

func configuration(s3 ...resource.Encryption) resource.SecurityConfiguration {
	return resource.SecurityConfiguration{Name: "old", S3: s3, CreatedAt: at(0)}
}

// rich is a configuration that encrypts everything but S3.
func rich() resource.SecurityConfiguration {
	c := configuration(resource.Encryption{Mode: "DISABLED"})
	c.CloudWatch = &resource.Encryption{Mode: "SSE-KMS", KMSKey: other}
	c.JobBookmarks = &resource.Encryption{Mode: "CSE-KMS", KMSKey: other}
	c.DataQuality = &resource.Encryption{Mode: "DISABLED"}
	return c
}

func kms(key string) resource.Encryption { return resource.Encryption{Mode: "SSE-KMS", KMSKey: key} }

func sseS3() resource.Encryption { return resource.Encryption{Mode: "SSE-S3"} }

func wants(mode resource.Mode, change ...func(*plan.Wanted)) plan.Wanted {
	w := plan.Wanted{Mode: mode, LabelsS3: labels}
	if mode == resource.ModeSSEKMS {
		w.Key = keyARN
	}
	for _, c := range change {
		c(&w)
	}
	return w
}

func strategy(s plan.Strategy) func(*plan.Wanted) { return func(w *plan.Wanted) { w.Strategy = s } }

func creating(w *plan.Wanted) {
	w.Key, w.NewKey = plan.KeyPlaceholder, &plan.NewKey{Alias: "alias/glueguard"}
}

func finding(id control.ID) plan.FindingRef {
	return plan.FindingRef{ID: "f-1", Control: id, Reason: "because"}
}

// jobs are dependents: one in an argument, one in a script, and a past task run.
func jobs() []resource.Dependent {
	return []resource.Dependent{
		{Kind: "job", Name: "nightly", Where: "default argument --transform_id", Argument: true},
		{Kind: "job", Name: "nightly", Where: "default argument --fallback_id", Argument: true},
		{Kind: "job script", Name: "weekly", Where: "s3://scripts/weekly.py line 12"},
		{Kind: "task run", Name: "nightly", Where: "task run tr-1", Used: at(2)},
	}
}

func names(steps []plan.Step) []string {
	all := make([]string, 0, len(steps))
	for _, s := range steps {
		all = append(all, s.Name)
	}
	return all
}

func step(steps []plan.Step, name string) plan.Step {
	for _, s := range steps {
		if s.Name == name {
			return s
		}
	}
	return plan.Step{}
}
