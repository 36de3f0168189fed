package evidence

import (
	"cmp"
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
	of      string // what the last record was of, when it lasts
	known   known  // by its records so far
	doc     document
	fields  []field         // of the objects that are being written, the outermost first
	here    map[string]bool // of each known secret whether it stands openly in this record, once that was looked for
	looked  bool
}

func newRedactor() *redactor {
	return &redactor{numbers: map[string]int{}, rules: redact.New(), known: known{open: map[string]bool{}}, here: map[string]bool{}}
}

// clean appends a JSON text to dst, in one line and with the members of every object in the order of their names, without
// what is secret in it. of says what it is of: when it lasts, as a change does, secrets that one record of it showed are
// looked for in the texts of the next ones too.
func (r *redactor) clean(dst []byte, of string, lasting bool, text string) ([]byte, error) {
	if err := r.doc.parse(text); err != nil {
		return nil, err
	}
	if of != r.of || !lasting {
		r.known.forget()
	}
	if r.of = ""; lasting {
		r.of = of
	}
	r.looked = false
	clear(r.here)
	r.learn(0, "")
	r.known.sort()
	dst = r.value(slices.Grow(dst, len(text)), 0, "")
	if lasting {
		r.remember()
	}
	return dst, nil
}

// left is what stands in the place of a secret.
func (r *redactor) left(secret string) string {
	n, ok := r.numbers[secret]
	if !ok {
		n = len(r.numbers) + 1
		r.numbers[strings.Clone(secret)] = n // without the text around it
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

// comparison tells of an object that compares two values of an attribute which of its members these are, and whether
// they are a user's own.
func (r *redactor) comparison(object int32) (one, other string, secret bool) {
	attribute, name := int32(0), int32(0)
	for i := range r.doc.inside(object) {
		if r.doc.kind(i) != '"' {
			continue
		}
		switch r.doc.name(i) {
		case "attribute":
			attribute = i
		case "name":
			name = i
		}
	}
	switch {
	case attribute > 0:
		return "want", "got", attributeIsSecret(r.doc.says(attribute))
	case name > 0:
		return "before", "after", attributeIsSecret(r.doc.says(name))
	}
	return "", "", false
}

// known are the secrets of a record and of those before it, by which its free texts are searched.
type known struct {
	secrets []string        // the longest first, since one may be part of another
	open    map[string]bool // what stood openly in the records before, as a region does; a secret that is the same is not searched for
}

func (k *known) forget() {
	clear(k.open)
	k.secrets = k.secrets[:0]
}

func (k *known) sort() {
	slices.SortFunc(k.secrets, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	k.secrets = slices.Compact(k.secrets)
}

// shortest is how long a secret is at least that texts are searched for. A shorter one ("1", "true", "prod") is part of
// many words.
const shortest = 6

// learn marks what is hidden in an object or a list and what stands openly in it, and takes note of the secrets.
func (r *redactor) learn(i int32, member string) {
	switch r.doc.kind(i) {
	case '{':
		one, other, secret := r.comparison(i)
		for m := range r.doc.inside(i) {
			key, n := r.doc.name(m), &r.doc.nodes[m]
			if r.doc.kind(m) != '"' {
				r.learn(m, key)
				continue
			}
			n.hidden = valuesAreSecret(member) && !keyIsOpen(member, key) ||
				secret && (key == one || key == other) && !strings.HasPrefix(r.doc.says(m), plan.NotShown)
			n.open = !n.hidden && !freeText(key)
			if n.hidden && len(r.doc.says(m)) >= shortest {
				r.known.secrets = append(r.known.secrets, r.doc.says(m))
			}
		}
	case '[':
		for e := range r.doc.inside(i) {
			r.learn(e, member)
		}
	}
}

// isOpen tells whether a secret is the same as something that stands openly, as a region does. Nearly no record asks.
func (r *redactor) isOpen(secret string) bool {
	if !r.looked {
		r.looked = true
		for _, s := range r.known.secrets {
			r.here[s] = false
		}
		for i := range r.doc.nodes {
			if !r.doc.nodes[i].open {
				continue
			}
			if _, asked := r.here[r.doc.says(int32(i))]; asked {
				r.here[r.doc.says(int32(i))] = true
			}
		}
	}
	return r.here[secret] || r.known.open[secret]
}

// remember keeps what stands openly and the secrets for the next record, without the rest of the text.
func (r *redactor) remember() {
	for i := range r.doc.nodes {
		if s := r.doc.says; r.doc.nodes[i].open && !r.known.open[s(int32(i))] {
			r.known.open[strings.Clone(s(int32(i)))] = true
		}
	}
	for i, s := range r.known.secrets {
		r.known.secrets[i] = strings.Clone(s)
	}
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

// value appends a value without its secrets. Members are visited in the order of their names, so that numbers are given
// in the same order every time.
func (r *redactor) value(dst []byte, i int32, member string) []byte {
	switch r.doc.kind(i) {
	case '{':
		return r.object(dst, i)
	case '[':
		dst = append(dst, '[')
		for e := range r.doc.inside(i) {
			if e > i+1 {
				dst = append(dst, ',')
			}
			dst = r.value(dst, e, member)
		}
		return append(dst, ']')
	case '"':
		s := r.doc.says(i)
		clean := r.shown(i, s, member)
		if clean == s && r.doc.nodes[i].says == 0 {
			return append(dst, r.doc.written(i)...)
		}
		return quote(dst, clean)
	}
	return append(dst, r.doc.written(i)...)
}

// shown is what is shown of a string.
func (r *redactor) shown(i int32, s, member string) string {
	if r.doc.nodes[i].hidden && s != "" && s != `""` {
		return r.left(s)
	}
	if freeText(member) {
		for _, secret := range r.known.secrets {
			if strings.Contains(s, secret) && !r.isOpen(secret) {
				s = strings.ReplaceAll(s, secret, r.left(secret))
			}
		}
	}
	return r.rules.Text(s, r.left)
}

// field is a member of an object that is being written.
type field struct {
	node     int32
	name     string // without what is secret in it
	from, to int    // where it was written to
}

func (r *redactor) object(dst []byte, i int32) []byte {
	first := len(r.fields)
	for m := range r.doc.inside(i) {
		r.fields = append(r.fields, field{node: m, name: r.doc.name(m)})
	}
	r.fields = r.fields[:first+len(ordered(r.fields[first:]))]
	last, renamed := len(r.fields), false
	dst = append(dst, '{')
	for at := first; at < last; at++ {
		if at > first {
			dst = append(dst, ',')
		}
		from, m := len(dst), r.fields[at] // a copy: the members of m are put behind it
		name := r.rules.Text(m.name, r.left)
		renamed = renamed || name != m.name
		dst = append(quote(dst, name), ':')
		dst = r.value(dst, m.node, m.name)
		r.fields[at] = field{name: name, from: from, to: len(dst)}
	}
	if renamed {
		dst = rearranged(dst, r.fields[first:last])
	}
	r.fields = r.fields[:first]
	return append(dst, '}')
}

// ordered puts members in the order of their names, and leaves out those whose name a later one has too.
func ordered(members []field) []field {
	slices.SortStableFunc(members, func(a, b field) int { return strings.Compare(a.name, b.name) })
	kept := members[:0]
	for i, m := range members {
		if i+1 == len(members) || members[i+1].name != m.name {
			kept = append(kept, m)
		}
	}
	return kept
}

// rearranged puts the members that were written last in the order of the names that they have now.
func rearranged(dst []byte, members []field) []byte {
	start := members[0].from
	written := string(dst[start:])
	dst = dst[:start]
	for i, m := range ordered(members) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, written[m.from-start:m.to-start]...)
	}
	return dst
}
