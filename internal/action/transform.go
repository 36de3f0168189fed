package action

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/resource"
)

// transform reads a transform with its tags; false: there is none of that id.
func (a *Actor) transform(ctx context.Context, t *task, id string) (resource.TransformDetail, bool, error) {
	t.calls += 2 // its tags are read too
	fact := a.reader.Transform(ctx, t.location(), id)
	if fact.IsUnknown() {
		return resource.TransformDetail{}, false, unread(ctx, fact.Failure())
	}
	d, ok := fact.Value()
	return d, ok, nil
}

// untaggedTransform reads a transform without its tags; false: there is none of that id.
func (a *Actor) untaggedTransform(ctx context.Context, t *task, id string) (resource.TransformDetail, bool, error) {
	t.calls++
	fact := a.reader.UntaggedTransform(ctx, t.location(), id)
	if fact.IsUnknown() {
		return resource.TransformDetail{}, false, unread(ctx, fact.Failure())
	}
	d, ok := fact.Value()
	return d, ok, nil
}

// named returns the transforms of a name. There should be one at most, but AWS's texts are not at one on that.
func (a *Actor) named(ctx context.Context, t *task, name string) ([]resource.TransformDetail, error) {
	var found []resource.TransformDetail
	in := &glue.GetMLTransformsInput{Filter: &types.TransformFilterCriteria{Name: &name}}
	for {
		out, err := read(ctx, t, "glue:GetMLTransforms", a.session.Glue.GetMLTransforms, in, t.place.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.Transforms {
			if aws.ToString(out.Transforms[i].Name) != name {
				continue
			}
			d, there, err := a.transform(ctx, t, aws.ToString(out.Transforms[i].TransformId))
			if err != nil {
				return nil, err
			}
			if there {
				found = append(found, d)
			}
		}
		if awsapi.LastPage(in.NextToken, out.NextToken) {
			return found, nil
		}
		in.NextToken = out.NextToken
	}
}

// seeTransform looks for the transform that a create makes: one of its name with the change's tag.
func (a *Actor) seeTransform(ctx context.Context, t *task) (execute.Observation, error) {
	if t.s.Transform == nil {
		return missed(incomplete(t)), nil
	}
	name := t.s.Transform.Name
	found, err := a.named(ctx, t, name)
	if err != nil {
		return execute.Observation{}, err
	}
	if len(found) == 0 {
		return open(), nil
	}
	for _, d := range found {
		id := d.Identity()
		role, other := t.otherRole(id)
		switch {
		case d.Status == statusDeleting:
			return t.unlessSlow(d.Status, "the transform that has the name "+name), nil
		case other:
			return missed(change.Trouble{
				Code: change.TroubleForeign, Message: fmt.Sprintf("the name %s is still that of the change's %s", name, role),
			}), nil
		case t.ours(d.Definition.Tags):
			return settled(change.Facts{Resource: &id}), nil
		}
	}
	return missed(foreignBy("an ML transform", name, found[0].Definition.Tags)), nil
}

// createTransform makes the transform, with the change's tags.
func (a *Actor) createTransform(ctx context.Context, t *task) (change.Facts, error) {
	const operation = "glue:CreateMLTransform"
	d := t.s.Transform
	out, err := send(ctx, t, operation, a.session.Glue.CreateMLTransform, transformInput(*d, t.withOwnTags(d.Tags)), t.place.Glue)
	if err != nil {
		return change.Facts{}, err
	}
	if aws.ToString(out.TransformId) == "" {
		return change.Facts{}, &execute.CallError{
			Effect: execute.Unknown, Err: errNoID, Trouble: change.Trouble{Code: "NoAnswer", Message: errNoID.Error(), Operation: operation},
		}
	}
	id := resource.Identity{
		Type: resource.TypeMLTransform, ARN: t.location().ARN("glue", "mlTransform/"+*out.TransformId).String(),
		ID: *out.TransformId, Name: d.Name,
	}
	return change.Facts{Resource: &id}, nil
}

// transformInput is a create's input. AWS refuses capacity together with workers, though it shows both.
func transformInput(d resource.TransformDefinition, tags map[string]string) *glue.CreateMLTransformInput {
	in := &glue.CreateMLTransformInput{
		Name:              &d.Name,
		Description:       given(d.Description),
		InputRecordTables: make([]types.GlueTable, 0, len(d.InputTables)),
		Parameters:        &types.TransformParameters{TransformType: types.TransformType(d.TransformType)},
		Role:              &d.RoleARN,
		GlueVersion:       given(d.GlueVersion),
		Timeout:           d.TimeoutMinutes,
		MaxRetries:        d.MaxRetries,
		Tags:              tags,
	}
	for _, table := range d.InputTables {
		in.InputRecordTables = append(in.InputRecordTables, types.GlueTable{
			DatabaseName: &table.DatabaseName, TableName: &table.TableName, CatalogId: given(table.CatalogID),
			ConnectionName: given(table.ConnectionName), AdditionalOptions: table.AdditionalOptions,
		})
	}
	if p := d.FindMatches; p != nil {
		in.Parameters.FindMatchesParameters = &types.FindMatchesParameters{
			PrimaryKeyColumnName: p.PrimaryKeyColumnName, PrecisionRecallTradeoff: p.PrecisionRecallTradeoff,
			AccuracyCostTradeoff: p.AccuracyCostTradeoff, EnforceProvidedLabels: p.EnforceProvidedLabels,
		}
	}
	if d.WorkerType != "" || d.NumberOfWorkers != nil {
		in.WorkerType, in.NumberOfWorkers = types.WorkerType(d.WorkerType), d.NumberOfWorkers
	} else {
		in.MaxCapacity = d.MaxCapacity
	}
	in.TransformEncryption = encryptionOf(d)
	return in
}

func encryptionOf(d resource.TransformDefinition) *types.TransformEncryption {
	if d.UserData == nil && d.TaskRunSecurityConfiguration == "" {
		return nil
	}
	e := &types.TransformEncryption{TaskRunSecurityConfigurationName: given(d.TaskRunSecurityConfiguration)}
	if u := d.UserData; u != nil && u.Mode != "" {
		mode := u.Mode
		if mode == resource.ModeNone {
			mode = resource.ModeDisabled
		}
		e.MlUserDataEncryption = &types.MLUserDataEncryption{
			MlUserDataEncryptionMode: types.MLUserDataEncryptionModeString(mode), KmsKeyId: given(u.KMSKey),
		}
	}
	return e
}
