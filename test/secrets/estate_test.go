package secrets

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/glueguard/glueguard/internal/sandbox"
)

const (
	region  = "us-east-1"
	account = "111111111111"
	bucket  = "glue-labels-" + account + "-" + region
	role    = "arn:aws:iam::" + account + ":role/AWSGlueServiceRole-dev"
)

// secrets are the planted texts, by kind. Each is a word that nothing else is, and that no rule could know.
type secrets map[string]string

func newSecrets() secrets {
	s := secrets{}
	for kind := range kinds() {
		s[kind] = "zq" + strings.ToLower(rand.Text()[:16])
	}
	return s
}

// estate is a simulated account with an endpoint, a transform and a job that hold every kind of secret.
type estate struct {
	secrets
	url       string
	glue      *glue.Client
	s3        *s3.Client
	transform string // its id
}

func newEstate(t *testing.T, s secrets) *estate {
	t.Helper()
	server, err := sandbox.Start("127.0.0.1:0", sandbox.Options{Scenario: "small", Provisioning: time.Millisecond, Regions: []string{region}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	c := aws.Config{Region: region, BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider(account, "outside", "")}
	e := &estate{secrets: s, url: server.URL, glue: glue.NewFromConfig(c), s3: s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })}
	for _, plant := range []func(context.Context) error{e.plantEndpoint, e.plantTransform, e.plantLabels, e.plantJob} {
		if err := plant(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func (e *estate) tags() map[string]string {
	return map[string]string{
		"team": e.secrets["tag"], "db_password": e.secrets["tagname"], "feed": "mysql://joe:" + e.secrets["tagshape"] + "@db/x",
		"password=" + e.secrets["tagkey"]: "yes",
	}
}

func (e *estate) plantEndpoint(ctx context.Context) error {
	_, err := e.glue.CreateDevEndpoint(ctx, &glue.CreateDevEndpointInput{
		EndpointName: aws.String("planted"), RoleArn: aws.String(role), GlueVersion: aws.String("1.0"), NumberOfNodes: 2, Tags: e.tags(),
		PublicKey: aws.String("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ ann@example"),
		Arguments: map[string]string{
			"--feed": e.secrets["argument"], "--url": "jdbc:mysql://ann:" + e.secrets["jdbc"] + "@db/x",
			"--conf": "spark.executor.memory=2g --conf spark.executorEnv.TOKEN=" + e.secrets["conf"],
		},
	})
	return err
}

func (e *estate) plantTransform(ctx context.Context) error {
	out, err := e.glue.CreateMLTransform(ctx, &glue.CreateMLTransformInput{
		Name: aws.String("planted-match"), Role: aws.String(role), GlueVersion: aws.String("2.0"), MaxCapacity: aws.Float64(10), Tags: e.tags(),
		Description: aws.String("for " + e.secrets["description"] + ", password=" + e.secrets["descriptionshape"]),
		InputRecordTables: []types.GlueTable{{
			DatabaseName: aws.String("crm"), TableName: aws.String("customers"), AdditionalOptions: map[string]string{"catalog": e.secrets["option"]},
		}},
		Parameters: &types.TransformParameters{
			TransformType: types.TransformTypeFindMatches, FindMatchesParameters: &types.FindMatchesParameters{PrimaryKeyColumnName: aws.String("id")},
		},
	})
	if err == nil {
		e.transform = *out.TransformId
	}
	return err
}

// plantLabels teaches the transform from a file.
func (e *estate) plantLabels(ctx context.Context) error {
	file := "labeling_set_id,label,id,name,street,city,phone\ns1,a,1," + e.secrets["label"] + ",x,y,2\ns1,a,2,n,x,y,3\n"
	if err := e.write(ctx, "taught.csv", file); err != nil {
		return err
	}
	run, err := e.glue.StartImportLabelsTaskRun(ctx, &glue.StartImportLabelsTaskRunInput{
		TransformId: &e.transform, InputS3Path: aws.String("s3://" + bucket + "/taught.csv"), ReplaceAllLabels: true,
	})
	if err != nil {
		return err
	}
	for {
		now, err := e.glue.GetMLTaskRun(ctx, &glue.GetMLTaskRunInput{TransformId: &e.transform, TaskRunId: run.TaskRunId})
		if err != nil {
			return err
		}
		switch now.Status {
		case types.TaskStatusTypeSucceeded:
			return nil
		case types.TaskStatusTypeFailed:
			return fmt.Errorf("import of labels: %s", aws.ToString(now.ErrorString))
		}
	}
}

// plantJob makes a job that uses the transform, in an argument and in its script.
func (e *estate) plantJob(ctx context.Context) error {
	script := "password = '" + e.secrets["script"] + "'\nFindMatches.apply(frame=f, transformId=\"" + e.transform + "\") # " + e.secrets["script"] + "\n"
	if err := e.write(ctx, "planted.py", script); err != nil {
		return err
	}
	_, err := e.glue.CreateJob(ctx, &glue.CreateJobInput{
		Name: aws.String("planted-job"), Role: aws.String(role), GlueVersion: aws.String("2.0"), WorkerType: types.WorkerTypeG1x, NumberOfWorkers: aws.Int32(2),
		Command: &types.JobCommand{Name: aws.String("glueetl"), PythonVersion: aws.String("3"), ScriptLocation: aws.String("s3://" + bucket + "/planted.py")},
		DefaultArguments: map[string]string{
			"--transform_id": e.transform, "--feed": e.secrets["job"], "--customer-driver-env-vars": "DB_PASSWORD=" + e.secrets["jobenv"],
		},
		NonOverridableArguments: map[string]string{"--own": e.secrets["jobown"]},
		Connections:             &types.ConnectionsList{},
	})
	return err
}

func (e *estate) write(ctx context.Context, key, text string) error {
	_, err := e.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(text)})
	return err
}
