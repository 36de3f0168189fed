package s3

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Headers of server-side encryption, as net/http spells them.
const (
	sseHeader = "X-Amz-Server-Side-Encryption"
	keyHeader = "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"
)

// headers are an object's encryption as its headers say it. Both are always there, so that none of another object's
// shows through.
func (e Encryption) headers() map[string]string {
	if e.Mode == SSEKMS {
		return map[string]string{sseHeader: "aws:kms", keyHeader: e.KMSKey}
	}
	return map[string]string{sseHeader: "AES256", keyHeader: ""}
}

func encryptionOf(headers map[string]string) Encryption {
	if strings.HasPrefix(headers[sseHeader], "aws:kms") {
		return Encryption{Mode: SSEKMS, KMSKey: headers[keyHeader]}
	}
	return Encryption{Mode: SSES3}
}

// wanted is the encryption that a request asks for, else the bucket's default.
func (s *S3) wanted(b *bucket, h http.Header) (Encryption, *service.Error) {
	mode, key := h.Get(sseHeader), h.Get(keyHeader)
	e := b.encryption
	switch mode {
	case "":
		if key != "" {
			return e, keyWithoutKMS()
		}
	case "AES256":
		if key != "" {
			return e, keyWithoutKMS()
		}
		e = Encryption{Mode: SSES3}
	case "aws:kms", "aws:kms:dsse":
		e = Encryption{Mode: SSEKMS, KMSKey: key}
	default:
		return e, &service.Error{Code: "InvalidArgument", Message: "The encryption method specified is not supported", Status: http.StatusBadRequest}
	}
	resolved, err := s.resolve(b, e)
	if errors.Is(err, errKeyDisabled) {
		return e, &service.Error{Code: "KMS.DisabledException", Message: e.KMSKey + " is disabled.", Status: http.StatusBadRequest}
	}
	if err != nil {
		return e, &service.Error{Code: "KMS.NotFoundException", Message: "Invalid keyId '" + e.KMSKey + "'", Status: http.StatusBadRequest}
	}
	return resolved, nil
}

func keyWithoutKMS() *service.Error {
	return &service.Error{
		Code: "InvalidArgument", Status: http.StatusBadRequest,
		Message: "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
	}
}

// encryptionDocument is the body of GetBucketEncryption and PutBucketEncryption.
type encryptionDocument struct {
	XMLName xml.Name         `xml:"ServerSideEncryptionConfiguration"`
	Xmlns   string           `xml:"xmlns,attr,omitempty"`
	Rules   []encryptionRule `xml:"Rule"`
}

type encryptionRule struct {
	Default struct {
		Algorithm string `xml:"SSEAlgorithm"`
		Key       string `xml:"KMSMasterKeyID,omitempty"`
	} `xml:"ApplyServerSideEncryptionByDefault"`
	BucketKeyEnabled bool `xml:"BucketKeyEnabled"`
}

func (s *S3) getBucketEncryption(x *exchange) {
	rule := encryptionRule{BucketKeyEnabled: x.bucket.bucketKey}
	rule.Default.Algorithm = x.bucket.encryption.headers()[sseHeader]
	rule.Default.Key = x.bucket.encryption.KMSKey
	x.xml(encryptionDocument{Xmlns: namespace, Rules: []encryptionRule{rule}})
}

func (s *S3) putBucketEncryption(x *exchange) {
	var doc encryptionDocument
	body, err := io.ReadAll(x.r.Body)
	if err != nil || xml.Unmarshal(body, &doc) != nil || len(doc.Rules) != 1 {
		x.fail(malformedXML())
		return
	}
	e := Encryption{Mode: SSES3}
	switch rule := doc.Rules[0].Default; {
	case strings.HasPrefix(rule.Algorithm, "aws:kms"):
		e = Encryption{Mode: SSEKMS, KMSKey: rule.Key}
	case rule.Algorithm != "AES256":
		x.fail(malformedXML())
		return
	case rule.Key != "":
		x.fail(&service.Error{Code: "InvalidArgument", Message: "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse", Status: http.StatusBadRequest})
		return
	}
	s.replace(x.bucket.name, func(b *bucket) { b.encryption, b.bucketKey = e, doc.Rules[0].BucketKeyEnabled })
}

// deleteBucketEncryption puts AWS's own default back: a bucket is never without.
func (s *S3) deleteBucketEncryption(x *exchange) {
	s.replace(x.bucket.name, func(b *bucket) { b.encryption, b.bucketKey = Encryption{Mode: SSES3}, false })
	x.w.WriteHeader(http.StatusNoContent)
}

// replace puts a changed copy of a bucket in its place.
func (s *S3) replace(name string, change func(*bucket)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[name]; b != nil {
		changed := *b
		change(&changed)
		s.buckets[name] = &changed
	}
}

func malformedXML() *service.Error {
	return &service.Error{
		Code: "MalformedXML", Status: http.StatusBadRequest,
		Message: "The XML you provided was not well-formed or did not validate against our published schema",
	}
}
