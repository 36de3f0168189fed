package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStricterApprovals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		a, b, want Approvals
	}{
		{"nothing said is auto", Approvals{}, Approvals{}, Approvals{ApprovalAuto, ApprovalAuto, "24h0m0s"}},
		{
			"never gives way to auto",
			Approvals{Required: ApprovalNever, FourEyes: ApprovalNever},
			Approvals{},
			Approvals{ApprovalAuto, ApprovalAuto, "24h0m0s"},
		},
		{
			"auto gives way to always",
			Approvals{Required: ApprovalAuto, FourEyes: ApprovalAlways},
			Approvals{Required: ApprovalAlways, FourEyes: ApprovalNever},
			Approvals{ApprovalAlways, ApprovalAlways, "24h0m0s"},
		},
		{
			"both never",
			Approvals{Required: ApprovalNever, FourEyes: ApprovalNever},
			Approvals{Required: ApprovalNever, FourEyes: ApprovalNever},
			Approvals{ApprovalNever, ApprovalNever, "24h0m0s"},
		},
		{"the shorter time", Approvals{Expires: "2h"}, Approvals{Expires: "30m"}, Approvals{ApprovalAuto, ApprovalAuto, "30m0s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, c.a.Stricter(c.b)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.want, c.b.Stricter(c.a)); diff != "" {
				t.Errorf("the other way round: %s", diff)
			}
		})
	}
}
