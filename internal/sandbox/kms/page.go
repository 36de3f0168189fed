package kms

import (
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// page cuts a sorted list at a marker, which names the last entry of the page before. The default size is half of the
// largest where KMS documents 50 of 100, and a tenth where it documents 100 of 1000.
func page[T any](all []T, name func(T) string, limit *int32, fallback, largest int, marker *string) (cut []T, next *string, err *service.Error) {
	size := fallback
	if limit != nil {
		size = int(*limit)
	}
	if size < 1 || size > largest {
		return nil, nil, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must be between 1 and %d", size, largest)
	}
	start := 0
	if marker != nil {
		last, bad := base64.RawURLEncoding.DecodeString(*marker)
		if bad != nil {
			return nil, nil, refused("InvalidMarkerException", "Invalid marker.")
		}
		for start < len(all) && name(all[start]) <= string(last) {
			start++
		}
	}
	end := min(start+size, len(all))
	if end < len(all) {
		next = aws.String(base64.RawURLEncoding.EncodeToString([]byte(name(all[end-1]))))
	}
	return all[start:end], next, nil
}
