package wire

import (
	"reflect"
	"strconv"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

// decodeREST fills an input from the path, the query string, headers and the body.
func decodeREST(t Target, p *plan, v reflect.Value) error {
	if t.Protocol == model.RestXML {
		if err := decodeXMLBody(t.body, p, v); err != nil {
			return err
		}
	} else if err := decodeJSON(t.body, p, v); err != nil {
		return err
	}
	query := t.request.URL.Query()
	for i := range p.fields {
		f := &p.fields[i]
		var text string
		var ok bool
		switch f.member.Location {
		case "uri":
			text, ok = t.labels[f.wire]
		case "querystring":
			text, ok = query.Get(f.wire), query.Has(f.wire)
		case "header":
			text = t.request.Header.Get(f.wire)
			ok = text != ""
		default:
			continue
		}
		if !ok {
			continue
		}
		if err := setText(f, f.target(v.Field(f.index)), text, f.wire); err != nil {
			return err
		}
	}
	return nil
}

// encodeREST writes headers and a body.
func encodeREST(r *Response, dst []byte, protocol model.Protocol, p *plan, v reflect.Value) {
	for i := range p.fields {
		f := &p.fields[i]
		if f.member.Location != "header" {
			continue
		}
		if held, absent := f.absent(v.Field(f.index)); !absent {
			r.Headers = append(r.Headers, f.wire, headerText(f, held))
		}
	}
	if protocol == model.RestXML {
		r.Body = appendXMLBody(dst, p, v)
		return
	}
	r.Body = appendJSONStruct(dst, p, v)
}

func headerText(f *field, v reflect.Value) string {
	if f.kind == model.Timestamp && f.format == "" {
		return string(appendTime(nil, timeOf(v), formatRFC))
	}
	if f.kind == model.Boolean {
		return strconv.FormatBool(v.Bool())
	}
	return string(xmlWriter{}.text(nil, f, v))
}
