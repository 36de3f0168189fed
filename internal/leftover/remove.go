package leftover

import (
	"context"
	"fmt"
	"strings"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

// Remover deletes security configurations that nothing names.
type Remover struct {
	Reader  Reader
	Changes Changes
	Actor   execute.Actor
}

// Remove deletes a security configuration, after another look at it and at all that may name it: AWS deletes one that is
// in use, and hours may have passed since it was listed. Where the look shows that it must stay, kept says why; it is
// neither removed nor kept where it has gone meanwhile. Where anything can't be read, the error says so and it stays.
func (r Remover) Remove(ctx context.Context, u Configuration) (removed bool, kept string, err error) {
	c := &change.Change{Head: change.Head{Item: plan.Item{Location: u.Location}}}
	step := plan.Step{
		Name: "delete-security-configuration", Kind: plan.DeleteConfiguration, Configuration: &u.Configuration,
		Summary: "Delete the security configuration " + u.Configuration.Name,
	}
	seen, err := r.Actor.Observe(ctx, c, step)
	if err != nil {
		return false, "", fmt.Errorf("%s: %s: %w", u.Location, u.Configuration.Name, err)
	}
	switch seen.Seen {
	case execute.Settled:
		return false, "", nil
	case execute.Missed:
		return false, seen.Trouble.Message, nil
	case execute.Open, execute.Pending:
	}
	users, err := r.users(ctx, u)
	switch {
	case err != nil:
		return false, "", err
	case len(users) > 0:
		return false, "it is named by " + strings.Join(users, ", ") + " by now", nil
	}
	if _, err := r.Actor.Do(ctx, c, step); err != nil {
		return false, "", fmt.Errorf("%s: delete %s: %w", u.Location, u.Configuration.Name, err)
	}
	return true, "", nil
}

// users are what names a configuration now.
func (r Remover) users(ctx context.Context, u Configuration) ([]string, error) {
	uses, err := r.Reader.ConfigurationUses(ctx, u.Location)
	if err != nil {
		return nil, fmt.Errorf("%s: see what names %s: %w", u.Location, u.Configuration.Name, err)
	}
	kept, err := keptNames(ctx, r.Changes) // last: a change says what it will name before it does
	if err != nil {
		return nil, err
	}
	return append(uses[u.Configuration.Name], kept[named{u.Location, u.Configuration.Name}]...), nil
}
