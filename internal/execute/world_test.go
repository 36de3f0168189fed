package execute_test

import (
	"fmt"
	"maps"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	tagChange = "glueguard:change"
	keyARN    = "arn:aws:kms:eu-west-1:111122223333:key/made"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// thing is a resource of the world, of either type.
type thing struct {
	endpoint  *resource.EndpointDefinition
	transform *resource.TransformDefinition
	id        string // of a transform
	made      time.Time
	shows     time.Time // from when reads see it
	ready     time.Time // zero: never; a transform is taught
	failed    bool
	goneAt    time.Time // zero: it stays
	goneShows time.Time // from when reads see that it goes
	labels    int
	metrics   *resource.Metrics
}

func (o *thing) name() string {
	if o.endpoint != nil {
		return o.endpoint.Name
	}
	return o.transform.Name
}

func (o *thing) tags() map[string]string {
	if o.endpoint != nil {
		return o.endpoint.Tags
	}
	return o.transform.Tags
}

func (o *thing) setTags(tags map[string]string) {
	if o.endpoint != nil {
		o.endpoint.Tags = tags
		return
	}
	o.transform.Tags = tags
}

func (o *thing) identity() resource.Identity {
	if o.endpoint != nil {
		return resource.Identity{Type: resource.TypeDevEndpoint, ARN: "arn:endpoint/" + o.name(), Name: o.name(), CreatedAt: o.made}
	}
	return resource.Identity{Type: resource.TypeMLTransform, ARN: "arn:transform/" + o.id, ID: o.id, Name: o.name(), CreatedAt: o.made}
}

// world is AWS as far as a change can see and change it.
type world struct {
	now            time.Time
	things         []*thing
	configurations map[string]resource.SecurityConfiguration
	jobs           map[string]string    // name -> id of the transform that its arguments name
	exports        map[string]int       // s3 -> rows
	runs           map[string]time.Time // task run -> when it is over
	provisioning   time.Duration
	reveal         time.Duration // how late reads see what was made
	deletesShow    time.Duration // how late reads see that something was deleted
	failNext       int           // so many creates come up FAILED
	plainNext      int           // so many creates silently leave encryption out
	unusable       bool          // the key is disabled
	serial         int
}

func newWorld() *world {
	return &world{
		now: start, configurations: map[string]resource.SecurityConfiguration{}, jobs: map[string]string{},
		exports: map[string]int{}, runs: map[string]time.Time{}, provisioning: 10 * time.Minute,
	}
}

// there are the things that exist, seen or not.
func (w *world) there() []*thing {
	var list []*thing
	for _, o := range w.things {
		if o.goneAt.IsZero() || o.goneAt.After(w.now) {
			list = append(list, o)
		}
	}
	return list
}

// find looks for a thing as reads see it: a transform by id, anything by name.
func (w *world) find(t resource.Type, id, name string) *thing {
	for _, o := range w.there() {
		if o.shows.After(w.now) || o.identity().Type != t {
			continue
		}
		if id != "" && o.id == id || id == "" && o.name() == name {
			return o
		}
	}
	return nil
}

func (o *thing) leaving(now time.Time) bool { return !o.goneAt.IsZero() && !o.goneShows.After(now) }

func (o *thing) status(now time.Time) string {
	switch {
	case o.leaving(now):
		return "DELETING"
	case o.failed:
		return "FAILED"
	case o.transform != nil && (o.ready.IsZero() || o.ready.After(now)):
		return "NOT_READY"
	case o.ready.After(now):
		return "PROVISIONING"
	}
	return "READY"
}

// mode is how a thing is encrypted.
func (w *world) mode(o *thing) resource.Mode {
	if o.transform != nil {
		if o.transform.UserData == nil {
			return resource.ModeNone
		}
		return o.transform.UserData.Mode
	}
	c, ok := w.configurations[o.endpoint.SecurityConfiguration]
	if !ok || len(c.S3) == 0 {
		return resource.ModeNone
	}
	return c.S3[0].Mode
}

// put makes a thing, as a create does.
func (w *world) put(e *resource.EndpointDefinition, t *resource.TransformDefinition, changeID string) *thing {
	w.serial++
	o := &thing{id: fmt.Sprintf("tfm-%d", w.serial), made: w.now.Add(time.Duration(w.serial)), shows: w.now.Add(w.reveal)}
	if e != nil {
		d := *e
		d.Tags = tagged(e.Tags, changeID)
		o.endpoint, o.ready = &d, w.now.Add(w.provisioning)
	} else {
		d := *t
		d.Tags = tagged(t.Tags, changeID)
		o.transform = &d
	}
	if w.plainNext > 0 {
		w.plainNext--
		if e != nil {
			o.endpoint.SecurityConfiguration = ""
		} else {
			o.transform.UserData = nil
		}
	}
	if w.failNext > 0 && e != nil {
		w.failNext--
		o.failed = true
	}
	w.things = append(w.things, o)
	return o
}

func tagged(tags map[string]string, changeID string) map[string]string {
	all := maps.Clone(tags)
	if all == nil {
		all = map[string]string{}
	}
	if changeID != "" {
		all[tagChange] = changeID
	}
	return all
}

// differs compares a thing with a promise, by code that shares nothing with package plan's.
func (w *world) differs(o *thing, p *plan.Promise, changeID string) []change.Difference {
	var list []change.Difference
	add := func(attribute string, want, got any) {
		list = append(list, change.Difference{Attribute: attribute, Want: fmt.Sprint(want), Got: fmt.Sprint(got)})
	}
	if o == nil {
		add("status", "there", "gone")
		return list
	}
	if p.Mode != "" && w.mode(o) != p.Mode {
		add("s3_encryption.mode", p.Mode, w.mode(o))
	}
	tags := maps.Clone(o.tags())
	owner := tags[tagChange]
	delete(tags, tagChange)
	if p.ChangeTags && owner != changeID {
		add("change tag", changeID, owner)
	}
	if p.Endpoint != nil {
		got := *o.endpoint
		got.Tags = tags
		if diff := cmp.Diff(*p.Endpoint, got, cmpopts.EquateEmpty()); diff != "" {
			add("definition", p.Endpoint, diff)
		}
	}
	if p.Transform != nil {
		got := *o.transform
		got.Tags = tags
		if diff := cmp.Diff(*p.Transform, got, cmpopts.EquateEmpty()); diff != "" {
			add("definition", p.Transform, diff)
		}
		if p.Labels >= 0 && o.labels != p.Labels {
			add("labels", p.Labels, o.labels)
		}
	}
	if p.Usable && w.unusable {
		add("encryption.kms_key_state", "Enabled", "Disabled")
	}
	if p.Ready && o.status(w.now) != "READY" {
		add("status", "READY", o.status(w.now))
	}
	return list
}

// run starts a task run.
func (w *world) run() string {
	w.serial++
	id := fmt.Sprintf("run-%d", w.serial)
	w.runs[id] = w.now.Add(time.Minute)
	return id
}

func detail(w *world, o *thing) (*resource.EndpointDetail, *resource.TransformDetail) {
	if o.endpoint != nil {
		return &resource.EndpointDetail{
			Definition: *o.endpoint, ARN: o.identity().ARN, Status: o.status(w.now), CreatedAt: o.made,
		}, nil
	}
	return nil, &resource.TransformDetail{
		Definition: *o.transform, ID: o.id, ARN: o.identity().ARN, Status: o.status(w.now), CreatedAt: o.made,
		LabelCount: o.labels, Metrics: o.metrics,
	}
}

// scene is a world with one unencrypted resource, and the plan for it.
type scene struct {
	*world
	item     plan.Item
	original *thing
}

var location = resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}

