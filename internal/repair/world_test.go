package repair_test

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/engine/local"
	"github.com/glueguard/glueguard/internal/inventory"
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
	other    = "fail-configuration-without-content"
	taught   = "fail-used-by-a-job" // a transform
)

// world is a sandbox, a state, and what works on them.
type world struct {
	*testing.T
	server    *sandbox.Server
	session   *awsapi.Session
	inspector *inventory.Inspector
	path      string
	store     *sqlite.Store
	worker    *repair.Worker
	glue      *glue.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server, err := sandbox.Start("127.0.0.1:0", sandbox.Options{Scenario: "small", Provisioning: 50 * time.Millisecond})
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
	w := &world{T: t, server: server, session: session, inspector: inventory.NewInspector(session), path: filepath.Join(t.TempDir(), "state.db")}
	w.store, w.worker = w.again()
	w.glue = glue.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	return w
}

// again opens the state and a worker on it, as another process would.
func (w *world) again() (*sqlite.Store, *repair.Worker) {
	w.Helper()
	s, err := sqlite.Open(w.Context(), w.path)
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
	return s, worker
}

// plan plans resources by name.
func (w *world) plan(wanted plan.Wanted, names ...string) plan.Plan {
	w.Helper()
	o := propose.Options{
		Inspector: w.inspector, Store: w.store, Policy: policy.Default(policy.SOP), Wanted: wanted, Now: time.Now,
		AcceptUnchecked: []string{"*"},
	}
	if wanted.Mode == resource.ModeSSEKMS {
		o.KeyRef = "alias/key-pass"
	}
	for _, name := range names {
		o.Resources = append(o.Resources, w.arn(name))
	}
	p, err := propose.Run(w.Context(), o)
	if err != nil {
		w.Fatal(err)
	}
	for _, i := range p.Changes {
		if i.Blocked != nil {
			w.Fatalf("%s is blocked: %+v", i.Resource.Name, i.Blocked)
		}
	}
	return p
}

func here() resource.Location {
	return resource.Location{Partition: "aws", Account: "111111111111", Region: region}
}

// arn is that of an endpoint or transform of the sandbox.
func (w *world) arn(name string) string {
	w.Helper()
	if name != taught {
		return here().ARN("glue", "devEndpoint/"+name).String()
	}
	pages := glue.NewGetMLTransformsPaginator(w.glue, &glue.GetMLTransformsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		for _, t := range page.Transforms {
			if aws.ToString(t.Name) == name {
				return here().ARN("glue", "mlTransform/"+*t.TransformId).String()
			}
		}
	}
	w.Fatalf("no transform %s", name)
	return ""
}

func applyJobs(p plan.Plan) (jobs []engine.Job) {
	for _, i := range p.Changes {
		jobs = append(jobs, engine.Job{Verb: engine.Apply, Plan: p.Digest, Resource: i.Resource.ARN})
	}
	return jobs
}

// run has jobs done and returns the last event of each, by resource or change.
func (w *world) run(worker engine.Worker, jobs ...engine.Job) map[string]engine.Event {
	w.Helper()
	last := map[string]engine.Event{}
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	err := local.New(worker, local.Options{}).Run(ctx, jobs, engine.Limits{Parallel: len(jobs)}, func(e engine.Event) {
		if e.Done {
			last[e.Job.Resource+e.Job.Change] = e
		}
	})
	if err != nil {
		w.Fatal(err)
	}
	return last
}

// done applies a plan of one resource and returns its change.
func (w *world) done(p plan.Plan) *change.Change {
	w.Helper()
	e := w.run(w.worker, applyJobs(p)...)[p.Changes[0].Resource.ARN]
	w.asked(e)
	return e.Change
}

func (w *world) asked(e engine.Event) {
	w.Helper()
	if !e.AsAsked() {
		if e.Change == nil {
			w.Fatalf("%s: %v", e.Job.Verb, e.Err)
		}
		w.Fatalf("%s: %v, %s, %+v", e.Job.Verb, e.Err, e.Change.State, e.Change.Trouble)
	}
}

func (w *world) verb(verb engine.Verb, id string) engine.Event {
	w.Helper()
	return w.run(w.worker, engine.Job{Verb: verb, Change: id})[id]
}

// names lists the location's dev endpoints.
func (w *world) names() (list []string) {
	w.Helper()
	out, err := w.glue.GetDevEndpoints(w.Context(), &glue.GetDevEndpointsInput{})
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range out.DevEndpoints {
		list = append(list, *e.EndpointName)
	}
	slices.Sort(list)
	return list
}

func (w *world) detail(name string) resource.EndpointDetail {
	w.Helper()
	d, ok := w.inspector.Endpoint(w.Context(), here(), name).Value()
	if !ok {
		w.Fatalf("no endpoint %s", name)
	}
	return d
}

// post sends one of the sandbox's own controls.
func (w *world) post(what, body string) {
	w.Helper()
	r, err := http.Post(w.server.URL+"/_sandbox/"+what, "application/json", strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		w.Fatalf("%s %s: %s", what, body, r.Status)
	}
}

// waitGone waits until an endpoint that was deleted is not there any more.
func (w *world) waitGone(name string) {
	w.Helper()
	w.post("clock", `{"advance": "1h"}`)
	if slices.Contains(w.names(), name) {
		w.Fatalf("%s does not go", name)
	}
}
