package change_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func identity(name string, at int) resource.Identity {
	return resource.Identity{Type: resource.TypeDevEndpoint, ARN: "arn/" + name, Name: name, CreatedAt: start.Add(time.Duration(at) * time.Minute)}
}

// steps are a short replace of a dev endpoint.
func steps() []plan.Step {
	definition := func(name string) *resource.EndpointDefinition {
		return &resource.EndpointDefinition{Name: name, NumberOfNodes: 3, SecurityConfiguration: plan.ConfigurationPlaceholder}
	}
	return []plan.Step{
		{Name: "create-key", Kind: plan.CreateKey},
		{Name: "create-security-configuration", Kind: plan.CreateConfiguration, Configuration: &resource.SecurityConfiguration{
			Name: plan.ConfigurationPlaceholder, S3: []resource.Encryption{{Mode: resource.ModeSSEKMS, KMSKey: plan.KeyPlaceholder}},
		}},
		{
			Name: "create-twin", Kind: plan.CreateEndpoint, Role: plan.Twin, Endpoint: definition("dev1-gg"),
			Inverse: []plan.Step{{Name: "delete-twin", Kind: plan.DeleteEndpoint, Role: plan.Twin}},
		},
		{Name: "verify-twin", Kind: plan.Verify, Role: plan.Twin, Promise: &plan.Promise{Endpoint: definition("dev1-gg"), KMSKey: plan.KeyPlaceholder}},
		{Name: "delete-original", Kind: plan.DeleteEndpoint, Role: plan.Original, Irrevocable: true},
		{Name: "wait-original-gone", Kind: plan.WaitGone, Role: plan.Original},
		{Name: "create-replacement", Kind: plan.CreateEndpoint, Role: plan.Replacement, Endpoint: definition("dev1")},
		{Name: "delete-twin", Kind: plan.DeleteEndpoint, Role: plan.Twin},
		{Name: "wait-twin-gone", Kind: plan.WaitGone, Role: plan.Twin},
	}
}

// book writes a journal, a minute apart.
type book []change.Entry

func open() book {
	item := plan.Item{
		Resource: resource.Ref{Type: resource.TypeDevEndpoint, Name: "dev1"}, Identity: identity("dev1", -60),
		Strategy: plan.Replace, From: resource.ModeNone, To: resource.ModeSSEKMS, Steps: steps(),
	}
	return book{}.with(
		change.Entry{Kind: change.Opened, Head: &change.Head{ID: "c1", PlanDigest: "sha256:1", Item: item, By: "arn:ann"}},
		change.Entry{Kind: change.Began, Phase: change.Apply, Steps: item.Steps},
	)
}

func (b book) with(entries ...change.Entry) book {
	b = append(book(nil), b...)
	for _, e := range entries {
		e.Seq, e.At = len(b)+1, start.Add(time.Duration(len(b))*time.Minute)
		b = append(b, e)
	}
	return b
}

func (b book) does(step string, f *change.Facts) book {
	return b.with(change.Entry{Kind: change.Intended, Step: step}, change.Entry{Kind: change.Succeeded, Step: step, Facts: f, Calls: 2})
}

func (b book) sees(step string) book {
	return b.with(change.Entry{Kind: change.Succeeded, Step: step, Calls: 1})
}

