package wire

import (
	"encoding/binary"
	"math"
	"reflect"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

// The major types of CBOR (RFC 8949, section 3.1), in the upper three bits.
const (
	cborUint   = 0 << 5
	cborNegInt = 1 << 5
	cborBytes  = 2 << 5
	cborText   = 3 << 5
	cborList   = 4 << 5
	cborMap    = 5 << 5
	cborTag    = 6 << 5
	cborSimple = 7 << 5
)

func appendCBORHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n <= math.MaxUint8:
		return append(b, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

func appendCBORText(b []byte, s string) []byte {
	return append(appendCBORHead(b, cborText, uint64(len(s))), s...)
}

func appendCBORInt(b []byte, n int64) []byte {
	if n < 0 {
		return appendCBORHead(b, cborNegInt, uint64(-1-n))
	}
	return appendCBORHead(b, cborUint, uint64(n))
}

func appendCBORDouble(b []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(append(b, cborSimple|27), math.Float64bits(f))
}

// appendCBORStruct appends an indefinite map, whose size need not be known beforehand.
func appendCBORStruct(b []byte, p *plan, v reflect.Value) []byte {
	b = append(b, cborMap|31)
	for i := range p.fields {
		f := &p.fields[i]
		if held, absent := f.absent(v.Field(f.index)); !absent {
			b = append(b, f.named...)
			b = appendCBOR(b, f, held)
		}
	}
	return append(b, cborSimple|31)
}

func appendCBOR(b []byte, f *field, v reflect.Value) []byte {
	switch f.kind {
	case model.Structure:
		return appendCBORStruct(b, f.plan, v)
	case model.List:
		b = appendCBORHead(b, cborList, uint64(v.Len()))
		for i := range v.Len() {
			b = appendCBOREntry(b, f.elem, v.Index(i))
		}
		return b
	case model.Map:
		b = appendCBORHead(b, cborMap, uint64(v.Len()))
		for _, key := range sortedKeys(v) {
			b = appendCBORText(b, key.String())
			b = appendCBOREntry(b, f.elem, v.MapIndex(key))
		}
		return b
	case model.String:
		return appendCBORText(b, v.String())
	case model.Boolean:
		if v.Bool() {
			return append(b, cborSimple|21)
		}
		return append(b, cborSimple|20)
	case model.Integer, model.Long:
		return appendCBORInt(b, v.Int())
	case model.Float, model.Double:
		return appendCBORDouble(b, v.Float())
	case model.Timestamp: // tag 1: seconds since 1970
		return appendCBORDouble(append(b, cborTag|1), float64(timeOf(v).UnixMilli())/1e3)
	default: // blob
		return append(appendCBORHead(b, cborBytes, uint64(v.Len())), v.Bytes()...)
	}
}

func appendCBOREntry(b []byte, elem *field, v reflect.Value) []byte {
	if elem.pointer {
		if v.IsNil() {
			return append(b, cborSimple|22)
		}
		v = v.Elem()
	}
	return appendCBOR(b, elem, v)
}

func appendCBORError(b []byte, shape, member, message string) []byte {
	b = appendCBORHead(b, cborMap, 2)
	b = appendCBORText(b, "__type")
	b = appendCBORText(b, shape)
	b = appendCBORText(b, member)
	return appendCBORText(b, message)
}
