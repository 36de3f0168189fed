package scenario

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	awsorg "github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/account"
	"github.com/glueguard/glueguard/internal/sandbox/cloudformation"
	"github.com/glueguard/glueguard/internal/sandbox/ec2"
	"github.com/glueguard/glueguard/internal/sandbox/glue"
	"github.com/glueguard/glueguard/internal/sandbox/iam"
	"github.com/glueguard/glueguard/internal/sandbox/kms"
	"github.com/glueguard/glueguard/internal/sandbox/logs"
	"github.com/glueguard/glueguard/internal/sandbox/organizations"
	"github.com/glueguard/glueguard/internal/sandbox/s3"
	"github.com/glueguard/glueguard/internal/sandbox/sagemaker"
	"github.com/glueguard/glueguard/internal/sandbox/securityhub"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func services(t testing.TB) Services {
	t.Helper()
	identity, err := iam.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	org := organizations.New(Management)
	keys := kms.New(identity)
	accounts := account.New(DefaultRegions(Empty), org)
	return Services{
		Account: accounts, CloudFormation: cloudformation.New(), EC2: ec2.New(accounts), Glue: glue.New(glue.Options{Roles: identity}), IAM: identity,
		KMS: keys, Logs: logs.New(keys), Organizations: org, S3: s3.New(keys, identity), SageMaker: sagemaker.New(), SecurityHub: securityhub.New(),
	}
}

// ask calls an operation as an account's root.
func ask[O any](t testing.TB, s service.Service, account, region, operation string, in any) *O {
	t.Helper()
	for _, op := range s.Operations {
		if op.Name != operation {
			continue
		}
		out, err := op.Invoke(&service.Call{
			Context: context.Background(), Partition: "aws", Account: account, Region: region, Service: s.Prefix, Operation: operation,
			Principal: service.Principal{ARN: "arn:aws:iam::" + account + ":root"}, Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		}, in)
		if err != nil {
			t.Fatalf("%s in %s/%s: %v", operation, account, region, err)
		}
		return out.(*O)
	}
	t.Fatalf("no operation %s", operation)
	return nil
}

func endpoints(t testing.TB, s Services, account, region string) []string {
	t.Helper()
	var all []string
	in := &awsglue.GetDevEndpointsInput{}
	for {
		out := ask[awsglue.GetDevEndpointsOutput](t, s.Glue.Service(), account, region, "GetDevEndpoints", in)
		for _, e := range out.DevEndpoints {
			all = append(all, fmt.Sprint(*e.EndpointName, " ", aws.ToString(e.SecurityConfiguration)))
		}
		if aws.ToString(out.NextToken) == "" {
			return all
		}
		in.NextToken = out.NextToken
	}
}

func transforms(t testing.TB, s Services, account, region string) []string {
	t.Helper()
	var all []string
	in := &awsglue.GetMLTransformsInput{}
	for {
		out := ask[awsglue.GetMLTransformsOutput](t, s.Glue.Service(), account, region, "GetMLTransforms", in)
		for _, m := range out.Transforms {
			all = append(all, fmt.Sprint(aws.ToString(m.Name), " ", m.TransformEncryption != nil, " ", *m.TransformId))
		}
		if aws.ToString(out.NextToken) == "" {
			return all
		}
		in.NextToken = out.NextToken
	}
}

func members(t testing.TB, s Services) []orgtypes.Account {
	t.Helper()
	var all []orgtypes.Account
	in := &awsorg.ListAccountsInput{}
	for {
		out := ask[awsorg.ListAccountsOutput](t, s.Organizations.Service(), Management, "us-east-1", "ListAccounts", in)
		all = append(all, out.Accounts...)
		if aws.ToString(out.NextToken) == "" {
			return all
		}
		in.NextToken = out.NextToken
	}
}

func build(t testing.TB, name string, c Config) Services {
	t.Helper()
	s := services(t)
	if err := Build(name, c, s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEmpty(t *testing.T) {
	t.Parallel()
	s := build(t, Empty, Config{})
	if all := members(t, s); len(all) != 1 || *all[0].Id != Management {
		t.Errorf("accounts: %v", all)
	}
	if got := s.Account.Enabled(Management, "aws"); len(got) != 17 {
		t.Errorf("%d regions", len(got))
	}
	if got := endpoints(t, s, Management, "us-east-1"); got != nil {
		t.Errorf("endpoints: %v", got)
	}
}

func TestRefusedConfigs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"wild": {}, Org: {Accounts: -1}, Small: {Regions: []string{"eu-west-1", "cn-north-1"}},
	} {
		if err := Build(name, c, services(t)); err == nil {
			t.Errorf("%s %+v: no error", name, c)
		}
	}
}

