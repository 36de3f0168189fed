// Package s3 is the sandbox's S3. Objects, listings and uploads in parts are those of gofakes3, an in-memory S3 library;
// this package adds what it lacks: owners and regions of buckets, server-side encryption and its defaults, the bodies
// and checksums that today's SDKs send, authorization, and AWS's error texts.
//
// S3's protocol is served whole here, request in and response out, since no other service speaks it.
package s3

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Keys knows KMS keys.
type Keys interface {
	// Key finds a key of this region by its id, ARN, alias name or alias ARN.
	Key(account, region, ref string) (kmstypes.KeyMetadata, bool)
	// Permits says whether the caller may use a key through S3; action is kms:GenerateDataKey or kms:Decrypt.
	Permits(c *service.Call, action, key string) *service.Error
}

// S3 holds buckets of all accounts and regions. It is safe for concurrent use.
type S3 struct {
	keys       Keys
	authorizer service.Authorizer
	objects    *store
	handler    http.Handler
	clock      *clock

	mu      sync.RWMutex
	buckets map[string]*bucket
}

// bucket is what gofakes3 doesn't know of a bucket. It is replaced, never changed.
type bucket struct {
	name, account, region string
	created               time.Time
	encryption            Encryption // what new objects get that don't ask for anything else
	bucketKey             bool
}

// Encryption is how an object is encrypted.
type Encryption struct {
	Mode   string // SSE-S3 or SSE-KMS
	KMSKey string // key ARN, for SSE-KMS
}

// Modes of encryption.
const (
	SSES3  = "SSE-S3"
	SSEKMS = "SSE-KMS"
)

// New makes an S3 without buckets. With nil keys every reference is taken for a key; a nil authorizer allows all.
func New(keys Keys, authorizer service.Authorizer) *S3 {
	tick := &clock{}
	objects := &store{Backend: s3mem.New(s3mem.WithTimeSource(tick), s3mem.WithVersionSeed(1))}
	fake := gofakes3.New(objects, gofakes3.WithTimeSource(tick), gofakes3.WithTimeSkewLimit(0))
	return &S3{keys: keys, authorizer: authorizer, objects: objects, handler: fake.Server(), clock: tick, buckets: map[string]*bucket{}}
}

// clock is gofakes3's clock: the time of the newest call; before the first, when scenarios are built, a day in 2021.
type clock struct{ now atomic.Pointer[time.Time] }

func (c *clock) set(now time.Time) { c.now.Store(&now) }

// Now returns the newest call's time.
func (c *clock) Now() time.Time {
	if now := c.now.Load(); now != nil {
		return now.UTC()
	}
	return time.Date(2021, time.March, 1, 9, 0, 0, 0, time.UTC)
}

// Since returns the time that passed on this clock.
func (c *clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// PutBucket adds a bucket in an account and region, with a default encryption; the zero one is SSE-S3, as AWS gives it
// to every bucket. It fails where the name is taken.
func (s *S3) PutBucket(account, region, name string, e Encryption) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have := s.buckets[name]; have != nil {
		return fmt.Errorf("bucket %s: %w", name, ErrBucketTaken)
	}
	if e.Mode == "" {
		e.Mode = SSES3
	}
	if err := s.objects.CreateBucket(name); err != nil {
		return fmt.Errorf("bucket %s: %w", name, err)
	}
	s.buckets[name] = &bucket{name: name, account: account, region: region, created: s.clock.Now(), encryption: e}
	return nil
}

// Errors of the methods for other services.
var (
	ErrBucketTaken  = errors.New("the bucket exists already")
	ErrNoBucket     = errors.New("the account has no such bucket")
	ErrNoObject     = errors.New("the bucket has no such object")
	ErrKeyNotUsable = errors.New("the KMS key can't be used")
	errKeyDisabled  = fmt.Errorf("%w: it is disabled", ErrKeyNotUsable)
)

func (s *S3) bucket(name string) *bucket {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.buckets[name]
}

// own returns a bucket of an account.
func (s *S3) own(account, name string) (*bucket, error) {
	b := s.bucket(name)
	if b == nil || b.account != account {
		return nil, fmt.Errorf("bucket %s of account %s: %w", name, account, ErrNoBucket)
	}
	return b, nil
}

// BucketRegion returns the region of a bucket that the account owns.
func (s *S3) BucketRegion(account, name string) (region string, found bool) {
	b, err := s.own(account, name)
	if err != nil {
		return "", false
	}
	return b.region, true
}

