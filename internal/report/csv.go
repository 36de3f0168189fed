package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
)

// csvWriter writes a line for each finding, one for each that a comparison misses, and one for each read that failed: a
// sheet without these would look complete. What spreadsheets would take for a formula is written as text.
type csvWriter struct{}

// csvColumns are the header. Columns are only ever added at the end.
func csvColumns() []string {
	return []string{
		"record", "audit_id", "audit_started_at", "finding_id", "status", "severity", "control", "reason", "message",
		"account", "region", "resource_type", "resource_name", "resource_id", "resource_arn",
		"encryption_mode", "kms_key", "security_configuration", "advisories", "what_to_do", "command",
		"exception_reason", "exception_owner", "exception_expires", "exception_expired", "tags", "change",
	}
}

func (csvWriter) Write(w io.Writer, audit Source) error {
	out, head := csv.NewWriter(w), audit.Head()
	columns := csvColumns()
	out.Write(columns) //nolint:errcheck // it keeps the first error for Error
	about := []string{head.ID, timestamp(head.StartedAt)}
	row := make([]string, 0, len(columns))
	since := comparisonOf(audit)
	write := func(record string, f finding.Finding, fate Fate) error {
		row = append(csvFinding(append(append(row[:0], record), about...), f), string(fate))
		return out.Write(row)
	}
	err := audit.EachFinding(func(f finding.Finding) error { return write("finding", f, since.Of(f.ID)) })
	if err == nil && since != nil { // as they were then: the audit itself does not have them
		err = since.EachGone(func(f finding.Finding, fate Fate) error { return write("gone", f, fate) })
	}
	if err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	err = audit.EachCoverage(func(c resource.Coverage) error {
		if !c.Unread() {
			return nil
		}
		row = append(append(row[:0], "unread"), about...)
		row = append(row, "", string(control.Unknown), "", "", c.Status, cellText(unreadWords(c)), c.Account, c.Region)
		for len(row) < len(columns) {
			row = append(row, "")
		}
		return out.Write(row)
	})
	if err != nil {
		return fmt.Errorf("write the coverage: %w", err)
	}
	out.Flush()
	return out.Error()
}

func csvFinding(row []string, f finding.Finding) []string {
	r, e, remedy := f.Resource, f.Encryption, control.RemedyOf(f.Outcome)
	row = append(
		row, f.ID, string(f.Status), string(f.Severity), string(f.Control), string(f.Reason), cellText(f.Message),
		r.Account, r.Region, string(r.Type), cellText(r.Name), cellText(r.ID), cellText(r.ARN),
		string(e.Mode), cellText(e.KMSKey), cellText(e.SecurityConfiguration), cellText(advisoryWords(f)), remedy.Advice, cellText(remedy.Command),
	)
	if x := f.Exception; x != nil {
		row = append(row, cellText(x.Reason), cellText(x.Owner), x.Expires, strconv.FormatBool(x.Expired))
	} else {
		row = append(row, "", "", "", "")
	}
	return append(row, cellText(tagWords(r.Tags)))
}

// cellText keeps spreadsheets from running what others wrote. They take a cell for a formula by its first character,
// full-width forms included; an apostrophe before it makes it text, as in the spreadsheets themselves.
func cellText(text string) string {
	text = tidy(text)
	if first, _ := utf8.DecodeRuneInString(text); text != "" && strings.ContainsRune("=+-@＝＋－＠", first) {
		return "'" + text
	}
	return text
}
