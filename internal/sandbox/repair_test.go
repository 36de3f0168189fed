package sandbox

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/scenario"
)

const home = "us-east-1"

// TestObjectsUnderKeys: whoever writes to a bucket that encrypts under a key needs the key too, and so does who reads.
func TestObjectsUnderKeys(t *testing.T) {
	t.Parallel()
	w := start(t, Options{Scenario: "small"})
	root := w.surroundings(t)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole"}]}`
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"*"}]}`
	roles := iam.NewFromConfig(root.c)
	if _, err := roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("s3-only"), AssumeRolePolicyDocument: &trust}); err != nil {
		t.Fatal(err)
	}
	if _, err := roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("s3-only"), PolicyName: aws.String("s3"), PolicyDocument: &policy}); err != nil {
		t.Fatal(err)
	}
	for role, want := range map[string]string{"s3-only": "AccessDenied", scenario.RepairRole: ""} {
		session, err := sts.NewFromConfig(root.c).AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::111111111111:role/" + role), RoleSessionName: aws.String("glueguard"),
		})
		if err != nil {
			t.Fatal(err)
		}
		c := root.c.Copy()
		c.Credentials = credentials.NewStaticCredentialsProvider(*session.Credentials.AccessKeyId, "secret", *session.Credentials.SessionToken)
		objects := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
		for _, bucket := range []string{"glue-labels-111111111111-us-east-1", "glue-secure-111111111111-us-east-1"} {
			expected := want
			if strings.HasPrefix(bucket, "glue-labels") {
				expected = ""
			}
			_, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("probe"), Body: strings.NewReader("x")})
			if got := code(err); got != expected {
				t.Errorf("%s writes to %s: %q, want %q", role, bucket, got, expected)
			}
		}
	}
}

// surroundings are the clients of whoever looks around an endpoint before touching it.
type surroundings struct {
	t    *testing.T
	glue *glue.Client
	ec2  *ec2.Client
	c    aws.Config
}

func (w world) surroundings(t *testing.T) surroundings {
	c := w.config(scenario.Management, home)
	return surroundings{t, glue.NewFromConfig(c), ec2.NewFromConfig(c), c}
}

func (s surroundings) endpoint(name string) *gluetypes.DevEndpoint {
	s.t.Helper()
	out, err := s.glue.GetDevEndpoint(s.t.Context(), &glue.GetDevEndpointInput{EndpointName: &name})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.DevEndpoint
}

// TestNetworksOfTheSmallScenario reads what a repair has to know about an endpoint's subnet.
func TestNetworksOfTheSmallScenario(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Scenario: "small"}).surroundings(t)
	type facts struct {
		Free       int32
		Out        string // where 0.0.0.0/0 goes: nat, igw or nowhere
		Services   string // reachable by VPC endpoint
		Elastic    string
		Interfaces int
	}
	want := map[string]facts{
		"fail-s3-encryption-disabled":         {Free: 249, Out: "nat", Services: "kms s3", Interfaces: 2},
		"fail-s3-encryption-absent":           {Free: 249, Out: "igw", Services: "kms s3", Elastic: "203.0.113.17", Interfaces: 2},
		"fail-s3-encryption-mixed":            {Free: 1, Out: "nat", Services: "kms s3", Interfaces: 2},
		"fail-security-configuration-missing": {Free: 249, Out: "nowhere", Services: "s3", Interfaces: 2},
	}
	got := map[string]facts{}
	for name := range want {
		e := s.endpoint(name)
		got[name] = facts{
			Free: s.free(e), Out: s.wayOut(e), Services: s.services(e), Elastic: s.elastic(e), Interfaces: len(s.interfaces(e)),
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func equals(name, value string) []ec2types.Filter {
	return []ec2types.Filter{{Name: &name, Values: []string{value}}}
}

func (s surroundings) free(e *gluetypes.DevEndpoint) int32 {
	out, err := s.ec2.DescribeSubnets(s.t.Context(), &ec2.DescribeSubnetsInput{SubnetIds: []string{*e.SubnetId}})
	if err != nil || *out.Subnets[0].VpcId != *e.VpcId || *out.Subnets[0].AvailabilityZone != *e.AvailabilityZone {
		s.t.Fatalf("subnet of %s: %+v %v", *e.EndpointName, out, err)
	}
	return *out.Subnets[0].AvailableIpAddressCount
}

func (s surroundings) wayOut(e *gluetypes.DevEndpoint) string {
	out, err := s.ec2.DescribeRouteTables(s.t.Context(), &ec2.DescribeRouteTablesInput{Filters: equals("association.subnet-id", *e.SubnetId)})
	if err != nil || len(out.RouteTables) != 1 {
		s.t.Fatalf("routes of %s: %+v %v", *e.EndpointName, out, err)
	}
	for _, r := range out.RouteTables[0].Routes {
		switch {
		case *r.DestinationCidrBlock != "0.0.0.0/0":
		case r.NatGatewayId != nil:
			return "nat"
		case strings.HasPrefix(*r.GatewayId, "igw-"):
			return "igw"
		}
	}
	return "nowhere"
}

func (s surroundings) services(e *gluetypes.DevEndpoint) string {
	out, err := s.ec2.DescribeVpcEndpoints(s.t.Context(), &ec2.DescribeVpcEndpointsInput{Filters: equals("vpc-id", *e.VpcId)})
	if err != nil {
		s.t.Fatal(err)
	}
	found := map[string]bool{}
	for _, v := range out.VpcEndpoints {
		found[(*v.ServiceName)[strings.LastIndex(*v.ServiceName, ".")+1:]] = true
	}
	names := []string{}
	for _, name := range []string{"kms", "s3"} {
		if found[name] {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func (s surroundings) interfaces(e *gluetypes.DevEndpoint) []ec2types.NetworkInterface {
	out, err := s.ec2.DescribeNetworkInterfaces(s.t.Context(), &ec2.DescribeNetworkInterfacesInput{Filters: equals("subnet-id", *e.SubnetId)})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.NetworkInterfaces
}

func (s surroundings) elastic(e *gluetypes.DevEndpoint) string {
	for _, at := range s.interfaces(e) {
		if *at.PrivateIpAddress != *e.PrivateAddress {
			continue
		}
		out, err := s.ec2.DescribeAddresses(s.t.Context(), &ec2.DescribeAddressesInput{Filters: equals("network-interface-id", *at.NetworkInterfaceId)})
		if err != nil || len(out.Addresses) > 1 {
			s.t.Fatalf("addresses: %+v %v", out, err)
		}
		for _, a := range out.Addresses {
			if *a.PublicIp != *at.Association.PublicIp {
				s.t.Errorf("%s is not what the interface says", *a.PublicIp)
			}
			return *a.PublicIp
		}
	}
	return ""
}

// TestWhatRefersToResourcesOfTheSmallScenario finds the stack, the notebook, the jobs and their scripts.
func TestWhatRefersToResourcesOfTheSmallScenario(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Scenario: "small"}).surroundings(t)
	stack, err := cloudformation.NewFromConfig(s.c).DescribeStackResources(t.Context(), &cloudformation.DescribeStackResourcesInput{PhysicalResourceId: aws.String("fail-stack-owned")})
	if err != nil || *stack.StackResources[0].StackName != "glue-workbench" {
		t.Errorf("stack: %+v %v", stack, err)
	}
	notebooks, err := sagemaker.NewFromConfig(s.c).ListNotebookInstances(t.Context(), &sagemaker.ListNotebookInstancesInput{NameContains: aws.String("aws-glue")})
	if err != nil || len(notebooks.NotebookInstances) != 1 {
		t.Fatalf("notebooks: %+v %v", notebooks, err)
	}
	tags, err := sagemaker.NewFromConfig(s.c).ListTags(t.Context(), &sagemaker.ListTagsInput{ResourceArn: notebooks.NotebookInstances[0].NotebookInstanceArn})
	if err != nil || *tags.Tags[0].Key != "aws-glue-dev-endpoint" || *tags.Tags[0].Value != "fail-no-security-configuration" {
		t.Errorf("tags of the notebook: %+v %v", tags, err)
	}
	uses := map[string]string{}
	id := s.transform("fail-used-by-a-job")
	jobs, err := s.glue.GetJobs(t.Context(), &glue.GetJobsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs.Jobs {
		where := ""
		for _, v := range j.DefaultArguments {
			if v == id {
				where += "argument "
			}
		}
		if strings.Contains(s.object(*j.Command.ScriptLocation), id) {
			where += "script"
		}
		uses[*j.Name] = where
	}
	if d := cmp.Diff(map[string]string{"customer-match-nightly": "argument script", "customer-match-once": "script", "customer-load": ""}, uses); d != "" {
		t.Errorf("uses of %s -want +got:\n%s", id, d)
	}
	simulated, err := iam.NewFromConfig(s.c).SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: s.endpoint("fail-s3-encryption-empty").RoleArn, ActionNames: []string{"kms:GenerateDataKey", "glue:UseMLTransforms"},
	})
	if err != nil || simulated.EvaluationResults[0].EvalDecision != iamtypes.PolicyEvaluationDecisionTypeImplicitDeny ||
		simulated.EvaluationResults[1].EvalDecision != iamtypes.PolicyEvaluationDecisionTypeAllowed {
		t.Errorf("the role without keys: %+v %v", simulated, err)
	}
}

func (s surroundings) transform(name string) string {
	out, err := s.glue.GetMLTransforms(s.t.Context(), &glue.GetMLTransformsInput{Filter: &gluetypes.TransformFilterCriteria{Name: &name}})
	if err != nil || len(out.Transforms) != 1 {
		s.t.Fatalf("transform %s: %+v %v", name, out, err)
	}
	return *out.Transforms[0].TransformId
}

func (s surroundings) object(path string) string {
	s.t.Helper()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(path, "s3://"), "/")
	out, err := s3.NewFromConfig(s.c, func(o *s3.Options) { o.UsePathStyle = true }).GetObject(s.t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

// TestTwinOfATransform goes the whole way of a transform's repair: labels out to S3, into an encrypted twin, until it is
// as ready and as good as the original, then the names are swapped.
func TestTwinOfATransform(t *testing.T) {
	t.Parallel()
	w := start(t, Options{Scenario: "small", Provisioning: 10 * time.Minute})
	s, ctx := w.surroundings(t), t.Context()
	old := s.read(s.transform("fail-used-by-a-job"))
	twin, err := s.glue.CreateMLTransform(ctx, &glue.CreateMLTransformInput{
		Name: aws.String("twin"), Role: old.Role, InputRecordTables: old.InputRecordTables, Parameters: old.Parameters, GlueVersion: old.GlueVersion,
		MaxCapacity: old.MaxCapacity, TransformEncryption: &gluetypes.TransformEncryption{MlUserDataEncryption: &gluetypes.MLUserDataEncryption{
			MlUserDataEncryptionMode: gluetypes.MLUserDataEncryptionModeStringSsekms, KmsKeyId: s.goodKey(),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := "s3://glue-secure-111111111111-us-east-1/labels/out.csv"
	if _, err := s.glue.StartExportLabelsTaskRun(ctx, &glue.StartExportLabelsTaskRunInput{TransformId: old.TransformId, OutputS3Path: &path}); err != nil {
		t.Fatal(err)
	}
	w.post("clock", `{"advance":"10m"}`)
	s.read(*old.TransformId) // states are settled by who looks
	if _, err := s.glue.StartImportLabelsTaskRun(ctx, &glue.StartImportLabelsTaskRunInput{TransformId: twin.TransformId, InputS3Path: &path, ReplaceAllLabels: true}); err != nil {
		t.Fatal(err)
	}
	w.post("clock", `{"advance":"20m"}`)
	got := s.read(*twin.TransformId)
	if got.Status != gluetypes.TransformStatusTypeReady || got.LabelCount != old.LabelCount || len(got.Schema) != len(old.Schema) {
		t.Fatalf("twin: %s, %d labels, columns %v", got.Status, got.LabelCount, got.Schema)
	}
	if _, err := s.glue.StartMLEvaluationTaskRun(ctx, &glue.StartMLEvaluationTaskRunInput{TransformId: twin.TransformId}); err != nil {
		t.Fatal(err)
	}
	w.post("clock", `{"advance":"10m"}`)
	was, is := *old.EvaluationMetrics.FindMatchesMetrics.AreaUnderPRCurve, *s.read(*twin.TransformId).EvaluationMetrics.FindMatchesMetrics.AreaUnderPRCurve
	if is < was-0.01 || is > was+0.01 {
		t.Errorf("quality %v, was %v", is, was)
	}
	if _, err := s.glue.UpdateMLTransform(ctx, &glue.UpdateMLTransformInput{TransformId: old.TransformId, Name: aws.String("old")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.glue.UpdateMLTransform(ctx, &glue.UpdateMLTransformInput{TransformId: twin.TransformId, Name: old.Name}); err != nil {
		t.Fatal(err)
	}
	if s.transform(*old.Name) != *twin.TransformId {
		t.Error("the name is not the twin's")
	}
}

func (s surroundings) read(id string) *glue.GetMLTransformOutput {
	s.t.Helper()
	out, err := s.glue.GetMLTransform(s.t.Context(), &glue.GetMLTransformInput{TransformId: &id})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// goodKey is the key of the configuration with nothing wrong.
func (s surroundings) goodKey() *string {
	out, err := s.glue.GetSecurityConfiguration(s.t.Context(), &glue.GetSecurityConfigurationInput{Name: aws.String("pass-sse-kms")})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.SecurityConfiguration.EncryptionConfiguration.S3Encryption[0].KmsKeyArn
}

// TestTwinsOfEndpoints makes encrypted twins of endpoints whose surroundings differ: what can't work is refused or fails,
// as the reads before could tell.
func TestTwinsOfEndpoints(t *testing.T) {
	t.Parallel()
	w := start(t, Options{Scenario: "small", Provisioning: 10 * time.Minute})
	s := w.surroundings(t)
	for name, want := range map[string]string{
		"fail-s3-encryption-disabled": "READY",
		"fail-s3-encryption-mixed":    "FAILED The specified subnet does not have enough free addresses",
		"fail-s3-encryption-empty":    "FAILED Cannot encrypt with key",
	} {
		old, twin := s.endpoint(name), name+"-twin"
		_, err := s.glue.CreateDevEndpoint(t.Context(), &glue.CreateDevEndpointInput{
			EndpointName: &twin, RoleArn: old.RoleArn, WorkerType: old.WorkerType, NumberOfWorkers: old.NumberOfWorkers, GlueVersion: old.GlueVersion,
			SubnetId: old.SubnetId, SecurityGroupIds: old.SecurityGroupIds, SecurityConfiguration: aws.String("pass-sse-kms"),
		})
		if err != nil {
			t.Fatal(err)
		}
		w.post("clock", `{"advance":"10m"}`)
		e := s.endpoint(twin)
		if got := strings.TrimSpace(*e.Status + " " + aws.ToString(e.FailureReason)); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s…", twin, got, want)
		}
	}
}
