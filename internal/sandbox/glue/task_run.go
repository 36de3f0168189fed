package glue

import (
	"errors"
	"hash/fnv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// taskRun is one task of a transform.
type taskRun struct {
	view    types.TaskRun
	running time.Time // when STARTING ends
	done    time.Time // when the run ends; zero: it has ended, or was seeded as it is
	// work is what the run does, at its end.
	work func(g *Glue, l *location, t *transform, at time.Time) error
}

func (r *taskRun) active() bool { return !r.done.IsZero() }

// step makes the state changes that are due.
func (r *taskRun) step(g *Glue, l *location, t *transform, now time.Time) {
	if !r.active() {
		return
	}
	if r.view.Status == types.TaskStatusTypeStarting && !now.Before(r.running) {
		r.view.Status, r.view.LastModifiedOn = types.TaskStatusTypeRunning, ptr(r.running)
	}
	if now.Before(r.done) {
		return
	}
	at := r.done
	if r.view.Status == types.TaskStatusTypeStopping {
		r.finish(types.TaskStatusTypeStopped, at)
		return
	}
	err := t.keyRefusal(g, l)
	if err == nil {
		err = r.work(g, l, t, at)
	}
	if err != nil {
		r.view.ErrorString = ptr(err.Error())
		r.finish(types.TaskStatusTypeFailed, at)
		return
	}
	r.finish(types.TaskStatusTypeSucceeded, at)
}

// keyRefusal says why the transform's role can't use the key of its user data; no task runs without it.
func (t *transform) keyRefusal(g *Glue, l *location) error {
	data := deref(t.view.TransformEncryption).MlUserDataEncryption
	if g.keys == nil || data == nil || data.MlUserDataEncryptionMode != types.MLUserDataEncryptionModeStringSsekms || data.KmsKeyId == nil {
		return nil
	}
	if why := g.keys.Refusal(l.account, l.region, deref(t.view.Role), *data.KmsKeyId); why != "" {
		return errors.New("cannot use key " + *data.KmsKeyId + ": " + why)
	}
	return nil
}

func (r *taskRun) finish(status types.TaskStatusType, at time.Time) {
	r.view.Status, r.view.CompletedOn, r.view.LastModifiedOn = status, &at, &at
	r.view.ExecutionTime = int32(at.Sub(deref(r.view.StartedOn)) / time.Second)
	r.done, r.work = time.Time{}, nil
}

// stop begins to stop a run that has not ended.
func (r *taskRun) stop(now time.Time) {
	if !r.active() || r.view.Status == types.TaskStatusTypeStopping {
		return
	}
	r.view.Status, r.view.LastModifiedOn = types.TaskStatusTypeStopping, &now
	if half := now.Add(r.done.Sub(now) / 2); half.Before(r.done) {
		r.done = half
	}
}

// start begins a task run and returns its id.
func (g *Glue) start(l *location, t *transform, now time.Time, p types.TaskRunProperties,
	work func(*Glue, *location, *transform, time.Time) error,
) *string {
	length := g.settings.Load().running()
	id := l.newID("tsk-")
	t.runs = append(t.runs, &taskRun{
		view: types.TaskRun{
			TaskRunId: &id, TransformId: t.view.TransformId, Status: types.TaskStatusTypeStarting, Properties: &p,
			LogGroupName: ptr("/aws-glue/mlTransform/" + deref(t.view.TransformId)), StartedOn: &now, LastModifiedOn: &now,
		},
		running: now.Add(length / 4), done: now.Add(length), work: work,
	})
	l.watchTransform(deref(t.view.TransformId))
	return &id
}

// learn takes over imported labels. A transform that has any label is trained a while later; how many labels AWS wants
// and how long it trains is unconfirmed.
func (t *transform) learn(g *Glue, file labels, replace bool, at time.Time) error {
	all, err := t.taught().plus(file, replace)
	if err != nil {
		return err
	}
	t.labels = all
	t.view.LabelCount, t.view.LastModifiedOn = t.labels.count, &at
	if t.labels.count > 0 && t.view.Status == types.TransformStatusTypeNotReady {
		t.ready = at.Add(g.settings.Load().deleting())
	}
	return nil
}

// taught returns the labels; those of a transform that was seeded with a count alone are made up.
func (t *transform) taught() labels {
	if t.labels.count == 0 && t.view.LabelCount > 0 {
		t.labels = invented(&t.view)
	}
	return t.labels
}

// export notes how good a transform with these labels is, so that a copy taught the same comes close to it.
func (t *transform) export(l *location) labels {
	taught := t.taught()
	if m := deref(t.view.EvaluationMetrics).FindMatchesMetrics; m != nil && m.AreaUnderPRCurve != nil {
		if l.quality == nil {
			l.quality = map[uint32]types.FindMatchesMetrics{}
		}
		if _, known := l.quality[taught.sum()]; !known {
			l.quality[taught.sum()] = *m
		}
	}
	return taught
}

// measure sets the quality metrics. They depend on the labels, and a little on the transform: AWS measures on a subset,
// so a copy trained on the same labels comes close, not equal.
func (t *transform) measure(l *location, at time.Time) {
	taught := t.taught()
	of, known := l.quality[taught.sum()]
	if !known {
		base := 0.85 + float64(taught.sum()%100)/1000
		of = types.FindMatchesMetrics{AreaUnderPRCurve: ptr(base), Precision: ptr(base - 0.01), Recall: ptr(base - 0.03), F1: ptr(base - 0.02)}
	}
	h := fnv.New32a()
	h.Write([]byte(deref(t.view.TransformId)))
	jitter := float64(h.Sum32()%100)/20000 - 0.0025
	near := func(v *float64) *float64 { return ptr(min(1, max(0, deref(v)+jitter))) }
	n := int64(t.view.LabelCount)
	t.view.EvaluationMetrics = &types.EvaluationMetrics{
		TransformType: types.TransformTypeFindMatches,
		FindMatchesMetrics: &types.FindMatchesMetrics{
			AreaUnderPRCurve: near(of.AreaUnderPRCurve), Precision: near(of.Precision), Recall: near(of.Recall), F1: near(of.F1),
			ConfusionMatrix: &types.ConfusionMatrix{
				NumTruePositives: ptr(n / 2), NumTrueNegatives: ptr(n / 3), NumFalsePositives: ptr(n / 20), NumFalseNegatives: ptr(n / 30),
			},
		},
	}
	t.view.LastModifiedOn = &at
}
