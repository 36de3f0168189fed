package plan

import (
	"cmp"
	"slices"

	"github.com/glueguard/glueguard/internal/resource"
)

// What is taken where nothing else is said.
const (
	defaultProvisioning = 15 // minutes, AWS's own words: 10 to 15
	defaultLimit        = 30
	defaultTolerance    = 0.05
)

// Propose says how one resource gets what is wanted, from what was read of it and around it: steps, or why there are
// none. It sets everything of the item but Checks.
func Propose(w Wanted, s resource.Surroundings) Item {
	p := newProposal(w, s)
	item := p.outline()
	if b := p.obstacle(); b != nil {
		item.Blocked = b
		return item
	}
	p.aim()
	if b := p.noNeed(); b != nil {
		item.From, item.To, item.Blocked = p.from, p.to, b
		return item
	}
	item.From, item.To, item.KMSKey = p.from, p.to, p.usedKey()
	item.Steps = p.steps()
	item.Attributes = p.attributes()
	item.Warnings = p.warnings()
	item.Consequences = p.consequences()
	item.Permissions = p.permissions(item.Steps)
	return item
}

// Refuse is the item of a resource that is left alone for a reason that lies outside what was read of it, e.g. an
// exception.
func Refuse(w Wanted, s resource.Surroundings, b Blocked) Item {
	p := newProposal(w, s)
	item := p.outline()
	if p.read() {
		p.aim()
		item.From = p.from
	}
	item.To, item.Blocked = w.Mode, &b
	return item
}

// proposal is one item in the making.
type proposal struct {
	w Wanted
	s resource.Surroundings

	endpoint  *resource.EndpointDetail // one of the two, where it was read
	transform *resource.TransformDetail
	old       *resource.SecurityConfiguration // what it names; nil: none, or a missing one

	key, logKey string  // ARNs or KeyPlaceholder; empty where none is needed or none is known
	newKey      *NewKey // to be made

	// The aim, set by aim.
	from, to   resource.Mode
	made       *resource.SecurityConfiguration // to be made; nil where one that is there serves, or none is needed
	endpointTo resource.EndpointDefinition     // the encrypted one's, under the original's name
	transTo    resource.TransformDefinition
	promised   Promise // what holds for every encrypted one of this change: modes and key
}

func newProposal(w Wanted, s resource.Surroundings) *proposal {
	w.Strategy = cmp.Or(w.Strategy, Replace)
	w.ProvisioningMinutes = cmp.Or(w.ProvisioningMinutes, defaultProvisioning)
	w.LimitMinutes = cmp.Or(w.LimitMinutes, defaultLimit)
	w.MetricTolerance = cmp.Or(w.MetricTolerance, defaultTolerance)
	p := &proposal{w: w, s: s}
	if d, ok := s.Endpoint.Value(); ok {
		p.endpoint = &d
	} else if d, ok := s.Transform.Value(); ok {
		p.transform = &d
	}
	if c, ok := s.Configuration.Value(); ok && c.Name != "" {
		p.old = &c
	}
	return p
}

// read tells whether the resource itself is known.
func (p *proposal) read() bool { return p.endpoint != nil || p.transform != nil }

func (p *proposal) identity() resource.Identity {
	switch {
	case p.endpoint != nil:
		return p.endpoint.Identity()
	case p.transform != nil:
		return p.transform.Identity()
	}
	r := p.w.Resource
	return resource.Identity{Type: r.Type, ARN: r.ARN, ID: r.ID, Name: r.Name}
}

// outline is the item without what is done.
func (p *proposal) outline() Item {
	id := p.identity()
	dependents, _ := p.s.Dependents.Value()
	return Item{
		Resource: p.ref(id), Location: p.s.Location, Identity: id, Strategy: p.w.Strategy,
		Findings: full(p.w.Findings), Endpoint: p.endpoint, Transform: p.transform, Configuration: p.old,
		Attributes: []Attribute{}, Steps: []Step{}, Consequences: []Consequence{}, Warnings: []Warning{},
		Permissions: []Permission{}, Checks: []Check{}, Dependents: full(dependents),
	}
}

func (p *proposal) ref(id resource.Identity) resource.Ref {
	r := resource.Ref{
		Type: cmp.Or(id.Type, p.w.Resource.Type), ARN: id.ARN, ID: id.ID, Name: id.Name,
		Account: p.s.Location.Account, Region: p.s.Location.Region, Tags: p.w.Resource.Tags,
	}
	if p.read() {
		r.Tags = p.tags()
	}
	if r.Tags == nil {
		r.Tags = map[string]string{}
	}
	return r
}

// tags are all tags of the resource, AWS's own too.
func (p *proposal) tags() map[string]string {
	all := map[string]string{}
	var own, aws map[string]string
	switch {
	case p.endpoint != nil:
		own, aws = p.endpoint.Definition.Tags, p.endpoint.AWSTags
	case p.transform != nil:
		own, aws = p.transform.Definition.Tags, p.transform.AWSTags
	}
	for _, tags := range []map[string]string{own, aws} {
		for key, value := range tags {
			all[key] = value
		}
	}
	return all
}

// full is the list, never nil, so that it is written as one.
func full[T any](l []T) []T { return append([]T{}, l...) }

// logsOnly tells whether only log encryption brought the resource here, so that its S3 encryption is none of our
// business where it is at least what is wanted.
func (p *proposal) logsOnly() bool {
	return len(p.w.Findings) > 0 && !slices.ContainsFunc(p.w.Findings, func(f FindingRef) bool { return !f.logs() })
}
