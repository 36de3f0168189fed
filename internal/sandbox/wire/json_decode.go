package wire

import (
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

// malformed is a body that does not say what its shape says.
type malformed struct{ text string }

func (m *malformed) Error() string { return m.text }

func malformedf(format string, args ...any) error {
	return &malformed{text: fmt.Sprintf(format, args...)}
}

// jsonReader decodes one JSON document straight into Go values by their plans.
type jsonReader struct {
	src []byte
	at  int
}

// decodeJSON fills a structure. An empty body is an empty object, as AWS takes it.
func decodeJSON(src []byte, p *plan, v reflect.Value) error {
	if !utf8.Valid(src) {
		return malformedf("Invalid UTF-8 in the request body")
	}
	r := &jsonReader{src: src}
	if r.peek() == 0 {
		return nil
	}
	if err := r.structure(p, v); err != nil {
		return err
	}
	if r.peek() != 0 || r.at < len(r.src) {
		return malformedf("Unexpected text after the request")
	}
	return nil
}

// peek returns the next byte that is not space, or 0 at the end.
func (r *jsonReader) peek() byte {
	for r.at < len(r.src) {
		switch c := r.src[r.at]; c {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return c
		}
	}
	return 0
}

func (r *jsonReader) expect(c byte) error {
	if r.peek() != c || r.at >= len(r.src) {
		return malformedf("Expected '%c' at byte %d of the request", c, r.at)
	}
	r.at++
	return nil
}

// null consumes a null when it is next.
func (r *jsonReader) null() bool {
	if r.peek() == 'n' && r.literal("null") {
		return true
	}
	return false
}

func (r *jsonReader) literal(text string) bool {
	if len(r.src)-r.at >= len(text) && string(r.src[r.at:r.at+len(text)]) == text {
		r.at += len(text)
		return true
	}
	return false
}

// next moves on to the next entry of an object or list; first is true before the first one.
func (r *jsonReader) next(first bool, closing byte) (more bool, err error) {
	if r.peek() == closing {
		if r.at >= len(r.src) {
			return false, malformedf("Unexpected end of the request")
		}
		r.at++
		return false, nil
	}
	if first {
		return true, nil
	}
	return true, r.expect(',')
}

func (r *jsonReader) structure(p *plan, v reflect.Value) error {
	if r.peek() != '{' {
		return malformedf("Expected an object for %s", p.name)
	}
	r.at++
	for first := true; ; first = false {
		more, err := r.next(first, '}')
		if err != nil || !more {
			return err
		}
		key, err := r.rawString()
		if err != nil {
			return err
		}
		i, ok := p.byWire[string(key)]
		if !ok || p.fields[i].member.Location != "" {
			return malformedf("Unknown member '%s' of %s", key, p.name)
		}
		if err := r.expect(':'); err != nil {
			return err
		}
		f := &p.fields[i]
		if r.null() {
			continue
		}
		if err := r.value(f, f.target(v.Field(f.index))); err != nil {
			return err
		}
	}
}

func (r *jsonReader) value(f *field, v reflect.Value) error {
	switch f.kind {
	case model.Structure:
		v.SetZero()
		return r.structure(f.plan, v)
	case model.List:
		return r.list(f.plan, v)
	case model.Map:
		return r.mapping(f.plan, v)
	case model.String:
		s, err := r.str(f.name)
		v.SetString(s)
		return err
	case model.Boolean:
		return r.boolean(f.name, v)
	case model.Integer, model.Long:
		return r.integer(f.name, v)
	case model.Float, model.Double:
		return r.float(f.name, v)
	case model.Timestamp:
		return r.timestamp(f.name, v)
	default:
		return r.blob(f.name, v)
	}
}

func (r *jsonReader) list(p *plan, v reflect.Value) error {
	if r.peek() != '[' {
		return malformedf("Expected a list for %s", p.name)
	}
	r.at++
	v.Set(reflect.MakeSlice(p.typ, 0, 0))
	for n := 0; ; n++ {
		more, err := r.next(n == 0, ']')
		if err != nil || !more {
			return err
		}
		if r.null() {
			return malformedf("Null entry in %s", p.name)
		}
		v.Grow(1)
		v.SetLen(n + 1)
		v.Index(n).SetZero()
		if err := r.value(p.elem, p.elem.target(v.Index(n))); err != nil {
			return err
		}
	}
}

func (r *jsonReader) mapping(p *plan, v reflect.Value) error {
	if r.peek() != '{' {
		return malformedf("Expected an object for %s", p.name)
	}
	r.at++
	v.Set(reflect.MakeMap(p.typ))
	for first := true; ; first = false {
		more, err := r.next(first, '}')
		if err != nil || !more {
			return err
		}
		key, err := r.str(p.name)
		if err != nil {
			return err
		}
		if err := r.expect(':'); err != nil {
			return err
		}
		if r.null() {
			return malformedf("Null entry in %s", p.name)
		}
		entry := reflect.New(p.typ.Elem()).Elem()
		if err := r.value(p.elem, p.elem.target(entry)); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key).Convert(p.typ.Key()), entry)
	}
}

