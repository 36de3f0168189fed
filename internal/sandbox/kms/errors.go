package kms

import (
	"net/http"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// refused makes an error; KMS answers all of its own with status 400, whatever its model says.
func refused(code, format string, args ...any) *service.Error {
	e := service.Errorf(code, format, args...)
	e.Status = http.StatusBadRequest
	return e
}

func noKey(arn string) *service.Error {
	return refused("NotFoundException", "Key '%s' does not exist", arn)
}

func noAlias(arn string) *service.Error {
	return refused("NotFoundException", "Alias %s is not found.", arn)
}

func invalid(format string, args ...any) *service.Error {
	return refused("ValidationException", format, args...)
}

func invalidState(arn, state string) *service.Error {
	return refused("KMSInvalidStateException", "%s is %s.", arn, state)
}

func unsupported(format string, args ...any) *service.Error {
	return refused("UnsupportedOperationException", format, args...)
}

func malformed(message string) *service.Error {
	return refused("MalformedPolicyDocumentException", "%s", message)
}

func wouldHaveSucceeded() *service.Error {
	return refused("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
}
