package wire

import (
	"encoding/binary"
	"math"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

// cborReader decodes one CBOR item (RFC 8949) straight into Go values by their plans.
type cborReader struct {
	src []byte
	at  int
}

var errCBOR = &malformed{"The CBOR of the request is not well-formed"}

func decodeCBOR(src []byte, p *plan, v reflect.Value) error {
	if len(src) == 0 {
		return nil
	}
	r := &cborReader{src: src}
	if err := r.structure(p, v); err != nil {
		return err
	}
	if r.at != len(src) {
		return errCBOR
	}
	return nil
}

// head reads an item's type and argument; indefinite is true where no length is given.
func (r *cborReader) head() (major byte, n uint64, indefinite bool, err error) {
	if r.at >= len(r.src) {
		return 0, 0, false, errCBOR
	}
	first := r.src[r.at]
	r.at++
	major, short := first&0xe0, first&0x1f
	if short < 24 {
		return major, uint64(short), false, nil
	}
	if short == 31 {
		return major, 0, true, nil
	}
	size := 1 << (short - 24)
	if short > 27 || len(r.src)-r.at < size {
		return 0, 0, false, errCBOR
	}
	var wide [8]byte
	copy(wide[8-size:], r.src[r.at:])
	r.at += size
	return major, binary.BigEndian.Uint64(wide[:]), false, nil
}

// peek returns the next item's first byte, or 0xff (a break) at the end.
func (r *cborReader) peek() byte {
	if r.at >= len(r.src) {
		return cborSimple | 31
	}
	return r.src[r.at]
}

func (r *cborReader) null() bool {
	if c := r.peek(); c == cborSimple|22 || c == cborSimple|23 {
		r.at++
		return true
	}
	return false
}

// each calls visit for every entry of a list or map.
func (r *cborReader) each(major byte, name string, visit func(i int) error) error {
	got, n, indefinite, err := r.head()
	if err != nil {
		return err
	}
	if got != major {
		return malformedf("Unexpected type for %s", name)
	}
	if !indefinite && n > uint64(len(r.src)-r.at) {
		return errCBOR // each entry takes at least a byte
	}
	for i := 0; indefinite || uint64(i) < n; i++ {
		if indefinite && r.peek() == cborSimple|31 {
			if r.at >= len(r.src) {
				return errCBOR
			}
			r.at++
			return nil
		}
		if err := visit(i); err != nil {
			return err
		}
	}
	return nil
}

func (r *cborReader) structure(p *plan, v reflect.Value) error {
	return r.each(cborMap, p.name, func(int) error {
		key, err := r.text(p.name)
		if err != nil {
			return err
		}
		i, ok := p.byWire[key]
		if !ok {
			return malformedf("Unknown member '%s' of %s", key, p.name)
		}
		if r.null() {
			return nil
		}
		f := &p.fields[i]
		return r.value(f, f.target(v.Field(f.index)))
	})
}

func (r *cborReader) value(f *field, v reflect.Value) error {
	switch f.kind {
	case model.Structure:
		v.SetZero()
		return r.structure(f.plan, v)
	case model.List:
		return r.list(f, v)
	case model.Map:
		return r.mapping(f, v)
	case model.String:
		s, err := r.text(f.name)
		v.SetString(s)
		return err
	case model.Blob:
		raw, err := r.chunks(cborBytes, f.name)
		v.SetBytes(raw)
		return err
	case model.Timestamp:
		return r.timestamp(f.name, v)
	}
	return r.scalar(f, v)
}

func (r *cborReader) list(f *field, v reflect.Value) error {
	v.Set(reflect.MakeSlice(f.typ, 0, 0))
	return r.each(cborList, f.name, func(i int) error {
		if r.null() {
			return malformedf("Null entry in %s", f.name)
		}
		v.Grow(1)
		v.SetLen(i + 1)
		v.Index(i).SetZero()
		return r.value(f.elem, f.elem.target(v.Index(i)))
	})
}

func (r *cborReader) mapping(f *field, v reflect.Value) error {
	v.Set(reflect.MakeMap(f.typ))
	return r.each(cborMap, f.name, func(int) error {
		key, err := r.text(f.name)
		if err != nil {
			return err
		}
		if r.null() {
			return malformedf("Null entry in %s", f.name)
		}
		entry := reflect.New(f.typ.Elem()).Elem()
		if err := r.value(f.elem, f.elem.target(entry)); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key).Convert(f.typ.Key()), entry)
		return nil
	})
}

