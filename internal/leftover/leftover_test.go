package leftover_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/action"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/leftover"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

const role = "arn:aws:iam::111111111111:role/AWSGlueServiceRole-dev"

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

func (r reader) Key(context.Context, resource.Location, string) resource.Fact[resource.Key] {
	return resource.Known(resource.Key{State: "Enabled"})
}

func (r reader) Aliases(context.Context, resource.Location, string) ([]string, error) {
	return nil, r.err
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

// unused makes a configuration that nothing names, and lists it.
func (w *world) unused() leftover.Configuration {
	w.Helper()
	c := w.applyUpTo(w.plan(plan.Wanted{Mode: resource.ModeSSES3}, endpointARN()), "")
	w.do(engine.Backout, c.Head.ID)
	found, failed, err := leftover.Configurations(w.Context(), w.inspector, w.store, []resource.Location{here()})
	if err != nil || len(failed) > 0 || len(found) != 1 || len(found[0].UsedBy) > 0 {
		w.Fatalf("%v, %v, %v; want one that nothing names", found, failed, err)
	}
	return found[0]
}

// late is a reader that may not read what names configurations any more.
type late struct {
	leftover.Reader
	uses error
}

func (l late) ConfigurationUses(ctx context.Context, at resource.Location) (map[string][]string, error) {
	if l.uses != nil {
		return nil, l.uses
	}
	return l.Reader.ConfigurationUses(ctx, at)
}

// What names a configuration is counted again right before it is deleted.
func TestNamedInBetween(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		between func(w *world, name string)
		unread  error
		kept    string
	}{
		"nothing came":        {between: func(*world, string) {}},
		"it has gone already": {between: (*world).deleteConfiguration, kept: "gone"},
		"a dev endpoint":      {between: (*world).nameByEndpoint, kept: "it is named by dev endpoint late by now"},
		"a job":               {between: (*world).nameByJob, kept: "it is named by job late by now"},
		"a change": {between: func(w *world, _ string) {
			w.applyUpTo(w.plan(plan.Wanted{Mode: resource.ModeSSES3}, endpointARN()), "create-twin")
		}, kept: "it is named by change"},
		"it can't be read": {between: func(*world, string) {}, unread: errors.New("denied")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			listed := w.unused()
			c.between(w, listed.Configuration.Name)
			r := leftover.Remover{Reader: late{w.inspector, c.unread}, Changes: w.store, Actor: action.New(w.session, action.Options{})}
			removed, kept, err := r.Remove(t.Context(), listed)
			if !errors.Is(err, c.unread) || removed != (c.kept == "" && c.unread == nil) || c.kept != "gone" && !strings.HasPrefix(kept, c.kept) {
				t.Errorf("removed %t, kept %q, %v", removed, kept, err)
			}
			fact := w.inspector.Configuration(t.Context(), here(), listed.Configuration.Name)
			if gone := removed || c.kept == "gone"; fact.IsAbsent() != gone {
				t.Errorf("gone is %t, want %t", fact.IsAbsent(), gone)
			}
		})
	}
}

func (w *world) deleteConfiguration(name string) {
	w.Helper()
	if _, err := w.glue.DeleteSecurityConfiguration(w.Context(), &glue.DeleteSecurityConfigurationInput{Name: &name}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) nameByEndpoint(name string) {
	w.Helper()
	in := &glue.CreateDevEndpointInput{EndpointName: aws.String("late"), RoleArn: aws.String(role), SecurityConfiguration: &name}
	if _, err := w.glue.CreateDevEndpoint(w.Context(), in); err != nil {
		w.Fatal(err)
	}
}

func (w *world) nameByJob(name string) {
	w.Helper()
	in := &glue.CreateJobInput{
		Name: aws.String("late"), Role: aws.String(role), SecurityConfiguration: &name,
		Command: &types.JobCommand{Name: aws.String("glueetl"), ScriptLocation: aws.String("s3://scripts/late.py")},
	}
	if _, err := w.glue.CreateJob(w.Context(), in); err != nil {
		w.Fatal(err)
	}
}
