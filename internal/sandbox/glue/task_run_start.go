package glue

import (
	"fmt"
	"strings"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// lockedForRun returns a transform that may start a task run. What AWS answers for one that is being deleted is
// unconfirmed. The end of life of a Glue version is not held against task runs: labels can still be got out.
func (g *Glue) lockedForRun(c *service.Call, id *string) (*location, *transform, error) {
	l, t, err := g.lockedTransform(c, id)
	if err == nil && t.view.Status == types.TransformStatusTypeDeleting {
		l.mu.Unlock()
		return nil, nil, invalid("Transform %s is being deleted.", deref(id))
	}
	return l, t, err
}

func (g *Glue) startExportLabels(
	c *service.Call, in *awsglue.StartExportLabelsTaskRunInput,
) (*awsglue.StartExportLabelsTaskRunOutput, error) {
	l, t, err := g.lockedForRun(c, in.TransformId)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if t.view.LabelCount == 0 {
		return nil, notFound("No labelset exists for transformId %s in account id %s.", deref(in.TransformId), c.Account)
	}
	path, err := g.outputPath(l, in.OutputS3Path)
	if err != nil {
		return nil, err
	}
	id := g.start(l, t, c.Now, types.TaskRunProperties{
		TaskType:                      types.TaskTypeExportLabels,
		ExportLabelsTaskRunProperties: &types.ExportLabelsTaskRunProperties{OutputS3Path: in.OutputS3Path},
	}, func(g *Glue, l *location, t *transform, _ time.Time) error {
		return g.write(l, t, path, "labels", t.export(l).file())
	})
	return &awsglue.StartExportLabelsTaskRunOutput{TaskRunId: id}, nil
}

func (g *Glue) startImportLabels(
	c *service.Call, in *awsglue.StartImportLabelsTaskRunInput,
) (*awsglue.StartImportLabelsTaskRunOutput, error) {
	l, t, err := g.lockedForRun(c, in.TransformId)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if g.roles != nil && !g.roles.TrustsService(c.Account, deref(t.view.Role), servicePrincipal) {
		return nil, invalid("Cannot use IAM role provided in the transform. Role: %s.", deref(t.view.Role))
	}
	file, err := g.labelFile(l, t.view.Role, deref(in.InputS3Path))
	if err != nil {
		return nil, err
	}
	key := primaryKey(&t.view)
	columns, replace := t.view.Schema, in.ReplaceAllLabels
	id := g.start(l, t, c.Now, types.TaskRunProperties{
		TaskType: types.TaskTypeImportLabels,
		ImportLabelsTaskRunProperties: &types.ImportLabelsTaskRunProperties{
			InputS3Path: in.InputS3Path, Replace: replace,
		},
	}, func(g *Glue, _ *location, t *transform, at time.Time) error {
		parsed, err := parseLabels(file, columns, key)
		if err != nil {
			return err
		}
		return t.learn(g, parsed, replace, at)
	})
	return &awsglue.StartImportLabelsTaskRunOutput{TaskRunId: id}, nil
}

func (g *Glue) startEvaluation(
	c *service.Call, in *awsglue.StartMLEvaluationTaskRunInput,
) (*awsglue.StartMLEvaluationTaskRunOutput, error) {
	l, t, err := g.lockedForRun(c, in.TransformId)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if t.view.Status != types.TransformStatusTypeReady {
		return nil, service.Errorf("MLTransformNotReadyException",
			"This operation can only be applied to a transform that is in a READY state.")
	}
	if err := g.checkRuns(t); err != nil {
		return nil, err
	}
	id := g.start(l, t, c.Now, types.TaskRunProperties{TaskType: types.TaskTypeEvaluation},
		func(_ *Glue, l *location, t *transform, at time.Time) error {
			t.measure(l, at)
			return nil
		})
	return &awsglue.StartMLEvaluationTaskRunOutput{TaskRunId: id}, nil
}

func (g *Glue) startLabelingSetGeneration(
	c *service.Call, in *awsglue.StartMLLabelingSetGenerationTaskRunInput,
) (*awsglue.StartMLLabelingSetGenerationTaskRunOutput, error) {
	l, t, err := g.lockedForRun(c, in.TransformId)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if err := g.checkRuns(t); err != nil {
		return nil, err
	}
	path, err := g.outputPath(l, in.OutputS3Path)
	if err != nil {
		return nil, err
	}
	id := g.start(l, t, c.Now, types.TaskRunProperties{
		TaskType: types.TaskTypeLabelingSetGeneration,
		LabelingSetGenerationTaskRunProperties: &types.LabelingSetGenerationTaskRunProperties{
			OutputS3Path: in.OutputS3Path,
		},
	}, func(g *Glue, l *location, t *transform, _ time.Time) error {
		return g.write(l, t, path, "labeling-set", unlabeled(&t.view))
	})
	return &awsglue.StartMLLabelingSetGenerationTaskRunOutput{TaskRunId: id}, nil
}

// checkRuns limits the evaluations and labeling runs that a transform has at a time.
func (g *Glue) checkRuns(t *transform) error {
	limit, n := g.settings.Load().TaskRuns, 0
	for _, r := range t.runs {
		kind := deref(r.view.Properties).TaskType
		if r.active() && (kind == types.TaskTypeEvaluation || kind == types.TaskTypeLabelingSetGeneration) {
			n++
		}
	}
	if n >= limit {
		return service.Errorf("ConcurrentRunsExceededException",
			"ML Task Runs count %d has exceeded the transform limit of %d task runs.", n, limit)
	}
	return nil
}

func primaryKey(v *types.MLTransform) string {
	if v.Parameters == nil || v.Parameters.FindMatchesParameters == nil {
		return ""
	}
	return deref(v.Parameters.FindMatchesParameters.PrimaryKeyColumnName)
}

// s3Path is where a task run reads or writes.
type s3Path struct{ bucket, key string }

func parsePath(path string) (s3Path, bool) {
	rest, ok := strings.CutPrefix(path, "s3://")
	bucket, key, _ := strings.Cut(rest, "/")
	return s3Path{bucket, key}, ok && bucket != ""
}

// outputPath reads where a run is to write, and refuses a bucket of another region.
func (g *Glue) outputPath(l *location, path *string) (s3Path, error) {
	p, ok := parsePath(deref(path))
	if !ok {
		return p, invalid("Invalid S3 path %s.", deref(path))
	}
	return p, g.checkBucket(l, p)
}

func (g *Glue) checkBucket(l *location, p s3Path) error {
	if g.objects == nil {
		return nil
	}
	region, found := g.objects.BucketRegion(l.account, p.bucket)
	switch {
	case !found:
		return invalid("The specified bucket does not exist: %s.", p.bucket)
	case region != l.region:
		return invalid("S3 path provided is not in the same region as transform. Expecting region - %s, but got - %s.",
			l.region, region)
	}
	return nil
}

// labelFile reads the file that an import names, with AWS's refusals. It must be one object: whether AWS takes a prefix
// is unconfirmed.
func (g *Glue) labelFile(l *location, role *string, path string) ([]byte, error) {
	p, ok := parsePath(path)
	if !ok || p.key == "" || strings.HasSuffix(p.key, "/") {
		return nil, invalid("Invalid label file path.")
	}
	if g.objects == nil {
		return nil, invalid("Cannot access the label file at %s. There is no S3.", path)
	}
	if err := g.checkBucket(l, p); err != nil {
		return nil, err
	}
	if !g.roleMay(l, role, "s3:GetObject", l.objectARN(p)) {
		return nil, invalid("Cannot access the label file at %s. Access denied to role %s.", path, deref(role))
	}
	file, err := g.objects.ReadObject(l.account, p.bucket, p.key)
	if err != nil {
		return nil, invalid("Cannot access the label file at %s. %v.", path, err)
	}
	limit := g.settings.Load().LabelFileLimit
	switch {
	case len(file) == 0:
		return nil, invalid("Invalid label file of size 0.")
	case len(file) > limit<<20:
		return nil, service.Errorf("ResourceNumberLimitExceededException", "Label file has exceeded the limit of %d MB.", limit)
	}
	return file, nil
}

// write stores what a run made. A path that ends in .csv is the object's own; any other is a prefix for an object named
// after the transform, which is unconfirmed. It is encrypted as the transform's task-run configuration says.
func (g *Glue) write(l *location, t *transform, p s3Path, what string, body []byte) error {
	if g.objects == nil {
		return fmt.Errorf("no S3 to write s3://%s/%s to", p.bucket, p.key)
	}
	key := p.key
	if !strings.HasSuffix(key, ".csv") {
		if key != "" && !strings.HasSuffix(key, "/") {
			key += "/"
		}
		key += deref(t.view.TransformId) + "-" + what + ".csv"
	}
	if to := (s3Path{p.bucket, key}); !g.roleMay(l, t.view.Role, "s3:PutObject", l.objectARN(to)) {
		return fmt.Errorf("cannot write s3://%s/%s: access denied to role %s", p.bucket, key, deref(t.view.Role))
	}
	mode, kmsKey := l.s3Mode(deref(t.view.TransformEncryption).TaskRunSecurityConfigurationName)
	if err := g.objects.WriteObject(l.account, p.bucket, key, body, mode, kmsKey); err != nil {
		return fmt.Errorf("cannot write s3://%s/%s: %w", p.bucket, key, err)
	}
	return nil
}
