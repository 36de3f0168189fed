package inventory

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/resource"
)

// TestWantedKeys resolves keys as people name them.
func TestWantedKeys(t *testing.T) {
	t.Parallel()
	i, server := inspecting(t)
	arn := goodKey(t, i)
	id := arn[strings.LastIndex(arn, "/")+1:]
	kms := func(operation, body string) {
		t.Helper()
		call(t, server, "kms", "TrentService."+operation, body)
	}
	kms("CreateAlias", `{"AliasName":"alias/data","TargetKeyId":"`+id+`"}`)
	for range 3 {
		kms("CreateGrant", `{"KeyId":"`+arn+`","GranteePrincipal":"arn:aws:iam::111111111111:role/AWSGlueServiceRole-plain","Operations":["Decrypt","GenerateDataKey"]}`)
	}
	elsewhere := strings.Replace(arn, "us-east-1", "eu-west-1", 1)
	for ref, want := range map[string]string{
		"":           "",
		arn:          arn,
		id:           arn,
		"alias/data": arn,
		"arn:aws:kms:us-east-1:111111111111:alias/data": arn,
		"alias/none":                    "absent",
		elsewhere:                       "absent",
		"0000":                          "absent",
		"alias/aws/nothing-has-used-it": "absent",
		"arn:aws:s3:::bucket":           "unknown",
		"arn:aws:kms:us-east-1:999999999999:alias/aws/s3": "unknown",
	} {
		t.Run(ref, func(t *testing.T) {
			t.Parallel()
			target := endpointTarget("pass-sse-s3")
			target.Key = ref
			fact := inspect(t, i, target)[0].WantedKey
			key, _ := fact.Value()
			switch want {
			case "absent", "unknown":
				if got, _, _ := strings.Cut(show(fact), ":"); got != want {
					t.Errorf("%s, want %s", show(fact), want)
				}
			case "":
				if diff := cmp.Diff(resource.KeyDetail{}, key, snapshotOptions); diff != "" || !fact.IsKnown() {
					t.Error(diff)
				}
			default:
				grants, _ := key.Grants.Value()
				if key.Key.ARN.String() != want || key.Ref != ref || len(grants) != 3 || len(grants[0].Operations) != 2 || grants[0].Constrained || !key.Key.Policy.IsKnown() {
					t.Errorf("%+v", key)
				}
			}
		})
	}
	t.Run("of another region", func(t *testing.T) {
		t.Parallel()
		c, _ := i.Configuration(t.Context(), here(), "key-fail-other-region").Value()
		target := endpointTarget("pass-sse-s3")
		target.Key = c.S3[0].KMSKey
		key, ok := inspect(t, i, target)[0].WantedKey.Value()
		if !ok || key.Key.ARN.Region == "us-east-1" || key.Key.ARN.String() != target.Key || key.Key.State != "Enabled" {
			t.Errorf("%+v", key)
		}
	})
	t.Cleanup(func() {
		if n := calls(t, server)["kms:CreateKey"]; n != 0 {
			t.Error("a key was made")
		}
	})
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	i, _ := inspecting(t)
	for path, want := range map[string]resource.Fact[resource.Bucket]{
		"": resource.Known(resource.Bucket{}),
		"s3://glue-labels-111111111111-us-east-1/a/b/": resource.Known(resource.Bucket{
			Name: "glue-labels-111111111111-us-east-1", Prefix: "a/b/", Region: "us-east-1", Encryption: resource.Encryption{Mode: resource.ModeSSES3},
		}),
		"s3://glue-labels-111111111111-eu-west-1": resource.Known(resource.Bucket{
			Name: "glue-labels-111111111111-eu-west-1", Region: "eu-west-1", Encryption: resource.Encryption{Mode: resource.ModeSSES3},
		}),
		"s3://not-there/x": resource.Absent[resource.Bucket](),
		"glue-labels/x":    resource.Unknown[resource.Bucket](failed(opHeadBucket, "not an S3 path: glue-labels/x")),
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			target := endpointTarget("pass-sse-s3")
			target.LabelsS3, target.ProveS3 = path, path
			s := inspect(t, i, target)[0]
			if diff := cmp.Diff(want, s.Labels, snapshotOptions); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(s.Labels, s.Proof, snapshotOptions); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestThroughRoutes(t *testing.T) {
	t.Parallel()
	local := types.Route{DestinationCidrBlock: aws.String("10.0.0.0/16"), GatewayId: aws.String("local")}
	all := func(change func(*types.Route)) types.Route {
		r := types.Route{DestinationCidrBlock: aws.String("0.0.0.0/0"), State: types.RouteStateActive}
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		routes []types.Route
		want   string
	}{
		"nothing":                {nil, "absent"},
		"local":                  {[]types.Route{local}, "absent"},
		"without members":        {[]types.Route{{}}, "absent"},
		"NAT":                    {[]types.Route{local, all(func(r *types.Route) { r.NatGatewayId = aws.String("nat-1") })}, "nat nat-1"},
		"NAT that is gone":       {[]types.Route{local, all(func(r *types.Route) { r.NatGatewayId, r.State = aws.String("nat-1"), types.RouteStateBlackhole })}, "absent"},
		"internet gateway":       {[]types.Route{all(func(r *types.Route) { r.GatewayId = aws.String("igw-1") })}, "unknown: "},
		"transit gateway":        {[]types.Route{{DestinationCidrBlock: aws.String("10.0.0.0/8"), TransitGatewayId: aws.String("tgw-1")}}, "unknown: "},
		"S3's VPC endpoint":      {[]types.Route{local, {DestinationPrefixListId: aws.String("pl-1"), GatewayId: aws.String("vpce-1")}}, "absent"},
		"transit and NAT":        {[]types.Route{{TransitGatewayId: aws.String("tgw-1")}, all(func(r *types.Route) { r.NatGatewayId = aws.String("nat-1") })}, "nat nat-1"},
		"NAT for some addresses": {[]types.Route{{DestinationCidrBlock: aws.String("192.0.2.0/24"), NatGatewayId: aws.String("nat-1")}}, "unknown: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := show(throughRoutes(c.routes)); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestQuotaNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"Number of development endpoints per account": true, "Max development endpoints per account": true, "Dev endpoints": true,
		"Max DPUs per development endpoint": false, "Max nodes per dev endpoint": false, "Number of jobs per account": false, "": false,
	} {
		if got := countsEndpoints(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	got := search([]byte("a tfm-1\r\n\n"+strings.Repeat("x", 1<<20)+"tfm-2 tfm-1"), []string{"tfm-1", "tfm-2", "tfm-3"})
	if diff := cmp.Diff(map[string][]int{"tfm-1": {1, 3}, "tfm-2": {3}}, got); diff != "" {
		t.Error(diff)
	}
}

// TestDefinitions makes definitions of answers with every member, and of those with none.
func TestDefinitions(t *testing.T) {
	t.Parallel()
	workers := endpointDetail(&gluetypes.DevEndpoint{WorkerType: gluetypes.WorkerTypeG1x, NumberOfWorkers: aws.Int32(2), NumberOfNodes: 5})
	nodes := endpointDetail(&gluetypes.DevEndpoint{NumberOfNodes: 5})
	if workers.Definition.NumberOfNodes != 0 || workers.Definition.NumberOfWorkers != 2 || nodes.Definition.NumberOfNodes != 5 {
		t.Errorf("%+v, %+v", workers, nodes)
	}
	if diff := cmp.Diff(resource.EndpointDetail{}, endpointDetail(&gluetypes.DevEndpoint{}), snapshotOptions); diff != "" {
		t.Error(diff)
	}
	if job, at, ok := use(&gluetypes.TaskRun{}); job != "" || !at.IsZero() || !ok {
		t.Error("a task run without members is a use of which nothing is known")
	}
	if _, _, ok := use(&gluetypes.TaskRun{Properties: &gluetypes.TaskRunProperties{TaskType: gluetypes.TaskTypeImportLabels}}); ok {
		t.Error("an import of labels is no use")
	}
}

func TestConfigurationUses(t *testing.T) {
	t.Parallel()
	i, server := inspecting(t)
	glueCall(t, server, "CreateColumnStatisticsTaskSettings", `{"DatabaseName":"crm","TableName":"customers","Role":"AWSGlueServiceRole-dev","SecurityConfiguration":"pass-sse-s3"}`)
	glueCall(t, server, "CreateTrigger", `{"Name":"nightly","Type":"ON_DEMAND","Actions":[{"JobName":"customer-load","SecurityConfiguration":"pass-sse-s3"}]}`)
	glueCall(t, server, "CreateDataQualityRuleset", `{"Name":"rules","Ruleset":"Rules = [ IsComplete \"id\" ]","DataQualitySecurityConfiguration":"pass-sse-s3"}`)
	role := `"Role":"arn:aws:iam::111111111111:role/AWSGlueServiceRole-dev"`
	glueCall(t, server, "CreateCrawler", `{"Name":"crawl","Targets":{"S3Targets":[{"Path":"s3://x/"}]},"DatabaseName":"crm","CrawlerSecurityConfiguration":"pass-sse-s3",`+role+`}`)
	glueCall(t, server, "CreateSession", `{"Id":"s1","Command":{"Name":"glueetl","PythonVersion":"3"},"GlueVersion":"4.0","SecurityConfiguration":"pass-sse-s3",`+role+`}`)
	glueCall(t, server, "StartJobRun", `{"JobName":"customer-load","SecurityConfiguration":"pass-sse-s3"}`)
	calls(t, server)
	got, err := i.ConfigurationUses(t.Context(), here())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"column statistics of crm.customers", "crawler crawl", "data quality ruleset rules", "dev endpoint pass-sse-s3", "session s1", "trigger nightly",
	}
	if diff := cmp.Diff(want, got["pass-sse-s3"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"dev endpoint fail-s3-encryption-disabled", "job customer-load"}, got["fail-s3-encryption-disabled"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for operation := range calls(t, server) {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			i, server := inspecting(t)
			glueCall(t, server, "CreateDataQualityRuleset", `{"Name":"rules","Ruleset":"Rules = [ IsComplete \"id\" ]"}`)
			control(t, server, "faults", `{"operation":"`+operation+`","error":"AccessDeniedException"}`)
			if uses, err := i.ConfigurationUses(t.Context(), here()); err == nil {
				t.Errorf("%d configurations", len(uses))
			}
		})
	}
}

func TestConfigurationsAndTagged(t *testing.T) {
	t.Parallel()
	i, server := inspecting(t)
	list, err := i.Configurations(t.Context(), here())
	if err != nil || len(list) < 20 || list[0].Name > list[1].Name {
		t.Errorf("%d configurations, %v", len(list), err)
	}
	found, err := i.Tagged(t.Context(), here(), "row")
	if err != nil || len(found) < 20 || found[0].Tags["row"] == "" || found[0].ARN > found[1].ARN {
		t.Errorf("%d tagged, %v", len(found), err)
	}
	if found, err := i.Tagged(t.Context(), here(), "glueguard:change"); err != nil || len(found) != 0 {
		t.Errorf("%d tagged, %v", len(found), err)
	}
	control(t, server, "faults", `[{"operation":"tag:GetResources","error":"AccessDeniedException"},{"operation":"glue:GetSecurityConfigurations","error":"AccessDeniedException"}]`)
	if _, err := i.Tagged(t.Context(), here(), "row"); err == nil {
		t.Error("a denied listing is no empty one")
	}
	if _, err := i.Configurations(t.Context(), here()); err == nil {
		t.Error("a denied listing is no empty one")
	}
}
