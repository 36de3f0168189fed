package s3

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/johannesboyne/gofakes3"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// exchange is one request on its way through this package.
type exchange struct {
	call      *service.Call
	w         *response
	r         *http.Request
	operation string
	name, key string
	bucket    *bucket // nil where the operation is about none, or about one to make
}

// ServeS3 answers one authenticated S3 request. The call's operation is best taken from Operation.
func (s *S3) ServeS3(w http.ResponseWriter, r *http.Request, c *service.Call) {
	s.clock.set(c.Now)
	x := &exchange{call: c, r: r.Clone(r.Context()), w: &response{ResponseWriter: w, requestID: c.RequestID, head: r.Method == http.MethodHead}}
	x.name, x.key = target(r)
	x.operation = operation(r, x.name, x.key)
	x.r.URL.Path = "/" + x.name
	if x.key != "" {
		x.r.URL.Path += "/" + x.key
	}
	if refused := s.admit(x); refused != nil {
		x.fail(refused)
		return
	}
	if refused := unwrap(x.r); refused != nil {
		x.fail(refused)
		return
	}
	s.dispatch(x)
}

func (s *S3) dispatch(x *exchange) {
	switch x.operation {
	case "ListBuckets":
		s.listBuckets(x)
	case "CreateBucket":
		s.createBucket(x)
	case "DeleteBucket":
		s.deleteBucket(x)
	case "HeadBucket":
		x.w.WriteHeader(http.StatusOK)
	case "GetBucketLocation":
		s.getBucketLocation(x)
	case "GetBucketEncryption":
		s.getBucketEncryption(x)
	case "PutBucketEncryption":
		s.putBucketEncryption(x)
	case "DeleteBucketEncryption":
		s.deleteBucketEncryption(x)
	case "GetBucketPolicy":
		x.fail(&service.Error{Code: "NoSuchBucketPolicy", Message: "The bucket policy does not exist", Status: http.StatusNotFound})
	case "PutObject", "CopyObject", "CreateMultipartUpload":
		s.write(x)
	case "GetObject", "HeadObject":
		s.read(x)
	case "DeleteObjects":
		s.deleteObjects(x)
	default:
		s.handler.ServeHTTP(x.w, x.r)
	}
}

// admit refuses what S3 refuses before it looks at what is asked: bucket, region, owner, permission, in this order.
func (s *S3) admit(x *exchange) *service.Error {
	if x.operation == "" {
		return &service.Error{Code: "NotImplemented", Message: "A header or query you provided implies functionality that is not implemented", Status: http.StatusNotImplemented}
	}
	if x.name != "" && x.operation != "CreateBucket" {
		x.bucket = s.bucket(x.name)
		if x.bucket == nil {
			return &service.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: http.StatusNotFound}
		}
		x.w.Header().Set("X-Amz-Bucket-Region", x.bucket.region)
		if x.bucket.region != x.call.Region && x.operation != "GetBucketLocation" {
			return &service.Error{
				Code: "PermanentRedirect", Status: http.StatusMovedPermanently,
				Message: "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
			}
		}
		expected := x.r.Header.Get("X-Amz-Expected-Bucket-Owner")
		if x.bucket.account != x.call.Account || expected != "" && expected != x.bucket.account {
			return accessDenied()
		}
	}
	if x.operation == "DeleteObjects" {
		return nil // each object that it names is asked for
	}
	name, object := action(x.operation)
	return s.allow(x, name, object)
}

// allow asks for one permission on the request's bucket or object.
func (s *S3) allow(x *exchange, action string, object bool) *service.Error {
	if s.authorizer == nil {
		return nil
	}
	resource := "*"
	if x.name != "" {
		resource = "arn:" + x.call.Partition + ":s3:::" + x.name
	}
	if object {
		resource += "/" + x.key
	}
	return s.ask(x, action, resource)
}

func (s *S3) ask(x *exchange, action, resource string) *service.Error {
	if s.authorizer == nil {
		return nil
	}
	refused := s.authorizer.Authorize(x.call, action, resource)
	if refused == nil {
		return nil
	}
	return &service.Error{Code: "AccessDenied", Message: refused.Message, Status: http.StatusForbidden} // S3's code has no "Exception"
}

