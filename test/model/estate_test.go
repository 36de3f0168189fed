package model

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// endpointSpec is a dev endpoint as its owner made it.
type endpointSpec struct {
	Name          string
	Nodes         int32 // 0: Workers of WorkerType
	WorkerType    types.WorkerType
	Workers       int32
	Version       *string
	Keys          int  // public keys
	OneKey        bool // as the single key
	Arguments     map[string]string
	Libraries     string
	Jars          string
	Network       bool
	Configuration string
	Role          string
	Tags          map[string]string
}

// transformSpec is an ML transform as its owner made it.
type transformSpec struct {
	Name          string
	Capacity      float64 // 0: Workers of WorkerType
	WorkerType    types.WorkerType
	Workers       int32
	Version       *string
	Description   *string
	Timeout       *int32
	Retries       *int32
	Precision     *float64
	Accuracy      *float64
	Enforce       *bool
	UserData      string // "", DISABLED, SSE-KMS
	Configuration string
	Role          string
	Labels        int
	Evaluated     bool
	Jobs          int // that name it in an argument
	Tags          map[string]string
}

const (
	missing = "deleted-long-ago" // a configuration that is named and not there
	subnet  = "subnet-0da7a000000000001"
	group   = "sg-0da7a000000000001"
	good    = "AWSGlueServiceRole-dev"
	poor    = "AWSGlueServiceRole-plain" // may use no keys
	bucket  = "glue-secure-" + account + "-" + region
)

func role(name string) *string { return aws.String("arn:aws:iam::" + account + ":role/" + name) }

// optional leaves a member out where there is nothing to say.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// settle makes the estate: every resource is there, and as ready as it gets. Of the scenario it leaves what resources
// need, but none of its own, which would only make every listing longer.
func (w *world) settle(endpoints []endpointSpec, transforms []transformSpec) {
	for _, e := range have(w.eye.endpoints(w.ctx, "")) {
		_, err := w.eye.glue.DeleteDevEndpoint(w.ctx, &glue.DeleteDevEndpointInput{EndpointName: &e.name})
		must(err)
	}
	for _, t := range have(w.eye.transforms(w.ctx, "")) {
		_, err := w.eye.glue.DeleteMLTransform(w.ctx, &glue.DeleteMLTransformInput{TransformId: &t.id})
		must(err)
	}
	_, err := w.eye.glue.CreateSecurityConfiguration(w.ctx, &glue.CreateSecurityConfigurationInput{
		Name: aws.String(missing), EncryptionConfiguration: &types.EncryptionConfiguration{},
	})
	must(err)
	for _, e := range endpoints {
		w.makeEndpoint(e)
	}
	ids := map[string]string{}
	for _, t := range transforms {
		ids[t.Name] = w.makeTransform(t)
	}
	_, err = w.eye.glue.DeleteSecurityConfiguration(w.ctx, &glue.DeleteSecurityConfigurationInput{Name: aws.String(missing)})
	must(err)
	time.Sleep(2 * provisioning)
	for _, t := range transforms {
		if t.Labels > 0 {
			w.teach(t, ids[t.Name])
		}
		for n := range t.Jobs {
			w.makeJob(fmt.Sprintf("%sjob-%d", prefix(t.Name), n), ids[t.Name])
		}
	}
}

func (w *world) makeEndpoint(e endpointSpec) {
	in := &glue.CreateDevEndpointInput{
		EndpointName: &e.Name, RoleArn: role(e.Role), GlueVersion: e.Version, Arguments: e.Arguments, Tags: e.Tags,
		ExtraPythonLibsS3Path: optional(e.Libraries), ExtraJarsS3Path: optional(e.Jars), SecurityConfiguration: optional(e.Configuration),
		NumberOfNodes: e.Nodes,
	}
	if e.Workers > 0 {
		in.WorkerType, in.NumberOfWorkers = e.WorkerType, &e.Workers
	}
	for n := range e.Keys {
		in.PublicKeys = append(in.PublicKeys, fmt.Sprintf("ssh-rsa AAAA%d person-%d@example.com", n, n))
	}
	if e.OneKey && e.Keys > 0 {
		in.PublicKey, in.PublicKeys = &in.PublicKeys[0], nil
	}
	if e.Network {
		in.SubnetId, in.SecurityGroupIds = aws.String(subnet), []string{group}
	}
	_, err := w.eye.glue.CreateDevEndpoint(w.ctx, in)
	must(err)
}

