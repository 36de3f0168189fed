package iam

import (
	"errors"
	"net/http"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func refused(status int, code, format string, args ...any) *service.Error {
	e := service.Errorf(code, format, args...)
	e.Status = status
	return e
}

func noRole(name string) *service.Error {
	return refused(http.StatusNotFound, "NoSuchEntity", "The role with name %s cannot be found.", name)
}

func noPolicy(arn string) *service.Error {
	return refused(http.StatusNotFound, "NoSuchEntity", "Policy %s was not found.", arn)
}

func invalid(format string, args ...any) *service.Error {
	return refused(http.StatusBadRequest, "ValidationError", format, args...)
}

// malformed turns a parse error into IAM's answer.
func malformed(err error) *service.Error {
	var syntax *policyeval.SyntaxError
	if errors.As(err, &syntax) {
		return refused(http.StatusBadRequest, "MalformedPolicyDocument", "%s", syntax.Message)
	}
	return refused(http.StatusBadRequest, "MalformedPolicyDocument", "%v", err)
}
