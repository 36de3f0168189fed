// Package leftover finds what changes left behind: security configurations of Glueguard's that nothing names any more,
// resources that carry a change's tags while no change answers for them, and keys that were never named. It rebuilds such a change from the tags.
package leftover

import (
	"context"
	"errors"
	"slices"
	"sync"

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
	Key(ctx context.Context, l resource.Location, arn string) resource.Fact[resource.Key]
	Aliases(ctx context.Context, l resource.Location, key string) ([]string, error)
}

// Changes are the changes that are known: package store keeps them.
type Changes interface {
	Change(ctx context.Context, id string) (*change.Change, error)
	EachChange(ctx context.Context, f store.ChangeFilter, yield func(*change.Change) error) error
}

// atOnce is how many locations are looked at together.
const atOnce = 16

// storeError is an error of the store: unlike one of AWS's it is not a location's own.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// inEach looks at locations and returns what was found in their order, and those that could not be read, or not all of
// them.
func inEach[T any](ctx context.Context, locations []resource.Location, operation string, look func(resource.Location) ([]T, error)) ([]T, []resource.Coverage, error) {
	found, errs := make([][]T, len(locations)), make([]error, len(locations))
	slots := make(chan struct{}, atOnce)
	var looking sync.WaitGroup
	for n, l := range locations {
		slots <- struct{}{}
		looking.Go(func() {
			found[n], errs[n] = look(l)
			<-slots
		})
	}
	looking.Wait()
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	var failed []resource.Coverage
	for n, err := range errs {
		var ours *storeError
		if errors.As(err, &ours) {
			return nil, nil, ours.err
		}
		if err != nil {
			failed = append(failed, unread(locations[n], err, operation))
		}
	}
	return slices.Concat(found...), failed, nil
}

// unread is the coverage of a read that failed.
func unread(l resource.Location, err error, operation string) resource.Coverage {
	f := awsapi.Classify(err, operation)
	return resource.Coverage{
		Account: l.Account, Region: l.Region, Operation: f.Operation, Status: string(f.Class), ErrorCode: f.Code, Message: f.Message,
	}
}
