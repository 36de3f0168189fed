package audit

import (
	"context"
	"fmt"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/store"
)

// Changes are what is known of changes.
type Changes interface {
	EachSummary(ctx context.Context, f store.ChangeFilter, yield func(store.Summarized) error) error
}

// KeptBy names the originals that changes keep as their way back, with the change's id, by ARN: Options.Kept.
func KeptBy(ctx context.Context, changes Changes) (map[string]string, error) {
	originals := map[string]string{}
	f := store.ChangeFilter{States: []change.State{change.Done, change.Regressed}}
	err := changes.EachSummary(ctx, f, func(c store.Summarized) error {
		if c.KeepsOriginal {
			originals[c.Original.ARN] = c.ID
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what changes keep: %w", err)
	}
	return originals, nil
}
