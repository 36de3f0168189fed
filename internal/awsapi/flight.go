package awsapi

import (
	"context"
	"sync"
)

// flight runs a function once for all who ask while it runs, and keeps its value for those who ask later. A waiter
// stops waiting when its own context ends.
type flight[T any] struct {
	mu      sync.Mutex
	running chan struct{} // closed when the run ends; nil: nobody is running it
	held    bool          // value is what the last successful run returned
	value   T
	err     error // of the last run
}

// do returns the value held when it is usable, else what run returns. A nil usable takes any value.
func (f *flight[T]) do(ctx context.Context, usable func(T) bool, run func(context.Context) (T, error)) (T, error) {
	f.mu.Lock()
	if f.held && (usable == nil || usable(f.value)) {
		defer f.mu.Unlock()
		return f.value, nil
	}
	if running := f.running; running != nil {
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			var zero T
			return zero, interrupted(ctx)
		case <-running:
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.value, f.err
	}
	running := make(chan struct{})
	f.running = running
	f.mu.Unlock()

	value, err := run(ctx)

	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.value, f.held = value, true
	}
	f.err, f.running = err, nil
	close(running)
	return f.value, err
}

// last returns the value held, usable or not.
func (f *flight[T]) last() (T, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.value, f.held
}

// forget makes the next do run again.
func (f *flight[T]) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = false
}
