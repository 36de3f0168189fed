package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	account = "111111111111"
	other   = "222222222222"
	keyARN  = "arn:aws:kms:eu-west-1:111111111111:key/good"
)

// oneKey is a KMS with a usable key and a disabled one.
type oneKey struct{}

func (oneKey) Key(_, _, ref string) (kmstypes.KeyMetadata, bool) {
	k := kmstypes.KeyMetadata{Arn: aws.String(keyARN), KeyState: kmstypes.KeyStateEnabled, KeySpec: kmstypes.KeySpecSymmetricDefault}
	switch ref {
	case "alias/good", "good", keyARN:
		return k, true
	case "disabled":
		k.KeyState = kmstypes.KeyStateDisabled
		return k, true
	}
	return kmstypes.KeyMetadata{}, false
}

func (oneKey) Permits(c *service.Call, action, _ string) *service.Error {
	if c.Principal.ARN == "stranger to "+action {
		return service.Errorf("AccessDeniedException", "not authorized to perform: %s", action)
	}
	return nil
}

// deny refuses the actions that it holds.
type deny map[string]bool

func (d deny) Authorize(_ *service.Call, action, resource string) *service.Error {
	if d[action] || d[action+" "+resource] {
		return service.Errorf("AccessDenied", "not authorized to perform: %s on resource: %s", action, resource)
	}
	return nil
}

// serve puts an S3 behind HTTP. The access key is the account.
func serve(t *testing.T, s *S3) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scope := strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/")
		if len(scope) < 3 {
			http.Error(w, "unsigned", http.StatusForbidden)
			return
		}
		s.ServeS3(w, r, &service.Call{
			Context: r.Context(), Partition: "aws", Account: scope[0], Region: scope[2], Service: "s3", RequestID: "REQ1",
			Operation: Operation(r), Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func client(url, account, region string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &url, Region: region, Credentials: credentials.NewStaticCredentialsProvider(account, "secret", ""),
		Retryer: aws.NopRetryer{},
	})
}

func start(t *testing.T, authorizer service.Authorizer) (*S3, *s3.Client, string) {
	t.Helper()
	s := New(oneKey{}, authorizer)
	if err := s.PutBucket(account, "eu-west-1", "data", Encryption{}); err != nil {
		t.Fatal(err)
	}
	url := serve(t, s)
	return s, client(url, account, "eu-west-1"), url
}

func wantCode(t *testing.T, err error, code string, status int) {
	t.Helper()
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	if !errors.As(err, &api) || api.ErrorCode() != code || !errors.As(err, &response) || response.HTTPStatusCode() != status {
		t.Errorf("got %v, want %s with status %d", err, code, status)
	}
}

func put(t *testing.T, c *s3.Client, in *s3.PutObjectInput) *s3.PutObjectOutput {
	t.Helper()
	if in.Bucket == nil {
		in.Bucket, in.Key = aws.String("data"), aws.String("a/b.txt")
	}
	if in.Body == nil {
		in.Body = strings.NewReader("hello")
	}
	out, err := c.PutObject(t.Context(), in)
	if err != nil {
		t.Fatalf("PutObject: %v", err)
	}
	return out
}

func head(t *testing.T, c *s3.Client) *s3.HeadObjectOutput {
	t.Helper()
	out, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("data"), Key: aws.String("a/b.txt")})
	if err != nil {
		t.Fatalf("HeadObject: %v", err)
	}
	return out
}

func TestObjectRoundTrip(t *testing.T) {
	t.Parallel()
	s, c, _ := start(t, nil)
	put(t, c, &s3.PutObjectInput{Metadata: map[string]string{"team": "data"}, ContentType: aws.String("text/plain")})
	got, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("data"), Key: aws.String("a/b.txt")})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || string(body) != "hello" || got.Metadata["team"] != "data" || aws.ToString(got.ContentType) != "text/plain" {
		t.Errorf("got %q, %v, %v, %v", body, got.Metadata, got.ContentType, err)
	}
	if got.ContentEncoding != nil {
		t.Errorf("content encoding %q belongs to the transfer", *got.ContentEncoding)
	}
	put(t, c, &s3.PutObjectInput{}) // the old metadata must be gone
	if h := head(t, c); len(h.Metadata) != 0 || *h.ContentLength != 5 || h.VersionId != nil {
		t.Errorf("after overwriting: %v", h.Metadata)
	}
	list, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("data"), Prefix: aws.String("a/")})
	if err != nil || len(list.Contents) != 1 || *list.Contents[0].Key != "a/b.txt" {
		t.Errorf("list: %v, %v", list, err)
	}
	if keys, err := s.ListObjects(account, "data", "a/"); err != nil || len(keys) != 1 {
		t.Errorf("ListObjects: %v, %v", keys, err)
	}
	if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("data"), Key: aws.String("a/b.txt")}); err != nil {
		t.Fatal(err)
	}
	_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("data"), Key: aws.String("a/b.txt")})
	wantCode(t, err, "NoSuchKey", http.StatusNotFound)
}

