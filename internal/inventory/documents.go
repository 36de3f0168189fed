package inventory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// CallError is an AWS call that failed, for those who are to see which.
type CallError struct {
	Operation string // e.g. "glue:GetDevEndpoints"
	Err       error
}

func (e *CallError) Error() string { return e.Operation + ": " + e.Err.Error() }

// Unwrap gives the call's own error.
func (e *CallError) Unwrap() error { return e.Err }

// EndpointDocuments lists the dev endpoints of a location as AWS's answers have them, in AWS's order. Errors are
// *CallError.
func (i *Inspector) EndpointDocuments(ctx context.Context, l resource.Location) ([]map[string]any, error) {
	return documents(ctx, i, l, opDevEndpoints, "DevEndpoints", func(p *awsapi.Place, token *string, opts []func(*glue.Options)) (*string, error) {
		in := &glue.GetDevEndpointsInput{MaxResults: aws.Int32(endpointsPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, p, opDevEndpoints, i.session.Glue.GetDevEndpoints, in, opts)
		if err != nil {
			return nil, err
		}
		return out.NextToken, nil
	})
}

// TransformDocuments lists the ML transforms of a location likewise.
func (i *Inspector) TransformDocuments(ctx context.Context, l resource.Location) ([]map[string]any, error) {
	return documents(ctx, i, l, opMLTransforms, "Transforms", func(p *awsapi.Place, token *string, opts []func(*glue.Options)) (*string, error) {
		in := &glue.GetMLTransformsInput{MaxResults: aws.Int32(transformsPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, p, opMLTransforms, i.session.Glue.GetMLTransforms, in, opts)
		if err != nil {
			return nil, err
		}
		return out.NextToken, nil
	})
}

// EndpointDocument is one dev endpoint as AWS's answer has it.
func (i *Inspector) EndpointDocument(ctx context.Context, l resource.Location, name string) (map[string]any, error) {
	answer, err := oneDocument(ctx, i, l, opDevEndpoint, func(p *awsapi.Place, opts []func(*glue.Options)) error {
		_, err := awsapi.Read(ctx, p, opDevEndpoint, i.session.Glue.GetDevEndpoint, &glue.GetDevEndpointInput{EndpointName: &name}, opts)
		return err
	})
	if err != nil {
		return nil, err
	}
	d, ok := answer["DevEndpoint"].(map[string]any)
	if !ok {
		return nil, &CallError{opDevEndpoint, errors.New("the answer does not hold the dev endpoint asked for")}
	}
	return d, nil
}

// TransformDocument is one ML transform as AWS's answer has it.
func (i *Inspector) TransformDocument(ctx context.Context, l resource.Location, id string) (map[string]any, error) {
	return oneDocument(ctx, i, l, opMLTransform, func(p *awsapi.Place, opts []func(*glue.Options)) error {
		_, err := awsapi.Read(ctx, p, opMLTransform, i.session.Glue.GetMLTransform, &glue.GetMLTransformInput{TransformId: &id}, opts)
		return err
	})
}

// NamedConfigurations reads security configurations by their names, with few calls.
func (i *Inspector) NamedConfigurations(ctx context.Context, l resource.Location, names []string) map[string]resource.Fact[resource.SecurityConfiguration] {
	read := make(map[string]resource.Fact[resource.SecurityConfiguration], len(names))
	var mu sync.Mutex
	var reading sync.WaitGroup
	slots := make(chan struct{}, targetsAtOnce)
	for _, name := range names {
		slots <- struct{}{}
		reading.Go(func() {
			fact := i.Configuration(ctx, l, name)
			mu.Lock()
			read[name] = fact
			mu.Unlock()
			<-slots
		})
	}
	reading.Wait()
	return read
}

// documents reads all pages of a listing.
func documents(
	ctx context.Context, i *Inspector, l resource.Location, operation, member string,
	next func(*awsapi.Place, *string, []func(*glue.Options)) (*string, error),
) ([]map[string]any, error) {
	_, p, err := i.enter(ctx, l)
	if err != nil {
		return nil, &CallError{opAssumeRole, err}
	}
	all := []map[string]any{}
	_, err = pages(func(token *string) (*string, error) {
		var body []byte
		received, err := next(p, token, keeping(p, &body))
		if err != nil {
			return nil, err
		}
		answer, err := decoded(body)
		if err != nil {
			return nil, err
		}
		listed, _ := answer[member].([]any)
		for _, one := range listed {
			if d, ok := one.(map[string]any); ok {
				all = append(all, d)
			}
		}
		return received, nil
	})
	if err != nil {
		return nil, &CallError{operation, err}
	}
	return all, nil
}

func oneDocument(
	ctx context.Context, i *Inspector, l resource.Location, operation string, read func(*awsapi.Place, []func(*glue.Options)) error,
) (map[string]any, error) {
	_, p, err := i.enter(ctx, l)
	if err != nil {
		return nil, &CallError{opAssumeRole, err}
	}
	var body []byte
	if err := read(p, keeping(p, &body)); err != nil {
		return nil, &CallError{operation, err}
	}
	answer, err := decoded(body)
	if err != nil {
		return nil, &CallError{operation, err}
	}
	return answer, nil
}

func decoded(body []byte) (map[string]any, error) {
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("the answer can't be decoded: %w", err)
	}
	return answer, nil
}

// keeping adds to a place's options that an answer's body is kept: the SDK's structures have lost which of the numbers
// were there at all, and know no member that AWS has added since.
func keeping(p *awsapi.Place, body *[]byte) []func(*glue.Options) {
	keep := middleware.DeserializeMiddlewareFunc("KeepBody", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		answer, ok := out.RawResponse.(*smithyhttp.Response)
		if err != nil || !ok || answer.Body == nil {
			return out, metadata, err
		}
		text, err := io.ReadAll(answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			return out, metadata, fmt.Errorf("read the answer: %w", err)
		}
		*body, answer.Body = text, io.NopCloser(bytes.NewReader(text))
		return out, metadata, nil
	})
	opts := append([]func(*glue.Options){}, p.Glue...)
	return append(opts, func(o *glue.Options) {
		o.APIOptions = append(append([]func(*middleware.Stack) error{}, o.APIOptions...), func(s *middleware.Stack) error {
			return s.Deserialize.Add(keep, middleware.After)
		})
	})
}
