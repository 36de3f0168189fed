package api

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/plan"
)

func TestPlansAreKeptAsLongAsThereIsRoom(t *testing.T) {
	t.Parallel()
	var k plans
	for i := range 4 {
		k.keep(plan.Plan{Digest: fmt.Sprint(i)}, keptPlanBytes/4)
	}
	k.keep(plan.Plan{Digest: "1"}, keptPlanBytes/4) // as when it is asked for by the beginning of its digest
	if p, ok := k.find("0"); !ok || p.Digest != "0" {
		t.Errorf("plan 0: %v, %v", p.Digest, ok)
	}
	k.keep(plan.Plan{Digest: "4"}, keptPlanBytes/2)
	var left []string
	for _, p := range k.kept {
		left = append(left, p.plan.Digest)
	}
	if d := cmp.Diff([]string{"1", "0", "4"}, left); d != "" {
		t.Errorf("kept (-want +got):\n%s", d)
	}
	k.keep(plan.Plan{Digest: "large"}, keptPlanBytes+1)
	if _, ok := k.find("large"); !ok || len(k.kept) != 1 {
		t.Errorf("the plan that was asked for last: %v, among %d", ok, len(k.kept))
	}
}
