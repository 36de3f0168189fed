package iam

import (
	"encoding/base64"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	defaultPage = 100
	maxPage     = 1000
)

// markerPrefix tells our markers from any other text that happens to decode.
const markerPrefix = "after/"

// page cuts a sorted list at a marker, which names the last entry of the page before.
func page[T any](all []T, name func(T) string, marker *string, maxItems *int32) (cut []T, next *string, err *service.Error) {
	size := int(aws.ToInt32(maxItems))
	if maxItems == nil {
		size = defaultPage
	}
	if size < 1 || size > maxPage {
		return nil, nil, invalid("Value '%d' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000", size)
	}
	start := 0
	if marker != nil {
		text, bad := base64.RawURLEncoding.DecodeString(*marker)
		last, ours := strings.CutPrefix(string(text), markerPrefix)
		if bad != nil || !ours {
			return nil, nil, invalid("Invalid Marker.")
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
