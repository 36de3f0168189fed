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
	scope := inventory.Scope{Accounts: f.accounts, Regions: f.regions, Organization: f.organization}
	list, unread, err := inventory.Locations(ctx, session, scope)
	var region *audit.RegionError
	switch {
	case errors.As(err, &region):
		return nil, nil, &diag.UsageError{Command: command, Err: region}
	case err != nil && ctx.Err() != nil:
		return nil, nil, awsapi.ErrInterrupted
	}
	return list, unread, err
}
