package wire

import (
	"encoding/base64"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

// appendJSON appends a value that is known to be present.
func appendJSON(b []byte, f *field, v reflect.Value) []byte {
	switch f.kind {
	case model.Structure:
		return appendJSONStruct(b, f.plan, v)
	case model.List:
		return appendJSONList(b, f.elem, v)
	case model.Map:
		return appendJSONMap(b, f.elem, v)
	case model.String:
		return appendJSONString(b, v.String())
	case model.Boolean:
		return strconv.AppendBool(b, v.Bool())
	case model.Integer, model.Long:
		return strconv.AppendInt(b, v.Int(), 10)
	case model.Float:
		return appendJSONFloat(b, v.Float(), 32)
	case model.Double:
		return appendJSONFloat(b, v.Float(), 64)
	case model.Timestamp:
		return appendJSONTime(b, timeOf(v), f.format)
	default: // blob
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.Bytes())
		return append(b, '"')
	}
}

// appendJSONStruct appends the members that travel in the body.
func appendJSONStruct(b []byte, p *plan, v reflect.Value) []byte {
	b = append(b, '{')
	empty := len(b)
	for i := range p.fields {
		f := &p.fields[i]
		if f.member.Location != "" {
			continue
		}
		held, absent := f.absent(v.Field(f.index))
		if absent {
			continue
		}
		if len(b) > empty {
			b = append(b, ',')
		}
		b = append(b, f.json...)
		b = appendJSON(b, f, held)
	}
	return append(b, '}')
}

func appendJSONList(b []byte, elem *field, v reflect.Value) []byte {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONEntry(b, elem, v.Index(i))
	}
	return append(b, ']')
}

// appendJSONEntry appends an entry of a list or map, where absent is null.
func appendJSONEntry(b []byte, elem *field, v reflect.Value) []byte {
	if elem.pointer {
		if v.IsNil() {
			return append(b, "null"...)
		}
		v = v.Elem()
	}
	return appendJSON(b, elem, v)
}

func appendJSONMap(b []byte, elem *field, v reflect.Value) []byte {
	b = append(b, '{')
	for i, key := range sortedKeys(v) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(b, key.String())
		b = append(b, ':')
		b = appendJSONEntry(b, elem, v.MapIndex(key))
	}
	return append(b, '}')
}

// sortedKeys makes answers the same for the same state.
func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		switch {
		case a.String() < b.String():
			return -1
		case a.String() > b.String():
			return 1
		}
		return 0
	})
	return keys
}

func appendJSONFloat(b []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, bits)
}

// appendJSONTime appends a time as AWS does: seconds since 1970 with at most three decimals, unless the model says
// otherwise.
func appendJSONTime(b []byte, t time.Time, format string) []byte {
	if format != "" && format != formatUnix {
		b = append(b, '"')
		b = appendTime(b, t, format)
		return append(b, '"')
	}
	return appendUnix(b, t)
}

const hexDigits = "0123456789abcdef"

func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(b, s[start:i]...)
				b = append(b, `\ufffd`...)
				start = i + 1
			}
			i += n
			continue
		}
		b = append(b, s[start:i]...)
		b = appendJSONEscape(b, c)
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func appendJSONEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}
