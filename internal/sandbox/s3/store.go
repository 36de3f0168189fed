package s3

import (
	"io"
	"maps"
	"strings"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// store corrects what s3mem does with metadata: it keeps every X-Amz header of the request, signatures too, and an
// overwritten object's metadata shows through the new one's.
type store struct{ *s3mem.Backend }

// kept tells whether a header belongs to the object.
func kept(header string) bool {
	switch header {
	case "Content-Type", "Content-Disposition", "Content-Encoding", "Last-Modified", "X-Amz-Storage-Class":
		return true
	}
	return strings.HasPrefix(header, "X-Amz-Meta-") || strings.HasPrefix(header, "X-Amz-Server-Side-Encryption")
}

// PutObject stores an object with the metadata that belongs to it. Members of an object that was there before are
// overwritten with nothing, which GetObject and HeadObject leave out.
func (s *store) PutObject(bucket, key string, meta map[string]string, body io.Reader, size int64, conditions *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	clean := map[string]string{}
	for name, value := range meta {
		if kept(name) {
			clean[name] = value
		}
	}
	if old, err := s.Backend.HeadObject(bucket, key); err == nil {
		for name := range old.Metadata {
			if _, ok := clean[name]; !ok {
				clean[name] = ""
			}
		}
	}
	return s.Backend.PutObject(bucket, key, clean, body, size, conditions)
}

// CopyObject copies through PutObject.
func (s *store) CopyObject(fromBucket, fromKey, toBucket, toKey string, meta map[string]string) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObject(s, fromBucket, fromKey, toBucket, toKey, meta)
}

// GetObject returns an object without empty metadata.
func (s *store) GetObject(bucket, key string, r *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	return s.correct(bucket, key, r, s.Backend.GetObject)
}

// HeadObject returns an object without empty metadata and without content.
func (s *store) HeadObject(bucket, key string) (*gofakes3.Object, error) {
	return s.correct(bucket, key, nil, func(bucket, key string, _ *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
		return s.Backend.HeadObject(bucket, key)
	})
}

type getter func(bucket, key string, r *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error)

// correct leaves out empty metadata, and the version of an object in a bucket without versioning.
func (s *store) correct(bucket, key string, r *gofakes3.ObjectRangeRequest, get getter) (*gofakes3.Object, error) {
	o, err := get(bucket, key, r)
	if err != nil {
		return nil, err
	}
	if v, err := s.VersioningConfiguration(bucket); err == nil && v.Status == gofakes3.VersioningNone {
		o.VersionID = ""
	}
	o.Metadata = maps.Clone(o.Metadata)
	maps.DeleteFunc(o.Metadata, func(_, value string) bool { return value == "" })
	return o, nil
}
