package inventory

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opGetObject = "s3:GetObject"
	// longestScript is more than any script is. One that is longer counts as not read.
	longestScript = 8 << 20
)

// scanned is a script that was searched for all transforms that the inspection is about.
type scanned struct {
	lines   map[string][]int // where each id stands, by id, counted from 1
	failure *resource.Failure
}

// inScript finds where a job's script names a transform. A script that does not exist names none: its job can't run.
func (s *site) inScript(ctx context.Context, j *types.Job, id string) resource.Fact[[]resource.Dependent] {
	if j.Command == nil || aws.ToString(j.Command.ScriptLocation) == "" {
		return resource.Known([]resource.Dependent(nil))
	}
	path := *j.Command.ScriptLocation
	found := s.scripts.get(path, func() scanned { return s.scan(ctx, path) })
	if found.failure != nil {
		f := *found.failure
		f.Message = "script " + path + " of job " + aws.ToString(j.Name) + ": " + f.Message
		return resource.Unknown[[]resource.Dependent](f)
	}
	var list []resource.Dependent
	for _, line := range found.lines[id] {
		list = append(list, resource.Dependent{
			Kind: "job script", Name: aws.ToString(j.Name), Where: fmt.Sprintf("%s line %d", path, line),
		})
	}
	return resource.Known(list)
}

func (s *site) scan(ctx context.Context, path string) scanned {
	unusable := func(f resource.Failure) scanned { return scanned{failure: &f} }
	bucket, key, ok := parseS3(path)
	if !ok || key == "" {
		return unusable(failed(opGetObject, "its place is not an S3 path"))
	}
	in := &s3.GetObjectInput{Bucket: &bucket, Key: &key}
	body, err := awsapi.Read(ctx, s.place, opGetObject, s.GetObject, in, s.place.S3(""))
	if region := bucketRegion(err); region != "" && region != s.place.Location.Region {
		body, err = awsapi.Read(ctx, s.place, opGetObject, s.GetObject, in, s.place.S3(region))
	}
	switch {
	case awsapi.IsNotFound(err):
		return scanned{}
	case err != nil:
		return unusable(awsapi.Classify(err, opGetObject))
	case body.long:
		return unusable(failed(opGetObject, "it is longer than a script can be"))
	}
	return scanned{lines: search(body.text, s.transforms[s.id])}
}

// object is an object's content, as far as longestScript.
type object struct {
	text []byte
	long bool
}

// GetObject reads an object whole, while its call lasts.
func (s *site) GetObject(ctx context.Context, in *s3.GetObjectInput, opts ...func(*s3.Options)) (*object, error) {
	out, err := s.session.S3.GetObject(ctx, in, opts...)
	if err != nil {
		return nil, err
	}
	if out.Body == nil {
		return nil, errors.New("the answer has no body")
	}
	text, err := io.ReadAll(io.LimitReader(out.Body, longestScript+1))
	if err := cmp.Or(err, out.Body.Close()); err != nil {
		return nil, fmt.Errorf("reading the object: %w", err)
	}
	if length := out.ContentLength; length != nil && *length > int64(len(text)) && len(text) <= longestScript {
		return nil, io.ErrUnexpectedEOF
	}
	return &object{text: text, long: len(text) > longestScript}, nil
}

// search finds the lines in which ids stand.
func search(text []byte, ids []string) map[string][]int {
	found := map[string][]int{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, longestScript+1)
	for n := 1; lines.Scan(); n++ {
		for _, id := range ids {
			if strings.Contains(lines.Text(), id) {
				found[id] = append(found[id], n)
			}
		}
	}
	return found
}