func (b book) fold(t *testing.T) *change.Change {
	t.Helper()
	c, err := change.Fold(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// made has the twin, verified.
func made() book {
	twin := identity("dev1-gg", 0)
	return open().
		does("create-key", &change.Facts{KeyARN: "arn:key"}).
		does("create-security-configuration", &change.Facts{Configuration: "glueguard-made"}).
		does("create-twin", &change.Facts{Resource: &twin}).
		sees("verify-twin")
}

// done has the whole change behind it.
func done() book {
	replacement := identity("dev1", 30)
	return made().does("delete-original", nil).sees("wait-original-gone").
		does("create-replacement", &change.Facts{Resource: &replacement}).
		does("delete-twin", nil).sees("wait-twin-gone").
		with(change.Entry{Kind: change.Ended, State: change.Done})
}

func TestFoldRefuses(t *testing.T) {
	t.Parallel()
	trouble := &change.Trouble{Code: "x"}
	tests := map[string]book{
		"nothing":                       {},
		"a journal without a beginning": book{}.with(change.Entry{Kind: change.Began, Phase: change.Apply}),
		"a head without an id":          book{}.with(change.Entry{Kind: change.Opened, Head: &change.Head{}}),
		"opened twice":                  open().with(change.Entry{Kind: change.Opened, Head: &change.Head{ID: "c2"}}),
		"a gap":                         append(open(), change.Entry{Seq: 4, At: start, Kind: change.Noted}),
		"an entry twice":                append(open(), change.Entry{Seq: 2, At: start, Kind: change.Noted}),
		"no time":                       append(open(), change.Entry{Seq: 3, Kind: change.Noted}),
		"an unknown kind":               open().with(change.Entry{Kind: "guessed"}),
		"an unknown phase":              open().with(change.Entry{Kind: change.Began, Phase: "later"}),
		"apply twice":                   open().with(change.Entry{Kind: change.Began, Phase: change.Apply}),
		"steps of one name":             open()[:1].with(change.Entry{Kind: change.Began, Phase: change.Apply, Steps: []plan.Step{{Name: "a"}, {Name: "a"}}}),
		"another step":                  open().with(change.Entry{Kind: change.Intended, Step: "create-twin"}),
		"no such step":                  open().with(change.Entry{Kind: change.Succeeded, Step: "sing"}),
		"an intent to look":             made()[:8].with(change.Entry{Kind: change.Intended, Step: "verify-twin"}),
		"an answer without a call":      open().with(change.Entry{Kind: change.Uncertain, Step: "create-key"}),
		"refused without a reason":      open().with(change.Entry{Kind: change.Refused, Step: "create-key"}),
		"after a refusal":               open().with(change.Entry{Kind: change.Refused, Step: "create-key", Trouble: trouble}, change.Entry{Kind: change.Intended, Step: "create-key"}),
		"ended too early":               open().with(change.Entry{Kind: change.Ended, State: change.Done}),
		"ended as something else":       done()[:len(done())-1].with(change.Entry{Kind: change.Ended, State: change.Finalized}),
		"ended twice":                   done().with(change.Entry{Kind: change.Ended, State: change.Done}),
		"halted without a reason":       open().with(change.Entry{Kind: change.Halted, State: change.Waiting}),
		"halted as done":                open().with(change.Entry{Kind: change.Halted, State: change.Done, Trouble: trouble}),
		"acting while it waits":         open().with(change.Entry{Kind: change.Halted, State: change.Waiting, Trouble: trouble}, change.Entry{Kind: change.Intended, Step: "create-key"}),
		"resumed while it runs":         open().with(change.Entry{Kind: change.Resumed}),
		"unwound after the delete":      done().with(change.Entry{Kind: change.Began, Phase: change.Unwind, State: change.BackedOut}),
		"restored before the delete":    made().with(change.Entry{Kind: change.Began, Phase: change.Restore}),
		"an original gone on the way":   made().with(change.Entry{Kind: change.Began, Phase: change.Restore, Role: plan.Original}),
		"a twin deleted by others":      made().with(change.Entry{Kind: change.Began, Phase: change.Restore, Role: plan.Twin}),
		"unwound as regressed":          done().with(change.Entry{Kind: change.Began, Phase: change.Unwind, State: change.Regressed}),
		"finalized while it runs":       made().with(change.Entry{Kind: change.Began, Phase: change.Finalize}),
		"regressed while it runs":       made().with(change.Entry{Kind: change.Noted, State: change.Regressed}),
		"recovered without a regress":   done().with(change.Entry{Kind: change.Noted, State: change.Done}),
		"an heir of the original":       done().with(heir(plan.Original, resource.TypeDevEndpoint)),
		"an heir while it runs":         made().with(heir(plan.Twin, resource.TypeDevEndpoint)),
		"an heir of what is gone":       done().with(heir(plan.Twin, resource.TypeDevEndpoint)),
		"an heir of another type":       done().with(heir(plan.Replacement, resource.TypeMLTransform)),
		"an heir that is not named":     done().with(change.Entry{Kind: change.Noted, Role: plan.Replacement}),
		"a note that it failed":         done().with(change.Entry{Kind: change.Noted, State: change.FailedAt}),
		"anything after a backout": made().with(
			change.Entry{Kind: change.Began, Phase: change.Unwind, State: change.BackedOut},
			change.Entry{Kind: change.Ended, State: change.BackedOut},
			change.Entry{Kind: change.Began, Phase: change.Unwind, State: change.BackedOut}),
	}
	for name, entries := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := change.Fold(entries)
			var wrong *change.EntryError
			if !errors.As(err, &wrong) || wrong.Error() == "" || c != nil {
				t.Errorf("got %v, %v", c, err)
			}
		})
	}
}

