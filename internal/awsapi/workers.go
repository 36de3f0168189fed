package awsapi

import (
	"context"
	"time"
)

// idleWorker is how long a worker waits for its next call before it ends.
const idleWorker = 200 * time.Millisecond

// workers bounds the calls in flight, and makes them on goroutines that are used again: a call through the SDK needs
// a deep stack, and growing one for each call costs a tenth of its time.
type workers struct {
	room chan struct{} // one token per worker alive
	work chan *job
	quit chan struct{} // closed: idle workers end at once
}

type job struct {
	ctx     context.Context
	timeout time.Duration
	call    func(context.Context) error
	sent    time.Time
	err     error
	done    chan struct{}
}

func (j *job) run() {
	defer close(j.done)
	ctx, cancel := context.WithTimeout(j.ctx, j.timeout)
	defer cancel()
	j.sent = time.Now()
	j.err = j.call(ctx)
}

func newWorkers(n int) *workers {
	return &workers{room: make(chan struct{}, n), work: make(chan *job), quit: make(chan struct{})}
}

// do makes a call on a worker and waits for it. It returns when the call was sent, and its error. A call that has
// begun is waited for: it ends with its context.
func (w *workers) do(ctx context.Context, timeout time.Duration, call func(context.Context) error) (time.Time, error) {
	j := &job{ctx: ctx, timeout: timeout, call: call, done: make(chan struct{})}
	select {
	case w.work <- j: // an idle worker
	default:
		select {
		case w.work <- j:
		case w.room <- struct{}{}:
			go w.run(j)
		case <-ctx.Done():
			return time.Time{}, interrupted(ctx)
		}
	}
	<-j.done
	return j.sent, j.err
}

func (w *workers) run(j *job) {
	defer func() { <-w.room }()
	idle := time.NewTimer(idleWorker)
	defer idle.Stop()
	for {
		j.run()
		idle.Reset(idleWorker)
		select {
		case j = <-w.work:
		case <-idle.C:
			return
		case <-w.quit:
			return
		}
	}
}