// WriteObject stores an object for another service. Mode is SSE-S3, SSE-KMS, or empty for the bucket's default.
func (s *S3) WriteObject(account, bucketName, key string, body []byte, mode, kmsKey string) error {
	b, err := s.own(account, bucketName)
	if err != nil {
		return err
	}
	e := b.encryption
	if mode != "" {
		e = Encryption{Mode: mode, KMSKey: kmsKey}
	}
	if e, err = s.resolve(b, e); err != nil {
		return err
	}
	meta := map[string]string{"Last-Modified": s.clock.Now().Format(http.TimeFormat), "Content-Type": "binary/octet-stream"}
	for name, value := range e.headers() {
		meta[name] = value
	}
	if _, err := s.objects.PutObject(bucketName, key, meta, strings.NewReader(string(body)), int64(len(body)), nil); err != nil {
		return fmt.Errorf("writing s3://%s/%s: %w", bucketName, key, err)
	}
	return nil
}

// ReadObject returns an object's content to another service.
func (s *S3) ReadObject(account, bucketName, key string) ([]byte, error) {
	o, err := s.open(account, bucketName, key)
	if err != nil {
		return nil, err
	}
	defer o.Contents.Close() // memory never fails to close
	body, err := io.ReadAll(o.Contents)
	if err != nil {
		return nil, fmt.Errorf("reading s3://%s/%s: %w", bucketName, key, err)
	}
	return body, nil
}

// ObjectEncryption returns how an object is encrypted.
func (s *S3) ObjectEncryption(account, bucketName, key string) (Encryption, error) {
	o, err := s.open(account, bucketName, key)
	if err != nil {
		return Encryption{}, err
	}
	return encryptionOf(o.Metadata), o.Contents.Close()
}

func (s *S3) open(account, bucketName, key string) (*gofakes3.Object, error) {
	if _, err := s.own(account, bucketName); err != nil {
		return nil, err
	}
	o, err := s.objects.GetObject(bucketName, key, nil)
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		return nil, fmt.Errorf("s3://%s/%s: %w", bucketName, key, ErrNoObject)
	}
	if err != nil {
		return nil, fmt.Errorf("reading s3://%s/%s: %w", bucketName, key, err)
	}
	return o, nil
}

// ListObjects returns the keys under a prefix, sorted.
func (s *S3) ListObjects(account, bucketName, prefix string) ([]string, error) {
	if _, err := s.own(account, bucketName); err != nil {
		return nil, err
	}
	list, err := s.objects.ListBucket(bucketName, &gofakes3.Prefix{HasPrefix: prefix != "", Prefix: prefix}, gofakes3.ListBucketPage{})
	if err != nil {
		return nil, fmt.Errorf("listing s3://%s/%s: %w", bucketName, prefix, err)
	}
	keys := make([]string, 0, len(list.Contents))
	for _, c := range list.Contents {
		keys = append(keys, c.Key)
	}
	slices.Sort(keys)
	return keys, nil
}

// resolve settles which key an encryption means.
func (s *S3) resolve(b *bucket, e Encryption) (Encryption, error) {
	if e.Mode != SSEKMS {
		return Encryption{Mode: SSES3}, nil
	}
	if e.KMSKey == "" {
		e.KMSKey = "alias/aws/s3"
	}
	if s.keys != nil {
		found, ok := s.keys.Key(b.account, b.region, e.KMSKey)
		if ok && found.KeyState == kmstypes.KeyStateDisabled {
			return e, fmt.Errorf("%s: %w", e.KMSKey, errKeyDisabled)
		}
		if ok && (found.KeyState != kmstypes.KeyStateEnabled || found.KeySpec != kmstypes.KeySpecSymmetricDefault) {
			return e, fmt.Errorf("%s is %s, %s: %w", e.KMSKey, found.KeyState, found.KeySpec, ErrKeyNotUsable)
		}
		if ok {
			return Encryption{Mode: SSEKMS, KMSKey: *found.Arn}, nil
		}
		if e.KMSKey != "alias/aws/s3" {
			return e, fmt.Errorf("%s: %w", e.KMSKey, ErrKeyNotUsable)
		}
	}
	if !strings.HasPrefix(e.KMSKey, "arn:") { // the key that AWS manages for S3 exists once someone has described it
		e.KMSKey = "arn:" + service.Partition(b.region) + ":kms:" + b.region + ":" + b.account + ":key/" + strings.ReplaceAll(e.KMSKey, "alias/aws/s3", managedKeyID)
	}
	return e, nil
}

// managedKeyID stands for the id of the key that AWS manages for S3, before KMS has made it.
const managedKeyID = "00000000-0000-4000-8000-000000000053"
