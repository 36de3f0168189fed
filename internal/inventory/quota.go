package inventory

import (
	"context"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opQuotas        = "servicequotas:ListServiceQuotas"
	opDefaultQuotas = "servicequotas:ListAWSDefaultServiceQuotas"
	quotaService    = "glue"
	quotasPerPage   = 100
)

// endpointQuota is how many dev endpoints the location may have and has.
func (s *site) endpointQuota(ctx context.Context) resource.Fact[resource.Quota] {
	return s.once.quota.get(struct{}{}, func() resource.Fact[resource.Quota] {
		var limit resource.Fact[int]
		var reading sync.WaitGroup
		reading.Go(func() { limit = s.endpointLimit(ctx) })
		used, err := s.countEndpoints(ctx)
		reading.Wait()
		if err != nil {
			return unread[resource.Quota](err, opDevEndpoints)
		}
		return resource.Known(resource.Quota{Limit: limit, Used: used})
	})
}

func (s *site) countEndpoints(ctx context.Context) (int, error) {
	p, names := s.place, map[string]bool{}
	_, err := pages(func(token *string) (*string, error) {
		in := &glue.GetDevEndpointsInput{MaxResults: aws.Int32(endpointsPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, p, opDevEndpoints, s.session.Glue.GetDevEndpoints, in, p.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.DevEndpoints {
			names[aws.ToString(out.DevEndpoints[i].EndpointName)] = true
		}
		return out.NextToken, nil
	})
	return len(names), err
}

// endpointLimit is the limit in force, else AWS's default. It is found by name: the codes are not documented.
func (s *site) endpointLimit(ctx context.Context) resource.Fact[int] {
	p := s.place
	limit := listLimit(opQuotas, func(token *string) ([]types.ServiceQuota, *string, error) {
		in := &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String(quotaService), MaxResults: aws.Int32(quotasPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, p, opQuotas, s.session.Quotas.ListServiceQuotas, in, p.Quotas())
		if err != nil {
			return nil, nil, err
		}
		return out.Quotas, out.NextToken, nil
	})
	if !limit.IsAbsent() {
		return limit
	}
	return listLimit(opDefaultQuotas, func(token *string) ([]types.ServiceQuota, *string, error) {
		in := &servicequotas.ListAWSDefaultServiceQuotasInput{ServiceCode: aws.String(quotaService), MaxResults: aws.Int32(quotasPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, p, opDefaultQuotas, s.session.Quotas.ListAWSDefaultServiceQuotas, in, p.Quotas())
		if err != nil {
			return nil, nil, err
		}
		return out.Quotas, out.NextToken, nil
	})
}

// listLimit is the lowest limit of a listing that is about the number of dev endpoints.
func listLimit(operation string, page func(token *string) ([]types.ServiceQuota, *string, error)) resource.Fact[int] {
	limit := resource.Absent[int]()
	_, err := pages(func(token *string) (*string, error) {
		list, next, err := page(token)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if list[i].Value == nil || !countsEndpoints(aws.ToString(list[i].QuotaName)) {
				continue
			}
			if lowest, ok := limit.Value(); !ok || int(*list[i].Value) < lowest {
				limit = resource.Known(int(*list[i].Value))
			}
		}
		return next, nil
	})
	if err != nil {
		return unread[int](err, operation)
	}
	return limit
}

// countsEndpoints tells whether a quota of this name is a number of dev endpoints, and not of something in each.
func countsEndpoints(name string) bool {
	name = strings.ToLower(name)
	if strings.Contains(name, "dpu") || strings.Contains(name, "per dev") {
		return false
	}
	return strings.Contains(name, "development endpoint") || strings.Contains(name, "dev endpoint")
}
