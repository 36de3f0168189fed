// Package sagemaker asks SageMaker for notebook instances and their tags, which say what notebooks are attached to a
// Glue development endpoint.
//
// It is not the SDK's package of that name, which describes four hundred operations to itself whenever a program
// starts: a third of the time that a command line may take for that.
package sagemaker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Client calls SageMaker. It tries nothing twice.
type Client struct {
	http   aws.HTTPClient
	base   *string // endpoint for every region; nil: AWS's own
	signer *v4.Signer
}

// Options say where a call goes and who makes it.
type Options struct {
	Region      string
	Credentials aws.CredentialsProvider
}

// New makes a client with a configuration's transport and endpoint.
func New(cfg aws.Config) *Client {
	return &Client{http: cfg.HTTPClient, base: cfg.BaseEndpoint, signer: v4.NewSigner()}
}

// ListNotebookInstancesInput asks for one page of notebook instances.
type ListNotebookInstancesInput struct {
	MaxResults *int32  `json:",omitempty"`
	NextToken  *string `json:",omitempty"`
}

// ListNotebookInstancesOutput is one page of notebook instances.
type ListNotebookInstancesOutput struct {
	NextToken         *string
	NotebookInstances []Notebook
}

// Notebook is a notebook instance, as far as it is of use here.
type Notebook struct {
	NotebookInstanceName                *string
	NotebookInstanceArn                 *string
	NotebookInstanceStatus              string
	NotebookInstanceLifecycleConfigName *string
}

// ListTagsInput asks for one page of a resource's tags.
type ListTagsInput struct {
	ResourceArn *string `json:",omitempty"`
	NextToken   *string `json:",omitempty"`
}

// ListTagsOutput is one page of tags.
type ListTagsOutput struct {
	NextToken *string
	Tags      []Tag
}

// Tag is one tag.
type Tag struct{ Key, Value *string }

// ListNotebookInstances lists notebook instances.
func (c *Client) ListNotebookInstances(ctx context.Context, in *ListNotebookInstancesInput, opts ...func(*Options)) (*ListNotebookInstancesOutput, error) {
	out := &ListNotebookInstancesOutput{}
	return out, c.call(ctx, "ListNotebookInstances", in, out, opts)
}

// ListTags lists a resource's tags.
func (c *Client) ListTags(ctx context.Context, in *ListTagsInput, opts ...func(*Options)) (*ListTagsOutput, error) {
	out := &ListTagsOutput{}
	return out, c.call(ctx, "ListTags", in, out, opts)
}

func (c *Client) call(ctx context.Context, operation string, in, out any, opts []func(*Options)) error {
	var o Options
	for _, fn := range opts {
		fn(&o)
	}
	request, err := c.request(ctx, operation, in, o)
	if err == nil {
		err = c.send(request, out)
	}
	if err != nil {
		return &smithy.OperationError{ServiceID: "SageMaker", OperationName: operation, Err: err}
	}
	return nil
}

func (c *Client) request(ctx context.Context, operation string, in any, o Options) (*http.Request, error) {
	if o.Credentials == nil {
		return nil, errors.New("no credentials")
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	endpoint, err := c.endpoint(ctx, o.Region)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "SageMaker."+operation)
	credentials, err := o.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("taking the credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	if err := c.signer.SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), "sagemaker", o.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("signing the request: %w", err)
	}
	return r, nil
}

// endpoint is the configured endpoint, or AWS's own. The host's domain differs by partition, which the SDK knows: it is
// taken from what it says of Glue.
func (c *Client) endpoint(ctx context.Context, region string) (string, error) {
	if c.base != nil {
		return strings.TrimSuffix(*c.base, "/") + "/", nil
	}
	at, err := glue.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, glue.EndpointParameters{Region: &region})
	if err != nil {
		return "", fmt.Errorf("finding the endpoint: %w", err)
	}
	rest, ok := strings.CutPrefix(at.URI.Host, "glue.")
	if !ok {
		return "", fmt.Errorf("finding the endpoint: %s is not a host of Glue", at.URI.Host)
	}
	return (&url.URL{Scheme: "https", Host: "api.sagemaker." + rest, Path: "/"}).String(), nil
}

func (c *Client) send(r *http.Request, out any) error {
	answer, err := c.http.Do(r)
	if err != nil {
		return &smithyhttp.RequestSendError{Err: err}
	}
	body, err := io.ReadAll(answer.Body)
	if closed := answer.Body.Close(); err == nil {
		err = closed
	}
	switch {
	case err != nil:
		return fmt.Errorf("reading the answer: %w", err)
	case answer.StatusCode < 200 || answer.StatusCode >= 300:
		return refusal(answer, body)
	}
	// An empty body is no answer: it would be taken for a list of nothing.
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}

// refusal is AWS's error, in the SDK's form.
func refusal(answer *http.Response, body []byte) error {
	var said struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	err := fmt.Errorf("HTTP status %d", answer.StatusCode)
	// The code may carry a namespace before it and a URL after it.
	if json.Unmarshal(body, &said) == nil && said.Type != "" {
		code := said.Type[strings.LastIndex(said.Type, "#")+1:]
		code, _, _ = strings.Cut(code, ":")
		err = &smithy.GenericAPIError{Code: code, Message: said.Message}
	}
	return &awshttp.ResponseError{
		RequestID:     answer.Header.Get("X-Amzn-Requestid"),
		ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: answer}, Err: err},
	}
}
