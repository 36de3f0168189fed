package inventory

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opHeadBucket       = "s3:HeadBucket"
	opBucketEncryption = "s3:GetBucketEncryption"
)

// bucketID is a bucket as seen from a location.
type bucketID struct {
	from resource.Location
	name string
}

// parseS3 takes s3://bucket/key apart.
func parseS3(path string) (bucket, key string, ok bool) {
	for _, scheme := range []string{"s3://", "s3a://", "s3n://"} {
		if rest, found := strings.CutPrefix(path, scheme); found {
			bucket, key, _ = strings.Cut(rest, "/")
			return bucket, key, bucket != ""
		}
	}
	return "", "", false
}

// bucket is the bucket of an S3 prefix that a repair would write to.
func (s *site) bucket(ctx context.Context, prefix string) resource.Fact[resource.Bucket] {
	if prefix == "" {
		return resource.Known(resource.Bucket{})
	}
	name, key, ok := parseS3(prefix)
	if !ok {
		return resource.Unknown[resource.Bucket](failed(opHeadBucket, "not an S3 path: "+prefix))
	}
	fact := s.buckets.get(bucketID{s.place.Location, name}, func() resource.Fact[resource.Bucket] { return s.readBucket(ctx, name) })
	if found, ok := fact.Value(); ok {
		found.Prefix = key
		return resource.Known(found)
	}
	return fact
}

func (s *site) readBucket(ctx context.Context, name string) resource.Fact[resource.Bucket] {
	p := s.place
	out, err := awsapi.Read(ctx, p, opHeadBucket, s.session.S3.HeadBucket, &s3.HeadBucketInput{Bucket: &name}, p.S3(""))
	region := bucketRegion(err)
	switch {
	case err == nil:
		region = cmp.Or(aws.ToString(out.BucketRegion), p.Location.Region)
	case answered(err, http.StatusNotFound):
		return resource.Absent[resource.Bucket]()
	case region == "": // where it is said, the bucket exists, and its encryption may be readable all the same
		return unread[resource.Bucket](err, opHeadBucket)
	}
	found := resource.Bucket{Name: name, Region: region}
	in := &s3.GetBucketEncryptionInput{Bucket: &name}
	encrypted, err := awsapi.Read(ctx, p, opBucketEncryption, s.session.S3.GetBucketEncryption, in, p.S3(region))
	switch {
	case awsapi.Code(err) == "ServerSideEncryptionConfigurationNotFoundError":
		found.Encryption = resource.Encryption{Mode: resource.ModeSSES3} // what AWS does by itself
		return resource.Known(found)
	case err != nil:
		return unread[resource.Bucket](err, opBucketEncryption)
	}
	e, ok := defaultEncryption(encrypted.ServerSideEncryptionConfiguration)
	if !ok {
		return resource.Unknown[resource.Bucket](failed(opBucketEncryption, "the answer names no default encryption"))
	}
	found.Encryption = e
	return resource.Known(found)
}

func defaultEncryption(c *types.ServerSideEncryptionConfiguration) (resource.Encryption, bool) {
	if c == nil {
		return resource.Encryption{}, false
	}
	for i := range c.Rules {
		by := c.Rules[i].ApplyServerSideEncryptionByDefault
		if by == nil {
			continue
		}
		e := resource.Encryption{KMSKey: aws.ToString(by.KMSMasterKeyID)}
		switch by.SSEAlgorithm {
		case types.ServerSideEncryptionAes256:
			e.Mode = resource.ModeSSES3
		case types.ServerSideEncryptionAwsKms, types.ServerSideEncryptionAwsKmsDsse:
			e.Mode = resource.ModeSSEKMS
		default:
			e.Mode = resource.Mode(by.SSEAlgorithm)
		}
		return e, true
	}
	return resource.Encryption{}, false
}

// bucketRegion is the region that S3 says a bucket is in when it refuses a call sent to another.
func bucketRegion(err error) string {
	var re *awshttp.ResponseError
	if !errors.As(err, &re) || re.Response == nil {
		return ""
	}
	return re.Response.Header.Get("X-Amz-Bucket-Region")
}

func answered(err error, status int) bool {
	var re *awshttp.ResponseError
	return errors.As(err, &re) && re.HTTPStatusCode() == status
}
