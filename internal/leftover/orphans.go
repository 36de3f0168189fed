package leftover

import (
	"context"
	"errors"
	"fmt"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// The tags that a change gives to what it makes.
const (
	tagChange        = "glueguard:change"
	tagOriginal      = "glueguard:original"
	tagConfiguration = "glueguard:configuration"
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
	for _, t := range tagged {
		o := Orphan{
			Location: l, ARN: t.ARN, Change: t.Tags[tagChange], Original: t.Tags[tagOriginal], Configuration: t.Tags[tagConfiguration],
		}
		owned, err := o.owned(ctx, changes)
		if err != nil {
			return nil, &storeError{err}
		}
		if !owned {
			found = append(found, o)
		}
	}
	return found, nil
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
	case c.Open() || c.KeyARN == o.ARN: // an open one may have made it without having been told
		return true, nil
	}
	for _, id := range c.Kept() {
		if id.ARN == o.ARN {
			return true, nil
		}
	}
	if arn, err := resource.ParseARN(o.ARN); err == nil && arn.Service == "kms" {
		return true, nil // keys stay, whatever became of the change
	}
	o.State = c.State
	return false, nil
}
