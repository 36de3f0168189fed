package sqlite

import (
	"context"
	"fmt"

	"github.com/glueguard/glueguard/internal/policy"
)

// approvalsSetting is the name of what the daemon demands of approvals.
const approvalsSetting = "approvals"

// SaveApprovals implements store.ApprovalsKeeper.
func (s *writes) SaveApprovals(ctx context.Context, a policy.Approvals) error {
	text, err := packed(a)
	if err != nil {
		return fmt.Errorf("keep what approvals are demanded: %w", err)
	}
	return s.exec(ctx, "keep what approvals are demanded",
		`INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, approvalsSetting, text)
}

// Approvals implements store.ApprovalsKeeper.
func (s *Store) Approvals(ctx context.Context) (policy.Approvals, error) {
	return one(ctx, s, "what approvals are demanded", func(scan func(...any) error) (a policy.Approvals, err error) {
		err = scan(jsonOf{&a})
		return a, err
	}, `SELECT value FROM setting WHERE name = ?`, approvalsSetting)
}
