package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

// xmlNode is one element of a request's body.
type xmlNode struct {
	name string
	text strings.Builder
	kids []*xmlNode
}

// maxXMLDepth is more than any served shape needs.
const maxXMLDepth = 32

func parseXML(src []byte) (*xmlNode, error) {
	d := xml.NewDecoder(bytes.NewReader(src))
	root := new(xmlNode)
	open := []*xmlNode{root}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(open) > maxXMLDepth {
			return nil, malformedf("The XML you provided was not well-formed")
		}
		top := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			n := &xmlNode{name: t.Name.Local}
			top.kids = append(top.kids, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.text.Write(t)
		}
	}
	if len(root.kids) != 1 {
		return nil, malformedf("The XML you provided was not well-formed")
	}
	return root.kids[0], nil
}

// decodeXMLBody fills the member that is the body, or the members that travel in it.
func decodeXMLBody(src []byte, p *plan, v reflect.Value) error {
	if len(bytes.TrimSpace(src)) == 0 {
		return nil
	}
	root, err := parseXML(src)
	if err != nil {
		return err
	}
	if p.shape.Payload == "" {
		return decodeXML(p, root, v)
	}
	i := slices.IndexFunc(p.fields, func(f field) bool { return f.member.Name == p.shape.Payload })
	f := &p.fields[i]
	if root.name != f.wire {
		return malformedf("Expected %s, got %s", f.wire, root.name)
	}
	return xmlValue(f, []*xmlNode{root}, f.target(v.Field(f.index)))
}

func decodeXML(p *plan, n *xmlNode, v reflect.Value) error {
	for i, kid := range n.kids {
		at, ok := p.byWire[kid.name]
		if !ok || p.fields[at].member.Location != "" {
			return malformedf("Unknown element %s in %s", kid.name, n.name)
		}
		same := func(k *xmlNode) bool { return k.name == kid.name }
		if slices.ContainsFunc(n.kids[:i], same) {
			continue // one of a flattened list, taken with its first
		}
		var all []*xmlNode
		for _, k := range n.kids[i:] {
			if same(k) {
				all = append(all, k)
			}
		}
		f := &p.fields[at]
		if err := xmlValue(f, all, f.target(v.Field(f.index))); err != nil {
			return err
		}
	}
	return nil
}

// xmlValue takes the elements of one name: several only for flattened lists.
func xmlValue(f *field, nodes []*xmlNode, v reflect.Value) error {
	if f.kind == model.List {
		return xmlList(f, nodes, v)
	}
	if len(nodes) > 1 {
		return malformedf("Element %s is given twice", nodes[0].name)
	}
	switch f.kind {
	case model.Structure:
		return decodeXML(f.plan, nodes[0], v)
	case model.Map:
		return malformedf("Element %s can't be read", nodes[0].name)
	}
	if len(nodes[0].kids) > 0 {
		return malformedf("Element %s holds elements", nodes[0].name)
	}
	return setText(f, v, nodes[0].text.String(), nodes[0].name)
}

func xmlList(f *field, nodes []*xmlNode, v reflect.Value) error {
	if !f.shape.Flattened && !f.member.Flattened {
		if len(nodes) > 1 {
			return malformedf("Element %s is given twice", nodes[0].name)
		}
		nodes = nodes[0].kids
	}
	v.Set(reflect.MakeSlice(f.typ, len(nodes), len(nodes)))
	for i, n := range nodes {
		if err := xmlValue(f.elem, []*xmlNode{n}, f.elem.target(v.Index(i))); err != nil {
			return err
		}
	}
	return nil
}

// appendXMLBody appends the member that is the body, or one element around all that travel in it.
func appendXMLBody(b []byte, p *plan, v reflect.Value) []byte {
	b = append(b, xmlHeader...)
	for i := range p.fields {
		f := &p.fields[i]
		if f.member.Name != p.shape.Payload {
			continue
		}
		if held, absent := f.absent(v.Field(f.index)); !absent {
			return xmlWriter{}.element(b, f, f.wire, held)
		}
		return b
	}
	tag := strings.TrimSuffix(p.name, "Output")
	b = openTag(b, tag)
	b = xmlWriter{}.members(b, p, v)
	return closeTag(b, tag)
}