// askKey asks KMS in the caller's name, which knows the key's policy and grants. Everyone who may use S3 may use the key
// that AWS manages for it.
func (s *S3) askKey(x *exchange, action, key string) *service.Error {
	if refused := s.ask(x, action, key); refused != nil || s.keys == nil || strings.HasSuffix(key, managedKeyID) {
		return refused
	}
	refused := s.keys.Permits(x.call, action, key)
	if refused == nil {
		return nil
	}
	if refused.Code == "AccessDeniedException" {
		return &service.Error{Code: "AccessDenied", Message: refused.Message, Status: http.StatusForbidden}
	}
	return &service.Error{Code: "KMS." + refused.Code, Message: refused.Message, Status: http.StatusBadRequest}
}

func accessDenied() *service.Error {
	return &service.Error{Code: "AccessDenied", Message: "Access Denied", Status: http.StatusForbidden}
}

// write settles how a new object is encrypted, then stores it.
func (s *S3) write(x *exchange) {
	e, refused := s.wanted(x.bucket, x.r.Header)
	if refused == nil && e.Mode == SSEKMS {
		refused = s.askKey(x, "kms:GenerateDataKey", e.KMSKey)
	}
	if refused == nil && x.operation == "CopyObject" {
		refused = s.readable(x)
	}
	if refused != nil {
		x.fail(refused)
		return
	}
	for name, value := range e.headers() {
		x.r.Header.Set(name, value)
		if value != "" {
			x.w.Header().Set(name, value)
		}
	}
	if x.r.Header.Get("Content-Type") == "" {
		x.r.Header.Set("Content-Type", "binary/octet-stream")
	}
	s.handler.ServeHTTP(x.w, x.r)
}

// readable refuses to copy from where the caller may not read.
func (s *S3) readable(x *exchange) *service.Error {
	source, err := url.PathUnescape(strings.TrimPrefix(x.r.Header.Get("X-Amz-Copy-Source"), "/"))
	name, key, ok := strings.Cut(source, "/")
	if err != nil || !ok {
		return &service.Error{Code: "InvalidArgument", Message: "Copy Source must mention the source bucket and key: sourcebucket/sourcekey", Status: http.StatusBadRequest}
	}
	from := s.bucket(name)
	if from == nil {
		return &service.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: http.StatusNotFound}
	}
	if from.account != x.call.Account {
		return accessDenied()
	}
	return s.ask(x, "s3:GetObject", "arn:"+x.call.Partition+":s3:::"+name+"/"+key)
}

// read answers with an object. A caller who may not list the bucket is not told that a key is missing.
func (s *S3) read(x *exchange) {
	if version := x.r.URL.Query().Get("versionId"); version == "" || version == "null" {
		o, err := s.objects.HeadObject(x.name, x.key)
		if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
			refused := s.allow(x, "s3:ListBucket", false)
			if refused == nil {
				refused = &service.Error{Code: "NoSuchKey", Message: "The specified key does not exist.", Status: http.StatusNotFound}
			}
			x.fail(refused)
			return
		}
		if err == nil {
			if e := encryptionOf(o.Metadata); e.Mode == SSEKMS && x.operation == "GetObject" {
				if refused := s.askKey(x, "kms:Decrypt", e.KMSKey); refused != nil {
					x.fail(refused)
					return
				}
			}
		}
	}
	s.handler.ServeHTTP(x.w, x.r)
}

// deleteObjects deletes several objects, or none when the caller may not delete one of them.
func (s *S3) deleteObjects(x *exchange) {
	var asked struct {
		Objects []struct{ Key string } `xml:"Object"`
	}
	body, err := io.ReadAll(x.r.Body)
	if err != nil || xml.Unmarshal(body, &asked) != nil || len(asked.Objects) == 0 || len(asked.Objects) > 1000 {
		x.fail(malformedXML())
		return
	}
	for _, o := range asked.Objects {
		if refused := s.ask(x, "s3:DeleteObject", "arn:"+x.call.Partition+":s3:::"+x.name+"/"+o.Key); refused != nil {
			x.fail(refused)
			return
		}
	}
	x.r.Body = io.NopCloser(bytes.NewReader(body))
	s.handler.ServeHTTP(x.w, x.r)
}

