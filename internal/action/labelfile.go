package action

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
)

var errPath = errors.New("not an S3 path")

// split takes an S3 path apart.
func split(path string) (bucket, key string, err error) {
	rest, ok := strings.CutPrefix(path, "s3://")
	bucket, key, _ = strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return "", "", fmt.Errorf("%w: %q: want s3://bucket/prefix/", errPath, path)
	}
	return bucket, key, nil
}

// object is one object in S3.
type object struct {
	key      string
	size     int64
	modified time.Time
}

// objects lists what is under an S3 path, in the order of the keys. Empty objects, with which some tools mark folders,
// are left out.
func (a *Actor) objects(ctx context.Context, t *task, path string) ([]object, error) {
	bucket, prefix, err := split(path)
	if err != nil {
		return nil, err
	}
	var list []object
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
	for {
		out, err := read(ctx, t, "s3:ListObjectsV2", a.session.S3.ListObjectsV2, in, t.place.S3(""))
		if err != nil {
			return nil, err
		}
		for i := range out.Contents {
			o := &out.Contents[i]
			if aws.ToInt64(o.Size) > 0 {
				list = append(list, object{aws.ToString(o.Key), *o.Size, aws.ToTime(o.LastModified)})
			}
		}
		if !aws.ToBool(out.IsTruncated) || awsapi.LastPage(in.ContinuationToken, out.NextContinuationToken) {
			return list, nil
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

// labelsAt reads the label files at a path: one file, or all in a folder.
func (a *Actor) labelsAt(ctx context.Context, t *task, path string) (change.Labels, error) {
	labels := change.Labels{S3: path}
	files, err := a.objects(ctx, t, path)
	if err != nil {
		return labels, err
	}
	bucket, key, err := split(path)
	if err != nil {
		return labels, err
	}
	total := sha256.New()
	for _, f := range files {
		if key != "" && !strings.HasSuffix(key, "/") && f.key != key {
			continue // another object whose name begins alike
		}
		rows, after, err := a.labelFile(ctx, t, bucket, f.key, total)
		if err != nil {
			return labels, err
		}
		total = after
		labels.Files++
		labels.Bytes += f.size
		labels.Rows += rows
		if len(files) == 1 {
			labels.S3 = "s3://" + bucket + "/" + f.key // an import takes a file rather than its folder
		}
	}
	labels.SHA256 = hex.EncodeToString(total.Sum(nil))
	return labels, nil
}

// labelFile reads one file: its rows, and the digest of all files so far with this one. A read that is tried again
// begins from the digest before it.
func (a *Actor) labelFile(ctx context.Context, t *task, bucket, key string, before hash.Hash) (rows int, after hash.Hash, err error) {
	type counted struct {
		rows int
		sum  hash.Hash
	}
	in := &s3.GetObjectInput{Bucket: &bucket, Key: &key}
	get := func(ctx context.Context, in *s3.GetObjectInput, opts ...func(*s3.Options)) (*counted, error) {
		sum, err := clone(before)
		if err != nil {
			return nil, err
		}
		out, err := a.session.S3.GetObject(ctx, in, opts...)
		if err != nil {
			return nil, err
		}
		defer out.Body.Close()
		rows, err := countLabels(io.TeeReader(out.Body, sum))
		return &counted{rows, sum}, err
	}
	out, err := read(ctx, t, "s3:GetObject", get, in, t.place.S3(""))
	if err != nil {
		return 0, nil, err
	}
	return out.rows, out.sum, nil
}

var errNoClone = errors.New("the digest can't be copied")

func clone(h hash.Hash) (hash.Hash, error) {
	c, ok := h.(hash.Cloner)
	if !ok {
		return nil, errNoClone
	}
	return c.Clone()
}

// countLabels counts the rows of a label file without its header. A quoted value may hold line breaks.
func countLabels(file io.Reader) (int, error) {
	r := csv.NewReader(file)
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	rows := 0
	for first := true; ; first = false {
		record, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case err != nil:
			return 0, fmt.Errorf("reading labels: %w", err)
		case first && isHeader(record):
			continue
		}
		rows++
	}
}

func isHeader(record []string) bool {
	// Behind a byte order mark the quotes of the first name are read as part of it.
	return len(record) >= 2 && strings.Trim(strings.TrimPrefix(record[0], "\ufeff"), `"`) == "labeling_set_id" && record[1] == "label"
}

// mostDeleted is how many objects one call deletes.
const mostDeleted = 1000

// labelsFolder is the folder that the change's exports are in; "" where the path at hand is not the change's own.
func (t *task) labelsFolder() string {
	path := t.s.S3
	if t.c.Labels != nil {
		path = t.c.Labels.S3
	}
	before, _, ok := strings.Cut(path, "/"+t.c.Head.ID+"/")
	if !ok {
		return ""
	}
	return before + "/" + t.c.Head.ID + "/"
}

// seeLabelsGone looks whether the exported labels are gone. Only the change's own folder is ever emptied.
func (a *Actor) seeLabelsGone(ctx context.Context, t *task) (execute.Observation, error) {
	folder := t.labelsFolder()
	if folder == "" {
		return missed(incomplete(t)), nil
	}
	list, err := a.objects(ctx, t, folder)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case len(list) == 0:
		return settled(change.Facts{}), nil
	case len(list) > mostDeleted:
		return missed(change.Trouble{
			Code: change.TroubleForeign, Message: fmt.Sprintf("there are %d objects under %s, more than an export writes", len(list), folder),
			Advice: "remove them by hand, then resume",
		}), nil
	}
	return open(), nil
}

func (a *Actor) deleteLabels(ctx context.Context, t *task) (change.Facts, error) {
	const operation = "s3:DeleteObjects"
	folder := t.labelsFolder()
	list, err := a.objects(ctx, t, folder)
	if err != nil {
		return change.Facts{}, unsent(err, operation)
	}
	bucket, _, err := split(folder)
	if err != nil {
		return change.Facts{}, unsent(err, operation)
	}
	in := &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &s3types.Delete{Quiet: aws.Bool(true)}}
	for _, o := range list[:min(len(list), mostDeleted)] {
		in.Delete.Objects = append(in.Delete.Objects, s3types.ObjectIdentifier{Key: &o.key})
	}
	if len(in.Delete.Objects) == 0 {
		return change.Facts{}, nil
	}
	out, err := send(ctx, t, operation, a.session.S3.DeleteObjects, in, t.place.S3(""))
	if err != nil {
		return change.Facts{}, err
	}
	if len(out.Errors) > 0 {
		return change.Facts{}, notDeleted(out.Errors[0], operation)
	}
	return change.Facts{Changed: keys(list)}, nil
}

func notDeleted(e s3types.Error, operation string) error {
	message := aws.ToString(e.Key) + ": " + aws.ToString(e.Message)
	return &execute.CallError{
		Effect: execute.NotDone, Err: errors.New(message),
		Trouble: change.Trouble{Code: aws.ToString(e.Code), Message: message, Operation: operation, Advice: "let the caller delete objects there, then resume"},
	}
}

func keys(list []object) []string {
	var names []string
	for _, o := range list {
		names = append(names, o.key)
	}
	return names
}
