package glue

import (
	"testing"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestEndpointListings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"c", "a", "b"} {
		w.PutDevEndpoint(account, region, types.DevEndpoint{EndpointName: ptr(name)}, map[string]string{"n": name})
	}
	w.PutDevEndpoint(account, region, types.DevEndpoint{EndpointName: ptr("stuck"), Status: ptr(terminating)}, nil)
	w.pass(time.Hour)
	all := must[awsglue.GetDevEndpointsOutput](w, &awsglue.GetDevEndpointsInput{})
	if len(all.DevEndpoints) != 4 || all.NextToken == nil || *all.NextToken != "" {
		t.Errorf("%d endpoints, token %v", len(all.DevEndpoints), all.NextToken)
	}
	if *all.DevEndpoints[3].Status != terminating {
		t.Error("a seeded TERMINATING endpoint went away")
	}
	names := must[awsglue.ListDevEndpointsOutput](w, &awsglue.ListDevEndpointsInput{Tags: map[string]string{"n": "b"}})
	if diff := cmp.Diff([]string{"b"}, names.DevEndpointNames); diff != "" {
		t.Error(diff)
	}
	batch := must[awsglue.BatchGetDevEndpointsOutput](w, &awsglue.BatchGetDevEndpointsInput{DevEndpointNames: []string{"a", "x"}})
	if len(batch.DevEndpoints) != 1 || !cmp.Equal(batch.DevEndpointsNotFound, []string{"x"}) {
		t.Errorf("batch: %d, not found %v", len(batch.DevEndpoints), batch.DevEndpointsNotFound)
	}
	_, err := do[awsglue.BatchGetDevEndpointsOutput](w, &awsglue.BatchGetDevEndpointsInput{DevEndpointNames: make([]string, 26)})
	refused(t, err, "InvalidInputException", "25")
	_, err = do[awsglue.GetDevEndpointsOutput](w, &awsglue.GetDevEndpointsInput{MaxResults: ptr(int32(201))})
	refused(t, err, "InvalidInputException", "MaxResults size must be between 1 and 200")
	w.region = "us-east-1"
	if out := must[awsglue.GetDevEndpointsOutput](w, &awsglue.GetDevEndpointsInput{}); len(out.DevEndpoints) != 0 || out.DevEndpoints == nil {
		t.Error("another region shows endpoints, or nil")
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"a", "b", "c"} {
		w.PutDevEndpoint(account, region, types.DevEndpoint{EndpointName: ptr(name)}, nil)
	}
	first := must[awsglue.GetDevEndpointsOutput](w, &awsglue.GetDevEndpointsInput{MaxResults: ptr(int32(1))})
	if _, err := do[awsglue.ListDevEndpointsOutput](w, &awsglue.ListDevEndpointsInput{NextToken: first.NextToken}); err == nil {
		t.Error("a token of another operation was taken")
	}
	for _, token := range []string{"x", "AAAA", *first.NextToken + "A", "!!"} {
		_, err := do[awsglue.GetDevEndpointsOutput](w, &awsglue.GetDevEndpointsInput{NextToken: &token})
		refused(t, err, "InvalidInputException", "token")
	}
	w.Change(func(s *Settings) { s.LastToken = LastTokenNil })
	if out := must[awsglue.GetDevEndpointsOutput](w, &awsglue.GetDevEndpointsInput{NextToken: first.NextToken}); out.NextToken != nil || len(out.DevEndpoints) != 2 {
		t.Errorf("last page: token %v, %d endpoints", out.NextToken, len(out.DevEndpoints))
	}
	w.Change(func(s *Settings) { s.LastToken = LastTokenEmpty })
	if out := must[awsglue.GetMLTransformsOutput](w, &awsglue.GetMLTransformsInput{}); out.NextToken == nil {
		t.Error("want an empty token")
	}
}

func TestIgnoreEncryption(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configuration("sec", "SSE-S3")
	w.ignore = true
	must[awsglue.CreateDevEndpointOutput](w, endpointInput(func(in *awsglue.CreateDevEndpointInput) { in.SecurityConfiguration = ptr("sec") }))
	id := *must[awsglue.CreateMLTransformOutput](w, transformInput(func(in *awsglue.CreateMLTransformInput) {
		in.TransformEncryption = &types.TransformEncryption{TaskRunSecurityConfigurationName: ptr("sec")}
	})).TransformId
	w.configuration("sec2", "SSE-KMS")
	w.ignore = false
	if w.endpoint("dev").SecurityConfiguration != nil || w.transform(id).TransformEncryption != nil {
		t.Error("encrypted all the same")
	}
	got := must[awsglue.GetSecurityConfigurationOutput](w, &awsglue.GetSecurityConfigurationInput{Name: ptr("sec2")})
	if len(got.SecurityConfiguration.EncryptionConfiguration.S3Encryption) != 0 {
		t.Error("the configuration encrypts all the same")
	}
}

