package sandbox

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"github.com/glueguard/glueguard/internal/sandbox/quotas"
)

// TestPagesCanBeFilled makes more resources than AWS allows by default: the quota in force is a raised one.
func TestPagesCanBeFilled(t *testing.T) {
	t.Parallel()
	w := start(t, Options{})
	client := glue.NewFromConfig(w.config("222222222222", "eu-west-1"))
	const more = 251 // than the default
	for i := range more {
		in := createConfiguration()
		in.Name = aws.String(fmt.Sprint("c", i))
		if _, err := client.CreateSecurityConfiguration(t.Context(), in); err != nil {
			t.Fatal(i, err)
		}
	}
	service := servicequotas.NewFromConfig(w.config("222222222222", "eu-west-1"))
	applied, err := service.ListServiceQuotas(t.Context(), &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("glue")})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range applied.Quotas {
		if name := aws.ToString(q.QuotaName); name == quotas.DevEndpoints && aws.ToFloat64(q.Value) < more {
			t.Errorf("%s: %v", name, *q.Value)
		}
	}
}
