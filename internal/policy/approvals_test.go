package policy_test

import (
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/policy"
)

func TestApprovalRule(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule  policy.ApprovalRule
		users int
		want  bool
	}{
		"not said, nobody":    {"", 0, false},
		"not said, one":       {"", 1, false},
		"not said, two":       {"", 2, true},
		"auto, one":           {policy.ApprovalAuto, 1, false},
		"auto, two":           {policy.ApprovalAuto, 2, true},
		"always, nobody":      {policy.ApprovalAlways, 0, true},
		"never, many":         {policy.ApprovalNever, 99, false},
		"unknown, as if auto": {"perhaps", 2, true},
	} {
		if got := c.rule.Holds(c.users); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestApprovalsLast(t *testing.T) {
	t.Parallel()
	if d := (policy.Approvals{}).Lasts(); d != 24*time.Hour {
		t.Errorf("a day by default, not %s", d)
	}
	if d := (policy.Approvals{Expires: "90m"}).Lasts(); d != 90*time.Minute {
		t.Errorf("90m lasts %s", d)
	}
}
