package inventory

import (
	"context"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// Target is one resource to look at, and what is wanted for it that AWS must be asked about.
type Target struct {
	Location resource.Location
	Type     resource.Type
	Name     string // of a dev endpoint
	ID       string // of an ML transform

	Key      string // id, ARN or alias of the key that is wanted; "": none
	LabelsS3 string // s3://bucket/prefix/ for a transform's labels; "": none
	ProveS3  string // s3://bucket/prefix/ where a twin proves itself; "": none
}

// targetsAtOnce bounds the resources that are looked at together. Each has about ten reads under way.
const targetsAtOnce = 16

// Inspector reads single resources, and all around them that a repair must know. It changes nothing, and every answer is
// read anew. It keeps the credentials of the accounts that it entered. It is safe for concurrent use.
type Inspector struct {
	session *awsapi.Session
	now     func() time.Time

	mu       sync.Mutex
	accounts map[string]*awsapi.Account
}

// NewInspector returns an Inspector that reads with a session's clients.
func NewInspector(session *awsapi.Session) *Inspector {
	return &Inspector{session: session, now: time.Now, accounts: map[string]*awsapi.Account{}}
}

// Inspect looks at resources, in the order of the targets. What several of them share is read once. Its only error is
// that ctx ended; whatever else could not be read is an unknown fact that says why.
func (i *Inspector) Inspect(ctx context.Context, targets []Target) ([]resource.Surroundings, error) {
	in := newInspection(i, targets)
	found := make([]resource.Surroundings, len(targets))
	slots := make(chan struct{}, targetsAtOnce)
	var looking sync.WaitGroup
	for n := range targets {
		slots <- struct{}{}
		looking.Go(func() {
			found[n] = in.look(ctx, targets[n])
			<-slots
		})
	}
	looking.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return found, nil
}

// enter returns a location with credentials for it.
func (i *Inspector) enter(ctx context.Context, l resource.Location) (*awsapi.Account, *awsapi.Place, error) {
	if _, err := i.session.Caller(ctx); err != nil { // which account is the caller's own
		return nil, nil, err
	}
	i.mu.Lock()
	a := i.accounts[l.Account]
	if a == nil {
		a = i.session.Acquire(l.Account)
		i.accounts[l.Account] = a
	}
	i.mu.Unlock()
	if err := a.Enter(ctx); err != nil {
		return nil, nil, err
	}
	return a, a.At(l.Region), nil
}

// failed is the failure of an answer that can't be used although AWS gave it.
func failed(operation, message string) resource.Failure {
	return resource.Failure{Operation: operation, Class: resource.Errored, Message: message}
}

// unread is a fact whose read failed.
func unread[T any](err error, operation string) resource.Fact[T] {
	return resource.Unknown[T](awsapi.Classify(err, operation))
}

// memo makes each value once, for whoever asks first; the others wait for it.
type memo[K comparable, V any] struct {
	mu   sync.Mutex
	made map[K]*promised[V]
}

// promised is a value that is made or being made. Who waits for it waits for a channel, and not for a lock, so that tests
// in virtual time can tell that all of them wait.
type promised[V any] struct {
	value func() V
	done  chan struct{}
}

func (m *memo[K, V]) get(key K, value func() V) V {
	m.mu.Lock()
	p, asked := m.made[key]
	if !asked {
		if m.made == nil {
			m.made = map[K]*promised[V]{}
		}
		p = &promised[V]{sync.OnceValue(value), make(chan struct{})}
		m.made[key] = p
	}
	m.mu.Unlock()
	if asked {
		<-p.done
	} else {
		defer close(p.done)
	}
	return p.value()
}
