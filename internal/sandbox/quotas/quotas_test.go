package quotas

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// fifty is a Glue that allows 50 transforms everywhere.
type fifty struct{}

func (fifty) Limit(_, _, name string) (float64, bool) { return 50, name == MLTransforms }

func call() *service.Call {
	return &service.Call{Partition: "aws", Account: "111111111111", Region: "eu-west-1"}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var refused *service.Error
	if !errors.As(err, &refused) || refused.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func byName(t *testing.T, quotas []types.ServiceQuota, name string) types.ServiceQuota {
	t.Helper()
	for _, q := range quotas {
		if *q.QuotaName == name {
			return q
		}
	}
	t.Fatalf("no quota %q", name)
	return types.ServiceQuota{}
}

func TestValues(t *testing.T) {
	t.Parallel()
	q := New(fifty{})
	q.PutQuota("111111111111", "eu-west-1", DevEndpoints, 2)
	applied, err := q.listServiceQuotas(call(), &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("glue")})
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := q.listAWSDefaultServiceQuotas(call(), &servicequotas.ListAWSDefaultServiceQuotasInput{ServiceCode: aws.String("glue")})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][2]float64{DevEndpoints: {2, 25}, MLTransforms: {50, 100}, SecurityConfigurations: {250, 250}} {
		a, d := byName(t, applied.Quotas, name), byName(t, defaults.Quotas, name)
		if *a.Value != want[0] || *d.Value != want[1] {
			t.Errorf("%s: applied %v, default %v, want %v", name, *a.Value, *d.Value, want)
		}
		got, err := q.getServiceQuota(call(), &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("glue"), QuotaCode: a.QuotaCode})
		if err != nil || *got.Quota.Value != want[0] {
			t.Errorf("%s by code: %v, %v", name, got, err)
		}
		plain, err := q.getAWSDefaultServiceQuota(call(), &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: aws.String("glue"), QuotaCode: a.QuotaCode})
		if err != nil || *plain.Quota.Value != want[1] {
			t.Errorf("%s default by code: %v, %v", name, plain, err)
		}
	}
	elsewhere := call()
	elsewhere.Region = "us-east-1"
	other, err := q.listServiceQuotas(elsewhere, &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("glue")})
	if err != nil || *byName(t, other.Quotas, DevEndpoints).Value != 25 {
		t.Errorf("another region: %v", err)
	}
}

func TestPagesAndRefusals(t *testing.T) {
	t.Parallel()
	q := New(nil)
	in := &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("glue"), MaxResults: aws.Int32(4)}
	total := 0
	for {
		out, err := q.listServiceQuotas(call(), in)
		if err != nil {
			t.Fatal(err)
		}
		total += len(out.Quotas)
		if out.NextToken == nil {
			break
		}
		in.NextToken = out.NextToken
	}
	if total != len(catalogue()) {
		t.Errorf("got %d over all pages, want %d", total, len(catalogue()))
	}
	_, err := q.listServiceQuotas(call(), &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("ec3")})
	wantCode(t, err, "NoSuchResourceException")
	_, err = q.getServiceQuota(call(), &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("glue"), QuotaCode: aws.String("L-0")})
	wantCode(t, err, "NoSuchResourceException")
	_, err = q.listServiceQuotas(call(), &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("glue"), MaxResults: aws.Int32(101)})
	wantCode(t, err, "IllegalArgumentException")
	_, err = q.listServiceQuotas(call(), &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("glue"), NextToken: aws.String("x")})
	wantCode(t, err, "InvalidPaginationTokenException")
}