func TestEncryptionOfObjects(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		bucket      Encryption
		in          s3.PutObjectInput
		mode        types.ServerSideEncryption
		key         string
		refusedWith string
	}{
		{"default", Encryption{}, s3.PutObjectInput{}, types.ServerSideEncryptionAes256, "", ""},
		{"AES256 asked for", Encryption{Mode: SSEKMS}, s3.PutObjectInput{ServerSideEncryption: types.ServerSideEncryptionAes256}, types.ServerSideEncryptionAes256, "", ""},
		{"KMS by alias", Encryption{}, s3.PutObjectInput{ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("alias/good")}, types.ServerSideEncryptionAwsKms, keyARN, ""},
		{"KMS without key", Encryption{}, s3.PutObjectInput{ServerSideEncryption: types.ServerSideEncryptionAwsKms}, types.ServerSideEncryptionAwsKms, "arn:aws:kms:eu-west-1:111111111111:key/" + managedKeyID, ""},
		{"bucket's KMS", Encryption{Mode: SSEKMS, KMSKey: keyARN}, s3.PutObjectInput{}, types.ServerSideEncryptionAwsKms, keyARN, ""},
		{"no such key", Encryption{}, s3.PutObjectInput{ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("bad")}, "", "", "KMS.NotFoundException"},
		{"disabled key", Encryption{}, s3.PutObjectInput{ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("disabled")}, "", "", "KMS.DisabledException"},
		{"key without KMS", Encryption{}, s3.PutObjectInput{SSEKMSKeyId: aws.String("good")}, "", "", "InvalidArgument"},
		{"key with AES256", Encryption{}, s3.PutObjectInput{ServerSideEncryption: types.ServerSideEncryptionAes256, SSEKMSKeyId: aws.String("good")}, "", "", "InvalidArgument"},
		{"unknown mode", Encryption{}, s3.PutObjectInput{ServerSideEncryption: "rot13"}, "", "", "InvalidArgument"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := New(oneKey{}, nil)
			if err := s.PutBucket(account, "eu-west-1", "data", tc.bucket); err != nil {
				t.Fatal(err)
			}
			c := client(serve(t, s), account, "eu-west-1")
			if tc.refusedWith != "" {
				tc.in.Bucket, tc.in.Key, tc.in.Body = aws.String("data"), aws.String("a"), strings.NewReader("x")
				_, err := c.PutObject(t.Context(), &tc.in)
				wantCode(t, err, tc.refusedWith, http.StatusBadRequest)
				return
			}
			// An object under the other mode was there before: nothing of it may show.
			put(t, c, &s3.PutObjectInput{ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("good")})
			out := put(t, c, &tc.in)
			h := head(t, c)
			if out.ServerSideEncryption != tc.mode || h.ServerSideEncryption != tc.mode || aws.ToString(out.SSEKMSKeyId) != tc.key || aws.ToString(h.SSEKMSKeyId) != tc.key {
				t.Errorf("put %s %s, head %s %s", out.ServerSideEncryption, aws.ToString(out.SSEKMSKeyId), h.ServerSideEncryption, aws.ToString(h.SSEKMSKeyId))
			}
		})
	}
}

