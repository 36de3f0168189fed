package report

import "github.com/glueguard/glueguard/internal/resource"

// UnreadAdvice says what a person can do about a read that failed; empty where there is no good advice, or no failure.
func UnreadAdvice(c resource.Coverage) string {
	if !c.Unread() {
		return ""
	}
	return hintFor(&reads{status: c.Status, code: c.ErrorCode, operation: c.Operation, message: c.Message})
}
