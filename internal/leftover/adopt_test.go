package leftover_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/engine/local"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/leftover"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

const (
	region   = "us-east-1"
	endpoint = "fail-no-security-configuration"
	taught   = "fail-used-by-a-job" // a transform with labels
	labels   = "s3://glue-secure-111111111111-us-east-1/exports/"
)

func here() resource.Location {
	return resource.Location{Partition: "aws", Account: "111111111111", Region: region}
}

// world is a sandbox and what works on it. Its state can be lost.
type world struct {
	*testing.T
	session   *awsapi.Session
	inspector *inventory.Inspector
	glue      *glue.Client
	store     *sqlite.Store
	worker    *repair.Worker
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server, err := sandbox.Start("127.0.0.1:0", sandbox.Options{Scenario: "small", Provisioning: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	session, err := awsapi.Open(t.Context(), awsapi.Options{
		Keys: &awsapi.Keys{AccessKeyID: "test", SecretAccessKey: "test"}, Region: region, EndpointURL: server.URL,
		AttemptTimeout: 5 * time.Second, RetryLimit: 3 * time.Second, ThrottleLimit: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	w := &world{T: t, session: session, inspector: inventory.NewInspector(session)}
	w.glue = glue.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	w.lose()
	return w
}

// lose starts with an empty state.
func (w *world) lose() {
	w.Helper()
	s, err := sqlite.Open(w.Context(), filepath.Join(w.TempDir(), "state.db"))
	if err != nil {
		w.Fatal(err)
	}
	worker := repair.New(repair.Options{Store: s, Sessions: repair.Using(w.session), Now: time.Now})
	w.Cleanup(func() {
		worker.Close()
		if err := s.Close(); err != nil {
			w.Error(err)
		}
	})
	w.store, w.worker = s, worker
}

func (w *world) plan(wanted plan.Wanted, arn string) plan.Plan {
	w.Helper()
	o := propose.Options{
		Inspector: w.inspector, Store: w.store, Policy: policy.Default(policy.SOP), Wanted: wanted, Now: time.Now,
		AcceptUnchecked: []string{"*"}, Resources: []string{arn},
	}
	switch {
	case wanted.NewKey != nil:
		o.CreateKey, o.Wanted.NewKey = wanted.NewKey.Alias, nil
	case wanted.Mode == resource.ModeSSEKMS:
		o.KeyRef = "alias/key-pass"
	}
	p, err := propose.Run(w.Context(), o)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// applyUpTo carries a plan's only change out until the step is at hand, "" for the end, and leaves it there.
func (w *world) applyUpTo(p plan.Plan, step string) *change.Change {
	w.Helper()
	run, err := w.worker.Begin(w.Context(), engine.Job{Verb: engine.Apply, Plan: p.Digest, Resource: p.Changes[0].Resource.ARN})
	if err != nil {
		w.Fatal(err)
	}
	defer run.Release()
	for {
		next, err := run.Advance(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		now, _ := next.Change.Current()
		if step != "" && now.Step.Name == step {
			return next.Change
		}
		if next.Again.IsZero() {
			return next.Change
		}
		wait(w.Context(), time.Until(next.Again))
	}
}

func wait(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}

func (w *world) orphans() []leftover.Orphan {
	w.Helper()
	found, failed, err := leftover.Orphans(w.Context(), w.inspector, w.store, []resource.Location{here()})
	if err != nil || len(failed) > 0 {
		w.Fatalf("orphans: %v, %v", failed, err)
	}
	return found
}

// adopt rebuilds the one change that there are orphans of.
func (w *world) adopt() (*change.Change, error) {
	w.Helper()
	groups := leftover.Group(w.orphans())
	if len(groups) != 1 {
		w.Fatalf("orphans of %d changes, want 1", len(groups))
	}
	a := leftover.Adopter{Reader: w.inspector, Store: w.store, Now: time.Now, By: "me", LabelsS3: labels}
	return a.Adopt(w.Context(), groups[0])
}

func (w *world) do(verb engine.Verb, id string) *change.Change {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 30*time.Second)
	defer cancel()
	var last engine.Event
	job := engine.Job{Verb: verb, Change: id, AcceptWarnings: []string{plan.WarnIrreversible}}
	err := local.New(w.worker, local.Options{}).Run(ctx, []engine.Job{job}, engine.Limits{}, func(e engine.Event) {
		if e.Done {
			last = e
		}
	})
	if err != nil {
		w.Fatal(err)
	}
	if !last.AsAsked() {
		if last.Change == nil {
			w.Fatalf("%s: %v", verb, last.Err)
		}
		now, _ := last.Change.Current()
		w.Fatalf("%s: %v, %s at %s, %+v", verb, last.Err, last.Change.State, now.Step.Name, last.Change.Trouble)
	}
	return last.Change
}

func (w *world) endpoints() map[string]resource.EndpointDefinition {
	w.Helper()
	out, err := w.glue.GetDevEndpoints(w.Context(), &glue.GetDevEndpointsInput{MaxResults: aws.Int32(200)})
	if err != nil {
		w.Fatal(err)
	}
	all := map[string]resource.EndpointDefinition{}
	for _, e := range out.DevEndpoints {
		if d, ok := w.inspector.Endpoint(w.Context(), here(), *e.EndpointName).Value(); ok {
			all[*e.EndpointName] = d.Definition
		}
	}
	return all
}

func (w *world) transforms() map[string]resource.TransformDetail {
	w.Helper()
	all := map[string]resource.TransformDetail{}
	pages := glue.NewGetMLTransformsPaginator(w.glue, &glue.GetMLTransformsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		for _, t := range page.Transforms {
			if d, ok := w.inspector.Transform(w.Context(), here(), *t.TransformId).Value(); ok {
				all[d.Definition.Name] = d
			}
		}
	}
	return all
}

func endpointARN() string { return here().ARN("glue", "devEndpoint/"+endpoint).String() }

// taggedSteps are the steps of a plan's only change that come when something of it is there; a few of them in short mode.
func taggedSteps(p plan.Plan) (list []plan.Step) {
	tagged := false
	for n, s := range p.Changes[0].Steps {
		if tagged && (!testing.Short() || n%4 == 0) {
			list = append(list, s)
		}
		tagged = tagged || s.Name == "create-twin"
	}
	return list
}

// TestAdoptEndpoint loses the state at each step of a replacement. While it carries tags it can be rebuilt, and gone on
// with or taken back.
func TestAdoptEndpoint(t *testing.T) {
	t.Parallel()
	steps := newWorld(t)
	p := steps.plan(plan.Wanted{Mode: resource.ModeSSES3}, endpointARN())
	for _, s := range taggedSteps(p) {
		for _, verb := range []engine.Verb{engine.Resume, engine.Backout} {
			t.Run(fmt.Sprintf("%s at %s", verb, s.Name), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				before := w.endpoints()
				c := w.applyUpTo(w.plan(plan.Wanted{Mode: resource.ModeSSES3}, endpointARN()), s.Name)
				w.lose()
				rebuilt, err := w.adopt()
				if err != nil {
					t.Fatal(err)
				}
				if rebuilt.Head.ID != c.Head.ID || !rebuilt.Head.Adopted || rebuilt.State != change.Waiting {
					t.Errorf("rebuilt: %s, %s", rebuilt.Head.ID, rebuilt.State)
				}
				if left := w.orphans(); len(left) > 0 {
					t.Errorf("orphans after it: %v", left)
				}
				w.do(verb, rebuilt.Head.ID)
				after := w.endpoints()
				if verb == engine.Resume {
					d := after[endpoint]
					if d.SecurityConfiguration == "" {
						t.Error("it is not encrypted")
					}
					d.SecurityConfiguration = before[endpoint].SecurityConfiguration
					after[endpoint] = d
				}
				if d := cmp.Diff(before, after); d != "" {
					t.Errorf("dev endpoints (-before +after):\n%s", d)
				}
			})
		}
	}
}

// TestAdoptSideBySide loses the state of finished changes whose twin stays beside the original: the twin's name tells.
func TestAdoptSideBySide(t *testing.T) {
	t.Parallel()
	for _, verb := range []engine.Verb{engine.Resume, engine.Backout} {
		t.Run(string(verb), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before := w.endpoints()
			p := w.plan(plan.Wanted{Mode: resource.ModeSSES3, Strategy: plan.SideBySide}, endpointARN())
			w.applyUpTo(p, "verify-twin")
			w.lose()
			rebuilt, err := w.adopt()
			if err != nil {
				t.Fatal(err)
			}
			if rebuilt.Head.Item.Strategy != plan.SideBySide {
				t.Errorf("rebuilt as %s", rebuilt.Head.Item.Strategy)
			}
			w.do(verb, rebuilt.Head.ID)
			after := w.endpoints()
			if verb == engine.Resume {
				twin := plan.SideBySideName(p.Changes[0].Identity)
				if after[twin].SecurityConfiguration == "" {
					t.Errorf("the twin %s is gone, or not encrypted: %v", twin, after)
				}
				delete(after, twin)
			}
			if d := cmp.Diff(before, after); d != "" {
				t.Errorf("dev endpoints (-before +after):\n%s", d)
			}
		})
	}
}

// TestAdoptTransform does the same with an ML transform that has labels.
func TestAdoptTransform(t *testing.T) {
	t.Parallel()
	wanted := plan.Wanted{Mode: resource.ModeSSEKMS, LabelsS3: labels, RepointJobs: true}
	steps := newWorld(t)
	p := steps.plan(wanted, steps.transforms()[taught].ARN)
	for _, s := range taggedSteps(p) {
		for _, verb := range []engine.Verb{engine.Resume, engine.Backout} {
			t.Run(fmt.Sprintf("%s at %s", verb, s.Name), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				before := w.transforms()
				w.applyUpTo(w.plan(wanted, before[taught].ARN), s.Name)
				w.lose()
				rebuilt, err := w.adopt()
				if err != nil {
					t.Fatal(err)
				}
				w.do(verb, rebuilt.Head.ID)
				after := w.transforms()
				if verb == engine.Backout {
					if d := cmp.Diff(before, after); d != "" {
						t.Errorf("transforms (-before +after):\n%s", d)
					}
					return
				}
				was, is := before[taught], after[taught]
				if is.Definition.UserData == nil || is.Definition.UserData.Mode != resource.ModeSSEKMS || is.LabelCount != was.LabelCount || len(after) != len(before)+1 {
					t.Errorf("the replacement: %+v, of %d transforms", is, len(after))
				}
			})
		}
	}
}
