package sagemaker_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"

	"github.com/glueguard/glueguard/internal/awsapi/sagemaker"
)

type answers func(r *http.Request) (*http.Response, error)

func (a answers) Do(r *http.Request) (*http.Response, error) { return a(r) }

func at(o *sagemaker.Options) {
	o.Region, o.Credentials = "eu-west-1", credentials.NewStaticCredentialsProvider("key", "secret", "")
}

func client(answer answers) *sagemaker.Client {
	return sagemaker.New(aws.Config{HTTPClient: answer, BaseEndpoint: aws.String("http://aws.invalid/")})
}

func reply(status int, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func TestRequest(t *testing.T) {
	t.Parallel()
	c := client(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != `{"MaxResults":100,"NextToken":"t"}` || r.URL.String() != "http://aws.invalid/" ||
			r.Header.Get("X-Amz-Target") != "SageMaker.ListNotebookInstances" || !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/sagemaker/aws4_request") {
			t.Errorf("%s %s %v", r.URL, body, r.Header)
		}
		return reply(200, `{"NextToken":"u","NotebookInstances":[{"NotebookInstanceName":"n","NotebookInstanceArn":"a","NotebookInstanceStatus":"InService","InstanceType":"x"}]}`)
	})
	out, err := c.ListNotebookInstances(t.Context(), &sagemaker.ListNotebookInstancesInput{MaxResults: aws.Int32(100), NextToken: aws.String("t")}, at)
	if err != nil || *out.NextToken != "u" || len(out.NotebookInstances) != 1 || *out.NotebookInstances[0].NotebookInstanceArn != "a" {
		t.Errorf("%+v %v", out, err)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer answers
		code   string
	}{
		"denied": {func(*http.Request) (*http.Response, error) {
			return reply(400, `{"__type":"com.amazon#AccessDeniedException:http://x/","Message":"no"}`)
		}, "AccessDeniedException"},
		"denied in small": {func(*http.Request) (*http.Response, error) {
			return reply(400, `{"__type":"ValidationException","message":"no"}`)
		}, "ValidationException"},
		"HTML":                   {func(*http.Request) (*http.Response, error) { return reply(502, `<html>`) }, ""},
		"nothing":                {func(*http.Request) (*http.Response, error) { return reply(200, ``) }, ""},
		"HTML that says it's OK": {func(*http.Request) (*http.Response, error) { return reply(200, `<html>`) }, ""},
		"dropped":                {func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := client(c.answer).ListTags(t.Context(), &sagemaker.ListTagsInput{ResourceArn: aws.String("a")}, at)
			if err == nil {
				t.Fatalf("%+v", out)
			}
			var api smithy.APIError
			if errors.As(err, &api) != (c.code != "") || c.code != "" && (api.ErrorCode() != c.code || api.ErrorMessage() != "no") {
				t.Errorf("%v", err)
			}
		})
	}
}

type noCredentials struct{}

func (noCredentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{}, errors.New("none")
}

func TestWithoutCredentials(t *testing.T) {
	t.Parallel()
	c := client(func(*http.Request) (*http.Response, error) {
		t.Error("sent")
		return reply(200, `{}`)
	})
	for _, o := range []func(*sagemaker.Options){func(*sagemaker.Options) {}, func(o *sagemaker.Options) { o.Credentials = noCredentials{} }} {
		if _, err := c.ListTags(t.Context(), &sagemaker.ListTagsInput{}, o); err == nil {
			t.Error("no error")
		}
	}
}
