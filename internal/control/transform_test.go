package control_test

import (
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// Every row of the table of glue-ml-transform-encryption-at-rest.
func TestMLTransform(t *testing.T) {
	t.Parallel()
	const none = resource.ModeNone
	user := func(mode resource.Mode, key string) *resource.Encryption {
		return &resource.Encryption{Mode: mode, KMSKey: key}
	}
	off, kms := user("DISABLED", ""), user("SSE-KMS", keyARN)
	glue3, noRuns := []string{"security-hub-glue-3"}, []string{"task-run-encryption-absent"}
	tests := map[string]struct {
		userData *resource.Encryption
		taskRuns string
		policy   policy.Policy
		want     want
	}{
		"user data mode unknown":                 {user("SSE-NEW", ""), "", sop(), want{"unknown", "mode-unrecognised", "", nil}},
		"user data mode unknown, strict":         {user("SSE-NEW", ""), "sse-kms", strict(), want{"unknown", "mode-unrecognised", "", nil}},
		"user data SSE-S3 does not exist":        {user("SSE-S3", ""), "", sop(), want{"unknown", "mode-unrecognised", "", nil}},
		"user data SSE-KMS":                      {kms, "sse-s3", sop(), want{"pass", "sse-kms", "SSE-KMS", nil}},
		"user data SSE-KMS, strict":              {kms, "sse-s3", strict(), want{"pass", "sse-kms", "SSE-KMS", nil}},
		"SSE-KMS, no task runs":                  {kms, "", sop(), want{"pass", "sse-kms", "SSE-KMS", noRuns}},
		"SSE-KMS, task runs missing":             {kms, "missing", sop(), want{"pass", "sse-kms", "SSE-KMS", noRuns}},
		"SSE-KMS, task runs off":                 {kms, "off", sop(), want{"pass", "sse-kms", "SSE-KMS", noRuns}},
		"SSE-KMS, task runs say nothing":         {kms, "partial", sop(), want{"pass", "sse-kms", "SSE-KMS", noRuns}},
		"SSE-KMS, task runs unreadable":          {kms, "unreadable", sop(), want{"pass", "sse-kms", "SSE-KMS", nil}},
		"KMS required, none":                     {nil, "", kmsRequired(), want{"fail", "below-required-mode", none, nil}},
		"KMS required, DISABLED":                 {off, "sse-kms", kmsRequired(), want{"fail", "below-required-mode", none, nil}},
		"KMS required, task runs unreadable":     {nil, "unreadable", kmsRequired(), want{"fail", "below-required-mode", none, nil}},
		"KMS required, task runs missing":        {nil, "missing", kmsRequired(), want{"fail", "below-required-mode", none, nil}},
		"strict, none":                           {nil, "sse-kms", strict(), want{"fail", "below-required-mode", none, nil}},
		"task runs unreadable":                   {nil, "unreadable", sop(), want{"unknown", "security-configuration-unreadable", "", nil}},
		"task runs never read":                   {off, "not-in-the-snapshot", sop(), want{"unknown", "security-configuration-unreadable", "", nil}},
		"task runs of unknown mode":              {nil, "odd", sop(), want{"unknown", "mode-unrecognised", "", nil}},
		"task runs of unknown mode and SSE-S3":   {nil, "mixed-odd", sop(), want{"unknown", "mode-unrecognised", "", nil}},
		"task runs missing":                      {nil, "missing", sop(), want{"fail", "security-configuration-missing", none, nil}},
		"task runs SSE-S3":                       {nil, "sse-s3", sop(), want{"pass", "task-run-encryption-only", "SSE-S3", glue3}},
		"task runs SSE-KMS":                      {off, "sse-kms", sop(), want{"pass", "task-run-encryption-only", "SSE-KMS", glue3}},
		"task runs mixed":                        {nil, "mixed", sop(), want{"pass", "task-run-encryption-only", "SSE-S3", glue3}},
		"task runs with a key that is gone":      {nil, "kms-gone", sop(), want{"pass", "task-run-encryption-only", "SSE-KMS", []string{"key-unusable", "security-hub-glue-3"}}},
		"absent":                                 {nil, "", sop(), want{"fail", "user-data-encryption-disabled", none, nil}},
		"DISABLED":                               {off, "", sop(), want{"fail", "user-data-encryption-disabled", none, nil}},
		"no mode":                                {user("", ""), "", sop(), want{"fail", "user-data-encryption-disabled", none, nil}},
		"task runs say nothing":                  {nil, "empty", sop(), want{"fail", "user-data-encryption-disabled", none, nil}},
		"task runs DISABLED":                     {nil, "off", sop(), want{"fail", "user-data-encryption-disabled", none, nil}},
		"one entry of the task runs DISABLED":    {nil, "mixed-off", sop(), want{"fail", "user-data-encryption-disabled", none, nil}},
		"one entry DISABLED, another unknown":    {nil, "mixed-odd-off", sop(), want{"fail", "user-data-encryption-disabled", none, nil}},
		"key gone":                               {user("SSE-KMS", "gone"), "sse-s3", sop(), want{"pass", "sse-kms", "SSE-KMS", []string{"key-unusable"}}},
		"no key named":                           {user("SSE-KMS", ""), "sse-s3", sop(), want{"pass", "sse-kms", "SSE-KMS", []string{"no-key-named"}}},
		"strict: key gone":                       {user("SSE-KMS", "gone"), "sse-s3", strict(), want{"fail", "key-unusable", "SSE-KMS", nil}},
		"strict: no key named":                   {user("SSE-KMS", ""), "sse-s3", strict(), want{"fail", "below-required-mode", "SSE-KMS", []string{"no-key-named"}}},
		"strict: AWS managed":                    {user("SSE-KMS", "alias/aws/glue"), "sse-s3", strict(), want{"fail", "below-required-mode", "SSE-KMS", []string{"aws-managed-key"}}},
		"strict: key unreadable":                 {user("SSE-KMS", "unread"), "sse-s3", strict(), want{"unknown", "key-unverified", "SSE-KMS", nil}},
		"strict: key of a task run is no matter": {kms, "kms-gone", strict(), want{"pass", "sse-kms", "SSE-KMS", nil}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := snapshot()
			s.MLTransforms = resource.Known([]resource.MLTransform{transform(test.userData, test.taskRuns)})
			o := only(t, s, test.policy, control.MLTransform)
			check(t, o, test.want)
			if !strings.Contains(o.Message, "tfm-1") || !strings.Contains(o.Message, `"match"`) || o.Severity != control.Medium {
				t.Errorf("severity %s, message %q", o.Severity, o.Message)
			}
		})
	}
}

