// Package cloudformation is the part of CloudFormation that tells who owns a resource: stacks and their resources,
// read-only over the API and put in place by scenarios.
package cloudformation

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/glueguard/glueguard/internal/sandbox/paging"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	resourcePage  = 100
	describeLimit = 100 // DescribeStackResources answers with no more than this, and has no paging
)

// Stack is a stack to put in place.
type Stack struct {
	Name      string
	Status    types.StackStatus // empty: CREATE_COMPLETE
	Created   time.Time
	Tags      map[string]string
	Resources []Resource
}

// Resource is one resource of a stack.
type Resource struct{ LogicalID, PhysicalID, Type string }

// CloudFormation holds stacks. It is safe for concurrent use.
type CloudFormation struct {
	mu     sync.RWMutex
	stacks map[location]map[string]*stack // by name
}

type location struct{ account, region string }

type stack struct {
	Stack
	id string
}

// New makes a CloudFormation without stacks.
func New() *CloudFormation { return &CloudFormation{stacks: map[location]map[string]*stack{}} }

// Service is CloudFormation as the sandbox serves it.
func (f *CloudFormation) Service() service.Service {
	return service.Service{Model: "cloudformation", Prefix: "cloudformation", Operations: []service.Operation{
		service.Op("DescribeStacks", f.describeStacks),
		service.Op("DescribeStackResources", f.describeStackResources),
		service.Op("ListStackResources", f.listStackResources),
	}}
}

// PutStack adds a stack or replaces the one that has its name, and returns its id (its ARN).
func (f *CloudFormation) PutStack(account, region string, s Stack) (id string) {
	if s.Status == "" {
		s.Status = types.StackStatusCreateComplete
	}
	sum := sha256.Sum256([]byte(account + "/" + region + "/" + s.Name))
	id = fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/%s/%x-%x-%x-%x-%x", service.Partition(region), region, account, s.Name, sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
	slices.SortFunc(s.Resources, func(a, b Resource) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	f.mu.Lock()
	defer f.mu.Unlock()
	at := location{account, region}
	if f.stacks[at] == nil {
		f.stacks[at] = map[string]*stack{}
	}
	f.stacks[at][s.Name] = &stack{s, id}
	return id
}

// find returns a stack by name or id. A stack, once put, is never changed, so it can be used without the lock.
func (f *CloudFormation) find(c *service.Call, name string) *stack {
	f.mu.RLock()
	defer f.mu.RUnlock()
	stacks := f.stacks[location{c.Account, c.Region}]
	if s := stacks[name]; s != nil {
		return s
	}
	for _, s := range stacks {
		if s.id == name {
			return s
		}
	}
	return nil
}

func validation(format string, args ...any) *service.Error {
	return service.Errorf("ValidationError", format, args...)
}

func (f *CloudFormation) describeStacks(c *service.Call, in *cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
	if in.StackName != nil {
		s := f.find(c, *in.StackName)
		if s == nil {
			return nil, validation("Stack with id %s does not exist", *in.StackName)
		}
		return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{s.show()}}, nil
	}
	var all []*stack
	f.mu.RLock()
	for _, s := range f.stacks[location{c.Account, c.Region}] {
		all = append(all, s)
	}
	f.mu.RUnlock()
	slices.SortFunc(all, func(a, b *stack) int { return strings.Compare(a.Name, b.Name) })
	page, next, err := paging.Cut(all, func(s *stack) string { return s.Name }, resourcePage, in.NextToken, "stacks")
	if err != nil {
		return nil, validation("Invalid token provided")
	}
	out := &cloudformation.DescribeStacksOutput{NextToken: next, Stacks: []types.Stack{}} // an empty list is sent as one
	for _, s := range page {
		out.Stacks = append(out.Stacks, s.show())
	}
	return out, nil
}

