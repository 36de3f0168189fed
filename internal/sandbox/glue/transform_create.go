package glue

import (
	"slices"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Defaults and limits of a transform.
const (
	defaultCapacity = 10.0
	leastCapacity   = 2.0
	mostCapacity    = 100.0
	defaultTimeout  = 2880 // minutes
)

func (g *Glue) createMLTransform(c *service.Call, in *awsglue.CreateMLTransformInput) (*awsglue.CreateMLTransformOutput, error) {
	s := g.settings.Load()
	if err := checkTransform(in); err != nil {
		return nil, err
	}
	if s.EndOfLife {
		if err := endOfLife(in.GlueVersion); err != nil {
			return nil, err
		}
	}
	if err := g.mayCreate(c, in.Role, in.Tags, untrustedTransformRole); err != nil {
		return nil, err
	}
	l := g.made(c.Account, c.Region)
	defer l.mu.Unlock()
	l.settleTransforms(g, c.Now)
	if l.named(deref(in.Name), "") != nil {
		// The developer guide also knows an idempotent create with equal parameters; Terraform's experience is this.
		return nil, service.Errorf("AlreadyExistsException", "Transform with name %s already exists", deref(in.Name))
	}
	if in.TransformEncryption != nil {
		if err := l.checkConfiguration(in.TransformEncryption.TaskRunSecurityConfigurationName); err != nil {
			return nil, err
		}
	}
	if n, limit := len(l.transforms.rows), s.Quotas.raised(l.seeded).MLTransforms; n >= limit {
		return nil, service.Errorf("ResourceNumberLimitExceededException",
			"ML Transforms count (%d) has exceeded the limit of %d transforms.", n, limit)
	}
	columns, err := l.columnsOf(in.InputRecordTables[0], in.Parameters)
	if err != nil {
		return nil, err
	}
	t := newTransform(c, in, columns)
	t.view.TransformId = ptr(l.newID("tfm-"))
	l.transforms.put(*t.view.TransformId, t)
	return &awsglue.CreateMLTransformOutput{TransformId: t.view.TransformId}, nil
}

// checkTransform refuses what can be told from the request alone.
func checkTransform(in *awsglue.CreateMLTransformInput) error {
	if len(in.InputRecordTables) != 1 {
		return invalid("Exactly one input record table must be provided.")
	}
	if deref(in.InputRecordTables[0].DatabaseName) == "" {
		return invalid("Should specify database name.")
	}
	if deref(in.InputRecordTables[0].TableName) == "" {
		return invalid("Should specify table name.")
	}
	if err := checkVersion(in.GlueVersion); err != nil {
		return err
	}
	if err := checkParameters(in.Parameters); err != nil {
		return err
	}
	if err := checkCapacity(in.MaxCapacity, in.WorkerType, in.NumberOfWorkers, in.MaxRetries); err != nil {
		return err
	}
	return checkTags(in.Tags)
}

// checkVersion knows the versions that AWS has released; which of them a transform takes is unconfirmed.
func checkVersion(version *string) error {
	if version == nil || slices.Contains([]string{"0.9", "1.0", "2.0", "3.0", "4.0", "5.0", "5.1", "6.0"}, *version) {
		return nil
	}
	return invalid("Glue version %s is not supported", *version)
}

func checkParameters(p *types.TransformParameters) error {
	if p == nil {
		return invalid("Find Matches parameters have not been set.")
	}
	if p.TransformType != types.TransformTypeFindMatches || p.FindMatchesParameters == nil {
		return invalid("Find Matches parameters have not been set.")
	}
	f := p.FindMatchesParameters
	if deref(f.PrimaryKeyColumnName) == "" {
		return invalid("A primary key must be specified in Find Matches parameters.")
	}
	for _, v := range []*float64{f.PrecisionRecallTradeoff, f.AccuracyCostTradeoff} {
		if v != nil && (*v < 0 || *v > 1) {
			return invalid("Tradeoff values must be between 0.0 and 1.0")
		}
	}
	return nil
}

// checkCapacity holds the two ways of sizing a transform apart.
func checkCapacity(capacity *float64, worker types.WorkerType, workers, retries *int32) error {
	bySize := worker != "" || workers != nil
	switch {
	case capacity != nil && bySize:
		return invalid("Cannot set Max Capacity and Worker Num/Type at the same time.")
	case bySize && (worker == "" || workers == nil):
		return invalid("Both WorkerType and NumberOfWorkers should be set.")
	case capacity != nil && *capacity < leastCapacity:
		return invalid("MaxCapacity should be >= %g.", leastCapacity)
	case capacity != nil && *capacity > mostCapacity:
		return invalid("MaxCapacity should be <= %g.", mostCapacity)
	case workers != nil && *workers < 1:
		return invalid("NumberOfWorkers should be >= 1.")
	case bySize && !slices.Contains([]types.WorkerType{types.WorkerTypeStandard, types.WorkerTypeG1x, types.WorkerTypeG2x}, worker):
		return invalid("Worker type %s is not supported for transforms", worker)
	case retries != nil && *retries < 0:
		return invalid("Max retries should be non-negative.")
	}
	return nil
}

func newTransform(c *service.Call, in *awsglue.CreateMLTransformInput, columns []types.SchemaColumn) *transform {
	now := c.Now
	t := &transform{tags: given(in.Tags), view: types.MLTransform{
		Name: in.Name, Description: in.Description, Role: in.Role, GlueVersion: in.GlueVersion,
		InputRecordTables: in.InputRecordTables, Parameters: in.Parameters, Schema: columns,
		MaxRetries: in.MaxRetries, Timeout: in.Timeout, TransformEncryption: in.TransformEncryption,
		Status: types.TransformStatusTypeNotReady, CreatedOn: &now, LastModifiedOn: &now,
	}}
	if t.view.GlueVersion == nil {
		t.view.GlueVersion = ptr("0.9") // unlike an endpoint's, it is shown
	}
	if t.view.Timeout == nil {
		t.view.Timeout = ptr(int32(defaultTimeout))
	}
	if t.view.MaxRetries == nil {
		t.view.MaxRetries = ptr(int32(0))
	}
	sizeTransform(&t.view, in.MaxCapacity, in.WorkerType, in.NumberOfWorkers)
	if c.IgnoreEncryption {
		t.view.TransformEncryption = nil
	}
	return t
}

// sizeTransform sets the size as AWS shows it: for workers other than Standard the capacity comes along, though it can't
// be sent back together with them.
func sizeTransform(v *types.MLTransform, capacity *float64, worker types.WorkerType, workers *int32) {
	v.WorkerType, v.NumberOfWorkers, v.MaxCapacity = worker, workers, capacity
	switch worker {
	case "":
		if capacity == nil {
			v.MaxCapacity = ptr(defaultCapacity)
		}
	case types.WorkerTypeG1x:
		v.MaxCapacity = ptr(float64(*workers))
	case types.WorkerTypeG2x:
		v.MaxCapacity = ptr(2 * float64(*workers))
	}
}

// schema is the columns of a catalog table that was seeded.
type schema struct{ columns []types.SchemaColumn }

func schemaKey(database, table string) string { return database + "\x00" + table }

// columnsOf returns the columns of a transform's table. The sandbox has no data catalog of its own: a table that was not
// seeded is taken to exist, with the primary key as the one column known.
func (l *location) columnsOf(t types.GlueTable, p *types.TransformParameters) ([]types.SchemaColumn, error) {
	key := deref(p.FindMatchesParameters.PrimaryKeyColumnName)
	s := l.schemas.get(schemaKey(deref(t.DatabaseName), deref(t.TableName)))
	if s == nil {
		return []types.SchemaColumn{{Name: &key, DataType: ptr("string")}}, nil
	}
	if !slices.ContainsFunc(s.columns, func(c types.SchemaColumn) bool { return deref(c.Name) == key }) {
		return nil, invalid("Schema should contain given primary key: %s.", key)
	}
	return s.columns, nil
}
