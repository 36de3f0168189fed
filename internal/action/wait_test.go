package action

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/sandbox"
)

func waitTwin() plan.Step {
	return plan.Step{Name: "wait-twin", Kind: plan.WaitReady, Role: plan.Twin, Status: statusReady, LimitMinutes: 30}
}

func TestWaitReady(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		original string
		after    func(w *world, name string)
		seen     execute.Seen
		code     string
	}{
		"on its way":    {original, func(*world, string) {}, execute.Pending, ""},
		"ready":         {original, func(w *world, _ string) { w.advance(provisioning) }, execute.Settled, ""},
		"failed":        {"fail-s3-encryption-mixed", func(w *world, _ string) { w.advance(provisioning) }, execute.Missed, change.TroubleFailed},
		"deleted":       {original, func(w *world, name string) { w.deleted(name); w.advance(provisioning) }, execute.Missed, change.TroubleGone},
		"being deleted": {original, func(w *world, name string) { w.deleted(name); w.advance(time.Second) }, execute.Missed, change.TroubleGone},
		"another": {original, func(w *world, name string) {
			d := w.endpoint(name).Definition
			w.deleted(name)
			w.advance(provisioning)
			d.Tags = nil
			w.made(d, nil)
		}, execute.Missed, change.TroubleChanged},
		"slow": {original, func(w *world, _ string) {
			w.post("settings", `{"provisioning":"10h"}`)
			w.ahead.Add(int64(31 * time.Minute))
		}, execute.Missed, change.TroubleSlow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			d := w.endpoint(test.original)
			c := w.change(d)
			w.run(c, createTwin(d))
			w.at(c, waitTwin())
			if o := w.want(c, waitTwin(), execute.Pending); o.Detail != "PROVISIONING" {
				t.Errorf("detail %q", o.Detail)
			}
			w.advance(time.Second)
			test.after(w, c.Resources[plan.Twin].Name)
			o := w.want(c, waitTwin(), test.seen)
			if test.code != "" && o.Trouble.Code != test.code {
				t.Errorf("trouble %+v, want %s", o.Trouble, test.code)
			}
			if test.code == change.TroubleFailed && !strings.Contains(o.Trouble.Message, "free addresses") {
				t.Errorf("the reason is lost: %s", o.Trouble.Message)
			}
			if test.code == change.TroubleSlow {
				c.Resumed = w.actor.now()
				w.want(c, waitTwin(), execute.Pending)
			}
		})
	}
}

// TestCreationTimeOfAnotherFraction: where the answer to the create was rounded, the endpoint is known by its tag, and
// from then on by the time that the listing shows.
func TestCreationTimeOfAnotherFraction(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	d := w.endpoint(original)
	c := w.change(d)
	w.run(c, createTwin(d))
	id := c.Resources[plan.Twin]
	id.CreatedAt = id.CreatedAt.Add(-300 * time.Millisecond)
	c.Resources[plan.Twin] = id
	w.at(c, waitTwin())
	w.want(c, waitTwin(), execute.Pending)
	w.advance(provisioning)
	o := w.want(c, waitTwin(), execute.Settled)
	equal(t, "identity", w.endpoint(id.Name).Identity(), *o.Facts.Resource)
}

// TestWaitGone: only that AWS finds nothing counts, and a name that somebody else has taken is told.
func TestWaitGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	d := w.endpoint(original)
	c := w.change(d)
	s := plan.Step{Name: "wait-original-gone", Kind: plan.WaitGone, Role: plan.Original, LimitMinutes: 30}
	w.at(c, s)
	w.want(c, s, execute.Pending)
	w.deleted(original)
	w.advance(time.Second)
	if o := w.want(c, s, execute.Pending); o.Detail != statusTerminating {
		t.Errorf("detail %q", o.Detail)
	}
	w.advance(provisioning)
	w.want(c, s, execute.Settled)
	w.made(d.Definition, nil)
	w.advance(time.Second)
	w.missed(c, s, change.TroubleForeign)

	never := plan.Step{Kind: plan.WaitGone, Role: plan.RestoredTwin}
	w.want(c, never, execute.Settled)
}

// TestManyWaitOnOneListing: changes of one location that wait share what they read.
func TestManyWaitOnOneListing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	d := w.endpoint(original)
	c := w.change(d)
	w.run(c, createTwin(d))
	w.at(c, waitTwin())
	w.ahead.Add(int64(5 * time.Minute)) // so that a listing may be seconds old
	before := w.calls("glue:GetDevEndpoints")
	var waiting sync.WaitGroup
	for range 100 {
		waiting.Go(func() {
			for range 3 {
				if o, err := w.actor.Observe(t.Context(), c, waitTwin()); err != nil || o.Seen != execute.Pending {
					t.Errorf("saw %+v, %v", o, err)
				}
			}
		})
	}
	waiting.Wait()
	if n := w.calls("glue:GetDevEndpoints") - before; n != 1 {
		t.Errorf("%d listings, want 1", n)
	}
}

// TestOldListingHidesNothing: what was listed before a create or a delete is not taken for what came of it.
func TestOldListingHidesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	still := w.actor.now()
	w.actor.now = func() time.Time { return still } // no listing ever gets old
	d := w.endpoint(original)
	c := w.change(d)
	w.want(c, plan.Step{Kind: plan.WaitReady, Role: plan.Original}, execute.Settled)
	w.run(c, createTwin(d))
	w.at(c, waitTwin())
	if o := w.want(c, waitTwin(), execute.Pending); o.Detail != "PROVISIONING" {
		t.Errorf("detail %q, want it read anew", o.Detail)
	}
	gone := plan.Step{Kind: plan.WaitGone, Role: plan.Twin}
	w.deleted(c.Resources[plan.Twin].Name)
	w.want(c, gone, execute.Pending)
}

// TestListingFails: a read that fails is no answer.
func TestListingFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	d := w.endpoint(original)
	c := w.change(d)
	w.run(c, createTwin(d))
	w.at(c, waitTwin())
	for _, operation := range []string{"glue:GetDevEndpoints", "glue:GetDevEndpoint", "glue:GetTags"} {
		w.fault(operation, "AccessDeniedException", "", 0)
		for _, s := range []plan.Step{waitTwin(), createTwin(d), {Kind: plan.WaitGone, Role: plan.Twin}} {
			_, err := w.actor.Observe(t.Context(), c, s)
			uses := s.Kind == plan.CreateEndpoint || operation == "glue:GetDevEndpoints"
			if s.Kind == plan.CreateEndpoint && operation == "glue:GetDevEndpoints" {
				uses = false
			}
			if uses != (err != nil) {
				t.Errorf("%s with %s denied: %v", s.Kind, operation, err)
			}
			wantFailure(t, err, operation)
		}
	}
}
