package console

import (
	"cmp"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// mark is a state as people see it: a word, a shape, and the colour that belongs to it.
type mark struct{ Word, Icon, Tone string }

// statusMark is how a finding's status is shown.
func statusMark(s control.Status) mark {
	switch s {
	case control.Pass:
		return mark{"Pass", "pass", "pass"}
	case control.Fail:
		return mark{"Fail", "fail", "fail"}
	case control.Unknown:
		return mark{"Unknown", "unknown", "unknown"}
	case control.Exempt:
		return mark{"Exempt", "exempt", "exempt"}
	case control.NotApplicable:
		return mark{"Not applicable", "none", "none"}
	}
	return mark{string(s), "dot", "none"}
}

// changeMark is how a change's state is shown.
func changeMark(s change.State) mark {
	switch s {
	case change.Running:
		return mark{"Running", "run", "busy"}
	case change.Waiting:
		return mark{"Waiting", "pause", "unknown"}
	case change.Done:
		return mark{"Done", "pass", "pass"}
	case change.Finalized:
		return mark{"Finalized", "seal", "pass"}
	case change.RefusedAt:
		return mark{"Refused", "stop", "fail"}
	case change.BackingOut:
		return mark{"Backing out", "undo", "busy"}
	case change.BackedOut:
		return mark{"Backed out", "undo", "exempt"}
	case change.FailedAt:
		return mark{"Failed", "fail", "fail"}
	case change.Regressed:
		return mark{"Regressed", "warn", "fail"}
	}
	return mark{string(s), "dot", "none"}
}

// requestMark is how a request's state is shown.
func requestMark(s store.RequestState) mark {
	switch s {
	case store.RequestPending:
		return mark{"Waits for approval", "clock", "unknown"}
	case store.RequestApproved:
		return mark{"May be started", "pass", "pass"}
	case store.RequestRejected:
		return mark{"Rejected", "fail", "fail"}
	case store.RequestWithdrawn:
		return mark{"Withdrawn", "undo", "none"}
	case store.RequestExpired:
		return mark{"Expired", "clock", "none"}
	case store.RequestQueued:
		return mark{"Queued", "dot", "busy"}
	case store.RequestRunning:
		return mark{"Running", "run", "busy"}
	case store.RequestEnded:
		return mark{"Ended", "seal", "none"}
	}
	return mark{string(s), "dot", "none"}
}

// exceptionMark is how an exception's state is shown.
func exceptionMark(e openapi.Exception) mark {
	switch {
	case e.Expired && (e.State == openapi.ExceptionStateApproved || e.State == openapi.ExceptionStateFile):
		return mark{"Over", "clock", "none"}
	case e.State == openapi.ExceptionStateProposed:
		return mark{"Proposed", "clock", "unknown"}
	case e.State == openapi.ExceptionStateApproved:
		return mark{"In force", "exempt", "exempt"}
	case e.State == openapi.ExceptionStateFile:
		return mark{"In force, by the policy's file", "exempt", "exempt"}
	case e.State == openapi.ExceptionStateRejected:
		return mark{"Rejected", "fail", "fail"}
	case e.State == openapi.ExceptionStateEnded:
		return mark{"Ended", "none", "none"}
	}
	return mark{string(e.State), "dot", "none"}
}

// kindWord names what a request asks for.
func kindWord(k store.RequestKind) string {
	switch k {
	case store.RequestAudit:
		return "Audit"
	case store.RequestApply:
		return "Apply a plan"
	case store.RequestResume:
		return "Resume a change"
	case store.RequestBackout:
		return "Back out a change"
	case store.RequestFinalize:
		return "Finalize a change"
	case store.RequestCleanup:
		return "Clean up"
	}
	return string(k)
}

// modeWord is an encryption mode in the procedures' words.
func modeWord(m resource.Mode) string {
	switch m {
	case resource.ModeNone, resource.ModeDisabled:
		return "None"
	case "":
		return "Not known"
	}
	return string(m)
}

// modeMark says of a mode whether it encrypts.
func modeMark(m resource.Mode) mark {
	switch {
	case m == "" || !m.Recognised() && m != resource.ModeNone:
		return mark{modeWord(m), "unknown", "unknown"}
	case m.Encrypts():
		return mark{modeWord(m), "lock", "pass"}
	}
	return mark{modeWord(m), "open", "fail"}
}

// typeWord names a resource type as the AWS console does.
func typeWord(t resource.Type) string {
	switch t {
	case resource.TypeDevEndpoint:
		return "Development endpoint"
	case resource.TypeMLTransform:
		return "ML transform"
	case resource.TypeKey:
		return "KMS key"
	case resource.TypeSecurityConfiguration:
		return "Security configuration"
	}
	return string(t)
}

// controlWord is a control's name where there is little room.
func controlWord(id control.ID) string {
	switch id {
	case control.DevEndpointS3:
		return "S3 encryption"
	case control.DevEndpointLogs:
		return "Log encryption"
	case control.MLTransform:
		return "Encryption at rest"
	case control.KeyManagement:
		return "Key management"
	}
	return string(id)
}

// sentence makes a code readable: "no-security-configuration" is "No security configuration".
func sentence(code string) string {
	text := strings.NewReplacer("-", " ", "_", " ").Replace(code)
	text = strings.NewReplacer("sse s3", "SSE-S3", "sse kms", "SSE-KMS", "s3 ", "S3 ", "kms", "KMS").Replace(text) // the longer ones first
	return upper(text)
}

// upper begins a text with a capital, unless it begins with an ARN.
func upper(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 || strings.HasPrefix(text, "arn:") {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// number writes a count as people read it.
func number(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// count is a number with its noun: 1 finding, 2 findings.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") && !strings.HasSuffix(noun, "ey") && !strings.HasSuffix(noun, "ay") {
		return number(n) + " " + strings.TrimSuffix(noun, "y") + "ies"
	}
	return number(n) + " " + noun + "s"
}

// span is a length of time, roughly: 45 s, 3 min 20 s, 2 h 5 min, 3 days.
func span(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Second:
		return "under 1 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return two(int(d.Minutes()), "min", int(d.Seconds())%60, "s")
	case d < 48*time.Hour:
		return two(int(d.Hours()), "h", int(d.Minutes())%60, "min")
	}
	return count(int(d.Hours())/24, "day")
}

func two(most int, unit string, least int, smaller string) string {
	if least == 0 {
		return fmt.Sprintf("%d %s", most, unit)
	}
	return fmt.Sprintf("%d %s %d %s", most, unit, least, smaller)
}

// distance says how far a time is from now: "3 min ago", "in 2 h".
func distance(now, at time.Time) string {
	d := now.Sub(at)
	switch {
	case at.IsZero():
		return "never"
	case d < 0:
		return "in " + roughly(-d)
	case d < 5*time.Second:
		return "just now"
	}
	return roughly(d) + " ago"
}

// roughly is a length of time in its largest unit.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(1, int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return count(int(d.Hours())/24, "day")
}

