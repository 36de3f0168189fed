package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Fault says in which way a file is not a plan.
type Fault string

// The faults.
const (
	NotJSON      Fault = "not-json"
	WrongSchema  Fault = "wrong-schema"  // another kind of document, or of another release
	UnknownField Fault = "unknown-field" // a field that this release does not know
	WrongType    Fault = "wrong-type"    // a field that holds something else than it should
)

// FormatError is a file that is not a plan of this release.
type FormatError struct {
	File   string
	Fault  Fault
	Line   int    // from 1; 0: not known
	Schema string // WrongSchema: what the file says that it is
	Field  string // WrongType: which
	Err    error  // the decoder's; nil under WrongSchema
}

func (e *FormatError) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	switch e.Fault {
	case WrongSchema:
		if e.Schema == "" {
			return fmt.Sprintf("%s: it is no plan: it names no schema, and a plan's is %q", at, Schema)
		}
		return fmt.Sprintf("%s: its schema is %q, and this release reads %q", at, e.Schema, Schema)
	case UnknownField:
		return fmt.Sprintf("%s: a field that this release does not know: %v", at, e.Err)
	case WrongType:
		return fmt.Sprintf("%s: a field does not hold what it should: %v", at, e.Err)
	}
	return fmt.Sprintf("%s: it is not JSON: %v", at, e.Err)
}

// Unwrap returns the decoder's error.
func (e *FormatError) Unwrap() error { return e.Err }

// TamperedError is a plan that was changed after it was made.
type TamperedError struct {
	File   string
	Digest string // as written in the file
	Actual string // of what the file says; the same as Digest where only the text around it was changed
}

func (e *TamperedError) Error() string {
	if e.Digest == e.Actual {
		return fmt.Sprintf("%s: the plan is not as it was written: it says the same, but its text was changed", e.File)
	}
	return fmt.Sprintf("%s: the plan was changed after it was made: its digest is %s, and it says %s", e.File, e.Actual, e.Digest)
}

// Decode reads a plan as Encode wrote it, strictly: *FormatError where it is not one, *TamperedError where anything in
// it was changed since, even its white space. File is what errors call it.
func Decode(file string, src []byte) (Plan, error) {
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(src, &head); err != nil {
		return Plan{}, malformed(file, src, err)
	}
	if head.Schema != Schema {
		return Plan{}, &FormatError{File: file, Fault: WrongSchema, Schema: head.Schema}
	}
	var p Plan
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return Plan{}, malformed(file, src, err)
	}
	if err := untouched(file, src, p); err != nil {
		return Plan{}, err
	}
	return p, nil
}

// untouched compares the plan with its digest, and the file with what that plan would be written as: JSON allows the
// same to be said in several ways (a field twice, in other case), and an approver should not read another than apply.
func untouched(file string, src []byte, p Plan) error {
	actual, err := p.DigestOf()
	if err != nil {
		return err
	}
	sealed, err := Seal(p)
	if err != nil {
		return err
	}
	for _, digest := range []string{actual, sealed.Digest} {
		if digest != p.Digest {
			return &TamperedError{File: file, Digest: p.Digest, Actual: digest}
		}
	}
	text, err := sealed.Encode()
	if err != nil {
		return err
	}
	if !bytes.Equal(text, src) {
		return &TamperedError{File: file, Digest: p.Digest, Actual: sealed.Digest}
	}
	return nil
}

// malformed says in which way the decoder refused the file.
func malformed(file string, src []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return &FormatError{File: file, Fault: NotJSON, Line: line(src, syntax.Offset), Err: err}
	case errors.As(err, &kind):
		if kind.Field == "" || kind.Field == "schema" {
			return &FormatError{File: file, Fault: WrongSchema}
		}
		return &FormatError{File: file, Fault: WrongType, Line: line(src, kind.Offset), Field: kind.Field, Err: err}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &FormatError{File: file, Fault: NotJSON, Err: err}
	}
	return &FormatError{File: file, Fault: unclear(src), Err: err}
}

// unclear tells two errors apart that the decoder gives no type of its own, a field that it does not know and a time that
// is none: without the strictness only the second is left.
func unclear(src []byte) Fault {
	var p Plan
	if json.Unmarshal(src, &p) == nil {
		return UnknownField
	}
	return WrongType
}

// line is the line of an offset, from 1.
func line(src []byte, offset int64) int {
	return 1 + bytes.Count(src[:min(int(offset), len(src))], []byte("\n"))
}
