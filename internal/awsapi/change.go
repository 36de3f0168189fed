package awsapi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/aws/smithy-go/middleware"
)

// Change makes one changing call of a client in a place, e.g.
//
//	out, err := awsapi.Change(ctx, p, "glue:DeleteDevEndpoint", client.DeleteDevEndpoint, in, p.Glue)
//
// It renews the credentials, waits for the location's turn and for room in flight, and sends the call at most once:
// whether to send it again is for those to say who can look at what it did. A call once sent is waited for although ctx
// ends, up to the limit of one attempt, so that stopping a process loses no answer. SentNothing, IsServerError and Code
// tell what is known of an error.
func Change[I, O, P any](ctx context.Context, p *Place, operation string,
	call func(context.Context, *I, ...func(*P)) (*O, error), in *I, opts []func(*P),
) (*O, error) {
	if err := p.account.fresh(ctx); err != nil {
		return nil, &unsentError{err}
	}
	var out *O
	var left atomic.Bool
	limit := p.account.session.opts.AttemptTimeout
	_, err := p.attempt(ctx, operation, func(inner context.Context) (err error) {
		if ctx.Err() != nil {
			return interrupted(ctx)
		}
		inner, cancel := context.WithTimeout(context.WithoutCancel(inner), limit)
		defer cancel()
		out, err = call(context.WithValue(inner, changing{}, &changed{left: &left, bare: isBare[O]()}), in, opts...)
		return err
	})
	if err == nil {
		return out, nil
	}
	return nil, p.changeError(operation, err, left.Load())
}

// changeError says of a failed call what is known of it.
func (p *Place) changeError(operation string, err error, left bool) error {
	if isExpired(Code(err)) && !p.account.own {
		p.account.creds.forget() // the next call takes new ones
	}
	err = asCredentials(operation, err)
	if p.account.own {
		p.account.session.noteEnd(err)
	}
	if !left || isDial(err) {
		return &unsentError{err}
	}
	return err
}

// unsentError is the error of a call of which nothing reached AWS.
type unsentError struct{ err error }

func (e *unsentError) Error() string { return e.err.Error() }
func (e *unsentError) Unwrap() error { return e.err }

// SentNothing tells, of an error of Change, whether it is certain that AWS did nothing and would take the same call
// later: the request never left, or AWS turned it away for its rate or its credentials.
func SentNothing(err error) bool {
	var unsent *unsentError
	var credentials *CredentialsError
	return errors.As(err, &unsent) || errors.As(err, &credentials) || IsThrottle(err)
}

// IsThrottle tells whether AWS refused a call for its rate.
func IsThrottle(err error) bool { return err != nil && isThrottle(err) }

// IsServerError tells whether AWS itself answered that it failed. A timeout is none, neither AWS's own nor a gateway's:
// what was asked for may still be under way.
func IsServerError(err error) bool {
	if err == nil || isThrottle(err) {
		return false
	}
	switch Code(err) {
	case "InternalServiceException", "InternalServerException", "InternalServerError", "InternalFailure", "InternalError",
		"ServiceUnavailable", "ServiceUnavailableException", "ServiceException", "KMSInternalException", "ServiceFailure":
		return true
	case "OperationTimeoutException", "RequestTimeout", "RequestTimeoutException", "DependencyTimeoutException":
		return false
	}
	status := httpStatus(err)
	return status == http.StatusInternalServerError || status == http.StatusServiceUnavailable
}

// isDial tells whether no connection could be made.
func isDial(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

// changing is the key under which a changing call's context carries its *changed.
type changing struct{}

type changed struct {
	left *atomic.Bool // set when the request is handed to the transport
	bare bool         // the operation's answer has no members, so that its body may be empty
}

// noteLeft notes when a changing call's request leaves. It must be the last of the stack's steps.
func noteLeft(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("NoteLeft", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		if c, ok := ctx.Value(changing{}).(*changed); ok {
			c.left.Store(true)
		}
		return next.HandleDeserialize(ctx, in)
	}), middleware.After)
}
