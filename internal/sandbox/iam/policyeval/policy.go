// Package policyeval decides requests against IAM policy documents in the way AWS documents it: explicit deny over
// allow over implicit deny, with permissions boundaries, session policies, service control policies and policies on
// the resource itself. A document is parsed once; deciding a request allocates almost nothing.
//
// The rules come from the IAM user guide: the topics "Policy evaluation logic", "JSON policy elements reference",
// "Condition operators", "Multivalued context keys" and "Policy variables".
package policyeval

// Kind says where a document is attached, which decides what its statements must and must not hold.
type Kind int

const (
	// Identity is a policy of a role, a boundary, a session policy or a service control policy: no principal.
	Identity Kind = iota
	// Resource is a policy on a resource, such as a KMS key policy: a principal and a resource.
	Resource
	// Trust is a role's trust policy: a principal and no resource.
	Trust
)

// Policy is a parsed document. It never changes, so that it can be shared.
type Policy struct {
	source     string
	statements []statement
}

// Source is the document as it was given.
func (p *Policy) Source() string { return p.source }

// Position is a place in a document, counted from 1.
type Position struct{ Line, Column int }

// SyntaxError says why a document is refused, in the words that IAM uses in MalformedPolicyDocument.
type SyntaxError struct{ Message string }

func (e *SyntaxError) Error() string { return e.Message }

type statement struct {
	sid          string
	deny         bool
	actions      actionSet
	notAction    bool
	resources    []pattern
	notResource  bool
	principals   *principalSet // nil where the document names none
	notPrincipal bool
	conditions   []condition
	start, end   Position
}

// ContextKeys lists the condition keys that the document's conditions and variables read, as first written.
func (p *Policy) ContextKeys() []string {
	var keys []string
	seen := map[string]bool{}
	add := func(key string) {
		if folded := fold(key); !seen[folded] {
			seen[folded] = true
			keys = append(keys, key)
		}
	}
	for i := range p.statements {
		s := &p.statements[i]
		for _, c := range s.conditions {
			add(c.written)
			for _, v := range c.values {
				v.text.variables(add)
			}
		}
		for _, r := range s.resources {
			r.variables(add)
		}
	}
	return keys
}

// AWSPrincipals lists the "AWS" principals that the document names, as written, "*" included.
func (p *Policy) AWSPrincipals() []string {
	var names []string
	for i := range p.statements {
		if s := &p.statements[i]; s.principals != nil {
			names = append(names, s.principals.written...)
		}
	}
	return names
}
