package cloudformation

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func call() *service.Call {
	return &service.Call{Partition: "aws", Account: "111111111111", Region: "eu-west-1"}
}

func wantError(t *testing.T, err error, message string) {
	t.Helper()
	var refused *service.Error
	if !errors.As(err, &refused) || refused.Code != "ValidationError" || refused.Message != message {
		t.Errorf("got %v, want ValidationError: %s", err, message)
	}
}

func seeded() (f *CloudFormation, id string) {
	f = New()
	id = f.PutStack("111111111111", "eu-west-1", Stack{Name: "glue", Tags: map[string]string{"team": "data", "app": "etl"}, Resources: []Resource{
		{"Role", "glue-role", "AWS::IAM::Role"}, {"Endpoint", "dev1", "AWS::Glue::DevEndpoint"},
	}})
	return f, id
}

func TestDescribeStackResources(t *testing.T) {
	t.Parallel()
	f, id := seeded()
	for _, tc := range []struct {
		name string
		in   cloudformation.DescribeStackResourcesInput
		want string // logical ids, or the error's message
	}{
		{"by stack", cloudformation.DescribeStackResourcesInput{StackName: aws.String("glue")}, "[Endpoint Role]"},
		{"by stack id", cloudformation.DescribeStackResourcesInput{StackName: &id}, "[Endpoint Role]"},
		{"by physical id", cloudformation.DescribeStackResourcesInput{PhysicalResourceId: aws.String("dev1")}, "[Endpoint Role]"},
		{"one of a stack", cloudformation.DescribeStackResourcesInput{StackName: aws.String("glue"), LogicalResourceId: aws.String("Role")}, "[Role]"},
		{"no such resource", cloudformation.DescribeStackResourcesInput{PhysicalResourceId: aws.String("dev2")}, "Stack for dev2 does not exist"},
		{"no such stack", cloudformation.DescribeStackResourcesInput{StackName: aws.String("x")}, "Stack with id x does not exist"},
		{"no such logical id", cloudformation.DescribeStackResourcesInput{StackName: aws.String("glue"), LogicalResourceId: aws.String("X")}, "Resource X does not exist for stack glue"},
		{"neither", cloudformation.DescribeStackResourcesInput{}, "Either StackName or PhysicalResourceId must be specified"},
		{"both", cloudformation.DescribeStackResourcesInput{StackName: aws.String("glue"), PhysicalResourceId: aws.String("dev1")}, "Both StackName and PhysicalResourceId cannot be specified"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out, err := f.describeStackResources(call(), &tc.in)
			if err != nil {
				wantError(t, err, tc.want)
				return
			}
			var got []string
			for _, r := range out.StackResources {
				got = append(got, *r.LogicalResourceId)
			}
			if fmt.Sprint(got) != tc.want {
				t.Errorf("got %v, want %s", got, tc.want)
			}
		})
	}
}

func TestStacksAndPages(t *testing.T) {
	t.Parallel()
	f, id := seeded()
	var many []Resource
	for i := range 150 {
		many = append(many, Resource{fmt.Sprintf("R%03d", i), fmt.Sprintf("p%d", i), "AWS::Glue::Job"})
	}
	f.PutStack("111111111111", "eu-west-1", Stack{Name: "many", Resources: many})
	one, err := f.describeStacks(call(), &cloudformation.DescribeStacksInput{StackName: &id})
	if err != nil || len(one.Stacks) != 1 || *one.Stacks[0].Tags[0].Key != "app" {
		t.Errorf("got %+v, %v", one, err)
	}
	all, err := f.describeStacks(call(), &cloudformation.DescribeStacksInput{})
	if err != nil || len(all.Stacks) != 2 {
		t.Errorf("got %+v, %v", all, err)
	}
	_, err = f.describeStacks(call(), &cloudformation.DescribeStacksInput{StackName: aws.String("x")})
	wantError(t, err, "Stack with id x does not exist")
	first, err := f.listStackResources(call(), &cloudformation.ListStackResourcesInput{StackName: aws.String("many")})
	if err != nil || len(first.StackResourceSummaries) != 100 {
		t.Fatalf("first page: %v", err)
	}
	second, err := f.listStackResources(call(), &cloudformation.ListStackResourcesInput{StackName: aws.String("many"), NextToken: first.NextToken})
	if err != nil || len(second.StackResourceSummaries) != 50 || second.NextToken != nil {
		t.Errorf("second page: %v", err)
	}
	_, err = f.listStackResources(call(), &cloudformation.ListStackResourcesInput{StackName: aws.String("x")})
	wantError(t, err, "Stack with id x does not exist")
	described, err := f.describeStackResources(call(), &cloudformation.DescribeStackResourcesInput{StackName: aws.String("many")})
	if err != nil || len(described.StackResources) != describeLimit {
		t.Errorf("described: %v", err)
	}
}
