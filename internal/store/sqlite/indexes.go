package sqlite

import (
	"context"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/store/index"
)

const (
	// indexedAudits is how many audits, the newest, keep their indexes on disk whether they are asked for or not.
	indexedAudits = 3
	// indexRest is how long an index is kept after it was asked for last.
	indexRest = time.Hour
	// indexesInMemory is how many indexes are kept in memory: about 45 MB each at 100,000 findings.
	indexesInMemory = 4
)

// indexes has the indexes of audits' findings in memory, those that were asked for last. Each is built or read once,
// however many ask at once.
type indexes struct {
	build func(ctx context.Context, audit int64) (*index.Index, error)
	now   func() time.Time
	ctx   context.Context //nolint:containedctx // the store's life: who asked first may leave while others wait
	stop  context.CancelFunc

	mu      sync.Mutex
	known   map[int64]*known
	running sync.WaitGroup
}

// known is an index that is there, or on its way.
type known struct {
	ready chan struct{}
	index *index.Index // valid when ready is closed
	err   error
	used  time.Time
}

func newIndexes(build func(context.Context, int64) (*index.Index, error)) *indexes {
	ctx, stop := context.WithCancel(context.Background())
	return &indexes{build: build, now: time.Now, ctx: ctx, stop: stop, known: map[int64]*known{}}
}

// get returns the index of an audit; anew forgets the one that is in memory, because its rows are gone.
func (x *indexes) get(ctx context.Context, audit int64, anew bool) (*index.Index, error) {
	k := x.ask(audit, anew)
	select {
	case <-k.ready:
		return k.index, k.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (x *indexes) ask(audit int64, anew bool) *known {
	x.mu.Lock()
	defer x.mu.Unlock()
	k := x.known[audit]
	if k != nil && anew && isClosed(k.ready) {
		k = nil
	}
	if k == nil {
		k = &known{ready: make(chan struct{})}
		x.known[audit] = k
		x.running.Go(func() { x.run(audit, k) })
	}
	k.used = x.now()
	x.forget()
	return k
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (x *indexes) run(audit int64, k *known) {
	defer close(k.ready)
	k.index, k.err = x.build(x.ctx, audit)
	if k.err == nil {
		return
	}
	// The next one who asks tries again.
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.known[audit] == k {
		delete(x.known, audit)
	}
}

// forget lets go of the indexes that nobody has asked for lately, and of the oldest where they are too many.
func (x *indexes) forget() {
	for len(x.known) > 0 {
		var oldest int64
		var found *known
		for audit, k := range x.known {
			if isClosed(k.ready) && (found == nil || k.used.Before(found.used)) {
				oldest, found = audit, k
			}
		}
		if found == nil || len(x.known) <= indexesInMemory && x.now().Sub(found.used) < indexRest {
			return
		}
		delete(x.known, oldest)
	}
}

// inUse tells whether an index was asked for lately.
func (x *indexes) inUse(audit int64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	k := x.known[audit]
	return k != nil && x.now().Sub(k.used) < indexRest
}

// close ends what is being built and waits for it.
func (x *indexes) close() {
	x.stop()
	x.running.Wait()
}
