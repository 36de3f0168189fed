package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

// parseOperations reads lines of "service: Operation Operation"; a service may have several.
func parseOperations(text string) (map[string][]string, error) {
	served := make(map[string][]string)
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, ops, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("operations.txt:%d: want \"service: Operation ...\"", n+1)
		}
		served[name] = append(served[name], strings.Fields(ops)...)
	}
	for name := range served {
		slices.Sort(served[name])
		served[name] = slices.Compact(served[name])
	}
	return served, nil
}

// generate returns the content of each file of facts.
func generate(models, version string, served map[string][]string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	var index []model.Metadata
	for _, name := range slices.Sorted(maps.Keys(served)) {
		src, err := readService(models, name)
		if err != nil {
			return nil, err
		}
		facts, err := reduce(name, version, src, served[name])
		if err != nil {
			return nil, err
		}
		index = append(index, facts.Metadata)
		files[name+".json"] = render(facts)
	}
	files["index.json"] = renderIndex(index)
	return files, nil
}

// reduction collects what the wanted operations reach.
type reduction struct {
	src   *botoService
	facts *model.Service
	input map[string]bool // shapes that a request can reach: their limits matter
}

func reduce(name, version string, src *botoService, operations []string) (*model.Service, error) {
	r := &reduction{src: src, input: make(map[string]bool), facts: &model.Service{
		Botocore: version, Metadata: metadata(name, src), Operations: make(map[string]model.Operation),
		Errors: make(map[string]model.Error), Shapes: make(map[string]*model.Shape),
	}}
	for _, op := range operations {
		from, ok := src.Operations[op]
		if !ok {
			return nil, fmt.Errorf("%s has no operation %s", name, op)
		}
		r.operation(op, from)
	}
	for shape, s := range r.facts.Shapes {
		if !r.input[shape] {
			s.Enum, s.Min, s.Max, s.Pattern, s.Sensitive = nil, nil, nil, "", false
			for i := range s.Members {
				s.Members[i].Required = false
			}
		}
		if _, err := model.CompilePattern(s.Pattern); err != nil {
			s.Pattern = ""
			r.facts.Unread = append(r.facts.Unread, shape)
		}
	}
	slices.Sort(r.facts.Unread)
	return r.facts, nil
}

func metadata(name string, src *botoService) model.Metadata {
	m := src.Metadata
	meta := model.Metadata{
		Name: name, ServiceID: m.ServiceID, APIVersion: m.APIVersion, EndpointPrefix: m.EndpointPrefix,
		SigningName: m.SigningName, JSONVersion: m.JSONVersion, TargetPrefix: m.TargetPrefix,
		XMLNamespace: m.XMLNamespace, QueryCompatible: m.QueryCompatible != nil,
	}
	if meta.SigningName == "" {
		meta.SigningName = m.EndpointPrefix
	}
	if len(m.Protocols) == 0 {
		m.Protocols = []string{m.Protocol}
	}
	for _, p := range m.Protocols {
		meta.Protocols = append(meta.Protocols, model.Protocol(p))
	}
	return meta
}

func (r *reduction) operation(name string, from botoOperation) {
	op := model.Operation{Status: from.HTTP.Status}
	if from.HTTP.Method != http.MethodPost {
		op.Method = from.HTTP.Method
	}
	if from.HTTP.URI != "/" {
		op.URI = from.HTTP.URI
	}
	if from.Input != nil {
		op.Input, op.InputTag = from.Input.Shape, from.Input.LocationName
		r.reach(op.Input, true)
	}
	if from.Output != nil {
		op.Output, op.Wrapper = from.Output.Shape, from.Output.ResultWrapper
		r.reach(op.Output, false)
	}
	for _, e := range from.Errors {
		op.Errors = append(op.Errors, e.Shape)
		r.facts.Errors[e.Shape] = r.errorOf(e.Shape)
	}
	r.facts.Operations[name] = op
}

func (r *reduction) errorOf(shape string) model.Error {
	s := r.src.Shapes[shape]
	e := model.Error{Code: s.Error.Code, Status: s.Error.Status, Fault: s.Fault || s.Error.Fault}
	if e.Code == shape {
		e.Code = ""
	}
	for _, m := range s.Members {
		if strings.EqualFold(m.Name, "message") && m.Name != "message" {
			e.Message = m.Name
		}
	}
	return e
}

// reach adds a shape and all it is made of.
func (r *reduction) reach(name string, input bool) {
	_, known := r.facts.Shapes[name]
	if known && (r.input[name] || !input) {
		return
	}
	r.input[name] = r.input[name] || input
	from := r.src.Shapes[name]
	s := &model.Shape{
		Kind: model.Kind(from.Type), Union: from.Union, Document: from.Document, Payload: from.Payload,
		Flattened: from.Flattened, Enum: from.Enum, Min: from.Min, Max: from.Max, Pattern: from.Pattern, Sensitive: from.Sensitive,
		Format: from.Format,
	}
	r.facts.Shapes[name] = s
	for _, m := range from.Members {
		member := r.member(&m.botoRef, input)
		member.Name = m.Name
		member.Required = slices.Contains(from.Required, m.Name)
		if member.Wire == m.Name {
			member.Wire = ""
		}
		s.Members = append(s.Members, *member)
	}
	s.Member = r.member(from.Member, input)
	s.Key, s.Value = r.member(from.Key, input), r.member(from.Value, input)
}

func (r *reduction) member(from *botoRef, input bool) *model.Member {
	if from == nil {
		return nil
	}
	r.reach(from.Shape, input)
	m := &model.Member{
		Shape: from.Shape, Wire: from.LocationName, Query: from.QueryName, Location: from.Location,
		Flattened: from.Flattened, Attribute: from.XMLAttribute, Idempotent: from.Idempotent,
	}
	ns := from.XMLNamespace
	if ns == nil {
		ns = r.src.Shapes[from.Shape].XMLNS
	}
	if ns != nil {
		m.Namespace, m.XMLPrefix = ns.URI, ns.Prefix
	}
	return m
}

// render writes one line for each operation, error and shape, so that a difference between versions is easy to read.
func render(s *model.Service) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n\"botocore\": %s,\n\"metadata\": %s", line(s.Botocore), line(s.Metadata))
	if len(s.Unread) > 0 {
		fmt.Fprintf(&b, ",\n\"unread\": %s", line(s.Unread))
	}
	renderMap(&b, "operations", s.Operations)
	renderMap(&b, "errors", s.Errors)
	renderMap(&b, "shapes", s.Shapes)
	b.WriteString("\n}\n")
	return b.Bytes()
}

func renderMap[V any](b *bytes.Buffer, title string, m map[string]V) {
	fmt.Fprintf(b, ",\n%q: {", title)
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "\n%q: %s", name, line(m[name]))
	}
	b.WriteString("\n}")
}

func renderIndex(index []model.Metadata) []byte {
	lines := make([]string, len(index))
	for i, m := range index {
		lines[i] = line(m)
	}
	return []byte("[\n" + strings.Join(lines, ",\n") + "\n]\n")
}

// line renders a value that is made of plain types only, for which encoding can't fail.
func line(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
