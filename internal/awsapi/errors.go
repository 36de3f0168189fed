package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"

	"github.com/glueguard/glueguard/internal/resource"
)

// ErrInterrupted is wrapped by every error of a call that was given up because its caller's context ended.
var ErrInterrupted = errors.New("interrupted")

func interrupted(ctx context.Context) error {
	return fmt.Errorf("%w: %w", ErrInterrupted, context.Cause(ctx))
}

// CredentialsError means that there are no credentials, or that AWS does not accept them: no call can succeed until
// the user acts. A refused permission is not one.
type CredentialsError struct {
	Operation string // the call that failed, e.g. "sts:GetCallerIdentity"
	Code      string // AWS's error code, e.g. "ExpiredToken"; empty where no credentials could be had
	Err       error
}

func (e *CredentialsError) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%s: no AWS credentials: %v", e.Operation, e.Err)
	}
	return fmt.Sprintf("%s: AWS does not accept the credentials: %v", e.Operation, e.Err)
}

func (e *CredentialsError) Unwrap() error { return e.Err }

// Exhausted tells whether every source of credentials was asked and had none: the last one asked, the instance's own,
// is what failed.
func (e *CredentialsError) Exhausted() bool {
	var oe *smithy.OperationError
	return e.Code == "" && errors.As(e.Err, &oe) && oe.ServiceID == "ec2imds"
}

// MissingProfile is the profile that was asked for, where the AWS configuration has none of that name.
func (e *CredentialsError) MissingProfile() (string, bool) {
	var missing config.SharedConfigProfileNotExistError
	if !errors.As(e.Err, &missing) {
		return "", false
	}
	return missing.Profile, true
}

// RoleMissingError means that an account other than the caller's was asked for without naming a role to enter it.
type RoleMissingError struct{ Account string }

func (e *RoleMissingError) Error() string {
	return "account " + e.Account + " is not the caller's own: name the role to assume there"
}

// Code is AWS's error code in an error, or "" where AWS gave none.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// IsNotFound tells whether AWS said that the thing asked for does not exist.
func IsNotFound(err error) bool {
	switch Code(err) {
	case "EntityNotFoundException", // glue
		"NotFoundException",         // kms
		"ResourceNotFoundException", // most newer services
		"NoSuchEntity", "NoSuchKey", "NoSuchBucket":
		return true
	}
	return false
}

// IsUnsupportedOperation tells whether KMS said that the operation can't apply to this kind of key, e.g. rotation of
// an asymmetric one.
func IsUnsupportedOperation(err error) bool { return Code(err) == "UnsupportedOperationException" }

// Classify says why a read failed in the words of coverage: its class, AWS's code and AWS's message.
func Classify(err error, operation string) resource.Failure {
	f := resource.Failure{Operation: operation, Class: classOf(err), Message: err.Error()}
	var op *operationError
	if errors.As(err, &op) {
		f.Operation = op.operation // the call that really failed, e.g. the AssumeRole before it
	}
	var api smithy.APIError
	var oe *smithy.OperationError
	switch {
	case errors.Is(err, ErrInterrupted):
		f.Message = "interrupted before it was read"
	case errors.As(err, &api):
		f.Code, f.Message = api.ErrorCode(), api.ErrorMessage()
	case errors.As(err, &oe):
		f.Message = oe.Err.Error() // without the SDK's repetition of service and operation
	}
	var credentials *CredentialsError
	var dns *net.DNSError
	switch {
	case f.Class == resource.Interrupted:
	case errors.As(err, &credentials) && credentials.Code == "":
		f.Code = resource.NoCredentials
	case errors.As(err, &dns) && dns.IsNotFound:
		f.Code = resource.NoSuchHost
		f.Message = "there is no host " + dns.Name + ": the region may not have this service, or name resolution fails; " +
			"where it is always so, accepted_unread in glueguard.yaml can accept it"
	}
	return f
}

func classOf(err error) resource.FailureClass {
	var api smithy.APIError
	var credentials *CredentialsError
	switch {
	case errors.Is(err, ErrInterrupted), errors.Is(err, context.Canceled):
		return resource.Interrupted
	case errors.As(err, &credentials):
		return resource.Errored // whatever the credentials' own source said: nobody refused this read
	case isThrottle(err):
		return resource.Throttled
	case errors.As(err, &api):
		return classOfCode(api)
	}
	// A host that does not exist is here too. A region without the service looks like that, but so do a region's name
	// that is written wrongly and name resolution that fails for a while.
	return resource.Errored
}

func classOfCode(err smithy.APIError) resource.FailureClass {
	switch err.ErrorCode() {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError",
		"AuthorizationErrorException", "UnauthorizedException", "ForbiddenException", "OptInRequired",
		"SubscriptionRequiredException",
		"Forbidden": // s3, where the answer has no body
		return resource.Denied
	case "UnknownOperationException", "UnknownOperation", "InvalidAction", "UnsupportedOperation":
		return resource.Unsupported
	case "InvalidInputException":
		// The one match on text here: in regions without dev endpoints Glue answers the code of any bad input, and
		// only the message says so ("Operation is not supported in <ap-southeast-5> region").
		if strings.HasPrefix(err.ErrorMessage(), "Operation is not supported") {
			return resource.Unsupported
		}
	}
	return resource.Errored
}

// isCredentials tells whether AWS refused the credentials as such.
func isCredentials(code string) bool {
	switch code {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "InvalidAccessKeyId",
		"UnrecognizedClientException", "AuthFailure", "SignatureDoesNotMatch", "InvalidSignatureException",
		"IncompleteSignature", "IncompleteSignatureException", "MissingAuthenticationToken",
		"MissingAuthenticationTokenException", "InvalidToken":
		return true
	}
	return false
}

// isExpired tells whether new credentials of the same role would be accepted.
func isExpired(code string) bool { return code == "ExpiredToken" || code == "ExpiredTokenException" }

// isThrottle tells whether AWS refused a call for its rate: the SDK's codes, or HTTP 429 with any code.
func isThrottle(err error) bool {
	if _, ok := retry.DefaultThrottleErrorCodes[Code(err)]; ok {
		return true
	}
	return httpStatus(err) == http.StatusTooManyRequests
}

// isTransient tells whether the same read may succeed in a moment: what the SDK's standard retries cover, AWS's own
// timeouts (aws: OperationTimeoutException is no server fault in the model, so the SDK gives up on it), connections
// that broke, answers that did not come in time, and answers that can't be decoded (cut short, or a proxy's HTML).
func isTransient(err error) bool {
	var invalid *smithy.InvalidParamsError
	var serialization *smithy.SerializationError
	if errors.As(err, &invalid) || errors.As(err, &serialization) {
		return false
	}
	switch Code(err) {
	case "":
		return true // no answer, or none of AWS's
	case "OperationTimeoutException", "RequestTimeout", "RequestTimeoutException", "InternalServiceException",
		"InternalServerException", "InternalServerError", "InternalFailure", "InternalError", "ServiceUnavailable",
		"ServiceUnavailableException", "ServiceException", "KMSInternalException", "DependencyTimeoutException":
		return true
	}
	return httpStatus(err) >= 500
}

func httpStatus(err error) int {
	var re *awshttp.ResponseError
	if errors.As(err, &re) {
		return re.HTTPStatusCode()
	}
	return 0
}

// operationError names the AWS operation that failed where it is another than the one asked for.
type operationError struct {
	operation string
	err       error
}

func (e *operationError) Error() string { return e.operation + ": " + e.err.Error() }
func (e *operationError) Unwrap() error { return e.err }