func (s *S3) listBuckets(x *exchange) {
	type entry struct {
		Name         string
		CreationDate string
		BucketRegion string
	}
	type result struct {
		XMLName xml.Name `xml:"ListAllMyBucketsResult"`
		Xmlns   string   `xml:"xmlns,attr"`
		Owner   struct{ ID string }
		Buckets struct {
			Bucket []entry
		}
	}
	out := result{Xmlns: namespace}
	out.Owner.ID = hexSHA256([]byte(x.call.Account))
	prefix, region := x.r.URL.Query().Get("prefix"), x.r.URL.Query().Get("bucket-region")
	s.mu.RLock()
	for _, b := range s.buckets {
		if b.account == x.call.Account && strings.HasPrefix(b.name, prefix) && (region == "" || region == b.region) {
			out.Buckets.Bucket = append(out.Buckets.Bucket, entry{b.name, b.created.UTC().Format("2006-01-02T15:04:05.000Z"), b.region})
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(out.Buckets.Bucket, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	x.xml(out)
}

func (s *S3) createBucket(x *exchange) {
	var asked struct {
		LocationConstraint string
	}
	if x.r.ContentLength > 0 && xml.NewDecoder(x.r.Body).Decode(&asked) != nil {
		x.fail(malformedXML())
		return
	}
	if err := gofakes3.ValidateBucketName(x.name); err != nil {
		x.fail(&service.Error{Code: "InvalidBucketName", Message: "The specified bucket is not valid.", Status: http.StatusBadRequest})
		return
	}
	region := x.call.Region
	if asked.LocationConstraint != region && (region != "us-east-1" || asked.LocationConstraint != "") {
		shown := asked.LocationConstraint
		if shown == "" {
			shown = "unspecified"
		}
		x.fail(&service.Error{
			Code: "IllegalLocationConstraintException", Status: http.StatusBadRequest,
			Message: "The " + shown + " location constraint is incompatible for the region specific endpoint this request was sent to.",
		})
		return
	}
	if err := s.PutBucket(x.call.Account, region, x.name, Encryption{}); err != nil {
		s.taken(x)
		return
	}
	x.w.Header().Set("Location", "/"+x.name)
	x.w.WriteHeader(http.StatusOK)
}

// taken answers for a bucket name that is in use. In us-east-1, making one's own bucket again succeeds.
func (s *S3) taken(x *exchange) {
	b := s.bucket(x.name)
	switch {
	case b == nil || b.account != x.call.Account:
		x.fail(&service.Error{
			Code: "BucketAlreadyExists", Status: http.StatusConflict,
			Message: "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
		})
	case b.region == "us-east-1" && x.call.Region == "us-east-1":
		x.w.Header().Set("Location", "/"+x.name)
		x.w.WriteHeader(http.StatusOK)
	default:
		x.fail(&service.Error{
			Code: "BucketAlreadyOwnedByYou", Status: http.StatusConflict,
			Message: "Your previous request to create the named bucket succeeded and you already own it.",
		})
	}
}

func (s *S3) deleteBucket(x *exchange) {
	s.mu.Lock()
	err := s.objects.DeleteBucket(x.name)
	if err == nil {
		delete(s.buckets, x.name)
	}
	s.mu.Unlock()
	if err != nil {
		x.fail(&service.Error{Code: "BucketNotEmpty", Message: "The bucket you tried to delete is not empty", Status: http.StatusConflict})
		return
	}
	x.w.WriteHeader(http.StatusNoContent)
}

func (s *S3) getBucketLocation(x *exchange) {
	type location struct {
		XMLName xml.Name `xml:"LocationConstraint"`
		Xmlns   string   `xml:"xmlns,attr"`
		Region  string   `xml:",chardata"`
	}
	region := x.bucket.region
	if region == "us-east-1" {
		region = "" // it has no constraint
	}
	x.xml(location{Xmlns: namespace, Region: region})
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
