// Package report writes an audit down for people and programs: one file per format, each a Writer that streams, so
// that a report costs the same memory for a hundred thousand findings as for ten.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// Source is a stored audit to be written. The Each methods stream in the order of store.AuditReader, any number of
// times, and return the callback's error.
type Source interface {
	Head() store.Audit
	EachCoverage(yield func(resource.Coverage) error) error
	EachFinding(yield func(finding.Finding) error) error
}

// Writer writes an audit in one format.
type Writer interface {
	Write(w io.Writer, audit Source) error
}

// Look says what a format for people may make use of. The zero Look is plain text for a file or a pipe.
type Look struct {
	Terminal bool      // columns, and lists cut to what a person reads
	Color    bool      // ANSI colours
	Width    int       // columns of the terminal; 0: not known
	Files    []string  // files written beside this report, to be named at its end
	Brief    bool      // leave the steps of a plan out
	Filtered bool      // a list of changes holds only some of them
	Now      time.Time // up to when what a change's twins cost is counted
	Version  string    // of the program, for formats that name what made them; may be empty
}

// Format is a format that users can ask for by name.
type Format struct {
	Name  string
	About string // a few words for the help
	New   func(Look) Writer
}

// Formats lists every format, in the order of the help. To add one, write its file and name it here.
func Formats() []Format {
	return []Format{
		{Name: "table", About: "for people", New: func(l Look) Writer { return newTable(l) }},
		{Name: "json", About: "one document, schema glueguard.audit/v1", New: func(Look) Writer { return jsonWriter{} }},
		{Name: "jsonl", About: "one JSON object per line: head, coverage, findings", New: func(Look) Writer { return linesWriter{} }},
		{Name: "markdown", About: "for tickets and wikis", New: func(Look) Writer { return markdownWriter{} }},
		{Name: "csv", About: "a line for each finding, for spreadsheets", New: func(Look) Writer { return csvWriter{} }},
		{Name: "html", About: "one page, searchable, that needs no network", New: func(l Look) Writer { return htmlWriter{version: l.Version} }},
		{Name: "junit", About: "test results, a suite for each location", New: func(Look) Writer { return junitWriter{} }},
		{Name: "sarif", About: "SARIF 2.1.0, for code scanning", New: func(l Look) Writer { return sarifWriter{version: l.Version} }},
		{Name: "ocsf", About: "OCSF " + ocsfVersion + " Compliance Findings", New: func(l Look) Writer { return ocsfWriter{version: l.Version} }},
		{Name: "asff", About: "AWS Security Hub's findings, as BatchImportFindings takes them", New: func(l Look) Writer { return asffWriter{version: l.Version} }},
	}
}

// UnknownFormatError means that a format was asked for that does not exist.
type UnknownFormatError struct {
	Name  string
	Known []string
}

func (e *UnknownFormatError) Error() string {
	return fmt.Sprintf("unknown output format %q: want one of %s", e.Name, strings.Join(e.Known, ", "))
}

// Lookup returns the format of that name, or *UnknownFormatError.
func Lookup(name string) (Format, error) {
	formats := Formats()
	i := slices.IndexFunc(formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, &UnknownFormatError{Name: name, Known: Names()}
	}
	return formats[i], nil
}

// Names lists the names of all formats.
func Names() []string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return names
}
