// Package service is what a simulated AWS service is made of: operations typed by the SDK's own input and output
// structs, the call they are given, and the errors they answer with. It knows no HTTP and no wire format.
package service

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Call is one authenticated request as a service sees it.
type Call struct {
	Context   context.Context
	Partition string // aws, aws-cn, aws-us-gov, aws-eusc
	Account   string // 12 digits
	Region    string // from the signature's scope; global services see it too
	Service   string // IAM prefix of the service, e.g. "glue"
	Operation string // e.g. "GetDevEndpoints"
	Principal Principal
	Now       time.Time // the sandbox's clock
	RequestID string
	// Provisioning is how long a resource takes to be made or deleted, at present: a setting of the sandbox.
	Provisioning time.Duration
	// EndOfLife says that versions past their end of life are refused: a setting of the sandbox.
	EndOfLife bool
	// IgnoreEncryption is a scripted fault: a create must silently make its resource unencrypted.
	IgnoreEncryption bool
}

// Principal is who signed the call.
type Principal struct {
	AccessKeyID string
	ARN         string // arn:aws:iam::A:root, …:user/U, arn:aws:sts::A:assumed-role/R/S
	UserID      string
	RoleARN     string // the IAM role behind an assumed-role session, else empty
}

// Error is an answer that AWS gives instead of an output.
type Error struct {
	Code    string
	Message string
	Status  int // HTTP status; 0 takes the model's status for the code, or 400
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an Error with the model's HTTP status for its code.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Operation is one operation of a service: its name and a handler typed by the SDK's structs.
type Operation struct {
	Name   string
	Input  reflect.Type // the struct, not the pointer
	Output reflect.Type
	// NewInput returns a pointer to a zero input for a codec to fill.
	NewInput func() any
	// Invoke calls the handler with what NewInput returned, filled; its output is a pointer to an output struct.
	Invoke func(*Call, any) (any, error)
	// Resource names what the call acts on for authorization; nil means "*".
	Resource func(*Call, any) string
}

// Op makes an Operation from a typed handler.
func Op[I, O any](name string, handle func(*Call, *I) (*O, error)) Operation {
	return Operation{
		Name:     name,
		Input:    reflect.TypeFor[I](),
		Output:   reflect.TypeFor[O](),
		NewInput: func() any { return new(I) },
		Invoke: func(c *Call, in any) (any, error) {
			out, err := handle(c, in.(*I))
			if err != nil {
				return nil, err
			}
			return out, nil
		},
	}
}

// On adds the resource that authorization is asked about, computed from the typed input.
func On[I any](op Operation, name func(*Call, *I) string) Operation {
	op.Resource = func(c *Call, in any) string { return name(c, in.(*I)) }
	return op
}

// Partition is the partition that a region is in.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.HasPrefix(region, "eusc-"):
		return "aws-eusc"
	}
	return "aws"
}

// Service is a simulated AWS service.
type Service struct {
	// Model is the service's folder in the public service models, e.g. "glue", "logs", "resourcegroupstaggingapi".
	Model string
	// Prefix is the IAM action prefix, e.g. "glue", "tag".
	Prefix     string
	Operations []Operation
}

// Identities knows who holds an access key: 12 digits are that account's root, keys from AssumeRole are sessions, any
// other key is the management account's root.
type Identities interface {
	// Identify returns the account and principal behind a key, or AWS's refusal (ExpiredToken, InvalidClientTokenId).
	Identify(accessKeyID, sessionToken string, now time.Time) (account string, p Principal, err *Error)
}

// Authorizer decides whether a principal may do what it asks, before the service sees the call.
type Authorizer interface {
	// Authorize returns nil when allowed, else the AccessDenied that AWS would answer.
	Authorize(c *Call, action, resource string) *Error
}

// Event is one call as an audit trail sees it, refused calls included.
type Event struct {
	Call         Call
	Source       string // e.g. "glue.amazonaws.com"
	UserAgent    string
	SourceIP     string
	ReadOnly     bool
	ErrorCode    string
	ErrorMessage string
	Input        any // pointer to the SDK's input struct; nil where it could not be decoded
	Output       any // pointer to the SDK's output struct; nil for refused calls
}

// Recorder takes events; it must be quick, since every call waits for it.
type Recorder interface{ Record(Event) }
