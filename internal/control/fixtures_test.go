package control_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	account = "111122223333"
	keyARN  = "arn:aws:kms:eu-west-1:111122223333:key/good"
)

func here() resource.Location {
	return resource.Location{Partition: "aws", Account: account, Region: "eu-west-1"}
}

func denied(operation string) resource.Failure {
	return resource.Failure{Operation: operation, Class: resource.Denied, Code: "AccessDeniedException", Message: "no"}
}

// configurations are those of the tests' location, by a name that says what they are.
func configurations() map[string]resource.Fact[resource.SecurityConfiguration] {
	s3 := func(entries ...resource.Encryption) resource.Fact[resource.SecurityConfiguration] {
		return resource.Known(resource.SecurityConfiguration{S3: entries})
	}
	logs := func(e resource.Encryption) resource.Fact[resource.SecurityConfiguration] {
		return resource.Known(resource.SecurityConfiguration{CloudWatch: &e})
	}
	kms := func(key string) resource.Encryption { return resource.Encryption{Mode: "SSE-KMS", KMSKey: key} }
	off, plain, odd := resource.Encryption{Mode: "DISABLED"}, resource.Encryption{Mode: "SSE-S3"}, resource.Encryption{Mode: "SSE-NEW"}
	return map[string]resource.Fact[resource.SecurityConfiguration]{
		"unreadable":    resource.Unknown[resource.SecurityConfiguration](denied("glue:GetSecurityConfiguration")),
		"missing":       resource.Absent[resource.SecurityConfiguration](),
		"empty":         resource.Known(resource.SecurityConfiguration{}),
		"empty-list":    resource.Known(resource.SecurityConfiguration{S3: []resource.Encryption{}}),
		"partial":       logs(kms(keyARN)),
		"off":           s3(off),
		"no-mode":       s3(resource.Encryption{}),
		"sse-s3":        s3(plain),
		"sse-kms":       s3(kms(keyARN)),
		"odd":           s3(odd),
		"cse":           s3(resource.Encryption{Mode: "CSE-KMS", KMSKey: keyARN}),
		"mixed-off":     s3(kms(keyARN), off),
		"mixed-odd-off": s3(odd, off),
		"mixed-odd":     s3(plain, odd),
		"mixed-odd-kms": s3(kms(keyARN), odd),
		"mixed":         s3(kms(keyARN), plain),
		"two-keys":      s3(kms(keyARN), kms("gone")),
		"kms-no-key":    s3(kms("")),
		"kms-aws":       s3(kms("aws-managed")),
		"kms-aws-alias": s3(kms("arn:aws:kms:eu-west-1:111122223333:alias/aws/s3")),
		"kms-gone":      s3(kms("gone")),
		"kms-disabled":  s3(kms("disabled")),
		"kms-unread":    s3(kms("unread")),
		"kms-updating":  s3(kms("updating")),
		"kms-never":     s3(kms("never-read")),
		"kms-elsewhere": s3(kms("elsewhere")),
		"logs-off":      logs(off),
		"logs-no-mode":  logs(resource.Encryption{}),
		"logs-sse-s3":   logs(plain),
		"logs-no-key":   logs(kms("")),
		"logs-gone":     logs(kms("gone")),
		"logs-unread":   logs(kms("unread")),
	}
}

func goodKey() resource.Key {
	return resource.Key{
		ARN: here().ARN("kms", "key/good"), ID: "good", State: "Enabled", Usage: "ENCRYPT_DECRYPT", Spec: "SYMMETRIC_DEFAULT",
		Manager: "CUSTOMER", Origin: "AWS_KMS", Rotation: resource.Known(true), Policy: resource.Known(ownPolicy),
	}
}

const ownPolicy = `{"Statement":[{"Sid":"Own","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`

