package kms

import (
	"encoding/base64"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// markerPrefix tells our markers from any other text that happens to decode.
const markerPrefix = "after/"

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
		text, bad := base64.RawURLEncoding.DecodeString(*marker)
		last, ours := strings.CutPrefix(string(text), markerPrefix)
		if bad != nil || !ours {
			return nil, nil, refused("InvalidMarkerException", "Invalid marker.")
		}
		for start < len(all) && name(all[start]) <= last {
			start++
		}
	}
	end := min(start+size, len(all))
	if end < len(all) {
		next = aws.String(base64.RawURLEncoding.EncodeToString([]byte(markerPrefix + name(all[end-1]))))
	}
	return all[start:end], next, nil
}
