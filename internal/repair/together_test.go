package repair

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// slowly is an Inspector whose answers wait until they are let go.
type slowly struct {
	begun, let chan struct{}
	panics     bool

	mu        sync.Mutex
	inspected []int // targets of each call
	simulated [][]plan.Permission
}

func newSlowly() *slowly { return &slowly{begun: make(chan struct{}), let: make(chan struct{})} }

func (s *slowly) Inspect(ctx context.Context, targets []inventory.Target) ([]resource.Surroundings, error) {
	s.mu.Lock()
	s.inspected = append(s.inspected, len(targets))
	s.mu.Unlock()
	s.begun <- struct{}{}
	select {
	case <-s.let:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.panics {
		panic("broken")
	}
	found := make([]resource.Surroundings, len(targets))
	for n, t := range targets {
		found[n].Location.Region = t.Name
	}
	return found, nil
}

func (s *slowly) Simulate(_ context.Context, _ resource.Location, asked []plan.Permission) (map[plan.Permission]resource.Fact[string], error) {
	s.mu.Lock()
	s.simulated = append(s.simulated, asked)
	s.mu.Unlock()
	all := map[plan.Permission]resource.Fact[string]{}
	for _, p := range asked {
		all[p] = resource.Known(p.Action)
	}
	return all, nil
}

func waitFor[Q, A any](g *gathered[Q, A], n int) {
	for {
		g.mu.Lock()
		waiting := len(g.waiting)
		g.mu.Unlock()
		if waiting == n {
			return
		}
	}
}

func TestTogetherInspectsOnceForAllWhoWait(t *testing.T) {
	t.Parallel()
	slow := newSlowly()
	both := newTogether(slow)
	var asking sync.WaitGroup
	ask := func(name string) {
		asking.Go(func() {
			found, err := both.Inspect(t.Context(), []inventory.Target{{Name: name}})
			if err != nil || len(found) != 1 || found[0].Location.Region != name {
				t.Errorf("%s: %+v, %v", name, found, err)
			}
		})
	}
	ask("first")
	<-slow.begun
	for _, name := range []string{"a", "b", "c"} {
		ask(name)
	}
	waitFor(&both.targets, 3)
	slow.let <- struct{}{}
	<-slow.begun
	slow.let <- struct{}{}
	asking.Wait()
	ask("later") // asks anew: no answer is kept
	<-slow.begun
	slow.let <- struct{}{}
	asking.Wait()
	if d := cmp.Diff([]int{1, 3, 1}, slow.inspected); d != "" {
		t.Errorf("targets of each inspection (-want +got):\n%s", d)
	}
}

func TestTogetherGivenUp(t *testing.T) {
	t.Parallel()
	slow := newSlowly()
	both := newTogether(slow)
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := both.Inspect(ctx, []inventory.Target{{Name: "left"}})
		ended <- err
	}()
	<-slow.begun
	cancel(why) // the read ends too: there is nobody left who wants it
	if err := <-ended; !errors.Is(err, why) {
		t.Errorf("given up: %v, want %v", err, why)
	}
	go func() {
		_, err := both.Inspect(t.Context(), []inventory.Target{{Name: "next"}})
		ended <- err
	}()
	<-slow.begun
	slow.let <- struct{}{}
	if err := <-ended; err != nil {
		t.Errorf("after another gave up: %v", err)
	}
}

func TestTogetherPanics(t *testing.T) {
	t.Parallel()
	slow := newSlowly()
	slow.panics = true
	ended := make(chan error, 1)
	go func() {
		_, err := newTogether(slow).Inspect(t.Context(), []inventory.Target{{}})
		ended <- err
	}()
	<-slow.begun
	slow.let <- struct{}{}
	var broken *engine.PanicError
	if err := <-ended; !errors.As(err, &broken) || broken.Value != "broken" {
		t.Errorf("a panic: %v, want *engine.PanicError", err)
	}
}

func TestTogetherSimulatesEachPermissionOnce(t *testing.T) {
	t.Parallel()
	slow := newSlowly()
	both := newTogether(slow)
	var l resource.Location
	room := &gathered[[]plan.Permission, decisions]{busy: true} // as if another question was being answered
	both.rooms[l] = room
	create, remove := plan.Permission{Action: "create"}, plan.Permission{Action: "remove"}
	var asking sync.WaitGroup
	for _, asked := range [][]plan.Permission{{create}, {create, remove}} {
		asking.Go(func() {
			answer, err := both.Simulate(t.Context(), l, asked)
			if err != nil || len(answer) != len(asked) {
				t.Errorf("%v: %v, %v", asked, answer, err)
			}
		})
	}
	waitFor(room, 2)
	room.answer(func(ctx context.Context, q [][]plan.Permission) ([]decisions, error) { return both.simulate(ctx, l, q) })
	asking.Wait()
	if len(slow.simulated) != 1 || len(slow.simulated[0]) != 2 || !slices.Contains(slow.simulated[0], remove) {
		t.Errorf("simulated: %+v", slow.simulated)
	}
}
