package store

import (
	"context"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/resource"
)

// SettledReader tells what audits saw all of: a finding that is missing from an audit is gone only where its control is
// settled in each location that showed it.
type SettledReader interface {
	// EachSettled streams the locations of an audit with the controls for which it saw everything there, as Part.Settled
	// says it, and stops at the first error that the callback returns, which it returns. A location may come several times.
	EachSettled(ctx context.Context, auditID string, yield func(resource.Location, []control.ID) error) error
	// ShownBy returns the locations that showed a finding when it was last judged: its own, unless Part.SeenIn said
	// otherwise. Partitions are left out. ErrNotFound for a finding that no finished audit has seen.
	ShownBy(ctx context.Context, findingID string) ([]resource.Location, error)
}
