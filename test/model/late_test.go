package model

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// shows hides from an answer what was made just now, where the world's AWS is late: what AWS says it made may not be seen
// for a while.
func (w *world) shows(operation string, r *http.Response) *http.Response {
	if w.late == 0 || r.StatusCode != http.StatusOK {
		return r
	}
	var found bool
	switch operation {
	case "GetDevEndpoint", "GetMLTransform":
		found = true
	case "GetDevEndpoints", "GetMLTransforms", "GetResources":
	default:
		return r
	}
	body, err := io.ReadAll(r.Body)
	shown := map[string]any{}
	if err != nil || json.Unmarshal(body, &shown) != nil {
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), broken{}))
		return r
	}
	if found {
		one := shown
		if inner, ok := shown["DevEndpoint"].(map[string]any); ok {
			one = inner
		}
		if w.hidden(one) {
			r.StatusCode, body = http.StatusBadRequest, []byte(`{"__type":"EntityNotFoundException","Message":"It does not show yet"}`)
		}
	}
	for _, list := range []string{"DevEndpoints", "Transforms", "ResourceTagMappingList"} {
		all, ok := shown[list].([]any)
		if !ok {
			continue
		}
		var rest []any
		for _, v := range all {
			if !w.hidden(v.(map[string]any)) {
				rest = append(rest, v)
			}
		}
		shown[list] = append([]any{}, rest...)
		if body, err = json.Marshal(shown); err != nil {
			must(err)
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.Header.Del("Content-Length")
	return r
}

// hidden tells whether a resource is too new to be shown.
func (w *world) hidden(v map[string]any) bool {
	var made time.Time
	for _, member := range []string{"CreatedTimestamp", "CreatedOn"} {
		if seconds, ok := v[member].(float64); ok {
			made = time.UnixMicro(int64(seconds * 1e6))
		}
	}
	if arn, ok := v["ResourceARN"].(string); ok && strings.Contains(arn, ":kms:") {
		if out, err := w.eye.kms.DescribeKey(w.ctx, &kms.DescribeKeyInput{KeyId: &arn}); err == nil {
			made = *out.KeyMetadata.CreationDate
		}
	}
	return time.Since(made) < w.late
}