func TestCopyIsEncryptedAsTheTargetSays(t *testing.T) {
	t.Parallel()
	_, c, _ := start(t, nil)
	put(t, c, &s3.PutObjectInput{ServerSideEncryption: types.ServerSideEncryptionAwsKms, Metadata: map[string]string{"team": "data"}})
	_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String("data"), Key: aws.String("copy"), CopySource: aws.String("data/a/b.txt")})
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("data"), Key: aws.String("copy")})
	if err != nil || h.ServerSideEncryption != types.ServerSideEncryptionAes256 || h.SSEKMSKeyId != nil || h.Metadata["team"] != "data" {
		t.Errorf("got %v %v %v, %v", h.ServerSideEncryption, aws.ToString(h.SSEKMSKeyId), h.Metadata, err)
	}
	_, err = c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String("data"), Key: aws.String("copy"), CopySource: aws.String("none/a")})
	wantCode(t, err, "NoSuchBucket", http.StatusNotFound)
}

func TestUploadInParts(t *testing.T) {
	t.Parallel()
	_, c, _ := start(t, nil)
	bucket, key := aws.String("data"), aws.String("big")
	up, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key, ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("good")})
	if err != nil {
		t.Fatal(err)
	}
	part, err := c.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader(make([]byte, 6<<20))})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{
		Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: key})
	if err != nil || *h.ContentLength != 6<<20 || aws.ToString(h.SSEKMSKeyId) != keyARN {
		t.Errorf("got %v %v, %v", h.ContentLength, aws.ToString(h.SSEKMSKeyId), err)
	}
}

func TestBucketEncryption(t *testing.T) {
	t.Parallel()
	_, c, _ := start(t, nil)
	bucket := aws.String("data")
	get := func() types.ServerSideEncryptionByDefault {
		t.Helper()
		out, err := c.GetBucketEncryption(t.Context(), &s3.GetBucketEncryptionInput{Bucket: bucket})
		if err != nil || len(out.ServerSideEncryptionConfiguration.Rules) != 1 {
			t.Fatalf("GetBucketEncryption: %v, %v", out, err)
		}
		return *out.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault
	}
	set := func(d types.ServerSideEncryptionByDefault) error {
		_, err := c.PutBucketEncryption(t.Context(), &s3.PutBucketEncryptionInput{Bucket: bucket, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
			Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &d, BucketKeyEnabled: aws.Bool(true)}},
		}})
		return err
	}
	if d := get(); d.SSEAlgorithm != types.ServerSideEncryptionAes256 {
		t.Errorf("default %v", d)
	}
	if err := set(types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String("alias/good")}); err != nil {
		t.Fatal(err)
	}
	if d := get(); d.SSEAlgorithm != types.ServerSideEncryptionAwsKms || aws.ToString(d.KMSMasterKeyID) != "alias/good" {
		t.Errorf("after put %v %s", d.SSEAlgorithm, aws.ToString(d.KMSMasterKeyID))
	}
	if out := put(t, c, &s3.PutObjectInput{}); aws.ToString(out.SSEKMSKeyId) != keyARN {
		t.Errorf("object under the default: %s", aws.ToString(out.SSEKMSKeyId))
	}
	wantCode(t, set(types.ServerSideEncryptionByDefault{SSEAlgorithm: "rot13"}), "MalformedXML", http.StatusBadRequest)
	wantCode(t, set(types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256, KMSMasterKeyID: aws.String("x")}), "InvalidArgument", http.StatusBadRequest)
	if _, err := c.DeleteBucketEncryption(t.Context(), &s3.DeleteBucketEncryptionInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	if d := get(); d.SSEAlgorithm != types.ServerSideEncryptionAes256 {
		t.Errorf("after delete %v", d)
	}
}

func TestOwnersAndRegions(t *testing.T) {
	t.Parallel()
	_, c, url := start(t, nil)
	bucket := aws.String("data")
	out, err := c.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: bucket})
	if err != nil || aws.ToString(out.BucketRegion) != "eu-west-1" {
		t.Errorf("HeadBucket: %v, %v", out, err)
	}
	_, err = c.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("none")})
	wantStatus(t, err, http.StatusNotFound)
	stranger := client(url, other, "eu-west-1")
	_, err = stranger.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: bucket})
	wantStatus(t, err, http.StatusForbidden)
	_, err = stranger.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("a"), Body: strings.NewReader("x")})
	wantCode(t, err, "AccessDenied", http.StatusForbidden)
	_, err = c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("a"), Body: strings.NewReader("x"), ExpectedBucketOwner: aws.String(other)})
	wantCode(t, err, "AccessDenied", http.StatusForbidden)
	elsewhere := client(url, account, "us-east-1")
	_, err = elsewhere.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket})
	wantCode(t, err, "PermanentRedirect", http.StatusMovedPermanently)
	_, err = elsewhere.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: bucket})
	wantStatus(t, err, http.StatusMovedPermanently)
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.Response.Header.Get("X-Amz-Bucket-Region") != "eu-west-1" {
		t.Errorf("the answer must name the region: %v", response.Response.Header)
	}
	location, err := elsewhere.GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: bucket})
	if err != nil || location.LocationConstraint != "eu-west-1" {
		t.Errorf("location %v, %v", location, err)
	}
}

