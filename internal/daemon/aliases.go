package daemon

import (
	"context"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/resource"
)

// How long a page waits for what AWS calls a key, and for how long the answer does.
const (
	aliasesWithin = 3 * time.Second
	aliasesKept   = 5 * time.Minute
	aliasesMissed = 30 * time.Second // until it is asked again after it did not answer
	mostAliased   = 1000             // keys whose names are kept
)

// aliases looks up what keys are called, for pages: anybody who may see them may ask, so each key is asked for once in a
// while only, however many look.
type aliases struct {
	look func(ctx context.Context, l resource.Location, key string) ([]string, error)
	now  func() time.Time

	mu    sync.Mutex
	known map[aliasKey]*lookedUp
}

type aliasKey struct {
	location resource.Location
	key      string
}

// lookedUp is one answer. Its lock is held while AWS is asked, so that others wait for the same answer.
type lookedUp struct {
	mu    sync.Mutex
	until time.Time
	names []string
	err   error
}

func newAliases(s *sessions, role string, now func() time.Time) *aliases {
	return &aliases{now: now, known: map[aliasKey]*lookedUp{}, look: func(ctx context.Context, l resource.Location, key string) ([]string, error) {
		e, err := s.get(ctx, role)
		if err != nil {
			return nil, err
		}
		defer e.done()
		return inventory.NewInspector(e.session).Aliases(ctx, l, key)
	}}
}

// of is api.Options.Aliases.
func (a *aliases) of(ctx context.Context, l resource.Location, key string) ([]string, error) {
	at := a.entry(aliasKey{l, key})
	at.mu.Lock()
	defer at.mu.Unlock()
	if a.now().Before(at.until) {
		return at.names, at.err
	}
	// Others wait for the answer, so it does not end with who was the first to ask.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), aliasesWithin)
	defer cancel()
	at.names, at.err = a.look(ctx, l, key)
	keep := aliasesKept
	if at.err != nil {
		keep = aliasesMissed
	}
	at.until = a.now().Add(keep)
	return at.names, at.err
}

func (a *aliases) entry(k aliasKey) *lookedUp {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.known[k]
	if at == nil {
		if len(a.known) >= mostAliased { // they are asked for anew where somebody looks
			clear(a.known)
		}
		at = &lookedUp{}
		a.known[k] = at
	}
	return at
}
