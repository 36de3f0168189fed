package repair

import (
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/propose"
)

// today holds an item against the policy as it is now, days after the plan perhaps: what it excepts by now, or says that
// code owns, is left alone. It returns the policy where it is another than the plan's, for the record.
func (w *Worker) today(p plan.Plan, item plan.Item) (*plan.PolicyRef, error) {
	if w.o.Policy == nil {
		return nil, nil
	}
	now := w.o.Policy.WithProfile(policy.Profile(p.Policy.Profile))
	blocked := propose.Excepted(now, item.Resource, w.o.Now())
	if blocked == nil {
		blocked = propose.Owned(now, item)
	}
	if blocked != nil {
		return nil, &RefusedError{Resource: item.Resource.ARN, Reason: Blocked, Blocked: blocked}
	}
	ref := plan.PolicyRef{Profile: string(now.Profile), Digest: now.Digest()}
	if ref == p.Policy {
		return nil, nil
	}
	return &ref, nil
}
