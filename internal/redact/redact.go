// Package redact knows what secrets look like: under which names people keep them, and which shapes they have in free
// text. Both what the store keeps of facts and what evidence shows are cleaned by it.
//
// It is pure. No rule finds every secret: whoever knows that a value is the user's own leaves it out whole.
package redact

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Left begins what stands in the place of a secret. A text that begins so is not taken out again.
const Left = "(redacted"

// Rules find secrets.
type Rules struct {
	shapes []shape
	names  []string // in small letters, without what may stand between words
}

// shape is how a secret looks that stands in free text. The group of that index is the secret. A text in which none of
// the hints stands, in small letters, has no such secret: looking for a few letters costs a hundredth of matching.
type shape struct {
	hints   []string
	pattern *regexp.Regexp
	group   int
}

// New returns the rules.
func New() *Rules {
	return &Rules{
		names: []string{
			"password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "authorization", "connectionstr", "connstr",
			"apikey", "accesskey", "accountkey", "privatekey", "signingkey", "encryptionkey", "storagekey", "sshkey",
		},
		shapes: []shape{
			{[]string{"private key"}, regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`), 0},
			{[]string{"://"}, regexp.MustCompile(`://([^/\s:@]*:[^\s]+)@`), 1},
			{[]string{"x-amz-"}, regexp.MustCompile(`(?i)X-Amz-(?:Signature|Credential|Security-Token)=([^&\s"']+)`), 1},
			{[]string{"akia", "asia"}, regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`), 0},
			{[]string{"gh"}, regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{20,}`), 0},
			{[]string{"eyj"}, regexp.MustCompile(`\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`), 0},
			{[]string{"bearer"}, regexp.MustCompile(`(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{16,})`), 1},
			{[]string{"pass", "pwd", "secret", "key", "credential"}, regexp.MustCompile(
				`(?i)(?:passw(?:or)?d|passphrase|pwd|secret(?:[_-]?access[_-]?key)?|api[_-]?key|access[_-]?key|account[_-]?key|` +
					`private[_-]?key|credentials?)(?:["']?\s*=\s*|["']?:\s+|["']\s*:\s*)["']?([^\s"'&;,)}]+)`), 1},
			{[]string{"token"}, regexp.MustCompile(`(?i)token["']?\s*=\s*["']?([^\s"'&;,)}]+)`), 1},
		},
	}
}

// Tags returns tags as they may be shown: without what looks like a secret, in keys too, and without the values of those
// whose name says so. AWS's own (aws:…) and Glueguard's are never secrets.
func (r *Rules) Tags(tags map[string]string) map[string]string {
	if tags == nil {
		return nil
	}
	gone := func(string) string { return Left + ")" }
	kept := make(map[string]string, len(tags))
	for key, value := range tags {
		switch {
		case strings.HasPrefix(key, "aws:"), strings.HasPrefix(key, "glueguard:"):
		case r.SecretName(key) && value != "":
			key, value = r.Text(key, gone), gone("")
		default:
			key, value = r.Text(key, gone), r.Text(value, gone)
		}
		kept[key] = value
	}
	return kept
}

// SecretName tells whether a value of that name is likely a secret: db_password, --api-key, GITHUB_TOKEN.
func (r *Rules) SecretName(name string) bool {
	plain := strings.Map(func(c rune) rune {
		if strings.ContainsRune("_-. ", c) {
			return -1
		}
		return unicode.ToLower(c)
	}, name)
	return containsAny(plain, r.names)
}

func containsAny(s string, parts []string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}

// Text takes out of a text what looks like a secret; left says what stands in its place.
func (r *Rules) Text(s string, left func(secret string) string) string {
	small := strings.ToLower(s)
	for _, shape := range r.shapes {
		if containsAny(small, shape.hints) {
			s = shape.text(s, left)
		}
	}
	return s
}

func (h shape) text(s string, left func(secret string) string) string {
	var b strings.Builder
	from := 0
	for _, at := range h.pattern.FindAllStringSubmatchIndex(s, -1) {
		start, end := at[2*h.group], at[2*h.group+1]
		if strings.HasPrefix(s[start:], Left) {
			continue
		}
		b.WriteString(s[from:start])
		b.WriteString(left(s[start:end]))
		from = end
	}
	if from == 0 {
		return s
	}
	b.WriteString(s[from:])
	return b.String()
}
