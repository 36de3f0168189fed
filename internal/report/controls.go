package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
)

// ControlsSchema names the version of the document that lists controls.
const ControlsSchema = "glueguard.controls/v1"

// ControlsFormat is a format that the list of controls can be written in.
type ControlsFormat struct {
	Name  string
	About string // a few words for the help
	Write func(w io.Writer, l Look, c control.Catalogue) error
}

// ControlFormat is a format that one control can be written in.
type ControlFormat struct {
	Name  string
	About string // a few words for the help
	Write func(w io.Writer, l Look, c control.Catalogue, d control.Document) error
}

// ControlsFormats lists the formats of the list of controls, in the order of the help.
func ControlsFormats() []ControlsFormat {
	return []ControlsFormat{
		{Name: "table", About: "for people", Write: listControls},
		{Name: "json", About: "one document, schema " + ControlsSchema, Write: writeControlsJSON},
	}
}

// ControlFormats lists the formats of one control, in the order of the help.
func ControlFormats() []ControlFormat {
	return []ControlFormat{
		{Name: "text", About: "for people", Write: showControl},
		{Name: "json", About: "one document, schema " + control.DocumentSchema, Write: writeControlJSON},
		{Name: "markdown", About: "as in docs/controls.md", Write: writeControlMarkdown},
	}
}

// LookupControls returns the format of that name, or *UnknownFormatError.
func LookupControls(name string) (ControlsFormat, error) {
	formats := ControlsFormats()
	i := slices.IndexFunc(formats, func(f ControlsFormat) bool { return f.Name == name })
	if i < 0 {
		return ControlsFormat{}, &UnknownFormatError{Name: name, Known: ControlsFormatNames()}
	}
	return formats[i], nil
}

// LookupControl returns the format of that name, or *UnknownFormatError.
func LookupControl(name string) (ControlFormat, error) {
	formats := ControlFormats()
	i := slices.IndexFunc(formats, func(f ControlFormat) bool { return f.Name == name })
	if i < 0 {
		return ControlFormat{}, &UnknownFormatError{Name: name, Known: ControlFormatNames()}
	}
	return formats[i], nil
}

// ControlsFormatNames lists the names of the formats of the list of controls.
func ControlsFormatNames() []string {
	var names []string
	for _, f := range ControlsFormats() {
		names = append(names, f.Name)
	}
	return names
}

// ControlFormatNames lists the names of the formats of one control.
func ControlFormatNames() []string {
	var names []string
	for _, f := range ControlFormats() {
		names = append(names, f.Name)
	}
	return names
}

func writeControlsJSON(w io.Writer, _ Look, c control.Catalogue) error {
	return writeDocument(w, struct {
		Schema     string              `json:"schema"`
		Controls   []control.Document  `json:"controls"`
		Frameworks []control.Framework `json:"frameworks"`
	}{ControlsSchema, c.Documents, c.Frameworks})
}

func writeControlJSON(w io.Writer, _ Look, _ control.Catalogue, d control.Document) error {
	return writeDocument(w, struct {
		Schema string `json:"schema"`
		control.Document
	}{control.DocumentSchema, d})
}

// writeDocument writes JSON for programs that people read, too. It leaves <, > and & as they are.
func writeDocument(w io.Writer, document any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(document)
}

// listControls writes a line for each control, or two where the terminal is too narrow for one.
func listControls(w io.Writer, l Look, c control.Catalogue) error {
	out, ink := bufio.NewWriter(w), newInk(l.Color)
	rows := [][]string{{"CONTROL", "LEVEL", "SEVERITY", "RESOURCE", "TITLE"}}
	for _, d := range c.Documents {
		rows = append(rows, []string{string(d.ID), fmt.Sprint(d.Profile.Level), string(d.Severity), string(d.Resource), d.Title})
	}
	columns := widths(rows)
	wide := 2 * (len(columns) - 1)
	for _, n := range columns {
		wide += n
	}
	page := controlPage{out: out, ink: ink, width: l.Width}
	for n, row := range rows {
		if l.Terminal && l.Width > 0 && wide > l.Width {
			if n > 0 {
				fmt.Fprintf(out, "%s  level %s, %s, %s\n", ink.strong(row[0]), row[1], row[2], row[3])
				page.hanging("  ", row[4])
			}
			continue
		}
		line := ""
		for k, text := range row {
			line += pad(text, columns[k]) + "  "
		}
		line = strings.TrimRight(line, " ")
		if n == 0 {
			line = ink.dim(line)
		}
		fmt.Fprintln(out, line)
	}
	fmt.Fprintln(out)
	var frameworks []string
	for _, f := range c.Frameworks {
		frameworks = append(frameworks, string(f.ID))
	}
	if !l.Terminal {
		page.width = 0
	}
	page.hanging("", "All there is to say of one: glueguard controls show CONTROL")
	page.hanging("", "A stored audit by the requirements of a framework: glueguard report --framework FRAMEWORK, one of "+strings.Join(frameworks, ", "))
	return out.Flush()
}
