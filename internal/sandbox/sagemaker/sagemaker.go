// Package sagemaker is the part of SageMaker that shows which notebooks are attached to a Glue development endpoint:
// notebook instances and their tags, read-only over the API and put in place by scenarios.
package sagemaker

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/glueguard/glueguard/internal/sandbox/paging"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Notebook is a notebook instance to put in place.
type Notebook struct {
	Name            string
	Status          string // empty: InService
	InstanceType    string // empty: ml.t3.medium
	RoleARN         string
	SubnetID        string
	KMSKeyID        string
	LifecycleConfig string
	Created         time.Time
	Tags            map[string]string
}

// SageMaker holds notebook instances. It is safe for concurrent use.
type SageMaker struct {
	mu        sync.RWMutex
	notebooks map[location]map[string]Notebook // by name
}

type location struct{ account, region string }

// New makes a SageMaker without notebooks.
func New() *SageMaker { return &SageMaker{notebooks: map[location]map[string]Notebook{}} }

// Service is SageMaker as the sandbox serves it.
func (m *SageMaker) Service() service.Service {
	return service.Service{Model: "sagemaker", Prefix: "sagemaker", Operations: []service.Operation{
		service.Op("ListNotebookInstances", m.listNotebookInstances),
		service.On(service.Op("DescribeNotebookInstance", m.describeNotebookInstance), func(c *service.Call, in *describeNotebookInstanceInput) string {
			return arn(c, aws.ToString(in.NotebookInstanceName))
		}),
		service.On(service.Op("ListTags", m.listTags), func(_ *service.Call, in *listTagsInput) string { return aws.ToString(in.ResourceArn) }),
	}}
}

// PutNotebook adds a notebook instance or replaces the one that has its name.
func (m *SageMaker) PutNotebook(account, region string, n Notebook) {
	n.Status = cmp.Or(n.Status, inService)
	n.InstanceType = cmp.Or(n.InstanceType, "ml.t3.medium")
	m.mu.Lock()
	defer m.mu.Unlock()
	at := location{account, region}
	if m.notebooks[at] == nil {
		m.notebooks[at] = map[string]Notebook{}
	}
	m.notebooks[at][n.Name] = n
}

func arn(c *service.Call, name string) string {
	return "arn:" + c.Partition + ":sagemaker:" + c.Region + ":" + c.Account + ":notebook-instance/" + strings.ToLower(name)
}

func validation(format string, args ...any) *service.Error {
	return service.Errorf("ValidationException", format, args...)
}

func pageSize(limit *int32, otherwise, most int) (int, error) {
	if limit == nil {
		return otherwise, nil
	}
	if *limit < 1 || int(*limit) > most {
		return 0, validation("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and %d", *limit, most)
	}
	return int(*limit), nil
}

func (m *SageMaker) listNotebookInstances(c *service.Call, in *listNotebookInstancesInput) (*listNotebookInstancesOutput, error) {
	size, err := pageSize(in.MaxResults, 10, 100)
	if err != nil {
		return nil, err
	}
	found := m.find(c, in)
	scope := strings.Join([]string{aws.ToString(in.NameContains), in.StatusEquals, aws.ToString(in.NotebookInstanceLifecycleConfigNameContains)}, "\x00")
	page, next, err := paging.Cut(found, func(n Notebook) string { return n.Name }, size, in.NextToken, scope)
	if err != nil {
		return nil, validation("Invalid NextToken")
	}
	out := &listNotebookInstancesOutput{NextToken: next, NotebookInstances: make([]notebookInstanceSummary, 0, len(page))}
	for _, n := range page {
		out.NotebookInstances = append(out.NotebookInstances, notebookInstanceSummary{
			NotebookInstanceName: aws.String(n.Name), NotebookInstanceArn: aws.String(arn(c, n.Name)), NotebookInstanceStatus: n.Status,
			InstanceType: n.InstanceType, URL: aws.String(url(c, n.Name)), CreationTime: aws.Time(n.Created), LastModifiedTime: aws.Time(n.Created),
			NotebookInstanceLifecycleConfigName: optional(n.LifecycleConfig),
		})
	}
	return out, nil
}

func (m *SageMaker) find(c *service.Call, in *listNotebookInstancesInput) []Notebook {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found []Notebook
	for _, n := range m.notebooks[location{c.Account, c.Region}] {
		if strings.Contains(n.Name, aws.ToString(in.NameContains)) && (in.StatusEquals == "" || n.Status == in.StatusEquals) &&
			strings.Contains(n.LifecycleConfig, aws.ToString(in.NotebookInstanceLifecycleConfigNameContains)) &&
			(in.CreationTimeAfter == nil || n.Created.After(*in.CreationTimeAfter)) &&
			(in.CreationTimeBefore == nil || n.Created.Before(*in.CreationTimeBefore)) {
			found = append(found, n)
		}
	}
	slices.SortFunc(found, func(a, b Notebook) int { return strings.Compare(a.Name, b.Name) })
	return found
}

func url(c *service.Call, name string) string {
	return strings.ToLower(name) + ".notebook." + c.Region + ".sagemaker.aws"
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (m *SageMaker) describeNotebookInstance(c *service.Call, in *describeNotebookInstanceInput) (*describeNotebookInstanceOutput, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n, ok := m.notebooks[location{c.Account, c.Region}][aws.ToString(in.NotebookInstanceName)]
	if !ok {
		return nil, validation("RecordNotFound")
	}
	return &describeNotebookInstanceOutput{
		NotebookInstanceName: aws.String(n.Name), NotebookInstanceArn: aws.String(arn(c, n.Name)), NotebookInstanceStatus: n.Status,
		InstanceType: n.InstanceType, URL: aws.String(url(c, n.Name)), RoleArn: optional(n.RoleARN), SubnetID: optional(n.SubnetID), KmsKeyID: optional(n.KMSKeyID),
		NotebookInstanceLifecycleConfigName: optional(n.LifecycleConfig), CreationTime: aws.Time(n.Created), LastModifiedTime: aws.Time(n.Created),
		DirectInternetAccess: enabled, RootAccess: enabled, VolumeSizeInGB: aws.Int32(5),
		PlatformIdentifier: aws.String("notebook-al2-v3"),
	}, nil
}

func (m *SageMaker) listTags(c *service.Call, in *listTagsInput) (*listTagsOutput, error) {
	size := 50
	if in.MaxResults != nil {
		if size = int(*in.MaxResults); size < 50 { // the model's minimum
			return nil, validation("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 50", size)
		}
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	tags := []tag{} // an empty list is sent as one
	for _, n := range m.notebooks[location{c.Account, c.Region}] {
		if arn(c, n.Name) != aws.ToString(in.ResourceArn) {
			continue
		}
		for k, v := range n.Tags {
			tags = append(tags, tag{Key: aws.String(k), Value: aws.String(v)})
		}
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(*a.Key, *b.Key) })
	page, next, err := paging.Cut(tags, func(t tag) string { return *t.Key }, size, in.NextToken, aws.ToString(in.ResourceArn))
	if err != nil {
		return nil, validation("Invalid NextToken")
	}
	return &listTagsOutput{Tags: page, NextToken: next}, nil
}