func TestSmallHasEveryRow(t *testing.T) {
	t.Parallel()
	s := build(t, Small, Config{})
	if d := cmp.Diff([]string{"ap-southeast-2", "eu-west-1", "us-east-1"}, s.Account.Enabled(Management, "aws")); d != "" {
		t.Errorf("regions -want +got:\n%s", d)
	}
	all := strings.Join(append(endpoints(t, s, Management, "us-east-1"), transforms(t, s, Management, "us-east-1")...), "\n")
	for _, row := range []string{
		"not-applicable-terminating", "fail-no-security-configuration", "fail-security-configuration-missing", "fail-s3-encryption-absent",
		"fail-s3-encryption-disabled", "unknown-mode-unrecognised", "pass-sse-s3", "pass-sse-kms", "not-applicable-deleting",
		"unknown-task-run-mode-unrecognised", "pass-task-run-encryption-only", "fail-user-data-encryption-inner-absent", "logs-fail-absent",
		"key-fail-disabled", "key-fail-rotation-off", "key-fail-other-region", "fail-stack-owned",
	} {
		if !strings.Contains(all, row) {
			t.Errorf("no resource for row %s", row)
		}
	}
	content := func(region string) string {
		out := ask[awsglue.GetSecurityConfigurationOutput](t, s.Glue.Service(), Management, region, "GetSecurityConfiguration",
			&awsglue.GetSecurityConfigurationInput{Name: aws.String("pass-sse-s3")})
		return string(out.SecurityConfiguration.EncryptionConfiguration.S3Encryption[0].S3EncryptionMode)
	}
	if content("us-east-1") == content("eu-west-1") {
		t.Error("the same configuration name must have other content in the second region")
	}
	refused := func(region string) bool {
		return s.IAM.Authorize(&service.Call{
			Context: context.Background(), Partition: "aws", Account: Management, Region: region, Service: "glue", Operation: "GetSecurityConfiguration",
			Principal: service.Principal{ARN: "arn:aws:iam::" + Management + ":root", AccessKeyID: Management},
		}, "glue:GetSecurityConfiguration", "*") != nil
	}
	if refused("us-east-1") || !refused("ap-southeast-2") {
		t.Error("configurations must be unreadable in the third region only")
	}
}

func TestOrgIsDeterministic(t *testing.T) {
	t.Parallel()
	show := func(seed uint64) []string {
		s := build(t, Org, Config{Seed: seed})
		var all []string
		for _, a := range members(t, s) {
			for _, r := range DefaultRegions(Org) {
				for _, line := range append(endpoints(t, s, *a.Id, r), transforms(t, s, *a.Id, r)...) {
					all = append(all, strings.Join([]string{*a.Id, *a.Name, r, line}, " "))
				}
			}
		}
		return all
	}
	first := show(7)
	if len(first) != 24 {
		t.Errorf("%d resources, want 24", len(first))
	}
	if d := cmp.Diff(first, show(7)); d != "" {
		t.Errorf("same seed, other estate:\n%s", d)
	}
	if cmp.Equal(first, show(8)) {
		t.Error("another seed must give other accounts")
	}
}

func TestOrgMix(t *testing.T) {
	t.Parallel()
	regions := DefaultRegions(Empty)
	s := build(t, Org, Config{Accounts: 60, Resources: 3000, Regions: regions})
	var bare, ends, trans, suspended int
	for _, a := range members(t, s) {
		if a.State != orgtypes.AccountStateActive {
			suspended++
		}
		for _, r := range regions {
			for _, e := range endpoints(t, s, *a.Id, r) {
				ends++
				if strings.HasSuffix(e, " ") || strings.Contains(e, "2021") {
					bare++
				}
			}
			trans += len(transforms(t, s, *a.Id, r))
		}
	}
	if ends+trans != 3000 || trans < 800 || trans > 1000 {
		t.Errorf("%d endpoints, %d transforms", ends, trans)
	}
	if share := float64(bare) / float64(ends); share < 0.35 || share > 0.45 {
		t.Errorf("%.2f of endpoints without encryption", share)
	}
	if suspended != 1 {
		t.Errorf("%d suspended accounts", suspended)
	}
}

func TestOrgOfOneAccount(t *testing.T) {
	t.Parallel()
	regions := append(DefaultRegions(Empty), "af-south-1", "ap-east-1")
	s := build(t, Org, Config{Accounts: 1, Resources: 1900, Regions: regions})
	for _, r := range regions {
		if n := len(endpoints(t, s, Management, r)) + len(transforms(t, s, Management, r)); n != 100 {
			t.Errorf("%s has %d resources, want 100", r, n)
		}
	}
}

func TestRolesOfMembers(t *testing.T) {
	t.Parallel()
	s := build(t, Org, Config{})
	member := *members(t, s)[1].Id
	for action, want := range map[string]bool{"glue:GetDevEndpoints": true, "tag:GetResources": true, "account:ListRegions": true, "glue:DeleteDevEndpoint": false} {
		if got := s.IAM.Allows(member, "arn:aws:iam::"+member+":role/"+AuditRole, action, "*", nil); got != want {
			t.Errorf("%s may %s: %v", AuditRole, action, got)
		}
	}
	if !s.IAM.TrustsService(member, roleARN("aws", member), "glue.amazonaws.com") {
		t.Error("the endpoints' role must trust Glue")
	}
	if _, found := s.S3.BucketRegion(member, "glue-labels-"+member+"-us-west-2"); !found {
		t.Error("an account must have a bucket for labels at home")
	}
}

func TestLargestOrgFits(t *testing.T) {
	if testing.Short() {
		t.Skip("builds 1,000 accounts")
	}
	before := heap()
	s := build(t, Org, Config{Accounts: 1000, Resources: 20_000, Regions: DefaultRegions(Empty)})
	grown := heap() - before
	if grown > 250<<20 {
		t.Errorf("the estate takes %d MB", grown>>20)
	}
	t.Logf("1,000 accounts x 17 regions, 20,000 resources: %d MB", grown>>20)
	runtime.KeepAlive(s)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestDefaultRegionsAreThere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{Small, Org} {
		for _, r := range DefaultRegions(name) {
			if !slices.Contains(DefaultRegions(Empty), r) {
				t.Errorf("%s: %s must be opted into", name, r)
			}
		}
	}
}

func BenchmarkBuildOrg(b *testing.B) {
	for b.Loop() {
		build(b, Org, Config{Accounts: 1000, Resources: 20_000, Regions: DefaultRegions(Empty)})
	}
}
