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
	"unicode/utf8"
)

// Left begins what stands in the place of a secret. A text that begins so is not taken out again.
const Left = "(redacted"

// Rules find secrets.
type Rules struct {
	shapes []shape
	names  []string   // in small letters, without what may stand between words
	begins [1024]byte // by the first two letters of a hint: which of hints begin so; 0: none
	hints  [][]hint
}

// shape is how a secret looks that stands in free text. The group of that index is the secret. A text in which none of
// the hints stands, in small letters, has no such secret.
type shape struct {
	hints   []string
	pattern *regexp.Regexp
	group   int
}

// hint is what shapes, as bits, have in them.
type hint struct {
	text   string
	shapes uint32
}

// New returns the rules.
func New() *Rules {
	r := &Rules{
		names: []string{
			"password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "authorization", "connectionstr", "connstr",
			"apikey", "accesskey", "accountkey", "privatekey", "signingkey", "encryptionkey", "storagekey", "sshkey",
		},
		shapes: []shape{
			{[]string{"private key"}, regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`), 0},
			{[]string{"://"}, regexp.MustCompile(`://([^/\s:@]*:[^\s]+)@`), 1},
			{[]string{"x-amz-"}, regexp.MustCompile(`(?i)X-Amz-(?:Signature|Credential|Security-Token)=([^&\s"']+)`), 1},
			{[]string{"akia", "asia"}, regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`), 0},
			{[]string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}, regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{20,}`), 0},
			{[]string{"eyj"}, regexp.MustCompile(`\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`), 0},
			{[]string{"bearer"}, regexp.MustCompile(`(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{16,})`), 1},
			{named(), regexp.MustCompile(
				`(?i)(?:passw(?:or)?d|passphrase|pwd|secret(?:[_-]?access[_-]?key)?|api[_-]?key|access[_-]?key|account[_-]?key|` +
					`private[_-]?key|credentials?)(?:["']?\s*=\s*|["']?:\s+|["']\s*:\s*)["']?([^\s"'&;,)}]+)`), 1},
			{[]string{"token"}, regexp.MustCompile(`(?i)token["']?\s*=\s*["']?([^\s"'&;,)}]+)`), 1},
		},
	}
	r.index()
	return r
}

// named is what the names have in them that a value stands behind.
func named() []string {
	hints := []string{"passw", "passphrase", "pwd", "secret", "credential"}
	for _, word := range []string{"api", "access", "account", "private"} {
		hints = append(hints, word+"key", word+"_key", word+"-key")
	}
	return hints
}

// index lists the hints by their first two letters, so that one look at each letter of a text finds all of them. Nearly
// every text has none.
func (r *Rules) index() {
	r.hints = make([][]hint, 1) // 0 is none
	for i, s := range r.shapes {
		for _, text := range s.hints {
			at := &r.begins[pair(text[0], text[1])]
			if *at == 0 {
				*at = byte(len(r.hints))
				r.hints = append(r.hints, nil)
			}
			r.hints[*at] = append(r.hints[*at], hint{text, 1 << i})
		}
	}
}

// pair is the same for letters large and small. Others may share it.
func pair(a, b byte) int { return int(a&31)<<5 | int(b&31) }

// hinted returns, as bits, the shapes of which a hint stands in a text.
func (r *Rules) hinted(s string) (shapes uint32) {
	for i := 1; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf || s[i-1] >= utf8.RuneSelf {
			return r.hintedInAny(s)
		}
		group := r.begins[pair(s[i-1], s[i])]
		for _, h := range r.hints[group] {
			if beginsWith(s[i-1:], h.text) {
				shapes |= h.shapes
			}
		}
	}
	return shapes
}

// hintedInAny is hinted for a text in any script. Some signs outside of ASCII are another form of a letter in it: patterns
// that don't tell large from small letters match them.
func (r *Rules) hintedInAny(s string) (shapes uint32) {
	small := strings.ReplaceAll(strings.ToLower(s), "\u017f", "s")
	for _, group := range r.hints {
		for _, h := range group {
			if strings.Contains(small, h.text) {
				shapes |= h.shapes
			}
		}
	}
	return shapes
}

// beginsWith tells whether a text begins with a prefix that is in small letters.
func beginsWith(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != prefix[i] {
			return false
		}
	}
	return true
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
	return slices.ContainsFunc(r.names, func(n string) bool { return strings.Contains(plain, n) })
}

// Text takes out of a text what looks like a secret; left says what stands in its place.
func (r *Rules) Text(s string, left func(secret string) string) string {
	hinted := r.hinted(s)
	if hinted == 0 {
		return s
	}
	for i, shape := range r.shapes {
		if hinted&(1<<i) != 0 {
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
