package action

import (
	"context"
	"errors"
	"fmt"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
)

// send makes a step's one changing call. Its errors are *execute.CallError.
func send[I, O, P any](ctx context.Context, t *task, operation string,
	call func(context.Context, *I, ...func(*P)) (*O, error), in *I, opts []func(*P),
) (*O, error) {
	out, err := awsapi.Change(ctx, t.place, operation, call, in, opts)
	if err != nil {
		return nil, t.refusal(operation, err)
	}
	return out, nil
}

// read makes a reading call.
func read[I, O, P any](ctx context.Context, t *task, operation string,
	call func(context.Context, *I, ...func(*P)) (*O, error), in *I, opts []func(*P),
) (*O, error) {
	t.calls++
	out, err := awsapi.Read(ctx, t.place, operation, call, in, opts)
	if err != nil {
		return nil, failed(operation, err)
	}
	return out, nil
}

// failed is the error of a read: what AWS said, for people and for whoever must tell one failure from another. The
// cause stays within reach.
func failed(operation string, err error) error {
	return &readError{awsapi.Classify(err, operation), err}
}

type readError struct {
	failure error // a resource.Failure
	cause   error
}

func (e *readError) Error() string   { return e.failure.Error() }
func (e *readError) Unwrap() []error { return []error{e.failure, e.cause} }

// unsent is the error of a step whose call was never made because something before it failed.
func unsent(err error, operation string) error {
	var already *execute.CallError
	if errors.As(err, &already) {
		return already
	}
	return &execute.CallError{
		Effect: execute.NotSent, Err: err,
		Trouble: change.Trouble{Code: change.TroubleUnread, Message: err.Error(), Operation: operation},
	}
}

// settled says that the step's effect is there.
func settled(f change.Facts) execute.Observation {
	return execute.Observation{Seen: execute.Settled, Facts: f}
}

// open says that the step's call may be made.
func open() execute.Observation { return execute.Observation{Seen: execute.Open} }

// pending says how far a thing is on its way.
func pending(format string, args ...any) execute.Observation {
	return execute.Observation{Seen: execute.Pending, Detail: fmt.Sprintf(format, args...)}
}

// missed says that the step can't go on.
func missed(t change.Trouble) execute.Observation {
	return execute.Observation{Seen: execute.Missed, Trouble: &t}
}
