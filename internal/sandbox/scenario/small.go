package scenario

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/cloudformation"
	"github.com/glueguard/glueguard/internal/sandbox/s3"
	"github.com/glueguard/glueguard/internal/sandbox/sagemaker"
)

// smallBuilder fills one account with one resource for each row of the verdict tables. A name says the status and the
// reason that the resource is there for, as the profile "sop" judges it.
type smallBuilder struct {
	Services
	partition            string
	main, second, closed string // regions
	role                 string
	key                  string // ARN of a key in main with nothing wrong
}

// buildSmall makes the resources in the first region, a few in the second, and in the third those whose security
// configurations can't be read: a service control policy denies that there. (AWS binds no management account by such
// policies; here one account must do for all.)
func buildSmall(c Config, s Services) error {
	region := func(i int) string { return c.Regions[i%len(c.Regions)] }
	b := &smallBuilder{Services: s, partition: c.partition(), main: region(0), second: region(1), closed: region(2)}
	b.role = roleARN(b.partition, Management)
	if err := s.putRoles(b.partition, Management, founded()); err != nil {
		return err
	}
	if err := b.putPlainRole(); err != nil {
		return err
	}
	if err := b.putKeys(); err != nil {
		return err
	}
	if err := b.putBuckets(c.Regions); err != nil {
		return err
	}
	for _, region := range []string{b.main, b.second} { // not in the third
		s.SecurityHub.Enable(Management, region, founded())
	}
	b.putNetwork()
	b.putEndpoints()
	b.putAddress()
	b.putTransforms()
	b.putSecondRegion()
	if err := b.putSurroundings(); err != nil {
		return err
	}
	if b.closed != b.main && b.closed != b.second {
		b.putUnreadable()
		deny := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"glue:GetSecurityConfiguration*","Resource":"*",` +
			`"Condition":{"StringEquals":{"aws:RequestedRegion":"` + b.closed + `"}}},{"Effect":"Allow","Action":"*","Resource":"*"}]}`
		if err := s.IAM.PutServiceControl(Management, []string{deny}); err != nil {
			return err
		}
	}
	return nil
}

// labels is the first region's bucket for labels, scripts and libraries.
func (b *smallBuilder) labels() string { return labelBucket(b.main) }

// transform puts a transform that was taught from a file in its region's bucket.
func (b *smallBuilder) transform(region string, t types.MLTransform, tags map[string]string) (id string) {
	id = b.Glue.PutMLTransform(Management, region, t, tags)
	from := "s3://" + labelBucket(region) + "/labels/" + id + ".csv"
	b.Glue.PutMLTaskRun(Management, region, id, imported(from, founded()))
	return id
}

func labelBucket(region string) string { return "glue-labels-" + Management + "-" + region }

// putBuckets makes a bucket in each region that encrypts as AWS does by itself, and in the first one that encrypts under
// the good key.
func (b *smallBuilder) putBuckets(regions []string) error {
	for _, region := range regions {
		if err := b.S3.PutBucket(Management, region, labelBucket(region), s3.Encryption{}); err != nil {
			return err
		}
	}
	return b.S3.PutBucket(Management, b.main, "glue-secure-"+Management+"-"+b.main, s3.Encryption{Mode: s3.SSEKMS, KMSKey: b.key})
}

// configured adds a security configuration and an endpoint that names it.
func (b *smallBuilder) configured(region, name string, e *types.EncryptionConfiguration) {
	b.Glue.PutSecurityConfiguration(Management, region, name, e)
	b.endpoint(region, name, name)
}

func (b *smallBuilder) endpoint(region, name, configuration string) {
	e := endpoint(name, b.role, configuration)
	if region == b.main {
		b.dress(&e)
	}
	b.Glue.PutDevEndpoint(Management, region, e, map[string]string{"team": "data", "row": name})
}

// putEndpoints makes the rows of glue-dev-endpoint-s3-encryption and glue-dev-endpoint-log-encryption.
func (b *smallBuilder) putEndpoints() {
	for _, status := range []string{"TERMINATING", "TERMINATED"} {
		e := endpoint("not-applicable-"+strings.ToLower(status), b.role, "")
		e.Status = &status
		b.Glue.PutDevEndpoint(Management, b.main, e, nil)
	}
	b.endpoint(b.main, "fail-no-security-configuration", "")
	b.endpoint(b.main, "fail-security-configuration-missing", "deleted-long-ago")

	logsOff := logsBlock(types.CloudWatchEncryptionModeDisabled, "")
	b.configured(b.main, "fail-s3-encryption-absent", &types.EncryptionConfiguration{CloudWatchEncryption: logsOff})
	b.configured(b.main, "fail-s3-encryption-empty", &types.EncryptionConfiguration{S3Encryption: s3Block(), CloudWatchEncryption: logsOff})
	b.configured(b.main, "fail-configuration-without-content", nil)
	b.configured(b.main, "fail-s3-encryption-disabled", plain(s3Block(types.S3EncryptionModeDisabled)))
	b.configured(b.main, "fail-s3-encryption-mixed", plain(s3Block(types.S3EncryptionModeSses3, types.S3EncryptionModeDisabled)))
	b.configured(b.main, "unknown-mode-unrecognised", plain(s3Block("SSE-QUANTUM")))
	b.configured(b.main, "pass-sse-s3", plain(s3Block(types.S3EncryptionModeSses3)))
	b.configured(b.main, "pass-sse-kms", full(b.key))
	weakest := plain(append(s3Key(b.key), s3Block(types.S3EncryptionModeSses3)...))
	b.configured(b.main, "pass-weakest-is-sse-s3", weakest)

	failed := "FAILED"
	e := endpoint("pass-endpoint-failed", b.role, "pass-sse-kms")
	e.Status, e.FailureReason = &failed, aws.String("VPC S3 endpoint validation failed for SubnetId")
	b.Glue.PutDevEndpoint(Management, b.main, e, nil)

	withLogs := func(block *types.CloudWatchEncryption) *types.EncryptionConfiguration {
		c := plain(s3Key(b.key))
		c.CloudWatchEncryption = block
		return c
	}
	b.configured(b.main, "logs-pass-sse-kms", withLogs(logsBlock(types.CloudWatchEncryptionModeSsekms, b.key)))
	b.configured(b.main, "logs-fail-disabled", withLogs(logsOff))
	b.configured(b.main, "logs-fail-absent", withLogs(nil))
	b.configured(b.main, "logs-unknown-mode-unrecognised", withLogs(logsBlock("SSE-QUANTUM", "")))
}

// putTransforms makes the rows of glue-ml-transform-encryption-at-rest.
func (b *smallBuilder) putTransforms() {
	b.Glue.PutTable(Management, b.main, "crm", "customers", customers())
	b.Glue.PutSecurityConfiguration(Management, b.main, "task-runs-sse-s3", plain(s3Block(types.S3EncryptionModeSses3)))
	b.Glue.PutSecurityConfiguration(Management, b.main, "task-runs-disabled", plain(s3Block(types.S3EncryptionModeDisabled)))
	b.Glue.PutSecurityConfiguration(Management, b.main, "task-runs-mode-unrecognised", plain(s3Block("SSE-QUANTUM")))
	disabled, kmsMode := types.MLUserDataEncryptionModeStringDisabled, types.MLUserDataEncryptionModeStringSsekms
	for _, row := range []struct {
		name       string
		encryption *types.TransformEncryption
	}{
		{"unknown-mode-unrecognised", userData("SSE-QUANTUM", "", "")},
		{"pass-sse-kms", userData(kmsMode, b.key, "")},
		{"pass-sse-kms-and-task-runs", userData(kmsMode, b.key, "task-runs-sse-s3")},
		{"unknown-task-run-mode-unrecognised", userData(disabled, "", "task-runs-mode-unrecognised")},
		{"fail-security-configuration-missing", userData(disabled, "", "deleted-long-ago")},
		{"pass-task-run-encryption-only", userData(disabled, "", "task-runs-sse-s3")},
		{"fail-user-data-encryption-absent", nil},
		{"fail-user-data-encryption-inner-absent", userData("", "", "")},
		{"fail-user-data-encryption-disabled", userData(disabled, "", "")},
		{"fail-task-runs-disabled", userData("", "", "task-runs-disabled")},
	} {
		b.transform(b.main, transform(row.name, b.role, row.encryption), map[string]string{"team": "data", "row": row.name})
	}
	deleting := transform("not-applicable-deleting", b.role, nil)
	deleting.Status = types.TransformStatusTypeDeleting
	b.transform(b.main, deleting, nil)
	nameless := transform("", b.role, nil)
	nameless.Name = nil
	b.transform(b.main, nameless, nil)
}

// putSecondRegion makes what tells a join by name alone from one by location: configurations of the same names, with
// other content.
func (b *smallBuilder) putSecondRegion() {
	if b.second == b.main {
		return
	}
	for name, content := range map[string]types.S3EncryptionMode{"pass-sse-s3": types.S3EncryptionModeDisabled, "fail-s3-encryption-disabled": types.S3EncryptionModeSses3} {
		b.Glue.PutSecurityConfiguration(Management, b.second, name, plain(s3Block(content)))
	}
	b.endpoint(b.second, "fail-same-name-other-content", "pass-sse-s3")
	b.endpoint(b.second, "pass-same-name-other-content", "fail-s3-encryption-disabled")
	b.endpoint(b.second, "fail-missing-in-this-region", "pass-sse-kms")
	b.transform(b.second, transform("fail-missing-in-this-region", b.role, userData("", "", "task-runs-sse-s3")), nil)
}

// putUnreadable makes the rows whose configuration can't be read.
func (b *smallBuilder) putUnreadable() {
	b.configured(b.closed, "unknown-security-configuration-unreadable", plain(s3Block(types.S3EncryptionModeSses3)))
	b.endpoint(b.closed, "fail-no-security-configuration", "")
	b.transform(b.closed, transform("unknown-security-configuration-unreadable", b.role, userData("", "", "unknown-security-configuration-unreadable")), nil)
}

// putSurroundings makes what refers to resources: a stack that owns one, a notebook on one, jobs that use a transform or
// share a configuration, and log groups.
func (b *smallBuilder) putSurroundings() error {
	stack := b.CloudFormation.PutStack(Management, b.main, cloudformation.Stack{
		Name: "glue-workbench", Created: founded(), Resources: []cloudformation.Resource{{LogicalID: "Endpoint", PhysicalID: "fail-stack-owned", Type: "AWS::Glue::DevEndpoint"}},
	})
	b.Glue.PutDevEndpoint(Management, b.main, endpoint("fail-stack-owned", b.role, ""), map[string]string{
		"aws:cloudformation:stack-name": "glue-workbench", "aws:cloudformation:stack-id": stack, "aws:cloudformation:logical-id": "Endpoint",
	})
	b.SageMaker.PutNotebook(Management, b.main, sagemaker.Notebook{
		Name: "aws-glue-workbench", RoleARN: b.role, Created: founded(), Tags: map[string]string{"aws-glue-dev-endpoint": "fail-no-security-configuration"},
	})
	used := b.transform(b.main, transform("fail-used-by-a-job", b.role, nil), nil)
	if err := b.putJobs(used); err != nil {
		return err
	}
	b.Glue.PutMLTaskRun(Management, b.main, used, types.TaskRun{
		Status: types.TaskStatusTypeSucceeded, StartedOn: aws.Time(founded().Add(4000 * 24 * time.Hour)), ExecutionTime: 840,
		Properties: &types.TaskRunProperties{TaskType: types.TaskTypeFindMatches, FindMatchesTaskRunProperties: &types.FindMatchesTaskRunProperties{JobName: aws.String("customer-match-nightly")}},
	})
	for name, key := range map[string]string{"/aws-glue/jobs/output": "", "/aws-glue/jobs/error": "", "/aws-glue/jobs/logs-v2-pass-sse-kms": b.key} {
		group := logstypes.LogGroup{LogGroupName: aws.String(name), StoredBytes: aws.Int64(1 << 20), LogGroupClass: logstypes.LogGroupClassStandard}
		if key != "" {
			group.KmsKeyId = &key
		}
		b.Logs.PutLogGroup(Management, b.main, group)
	}
	return nil
}

// customers are the columns of the table that transforms match.
func customers() []types.SchemaColumn {
	var columns []types.SchemaColumn
	for _, name := range []string{"id", "name", "street", "city", "phone"} {
		columns = append(columns, types.SchemaColumn{Name: &name, DataType: aws.String("string")})
	}
	return columns
}

// putJobs makes a job that names the transform in its arguments and its script, one that names it in its script only,
// and one that names none but shares an endpoint's security configuration.
func (b *smallBuilder) putJobs(used string) error {
	scripts := map[string]string{
		"match.py": "from awsglueml.transforms import FindMatches\nfrom awsglue.utils import getResolvedOptions\n" +
			"args = getResolvedOptions(sys.argv, [\"JOB_NAME\", \"transform_id\"])  # was " + used + "\n" +
			"found = FindMatches.apply(frame=customers, transformId=args[\"transform_id\"], transformation_ctx=\"found\")\n",
		"match_once.py": "from awsglueml.transforms import FindMatches\n" +
			"found = FindMatches.apply(frame=customers, transformId=\"" + used + "\", transformation_ctx=\"found\")\n",
		"load.py": "import sys\nfrom awsglue.context import GlueContext\n",
	}
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		if err := b.S3.WriteObject(Management, b.labels(), "scripts/"+name, []byte(scripts[name]), "", ""); err != nil {
			return err
		}
	}
	for name, j := range map[string]types.Job{
		"customer-match-nightly": {Command: b.script("match.py"), DefaultArguments: map[string]string{"--transform_id": used, "--enable-metrics": "true"}},
		"customer-match-once":    {Command: b.script("match_once.py")},
		"customer-load":          {Command: b.script("load.py"), SecurityConfiguration: aws.String("fail-s3-encryption-disabled")},
	} {
		j.Name, j.Role, j.GlueVersion, j.WorkerType, j.NumberOfWorkers = &name, &b.role, aws.String("2.0"), types.WorkerTypeG1x, aws.Int32(2)
		j.MaxCapacity, j.AllocatedCapacity, j.Timeout = aws.Float64(2), 2, aws.Int32(2880)
		b.Glue.PutJob(Management, b.main, j, nil)
	}
	return nil
}

// script is the command of a Spark job.
func (b *smallBuilder) script(name string) *types.JobCommand {
	return &types.JobCommand{
		Name: aws.String("glueetl"), PythonVersion: aws.String("3"), ScriptLocation: aws.String("s3://" + b.labels() + "/scripts/" + name),
	}
}
