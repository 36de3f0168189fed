package config

import (
	"context"
	"fmt"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
)

// Exceptions are those that were proposed in the console: package store keeps them.
type Exceptions interface {
	EachException(ctx context.Context, yield func(store.Exception) error) error
}

// InForce is the policy of the file with the exceptions that were approved in the console, those that have expired
// since too: a finding says that its exception has. Whatever goes by a policy goes by this.
func InForce(ctx context.Context, file policy.Policy, proposed Exceptions) (policy.Policy, error) {
	var approved []policy.Exception
	err := proposed.EachException(ctx, func(e store.Exception) error {
		if e.State == store.ExceptionApproved {
			approved = append(approved, e.Exception)
		}
		return nil
	})
	if err != nil {
		return policy.Policy{}, fmt.Errorf("read the approved exceptions: %w", err)
	}
	if len(approved) == 0 {
		return file, nil
	}
	return file.WithExceptions(approved...), nil
}
