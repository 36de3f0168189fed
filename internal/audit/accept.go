package audit

import (
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// acceptUnread turns the failed reads that the policy accepts as always denied into excluded ones, in the facts and in
// the coverage.
func acceptUnread(s *resource.Snapshot, p policy.Policy, now time.Time) {
	if len(p.AcceptedUnread) == 0 {
		return
	}
	for i := range s.Coverage {
		c := &s.Coverage[i]
		if !acceptable(resource.FailureClass(c.Status), c.ErrorCode, c.Operation) {
			continue
		}
		if reason, ok := p.AcceptsUnread(s.Location, c.Operation, now); ok {
			c.Status, c.Message = string(resource.Excluded), reason
		}
	}
	here := acceptance{policy: p, now: now, locations: []resource.Location{s.Location}}
	s.DevEndpoints = accept(s.DevEndpoints, here)
	s.MLTransforms = accept(s.MLTransforms, here)
	for name, fact := range s.SecurityConfigurations {
		s.SecurityConfigurations[name] = accept(fact, here)
	}
	for ref, fact := range s.Keys {
		s.Keys[ref] = acceptKey(fact, here)
	}
}

// acceptKeyUse does the same for a key of the whole estate: what the policy accepts in each location that uses it.
func acceptKeyUse(u *resource.KeyUse, p policy.Policy, now time.Time) {
	u.Key = acceptKey(u.Key, acceptance{policy: p, now: now, locations: u.UsedIn})
}

// acceptable tells whether a read failed in a way that can be meant by "always denied": refused, as good as refused, or
// without a host to ask.
func acceptable(class resource.FailureClass, code, operation string) bool {
	switch class {
	case resource.Denied:
		return true
	case resource.Skipped: // nobody asks for the key policies of accounts that can't be entered
		return operation == "kms:GetKeyPolicy"
	case resource.Errored:
		return code == resource.NoSuchHost
	}
	return false
}

// acceptance is what a policy accepts at one time in all of some locations.
type acceptance struct {
	policy    policy.Policy
	now       time.Time
	locations []resource.Location
}

func (a acceptance) of(f resource.Failure) (reason string, ok bool) {
	if !acceptable(f.Class, f.Code, f.Operation) {
		return "", false
	}
	refused := slices.ContainsFunc(a.locations, func(l resource.Location) bool {
		why, here := a.policy.AcceptsUnread(l, f.Operation, a.now)
		reason = max(reason, why)
		return !here
	})
	return reason, !refused && len(a.locations) > 0
}

func accept[T any](fact resource.Fact[T], a acceptance) resource.Fact[T] {
	if !fact.IsUnknown() {
		return fact
	}
	failure := fact.Failure()
	reason, ok := a.of(failure)
	if !ok {
		return fact
	}
	failure.Class, failure.Message = resource.Excluded, reason
	return resource.Unknown[T](failure)
}

func acceptKey(fact resource.Fact[resource.Key], a acceptance) resource.Fact[resource.Key] {
	key, ok := fact.Value()
	if !ok {
		return accept(fact, a)
	}
	key.Rotation, key.Policy = accept(key.Rotation, a), accept(key.Policy, a)
	return resource.Known(key)
}
