package diag_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
)

func TestOf(t *testing.T) {
	t.Parallel()
	_, twoErrors := policy.Decode("glueguard.yaml", []byte("profil: sop\nrequire:\n  dev_endpoint: rot13\n"))
	for name, c := range map[string]struct {
		err    error
		status int
		lines  int
		text   string
		hint   string
	}{
		"nothing":        {nil, 0, 0, "", ""},
		"a verdict":      {diag.Status(diag.Failing), 2, 0, "", ""},
		"usage":          {diag.Usagef("glueguard audit", "unknown flag: --acount"), 1, 1, "unknown flag: --acount (see glueguard audit --help)", ""},
		"policy":         {fmt.Errorf("read: %w", twoErrors), 1, 2, "glueguard.yaml:1:1: ", ""},
		"no credentials": {fmt.Errorf("x: %w", &awsapi.CredentialsError{Operation: "credentials", Err: errors.New("none\n found")}), 1, 1, "no AWS credentials: none found", "`aws sso login`"},
		"wrong credentials": {
			&awsapi.CredentialsError{Operation: "sts:GetCallerIdentity", Code: "InvalidClientTokenId", Err: errors.New("no")},
			1, 1, "sts:GetCallerIdentity: InvalidClientTokenId: no", "`aws sso login`",
		},
		"expired":       {&awsapi.CredentialsError{Operation: "sts:GetCallerIdentity", Code: "ExpiredToken", Err: errors.New("no")}, 1, 1, "ExpiredToken", "have expired"},
		"bad signature": {&awsapi.CredentialsError{Operation: "sts:GetCallerIdentity", Code: "SignatureDoesNotMatch", Err: errors.New("no")}, 1, 1, "Signature", "clock"},
		"no role":       {&awsapi.RoleMissingError{Account: "111122223333"}, 1, 1, "111122223333", "--role"},
		"interrupted":   {fmt.Errorf("x: %w", awsapi.ErrInterrupted), 130, 1, "interrupted", ""},
		"newer store":   {fmt.Errorf("state.db: %w: its schema is version 9, this glueguard knows version 1", store.ErrNewer), 1, 1, "version 9", "newer glueguard"},
		"foreign store": {fmt.Errorf("notes.txt: %w", store.ErrForeign), 1, 1, "notes.txt", "--state"},
		"no resource":   {&audit.ResourceError{Resource: "etl"}, 1, 1, `"etl"`, "without --resource"},
		"two resources": {&audit.ResourceError{Resource: "etl", Candidates: []string{"a", "b"}}, 1, 1, "name one of a, b", ""},
		"refused": {
			fmt.Errorf("audit: %w", &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}),
			1, 1, "can't reach AWS: dial tcp: connection refused", "AWS_ENDPOINT_URL",
		},
		"no host":     {fmt.Errorf("audit: %w", &net.OpError{Op: "dial", Err: &net.DNSError{Name: "sts.invalid", IsNotFound: true}}), 1, 1, "there is no host sts.invalid", "network"},
		"port in use": {fmt.Errorf("sandbox: %w", &net.OpError{Op: "listen", Net: "tcp", Err: errors.New("address already in use")}), 1, 1, "address already in use", "--listen"},
		"anything":    {errors.New("it\nbroke"), 1, 1, "it broke", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := diag.Of(c.err)
			if d.Status != c.status || len(d.Lines) != c.lines {
				t.Errorf("status %d with %d lines, want %d with %d", d.Status, len(d.Lines), c.status, c.lines)
			}
			if text := strings.Join(d.Lines, "\n"); !strings.Contains(text, c.text) {
				t.Errorf("lines %q, want %q in them", text, c.text)
			}
			if !strings.Contains(d.Hint, c.hint) || (c.hint == "") != (d.Hint == "") {
				t.Errorf("hint %q, want %q", d.Hint, c.hint)
			}
		})
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	diag.Diagnosis{Lines: []string{"one", "two"}, Hint: "do this"}.Print(&out)
	if d := cmp.Diff("glueguard: one\nglueguard: two\n  hint: do this\n", out.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestForVerdict(t *testing.T) {
	t.Parallel()
	for v, want := range map[audit.Verdict]int{audit.Compliant: 0, audit.Failing: 2, audit.Incomplete: 3, audit.Interrupted: 130} {
		if got := diag.Of(diag.ForVerdict(v)).Status; got != want {
			t.Errorf("verdict %d: status %d, want %d", v, got, want)
		}
	}
}
