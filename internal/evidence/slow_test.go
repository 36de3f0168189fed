package evidence

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/plan"
)

// slow says what redactor does in the plainest way: a tree in memory, and everything searched for everywhere.
type slow struct {
	*redactor
	secrets []string
	open    map[string]bool
}

func (s *slow) clean(of string, lasting bool, text string) (string, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return "", err
	}
	if of != s.of || !lasting {
		s.secrets, s.open = nil, map[string]bool{}
	}
	if s.of = of; !lasting {
		s.of = ""
	}
	s.take(tree, "")
	slices.SortFunc(s.secrets, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	line, err := encode(s.walk(tree, ""))
	return string(bytes.TrimSpace(line)), err
}

// hides tells whether a member of an object that is itself the member of that name is a user's own value.
func (s *slow) hides(object map[string]any, of, key string, value any) bool {
	if valuesAreSecret(of) && !keyIsOpen(of, key) {
		return true
	}
	text, _ := value.(string)
	if strings.HasPrefix(text, plan.NotShown) {
		return false
	}
	if name, ok := object["attribute"].(string); ok {
		return attributeIsSecret(name) && (key == "want" || key == "got")
	}
	name, ok := object["name"].(string)
	return ok && attributeIsSecret(name) && (key == "before" || key == "after")
}

func (s *slow) take(tree any, of string) {
	switch tree := tree.(type) {
	case []any:
		for _, v := range tree {
			s.take(v, of)
		}
	case map[string]any:
		for key, v := range tree {
			text, ok := v.(string)
			switch {
			case !ok:
				s.take(v, key)
			case s.hides(tree, of, key, v):
				if len(text) >= shortest {
					s.secrets = append(s.secrets, text)
				}
			case !freeText(key):
				s.open[text] = true
			}
		}
	}
}

func (s *slow) walk(tree any, of string) any {
	switch tree := tree.(type) {
	case []any:
		for i, v := range tree {
			tree[i] = s.walk(v, of)
		}
	case string:
		if freeText(of) {
			for _, secret := range s.secrets {
				if !s.open[secret] && strings.Contains(tree, secret) {
					tree = strings.ReplaceAll(tree, secret, s.left(secret))
				}
			}
		}
		return s.rules.Text(tree, s.left)
	case map[string]any:
		clean := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(tree)) {
			name := s.rules.Text(key, s.left)
			if text, ok := tree[key].(string); ok && text != "" && text != `""` && s.hides(tree, of, key, text) {
				clean[name] = s.left(text)
			} else {
				clean[name] = s.walk(tree[key], key)
			}
		}
		return clean
	}
	return tree
}

// anyRecord makes JSON of the names and values that rules are about.
func anyRecord(depth int) *rapid.Generator[any] {
	words := []string{
		"", `""`, "us-east-1", "hunter2-secret", "longer-hunter2-secret", "short", "a<b>&c", "größe \u2028 \x7f", "sag\\ \"es\"\n", "\u212aey", "(not shown: changed)",
		"password=hunter2", "password=hunter2 and hunter2-secret", "see hunter2-secret in us-east-1, longer-hunter2-secret", "AKIAIOSFODNN7EXAMPLE",
		"arguments.--x", "tags.team", "tags.aws:x", "input.additional_options.y", "glue_version",
	}
	names := []string{
		"name", "attribute", "want", "got", "before", "after", "message", "text", "tags", "aws_tags", "arguments", "additional_options", "id", "items",
		"team", "aws:x", "glueguard:change", "--x", "password=a", "password=b", "password=(redacted 1)", "ü", "<", "a\"b", "",
	}
	scalars := []*rapid.Generator[any]{
		rapid.Map(rapid.SampledFrom(words), func(s string) any { return s }),
		rapid.SampledFrom([]any{nil, true, false, 0, -1.5e300, json.Number("12345678901234567890.10"), "us-east-1"}),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	inner := rapid.Deferred(func() *rapid.Generator[any] { return anyRecord(depth - 1) })
	object := rapid.Map(rapid.MapOfN(rapid.SampledFrom(names), inner, 0, 6), func(m map[string]any) any { return m })
	list := rapid.Map(rapid.SliceOfN(inner, 0, 4), func(l []any) any { return l })
	return rapid.OneOf(append(scalars, object, object, list)...)
}

func TestRecordsAreAsIfCleanedTheSlowWay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		fast, slow := newRedactor(), &slow{redactor: newRedactor(), open: map[string]bool{}}
		for range rapid.IntRange(1, 4).Draw(r, "records") {
			of, lasting := rapid.SampledFrom([]string{"a", "b"}).Draw(r, "of"), rapid.Bool().Draw(r, "lasting")
			record := anyRecord(4).Draw(r, "record")
			text, err := json.Marshal(record)
			if rapid.Bool().Draw(r, "indented") {
				text, err = json.MarshalIndent(record, " ", "\t")
			}
			if err != nil {
				r.Fatal(err)
			}
			want, err := slow.clean(of, lasting, string(text))
			if err != nil {
				r.Fatal(err)
			}
			got, err := fast.clean([]byte("before "), of, lasting, string(text))
			if err != nil {
				r.Fatal(err)
			}
			if diff := cmp.Diff("before "+want, string(got)); diff != "" {
				r.Fatalf("%s\n(-slow +fast)\n%s", text, diff)
			}
		}
	})
}

// FuzzDocument holds that whatever is JSON is taken apart, nothing else is, and that it is written as encoding/json does.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-2.5e+7,true,false,null,"x"],"b":{}}`, " [ ] ", `{"a" : "\u00e4\n\"","a":1}`, `"\ud800"`, "\"\xff\"", "[01]", "[1,]", `{"a"}`, `{,}`, "", "nul", `"\x"`, "[[", "1 2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := newRedactor().clean(nil, "", false, text)
		if valid := json.Valid([]byte(text)); valid != (err == nil) {
			t.Fatalf("%q: valid %t, but %v", text, valid, err)
		}
		if err != nil {
			return
		}
		want, err := (&slow{redactor: newRedactor(), open: map[string]bool{}}).clean("", false, text)
		if err != nil || string(got) != want {
			t.Errorf("%q became\n%s, want\n%s, %v", text, got, want, err)
		}
	})
}