// keys are the keys of the tests' location, by reference.
func keys() map[string]resource.Fact[resource.Key] {
	with := func(change func(*resource.Key)) resource.Fact[resource.Key] {
		k := goodKey()
		change(&k)
		return resource.Known(k)
	}
	return map[string]resource.Fact[resource.Key]{
		keyARN:        resource.Known(goodKey()),
		"gone":        resource.Absent[resource.Key](),
		"unread":      resource.Unknown[resource.Key](denied("kms:DescribeKey")),
		"disabled":    with(func(k *resource.Key) { k.State = "Disabled" }),
		"updating":    with(func(k *resource.Key) { k.State = "Updating" }),
		"aws-managed": with(func(k *resource.Key) { k.Manager = "AWS" }),
		"elsewhere":   with(func(k *resource.Key) { k.ARN.Region = "us-east-1" }),
	}
}

func snapshot() *resource.Snapshot {
	return &resource.Snapshot{
		Location: here(), SecurityConfigurations: configurations(), Keys: keys(),
		DevEndpoints: resource.Known[[]resource.DevEndpoint](nil), MLTransforms: resource.Known[[]resource.MLTransform](nil),
	}
}

func endpoint(configuration string) resource.DevEndpoint {
	return resource.DevEndpoint{
		Name: "dev1", ARN: here().ARN("glue", "devEndpoint/dev1"), Status: "READY", SecurityConfiguration: configuration,
		GlueVersion: "3.0", Tags: resource.Known(map[string]string{}),
	}
}

func transform(userData *resource.Encryption, taskRuns string) resource.MLTransform {
	return resource.MLTransform{
		ID: "tfm-1", Name: "match", ARN: here().ARN("glue", "mlTransform/tfm-1"), Status: "READY", EncryptionPresent: userData != nil || taskRuns != "",
		UserData: userData, TaskRunSecurityConfiguration: taskRuns, GlueVersion: "3.0", Tags: resource.Known(map[string]string{}),
	}
}

func sop() policy.Policy    { return policy.Default(policy.SOP) }
func strict() policy.Policy { return policy.Default(policy.Strict) }

// kmsRequired demands SSE-KMS without the rest of profile strict.
func kmsRequired() policy.Policy {
	p := sop()
	p.Require = policy.Require{DevEndpoint: "SSE-KMS", MLTransform: "SSE-KMS"}
	return p
}

// only evaluates one resource by one control.
func only(t *testing.T, s *resource.Snapshot, p policy.Policy, id control.ID) control.Outcome {
	t.Helper()
	all := control.Evaluate(s, p, id)
	if len(all) != 1 {
		t.Fatalf("got %d outcomes, want 1: %+v", len(all), all)
	}
	return all[0]
}

func codes(o control.Outcome) []string {
	all := []string{}
	for _, a := range o.Advisories {
		all = append(all, a.Code)
	}
	return all
}

// want is the part of an outcome that tables tell.
type want struct {
	status     control.Status
	reason     control.Reason
	mode       resource.Mode
	advisories []string
}

func check(t *testing.T, o control.Outcome, w want) {
	t.Helper()
	if w.advisories == nil {
		w.advisories = []string{}
	}
	got := want{o.Status, o.Reason, o.Encryption.Mode, codes(o)}
	if diff := cmp.Diff(w, got, cmp.AllowUnexported(want{})); diff != "" {
		t.Errorf("outcome (-want +got):\n%s\n%s", diff, o.Message)
	}
	checkShape(t, o)
}

// checkShape is what holds for every outcome.
func checkShape(t *testing.T, o control.Outcome) {
	t.Helper()
	if o.Message == "" || o.Message[len(o.Message)-1] != '.' {
		t.Errorf("message %q is no sentence", o.Message)
	}
	if o.Advisories == nil || o.Resource.Tags == nil {
		t.Errorf("advisories and tags must not be nil: %+v", o)
	}
	if o.Severity == "" || o.Control == "" || o.Resource.Type == "" {
		t.Errorf("severity, control or type is missing: %+v", o)
	}
	if needed := o.Status == control.Fail || o.Status == control.Unknown; needed != (control.RemedyOf(o).Advice != "") {
		t.Errorf("%s: remedy %+v", o.Status, control.RemedyOf(o))
	}
}
