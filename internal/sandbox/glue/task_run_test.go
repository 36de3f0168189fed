package glue

import (
	"math"
	"strings"
	"testing"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
)

const labelFile = "labeling_set_id,label,id\ns1,A,1\ns1,B,2\ns2,A,\"3,3\"\ns2,,4\n" // the last row is not labeled

func (w *world) importLabels(id, path string, replace bool) *string {
	w.t.Helper()
	return must[awsglue.StartImportLabelsTaskRunOutput](w, &awsglue.StartImportLabelsTaskRunInput{
		TransformId: &id, InputS3Path: &path, ReplaceAllLabels: replace,
	}).TaskRunId
}

func (w *world) run(id string, run *string) *awsglue.GetMLTaskRunOutput {
	w.t.Helper()
	return must[awsglue.GetMLTaskRunOutput](w, &awsglue.GetMLTaskRunInput{TransformId: &id, TaskRunId: run})
}

func TestTeachingMakesReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.objects.body["labels/in.csv"] = labelFile
	id := *must[awsglue.CreateMLTransformOutput](w, transformInput()).TransformId
	_, err := do[awsglue.StartMLEvaluationTaskRunOutput](w, &awsglue.StartMLEvaluationTaskRunInput{TransformId: &id})
	refused(t, err, "MLTransformNotReadyException", "This operation can only be applied to a transform that is in a READY state.")
	_, err = do[awsglue.StartExportLabelsTaskRunOutput](w, &awsglue.StartExportLabelsTaskRunInput{TransformId: &id, OutputS3Path: ptr("s3://labels/out")})
	refused(t, err, "EntityNotFoundException", "No labelset exists for transformId "+id)

	run := w.importLabels(id, "s3://labels/in.csv", true)
	want := []types.TaskStatusType{types.TaskStatusTypeStarting, types.TaskStatusTypeRunning, types.TaskStatusTypeSucceeded}
	for i, wait := range []time.Duration{0, 75 * time.Second, 225 * time.Second} {
		w.pass(wait)
		if got := w.run(id, run); got.Status != want[i] {
			t.Fatalf("after %v: %s, want %s (%s)", wait, got.Status, want[i], deref(got.ErrorString))
		}
	}
	if got := w.run(id, run); got.ExecutionTime != 300 || !got.Properties.ImportLabelsTaskRunProperties.Replace {
		t.Errorf("run: %+v", got)
	}
	if v := w.transform(id); v.LabelCount != 3 || v.Status != types.TransformStatusTypeNotReady {
		t.Errorf("after import: %d labels, %s", v.LabelCount, v.Status)
	}
	w.pass(150 * time.Second)
	if v := w.transform(id); v.Status != types.TransformStatusTypeReady {
		t.Errorf("after training: %s", v.Status)
	}
	w.importLabels(id, "s3://labels/in.csv", false)
	w.pass(5 * time.Minute)
	if v := w.transform(id); v.LabelCount != 6 || v.Status != types.TransformStatusTypeReady {
		t.Errorf("after a second import: %d labels, %s", v.LabelCount, v.Status)
	}
	w.importLabels(id, "s3://labels/in.csv", true)
	w.pass(5 * time.Minute)
	if v := w.transform(id); v.LabelCount != 3 {
		t.Errorf("after replacing: %d labels", v.LabelCount)
	}
}

func TestLabelsMoveToACopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configuration("sec", "SSE-KMS")
	w.objects.body["labels/in.csv"] = labelFile
	var id [2]string
	for i, name := range []string{"original", "copy"} {
		id[i] = *must[awsglue.CreateMLTransformOutput](w, transformInput(func(in *awsglue.CreateMLTransformInput) {
			in.Name = ptr(name)
			in.TransformEncryption = &types.TransformEncryption{TaskRunSecurityConfigurationName: ptr("sec")}
		})).TransformId
	}
	w.importLabels(id[0], "s3://labels/in.csv", true)
	w.pass(time.Hour)
	export := func(i int, path string) string {
		w.transform(id[i])
		must[awsglue.StartExportLabelsTaskRunOutput](w, &awsglue.StartExportLabelsTaskRunInput{TransformId: &id[i], OutputS3Path: &path})
		w.pass(time.Hour)
		w.transform(id[i])
		return w.objects.body["labels/"+strings.TrimPrefix(path, "s3://labels/")]
	}
	first := export(0, "s3://labels/out.csv")
	if first != "labeling_set_id,label,id\ns1,A,1\ns1,B,2\ns2,A,\"3,3\"\n" {
		t.Errorf("exported %q", first)
	}
	if mode := w.objects.mode["labels/out.csv"]; !strings.HasPrefix(mode, "SSE-KMS arn:aws:kms") {
		t.Errorf("written as %q", mode)
	}
	w.importLabels(id[1], "s3://labels/out.csv", true)
	w.pass(time.Hour)
	if second := export(1, "s3://labels/out2.csv"); second != first {
		t.Errorf("the copy exports %q", second)
	}
	var quality [2]float64
	for i := range id {
		must[awsglue.StartMLEvaluationTaskRunOutput](w, &awsglue.StartMLEvaluationTaskRunInput{TransformId: &id[i]})
		w.pass(time.Hour)
		quality[i] = *w.transform(id[i]).EvaluationMetrics.FindMatchesMetrics.AreaUnderPRCurve
	}
	if d := math.Abs(quality[0] - quality[1]); d == 0 || d > 0.01 {
		t.Errorf("quality %v and %v", quality[0], quality[1])
	}
	must[awsglue.StartExportLabelsTaskRunOutput](w, &awsglue.StartExportLabelsTaskRunInput{TransformId: &id[0], OutputS3Path: ptr("s3://labels/dir")})
	w.pass(time.Hour)
	w.transform(id[0])
	if w.objects.body["labels/dir/"+id[0]+"-labels.csv"] != first {
		t.Errorf("objects %v", w.objects.body)
	}
}

func TestCopyOfASeededTransformIsAsGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	metrics := &types.FindMatchesMetrics{AreaUnderPRCurve: ptr(0.94), Precision: ptr(0.95), Recall: ptr(0.91), F1: ptr(0.93)}
	original := w.PutMLTransform(account, region, types.MLTransform{
		Name: ptr("seeded"), Role: ptr(role), LabelCount: 120, Parameters: transformInput().Parameters,
		EvaluationMetrics: &types.EvaluationMetrics{TransformType: types.TransformTypeFindMatches, FindMatchesMetrics: metrics},
	}, nil)
	must[awsglue.StartExportLabelsTaskRunOutput](w, &awsglue.StartExportLabelsTaskRunInput{TransformId: &original, OutputS3Path: ptr("s3://labels/o.csv")})
	w.pass(time.Hour)
	w.transform(original)
	id := *must[awsglue.CreateMLTransformOutput](w, transformInput()).TransformId
	w.importLabels(id, "s3://labels/o.csv", true)
	w.pass(time.Hour)
	if v := w.transform(id); v.LabelCount != 120 || v.Status != types.TransformStatusTypeReady {
		t.Fatalf("copy: %d labels, %s", v.LabelCount, v.Status)
	}
	must[awsglue.StartMLEvaluationTaskRunOutput](w, &awsglue.StartMLEvaluationTaskRunInput{TransformId: &id})
	w.pass(time.Hour)
	got := w.transform(id).EvaluationMetrics.FindMatchesMetrics
	for _, pair := range [][2]*float64{{metrics.AreaUnderPRCurve, got.AreaUnderPRCurve}, {metrics.Precision, got.Precision}, {metrics.Recall, got.Recall}, {metrics.F1, got.F1}} {
		if math.Abs(*pair[0]-*pair[1]) > 0.01 {
			t.Errorf("quality %v, want about %v", *pair[1], *pair[0])
		}
	}
}

func TestImportRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path, body, code, text string
		setup                  func(*world)
	}{
		"no S3 path":     {path: "labels/in.csv", code: "InvalidInputException", text: "Invalid label file path."},
		"folder":         {path: "s3://labels/dir/", code: "InvalidInputException", text: "Invalid label file path."},
		"missing object": {path: "s3://labels/nope.csv", code: "InvalidInputException", text: "Cannot access the label file at s3://labels/nope.csv."},
		"other region":   {path: "s3://far/in.csv", code: "InvalidInputException", text: "S3 path provided is not in the same region as transform. Expecting region - eu-west-1, but got - us-east-1."},
		"empty":          {path: "s3://labels/in.csv", body: "", code: "InvalidInputException", text: "Invalid label file of size 0."},
		"too large": {
			path: "s3://labels/in.csv", body: strings.Repeat("x", 1<<20+1), code: "ResourceNumberLimitExceededException", text: "Label file has exceeded the limit of 1 MB.",
			setup: func(w *world) { w.Change(func(s *Settings) { s.LabelFileLimit = 1 }) },
		},
		"role gone": {
			path: "s3://labels/in.csv", body: labelFile, code: "InvalidInputException", text: "Cannot use IAM role provided in the transform. Role: " + role,
			setup: func(w *world) { delete(w.roles, role) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.objects.body["labels/in.csv"] = tc.body
			id := *must[awsglue.CreateMLTransformOutput](w, transformInput()).TransformId
			if tc.setup != nil {
				tc.setup(w)
			}
			_, err := do[awsglue.StartImportLabelsTaskRunOutput](w, &awsglue.StartImportLabelsTaskRunInput{TransformId: &id, InputS3Path: &tc.path})
			refused(t, err, tc.code, tc.text)
		})
	}
}

func TestRunsThatFail(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body, text string
		schema     []types.SchemaColumn
	}{
		"other first columns": {body: "set,label,id\n1,A,1\n", text: "labeling_set_id"},
		"without the key":     {body: "labeling_set_id,label,name\n1,A,x\n", text: "lacks column id"},
		"without a column":    {body: "labeling_set_id,label,id\n1,A,1\n", text: "lacks column name", schema: []types.SchemaColumn{{Name: ptr("id")}, {Name: ptr("name")}}},
		"ragged":              {body: "labeling_set_id,label,id\n1,A\n", text: "wrong number of fields"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.objects.body["labels/in.csv"] = tc.body
			if tc.schema != nil {
				w.PutTable(account, region, "db", "people", tc.schema)
			}
			id := *must[awsglue.CreateMLTransformOutput](w, transformInput()).TransformId
			run := w.importLabels(id, "s3://labels/in.csv", true)
			w.pass(time.Hour)
			got := w.run(id, run)
			if got.Status != types.TaskStatusTypeFailed || !strings.Contains(deref(got.ErrorString), tc.text) {
				t.Errorf("%s %q", got.Status, deref(got.ErrorString))
			}
			if v := w.transform(id); v.LabelCount != 0 || v.Status != types.TransformStatusTypeNotReady {
				t.Errorf("taught all the same: %d, %s", v.LabelCount, v.Status)
			}
		})
	}
	t.Run("export that can't be written", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		id := w.PutMLTransform(account, region, types.MLTransform{Name: ptr("x"), Role: ptr(role), LabelCount: 2}, nil)
		w.objects.failing = true
		run := must[awsglue.StartExportLabelsTaskRunOutput](w, &awsglue.StartExportLabelsTaskRunInput{TransformId: &id, OutputS3Path: ptr("s3://labels/o")}).TaskRunId
		w.pass(time.Hour)
		if got := w.run(id, run); got.Status != types.TaskStatusTypeFailed || !strings.Contains(*got.ErrorString, "AccessDenied") {
			t.Errorf("%+v", got)
		}
	})
}

func TestRunNeedsTheKeyOfItsData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.objects.body["labels/in.csv"] = labelFile
	id := *must[awsglue.CreateMLTransformOutput](w, transformInput(func(in *awsglue.CreateMLTransformInput) {
		in.TransformEncryption = &types.TransformEncryption{MlUserDataEncryption: &types.MLUserDataEncryption{
			MlUserDataEncryptionMode: types.MLUserDataEncryptionModeStringSsekms, KmsKeyId: ptr("alias/data"),
		}}
	})).TransformId
	w.keys["alias/data"] = "DisabledException"
	run := w.importLabels(id, "s3://labels/in.csv", true)
	w.pass(time.Hour)
	if got := w.run(id, run); got.Status != types.TaskStatusTypeFailed || *got.ErrorString != "cannot use key alias/data: DisabledException" {
		t.Errorf("%s %s", got.Status, deref(got.ErrorString))
	}
	delete(w.keys, "alias/data")
	run = w.importLabels(id, "s3://labels/in.csv", true)
	w.pass(time.Hour)
	if got := w.run(id, run); got.Status != types.TaskStatusTypeSucceeded {
		t.Errorf("%s %s", got.Status, deref(got.ErrorString))
	}
}

func TestConcurrentRunsAndCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *Settings) { s.TaskRuns = 1 })
	id := *must[awsglue.CreateMLTransformOutput](w, transformInput()).TransformId
	in := &awsglue.StartMLLabelingSetGenerationTaskRunInput{TransformId: &id, OutputS3Path: ptr("s3://labels/todo/")}
	run := must[awsglue.StartMLLabelingSetGenerationTaskRunOutput](w, in).TaskRunId
	_, err := do[awsglue.StartMLLabelingSetGenerationTaskRunOutput](w, in)
	refused(t, err, "ConcurrentRunsExceededException", "ML Task Runs count 1 has exceeded the transform limit of 1 task runs.")
	out := must[awsglue.CancelMLTaskRunOutput](w, &awsglue.CancelMLTaskRunInput{TransformId: &id, TaskRunId: run})
	if out.Status != types.TaskStatusTypeStopping {
		t.Errorf("cancel: %s", out.Status)
	}
	w.pass(time.Hour)
	if got := w.run(id, run); got.Status != types.TaskStatusTypeStopped {
		t.Errorf("after cancel: %s", got.Status)
	}
	if len(w.objects.body) != 0 {
		t.Error("a cancelled run wrote")
	}
	run = must[awsglue.StartMLLabelingSetGenerationTaskRunOutput](w, in).TaskRunId
	w.pass(time.Hour)
	if got := w.run(id, run); got.Status != types.TaskStatusTypeSucceeded {
		t.Errorf("second: %s", got.Status)
	}
	if body := w.objects.body["labels/todo/"+id+"-labeling-set.csv"]; !strings.HasPrefix(body, "labeling_set_id,label,id\n") {
		t.Errorf("labeling set %q", body)
	}
	_, err = do[awsglue.GetMLTaskRunOutput](w, &awsglue.GetMLTaskRunInput{TransformId: &id, TaskRunId: ptr("tsk-x")})
	refused(t, err, "EntityNotFoundException", "No ML Task Run found for tsk-x: in account 111122223333 for transform "+id)
}

