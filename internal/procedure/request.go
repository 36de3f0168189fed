package procedure

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

// Request is the encryption that an update asks for.
type Request struct {
	Mode resource.Mode // NONE, SSE-S3 or SSE-KMS
	Key  string        // id, ARN or alias; only with SSE-KMS, and there it may be left to the policy
}

// ParseRequest reads the JSON that a procedure gives to an update: {"S3EncryptionMode": …} of a dev endpoint or
// {"EncryptionMode": …} of an ML transform, each with "KmsKeyId" under SSE-KMS. It reads the AWS CLI's shorthand likewise:
// S3EncryptionMode=SSE-KMS,KmsKeyId=….
func ParseRequest(text string) (Request, error) {
	if members, ok, err := shorthand(text); err != nil {
		return Request{}, err
	} else if ok {
		text = members
	}
	var asked struct {
		S3EncryptionMode, EncryptionMode, KmsKeyID *string
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&asked); err != nil {
		return Request{}, fmt.Errorf("Invalid JSON: %w\nJSON received: %s", err, text) //nolint:staticcheck // AWS's own words
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Request{}, fmt.Errorf("Invalid JSON: something follows it\nJSON received: %s", text) //nolint:staticcheck // AWS's own words
	}
	mode := asked.S3EncryptionMode
	switch {
	case mode != nil && asked.EncryptionMode != nil:
		return Request{}, errors.New("give S3EncryptionMode or EncryptionMode, not both")
	case mode == nil:
		mode = asked.EncryptionMode
	}
	if mode == nil {
		return Request{}, errors.New(`the mode is missing: want "S3EncryptionMode" (or "EncryptionMode"), SSE-KMS, SSE-S3 or NONE`)
	}
	r := Request{Mode: resource.Mode(strings.ToUpper(*mode))}
	switch r.Mode {
	case resource.ModeNone, resource.ModeSSES3, resource.ModeSSEKMS:
	default:
		return Request{}, fmt.Errorf("the mode %q is none that AWS Glue offers here: want SSE-KMS, SSE-S3 or NONE", *mode)
	}
	if asked.KmsKeyID != nil {
		r.Key = *asked.KmsKeyID
		if r.Mode != resource.ModeSSEKMS {
			return Request{}, fmt.Errorf("KmsKeyId goes with SSE-KMS, not with %s", *mode)
		}
		if r.Key == "" {
			return Request{}, errors.New("KmsKeyId is empty")
		}
	}
	return r, nil
}

// shorthand turns NAME=VALUE,NAME=VALUE into a JSON object. Anything else is left alone.
func shorthand(text string) (string, bool, error) {
	first := strings.TrimSpace(text)
	if first == "" || !strings.Contains(first, "=") || strings.ContainsAny(first[:1], `{["'`) {
		return "", false, nil
	}
	members := map[string]string{}
	for part := range strings.SplitSeq(first, ",") {
		name, value, ok := strings.Cut(part, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if _, twice := members[name]; !ok || name == "" || twice {
			return "", false, fmt.Errorf("Expected: NAME=VALUE, each name once, received: %q for input:\n%s", part, text) //nolint:staticcheck // AWS's own words
		}
		if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			value = value[1 : n-1]
		}
		members[name] = value
	}
	object, err := json.Marshal(members)
	return string(object), err == nil, err
}