// TestWith folds one entry after the other into copies: each agrees with the fold of all up to it, and stays so.
func TestWith(t *testing.T) {
	t.Parallel()
	entries := done().with(
		change.Entry{Kind: change.Began, Phase: change.Restore, Steps: []plan.Step{{Name: "a", Kind: plan.WaitGone, Role: plan.Twin}}},
		change.Entry{Kind: change.Halted, State: change.FailedAt, Trouble: &change.Trouble{Code: "x"}},
		change.Entry{Kind: change.Resumed},
	)
	c, err := change.Fold(entries[:1])
	if err != nil {
		t.Fatal(err)
	}
	copies := []*change.Change{c}
	for _, e := range entries[1:] {
		if c, err = c.With(e); err != nil {
			t.Fatal(err)
		}
		copies = append(copies, c)
	}
	for i, c := range copies {
		if diff := cmp.Diff(entries[:i+1].fold(t), c); diff != "" {
			t.Errorf("after entry %d (-folded +with):\n%s", i+1, diff)
		}
	}
}

// TestLoose counts the calls that may have taken effect for all that is known.
func TestLoose(t *testing.T) {
	t.Parallel()
	const step = "delete-original"
	intended, trouble := change.Entry{Kind: change.Intended, Step: step}, &change.Trouble{Code: "x"}
	retried := change.Entry{Kind: change.Retried, Step: step, Trouble: trouble}
	uncertain := change.Entry{Kind: change.Uncertain, Step: step, Trouble: trouble}
	refused := change.Entry{Kind: change.Refused, Step: step, Trouble: trouble}
	tests := map[string]struct {
		entries []change.Entry
		touched bool
	}{
		"nothing sent":                    {nil, false},
		"sent":                            {[]change.Entry{intended}, true},
		"never left":                      {[]change.Entry{intended, retried}, false},
		"refused":                         {[]change.Entry{intended, refused}, false},
		"refused by a look":               {[]change.Entry{refused}, false},
		"no answer":                       {[]change.Entry{intended, uncertain}, true},
		"no answer, then something else":  {[]change.Entry{intended, uncertain, refused}, true},
		"died, then refused":              {[]change.Entry{intended, intended, refused}, true},
		"died, then never left":           {[]change.Entry{intended, intended, retried}, true},
		"no answer, then seen not to be":  {[]change.Entry{intended, uncertain, retried}, false},
		"no answer, then sent and failed": {[]change.Entry{intended, uncertain, intended, retried}, true},
		"done":                            {[]change.Entry{intended, {Kind: change.Succeeded, Step: step}}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := made().with(tt.entries...).fold(t)
			if c.Touched() != tt.touched {
				t.Errorf("touched: %t", c.Touched())
			}
			if _, kept := c.Kept()[plan.Original]; kept == tt.touched {
				t.Errorf("the original is among the kept: %t", kept)
			}
		})
	}
}

