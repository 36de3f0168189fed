package action

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

const (
	account      = "111111111111"
	region       = "us-east-1"
	changeID     = "gg-0123456789"
	labelsS3     = "s3://glue-secure-111111111111-us-east-1/exports/"
	provisioning = 10 * time.Minute
	original     = "fail-no-security-configuration"
	taught       = "fail-used-by-a-job"
)

func here() resource.Location {
	return resource.Location{Partition: "aws", Account: account, Region: region}
}

// world is a sandbox with an Actor in it, whose clocks are moved together.
type world struct {
	*testing.T
	server *sandbox.Server
	actor  *Actor
	glue   *glue.Client
	s3     *s3.Client
	ahead  atomic.Int64
	key    string // a good one
}

func newWorld(t *testing.T, o sandbox.Options) *world {
	t.Helper()
	if o.Provisioning == 0 {
		o.Provisioning = provisioning
	}
	if o.Scenario == "" {
		o.Scenario = "small"
	}
	server, err := sandbox.Start("127.0.0.1:0", o)
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
	w := &world{T: t, server: server}
	w.actor = New(session, Options{Now: func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }})
	t.Cleanup(w.actor.Close)
	config := aws.Config{Region: region, BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	w.glue = glue.NewFromConfig(config)
	w.s3 = s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	if o.Scenario == "small" {
		out, err := w.glue.GetSecurityConfiguration(t.Context(), &glue.GetSecurityConfigurationInput{Name: aws.String("pass-sse-kms")})
		if err != nil {
			t.Fatal(err)
		}
		w.key = *out.SecurityConfiguration.EncryptionConfiguration.S3Encryption[0].KmsKeyArn
	}
	return w
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

// fault makes the next calls of an operation go wrong.
func (w *world) fault(operation, fault, message string, times int) {
	w.Helper()
	body, err := json.Marshal([]map[string]any{{"operation": operation, "error": fault, "message": message, "times": times}})
	if err != nil {
		w.Fatal(err)
	}
	w.post("faults", string(body))
}

func (w *world) advance(d time.Duration) {
	w.Helper()
	w.ahead.Add(int64(d))
	w.post("clock", `{"advance":"`+d.String()+`"}`)
}

// calls is how often an operation was called.
func (w *world) calls(operation string) int {
	w.Helper()
	r, err := http.Get(w.server.URL + "/_sandbox/calls")
	if err != nil {
		w.Fatal(err)
	}
	defer r.Body.Close()
	var report struct {
		Operations map[string]int `json:"operations"`
	}
	if err := json.NewDecoder(r.Body).Decode(&report); err != nil {
		w.Fatal(err)
	}
	return report.Operations[operation]
}

func (w *world) endpoint(name string) resource.EndpointDetail {
	w.Helper()
	d, ok := w.actor.reader.Endpoint(w.Context(), here(), name).Value()
	if !ok {
		w.Fatalf("no endpoint %s", name)
	}
	return d
}

func (w *world) transform(name string) resource.TransformDetail {
	w.Helper()
	found, err := w.actor.named(w.Context(), w.task(&change.Change{}, plan.Step{}), name)
	if err != nil || len(found) != 1 {
		w.Fatalf("transform %s: %v, %v", name, found, err)
	}
	return found[0]
}

func (w *world) task(c *change.Change, s plan.Step) *task {
	w.Helper()
	if c.Head.Item.Location == (resource.Location{}) {
		c.Head.Item.Location = here()
	}
	t, err := w.actor.task(w.Context(), c, s)
	if err != nil {
		w.Fatal(err)
	}
	return t
}

// change is a change of an endpoint or a transform, with its definition saved.
func (w *world) change(of any) *change.Change {
	c := &change.Change{
		Head:     change.Head{ID: changeID, Item: plan.Item{Location: here(), Strategy: plan.Replace}},
		OpenedAt: w.actor.now(), UpdatedAt: w.actor.now(), State: change.Running, Phase: change.Apply,
	}
	switch d := of.(type) {
	case resource.EndpointDetail:
		c.Head.Item.Identity, c.Head.Item.Endpoint, c.SavedEndpoint = d.Identity(), &d, &d
	case resource.TransformDetail:
		c.Head.Item.Identity, c.Head.Item.Transform, c.SavedTransform = d.Identity(), &d, &d
	}
	c.Resources = map[plan.Role]resource.Identity{plan.Original: c.Head.Item.Identity}
	return c
}

// at makes a step the one at hand.
func (w *world) at(c *change.Change, s plan.Step) {
	if s.Name == "" {
		s.Name = string(s.Kind)
	}
	c.Steps = append(c.Steps, change.Progress{Step: s, Phase: change.Apply, Status: change.StepRunning, StartedAt: w.actor.now()})
	c.UpdatedAt = w.actor.now()
}

// intended notes that the call of the step at hand is about to be sent.
func (w *world) intended(c *change.Change) {
	p := &c.Steps[len(c.Steps)-1]
	p.IntendedAt, p.Open, p.Tries = w.actor.now(), true, p.Tries+1
}

// took notes what the step at hand made.
func took(c *change.Change, f change.Facts) {
	p := &c.Steps[len(c.Steps)-1]
	p.Status, p.Facts = change.StepDone, &f
	if f.Resource != nil {
		c.Resources[p.Step.Role] = *f.Resource
	}
	if f.KeyARN != "" {
		c.KeyARN = f.KeyARN
	}
	if f.Labels != nil {
		c.Labels = f.Labels
	}
}

func (w *world) see(c *change.Change, s plan.Step) execute.Observation {
	w.Helper()
	if s.Name == "" {
		s.Name = string(s.Kind)
	}
	o, err := w.actor.Observe(w.Context(), c, s)
	if err != nil {
		w.Fatalf("looking at %s: %v", s.Name, err)
	}
	return o
}

// want looks and wants to see.
func (w *world) want(c *change.Change, s plan.Step, seen execute.Seen) execute.Observation {
	w.Helper()
	o := w.see(c, s)
	if o.Seen != seen {
		w.Fatalf("%s %s: saw %v (%s, %+v), want %v", s.Kind, s.Name, o.Seen, o.Detail, o.Trouble, seen)
	}
	return o
}

// missed looks and wants a trouble of a code.
func (w *world) missed(c *change.Change, s plan.Step, code string) *change.Trouble {
	w.Helper()
	o := w.want(c, s, execute.Missed)
	if o.Trouble == nil || o.Trouble.Code != code || o.Trouble.Message == "" {
		w.Fatalf("%s: trouble %+v, want %s", s.Kind, o.Trouble, code)
	}
	return o.Trouble
}

func (w *world) do(c *change.Change, s plan.Step) change.Facts {
	w.Helper()
	if s.Name == "" {
		s.Name = string(s.Kind)
	}
	f, err := w.actor.Do(context.WithoutCancel(w.Context()), c, s)
	if err != nil {
		w.Fatalf("doing %s: %v", s.Kind, err)
	}
	return f
}

// refused does and wants it to fail with an effect.
func (w *world) refused(c *change.Change, s plan.Step, effect execute.Effect) *execute.CallError {
	w.Helper()
	_, err := w.actor.Do(w.Context(), c, s)
	var e *execute.CallError
	if !errors.As(err, &e) {
		w.Fatalf("doing %s: %v is no CallError", s.Kind, err)
	}
	if e.Effect != effect || e.Trouble.Code == "" || e.Trouble.Message == "" || e.Error() == "" {
		w.Fatalf("doing %s: effect %v, %+v; want effect %v", s.Kind, e.Effect, e.Trouble, effect)
	}
	return e
}

// run does a whole step.
func (w *world) run(c *change.Change, s plan.Step) change.Facts {
	w.Helper()
	w.at(c, s)
	w.want(c, s, execute.Open)
	w.intended(c)
	f := w.do(c, s)
	took(c, f)
	return f
}

func equal(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// twinOf is the definition of an encrypted twin.
func twinOf(d resource.EndpointDetail) *resource.EndpointDefinition {
	twin := plan.RecreatableEndpoint(d.Definition)
	twin.Name, twin.SecurityConfiguration = plan.TwinName(d.Identity()), "pass-sse-kms"
	return &twin
}

func (w *world) encryptedTwinOf(d resource.TransformDetail) *resource.TransformDefinition {
	twin := plan.RecreatableTransform(d.Definition)
	twin.Name = plan.TwinName(d.Identity())
	twin.UserData = &resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: w.key}
	return &twin
}

func (w *world) untag(arn string, keys ...string) {
	w.Helper()
	_, err := w.glue.UntagResource(w.Context(), &glue.UntagResourceInput{ResourceArn: &arn, TagsToRemove: keys})
	w.must(err)
}

func (w *world) tag(arn string, tags map[string]string) {
	w.Helper()
	_, err := w.glue.TagResource(w.Context(), &glue.TagResourceInput{ResourceArn: &arn, TagsToAdd: tags})
	w.must(err)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