func (w *world) makeTransform(t transformSpec) string {
	in := &glue.CreateMLTransformInput{
		Name: &t.Name, Role: role(t.Role), GlueVersion: t.Version, Description: t.Description, Timeout: t.Timeout, MaxRetries: t.Retries, Tags: t.Tags,
		InputRecordTables: []types.GlueTable{{DatabaseName: aws.String("crm"), TableName: aws.String("customers")}},
		Parameters: &types.TransformParameters{
			TransformType: types.TransformTypeFindMatches,
			FindMatchesParameters: &types.FindMatchesParameters{
				PrimaryKeyColumnName: aws.String("id"), PrecisionRecallTradeoff: t.Precision, AccuracyCostTradeoff: t.Accuracy, EnforceProvidedLabels: t.Enforce,
			},
		},
	}
	if t.Workers > 0 {
		in.WorkerType, in.NumberOfWorkers = t.WorkerType, &t.Workers
	} else if t.Capacity > 0 {
		in.MaxCapacity = &t.Capacity
	}
	if t.UserData != "" || t.Configuration != "" {
		in.TransformEncryption = &types.TransformEncryption{TaskRunSecurityConfigurationName: optional(t.Configuration)}
	}
	if t.UserData != "" {
		in.TransformEncryption.MlUserDataEncryption = &types.MLUserDataEncryption{
			MlUserDataEncryptionMode: types.MLUserDataEncryptionModeString(t.UserData),
		}
		if t.UserData == "SSE-KMS" {
			in.TransformEncryption.MlUserDataEncryption.KmsKeyId = aws.String(w.eye.key(w.ctx, "alias/key-fail-rotation-off"))
		}
	}
	return *have(w.eye.glue.CreateMLTransform(w.ctx, in)).TransformId
}

// teach gives a transform labels, and lets AWS evaluate it.
func (w *world) teach(t transformSpec, id string) {
	var file bytes.Buffer
	file.WriteString("labeling_set_id,label,id,name,street,city,phone\n")
	for n := range t.Labels {
		fmt.Fprintf(&file, "set-%d,%d,%d,n%d,s,c,p\n", n/4, n%2, n, n)
	}
	key := "taught/" + prefix(t.Name) + "labels.csv"
	_, err := w.eye.s3.PutObject(w.ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(file.Bytes())})
	must(err)
	_, err = w.eye.glue.StartImportLabelsTaskRun(w.ctx, &glue.StartImportLabelsTaskRunInput{
		TransformId: &id, InputS3Path: aws.String("s3://" + bucket + "/" + key), ReplaceAllLabels: true,
	})
	must(err)
	time.Sleep(2 * provisioning)
	if t.Evaluated {
		_, err = w.eye.glue.StartMLEvaluationTaskRun(w.ctx, &glue.StartMLEvaluationTaskRunInput{TransformId: &id})
		must(err)
		time.Sleep(2 * provisioning)
	}
	out := have(w.eye.glue.GetMLTransform(w.ctx, &glue.GetMLTransformInput{TransformId: &id}))
	if int(out.LabelCount) != t.Labels || t.Evaluated != (out.EvaluationMetrics != nil) {
		must(fmt.Errorf("%s was not taught: %d labels, metrics %v", t.Name, out.LabelCount, out.EvaluationMetrics))
	}
}

func (w *world) makeJob(name, id string) {
	_, err := w.eye.glue.CreateJob(w.ctx, &glue.CreateJobInput{
		Name: &name, Role: role(good), GlueVersion: aws.String("4.0"), WorkerType: types.WorkerTypeG1x, NumberOfWorkers: aws.Int32(2),
		Command: &types.JobCommand{
			Name: aws.String("glueetl"), PythonVersion: aws.String("3"), ScriptLocation: aws.String("s3://glue-labels-" + account + "-" + region + "/scripts/load.py"),
		},
		DefaultArguments: map[string]string{"--transform_id": id, "--enable-metrics": "true"}, Description: aws.String("matches"),
	})
	must(err)
}

// prefix is what all names of one family begin with.
func prefix(name string) string {
	before, _, _ := strings.Cut(name, "-")
	return before + "-"
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