func (r *jsonReader) boolean(name string, v reflect.Value) error {
	r.peek()
	switch {
	case r.literal("true"):
		v.SetBool(true)
	case r.literal("false"):
		v.SetBool(false)
	default:
		return malformedf("Expected a boolean for %s", name)
	}
	return nil
}

// number returns the text of the number that is next.
func (r *jsonReader) number() []byte {
	r.peek()
	start := r.at
	for r.at < len(r.src) {
		c := r.src[r.at]
		if (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			break
		}
		r.at++
	}
	return r.src[start:r.at]
}

func (r *jsonReader) integer(name string, v reflect.Value) error {
	text := r.number()
	if len(text) == 0 {
		return malformedf("Expected a number for %s", name)
	}
	n, err := strconv.ParseInt(string(text), 10, v.Type().Bits())
	if err != nil {
		return malformedf("%s is not a whole number that %s can hold", text, name)
	}
	v.SetInt(n)
	return nil
}

func (r *jsonReader) float(name string, v reflect.Value) error {
	if r.peek() == '"' {
		s, err := r.str(name)
		if err != nil {
			return err
		}
		switch s {
		case "NaN":
			v.SetFloat(math.NaN())
		case "Infinity":
			v.SetFloat(math.Inf(1))
		case "-Infinity":
			v.SetFloat(math.Inf(-1))
		default:
			return malformedf("Expected a number for %s", name)
		}
		return nil
	}
	n, err := r.double(name)
	if err == nil {
		v.SetFloat(n)
	}
	return err
}

func (r *jsonReader) double(name string) (float64, error) {
	text := r.number()
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, malformedf("Expected a number for %s", name)
	}
	return n, nil
}

func (r *jsonReader) timestamp(name string, v reflect.Value) error {
	var t time.Time
	var err error
	if r.peek() == '"' {
		var s string
		if s, err = r.str(name); err != nil {
			return err
		}
		t, err = parseTime(s)
	} else {
		var seconds float64
		if seconds, err = r.double(name); err != nil {
			return err
		}
		t, err = unixTime(seconds)
	}
	if err != nil {
		return malformedf("%v", err)
	}
	v.Set(reflect.ValueOf(t))
	return nil
}

func (r *jsonReader) blob(name string, v reflect.Value) error {
	s, err := r.str(name)
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return malformedf("%s is not base64", name)
	}
	v.SetBytes(raw)
	return nil
}

func (r *jsonReader) str(name string) (string, error) {
	if r.peek() != '"' {
		return "", malformedf("Expected a string for %s", name)
	}
	raw, err := r.rawString()
	return string(raw), err
}

// rawString reads a string; without escapes it returns a part of the source.
func (r *jsonReader) rawString() ([]byte, error) {
	if err := r.expect('"'); err != nil {
		return nil, err
	}
	start := r.at
	for ; r.at < len(r.src); r.at++ {
		switch c := r.src[r.at]; {
		case c == '"':
			r.at++
			return r.src[start : r.at-1], nil
		case c == '\\':
			return r.escaped(append([]byte(nil), r.src[start:r.at]...))
		case c < 0x20:
			return nil, malformedf("Control character in a string")
		}
	}
	return nil, malformedf("Unterminated string")
}

// escaped reads the rest of a string from its first backslash on.
func (r *jsonReader) escaped(b []byte) ([]byte, error) {
	for r.at < len(r.src) {
		c := r.src[r.at]
		r.at++
		switch {
		case c == '"':
			return b, nil
		case c < 0x20:
			return nil, malformedf("Control character in a string")
		case c != '\\':
			b = append(b, c)
			continue
		}
		var err error
		if b, err = r.escape(b); err != nil {
			return nil, err
		}
	}
	return nil, malformedf("Unterminated string")
}

func (r *jsonReader) escape(b []byte) ([]byte, error) {
	if r.at >= len(r.src) {
		return nil, malformedf("Unterminated string")
	}
	c := r.src[r.at]
	r.at++
	switch c {
	case '"', '\\', '/':
		return append(b, c), nil
	case 'b':
		return append(b, '\b'), nil
	case 'f':
		return append(b, '\f'), nil
	case 'n':
		return append(b, '\n'), nil
	case 'r':
		return append(b, '\r'), nil
	case 't':
		return append(b, '\t'), nil
	case 'u':
		unit, err := r.hex4()
		if err != nil {
			return nil, err
		}
		if utf16.IsSurrogate(unit) {
			unit = r.surrogate(unit)
		}
		return utf8.AppendRune(b, unit), nil
	}
	return nil, malformedf("Unknown escape in a string")
}

// surrogate completes a pair; a lone half becomes U+FFFD.
func (r *jsonReader) surrogate(high rune) rune {
	if at := r.at; r.literal(`\u`) {
		if low, err := r.hex4(); err == nil {
			if full := utf16.DecodeRune(high, low); full != utf8.RuneError {
				return full
			}
		}
		r.at = at
	}
	return utf8.RuneError
}

func (r *jsonReader) hex4() (rune, error) {
	if len(r.src)-r.at < 4 {
		return 0, malformedf("Unterminated string")
	}
	n, err := strconv.ParseUint(string(r.src[r.at:r.at+4]), 16, 32)
	if err != nil {
		return 0, malformedf("Unknown escape in a string")
	}
	r.at += 4
	return rune(n), nil
}