// middle shortens a long text in its middle, where names differ least.
func middle(text string, most int) string {
	r := []rune(text)
	if len(r) <= most || most < 3 {
		return text
	}
	head := most * 2 / 3
	return string(r[:head]) + "…" + string(r[len(r)-(most-head-1):])
}

// scopeWords says what an audit covers. It takes a scope, or a pointer to one that may be nil, as operations have them.
func scopeWords(scope any) string {
	var s store.AuditScope
	switch given := scope.(type) {
	case store.AuditScope:
		s = given
	case *store.AuditScope:
		if given != nil {
			s = *given
		}
	}
	where := "The daemon's own account"
	switch {
	case s.Organization:
		where = "Every account of the organization"
	case len(s.Accounts) == 1:
		where = "Account " + s.Accounts[0]
	case len(s.Accounts) > 1:
		where = count(len(s.Accounts), "account")
	}
	switch {
	case len(s.Regions) == 0:
		where += ", all regions"
	case len(s.Regions) <= 3:
		where += ", " + strings.Join(s.Regions, ", ")
	default:
		where += ", " + count(len(s.Regions), "region")
	}
	if n := len(s.Resources); n > 0 {
		where += ", " + count(n, "resource")
	}
	if n := len(s.Controls); n > 0 {
		where += ", " + count(n, "control")
	}
	return where
}

// functions are what templates may call.
func (c *console) functions() template.FuncMap {
	return template.FuncMap{
		"asset": c.assets.url, "icon": icon, "version": func() string { return c.options.Version },
		"status": statusMark, "changestate": changeMark, "requeststate": requestMark, "exceptionmark": exceptionMark,
		"kind": kindWord, "mode": modeWord, "modemark": modeMark, "typeword": typeWord, "controlword": controlWord,
		"sentence": sentence, "number": number, "count": count, "short": report.ShortDigest, "middle": middle,
		"stamp": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" },
		"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"day":   func(t time.Time) string { return t.UTC().Format("2006-01-02") },
		"ago":   func(t time.Time) string { return distance(c.options.Now(), t) },
		"between": func(from, to time.Time) string {
			if to.IsZero() {
				to = c.options.Now()
			}
			return span(to.Sub(from))
		},
		"span": span, "or2": func(a, b string) string { return cmp.Or(a, b) },
		"resourceurl": resourceURL, "join": strings.Join,
		"lower": strings.ToLower, "upper": upper, "add": func(a, b int) int { return a + b },
		"minutes":    func(n int) string { return span(time.Duration(n) * time.Minute) },
		"count64":    func(n int64, noun string) string { return count(int(n), noun) },
		"resultname": resultName,
		"keyid":      keyID,
		"scopewords": scopeWords,
		"pair":       func(a, b any) [2]any { return [2]any{a, b} },
	}
}
