package plan

import "fmt"

// Fault says in which way a file is not a plan.
type Fault string

// The faults.
const (
	NotJSON      Fault = "not-json"
	WrongSchema  Fault = "wrong-schema"  // another kind of document, or of another release
	UnknownField Fault = "unknown-field" // a field that this release does not know
	WrongType    Fault = "wrong-type"
)

// FormatError is a file that is not a plan of this release.
type FormatError struct {
	File   string
	Fault  Fault
	Line   int    // from 1; 0: not known
	Schema string // WrongSchema: what it says it is
	Err    error  // the decoder's words
}

func (e *FormatError) Error() string { return fmt.Sprintf("%s: not a plan", e.File) }

// Unwrap returns the decoder's error.
func (e *FormatError) Unwrap() error { return e.Err }

// TamperedError is a plan that was changed after it was made.
type TamperedError struct {
	File   string
	Digest string // as written in the file
	Actual string // of what the file says
}

func (e *TamperedError) Error() string { return fmt.Sprintf("%s: changed", e.File) }

// Decode reads a plan as Encode wrote it, strictly: *FormatError where it is not one, *TamperedError where anything in
// it was changed since, even its white space.
func Decode(file string, src []byte) (Plan, error) { return Plan{}, nil }
