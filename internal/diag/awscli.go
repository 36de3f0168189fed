package diag

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/resource"
)

// The exit statuses of the AWS CLI, for the commands that stand in its place.
const (
	AWSUsage   = 252 // the command line can't be understood
	AWSConfig  = 253 // no credentials, or no region
	AWSService = 254 // AWS answered with an error
	AWSGeneral = 255 // anything else
)

// ForAWS tells of an error as the AWS CLI does, and returns the Status that ends the command; nil stays nil.
func ForAWS(w io.Writer, err error) error {
	var status Status
	var usage *UsageError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &status):
		switch status {
		case OK, Interrupted, AWSUsage, AWSConfig, AWSService, AWSGeneral:
			return status
		}
		return Status(AWSGeneral)
	case errors.As(err, &usage):
		fmt.Fprintf(w, "usage: %s [parameters]\nTo see help text, you can run:\n\n  %[1]s --help\n\n%s\n", usage.Command, usage.Err)
		return Status(AWSUsage)
	case Interruption(err):
		return err
	}
	var credentials *awsapi.CredentialsError
	if errors.As(err, &credentials) {
		return credentialsForAWS(w, credentials)
	}
	var call *inventory.CallError
	if errors.As(err, &call) {
		if f := awsapi.Classify(call.Err, call.Operation); f.Code != "" {
			ServiceError(w, f)
			return Status(AWSService)
		}
	}
	Of(err).Print(w)
	return Status(AWSGeneral)
}

// credentialsForAWS says first what the AWS CLI says, for those who look for it, and then what to do.
func credentialsForAWS(w io.Writer, e *awsapi.CredentialsError) error {
	if e.Code != "" {
		ServiceError(w, awsapi.Classify(e.Err, e.Operation))
		fmt.Fprintf(w, "  hint: %s\n", credentialsHint(e))
		return Status(AWSService)
	}
	if profile, ok := e.MissingProfile(); ok {
		fmt.Fprintf(w, "\nThe config profile (%s) could not be found\n", profile)
		return Status(AWSGeneral)
	}
	fmt.Fprint(w, "\nUnable to locate credentials. You can configure credentials by running \"aws configure\".\n")
	Of(e).Print(w)
	return Status(AWSConfig)
}

// ServiceError writes a failed call as the AWS CLI does.
func ServiceError(w io.Writer, f resource.Failure) {
	_, operation, ok := strings.Cut(f.Operation, ":")
	if !ok {
		operation = f.Operation
	}
	fmt.Fprintf(w, "\nAn error occurred (%s) when calling the %s operation: %s\n", f.Code, operation, f.Message)
}
