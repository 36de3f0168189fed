package action

import (
	"context"
	"errors"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

var errNoID = errors.New("the answer names no transform")

// seeName looks whether a transform has the name that it is to get, and whether the name is free.
func (a *Actor) seeName(ctx context.Context, t *task) (execute.Observation, error) {
	id, ok := t.c.Resources[t.s.Role]
	if !ok || t.s.NewName == "" {
		return missed(incomplete(t)), nil
	}
	d, found, err := a.untaggedTransform(ctx, t, id.ID)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case (!found || d.Status == statusDeleting) && t.takesBack():
		return settled(change.Facts{}), nil // it holds no name for long, and the original must get its own back
	case !found, d.Status == statusDeleting:
		return missed(gone(t, id)), nil
	case d.Definition.Name == t.s.NewName:
		now := d.Identity()
		return settled(change.Facts{Resource: &now}), nil
	}
	holders, err := a.named(ctx, t, t.s.NewName)
	if err != nil {
		return execute.Observation{}, err
	}
	switch {
	case len(holders) == 0:
		return open(), nil
	case holders[0].Status == statusDeleting:
		return t.unlessSlow(holders[0].Status, "the transform that has the name "+t.s.NewName), nil
	}
	return missed(foreign("an ML transform", t.s.NewName)), nil
}

// takesBack tells whether the step only clears away what the change made, so that what is gone need not be there.
func (t *task) takesBack() bool {
	return t.s.Role == plan.Twin && (t.c.Phase == change.Unwind || t.c.Phase == change.Restore)
}

// renameTransform gives the transform another name; an update leaves alone what it does not name.
func (a *Actor) renameTransform(ctx context.Context, t *task) (change.Facts, error) {
	id := t.c.Resources[t.s.Role]
	in := &glue.UpdateMLTransformInput{TransformId: &id.ID, Name: &t.s.NewName}
	_, err := send(ctx, t, "glue:UpdateMLTransform", a.session.Glue.UpdateMLTransform, in, t.place.Glue)
	if err != nil {
		return change.Facts{}, err
	}
	id.Name = t.s.NewName
	return change.Facts{Resource: &id}, nil
}

// ownTransform is the transform that the step is about; of one whose create was never settled, what carries its name and
// the change's tag. One that is known is read with its tags or without. False: there is none.
func (a *Actor) ownTransform(
	ctx context.Context, t *task, read func(context.Context, *task, string) (resource.TransformDetail, bool, error),
) (resource.TransformDetail, bool, error) {
	if id, ok := t.c.Resources[t.s.Role]; ok {
		return read(ctx, t, id.ID)
	}
	s, ok := t.created(t.s.Role)
	if !ok || s.Transform == nil {
		return resource.TransformDetail{}, false, nil
	}
	found, err := a.named(ctx, t, s.Transform.Name)
	if err != nil {
		return resource.TransformDetail{}, false, err
	}
	for _, d := range found {
		if _, other := t.otherRole(d.Identity()); !other && t.ours(d.Definition.Tags) {
			return d, true, nil
		}
	}
	return resource.TransformDetail{}, false, nil
}

// deleteTransform deletes the transform that seeTransformDeleted found to be the right one.
func (a *Actor) deleteTransform(ctx context.Context, t *task) (change.Facts, error) {
	const operation = "glue:DeleteMLTransform"
	d, found, err := a.ownTransform(ctx, t, a.untaggedTransform)
	switch {
	case err != nil:
		return change.Facts{}, unsent(err, operation)
	case !found:
		return change.Facts{}, nil
	}
	in := &glue.DeleteMLTransformInput{TransformId: &d.ID}
	if _, err := send(ctx, t, operation, a.session.Glue.DeleteMLTransform, in, t.place.Glue); err != nil {
		return change.Facts{}, err
	}
	id := d.Identity()
	return change.Facts{Resource: &id}, nil
}

// seeTransformDeleted looks whether the transform is gone or going, and if not, whether it may be deleted.
func (a *Actor) seeTransformDeleted(ctx context.Context, t *task) (execute.Observation, error) {
	read := a.untaggedTransform
	if t.s.Role == plan.Original {
		read = a.transform // nothing of it may have changed, its tags included
	}
	d, found, err := a.ownTransform(ctx, t, read)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found, d.Status == statusDeleting:
		return settled(change.Facts{}), nil
	case t.s.Role == plan.Original:
		return a.mayDeleteOriginalTransform(ctx, t, d)
	}
	return t.mayDeleteOwnTransform(d), nil
}

// mayDeleteOriginalTransform wants the transform as it was saved. Its name may have changed: the change itself gives it
// another one.
func (a *Actor) mayDeleteOriginalTransform(ctx context.Context, t *task, d resource.TransformDetail) (execute.Observation, error) {
	saved := t.c.SavedTransform
	if saved == nil {
		return missed(unsaved()), nil
	}
	if !saved.Identity().Same(d.Identity()) {
		return missed(another(t, saved.Identity(), d.Identity())), nil
	}
	now := d.Definition
	now.Name = saved.Definition.Name
	diff := append(plan.DiffTransform(saved.Definition, now), labelDiff(saved.LabelCount, d.LabelCount)...)
	if diff = append(diff, stackDiff(saved.AWSTags, d.AWSTags)...); len(diff) > 0 {
		return missed(changed(t, diff)), nil
	}
	return a.lasting(ctx, t)
}

// labelDiff is the difference between two numbers of labels.
func labelDiff(want, got int) []plan.Attribute {
	if want == got {
		return nil
	}
	return []plan.Attribute{{Name: "label_count", Before: strconv.Itoa(want), After: strconv.Itoa(got)}}
}

// mayDeleteOwnTransform wants a transform that the change made and that nobody has changed or taught more since. Its
// encryption is not asked for: it may be the very reason to take the transform back.
func (t *task) mayDeleteOwnTransform(d resource.TransformDetail) execute.Observation {
	made, ok := t.created(t.s.Role)
	if !ok || made.Transform == nil {
		return open()
	}
	now := d.Definition
	now.Name, now.Tags = made.Transform.Name, made.Transform.Tags
	now.UserData, now.TaskRunSecurityConfiguration = made.Transform.UserData, made.Transform.TaskRunSecurityConfiguration
	now.InputTables = made.Transform.InputTables
	diff := plan.DiffTransform(*made.Transform, now)
	if saved := t.c.SavedTransform; saved != nil && d.LabelCount > saved.LabelCount {
		diff = append(diff, labelDiff(saved.LabelCount, d.LabelCount)...)
	}
	if diff = t.unexplained(diff); len(diff) > 0 {
		return missed(changed(t, diff))
	}
	return open()
}