// endpointScene has a dev endpoint that is not encrypted.
func endpointScene(t teller, s plan.Strategy) *scene {
	t.Helper()
	w := newWorld()
	o := w.put(&resource.EndpointDefinition{
		Name: "dev1", RoleARN: "arn:aws:iam::111122223333:role/glue", NumberOfNodes: 2, GlueVersion: "1.0",
		Tags: map[string]string{"team": "data"},
	}, nil, "")
	o.ready = w.now
	return propose(t, w, o, plan.Wanted{Mode: resource.ModeSSEKMS, Key: keyARN, Strategy: s})
}

// transformScene has an ML transform that is not encrypted, with labels or without.
func transformScene(t teller, s plan.Strategy, labels int, jobs ...string) *scene {
	t.Helper()
	w := newWorld()
	o := w.put(nil, &resource.TransformDefinition{
		Name: "match", RoleARN: "arn:aws:iam::111122223333:role/glue", TransformType: "FIND_MATCHES", GlueVersion: "2.0",
		InputTables: []resource.GlueTable{{DatabaseName: "db", TableName: "t"}}, Tags: map[string]string{"team": "data"},
	}, "")
	o.labels = labels
	if labels > 0 {
		o.ready, o.metrics = w.now, &resource.Metrics{F1: 0.9}
	}
	for _, j := range jobs {
		w.jobs[j] = o.id
	}
	return propose(t, w, o, plan.Wanted{
		Mode: resource.ModeSSEKMS, Key: keyARN, Strategy: s, LabelsS3: "s3://labels/out/", RepointJobs: true,
	})
}

func propose(t teller, w *world, o *thing, wanted plan.Wanted) *scene {
	t.Helper()
	if wanted.Strategy == plan.Retire {
		wanted.Mode, wanted.Key = "", ""
	}
	e, tr := detail(w, o)
	around := resource.Surroundings{
		Location: location, At: w.now, Stack: resource.Absent[string](),
		Configuration: resource.Known(resource.SecurityConfiguration{}), Subnet: resource.Absent[resource.Subnet](),
		ElasticIP: resource.Absent[string](), LastUsed: resource.Absent[time.Time](),
		WantedKey: resource.Known(resource.KeyDetail{}), Caller: resource.Known("arn:aws:iam::111122223333:user/ann"),
		Labels: resource.Known(resource.Bucket{}), Proof: resource.Known(resource.Bucket{}),
		Role:      resource.Known(resource.Role{ARN: "arn:aws:iam::111122223333:role/glue"}),
		Endpoints: resource.Known(resource.Quota{}),
	}
	if e != nil {
		around.Endpoint = resource.Known(*e)
	} else {
		around.Transform = resource.Known(*tr)
	}
	var dependents []resource.Dependent
	for job := range w.jobs {
		dependents = append(dependents, resource.Dependent{Kind: "job", Name: job, Where: "default argument --transform_id", Argument: true})
	}
	around.Dependents = resource.Known(dependents)
	item := plan.Propose(wanted, around)
	if item.Blocked != nil || len(item.Steps) == 0 {
		t.Fatalf("nothing planned: %+v", item.Blocked)
	}
	return &scene{world: w, item: item, original: o}
}
