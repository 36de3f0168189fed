package sagemaker

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func call() *service.Call {
	return &service.Call{Partition: "aws", Account: "111111111111", Region: "eu-west-1"}
}

func wantInvalid(t *testing.T, err error) {
	t.Helper()
	var refused *service.Error
	if !errors.As(err, &refused) || refused.Code != "ValidationException" {
		t.Errorf("got %v, want ValidationException", err)
	}
}

func seeded() *SageMaker {
	m := New()
	for i := range 12 {
		n := Notebook{Name: fmt.Sprintf("aws-glue-dev%02d", i), Tags: map[string]string{"aws-glue-dev-endpoint": "dev1", "a": "b"}}
		if i == 3 {
			n.Status, n.LifecycleConfig = "Stopped", "glue"
		}
		m.PutNotebook("111111111111", "eu-west-1", n)
	}
	return m
}

func TestList(t *testing.T) {
	t.Parallel()
	m := seeded()
	for _, tc := range []struct {
		name string
		in   listNotebookInstancesInput
		want int
		more bool
	}{
		{"ten at first", listNotebookInstancesInput{}, 10, true},
		{"all", listNotebookInstancesInput{MaxResults: aws.Int32(100)}, 12, false},
		{"by name", listNotebookInstancesInput{NameContains: aws.String("dev1")}, 2, false},
		{"by status", listNotebookInstancesInput{StatusEquals: "Stopped"}, 1, false},
		{"by lifecycle", listNotebookInstancesInput{NotebookInstanceLifecycleConfigNameContains: aws.String("lue")}, 1, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out, err := m.listNotebookInstances(call(), &tc.in)
			if err != nil || len(out.NotebookInstances) != tc.want || (out.NextToken != nil) != tc.more {
				t.Errorf("got %d, more %v, %v", len(out.NotebookInstances), out.NextToken != nil, err)
			}
		})
	}
	_, err := m.listNotebookInstances(call(), &listNotebookInstancesInput{MaxResults: aws.Int32(101)})
	wantInvalid(t, err)
	_, err = m.listNotebookInstances(call(), &listNotebookInstancesInput{NextToken: aws.String("x")})
	wantInvalid(t, err)
}

func TestDescribeAndTags(t *testing.T) {
	t.Parallel()
	m := seeded()
	out, err := m.describeNotebookInstance(call(), &describeNotebookInstanceInput{NotebookInstanceName: aws.String("aws-glue-dev03")})
	if err != nil || out.NotebookInstanceStatus != "Stopped" {
		t.Fatalf("got %+v, %v", out, err)
	}
	tags, err := m.listTags(call(), &listTagsInput{ResourceArn: out.NotebookInstanceArn})
	if err != nil || len(tags.Tags) != 2 || *tags.Tags[1].Value != "dev1" {
		t.Errorf("got %+v, %v", tags, err)
	}
	_, err = m.describeNotebookInstance(call(), &describeNotebookInstanceInput{NotebookInstanceName: aws.String("x")})
	wantInvalid(t, err)
	_, err = m.listTags(call(), &listTagsInput{ResourceArn: out.NotebookInstanceArn, MaxResults: aws.Int32(5)})
	wantInvalid(t, err)
}
