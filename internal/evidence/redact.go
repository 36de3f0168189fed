package evidence

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/redact"
)

// redactor takes secrets out of records. A value that is left out becomes "(redacted N)": equal values get the same
// number in one bundle and different values different ones, so that equality can be shown, as verification needs.
// Nothing is derived from the value itself: a digest, even a keyed one, of a password that people chose could be
// guessed by whoever gets at the key.
type redactor struct {
	numbers map[string]int
	rules   *redact.Rules
	of      string // the audit or change that the last record was of
	known   known  // by its records so far
}

func newRedactor() *redactor {
	return &redactor{numbers: map[string]int{}, rules: redact.New()}
}

// clean returns a value as JSON, without what is secret in it. of says what it is of: when it lasts, as a
// change does, secrets that one record of it showed are looked for in the texts of the next ones too.
func (r *redactor) clean(of string, lasting bool, v any) (json.RawMessage, error) {
	src, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	if of != r.of || !lasting {
		r.of, r.known = of, known{open: map[string]bool{}}
	}
	r.known.learn(tree, "")
	line, err := encode(r.walk(tree, "", r.known.searched()))
	return bytes.TrimSpace(line), err
}

// left is what stands in the place of a secret.
func (r *redactor) left(secret string) string {
	n, ok := r.numbers[secret]
	if !ok {
		n = len(r.numbers) + 1
		r.numbers[secret] = n
	}
	return redact.Left + " " + strconv.Itoa(n) + ")"
}

// valuesAreSecret tells whether users put what they like into the values of the map that a member is.
func valuesAreSecret(member string) bool {
	switch member {
	case "arguments", "additional_options", "tags", "aws_tags":
		return true
	}
	return false
}

// keyIsOpen tells whether the value under a key of such a map is not the user's: Glueguard's own tags and AWS's.
func keyIsOpen(member, key string) bool {
	return (member == "tags" || member == "aws_tags") && (strings.HasPrefix(key, "glueguard:") || strings.HasPrefix(key, "aws:"))
}

// attributeIsSecret tells the same of an attribute as plans and verifications name them: tags.team, arguments.--x.
func attributeIsSecret(name string) bool {
	for _, m := range []string{"arguments", "additional_options", "tags"} {
		if key, ok := strings.CutPrefix(name, m+"."); ok {
			return !keyIsOpen(m, key)
		}
	}
	return strings.Contains(name, ".additional_options.")
}

// compared lists the members that hold an attribute's values, and the one that names it.
func compared(object map[string]any) (values []string, secret bool) {
	if name, ok := object["attribute"].(string); ok {
		return []string{"want", "got"}, attributeIsSecret(name)
	}
	if name, ok := object["name"].(string); ok {
		return []string{"before", "after"}, attributeIsSecret(name)
	}
	return nil, false
}

// known are the secrets of a record and of those before it, by which its free texts are searched.
type known struct {
	secrets []string
	open    map[string]bool // what stands openly in it, as a region does; a secret that is the same is not searched for
}

// shortest is how long a secret is at least that texts are searched for. A shorter one ("1", "true", "prod") is part of
// many words.
const shortest = 6

func (k *known) learn(node any, member string) {
	switch n := node.(type) {
	case map[string]any:
		values, secret := compared(n)
		for key, v := range n {
			s, isText := v.(string)
			hidden := valuesAreSecret(member) && !keyIsOpen(member, key) || secret && slices.Contains(values, key) && !strings.HasPrefix(s, plan.NotShown)
			switch {
			case isText && hidden:
				k.secrets = append(k.secrets, s)
			case isText && !freeText(key):
				k.open[s] = true
			default:
				k.learn(v, key)
			}
		}
	case []any:
		for _, v := range n {
			k.learn(v, member)
		}
	}
}

// searched are the secrets that texts are searched for: the longest first, since one may be part of another.
func (k *known) searched() []string {
	k.secrets = slices.DeleteFunc(k.secrets, func(s string) bool { return len(s) < shortest })
	slices.SortFunc(k.secrets, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	k.secrets = slices.Compact(k.secrets)
	return slices.DeleteFunc(slices.Clone(k.secrets), func(s string) bool { return k.open[s] })
}

// freeText tells whether a member is text for people, which may repeat any value: AWS's own messages do.
func freeText(member string) bool {
	switch member {
	case "message", "text", "advice", "summary", "precondition", "failure_reason", "description", "reason", "where", "changed",
		"before", "after", "want", "got", "instead", "error":
		return true
	}
	return false
}

// walk returns a node without its secrets. Members are visited in the order of their names, so that numbers are given
// in the same order every time.
func (r *redactor) walk(node any, member string, secrets []string) any {
	switch n := node.(type) {
	case map[string]any:
		return r.object(n, member, secrets)
	case []any:
		for i, v := range n {
			n[i] = r.walk(v, member, secrets)
		}
		return n
	case string:
		if freeText(member) {
			for _, s := range secrets {
				if strings.Contains(n, s) {
					n = strings.ReplaceAll(n, s, r.left(s))
				}
			}
		}
		return r.rules.Text(n, r.left)
	}
	return node
}

func (r *redactor) object(object map[string]any, member string, secrets []string) map[string]any {
	values, secret := compared(object)
	clean := make(map[string]any, len(object))
	for _, key := range sortedKeys(object) {
		s, isText := object[key].(string)
		hidden := valuesAreSecret(member) && !keyIsOpen(member, key) || secret && slices.Contains(values, key) && !strings.HasPrefix(s, plan.NotShown)
		switch {
		case isText && hidden && s != "" && s != `""`:
			clean[r.rules.Text(key, r.left)] = r.left(s)
		default:
			clean[r.rules.Text(key, r.left)] = r.walk(object[key], key, secrets)
		}
	}
	return clean
}

func sortedKeys(object map[string]any) []string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
