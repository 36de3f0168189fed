package propose_test

import (
	"testing"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/resource"
)

// TestOwned holds planned items against a policy that says by now which tags mean that code owns them.
func TestOwned(t *testing.T) {
	t.Parallel()
	p := policy.Default(policy.SOP)
	p.Repair.OwnedByCode = []policy.TagPattern{"iac=*"}
	endpoint := func(tags map[string]string) plan.Item {
		return plan.Item{Endpoint: &resource.EndpointDetail{Definition: resource.EndpointDefinition{Tags: tags}}}
	}
	transform := plan.Item{Transform: &resource.TransformDetail{Definition: resource.TransformDefinition{Tags: map[string]string{"iac": "x"}}}}
	for name, i := range map[string]plan.Item{"endpoint": endpoint(map[string]string{"iac": "terraform"}), "transform": transform} {
		if b := propose.Owned(p, i); b == nil || b.Code != plan.BlockedByCode {
			t.Errorf("%s: %+v", name, b)
		}
	}
	if b := propose.Owned(p, endpoint(map[string]string{"team": "data"})); b != nil {
		t.Errorf("not owned: %+v", b)
	}
}
