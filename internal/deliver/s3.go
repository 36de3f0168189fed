package deliver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/glueguard/glueguard/internal/awsapi"
)

const (
	opHeadBucket = "s3:HeadBucket"
	opPutObject  = "s3:PutObject"
)

// UploadTimeout is how long one upload may take: reports of large estates have a hundred megabytes. Sessions to upload with
// are opened with it as their AttemptTimeout.
const UploadTimeout = 15 * time.Minute

// ErrBucket is wrapped when something names no place in S3.
var ErrBucket = errors.New("want s3://BUCKET or s3://BUCKET/PREFIX")

// Bucket is a place in S3 to put reports in.
type Bucket struct {
	Name   string
	Prefix string // without a slash at its end
}

// ParseBucket reads s3://bucket/prefix. Its error wraps ErrBucket.
func ParseBucket(url string) (Bucket, error) {
	rest, ok := strings.CutPrefix(url, "s3://")
	name, prefix, _ := strings.Cut(rest, "/")
	// Names of buckets; where one is refused here, S3 would refuse it too.
	if !ok || !regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`).MatchString(name) {
		return Bucket{}, ErrBucket
	}
	return Bucket{Name: name, Prefix: strings.Trim(prefix, "/")}, nil
}

// Key is where a file of a name is put.
func (b Bucket) Key(name string) string { return path.Join(b.Prefix, name) }

// URL names an object of the bucket.
func (b Bucket) URL(name string) string { return "s3://" + b.Name + "/" + b.Key(name) }

// File is a file to be uploaded.
type File struct {
	Name        string // the object's, below the prefix
	Path        string
	ContentType string
}

// Uploader puts files into a bucket as the session's caller.
type Uploader struct {
	session *awsapi.Session
	place   *awsapi.Place
	to      Bucket
	region  string // the bucket's
}

// NewUploader finds out where the bucket is. Whether it can be written to is seen when it is.
func NewUploader(ctx context.Context, session *awsapi.Session, to Bucket) (*Uploader, error) {
	if _, err := session.Caller(ctx); err != nil {
		return nil, err
	}
	p := session.Home().At(session.Region())
	u := &Uploader{session: session, place: p, to: to, region: session.Region()}
	out, err := awsapi.Read(ctx, p, opHeadBucket, session.S3.HeadBucket, &s3.HeadBucketInput{Bucket: &to.Name}, p.S3(""))
	var answer *awshttp.ResponseError
	switch {
	case err == nil && aws.ToString(out.BucketRegion) != "":
		u.region = *out.BucketRegion
	case errors.As(err, &answer) && answer.Response != nil: // S3 says where a bucket is also to those who may not look at it
		if region := answer.Response.Header.Get("X-Amz-Bucket-Region"); region != "" {
			u.region = region
		}
		if answer.HTTPStatusCode() == http.StatusNotFound {
			call := u.failed(opHeadBucket, err)
			call.Failure.Code, call.Failure.Message = "NoSuchBucket", "there is no bucket "+to.Name // which a HEAD has no words for
			return nil, call
		}
	case err != nil:
		return nil, u.failed(opHeadBucket, err)
	}
	return u, nil
}

func (u *Uploader) failed(operation string, err error) *CallError {
	l := u.place.Location
	l.Region = u.region
	return &CallError{Location: l, Failure: awsapi.Classify(err, operation), Err: err}
}

// Put uploads a file and returns how many bytes it has. S3 checks what arrives by its SHA-256, and encrypts it as the
// bucket says. An object of that name is replaced: it is of the same audit.
func (u *Uploader) Put(ctx context.Context, f File) (size int64, err error) {
	body, err := os.Open(f.Path)
	if err != nil {
		return 0, fmt.Errorf("read the report again: %w", err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	info, err := body.Stat()
	if err != nil {
		return 0, fmt.Errorf("read the report again: %w", err)
	}
	in := &s3.PutObjectInput{
		Bucket: &u.to.Name, Key: aws.String(u.to.Key(f.Name)), ContentType: &f.ContentType, ContentLength: aws.Int64(info.Size()),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, Body: body,
	}
	put := func(ctx context.Context, in *s3.PutObjectInput, opts ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
		if _, err := body.Seek(0, io.SeekStart); err != nil { // an attempt before may have read some of it
			return nil, err
		}
		return u.session.S3.PutObject(ctx, in, opts...)
	}
	if _, err := awsapi.Read(ctx, u.place, opPutObject, put, in, u.place.S3(u.region)); err != nil {
		return 0, u.failed(opPutObject, err)
	}
	return info.Size(), nil
}
