package repair

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/resource"
)

// together is an Inspector for many changes that begin at once: whoever asks while another's question is being answered
// waits, and all who wait are asked about in one. What they share (roles, quotas, notebooks, jobs) is then read once and
// not once for each. No answer is older than its question.
type together struct {
	inspector propose.Inspector
	targets   gathered[inventory.Target, resource.Surroundings]

	mu    sync.Mutex
	rooms map[resource.Location]*gathered[[]plan.Permission, decisions]
}

type decisions = map[plan.Permission]resource.Fact[string]

func newTogether(i propose.Inspector) *together {
	return &together{inspector: i, rooms: map[resource.Location]*gathered[[]plan.Permission, decisions]{}}
}

// Inspect implements propose.Inspector. Only a single target is worth waiting for others.
func (t *together) Inspect(ctx context.Context, targets []inventory.Target) ([]resource.Surroundings, error) {
	if len(targets) != 1 {
		return t.inspector.Inspect(ctx, targets)
	}
	s, err := t.targets.ask(ctx, targets[0], t.inspector.Inspect)
	if err != nil {
		return nil, err
	}
	return []resource.Surroundings{s}, nil
}

// Simulate implements propose.Inspector.
func (t *together) Simulate(ctx context.Context, l resource.Location, asked []plan.Permission) (decisions, error) {
	t.mu.Lock()
	room := t.rooms[l]
	if room == nil {
		room = &gathered[[]plan.Permission, decisions]{}
		t.rooms[l] = room
	}
	t.mu.Unlock()
	all, err := room.ask(ctx, asked, func(ctx context.Context, questions [][]plan.Permission) ([]decisions, error) {
		return t.simulate(ctx, l, questions)
	})
	if err != nil {
		return nil, err
	}
	own := decisions{}
	for _, p := range asked {
		own[p] = all[p]
	}
	return own, nil
}

// simulate asks about each permission once.
func (t *together) simulate(ctx context.Context, l resource.Location, questions [][]plan.Permission) ([]decisions, error) {
	var once []plan.Permission
	seen := map[plan.Permission]bool{}
	for _, p := range slices.Concat(questions...) {
		if !seen[p] {
			seen[p], once = true, append(once, p)
		}
	}
	answer, err := t.inspector.Simulate(ctx, l, once)
	if err != nil {
		return nil, err
	}
	return slices.Repeat([]decisions{answer}, len(questions)), nil
}

// gathered asks questions of one kind together.
type gathered[Q, A any] struct {
	mu      sync.Mutex
	busy    bool
	waiting []*question[Q, A]
}

type question[Q, A any] struct {
	ctx  context.Context //nolint:containedctx // the asker's, who waits as long as the question lives
	q    Q
	a    A
	err  error
	done chan struct{} // closed when it was answered
}

// ask returns the answer to q, which all gives together with the answers to what others ask meanwhile.
func (g *gathered[Q, A]) ask(ctx context.Context, q Q, all func(context.Context, []Q) ([]A, error)) (A, error) {
	mine := &question[Q, A]{ctx: ctx, q: q, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, mine)
	if !g.busy {
		g.busy = true
		go g.answer(all)
	}
	g.mu.Unlock()
	select {
	case <-mine.done:
		return mine.a, mine.err
	case <-ctx.Done():
		var none A
		return none, context.Cause(ctx)
	}
}

// answer asks until nobody waits.
func (g *gathered[Q, A]) answer(all func(context.Context, []Q) ([]A, error)) {
	for {
		g.mu.Lock()
		batch := g.waiting
		g.waiting, g.busy = nil, len(batch) > 0
		g.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		answerAll(batch, all)
	}
}

// answerAll asks one batch. It is given up when everyone in it has gone.
func answerAll[Q, A any](batch []*question[Q, A], all func(context.Context, []Q) ([]A, error)) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(batch[0].ctx))
	defer cancel()
	questions := make([]Q, len(batch))
	var gone atomic.Int64
	for n, b := range batch {
		questions[n] = b.q
		stop := context.AfterFunc(b.ctx, func() {
			if gone.Add(1) == int64(len(batch)) {
				cancel()
			}
		})
		defer stop()
	}
	answers, err := guarded(ctx, questions, all)
	if err == nil && len(answers) != len(batch) {
		err = fmt.Errorf("%d answers to %d questions", len(answers), len(batch))
	}
	for n, b := range batch {
		if b.err = err; err == nil {
			b.a = answers[n]
		}
		close(b.done)
	}
}

// guarded makes a panic below it the error of those who asked, as engines do.
func guarded[Q, A any](ctx context.Context, questions []Q, all func(context.Context, []Q) ([]A, error)) (_ []A, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &engine.PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return all(ctx, questions)
}
