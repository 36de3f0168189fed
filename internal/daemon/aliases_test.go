package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/resource"
)

// TestAliasesAreAskedForOnce has many look at the pages of one key at the same time, and again later.
func TestAliasesAreAskedForOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var asked atomic.Int32
	fails := errors.New("AccessDenied")
	var answer error
	a := newAliases(nil, "", func() time.Time { return now })
	a.look = func(ctx context.Context, _ resource.Location, key string) ([]string, error) {
		asked.Add(1)
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > aliasesWithin || ctx.Err() != nil {
			t.Errorf("it may last until %v, %v", deadline, ctx.Err())
		}
		return []string{"alias/" + key}, answer
	}
	gone, leave := context.WithCancel(t.Context())
	leave() // who has gone keeps the others from nothing
	look := func() {
		t.Helper()
		done := make(chan struct{})
		for range 8 {
			go func() {
				names, err := a.of(gone, resource.Location{Account: "111111111111"}, "k")
				if diff := cmp.Diff([]string{"alias/k"}, names); diff != "" || !errors.Is(err, answer) {
					t.Errorf("%v %s", err, diff)
				}
				done <- struct{}{}
			}()
		}
		for range 8 {
			<-done
		}
	}
	for _, step := range []struct {
		name  string
		later time.Duration
		fails bool
		want  int32
	}{
		{"many at once", 0, false, 1},
		{"soon after", aliasesKept - 1, false, 1},
		{"later, when AWS refuses", 1, true, 2},
		{"soon after it refused", aliasesMissed - 1, true, 2},
		{"when it answers again", 1, false, 3},
	} {
		now, answer = now.Add(step.later), nil
		if step.fails {
			answer = fails
		}
		if look(); asked.Load() != step.want {
			t.Errorf("%s: AWS was asked %d times, want %d", step.name, asked.Load(), step.want)
		}
	}
	for i := range mostAliased + 5 {
		if _, err := a.of(t.Context(), resource.Location{}, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.known) > mostAliased {
		t.Errorf("%d are kept", len(a.known))
	}
}
