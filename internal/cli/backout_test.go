package cli

import (
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// TestEncryptionGoes wants a backout to say what really happens.
func TestEncryptionGoes(t *testing.T) {
	t.Parallel()
	gone := map[plan.Role]bool{plan.Original: true}
	lost := &change.Trouble{Code: change.TroubleVerify, Differences: []change.Difference{{Attribute: "status", Want: "there", Got: "gone"}}}
	steps := []change.Progress{{Step: plan.Step{Kind: plan.DeleteEndpoint, Role: plan.Twin}, Status: change.StepRunning}}
	for name, tt := range map[string]struct {
		c        change.Change
		strategy plan.Strategy
		want     string
	}{
		"done":                    {change.Change{State: change.Done, Rest: change.Done, Gone: gone}, plan.Replace, "will be REMOVED"},
		"waits before the delete": {change.Change{State: change.Waiting}, plan.Replace, "was not touched"},
		"waits after the delete":  {change.Change{State: change.Waiting, Gone: gone}, plan.Replace, "will be REMOVED"},
		"done side by side":       {change.Change{State: change.Done, Rest: change.Done}, plan.SideBySide, "the original stays as it is, with NONE"},
		"done transform":          {change.Change{State: change.Done, Rest: change.Done}, plan.Replace, "will be REMOVED"},
		"backed out":              {change.Change{State: change.BackedOut}, plan.Replace, "nothing"},
		"deleted by others":       {change.Change{State: change.Waiting, Phase: change.Unwind, Trouble: lost, Steps: steps}, plan.Replace, "others deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.c.Head.Item = plan.Item{Strategy: tt.strategy, From: resource.ModeNone, To: resource.ModeSSEKMS}
			if got := encryptionGoes(&tt.c); !strings.Contains(got, tt.want) {
				t.Errorf("%q does not say %q", got, tt.want)
			}
		})
	}
}

// TestFinalizeLines wants a finalize to say what really goes.
func TestFinalizeLines(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		c    change.Change
		want string
	}{
		"done":       {change.Change{State: change.Done}, "its original, not encrypted as wanted, will be DELETED"},
		"backed out": {change.Change{State: change.BackedOut}, "nothing; it is backed out already"},
		"refused":    {change.Change{State: change.RefusedAt}, "nothing; it is refused already"},
		"finalized":  {change.Change{State: change.Finalized}, "nothing; it is finalized already"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := finalizeLines([]*change.Change{&tt.c}, nil, finalizeOptions{}); !strings.Contains(got, tt.want) {
				t.Errorf("%q does not say %q", got, tt.want)
			}
		})
	}
}