func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.HTTPStatusCode() != status {
		t.Errorf("got %v, want status %d", err, status)
	}
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	_, c, url := start(t, nil)
	make := func(c *s3.Client, name, constraint string) error {
		in := &s3.CreateBucketInput{Bucket: &name}
		if constraint != "" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(constraint)}
		}
		_, err := c.CreateBucket(context.Background(), in)
		return err
	}
	home := client(url, account, "us-east-1")
	for _, tc := range []struct {
		name string
		err  error
		code string
		want int
	}{
		{"no constraint", make(c, "new", ""), "IllegalLocationConstraintException", 400},
		{"another region's", make(c, "new", "eu-west-2"), "IllegalLocationConstraintException", 400},
		{"bad name", make(c, "New_Bucket", "eu-west-1"), "InvalidBucketName", 400},
		{"one's own", make(c, "data", "eu-west-1"), "BucketAlreadyOwnedByYou", 409},
		{"another's", make(client(url, other, "eu-west-1"), "data", "eu-west-1"), "BucketAlreadyExists", 409},
		{"good", make(c, "new", "eu-west-1"), "", 0},
		{"us-east-1", make(home, "home", ""), "", 0},
		{"us-east-1 again", make(home, "home", ""), "", 0},
	} {
		if tc.code == "" {
			if tc.err != nil {
				t.Errorf("%s: %v", tc.name, tc.err)
			}
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			wantCode(t, tc.err, tc.code, tc.want)
		})
	}
	list, err := c.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range list.Buckets {
		names = append(names, *b.Name+" "+aws.ToString(b.BucketRegion))
	}
	if d := cmp.Diff([]string{"data eu-west-1", "home us-east-1", "new eu-west-1"}, names); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	put(t, c, &s3.PutObjectInput{})
	_, err = c.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String("data")})
	wantCode(t, err, "BucketNotEmpty", http.StatusConflict)
	if _, err = c.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String("data"), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("a/b.txt")}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err = c.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String("data")}); err != nil {
		t.Fatal(err)
	}
	_, err = c.GetBucketAcl(t.Context(), &s3.GetBucketAclInput{Bucket: aws.String("new")})
	wantCode(t, err, "NotImplemented", http.StatusNotImplemented)
}

func TestAuthorization(t *testing.T) {
	t.Parallel()
	object := func(c *s3.Client) error {
		_, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("data"), Key: aws.String("a/b.txt")})
		return err
	}
	missing := func(c *s3.Client) error {
		_, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("data"), Key: aws.String("none")})
		return err
	}
	for _, tc := range []struct {
		name   string
		denied string
		do     func(*s3.Client) error
		code   string
	}{
		{"reading", "s3:GetObject arn:aws:s3:::data/a/b.txt", object, "AccessDenied"},
		{"decrypting", "kms:Decrypt " + keyARN, object, "AccessDenied"},
		{"a missing key, listing allowed", "none", missing, "NoSuchKey"},
		{"a missing key, listing denied", "s3:ListBucket arn:aws:s3:::data", missing, "AccessDenied"},
		{"listing buckets", "s3:ListAllMyBuckets *", func(c *s3.Client) error {
			_, err := c.ListBuckets(context.Background(), &s3.ListBucketsInput{})
			return err
		}, "AccessDenied"},
		{"encrypting", "kms:GenerateDataKey", func(c *s3.Client) error {
			_, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("data"), Key: aws.String("x"), Body: strings.NewReader(""), ServerSideEncryption: types.ServerSideEncryptionAwsKms})
			return err
		}, "AccessDenied"},
		{"deleting several", "s3:DeleteObject arn:aws:s3:::data/a/b.txt", func(c *s3.Client) error {
			_, err := c.DeleteObjects(context.Background(), &s3.DeleteObjectsInput{Bucket: aws.String("data"), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("a/b.txt")}}}})
			return err
		}, "AccessDenied"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, c, _ := start(t, deny{tc.denied: true})
			if err := s.WriteObject(account, "data", "a/b.txt", []byte("x"), SSEKMS, "good"); err != nil {
				t.Fatal(err)
			}
			var api smithy.APIError
			if err := tc.do(c); !errors.As(err, &api) || api.ErrorCode() != tc.code {
				t.Errorf("got %v, want %s", err, tc.code)
			}
		})
	}
}

