package resource

import "fmt"

// FailureClass says in which way a read failed. Its text is the coverage status of the audit's JSON contract.
type FailureClass string

// The classes of failed reads.
const (
	Denied      FailureClass = "denied"      // AWS refused on permissions, or the role could not be assumed
	Throttled   FailureClass = "throttled"   // refused for rate until the retries ended
	Unsupported FailureClass = "unsupported" // the service or operation does not exist in this region
	Excluded    FailureClass = "excluded"    // the policy accepts that this read is denied, with a reason and an end date
	Skipped     FailureClass = "skipped"     // never asked for, e.g. a suspended account
	Interrupted FailureClass = "interrupted" // the audit was stopped before the read ended
	Errored     FailureClass = "error"       // anything else: server errors, timeouts, answers that can't be decoded
)

// The codes of failures that AWS gave no code, because no answer came.
const (
	NoSuchHost    = "NoSuchHost"    // the service's host name does not exist
	NoCredentials = "NoCredentials" // the caller's own credentials could not be had or renewed
)

// CredentialsEnded tells whether a failure's code says that the caller's credentials are accepted no more.
func CredentialsEnded(code string) bool {
	switch code {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", NoCredentials:
		return true
	}
	return false
}

// Failure is why a fact is not known: the AWS operation that failed and AWS's own words.
type Failure struct {
	Operation string       `json:"operation"` // e.g. "glue:GetDevEndpoints"
	Class     FailureClass `json:"class"`
	Code      string       `json:"code,omitempty"` // AWS's error code, or one of those above, or empty
	Message   string       `json:"message,omitempty"`
}

func (f Failure) Error() string {
	if f.Code == "" {
		return fmt.Sprintf("%s: %s: %s", f.Operation, f.Class, f.Message)
	}
	return fmt.Sprintf("%s: %s: %s: %s", f.Operation, f.Class, f.Code, f.Message)
}

// Fact is something read from AWS: known, known to be absent, or unknown with the failure that kept it so.
// The zero Fact is unknown ("never read"), so a forgotten fact can't pass for an absent one.
type Fact[T any] struct {
	value   T
	state   factState
	failure Failure
}

type factState uint8

const (
	stateUnknown factState = iota
	stateKnown
	stateAbsent
)

// Known is a fact that was read.
func Known[T any](value T) Fact[T] { return Fact[T]{value: value, state: stateKnown} }

// Absent is a thing that AWS said does not exist.
func Absent[T any]() Fact[T] { return Fact[T]{state: stateAbsent} }

// Unknown is a fact whose read failed.
func Unknown[T any](f Failure) Fact[T] { return Fact[T]{failure: f} }

// Value returns the value and whether it is known. An absent or unknown fact gives the zero value and false.
func (f Fact[T]) Value() (T, bool) { return f.value, f.state == stateKnown }

// IsKnown tells whether the value was read.
func (f Fact[T]) IsKnown() bool { return f.state == stateKnown }

// IsAbsent tells whether AWS said that the thing does not exist.
func (f Fact[T]) IsAbsent() bool { return f.state == stateAbsent }

// IsUnknown tells whether the read failed or never happened.
func (f Fact[T]) IsUnknown() bool { return f.state == stateUnknown }

// Failure says why the fact is unknown; for a fact that was never read it says that.
func (f Fact[T]) Failure() Failure {
	if f.state == stateUnknown && f.failure == (Failure{}) {
		return Failure{Class: Errored, Message: "this fact was never read"}
	}
	return f.failure
}
