package s3

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Operation names the S3 operation that a request asks for, e.g. "PutObject"; "" when it is none that is served.
func Operation(r *http.Request) string {
	bucket, key := target(r)
	return operation(r, bucket, key)
}

// target takes a request's bucket and key from its host name (bucket.s3.region.amazonaws.com, bucket.localhost) or its path.
func target(r *http.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if bucket := hostBucket(r.Host); bucket != "" {
		return bucket, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

func hostBucket(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return ""
	}
	if i := strings.Index(host, ".s3."); i > 0 {
		return host[:i]
	}
	if bucket, ok := strings.CutSuffix(host, ".localhost"); ok && bucket != "s3" && !strings.HasPrefix(bucket, "s3.") {
		return bucket
	}
	return ""
}

// subresources are the query parameters that make another operation of a request to a bucket or an object.
func subresources() []string {
	return []string{
		"accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "intelligent-tiering", "inventory", "legal-hold",
		"lifecycle", "location", "logging", "metadataTable", "metrics", "notification", "object-lock", "ownershipControls", "policy",
		"policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore", "retention", "select", "session", "tagging",
		"torrent", "uploads", "versioning", "versions", "website",
	}
}

func subresource(q url.Values) string {
	for _, name := range subresources() {
		if q.Has(name) {
			return name
		}
	}
	return ""
}

func operation(r *http.Request, bucket, key string) string {
	q := r.URL.Query()
	sub := subresource(q)
	switch {
	case bucket == "" && r.Method == http.MethodGet:
		return "ListBuckets"
	case bucket == "":
		return ""
	case key == "":
		return bucketOperation(r.Method, sub, q)
	}
	return objectOperation(r, sub, q)
}

func bucketOperation(method, sub string, q url.Values) string {
	switch method + " " + sub {
	case "GET ":
		if q.Get("list-type") == "2" {
			return "ListObjectsV2"
		}
		return "ListObjects"
	case "HEAD ":
		return "HeadBucket"
	case "PUT ":
		return "CreateBucket"
	case "DELETE ":
		return "DeleteBucket"
	case "POST delete":
		return "DeleteObjects"
	case "GET location":
		return "GetBucketLocation"
	case "GET encryption":
		return "GetBucketEncryption"
	case "PUT encryption":
		return "PutBucketEncryption"
	case "DELETE encryption":
		return "DeleteBucketEncryption"
	case "GET versioning":
		return "GetBucketVersioning"
	case "PUT versioning":
		return "PutBucketVersioning"
	case "GET versions":
		return "ListObjectVersions"
	case "GET uploads":
		return "ListMultipartUploads"
	case "GET policy":
		return "GetBucketPolicy"
	}
	return ""
}

func objectOperation(r *http.Request, sub string, q url.Values) string {
	part, copied := q.Has("uploadId"), r.Header.Get("X-Amz-Copy-Source") != ""
	switch r.Method + " " + sub {
	case "GET ":
		if part {
			return "ListParts"
		}
		return "GetObject"
	case "HEAD ":
		return "HeadObject"
	case "PUT ":
		switch {
		case part && copied:
			return "" // UploadPartCopy: gofakes3 has none
		case part:
			return "UploadPart"
		case copied:
			return "CopyObject"
		}
		return "PutObject"
	case "DELETE ":
		if part {
			return "AbortMultipartUpload"
		}
		return "DeleteObject"
	case "POST uploads":
		return "CreateMultipartUpload"
	case "POST ":
		if part {
			return "CompleteMultipartUpload"
		}
	}
	return ""
}

// action is the IAM action behind an operation, and whether it is about the object or the bucket.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
func action(operation string) (name string, object bool) {
	switch operation {
	case "HeadBucket", "ListObjects", "ListObjectsV2":
		return "s3:ListBucket", false
	case "ListBuckets":
		return "s3:ListAllMyBuckets", false
	case "GetBucketEncryption":
		return "s3:GetEncryptionConfiguration", false
	case "PutBucketEncryption", "DeleteBucketEncryption":
		return "s3:PutEncryptionConfiguration", false
	case "ListObjectVersions":
		return "s3:ListBucketVersions", false
	case "ListMultipartUploads":
		return "s3:ListBucketMultipartUploads", false
	case "GetObject", "HeadObject":
		return "s3:GetObject", true
	case "PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload":
		return "s3:PutObject", true
	case "DeleteObject", "DeleteObjects":
		return "s3:DeleteObject", true
	case "ListParts":
		return "s3:ListMultipartUploadParts", true
	case "AbortMultipartUpload":
		return "s3:AbortMultipartUpload", true
	}
	return "s3:" + operation, false
}
