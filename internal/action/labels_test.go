package action

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

func (w *world) put(path, body string) {
	w.Helper()
	bucket, key, err := split(path)
	w.must(err)
	_, err = w.s3.PutObject(w.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)})
	w.must(err)
}

func (w *world) object(path string) string {
	w.Helper()
	bucket, key, err := split(path)
	w.must(err)
	out, err := w.s3.GetObject(w.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	w.must(err)
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	w.must(err)
	return string(body)
}

// TestLabelsGoOver goes with the labels from the original to its twin, until it is as ready and was evaluated.
func TestLabelsGoOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.exported()
	body := w.object(c.Labels.S3)
	sum := sha256.Sum256([]byte(body))
	want := change.Labels{
		S3: c.Labels.S3, Files: 1, Bytes: int64(len(body)), Rows: c.SavedTransform.LabelCount, SHA256: hex.EncodeToString(sum[:]),
	}
	equal(t, "labels", want, *c.Labels)
	if !strings.HasPrefix(c.Labels.S3, labelsS3+changeID+"/") {
		t.Errorf("exported to %s", c.Labels.S3)
	}
	w.run(c, w.createTwinTransform(*c.SavedTransform))
	w.run(c, plan.Step{Name: "import-labels", Kind: plan.ImportLabels, Role: plan.Twin, S3: labelsS3, After: "export-labels"})
	for _, s := range []plan.Step{
		{Name: "wait-import", Kind: plan.WaitTaskRun, Role: plan.Twin, After: "import-labels"},
		{Name: "wait-twin", Kind: plan.WaitReady, Role: plan.Twin, Status: statusReady},
	} {
		w.at(c, s)
		if s.Kind == plan.WaitTaskRun {
			w.want(c, s, execute.Pending)
		}
		w.advance(provisioning)
		took(c, w.want(c, s, execute.Settled).Facts)
	}
	w.run(c, plan.Step{Name: "evaluate", Kind: plan.Evaluate, Role: plan.Twin})
	s := plan.Step{Name: "wait-evaluate", Kind: plan.WaitTaskRun, Role: plan.Twin, After: "evaluate"}
	w.at(c, s)
	w.want(c, s, execute.Pending)
	w.advance(provisioning)
	w.want(c, s, execute.Settled)
	twin := w.transform(w.encryptedTwinOf(*c.SavedTransform).Name)
	if twin.LabelCount != c.SavedTransform.LabelCount || twin.Metrics == nil || twin.Status != statusReady {
		t.Errorf("twin: %+v", twin)
	}
}

func TestExportNeverOverwrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.change(w.transform(taught))
	w.at(c, exporting())
	w.put(labelsS3+"other/file.csv", "x") // of another run
	w.want(c, exporting(), execute.Open)
	w.put(labelsS3+changeID+"/", "") // a folder's mark
	w.want(c, exporting(), execute.Open)
	w.put(labelsS3+changeID+"/file.csv", "x")
	w.missed(c, exporting(), change.TroubleForeign)
}

func TestExportThatIsNotWhole(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		code string
	}{
		"fewer labels": {"labeling_set_id,label,id\n1,1,1\n", change.TroubleVerify},
		"no labels":    {"labeling_set_id,label,id\n", change.TroubleVerify},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			c := w.exported()
			w.put(c.Labels.S3, test.body)
			w.missed(c, plan.Step{Name: "wait-export", Kind: plan.WaitTaskRun, Role: plan.Original, After: "export-labels"}, test.code)
		})
	}
}

func TestImportOfOtherLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.exported()
	w.run(c, w.createTwinTransform(*c.SavedTransform))
	s := plan.Step{Name: "import-labels", Kind: plan.ImportLabels, Role: plan.Twin, After: "export-labels"}
	w.at(c, s)
	body := w.object(c.Labels.S3)
	w.put(c.Labels.S3, strings.Replace(body, "set-0", "set-9", 1))
	trouble := w.missed(c, s, change.TroubleChanged)
	if len(trouble.Differences) != 3 {
		t.Errorf("differences %+v", trouble.Differences)
	}
	w.put(c.Labels.S3, body)
	w.want(c, s, execute.Open)
	w.intended(c)
	took(c, w.do(c, s))
	wait := plan.Step{Name: "wait-import", Kind: plan.WaitTaskRun, Role: plan.Twin, After: "import-labels"}
	w.at(c, wait)
	w.advance(provisioning)
	saved := *c.SavedTransform
	saved.LabelCount += 5
	c.SavedTransform = &saved
	w.missed(c, wait, change.TroubleVerify)
}

