package leftover_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/leftover"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// users are what names each of Glueguard's configurations here: how many do.
func (w *world) users() map[string]int {
	w.Helper()
	found, failed, err := leftover.Configurations(w.Context(), w.inspector, w.store, []resource.Location{here()})
	if err != nil || len(failed) > 0 {
		w.Fatalf("configurations: %v, %v", failed, err)
	}
	users := map[string]int{}
	for _, c := range found {
		users[c.Configuration.Name] = len(c.UsedBy)
	}
	return users
}

func TestConfigurationsInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.users(); len(got) > 0 {
		t.Errorf("before any change: %v", got)
	}
	p := w.plan(plan.Wanted{Mode: resource.ModeSSES3}, endpointARN())
	c := w.applyUpTo(p, "create-twin")
	var name string
	for n, users := range w.users() {
		if name = n; users == 0 {
			t.Error("an open change that needs it is no user")
		}
	}
	w.do(engine.Resume, c.Head.ID)
	if got := w.users(); got[name] == 0 {
		t.Errorf("the endpoint is no user: %v", got)
	}
	w.do(engine.Backout, c.Head.ID)
	if d := cmp.Diff(map[string]int{name: 0}, w.users()); d != "" {
		t.Errorf("after the backout (-want +got):\n%s", d)
	}
}

// A later change has saved a definition that names the configuration: its backout needs it.
func TestSavedDefinitionsAreUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applyUpTo(w.plan(plan.Wanted{Mode: resource.ModeSSES3}, endpointARN()), "")
	w.applyUpTo(w.plan(plan.Wanted{Mode: resource.ModeSSEKMS}, endpointARN()), "")
	got := w.users()
	if len(got) != 2 {
		t.Fatalf("%d configurations, want 2: %v", len(got), got)
	}
	for name, users := range got {
		if users == 0 {
			t.Errorf("%s has no user", name)
		}
	}
}

// reader is an inventory whose reads can fail.
type reader struct {
	configurations []resource.SecurityConfiguration
	uses           map[string][]string
	tagged         []inventory.Tagged
	err            error
}

func (r reader) Configurations(context.Context, resource.Location) ([]resource.SecurityConfiguration, error) {
	return r.configurations, nil
}

func (r reader) ConfigurationUses(context.Context, resource.Location) (map[string][]string, error) {
	return r.uses, r.err
}

func (r reader) Tagged(context.Context, resource.Location, string) ([]inventory.Tagged, error) {
	return r.tagged, r.err
}

func TestUnreadReferencesKeepAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ours := resource.SecurityConfiguration{S3: []resource.Encryption{{Mode: resource.ModeSSES3}}}
	ours.Name = plan.ConfigurationName(ours)
	edited := ours
	edited.S3 = []resource.Encryption{{Mode: resource.ModeSSEKMS, KMSKey: "k"}}
	r := reader{configurations: []resource.SecurityConfiguration{ours, edited, {Name: "theirs"}}}
	found, failed, err := leftover.Configurations(t.Context(), r, w.store, []resource.Location{here()})
	if err != nil || len(failed) > 0 || len(found) != 1 || found[0].Configuration.Name != ours.Name || len(found[0].UsedBy) > 0 {
		t.Errorf("all was read: %v, %v, %v; want ours alone, without users", found, failed, err)
	}
	r.err = errors.New("denied")
	found, failed, err = leftover.Configurations(t.Context(), r, w.store, []resource.Location{here()})
	if err != nil || len(failed) != 1 || len(found) > 0 {
		t.Errorf("references could not be read: %v, %v, %v; want none, and the location told", found, failed, err)
	}
	orphans, failed, err := leftover.Orphans(t.Context(), r, w.store, []resource.Location{here()})
	if err != nil || len(failed) != 1 || len(orphans) > 0 {
		t.Errorf("tags could not be read: %v, %v, %v", orphans, failed, err)
	}
}

func TestWhatCantBeAdopted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	adopter := leftover.Adopter{Reader: w.inspector, Store: w.store, Now: time.Now, By: "me"}
	for name, c := range map[string]struct {
		orphan leftover.Orphan
		want   error
	}{
		"a change that is over": {leftover.Orphan{Location: here(), ARN: endpointARN(), Change: "c1", State: "done"}, leftover.ErrKnown},
		"a key alone":           {leftover.Orphan{Location: here(), ARN: here().ARN("kms", "key/1").String(), Change: "c1"}, leftover.ErrKey},
		"something gone":        {leftover.Orphan{Location: here(), ARN: here().ARN("glue", "devEndpoint/none-gg-00000000").String(), Change: "c1"}, leftover.ErrNoTags},
		"no ARN":                {leftover.Orphan{Location: here(), ARN: "x", Change: "c1"}, resource.ErrARN},
	} {
		if _, err := adopter.Adopt(t.Context(), []leftover.Orphan{c.orphan}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
