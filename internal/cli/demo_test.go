package cli

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTheStoryKeepsWithin80Columns(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		demoIntroduction, demoAudit, demoPlan, demoApply, demoAuditAgain, demoBackout, demoFinalize, demoAuditLast, demoServe, demoNext,
	} {
		for line := range strings.Lines(text) {
			if utf8.RuneCountInString(strings.TrimRight(line, "\n")) > 80 {
				t.Errorf("longer than 80 columns: %s", line)
			}
		}
	}
}