func TestKept(t *testing.T) {
	t.Parallel()
	if got := open().fold(t).Kept(); len(got) != 1 {
		t.Errorf("at the start: %v", got)
	}
	uncertain := made()[:6].with(change.Entry{Kind: change.Intended, Step: "create-twin"}).fold(t)
	want := map[plan.Role]resource.Identity{
		plan.Original: identity("dev1", -60), plan.Twin: {Type: resource.TypeDevEndpoint, Name: "dev1-gg"},
	}
	if diff := cmp.Diff(want, uncertain.Kept()); diff != "" {
		t.Errorf("while the twin's create has no answer (-want +got):\n%s", diff)
	}
	c := done().fold(t)
	if diff := cmp.Diff(map[plan.Role]resource.Identity{plan.Replacement: identity("dev1", 30)}, c.Kept()); diff != "" {
		t.Errorf("at the end (-want +got):\n%s", diff)
	}
	if id, ok := c.Replacement(); !ok || id != identity("dev1", 30) {
		t.Errorf("replacement: %v, %t", id, ok)
	}
	if _, ok := made().fold(t).Replacement(); ok || c.KeepsOriginal() || c.Open() {
		t.Error("a twin is no replacement, and nothing is kept or open")
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	before := open().fold(t)
	if diff := cmp.Diff(steps()[2], before.Resolve(steps()[2])); diff != "" {
		t.Errorf("before the key is known (-want +got):\n%s", diff)
	}
	c := made().fold(t)
	for _, s := range steps() {
		original, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		resolved, err := json.Marshal(c.Resolve(s))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(resolved), "known after") {
			t.Errorf("left in %s: %s", s.Name, resolved)
		}
		if again, _ := json.Marshal(s); string(again) != string(original) {
			t.Errorf("%s itself was changed", s.Name)
		}
	}
	if got := c.Resolve(steps()[2]).Endpoint.SecurityConfiguration; got != "glueguard-made" {
		t.Errorf("the configuration is called %q", got)
	}

	secret := &resource.TransformDefinition{
		UserData:                     &resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: plan.KeyPlaceholder},
		TaskRunSecurityConfiguration: plan.ConfigurationPlaceholder,
	}
	got := c.Resolve(plan.Step{Transform: secret, Grant: &plan.Grant{KeyARN: plan.KeyPlaceholder}})
	want := plan.Step{
		Grant: &plan.Grant{KeyARN: "arn:key"},
		Transform: &resource.TransformDefinition{
			UserData: &resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: "arn:key"}, TaskRunSecurityConfiguration: "glueguard-made",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a transform (-want +got):\n%s", diff)
	}

	// Before the configuration is made its name is what its content says.
	key := open().does("create-key", &change.Facts{KeyARN: "arn:key"}).fold(t)
	name := plan.ConfigurationName(resource.SecurityConfiguration{S3: []resource.Encryption{{Mode: resource.ModeSSEKMS, KMSKey: "arn:key"}}})
	if got := key.Resolve(steps()[1]).Configuration.Name; got != name {
		t.Errorf("the configuration is called %q, not %q", got, name)
	}
}

func TestTwinCost(t *testing.T) {
	t.Parallel()
	twinMade := made().fold(t).UpdatedAt.Add(-time.Minute)
	tests := map[string]struct {
		entries book
		after   time.Duration // since the twin was made
		want    float64
	}{
		"no twin":         {open(), time.Hour, 0},
		"the least":       {made(), time.Minute, 3.0 / 6},
		"an hour":         {made(), time.Hour, 3},
		"deleted by then": {done(), 10 * time.Hour, 3.0 / 6},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.entries.fold(t).TwinCost(twinMade.Add(tt.after)); math.Abs(got-tt.want) > 1e-9 {
				t.Errorf("%g DPU-hours, want %g", got, tt.want)
			}
		})
	}
	sizes := map[float64]resource.EndpointDefinition{
		5: {}, 7: {NumberOfNodes: 7}, 4: {WorkerType: "G.2X", NumberOfWorkers: 2}, 3: {WorkerType: "Standard", NumberOfWorkers: 3},
	}
	for want, d := range sizes {
		if got := change.DPUs(d); got != want {
			t.Errorf("%+v: %g DPUs, want %g", d, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	slow := &change.Trouble{Code: change.TroubleSlow, Message: "too long"}
	c := made().with(change.Entry{Kind: change.Halted, Step: "delete-original", State: change.Waiting, Trouble: slow}).fold(t)
	text, err := json.Marshal(c.JSON(start.Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"schema": "glueguard.change/v1", "id": "c1", "plan_digest": "sha256:1", "state": "waiting", "phase": "apply",
		"strategy": "replace", "waiting_for": "time", "replacement": nil, "opened_at": "2026-11-23T09:00:00Z",
	} {
		if got[key] != want {
			t.Errorf("%s is %v, not %v", key, got[key], want)
		}
	}
	listed := got["steps"].([]any)
	if len(listed) != len(steps()) {
		t.Fatalf("%d steps", len(listed))
	}
	first := listed[0].(map[string]any)
	want := map[string]any{
		"name": "create-key", "phase": "apply", "state": "done", "summary": "", "error": nil, "calls": 2.0,
		"started_at": "2026-11-23T09:01:00Z", "finished_at": "2026-11-23T09:03:00Z",
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func heir(role plan.Role, t resource.Type) change.Entry {
	id := identity("dev1", 90)
	id.Type = t
	return change.Entry{Kind: change.Noted, Role: role, Facts: &change.Facts{Resource: &id}}
}

func TestAnHeirStandsForTheReplacement(t *testing.T) {
	t.Parallel()
	c, err := change.Fold(done().with(heir(plan.Replacement, resource.TypeDevEndpoint)))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Replacement(); !ok || !got.Same(identity("dev1", 90)) || c.State != change.Done {
		t.Errorf("the replacement is %+v, the change %s", got, c.State)
	}
}
