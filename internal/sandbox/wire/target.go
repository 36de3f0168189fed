package wire

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/sandbox/model"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Target is what a request asks for and in which protocol.
type Target struct {
	Protocol  model.Protocol
	Operation string

	body      []byte
	form      *formNode
	request   *http.Request     // of REST requests
	labels    map[string]string // of a REST path
	version   string            // of JSON
	namespace string            // of XML
}

const jsonType = "application/x-amz-json-"

func (t Target) contentType() string {
	switch t.Protocol {
	case model.JSON:
		if t.version == "1.0" {
			return jsonType + "1.0"
		}
		return jsonType + "1.1"
	case model.RestJSON:
		return "application/json"
	case model.CBOR:
		return "application/cbor"
	case model.EC2:
		return "text/xml;charset=UTF-8"
	case model.RestXML:
		return "application/xml"
	}
	return "text/xml"
}

// Guess tells the protocol of a request whose service is not known, so that it can be refused in words it understands.
func Guess(r *http.Request) Target {
	switch {
	case r.Header.Get("Smithy-Protocol") != "":
		return Target{Protocol: model.CBOR}
	case r.Header.Get("X-Amz-Target") != "":
		return Target{Protocol: model.JSON, version: jsonVersion(r)}
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"), r.URL.Query().Has("Action"):
		return Target{Protocol: model.Query}
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return Target{Protocol: model.RestJSON}
	}
	return Target{Protocol: model.RestXML}
}

func jsonVersion(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Content-Type"), jsonType)
}

// Match finds what a request asks of this service. The body must stay untouched until Decode has been called.
func (c *Codec) Match(r *http.Request, body []byte) (Target, *service.Error) {
	t := Target{Protocol: c.protocol(r), body: body, namespace: c.meta.XMLNamespace}
	switch t.Protocol {
	case model.CBOR:
		return c.matchCBOR(t, r)
	case model.JSON:
		return c.matchJSON(t, r)
	case model.Query, model.EC2:
		return c.matchForm(t, r)
	default:
		return c.matchREST(t, r)
	}
}

// protocol is the one that a request is written in, among those of the service.
func (c *Codec) protocol(r *http.Request) model.Protocol {
	if len(c.meta.Protocols) == 1 {
		return c.meta.Protocols[0]
	}
	p := Guess(r).Protocol
	if slices.Contains(c.meta.Protocols, p) {
		return p
	}
	return c.meta.Protocols[len(c.meta.Protocols)-1]
}

func (c *Codec) found(t Target, name string) (Target, *service.Error) {
	if _, ok := c.operations[name]; !ok {
		if t.Protocol == model.Query || t.Protocol == model.EC2 {
			return t, Refuse(t.Protocol, UnknownOperation, "The action "+name+" is not valid for this web service.")
		}
		return t, Refuse(t.Protocol, UnknownOperation, "")
	}
	t.Operation = name
	return t, nil
}

func (c *Codec) matchCBOR(t Target, r *http.Request) (Target, *service.Error) {
	rest, ok := strings.CutPrefix(r.URL.Path, "/service/"+c.meta.TargetPrefix+"/operation/")
	if !ok || r.Header.Get("Smithy-Protocol") != "rpc-v2-cbor" || r.Method != http.MethodPost {
		return t, Refuse(t.Protocol, UnknownOperation, "")
	}
	return c.found(t, rest)
}

func (c *Codec) matchJSON(t Target, r *http.Request) (Target, *service.Error) {
	t.version = jsonVersion(r)
	target := r.Header.Get("X-Amz-Target")
	dot := strings.LastIndexByte(target, '.')
	if dot < 0 || !c.targets(target[:dot]) || r.Method != http.MethodPost {
		return t, Refuse(t.Protocol, UnknownOperation, "")
	}
	return c.found(t, target[dot+1:])
}

func (c *Codec) matchForm(t Target, r *http.Request) (Target, *service.Error) {
	raw := string(t.body)
	if r.Method == http.MethodGet {
		raw = r.URL.RawQuery
	}
	form, err := parseForm(raw)
	if err != nil {
		return t, undecodable(t.Protocol, err)
	}
	action, version := form.kids["Action"], form.kids["Version"]
	delete(form.kids, "Action")
	delete(form.kids, "Version")
	if action == nil {
		return t, service.Errorf("MissingAction", "The request must contain the parameter Action")
	}
	if version == nil || version.value != c.meta.APIVersion {
		return t, service.Errorf("NoSuchVersion", "The requested version is not supported, want %s", c.meta.APIVersion)
	}
	t.form = form
	return c.found(t, action.value)
}

// targets says whether a target's prefix is this service's. Newer clients leave out the name space that older models
// put in front: CloudTrail_20131101 is com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.
func (c *Codec) targets(prefix string) bool {
	own := c.meta.TargetPrefix
	return prefix == own || own[strings.LastIndexByte(own, '.')+1:] == prefix
}

// route is a REST operation's method and path.
type route struct {
	method string
	path   []string // literals and {labels}
	query  url.Values
	name   string
}

func restRoutes(meta model.Metadata, operations map[string]*operation) []route {
	if meta.Protocols[0] != model.RestJSON && meta.Protocols[0] != model.RestXML {
		return nil
	}
	var routes []route
	for name, o := range operations {
		r := route{method: o.model.Method, name: name}
		if r.method == "" {
			r.method = http.MethodPost
		}
		path, query, _ := strings.Cut(o.model.URI, "?")
		r.path = strings.Split(strings.Trim(path, "/"), "/")
		r.query, _ = url.ParseQuery(query) // of the facts, which are well formed
		routes = append(routes, r)
	}
	// The more of the query string a route names, the earlier it is tried.
	slices.SortFunc(routes, func(a, b route) int {
		if n := len(b.query) - len(a.query); n != 0 {
			return n
		}
		return strings.Compare(a.name, b.name)
	})
	return routes
}

func (c *Codec) matchREST(t Target, r *http.Request) (Target, *service.Error) {
	t.request = r
	path := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	query := r.URL.Query()
	for _, route := range c.routes {
		if labels, ok := route.match(r.Method, path, query); ok {
			t.labels = labels
			return c.found(t, route.name)
		}
	}
	return t, Refuse(t.Protocol, UnknownOperation, "No operation matches this path")
}

func (r route) match(method string, path []string, query url.Values) (map[string]string, bool) {
	if method != r.method || len(path) != len(r.path) {
		return nil, false
	}
	for name, values := range r.query {
		if !query.Has(name) || values[0] != "" && query.Get(name) != values[0] {
			return nil, false
		}
	}
	var labels map[string]string
	for i, step := range r.path {
		if !strings.HasPrefix(step, "{") {
			if step != path[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(path[i])
		if err != nil || value == "" {
			return nil, false
		}
		if labels == nil {
			labels = make(map[string]string)
		}
		labels[strings.Trim(step, "{}")] = value
	}
	return labels, true
}
