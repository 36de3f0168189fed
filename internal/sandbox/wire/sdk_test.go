package wire

import (
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/glueguard/glueguard/internal/sandbox/model"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// sdkClients are the SDK's clients, by the folder of their service's model.
func sdkClients() map[string]reflect.Type {
	return map[string]reflect.Type{
		"account":                  reflect.TypeFor[*account.Client](),
		"cloudformation":           reflect.TypeFor[*cloudformation.Client](),
		"cloudtrail":               reflect.TypeFor[*cloudtrail.Client](),
		"cloudwatch":               reflect.TypeFor[*cloudwatch.Client](),
		"ec2":                      reflect.TypeFor[*ec2.Client](),
		"glue":                     reflect.TypeFor[*glue.Client](),
		"iam":                      reflect.TypeFor[*iam.Client](),
		"kms":                      reflect.TypeFor[*kms.Client](),
		"logs":                     reflect.TypeFor[*cloudwatchlogs.Client](),
		"organizations":            reflect.TypeFor[*organizations.Client](),
		"resourcegroupstaggingapi": reflect.TypeFor[*resourcegroupstaggingapi.Client](),
		"s3":                       reflect.TypeFor[*s3.Client](),
		"sagemaker":                reflect.TypeFor[*sagemaker.Client](),
		"securityhub":              reflect.TypeFor[*securityhub.Client](),
		"service-quotas":           reflect.TypeFor[*servicequotas.Client](),
		"sts":                      reflect.TypeFor[*sts.Client](),
	}
}

// sdkOperation is an operation of the SDK's structs that can't be invoked.
func sdkOperation(t testing.TB, client reflect.Type, name string) service.Operation {
	t.Helper()
	m, ok := client.MethodByName(name)
	if !ok {
		t.Fatalf("%v has no operation %s", client, name)
	}
	in, out := m.Type.In(2).Elem(), m.Type.Out(0).Elem()
	return service.Operation{Name: name, Input: in, Output: out, NewInput: func() any { return reflect.New(in).Interface() }}
}

// sdkCodec is a codec of everything that the facts have of a service.
func sdkCodec(t testing.TB, name string) *Codec {
	t.Helper()
	facts, err := model.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	var ops []service.Operation
	for op := range facts.Operations {
		ops = append(ops, sdkOperation(t, sdkClients()[name], op))
	}
	c, err := New(facts, ops)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryOperationOfTheFactsFitsTheSDK(t *testing.T) {
	t.Parallel()
	index, err := model.Index()
	if err != nil {
		t.Fatal(err)
	}
	if len(index) != len(sdkClients()) {
		t.Errorf("%d services have facts, %d have clients", len(index), len(sdkClients()))
	}
	for _, meta := range index {
		t.Run(meta.Name, func(t *testing.T) {
			t.Parallel()
			if err := sdkCodec(t, meta.Name).Compile(); err != nil {
				t.Error(err)
			}
		})
	}
}