func TestChecksumsAreCompared(t *testing.T) {
	t.Parallel()
	_, c, _ := start(t, nil)
	for _, algorithm := range types.ChecksumAlgorithm("").Values() {
		switch algorithm {
		case types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256, types.ChecksumAlgorithmCrc64nvme:
			_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("data"), Key: aws.String("a"), Body: strings.NewReader("x"), ChecksumAlgorithm: algorithm})
			if err != nil {
				t.Errorf("%s: %v", algorithm, err)
			}
		}
	}
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("data"), Key: aws.String("a"), Body: strings.NewReader("x"), ChecksumCRC32: aws.String("AAAAAA==")})
	wantCode(t, err, "BadDigest", http.StatusBadRequest)
}

func TestDechunk(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, body, want string }{
		{"signed", "5;chunk-signature=abc\r\nhello\r\n3;chunk-signature=d\r\n yo\r\n0;chunk-signature=e\r\n\r\n", "hello yo"},
		{"with trailer", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n", "hello"},
		{"empty", "0\r\n\r\n", ""},
		{"cut off", "5\r\nhel", "error"},
		{"no size", "hello", "error"},
		{"huge size", "fffffff\r\nhello\r\n0\r\n", "error"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, trailers, err := dechunk([]byte(tc.body))
			if (err != nil) != (tc.want == "error") || err == nil && string(got) != tc.want {
				t.Errorf("got %q, %v", got, err)
			}
			if tc.name == "with trailer" && trailers.Get("X-Amz-Checksum-Crc32") != "AAAA" {
				t.Errorf("trailers %v", trailers)
			}
		})
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ host, path, want string }{
		{"127.0.0.1:4566", "/data/a/b", "data a/b"},
		{"[::1]:4566", "/data", "data "},
		{"localhost:4566", "/data/a", "data a"},
		{"data.localhost:4566", "/a/b", "data a/b"},
		{"data.s3.eu-west-1.amazonaws.com", "/a", "data a"},
		{"my.data.s3.amazonaws.com", "/", "my.data "},
		{"s3.eu-west-1.amazonaws.com", "/data/a", "data a"},
		{"127.0.0.1:4566", "/", " "},
	} {
		t.Run(tc.host+tc.path, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "http://"+tc.host+tc.path, nil)
			bucket, key := target(r)
			if got := fmt.Sprintf("%s %s", bucket, key); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestOtherServices(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t, nil)
	if region, ok := s.BucketRegion(account, "data"); !ok || region != "eu-west-1" {
		t.Errorf("region %q %v", region, ok)
	}
	if _, ok := s.BucketRegion(other, "data"); ok {
		t.Error("another account's bucket was found")
	}
	if err := s.WriteObject(account, "data", "k", []byte("v"), "", ""); err != nil {
		t.Fatal(err)
	}
	if e, err := s.ObjectEncryption(account, "data", "k"); err != nil || e.Mode != SSES3 {
		t.Errorf("encryption %v, %v", e, err)
	}
	if v, err := s.ReadObject(account, "data", "k"); err != nil || string(v) != "v" {
		t.Errorf("read %q, %v", v, err)
	}
	_, err := s.ReadObject(account, "data", "none")
	wantIs(t, err, ErrNoObject)
	_, err = s.ReadObject(other, "data", "k")
	wantIs(t, err, ErrNoBucket)
	wantIs(t, s.WriteObject(account, "data", "k", nil, SSEKMS, "bad"), ErrKeyNotUsable)
	wantIs(t, s.PutBucket(other, "eu-west-1", "data", Encryption{}), ErrBucketTaken)
}

func wantIs(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}
