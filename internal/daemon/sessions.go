package daemon

import (
	"context"
	"sync"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/repair"
)

// sessions are the ways in which the daemon reaches AWS: one for each role that plans and changes name, kept for as long
// as its credentials hold. Whoever works with one at the same time shares its limits of rate.
type sessions struct {
	open func(ctx context.Context, role string) (*awsapi.Session, error)

	mu     sync.Mutex
	byRole map[string]*entry
	past   []*entry // their credentials have ended; somebody may be at work with them still
}

type entry struct {
	session *awsapi.Session
	repair  repair.Session
}

func newSessions(open func(ctx context.Context, role string) (*awsapi.Session, error)) *sessions {
	return &sessions{open: open, byRole: map[string]*entry{}}
}

func (s *sessions) get(ctx context.Context, role string) (*entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.byRole[role]; e != nil {
		if e.session.Ended() == nil {
			return e, nil
		}
		s.past = append(s.past, e)
		delete(s.byRole, role)
	}
	// The session outlives the request that is the first to need it.
	session, err := s.open(context.WithoutCancel(ctx), role)
	if err != nil {
		return nil, err
	}
	e := &entry{session: session, repair: repair.Over(session)}
	s.byRole[role] = e
	return e, nil
}

// forRepair is repair.Options.Sessions. The sessions stay open when a worker is closed: others work with them.
func (s *sessions) forRepair(ctx context.Context, a plan.Access) (repair.Session, error) {
	e, err := s.get(ctx, a.Role)
	if err != nil {
		return repair.Session{}, err
	}
	lent := e.repair
	lent.Close = nil
	return lent, nil
}

// close ends all of them. Nobody may be at work any more.
func (s *sessions) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.byRole {
		s.past = append(s.past, e)
	}
	for _, e := range s.past {
		e.repair.Close()
		e.session.Close()
	}
	s.byRole, s.past = map[string]*entry{}, nil
}
