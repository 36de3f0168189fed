package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// transform tells, with labels: audit, plan, apply, audit, verify, backout; then apply again and finalize.
func (l *live) transform(ctx context.Context) error {
	if l.o.database == "" || l.o.table == "" || l.o.rowKey == "" || l.o.s3 == "" || l.o.kmsKey == "" {
		l.skip("no -database, -table, -row-key, -s3 and -kms-key", exportOneFile, exportReimports, readyAfterImport)
		return nil
	}
	out, err := l.glue.CreateMLTransform(ctx, l.transformInput("labels", nil))
	if err != nil {
		return err
	}
	id := aws.ToString(out.TransformId)
	if err := l.teach(ctx, id); err != nil {
		return err
	}
	if err := l.again(ctx, id); err != nil {
		return err
	}
	arn := l.arn("glue", "mlTransform/"+id)
	if err := l.audit(ctx, arn, transformControl, "fail"); err != nil {
		return err
	}
	bucket, _ := l.place()
	c, err := l.repair(ctx, arn, "--mode", "SSE-KMS", "--kms-key", l.o.kmsKey, "--labels-s3", "s3://"+bucket+"/"+l.prefix()+"change/")
	if err != nil {
		return err
	}
	if c.Replacement == nil {
		return fmt.Errorf("change %s names no replacement", c.ID)
	}
	if err := l.audit(ctx, c.Replacement.ARN, transformControl, "pass"); err != nil {
		return err
	}
	if _, err := l.glueguard(ctx, []int{done}, "verify", c.ID); err != nil {
		return err
	}
	if _, err := l.glueguard(ctx, []int{done}, "backout", c.ID, "--auto-approve", "--accept-irreversible"); err != nil {
		return err
	}
	if err := l.audit(ctx, arn, transformControl, "fail"); err != nil {
		return err
	}
	if c, err = l.repair(ctx, arn, "--mode", "SSE-KMS", "--kms-key", l.o.kmsKey, "--labels-s3", "s3://"+bucket+"/"+l.prefix()+"second/"); err != nil {
		return err
	}
	_, err = l.glueguard(ctx, []int{done}, "finalize", c.ID, "--auto-approve", "--accept-irreversible", "--delete-labels")
	return err
}

// teach has AWS choose rows to label, gives all of a set the same label, and imports that.
func (l *live) teach(ctx context.Context, id string) error {
	bucket, _ := l.place()
	chosen := l.prefix() + "chosen/"
	run, err := l.glue.StartMLLabelingSetGenerationTaskRun(ctx, &glue.StartMLLabelingSetGenerationTaskRunInput{
		TransformId: &id, OutputS3Path: aws.String("s3://" + bucket + "/" + chosen),
	})
	if err != nil {
		return err
	}
	if err := l.finished(ctx, id, aws.ToString(run.TaskRunId)); err != nil {
		return err
	}
	rows, err := l.read(ctx, chosen)
	if err != nil {
		return err
	}
	labelled, err := label(rows)
	if err != nil {
		return err
	}
	key := l.prefix() + "labels.csv"
	if _, err := l.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(labelled)}); err != nil {
		return err
	}
	if err := l.importLabels(ctx, id, key); err != nil {
		return err
	}
	began := time.Now()
	err = l.until(ctx, "the transform to be READY", func() (bool, error) {
		out, err := l.glue.GetMLTransform(ctx, &glue.GetMLTransformInput{TransformId: &id})
		return err == nil && out.Status == types.TransformStatusTypeReady, err
	})
	l.expect(readyAfterImport, err == nil, "%s after the import, %d rows", time.Since(began).Round(time.Second), bytes.Count(labelled, []byte("\n"))-1)
	return err
}

func (l *live) importLabels(ctx context.Context, id, key string) error {
	bucket, _ := l.place()
	run, err := l.glue.StartImportLabelsTaskRun(ctx, &glue.StartImportLabelsTaskRunInput{
		TransformId: &id, InputS3Path: aws.String("s3://" + bucket + "/" + key), ReplaceAllLabels: true,
	})
	if err != nil {
		return err
	}
	return l.finished(ctx, id, aws.ToString(run.TaskRunId))
}

// again exports what was imported and imports it again.
func (l *live) again(ctx context.Context, id string) error {
	bucket, _ := l.place()
	prefix := l.prefix() + "export/"
	before, err := l.labels(ctx, id)
	if err != nil {
		return err
	}
	run, err := l.glue.StartExportLabelsTaskRun(ctx, &glue.StartExportLabelsTaskRunInput{TransformId: &id, OutputS3Path: aws.String("s3://" + bucket + "/" + prefix)})
	if err != nil {
		return err
	}
	if err := l.finished(ctx, id, aws.ToString(run.TaskRunId)); err != nil {
		return err
	}
	keys, err := l.objects(ctx, prefix)
	if err != nil {
		return err
	}
	var names []string
	for _, key := range keys {
		names = append(names, strings.TrimPrefix(key, prefix))
	}
	l.expect(exportOneFile, len(keys) == 1 && path.Ext(keys[0]) == ".csv", "%s", strings.Join(names, ", "))
	if len(keys) != 1 {
		l.skip("the export is not one file", exportReimports)
		return nil
	}
	if err := l.importLabels(ctx, id, keys[0]); err != nil {
		l.expect(exportReimports, false, "%s", said(err))
		return err
	}
	after, err := l.labels(ctx, id)
	if err == nil {
		l.expect(exportReimports, before == after, "%d labels before, %d after", before, after)
	}
	return err
}

func (l *live) labels(ctx context.Context, id string) (int32, error) {
	out, err := l.glue.GetMLTransform(ctx, &glue.GetMLTransformInput{TransformId: &id})
	if err != nil {
		return 0, err
	}
	return out.LabelCount, nil
}

func (l *live) finished(ctx context.Context, transform, run string) error {
	return l.until(ctx, "task run "+run, func() (bool, error) {
		out, err := l.glue.GetMLTaskRun(ctx, &glue.GetMLTaskRunInput{TransformId: &transform, TaskRunId: &run})
		if err != nil {
			return false, err
		}
		switch out.Status {
		case types.TaskStatusTypeSucceeded:
			return true, nil
		case types.TaskStatusTypeFailed, types.TaskStatusTypeStopped, types.TaskStatusTypeTimeout:
			return false, fmt.Errorf("task run %s is %s: %s", run, out.Status, aws.ToString(out.ErrorString))
		}
		return false, nil
	})
}

// read returns the one object below a prefix.
func (l *live) read(ctx context.Context, prefix string) (_ []byte, err error) {
	keys, err := l.objects(ctx, prefix)
	if err != nil {
		return nil, err
	}
	if len(keys) != 1 {
		return nil, fmt.Errorf("%d objects below %s, want 1", len(keys), prefix)
	}
	bucket, _ := l.place()
	out, err := l.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &keys[0]})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, out.Body.Close()) }()
	return io.ReadAll(out.Body)
}

// label fills the column "label" of a labelling file: rows of one set are taken for the same.
func label(file []byte) ([]byte, error) {
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		return nil, err
	}
	const labelColumn = 1
	if len(rows) < 2 || len(rows[0]) <= labelColumn || rows[0][labelColumn] != "label" {
		return nil, errors.New("the file to label has no rows, or no label in its second column")
	}
	for _, row := range rows[1:] {
		row[labelColumn] = "same"
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	err = w.WriteAll(rows)
	return out.Bytes(), err
}
