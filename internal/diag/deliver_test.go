package diag_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/deliver"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/resource"
)

func TestUnsent(t *testing.T) {
	t.Parallel()
	refusal := func(region, name, operation, code string, findings int) deliver.Refusal {
		return deliver.Refusal{
			Location: resource.Location{Account: "111122223333", Region: region}, Resource: name, Findings: findings,
			Failure: resource.Failure{Operation: operation, Class: resource.Errored, Code: code, Message: "It is\n so."},
		}
	}
	const load, find = "securityhub:BatchImportFindings", "securityhub:GetFindings"
	var many []deliver.Refusal
	for i := range 12 {
		many = append(many, refusal("a", fmt.Sprint("r", i), load, "InvalidInput", 1))
	}
	for _, region := range []string{"g", "f", "e", "d", "c", "b", "a"} {
		many = append(many, refusal(region, "", load, "InvalidAccessException", 2))
	}
	many = append(many, refusal("a", "", find, "AccessDeniedException", 0), refusal("b", "", load, "", 1))
	var text strings.Builder
	for _, d := range diag.Unsent(many) {
		if d.Status != diag.Error {
			t.Errorf("status %d", d.Status)
		}
		d.Print(&text)
	}
	var want strings.Builder
	for i := range 10 {
		fmt.Fprintf(&want, "glueguard: Security Hub in 111122223333/a refused the finding on r%d: InvalidInput: It is so.\n", i)
	}
	want.WriteString(`glueguard: Security Hub refused 2 more findings
glueguard: 14 findings were not told to Security Hub in 111122223333/a, 111122223333/b, 111122223333/c, 111122223333/d, 111122223333/e and 2 more: securityhub:BatchImportFindings: InvalidAccessException: It is so.
  hint: enable Security Hub there (aws securityhub enable-security-hub --region REGION), or leave that location out
glueguard: what has been resolved was not told to Security Hub in 111122223333/a: securityhub:GetFindings: AccessDeniedException: It is so.
  hint: who sends needs securityhub:BatchImportFindings and securityhub:GetFindings in each location
glueguard: 1 finding was not told to Security Hub in 111122223333/b: securityhub:BatchImportFindings: error: It is so.
`)
	if diff := cmp.Diff(want.String(), text.String()); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestUnput(t *testing.T) {
	t.Parallel()
	refused := func(code, message string) error {
		return &deliver.CallError{Failure: resource.Failure{Operation: "s3:PutObject", Class: resource.Denied, Code: code, Message: message}, Err: errors.New("x")}
	}
	for name, test := range map[string]struct {
		err        error
		line, hint string
	}{
		"denied":         {refused("AccessDenied", "No."), "nothing was written to s3://b/x: s3:PutObject: AccessDenied: No.", "s3:PutObject"},
		"without words":  {refused("Forbidden", ""), "nothing was written to s3://b/x: s3:PutObject: Forbidden", "kms:GenerateDataKey"},
		"no bucket":      {refused("NoSuchBucket", "No."), "nothing was written to s3://b/x: s3:PutObject: NoSuchBucket: No.", "a bucket that is there"},
		"no answer":      {refused("", "reset"), "nothing was written to s3://b/x: s3:PutObject: denied: reset", ""},
		"anything else":  {os.ErrNotExist, "file does not exist", ""},
		"wrapped deeper": {fmt.Errorf("sending: %w", refused("AccessDenied", "No.")), "nothing was written to s3://b/x: s3:PutObject: AccessDenied: No.", "s3:PutObject"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := diag.Unput("s3://b/x", test.err)
			if d.Status != diag.Error || len(d.Lines) != 1 || d.Lines[0] != test.line || !strings.Contains(d.Hint, test.hint) || (test.hint == "") != (d.Hint == "") {
				t.Errorf("%+v, want %q, hint %q", d, test.line, test.hint)
			}
		})
	}
}