// TestRunFails: a run that ends badly says why, and so does one that was stopped.
func TestRunFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	d := w.transform(taught)
	c := w.change(d)
	roles := iam.New(iam.Options{Region: region, BaseEndpoint: &w.server.URL, Credentials: w.glue.Options().Credentials})
	name := d.Definition.RoleARN[strings.LastIndex(d.Definition.RoleARN, "/")+1:]
	_, err := roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: &name, PolicyName: aws.String("deny"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:PutObject","Resource":"*"}]}`),
	})
	w.must(err)
	f := w.run(c, exporting())
	wait := plan.Step{Name: "wait-export", Kind: plan.WaitTaskRun, Role: plan.Original, After: "export-labels"}
	w.at(c, wait)
	w.want(c, wait, execute.Pending)
	w.advance(provisioning)
	if trouble := w.missed(c, wait, change.TroubleFailed); !strings.Contains(trouble.Message, "access denied") || trouble.Advice == "" {
		t.Errorf("trouble %+v", trouble)
	}
	evaluated := w.run(c, plan.Step{Name: "evaluate", Kind: plan.Evaluate, Role: plan.Original})
	_, err = w.glue.CancelMLTaskRun(t.Context(), &glue.CancelMLTaskRunInput{TransformId: &d.ID, TaskRunId: &evaluated.TaskRun})
	w.must(err)
	w.advance(provisioning)
	w.missed(c, plan.Step{Name: "wait-evaluate", Kind: plan.WaitTaskRun, Role: plan.Original, After: "evaluate"}, change.TroubleFailed)

	w.missed(c, plan.Step{Name: "wait-x", Kind: plan.WaitTaskRun, Role: plan.Original, After: "x"}, change.TroubleGone)
	if f.TaskRun == "" {
		t.Error("no task run")
	}
}

// TestEvaluationOfOthers: one that was started before the change meant to start its own does not count.
func TestEvaluationOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	d := w.transform(taught)
	_, err := w.glue.StartMLEvaluationTaskRun(t.Context(), &glue.StartMLEvaluationTaskRunInput{TransformId: &d.ID})
	w.must(err)
	w.advance(provisioning)
	c := w.change(d)
	s := plan.Step{Name: "evaluate", Kind: plan.Evaluate, Role: plan.Original}
	w.at(c, s)
	w.want(c, s, execute.Open)
	w.intended(c)
	w.want(c, s, execute.Open)
}

func TestDeleteLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.exported()
	w.put(labelsS3+"other/file.csv", "x")
	s := plan.Step{Kind: plan.DeleteLabels, S3: c.Labels.S3}
	w.run(c, s)
	w.want(c, s, execute.Settled)
	if w.object(labelsS3+"other/file.csv") != "x" {
		t.Error("another's labels are gone")
	}
	c.Labels.S3 = labelsS3 + "other/file.csv"
	w.missed(c, s, change.TroubleGone)
}

func TestFolderOfSeveralFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	c := w.change(w.transform(taught))
	folder := labelsS3 + changeID + "/"
	parts := []string{"labeling_set_id,label,id\n1,1,1\n1,0,2\n", "labeling_set_id,label,id\n2,1,3\n"}
	for i, part := range parts {
		w.put(folder+"part-"+string(rune('0'+i))+".csv", part)
	}
	w.put(folder+"_SUCCESS", "")
	got, err := w.actor.labelsAt(t.Context(), w.task(c, plan.Step{}), folder)
	w.must(err)
	all := strings.Join(parts, "")
	sum := sha256.Sum256([]byte(all))
	equal(t, "labels", change.Labels{S3: folder, Files: 2, Bytes: int64(len(all)), Rows: 3, SHA256: hex.EncodeToString(sum[:])}, got)

	// A file whose name another's begins with is not taken for it.
	w.put(folder+"part-0.csv.old", "x")
	got, err = w.actor.labelsAt(t.Context(), w.task(c, plan.Step{}), folder+"part-0.csv")
	w.must(err)
	equal(t, "files", 1, got.Files)

	// A read that breaks is tried again from the digest before it.
	w.fault("s3:GetObject", "truncate", "", 1)
	again, err := w.actor.labelsAt(t.Context(), w.task(c, plan.Step{}), folder+"part-0.csv")
	w.must(err)
	equal(t, "after a broken read", got, again)
}

