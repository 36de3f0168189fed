package leftover

import (
	"context"
	"errors"
	"fmt"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// The tags that a change gives to what it makes.
const (
	tagChange        = "glueguard:change"
	tagOriginal      = "glueguard:original"
	tagConfiguration = "glueguard:configuration"
	tagAlias         = "glueguard:alias"
)

// Orphan is something that carries a change's tag and that no change answers for.
type Orphan struct {
	Location resource.Location `json:"location"`
	ARN      string            `json:"arn"`
	Change   string            `json:"change"`   // id, as tagged
	Original string            `json:"original"` // name of the dev endpoint, or id of the transform, that it stands for; may be empty
	// Configuration is the original's; "-" where it had none, empty where the tag is missing.
	Configuration string `json:"configuration"`
	// State is that of the change, where it is known and over; empty: no such change is known.
	State change.State `json:"state,omitempty"`
	// Alias is the name that a key was made for; the next change that makes a key of this name takes a spare one.
	Alias string `json:"alias,omitempty"`
}

// Key tells whether the orphan is a KMS key. Glueguard deletes none.
func (o Orphan) Key() bool {
	arn, err := resource.ParseARN(o.ARN)
	return err == nil && arn.Service == "kms"
}

// Orphans lists what carries a change's tag without belonging to one, and the locations that could not be read.
func Orphans(ctx context.Context, r Reader, changes Changes, locations []resource.Location) ([]Orphan, []resource.Coverage, error) {
	return inEach(ctx, locations, "tag:GetResources", func(l resource.Location) ([]Orphan, error) { return orphansAt(ctx, r, changes, l) })
}

func orphansAt(ctx context.Context, r Reader, changes Changes, l resource.Location) ([]Orphan, error) {
	tagged, err := r.Tagged(ctx, l, tagChange)
	if err != nil {
		return nil, err
	}
	var found []Orphan
	var unread []error
	for _, t := range tagged {
		o := Orphan{
			Location: l, ARN: t.ARN, Change: t.Tags[tagChange], Original: t.Tags[tagOriginal], Configuration: t.Tags[tagConfiguration],
			Alias: t.Tags[tagAlias],
		}
		owned, err := o.owned(ctx, changes)
		if err != nil {
			return nil, &storeError{err}
		}
		if !owned && o.Key() && o.State != "" { // keys stay, whatever became of the change: those that have a name are in use
			if owned, err = o.named(ctx, r, changes); err != nil {
				unread = append(unread, err)
				continue
			}
		}
		if !owned {
			found = append(found, o)
		}
	}
	return found, errors.Join(unread...)
}

// owned tells whether the change that made the thing is known and still answers for it.
func (o *Orphan) owned(ctx context.Context, changes Changes) (bool, error) {
	c, err := changes.Change(ctx, o.Change)
	var ambiguous *store.AmbiguousError
	switch {
	case errors.Is(err, store.ErrNotFound), errors.As(err, &ambiguous):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read change %s: %w", o.Change, err)
	case c.Head.ID != o.Change:
		return false, nil
	case c.Open(): // it may have made it without having been told
		return true, nil
	}
	for _, id := range c.Kept() {
		if id.ARN == o.ARN {
			return true, nil
		}
	}
	o.State = c.State
	return false, nil
}

// named tells whether a key has, or once had, a name: then it may be in use. So is one that is not there any more, or that
// somebody has seen to already.
func (o *Orphan) named(ctx context.Context, r Reader, changes Changes) (bool, error) {
	fact := r.Key(ctx, o.Location, o.ARN)
	key, ok := fact.Value()
	switch {
	case fact.IsUnknown():
		return false, fmt.Errorf("read key %s: %w", o.ARN, fact.Failure())
	case !ok || key.State == pendingDeletion:
		return true, nil
	}
	names, err := r.Aliases(ctx, o.Location, o.ARN)
	if err != nil {
		return false, fmt.Errorf("list the aliases of %s: %w", o.ARN, err)
	}
	if len(names) > 0 {
		return true, nil
	}
	var once bool
	err = changes.EachChange(ctx, store.ChangeFilter{}, func(c *change.Change) error {
		if c.KeyARN != o.ARN {
			return nil
		}
		for p := range c.All() {
			once = once || p.Step.Kind == plan.CreateAlias && p.Status == change.StepDone
		}
		once = once || c.Open() // it goes on with the key
		return nil
	})
	if err != nil {
		return false, &storeError{fmt.Errorf("read the changes: %w", err)}
	}
	return once, nil
}

// pendingDeletion is the state of a key that somebody has had AWS delete.
const pendingDeletion = "PendingDeletion"