func TestSecurityConfigurations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configuration("sec", "SSE-KMS")
	_, err := do[awsglue.CreateSecurityConfigurationOutput](w, &awsglue.CreateSecurityConfigurationInput{Name: ptr("sec"), EncryptionConfiguration: &types.EncryptionConfiguration{}})
	refused(t, err, "AlreadyExistsException", "sec")
	_, err = do[awsglue.CreateSecurityConfigurationOutput](w, &awsglue.CreateSecurityConfigurationInput{Name: ptr("id"), EncryptionConfiguration: &types.EncryptionConfiguration{CloudWatchEncryption: &types.CloudWatchEncryption{KmsKeyArn: ptr("alias/x")}}})
	refused(t, err, "ValidationException", "at 'encryptionConfiguration.cloudWatchEncryption.kmsKeyArn' failed to satisfy constraint")
	two := []types.S3Encryption{{S3EncryptionMode: types.S3EncryptionModeSses3}, {S3EncryptionMode: types.S3EncryptionModeDisabled}}
	must[awsglue.CreateDevEndpointOutput](w, endpointInput(func(in *awsglue.CreateDevEndpointInput) { in.SecurityConfiguration = ptr("sec") }))
	must[awsglue.DeleteSecurityConfigurationOutput](w, &awsglue.DeleteSecurityConfigurationInput{Name: ptr("sec")}) // though it is named
	if w.endpoint("dev").SecurityConfiguration == nil {
		t.Error("the endpoint lost its configuration's name")
	}
	for _, err := range []error{
		second(do[awsglue.GetSecurityConfigurationOutput](w, &awsglue.GetSecurityConfigurationInput{Name: ptr("sec")})),
		second(do[awsglue.DeleteSecurityConfigurationOutput](w, &awsglue.DeleteSecurityConfigurationInput{Name: ptr("sec")})),
	} {
		refused(t, err, "EntityNotFoundException", "sec")
	}
	w.PutSecurityConfiguration(account, region, "mixed", &types.EncryptionConfiguration{S3Encryption: two})
	w.PutSecurityConfiguration(account, region, "empty", nil)
	w.PutSecurityConfiguration(account, region, "unknown", &types.EncryptionConfiguration{S3Encryption: []types.S3Encryption{{S3EncryptionMode: "SSE-C"}}})
	out := must[awsglue.GetSecurityConfigurationsOutput](w, &awsglue.GetSecurityConfigurationsInput{})
	if n := len(out.SecurityConfigurations); n != 3 || out.SecurityConfigurations[0].EncryptionConfiguration != nil {
		t.Errorf("%d configurations", n)
	}
}

func TestSeedingRaisesQuota(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *Settings) { s.Quotas.DevEndpoints = 2 })
	for _, name := range []string{"a", "b", "c"} {
		w.PutDevEndpoint(account, region, types.DevEndpoint{EndpointName: ptr(name)}, nil)
	}
	if q := w.Quotas(account, region).DevEndpoints; q != 6 {
		t.Errorf("quota %d", q)
	}
	if q := w.Quotas(account, "us-east-1").DevEndpoints; q != 2 {
		t.Errorf("quota elsewhere %d", q)
	}
	must[awsglue.CreateDevEndpointOutput](w, endpointInput())
}

func second[T any](_ T, err error) error { return err }

func TestResourceNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := map[string]struct {
		in   any
		name string
	}{
		"GetDevEndpoint":            {&awsglue.GetDevEndpointInput{EndpointName: ptr("dev")}, "arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev"},
		"DeleteMLTransform":         {&awsglue.DeleteMLTransformInput{TransformId: ptr("tfm-1")}, "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-1"},
		"GetMLTransforms":           {&awsglue.GetMLTransformsInput{}, "arn:aws:glue:eu-west-1:111122223333:mlTransform/*"},
		"GetDevEndpoints":           {&awsglue.GetDevEndpointsInput{}, ""},
		"GetSecurityConfigurations": {&awsglue.GetSecurityConfigurationsInput{}, ""},
		"CreateDevEndpoint":         {endpointInput(), ""},
		"GetTags":                   {&awsglue.GetTagsInput{ResourceArn: ptr("arn:x")}, "arn:x"},
	}
	for _, op := range w.Service().Operations {
		tc, ok := want[op.Name]
		if !ok {
			continue
		}
		got := ""
		if op.Resource != nil {
			got = op.Resource(w.call(op.Name), tc.in)
		}
		if got != tc.name {
			t.Errorf("%s: %q, want %q", op.Name, got, tc.name)
		}
	}
}

func TestMixedSecurityConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mixed := &types.EncryptionConfiguration{S3Encryption: []types.S3Encryption{
		{S3EncryptionMode: types.S3EncryptionModeSses3}, {S3EncryptionMode: types.S3EncryptionModeDisabled},
	}}
	must[awsglue.CreateSecurityConfigurationOutput](w, &awsglue.CreateSecurityConfigurationInput{Name: ptr("mixed"), EncryptionConfiguration: mixed})
	got := must[awsglue.GetSecurityConfigurationOutput](w, &awsglue.GetSecurityConfigurationInput{Name: ptr("mixed")})
	if diff := cmp.Diff(mixed, got.SecurityConfiguration.EncryptionConfiguration, cmpopts.IgnoreUnexported(types.EncryptionConfiguration{}, types.S3Encryption{})); diff != "" {
		t.Error(diff)
	}
}
