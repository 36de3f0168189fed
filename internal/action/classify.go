package action

import (
	"errors"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
)

// refusal says what is known of a changing call that failed.
func (t *task) refusal(operation string, err error) *execute.CallError {
	why := awsapi.Classify(err, operation)
	e := &execute.CallError{Effect: t.effect(err), Err: failed(operation, err)}
	e.Trouble = change.Trouble{Code: why.Code, Message: why.Message, Operation: why.Operation}
	if e.Trouble.Code == "" {
		e.Trouble.Code = "NoAnswer"
	}
	if e.Effect == execute.NotDone || e.Effect == execute.NotYet {
		e.Trouble.Advice = t.advice(kindOf(why.Code))
	}
	return e
}

// effect is what a failed call may have done. First come the codes that say more than their class.
func (t *task) effect(err error) execute.Effect {
	code := awsapi.Code(err)
	switch kindOf(code) {
	case refusedForQuota: // KMS's code for it is elsewhere one of throttling
		return execute.NotDone
	case refusedAsThere, refusedAsGone:
		if t.settledByLooking(code) {
			return execute.Unknown
		}
	}
	switch {
	case awsapi.SentNothing(err):
		return execute.NotSent
	case code == "", code == "UnknownError", code == "OperationTimeoutException":
		return execute.Unknown // no answer, none of AWS's, one without a code, or one that says that AWS gave up waiting
	case awsapi.IsServerError(err):
		return execute.ServerError
	case passes(err):
		return execute.NotYet
	}
	return execute.NotDone
}

// passes tells whether AWS refused for something that passes by itself. For how long that is believed is the caller's
// matter.
func passes(err error) bool {
	switch awsapi.Code(err) {
	case "ConcurrentModificationException", "ConcurrentRunsExceededException", "MLTransformNotReadyException":
		return true
	case "KMSInvalidStateException", "NotFoundException": // of a key made a moment ago
		return true
	}
	return propagates(err)
}

// propagates tells whether a refusal is one that new roles meet for a while. AWS gives no code for these, only the code
// of any bad input: the words are those that Terraform's provider waits on.
func propagates(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "InvalidInputException" {
		return false
	}
	for _, words := range []string{
		"should be given assume role permissions for Glue Service",
		"is not authorized to perform",
		"S3 endpoint and NAT validation has failed for subnetId",
		"Unable to assume role",
		"another concurrent update operation",
	} {
		if strings.Contains(api.ErrorMessage(), words) {
			return true
		}
	}
	return false
}

// refusedFor is what a refusal is about, as far as its code says.
type refusedFor int

const (
	refusedForInput refusedFor = iota // and whatever has no class of its own
	refusedForPermission
	refusedForQuota
	refusedAsThere // what was to be made exists
	refusedAsGone  // what was to be changed does not
	refusedForKey
)

func kindOf(code string) refusedFor {
	switch code {
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorizedException":
		return refusedForPermission
	case "ResourceNumberLimitExceededException", "LimitExceededException":
		return refusedForQuota
	case "AlreadyExistsException", "IdempotentParameterMismatchException":
		return refusedAsThere
	case "EntityNotFoundException", "NotFoundException", "NoSuchBucket", "NoSuchKey":
		return refusedAsGone
	case "DisabledException", "KMSInvalidStateException", "InvalidKeyUsageException", "MalformedPolicyDocumentException",
		"InvalidArnException", "GlueEncryptionException":
		return refusedForKey
	}
	return refusedForInput
}
