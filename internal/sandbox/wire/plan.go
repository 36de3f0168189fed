package wire

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

// plan is how values of one Go type travel as one shape. It is compiled once and never changes.
type plan struct {
	kind     model.Kind
	name     string // of the shape
	shape    *model.Shape
	typ      reflect.Type // without the pointer
	fields   []field      // of a structure, in the model's order
	byWire   map[string]int
	key      *model.Member // of a map, for its XML names
	keyShape *model.Shape  // of a map, where keys are limited
	elem     *field        // of a list or map: its entries
	checks   bool          // whether anything in it is limited by the model
}

// field is one member of a structure, or the entry of a list or map.
type field struct {
	*plan
	index   int
	pointer bool // the Go value is a pointer, nil where absent
	member  *model.Member
	wire    string // name in JSON, CBOR and XML
	query   string // name in the ec2 protocol
	json    []byte // `"name":`
	named   []byte // the name as a CBOR text string
	format  string // of a timestamp, where not the protocol's own
}

type planKey struct {
	shape string
	typ   reflect.Type
}

// compiler makes plans for one service. It is not safe for concurrent use.
type compiler struct {
	facts *model.Service
	plans map[planKey]*plan
}

func (c *compiler) plan(shape string, t reflect.Type) (*plan, error) {
	if p, ok := c.plans[planKey{shape, t}]; ok {
		return p, nil
	}
	s, ok := c.facts.Shapes[shape]
	if !ok {
		return nil, fmt.Errorf("no facts about shape %s", shape)
	}
	p := &plan{kind: s.Kind, name: shape, shape: s, typ: t, key: s.Key}
	p.checks = limited(s)
	c.plans[planKey{shape, t}] = p
	if err := c.fill(p); err != nil {
		delete(c.plans, planKey{shape, t})
		return nil, err
	}
	return p, nil
}

// limited says whether a shape's own values are limited by the model.
func limited(s *model.Shape) bool {
	return s.Min != nil || s.Max != nil || len(s.Enum) > 0 || s.Pattern != ""
}

func (c *compiler) fill(p *plan) error {
	if !fits(p.kind, p.typ) {
		return fmt.Errorf("shape %s is a %s, which %v can't hold", p.name, p.kind, p.typ)
	}
	switch p.kind {
	case model.Structure:
		return c.fillStructure(p)
	case model.List:
		return c.fillEntry(p, p.shape.Member)
	case model.Map:
		return c.fillEntry(p, p.shape.Value)
	}
	return nil
}

func (c *compiler) fillEntry(p *plan, m *model.Member) error {
	f, err := c.field(m, p.typ.Elem())
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.elem = &f
	if p.kind == model.Map {
		if k := c.facts.Shapes[p.key.Shape]; limited(k) {
			p.keyShape, p.checks = k, true
		}
	}
	p.checks = p.checks || f.checks
	return nil
}

func (c *compiler) fillStructure(p *plan) error {
	if p.shape.Union || p.shape.Document {
		return fmt.Errorf("shape %s is a union or a document, which no served operation needed so far", p.name)
	}
	p.byWire = make(map[string]int, len(p.shape.Members))
	for i := range p.shape.Members {
		m := &p.shape.Members[i]
		sf, ok := goField(p.typ, m.Name)
		if !ok {
			return fmt.Errorf("%v has no field for member %s of %s", p.typ, m.Name, p.name)
		}
		f, err := c.field(m, sf.Type)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", p.name, m.Name, err)
		}
		f.index = sf.Index[0]
		p.byWire[f.wire] = len(p.fields)
		p.fields = append(p.fields, f)
		p.checks = p.checks || m.Required || f.checks
	}
	return nil
}

func (c *compiler) field(m *model.Member, t reflect.Type) (field, error) {
	f := field{member: m, wire: m.Wire}
	if f.wire == "" {
		f.wire = m.Name
	}
	f.query = m.Query
	if f.query == "" {
		f.query = capital(f.wire)
	}
	if t.Kind() == reflect.Pointer {
		f.pointer, t = true, t.Elem()
	}
	p, err := c.plan(m.Shape, t)
	if err != nil {
		return field{}, err
	}
	f.plan, f.format = p, p.shape.Format
	f.json = append(appendJSONString(nil, f.wire), ':')
	f.named = appendCBORText(nil, f.wire)
	return f, nil
}

// goField finds the field of a model's member: its name with a capital first letter, save for a few initialisms.
func goField(t reflect.Type, member string) (reflect.StructField, bool) {
	if f, ok := t.FieldByName(capital(member)); ok {
		return f, true
	}
	return t.FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, member) })
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// fits says whether values of a Go type can be of a kind.
func fits(k model.Kind, t reflect.Type) bool {
	switch k {
	case model.Structure:
		return t.Kind() == reflect.Struct
	case model.List:
		return t.Kind() == reflect.Slice
	case model.Map:
		return t.Kind() == reflect.Map && t.Key().Kind() == reflect.String
	case model.String:
		return t.Kind() == reflect.String
	case model.Boolean:
		return t.Kind() == reflect.Bool
	case model.Integer:
		return t.Kind() == reflect.Int32
	case model.Long:
		return t.Kind() == reflect.Int64
	case model.Float:
		return t.Kind() == reflect.Float32
	case model.Double:
		return t.Kind() == reflect.Float64
	case model.Timestamp:
		return t == reflect.TypeFor[time.Time]()
	case model.Blob:
		return t == reflect.TypeFor[[]byte]()
	}
	return false
}

// absent says whether a field's value is left out of an answer, and returns what it holds.
func (f *field) absent(v reflect.Value) (reflect.Value, bool) {
	if f.pointer {
		if v.IsNil() {
			return v, true
		}
		return v.Elem(), false
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v, v.IsNil()
	case reflect.String: // an enum that is not set
		return v, v.Len() == 0
	}
	return v, false
}

// target returns where a field's decoded value goes, made when it is behind a pointer.
func (f *field) target(v reflect.Value) reflect.Value {
	if !f.pointer {
		return v
	}
	v.Set(reflect.New(f.typ))
	return v.Elem()
}
