package storetest

import (
	"errors"
	"testing"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
)

func approvalsKept(t *testing.T, s store.Store) {
	ctx := t.Context()
	if _, err := s.Approvals(ctx); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("before any daemon: %v, want ErrNotFound", err)
	}
	for _, a := range []policy.Approvals{{Required: policy.ApprovalAlways, FourEyes: policy.ApprovalNever, Expires: "2h"}, {}} {
		must(t, s.SaveApprovals(ctx, a))
		same(t, "what is demanded", a, got[policy.Approvals](t)(s.Approvals(ctx)))
	}
}
