package leftover

import (
	"context"
	"fmt"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

// Remove deletes a security configuration that nothing names, after another look at it. Where that shows that it must
// stay, it says why; it is neither removed nor kept where it has gone meanwhile.
func Remove(ctx context.Context, actor execute.Actor, u Configuration) (removed bool, kept string, err error) {
	c := &change.Change{Head: change.Head{Item: plan.Item{Location: u.Location}}}
	step := plan.Step{
		Name: "delete-security-configuration", Kind: plan.DeleteConfiguration, Configuration: &u.Configuration,
		Summary: "Delete the security configuration " + u.Configuration.Name,
	}
	seen, err := actor.Observe(ctx, c, step)
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
	if _, err := actor.Do(ctx, c, step); err != nil {
		return false, "", fmt.Errorf("%s: delete %s: %w", u.Location, u.Configuration.Name, err)
	}
	return true, "", nil
}
