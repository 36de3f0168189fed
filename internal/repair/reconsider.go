package repair

import (
	"context"
	"errors"
	"fmt"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// Findings are those of stored audits.
type Findings interface {
	EachFinding(ctx context.Context, auditID string, yield func(finding.Finding) error) error
}

// Reconsider verifies again the changes that an audit gives reason to doubt: done ones whose resource it has found
// unencrypted, and regressed ones whose resource it has found to pass. It returns those whose state is another one now.
// Changes that somebody is at work on are left alone; other errors are joined, and the rest goes on.
func (w *Worker) Reconsider(ctx context.Context, findings Findings, auditID string) ([]*change.Change, error) {
	standing, err := w.standing(ctx)
	if err != nil || len(standing) == 0 {
		return nil, err
	}
	doubted, err := doubted(ctx, findings, auditID, standing)
	if err != nil {
		return nil, err
	}
	var moved []*change.Change
	var errs []error
	for _, s := range doubted {
		now, _, err := w.Verify(ctx, s.ID)
		var held *store.HeldError
		switch {
		case errors.As(err, &held):
		case err != nil:
			errs = append(errs, fmt.Errorf("change %s: %w", s.ID, err))
		case now.State != s.State:
			moved = append(moved, now)
		}
	}
	return moved, errors.Join(errs...)
}

// standing are the newest changes whose work is to last, by the ARN of what they made.
func (w *Worker) standing(ctx context.Context) (map[string]store.Summarized, error) {
	list := map[string]store.Summarized{}
	states := []change.State{change.Done, change.Finalized, change.Regressed}
	err := w.o.Store.EachSummary(ctx, store.ChangeFilter{States: states}, func(s store.Summarized) error {
		if s.Replacement == nil || s.To == "" || s.To == resource.ModeNone {
			return nil
		}
		if _, newer := list[s.Replacement.ARN]; !newer { // the newest come first
			list[s.Replacement.ARN] = s
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the changes: %w", err)
	}
	return list, nil
}

// doubted are the changes that the findings of an audit speak against, or again for.
func doubted(ctx context.Context, findings Findings, auditID string, standing map[string]store.Summarized) ([]store.Summarized, error) {
	var list []store.Summarized
	seen := map[string]bool{}
	err := findings.EachFinding(ctx, auditID, func(f finding.Finding) error {
		s, ok := standing[f.Resource.ARN]
		if !ok || seen[s.ID] {
			return nil
		}
		bare := f.Status == control.Fail && f.Encryption.Mode == resource.ModeNone
		recovered := f.Status == control.Pass && s.State == change.Regressed
		if bare && s.State != change.Regressed || recovered {
			seen[s.ID] = true
			list = append(list, s)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	return list, nil
}