func (r *cborReader) text(name string) (string, error) {
	raw, err := r.chunks(cborText, name)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(raw) {
		return "", malformedf("Invalid UTF-8 for %s", name)
	}
	return string(raw), nil
}

// chunks reads a text or byte string, which may come in pieces.
func (r *cborReader) chunks(major byte, name string) ([]byte, error) {
	got, n, indefinite, err := r.head()
	if err != nil {
		return nil, err
	}
	if got != major {
		return nil, malformedf("Unexpected type for %s", name)
	}
	if !indefinite {
		if n > uint64(len(r.src)-r.at) {
			return nil, errCBOR
		}
		r.at += int(n)
		return append([]byte{}, r.src[r.at-int(n):r.at]...), nil
	}
	whole := []byte{}
	for r.peek() != cborSimple|31 {
		if r.peek()&0x1f == 31 {
			return nil, errCBOR // pieces may not come in pieces
		}
		piece, err := r.chunks(major, name)
		if err != nil {
			return nil, err
		}
		whole = append(whole, piece...)
	}
	if r.at >= len(r.src) {
		return nil, errCBOR
	}
	r.at++
	return whole, nil
}

// scalar reads booleans and numbers; floats are sent in the smallest form that holds them, integers too.
func (r *cborReader) scalar(f *field, v reflect.Value) error {
	at := r.at
	major, n, indefinite, err := r.head()
	if err != nil {
		return err
	}
	wrong := malformedf("Unexpected type for %s", f.name)
	if indefinite {
		return wrong
	}
	switch f.kind {
	case model.Boolean:
		if major != cborSimple || n != 20 && n != 21 || r.at-at != 1 {
			return wrong
		}
		v.SetBool(n == 21)
	case model.Integer, model.Long:
		if major != cborUint && major != cborNegInt || n > math.MaxInt64 {
			return wrong
		}
		i := int64(n)
		if major == cborNegInt {
			i = -1 - i
		}
		if v.OverflowInt(i) {
			return wrong
		}
		v.SetInt(i)
	default:
		r.at = at
		x, err := r.number(f.name)
		if err != nil {
			return err
		}
		v.SetFloat(x)
	}
	return nil
}

// number reads any number as a float.
func (r *cborReader) number(name string) (float64, error) {
	at := r.at
	major, n, indefinite, err := r.head()
	if err != nil {
		return 0, err
	}
	switch {
	case indefinite:
	case major == cborUint:
		return float64(n), nil
	case major == cborNegInt:
		return -1 - float64(n), nil
	case major == cborSimple && r.at-at == 3:
		return halfFloat(uint16(n)), nil
	case major == cborSimple && r.at-at == 5:
		return float64(math.Float32frombits(uint32(n))), nil
	case major == cborSimple && r.at-at == 9:
		return math.Float64frombits(n), nil
	}
	return 0, malformedf("Unexpected type for %s", name)
}

// halfFloat widens an IEEE 754 half (RFC 8949, appendix D).
func halfFloat(h uint16) float64 {
	exponent, mantissa := int(h>>10&0x1f), float64(h&0x3ff)
	var x float64
	switch exponent {
	case 0:
		x = math.Ldexp(mantissa, -24)
	case 31:
		x = math.Inf(1)
		if mantissa != 0 {
			x = math.NaN()
		}
	default:
		x = math.Ldexp(mantissa+1024, exponent-25)
	}
	if h&0x8000 != 0 {
		return -x
	}
	return x
}

func (r *cborReader) timestamp(name string, v reflect.Value) error {
	major, n, _, err := r.head()
	if err != nil {
		return err
	}
	if major != cborTag || n != 1 {
		return malformedf("Expected a time for %s", name)
	}
	seconds, err := r.number(name)
	if err != nil {
		return err
	}
	var t time.Time
	if t, err = unixTime(seconds); err != nil {
		return malformedf("%v", err)
	}
	v.Set(reflect.ValueOf(t))
	return nil
}
