package wire

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

// filler makes values that the model allows.
type filler struct {
	*rand.Rand
	depth int
}

// fill sets every member that the facts have, so that nothing can get lost unseen.
func (f filler) fill(p *plan, v reflect.Value) {
	switch p.kind {
	case model.Structure:
		for i := range p.fields {
			m := &p.fields[i]
			if m.member.Location == "statusCode" || f.depth > 7 && !m.member.Required {
				continue
			}
			filler{f.Rand, f.depth + 1}.fill(m.plan, m.target(v.Field(m.index)))
		}
	case model.List:
		n := f.size(p.shape, 1, 2)
		v.Set(reflect.MakeSlice(p.typ, n, n))
		for i := range n {
			filler{f.Rand, f.depth + 1}.fill(p.elem.plan, p.elem.target(v.Index(i)))
		}
	case model.Map:
		v.Set(reflect.MakeMap(p.typ))
		for n := f.size(p.shape, 1, 2); v.Len() < n; {
			entry := reflect.New(p.typ.Elem()).Elem()
			filler{f.Rand, f.depth + 1}.fill(p.elem.plan, p.elem.target(entry))
			key := "key"
			if p.keyShape != nil {
				key = f.text(p.keyShape)
			}
			v.SetMapIndex(reflect.ValueOf(key).Convert(p.typ.Key()), entry)
			if p.keyShape == nil || len(p.keyShape.Enum) > 0 {
				break
			}
		}
	case model.String:
		v.SetString(f.text(p.shape))
	case model.Boolean:
		v.SetBool(f.IntN(2) == 1)
	case model.Integer, model.Long:
		v.SetInt(int64(f.size(p.shape, 0, 1000)))
	case model.Float, model.Double:
		v.SetFloat(float64(f.size(p.shape, 0, 1)) / 2)
	case model.Timestamp:
		v.Set(reflect.ValueOf(time.Unix(1_600_000_000+f.Int64N(1e8), 0).UTC()))
	case model.Blob:
		raw := make([]byte, f.size(p.shape, 1, 40))
		for i := range raw {
			raw[i] = byte(f.Uint32())
		}
		v.SetBytes(raw)
	}
}

// size is a number between a shape's limits, or between others where it has none.
func (f filler) size(s *model.Shape, low, high int) int {
	if s.Min != nil {
		low = int(*s.Min)
		high = max(high, low)
	}
	if s.Max != nil {
		high = min(high, int(*s.Max))
	}
	return low + f.IntN(high-low+1)
}

func (f filler) text(s *model.Shape) string {
	if len(s.Enum) > 0 {
		return s.Enum[f.IntN(len(s.Enum))]
	}
	const letters = `abcXYZ019 "<&>'\/é😀=+%.:` + "\n\t"
	all := slices.DeleteFunc([]rune(letters), func(r rune) bool { return !s.Matches("a" + string(r) + "z") })
	text := make([]rune, max(1, f.size(s, 1, 30)))
	if len(all) == 0 || !s.Matches("az") {
		return example(s)
	}
	for i := range text {
		text[i] = all[f.IntN(len(all))]
	}
	text[0], text[len(text)-1] = 'a', 'z' // XML readers may trim
	if !s.Matches(string(text)) {
		return "az"
	}
	return string(text)
}

// example is a text for a pattern that is more than a class of characters.
func example(s *model.Shape) string {
	for _, text := range []string{
		"7", "123456", "1.0", "3.9", "a_b", "111122223333", "arn:aws:glue:eu-west-1:111122223333:job/j", "arn:aws-cn:iam::111122223333:role/r",
		"arn:aws:kms:eu-west-1:111122223333:alias/a", "arn:aws:sagemaker:eu-west-1:111122223333:notebook-instance/n", "eu-west-1",
		"AND", "Sun:3", "/path/", "v1", "cluster-2345abcdefg", "abcdef0123", "notebook-al2-v3", "a@example.com", "Sum", "AAAA", "aaa",
		"o-abcdefghij", "r-abcd", "ou-abcd-abcdefgh", "car-abcdefgh", "arn:aws:organizations::111122223333:account/o-abcdefghij/111122223333",
		"arn:aws:organizations::111122223333:organization/o-abcdefghij", "arn:aws:organizations::111122223333:ou/o-abcdefghij/ou-abcd-abcdefgh",
		"arn:aws:organizations::111122223333:root/o-abcdefghij/r-abcd", "o-abcdefghij/r-abcd/", "arn:aws:iam::111122223333:role/r",
	} {
		if n := float64(len(text)); s.Matches(text) && (s.Min == nil || n >= *s.Min) && (s.Max == nil || n <= *s.Max) {
			return text
		}
	}
	panic("no example for pattern " + s.Pattern)
}