func TestTaskRunListing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.PutMLTransform(account, region, types.MLTransform{Name: ptr("x")}, nil)
	at := func(day int) *time.Time { return ptr(time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)) }
	for i, kind := range []types.TaskType{types.TaskTypeFindMatches, types.TaskTypeEvaluation, types.TaskTypeFindMatches} {
		w.PutMLTaskRun(account, region, id, types.TaskRun{
			TaskRunId: ptr("tsk-" + string(rune('a'+i))), StartedOn: at(i + 1), Status: types.TaskStatusTypeSucceeded,
			Properties: &types.TaskRunProperties{TaskType: kind},
		})
	}
	for name, tc := range map[string]struct {
		filter *types.TaskRunFilterCriteria
		sort   *types.TaskRunSortCriteria
		want   []string
	}{
		"newest first":  {want: []string{"tsk-c", "tsk-b", "tsk-a"}},
		"type":          {filter: &types.TaskRunFilterCriteria{TaskRunType: types.TaskTypeFindMatches}, want: []string{"tsk-c", "tsk-a"}},
		"started after": {filter: &types.TaskRunFilterCriteria{StartedAfter: at(2)}, want: []string{"tsk-c"}},
		"oldest first":  {sort: &types.TaskRunSortCriteria{Column: types.TaskRunSortColumnTypeStarted, SortDirection: types.SortDirectionTypeAscending}, want: []string{"tsk-a", "tsk-b", "tsk-c"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &awsglue.GetMLTaskRunsInput{TransformId: &id, Filter: tc.filter, Sort: tc.sort, MaxResults: ptr(int32(1))}
			var got []string
			for {
				out := must[awsglue.GetMLTaskRunsOutput](w, in)
				for _, r := range out.TaskRuns {
					got = append(got, *r.TaskRunId)
				}
				if deref(out.NextToken) == "" {
					break
				}
				in.NextToken = out.NextToken
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSeededLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.PutMLTransform(account, region, types.MLTransform{Name: ptr("x"), Schema: []types.SchemaColumn{{Name: ptr("id")}}}, nil)
	if err := w.PutLabels(account, region, id, []byte(labelFile)); err != nil {
		t.Fatal(err)
	}
	if v := w.transform(id); v.LabelCount != 3 {
		t.Errorf("%d labels", v.LabelCount)
	}
	if err := w.PutLabels(account, region, "tfm-x", []byte(labelFile)); err == nil {
		t.Error("labels for nobody")
	}
}

// TestWhatTheRoleMayDo: task runs and job runs work with the role that the transform or the job has.
func TestWhatTheRoleMayDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.PutMLTransform(account, region, types.MLTransform{Name: ptr("t"), Role: ptr(role), LabelCount: 3}, nil)
	w.objects.body["labels/in.csv"], w.objects.body["labels/match.py"] = labelFile, `FindMatches.apply(frame, transformId = "`+id+`")`
	w.unable["s3:PutObject"], w.unable["s3:GetObject"], w.unable["glue:UseMLTransforms"] = true, true, true

	_, err := do[awsglue.StartImportLabelsTaskRunOutput](w, &awsglue.StartImportLabelsTaskRunInput{TransformId: &id, InputS3Path: ptr("s3://labels/in.csv")})
	refused(t, err, "InvalidInputException", "Cannot access the label file at s3://labels/in.csv. Access denied to role "+role)

	out := must[awsglue.StartExportLabelsTaskRunOutput](w, &awsglue.StartExportLabelsTaskRunInput{TransformId: &id, OutputS3Path: ptr("s3://labels/out/")})
	w.pass(time.Hour)
	if got := w.run(id, out.TaskRunId); got.Status != types.TaskStatusTypeFailed || !strings.Contains(*got.ErrorString, "access denied to role "+role) {
		t.Errorf("export: %s %s", got.Status, deref(got.ErrorString))
	}

	must[awsglue.CreateJobOutput](w, &awsglue.CreateJobInput{
		Name: ptr("match"), Role: ptr("glue"), Command: &types.JobCommand{Name: ptr("glueetl"), ScriptLocation: ptr("s3://labels/match.py")},
	})
	start := func() *types.JobRun {
		run := must[awsglue.StartJobRunOutput](w, &awsglue.StartJobRunInput{JobName: ptr("match")})
		w.pass(time.Hour)
		return must[awsglue.GetJobRunOutput](w, &awsglue.GetJobRunInput{JobName: ptr("match"), RunId: run.JobRunId}).JobRun
	}
	want := "AccessDeniedException: glue is not authorized to perform: glue:UseMLTransforms on resource: arn:aws:glue:eu-west-1:111122223333:mlTransform/" + id
	if got := start(); got.JobRunState != types.JobRunStateFailed || *got.ErrorMessage != want {
		t.Errorf("job: %s %s", got.JobRunState, deref(got.ErrorMessage))
	}
	delete(w.unable, "glue:UseMLTransforms")
	if got := start(); got.JobRunState != types.JobRunStateSucceeded {
		t.Errorf("job: %s %s", got.JobRunState, deref(got.ErrorMessage))
	}
	uses := must[awsglue.GetMLTaskRunsOutput](w, &awsglue.GetMLTaskRunsInput{
		TransformId: &id, Filter: &types.TaskRunFilterCriteria{TaskRunType: types.TaskTypeFindMatches},
	}).TaskRuns
	if len(uses) != 1 || *uses[0].Properties.FindMatchesTaskRunProperties.JobName != "match" {
		t.Errorf("uses of the transform: %+v", uses)
	}
}
