package change

import (
	"iter"
	"time"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// Open tells whether the change is still at work on its resource, so that no other change of it may start.
func (c *Change) Open() bool {
	switch c.State {
	case Running, Waiting, FailedAt, BackingOut:
		return true
	}
	return false
}

// AtRest tells whether nothing happens before a person acts.
func (c *Change) AtRest() bool { return !c.moving() }

// Current is the step at hand; false where all steps of the phase are done, and between phases.
func (c *Change) Current() (Progress, bool) {
	if p := c.current(); p != nil && !c.Over {
		return *p, true
	}
	return Progress{}, false
}

// All yields every step of the change, the oldest first.
func (c *Change) All() iter.Seq[Progress] {
	return func(yield func(Progress) bool) {
		for _, steps := range [][]Progress{c.Past, c.Steps} {
			for _, p := range steps {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// Effective tells whether the step has taken effect, or may have: a call of it was sent whose outcome nobody knows.
func (p Progress) Effective() bool {
	return p.Status == StepDone || p.Status != StepUndone && p.Loose > 0
}

// Intended tells whether a call of the step was ever sent, or its effect was found to be there.
func (p Progress) Intended() bool { return p.Status == StepDone || p.Tries > 0 }

// Touched tells whether the original may be gone: an irrevocable step has taken effect, or may have, or others deleted it.
// Until then undoing in reverse order brings everything back; from then on the saved definition must be made again.
func (c *Change) Touched() bool {
	if c.Gone[plan.Original] {
		return true
	}
	for p := range c.All() {
		if p.Step.Irrevocable && p.Step.Role == plan.Original && p.Effective() {
			return true
		}
	}
	return false
}

// Committed tells whether the phase under way has come so far that it doesn't take itself back any more: something was
// deleted, or was to be. It says so even where AWS refused that delete, since a person should see why.
func (c *Change) Committed() bool {
	for p := range c.All() {
		if p.Phase == c.Phase && deletes(p.Step) && p.Intended() && p.Status != StepUndone {
			return true
		}
	}
	return false
}

// KeepsOriginal tells whether the original is kept as the way back: finalize retires it.
func (c *Change) KeepsOriginal() bool {
	if c.Head.Item.Strategy == plan.Retire || c.Touched() {
		return false
	}
	return c.State == Done || c.State == Regressed || c.Phase == Finalize && c.State != Finalized
}

// Replacement is the encrypted resource that stands for the original; false while there is none, and where the change
// was taken back.
func (c *Change) Replacement() (resource.Identity, bool) {
	if c.State == BackedOut || c.State == RefusedAt {
		return resource.Identity{}, false
	}
	if id, ok := c.there(plan.Replacement); ok {
		return id, true
	}
	stays := c.Head.Item.Strategy == plan.SideBySide || c.Head.Item.Identity.Type == resource.TypeMLTransform
	if stays || c.Rest == Finalized {
		return c.there(plan.Twin)
	}
	return resource.Identity{}, false
}

func (c *Change) there(r plan.Role) (resource.Identity, bool) {
	id, ok := c.Resources[r]
	return id, ok && !c.Gone[r]
}

// Kept are the resources of the change that are there now, by role. One whose creation was never answered is among
// them with its name alone, since it may be there. The original is among them until it may be gone.
func (c *Change) Kept() map[plan.Role]resource.Identity {
	kept := map[plan.Role]resource.Identity{}
	for p := range c.All() {
		if creates(p.Step.Kind) && p.Effective() && p.Step.Role != "" {
			kept[p.Step.Role] = expected(p.Step)
		}
	}
	for role, id := range c.Resources {
		kept[role] = id
	}
	for role, gone := range c.Gone {
		if gone {
			delete(kept, role)
		}
	}
	if c.Touched() {
		delete(kept, plan.Original)
	}
	return kept
}

// expected is what is known of a resource before it is seen.
func expected(s plan.Step) resource.Identity {
	switch {
	case s.Endpoint != nil:
		return resource.Identity{Type: resource.TypeDevEndpoint, Name: s.Endpoint.Name}
	case s.Transform != nil:
		return resource.Identity{Type: resource.TypeMLTransform, Name: s.Transform.Name}
	}
	return resource.Identity{}
}

// Verified tells whether the resource of a role was read again and found as promised.
func (c *Change) Verified(r plan.Role) bool {
	for p := range c.All() {
		if p.Step.Kind == plan.Verify && p.Step.Role == r && p.Status == StepDone {
			return true
		}
	}
	return false
}

// MadeAt is when the newest call was sent that made the resource of a role; false where none was sent.
func (c *Change) MadeAt(r plan.Role) (time.Time, bool) {
	var at time.Time
	for p := range c.All() {
		if creates(p.Step.Kind) && p.Step.Role == r && p.IntendedAt.After(at) {
			at = p.IntendedAt
		}
	}
	return at, !at.IsZero()
}

func creates(k plan.Kind) bool { return k == plan.CreateEndpoint || k == plan.CreateTransform }

func deletes(s plan.Step) bool {
	return s.Irrevocable || s.Kind == plan.DeleteEndpoint || s.Kind == plan.DeleteTransform
}
