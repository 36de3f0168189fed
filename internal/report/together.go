package report

import (
	"errors"
	"sync"

	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// togetherBatch is how many findings are handed round at once: enough that handing round costs nothing.
const togetherBatch = 256

// Together gives sources of one audit to n writers that run at the same time, and reads it for all of them at once.
// Reading a stored audit costs more than writing it, and some formats must read it twice: n writers cost as many readings
// as the one that reads most often. A reading begins when each of the n waits for one, or is closed: each must be used in
// a goroutine of its own, and closed.
func Together(audit Source, n int) []*Reader {
	m := &meeting{audit: audit, present: n}
	readers := make([]*Reader, n)
	for i := range readers {
		readers[i] = &Reader{meeting: m}
	}
	return readers
}

// Reader is a Source that is read together with others.
type Reader struct {
	meeting *meeting
	closed  bool
}

// Head returns the audit's head.
func (r *Reader) Head() store.Audit { return r.meeting.audit.Head() }

// EachCoverage waits until all others wait, or are closed, and reads with those that want the same.
func (r *Reader) EachCoverage(yield func(resource.Coverage) error) error {
	w := newWish(yield)
	r.meeting.lead(func() { r.meeting.coverage = append(r.meeting.coverage, w) })
	return <-w.done
}

// EachFinding waits and reads as EachCoverage does.
func (r *Reader) EachFinding(yield func(finding.Finding) error) error {
	w := newWish(yield)
	r.meeting.lead(func() { r.meeting.findings = append(r.meeting.findings, w) })
	return <-w.done
}

// EachAudit implements Trend where the audit does.
func (r *Reader) EachAudit(yield func(store.Audit) error) error {
	if t, ok := r.meeting.audit.(Trend); ok {
		return t.EachAudit(yield)
	}
	return nil
}

// Close lets the others go on without this one.
func (r *Reader) Close() {
	if !r.closed {
		r.closed = true
		r.meeting.lead(func() { r.meeting.present-- })
	}
}

// meeting is where readers wait for each other.
type meeting struct {
	audit Source

	mu       sync.Mutex
	present  int // readers that are not closed
	coverage []*wish[resource.Coverage]
	findings []*wish[finding.Finding]
}

// wish is what a reader waits for.
type wish[T any] struct {
	yield func(T) error
	err   error // the callback's
	done  chan error
}

func newWish[T any](yield func(T) error) *wish[T] {
	return &wish[T]{yield: yield, done: make(chan error, 1)}
}

// lead makes a change, and reads when it was the last that the others waited for. Coverage is short, and read first, so
// that more want findings together.
func (m *meeting) lead(change func()) {
	m.mu.Lock()
	change()
	coverage, findings := m.coverage, m.findings
	switch {
	case len(coverage)+len(findings) < m.present || len(coverage)+len(findings) == 0:
		coverage, findings = nil, nil
	case len(coverage) > 0:
		m.coverage, findings = nil, nil
	default:
		m.findings = nil
	}
	m.mu.Unlock()
	fulfil(coverage, m.audit.EachCoverage)
	fulfil(findings, m.audit.EachFinding)
}

// fulfil reads once for all that wish it.
func fulfil[T any](wishes []*wish[T], each func(func(T) error) error) {
	if len(wishes) == 0 {
		return
	}
	batch := make([]T, 0, togetherBatch)
	err := each(func(item T) error {
		if batch = append(batch, item); len(batch) < togetherBatch {
			return nil
		}
		listening := hand(wishes, batch)
		batch = batch[:0]
		if !listening {
			return enough{}
		}
		return nil
	})
	hand(wishes, batch)
	for _, w := range wishes {
		if w.err == nil && !errors.As(err, &enough{}) {
			w.err = err
		}
		w.done <- w.err
	}
}

// hand calls every callback that still listens with all of a batch, beside each other, and tells whether any does.
func hand[T any](wishes []*wish[T], batch []T) bool {
	var all sync.WaitGroup
	for _, w := range wishes {
		if w.err == nil {
			all.Go(func() {
				for i := 0; i < len(batch) && w.err == nil; i++ {
					w.err = w.yield(batch[i])
				}
			})
		}
	}
	all.Wait()
	for _, w := range wishes {
		if w.err == nil {
			return true
		}
	}
	return false
}

// enough ends a reading that nobody needs the rest of.
type enough struct{}

func (enough) Error() string { return "nobody needs the rest" }
