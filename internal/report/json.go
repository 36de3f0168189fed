package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// AuditSchema names the version of the audit document.
const AuditSchema = "glueguard.audit/v1"

// auditHead is the head of the audit document, in the order of its fields.
type auditHead struct {
	Schema     string        `json:"schema"`
	ID         string        `json:"id"`
	StartedAt  string        `json:"started_at"`
	FinishedAt string        `json:"finished_at"` // empty for an audit that never finished
	Policy     auditPolicy   `json:"policy"`
	Summary    store.Summary `json:"summary"`
}

type auditPolicy struct {
	Profile string `json:"profile"`
	Digest  string `json:"digest"`
}

func headOf(a store.Audit) auditHead {
	return auditHead{
		Schema: AuditSchema, ID: a.ID, StartedAt: timestamp(a.StartedAt), FinishedAt: timestamp(a.FinishedAt),
		Policy:  auditPolicy{Profile: a.PolicyProfile, Digest: a.PolicyDigest},
		Summary: a.Summary,
	}
}

func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// complete replaces what is nil by what is empty: the contract has lists and objects there, never null.
func complete(f finding.Finding) finding.Finding {
	if f.Resource.Tags == nil {
		f.Resource.Tags = map[string]string{}
	}
	if f.Advisories == nil {
		f.Advisories = []control.Advisory{}
	}
	return f
}

// jsonWriter writes the audit document with one line for each coverage entry and finding, so that it streams, and
// that two audits can be compared line by line.
type jsonWriter struct{}

func (jsonWriter) Write(w io.Writer, audit Source) error {
	out := bufio.NewWriterSize(w, 64<<10)
	head, err := newEncoder().marshal(headOf(audit.Head()))
	if err != nil {
		return fmt.Errorf("write the head: %w", err)
	}
	// The head's closing brace makes way for the two lists. bufio keeps the first error for Flush.
	out.Write(head[:len(head)-1])            //nolint:errcheck // see above
	out.WriteString(",\n \"coverage\": [\n") //nolint:errcheck // see above
	if err := writeList(out, audit.EachCoverage); err != nil {
		return fmt.Errorf("write the coverage: %w", err)
	}
	out.WriteString("],\n \"findings\": [\n") //nolint:errcheck // see above
	c := comparisonOf(audit)
	each := func(yield func(*comparedFinding) error) error {
		var line comparedFinding
		return audit.EachFinding(func(f finding.Finding) error {
			line = comparedFinding{complete(f), c.Of(f.ID)}
			return yield(&line)
		})
	}
	if err := writeList(out, each); err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	out.WriteString("]") //nolint:errcheck // see above
	if c != nil {
		if err := writeSince(out, c); err != nil {
			return fmt.Errorf("write the comparison: %w", err)
		}
	}
	out.WriteString("}\n") //nolint:errcheck // see above
	return out.Flush()
}

func writeList[T any](out *bufio.Writer, each func(func(T) error) error) error {
	first, lines := true, newEncoder()
	var byHand jsonText
	err := each(func(item T) (err error) {
		var line []byte
		if a, ok := any(item).(jsonAppender); ok {
			byHand = a.appendTo(byHand[:0])
			line = byHand
		} else if line, err = lines.marshal(item); err != nil {
			return err
		}
		if !first {
			out.WriteString(",\n") //nolint:errcheck // bufio keeps it for the next write
		}
		first = false
		out.WriteString("  ") //nolint:errcheck // as above
		_, err = out.Write(line)
		return err
	})
	if err == nil && !first {
		return out.WriteByte('\n')
	}
	return err
}

// encoder marshals one value after the other into the same memory. It leaves <, > and & as they are: AWS's messages
// have them, and nothing here goes into a web page unescaped.
type encoder struct {
	buffer bytes.Buffer
	json   *json.Encoder
}

func newEncoder() *encoder {
	e := new(encoder)
	e.json = json.NewEncoder(&e.buffer)
	e.json.SetEscapeHTML(false)
	return e
}

// marshal returns a value's JSON, good until the next call.
func (e *encoder) marshal(v any) ([]byte, error) {
	e.buffer.Reset()
	if err := e.json.Encode(v); err != nil {
		return nil, err
	}
	return e.buffer.Bytes()[:e.buffer.Len()-1], nil // without the newline
}

// linesWriter writes one object per line; the field "type" comes first and says which.
type linesWriter struct{}

func (linesWriter) Write(w io.Writer, audit Source) error {
	out, lines := bufio.NewWriterSize(w, 64<<10), newEncoder()
	if err := lines.writeLine(out, struct {
		Type string `json:"type"`
		auditHead
	}{"head", headOf(audit.Head())}); err != nil {
		return err
	}
	err := audit.EachCoverage(func(c resource.Coverage) error {
		return lines.writeLine(out, struct {
			Type string `json:"type"`
			resource.Coverage
		}{"coverage", c})
	})
	if err != nil {
		return fmt.Errorf("write the coverage: %w", err)
	}
	c := comparisonOf(audit)
	var line linedFinding
	var byHand jsonText
	err = audit.EachFinding(func(f finding.Finding) error {
		line = linedFinding{"finding", comparedFinding{complete(f), c.Of(f.ID)}}
		byHand = append(line.appendTo(byHand[:0]), '\n')
		_, err := out.Write(byHand)
		return err
	})
	if err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	if c != nil {
		if err := lines.writeSinceLines(out, c); err != nil {
			return fmt.Errorf("write the comparison: %w", err)
		}
	}
	return out.Flush()
}

func (e *encoder) writeLine(out *bufio.Writer, v any) error {
	line, err := e.marshal(v)
	if err != nil {
		return err
	}
	out.Write(line) //nolint:errcheck // bufio keeps it for the next write
	return out.WriteByte('\n')
}
