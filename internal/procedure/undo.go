package procedure

import (
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// inPlace tells whether what a change made stands for its original.
func inPlace(c *change.Change) bool {
	switch c.State {
	case change.Done, change.Finalized, change.Regressed:
		return true
	}
	return false
}

// Undo lists the changes to take back, in that order, so that the resource of an ARN is unencrypted again. newestFirst
// are all changes that the state knows. It is false where they don't lead there: something else made the encryption.
func Undo(arn string, newestFirst []*change.Change) ([]*change.Change, bool) {
	var list []*change.Change
	for _, c := range newestFirst {
		made, ok := c.Replacement()
		if !inPlace(c) || !ok || made.ARN != arn {
			continue
		}
		list = append(list, c)
		if c.Head.Item.From == resource.ModeNone {
			return list, true
		}
		arn = c.Head.Item.Identity.ARN
	}
	return list, false
}

// Follow finds what stands for the resource of an ARN now: itself, unless changes have replaced it. The change is the
// one that replaced the resource first, nil where none has.
func Follow(arn string, newestFirst []*change.Change) (now resource.Identity, by *change.Change) {
	seen := map[string]bool{}
	for at := arn; !seen[at]; at = now.ARN {
		seen[at] = true
		next, c := replaced(at, newestFirst)
		if c == nil || next.ARN == at {
			break
		}
		now = next
		if by == nil {
			by = c
		}
	}
	return now, by
}

// replaced finds the newest change that has put another resource in the place of this one.
func replaced(arn string, newestFirst []*change.Change) (resource.Identity, *change.Change) {
	for _, c := range newestFirst {
		if c.Head.Item.Identity.ARN != arn && !made(c, arn) {
			continue
		}
		if next, ok := c.Replacement(); ok && inPlace(c) {
			if c.Head.Item.Identity.ARN == arn {
				return next, c
			}
			continue
		}
		// Taken back after the original was gone: what was made again has another id.
		if next, ok := c.Resources[plan.Restored]; ok && c.State == change.BackedOut && !c.Gone[plan.Restored] {
			return next, c
		}
		// Taken back while the original was there: what was made in between is the original again.
		if c.State == change.BackedOut && made(c, arn) && c.Head.Item.Identity.ARN != arn {
			return c.Head.Item.Identity, c
		}
	}
	return resource.Identity{}, nil
}

// made tells whether a change has made the resource of an ARN.
func made(c *change.Change, arn string) bool {
	for role, id := range c.Resources {
		if role != plan.Original && id.ARN == arn {
			return true
		}
	}
	return false
}
