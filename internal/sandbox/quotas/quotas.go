// Package quotas is Service Quotas as far as the sandbox serves it: the quotas of AWS Glue.
package quotas

import (
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas/types"

	"github.com/glueguard/glueguard/internal/sandbox/paging"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Names of the quotas that a repair needs room in. They are matched by name, since codes are not documented.
const (
	DevEndpoints           = "Number of development endpoints per account"
	MLTransforms           = "Number of machine learning transforms per account"
	SecurityConfigurations = "Number of security configurations per account"
	LabelFileSize          = "Label file size (MB)"
	ConcurrentTaskRuns     = "Concurrent machine learning task runs per transform"
)

// Limits knows the quotas that Glue holds its callers to.
type Limits interface {
	// Limit returns the value in force in one account and region, by the quota's name; false: Glue has no such limit.
	Limit(account, region, name string) (float64, bool)
}

// Quotas answers for quotas. It is safe for concurrent use.
type Quotas struct {
	limits Limits

	mu      sync.RWMutex
	applied map[location]map[string]float64 // by name
}

type location struct{ account, region string }

// New makes a Quotas that reports what Glue holds its callers to. With nil limits it reports the defaults.
func New(limits Limits) *Quotas {
	return &Quotas{limits: limits, applied: map[location]map[string]float64{}}
}

// Service is Service Quotas as the sandbox serves it.
func (q *Quotas) Service() service.Service {
	return service.Service{Model: "service-quotas", Prefix: "servicequotas", Operations: []service.Operation{
		service.Op("ListServiceQuotas", q.listServiceQuotas),
		service.Op("ListAWSDefaultServiceQuotas", q.listAWSDefaultServiceQuotas),
		service.Op("GetServiceQuota", q.getServiceQuota),
		service.Op("GetAWSDefaultServiceQuota", q.getAWSDefaultServiceQuota),
	}}
}

// PutQuota sets what is reported for one quota in one account and region, before anything that Glue says.
func (q *Quotas) PutQuota(account, region, name string, value float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := location{account, region}
	if q.applied[at] == nil {
		q.applied[at] = map[string]float64{}
	}
	q.applied[at][name] = value
}

// Limit returns the value that is reported.
func (q *Quotas) Limit(account, region, name string) (float64, bool) {
	q.mu.RLock()
	value, ok := q.applied[location{account, region}][name]
	q.mu.RUnlock()
	if ok {
		return value, true
	}
	if q.limits != nil {
		if value, ok = q.limits.Limit(account, region, name); ok {
			return value, true
		}
	}
	i := slices.IndexFunc(catalogue(), func(d quota) bool { return d.name == name })
	if i < 0 {
		return 0, false
	}
	return catalogue()[i].value, true
}

type quota struct {
	code, name string
	value      float64
	adjustable bool
}

// catalogue lists Glue's quotas by code. AWS's list and values could not be confirmed from public pages, so clients must
// match by name and take any value.
func catalogue() []quota {
	return []quota{
		{"L-08F3A0C2", "Number of jobs per account", 1000, true},
		{"L-1CD3A1B4", SecurityConfigurations, 250, true},
		{"L-3F1C6B0E", "Number of crawlers per account", 1000, true},
		{"L-4E6F9D31", DevEndpoints, 25, true},
		{"L-611FDDE4", "Number of triggers per account", 1000, true},
		{"L-7DD7C33A", MLTransforms, 100, true},
		{"L-8A3B7F52", ConcurrentTaskRuns, 3, true},
		{"L-9C0E2D7B", LabelFileSize, 10, false},
		{"L-B7F6E21D", "Max DPUs per development endpoint", 50, true},
		{"L-F953935E", "Max task DPUs per account", 300, true},
	}
}

func (q *Quotas) listServiceQuotas(c *service.Call, in *servicequotas.ListServiceQuotasInput) (*servicequotas.ListServiceQuotasOutput, error) {
	page, next, err := list(c, in.ServiceCode, in.MaxResults, in.NextToken, func(d quota) types.ServiceQuota { return q.current(c, d) })
	if in.QuotaCode != nil {
		page = slices.DeleteFunc(page, func(s types.ServiceQuota) bool { return *s.QuotaCode != *in.QuotaCode })
	}
	return &servicequotas.ListServiceQuotasOutput{Quotas: page, NextToken: next}, err
}

func (q *Quotas) listAWSDefaultServiceQuotas(c *service.Call, in *servicequotas.ListAWSDefaultServiceQuotasInput) (*servicequotas.ListAWSDefaultServiceQuotasOutput, error) {
	page, next, err := list(c, in.ServiceCode, in.MaxResults, in.NextToken, func(d quota) types.ServiceQuota { return d.show(c, "") })
	return &servicequotas.ListAWSDefaultServiceQuotasOutput{Quotas: page, NextToken: next}, err
}

func (q *Quotas) getServiceQuota(c *service.Call, in *servicequotas.GetServiceQuotaInput) (*servicequotas.GetServiceQuotaOutput, error) {
	d, err := one(in.ServiceCode, in.QuotaCode)
	if err != nil {
		return nil, err
	}
	shown := q.current(c, d)
	return &servicequotas.GetServiceQuotaOutput{Quota: &shown}, nil
}

func (q *Quotas) getAWSDefaultServiceQuota(c *service.Call, in *servicequotas.GetAWSDefaultServiceQuotaInput) (*servicequotas.GetAWSDefaultServiceQuotaOutput, error) {
	d, err := one(in.ServiceCode, in.QuotaCode)
	if err != nil {
		return nil, err
	}
	shown := d.show(c, "")
	return &servicequotas.GetAWSDefaultServiceQuotaOutput{Quota: &shown}, nil
}

func one(serviceCode, quotaCode *string) (quota, error) {
	if aws.ToString(serviceCode) == "glue" {
		if i := slices.IndexFunc(catalogue(), func(d quota) bool { return d.code == aws.ToString(quotaCode) }); i >= 0 {
			return catalogue()[i], nil
		}
	}
	return quota{}, noSuchResource()
}

func noSuchResource() error {
	return service.Errorf("NoSuchResourceException", "The request failed because the specified service or quota does not exist.")
}

func list(c *service.Call, code *string, limit *int32, token *string, show func(quota) types.ServiceQuota) ([]types.ServiceQuota, *string, error) {
	if aws.ToString(code) != "glue" {
		return nil, nil, noSuchResource()
	}
	size := 100
	if limit != nil {
		size = int(*limit)
		if size < 1 || size > 100 {
			return nil, nil, service.Errorf("IllegalArgumentException", "MaxResults must be between 1 and 100.")
		}
	}
	page, next, err := paging.Cut(catalogue(), func(d quota) string { return d.code }, size, token, c.Account+c.Region)
	if err != nil {
		return nil, nil, service.Errorf("InvalidPaginationTokenException", "Invalid NextToken.")
	}
	out := make([]types.ServiceQuota, 0, len(page))
	for _, d := range page {
		out = append(out, show(d))
	}
	return out, next, nil
}

// current shows a quota with the value in force.
func (q *Quotas) current(c *service.Call, d quota) types.ServiceQuota {
	if value, ok := q.Limit(c.Account, c.Region, d.name); ok {
		d.value = value
	}
	return d.show(c, types.AppliedLevelEnumAccount)
}

// show shows a quota. Defaults, which no account has changed, have no account in their ARN.
func (d quota) show(c *service.Call, level types.AppliedLevelEnum) types.ServiceQuota {
	account := c.Account
	if level == "" {
		account = ""
	}
	arn := strings.Join([]string{"arn", c.Partition, "servicequotas", c.Region, account, "glue/" + d.code}, ":")
	return types.ServiceQuota{
		ServiceCode: aws.String("glue"), ServiceName: aws.String("AWS Glue"), QuotaCode: aws.String(d.code), QuotaName: aws.String(d.name),
		QuotaArn: &arn, Value: aws.Float64(d.value), Unit: aws.String("None"), Adjustable: d.adjustable, QuotaAppliedAtLevel: level,
	}
}
