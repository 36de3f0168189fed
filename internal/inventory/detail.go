package inventory

import (
	"context"
	"maps"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opDevEndpoint = "glue:GetDevEndpoint"
	opMLTransform = "glue:GetMLTransform"
	opTags        = "glue:GetTags"
)

// Endpoint reads one dev endpoint with its tags.
func (i *Inspector) Endpoint(ctx context.Context, l resource.Location, name string) resource.Fact[resource.EndpointDetail] {
	_, p, err := i.enter(ctx, l)
	if err != nil {
		return unread[resource.EndpointDetail](err, opAssumeRole)
	}
	return i.endpoint(ctx, p, name)
}

// Transform reads one ML transform with its tags.
func (i *Inspector) Transform(ctx context.Context, l resource.Location, id string) resource.Fact[resource.TransformDetail] {
	_, p, err := i.enter(ctx, l)
	if err != nil {
		return unread[resource.TransformDetail](err, opAssumeRole)
	}
	return i.transform(ctx, p, id)
}

// Configuration reads one security configuration.
func (i *Inspector) Configuration(ctx context.Context, l resource.Location, name string) resource.Fact[resource.SecurityConfiguration] {
	_, p, err := i.enter(ctx, l)
	if err != nil {
		return unread[resource.SecurityConfiguration](err, opAssumeRole)
	}
	return readConfiguration(ctx, i.session.Glue, p, name)
}

// UntaggedEndpoint reads one dev endpoint without its tags, for who only waits for it: they take a call of their own.
func (i *Inspector) UntaggedEndpoint(ctx context.Context, l resource.Location, name string) resource.Fact[resource.EndpointDetail] {
	_, p, err := i.enter(ctx, l)
	if err != nil {
		return unread[resource.EndpointDetail](err, opAssumeRole)
	}
	return i.untaggedEndpoint(ctx, p, name)
}

// UntaggedTransform reads one ML transform without its tags.
func (i *Inspector) UntaggedTransform(ctx context.Context, l resource.Location, id string) resource.Fact[resource.TransformDetail] {
	_, p, err := i.enter(ctx, l)
	if err != nil {
		return unread[resource.TransformDetail](err, opAssumeRole)
	}
	return i.untaggedTransform(ctx, p, id)
}

// endpoint is unknown when its tags could not be read: without them, its definition is not the whole.
func (i *Inspector) endpoint(ctx context.Context, p *awsapi.Place, name string) resource.Fact[resource.EndpointDetail] {
	var tags tagsRead
	var reading sync.WaitGroup
	reading.Go(func() { tags = i.tagsOf(ctx, p, p.Location.ARN("glue", "devEndpoint/"+name).String()) })
	fact := i.untaggedEndpoint(ctx, p, name)
	reading.Wait()
	d, ok := fact.Value()
	switch {
	case !ok:
		return fact
	case tags.err != nil:
		return unread[resource.EndpointDetail](tags.err, opTags)
	}
	d.Definition.Tags, d.AWSTags = tags.own, tags.aws
	return resource.Known(d)
}

func (i *Inspector) untaggedEndpoint(ctx context.Context, p *awsapi.Place, name string) resource.Fact[resource.EndpointDetail] {
	out, err := awsapi.Read(ctx, p, opDevEndpoint, i.session.Glue.GetDevEndpoint, &glue.GetDevEndpointInput{EndpointName: &name}, p.Glue)
	switch {
	case awsapi.IsNotFound(err):
		return resource.Absent[resource.EndpointDetail]()
	case err != nil:
		return unread[resource.EndpointDetail](err, opDevEndpoint)
	case out.DevEndpoint == nil || aws.ToString(out.DevEndpoint.EndpointName) != name:
		return resource.Unknown[resource.EndpointDetail](failed(opDevEndpoint, "the answer does not hold the dev endpoint asked for"))
	}
	d := endpointDetail(out.DevEndpoint)
	d.ARN = p.Location.ARN("glue", "devEndpoint/"+name).String()
	return resource.Known(d)
}

func (i *Inspector) transform(ctx context.Context, p *awsapi.Place, id string) resource.Fact[resource.TransformDetail] {
	var tags tagsRead
	var reading sync.WaitGroup
	reading.Go(func() { tags = i.tagsOf(ctx, p, p.Location.ARN("glue", "mlTransform/"+id).String()) })
	fact := i.untaggedTransform(ctx, p, id)
	reading.Wait()
	d, ok := fact.Value()
	switch {
	case !ok:
		return fact
	case tags.err != nil:
		return unread[resource.TransformDetail](tags.err, opTags)
	}
	d.Definition.Tags, d.AWSTags = tags.own, tags.aws
	return resource.Known(d)
}

func (i *Inspector) untaggedTransform(ctx context.Context, p *awsapi.Place, id string) resource.Fact[resource.TransformDetail] {
	out, err := awsapi.Read(ctx, p, opMLTransform, i.session.Glue.GetMLTransform, &glue.GetMLTransformInput{TransformId: &id}, p.Glue)
	switch {
	case awsapi.IsNotFound(err):
		return resource.Absent[resource.TransformDetail]()
	case err != nil:
		return unread[resource.TransformDetail](err, opMLTransform)
	case aws.ToString(out.TransformId) != id:
		return resource.Unknown[resource.TransformDetail](failed(opMLTransform, "the answer does not hold the transform asked for"))
	}
	d := transformDetail(out)
	d.ARN = p.Location.ARN("glue", "mlTransform/"+id).String()
	return resource.Known(d)
}

