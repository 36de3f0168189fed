package wire

import (
	"encoding/base64"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

// formNode is one step of the dotted names of a form: "Filter.1.Value.2" is four deep.
type formNode struct {
	value string
	set   bool
	kids  map[string]*formNode
}

// maxFormDepth is more than any served shape needs.
const maxFormDepth = 32

func parseForm(raw string) (*formNode, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, malformedf("The query string is malformed")
	}
	root := new(formNode)
	for name, v := range values {
		if len(v) > 1 {
			return nil, malformedf("The parameter %s is given twice", name)
		}
		if strings.Count(name, ".") > maxFormDepth {
			return nil, malformedf("The parameter %s is too deep", name)
		}
		n := root
		for step := range strings.SplitSeq(name, ".") {
			n = n.kid(step)
		}
		n.value, n.set = v[0], true
	}
	return root, nil
}

func (n *formNode) kid(name string) *formNode {
	if n.kids == nil {
		n.kids = make(map[string]*formNode)
	}
	k, ok := n.kids[name]
	if !ok {
		k = new(formNode)
		n.kids[name] = k
	}
	return k
}

// formReader decodes a form by a plan. EC2 names and flattens differently from the other query services.
type formReader struct{ ec2 bool }

func (r formReader) structure(p *plan, n *formNode, v reflect.Value, path string) error {
	if n.set && n.value != "" {
		return malformedf("Unexpected value for %s", strings.TrimSuffix(path, "."))
	}
	used := 0
	for i := range p.fields {
		f := &p.fields[i]
		name := f.wire
		if r.ec2 {
			name = f.query
		}
		kid, ok := n.kids[name]
		if !ok {
			continue
		}
		used++
		if err := r.value(f, kid, f.target(v.Field(f.index)), path+name); err != nil {
			return err
		}
	}
	if used == len(n.kids) {
		return nil
	}
	return r.unknown(p, n, path)
}

// unknown names the first parameter that the shape does not have.
func (r formReader) unknown(p *plan, n *formNode, path string) error {
	var names []string
	for name := range n.kids {
		if !slices.ContainsFunc(p.fields, func(f field) bool { return name == f.wire && !r.ec2 || name == f.query && r.ec2 }) {
			names = append(names, path+name)
		}
	}
	return &unknownParameter{name: slices.Min(names)}
}

// unknownParameter is a parameter that no shape has.
type unknownParameter struct{ name string }

func (u *unknownParameter) Error() string { return "The parameter " + u.name + " is not recognized" }

func (r formReader) value(f *field, n *formNode, v reflect.Value, path string) error {
	switch f.kind {
	case model.Structure:
		return r.structure(f.plan, n, v, path+".")
	case model.List:
		return r.list(f, n, v, path)
	case model.Map:
		return r.mapping(f, n, v, path)
	}
	if len(n.kids) > 0 {
		return malformedf("Unexpected structure for %s", path)
	}
	return setText(f, v, n.value, path)
}

// setText sets a value that travels as text: in forms, headers, paths and XML.
func setText(f *field, v reflect.Value, text, path string) error {
	switch f.kind {
	case model.String:
		v.SetString(text)
	case model.Boolean:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return malformedf("%s is not a boolean", path)
		}
		v.SetBool(b)
	case model.Integer, model.Long:
		i, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return malformedf("%s is not an integer", path)
		}
		v.SetInt(i)
	case model.Float, model.Double:
		x, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil {
			return malformedf("%s is not a number", path)
		}
		v.SetFloat(x)
	case model.Timestamp:
		t, err := parseTime(text)
		if err != nil {
			return malformedf("%s is not a time", path)
		}
		v.Set(reflect.ValueOf(t))
	case model.Blob:
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return malformedf("%s is not base64", path)
		}
		v.SetBytes(raw)
	default:
		return malformedf("%s is not text", path)
	}
	return nil
}

// numbered returns a node's entries in the order of their numbers; gaps are allowed, as AWS allows them.
func numbered(n *formNode, path string) ([]*formNode, error) {
	indexes := make([]int, 0, len(n.kids))
	for step := range n.kids {
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || strconv.Itoa(i) != step {
			return nil, &unknownParameter{name: path + "." + step}
		}
		indexes = append(indexes, i)
	}
	slices.Sort(indexes)
	nodes := make([]*formNode, len(indexes))
	for i, index := range indexes {
		nodes[i] = n.kids[strconv.Itoa(index)]
	}
	return nodes, nil
}

// entries finds the numbered nodes of a list or map, behind the name of its entries where it is not flattened.
func (r formReader) entries(f *field, n *formNode, name, path string) ([]*formNode, error) {
	if n.set && n.value != "" {
		return nil, malformedf("Unexpected value for %s", path)
	}
	if !r.ec2 && !f.shape.Flattened && !f.member.Flattened {
		inner, ok := n.kids[name]
		if len(n.kids) > 1 || len(n.kids) == 1 && !ok {
			return nil, malformedf("%s must be numbered behind .%s", path, name)
		}
		if !ok {
			return nil, nil
		}
		n, path = inner, path+"."+name
	}
	return numbered(n, path)
}

func (r formReader) list(f *field, n *formNode, v reflect.Value, path string) error {
	name := "member"
	if w := f.elem.member.Wire; w != "" {
		name = w
	}
	nodes, err := r.entries(f, n, name, path)
	if err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(f.typ, len(nodes), len(nodes)))
	for i, node := range nodes {
		if err := r.value(f.elem, node, f.elem.target(v.Index(i)), path+"."+strconv.Itoa(i+1)); err != nil {
			return err
		}
	}
	return nil
}

// mapNames returns the names of a map's keys and values in forms and XML.
func mapNames(p *plan) (key, value string) {
	key, value = "key", "value"
	if w := p.key.Wire; w != "" {
		key = w
	}
	if w := p.elem.member.Wire; w != "" {
		value = w
	}
	return key, value
}

func (r formReader) mapping(f *field, n *formNode, v reflect.Value, path string) error {
	nodes, err := r.entries(f, n, "entry", path)
	if err != nil {
		return err
	}
	keyName, valueName := mapNames(f.plan)
	v.Set(reflect.MakeMap(f.typ))
	for _, node := range nodes {
		key, value := node.kids[keyName], node.kids[valueName]
		if key == nil || value == nil || len(node.kids) != 2 || len(key.kids) > 0 {
			return malformedf("%s must be pairs of %s and %s", path, keyName, valueName)
		}
		entry := reflect.New(f.typ.Elem()).Elem()
		if err := r.value(f.elem, value, f.elem.target(entry), path+"."+valueName); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key.value).Convert(f.typ.Key()), entry)
	}
	return nil
}
