package awsapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// errEmpty is the error of an answer that says that all is well and then says nothing.
var errEmpty = errors.New("the answer is empty")

// refuseEmpty makes successful answers without a body fail. The SDK takes one for an answer with no member set, and so
// a connection cut right after its headers for a listing of nothing. Every operation read here answers with a body, and
// so does every changing one whose answer has members.
func refuseEmpty(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("RefuseEmpty", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if err != nil {
			return out, metadata, err
		}
		if c, ok := ctx.Value(changing{}).(*changed); ok && c.bare {
			return out, metadata, nil
		}
		if answer, ok := out.RawResponse.(*smithyhttp.Response); ok {
			err = someBody(answer)
		}
		return out, metadata, err
	}), middleware.After)
}

// isBare tells whether an operation's output has no members of its own.
func isBare[O any]() bool {
	t := reflect.TypeFor[O]()
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && f.Name != "ResultMetadata" {
			return false
		}
	}
	return true
}

func someBody(answer *smithyhttp.Response) error {
	switch {
	case answer.StatusCode < 200 || answer.StatusCode >= 300 || answer.ContentLength > 0:
		return nil
	case answer.ContentLength == 0 || answer.Body == nil:
		return errEmpty
	}
	first := make([]byte, 1)
	switch n, err := io.ReadFull(answer.Body, first); {
	case n == 1:
		answer.Body = &prefixed{first: first, ReadCloser: answer.Body}
		return nil
	case errors.Is(err, io.EOF):
		return errEmpty
	default:
		return fmt.Errorf("reading the answer: %w", err)
	}
}

// prefixed is a body whose first byte was read already.
type prefixed struct {
	first []byte
	io.ReadCloser
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.first) == 0 || len(b) == 0 {
		return p.ReadCloser.Read(b)
	}
	n := copy(b, p.first)
	p.first = p.first[n:]
	return n, nil
}
