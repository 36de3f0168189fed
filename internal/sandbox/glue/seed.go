package glue

import (
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Put methods place resources as they are given, unchecked, for states that no call can make: partial or unknown
// encryption, transforms without a name, resources that stay in TERMINATING or DELETING, dangling names. They replace
// what has the same name. A seeded state changes only through later calls.

// seedTime is the creation time of what is seeded without one.
func seedTime() *time.Time { return ptr(time.Date(2021, time.March, 1, 9, 0, 0, 0, time.UTC)) }

func orElse[T any](member **T, value *T) {
	if *member == nil {
		*member = value
	}
}

// PutDevEndpoint seeds an endpoint; without a status it is READY, with addresses. One in a subnet that exists occupies
// addresses there, as far as there are any.
func (g *Glue) PutDevEndpoint(account, region string, e types.DevEndpoint, tags map[string]string) {
	l := g.made(account, region)
	defer l.mu.Unlock()
	orElse(&e.CreatedTimestamp, seedTime())
	orElse(&e.LastModifiedTimestamp, e.CreatedTimestamp)
	if e.NumberOfNodes == 0 {
		e.NumberOfNodes = defaultNodes
		if e.NumberOfWorkers != nil {
			e.NumberOfNodes = *e.NumberOfWorkers
		}
	}
	v := &endpoint{view: e, tags: maps.Clone(tags)}
	if e.SubnetId != nil && g.subnets != nil {
		if vpc, zone, _, found := g.subnets.Subnet(account, region, *e.SubnetId); found {
			v.view.VpcId, v.view.AvailabilityZone = &vpc, &zone
			v.address, _ = g.subnets.Occupy(account, region, *e.SubnetId, v.owner(), int(e.NumberOfNodes))
		}
	}
	if e.Status == nil {
		v.view.Status = ptr(ready)
		v.connect(l)
	}
	l.endpoints.put(deref(e.EndpointName), v)
	l.seeded.DevEndpoints++
}

// PutSecurityConfiguration seeds a security configuration; encryption may be nil, empty or hold unknown modes.
func (g *Glue) PutSecurityConfiguration(account, region, name string, encryption *types.EncryptionConfiguration) {
	l := g.made(account, region)
	defer l.mu.Unlock()
	l.putConfiguration(&name, encryption, *seedTime())
	l.seeded.SecurityConfigurations++
}

// PutMLTransform seeds a transform and returns its id, which is made up when absent. Without a status it is READY when
// it has labels, else NOT_READY; labels that only LabelCount tells of are made up when they are exported.
func (g *Glue) PutMLTransform(account, region string, t types.MLTransform, tags map[string]string) (id string) {
	l := g.made(account, region)
	defer l.mu.Unlock()
	orElse(&t.CreatedOn, seedTime())
	orElse(&t.LastModifiedOn, t.CreatedOn)
	if t.TransformId == nil {
		t.TransformId = ptr(l.newID("tfm-"))
	}
	if t.Status == "" {
		t.Status = types.TransformStatusTypeNotReady
		if t.LabelCount > 0 {
			t.Status = types.TransformStatusTypeReady
		}
	}
	if t.MaxCapacity == nil && t.WorkerType == "" {
		t.MaxCapacity = ptr(defaultCapacity)
	}
	if len(t.InputRecordTables) > 0 && t.Schema == nil {
		if s := l.schemas.get(schemaKey(deref(t.InputRecordTables[0].DatabaseName), deref(t.InputRecordTables[0].TableName))); s != nil {
			t.Schema = s.columns
		}
	}
	if t.Schema == nil && primaryKey(&t) != "" {
		t.Schema = []types.SchemaColumn{{Name: ptr(primaryKey(&t)), DataType: ptr("string")}}
	}
	l.transforms.put(*t.TransformId, &transform{view: t, tags: maps.Clone(tags)})
	l.seeded.MLTransforms++
	return *t.TransformId
}

// PutLabels teaches a seeded transform the rows of a label file; its status stays. It is an error when there is no such
// transform or the file can't be read.
func (g *Glue) PutLabels(account, region, transformID string, file []byte) error {
	l := g.made(account, region)
	defer l.mu.Unlock()
	t := l.transforms.get(transformID)
	if t == nil {
		return notFound("Cannot find MLTransform in account %s with handle %s.", account, transformID)
	}
	parsed, err := parseLabels(file, t.view.Schema, primaryKey(&t.view))
	if err != nil {
		return err
	}
	t.labels, t.view.LabelCount = parsed, parsed.count
	return nil
}

// PutMLTaskRun seeds a task run of a transform, such as a FIND_MATCHES run that names a job. A transform that doesn't
// exist gets none.
func (g *Glue) PutMLTaskRun(account, region, transformID string, r types.TaskRun) {
	l := g.made(account, region)
	defer l.mu.Unlock()
	t := l.transforms.get(transformID)
	if t == nil {
		return
	}
	if r.TaskRunId == nil {
		r.TaskRunId = ptr(l.newID("tsk-"))
	}
	r.TransformId = &transformID
	orElse(&r.StartedOn, seedTime())
	t.runs = append(t.runs, &taskRun{view: r})
}

// PutTable seeds the columns of a catalog table, which transforms made or seeded over it from then on show and check.
func (g *Glue) PutTable(account, region, database, name string, columns []types.SchemaColumn) {
	l := g.made(account, region)
	defer l.mu.Unlock()
	l.schemas.put(schemaKey(database, name), &schema{columns})
}

// PutJob seeds a job.
func (g *Glue) PutJob(account, region string, j types.Job, tags map[string]string) {
	l := g.made(account, region)
	defer l.mu.Unlock()
	orElse(&j.CreatedOn, seedTime())
	orElse(&j.LastModifiedOn, j.CreatedOn)
	orElse(&j.ExecutionProperty, &types.ExecutionProperty{MaxConcurrentRuns: 1})
	l.jobs.put(deref(j.Name), &job{view: j, tags: maps.Clone(tags)})
	l.seeded.Jobs++
}

// PutJobRun seeds a run of a job. A job that doesn't exist gets none.
func (g *Glue) PutJobRun(account, region, jobName string, r types.JobRun) {
	l := g.made(account, region)
	defer l.mu.Unlock()
	j := l.jobs.get(jobName)
	if j == nil {
		return
	}
	if r.Id == nil {
		r.Id = ptr("jr_" + l.newID(""))
	}
	r.JobName = &jobName
	orElse(&r.StartedOn, seedTime())
	j.runs = append(j.runs, &jobRun{view: r})
}

// PutCrawler seeds a crawler; without a state it is READY.
func (g *Glue) PutCrawler(account, region string, w types.Crawler, tags map[string]string) {
	l := g.made(account, region)
	defer l.mu.Unlock()
	orElse(&w.CreationTime, seedTime())
	if w.State == "" {
		w.State = types.CrawlerStateReady
	}
	l.crawlers.put(deref(w.Name), &crawler{view: w, tags: maps.Clone(tags)})
	l.seeded.Crawlers++
}

// PutTrigger seeds a trigger; without a state it is CREATED.
func (g *Glue) PutTrigger(account, region string, t types.Trigger, tags map[string]string) {
	l := g.made(account, region)
	defer l.mu.Unlock()
	if t.State == "" {
		t.State = types.TriggerStateCreated
	}
	l.triggers.put(deref(t.Name), &trigger{view: t, tags: maps.Clone(tags)})
	l.seeded.Triggers++
}

// PutSession seeds a session; without a status it is READY.
func (g *Glue) PutSession(account, region string, s types.Session, tags map[string]string) {
	l := g.made(account, region)
	defer l.mu.Unlock()
	orElse(&s.CreatedOn, seedTime())
	if s.Status == "" {
		s.Status = types.SessionStatusReady
	}
	l.sessions.put(deref(s.Id), &session{view: s, tags: maps.Clone(tags)})
	l.seeded.Sessions++
}

// Write is an object that an endpoint is to write.
type Write struct {
	Account, Region, Endpoint string
	Path                      string // s3://BUCKET/KEY
	Body                      []byte
	// Unencrypted leaves the encryption to the bucket, whatever the endpoint's configuration says: an endpoint that shows
	// a configuration and does not follow it.
	Unencrypted bool
}

// WriteFromEndpoint stores an S3 object as a job on a READY endpoint would: encrypted as the endpoint's security
// configuration says, with what its role may do. No API call does that; it stands for what people run on the cluster.
func (g *Glue) WriteFromEndpoint(now time.Time, w Write) error {
	to, ok := parsePath(w.Path)
	if !ok || to.key == "" || g.objects == nil {
		return invalid("Cannot write to %s", w.Path)
	}
	l := g.made(w.Account, w.Region)
	defer l.mu.Unlock()
	l.settleEndpoints(now)
	e := l.endpoints.get(w.Endpoint)
	if e == nil || e.status() != ready {
		return notFound("No READY development endpoint %s", w.Endpoint)
	}
	role := deref(e.view.RoleArn)
	if !g.roleMay(l, &role, "s3:PutObject", l.objectARN(to)) {
		return service.Errorf("AccessDenied", "%s may not write to %s", role, w.Path)
	}
	mode, key := l.s3Mode(e.view.SecurityConfiguration)
	if w.Unencrypted {
		mode, key = "", ""
	}
	if key != "" && g.keys != nil {
		if why := g.keys.Refusal(w.Account, w.Region, role, key); why != "" {
			return service.Errorf("AccessDenied", "%s may not encrypt with %s: %s", role, key, why)
		}
	}
	return g.objects.WriteObject(w.Account, to.bucket, to.key, w.Body, mode, key)
}
