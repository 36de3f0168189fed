package leftover_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/leftover"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

const alias = "alias/glueguard"

// keys are the ARNs of the location's keys, with what they are called.
func (w *world) keys() map[string][]string {
	w.Helper()
	list, err := w.inspector.Keys(w.Context(), here())
	if err != nil {
		w.Fatal(err)
	}
	all := map[string][]string{}
	for _, k := range list {
		all[k.ARN], _ = k.Aliases.Value()
	}
	return all
}

func withNewKey() plan.Wanted {
	return plan.Wanted{Mode: resource.ModeSSEKMS, NewKey: &plan.NewKey{Alias: alias}}
}

// A change that ends between making a key and naming it leaves one that nobody uses. It is listed, and the next change
// that makes a key of that name takes it.
func TestSpareKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.keys()
	first := w.applyUpTo(w.plan(withNewKey(), endpointARN()), "create-alias")
	if first.KeyARN == "" {
		t.Fatal("no key was made")
	}
	if left := w.orphans(); len(left) > 0 {
		t.Errorf("the change is still open: %v", left)
	}
	w.do(engine.Backout, first.Head.ID)
	want := []leftover.Orphan{{Location: here(), ARN: first.KeyARN, Change: first.Head.ID, State: change.BackedOut, Alias: alias}}
	if d := cmp.Diff(want, w.orphans()); d != "" {
		t.Errorf("after the backout (-want +got):\n%s", d)
	}
	if _, err := w.adopt(); !errors.Is(err, leftover.ErrKey) {
		t.Errorf("adopting it: %v, want %v", err, leftover.ErrKey)
	}
	next := w.applyUpTo(w.plan(withNewKey(), endpointARN()), "")
	if next.State != change.Done || next.KeyARN != first.KeyARN {
		t.Errorf("the next change is %s, with the key %s; want done, with %s", next.State, next.KeyARN, first.KeyARN)
	}
	if left := w.orphans(); len(left) > 0 {
		t.Errorf("its key is in use: %v", left)
	}
	after := w.keys()
	if got := after[first.KeyARN]; len(after) != len(before)+1 || !slices.Equal(got, []string{alias}) {
		t.Errorf("%d keys were made, the first is called %v", len(after)-len(before), got)
	}
}

// The state is lost as well: the key's own tags tell what it is for.
func TestSpareKeyOfALostChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.applyUpTo(w.plan(withNewKey(), endpointARN()), "create-alias")
	w.lose()
	want := []leftover.Orphan{{Location: here(), ARN: first.KeyARN, Change: first.Head.ID, Alias: alias}}
	if d := cmp.Diff(want, w.orphans()); d != "" {
		t.Errorf("after the state was lost (-want +got):\n%s", d)
	}
	if next := w.applyUpTo(w.plan(withNewKey(), endpointARN()), ""); next.KeyARN != first.KeyARN {
		t.Errorf("the next change has the key %s, want %s", next.KeyARN, first.KeyARN)
	}
}

// keyed is a reader whose answers about a key are made up.
type keyed struct {
	leftover.Reader
	fact    *resource.Fact[resource.Key]
	aliases error
}

func (k keyed) Key(ctx context.Context, l resource.Location, arn string) resource.Fact[resource.Key] {
	if k.fact != nil {
		return *k.fact
	}
	return k.Reader.Key(ctx, l, arn)
}

func (k keyed) Aliases(ctx context.Context, l resource.Location, key string) ([]string, error) {
	if k.aliases != nil {
		return nil, k.aliases
	}
	return k.Reader.Aliases(ctx, l, key)
}

// A key that can't be looked at is no orphan and no key in use: its location was not wholly read.
func TestSpareKeysUnread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.applyUpTo(w.plan(withNewKey(), endpointARN()), "create-alias")
	w.do(engine.Backout, first.Head.ID)
	fact := func(f resource.Fact[resource.Key]) *resource.Fact[resource.Key] { return &f }
	for name, c := range map[string]struct {
		reader         keyed
		orphans, blind int
	}{
		"as it is":                  {keyed{Reader: w.inspector}, 1, 0},
		"its deletion is scheduled": {keyed{Reader: w.inspector, fact: fact(resource.Known(resource.Key{State: "PendingDeletion"}))}, 0, 0},
		"it is gone":                {keyed{Reader: w.inspector, fact: fact(resource.Absent[resource.Key]())}, 0, 0},
		"it can't be read":          {keyed{Reader: w.inspector, fact: fact(resource.Unknown[resource.Key](resource.Failure{Operation: "kms:DescribeKey"}))}, 0, 1},
		"its names can't be read":   {keyed{Reader: w.inspector, aliases: errors.New("denied")}, 0, 1},
	} {
		found, failed, err := leftover.Orphans(t.Context(), c.reader, w.store, []resource.Location{here()})
		if err != nil || len(found) != c.orphans || len(failed) != c.blind {
			t.Errorf("%s: %v, unread %v, %v", name, found, failed, err)
		}
	}
}