// Absent, inner-absent and DISABLED are one thing, whatever AWS sends.
func TestMLTransformForms(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*resource.MLTransform){
		"block absent":       func(m *resource.MLTransform) { m.EncryptionPresent = false },
		"inner block absent": func(m *resource.MLTransform) { m.EncryptionPresent = true },
		"DISABLED": func(m *resource.MLTransform) {
			m.EncryptionPresent, m.UserData = true, &resource.Encryption{Mode: resource.ModeDisabled}
		},
	} {
		m := transform(nil, "")
		change(&m)
		s := snapshot()
		s.MLTransforms = resource.Known([]resource.MLTransform{m})
		o := only(t, s, sop(), control.MLTransform)
		if o.Status != control.Fail || o.Reason != "user-data-encryption-disabled" || o.Encryption.Mode != resource.ModeNone {
			t.Errorf("%s: %s %s %s", name, o.Status, o.Reason, o.Encryption.Mode)
		}
	}
}

func TestMLTransformBeingDeleted(t *testing.T) {
	t.Parallel()
	for _, taskRuns := range []string{"", "unreadable", "sse-kms"} {
		m := transform(nil, taskRuns)
		m.Status = "DELETING"
		s := snapshot()
		s.MLTransforms = resource.Known([]resource.MLTransform{m})
		o := only(t, s, strict(), control.MLTransform)
		if o.Status != control.NotApplicable || o.Reason != "being-deleted" {
			t.Errorf("task runs %q: %s %s", taskRuns, o.Status, o.Reason)
		}
		checkShape(t, o)
	}
}

func TestMLTransformWithoutAName(t *testing.T) {
	t.Parallel()
	m := transform(nil, "")
	m.Name, m.ARN = "", resource.ARN{}
	s := snapshot()
	s.MLTransforms = resource.Known([]resource.MLTransform{m})
	o := only(t, s, sop(), control.MLTransform)
	if o.Resource.Name != "" || o.Resource.ID != "tfm-1" || o.Resource.ARN != "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-1" {
		t.Errorf("resource %+v", o.Resource)
	}
	if !strings.HasPrefix(o.Message, "ML transform tfm-1 ") {
		t.Errorf("message %q", o.Message)
	}
}
