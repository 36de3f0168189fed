// Package wire translates between AWS's wire protocols and the SDK's own input and output structs. One codec serves
// one service in every protocol that it speaks; what it knows of the service comes from package model, and nothing is
// written by hand for an operation.
//
// For each shape and Go type a plan is compiled once, on first use. Requests are read straight into the structs and
// answers appended straight to bytes. Requests are held against the model more strictly than AWS does: unknown members
// are refused too, since they are mistakes of the caller.
package wire

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/glueguard/glueguard/internal/sandbox/model"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Codec speaks for one service. It is safe for concurrent use.
type Codec struct {
	facts      *model.Service
	meta       model.Metadata
	operations map[string]*operation
	routes     []route // of REST operations
	mu         sync.Mutex
	compiler   compiler
}

// operation is one operation with its plans, compiled on first use.
type operation struct {
	service.Operation
	model  model.Operation
	once   sync.Once
	err    error
	input  *plan
	output *plan
}

// New makes a codec. It fails for operations that the facts do not have.
func New(facts *model.Service, operations []service.Operation) (*Codec, error) {
	c := &Codec{facts: facts, meta: facts.Metadata, operations: make(map[string]*operation, len(operations))}
	c.compiler = compiler{facts: facts, plans: make(map[planKey]*plan)}
	for _, op := range operations {
		about, ok := facts.Operations[op.Name]
		if !ok {
			return nil, fmt.Errorf("no facts about operation %s of %s", op.Name, c.meta.Name)
		}
		if _, twice := c.operations[op.Name]; twice {
			return nil, fmt.Errorf("operation %s of %s is served twice", op.Name, c.meta.Name)
		}
		c.operations[op.Name] = &operation{Operation: op, model: about}
	}
	c.routes = restRoutes(c.meta, c.operations)
	return c, nil
}

