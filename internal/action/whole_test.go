package action

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/verify"
)

// memory is a journal that lasts as long as its test.
type memory struct{ entries []change.Entry }

func (m *memory) Entries(context.Context) ([]change.Entry, error) { return m.entries, nil }

func (m *memory) Append(_ context.Context, e change.Entry) error {
	m.entries = append(m.entries, e)
	return nil
}

// whole is a change that execute drives, from its plan on.
type whole struct {
	*world
	deps    execute.Deps
	journal *memory
}

func (w *world) propose(name string, kind resource.Type, wanted plan.Wanted) plan.Item {
	w.Helper()
	target := inventory.Target{Location: here(), Type: kind, Name: name, LabelsS3: wanted.LabelsS3}
	if kind == resource.TypeMLTransform {
		target.ID = w.transform(name).ID
	}
	around, err := w.actor.reader.Inspect(w.Context(), []inventory.Target{target})
	w.must(err)
	item := plan.Propose(wanted, around[0])
	if item.Blocked != nil {
		w.Fatalf("%s is blocked: %+v", name, item.Blocked)
	}
	return item
}

func (w *world) begin(item plan.Item) *whole {
	w.Helper()
	o := &whole{world: w, journal: &memory{}}
	o.deps = execute.Deps{
		Journal: o.journal, Actor: w.actor, Verifier: verify.New(inventory.NewInspector(w.actor.session)), Now: w.actor.now, Settle: 2 * time.Minute,
	}
	head := change.Head{ID: changeID, Item: item, By: "arn:aws:iam::" + account + ":root"}
	o.journal.entries = []change.Entry{{Seq: 1, At: w.actor.now(), Kind: change.Opened, Head: &head}}
	return o
}

// drive lets time pass until the change is at rest, and wants it to be in a state.
func (o *whole) drive(state change.State) *change.Change {
	o.Helper()
	stepper := execute.NewStepper(o.deps)
	for range 5000 {
		next, err := stepper.Advance(o.Context())
		o.must(err)
		if next.Again.IsZero() {
			if next.Change.State != state {
				o.Fatalf("%s, want %s: %+v", next.Change.State, state, next.Change.Trouble)
			}
			return next.Change
		}
		if pause := next.Again.Sub(o.actor.now()); pause > 0 {
			o.advance(pause)
		}
	}
	o.Fatal("it never ends")
	return nil
}

// lostAnswers lets the first answer to each changing call be lost, and the second call fail at AWS.
func (w *world) lostAnswers() {
	w.Helper()
	var faults []string
	for _, d := range deeds() {
		faults = append(faults, `{"operation":"`+d.operation+`","error":"drop-response","times":1}`,
			`{"operation":"`+d.operation+`","error":"InternalServiceException","times":1}`)
	}
	w.post("faults", "["+strings.Join(faults, ",")+"]")
}

// endpoints are the names of those whose names begin so.
func (w *world) endpoints(prefix string) []string {
	w.Helper()
	out, err := w.glue.GetDevEndpoints(w.Context(), &glue.GetDevEndpointsInput{})
	w.must(err)
	var names []string
	for _, e := range out.DevEndpoints {
		if strings.HasPrefix(*e.EndpointName, prefix) {
			names = append(names, *e.EndpointName)
		}
	}
	return names
}

// TestWholeEndpoint replaces an endpoint under a key of its own, and backs that out.
func TestWholeEndpoint(t *testing.T) {
	t.Parallel()
	for kind, disturb := range map[string]func(*world){"undisturbed": func(*world) {}, "lost answers": (*world).lostAnswers} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			disturb(w)
			wholeEndpoint(w)
		})
	}
}

func wholeEndpoint(w *world) {
	const name = "fail-s3-encryption-disabled"
	t := w.T
	before := w.endpoint(name)
	o := w.begin(w.propose(name, resource.TypeDevEndpoint, plan.Wanted{
		Mode: resource.ModeSSEKMS, Logs: true, Key: plan.KeyPlaceholder, NewKey: &plan.NewKey{}, Strategy: plan.Replace, AcceptIrreversible: true, AcceptWeaker: true,
	}))
	c := o.drive(change.Done)
	after := w.endpoint(name)
	equal(t, "endpoints", []string{name}, w.endpoints(name))
	if after.Definition.SecurityConfiguration == before.Definition.SecurityConfiguration || after.Identity().Same(before.Identity()) {
		t.Errorf("it was not replaced: %+v", after)
	}
	equal(t, "tags", before.Definition.Tags, after.Definition.Tags)
	configuration, _ := w.actor.reader.Configuration(t.Context(), here(), after.Definition.SecurityConfiguration).Value()
	equal(t, "key", resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: c.KeyARN}, configuration.S3[0])

	w.must(execute.Backout(t.Context(), o.deps))
	o.drive(change.BackedOut)
	restored := w.endpoint(name)
	if diff := plan.DiffEndpoint(before.Definition, restored.Definition); len(diff) > 0 {
		t.Errorf("restored otherwise: %v", diff)
	}
	equal(t, "endpoints", []string{name}, w.endpoints(name))
	equal(t, "tags", before.Definition.Tags, restored.Definition.Tags)
}

// TestWholeTransform replaces a transform that a job uses, with its labels, points the job at it, and either backs that
// out or finalizes it.
func TestWholeTransform(t *testing.T) {
	t.Parallel()
	for _, finalized := range []bool{false, true} {
		w := newWorld(t, sandbox.Options{})
		if !finalized {
			w.lostAnswers()
		}
		before := w.transform(taught)
		o := w.begin(w.propose(taught, resource.TypeMLTransform, plan.Wanted{
			Mode: resource.ModeSSEKMS, Key: w.key, Strategy: plan.Replace, LabelsS3: labelsS3, RepointJobs: true, AcceptIrreversible: true, AcceptWeaker: true,
		}))
		o.drive(change.Done)
		twin := w.transform(taught)
		if twin.ID == before.ID || twin.Definition.UserData.KMSKey != w.key || twin.LabelCount != before.LabelCount || twin.Metrics == nil {
			t.Fatalf("it was not replaced: %+v", twin)
		}
		equal(t, "the job's argument", twin.ID, w.job("customer-match-nightly").DefaultArguments["--transform_id"])
		if !finalized {
			w.must(execute.Backout(t.Context(), o.deps))
			o.drive(change.BackedOut)
			now := w.transform(taught)
			if now.ID != before.ID || len(plan.DiffTransform(before.Definition, now.Definition)) > 0 {
				t.Errorf("the original is not back: %+v", now)
			}
			equal(t, "the job's argument", before.ID, w.job("customer-match-nightly").DefaultArguments["--transform_id"])
			continue
		}
		w.must(execute.Finalize(t.Context(), o.deps, execute.FinalizeOptions{DeleteLabels: true}))
		c := o.drive(change.Done) // a job's script still names the original
		if c.Trouble == nil || c.Trouble.Code != change.TroubleReferenced {
			t.Errorf("trouble %+v", c.Trouble)
		}
	}
}
