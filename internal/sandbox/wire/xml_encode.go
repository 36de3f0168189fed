package wire

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

// xmlWriter appends XML. EC2 writes times with milliseconds, always.
type xmlWriter struct{ ec2 bool }

func openTag(b []byte, name string) []byte {
	b = append(b, '<')
	b = append(b, name...)
	return append(b, '>')
}

func closeTag(b []byte, name string) []byte {
	b = append(b, '<', '/')
	b = append(b, name...)
	return append(b, '>')
}

// members appends the elements of a structure, without a tag around them.
func (w xmlWriter) members(b []byte, p *plan, v reflect.Value) []byte {
	for i := range p.fields {
		f := &p.fields[i]
		if f.member.Location != "" {
			continue
		}
		if held, absent := f.absent(v.Field(f.index)); !absent {
			b = w.element(b, f, f.wire, held)
		}
	}
	return b
}

func (w xmlWriter) element(b []byte, f *field, name string, v reflect.Value) []byte {
	flat := f.shape.Flattened || f.member.Flattened
	switch {
	case f.kind == model.List && flat:
		return w.list(b, f.elem, name, v)
	case f.kind == model.Map && flat:
		return w.mapping(b, f.plan, name, v)
	}
	b = openTag(b, name)
	switch f.kind {
	case model.Structure:
		b = w.members(b, f.plan, v)
	case model.List:
		inner := "member"
		if f.elem.member.Wire != "" {
			inner = f.elem.member.Wire
		}
		b = w.list(b, f.elem, inner, v)
	case model.Map:
		b = w.mapping(b, f.plan, "entry", v)
	default:
		b = w.text(b, f, v)
	}
	return closeTag(b, name)
}

func (w xmlWriter) list(b []byte, elem *field, name string, v reflect.Value) []byte {
	for i := range v.Len() {
		e := v.Index(i)
		if elem.pointer {
			if e.IsNil() {
				continue
			}
			e = e.Elem()
		}
		b = w.element(b, elem, name, e)
	}
	return b
}

func (w xmlWriter) mapping(b []byte, p *plan, name string, v reflect.Value) []byte {
	keyName, valueName := mapNames(p)
	for _, key := range sortedKeys(v) {
		entry := v.MapIndex(key)
		if p.elem.pointer {
			if entry.IsNil() {
				continue
			}
			entry = entry.Elem()
		}
		b = openTag(b, name)
		b = openTag(b, keyName)
		b = appendXMLText(b, key.String())
		b = closeTag(b, keyName)
		b = w.element(b, p.elem, valueName, entry)
		b = closeTag(b, name)
	}
	return b
}

func (w xmlWriter) text(b []byte, f *field, v reflect.Value) []byte {
	switch f.kind {
	case model.String:
		return appendXMLText(b, v.String())
	case model.Boolean:
		return strconv.AppendBool(b, v.Bool())
	case model.Integer, model.Long:
		return strconv.AppendInt(b, v.Int(), 10)
	case model.Float, model.Double:
		return appendXMLFloat(b, v.Float(), v.Type().Bits())
	case model.Timestamp:
		if t := timeOf(v); w.ec2 && f.format == "" {
			return t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
		}
		return appendTime(b, timeOf(v), f.format)
	default: // blob
		return base64.StdEncoding.AppendEncode(b, v.Bytes())
	}
}

func appendXMLFloat(b []byte, f float64, bits int) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(b, "Infinity"...)
	case math.IsInf(f, -1):
		return append(b, "-Infinity"...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, bits)
}

// appendXMLText escapes what XML can't hold as it is; characters that XML can't hold at all become U+FFFD.
func appendXMLText(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			b = appendXMLByte(b, c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == 0xFFFE || r == 0xFFFF {
			r = utf8.RuneError
		}
		b = utf8.AppendRune(b, r)
		i += n
	}
	return b
}

func appendXMLByte(b []byte, c byte) []byte {
	switch {
	case c == '&':
		return append(b, "&amp;"...)
	case c == '<':
		return append(b, "&lt;"...)
	case c == '>':
		return append(b, "&gt;"...)
	case c == '"':
		return append(b, "&quot;"...)
	case c == '\r':
		return append(b, "&#xD;"...)
	case c < 0x20 && c != '\n' && c != '\t':
		return utf8.AppendRune(b, utf8.RuneError)
	}
	return append(b, c)
}