func TestCountLabels(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file string
		want int
	}{
		"empty":               {"", 0},
		"header alone":        {"labeling_set_id,label,id\n", 0},
		"no header":           {"s1,1,a\ns1,0,b\n", 2},
		"byte order mark":     {"\ufefflabeling_set_id,label,id\ns1,1,a\n", 1},
		"mark and quotes":     {"\ufeff\"labeling_set_id\",\"label\",\"id\"\n\"s1\",\"1\",\"a\"\n", 1},
		"escaped by strokes":  {"labeling_set_id,label,name\ns1,1,\"say \\\"hi\\\", you\"\ns1,0,\"\"\n", 2},
		"old Mac lines":       {"labeling_set_id,label,name\ns1,1,\"a\rb\"\n", 1},
		"blank lines":         {"labeling_set_id,label,id\n\ns1,1,a\n\n", 1},
		"no last line break":  {"labeling_set_id,label,id\ns1,1,a", 1},
		"line break in value": {"labeling_set_id,label,name\ns1,1,\"a\nb\"\ns1,0,c\n", 2},
		"quotes":              {"\"labeling_set_id\",\"label\",\"name\"\n\"s1\",\"1\",\"say \"\"hi\"\", you\"\n", 1},
		"Windows lines":       {"labeling_set_id,label,id\r\ns1,1,a\r\n", 1},
		"loose quotes":        {"labeling_set_id,label,name\ns1,1,5\" pipe\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := countLabels(strings.NewReader(test.file))
			if err != nil || got != test.want {
				t.Errorf("%d, %v; want %d", got, err, test.want)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "bucket/key", "s3://", "s3:///key", "https://bucket/key"} {
		if _, _, err := split(path); err == nil {
			t.Errorf("%q is taken for an S3 path", path)
		}
	}
	bucket, key, err := split("s3://b/a/b/")
	if bucket != "b" || key != "a/b/" || err != nil {
		t.Errorf("%s %s %v", bucket, key, err)
	}
}

// TestProof: only what was written since the twin was made says how it encrypts, and all of it must be right.
func TestProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	d := w.endpoint("fail-s3-encryption-disabled")
	prefix := "s3://glue-labels-111111111111-us-east-1/proof/"
	w.put(prefix+"old", "x")
	w.advance(2 * 1e9)
	c := w.change(d)
	w.run(c, createTwin(d))
	vow := &plan.Promise{Mode: resource.ModeSSEKMS, KMSKey: w.key}
	s := plan.Step{Name: "prove-twin", Kind: plan.WaitProof, Role: plan.Twin, S3: prefix, Promise: vow, LimitMinutes: 30}
	w.at(c, s)
	w.advance(provisioning)
	w.want(c, s, execute.Pending)
	name := c.Resources[plan.Twin].Name
	w.post("write", `{"account":"`+account+`","region":"`+region+`","endpoint":"`+name+`","path":"`+prefix+`proof","body":"x"}`)
	if o := w.want(c, s, execute.Settled); !strings.Contains(o.Facts.Text, "proof/proof came with SSE-KMS") {
		t.Errorf("text %q", o.Facts.Text)
	}
	other := s
	other.Promise = &plan.Promise{Mode: resource.ModeSSEKMS, KMSKey: "arn:aws:kms:us-east-1:111111111111:key/other"}
	w.missed(c, other, change.TroubleVerify)
	w.post("write", `{"account":"`+account+`","region":"`+region+`","endpoint":"`+name+`","path":"`+prefix+`bad","body":"x","unencrypted":true}`)
	trouble := w.missed(c, s, change.TroubleVerify)
	equal(t, "difference", change.Difference{Attribute: "server_side_encryption", Want: "SSE-KMS(" + w.key + ")", Got: "SSE-S3"}, trouble.Differences[0])
	w.ahead.Add(int64(provisioning * 4))
	s.S3 = prefix + "nothing/"
	w.missed(c, s, change.TroubleSlow)

	s.Promise = nil
	if _, ok := w.task(c, s).proven(); ok {
		t.Error("nothing was promised")
	}
	c.KeyARN = w.key
	c.Past = append(c.Past, change.Progress{Step: plan.Step{Kind: plan.CreateConfiguration, Configuration: &resource.SecurityConfiguration{
		S3: []resource.Encryption{{Mode: resource.ModeSSEKMS, KMSKey: plan.KeyPlaceholder}},
	}}})
	if e, ok := w.task(c, s).proven(); !ok || e.KMSKey != w.key {
		t.Errorf("promised by the configuration: %+v", e)
	}
}
