package redact

import "testing"

// FuzzHints holds that what a pattern finds has a hint in it: without one, no pattern is asked.
func FuzzHints(f *testing.F) {
	for _, seed := range []string{
		"", "a", "-----BEGIN RSA PRIVATE KEY-----\nMIIE", "JDBC:postgresql://joe:hunter2@db/x", "?x-AMZ-signature=abc&y=1", "AKIAIOSFODNN7EXAMPLE", "asiaIOSFODNN7EXAMPLE",
		"gho_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "eyJhbGciOi.eyJzdWIiOi.sig", "BEARER abcdefghijklmnopqrst", `"Secret": "s3" Pwd = p`, "TOKEN=abc", "passphrase=x",
		"apikey=a API-Key=b access_key=c account-key=d privateKey=e credentials=f aws_secret_access_key=g passwd=h PassWord=i",
		"\u017fecret=x", "api\u212aey=x", "to\u212aen=x", "pa\u017f\u017fword=x", "\u212a\u017f größe X-Amz-\u017fignature=abc", "\xff password=x",
	} {
		f.Add(seed)
	}
	rules := New()
	f.Fuzz(func(t *testing.T, s string) {
		hinted := rules.hinted(s)
		for i, shape := range rules.shapes {
			if hinted&(1<<i) == 0 && shape.pattern.MatchString(s) {
				t.Errorf("%q matches %s, and has none of %q", s, shape.pattern, shape.hints)
			}
		}
	})
}
