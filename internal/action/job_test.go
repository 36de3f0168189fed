package action

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/sandbox"
)

func TestRepointJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c, s := deeds()[plan.RepointJob].set(w)
	from, to := c.Resources[plan.Original].ID, c.Resources[plan.Twin].ID
	before := w.job(s.Job)
	f := w.run(c, s)
	equal(t, "changed", []string{"--transform_id"}, f.Changed)
	want := before
	want.DefaultArguments = map[string]string{"--transform_id": to, "--enable-metrics": "true"}
	fresh := cmpopts.IgnoreFields(types.Job{}, "LastModifiedOn", "ExecutionProperty", "JobMode") // the last two get their defaults
	if diff := cmp.Diff(want, w.job(s.Job), fresh, cmpopts.IgnoreUnexported(types.Job{}, types.JobCommand{}, types.ExecutionProperty{})); diff != "" {
		t.Errorf("the job (-want +got):\n%s", diff)
	}
	back := s
	back.Name, back.From, back.Role = "point-back", plan.Twin, plan.Original
	w.run(c, back)
	equal(t, "argument", from, w.job(s.Job).DefaultArguments["--transform_id"])

	// What an update changed beside the arguments is for a person to see, once.
	w.at(c, s)
	w.intended(c)
	c.Steps[len(c.Steps)-1].Trouble = &change.Trouble{Code: change.TroubleVerify, Message: "more"}
	last := s
	last.Name = "again"
	c.Steps[len(c.Steps)-1].Step.Name = "again"
	w.missed(c, last, change.TroubleVerify)
	c.Resumed = w.actor.now().Add(time.Second)
	w.want(c, last, execute.Open)

	none := s
	none.Job = "no-such-job"
	w.want(c, none, execute.Settled)

	// Nothing is pointed at what others deleted.
	_, err := w.glue.DeleteMLTransform(t.Context(), &glue.DeleteMLTransformInput{TransformId: &from})
	w.must(err)
	w.missed(c, back, change.TroubleGone)
}

func (w *world) job(name string) types.Job {
	w.Helper()
	out, err := w.glue.GetJob(w.Context(), &glue.GetJobInput{JobName: &name})
	w.must(err)
	return *out.Job
}

func TestReplaceID(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"tfm-1":               "tfm-2",
		"--id=tfm-1,tfm-1":    "--id=tfm-2,tfm-2",
		`{"id":"tfm-1"}`:      `{"id":"tfm-2"}`,
		"tfm-12":              "tfm-12",
		"xtfm-1":              "xtfm-1",
		"tfm-1-old tfm-1":     "tfm-1-old tfm-2",
		"s3://b/tfm-1/script": "s3://b/tfm-2/script",
		"":                    "",
	} {
		if got := replaceID(in, "tfm-1", "tfm-2"); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestJobUpdateIsWhole: every member that an update has is taken over from the job, so that none is reset.
func TestJobUpdateIsWhole(t *testing.T) {
	t.Parallel()
	job := types.Job{}
	v := reflect.ValueOf(&job).Elem()
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			fill(v.Field(i))
		}
	}
	job.WorkerType, job.NumberOfWorkers = "", nil
	u := reflect.ValueOf(jobUpdate(&job)).Elem()
	for i := range u.NumField() {
		name := u.Type().Field(i).Name
		switch name {
		case "AllocatedCapacity", "WorkerType", "NumberOfWorkers": // deprecated; not set above
			continue
		}
		if u.Type().Field(i).IsExported() && !reflect.DeepEqual(u.Field(i).Interface(), v.FieldByName(name).Interface()) {
			t.Errorf("%s is not taken over", name)
		}
	}
	sized := jobUpdate(&types.Job{WorkerType: types.WorkerTypeG1x, NumberOfWorkers: aws.Int32(2), MaxCapacity: aws.Float64(2)})
	if sized.MaxCapacity != nil || sized.WorkerType != types.WorkerTypeG1x {
		t.Errorf("sized by workers: %+v", sized)
	}
	if ray := jobUpdate(&types.Job{Command: &types.JobCommand{Name: aws.String("glueray")}, Timeout: aws.Int32(1)}); ray.Timeout != nil {
		t.Error("a Ray job takes no timeout")
	}
	changed := *sized
	changed.Role = aws.String("other")
	changed.Timeout = aws.Int32(480)
	with := *sized
	with.Role = aws.String("mine")
	equal(t, "what differs", []change.Difference{{Attribute: "Role", Want: "as before", Got: "changed"}}, jobDiff(&with, &changed))
}

// fill sets a member to something that is not its zero value.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.String:
		v.SetString("x")
	case reflect.Int32:
		v.SetInt(3)
	default:
		panic(fmt.Sprintf("a job has a member of kind %s", v.Kind()))
	}
}
