package daemon

import (
	"context"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/api"
)

// mostPending is how many events of different changes, requests and audits may wait for one subscriber. One that is
// further behind is sent away: it reads the present state when it comes back.
const mostPending = 10_000

// Hub hands out what goes on to whoever has subscribed: it implements api.Events. Publishing never waits for anybody.
type Hub struct {
	now     func() time.Time
	counted func(n int)
	over    chan struct{} // closed when there is nothing more to come

	mu   sync.Mutex
	seq  int64
	subs map[*subscriber]struct{}
}

var _ api.Events = (*Hub)(nil)

// newHub returns a hub. counted is told how many subscribers came (1) or went (-1).
func newHub(now func() time.Time, counted func(n int)) *Hub {
	return &Hub{now: now, counted: counted, over: make(chan struct{}), subs: map[*subscriber]struct{}{}}
}

// subject is what an event is about. Of several that wait for a subscriber, the last is enough.
type subject struct {
	kind api.EventKind
	id   string
}

func subjectOf(e api.Event) subject {
	if e.Kind == api.EventChange && e.Change != nil {
		return subject{e.Kind, e.Change.ID}
	}
	return subject{e.Kind, e.Request}
}

// Subscribe implements api.Events.
func (h *Hub) Subscribe(ctx context.Context) <-chan api.Event {
	s := &subscriber{pending: map[subject]api.Event{}, wake: make(chan struct{}, 1), out: make(chan api.Event)}
	h.mu.Lock()
	h.subs[s] = struct{}{}
	h.mu.Unlock()
	h.counted(1)
	go func() {
		defer func() {
			h.mu.Lock()
			delete(h.subs, s)
			h.mu.Unlock()
			h.counted(-1)
			close(s.out)
		}()
		s.pump(ctx, h.over)
	}()
	return s.out
}

// end sends all subscribers away, and those who come later: each stream ends, so that a server can.
func (h *Hub) end() { close(h.over) }

// Publish hands an event to all subscribers.
func (h *Hub) Publish(e api.Event) {
	h.mu.Lock()
	h.seq++
	e.Seq, e.At = h.seq, h.now()
	to := make([]*subscriber, 0, len(h.subs))
	for s := range h.subs {
		to = append(to, s)
	}
	for _, s := range to { // under the lock, so that events of one subject come in their order
		s.offer(e)
	}
	h.mu.Unlock()
}

// Watched tells whether anybody has subscribed.
func (h *Hub) Watched() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs) > 0
}

// subscriber keeps, of each subject, the last event that was not taken yet.
type subscriber struct {
	out  chan api.Event
	wake chan struct{}

	mu      sync.Mutex
	order   []subject
	pending map[subject]api.Event
	lost    bool
}

func (s *subscriber) offer(e api.Event) {
	about := subjectOf(e)
	s.mu.Lock()
	if s.lost { // it is about to be sent away, and takes nothing more in
		s.mu.Unlock()
		return
	}
	if _, waits := s.pending[about]; !waits {
		s.order = append(s.order, about)
	}
	s.pending[about] = e
	if len(s.order) > mostPending {
		s.lost, s.order, s.pending = true, nil, nil
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take returns the next event; more is false when there is none, and lost when the subscriber is too far behind.
func (s *subscriber) take() (e api.Event, more, lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost || len(s.order) == 0 {
		return e, false, s.lost
	}
	about := s.order[0]
	s.order = s.order[1:]
	e = s.pending[about]
	delete(s.pending, about)
	return e, true, false
}

// pump hands events over until ctx ends, or all is over, or the subscriber is lost.
func (s *subscriber) pump(ctx context.Context, over <-chan struct{}) {
	for {
		e, more, lost := s.take()
		switch {
		case lost:
			return
		case more:
			select {
			case s.out <- e:
			case <-ctx.Done():
				return
			case <-over:
				return
			}
		default:
			select {
			case <-s.wake:
			case <-ctx.Done():
				return
			case <-over:
				return
			}
		}
	}
}
