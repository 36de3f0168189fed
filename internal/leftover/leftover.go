// Package leftover finds what changes left behind: security configurations of Glueguard's that nothing names any more,
// and resources that carry a change's tags while no change answers for them. It rebuilds such a change from the tags.
package leftover

import (
	"context"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// Reader reads what is there: package inventory does.
type Reader interface {
	Configurations(ctx context.Context, l resource.Location) ([]resource.SecurityConfiguration, error)
	ConfigurationUses(ctx context.Context, l resource.Location) (map[string][]string, error)
	Tagged(ctx context.Context, l resource.Location, key string) ([]inventory.Tagged, error)
}

// Changes are the changes that are known: package store keeps them.
type Changes interface {
	Change(ctx context.Context, id string) (*change.Change, error)
	EachChange(ctx context.Context, f store.ChangeFilter, yield func(*change.Change) error) error
}

// unread is the coverage of a read that failed.
func unread(l resource.Location, err error, operation string) resource.Coverage {
	f := awsapi.Classify(err, operation)
	return resource.Coverage{
		Account: l.Account, Region: l.Region, Operation: f.Operation, Status: string(f.Class), ErrorCode: f.Code, Message: f.Message,
	}
}
