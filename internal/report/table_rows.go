package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
)

// row is a finding, made ready to be shown.
type row struct {
	severity, kind, name, arn, control, mode, reason, message string

	why, longWhy string // the reason in plain words; the longer one names things
	advice       string // what refers to the list of what to do
}

func rowOf(f finding.Finding) row {
	r := row{
		severity: string(f.Severity), kind: kindOf(f.Control), name: clean(nameOf(f.Resource)),
		arn: clean(cmp.Or(f.Resource.ARN, nameOf(f.Resource))), control: string(f.Control),
		mode: cmp.Or(string(f.Encryption.Mode), "-"), reason: string(f.Reason), message: clean(f.Message),
		advice: control.RemedyOf(f.Outcome).Advice,
	}
	r.why, r.longWhy = whyOf(f)
	if e := f.Exception; e != nil && e.Expired {
		r.why += " (exception expired)"
		r.longWhy += " (exception expired " + e.Expires + ")"
	}
	return r
}

func nameOf(r resource.Ref) string { return cmp.Or(r.Name, r.ID, r.ARN) }

// kindOf is the short word for a control in lists, its id where there is none.
func kindOf(id control.ID) string {
	switch id {
	case control.DevEndpointS3:
		return "endpoint S3"
	case control.DevEndpointLogs:
		return "endpoint logs"
	case control.MLTransform:
		return "ML transform"
	case control.KeyManagement:
		return "KMS key"
	}
	return string(id)
}

// whyOf says a finding's reason in plain words, shortly and with the security configuration's name.
func whyOf(f finding.Finding) (short, long string) {
	text := reasonWords(f.Reason)
	short, _, _ = strings.Cut(text, " in configuration")
	name := f.Encryption.SecurityConfiguration
	if name == "" {
		return short, short
	}
	return short, strings.Replace(text, "configuration", "configuration "+strconv.Quote(clean(name)), 1)
}

// reasonWords says a reason in plain words; whyOf puts a name behind the word configuration, or takes " in
// configuration" away. A reason that is missing here is shown as its code without dashes.
func reasonWords(r control.Reason) string {
	switch r {
	case control.NoConfiguration:
		return "no security configuration"
	case control.ConfigurationMissing:
		return "configuration missing"
	case control.ConfigurationUnread:
		return "configuration unreadable"
	case control.S3EncryptionAbsent:
		return "no S3 encryption in configuration"
	case control.S3EncryptionDisabled:
		return "S3 encryption off in configuration"
	case control.LogEncryptionAbsent:
		return "no log encryption in configuration"
	case control.LogEncryptionDisabled:
		return "log encryption off in configuration"
	case control.BelowRequiredMode:
		return "weaker than demanded"
	case control.UserDataDisabled:
		return "user data not encrypted"
	case control.ModeUnrecognised:
		return "mode not known to us"
	}
	return keyReasonWords(r)
}

func keyReasonWords(r control.Reason) string {
	switch r {
	case control.KeyMissing:
		return "does not exist"
	case control.KeyPolicyWildcard:
		return "open to everyone"
	case control.KeyPendingDeletion:
		return "waits to be deleted"
	case control.KeyDisabled:
		return "is disabled"
	case control.KeyUnavailable:
		return "is not available"
	case control.KeyUsageUnfit, control.KeySpecUnfit:
		return "not for encrypting data"
	case control.KeyRegionMismatch:
		return "used from another region"
	case control.KeyPolicyOutside:
		return "open to outsiders"
	case control.KeyNotAllowed:
		return "not allowed by the policy"
	case control.KeyRotationOff:
		return "rotation is off"
	case control.KeyUnreadable:
		return "unreadable"
	case control.KeyPolicyUnreadable:
		return "key policy unreadable"
	case control.KeyRotationUnread:
		return "rotation unreadable"
	}
	return strings.ReplaceAll(string(r), "-", " ")
}

// group is what there is to show of one location.
type group struct {
	place string
	rows  []row
	total int // of rows, before the list was cut
}

// grouping gathers the findings of one location after the other.
type grouping struct {
	emit func(group)

	place string
	rows  []row
}

func (g *grouping) add(f finding.Finding) {
	if place := placeOf(f.Resource.Account, f.Resource.Region); place != g.place {
		g.flush()
		g.place = place
	}
	g.rows = append(g.rows, rowOf(f))
}

// flush emits the location that is complete, the worst first. The rows are the callee's until it returns.
func (g *grouping) flush() {
	if len(g.rows) == 0 {
		return
	}
	slices.SortStableFunc(g.rows, func(a, b row) int { return cmp.Compare(weight(b.severity), weight(a.severity)) })
	g.emit(group{place: g.place, rows: g.rows, total: len(g.rows)})
	g.rows = g.rows[:0]
}

func placeOf(account, region string) string { return strings.TrimSpace(account + " " + region) }

func weight(severity string) int {
	switch control.Severity(severity) {
	case control.High:
		return 3
	case control.Medium:
		return 2
	case control.Low:
		return 1
	}
	return 0
}

// judgeable tells whether a finding is unknown though its resource was listed; the coverage tells of the others.
func judgeable(f finding.Finding) bool {
	return f.Status == control.Unknown && f.Reason != control.ListingFailed
}
