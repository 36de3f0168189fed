package glue

import (
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// updateMLTransform changes what is given and keeps the rest. Encryption, input table and tags are not among its members.
func (g *Glue) updateMLTransform(c *service.Call, in *awsglue.UpdateMLTransformInput) (*awsglue.UpdateMLTransformOutput, error) {
	if err := checkUpdate(in); err != nil {
		return nil, err
	}
	if err := g.mayPass(c, in.Role, untrustedTransformRole); err != nil {
		return nil, err
	}
	l, t, err := g.lockedTransform(c, in.TransformId)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if t.view.Status == types.TransformStatusTypeDeleting {
		return nil, invalid("Transform %s is being deleted", deref(in.TransformId))
	}
	if in.Name != nil && l.named(*in.Name, deref(in.TransformId)) != nil {
		return nil, invalid("Another transform with name %s already exists.", *in.Name)
	}
	v := t.view
	if p := in.Parameters; p != nil && len(v.InputRecordTables) > 0 {
		if _, err := l.columnsOf(v.InputRecordTables[0], p); err != nil {
			return nil, err
		}
	}
	set(&v.Parameters, in.Parameters)
	set(&v.Name, in.Name)
	set(&v.Description, in.Description)
	set(&v.Role, in.Role)
	set(&v.GlueVersion, in.GlueVersion)
	set(&v.Timeout, in.Timeout)
	set(&v.MaxRetries, in.MaxRetries)
	if in.MaxCapacity != nil || in.WorkerType != "" {
		sizeTransform(&v, in.MaxCapacity, in.WorkerType, in.NumberOfWorkers)
	}
	v.LastModifiedOn = ptr(c.Now)
	t.view = v
	return &awsglue.UpdateMLTransformOutput{TransformId: in.TransformId}, nil
}

func checkUpdate(in *awsglue.UpdateMLTransformInput) error {
	if in.Name != nil && *in.Name == "" {
		return invalid("Transform name cannot be blank.")
	}
	if err := checkVersion(in.GlueVersion); err != nil {
		return err
	}
	if in.Parameters != nil {
		if err := checkParameters(in.Parameters); err != nil {
			return err
		}
	}
	return checkCapacity(in.MaxCapacity, in.WorkerType, in.NumberOfWorkers, in.MaxRetries)
}

// set replaces a member when a new value is given.
func set[T any](member **T, value *T) {
	if value != nil {
		*member = value
	}
}

// deleteMLTransform starts the deletion; the transform keeps its name until it is gone, and its task runs stop.
func (g *Glue) deleteMLTransform(c *service.Call, in *awsglue.DeleteMLTransformInput) (*awsglue.DeleteMLTransformOutput, error) {
	l, t, err := g.lockedTransform(c, in.TransformId)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if t.view.Status != types.TransformStatusTypeDeleting {
		for _, r := range t.runs {
			r.stop(c.Now)
		}
		t.view.Status, t.view.LastModifiedOn = types.TransformStatusTypeDeleting, ptr(c.Now)
		t.gone = c.Now.Add(g.settings.Load().deleting())
		l.watchTransform(deref(in.TransformId))
	}
	return &awsglue.DeleteMLTransformOutput{TransformId: in.TransformId}, nil
}
