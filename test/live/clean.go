package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const enoughLooks = 2

// cleanUp deletes all that this run made, whatever became of ctx, and lists what is left. Only names that begin with the
// run's own id are touched, and security configurations that were not there before and that only this run's resources
// named.
func (l *live) cleanUp(ctx context.Context) (left []string, err error) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cleaningTime)
	defer stop()
	// AWS may refuse to delete what it is still making, and what was just asked for may show late: so it is tried again,
	// and done when two looks have found nothing.
	quiet := 0
	var refused error
	err = l.until(ctx, "what was made to be gone", func() (bool, error) {
		var remaining []string
		if refused = l.deleteResources(ctx); refused == nil {
			if remaining, refused = l.remaining(ctx); refused == nil && len(remaining) == 0 {
				quiet++
				return quiet == enoughLooks, nil
			}
		}
		quiet = 0
		return false, nil
	})
	if err != nil {
		err = errors.Join(err, refused)
	}
	err = errors.Join(err, l.deleteConfigurations(ctx), l.deleteObjects(ctx))
	return l.left(ctx, err)
}

// deleteResources begins to delete endpoints and transforms, and remembers the configurations that they named.
func (l *live) deleteResources(ctx context.Context) error {
	endpoints, err := l.endpoints(ctx)
	if err != nil {
		return err
	}
	transforms, err := l.transforms(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for i := range endpoints {
		e := &endpoints[i]
		if !l.ours(aws.ToString(e.EndpointName)) || aws.ToString(e.Status) == "TERMINATING" {
			continue
		}
		l.named = append(l.named, aws.ToString(e.SecurityConfiguration))
		if _, err := l.glue.DeleteDevEndpoint(ctx, &glue.DeleteDevEndpointInput{EndpointName: e.EndpointName}); err != nil && !notFound(err) {
			errs = append(errs, err)
		}
	}
	for i := range transforms {
		t := &transforms[i]
		if !l.ours(aws.ToString(t.Name)) || t.Status == types.TransformStatusTypeDeleting {
			continue
		}
		l.named = append(l.named, taskConfiguration(t))
		if _, err := l.glue.DeleteMLTransform(ctx, &glue.DeleteMLTransformInput{TransformId: t.TransformId}); err != nil && !notFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func taskConfiguration(t *types.MLTransform) string {
	if t.TransformEncryption == nil {
		return ""
	}
	return aws.ToString(t.TransformEncryption.TaskRunSecurityConfigurationName)
}

// deleteConfigurations deletes the run's own, and those that its resources named and nobody else's do.
func (l *live) deleteConfigurations(ctx context.Context) error {
	names, err := l.configurationNames(ctx)
	if err != nil {
		return err
	}
	others, err := l.othersConfigurations(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		if !l.ours(name) && (l.before[name] || !slices.Contains(l.named, name) || slices.Contains(others, name)) {
			continue
		}
		_, err := l.glue.DeleteSecurityConfiguration(ctx, &glue.DeleteSecurityConfigurationInput{Name: &name})
		if err != nil && !notFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (l *live) othersConfigurations(ctx context.Context) ([]string, error) {
	endpoints, err := l.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	transforms, err := l.transforms(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range endpoints {
		names = append(names, aws.ToString(endpoints[i].SecurityConfiguration))
	}
	for i := range transforms {
		names = append(names, taskConfiguration(&transforms[i]))
	}
	return names, nil
}

// deleteObjects deletes what lies below the run's own prefix.
func (l *live) deleteObjects(ctx context.Context) error {
	keys, err := l.objects(ctx, l.prefix())
	if err != nil {
		return err
	}
	bucket, _ := l.place()
	var errs []error
	for _, key := range keys {
		_, err := l.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// place is the bucket for labels and the prefix in it that the user named; "": none was.
func (l *live) place() (bucket, prefix string) {
	bucket, prefix, _ = strings.Cut(strings.TrimPrefix(l.o.s3, "s3://"), "/")
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	return bucket, prefix
}

// prefix is the run's own.
func (l *live) prefix() string {
	_, prefix := l.place()
	return prefix + l.id + "/"
}

// objects lists keys; none where no bucket was named.
func (l *live) objects(ctx context.Context, prefix string) ([]string, error) {
	bucket, _ := l.place()
	if bucket == "" {
		return nil, nil
	}
	var keys []string
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
	for {
		out, err := l.s3.ListObjectsV2(ctx, in)
		if err != nil {
			return nil, err
		}
		for i := range out.Contents {
			keys = append(keys, aws.ToString(out.Contents[i].Key))
		}
		if in.ContinuationToken = out.NextContinuationToken; aws.ToString(in.ContinuationToken) == "" {
			return keys, nil
		}
	}
}

// remaining lists the run's endpoints and transforms that are there, also those being deleted: both may be billed.
func (l *live) remaining(ctx context.Context) ([]string, error) {
	endpoints, err := l.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	transforms, err := l.transforms(ctx)
	if err != nil {
		return nil, err
	}
	var list []string
	for i := range endpoints {
		if name := aws.ToString(endpoints[i].EndpointName); l.ours(name) {
			list = append(list, fmt.Sprintf("dev endpoint %s (%s)", name, aws.ToString(endpoints[i].Status)))
		}
	}
	for i := range transforms {
		if name := aws.ToString(transforms[i].Name); l.ours(name) {
			list = append(list, fmt.Sprintf("ML transform %s, %s (%s)", name, aws.ToString(transforms[i].TransformId), transforms[i].Status))
		}
	}
	return list, nil
}

// left lists everything of the run that is still there.
func (l *live) left(ctx context.Context, earlier error) ([]string, error) {
	list, err := l.remaining(ctx)
	names, namesErr := l.configurationNames(ctx)
	for _, name := range names {
		if l.ours(name) || slices.Contains(l.named, name) && !l.before[name] {
			list = append(list, "security configuration "+name)
		}
	}
	keys, keysErr := l.objects(ctx, l.prefix())
	bucket, _ := l.place()
	for _, key := range keys {
		list = append(list, "s3://"+bucket+"/"+key)
	}
	return list, errors.Join(earlier, err, namesErr, keysErr)
}