func (s *stack) show() types.Stack {
	out := types.Stack{
		StackName: aws.String(s.Name), StackId: aws.String(s.id), StackStatus: s.Status, CreationTime: aws.Time(s.Created), DisableRollback: aws.Bool(false),
		DriftInformation: &types.StackDriftInformation{StackDriftStatus: types.StackDriftStatusNotChecked},
	}
	for k, v := range s.Tags {
		out.Tags = append(out.Tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	slices.SortFunc(out.Tags, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return out
}

// describeStackResources answers for a stack, or for the stack that a resource belongs to: then with that stack's
// resources. Source: DescribeStackResources API reference.
func (f *CloudFormation) describeStackResources(c *service.Call, in *cloudformation.DescribeStackResourcesInput) (*cloudformation.DescribeStackResourcesOutput, error) {
	switch {
	case in.StackName != nil && in.PhysicalResourceId != nil:
		return nil, validation("Both StackName and PhysicalResourceId cannot be specified")
	case in.StackName == nil && in.PhysicalResourceId == nil:
		return nil, validation("Either StackName or PhysicalResourceId must be specified")
	}
	var s *stack
	if in.StackName != nil {
		if s = f.find(c, *in.StackName); s == nil {
			return nil, validation("Stack with id %s does not exist", *in.StackName)
		}
	} else if s = f.owner(c, *in.PhysicalResourceId); s == nil {
		return nil, validation("Stack for %s does not exist", *in.PhysicalResourceId)
	}
	out := &cloudformation.DescribeStackResourcesOutput{StackResources: []types.StackResource{}}
	for _, r := range s.Resources {
		if in.LogicalResourceId != nil && r.LogicalID != *in.LogicalResourceId || len(out.StackResources) == describeLimit {
			continue
		}
		out.StackResources = append(out.StackResources, types.StackResource{
			StackName: aws.String(s.Name), StackId: aws.String(s.id), LogicalResourceId: aws.String(r.LogicalID), PhysicalResourceId: aws.String(r.PhysicalID),
			ResourceType: aws.String(r.Type), ResourceStatus: types.ResourceStatusCreateComplete, Timestamp: aws.Time(s.Created),
			DriftInformation: &types.StackResourceDriftInformation{StackResourceDriftStatus: types.StackResourceDriftStatusNotChecked},
		})
	}
	if in.LogicalResourceId != nil && len(out.StackResources) == 0 {
		return nil, validation("Resource %s does not exist for stack %s", *in.LogicalResourceId, s.Name)
	}
	return out, nil
}

func (f *CloudFormation) owner(c *service.Call, physical string) *stack {
	f.mu.RLock()
	defer f.mu.RUnlock()
	var found *stack
	for _, s := range f.stacks[location{c.Account, c.Region}] {
		owns := slices.ContainsFunc(s.Resources, func(r Resource) bool { return r.PhysicalID == physical })
		if owns && (found == nil || s.Name < found.Name) {
			found = s
		}
	}
	return found
}

func (f *CloudFormation) listStackResources(c *service.Call, in *cloudformation.ListStackResourcesInput) (*cloudformation.ListStackResourcesOutput, error) {
	s := f.find(c, aws.ToString(in.StackName))
	if s == nil {
		return nil, validation("Stack with id %s does not exist", aws.ToString(in.StackName))
	}
	page, next, err := paging.Cut(s.Resources, func(r Resource) string { return r.LogicalID }, resourcePage, in.NextToken, s.id)
	if err != nil {
		return nil, validation("Invalid token provided")
	}
	out := &cloudformation.ListStackResourcesOutput{NextToken: next, StackResourceSummaries: []types.StackResourceSummary{}}
	for _, r := range page {
		out.StackResourceSummaries = append(out.StackResourceSummaries, types.StackResourceSummary{
			LogicalResourceId: aws.String(r.LogicalID), PhysicalResourceId: aws.String(r.PhysicalID), ResourceType: aws.String(r.Type),
			ResourceStatus: types.ResourceStatusCreateComplete, LastUpdatedTimestamp: aws.Time(s.Created),
			DriftInformation: &types.StackResourceDriftInformationSummary{StackResourceDriftStatus: types.StackResourceDriftStatusNotChecked},
		})
	}
	return out, nil
}
