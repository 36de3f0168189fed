package daemon

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/store"
)

// ended is a store in which all has come to its end.
type ended struct{ watched }

func (ended) EachSummary(context.Context, store.ChangeFilter, func(store.Summarized) error) error {
	return nil
}

func (ended) EachRequest(context.Context, store.RequestFilter, func(store.Request) error) error {
	return nil
}

func (ended) Request(_ context.Context, id string) (store.Request, error) {
	return store.Request{ID: id, State: store.RequestEnded, Version: 2}, nil
}

// A request that begins and ends between two looks is told of once: a page may have been made in between.
func TestFollow(t *testing.T) {
	t.Parallel()
	var told []string
	w := newWatcher(ended{}, func(e api.Event) { told = append(told, e.Request) })
	for _, follow := range []bool{false, true, false} {
		if follow {
			w.follow("r1")
		}
		if err := w.look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"r1"}, told); diff != "" {
		t.Error(diff)
	}
}
