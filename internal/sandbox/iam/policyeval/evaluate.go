package policyeval

import "strings"

// Decision is what a set of policies says about a request.
type Decision int

// The decisions.
const (
	ImplicitDeny Decision = iota // nothing allows it
	ExplicitDeny                 // a statement denies it
	Allowed
)

// String is the word that SimulatePrincipalPolicy uses.
func (d Decision) String() string {
	switch d {
	case Allowed:
		return "allowed"
	case ExplicitDeny:
		return "explicitDeny"
	default:
		return "implicitDeny"
	}
}

// Layer is a type of policy, in the words of AWS's access-denied messages.
type Layer string

// The types of policy.
const (
	LayerIdentity       Layer = "identity-based policy"
	LayerBoundary       Layer = "permissions boundary"
	LayerSession        Layer = "session policy"
	LayerServiceControl Layer = "service control policy"
	LayerResource       Layer = "resource-based policy"
)

// Request is one action on one resource.
type Request struct {
	Principal Principal
	Action    string // "glue:GetDevEndpoints"
	Resource  string // an ARN or "*"
	// ResourceAccount owns the resource; empty means the principal's own account.
	ResourceAccount string
	Context         Context
	// Explain, when set, is filled with what led to the decision.
	Explain *Explanation
}

// Explanation is what a simulation shows beside the decision.
type Explanation struct {
	// Matches are the statements that allow, or the one that denies.
	Matches []Match
	// Missing are the condition keys, as written, that statements for this action and resource asked for in vain.
	Missing []string
}

func (x *Explanation) missing(key string) {
	if x != nil && !contains(x.Missing, key) {
		x.Missing = append(x.Missing, key)
	}
}

// Policies is all that applies to a request.
type Policies struct {
	// Unrestricted stands for an account's root: its identity policies allow everything.
	Unrestricted bool
	Identity     []*Policy
	// Boundary limits Identity, Session limits both; nil means there is none.
	Boundary []*Policy
	Session  []*Policy
	// ServiceControl has one list for each level of the organization; each level must allow.
	ServiceControl [][]*Policy
	// Resource is the policy on the resource; nil means it has none.
	Resource *Policy
	// ResourceDecides says that without the resource policy nothing is allowed, not even to the owner's account, as
	// for KMS keys and roles to be assumed.
	ResourceDecides bool
}

// Match is a statement that had a part in the decision.
type Match struct {
	Policy     *Policy
	Layer      Layer
	Start, End Position
}

// Result is a decision and its reason.
type Result struct {
	Decision Decision
	// Layer is the type of policy that denied, or that failed to allow.
	Layer Layer
	// BoundaryAllows says what the boundary alone decides; false also without a boundary.
	BoundaryAllows bool
}

// Evaluate decides a request as AWS's enforcement code does.
func Evaluate(r *Request, p *Policies) Result {
	e := newEvaluation(r)
	resource := e.resource(p.Resource)
	control, controlAllows := e.levels(p.ServiceControl)
	identity := e.list(p.Identity, LayerIdentity)
	boundary := e.list(p.Boundary, LayerBoundary)
	session := e.list(p.Session, LayerSession)

	result := Result{BoundaryAllows: boundary.allowed && !boundary.denied}
	for _, v := range []*verdict{&control, &resource.verdict, &identity, &boundary, &session} {
		if v.denied {
			result.Decision, result.Layer = ExplicitDeny, v.deny.Layer
			e.decided(v.deny)
			return result
		}
	}
	if !controlAllows {
		result.Layer = LayerServiceControl
		return result
	}
	limits := limits{
		identity: p.Unrestricted || identity.allowed,
		boundary: p.Boundary == nil || boundary.allowed,
		session:  p.Session == nil || session.allowed,
	}
	if layer := limits.missing(r, p, resource.grade); layer != "" {
		result.Layer = layer
		return result
	}
	result.Decision = Allowed
	return result
}

type limits struct{ identity, boundary, session bool }

// missing names the first type of policy that should allow and doesn't; empty means the request is allowed.
func (l limits) missing(r *Request, p *Policies, named grade) Layer {
	crossAccount := r.ResourceAccount != "" && r.ResourceAccount != r.Principal.Account
	switch {
	case r.Principal.Service != "":
		if named == unnamed {
			return LayerResource
		}
		return ""
	case named == unnamed && (crossAccount || p.ResourceDecides):
		return LayerResource
	case !crossAccount && named == directly:
		return ""
	case !l.identity && (crossAccount || named < byRole):
		return LayerIdentity
	case !l.boundary:
		return LayerBoundary
	case !l.session:
		return LayerSession
	default:
		return ""
	}
}

// evaluation is a request made ready for matching.
type evaluation struct {
	*Request
	action, service, name string // lower case
}

func newEvaluation(r *Request) *evaluation {
	action := fold(r.Action)
	service, name, _ := strings.Cut(action, ":")
	return &evaluation{Request: r, action: action, service: service, name: name}
}

// decided leaves only the statement that denied in the explanation.
func (e *evaluation) decided(deny Match) {
	if e.Explain != nil {
		e.Explain.Matches = []Match{deny}
	}
}

type verdict struct {
	denied, allowed bool
	deny            Match
}

// take notes that a statement matched.
func (e *evaluation) take(v *verdict, p *Policy, s *statement, layer Layer) {
	match := Match{Policy: p, Layer: layer, Start: s.start, End: s.end}
	if s.deny {
		v.denied, v.deny = true, match
		return
	}
	v.allowed = true
	if e.Explain != nil {
		e.Explain.Matches = append(e.Explain.Matches, match)
	}
}

func (e *evaluation) list(policies []*Policy, layer Layer) verdict {
	var v verdict
	for _, p := range policies {
		for i := range p.statements {
			s := &p.statements[i]
			if v.allowed && !s.deny && e.Explain == nil {
				continue
			}
			if !e.matches(s) {
				continue
			}
			if e.take(&v, p, s, layer); v.denied {
				return v
			}
		}
	}
	return v
}

func (e *evaluation) levels(levels [][]*Policy) (verdict, bool) {
	all := true
	var last verdict
	for _, policies := range levels {
		last = e.list(policies, LayerServiceControl)
		if last.denied {
			return last, false
		}
		all = all && last.allowed
	}
	return last, all
}

type resourceVerdict struct {
	verdict
	grade grade
}

func (e *evaluation) resource(p *Policy) resourceVerdict {
	var v resourceVerdict
	if p == nil {
		return v
	}
	for i := range p.statements {
		s := &p.statements[i]
		g := s.grade(&e.Principal)
		if g == unnamed || (!s.deny && g <= v.grade) || !e.matches(s) {
			continue
		}
		if e.take(&v.verdict, p, s, LayerResource); v.denied {
			return v
		}
		v.grade = g
	}
	return v
}

func (e *evaluation) matches(s *statement) bool {
	if s.actions.match(e.action, e.service, e.name) == s.notAction {
		return false
	}
	if s.resources != nil && e.anyResource(s.resources) == s.notResource {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(e.Context, e.Explain) {
			return false
		}
	}
	return true
}

func (e *evaluation) anyResource(patterns []pattern) bool {
	for i := range patterns {
		if patterns[i].match(e.Resource, e.Context) {
			return true
		}
	}
	return false
}

// Access is a request on a resource that has a policy of its own.
type Access struct {
	Action   string
	Resource string
	Account  string  // the resource's owner
	Policy   *Policy // the resource's policy
	Context  Context // keys of the service, beside those every request has; may be nil
}
