package cli

import (
	"context"
	"errors"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/resource"
)

// locations lists what a scope covers, without reading any resource, and what of it can't be entered.
func (f *scopeFlags) locations(ctx context.Context, session *awsapi.Session, command string) ([]resource.Location, []resource.Coverage, error) {
	var list []resource.Location
	var unread []resource.Coverage
	scope := inventory.Scope{Accounts: f.accounts, Regions: f.regions, Organization: f.organization}
	err := inventory.New(session).Scan(ctx, scope, func(s *resource.Snapshot) error {
		if s.Location.Region != "" {
			list = append(list, s.Location)
		}
		for _, c := range s.Coverage {
			if c.Unread() {
				unread = append(unread, c)
			}
		}
		return nil
	})
	var region *audit.RegionError
	switch {
	case errors.As(err, &region):
		return nil, nil, &diag.UsageError{Command: command, Err: region}
	case err != nil && ctx.Err() != nil:
		return nil, nil, awsapi.ErrInterrupted
	}
	return list, unread, err
}