// Compile makes every plan now and tells every operation whose structs are not what the facts say.
func (c *Codec) Compile() error {
	var all []error
	for name := range c.operations {
		if _, err := c.operation(name); err != nil {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// operation returns a served operation with its plans.
func (c *Codec) operation(name string) (*operation, error) {
	o, ok := c.operations[name]
	if !ok {
		return nil, fmt.Errorf("%s does not serve %s", c.meta.Name, name)
	}
	o.once.Do(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		o.err = c.compile(o)
	})
	return o, o.err
}

func (c *Codec) compile(o *operation) error {
	for _, side := range []struct {
		shape string
		typ   reflect.Type
		into  **plan
	}{{o.model.Input, o.Input, &o.input}, {o.model.Output, o.Output, &o.output}} {
		if side.shape == "" {
			*side.into = emptyPlan(side.typ)
			continue
		}
		p, err := c.compiler.plan(side.shape, side.typ)
		if err != nil {
			return fmt.Errorf("%s:%s: %w", c.meta.Name, o.Name, err)
		}
		*side.into = p
	}
	return nil
}

// Decode fills an input, which Operation.NewInput made, from a request, and holds it against the model.
func (c *Codec) Decode(t Target, in any) *service.Error {
	o, err := c.operation(t.Operation)
	if err != nil {
		return Refuse(t.Protocol, InternalFailure, err.Error())
	}
	v := reflect.ValueOf(in).Elem()
	switch t.Protocol {
	case model.JSON:
		err = decodeJSON(t.body, o.input, v)
	case model.CBOR:
		err = decodeCBOR(t.body, o.input, v)
	case model.Query, model.EC2:
		err = formReader{ec2: t.Protocol == model.EC2}.structure(o.input, t.form, v, "")
	default:
		err = decodeREST(t, o.input, v)
	}
	if err != nil {
		return undecodable(t.Protocol, err)
	}
	return c.check(t.Protocol, o, v)
}

// undecodable words a request that could not be read.
func undecodable(p model.Protocol, err error) *service.Error {
	code := "SerializationException"
	var unknown *unknownParameter
	switch {
	case errors.As(err, &unknown):
		code = "UnknownParameter"
	case p == model.Query || p == model.EC2:
		code = "MalformedInput"
	case p == model.RestXML:
		code = "MalformedXML"
	}
	return &service.Error{Code: code, Message: err.Error(), Status: 400}
}

// Response is an answer that is ready to be sent, save for headers with request ids.
type Response struct {
	Status      int
	ContentType string
	Headers     []string // names and values in turn
	Body        []byte
}

// Encode appends the answer for an operation's output, a pointer to the SDK's struct, to dst.
func (c *Codec) Encode(dst []byte, t Target, out any, requestID string) (Response, error) {
	o, err := c.operation(t.Operation)
	if err != nil {
		return Response{}, err
	}
	r := Response{Status: 200, ContentType: t.contentType()}
	if o.model.Status != 0 {
		r.Status = o.model.Status
	}
	p := o.output
	v := reflect.ValueOf(out).Elem()
	if v.Type() != o.Output {
		return Response{}, fmt.Errorf("%s:%s answered with %v, want %v", c.meta.Name, o.Name, v.Type(), o.Output)
	}
	switch t.Protocol {
	case model.JSON:
		if o.model.Output != "" { // else AWS answers with nothing
			r.Body = appendJSONStruct(dst, p, v)
		}
	case model.CBOR:
		r.Body = appendCBORStruct(dst, p, v)
	case model.Query:
		r.Body = c.encodeQuery(dst, o, p, v, requestID)
	case model.EC2:
		r.Body = c.encodeEC2(dst, o, p, v, requestID)
	default:
		encodeREST(&r, dst, t.Protocol, p, v)
	}
	return r, nil
}

func (c *Codec) encodeQuery(b []byte, o *operation, p *plan, v reflect.Value, requestID string) []byte {
	tag := o.Name + "Response"
	b = openTag(b, tag+` xmlns="`+c.meta.XMLNamespace+`"`)
	if o.model.Wrapper != "" {
		b = openTag(b, o.model.Wrapper)
		b = xmlWriter{}.members(b, p, v)
		b = closeTag(b, o.model.Wrapper)
	}
	b = append(b, "<ResponseMetadata><RequestId>"...)
	b = append(b, requestID...)
	b = append(b, "</RequestId></ResponseMetadata>"...)
	return closeTag(b, tag)
}

func (c *Codec) encodeEC2(b []byte, o *operation, p *plan, v reflect.Value, requestID string) []byte {
	tag := o.Name + "Response"
	b = append(b, xmlHeader...)
	b = openTag(b, tag+` xmlns="`+c.meta.XMLNamespace+`/"`)
	b = append(b, "<requestId>"...)
	b = append(b, requestID...)
	b = append(b, "</requestId>"...)
	b = xmlWriter{ec2: true}.members(b, p, v)
	return closeTag(b, tag)
}

const xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// EncodeError appends the answer for an error to dst.
func (c *Codec) EncodeError(dst []byte, t Target, e *service.Error, requestID string) Response {
	shape, modelled, known := c.facts.Lookup(e.Code)
	if !known {
		shape = e.Code
	}
	code := e.Code
	if known && modelled.Code != "" {
		code = modelled.Code
	}
	r := encodeError(dst, t, shape, code, modelled.Message, e.Message, requestID)
	r.Status = c.statusOf(t.Protocol, e, modelled, known)
	if c.meta.QueryCompatible && (t.Protocol == model.JSON || t.Protocol == model.CBOR) {
		r.Headers = append(r.Headers, "X-Amzn-Query-Error", code+";"+blame(r.Status))
	}
	return r
}

// EncodeRefusal answers a request whose service is not known.
func EncodeRefusal(dst []byte, t Target, e *service.Error, requestID string) Response {
	r := encodeError(dst, t, e.Code, e.Code, "", e.Message, requestID)
	r.Status = e.Status
	return r
}

func blame(status int) string {
	if status >= 500 {
		return "Receiver"
	}
	return "Sender"
}

// encodeError writes an error in a protocol. JSON carries the shape's name, XML the code of the query protocol.
func encodeError(b []byte, t Target, shape, code, member, message, requestID string) Response {
	r := Response{ContentType: t.contentType()}
	if member == "" {
		member = "message"
	}
	switch t.Protocol {
	case model.JSON:
		b = appendJSONError(b, shape, member, message)
	case model.RestJSON:
		r.Headers = []string{"X-Amzn-Errortype", shape}
		b = appendJSONError(b, shape, member, message)
	case model.CBOR:
		b = appendCBORError(b, shape, member, message)
	case model.EC2:
		b = append(b, xmlHeader+"<Response><Errors><Error>"...)
		b = appendXMLError(b, code, message)
		b = append(b, "</Error></Errors><RequestID>"...)
		b = append(b, requestID...)
		b = append(b, "</RequestID></Response>"...)
	case model.RestXML:
		b = append(b, xmlHeader+"<Error>"...)
		b = appendXMLError(b, code, message)
		b = append(b, "<RequestId>"...)
		b = append(b, requestID...)
		b = append(b, "</RequestId></Error>"...)
	default:
		b = append(b, `<ErrorResponse xmlns="`...)
		b = append(b, t.namespace...)
		b = append(b, `"><Error><Type>Sender</Type>`...)
		b = appendXMLError(b, code, message)
		b = append(b, "</Error><RequestId>"...)
		b = append(b, requestID...)
		b = append(b, "</RequestId></ErrorResponse>"...)
	}
	r.Body = b
	return r
}

func appendXMLError(b []byte, code, message string) []byte {
	b = openTag(b, "Code")
	b = appendXMLText(b, code)
	b = append(b, "</Code><Message>"...)
	b = appendXMLText(b, message)
	return closeTag(b, "Message")
}

func appendJSONError(b []byte, shape, member, message string) []byte {
	b = append(b, `{"__type":`...)
	b = appendJSONString(b, shape)
	b = append(b, ',')
	b = appendJSONString(b, member)
	b = append(b, ':')
	b = appendJSONString(b, message)
	return append(b, '}')
}

// emptyPlan is for operations that the model gives no input or output.
func emptyPlan(t reflect.Type) *plan {
	return &plan{kind: model.Structure, name: strings.TrimSuffix(t.Name(), "Input"), typ: t, shape: &model.Shape{Kind: model.Structure}}
}
