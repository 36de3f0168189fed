// Package securityhub is the part of Security Hub that takes findings from other products: it is enabled per account and
// region, checks findings against its format one by one, and gives back what it holds.
package securityhub

import (
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	hub "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// SecurityHub holds the findings of every account and region where it is enabled. It is safe for concurrent use.
type SecurityHub struct {
	mu     sync.Mutex
	places map[location]*place
}

type location struct{ account, region string }

// place is an enabled hub.
type place struct {
	since    time.Time
	findings map[identity]types.AwsSecurityFinding // nil until there is one
}

// identity is what a finding is known by: providers choose ids, each within its product.
type identity struct{ product, id string }

// New makes a SecurityHub that is enabled nowhere.
func New() *SecurityHub { return &SecurityHub{places: map[location]*place{}} }

// Service is Security Hub as the sandbox serves it.
func (h *SecurityHub) Service() service.Service {
	onHub := func(c *service.Call, _ any) string { return hubARN(c) }
	enable := service.Op("EnableSecurityHub", h.enable)
	describe := service.Op("DescribeHub", h.describe)
	disable := service.Op("DisableSecurityHub", h.disable)
	enable.Resource, describe.Resource, disable.Resource = onHub, onHub, onHub
	return service.Service{Model: "securityhub", Prefix: "securityhub", Operations: []service.Operation{
		service.On(service.Op("BatchImportFindings", h.importFindings), func(_ *service.Call, in *hub.BatchImportFindingsInput) string {
			if len(in.Findings) == 0 {
				return "*"
			}
			return aws.ToString(in.Findings[0].ProductArn)
		}),
		service.Op("GetFindings", h.getFindings),
		enable, describe, disable,
	}}
}

// Enable turns the hub of an account and region on.
func (h *SecurityHub) Enable(account, region string, since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := (location{account, region}); h.places[l] == nil {
		h.places[l] = &place{since: since}
	}
}

func hubARN(c *service.Call) string {
	return "arn:" + c.Partition + ":securityhub:" + c.Region + ":" + c.Account + ":hub/default"
}

// in returns the caller's hub; callers hold mu.
func (h *SecurityHub) in(c *service.Call) (*place, *service.Error) {
	p := h.places[location{c.Account, c.Region}]
	if p == nil {
		return nil, service.Errorf("InvalidAccessException", "Account %s is not subscribed to AWS Security Hub", c.Account)
	}
	return p, nil
}

func (h *SecurityHub) enable(c *service.Call, _ *hub.EnableSecurityHubInput) (*hub.EnableSecurityHubOutput, error) {
	h.mu.Lock()
	_, refused := h.in(c)
	h.mu.Unlock()
	if refused == nil {
		return nil, service.Errorf("ResourceConflictException", "Account %s is already subscribed to Security Hub", c.Account)
	}
	h.Enable(c.Account, c.Region, c.Now)
	return &hub.EnableSecurityHubOutput{}, nil
}

func (h *SecurityHub) disable(c *service.Call, _ *hub.DisableSecurityHubInput) (*hub.DisableSecurityHubOutput, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, err := h.in(c); err != nil {
		return nil, err
	}
	delete(h.places, location{c.Account, c.Region})
	return &hub.DisableSecurityHubOutput{}, nil
}

func (h *SecurityHub) describe(c *service.Call, in *hub.DescribeHubInput) (*hub.DescribeHubOutput, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, err := h.in(c)
	if err != nil {
		return nil, err
	}
	if in.HubArn != nil && *in.HubArn != hubARN(c) {
		return nil, service.Errorf("ResourceNotFoundException", "No hub %s", *in.HubArn)
	}
	return &hub.DescribeHubOutput{
		HubArn: aws.String(hubARN(c)), SubscribedAt: aws.String(stamp(p.since)), AutoEnableControls: aws.Bool(true),
		ControlFindingGenerator: types.ControlFindingGeneratorSecurityControl,
	}, nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