// tagsRead are a resource's tags: those that its creation took, and AWS's own.
type tagsRead struct {
	own, aws map[string]string
	err      error
}

func (i *Inspector) tagsOf(ctx context.Context, p *awsapi.Place, arn string) tagsRead {
	out, err := awsapi.Read(ctx, p, opTags, i.session.Glue.GetTags, &glue.GetTagsInput{ResourceArn: &arn}, p.Glue)
	if err != nil {
		return tagsRead{err: err}
	}
	var t tagsRead
	for key, value := range out.Tags {
		of := &t.own
		if strings.HasPrefix(key, "aws:") {
			of = &t.aws
		}
		if *of == nil {
			*of = map[string]string{}
		}
		(*of)[key] = value
	}
	return t
}

func endpointDetail(d *types.DevEndpoint) resource.EndpointDetail {
	e := resource.EndpointDetail{
		Definition: resource.EndpointDefinition{
			Name:                  aws.ToString(d.EndpointName),
			RoleARN:               aws.ToString(d.RoleArn),
			SecurityGroupIDs:      d.SecurityGroupIds,
			SubnetID:              aws.ToString(d.SubnetId),
			PublicKey:             aws.ToString(d.PublicKey),
			PublicKeys:            d.PublicKeys,
			NumberOfNodes:         d.NumberOfNodes,
			WorkerType:            string(d.WorkerType),
			NumberOfWorkers:       aws.ToInt32(d.NumberOfWorkers),
			GlueVersion:           aws.ToString(d.GlueVersion),
			ExtraPythonLibsS3Path: aws.ToString(d.ExtraPythonLibsS3Path),
			ExtraJarsS3Path:       aws.ToString(d.ExtraJarsS3Path),
			SecurityConfiguration: aws.ToString(d.SecurityConfiguration),
			Arguments:             maps.Clone(d.Arguments),
		},
		Status:           aws.ToString(d.Status),
		FailureReason:    aws.ToString(d.FailureReason),
		Updating:         aws.ToString(d.LastUpdateStatus) == "PENDING",
		CreatedAt:        aws.ToTime(d.CreatedTimestamp),
		AvailabilityZone: aws.ToString(d.AvailabilityZone),
		VPCID:            aws.ToString(d.VpcId),
		PrivateAddress:   aws.ToString(d.PrivateAddress),
		PublicAddress:    aws.ToString(d.PublicAddress),
		YarnAddress:      aws.ToString(d.YarnEndpointAddress),
	}
	// AWS may show a number of nodes for an endpoint that workers size, and takes only one of the two.
	if e.Definition.WorkerType != "" || e.Definition.NumberOfWorkers > 0 {
		e.Definition.NumberOfNodes = 0
	}
	return e
}

func transformDetail(out *glue.GetMLTransformOutput) resource.TransformDetail {
	t := resource.TransformDetail{
		ID:         aws.ToString(out.TransformId),
		Status:     string(out.Status),
		CreatedAt:  aws.ToTime(out.CreatedOn),
		LabelCount: int(out.LabelCount),
		Metrics:    metrics(out.EvaluationMetrics),
		Definition: resource.TransformDefinition{
			Name:            aws.ToString(out.Name),
			Description:     aws.ToString(out.Description),
			RoleARN:         aws.ToString(out.Role),
			GlueVersion:     aws.ToString(out.GlueVersion),
			MaxCapacity:     out.MaxCapacity,
			WorkerType:      string(out.WorkerType),
			NumberOfWorkers: out.NumberOfWorkers,
			TimeoutMinutes:  out.Timeout,
			MaxRetries:      out.MaxRetries,
		},
	}
	if t.Definition.WorkerType != "" { // then AWS sets the capacity by itself, shows it, and does not take it
		t.Definition.MaxCapacity = nil
	}
	for i := range out.InputRecordTables {
		in := &out.InputRecordTables[i]
		t.Definition.InputTables = append(t.Definition.InputTables, resource.GlueTable{
			DatabaseName: aws.ToString(in.DatabaseName), TableName: aws.ToString(in.TableName), CatalogID: aws.ToString(in.CatalogId),
			ConnectionName: aws.ToString(in.ConnectionName), AdditionalOptions: maps.Clone(in.AdditionalOptions),
		})
	}
	if p := out.Parameters; p != nil {
		t.Definition.TransformType = string(p.TransformType)
		if f := p.FindMatchesParameters; f != nil {
			t.Definition.FindMatches = &resource.FindMatches{
				PrimaryKeyColumnName: f.PrimaryKeyColumnName, PrecisionRecallTradeoff: f.PrecisionRecallTradeoff,
				AccuracyCostTradeoff: f.AccuracyCostTradeoff, EnforceProvidedLabels: f.EnforceProvidedLabels,
			}
		}
	}
	if e := out.TransformEncryption; e != nil {
		t.Definition.TaskRunSecurityConfiguration = aws.ToString(e.TaskRunSecurityConfigurationName)
		if u := e.MlUserDataEncryption; u != nil {
			t.Definition.UserData = encryption(string(u.MlUserDataEncryptionMode), u.KmsKeyId)
		}
	}
	return t
}

func metrics(m *types.EvaluationMetrics) *resource.Metrics {
	if m == nil || m.FindMatchesMetrics == nil {
		return nil
	}
	f := m.FindMatchesMetrics
	return &resource.Metrics{
		AreaUnderPRCurve: aws.ToFloat64(f.AreaUnderPRCurve), Precision: aws.ToFloat64(f.Precision),
		Recall: aws.ToFloat64(f.Recall), F1: aws.ToFloat64(f.F1),
	}
}
