// Package model holds facts of the public AWS service models for exactly the operations that the sandbox serves: wire
// names, what is required, enums, limits, error codes with their HTTP statuses, protocols and namespaces.
//
// The facts are files made by modelgen, one for each service, one line for each operation, error and shape. They are
// embedded, and decoded only when a service is first used, so that a program which never does pays nothing.
package model

import (
	"embed"
	"encoding/json"
	"fmt"
)

//go:embed facts/*.json
var facts embed.FS

// Protocol is one of AWS's wire protocols, as the service models spell it.
type Protocol string

// The protocols of the served services.
const (
	JSON     Protocol = "json"
	Query    Protocol = "query"
	EC2      Protocol = "ec2"
	RestJSON Protocol = "rest-json"
	RestXML  Protocol = "rest-xml"
	CBOR     Protocol = "smithy-rpc-v2-cbor"
)

// Metadata is how a service is found and spoken to.
type Metadata struct {
	Name           string     `json:"name"` // folder in the service models, e.g. "resourcegroupstaggingapi"
	ServiceID      string     `json:"serviceId"`
	APIVersion     string     `json:"apiVersion"`
	EndpointPrefix string     `json:"endpointPrefix"`
	SigningName    string     `json:"signingName"` // in the credential scope, e.g. "tagging"
	Protocols      []Protocol `json:"protocols"`
	JSONVersion    string     `json:"jsonVersion,omitempty"`
	TargetPrefix   string     `json:"targetPrefix,omitempty"` // of X-Amz-Target; in the path of CBOR requests
	XMLNamespace   string     `json:"xmlNamespace,omitempty"`
	// QueryCompatible services name a query-protocol error code beside their own.
	QueryCompatible bool `json:"queryCompatible,omitempty"`
}

// Service is what is known of one service.
type Service struct {
	Botocore   string               `json:"botocore"` // the version of the models these facts are of
	Metadata   Metadata             `json:"metadata"`
	Operations map[string]Operation `json:"operations"`
	Errors     map[string]Error     `json:"errors"` // by shape name
	// Unread are the shapes whose patterns Go's regular expressions can't say; they are not held.
	Unread []string          `json:"unread,omitempty"`
	Shapes map[string]*Shape `json:"shapes"`
}

// Operation is one operation's binding and shapes.
type Operation struct {
	Method   string   `json:"method,omitempty"` // POST where empty
	URI      string   `json:"uri,omitempty"`    // "/" where empty
	Status   int      `json:"status,omitempty"` // of a success; 200 where zero
	Input    string   `json:"input,omitempty"`  // a shape, or empty
	Output   string   `json:"output,omitempty"`
	Wrapper  string   `json:"wrapper,omitempty"`  // XML element around the result
	InputTag string   `json:"inputTag,omitempty"` // XML element around the request (rest-xml)
	Errors   []string `json:"errors,omitempty"`
}

// Error is how one modelled error looks on the wire.
type Error struct {
	Code    string `json:"code,omitempty"`    // where it differs from the shape's name
	Status  int    `json:"status,omitempty"`  // 400 where zero and not a fault, else 500
	Fault   bool   `json:"fault,omitempty"`   // the service's doing, not the caller's
	Message string `json:"message,omitempty"` // the member that carries the message, where not "message"
}

// Kind is the type of a shape, as the service models spell it.
type Kind string

// The kinds of shapes.
const (
	Structure Kind = "structure"
	List      Kind = "list"
	Map       Kind = "map"
	String    Kind = "string"
	Boolean   Kind = "boolean"
	Integer   Kind = "integer"
	Long      Kind = "long"
	Float     Kind = "float"
	Double    Kind = "double"
	Timestamp Kind = "timestamp"
	Blob      Kind = "blob"
)

// Shape is one type of a service. Limits are kept only where a request can reach it.
type Shape struct {
	Kind      Kind     `json:"type"`
	Members   []Member `json:"members,omitempty"`  // of a structure, in the model's order
	Union     bool     `json:"union,omitempty"`    // a structure of which exactly one member is set
	Document  bool     `json:"document,omitempty"` // a structure of any JSON
	Payload   string   `json:"payload,omitempty"`  // the member that is the whole HTTP body
	Member    *Member  `json:"member,omitempty"`   // of a list
	Key       *Member  `json:"key,omitempty"`      // of a map
	Value     *Member  `json:"value,omitempty"`
	Flattened bool     `json:"flattened,omitempty"`
	Enum      []string `json:"enum,omitempty"`
	Min       *float64 `json:"min,omitempty"` // characters, entries or value, by kind
	Max       *float64 `json:"max,omitempty"`
	Pattern   string   `json:"pattern,omitempty"`   // of a string, as the models write it; see Matches
	Sensitive bool     `json:"sensitive,omitempty"` // values never repeated in messages
	Format    string   `json:"format,omitempty"`    // of a timestamp, where not the protocol's own

	compiled pattern
}

// Member is a use of a shape, with its names on the wire.
type Member struct {
	Name       string `json:"name,omitempty"` // in the model; the Go field is this with a capital first letter
	Shape      string `json:"shape"`
	Wire       string `json:"wire,omitempty"`  // locationName, where it differs from Name
	Query      string `json:"query,omitempty"` // queryName of the ec2 protocol
	Location   string `json:"in,omitempty"`    // uri, querystring, header, headers, statusCode; else the body
	Required   bool   `json:"required,omitempty"`
	Flattened  bool   `json:"flattened,omitempty"`
	Attribute  bool   `json:"attribute,omitempty"`  // an XML attribute
	XMLPrefix  string `json:"xmlPrefix,omitempty"`  // of its own XML namespace
	Namespace  string `json:"namespace,omitempty"`  // XML
	Idempotent bool   `json:"idempotent,omitempty"` // an idempotency token
}

// Index returns how each served service is spoken to, sorted by name, without decoding their shapes.
func Index() ([]Metadata, error) {
	raw, err := facts.ReadFile("facts/index.json")
	if err != nil {
		return nil, fmt.Errorf("reading the index of service facts: %w", err)
	}
	var index []Metadata
	if err := json.Unmarshal(raw, &index); err != nil {
		return nil, fmt.Errorf("decoding the index of service facts: %w", err)
	}
	return index, nil
}

// Load decodes the facts of one service, by its folder in the service models.
func Load(name string) (*Service, error) {
	raw, err := facts.ReadFile("facts/" + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("reading the facts of service %q: %w", name, err)
	}
	s := new(Service)
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, fmt.Errorf("decoding the facts of service %q: %w", name, err)
	}
	return s, nil
}

// Lookup finds an error by its code on the wire or by its shape's name.
func (s *Service) Lookup(code string) (shape string, e Error, ok bool) {
	if e, ok := s.Errors[code]; ok {
		return code, e, true
	}
	for name, e := range s.Errors {
		if e.Code == code {
			return name, e, true
		}
	}
	return "", Error{}, false
}
