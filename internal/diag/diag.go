// Package diag is the one place where errors become what a user reads: a line or a few, a hint, and the exit status.
package diag

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
)

// The exit statuses of every command.
const (
	OK          = 0
	Error       = 1 // an error, or bad usage
	Failing     = 2 // findings fail
	Incomplete  = 3 // nothing fails, but something could not be read
	Interrupted = 130
)

// Status is a verdict that ends a command with an exit status and nothing more to say.
type Status int

func (s Status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// ForVerdict returns the Status of an audit's verdict, nil for a compliant one.
func ForVerdict(v audit.Verdict) error {
	switch v {
	case audit.Interrupted:
		return Status(Interrupted)
	case audit.Failing:
		return Status(Failing)
	case audit.Incomplete:
		return Status(Incomplete)
	}
	return nil
}

// UsageError is a command line that can't be understood; it takes one line to say.
type UsageError struct {
	Command string // whose help tells more, e.g. "glueguard audit"
	Err     error
}

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef makes a UsageError.
func Usagef(command, format string, args ...any) error {
	return &UsageError{Command: command, Err: fmt.Errorf(format, args...)}
}

// Diagnosis is an error as a user is told of it.
type Diagnosis struct {
	Lines  []string // what went wrong; none for a Status
	Hint   string   // what to do; empty where there is no good advice
	Status int
}

// Of explains an error.
func Of(err error) Diagnosis {
	var status Status
	var usage *UsageError
	switch {
	case err == nil:
		return Diagnosis{Status: OK}
	case errors.As(err, &status):
		return Diagnosis{Status: int(status)}
	case errors.As(err, &usage):
		return Diagnosis{Lines: []string{fmt.Sprintf("%s (see %s --help)", usage.Err, usage.Command)}, Status: Error}
	case errors.Is(err, awsapi.ErrInterrupted):
		return Diagnosis{Lines: []string{"interrupted"}, Status: Interrupted}
	}
	var credentials *awsapi.CredentialsError
	if errors.As(err, &credentials) {
		return Diagnosis{Lines: []string{credentialsLine(credentials)}, Hint: credentialsHint(credentials), Status: Error}
	}
	if d, ok := planErrors(err); ok {
		return d
	}
	if lines := policyErrors(err); len(lines) > 0 {
		return Diagnosis{Lines: lines, Status: Error}
	}
	if d, ok := network(err); ok {
		return d
	}
	return Diagnosis{Lines: []string{oneLine(err)}, Hint: hint(err), Status: Error}
}

// network explains what the SDK and the system say at length of connections that could not be made.
func network(err error) (Diagnosis, bool) {
	var op *net.OpError
	var dns *net.DNSError
	const where = "is the network up? AWS_ENDPOINT_URL, where it is set, says where AWS is, and HTTPS_PROXY how to get there"
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return Diagnosis{Lines: []string{"can't reach AWS: there is no host " + dns.Name}, Hint: where, Status: Error}, true
	case !errors.As(err, &op):
		return Diagnosis{}, false
	case op.Op == "listen":
		return Diagnosis{Lines: []string{oneLine(err)}, Hint: "--listen 127.0.0.1:0 takes a port that is free", Status: Error}, true
	}
	return Diagnosis{Lines: []string{"can't reach AWS: " + oneLine(op)}, Hint: where, Status: Error}, true
}

// oneLine keeps an error to one line: the SDK's can have several.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// policyErrors are the lines of all that is wrong with a policy file, each with file, line and column.
func policyErrors(err error) []string {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var lines []string
		for _, e := range joined.Unwrap() {
			lines = append(lines, policyErrors(e)...)
		}
		return lines
	}
	var p *policy.Error
	if errors.As(err, &p) {
		return []string{p.Error()}
	}
	return nil
}

func hint(err error) string {
	var role *awsapi.RoleMissingError
	var res *audit.ResourceError
	if advice := evidenceHint(err); advice != "" {
		return advice
	}
	switch {
	case errors.As(err, &role):
		return "add --role NAME, a role that exists in every account and trusts yours"
	case errors.As(err, &res) && len(res.Candidates) == 0:
		return "look at the whole scope first: run it without --resource"
	case errors.Is(err, store.ErrNewer):
		return "install the newer glueguard, or name another file with --state"
	case errors.Is(err, store.ErrForeign):
		return "name another file with --state"
	case errors.Is(err, store.ErrUnusable):
		return "see to its disk and its permissions; a change that was begun in it goes on only there, for anything else --state names another file"
	}
	return changeHint(err)
}

// credentialsLine names the call that failed and AWS's code, without what the SDK wraps around them.
func credentialsLine(e *awsapi.CredentialsError) string {
	f := awsapi.Classify(e.Err, e.Operation)
	if e.Exhausted() {
		return "no AWS credentials: not in the environment, not in ~/.aws, not from the instance"
	}
	if e.Code == "" {
		return fmt.Sprintf("no AWS credentials: %s", strings.Join(strings.Fields(f.Message), " "))
	}
	return fmt.Sprintf("AWS does not accept the credentials: %s: %s: %s", e.Operation, e.Code, strings.Join(strings.Fields(f.Message), " "))
}

// CredentialsEnded explains credentials that ended during an audit, which keeps its own exit status: what was read until
// then is true, and what was not is unknown.
func CredentialsEnded(e *awsapi.CredentialsError) Diagnosis {
	why := awsapi.Classify(e, e.Operation)
	return Diagnosis{
		Lines: []string{fmt.Sprintf("the AWS credentials ended during the audit (%s): what was not read by then is unknown", why.Code)},
		Hint:  "run `aws sso login`, or renew them where they came from, and audit again",
	}
}

func credentialsHint(e *awsapi.CredentialsError) string {
	switch e.Code {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
		return "the credentials have expired: run `aws sso login`, or renew them where they came from"
	case "SignatureDoesNotMatch", "InvalidSignatureException":
		return "the secret key does not belong to the access key, or this machine's clock is wrong"
	case "":
		return "run `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; to try it without an account: `glueguard demo`"
	}
	return "run `aws sso login`, or check AWS_PROFILE and the access key; `aws sts get-caller-identity` must work first"
}

// Print writes a diagnosis down.
func (d Diagnosis) Print(w io.Writer) {
	for _, l := range d.Lines {
		fmt.Fprintf(w, "glueguard: %s\n", l)
	}
	if d.Hint != "" {
		fmt.Fprintf(w, "  hint: %s\n", d.Hint)
	}
}
