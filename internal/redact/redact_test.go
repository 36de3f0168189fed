package redact_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/redact"
)

func TestSecretName(t *testing.T) {
	t.Parallel()
	rules := redact.New()
	for _, name := range []string{
		"password", "DB_PASSWD", "jdbc-pwd", "Passphrase", "client_secret", "GITHUB_TOKEN", "--api-key", "apiKey", "AWS_ACCESS_KEY_ID",
		"account.key", "PrivateKey", "credentials", "connection-string", "connStr", "Authorization",
	} {
		if !rules.SecretName(name) {
			t.Errorf("%s is taken for the name of something open", name)
		}
	}
	for _, name := range []string{"team", "cost-center", "kms-key", "primary_key", "owner", "Name", "passenger", "key", "glueguard:change", "--class"} {
		if rules.SecretName(name) {
			t.Errorf("%s is taken for the name of a secret", name)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	rules := redact.New()
	for name, test := range map[string]struct{ text, want string }{
		"nothing":            {"the key arn:aws:kms:eu-west-1:111122223333:key/k is disabled", "the key arn:aws:kms:eu-west-1:111122223333:key/k is disabled"},
		"empty":              {"", ""},
		"private key":        {"a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b", "a - b"},
		"private key, cut":   {"-----BEGIN PRIVATE KEY-----\nMIIE", "-"},
		"user in an address": {"jdbc:postgresql://joe:hunter2@db/x", "jdbc:postgresql://-@db/x"},
		"signed address":     {"https://b.s3/x?X-Amz-Signature=abc123&y=1", "https://b.s3/x?X-Amz-Signature=-&y=1"},
		"access key id":      {"with AKIAIOSFODNN7EXAMPLE it", "with - it"},
		"GitHub token":       {"ghp_" + strings.Repeat("a", 36), "-"},
		"JWT":                {"got eyJhbGciOi.eyJzdWIiOi.sig", "got -"},
		"bearer":             {"Authorization: Bearer abcdefghijklmnopqrst", "Authorization: Bearer -"},
		"named":              {`--conf spark.x.password=hunter2 "secret": "s3" Pwd = p`, `--conf spark.x.password=- "secret": "-" Pwd = -`},
		"token":              {"token=abc, NextToken: none", "token=-, NextToken: none"},
		"capital letters":    {"PASSWORD=HUNTER2", "PASSWORD=-"},
		"already taken out":  {"password=(redacted 3)", "password=(redacted 3)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := rules.Text(test.text, func(string) string { return "-" }); got != test.want {
				t.Errorf("%q became %q, want %q", test.text, got, test.want)
			}
		})
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	got := redact.New().Tags(map[string]string{
		"team": "data", "db_password": "hunter2", "empty_token": "", "url": "mysql://joe:hunter2@db", "password=hunter2": "yes",
		"aws:secretsmanager:owner": "x", "glueguard:change": "password=no",
	})
	want := map[string]string{
		"team": "data", "db_password": "(redacted)", "empty_token": "", "url": "mysql://(redacted)@db", "password=(redacted)": "(redacted)",
		"aws:secretsmanager:owner": "x", "glueguard:change": "password=no",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if redact.New().Tags(nil) != nil {
		t.Error("no tags became some")
	}
}

func BenchmarkText(b *testing.B) {
	rules := redact.New()
	texts := []string{
		"arn:aws:glue:eu-west-1:111111111111:devEndpoint/endpoint-4711", "no-security-configuration", "known", "READY", "failure_reason",
		"The development endpoint names no security configuration, so what it writes to S3 is not encrypted by Glue.",
	}
	for b.Loop() {
		for _, s := range texts {
			rules.Text(s, func(string) string { return "-" })
		}
	}
}
