package daemon

import (
	"context"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/repair"
)

// sessions are the ways in which the daemon reaches AWS: one for each role that plans and changes name, kept for as long
// as its credentials hold. Whoever works with one at the same time shares its limits of rate.
type sessions struct {
	clock func() time.Time // nil: the machine's
	open  func(ctx context.Context, role string) (*awsapi.Session, error)

	mu     sync.Mutex
	byRole map[string]*seat
}

// seat is the place of a role's session. Opening one may take a while, and keeps nobody else waiting.
type seat struct {
	mu  sync.Mutex
	now *shared // nil: none is open
}

// shared is a session that several work with. It is closed when nobody does any more and its seat is another's.
type shared struct {
	session *awsapi.Session
	repair  repair.Session

	mu      sync.Mutex
	users   int
	retired bool
}

// entry is a session as it is lent to one user, who gives it back with done.
type entry struct {
	session *awsapi.Session
	repair  repair.Session
	done    func()
}

func newSessions(open func(ctx context.Context, role string) (*awsapi.Session, error)) *sessions {
	return &sessions{open: open, byRole: map[string]*seat{}}
}

// get lends a role's session.
func (s *sessions) get(ctx context.Context, role string) (*entry, error) {
	s.mu.Lock()
	at := s.byRole[role]
	if at == nil {
		at = &seat{}
		s.byRole[role] = at
	}
	s.mu.Unlock()
	at.mu.Lock()
	defer at.mu.Unlock()
	if at.now != nil && at.now.session.Ended() != nil {
		at.now.retire()
		at.now = nil
	}
	if at.now == nil {
		// The session outlives the request that is the first to need it.
		session, err := s.open(context.WithoutCancel(ctx), role)
		if err != nil {
			return nil, err
		}
		at.now = &shared{session: session, repair: repair.OverAt(session, s.clock)}
	}
	return at.now.lend(), nil
}

func (s *shared) lend() *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users++
	return &entry{session: s.session, repair: s.repair, done: sync.OnceFunc(func() { s.leave(1, false) })}
}

// retire closes the session as soon as nobody works with it any more.
func (s *shared) retire() { s.leave(0, true) }

// leave takes users off, and closes what is retired and not used.
func (s *shared) leave(users int, retire bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users -= users
	s.retired = s.retired || retire
	if s.retired && s.users == 0 {
		s.repair.Close()
		s.session.Close()
	}
}

// forRepair is repair.Options.Sessions. The sessions stay open when a worker is closed: others work with them.
func (s *sessions) forRepair(ctx context.Context, a plan.Access) (repair.Session, error) {
	e, err := s.get(ctx, a.Role)
	if err != nil {
		return repair.Session{}, err
	}
	lent := e.repair
	lent.Close = e.done
	return lent, nil
}

// close ends all of them. Nobody may be at work any more.
func (s *sessions) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, at := range s.byRole {
		if at.now != nil {
			at.now.retire()
			at.now = nil
		}
	}
}
